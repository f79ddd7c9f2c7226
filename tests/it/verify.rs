//! `verify`: what became of stored files on disk, and how they come back.

use crate::context::{Home, Ran};
use crate::exports::{STAMP, import, offline, varied};
use fake_google::takeout::Export;
use fake_google::{Effect, Endpoint, Fault, ItemSpec, User};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::PathBuf;
use std::time::SystemTime;

/// Ten photos, with an album of three.
fn fill(alice: &User) {
    let ids: Vec<String> = (0..10)
        .map(|n| {
            alice.add_photo(ItemSpec::named(format!("P{n}.jpg")).created("2024-03-01T10:00:00Z").len(5_000))
        })
        .collect();
    alice.add_album("Some", &ids[0..3]);
}

pub(crate) fn synced() -> Home {
    let home = Home::with(&["alice"]);
    fill(&home.google.account("alice"));
    home.run_ok(&["sync"]);
    home
}

pub(crate) fn photo(home: &Home, n: u32) -> PathBuf {
    home.root("alice").join(format!("photos/2024/03/P{n}.jpg"))
}

/// Flips a bit and leaves length and time as they were.
pub(crate) fn rot(path: &PathBuf) {
    let time = fs::metadata(path).expect("there").modified().expect("a time");
    let mut bytes = fs::read(path).expect("readable");
    bytes[1_234] ^= 4;
    fs::write(path, bytes).expect("writable");
    let file = fs::File::options().write(true).open(path).expect("writable");
    file.set_modified(time).expect("settable");
}

pub(crate) fn json(ran: &Ran) -> serde_json::Value {
    let all: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    all[0].clone()
}

#[test]
fn a_library_as_it_was_stored_is_clean_and_nothing_of_it_is_touched() {
    let home = synced();
    let before = home.tree("alice");
    home.google.reset_stats();
    let ran = home.run_ok(&["verify"]);
    assert!(ran.out.contains("alice: 10 files (48.8 KiB) hashed again"), "{}", ran.out);
    assert_eq!(home.tree("alice"), before);
    assert!(home.google.stats().log.is_empty(), "it asked Google");
    let verify = &home.status()["libraries"][0]["verify"];
    assert_eq!((&verify["files"], &verify["damaged"]), (&10.into(), &0.into()));
}

#[test]
fn bit_rot_missing_and_changed_files_are_told_apart_and_foreign_ones_left_alone() {
    let home = synced();
    rot(&photo(&home, 1));
    fs::remove_file(photo(&home, 2)).expect("removable");
    fs::write(photo(&home, 3), "edited").expect("writable");
    fs::write(home.root("alice").join("photos/mine.txt"), "mine").expect("writable");
    // Touched, and as it was.
    fs::File::options()
        .write(true)
        .open(photo(&home, 4))
        .expect("there")
        .set_modified(SystemTime::UNIX_EPOCH)
        .expect("settable");
    let before = home.tree("alice");

    let ran = home.run(&["verify", "alice", "--json"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let found = json(&ran);
    let count = |key: &str| found[key].as_u64().expect("a number");
    assert_eq!(
        ["files", "damaged", "missing", "changed", "foreign", "unknown"].map(count),
        [10, 1, 1, 1, 1, 0],
        "{found}"
    );
    assert_eq!(found["foreign_files"], serde_json::json!(["photos/mine.txt"]));
    let ran = home.run(&["verify", "alice"]);
    for line in ["photos/2024/03/P1.jpg", "damaged: other bytes", "hint: gphotos-syncd verify alice --repair"]
    {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    assert_eq!(home.tree("alice"), before, "it changed something");
    // And it is told to whoever watches.
    let check = home.run(&["status", "--check"]);
    assert_eq!(check.code, 2, "{}", check.out);
    assert!(check.out.contains("files on disk: 1 damaged, 1 missing, 1 changed"), "{}", check.out);
}

#[test]
fn a_repair_brings_every_file_back_and_keeps_what_lay_in_its_place() {
    let home = synced();
    rot(&photo(&home, 1));
    let rotten = fs::read(photo(&home, 1)).expect("there");
    fs::remove_file(photo(&home, 2)).expect("removable");
    fs::write(photo(&home, 3), "edited").expect("writable");
    fs::remove_file(home.root("alice").join("albums/2024/0301 Some/0000_P0.jpg")).expect("a link");

    let ran = home.run(&["verify", "--repair"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    home.assert_complete("alice");
    let aside = home.root("alice").join(".gphotos-syncd/damaged/photos/2024/03");
    assert_eq!(fs::read(aside.join("P1.jpg")).expect("kept"), rotten);
    assert_eq!(fs::read(aside.join("P3.jpg")).expect("kept"), b"edited");
    assert_eq!(fs::read_dir(&aside).expect("there").count(), 2);
    assert!(fs::symlink_metadata(home.root("alice").join("albums/2024/0301 Some/0000_P0.jpg")).is_ok());
    home.run_ok(&["verify"]);
    assert_eq!(home.run(&["status", "--check"]).code, 0);
}

#[test]
fn a_spoilt_file_keeps_its_name_until_its_new_copy_is_whole() {
    let home = synced();
    rot(&photo(&home, 1));
    let rotten = fs::read(photo(&home, 1)).expect("there");
    let down = home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(404)));
    let ran = home.run(&["verify", "--repair"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert_eq!(fs::read(photo(&home, 1)).expect("there"), rotten);
    assert!(!home.root("alice").join(".gphotos-syncd/damaged").exists());
    home.google.remove_fault(down);
    // Every later run goes on with it.
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn what_lies_in_the_way_and_was_never_found_spoilt_is_no_files_to_replace() {
    let home = synced();
    fs::remove_file(photo(&home, 2)).expect("removable");
    assert_eq!(home.run(&["verify"]).code, 1);
    // A person puts another file there before the repair.
    fs::write(photo(&home, 2), "mine").expect("writable");
    fs::create_dir(home.path("elsewhere")).expect("writable");
    let index =
        rusqlite::Connection::open(home.root("alice").join(".gphotos-syncd/index.sqlite")).expect("an index");
    index.execute("UPDATE files SET state = 0 WHERE found = 1", []).expect("writable");
    drop(index);
    home.run_ok(&["sync"]);
    assert_eq!(fs::read(photo(&home, 2)).expect("there"), b"mine");
    assert!(home.root("alice").join("photos/2024/03/P2 (2).jpg").exists());
}

#[test]
fn a_link_or_a_folder_at_a_files_name_is_found_and_not_followed() {
    let home = synced();
    let outside = home.path("outside.jpg");
    fs::rename(photo(&home, 1), &outside).expect("movable");
    symlink(&outside, photo(&home, 1)).expect("a link");
    fs::remove_file(photo(&home, 2)).expect("removable");
    fs::create_dir(photo(&home, 2)).expect("a folder");
    let found = json(&home.run(&["verify", "--json"]));
    assert_eq!((&found["changed"], &found["damaged"]), (&2.into(), &0.into()), "{found}");
    let before = fs::read(&outside).expect("readable");
    home.run(&["verify", "--repair"]);
    // Neither is ours to move: the copies go beside them.
    assert_eq!(fs::read(&outside).expect("readable"), before);
    assert!(photo(&home, 2).is_dir());
    assert!(home.root("alice").join("photos/2024/03/P1 (2).jpg").exists());
}

#[test]
fn a_verification_that_was_stopped_goes_on_where_it_was() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for n in 0..4 {
        alice.add_photo(ItemSpec::named(format!("L{n}.jpg")).created("2024-03-01T10:00:00Z").len(3_000_000));
    }
    home.run_ok(&["sync"]);
    let text = fs::read_to_string(home.path("config.toml")).expect("readable");
    // The first file or two fit within a step of five seconds; the rest would take a minute.
    let slow = text.replace("[limits]\n", "[limits]\nverify-bytes-per-second = \"1 MiB\"\n");
    home.write_raw_config(&slow);
    let mut running = home.start(&["verify"]);
    crate::wait::until("some of it to be committed", || {
        let shown = home.run(&["status", "--json"]).out;
        let status: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        status["libraries"][0]["verify"]["begun_files"].as_u64().is_some_and(|files| files > 0)
    });
    running.signal("TERM");
    let stopped = running.wait();
    assert_eq!(stopped.code, 1, "{}", stopped.err);
    home.write_raw_config(&text.replace("[limits]\n", "[limits]\nverify-bytes-per-second = \"0 B\"\n"));
    let ran = home.run_ok(&["verify"]);
    assert!(
        ran.out.contains("4 files (11.4 MiB) hashed again, with what an earlier one had looked at"),
        "{}",
        ran.out
    );
    let ran = home.run_ok(&["verify"]);
    assert!(ran.out.contains("4 files (11.4 MiB) hashed again\n"), "{}", ran.out);
}

#[test]
fn an_albums_own_copy_brings_a_file_back_without_asking_google() {
    for mode in ["hardlink", "copy"] {
        let home = Home::with(&["alice"]);
        home.append_config(&format!("albums = \"{mode}\"\n"));
        fill(&home.google.account("alice"));
        home.run_ok(&["sync"]);
        fs::remove_file(photo(&home, 0)).expect("removable");
        home.google.reset_stats();
        let ran = home.run(&["verify", "--repair"]);
        assert_eq!(ran.code, 0, "{mode}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains("taken from an album's own copy"), "{mode}: {}", ran.out);
        home.run_ok(&["sync"]);
        assert!(home.google.stats().log.iter().all(|entry| entry.endpoint != Endpoint::Media), "{mode}");
        home.assert_complete("alice");
        let albums: Vec<String> =
            home.paths("alice").into_iter().filter(|path| path.starts_with("albums/")).collect();
        assert_eq!(albums.len(), 3, "{mode}: {albums:?}");
        // A second name of a spoilt file is no good copy, and follows the new one.
        rot(&photo(&home, 1));
        assert_eq!(home.run(&["verify", "--repair"]).code, 0, "{mode}");
        home.assert_complete("alice");
        let tree = home.tree("alice");
        assert_eq!(tree["albums/2024/0301 Some/0001_P1.jpg"], tree["photos/2024/03/P1.jpg"], "{mode}");
        assert_eq!(tree.keys().filter(|path| path.starts_with("albums/")).count(), 3, "{mode}");
    }
}

#[test]
fn a_file_of_an_export_comes_back_with_the_export() {
    let home = offline();
    let truth = Export::at(STAMP).parts(2).write(&varied(), &home.path("elsewhere")).expect("writable");
    assert_eq!(import(&home, &truth).code, 0);
    let photos: Vec<PathBuf> = home
        .paths("alice")
        .into_iter()
        .filter(|path| path.starts_with("photos/"))
        .map(|path| home.root("alice").join(path))
        .collect();
    let before = home.tree("alice");
    rot(&photos[0]);
    fs::remove_file(&photos[1]).expect("removable");
    let ran = home.run(&["verify", "--repair"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("which alone can bring them again"), "{}", ran.out);
    assert!(home.root("alice").join(".gphotos-syncd/damaged").exists());
    assert_eq!(import(&home, &truth).code, 0);
    assert_eq!(home.tree("alice"), before);
    home.run_ok(&["verify"]);
}

#[test]
fn the_daemons_runs_look_through_the_library_by_themselves() {
    let home = synced();
    rot(&photo(&home, 5));
    let index =
        rusqlite::Connection::open(home.root("alice").join(".gphotos-syncd/index.sqlite")).expect("an index");
    let ago = "2020-01-01T00:00:00+00:00";
    index.execute("INSERT OR REPLACE INTO facts VALUES ('verify-since', ?1)", [ago]).expect("writable");
    drop(index);
    let before = fs::metadata(photo(&home, 5)).expect("there");
    home.run_ok(&["sync"]);
    let verify = home.status()["libraries"][0]["verify"].clone();
    assert_eq!((&verify["files"], &verify["damaged"]), (&10.into(), &1.into()), "{verify}");
    // It looks and tells; a person decides.
    assert_eq!(fs::metadata(photo(&home, 5)).expect("there").ino(), before.ino());
    assert_eq!(home.run(&["status", "--check"]).code, 2);
    // The next pass is a month away.
    fs::remove_file(photo(&home, 6)).expect("removable");
    home.run_ok(&["sync"]);
    assert_eq!(home.status()["libraries"][0]["verify"]["missing"], 0);
}

#[test]
fn a_library_that_another_process_works_on_is_not_looked_at() {
    let home = synced();
    let lock =
        fs::File::options().write(true).open(home.root("alice").join(".gphotos-syncd/lock")).expect("a lock");
    lock.lock().expect("free");
    let ran = home.run(&["verify"]);
    assert_eq!(ran.code, 75, "{}", ran.err);
    assert!(ran.err.contains("locked"), "{}", ran.err);
}

#[test]
fn a_library_without_an_index_has_nothing_to_verify_and_gets_none() {
    let home = Home::with(&["alice"]);
    let ran = home.run_ok(&["verify"]);
    assert!(ran.err.contains("nothing was stored yet"), "{}", ran.err);
    assert!(!home.root("alice").join(".gphotos-syncd").exists());
}
