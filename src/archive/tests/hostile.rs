//! Zips that were made to harm: none of them takes more time, memory or trust than its bytes are worth.

use crate::archive::tests::writer::{Item, ZipWriter, crc, deflate, deflate_well, noise};
use crate::archive::tests::{Got, part_of, read, read_all, sound};
use crate::archive::{ArchiveError, EntryFault, EntryKind, Flow, Proof, Wholeness};
use std::io::Read;

fn good(name: &str) -> Item {
    Item::deflated(name, &noise(5, 3000))
}

/// Reads a zip of one bad entry between two good ones, which must come through; gives the bad one.
fn between(bad: Item) -> Got {
    let (got, ending) = read(&ZipWriter::of(&[good("before"), bad, good("after")]).finish());
    assert_eq!(
        sound(&[got[0].clone(), got[2].clone()]),
        [("before".to_owned(), noise(5, 3000)), ("after".to_owned(), noise(5, 3000))]
    );
    assert!(ending.is_whole(), "{ending:?}");
    assert_eq!(ending.faults_count, u64::from(got[1].content.is_err()));
    got[1].clone()
}

#[test]
fn a_wrong_checksum_is_named_and_the_next_entry_is_read() {
    for item in [Item::stored("x", b"content"), Item::deflated("x", b"content")] {
        let got = between(Item { crc: 1, ..item });
        assert_eq!(got.content, Err(EntryFault::Crc));
    }
}

#[test]
fn the_last_bytes_of_an_entry_with_a_wrong_checksum_are_never_given() {
    let zip = ZipWriter::of(&[Item { crc: 1, ..Item::stored("x", &noise(1, 1000)) }]).finish();
    let mut seen = 0;
    part_of(&zip)
        .read_entries::<ArchiveError>(None, &mut |_, body| {
            let mut buffer = [0; 64];
            while let Ok(count) = body.read(&mut buffer) {
                assert!(count > 0, "the end was reached without a word");
                seen += count;
            }
            assert!(body.read(&mut buffer).is_err() && !body.is_read(), "the fault stays");
            Ok(Flow::GoOn)
        })
        .unwrap();
    assert_eq!(seen, 1000 - 1000 % 64);
}

#[test]
fn lying_lengths_are_named() {
    let item = Item::deflated("x", &noise(1, 1000));
    assert_eq!(between(Item { bytes: 999, ..item.clone() }).content, Err(EntryFault::TooLong));
    assert_eq!(between(Item { bytes: 1001, ..item.clone() }).content, Err(EntryFault::Short));
    assert_eq!(between(Item { packed: item.packed - 9, ..item.clone() }).content, Err(EntryFault::Short));
    assert!(matches!(
        between(Item { bytes: 9, ..Item::stored("x", b"12345678") }).content,
        Err(EntryFault::Broken(_))
    ));
    assert_eq!(between(Item { bytes: 0, crc: 0, ..item }).content, Err(EntryFault::TooLong));
}

#[test]
fn encrypted_entries_and_unknown_methods_are_named() {
    for bit in [0, 6, 13] {
        let got = between(Item { flags: 1 << bit, ..good("x") });
        assert_eq!(got.content, Err(EntryFault::Encrypted));
    }
    for method in [1, 9, 12, 14, 93, 95, 99, 0xffff] {
        let got = between(Item { method, ..good("x") });
        assert_eq!(got.content, Err(EntryFault::Method(method)));
    }
}

#[test]
fn damaged_data_is_named() {
    let mut item = good("x");
    item.data[0] = 0xff;
    assert!(matches!(between(item).content, Err(EntryFault::Broken(_))));
}

#[test]
fn links_and_devices_have_no_bytes() {
    for (mode, what) in [
        (0o120_777, "symbolic link"),
        (0o010_644, "named pipe"),
        (0o020_644, "device"),
        (0o060_644, "device"),
        (0o140_644, "socket"),
    ] {
        let got = between(Item { mode, ..Item::stored("x", b"/etc/passwd") });
        assert_eq!((got.kind, got.content), (EntryKind::Other(what), Ok(Vec::new())));
    }
}

#[test]
fn traversal_and_absolute_names_are_entries_with_a_warning() {
    for name in ["../../etc/passwd", "/etc/passwd", "a\\b", "C:/x", "a\0b"] {
        let got = between(Item::stored(name, b"content"));
        assert_eq!(got.content, Ok(b"content".to_vec()), "{name}");
    }
}

#[test]
fn entries_of_one_name_are_all_given() {
    let (got, ending) = read(
        &ZipWriter::of(&[Item::stored("x", b"1"), Item::stored("x", b"22"), Item::stored("x", b"333")])
            .finish(),
    );
    let contents: Vec<_> = sound(&got).into_iter().map(|(_, content)| content).collect();
    assert_eq!(contents, [b"1".to_vec(), b"22".to_vec(), b"333".to_vec()]);
    assert!(ending.is_whole());
}

#[test]
fn a_bomb_that_tells_its_length_is_refused_unread() {
    let zeros = deflate(&vec![0; 10_000_000]);
    let item = Item { data: zeros.clone(), packed: zeros.len() as u64, bytes: 10_000_000_000, ..good("x") };
    assert_eq!(between(item).content, Err(EntryFault::Bomb));
}

#[test]
fn a_bomb_that_hides_its_length_ends_at_the_length_it_told() {
    let zeros = deflate(&vec![0; 50_000_000]);
    let item = Item { data: zeros.clone(), packed: zeros.len() as u64, bytes: 1000, ..good("x") };
    assert_eq!(between(item).content, Err(EntryFault::TooLong));
}

#[test]
fn a_bomb_without_any_length_ends_at_the_ratio() {
    // No directory, lengths behind the data: 400 MB of zeros in 400 KB.
    let block = deflate_well(&vec![0; 400_000_000]);
    let item =
        Item { data: block.clone(), packed: block.len() as u64, bytes: 400_000_000, ..good("x") }.late();
    let zip = ZipWriter::of(&[good("before"), item]).out;
    let mut seen = 0;
    let mut fault = None;
    let ending = part_of(&zip)
        .read_entries::<ArchiveError>(None, &mut |entry, body| {
            let mut buffer = vec![0; 1 << 20];
            seen = 0;
            loop {
                match body.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(count) => seen += count,
                    Err(error) => {
                        fault = EntryFault::of(&error).cloned().map(|fault| (entry.ordinal, fault));
                        break;
                    }
                }
            }
            Ok(Flow::GoOn)
        })
        .unwrap();
    assert_eq!(fault, Some((1, EntryFault::Bomb)));
    assert!(seen < 300_000_000, "{seen}");
    assert!(matches!(ending.wholeness, Wholeness::Damaged(_)), "{ending:?}");
}

#[test]
fn entries_that_share_their_bytes_are_given_once_with_content() {
    let item = good("kernel");
    let mut zip = ZipWriter::of(std::slice::from_ref(&item));
    for n in 0..100 {
        zip.record(&Item { name: format!("copy {n}").into_bytes(), ..item.clone() }, 0);
    }
    let (got, ending) = read(&zip.finish());
    assert_eq!(got.len(), 101);
    assert_eq!(sound(&got), [("kernel".to_owned(), noise(5, 3000))]);
    assert_eq!((ending.faults_count, ending.faults.len()), (100, 100));
}

#[test]
fn the_better_zip_bomb_unpacks_one_kernel_only() {
    // Each header is quoted as a stored block in the data of the one before, so that all entries end in the same kernel.
    let kernel = vec![0; 1_000_000];
    let packed = deflate(&kernel);
    let names: Vec<String> = (0..50).map(|n| format!("{n:02}")).collect();
    let last = Item { data: packed, ..Item::deflated("49", &kernel) };
    let mut tail = ZipWriter::of(std::slice::from_ref(&last)).out;
    let mut unpacked = kernel;
    let mut files = vec![(last, tail.len())];
    for name in names.iter().rev().skip(1) {
        let header_bytes = 30 + 2;
        let quoted = tail[..header_bytes].to_vec();
        let block = [&[0][..], &32_u16.to_le_bytes(), &(!32_u16).to_le_bytes(), &tail].concat();
        unpacked = [quoted, unpacked].concat();
        let item = Item {
            name: name.clone().into_bytes(),
            crc: crc(&unpacked),
            packed: block.len() as u64,
            bytes: unpacked.len() as u64,
            data: block,
            ..good(name)
        };
        tail = ZipWriter::of(std::slice::from_ref(&item)).out;
        files.push((item, tail.len()));
    }
    let total = tail.len();
    let mut zip = ZipWriter { out: tail, ..ZipWriter::default() };
    for (item, length) in files.iter().rev() {
        zip.record(item, (total - length) as u64);
    }
    let (got, _) = read(&zip.finish());
    assert_eq!(got.len(), 50);
    assert_eq!(
        sound(&got),
        [("00".to_owned(), unpacked)],
        "the first is sound by itself, the others share its bytes"
    );
    assert!(
        got[1..]
            .iter()
            .all(|one| matches!(&one.content, Err(EntryFault::Broken(why)) if why.contains("shares")))
    );
}

#[test]
fn places_beyond_the_archive_are_named() {
    let mut zip = ZipWriter::of(&[good("a")]);
    zip.record(&good("beyond"), 0xffff_fff0);
    zip.record(&good("beyond too").zip64(), u64::MAX - 5);
    zip.record(&Item { packed: u64::MAX - 90, ..good("long").zip64() }, 5);
    zip.record(&Item::stored("inside", b""), 7);
    let (got, ending) = read(&zip.finish());
    assert_eq!(sound(&got), [("a".to_owned(), noise(5, 3000))]);
    assert_eq!((got.len(), ending.faults_count), (5, 4), "{ending:?}");
}

#[test]
fn a_header_whose_length_goes_beyond_any_archive_ends_the_walk() {
    for packed in [u64::MAX, u64::MAX - 40, 1 << 63] {
        let mut zip = ZipWriter::of(&[good("a")]);
        zip.local(&Item { packed, ..good("b") }.zip64());
        zip.local(&good("c"));
        let (got, ending) = read(&zip.out);
        assert_eq!(sound(&got), [("a".to_owned(), noise(5, 3000))]);
        assert_eq!((got.len(), ending.is_whole()), (2, false), "{ending:?}");
    }
}

#[test]
fn a_name_that_is_shorter_before_the_data_than_in_the_directory_is_no_overlap() {
    let mut zip = ZipWriter::default();
    let short = Item::stored("x", b"content");
    for n in 0..3 {
        let at = zip.out.len() as u64;
        zip.local(&short);
        zip.record(&Item { name: format!("a much longer name {n}").into_bytes(), ..short.clone() }, at);
    }
    let (got, ending) = read(&zip.finish());
    assert_eq!((sound(&got).len(), ending.faults_count), (3, 0), "{ending:?}");
}

#[test]
fn a_directory_that_breaks_off_gives_the_rest_by_the_headers() {
    let names = ["a", "b", "c", "d"];
    let zip = ZipWriter::of(&names.map(good));
    let record = zip.directory.len() / 4;
    let at = zip.out.len() + 2 * record;
    let mut bytes = zip.finish();
    bytes[at] ^= 0xff;
    let mut part = part_of(&bytes);
    assert!(matches!(part.wholeness().unwrap(), Wholeness::Damaged(_)));
    assert_eq!(part.entries_count().unwrap(), None);
    let (got, ending) = read_all(&mut part, None);
    assert_eq!(sound(&got), names.map(|name| (name.to_owned(), noise(5, 3000))));
    assert!(matches!(ending.wholeness, Wholeness::Damaged(_)), "{ending:?}");
    assert_eq!(ending.proof, Proof::EachEntry);
}

#[test]
fn an_end_record_that_miscounts_is_damage() {
    let mut zip = ZipWriter::of(&[good("a"), good("b")]);
    zip.count = 7;
    let (got, ending) = read(&zip.finish());
    assert_eq!(got.len(), 2, "nothing is given twice");
    assert!(matches!(ending.wholeness, Wholeness::Damaged(_)), "{ending:?}");
}

#[test]
fn a_million_entries_are_walked_without_growing() {
    let mut zip = ZipWriter::default();
    for n in 0..1_000_000_u32 {
        zip.add(&Item::stored(&format!("{n:07}"), b""));
    }
    let mut part = part_of(&zip.finish_zip64());
    assert_eq!(part.entries_count().unwrap(), Some(1_000_000));
    let mut count = 0;
    let ending = part
        .read_entries::<ArchiveError>(Some(9), &mut |entry, _| {
            assert_eq!(entry.ordinal, count + 10);
            count += 1;
            Ok(Flow::GoOn)
        })
        .unwrap();
    assert_eq!((count, ending.entries), (999_990, 1_000_000));
    assert!(ending.is_whole());
}
