//! Tests of `fs`: links.

use crate::fs::Placed;
use crate::fs::tests::{both_ways, put, text};

#[test]
fn a_link_keeps_its_text_and_replaces_nothing() {
    both_ways(|root, inside| {
        put(root, "photos/a", "x");
        root.create_dir_all("albums").unwrap();
        assert_eq!(root.symlink("../photos/a", "albums/l").unwrap(), Placed::Done);
        assert_eq!(root.symlink("elsewhere", "albums/l").unwrap(), Placed::Taken);
        assert_eq!(root.read_link("albums/l").unwrap().as_deref(), Some("../photos/a"));
        assert_eq!(text(&inside.join("albums/l")), "x");
        for other in ["photos/a", "photos", "none", "no/ne"] {
            assert_eq!(root.read_link(other).unwrap(), None, "{other}");
        }
    });
}

#[test]
fn a_hard_link_is_the_same_file_and_replaces_nothing() {
    both_ways(|root, _| {
        put(root, "a", "x");
        put(root, "b", "y");
        assert_eq!(root.hardlink("a", "c").unwrap(), Placed::Done);
        assert_eq!(root.hardlink("b", "c").unwrap(), Placed::Taken);
        assert!(root.same_file("a", "c").unwrap());
        assert!(!root.same_file("a", "b").unwrap() && !root.same_file("a", "none").unwrap());
        assert!(root.hardlink("none", "d").is_err());
        root.symlink("a", "l").unwrap();
        assert!(root.hardlink("l", "d").is_err(), "a second name of a link is not a file's");
    });
}
