//! The ground that tests of imports stand on: a library that takes exports, exports to take, archives written by hand.
//!
//! Invariant: nothing here knows how the program reads an archive. May use: `context`, `fake_google`.

use crate::context::{Home, Ran};
use fake_google::archive::{TarEntry, TarWriter, ZipEntry, ZipWriter};
use fake_google::takeout::{ExportTruth, TakeoutAlbum, TakeoutItem, TakeoutLibrary};
use fake_google::{Content, Settings};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;

/// When the first export is made.
pub(crate) const STAMP: &str = "2026-06-08T14:27:29Z";

/// An installation whose one library takes exports alone, without token and client secret.
pub(crate) fn offline() -> Home {
    let home = Home::bare(Settings::default());
    fs::remove_file(home.path("client_secret.json")).expect("it was there");
    fs::create_dir(home.root("alice")).expect("writable");
    fs::create_dir(home.path("inbox")).expect("writable");
    home.write_config(
        "[library.alice]\nroot = \"alice\"\nschedule = \"manual\"\nsources = [\"takeout\"]\ninbox = \"inbox\"\ninbox-quiet = \"0s\"\n",
    );
    home
}

/// A library with a bit of everything.
pub(crate) fn varied() -> TakeoutLibrary {
    let mut library = TakeoutLibrary::default();
    let add = |library: &mut TakeoutLibrary, item: TakeoutItem| library.add(item);
    let beach = add(&mut library, TakeoutItem::named("beach.jpg").taken("2023-07-01T10:00:00Z").edited());
    let live =
        add(&mut library, TakeoutItem::named("IMG_0001.HEIC").taken("2023-07-02T10:00:00Z").live("MP4"));
    for n in 0..3 {
        add(&mut library, TakeoutItem::named("scan.jpg").taken(&format!("2021-01-0{}T00:00:00Z", n + 1)));
    }
    let long = "a very long name that the export cuts off somewhere in the middle of it.jpg";
    add(&mut library, TakeoutItem::named(long).taken("2022-05-05T05:05:05Z"));
    add(&mut library, TakeoutItem::named("skytree (2).jpg").taken("2022-05-06T05:05:05Z"));
    add(&mut library, TakeoutItem::named("raw.dng").taken("2022-05-07T05:05:05Z").len(5000));
    add(&mut library, TakeoutItem::named("film.mkv").taken("2022-05-08T05:05:05Z").len(300_000));
    for n in 0..4 {
        let item = TakeoutItem::named(format!("more {n}.jpg")).taken("2020-02-29T12:00:00Z");
        add(&mut library, item.len(150_000 + n));
    }
    library.add_album(TakeoutAlbum::titled("Summer: 2023?").items(&[beach, live]));
    library.add_album(TakeoutAlbum::titled("Only listed").items(&[beach]).json_only());
    library
}

/// Imports all parts of an export.
pub(crate) fn import(home: &Home, truth: &ExportTruth) -> Ran {
    let mut command = home.command();
    command.args(["import", "alice"]).args(&truth.parts);
    Ran::from(command.output().expect("the binary starts"))
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The files below `photos/` by path, with the SHA-256 of each.
pub(crate) fn photos(home: &Home) -> BTreeMap<String, String> {
    let tree = home.tree("alice");
    let photos = tree.into_iter().filter(|(path, _)| path.starts_with("photos/"));
    photos.map(|(path, bytes)| (path, hex(&bytes))).collect()
}

/// Every file of the export is there once, and nothing else.
#[track_caller]
pub(crate) fn assert_all_there(home: &Home, truth: &ExportTruth) {
    let photos = photos(home);
    let on_disk: BTreeSet<String> = photos.values().cloned().collect();
    assert_eq!(on_disk, truth.media_sha256(), "{:?}", photos.keys());
    assert_eq!(photos.len(), on_disk.len(), "something is there twice: {:?}", photos.keys());
    let partial = home.root("alice").join(".gphotos-syncd/partial");
    assert_eq!(fs::read_dir(partial).map_or(0, Iterator::count), 0, "something is left in partial/");
}

/// The path of the file below `photos/` that has these bytes.
pub(crate) fn path_of(home: &Home, sha256: &str) -> String {
    photos(home).into_iter().find(|(_, sum)| sum == sha256).expect("it is there").0
}

/// The newest balance, from the status.
pub(crate) fn export_status(home: &Home) -> serde_json::Value {
    home.status()["libraries"][0]["exports"][0].clone()
}

/// Imports one part.
pub(crate) fn import_one(home: &Home, path: &Path) -> Ran {
    import_all(home, &[path])
}

/// Imports these parts.
pub(crate) fn import_all(home: &Home, paths: &[&Path]) -> Ran {
    let mut command = home.command();
    command.args(["import", "alice"]).args(paths);
    Ran::from(command.output().expect("the binary starts"))
}

/// The newest balances as the command tells them to programs.
pub(crate) fn balance_of(home: &Home, path: &Path) -> serde_json::Value {
    let mut command = home.command();
    let ran = Ran::from(command.args(["import", "alice", "--json"]).arg(path).output().expect("it starts"));
    let told: serde_json::Value =
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}\n{}", ran.out, ran.err));
    told[0].clone()
}

/// Some bytes that are in no other file.
pub(crate) fn text(words: &str) -> Content {
    Content::Bytes(words.to_owned().into())
}

/// Writes a zip of these entries.
pub(crate) fn zip(path: &Path, entries: &[(ZipEntry, Content)]) {
    let mut zip = ZipWriter::new(BufWriter::new(File::create(path).expect("writable")));
    for (entry, content) in entries {
        zip.add(entry, content).expect("writable");
    }
    zip.finish().expect("writable");
}

/// Writes a tgz of these entries.
pub(crate) fn tgz(path: &Path, entries: &[(TarEntry, Content)]) {
    let mut tar = TarWriter::gzipped(BufWriter::new(File::create(path).expect("writable")));
    for (entry, content) in entries {
        tar.add(entry, content).expect("writable");
    }
    tar.finish_gzip().expect("writable");
}

/// How many files wait in `partial/`.
pub(crate) fn staged(home: &Home) -> usize {
    fs::read_dir(home.root("alice").join(".gphotos-syncd/partial")).map_or(0, Iterator::count)
}
