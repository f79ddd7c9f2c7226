//! A damaged, half-made or lost index: moved aside, made anew from the files, and nothing fetched again.

use crate::context::Home;
use crate::wait::{until, until_fired};
use fake_google::{Effect, Endpoint, Fault, ItemSpec};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// The index's file and those beside it.
const FILES: [&str; 3] = ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"];
/// SQLite's page, bytes.
const PAGE: u64 = 4096;

pub(crate) fn index(home: &Home) -> PathBuf {
    home.root("alice").join(".gphotos-syncd/index.sqlite")
}

pub(crate) fn delete_index(home: &Home) {
    for name in FILES {
        let _ = fs::remove_file(index(home).with_file_name(name));
    }
}

/// The indexes that were moved aside.
fn kept(home: &Home) -> Vec<String> {
    let entries = fs::read_dir(home.root("alice").join(".gphotos-syncd")).expect("readable");
    let names = entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned());
    let mut kept: Vec<String> = names.filter(|name| name.contains(".damaged-")).collect();
    kept.sort();
    kept
}

/// A synced library of many photos of many days, some of one name, a video, a motion photo, and albums.
pub(crate) fn synced(photos: u64) -> Home {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let day = |n: u64| format!("2024-{:02}-{:02}T10:{:02}:00Z", 1 + n % 12, 1 + n % 28, n % 60);
    let spec = |n: u64| {
        let name = if n.is_multiple_of(10) { "same.jpg".to_owned() } else { format!("IMG_{n}.jpg") };
        ItemSpec::named(name).created(&day(n)).len(2_000 + n)
    };
    let ids: Vec<String> = (0..photos).map(|n| alice.add_photo(spec(n))).collect();
    alice.add_video(ItemSpec::named("clip.mp4").created("2023-02-02T00:00:00Z").len(50_000));
    alice.add_motion_photo(ItemSpec::named("PXL_1.MP.jpg").created("2023-07-03T10:00:00Z"));
    alice.add_album("Some", &ids[2..6]);
    alice.add_album("Others", &ids[4..9]);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    home.google.reset_stats();
    home
}

/// Fails unless the next run ends well, changes nothing that is visible, and fetches nothing.
#[track_caller]
fn assert_known_again(home: &Home, before: &BTreeMap<String, Vec<u8>>) {
    let ran = home.run_ok(&["sync"]);
    let after = home.tree("alice");
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    assert!(&after == before, "something was changed");
    let fetched: Vec<_> = home
        .google
        .stats()
        .log
        .iter()
        .filter(|entry| entry.endpoint == Endpoint::Media)
        .map(|entry| entry.item.clone())
        .collect();
    assert!(fetched.is_empty(), "fetched again: {fetched:?}\n{}", ran.err);
    let detail = home.status()["libraries"][0]["detail"].as_str().expect("a text").to_owned();
    assert!(!detail.contains("made anew"), "{detail}");
}

/// Writes over these pages of the index, counted from 1.
pub(crate) fn ruin(home: &Home, pages: impl Iterator<Item = u64>) {
    let file = fs::OpenOptions::new().write(true).open(index(home)).expect("the index is there");
    for page in pages {
        file.write_all_at(&[0xA5; 4096], (page - 1) * PAGE).expect("writable");
    }
}

fn pages(home: &Home) -> u64 {
    fs::metadata(index(home)).expect("the index is there").len() / PAGE
}

/// The pages of the table of items that hold these names.
pub(crate) fn leaves_with(home: &Home, names: &[&str]) -> Vec<u64> {
    /// What a leaf of a table with row numbers begins with.
    const LEAF: u8 = 13;
    let bytes = fs::read(index(home)).expect("readable");
    let has = |page: &[u8], name: &str| page.windows(name.len()).any(|part| part == name.as_bytes());
    let is_one = |page: &[u8]| page[0] == LEAF && names.iter().any(|name| has(page, name));
    let leaves: Vec<u64> =
        (1..).zip(bytes.chunks(4096)).filter(|(_, page)| is_one(page)).map(|(number, _)| number).collect();
    assert!((1..=4).contains(&leaves.len()), "{leaves:?}");
    leaves
}

/// A damage in the middle of the file is looked for where the last end was no clean one: a log is left, as after a kill.
pub(crate) fn leave_a_log(home: &Home) {
    let open = rusqlite::Connection::open(index(home)).expect("it opens");
    open.execute_batch("PRAGMA wal_autocheckpoint = 0; INSERT OR REPLACE INTO facts VALUES ('x', 'y')")
        .expect("it is whole");
    let log = home.path("log");
    fs::copy(index(home).with_file_name("index.sqlite-wal"), &log).expect("readable");
    drop(open);
    fs::rename(&log, index(home).with_file_name("index.sqlite-wal")).expect("writable");
}

#[test]
fn an_index_whose_header_is_gone_is_moved_aside_and_made_anew_from_the_files() {
    let home = synced(60);
    let before = home.tree("alice");
    ruin(&home, 1..=1);
    let damaged = fs::read(index(&home)).expect("readable");
    home.run(&["status"]).assert(0, &["is damaged", "hint: "]);
    assert_eq!(fs::read(index(&home)).expect("readable"), damaged, "a look changes nothing");
    assert_known_again(&home, &before);
    let kept = kept(&home);
    let aside =
        kept.iter().find(|name| !name.ends_with("-wal") && !name.ends_with("-shm")).expect("it is kept");
    let aside = index(&home).with_file_name(aside);
    assert_eq!(fs::read(aside).expect("readable"), damaged, "it is kept as it was");
    home.assert_complete("alice");
    home.run_ok(&["sync", "--full"]);
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
    assert_eq!(home.tree("alice"), before);
}

#[test]
fn the_damage_is_said_once_with_its_message_and_until_it_is_mended_in_the_status() {
    let home = synced(20);
    ruin(&home, 1..=1);
    let fault = home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::Hang));
    let mut running = home.start(&["sync"]);
    until_fired(&home, fault);
    let detail = || home.status()["libraries"][0]["detail"].as_str().expect("a text").to_owned();
    until("the status to say so", || detail().contains("made anew from the files"));
    running.signal("KILL");
    running.wait();
    home.google.clear_faults();
    let before = home.tree("alice");
    assert_known_again(&home, &before);

    ruin(&home, 1..=1);
    let ran = home.run_ok(&["sync"]);
    ran.assert(0, &["is damaged", "it is kept as", ".damaged-"]);
    assert!(!home.run_ok(&["sync"]).says("is damaged"));
}

#[test]
fn what_can_still_be_read_of_a_damaged_index_is_taken_over() {
    let home = synced(300);
    let before = home.tree("alice");
    let runs = home.status()["libraries"][0]["last_run"]["run"].as_u64().expect("a number");
    // Without the time of its item only the old index knows a file.
    let path = home.root("alice").join("photos/2023/02/clip.mp4");
    let touched = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::options().write(true).open(path).expect("own file").set_modified(touched).expect("own file");
    leave_a_log(&home);
    ruin(&home, leaves_with(&home, &["IMG_151.jpg", "IMG_22.jpg"]).into_iter());
    let ran = home.run_ok(&["sync"]);
    ran.assert(0, &["is damaged"]);
    let new = home.status()["libraries"][0]["last_run"]["new"].as_u64().expect("a number");
    assert!((1..250).contains(&new), "{new} of 302 items were not taken over");
    assert_eq!(home.tree("alice"), before);
    assert!(home.google.stats().requests(Endpoint::Media) <= 1, "{:?}", home.google.stats().log);
    assert!(home.status()["libraries"][0]["last_run"]["run"].as_u64() > Some(runs), "numbers go on");
    home.google.reset_stats();
    home.run_ok(&["sync", "--full"]);
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
}

#[test]
fn a_damage_that_a_run_meets_is_mended_by_the_next() {
    let home = synced(400);
    let before = home.tree("alice");
    // No log is left, so nothing is looked through; all but the schema is gone.
    let last = pages(&home);
    ruin(&home, 2..=last);
    let mut ran = home.run(&["sync", "--full"]);
    if ran.code != 0 {
        ran.assert(1, &["index"]);
        ran = home.run(&["sync", "--full"]);
    }
    ran.assert(0, &["is damaged"]);
    assert_eq!(home.tree("alice"), before);
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
}

#[test]
fn an_index_cut_short_is_made_anew() {
    let home = synced(100);
    let before = home.tree("alice");
    leave_a_log(&home);
    let length = fs::metadata(index(&home)).expect("there").len();
    fs::OpenOptions::new()
        .write(true)
        .open(index(&home))
        .expect("there")
        .set_len(length / 2)
        .expect("writable");
    assert_known_again(&home, &before);
}

#[test]
fn an_index_that_was_deleted_costs_no_download() {
    let home = synced(60);
    let before = home.tree("alice");
    delete_index(&home);
    assert_known_again(&home, &before);
    assert!(kept(&home).is_empty());
}

#[test]
fn a_half_made_index_is_as_good_as_none() {
    for lost in [false, true] {
        let home = if lost { synced(12) } else { Home::with(&["alice"]) };
        if !lost {
            home.google.account("alice").add_photo(ItemSpec::named("a.jpg").len(100));
            fs::create_dir(home.root("alice").join(".gphotos-syncd")).expect("writable");
        }
        delete_index(&home);
        fs::write(index(&home), "").expect("writable");
        home.run(&["status"]).assert(0, &["alice"]);
        home.run_ok(&["sync"]);
        home.assert_complete("alice");

        delete_index(&home);
        // As a kill leaves it between the choice of the log and the schema.
        let made = rusqlite::Connection::open(index(&home)).expect("it opens");
        made.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).expect("it is new");
        drop(made);
        home.google.reset_stats();
        home.run_ok(&["sync"]);
        home.assert_complete("alice");
        assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
    }
}

#[test]
fn no_more_than_three_damaged_indexes_are_kept() {
    let home = synced(12);
    for _ in 0..5 {
        ruin(&home, 1..=1);
        home.run_ok(&["sync"]);
    }
    let kept = kept(&home);
    assert_eq!(
        kept.iter().filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm")).count(),
        3,
        "{kept:?}"
    );
}

#[test]
fn a_rebuild_that_is_killed_goes_on_in_the_next_run() {
    for endpoint in [Endpoint::MediaItemsList, Endpoint::AlbumsList] {
        let home = synced(60);
        let before = home.tree("alice");
        delete_index(&home);
        let fault = home.google.fault(Fault::on(&[endpoint], Effect::Hang));
        let mut running = home.start(&["sync"]);
        until_fired(&home, fault);
        running.signal("KILL");
        running.wait();
        home.google.clear_faults();
        assert_known_again(&home, &before);
    }
}

#[test]
fn a_database_of_another_program_is_refused_and_left() {
    let home = synced(12);
    delete_index(&home);
    let other = rusqlite::Connection::open(index(&home)).expect("it opens");
    other.execute_batch("CREATE TABLE diary (day)").expect("it is new");
    drop(other);
    let before = fs::read(index(&home)).expect("readable");
    home.run(&["sync"]).assert(78, &["not an index of this program", "hint: "]);
    assert_eq!(fs::read(index(&home)).expect("readable"), before);
}

#[test]
fn a_token_of_another_account_is_refused_even_without_the_index() {
    let home = synced(10);
    let before = home.tree("alice");
    home.google.account("bob").add_photo(ItemSpec::named("bob.jpg").len(100));
    let own = fs::read_to_string(home.root("alice").join(".gphotos.token")).expect("readable");
    home.put_token("alice", &home.google.token_json("bob"));
    delete_index(&home);
    home.run(&["sync"]).assert(77, &["another account"]);
    assert_eq!(home.tree("alice"), before);
    assert_eq!(home.google.stats().requests(Endpoint::MediaItemsList), 0);
    home.put_token("alice", &own);
    assert_known_again(&home, &before);
}
