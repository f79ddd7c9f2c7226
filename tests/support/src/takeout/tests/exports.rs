//! Tests of parts: their names, lengths, orders, faults.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::archive::Method;
use crate::rng;
use crate::takeout::{
    EntryFault, EntryRole, Export, ExportTruth, Form, Order, PartFault, TakeoutAlbum, TakeoutItem,
    TakeoutLibrary, ZipOptions,
};
use crate::tests::has_python;
use crate::{FakeGoogle, ItemSpec, Settings};

const STAMP: &str = "2026-04-08T14:27:29Z";

/// Prints `path sha256` of every file in an archive.
const READ: &str = "
import hashlib, sys, tarfile, zipfile
path = sys.argv[1]
if path.endswith('.zip'):
    archive = zipfile.ZipFile(path)
    files = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
else:
    archive = tarfile.open(path)
    files = [(entry.name, archive.extractfile(entry).read()) for entry in archive]
for name, body in files:
    print(hashlib.sha256(body).hexdigest(), name)
";

/// What Python reads in a part: path and SHA-256, in order.
fn read(part: &Path) -> Vec<(String, String)> {
    let output = Command::new("python3").args(["-c", READ]).arg(part).output().expect("python3 is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(sum, name)| (name.into(), sum.into()))
        .collect()
}

fn library() -> TakeoutLibrary {
    let mut library = TakeoutLibrary::synthetic(40, &(1_000..=9_000), 7);
    library.spread_albums(3, 5);
    let extra = library.add(TakeoutItem::named(format!("{}.jpg", "long ".repeat(60))).edited());
    library.add(TakeoutItem::named("real.jpg").real());
    library.add_album(TakeoutAlbum::titled("Été 😀").items(&[extra]));
    library
}

fn write(export: &Export, library: &TakeoutLibrary) -> (ExportTruth, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (export.write(library, dir.path()).unwrap(), dir)
}

#[test]
fn what_python_reads_in_the_parts_is_what_the_truth_says() {
    if !has_python() {
        return;
    }
    let library = library();
    let exports = [
        Export::at(STAMP).parts(3),
        Export::at(STAMP).stored().order(Order::Shuffled(5)).parts(2),
        Export::at(STAMP).form(Form::Tgz).parts(3),
        Export::at(STAMP).zip(ZipOptions { method: Method::Deflated, descriptors: true, zip64: true }),
    ];
    for export in exports {
        let (truth, _dir) = write(&export, &library);
        let mut sums = BTreeMap::new();
        for (number, part) in (1..).zip(&truth.parts) {
            let found = read(part);
            let told: Vec<&str> = truth.entries_of(number).map(|entry| &*entry.path).collect();
            assert_eq!(found.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), told, "{part:?}");
            sums.extend(found);
        }
        for item in &truth.items {
            assert!(!item.paths.is_empty(), "{}", item.title);
            for path in &item.paths {
                assert_eq!(sums[path], item.sha256(), "{path}");
            }
        }
        let media: BTreeSet<String> = truth
            .entries
            .iter()
            .filter(|entry| matches!(entry.role, EntryRole::Main | EntryRole::Edited))
            .map(|entry| sums[&entry.path].clone())
            .collect();
        assert_eq!(media, truth.media_sha256());
        assert_eq!(media.len(), 43, "42 items and one edit");
    }
}

#[test]
fn parts_are_named_as_google_names_them() {
    let names = |export: Export| {
        let (truth, _dir) = write(&export, &library());
        let name = |path: &std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        truth.parts.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(
        names(Export::at(STAMP).parts(2)),
        ["takeout-20260408T142729Z-3-001.zip", "takeout-20260408T142729Z-3-002.zip"]
    );
    let old = Export { service: None, ..Export::at(STAMP).form(Form::Tgz) };
    assert_eq!(names(old), ["takeout-20260408T142729Z-001.tgz"]);
}

#[test]
fn no_part_is_longer_than_was_asked() {
    for export in [Export::at(STAMP), Export::at(STAMP).stored(), Export::at(STAMP).form(Form::Tgz)] {
        let (truth, _dir) = write(&export.part_bytes_max(60_000), &library());
        assert!(truth.parts.len() > 3, "{}", truth.parts.len());
        for part in &truth.parts {
            assert!(part.metadata().unwrap().len() <= 60_000, "{part:?}");
        }
    }
}

#[test]
fn json_can_lie_in_another_part_than_its_media() {
    let (truth, _dir) = write(&Export::at(STAMP).parts(3).order(Order::JsonLast), &library());
    let of = |role: EntryRole| -> BTreeSet<u32> {
        truth.entries.iter().filter(|entry| entry.role == role).map(|entry| entry.part).collect()
    };
    assert!(of(EntryRole::Sidecar).is_subset(&BTreeSet::from([2, 3])), "{:?}", of(EntryRole::Sidecar));
    assert!(of(EntryRole::Main).contains(&1));
    let (truth, _dir) = write(&Export::at(STAMP).parts(3).order(Order::JsonFirst), &library());
    assert_eq!(truth.entries_of(1).next().map(|entry| entry.role), Some(EntryRole::Sidecar));
}

#[test]
fn the_same_library_and_export_give_the_same_bytes() {
    let sum = |export: &Export| {
        let (truth, _dir) = write(export, &library());
        std::fs::read(&truth.parts[0]).unwrap()
    };
    for export in [Export::at(STAMP), Export::at(STAMP).form(Form::Tgz)] {
        assert!(sum(&export) == sum(&export));
    }
}

#[test]
fn an_incremental_export_holds_what_was_added_or_edited_since() {
    let mut library = TakeoutLibrary::default();
    let old = library.add(TakeoutItem::named("old.jpg").taken("2023-01-01T00:00:00Z"));
    let other = library.add(TakeoutItem::named("other.jpg").taken("2023-01-01T00:00:00Z"));
    library.add_album(TakeoutAlbum::titled("A").items(&[old]));
    library.add_album(TakeoutAlbum::titled("B").items(&[other]));
    let (first, _dir) = write(&Export::at("2026-04-08T00:00:00Z"), &library);
    assert_eq!(first.items.len(), 2);
    library.add(TakeoutItem::named("new.jpg").taken("2010-05-05T00:00:00Z").added("2026-05-01T00:00:00Z"));
    library.edit(old, "2026-05-02T00:00:00Z", |item| {
        item.description = "changed".to_owned();
        item.edit = Some(crate::takeout::Bytes::MadeUp(None));
    });
    let (second, _dir) = write(&Export::at("2026-06-08T00:00:00Z").since("2026-04-08T00:00:00Z"), &library);
    let titles: Vec<&str> = second.items.iter().map(|item| &*item.title).collect();
    assert_eq!(titles, ["old.jpg", "new.jpg"]);
    assert_eq!(second.items[0].sha256(), first.items[0].sha256(), "the upload has not changed");
    assert!(second.items[0].edited.is_some());
    assert_eq!(second.count(EntryRole::AlbumData), 1, "only albums with news");
}

#[test]
fn faults_hit_the_entries_and_parts_that_they_name() {
    if !has_python() {
        return;
    }
    let library = TakeoutLibrary::synthetic(3, &(5_000..=5_000), 1);
    let name = &library.items[1].title;
    let whole = write(&Export::at(STAMP), &library).0;
    let twice = Export::at(STAMP).entry_fault(format!("/{name}"), EntryFault::Duplicate);
    assert_eq!(write(&twice, &library).0.entries.len(), whole.entries.len() + 1);
    let (truth, _dir) = write(&Export::at(STAMP).part_fault(1, PartFault::Keep(777)), &library);
    assert_eq!(truth.parts[0].metadata().unwrap().len(), 777);
    let wrong = Export::at(STAMP).entry_fault(format!("/{name}"), EntryFault::WrongCrc);
    let (truth, _dir) = write(&wrong, &library);
    let script = "import sys, zipfile\nprint(zipfile.ZipFile(sys.argv[1]).testzip())";
    let output = Command::new("python3").args(["-c", script]).arg(&truth.parts[0]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).trim().ends_with(&**name));
}

#[test]
fn an_account_of_the_simulator_can_be_exported_with_the_same_bytes() {
    let google = FakeGoogle::start_blocking(Settings::default());
    let alice = google.account("alice");
    let photo = alice.add_photo(ItemSpec::named("beach.jpg").created("2024-07-01T10:00:00Z"));
    alice.add_motion_photo(ItemSpec::named("moving.jpg").created("2024-07-02T10:00:00Z"));
    alice.add_album("Summer", &[&photo]);
    let library = TakeoutLibrary::of_account(&google.truth("alice"));
    let (truth, _dir) = write(&Export::at(STAMP), &library);
    let beach = truth.item("beach.jpg").unwrap();
    assert_eq!(beach.sha256(), google.truth("alice").item("beach.jpg").unwrap().sha256());
    assert_eq!(beach.albums, ["Summer"]);
    let clip = truth.item("moving.jpg").unwrap().clip.as_ref().unwrap();
    let served = google.truth("alice").item("moving.jpg").unwrap().clip.clone().unwrap();
    assert_eq!(clip.sha256(), served.sha256());
    assert_ne!(rng::mix_text(&beach.url), rng::mix_text(&truth.item("moving.jpg").unwrap().url));
}
