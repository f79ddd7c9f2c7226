//! What people and other programs put into a library's root, before and between runs: it stays, and nothing outside changes.

use crate::context::{Home, skipped};
use crate::exports::hex;
use fake_google::{Endpoint, ItemSpec};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

const DAY: &str = "2024-07-01T10:00:00Z";
const MONTH: &str = "photos/2024/07";

/// A library of three photos and an album, not synced yet, with a neighbouring folder that nothing may change.
pub(crate) fn alice() -> Home {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let ids: Vec<String> = ["a.jpg", "b.jpg", "c.jpg"]
        .map(|name| alice.add_photo(ItemSpec::named(name).created(DAY).bytes(name.as_bytes().to_vec())))
        .to_vec();
    alice.add_album("Summer", &ids);
    let outside = home.path("outside");
    fs::create_dir_all(outside.join("deep")).expect("writable");
    for name in ["a.jpg", "precious", "deep/diary"] {
        fs::write(outside.join(name), format!("a person's {name}")).expect("writable");
    }
    home
}

/// Everything below a folder: kind, mode, time and digest by path; links are not followed.
pub(crate) fn listing(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut left = vec![dir.to_owned()];
    while let Some(path) = left.pop() {
        let meta = fs::symlink_metadata(&path).expect("readable");
        let content = if meta.is_dir() {
            left.extend(fs::read_dir(&path).expect("readable").map(|entry| entry.expect("readable").path()));
            String::new()
        } else if meta.is_symlink() {
            fs::read_link(&path).expect("a link").display().to_string()
        } else if meta.is_file() {
            hex(&fs::read(&path).expect("readable"))
        } else {
            "special".to_owned()
        };
        let of_meta = format!("{:o} {} {}.{}", meta.mode(), meta.nlink(), meta.mtime(), meta.mtime_nsec());
        found.insert(path, format!("{of_meta} {content}"));
    }
    found
}

#[track_caller]
fn assert_same(before: &BTreeMap<PathBuf, String>, after: &BTreeMap<PathBuf, String>, what: &str) {
    let changed: Vec<_> = before
        .iter()
        .filter(|(path, _)| before.get(*path) != after.get(*path))
        .map(|(path, was)| (path, was, after.get(path)))
        .collect();
    assert!(changed.is_empty() && before.len() == after.len(), "{what}: {changed:?}, {after:?}");
}

/// Puts a link to `target` where `path` is, which is moved away if it is there.
fn plant(home: &Home, path: &str, target: &Path) {
    let at = home.root("alice").join(path);
    if fs::symlink_metadata(&at).is_ok() {
        fs::rename(&at, home.path("moved")).expect("own tree");
    }
    fs::create_dir_all(at.parent().expect("a folder")).expect("writable");
    symlink(target, &at).expect("writable");
}

/// Takes the link away and puts back what was there.
fn mend(home: &Home, path: &str) {
    let at = home.root("alice").join(path);
    fs::remove_file(&at).expect("the link is still there");
    if home.path("moved").exists() {
        let _ = fs::remove_dir_all(&at);
        fs::rename(home.path("moved"), &at).expect("own tree");
    }
}

const FOLDERS: [&str; 8] = [
    "photos",
    "photos/2024",
    MONTH,
    "albums",
    "albums/2024",
    "albums/2024/0701 Summer",
    ".gphotos-syncd",
    ".gphotos-syncd/partial",
];

#[test]
fn a_link_in_place_of_a_folder_leads_nothing_outside_before_the_first_run_and_between_runs() {
    for synced in [false, true] {
        for path in FOLDERS {
            let home = alice();
            if synced {
                home.run_ok(&["sync"]);
            }
            let outside = listing(&home.path("outside"));
            plant(&home, path, &home.path("outside"));
            // Something to do in every folder.
            let new = ItemSpec::named("new.jpg").created(DAY).bytes(b"new".to_vec());
            let id = home.google.account("alice").add_photo(new);
            home.google.account("alice").add_album("Autumn", &[&id]);
            let first = home.run(&["sync", "--full"]);
            home.run(&["status"]);
            let what = format!("{path}, synced before: {synced}: {}{}", first.out, first.err);
            assert_same(&outside, &listing(&home.path("outside")), &what);
            assert!(
                fs::symlink_metadata(home.root("alice").join(path)).expect("kept").is_symlink(),
                "{what}"
            );
            mend(&home, path);
            home.run_ok(&["sync", "--full"]);
            home.assert_complete("alice");
        }
    }
}

#[test]
fn a_link_in_place_of_a_file_of_the_state_is_not_written_through() {
    for name in ["index.sqlite", "lock", "library", "account"] {
        let home = alice();
        let path = format!(".gphotos-syncd/{name}");
        plant(&home, &path, &home.path("outside/precious"));
        let outside = listing(&home.path("outside"));
        home.run(&["status"]);
        let ran = home.run(&["sync"]);
        let what = format!("{name}: {}{}", ran.out, ran.err);
        assert_same(&outside, &listing(&home.path("outside")), &what);
        if name != "account" {
            assert_ne!(ran.code, 0, "{what}");
            mend(&home, &path);
        }
        home.run_ok(&["sync"]);
        home.assert_complete("alice");
    }
}

#[test]
fn a_link_in_place_of_the_token_is_not_written_through() {
    let home = alice();
    let token = home.root("alice").join(".gphotos.token");
    fs::rename(&token, home.path("outside/token")).expect("own file");
    symlink(home.path("outside/token"), &token).expect("writable");
    home.google.account("alice").expire_access_tokens();
    let outside = listing(&home.path("outside"));
    let ran = home.run(&["sync"]);
    assert_same(&outside, &listing(&home.path("outside")), &format!("{}{}", ran.out, ran.err));
}

#[test]
fn a_link_in_place_of_a_stored_file_is_a_persons_matter() {
    let home = alice();
    home.run_ok(&["sync"]);
    let stored = home.root("alice").join(MONTH).join("a.jpg");
    fs::rename(&stored, home.path("outside/kept.jpg")).expect("own file");
    symlink(home.path("outside/kept.jpg"), &stored).expect("writable");
    let outside = listing(&home.path("outside"));
    home.google.reset_stats();
    home.run(&["sync", "--full"]).assert(0, &["alice"]);
    assert_same(&outside, &listing(&home.path("outside")), "the file that it leads to");
    assert!(fs::symlink_metadata(&stored).expect("kept").is_symlink());
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
}

#[test]
fn a_file_with_a_second_name_elsewhere_is_never_written_through_either() {
    let home = alice();
    let secret = home.path("outside/precious");
    let month = home.root("alice").join(MONTH);
    fs::create_dir_all(&month).expect("writable");
    fs::hard_link(&secret, month.join("a.jpg")).expect("one file system");
    let partial = home.root("alice").join(".gphotos-syncd/partial");
    fs::create_dir_all(&partial).expect("writable");
    // Under the name that the file of an item has while it arrives.
    let id = home.google.truth("alice").items[0].id.clone();
    let key = &hex(id.as_bytes())[..16];
    fs::hard_link(&secret, partial.join(format!("{key}-m"))).expect("one file system");
    home.run_ok(&["sync"]);
    assert_eq!(fs::read_to_string(&secret).expect("there"), "a person's precious");
    assert_eq!(fs::read_to_string(month.join("a.jpg")).expect("there"), "a person's precious");
    assert_eq!(fs::read(month.join("a (2).jpg")).expect("there"), b"a.jpg");

    // A stored file that a person links to elsewhere stays one file with two names.
    fs::hard_link(month.join("b.jpg"), home.path("outside/b.jpg")).expect("one file system");
    home.run_ok(&["sync", "--full"]);
    assert_eq!(fs::read(home.path("outside/b.jpg")).expect("there"), b"b.jpg");
}

/// Makes pipes, a socket and, where this user may, a device.
fn make_special(dir: &Path, names: [&str; 3]) {
    fs::create_dir_all(dir).expect("writable");
    let made = Command::new("mkfifo").arg(dir.join(names[0])).status().expect("mkfifo is there");
    assert!(made.success());
    drop(UnixListener::bind(dir.join(names[1])).expect("a socket"));
    let device =
        Command::new("mknod").arg(dir.join(names[2])).args(["c", "1", "3"]).output().expect("mknod is there");
    if !device.status.success() {
        skipped("no device can be made here");
        fs::write(dir.join(names[2]), "a file instead").expect("writable");
    }
}

#[test]
fn pipes_sockets_and_devices_at_names_of_items_and_links_stay_and_block_nothing() {
    let home = alice();
    let month = home.root("alice").join(MONTH);
    make_special(&month, ["a.jpg", "b.jpg", "c.jpg"]);
    let album = home.root("alice").join("albums/2024/0701 Summer");
    make_special(&album, ["0000_a (2).jpg", "0001_b (2).jpg", "0002_c (2).jpg"]);
    home.run_ok(&["sync"]);
    for name in ["a", "b", "c"] {
        let new = fs::read(month.join(format!("{name} (2).jpg"))).expect("the item came beside it");
        assert_eq!(new, format!("{name}.jpg").into_bytes());
    }
    assert!(fs::symlink_metadata(month.join("a.jpg")).expect("kept").file_type().is_fifo());
    assert!(fs::symlink_metadata(month.join("b.jpg")).expect("kept").file_type().is_socket());
    let links = fs::read_dir(&album)
        .expect("there")
        .filter(|entry| entry.as_ref().expect("readable").path().is_symlink());
    assert_eq!(links.count(), 3);
    home.google.reset_stats();
    home.run_ok(&["sync", "--full"]);
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
}

#[test]
fn a_pipe_at_a_name_of_the_state_ends_the_run_with_a_reason() {
    for name in ["index.sqlite", "lock", "library", "account"] {
        let home = alice();
        let dir = home.root("alice").join(".gphotos-syncd");
        fs::create_dir(&dir).expect("writable");
        let made = Command::new("mkfifo").arg(dir.join(name)).status().expect("mkfifo is there");
        assert!(made.success());
        let ran = home.run(&["sync"]);
        assert!(
            fs::symlink_metadata(dir.join(name)).is_ok_and(|m| m.file_type().is_fifo()) || ran.code == 0,
            "{name}"
        );
        assert!(ran.code == 0 || ran.says(name), "{name}: {}{}", ran.out, ran.err);
        fs::remove_file(dir.join(name)).expect("own pipe");
        home.run_ok(&["sync"]);
        home.assert_complete("alice");
    }
}
