//! Albums as folders of links: what appears, what follows a change at Google, and what is left alone.

use crate::context::Home;
use fake_google::{Effect, Endpoint, Fault, Field, ItemSpec, User};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};

/// A photo of a few bytes taken at noon of `day`.
fn photo(user: &User, name: &str, day: &str) -> String {
    user.add_photo(ItemSpec::named(name).created(&format!("{day}T12:00:00Z")).len(3_000))
}

/// A photo whose date Google does not tell.
fn undated(user: &User, name: &str) -> String {
    user.add_photo(ItemSpec::named(name).len(3_000).without(Field::CreationTime))
}

/// The paths below `albums/`, without that part.
fn albums(home: &Home) -> Vec<String> {
    let paths = home.paths("alice").into_iter();
    paths.filter_map(|path| path.strip_prefix("albums/").map(str::to_owned)).collect()
}

/// Fails unless every link below `albums/` leads by a relative path to a file that can be read.
#[track_caller]
fn assert_links_lead_to_files(home: &Home) {
    for path in albums(home) {
        let full = home.root("alice").join("albums").join(&path);
        let target = fs::read_link(&full).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert!(target.is_relative(), "{path} -> {}", target.display());
        assert!(fs::metadata(&full).is_ok_and(|found| found.is_file()), "{path} -> {}", target.display());
    }
}

#[test]
fn links_keep_the_order_of_the_album_and_its_folder_has_the_date_of_the_newest_item() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let old = photo(&alice, "old.jpg", "2019-02-03");
    let new = photo(&alice, "new.jpg", "2021-12-31");
    let between = photo(&alice, "between.jpg", "2020-06-01");
    alice.add_album("Trip", &[&new, &old, &between]);
    home.run_ok(&["sync"]);
    let expected =
        ["2021/1231 Trip/0000_new.jpg", "2021/1231 Trip/0001_old.jpg", "2021/1231 Trip/0002_between.jpg"];
    assert_eq!(albums(&home), expected);
    assert_links_lead_to_files(&home);
}

#[test]
fn a_renamed_album_leaves_no_folder_behind() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let album = alice.add_album("Before", &[photo(&alice, "a.jpg", "2020-05-06")]);
    home.run_ok(&["sync"]);
    alice.rename_album(&album, "After");
    home.run_ok(&["sync"]);
    assert_eq!(albums(&home), ["2020/0506 After/0000_a.jpg"]);
    assert!(!home.root("alice").join("albums/2020/0506 Before").exists(), "the old folder is left");
}

#[test]
fn an_album_that_grows_or_shrinks_is_followed_and_so_is_its_date() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let first = photo(&alice, "first.jpg", "2020-05-06");
    let album = alice.add_album("Trip", &[&first]);
    home.run_ok(&["sync"]);

    let older = photo(&alice, "older.jpg", "2018-01-01");
    alice.set_album_items(&album, &[&older, &first]);
    home.run_ok(&["sync"]);
    assert_eq!(albums(&home), ["2020/0506 Trip/0000_older.jpg", "2020/0506 Trip/0001_first.jpg"]);

    let newer = photo(&alice, "newer.jpg", "2022-09-08");
    alice.set_album_items(&album, &[&older, &first, &newer]);
    home.run_ok(&["sync"]);
    let grown =
        ["2022/0908 Trip/0000_older.jpg", "2022/0908 Trip/0001_first.jpg", "2022/0908 Trip/0002_newer.jpg"];
    assert_eq!(albums(&home), grown);
    assert!(!home.root("alice").join("albums/2020").exists(), "the folder of the old date is left");

    alice.set_album_items(&album, &[&first]);
    home.run_ok(&["sync"]);
    assert_eq!(albums(&home), ["2020/0506 Trip/0000_first.jpg"]);
    home.assert_complete("alice");
    assert_links_lead_to_files(&home);
}

#[test]
fn an_item_swapped_for_another_is_found_by_the_next_full_run() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let (a, b, c) = (
        photo(&alice, "a.jpg", "2020-01-01"),
        photo(&alice, "b.jpg", "2020-01-02"),
        photo(&alice, "c.jpg", "2020-01-03"),
    );
    let album = alice.add_album("Trip", &[&c, &a]);
    home.run_ok(&["sync"]);
    alice.set_album_items(&album, &[&c, &b]);
    home.run_ok(&["sync", "--full"]);
    assert_eq!(albums(&home), ["2020/0103 Trip/0000_c.jpg", "2020/0103 Trip/0001_b.jpg"]);
}

#[test]
fn a_deleted_album_loses_its_links_and_keeps_its_photos() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let album = alice.add_album("Gone", &[photo(&alice, "a.jpg", "2020-05-06")]);
    home.run_ok(&["sync"]);
    alice.remove_album(&album);
    home.run_ok(&["sync"]);
    assert_eq!(home.paths("alice"), ["photos/2020/05/a.jpg"]);
    assert!(!home.root("alice").join("albums/2020").exists(), "an empty folder is left");
}

#[test]
fn two_albums_of_one_title_and_date_stay_apart_whichever_changes() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let items = ["a.jpg", "b.jpg", "c.jpg"].map(|name| photo(&alice, name, "2020-05-06"));
    let one = alice.add_album("Trip", &[&items[0]]);
    let two = alice.add_album("Trip", &[&items[1]]);
    home.run_ok(&["sync"]);
    let before = albums(&home);
    assert_eq!(before.len(), 2);
    assert!(
        before[0].starts_with("2020/0506 Trip (2)/") && before[1].starts_with("2020/0506 Trip/"),
        "{before:?}"
    );

    alice.set_album_items(&one, &[&items[0], &items[2]]);
    home.run_ok(&["sync"]);
    alice.set_album_items(&two, &[&items[1], &items[2]]);
    home.run_ok(&["sync", "--full"]);
    let after = albums(&home);
    assert_eq!(after.len(), 4);
    assert!(before.iter().all(|path| after.contains(path)), "{before:?} {after:?}");

    alice.remove_album(&one);
    home.run_ok(&["sync"]);
    let kept: Vec<String> = after.iter().filter(|path| path.contains("/0000_b.jpg")).cloned().collect();
    assert!(albums(&home).contains(&kept[0]), "the album that stays keeps its folder: {:?}", albums(&home));
}

#[test]
fn albums_without_title_or_date_and_with_hostile_titles_stay_below_albums() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let a = photo(&alice, "a.jpg", "2020-05-06");
    let long = "é".repeat(300);
    for title in ["", "  ", "../../escape", "a/b", "..", "x\u{202e}y", "tab\there", &long] {
        alice.add_album(title, &[&a]);
    }
    alice.add_album("No dates", &[undated(&alice, "u.jpg")]);
    home.run_ok(&["sync"]);
    let found = albums(&home);
    assert_eq!(found.len(), 9, "{found:?}");
    assert!(found.iter().all(|path| path.split('/').count() == 3), "{found:?}");
    for expected in [
        "2020/0506 Untitled/0000_a.jpg",
        "2020/0506 Untitled (2)/0000_a.jpg",
        "2020/0506 .._.._escape/0000_a.jpg",
        "2020/0506 a_b/0000_a.jpg",
        "2020/0506 x_y/0000_a.jpg",
        "2020/0506 tab_here/0000_a.jpg",
        "undated/No dates/0000_u.jpg",
    ] {
        assert!(found.iter().any(|path| path == expected), "{expected}: {found:?}");
    }
    assert_links_lead_to_files(&home);
    let beside: Vec<_> =
        fs::read_dir(home.dir.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(beside.iter().all(|name| name != "escape"), "{beside:?}");
}

#[test]
fn what_a_person_put_into_an_album_folder_stays() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let (a, b) = (photo(&alice, "a.jpg", "2020-05-06"), photo(&alice, "b.jpg", "2020-05-06"));
    let album = alice.add_album("Trip", &[&a]);
    home.run_ok(&["sync"]);
    let folder = home.root("alice").join("albums/2020/0506 Trip");
    fs::write(folder.join("notes.txt"), "mine").unwrap();
    symlink("/etc/hostname", folder.join("0001_b.jpg")).unwrap();
    alice.set_album_items(&album, &[&a, &b]);
    home.run_ok(&["sync"]);
    assert_eq!(fs::read_link(folder.join("0001_b.jpg")).unwrap().to_str(), Some("/etc/hostname"));
    assert!(fs::read(folder.join("0001_b (2).jpg")).is_ok(), "{:?}", albums(&home));

    alice.remove_album(&album);
    home.run_ok(&["sync"]);
    assert_eq!(albums(&home), ["2020/0506 Trip/0001_b.jpg", "2020/0506 Trip/notes.txt"]);
}

#[test]
fn a_foreign_file_where_an_album_folder_belongs_is_named_and_kept() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    alice.add_album("Trip", &[photo(&alice, "a.jpg", "2020-05-06")]);
    fs::create_dir_all(home.root("alice").join("albums/2020")).unwrap();
    let path = home.root("alice").join("albums/2020/0506 Trip");
    fs::write(&path, "mine").unwrap();
    let ran = home.run(&["sync"]);
    ran.assert(1, &["albums/2020/0506 Trip"]);
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    fs::remove_file(&path).unwrap();
    home.run_ok(&["sync"]);
    assert_eq!(albums(&home), ["2020/0506 Trip/0000_a.jpg"]);
}

#[test]
fn an_album_item_that_the_library_does_not_list_comes_too() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let own = photo(&alice, "own.jpg", "2020-05-06");
    alice.add_album("Shared", &[&own]);
    home.run_ok(&["sync"]);
    // A photo with an old date lies behind the known pages that end a cheap run; the album tells of it.
    for number in 0..250 {
        alice.add_photo(ItemSpec::named(format!("n{number}.jpg")).created("2021-01-01T00:00:00Z").len(500));
    }
    home.run_ok(&["sync"]);
    let late = photo(&alice, "late.jpg", "2001-01-01");
    alice.add_album("Late", &[&late]);
    home.run_ok(&["sync"]);
    assert!(home.paths("alice").contains(&"photos/2001/01/late.jpg".to_owned()));
    assert!(albums(&home).contains(&"2001/0101 Late/0000_late.jpg".to_owned()), "{:?}", albums(&home));
    home.assert_complete("alice");
}

#[test]
fn a_run_without_changes_asks_one_request_for_fifty_albums() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for number in 0..60 {
        photo(&alice, &format!("{number}.jpg"), "2020-05-06");
    }
    alice.spread_albums(120, 1);
    home.run_ok(&["sync"]);
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    let stats = home.google.stats();
    assert_eq!(stats.requests(Endpoint::AlbumsList), 3);
    assert_eq!((stats.requests(Endpoint::MediaItemsSearch), stats.requests(Endpoint::Media)), (0, 0));
    assert!(stats.class(fake_google::Class::Api).requests <= 3 + 3, "{stats:?}");
}

#[test]
fn an_album_of_many_pages_has_all_its_links() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let items: Vec<String> = (0..230)
        .map(|n| {
            alice.add_photo(ItemSpec::named(format!("{n}.jpg")).created("2020-05-06T00:00:00Z").len(200))
        })
        .collect();
    alice.add_album("Big", &items);
    home.run_ok(&["sync"]);
    let found = albums(&home);
    assert_eq!((found.len(), found[229].as_str()), (230, "2020/0506 Big/0229_229.jpg"));
    assert_links_lead_to_files(&home);
}

#[test]
fn links_of_items_that_failed_appear_when_they_come() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let (a, b) = (photo(&alice, "a.jpg", "2020-05-06"), photo(&alice, "b.jpg", "2020-05-05"));
    alice.add_album("Trip", &[&a, &b]);
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(403)).item(&a));
    home.run(&["sync"]).assert(1, &["incomplete"]);
    assert_eq!(albums(&home).len(), 1, "{:?}", albums(&home));
    home.google.clear_faults();
    // Its next try lies in the future; the index is told that it is due, as time would.
    let index = rusqlite::Connection::open(home.root("alice").join(".gphotos-syncd/index.sqlite")).unwrap();
    index.execute("UPDATE files SET next_try = 1 WHERE state = 0", []).unwrap();
    drop(index);
    home.run_ok(&["sync"]);
    assert_eq!(albums(&home), ["2020/0506 Trip/0000_a.jpg", "2020/0506 Trip/0001_b.jpg"]);
}

#[test]
fn the_kind_of_links_can_be_changed_and_changed_back() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    alice.add_album("Trip", &[photo(&alice, "a.jpg", "2020-05-06")]);
    let config = fs::read_to_string(home.path("config.toml")).unwrap();
    let root = home.root("alice");
    let (link, file) = (root.join("albums/2020/0506 Trip/0000_a.jpg"), root.join("photos/2020/05/a.jpg"));
    for kind in ["symlink", "hardlink", "copy", "none", "hardlink", "symlink", "copy", "symlink"] {
        home.write_raw_config(&format!("{config}albums = \"{kind}\"\n"));
        home.run_ok(&["sync"]);
        let own = fs::metadata(&file).unwrap();
        match fs::symlink_metadata(&link) {
            Err(_) => assert_eq!(kind, "none"),
            Ok(found) if found.is_symlink() => assert_eq!(kind, "symlink"),
            Ok(found) if found.ino() == own.ino() => assert_eq!(kind, "hardlink"),
            Ok(found) => assert_eq!((kind, found.len(), found.mtime()), ("copy", own.len(), own.mtime())),
        }
        assert_eq!(albums(&home).len(), usize::from(kind != "none"), "{kind}: {:?}", albums(&home));
        home.assert_complete("alice");
    }
    assert_eq!(home.google.stats().requests(Endpoint::Media), 1);
}
