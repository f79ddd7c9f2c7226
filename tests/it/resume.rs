//! A run that was cut short: what is left behind, and how the next one goes on.

use crate::context::Home;
use crate::wait::{comes_true_within, until, until_fired};
use fake_google::{Class, Effect, Endpoint, FakeGoogle, Fault, ItemSpec, User};
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;
use std::time::Duration;

/// A length that is written in pieces and so can be resumed.
const LARGE: u64 = 3 * 1024 * 1024;

/// Thirty small photos and an album of four of them.
fn fill(alice: &User) {
    let day = |n: u32| format!("2024-{:02}-{:02}T10:00:00Z", 1 + n % 12, 1 + n % 28);
    let ids: Vec<String> = (0..30)
        .map(|n| alice.add_photo(ItemSpec::named(format!("IMG_{n}.jpg")).created(&day(n)).len(5_000)))
        .collect();
    alice.add_album("Some", &ids[3..7]);
}

/// How often the bytes of each item were asked for.
fn asked(google: &FakeGoogle) -> HashMap<String, u64> {
    let mut times = HashMap::new();
    for entry in google.stats().log.iter().filter(|entry| entry.endpoint == Endpoint::Media) {
        *times.entry(entry.item.clone().unwrap_or_default()).or_default() += 1;
    }
    times
}

/// The paths in the index that are stored.
fn stored(home: &Home) -> Vec<String> {
    let Ok(index) = rusqlite::Connection::open(home.root("alice").join(".gphotos-syncd/index.sqlite")) else {
        return Vec::new();
    };
    let Ok(mut find) = index.prepare("SELECT i.id FROM files f JOIN items i ON i.n = f.item WHERE state = 1")
    else {
        return Vec::new();
    };
    let rows = find.query_map([], |row| row.get(0)).expect("a table");
    rows.map(|row| row.expect("a path")).collect()
}

/// Kills a sync when `endpoint` has its request number `nth`, and lets the next one end the work.
fn killed_at(endpoint: Endpoint, nth: u64) {
    let home = Home::with(&["alice"]);
    fill(&home.google.account("alice"));
    let fault = home.google.fault(Fault::on(&[endpoint], Effect::Hang).skip(nth));
    let mut running = home.start(&["sync"]);
    until_fired(&home, fault);
    running.signal("KILL");
    assert_eq!(running.wait().code, -1);
    home.google.clear_faults();
    let committed = stored(&home);
    for bytes in home.tree("alice").iter().filter(|(path, _)| path.starts_with("photos/")).map(|(_, b)| b) {
        assert_eq!(bytes.len(), 5_000, "a visible file is not whole");
    }
    home.google.reset_stats();

    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let asked = asked(&home.google);
    assert!(committed.iter().all(|id| !asked.contains_key(id)), "{endpoint:?} {nth}: fetched twice");
    assert_eq!(asked.len() + committed.len(), 30, "{endpoint:?} {nth}");
    assert_eq!(home.paths("alice").iter().filter(|path| path.starts_with("albums/")).count(), 4);
}

#[test]
fn a_run_killed_while_it_fetches_is_ended_by_the_next() {
    killed_at(Endpoint::Media, 1);
    killed_at(Endpoint::Media, 13);
}

#[test]
fn a_run_killed_at_its_first_or_its_last_file_is_ended_by_the_next() {
    killed_at(Endpoint::Media, 0);
    killed_at(Endpoint::Media, 29);
}

#[test]
fn a_run_killed_while_it_lists_is_ended_by_the_next() {
    killed_at(Endpoint::MediaItemsList, 0);
    killed_at(Endpoint::AlbumsList, 0);
    killed_at(Endpoint::MediaItemsSearch, 0);
}

#[test]
fn runs_killed_again_and_again_still_come_to_the_end() {
    let home = Home::with(&["alice"]);
    fill(&home.google.account("alice"));
    let mut before = 0;
    for nth in [2, 5, 7] {
        let fault = home.google.fault(Fault::on(&[Endpoint::Media], Effect::Hang).skip(nth));
        let mut running = home.start(&["sync"]);
        until_fired(&home, fault);
        until("batches to be committed", || {
            stored(&home).len() >= before + usize::try_from(nth).expect("small")
        });
        running.signal("KILL");
        running.wait();
        home.google.clear_faults();
        before = stored(&home).len();
    }
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    assert!(
        asked(&home.google).values().all(|times| *times <= 5),
        "what was committed is never fetched again"
    );
}

/// Stops a sync by `signal` in the middle of a large file and lets the next one go on from there.
fn stopped_by(signal: &str) {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    alice.add_video(ItemSpec::named("long.mp4").created("2024-02-02T00:00:00Z").len(LARGE));
    let fault = home.google.fault(Fault::on(&[Endpoint::Media], Effect::Stall { bytes: LARGE - 200_000 }));
    let mut running = home.start(&["sync"]);
    until_fired(&home, fault);
    let partial = home.root("alice").join(".gphotos-syncd/partial");
    let written = || {
        fs::read_dir(&partial)
            .map_or(0, |dir| dir.flatten().map(|e| e.metadata().map_or(0, |m| m.len())).sum())
    };
    until("the bytes to be written", || written() >= 2 * 1024 * 1024);
    running.signal(signal);
    let ended = || running.child().try_wait().expect("a child").is_some();
    let child_ended = comes_true_within(Duration::from_secs(2), ended);
    assert!(child_ended, "it did not end within two seconds of SIG{signal}");
    running.wait().assert(1, &["interrupted"]);
    assert!(home.paths("alice").is_empty(), "an unfinished file is visible: {:?}", home.paths("alice"));
    home.google.clear_faults();
    home.google.reset_stats();

    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let stats = home.google.stats();
    let ranges: Vec<_> =
        stats.log.iter().filter(|e| e.endpoint == Endpoint::Media).map(|e| e.range.clone()).collect();
    assert!(ranges.len() == 1 && ranges[0].as_deref().is_some_and(|r| r.starts_with("bytes=")), "{ranges:?}");
    assert!(stats.class(Class::Media).bytes < LARGE / 2, "most of the file came a second time");
}

#[test]
fn sigterm_in_a_large_file_ends_at_once_and_the_next_run_goes_on_in_it() {
    stopped_by("TERM");
}

#[test]
fn sigint_in_a_large_file_ends_at_once_and_the_next_run_goes_on_in_it() {
    stopped_by("INT");
}

#[test]
fn a_library_whose_root_was_moved_goes_on_without_a_download() {
    let home = Home::with(&["alice"]);
    fill(&home.google.account("alice"));
    home.run_ok(&["sync"]);
    let before = home.tree("alice");
    fs::rename(home.root("alice"), home.path("moved")).unwrap();
    home.write_config("[library.alice]\nroot = \"moved\"\nschedule = \"manual\"\n");
    home.google.reset_stats();
    home.run_ok(&["sync", "--full"]);
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
    assert_eq!(home.tree("moved"), before);
}

#[test]
fn after_the_index_was_deleted_the_files_are_known_again() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    fill(&alice);
    for n in 0..3 {
        alice.add_photo(ItemSpec::named("same.jpg").created("2024-03-03T00:00:00Z").len(4_000 + n));
    }
    alice.add_motion_photo(ItemSpec::named("PXL_1.MP.jpg").created("2024-07-03T10:00:00Z"));
    home.run_ok(&["sync"]);
    let before = home.tree("alice");
    for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
        let _ = fs::remove_file(home.root("alice").join(".gphotos-syncd").join(name));
    }
    home.run_ok(&["sync"]);
    assert_eq!(home.tree("alice"), before);
}

#[test]
fn after_the_index_was_deleted_a_new_item_of_a_used_name_duplicates_nothing() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for n in 0..3 {
        alice.add_photo(
            ItemSpec::named("same.jpg").created(&format!("2024-03-0{}T00:00:00Z", n + 1)).len(4_000 + n),
        );
    }
    home.run_ok(&["sync"]);
    let before = home.tree("alice");
    for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
        let _ = fs::remove_file(home.root("alice").join(".gphotos-syncd").join(name));
    }
    alice.add_photo(ItemSpec::named("same.jpg").created("2024-03-09T00:00:00Z").len(5_000));
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let after = home.tree("alice");
    assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)), "{:?}", after.keys());
}

#[test]
fn a_file_has_the_time_of_its_item_and_the_mode_of_the_configuration() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    alice.add_photo(ItemSpec::named("a.jpg").created("2001-09-09T01:46:40Z").len(100));
    alice.add_video(ItemSpec::named("b.mp4").created("1969-12-31T23:00:00Z").len(LARGE));
    home.append_config("file-mode = \"0604\"\n");
    // The mode is the configuration's, whatever the umask.
    let mut shell = Command::new("sh");
    let binary = home.command();
    shell.arg("-c").arg("umask 077; exec \"$@\"").arg("sh").arg(binary.get_program()).args(binary.get_args());
    shell.env_clear().env("PATH", "/usr/bin:/bin").env("STATE_DIRECTORY", home.path("state"));
    crate::context::Ran::from(shell.arg("sync").output().unwrap()).assert(0, &[]);
    for (path, seconds) in [("photos/2001/09/a.jpg", 1_000_000_000), ("photos/1969/12/b.mp4", -3_600)] {
        let found = fs::metadata(home.root("alice").join(path)).unwrap();
        assert_eq!((found.mtime(), found.permissions().mode() & 0o7777), (seconds, 0o604), "{path}");
    }
}

#[test]
fn the_index_can_lie_outside_the_root() {
    let home = Home::with(&["alice"]);
    fill(&home.google.account("alice"));
    home.append_config("index-dir = \"indexes/alice\"\n");
    home.run_ok(&["sync"]);
    assert!(home.path("indexes/alice/index.sqlite").is_file());
    assert!(!home.root("alice").join(".gphotos-syncd/index.sqlite").exists());
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
    home.assert_complete("alice");
}

#[test]
fn a_run_that_is_stopped_at_its_last_file_is_never_called_complete() {
    let home = Home::with(&["alice"]);
    // Who hears of a stop first, the file or the run, is a matter of luck: it is tried several times.
    for n in 0..8 {
        let item = ItemSpec::named(format!("large {n}.jpg")).created("2024-05-01T10:00:00Z").len(LARGE);
        home.google.account("alice").add_photo(item);
        let fault =
            home.google.fault(Fault::on(&[Endpoint::Media], Effect::Stall { bytes: LARGE - 200_000 }));
        let mut running = home.start(&["sync"]);
        until_fired(&home, fault);
        running.signal("TERM");
        running.wait();
        let run = home.status()["libraries"][0]["last_run"]["end"].clone();
        assert_eq!(run, "interrupted", "stop {n}");
        home.google.clear_faults();
        home.run_ok(&["sync"]);
    }
}
