//! Parts of a library's status: an export that was imported, and what is gone at Google.
//!
//! Invariant: plain data; fields are added, never renamed. May import: nothing. Tests: with those who read it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One Takeout export that was imported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportStatus {
    /// What the names of its parts have in common.
    pub name: String,
    /// When Google made it, where the name tells.
    pub made: Option<DateTime<Utc>>,
    /// When its newest balance was drawn.
    pub imported: Option<DateTime<Utc>>,
    /// Its parts.
    pub parts: u64,
    /// Their entries.
    pub entries: u64,
    /// Entries that became files of their own.
    pub stored: u64,
    /// Entries whose bytes were there already.
    pub had: u64,
    /// Entries that were not taken.
    pub refused: u64,
    /// Whether every entry is accounted for and safe on disk.
    pub complete: bool,
    /// Why not, as sentences.
    pub reasons: Vec<String>,
}

/// What is gone at Google, and what became of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeletionStatus {
    /// `keep` or `trash`, the word of the configuration; empty until that was looked at.
    pub policy: String,
    /// Items that are gone at Google.
    pub gone: u64,
    /// Items that Google gives when asked for them, but does not list.
    pub unlisted: u64,
    /// Items of `gone` whose files stay because a person changed them or put them back.
    pub stay: u64,
    /// Items whose files wait for a person's word before they go to the trash.
    pub held: u64,
    /// Files in the trash.
    pub in_trash: u64,
    /// Their bytes.
    pub trash_bytes: u64,
    /// Why absences from the newest full listing prove nothing; none: they do, or there is no such listing.
    pub doubt: Option<String>,
}
