//! What an export really holds, for tests to compare with what was imported.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::content::Content;
use crate::takeout::item::{Geo, Place};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryRole {
    /// An item's file, as uploaded.
    Main,
    /// An item's edited copy.
    Edited,
    /// The clip of a live or motion photo.
    Clip,
    /// An item's JSON.
    Sidecar,
    /// An album's JSON.
    AlbumData,
    /// Google's own: the page, memories, comments, prints.
    Other,
}

/// One entry of a part.
#[derive(Clone, Debug)]
pub struct EntryTruth {
    /// The number of its part, from 1.
    pub part: u32,
    /// Its path in the archive.
    pub path: String,
    /// What it is.
    pub role: EntryRole,
    /// The number of the item that it belongs to.
    pub item: Option<usize>,
    /// Its length.
    pub bytes: u64,
}

/// One item that the export holds.
#[derive(Clone, Debug)]
pub struct ItemTruth {
    /// Its number in the library.
    pub number: usize,
    /// Its full name.
    pub title: String,
    /// When it was taken, as its JSON says.
    pub taken: Option<DateTime<Utc>>,
    /// Its caption.
    pub description: String,
    /// Faces that have a name.
    pub people: Vec<String>,
    /// The place that Google Photos shows.
    pub geo: Option<Geo>,
    /// With a star.
    pub favourite: bool,
    /// Where it stands.
    pub place: Place,
    /// Its address in Google Photos.
    pub url: String,
    /// Its bytes, as uploaded.
    pub content: Content,
    /// Those of its edited copy.
    pub edited: Option<Content>,
    /// Those of its clip.
    pub clip: Option<Content>,
    /// The titles of its albums; "" for an untitled one.
    pub albums: Vec<String>,
    /// The paths of its main file, one for each folder.
    pub paths: Vec<String>,
    /// The paths of its JSON.
    pub sidecars: Vec<String>,
}

impl ItemTruth {
    /// The SHA-256 of its bytes, lower-case hexadecimal.
    pub fn sha256(&self) -> String {
        self.content.sha256()
    }
}

/// A written export.
#[derive(Clone, Debug)]
pub struct ExportTruth {
    /// The name that all parts share.
    pub export: String,
    /// The parts, in their order; of [`Form::Folder`](crate::takeout::Form::Folder) its one folder.
    pub parts: Vec<PathBuf>,
    /// Every entry, in the order of writing; one that was written twice is here twice.
    pub entries: Vec<EntryTruth>,
    /// Every item that has at least one entry, in the library's order.
    pub items: Vec<ItemTruth>,
}

impl ExportTruth {
    /// The item of this full name.
    pub fn item(&self, title: &str) -> Option<&ItemTruth> {
        self.items.iter().find(|item| item.title == title)
    }

    /// The SHA-256 of everything that an import has to store, each once.
    pub fn media_sha256(&self) -> BTreeSet<String> {
        let all = |item: &ItemTruth| {
            [Some(item.content.clone()), item.edited.clone(), item.clip.clone()].into_iter().flatten()
        };
        self.items.iter().flat_map(all).map(|content| content.sha256()).collect()
    }

    /// How many entries there are of a role.
    pub fn count(&self, role: EntryRole) -> usize {
        self.entries.iter().filter(|entry| entry.role == role).count()
    }

    /// What it holds, for programs: parts, number of entries, and each item with its SHA-256.
    pub fn to_json(&self) -> Value {
        let sum = |content: &Option<Content>| content.as_ref().map(Content::sha256);
        let item = |item: &ItemTruth| {
            json!({
                "title": item.title, "taken": item.taken, "sha256": item.sha256(),
                "bytes": item.content.len(), "edited": sum(&item.edited), "clip": sum(&item.clip),
                "albums": item.albums, "paths": item.paths, "sidecars": item.sidecars,
            })
        };
        json!({
            "export": self.export,
            "parts": self.parts,
            "entries": self.entries.len(),
            "items": self.items.iter().map(item).collect::<Vec<_>>(),
        })
    }

    /// The entries of the part of this number, from 1.
    pub fn entries_of(&self, part: u32) -> impl Iterator<Item = &EntryTruth> {
        self.entries.iter().filter(move |entry| entry.part == part)
    }
}
