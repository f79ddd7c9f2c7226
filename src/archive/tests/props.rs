//! Properties over many archives: nothing panics or goes on for ever, and no wrong byte is passed off as right.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::archive::tests::writer::{Item, TarWriter, ZipWriter, gzip};
use crate::archive::tests::{read_all, sound, try_part_of};
use crate::archive::{Ending, Proof};

type Files = Vec<(String, Vec<u8>)>;

fn files() -> impl Strategy<Value = Files> {
    let content = prop_oneof![vec(any::<u8>(), 0..3000), vec(0_u8..3, 0..20_000)];
    vec(("[a-zäß日 ]{1,60}/[a-z]{1,80}\\.jpg", content), 0..8).prop_map(|files| {
        files.into_iter().enumerate().map(|(n, (name, content))| (format!("{n}{name}"), content)).collect()
    })
}

fn zip_of(files: &Files, ways: &[u8]) -> Vec<u8> {
    let items: Vec<Item> = files
        .iter()
        .zip(ways.iter().cycle())
        .map(|((name, content), way)| {
            let item = if way & 1 == 0 { Item::stored(name, content) } else { Item::deflated(name, content) };
            let item = if way & 2 == 0 { item } else { item.late() };
            if way & 4 == 0 { item } else { item.zip64() }
        })
        .collect();
    ZipWriter::of(&items).finish()
}

fn tgz_of(files: &Files) -> Vec<u8> {
    let mut tar = TarWriter::default();
    for (name, content) in files {
        tar.pax(&[("path", name)]);
        tar.file("short", content);
    }
    gzip(&tar.finish())
}

fn read(bytes: &[u8]) -> Option<(Files, Ending)> {
    let mut part = try_part_of(bytes).ok()?;
    part.wholeness().unwrap();
    part.fingerprint().unwrap();
    part.entries_count().unwrap();
    let (got, ending) = read_all(&mut part, None);
    assert!(got.iter().enumerate().all(|(n, one)| one.ordinal == n as u64));
    assert_eq!(ending.entries, got.len() as u64);
    Some((sound(&got), ending))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_bytes_end_without_a_panic(bytes in vec(any::<u8>(), 0..4000), head in 0_usize..4) {
        let heads: [&[u8]; 4] = [b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"PK\x05\x06"];
        read(&[heads[head], &bytes].concat());
        read(&gzip(&bytes));
    }

    #[test]
    fn a_written_archive_comes_back_byte_for_byte(files in files(), ways in vec(any::<u8>(), 1..5)) {
        for bytes in [zip_of(&files, &ways), tgz_of(&files)] {
            let (got, ending) = read(&bytes).unwrap();
            prop_assert_eq!(&got, &files);
            prop_assert!(ending.is_whole() && ending.proof != Proof::None && ending.faults_count == 0, "{:?}", ending);
        }
    }

    #[test]
    fn a_cut_archive_gives_a_beginning_of_what_was_written(
        files in files(), ways in vec(any::<u8>(), 1..5), cut in any::<prop::sample::Index>(),
    ) {
        for bytes in [zip_of(&files, &ways), tgz_of(&files)] {
            let cut = cut.index(bytes.len());
            if let Some((got, ending)) = read(&bytes[..cut]) {
                prop_assert!(files.starts_with(&got), "cut at {cut} of {}", bytes.len());
                prop_assert!(!ending.is_whole());
            }
        }
    }

    #[test]
    fn changed_bytes_never_pass_as_right(
        files in files(), ways in vec(any::<u8>(), 1..5), at in any::<prop::sample::Index>(), change in 1_u8..,
    ) {
        let contents: Vec<_> = files.iter().map(|(_, content)| content.clone()).collect();
        let mut zip = zip_of(&files, &ways);
        let place = at.index(zip.len());
        zip[place] ^= change;
        if let Some((got, _)) = read(&zip) {
            prop_assert!(got.iter().all(|(_, content)| content.is_empty() || contents.contains(content)));
        }
        let mut tgz = tgz_of(&files);
        let place = at.index(tgz.len());
        tgz[place] ^= change;
        if let Some((got, ending)) = read(&tgz) {
            prop_assert!(ending.proof != Proof::WholePart || got == files, "{:?}", ending);
        }
    }
}
