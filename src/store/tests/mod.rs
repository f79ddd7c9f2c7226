//! Tests of the index, over real files in temporary folders.

mod absences;
mod albums;
mod damage;
mod exports;
mod files;
mod listing;
mod measure;
mod model;
mod open;
mod pages;
mod paths;
mod rebuild;
mod runs;
mod salvage;
mod twins;
mod verify;

use chrono::{DateTime, Utc};
use tempfile::TempDir;

use crate::media::{MediaId, MediaItem, MediaKind};
use crate::names::FileName;
use crate::store::{FailedTry, FilePart, ListingKind, NewItem, PageRecord, Recorded, Store, Stored, Wanted};

/// An index in a folder that goes with it.
struct Fixture {
    store: Store,
    dir: TempDir,
}

fn fixture() -> Fixture {
    let dir = TempDir::new().unwrap();
    Fixture { store: Store::open(&dir.path().join("index.sqlite")).unwrap(), dir }
}

/// A moment, seconds after the start of the tests' calendar.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn media_id(id: &str) -> MediaId {
    MediaId(id.to_owned())
}

fn name(stem: &str) -> FileName {
    FileName { stem: stem.to_owned(), ext: ".jpg".to_owned() }
}

/// A photo of the moment 0 that wishes to be `photos/STEM.jpg`.
fn photo(id: &str, stem: &str) -> NewItem {
    let item = MediaItem {
        id: media_id(id),
        filename: Some(format!("{stem}.jpg")),
        mime: Some("image/jpeg".to_owned()),
        created: Some(at(0)),
        kind: MediaKind::Photo,
        description: None,
        product_url: None,
        width: Some(4000),
        height: Some(3000),
        camera_make: None,
        camera_model: None,
        base_url: None,
    };
    NewItem { item, dir: "photos".to_owned(), name: name(stem) }
}

fn of_kind(mut new: NewItem, kind: MediaKind) -> NewItem {
    new.item.kind = kind;
    new
}

fn page(generation: i64, items: Vec<NewItem>) -> PageRecord {
    PageRecord {
        items,
        generation,
        next: Some("next".to_owned()),
        now: at(0),
        due_by: at(0),
        fold_case: false,
        doubt: None,
    }
}

/// Records items as one page of a new full listing.
async fn list(store: &Store, items: Vec<NewItem>) -> Recorded {
    let listing = store.begin_listing(ListingKind::Full, at(0)).await.unwrap();
    store.record_page(page(listing.generation, items)).await.unwrap()
}

fn paths(wanted: &[Wanted]) -> Vec<&str> {
    wanted.iter().map(|w| w.path.as_str()).collect()
}

fn stored(wanted: &Wanted, bytes: u64) -> Stored {
    let (id, path) = (wanted.id.clone(), wanted.path.clone());
    Stored { id, part: wanted.part, path, bytes, sha256: [7; 32], mtime: Some(0) }
}

fn failed(id: &str, next_try: DateTime<Utc>) -> FailedTry {
    FailedTry { id: media_id(id), part: FilePart::Main, reason: "server said no".to_owned(), next_try }
}
