//! Tests of `archive`: what is written is read back by Python's own readers, and byte by byte.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use super::{Method, TarEntry, TarKind, TarWriter, ZipEntry, ZipWriter};
use crate::content::{Content, Magic};
use crate::tests::has_python;

/// Prints `name length crc-or-kind` for every entry, after all of them were read and checked.
const READ_ZIP: &str = "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None, archive.testzip()
    for entry in archive.infolist():
        print(entry.filename, len(archive.read(entry)), entry.compress_type)
";
const READ_TAR: &str = "
import sys, tarfile
with tarfile.open(sys.argv[1]) as archive:
    for entry in archive:
        body = archive.extractfile(entry) if entry.isfile() else None
        print(entry.name, len(body.read()) if body else 0, entry.type.decode())
";

fn python(script: &str, path: &Path) -> Result<String, String> {
    let output = Command::new("python3").args(["-c", script]).arg(path).output().expect("python3 is there");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn noise(seed: u64, len: u64) -> Content {
    Content::Noise { seed, len, magic: Magic::Jpeg }
}

fn zip_of(dir: &Path, entries: &[(ZipEntry, Content)]) -> std::path::PathBuf {
    let path = dir.join("a.zip");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    for (entry, content) in entries {
        zip.add(entry, content).unwrap();
    }
    let written = zip.written();
    let file = zip.finish().unwrap();
    assert!(file.metadata().unwrap().len() > written);
    path
}

#[test]
fn every_way_to_write_a_zip_entry_is_read_back_by_python() {
    if !has_python() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut entries = Vec::new();
    for method in [Method::Stored, Method::Deflated] {
        for (descriptor, zip64) in [(false, false), (false, true), (true, false), (true, true)] {
            let name = format!("{method:?}-{descriptor}-{zip64}/é.jpg");
            let entry = ZipEntry { method, descriptor, zip64, ..ZipEntry::new(name) };
            entries.push((entry, noise(u64::try_from(entries.len()).unwrap(), 70_000)));
        }
    }
    let said = python(READ_ZIP, &zip_of(dir.path(), &entries)).unwrap();
    let wanted: Vec<String> = entries
        .iter()
        .map(|(entry, _)| {
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            format!("{name} 70000 {}", if entry.method == Method::Stored { 0 } else { 8 })
        })
        .collect();
    assert_eq!(said.lines().collect::<Vec<_>>(), wanted);
}

#[test]
fn more_entries_than_sixteen_bits_count_are_told_in_zip64() {
    if !has_python() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let entries: Vec<_> =
        (0..65_540).map(|n| (ZipEntry::stored(format!("{n}")), Content::Bytes("x".into()))).collect();
    let said = python(READ_ZIP, &zip_of(dir.path(), &entries)).unwrap();
    assert_eq!(said.lines().count(), 65_540);
}

#[test]
fn a_zip_entry_lies_only_where_it_shall() {
    if !has_python() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let fails = |change: fn(&mut ZipEntry), words: &str| {
        for base in [ZipEntry::new("a.jpg"), ZipEntry::stored("a.jpg")] {
            let mut entry = base;
            change(&mut entry);
            let error = python(READ_ZIP, &zip_of(dir.path(), &[(entry, noise(1, 5_000))])).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    };
    fails(|entry| entry.wrong_crc = true, "AssertionError: a.jpg");
    fails(|entry| entry.encrypted = true, "encrypted");
    fails(|entry| entry.method = Method::Other(99), "compression method");
    let lying = ZipEntry { told_bytes: Some(17), ..ZipEntry::stored("a.jpg") };
    let bytes = std::fs::read(zip_of(dir.path(), &[(lying, noise(1, 5_000))])).unwrap();
    assert_eq!(bytes[22..26], 17_u32.to_le_bytes(), "the local header");
}

#[test]
fn an_alias_is_a_second_name_for_the_same_bytes() {
    if !has_python() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.zip");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    zip.add(&ZipEntry::stored("one"), &noise(1, 9_000)).unwrap();
    zip.add_alias("two");
    zip.finish().unwrap();
    let said = python("import sys, zipfile\nprint(zipfile.ZipFile(sys.argv[1]).namelist())", &path).unwrap();
    assert_eq!(said.trim(), "['one', 'two']");
    assert!(path.metadata().unwrap().len() < 10_000);
}

#[test]
fn tar_entries_of_every_kind_and_length_of_name_are_read_back_by_python() {
    if !has_python() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.tgz");
    let mut tar = TarWriter::gzipped(File::create(&path).unwrap());
    let long = format!("Takeout/{}/é.jpg", "x".repeat(200));
    tar.add(&TarEntry::new("short.jpg"), &noise(1, 1_024)).unwrap();
    tar.add(&TarEntry::new(&*long), &noise(2, 100_001)).unwrap();
    tar.add(&TarEntry { kind: TarKind::Folder, ..TarEntry::new("folder/") }, &noise(3, 10)).unwrap();
    tar.add(&TarEntry::link("soft", TarKind::SymbolicLink, "/etc/passwd"), &noise(4, 10)).unwrap();
    tar.add(&TarEntry::link("hard", TarKind::HardLink, "short.jpg"), &noise(5, 10)).unwrap();
    for (name, kind) in [("c", TarKind::CharDevice), ("b", TarKind::BlockDevice), ("f", TarKind::Fifo)] {
        tar.add(&TarEntry { kind, ..TarEntry::new(name) }, &noise(6, 10)).unwrap();
    }
    tar.finish_gzip().unwrap();
    let said = python(READ_TAR, &path).unwrap();
    let wanted = [
        "short.jpg 1024 0",
        &format!("{long} 100001 0"),
        "folder 0 5",
        "soft 0 2",
        "hard 0 1",
        "c 0 3",
        "b 0 4",
        "f 0 6",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), wanted);
}
