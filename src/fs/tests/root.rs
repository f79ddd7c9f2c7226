//! Tests of `fs`: root.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::fs::tests::{both_ways, put, text};
use crate::fs::{EntryKind, FsError, Placed, Root};

/// Every call that takes a path, with the path as its subject; whether it changed or gave out anything.
type Call = (&'static str, fn(&Root, &str) -> Result<bool, FsError>);

const CALLS: [Call; 13] = [
    ("open_partial", |r, p| r.open_partial(p, 0o644, false).map(|mut f| f.write_all(b"evil").is_ok())),
    ("open_partial, kept", |r, p| r.open_partial(p, 0o644, true).map(|mut f| f.write_all(b"evil").is_ok())),
    ("open_file", |r, p| r.open_file(p).map(|f| f.is_some())),
    ("place to", |r, p| {
        put(r, "own", "own");
        r.place("own", p).map(|placed| placed == Placed::Done)
    }),
    ("place from", |r, p| r.place(p, "moved").map(|_| true)),
    ("set_mtime", |r, p| r.set_mtime(p, 7).map(|()| true)),
    ("symlink", |r, p| r.symlink("x", p).map(|placed| placed == Placed::Done)),
    ("hardlink to", |r, p| {
        put(r, "own", "own");
        r.hardlink("own", p).map(|placed| placed == Placed::Done)
    }),
    ("hardlink from", |r, p| r.hardlink(p, "second").map(|_| true)),
    ("remove_file", |r, p| r.remove_file(p).map(|()| true)),
    ("write_atomic", |r, p| r.write_atomic(p, b"evil", 0o644).map(|()| true)),
    ("create_dir_all", |r, p| r.create_dir_all(p).map(|()| true)),
    ("remove_empty_dirs", |r, p| r.remove_empty_dirs(p, "").map(|()| true)),
];

fn plant(inside: &Path, level: usize) -> std::path::PathBuf {
    let outside = inside.parent().unwrap().join("outside");
    std::fs::create_dir_all(outside.join("b/c")).unwrap();
    std::fs::write(outside.join("b/c/file"), "theirs").unwrap();
    let (link, target) = [("a", ""), ("a/b", "b"), ("a/b/c", "b/c")][level];
    if let Some(parent) = Path::new(link).parent() {
        std::fs::create_dir_all(inside.join(parent)).unwrap();
    }
    symlink(outside.join(target), inside.join(link)).unwrap();
    outside
}

#[test]
fn a_link_planted_at_any_level_leads_no_call_outside() {
    for level in 0..3 {
        both_ways(|root, inside| {
            let outside = plant(inside, level);
            for (name, call) in CALLS {
                for path in ["a/b/c/file", "a/b/c/new"] {
                    let answer = call(root, path);
                    assert!(answer.is_err(), "{name} {path} through a link at level {level}: {answer:?}");
                }
                assert_eq!(text(&outside.join("b/c/file")), "theirs", "{name} at level {level}");
                let names = std::fs::read_dir(outside.join("b/c")).unwrap().count();
                assert_eq!(names, 1, "{name} at level {level}");
            }
            assert!(root.entry("a/b/c/file").is_err() && root.list("a/b/c").is_err());
            assert!(root.read_link("a/b/c/file").is_err() && root.sync_dir("a/b/c").is_err());
        });
    }
}

#[test]
fn a_link_at_the_name_itself_is_never_followed() {
    for (name, call) in CALLS {
        both_ways(|root, inside| {
            let victim = inside.parent().unwrap().join("victim");
            std::fs::write(&victim, "theirs").unwrap();
            let before = std::fs::metadata(&victim).unwrap().modified().unwrap();
            symlink(&victim, inside.join("link")).unwrap();
            let _ = call(root, "link");
            assert_eq!(text(&victim), "theirs", "{name}");
            assert_eq!(std::fs::metadata(&victim).unwrap().modified().unwrap(), before, "{name}");
        });
    }
}

#[test]
fn paths_that_are_not_plain_are_refused() {
    both_ways(|root, _| {
        for path in ["", "/etc/passwd", ".", "..", "a/../b", "../x", "a//b", "a/", "./a", "a/./b"] {
            for (name, call) in CALLS {
                let is_the_root = path.is_empty() && matches!(name, "create_dir_all" | "remove_empty_dirs");
                assert_eq!(call(root, path).is_err(), !is_the_root, "{name} `{path}`");
            }
        }
    });
}

#[test]
fn a_pipe_at_the_name_is_refused_at_once() {
    both_ways(|root, inside| {
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, inside.join("pipe"), rustix::fs::FileType::Fifo, mode, 0)
            .unwrap();
        assert!(root.open_file("pipe").is_err());
        assert!(root.open_partial("pipe", 0o600, true).is_err());
        assert_eq!(root.entry("pipe").unwrap().unwrap().kind, EntryKind::Other);
    });
}

#[test]
fn a_partial_file_is_kept_for_resuming_or_truncated() {
    both_ways(|root, inside| {
        put(root, "p/x", "half");
        let mut seen = String::new();
        root.open_partial("p/x", 0o640, true).unwrap().read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "half");
        let mode = std::fs::metadata(inside.join("p/x")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        root.open_partial("p/x", 0o640, false).unwrap();
        assert_eq!(text(&inside.join("p/x")), "");
    });
}

#[test]
fn a_partial_name_of_a_placed_file_never_changes_that_file() {
    both_ways(|root, inside| {
        put(root, "partial", "whole");
        root.hardlink("partial", "photo").unwrap();
        root.open_partial("partial", 0o600, false).unwrap().write_all(b"new").unwrap();
        assert_eq!(
            (text(&inside.join("photo")), text(&inside.join("partial"))),
            ("whole".into(), "new".into())
        );
    });
}

#[test]
fn folders_are_made_once_and_again_after_somebody_removed_them() {
    both_ways(|root, inside| {
        for _ in 0..2 {
            root.create_dir_all("photos/2024/05").unwrap();
            put(root, "photos/2024/05/a.jpg", "x");
            std::fs::remove_dir_all(inside.join("photos")).unwrap();
        }
        assert!(root.entry("photos/2024/05/a.jpg").unwrap().is_none());
        std::fs::write(inside.join("file"), "").unwrap();
        assert!(root.create_dir_all("file/below").is_err() && root.create_dir_all("file").is_err());
    });
}

#[test]
fn a_folder_that_was_moved_away_is_found_anew_after_a_sync() {
    both_ways(|root, inside| {
        root.create_dir_all("photos/2024").unwrap();
        std::fs::rename(inside.join("photos"), inside.parent().unwrap().join("away")).unwrap();
        root.sync_fs().unwrap();
        put(root, "photos/2024/a", "x");
        assert_eq!(text(&inside.join("photos/2024/a")), "x");
    });
}

#[test]
fn more_folders_than_are_held_all_stay_reachable() {
    both_ways(|root, inside| {
        for n in 0..100 {
            put(root, &format!("d/{n}/f"), &n.to_string());
        }
        for n in 0..100 {
            assert_eq!(text(&inside.join(format!("d/{n}/f"))), n.to_string());
            assert!(root.entry(&format!("d/{n}/f")).unwrap().is_some());
        }
    });
}

#[test]
fn only_empty_folders_are_removed_and_never_the_one_to_stop_at() {
    both_ways(|root, inside| {
        root.create_dir_all("albums/2024/rome").unwrap();
        put(root, "albums/2023/x", "");
        root.remove_empty_dirs("albums/2024/rome", "albums").unwrap();
        assert_eq!(root.list("albums").unwrap(), ["2023"]);
        root.remove_empty_dirs("albums/2023", "albums").unwrap();
        root.remove_empty_dirs("albums/gone/deep", "albums").unwrap();
        root.remove_empty_dirs("albumsx", "albums").unwrap();
        assert_eq!(root.list("").unwrap(), ["albums"]);
        assert!(inside.join("albums/2023/x").exists());
    });
}

#[test]
fn entries_tell_kind_length_and_time() {
    both_ways(|root, _| {
        put(root, "f", "12345");
        root.set_mtime("f", -86_400).unwrap();
        root.symlink("nowhere", "l").unwrap();
        root.create_dir_all("d").unwrap();
        let file = root.entry("f").unwrap().unwrap();
        assert_eq!((file.kind, file.bytes, file.mtime), (EntryKind::File, 5, -86_400));
        assert_eq!(root.entry("l").unwrap().unwrap().kind, EntryKind::Link);
        assert_eq!(root.entry("d").unwrap().unwrap().kind, EntryKind::Dir);
        assert!(root.entry("none").unwrap().is_none() && root.entry("no/ne").unwrap().is_none());
        assert!(root.open_file("none").unwrap().is_none() && root.open_file("no/ne").unwrap().is_none());
        root.remove_file("none").unwrap();
        root.remove_file("no/ne").unwrap();
        root.remove_file("f").unwrap();
        root.sync_dir("d").unwrap();
        assert_eq!(root.list("").unwrap(), ["d", "l"]);
        assert!(root.list("none").unwrap().is_empty());
        assert!(root.free_bytes().unwrap() > 0);
    });
}

#[test]
fn a_root_is_never_created() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Root::open(&dir.path().join("none")).is_err());
    std::fs::write(dir.path().join("file"), "").unwrap();
    assert!(Root::open(&dir.path().join("file")).is_err());
}
