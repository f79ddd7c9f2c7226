//! The values of Takeout exports that go into the index and come out of it.
//!
//! Invariant: plain data, no SQL. May import: `media`. Tests: with the calls that use them.

use chrono::{DateTime, Utc};

use crate::media::MediaId;

/// One part of an export set as it is found.
#[derive(Clone, Debug)]
pub struct NewPart {
    /// What the names of the set's parts have in common.
    pub export: String,
    /// When Google made the set, where the name tells.
    pub stamp: Option<DateTime<Utc>>,
    /// Its own name.
    pub name: String,
    /// Its number in the set; none: the name does not tell.
    pub number: Option<u32>,
    /// By which the same part is known again.
    pub fingerprint: [u8; 32],
    /// Its length, bytes.
    pub bytes: u64,
    /// Where it is read from, if not from a disk: file and revision.
    pub origin: Option<String>,
}

/// How far a part has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartState {
    /// Not to its end.
    Reading,
    /// To its end, nothing wrong.
    Whole,
    /// As far as it goes: it is damaged.
    Damaged,
}

/// One part as the index knows it.
#[derive(Clone, Debug)]
pub struct KnownPart {
    /// Its number in the index.
    pub n: i64,
    /// The number of its export set in the index.
    pub export: i64,
    /// Its own name.
    pub name: String,
    /// Its number in the set.
    pub number: Option<u32>,
    /// Its length, bytes.
    pub bytes: u64,
    /// How far it has been read.
    pub state: PartState,
    /// The last entry that is accounted for; none: no entry is.
    pub last: Option<u64>,
    /// How many entries it has, once it was read to its end.
    pub entries: Option<u64>,
    /// What is wrong with it.
    pub fault: Option<String>,
    /// When it was first seen.
    pub first_seen: DateTime<Utc>,
}

/// One export set as the index knows it.
#[derive(Clone, Debug)]
pub struct KnownExport {
    /// Its number in the index.
    pub n: i64,
    /// What the names of its parts have in common.
    pub name: String,
    /// When Google made it, where the name tells.
    pub stamp: Option<DateTime<Utc>>,
    /// When its first part was first seen.
    pub first_seen: DateTime<Utc>,
    /// When its newest balance was drawn.
    pub balanced: Option<DateTime<Utc>>,
    /// That balance, JSON.
    pub report: Option<String>,
}

/// A part of an export, wherever it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPart {
    /// What the names of the export's parts have in common.
    pub export: String,
    /// When Google made the export, where the name tells.
    pub stamp: Option<DateTime<Utc>>,
    /// Its number in the export; none: the name does not tell.
    pub number: Option<u32>,
    /// Its length, bytes.
    pub bytes: u64,
    /// When it was first seen.
    pub first_seen: DateTime<Utc>,
    /// Whether it was read to its end, or as far as it goes.
    pub is_read: bool,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryOutcome {
    /// Whole in `partial/`, without a name yet.
    Staged,
    /// A file of its own.
    Stored,
    /// Its bytes were there already.
    Had,
    /// The sidecar of a file.
    Sidecar,
    /// What Google tells of an album.
    Album,
    /// Known, and neither a file nor about one: Google's own pages, folders.
    Other,
    /// Not taken, and why.
    Refused,
    /// A JSON about a file that is not found yet.
    Json,
}

/// What an entry is to the file that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryRole {
    /// A file for itself.
    Main,
    /// An edited copy.
    Edited,
    /// The clip of a motion photo.
    Motion,
}

/// One entry, wherever it is named: its part and its place in it.
pub type EntryKey = (i64, u64);

/// One entry as it was read.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// Its place in the part.
    pub ordinal: u64,
    /// Its folder below that of the product.
    pub folder: String,
    /// Its name.
    pub name: String,
    /// Its length, bytes.
    pub bytes: u64,
    /// The archive's time, seconds since 1970.
    pub mtime: Option<i64>,
    /// What became of it. A staged one whose bytes the index knows becomes [`EntryOutcome::Had`], unless `is_missing`.
    pub outcome: EntryOutcome,
    /// Why, where that needs saying.
    pub reason: Option<String>,
    /// SHA-256 of a file's bytes.
    pub sha256: Option<[u8; 32]>,
    /// What the file says of itself, JSON.
    pub embedded: Option<String>,
    /// The title that a JSON file tells.
    pub title: Option<String>,
    /// A JSON file's bytes, compressed.
    pub json: Option<Vec<u8>>,
    /// Whether the file that the index has for these bytes is known to be gone from the disk.
    pub is_missing: bool,
}

/// One entry of a folder, for pairing.
#[derive(Clone, Debug)]
pub struct FolderEntry {
    /// Which.
    pub key: EntryKey,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub outcome: EntryOutcome,
    /// The title that a JSON file tells.
    pub title: Option<String>,
    /// SHA-256 of its bytes.
    pub sha256: Option<[u8; 32]>,
}

/// What pairing found of one file.
#[derive(Clone, Debug)]
pub struct PairedEntry {
    /// Which.
    pub key: EntryKey,
    /// Its sidecar.
    pub json: Option<EntryKey>,
    /// The file that it belongs to.
    pub main: Option<EntryKey>,
    /// What it is to that file.
    pub role: EntryRole,
}

/// A file in `partial/` that needs its name.
#[derive(Clone, Debug)]
pub struct StagedEntry {
    /// Which.
    pub key: EntryKey,
    /// Its folder in the export.
    pub folder: String,
    /// Its name in the export.
    pub name: String,
    /// Its length, bytes.
    pub bytes: u64,
    /// The archive's time, seconds since 1970.
    pub mtime: Option<i64>,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// What the file says of itself, JSON.
    pub embedded: Option<String>,
    /// Its sidecar, compressed; an edited copy or a clip has that of its main file.
    pub json: Option<Vec<u8>>,
    /// What it is to its main file.
    pub role: EntryRole,
    /// Name in the export, path on disk and item of its main file, if that is stored.
    pub main: Option<(String, String, String)>,
}

/// A file whose sidecar is not in the index yet.
#[derive(Clone, Debug)]
pub struct UntoldEntry {
    /// Which.
    pub key: EntryKey,
    /// The item of its bytes.
    pub id: MediaId,
    /// Where its file is.
    pub path: String,
    /// What the file says of itself, JSON.
    pub embedded: Option<String>,
    /// The archive's time, seconds since 1970.
    pub mtime: Option<i64>,
    /// Its sidecar, compressed.
    pub json: Vec<u8>,
    /// What it is to its main file.
    pub role: EntryRole,
    /// When the export was made whose words about the item count so far.
    pub told: Option<DateTime<Utc>>,
}

/// What a sidecar tells of an item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemTold {
    /// Full original name.
    pub title: Option<String>,
    /// Caption.
    pub description: Option<String>,
    /// When it was taken, seconds since 1970.
    pub taken: Option<i64>,
    /// Latitude, longitude and altitude, degrees and metres.
    pub geo: Option<(f64, f64, Option<f64>)>,
    /// Names of people, JSON array.
    pub people: Option<String>,
    /// Its page in Google Photos.
    pub url: Option<String>,
    /// Marked as a favourite.
    pub favorited: bool,
    /// In the archive.
    pub archived: bool,
    /// In the trash.
    pub trashed: bool,
    /// How it came to Google.
    pub origin: Option<String>,
    /// What dated it: 0 the file itself, 1 its sidecar, 2 the archive, 3 nothing.
    pub dated_by: u8,
    /// The offset of local time from UTC where it is known, minutes.
    pub offset_minutes: Option<i32>,
}

/// One told entry, to be written.
#[derive(Clone, Debug)]
pub struct Telling {
    /// Which entry told.
    pub key: EntryKey,
    /// Of which item.
    pub id: MediaId,
    /// When the export was made.
    pub stamp: DateTime<Utc>,
    /// SHA-256 of the JSON.
    pub digest: [u8; 32],
    /// The JSON, compressed.
    pub json: Vec<u8>,
    /// What it says.
    pub told: ItemTold,
}

/// A file that an export brought or has again.
#[derive(Clone, Debug)]
pub struct HeldEntry {
    /// Which.
    pub key: EntryKey,
    /// Its name in the export.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// What became of it.
    pub outcome: EntryOutcome,
    /// Where the file of these bytes is; none: the index has no such file.
    pub path: Option<String>,
    /// A number that is that file's alone; it grows with the number of files.
    pub file: Option<u64>,
    /// Its length, bytes.
    pub bytes: u64,
}

/// One entry that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedEntry {
    /// The part's name.
    pub part: String,
    /// Folder and name of the entry.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// A file of the Library API and the original that stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// The item whose file is the lesser one.
    pub copy: MediaId,
    /// Where that file is.
    pub copy_path: String,
    /// Its length, bytes.
    pub copy_bytes: u64,
    /// SHA-256 of its bytes.
    pub copy_sha256: [u8; 32],
    /// The item that an export brought.
    pub original: MediaId,
    /// Where its file is.
    pub original_path: String,
    /// Its length, bytes.
    pub original_bytes: u64,
    /// Whether both have the same bytes.
    pub is_same: bool,
}
