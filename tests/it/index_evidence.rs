//! By what a file is known again when the index is lost, and by what it is not.

use crate::context::Home;
use crate::index_damage::{delete_index, index};
use fake_google::{Effect, Endpoint, Fault, ItemSpec};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

const DAY: &str = "2024-07-01T10:00:00Z";
const DAY_SECS: u64 = 1_719_828_000;
const MONTH: &str = "photos/2024/07";

fn named(name: &str) -> ItemSpec {
    ItemSpec::named(name).created(DAY).len(1_000)
}

fn set_time(path: &Path, secs: u64) {
    let file = fs::File::options().write(true).open(path).expect("own file");
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(secs)).expect("own file");
}

/// The names of the items that were fetched.
fn fetched(home: &Home) -> u64 {
    home.google.stats().requests(Endpoint::Media)
}

#[test]
fn two_items_of_one_name_and_second_are_told_apart_by_their_bytes_alone() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for content in ["first", "second", "third"] {
        alice.add_photo(named("x.jpg").bytes(content.as_bytes().to_vec()));
    }
    alice.add_photo(named("alone.jpg"));
    home.run_ok(&["sync"]);
    let before = home.tree("alice");
    delete_index(&home);
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    assert_eq!(home.tree("alice"), before);
    assert_eq!(fetched(&home), 3, "those three, and not the one alone");
    home.assert_complete("alice");
}

#[test]
fn sidecars_tell_apart_what_has_one_name_and_second() {
    for kind in ["json", "xmp"] {
        let home = Home::with(&["alice"]);
        home.append_config(&format!("sidecar = \"{kind}\"\n"));
        let alice = home.google.account("alice");
        for content in ["first", "second", "third"] {
            alice.add_photo(named("x.jpg").bytes(content.as_bytes().to_vec()));
        }
        home.run_ok(&["sync"]);
        let before = home.tree("alice");
        delete_index(&home);
        home.google.reset_stats();
        home.run_ok(&["sync"]);
        assert_eq!(home.tree("alice"), before);
        assert_eq!(fetched(&home), 0, "{kind}");
    }
}

#[test]
fn a_file_of_another_time_is_a_persons_and_the_item_comes_beside_it() {
    let home = Home::with(&["alice"]);
    home.google.account("alice").add_photo(named("x.jpg").bytes(b"from Google".to_vec()));
    home.run_ok(&["sync"]);
    delete_index(&home);
    let own = home.root("alice").join(MONTH).join("x.jpg");
    fs::write(&own, "a person's work").expect("own file");
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    assert_eq!(fetched(&home), 1);
    let tree = home.tree("alice");
    assert_eq!(tree[&format!("{MONTH}/x.jpg")], b"a person's work");
    assert_eq!(tree[&format!("{MONTH}/x (2).jpg")], b"from Google");
}

#[test]
fn two_files_that_fit_are_no_evidence_for_either() {
    let home = Home::with(&["alice"]);
    let own = home.root("alice").join(MONTH).join("x.jpg");
    fs::create_dir_all(own.parent().expect("a folder")).expect("writable");
    fs::write(&own, "a person's own photo").expect("writable");
    set_time(&own, DAY_SECS);
    home.google.account("alice").add_photo(named("x.jpg").bytes(b"from Google".to_vec()));
    home.run_ok(&["sync"]);
    let before = home.tree("alice");
    assert_eq!(before.len(), 2);
    delete_index(&home);
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    assert_eq!(fetched(&home), 1);
    assert_eq!(home.tree("alice"), before, "the bytes tell which of the two it is");
}

#[test]
fn a_first_sync_believes_no_file_by_its_name_and_time() {
    let home = Home::with(&["alice"]);
    let own = home.root("alice").join(MONTH).join("x.jpg");
    fs::create_dir_all(own.parent().expect("a folder")).expect("writable");
    fs::write(&own, "a person's own photo").expect("writable");
    set_time(&own, DAY_SECS);
    home.google.account("alice").add_photo(named("x.jpg").bytes(b"from Google".to_vec()));
    home.run_ok(&["sync"]);
    assert_eq!(fetched(&home), 1);
    let tree = home.tree("alice");
    assert_eq!(tree[&format!("{MONTH}/x.jpg")], b"a person's own photo");
    assert_eq!(tree[&format!("{MONTH}/x (2).jpg")], b"from Google");
}

#[test]
fn an_empty_file_or_a_link_is_no_evidence() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    alice.add_photo(named("empty.jpg").bytes(b"one".to_vec()));
    alice.add_photo(named("link.jpg").bytes(b"two".to_vec()));
    home.run_ok(&["sync"]);
    delete_index(&home);
    let month = home.root("alice").join(MONTH);
    fs::write(month.join("empty.jpg"), "").expect("own file");
    set_time(&month.join("empty.jpg"), DAY_SECS);
    fs::rename(month.join("link.jpg"), home.path("elsewhere.jpg")).expect("own file");
    std::os::unix::fs::symlink(home.path("elsewhere.jpg"), month.join("link.jpg")).expect("writable");
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    assert_eq!(fetched(&home), 2);
    assert_eq!(fs::read(month.join("empty (2).jpg")).expect("there"), b"one");
    assert_eq!(fs::read(month.join("link (2).jpg")).expect("there"), b"two");
    assert_eq!(fs::read(home.path("elsewhere.jpg")).expect("untouched"), b"two");
}

#[test]
fn albums_have_no_second_link_and_no_leftover_after_the_index_is_lost() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let ids: Vec<String> = (0..6).map(|n| alice.add_photo(named(&format!("p{n}.jpg")))).collect();
    alice.add_album("Kept", &ids[..4]);
    let renamed = alice.add_album("Old title", &ids[2..]);
    home.run_ok(&["sync"]);
    let own = home.root("alice").join("albums/2024/0701 Kept/0000_mine.jpg");
    std::os::unix::fs::symlink("../../../photos/2024/07/p0.jpg", &own).expect("writable");
    delete_index(&home);
    alice.rename_album(&renamed, "New title");
    alice.set_album_items(&renamed, &ids[3..]);
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    assert_eq!(fetched(&home), 0);
    let albums: Vec<String> =
        home.paths("alice").into_iter().filter(|path| path.starts_with("albums/")).collect();
    let mut expected: Vec<String> =
        (0..4).map(|n| format!("albums/2024/0701 Kept/{n:04}_p{n}.jpg")).collect();
    expected.push("albums/2024/0701 Kept/0000_mine.jpg".to_owned());
    expected.extend((0..3).map(|n| format!("albums/2024/0701 New title/{n:04}_p{}.jpg", n + 3)));
    expected.sort();
    assert_eq!(albums, expected);
}

#[test]
fn failing_items_keep_their_tries_where_the_old_index_can_be_read() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    alice.add_photo(named("good.jpg"));
    alice.add_photo(named("bad.jpg"));
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(404)).item("bad.jpg"));
    assert_eq!(home.run(&["sync"]).code, 1);
    fs::File::create(index(&home).with_file_name("index.sqlite-suspect")).expect("writable");
    let connection = rusqlite::Connection::open(index(&home)).expect("it opens");
    // A column that holds what its type forbids, which only a whole check sees.
    connection
        .execute_batch("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 999999 WHERE name = 'revisions'")
        .expect("it is whole");
    drop(connection);
    let ran = home.run(&["sync"]);
    ran.assert(1, &["is damaged"]);
    assert_eq!(home.status()["libraries"][0]["failures"][0]["tries"], 2);
}
