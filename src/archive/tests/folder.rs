//! Folders: order, kinds, links, and files that change or cannot be read.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::archive::tests::read_all;
use crate::archive::{ArchiveError, EntryFault, EntryKind, Flow, Format, Part, Proof, Wholeness};
use std::io::Read;

fn tree() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let album = root.path().join("Google Photos/Album");
    fs::create_dir_all(&album).unwrap();
    for (name, content) in [("b.jpg", "b"), ("a.jpg", "aa"), (".DS_Store", "ds"), ("Thumbs.db", "th")] {
        fs::write(album.join(name), content).unwrap();
    }
    fs::create_dir(album.join("@eaDir")).unwrap();
    fs::write(album.join("@eaDir/x"), "syno").unwrap();
    fs::write(root.path().join("archive_browser.html"), "html").unwrap();
    root
}

fn names(part: &mut Part) -> Vec<String> {
    read_all(part, None).0.into_iter().map(|one| one.name).collect()
}

#[test]
fn a_folder_is_walked_in_the_order_of_its_names() {
    let root = tree();
    let mut part = Part::open(root.path()).unwrap();
    assert_eq!((part.format(), part.bytes(), part.entries_count().unwrap()), (Format::Folder, None, Some(9)));
    let (got, ending) = read_all(&mut part, None);
    let names: Vec<_> = got.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "Google Photos",
            "Google Photos/Album",
            "Google Photos/Album/.DS_Store",
            "Google Photos/Album/@eaDir",
            "Google Photos/Album/@eaDir/x",
            "Google Photos/Album/Thumbs.db",
            "Google Photos/Album/a.jpg",
            "Google Photos/Album/b.jpg",
            "archive_browser.html"
        ]
    );
    assert_eq!(got[6].content, Ok(b"aa".to_vec()));
    assert_eq!((got[0].kind, got[6].bytes), (EntryKind::Folder, Some(2)));
    assert_eq!((ending.is_whole(), ending.proof, ending.entries), (true, Proof::None, 9));
    let (got, ending) = read_all(&mut part, Some(6));
    assert_eq!((got[0].name.as_str(), got.len(), ending.entries), ("Google Photos/Album/b.jpg", 2, 9));
}

#[test]
fn links_and_pipes_are_told_and_never_followed() {
    let root = tree();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    symlink(outside.path(), root.path().join("to folder")).unwrap();
    symlink(outside.path().join("secret"), root.path().join("to file")).unwrap();
    symlink(root.path(), root.path().join("to itself")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.path().join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let (got, ending) = read_all(&mut Part::open(root.path()).unwrap(), None);
    let others: Vec<_> = got.iter().filter(|one| matches!(one.kind, EntryKind::Other(_))).collect();
    assert_eq!(others.len(), 4);
    assert!(others.iter().all(|one| one.content == Ok(Vec::new())));
    assert!(ending.is_whole());
    assert!(
        matches!(Part::open(&root.path().join("pipe")), Err(ArchiveError::Open { .. })),
        "and does not wait"
    );
}

#[test]
fn a_fingerprint_follows_names_lengths_and_times() {
    let root = tree();
    let print = || Part::open(root.path()).unwrap().fingerprint().unwrap();
    let first = print();
    assert_eq!(first, print());
    let file = root.path().join("Google Photos/Album/a.jpg");
    let time = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, "ab").unwrap();
    fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(time + std::time::Duration::from_secs(1))
        .unwrap();
    let second = print();
    assert_ne!(first, second);
    fs::rename(&file, file.with_file_name("c.jpg")).unwrap();
    assert_ne!(second, print());
}

#[test]
fn a_folder_with_more_names_than_are_sorted_at_once_is_walked_in_order() {
    let root = tempfile::tempdir().unwrap();
    let count = 40_000;
    (0..count).for_each(|n| drop(fs::File::create(root.path().join(format!("{n:06}"))).unwrap()));
    let mut next = 0;
    let mut part = Part::open(root.path()).unwrap();
    part.read_entries::<ArchiveError>(None, &mut |entry, _| {
        assert_eq!(entry.name.text(), format!("{next:06}"));
        next += 1;
        Ok(Flow::GoOn)
    })
    .unwrap();
    assert_eq!(next, count);
}

#[test]
fn a_file_that_changes_while_it_is_read_is_a_fault_of_its_own() {
    let root = tree();
    let album = root.path().join("Google Photos/Album");
    let mut seen = Vec::new();
    let ending = Part::open(root.path())
        .unwrap()
        .read_entries::<ArchiveError>(None, &mut |entry, body| {
            match entry.name.text() {
                "Google Photos/Album/a.jpg" => fs::write(album.join("a.jpg"), "a").unwrap(),
                "Google Photos/Album/b.jpg" => fs::write(album.join("b.jpg"), "bbb").unwrap(),
                "Google Photos/Album/Thumbs.db" => fs::remove_file(album.join("Thumbs.db")).unwrap(),
                _ => {}
            }
            if let Err(error) = body.read_to_end(&mut Vec::new()) {
                seen.push(EntryFault::of(&error).unwrap().clone());
            }
            Ok(Flow::GoOn)
        })
        .unwrap();
    assert!(matches!(&seen[..], [EntryFault::Broken(_), EntryFault::Short, EntryFault::TooLong]), "{seen:?}");
    assert_eq!((ending.entries, ending.faults_count), (9, 3));
}

#[test]
fn a_name_that_is_not_utf8_is_an_entry() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(std::ffi::OsStr::from_bytes(b"\xff\xfe.jpg")), "x").unwrap();
    assert_eq!(names(&mut Part::open(root.path()).unwrap()), ["\u{fffd}\u{fffd}.jpg"]);
}

#[test]
fn a_folder_that_cannot_be_read_makes_the_part_not_whole() {
    let root = tree();
    let deep = (0..70).fold(root.path().join("deep"), |path, _| path.join("d"));
    fs::create_dir_all(deep).unwrap();
    let (got, ending) = read_all(&mut Part::open(root.path()).unwrap(), None);
    assert!(
        got.iter().any(|one| one.name == "archive_browser.html"),
        "what is before it is read all the same"
    );
    assert!(matches!(ending.wholeness, Wholeness::Damaged(_)), "{ending:?}");
    assert!(ending.faults.iter().any(|why| why.contains("deep/d/d")), "{ending:?}");
}

#[test]
fn what_is_not_there_is_an_error_with_its_path() {
    let error = Part::open(Path::new("/nowhere/takeout-1.zip")).unwrap_err();
    assert_eq!(error.to_string(), "cannot open `/nowhere/takeout-1.zip`");
}
