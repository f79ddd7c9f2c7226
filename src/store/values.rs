//! The values that go into the index and come out of it.
//!
//! Invariant: plain data, no SQL. May import: `media`, `names`. Tests: with the calls that use them.

use chrono::{DateTime, Utc};

use crate::media::{Album, MediaId, MediaItem, MediaKind};
use crate::names::FileName;

/// Which file of an item: its own, or the clip of a motion photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FilePart {
    /// The photo or the video.
    Main,
    /// The clip of a motion photo.
    Motion,
}

/// One file that must be fetched.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Whose.
    pub id: MediaId,
    /// Which of its files.
    pub part: FilePart,
    /// Its final path below the root: given once, never to another item.
    pub path: String,
    /// What Google tells of the type.
    pub mime: Option<String>,
    /// When it was taken.
    pub created: Option<DateTime<Utc>>,
    /// What kind of bytes.
    pub kind: MediaKind,
    /// Tries so far that failed.
    pub tries: u32,
    /// Whether what lies at the path now is a spoilt copy, to be put aside for the new one.
    pub is_replacement: bool,
}

/// An item as the job hands it in: with the folder and name that its file should have.
#[derive(Clone, Debug)]
pub struct NewItem {
    /// As listed.
    pub item: MediaItem,
    /// Folder below the root.
    pub dir: String,
    /// Name wished; the store numbers it if it is taken.
    pub name: FileName,
}

/// Which listing a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingKind {
    /// The whole library, first page to last.
    Full,
    /// The newest pages only, until known ones come.
    Head,
}

/// A listing that is not at its end: where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Which.
    pub kind: ListingKind,
    /// Its number; grows by one with each listing begun.
    pub generation: i64,
    /// Token of the next page; none before the first.
    pub next: Option<String>,
    /// When it began.
    pub started: DateTime<Utc>,
}

/// A full listing that came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullListing {
    /// Its number.
    pub generation: i64,
    /// Why an absence from it proves nothing; none: it does.
    pub doubt: Option<String>,
}

/// One listed page, to be written with its cursor in one transaction.
#[derive(Clone, Debug)]
pub struct PageRecord {
    /// Its items; a repeated id counts once (last wins).
    pub items: Vec<NewItem>,
    /// The listing it belongs to.
    pub generation: i64,
    /// The next page; none: the listing is complete, and its end is recorded with it.
    pub next: Option<String>,
    /// Now.
    pub now: DateTime<Utc>,
    /// Files whose next try is due by then are wanted again: the start of the run, so that what failed in it is not
    /// taken up in it again.
    pub due_by: DateTime<Utc>,
    /// Whether names that differ only in case are one name.
    pub fold_case: bool,
    /// Why from now on an absence from this listing proves nothing.
    pub doubt: Option<&'static str>,
}

/// What came of a page.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Files to fetch now, in the page's order: new ones, and known ones whose next try is due; not those of videos still processing.
    pub wanted: Vec<Wanted>,
    /// Items of the page never seen before.
    pub new: u64,
    /// Items of the page (distinct).
    pub distinct: u64,
    /// Items of the page that an earlier page of the same listing had.
    pub again: u64,
}

/// A file that is whole and at its place.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Whose.
    pub id: MediaId,
    /// Which of its files.
    pub part: FilePart,
    /// Where it is now (it may have been renumbered).
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
    /// Its modification time, seconds since 1970, where it has one.
    pub mtime: Option<i64>,
}

/// An item whose main file is stored.
#[derive(Clone, Debug)]
pub struct StoredItem {
    /// Its number, by which items are gone through.
    pub number: i64,
    /// What was listed of it (no base URL).
    pub item: MediaItem,
    /// Path of the file, below the root.
    pub path: String,
}

/// A try that failed.
#[derive(Clone, Debug)]
pub struct FailedTry {
    /// Whose.
    pub id: MediaId,
    /// Which of its files.
    pub part: FilePart,
    /// Why, without secrets.
    pub reason: String,
    /// When it may be tried again at the earliest.
    pub next_try: DateTime<Utc>,
}

/// Totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Items known.
    pub items: u64,
    /// Files on disk.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files wanted and not on disk.
    pub wanted: u64,
    /// Of those, files whose last try failed.
    pub failed: u64,
}

/// An album as the index knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAlbum {
    /// As last listed.
    pub album: Album,
    /// Its folder name below `albums/`, once given; e.g. `2024/0501 Rome`.
    pub dir: Option<String>,
    /// When the newest of its items was taken.
    pub newest: Option<DateTime<Utc>>,
    /// Whether its contents must be listed: new, changed, or never listed to the end.
    pub stale: bool,
}

/// One entry of an album whose file is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlbumEntry {
    /// Place in the album, from 0.
    pub position: u32,
    /// Whose.
    pub id: MediaId,
    /// The file it leads to, below the root.
    pub path: String,
    /// When it was taken.
    pub created: Option<DateTime<Utc>>,
}

/// A link that this program made in an album's folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlbumLink {
    /// Path of the link below the root.
    pub path: String,
    /// The file it leads to, below the root.
    pub target: String,
}
