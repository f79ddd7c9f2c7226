//! Tests of `fs`: place.

use std::os::fd::OwnedFd;
use std::path::Path;

use crate::fs::place::{Name, Way, place_by};
use crate::fs::tests::{both_ways, put, text};
use crate::fs::{Placed, Root};

const WAYS: [Way; 3] = [Way::Rename, Way::Link, Way::Check];

fn folder(path: &Path) -> OwnedFd {
    std::fs::File::open(path).unwrap().into()
}

/// A folder `from` with the file `f`, a folder `to`, and the move of one to the other by one way.
fn with_each_way(prepare: impl Fn(&Root), check: impl Fn(Way, rustix::io::Result<Placed>, &Path)) {
    for way in WAYS {
        both_ways(|root, inside| {
            put(root, "from/f", "new");
            root.create_dir_all("to").unwrap();
            prepare(root);
            let (from, to) = (folder(&inside.join("from")), folder(&inside.join("to")));
            let placed = place_by(way, Name { dir: &from, name: "f" }, Name { dir: &to, name: "g" });
            check(way, placed, inside);
        });
    }
}

#[test]
fn every_way_moves_a_file_across_folders() {
    with_each_way(
        |_| {},
        |way, placed, inside| {
            assert_eq!(placed, Ok(Placed::Done), "{way:?}");
            assert_eq!(text(&inside.join("to/g")), "new");
            assert!(!inside.join("from/f").exists(), "{way:?}");
        },
    );
}

#[test]
fn no_way_replaces_a_file() {
    with_each_way(
        |root| put(root, "to/g", "old"),
        |way, placed, inside| {
            assert_eq!(placed, Ok(Placed::Taken), "{way:?}");
            assert_eq!(
                (text(&inside.join("to/g")), text(&inside.join("from/f"))),
                ("old".into(), "new".into())
            );
        },
    );
}

#[test]
fn no_way_replaces_a_dangling_link_or_a_folder() {
    with_each_way(
        |root| assert_eq!(root.symlink("nowhere", "to/g").unwrap(), Placed::Done),
        |way, placed, inside| {
            assert_eq!(placed, Ok(Placed::Taken), "{way:?}");
            assert!(inside.join("to/g").is_symlink() && inside.join("from/f").exists());
        },
    );
    with_each_way(
        |root| root.create_dir_all("to/g").unwrap(),
        |way, placed, _| assert_eq!(placed, Ok(Placed::Taken), "{way:?}"),
    );
}

#[test]
fn a_move_cut_short_between_link_and_unlink_is_finished() {
    with_each_way(
        |root| assert_eq!(root.hardlink("from/f", "to/g").unwrap(), Placed::Done),
        |way, placed, inside| {
            assert_eq!(placed, Ok(Placed::Done), "{way:?}");
            assert_eq!(text(&inside.join("to/g")), "new");
            assert!(!inside.join("from/f").exists(), "{way:?}");
        },
    );
}

#[test]
fn a_move_to_its_own_name_changes_nothing() {
    both_ways(|root, inside| {
        put(root, "a/f", "x");
        root.hardlink("a/f", "a/second").unwrap();
        assert_eq!(root.place("a/f", "a/f").unwrap(), Placed::Taken);
        assert_eq!(text(&inside.join("a/f")), "x");
    });
}

#[test]
fn a_missing_source_or_folder_is_an_error() {
    both_ways(|root, _| {
        put(root, "f", "x");
        assert!(root.place("none", "g").is_err());
        assert!(root.place("f", "none/g").is_err());
        assert_eq!(root.place("f", "g").unwrap(), Placed::Done);
    });
}

#[test]
fn thousands_of_small_files_are_placed_quickly() {
    both_ways(|root, inside| {
        root.create_dir_all(".gphotos-syncd/partial").unwrap();
        for n in 0..2_000 {
            let dir = format!("photos/2024/{:02}", n % 12 + 1);
            root.create_dir_all(&dir).unwrap();
            root.open_partial(".gphotos-syncd/partial/p", 0o640, false).unwrap();
            assert_eq!(root.place(".gphotos-syncd/partial/p", &format!("{dir}/{n}")).unwrap(), Placed::Done);
        }
        assert_eq!(std::fs::read_dir(inside.join("photos/2024/01")).unwrap().count(), 167);
    });
}
