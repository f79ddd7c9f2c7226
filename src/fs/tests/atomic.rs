//! Tests of `fs`: atomic.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::fs::tests::{both_ways, put, text};
use crate::fs::write_atomic;

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn names(dir: &Path) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

#[test]
fn the_file_has_exactly_its_bytes_and_mode() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    for (bytes, want) in [("first", 0o600), ("second", 0o640), ("3", 0o666), ("4", 0o400)] {
        write_atomic(&path, bytes.as_bytes(), want).unwrap();
        assert_eq!((text(&path), mode(&path)), (bytes.to_owned(), want));
    }
    assert_eq!(names(dir.path()), 1, "no temporary file is left");
}

#[test]
fn a_failed_write_leaves_the_old_file_and_no_temporary_one() {
    let dir = tempfile::tempdir().unwrap();
    // A folder at the name lets everything succeed up to the rename, which is the last step that can fail.
    std::fs::create_dir_all(dir.path().join("token/old")).unwrap();
    let error = write_atomic(&dir.path().join("token"), b"new", 0o600).unwrap_err();
    assert!(error.to_string().starts_with("cannot write the file `"), "{error}");
    assert!(dir.path().join("token/old").exists());
    assert_eq!(names(dir.path()), 1);
    assert!(write_atomic(&dir.path().join("none/token"), b"new", 0o600).is_err());
}

#[test]
fn a_link_at_the_name_is_replaced_and_its_target_untouched() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("target"), "old").unwrap();
    symlink("target", dir.path().join("token")).unwrap();
    write_atomic(&dir.path().join("token"), b"new", 0o600).unwrap();
    assert_eq!(
        (text(&dir.path().join("target")), text(&dir.path().join("token"))),
        ("old".into(), "new".into())
    );
}

#[test]
fn below_a_root_the_temporary_file_is_in_the_partial_folder() {
    both_ways(|root, inside| {
        put(root, "photos/a.json", "old");
        root.write_atomic("photos/a.json", b"new", 0o640).unwrap();
        assert_eq!(
            (text(&inside.join("photos/a.json")), mode(&inside.join("photos/a.json"))),
            ("new".into(), 0o640)
        );
        assert_eq!((names(&inside.join("photos")), names(&inside.join(".gphotos-syncd/partial"))), (1, 0));
        root.create_dir_all("photos/folder/full").unwrap();
        assert!(root.write_atomic("photos/folder", b"new", 0o640).is_err());
        assert!(root.write_atomic("missing/a", b"new", 0o640).is_err());
        assert_eq!(names(&inside.join(".gphotos-syncd/partial")), 0);
    });
}

#[test]
fn what_a_killed_process_left_is_removed_an_hour_later_by_the_next_write() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    write_atomic(&path, b"first", 0o600).unwrap();
    let now = std::fs::metadata(&path).unwrap().modified().unwrap();
    for (name, minutes) in
        [(".gphotos-syncd-tmp-1-0-0a", 61), (".gphotos-syncd-tmp-2-0-0b", 59), (".other-tmp", 999)]
    {
        std::fs::write(dir.path().join(name), "secret").unwrap();
        let file = std::fs::File::options().write(true).open(dir.path().join(name)).unwrap();
        file.set_modified(now - std::time::Duration::from_secs(minutes * 60)).unwrap();
    }
    write_atomic(&path, b"second", 0o600).unwrap();
    assert!(!dir.path().join(".gphotos-syncd-tmp-1-0-0a").exists());
    assert_eq!(names(dir.path()), 3, "one that may be written just now, and another program's, stay");
}
