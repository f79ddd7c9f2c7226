//! Honest zips: every way in which writers may write the same entries.

use crate::archive::tests::writer::{Item, ZipWriter, noise};
use crate::archive::tests::{part_of, read_all, sound};
use crate::archive::{ArchiveError, EntryKind, Flow, Format, Proof, Wholeness};
use std::io::Read;

fn items() -> Vec<Item> {
    let text = "Auf dem Berg ".repeat(4000);
    vec![
        Item::stored("Takeout/Google Photos/Photos from 2023/IMG_1.jpg", &noise(1, 70_000)),
        Item::deflated("Takeout/Google Photos/Photos from 2023/IMG_1.jpg.json", text.as_bytes()),
        Item::deflated("Takeout/Google Photos/Photos from 2023/IMG_2.heic", &noise(2, 300_000)),
        Item::stored("Takeout/Google Photos/Photos from 2023/", b""),
        Item::stored("Takeout/empty.txt", b""),
        Item::deflated("Takeout/empty.json", b""),
    ]
}

fn expected() -> Vec<(String, Vec<u8>)> {
    let text = "Auf dem Berg ".repeat(4000);
    vec![
        ("Takeout/Google Photos/Photos from 2023/IMG_1.jpg".into(), noise(1, 70_000)),
        ("Takeout/Google Photos/Photos from 2023/IMG_1.jpg.json".into(), text.into_bytes()),
        ("Takeout/Google Photos/Photos from 2023/IMG_2.heic".into(), noise(2, 300_000)),
        ("Takeout/Google Photos/Photos from 2023".into(), Vec::new()),
        ("Takeout/empty.txt".into(), Vec::new()),
        ("Takeout/empty.json".into(), Vec::new()),
    ]
}

fn assert_whole(bytes: &[u8], notes: u64) {
    let mut part = part_of(bytes);
    assert_eq!(part.format(), Format::Zip);
    assert_eq!(part.wholeness().unwrap(), Wholeness::Whole);
    assert_eq!(part.entries_count().unwrap(), Some(expected().len() as u64));
    let (got, ending) = read_all(&mut part, None);
    assert_eq!(sound(&got), expected());
    assert!(ending.is_whole(), "{ending:?}");
    assert_eq!((ending.proof, ending.faults_count), (Proof::EachEntry, notes));
    assert_eq!(got.iter().map(|one| one.ordinal).collect::<Vec<_>>(), (0..6).collect::<Vec<_>>());
    assert_eq!(got[3].kind, EntryKind::Folder);
    assert_eq!(got[0].bytes, Some(70_000));
}

#[test]
fn a_zip_comes_back_byte_for_byte() {
    assert_whole(&ZipWriter::of(&items()).finish(), 0);
}

#[test]
fn lengths_behind_the_data_make_no_difference() {
    let late: Vec<Item> = items().into_iter().map(Item::late).collect();
    assert_whole(&ZipWriter::of(&late).finish(), 0);
}

#[test]
fn zip64_lengths_places_and_counts_are_read() {
    let wide: Vec<Item> = items().into_iter().map(Item::zip64).collect();
    assert_whole(&ZipWriter::of(&wide).finish_zip64(), 0);
    assert_whole(&ZipWriter::of(&items()).finish_zip64(), 0);
}

#[test]
fn data_before_a_zip_does_not_hide_it() {
    let zip = ZipWriter::of(&items()).finish();
    for before in [1, 4096, 300_000] {
        assert_whole(&[noise(9, before), zip.clone()].concat(), 0);
    }
    for is_zip64 in [false, true] {
        let mut counted = ZipWriter { out: noise(9, 5000), ..ZipWriter::default() };
        for item in &items() {
            counted.add(item);
        }
        assert_whole(&if is_zip64 { counted.finish_zip64() } else { counted.finish() }, 0);
    }
}

#[test]
fn data_after_a_zip_does_not_hide_it() {
    let zip = ZipWriter::of(&items()).finish();
    let other = ZipWriter::of(&[Item::stored("other", b"other")]).finish();
    let end = b"PK\x05\x06".to_vec();
    for after in [vec![0], noise(1, 4096), noise(2, 300_000), other, end.clone(), [end, vec![0; 18]].concat()]
    {
        assert_whole(&[zip.clone(), after].concat(), 1);
    }
}

#[test]
fn an_empty_zip_is_whole_and_has_no_entries() {
    let bytes = ZipWriter::default().finish();
    let mut part = part_of(&bytes);
    assert_eq!(part.entries_count().unwrap(), Some(0));
    let (got, ending) = read_all(&mut part, None);
    assert_eq!(got, []);
    assert!(ending.is_whole(), "{ending:?}");
}

#[test]
fn entries_already_dealt_with_are_passed_over() {
    let mut part = part_of(&ZipWriter::of(&items()).finish());
    let (got, ending) = read_all(&mut part, Some(3));
    assert_eq!(got.iter().map(|one| one.ordinal).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(ending.entries, 6);
    let (got, _) = read_all(&mut part, Some(5));
    assert_eq!(got, []);
}

#[test]
fn a_visitor_may_leave_bodies_unread_and_stop() {
    let mut part = part_of(&ZipWriter::of(&items()).finish());
    let mut names = Vec::new();
    let ending = part
        .read_entries::<ArchiveError>(None, &mut |entry, body| {
            names.push(entry.name.text().to_owned());
            if entry.ordinal == 1 {
                body.read_exact(&mut [0; 10]).unwrap();
                assert!(!body.is_read());
            }
            Ok(if entry.ordinal == 2 { Flow::Stop } else { Flow::GoOn })
        })
        .unwrap();
    assert_eq!(names.len(), 3);
    assert_eq!((ending.entries, ending.wholeness), (3, Wholeness::Unknown));
}

#[test]
fn an_error_of_the_visitor_ends_the_walk_as_it_is() {
    let mut part = part_of(&ZipWriter::of(&items()).finish());
    let label = "from the visitor".to_owned();
    let error =
        part.read_entries(None, &mut |_, _| Err(ArchiveError::Empty { label: label.clone() })).unwrap_err();
    assert_eq!(error.to_string(), "`from the visitor` is empty");
}

#[test]
fn times_are_read_from_both_fields() {
    let plain = Item::stored("a", b"x");
    let mut stamped = Item::stored("b", b"x");
    stamped.extra = [&[0x55, 0x54, 5, 0, 1][..], &1_700_000_000_u32.to_le_bytes()].concat();
    let mut absurd = Item::stored("c", b"x");
    absurd.date = (15 << 5 | 31, 31 << 11);
    let zip = ZipWriter::of(&[plain, stamped, absurd]);
    for bytes in [zip.out.clone(), zip.finish()] {
        let mut times = Vec::new();
        let mut take = |entry: &crate::archive::Entry, _: &mut crate::archive::Body<'_>| {
            times.push(entry.mtime);
            Ok::<_, ArchiveError>(Flow::GoOn)
        };
        part_of(&bytes).read_entries(None, &mut take).unwrap();
        // 2001-03-14 15:09:26 by the field of MS-DOS.
        assert_eq!(times[..2], [Some(984_582_566), Some(1_700_000_000)]);
    }
}

#[test]
fn a_fingerprint_tells_contents_apart_and_nothing_else() {
    let zip = ZipWriter::of(&items()).finish();
    let mut other = items();
    other[0] = Item::stored("Takeout/Google Photos/Photos from 2023/IMG_1.jpg", &noise(7, 70_000));
    let other = ZipWriter::of(&other).finish();
    let print = |bytes: &[u8]| part_of(bytes).fingerprint().unwrap();
    assert_eq!(print(&zip), print(&zip.clone()));
    assert_eq!(zip.len(), other.len());
    assert_ne!(print(&zip), print(&other));
    assert_ne!(print(&zip), print(&zip[..zip.len() - 30]));
}
