//! Archives that were cut: what stands before the cut comes with right bytes, and the rest is not passed off as whole.

use crate::archive::tests::writer::{Item, TarWriter, ZipWriter, gzip, noise};
use crate::archive::tests::{part_of, read, read_all, sound, try_part_of};
use crate::archive::{ArchiveError, Proof, Wholeness};

fn contents() -> Vec<(String, Vec<u8>)> {
    (0..12).map(|n| (format!("Takeout/{n}.jpg"), noise(n, 500 + 900 * usize::try_from(n).unwrap()))).collect()
}

/// Where each entry ends, and the archive.
type Cuttable = (Vec<usize>, Vec<u8>);

fn zip_of(make: impl Fn(&str, &[u8]) -> Item) -> Cuttable {
    let mut zip = ZipWriter::default();
    let mut ends = Vec::new();
    for (name, content) in contents() {
        zip.add(&make(&name, &content));
        ends.push(zip.out.len());
    }
    (ends, zip.finish())
}

fn tgz() -> Cuttable {
    let mut tar = TarWriter::default();
    for (name, content) in contents() {
        tar.file(&name, &content);
    }
    (Vec::new(), gzip(&tar.finish()))
}

fn cuts(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let length = bytes.len();
    (1024..length).step_by(1024).chain([
        1,
        3,
        4,
        29,
        30,
        31,
        length - 1,
        length - 21,
        length - 23,
        length - 200,
    ])
}

#[test]
fn a_zip_cut_at_every_kilobyte_gives_what_is_before_the_cut() {
    let stored = zip_of(Item::stored);
    let deflated = zip_of(Item::deflated);
    let late = zip_of(|name, content| Item::deflated(name, content).late());
    let late_stored = zip_of(|name, content| Item::stored(name, content).late());
    let wide = zip_of(|name, content| Item::deflated(name, content).zip64().late());
    for (ends, whole) in [stored, deflated, late, late_stored, wide] {
        for cut in cuts(&whole) {
            let Ok(mut part) = try_part_of(&whole[..cut]) else {
                assert!(cut < 4, "a zip cut at {cut} is not known as one");
                continue;
            };
            let (got, ending) = read_all(&mut part, None);
            let right = sound(&got);
            assert_eq!(right, contents()[..right.len()], "cut at {cut}");
            let there = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(right.len(), there, "cut at {cut}: {ending:?}");
            assert!(matches!(ending.wholeness, Wholeness::Unfinished(_)), "cut at {cut}: {ending:?}");
            assert!(matches!(part.wholeness().unwrap(), Wholeness::Unfinished(_)), "cut at {cut}");
        }
    }
}

#[test]
fn a_tgz_cut_at_every_kilobyte_gives_what_is_before_the_cut() {
    let (_, whole) = tgz();
    let mut most = 0;
    for cut in cuts(&whole).filter(|cut| *cut > 2) {
        let (got, ending) = read(&whole[..cut]);
        let right = sound(&got);
        assert_eq!(right, contents()[..right.len()], "cut at {cut}");
        assert!(matches!(ending.wholeness, Wholeness::Unfinished(_)), "cut at {cut}: {ending:?}");
        assert_eq!(ending.proof, Proof::None);
        assert!(got.len() - right.len() <= 1, "only the entry of the cut is faulty");
        // Noise does not compress, so an entry is no further on in the archive than in the tar, but for gzip's own frames.
        let mut place = 0;
        let certain = contents().into_iter().filter(|(_, content)| {
            place += content.len() + 1024;
            place + 40_000 < cut
        });
        assert!(right.len() >= certain.count(), "cut at {cut}: {} entries", right.len());
        most = most.max(right.len());
    }
    assert_eq!(most, contents().len(), "a cut within the last bytes leaves all entries readable");
}

#[test]
fn a_growing_zip_tells_itself_apart_from_a_damaged_one() {
    let (ends, whole) = zip_of(Item::deflated);
    let wholeness = |bytes: &[u8]| part_of(bytes).wholeness().unwrap();
    assert_eq!(wholeness(&whole), Wholeness::Whole);
    assert!(matches!(wholeness(&whole[..ends[3]]), Wholeness::Unfinished(_)));
    let reserved = [&whole[..ends[3]], &vec![0; 5000]].concat();
    let (got, ending) = read(&reserved);
    assert_eq!(sound(&got), contents()[..4]);
    assert!(matches!(ending.wholeness, Wholeness::Unfinished(_)), "space reserved beforehand: {ending:?}");
    let mut broken = whole.clone();
    broken[ends[11]] ^= 0xff;
    let (got, ending) = read(&broken);
    assert_eq!(sound(&got), contents());
    assert!(matches!(ending.wholeness, Wholeness::Damaged(_)), "{ending:?}");
    assert!(matches!(wholeness(&broken), Wholeness::Damaged(_)));
}

#[test]
fn an_unfinished_zip_with_a_damaged_header_is_damaged() {
    let (ends, whole) = zip_of(Item::stored);
    let mut bytes = whole[..ends[8]].to_vec();
    bytes[ends[4]] ^= 0xff;
    let (got, ending) = read(&bytes);
    assert_eq!(sound(&got), contents()[..5]);
    assert!(matches!(ending.wholeness, Wholeness::Damaged(_)), "{ending:?}");
}

#[test]
fn a_fault_before_the_cut_does_not_hide_what_follows() {
    let (ends, whole) = zip_of(Item::stored);
    let mut bytes = whole[..ends[8]].to_vec();
    bytes[ends[4] - 10] ^= 1;
    let (got, ending) = read(&bytes);
    assert_eq!((got.len(), sound(&got).len()), (9, 8));
    assert!(ending.faults[0].starts_with("entry 4 `Takeout/4.jpg`: "), "{ending:?}");
}

#[test]
fn a_zip_within_a_cut_zip_is_never_taken_for_its_entries() {
    let inner = ZipWriter::of(&[Item::stored("inner.jpg", b"inner")]).finish();
    for item in [Item::stored("inner.zip", &inner), Item::stored("inner.zip", &inner).late()] {
        let zip = ZipWriter::of(&[item, Item::stored("b", b"b")]);
        let bytes = zip.out;
        let (got, _) = read(&bytes[..bytes.len() - 1]);
        let names: Vec<_> = got.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["inner.zip", "b"]);
        assert_eq!(got[0].content, Ok(inner.clone()));
    }
}

#[test]
fn nothing_at_all_is_told_as_such() {
    assert!(matches!(try_part_of(b""), Err(ArchiveError::Empty { .. })));
    for bytes in [&b"<!DOCTYPE html>"[..], b"P", b"PK", &[0; 5000]] {
        let error = try_part_of(bytes).unwrap_err();
        assert!(matches!(error, ArchiveError::NotAnArchive { .. }) && error.hint().is_some(), "{bytes:?}");
    }
}
