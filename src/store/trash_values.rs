//! The values of absences and of the trash.
//!
//! Invariant: plain data, no SQL. May import: `media`, `store`. Tests: with the calls that use them.

use chrono::{DateTime, Utc};

use crate::media::MediaId;
use crate::store::FilePart;

/// An item that the listings missed and that Google must be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// Its number, by which items are gone through.
    pub number: i64,
    /// Its id.
    pub id: MediaId,
}

/// What Google answered for an item that the listings missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The item's number.
    pub number: i64,
    /// Whether Google does not know it any more; if not, Google gives it although it lists it not.
    pub is_gone: bool,
}

/// Why a file stays although its item is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stays {
    /// Its bytes are not those that were stored: it is the user's.
    Changed,
    /// A person put it back from the trash.
    PutBack,
}

/// An item whose files may go to the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doomed {
    /// Its number.
    pub number: i64,
    /// Its id.
    pub id: MediaId,
    /// When Google last said that it is gone.
    pub asked: DateTime<Utc>,
    /// Its files on disk.
    pub files: Vec<DoomedFile>,
}

/// A file that may go to the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoomedFile {
    /// Which of the item's.
    pub part: FilePart,
    /// Its path below the root.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
}

/// One thing that is about to be moved to the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Throwing {
    /// Its item's number.
    pub number: i64,
    /// Which file of the item; none: its sidecar.
    pub part: Option<FilePart>,
    /// Where it is, below the root.
    pub home: String,
    /// Where it goes, below the folder of the trash.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
}

/// One thing of the trash, as the index knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InTrash {
    /// What it is and where.
    pub what: Throwing,
    /// Whether its move was recorded as done.
    pub is_there: bool,
    /// Whether its file counts as gone; not if a copy of it was put back, and never of a sidecar.
    pub is_gone: bool,
    /// Whether Google has listed the item again since.
    pub is_back: bool,
    /// Of a sidecar: where its file went, below the folder of the trash.
    pub goes_with: Option<String>,
}

/// What becomes of a file whose item is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// As it is.
    Same,
    /// It is on disk, at its place.
    Stored,
    /// It must be fetched again.
    Wanted,
}

/// What was found of one thing of the trash, to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settling {
    /// Which: below the folder of the trash.
    pub path: String,
    /// Its item's number.
    pub number: i64,
    /// Which file of the item; none: its sidecar.
    pub part: Option<FilePart>,
    /// Whether it is in the trash now; if not, it is forgotten.
    pub is_there: bool,
    /// What becomes of the file.
    pub fate: Fate,
    /// Why the file stays from now on, if it does.
    pub stays: Option<Stays>,
}

/// How much would go to the trash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wave {
    /// Items of which files would go now.
    pub items: u64,
    /// Items that went lately.
    pub lately: u64,
    /// Items with a file on disk.
    pub stored: u64,
}

/// What is away at Google.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Away {
    /// Items that the listings missed and that Google does not give.
    pub gone: u64,
    /// Items that the listings missed, but that Google gives when asked.
    pub unlisted: u64,
    /// Items that are gone, with files that somebody changed or put back.
    pub stay: u64,
}
