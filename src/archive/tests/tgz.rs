//! Tgz: members, long names, kinds, and what gzip adds.

use crate::archive::tests::writer::{TarWriter, gzip, noise};
use crate::archive::tests::{part_of, read, read_all, sound};
use crate::archive::{EntryFault, EntryKind, Format, Proof, Wholeness};

fn three() -> TarWriter {
    let mut tar = TarWriter::default();
    tar.add(b"Takeout/Google Photos/", b'5', b"");
    tar.file("Takeout/Google Photos/a.jpg", &noise(1, 100_000));
    tar.file("Takeout/Google Photos/a.jpg.json", b"{}");
    tar
}

fn expected() -> Vec<(String, Vec<u8>)> {
    vec![
        ("Takeout/Google Photos".into(), Vec::new()),
        ("Takeout/Google Photos/a.jpg".into(), noise(1, 100_000)),
        ("Takeout/Google Photos/a.jpg.json".into(), b"{}".to_vec()),
    ]
}

#[test]
fn a_tgz_comes_back_byte_for_byte() {
    let mut part = part_of(&gzip(&three().finish()));
    assert_eq!((part.format(), part.entries_count().unwrap()), (Format::Tgz, None));
    assert_eq!(part.wholeness().unwrap(), Wholeness::Unknown);
    let (got, ending) = read_all(&mut part, None);
    assert_eq!(sound(&got), expected());
    assert!(ending.is_whole(), "{ending:?}");
    assert_eq!((ending.proof, ending.faults_count, ending.entries), (Proof::WholePart, 0, 3));
    let (got, ending) = read_all(&mut part, Some(1));
    assert_eq!(got.iter().map(|one| one.ordinal).collect::<Vec<_>>(), [2]);
    assert_eq!(ending.entries, 3);
}

#[test]
fn members_of_gzip_that_follow_each_other_are_one_stream() {
    let tar = three().finish();
    for cut in [1, 511, 512, 5000, tar.len() - 1] {
        let bytes = [gzip(&tar[..cut]), gzip(&tar[cut..])].concat();
        let (got, ending) = read(&bytes);
        assert_eq!(sound(&got), expected());
        assert_eq!((ending.wholeness, ending.proof), (Wholeness::Whole, Proof::WholePart));
    }
    let (got, ending) = read(&[gzip(&tar), gzip(&tar)].concat());
    assert_eq!(
        sound(&got),
        [expected(), expected()].concat(),
        "a second tar is not hidden behind the end of the first"
    );
    assert!(ending.is_whole());
}

#[test]
fn long_names_of_pax_and_gnu_are_read() {
    let long = format!("Takeout/{}/ß.jpg", "Ein sehr langer Name ".repeat(20));
    let mut tar = TarWriter::default();
    tar.pax(&[("mtime", "1700000000.5"), ("path", &long), ("comment", "a\nb=c")]);
    tar.file("short", b"pax");
    tar.add(b"././@LongLink", b'L', format!("{long}.gnu\0").as_bytes());
    tar.file("short", b"gnu");
    tar.pax(&[("path", "line\nbreak"), ("size", "5")]);
    tar.header(b"short", b'0', 0);
    tar.data(b"12345");
    tar.add(b"global", b'g', b"19 comment=nothing\n");
    tar.file("last", b"last");
    let (got, ending) = read(&gzip(&tar.finish()));
    let names: Vec<_> = got.iter().map(|one| (one.name.as_str(), one.content.clone().unwrap())).collect();
    assert_eq!(
        names,
        [
            (long.as_str(), b"pax".to_vec()),
            (&format!("{long}.gnu"), b"gnu".to_vec()),
            ("line\u{fffd}break", b"12345".to_vec()),
            ("last", b"last".to_vec())
        ]
    );
    assert!(ending.is_whole(), "{ending:?}");
}

#[test]
fn links_devices_and_the_like_are_told_and_never_followed() {
    let mut tar = TarWriter::default();
    for kind in *b"1234567S" {
        tar.header(b"thing", kind, 0);
    }
    tar.header(b"odd", b'Z', 0);
    tar.pax(&[("GNU.sparse.major", "1"), ("size", "512")]);
    tar.header(b"sparse", b'0', 0);
    tar.data(&[7; 512]);
    tar.file("after", b"after");
    let (got, ending) = read(&gzip(&tar.finish()));
    let kinds: Vec<_> = got.iter().map(|one| one.kind).collect();
    let other = EntryKind::Other;
    assert_eq!(
        kinds,
        [
            other("hard link"),
            other("symbolic link"),
            other("device"),
            other("device"),
            EntryKind::Folder,
            other("named pipe"),
            EntryKind::File,
            other("sparse file"),
            other("special entry of a tar"),
            other("sparse file"),
            EntryKind::File
        ]
    );
    assert!(got.iter().all(|one| one.name == "after" || one.content == Ok(Vec::new())));
    assert!(ending.is_whole(), "{ending:?}");
}

#[test]
fn a_wrong_checksum_of_the_whole_means_that_nothing_is_proven() {
    let mut bytes = gzip(&three().finish());
    let at = bytes.len() - 6;
    bytes[at] ^= 1;
    let (_, ending) = read(&bytes);
    assert!(matches!(&ending.wholeness, Wholeness::Damaged(why) if why.contains("checksum")), "{ending:?}");
    assert_eq!(ending.proof, Proof::None);
}

#[test]
fn a_damaged_header_ends_the_reading_with_what_was_before() {
    let mut tar = three().finish();
    let second = 512 + 512 + 100_000_usize.next_multiple_of(512);
    tar[second] ^= 1;
    let (got, ending) = read(&gzip(&tar));
    assert_eq!(sound(&got), expected()[..2]);
    assert!(matches!(&ending.wholeness, Wholeness::Damaged(why) if why.contains("no header")), "{ending:?}");
}

#[test]
fn a_tar_without_its_end_is_not_whole_even_if_gzip_is() {
    let tar = three().out;
    let (got, ending) = read(&gzip(&tar));
    assert_eq!(sound(&got), expected());
    assert!(matches!(ending.wholeness, Wholeness::Unfinished(_)), "{ending:?}");
}

#[test]
fn data_after_the_end_is_told_and_changes_nothing() {
    let tar = three().finish();
    for (bytes, is_told) in [
        ([gzip(&tar), vec![0; 10_000]].concat(), false),
        ([gzip(&tar), noise(1, 10_000)].concat(), true),
        (gzip(&[tar.clone(), noise(1, 10_000)].concat()), true),
    ] {
        let (got, ending) = read(&bytes);
        assert_eq!(sound(&got), expected());
        assert!(ending.is_whole(), "{ending:?}");
        assert_eq!(ending.faults_count == 1, is_told, "{ending:?}");
    }
}

#[test]
fn an_empty_tar_is_whole_and_gzip_of_something_else_is_not() {
    let (got, ending) = read(&gzip(&TarWriter::default().finish()));
    assert!(got.is_empty() && ending.is_whole());
    let (got, ending) = read(&gzip(&noise(1, 5000)));
    assert!(got.is_empty());
    assert!(matches!(ending.wholeness, Wholeness::Damaged(_)), "{ending:?}");
}

#[test]
fn a_header_that_claims_a_huge_extension_does_not_take_memory() {
    for kind in *b"xgLK" {
        let mut tar = three();
        tar.header(b"x", kind, 7_000_000_000);
        let (got, ending) = read(&gzip(&tar.finish()));
        assert_eq!(sound(&got), expected());
        assert!(
            matches!(&ending.wholeness, Wholeness::Damaged(why) if why.contains("7000000000")),
            "{ending:?}"
        );
    }
}

#[test]
fn a_member_that_claims_more_than_gzip_can_hold_is_a_bomb() {
    let mut tar = three();
    tar.header(b"big", b'0', 8_000_000_000);
    let (got, ending) = read(&gzip(&tar.finish()));
    assert_eq!(sound(&got), expected());
    assert_eq!(got[3].content, Err(EntryFault::Bomb));
    assert!(matches!(ending.wholeness, Wholeness::Damaged(_)), "{ending:?}");
}
