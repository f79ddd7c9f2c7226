//! Archives that are cut, rotten, or change while they are read: no wrong byte under a name, nothing called safe that is not.

use crate::context::{Home, Ran};
use crate::exports::{STAMP, assert_all_there, export_status, import, import_one, offline, photos, staged};
use fake_google::takeout::{Export, ExportTruth, Form, TakeoutAlbum, TakeoutItem, TakeoutLibrary};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// A small library with one of each.
fn small() -> TakeoutLibrary {
    let mut library = TakeoutLibrary::default();
    let first = library.add(TakeoutItem::named("a.jpg").taken("2020-01-01T00:00:00Z").len(3_000).edited());
    library.add(TakeoutItem::named("b.heic").taken("2021-01-01T00:00:00Z").len(4_000).live("MP4"));
    library.add(TakeoutItem::named("c.dng").taken("2022-01-01T00:00:00Z").len(2_500));
    library.add_album(TakeoutAlbum::titled("Few").items(&[first]));
    library
}

fn write(home: &Home, export: &Export) -> (ExportTruth, Vec<u8>) {
    let truth = export.write(&small(), &home.path("inbox")).expect("writable");
    let bytes = fs::read(&truth.parts[0]).expect("there");
    (truth, bytes)
}

/// Every file is one of the export's, byte for byte.
#[track_caller]
fn assert_no_wrong_byte(home: &Home, truth: &ExportTruth, what: &str) {
    let there: BTreeSet<String> = photos(home).into_values().collect();
    assert!(there.is_subset(&truth.media_sha256()), "{what}: a file has bytes that no entry has");
    assert_eq!(staged(home), 0, "{what}: something is left in partial/");
}

#[test]
fn a_part_cut_at_any_kilobyte_gives_only_right_bytes_and_is_never_called_safe() {
    for (form, stored) in [(Form::Zip, false), (Form::Zip, true), (Form::Tgz, false)] {
        let export = Export::at(STAMP).form(form);
        let export = if stored { export.stored() } else { export };
        let first = offline();
        let (truth, bytes) = write(&first, &export);
        let mut most = 0;
        for length in
            (0..bytes.len()).step_by(1024).chain([bytes.len() - 1, bytes.len() - 8, bytes.len() - 21])
        {
            let what = format!("{form:?}, {length} of {} bytes", bytes.len());
            let home = offline();
            let path = home.path("inbox").join(truth.parts[0].file_name().expect("a name"));
            fs::write(&path, &bytes[..length]).expect("writable");
            let ran = import_one(&home, &path);
            assert_eq!(ran.code, 1, "{what}\n{}\n{}", ran.out, ran.err);
            assert!(!ran.says("safe to delete"), "{what}\n{}", ran.out);
            assert_no_wrong_byte(&home, &truth, &what);
            most = most.max(photos(&home).len());
            // Now and then: the whole part, fetched again, mends it.
            if length % (5 * 1024) == 0 {
                fs::write(&path, &bytes).expect("writable");
                import_one(&home, &path).assert(0, &["safe to delete"]);
                assert_all_there(&home, &truth);
            }
        }
        assert!(
            most >= truth.media_sha256().len() - 1,
            "{form:?}: a cut at the end costs no more than the end"
        );
    }
}

/// Turns every bit of one byte over.
fn rot(path: &Path, at: u64) {
    let mut file = File::options().read(true).write(true).open(path).expect("there");
    let byte = fs::read(path).expect("there")[usize::try_from(at).expect("small")];
    file.seek(SeekFrom::Start(at)).expect("a file");
    file.write_all(&[!byte]).expect("writable");
}

#[test]
fn a_rotten_byte_anywhere_is_noticed_and_a_good_part_mends_it() {
    for form in [Form::Zip, Form::Tgz] {
        let first = offline();
        let (truth, bytes) = write(&first, &Export::at(STAMP).form(form).stored());
        let length = bytes.len() as u64;
        for n in 0..12 {
            let home = offline();
            let path = home.path("inbox").join(truth.parts[0].file_name().expect("a name"));
            fs::write(&path, &bytes).expect("writable");
            let at = 40 + n * (length - 80) / 12;
            rot(&path, at);
            let ran = import_one(&home, &path);
            // In a zip some bytes mean nothing: a time, an attribute. Then every file is as it was.
            let there: BTreeSet<String> = photos(&home).into_values().collect();
            if ran.code == 0 {
                assert_eq!(there, truth.media_sha256(), "{form:?}: byte {at}");
            } else {
                assert!(!ran.says("safe to delete"), "{form:?}: byte {at}\n{}", ran.out);
                assert!(
                    ran.says("damaged") || ran.says("not taken") || ran.says("cannot be read"),
                    "{}",
                    ran.out
                );
            }
            if form == Form::Zip {
                assert!(there.is_subset(&truth.media_sha256()), "byte {at}: a wrong byte has a name");
            }
            fs::write(&path, &bytes).expect("writable");
            import_one(&home, &path).assert(0, &["safe to delete"]);
            let there: BTreeSet<String> = photos(&home).into_values().collect();
            assert!(there.is_superset(&truth.media_sha256()), "{form:?}: byte {at}");
        }
    }
}

#[test]
fn a_part_fetched_again_into_the_inbox_mends_what_was_rotten() {
    for form in [Form::Zip, Form::Tgz] {
        let home = offline();
        home.append_config("after-import = \"delete\"\n");
        let (truth, bytes) = write(&home, &Export::at(STAMP).form(form).stored());
        // In the middle of the data: neither directory nor ends tell of it.
        rot(&truth.parts[0], bytes.len() as u64 / 3);
        home.run(&["sync"]).assert(1, &["not proven complete"]);
        let before = photos(&home);
        home.run(&["sync"]).assert(1, &[]);
        assert_eq!(photos(&home), before);
        assert!(truth.parts[0].exists(), "a damaged archive is kept");
        fs::write(&truth.parts[0], &bytes).expect("writable");
        home.run(&["sync"]).assert(0, &["complete"]);
        let there: BTreeSet<String> = photos(&home).into_values().collect();
        assert!(there.is_superset(&truth.media_sha256()), "{form:?}");
        assert!(!truth.parts[0].exists(), "{form:?}: now it is proven");
    }
}

#[test]
fn a_tgz_whose_checksum_is_wrong_is_stored_and_not_believed() {
    let home = offline();
    let (truth, bytes) = write(&home, &Export::at(STAMP).form(Form::Tgz));
    // The last eight bytes are the checksum and the length (RFC 1952, 2.3.1).
    rot(&truth.parts[0], bytes.len() as u64 - 8);
    import(&home, &truth).assert(1, &["is damaged", "fetch it again", "NOT proven complete"]);
    assert_all_there(&home, &truth);
    assert_eq!(export_status(&home)["complete"], false);
    fs::write(&truth.parts[0], &bytes).expect("writable");
    import(&home, &truth).assert(0, &["safe to delete", "already had"]);
    assert_all_there(&home, &truth);
    assert_eq!(export_status(&home)["complete"], true);
}

#[test]
fn a_damaged_part_beside_its_good_one_stands_against_the_set_until_it_is_gone() {
    let home = offline();
    let (truth, bytes) = write(&home, &Export::at(STAMP));
    let name = truth.parts[0].to_str().expect("plain").replace(".zip", " (1).zip");
    let bad = PathBuf::from(name);
    fs::write(&bad, &bytes[..bytes.len() * 2 / 3]).expect("writable");
    let written = File::options().append(true).open(&bad).expect("there");
    written.set_modified(std::time::UNIX_EPOCH).expect("own");
    home.run(&["sync"]).assert(1, &["not proven complete"]);
    assert_all_there(&home, &truth);
    fs::remove_file(&bad).expect("there");
    home.run(&["sync"]).assert(0, &["complete"]);
    assert_all_there(&home, &truth);
}

/// A library whose export takes a moment to read.
fn many() -> TakeoutLibrary {
    TakeoutLibrary::synthetic(1_500, &(2_000..=60_000), 7)
}

/// Starts an import and calls `change` when some files are staged.
fn import_and(home: &Home, part: &Path, change: impl FnOnce()) -> Ran {
    let running = home.start(&["import", "alice", part.to_str().expect("plain")]);
    crate::wait::until("something is staged", || staged(home) > 50);
    change();
    running.wait()
}

#[test]
fn an_archive_that_is_replaced_while_it_is_read_is_not_taken_for_the_one_that_was() {
    let home = offline();
    let truth = Export::at(STAMP).stored().write(&many(), &home.path("inbox")).expect("writable");
    let other = TakeoutLibrary::synthetic(3, &(2_000..=3_000), 99);
    let later = Export::at(STAMP).stored().write(&other, &home.path("later")).expect("writable");
    let ran = import_and(&home, &truth.parts[0], || {
        fs::rename(&later.parts[0], &truth.parts[0]).expect("one disk");
    });
    ran.assert(1, &["has changed since it was read", "NOT proven complete"]);
    // What was begun was read to its end; what came in its place is another part of that number.
    assert_all_there(&home, &truth);
    import(&home, &truth).assert(1, &["two different parts have the number 1"]);
    let there: BTreeSet<String> = photos(&home).into_values().collect();
    assert!(there.is_superset(&later.media_sha256()));
}

#[test]
fn an_archive_that_shrinks_while_it_is_read_costs_no_other_set() {
    let home = offline();
    let truth = Export::at(STAMP).stored().write(&many(), &home.path("inbox")).expect("writable");
    let whole = home.path("whole.zip");
    fs::copy(&truth.parts[0], &whole).expect("writable");
    let next = Export::at("2026-08-08T14:27:29Z").write(&small(), &home.path("inbox")).expect("writable");
    let mut command = home.command();
    command.args(["import", "alice"]).args([&truth.parts[0], &next.parts[0]]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let running = crate::context::Running::new(command.spawn().expect("it starts"));
    crate::wait::until("something is staged", || staged(&home) > 50);
    File::options().write(true).open(&truth.parts[0]).expect("there").set_len(1 << 20).expect("own");
    let ran = running.wait();
    ran.assert(1, &["cannot be read", "NOT proven complete", "safe to delete"]);
    let there: BTreeSet<String> = photos(&home).into_values().collect();
    assert!(there.is_superset(&next.media_sha256()), "the other set came");
    let known: BTreeSet<String> = truth.media_sha256().union(&next.media_sha256()).cloned().collect();
    assert!(there.is_subset(&known), "a wrong byte has a name");
    fs::rename(&whole, &truth.parts[0]).expect("one disk");
    import(&home, &truth).assert(0, &["safe to delete"]);
    let there: BTreeSet<String> = photos(&home).into_values().collect();
    assert_eq!(there, known);
}
