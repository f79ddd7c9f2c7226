//! Files of a person's own in the tree, and what a person does to files of the library: each case has its outcome.

use crate::context::Home;
use crate::hostile_trees::alice;
use fake_google::{Endpoint, ItemSpec};
use std::fs;
use std::path::Path;

const DAY: &str = "2024-07-01T10:00:00Z";
const MONTH: &str = "photos/2024/07";

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
    fs::write(path, text).expect("writable");
}

fn names(home: &Home) -> Vec<String> {
    let inside = home.paths("alice").into_iter();
    inside.filter_map(|path| path.strip_prefix(&format!("{MONTH}/")).map(str::to_owned)).collect()
}

#[test]
fn a_file_where_a_folder_must_be_stays_and_is_named_with_what_to_do() {
    for path in ["photos", "photos/2024", MONTH] {
        let home = alice();
        let own = home.root("alice").join(path);
        put(&own, "a person's");
        let ran = home.run(&["sync"]);
        assert_eq!(ran.code, 1, "{path}: {}{}", ran.out, ran.err);
        assert_eq!(fs::read_to_string(&own).expect("kept"), "a person's");
        let status = home.run(&["status"]);
        let moved = format!("mv '{0}' '{0}.old'", own.display());
        assert!(ran.says(&moved) || status.says(&moved), "{path}: {}{}", ran.err, status.out);
        fs::rename(&own, home.path("kept")).expect("own file");
        home.run_ok(&["sync"]);
        home.assert_complete("alice");
    }
}

#[test]
fn a_file_of_a_persons_own_at_an_albums_link_stays_and_the_link_goes_beside_it() {
    let home = alice();
    let album = home.root("alice").join("albums/2024/0701 Summer");
    put(&album.join("0000_a.jpg"), "a person's");
    fs::create_dir(album.join("0001_b.jpg")).expect("writable");
    home.run_ok(&["sync"]);
    assert_eq!(fs::read_to_string(album.join("0000_a.jpg")).expect("kept"), "a person's");
    for name in ["0000_a (2).jpg", "0001_b (2).jpg", "0002_c.jpg"] {
        assert!(album.join(name).is_symlink() && album.join(name).exists(), "{name}");
    }
    home.google.account("alice").set_album_items(&home.google.truth("alice").albums[0].id, &[] as &[String]);
    home.run_ok(&["sync", "--full"]);
    assert_eq!(fs::read_to_string(album.join("0000_a.jpg")).expect("kept"), "a person's");
    assert!(!album.join("0000_a (2).jpg").is_symlink());
}

#[test]
fn a_file_that_a_person_deletes_changes_or_moves_is_theirs_and_is_not_fetched_again() {
    let home = alice();
    home.run_ok(&["sync"]);
    let month = home.root("alice").join(MONTH);
    fs::remove_file(month.join("a.jpg")).expect("own file");
    put(&month.join("b.jpg"), "a person's edit");
    fs::create_dir(home.root("alice").join("best")).expect("writable");
    fs::rename(month.join("c.jpg"), home.root("alice").join("best/c.jpg")).expect("own file");
    home.google.reset_stats();
    for args in [&["sync"][..], &["sync", "--full"]] {
        home.run_ok(args);
        assert_eq!(names(&home), ["b.jpg"]);
        assert_eq!(fs::read_to_string(month.join("b.jpg")).expect("kept"), "a person's edit");
        assert_eq!(fs::read(home.root("alice").join("best/c.jpg")).expect("kept"), b"c.jpg");
    }
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
}

#[test]
fn a_name_that_was_given_once_never_goes_to_another_item_though_its_file_is_gone() {
    let home = alice();
    home.run_ok(&["sync"]);
    fs::remove_file(home.root("alice").join(MONTH).join("a.jpg")).expect("own file");
    home.google.account("alice").add_photo(ItemSpec::named("a.jpg").created(DAY).bytes(b"another".to_vec()));
    home.run_ok(&["sync", "--full"]);
    assert_eq!(names(&home), ["a (2).jpg", "b.jpg", "c.jpg"]);
}

#[test]
fn names_alike_but_for_case_or_normalisation_are_never_mixed_up() {
    // One e with its accent, and an e followed by the accent; and two cases of one letter.
    let names_at_google = ["caf\u{e9}.jpg", "cafe\u{301}.jpg", "CAF\u{c9}.jpg", "Caf\u{e9}.JPG"];
    for portable in [false, true] {
        let home = Home::with(&["alice"]);
        home.append_config(&format!("portable-names = {portable}\n"));
        for name in names_at_google {
            let spec = ItemSpec::named(name).created(DAY).bytes(name.as_bytes().to_vec());
            home.google.account("alice").add_photo(spec);
        }
        // A person's own, in a form that Google's names do not have.
        let own = home.root("alice").join(MONTH).join("CAFE\u{301}.jpg");
        put(&own, "a person's");
        home.run_ok(&["sync"]);
        assert_eq!(fs::read_to_string(&own).expect("kept"), "a person's");
        let tree = home.tree("alice");
        for name in names_at_google {
            assert!(tree.values().any(|bytes| bytes == name.as_bytes()), "{name} is missing");
        }
        assert_eq!(tree.len(), 5, "{:?}", tree.keys());
        if portable {
            let mut folded: Vec<String> = names(&home)
                .iter()
                .filter(|name| !name.starts_with("CAFE"))
                .map(|name| name.to_lowercase())
                .collect();
            folded.sort();
            folded.dedup();
            assert_eq!(folded.len(), 4, "no two differ in case alone: {folded:?}");
        }
        home.google.reset_stats();
        home.run_ok(&["sync", "--full"]);
        assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
        assert_eq!(home.tree("alice"), tree);
    }
}

#[test]
fn names_that_are_no_unicode_are_left_alone() {
    use std::os::unix::ffi::OsStrExt as _;
    let home = alice();
    let odd = std::ffi::OsStr::from_bytes(b"odd\xff\xfe.jpg");
    for dir in [MONTH, "albums/2024/0701 Summer", ".gphotos-syncd/trash"] {
        let dir = home.root("alice").join(dir);
        fs::create_dir_all(&dir).expect("writable");
        fs::write(dir.join(odd), "a person's").expect("writable");
    }
    home.run_ok(&["sync"]);
    crate::index_damage::delete_index(&home);
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
    for dir in [MONTH, "albums/2024/0701 Summer", ".gphotos-syncd/trash"] {
        assert_eq!(fs::read(home.root("alice").join(dir).join(odd)).expect("kept"), b"a person's");
    }
}
