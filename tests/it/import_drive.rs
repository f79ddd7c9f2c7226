//! Exports that Google delivers to Drive, by the built binary: found, read by range, and left alone.

use crate::context::Home;
use fake_google::takeout::{Export, ExportTruth, Form, TakeoutItem, TakeoutLibrary};
use fake_google::{Drive, DriveFile, Effect, Endpoint, Fault, SCOPE_DRIVE_READONLY, Settings};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;

const STAMP: &str = "2026-06-08T14:27:29Z";

/// An installation whose library takes exports from Drive alone, with the keys of `more`.
fn home(more: &str) -> Home {
    let home = Home::bare(Settings::default());
    fs::create_dir(home.root("alice")).expect("writable");
    home.google.account("alice");
    home.put_token("alice", &home.google.token_json_with("alice", &[SCOPE_DRIVE_READONLY]));
    home.write_config(&format!(
        "[library.alice]\nroot = \"alice\"\nschedule = \"manual\"\nsources = [\"drive\"]\ninbox-quiet = \"0s\"\n{more}",
    ));
    home
}

fn drive(home: &Home) -> Drive {
    home.google.account("alice").drive()
}

/// An export of twelve files of about `bytes` in three parts, in the account's Drive.
fn delivered(home: &Home, form: Form, bytes: u64) -> ExportTruth {
    let dir = home.path(&format!("delivery-{form:?}"));
    fs::create_dir_all(&dir).expect("writable");
    let mut library = TakeoutLibrary::default();
    for n in 0..12 {
        let item = TakeoutItem::named(format!("IMG_{n}.jpg")).taken("2023-07-01T10:00:00Z");
        library.add(item.len(bytes + n));
    }
    let truth = Export::at(STAMP).form(form).parts(3).write(&library, &dir).expect("writable");
    for part in &truth.parts {
        drive(home).add(DriveFile::part(part));
    }
    truth
}

#[track_caller]
fn assert_all_there(home: &Home, truth: &ExportTruth) {
    let tree = home.tree("alice");
    let photos = tree.iter().filter(|(path, _)| path.starts_with("photos/"));
    let hex = |bytes: &[u8]| {
        Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    };
    let on_disk: BTreeSet<String> = photos.map(|(_, bytes)| hex(bytes)).collect();
    assert_eq!(on_disk, truth.media_sha256(), "{:?}", tree.keys());
}

/// Nothing in the user's Drive was ever written to.
#[track_caller]
fn assert_untouched(home: &Home, parts: usize) {
    assert_eq!(home.google.stats().requests(Endpoint::DriveWrite), 0);
    assert_eq!(drive(home).files().len(), parts);
}

#[test]
fn parts_in_drive_come_as_a_stream_and_are_not_asked_for_again() {
    for form in [Form::Zip, Form::Tgz] {
        let home = home("");
        let truth = delivered(&home, form, 200_000);
        home.run_watched(&["sync"]).assert(0, &["complete"]);
        assert_all_there(&home, &truth);
        let stats = home.google.stats();
        let delivered: u64 = truth.parts.iter().map(|part| fs::metadata(part).expect("there").len()).sum();
        let fetched = stats.bytes(Endpoint::DriveDownload);
        assert!(fetched < delivered + delivered / 2 + 8_000_000, "{fetched} bytes of {delivered}");
        let spooled = home.root("alice").join(".gphotos-syncd/spool");
        assert!(!spooled.exists() || fs::read_dir(spooled).expect("readable").count() == 0);
        home.run(&["sync"]).assert(0, &["complete"]);
        let after = home.google.stats();
        assert_eq!(after.requests(Endpoint::DriveDownload), stats.requests(Endpoint::DriveDownload));
        assert_eq!(after.requests(Endpoint::DriveFilesList), stats.requests(Endpoint::DriveFilesList));
        assert_untouched(&home, 3);
    }
}

#[test]
fn parts_come_by_way_of_the_disk_if_that_is_wished_and_leave_no_scratch() {
    let home = home("spool = \"disk\"\n");
    let truth = delivered(&home, Form::Zip, 200_000);
    home.run(&["sync"]).assert(0, &["complete"]);
    assert_all_there(&home, &truth);
    let left: u64 = walk(&home.root("alice").join(".gphotos-syncd"));
    assert!(left < 4_000_000, "{left} bytes are left in the state folder");
    assert_untouched(&home, 3);
}

/// The bytes of all files below a folder.
fn walk(dir: &std::path::Path) -> u64 {
    fs::read_dir(dir)
        .expect("readable")
        .flatten()
        .map(
            |entry| {
                if entry.path().is_dir() {
                    walk(&entry.path())
                } else {
                    entry.metadata().expect("there").len()
                }
            },
        )
        .sum()
}

#[test]
fn a_later_delivery_is_found_by_its_change() {
    let home = home("");
    delivered(&home, Form::Zip, 200_000);
    home.run(&["sync"]).assert(0, &["complete"]);
    let mut library = TakeoutLibrary::default();
    library.add(TakeoutItem::named("new.jpg").taken("2026-07-07T10:00:00Z").len(50_000));
    let dir = home.path("later");
    fs::create_dir(&dir).expect("writable");
    let later = Export::at("2026-08-08T14:27:29Z").write(&library, &dir).expect("writable");
    drive(&home).add(DriveFile::part(&later.parts[0]));
    home.run(&["sync"]).assert(0, &["complete"]);
    assert!(home.paths("alice").contains(&"photos/2026/07/new.jpg".to_owned()));
    assert_untouched(&home, 4);
}

#[test]
fn faults_on_the_way_cost_no_file() {
    let home = home("");
    let truth = delivered(&home, Form::Zip, 200_000);
    for effect in [
        Effect::drive("userRateLimitExceeded"),
        Effect::drive("rateLimitExceeded"),
        Effect::drive("backendError"),
    ] {
        home.google.fault(Fault::on(&[Endpoint::DriveDownload], effect).times(2));
    }
    home.run_watched(&["sync"]).assert(0, &["complete"]);
    assert_all_there(&home, &truth);
    assert_untouched(&home, 3);
}

#[test]
fn a_part_that_google_does_not_give_is_named_and_the_others_come() {
    let home = home("");
    let truth = delivered(&home, Form::Zip, 200_000);
    let name = truth.parts[1].file_name().expect("a name").to_string_lossy().into_owned();
    home.google
        .fault(Fault::on(&[Endpoint::DriveDownload], Effect::drive("downloadQuotaExceeded")).item(&name));
    home.run_watched(&["sync"]).assert(1, &["not proven complete", &name]);
    assert!(home.paths("alice").iter().any(|path| path.starts_with("photos/")));
    home.google.clear_faults();
    home.run(&["sync"]).assert(0, &["complete"]);
    assert_all_there(&home, &truth);
}

#[test]
fn a_token_without_the_scope_parks_the_library_with_the_command() {
    let home = home("");
    home.put_token("alice", &home.google.token_json("alice"));
    home.run_watched(&["sync"]).assert(77, &["needs-login", "gphotos-syncd login alice"]);
}

#[test]
fn the_drive_of_another_account_is_refused() {
    let home = home("");
    delivered(&home, Form::Zip, 200_000);
    home.run(&["sync"]).assert(0, &["complete"]);
    home.google.account("bob");
    home.put_token("alice", &home.google.token_json_with("bob", &[SCOPE_DRIVE_READONLY]));
    home.run_watched(&["sync"]).assert(77, &["another account"]);
}

#[test]
fn a_run_that_is_killed_reads_on_in_drive_where_it_was() {
    let home = home("");
    let truth = delivered(&home, Form::Zip, 1_200_000);
    // Each look at a part takes two requests, head and end: three parts are looked at, and the first once more before it is read.
    let slow = Fault::on(&[Endpoint::DriveDownload], Effect::Stall { bytes: 3_500_000 }).skip(8).once();
    home.google.fault(slow);
    let mut running = home.start(&["sync"]);
    crate::wait::until("something is staged", || {
        let partial = home.root("alice").join(".gphotos-syncd/partial");
        fs::read_dir(partial).is_ok_and(|found| found.count() > 1)
    });
    running.signal("KILL");
    running.wait();
    home.google.clear_faults();
    home.run(&["sync"]).assert(0, &["complete"]);
    assert_all_there(&home, &truth);
}
