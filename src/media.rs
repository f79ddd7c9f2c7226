//! The words of the domain: libraries, items, albums and the addresses of their bytes.
//!
//! Owns: plain values that every other module speaks of. Invariant: no I/O, no clock, no JSON.
//! May import: `secret`. Tests: beside the types.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::secret::Secret;

/// The name of a configured library: 1 to 64 of `a-z A-Z 0-9 _ - .`, first a letter or digit.
///
/// The set is narrow because the name appears in file names, journal fields and shell commands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LibraryName(String);

/// Why a text is not a [`LibraryName`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a library name has 1 to 64 of a-z, A-Z, 0-9, `_`, `-`, `.` and begins with a letter or digit")]
pub struct BadLibraryName;

impl LibraryName {
    /// Accepts `text` if it keeps the rule of the type.
    ///
    /// # Errors
    /// [`BadLibraryName`] if it does not.
    pub fn try_new(text: &str) -> Result<Self, BadLibraryName> {
        let first_ok = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
        let all_ok = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if first_ok && all_ok && text.len() <= 64 { Ok(Self(text.to_owned())) } else { Err(BadLibraryName) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LibraryName {
    type Error = BadLibraryName;
    fn try_from(text: String) -> Result<Self, BadLibraryName> {
        Self::try_new(&text)
    }
}

impl From<LibraryName> for String {
    fn from(name: LibraryName) -> Self {
        name.0
    }
}

impl fmt::Display for LibraryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Google's identifier of one item; persistent, opaque, and only meaningful inside its account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaId(pub String);

/// Google's identifier of one album.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlbumId(pub String);

impl fmt::Display for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for AlbumId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an item is, and for a video whether Google has finished processing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediaKind {
    /// A still; its bytes are at the base URL with `=d`.
    Photo,
    /// A video that can be fetched; its bytes are at the base URL with `=dv`.
    Video,
    /// A video that Google is still processing; it has no bytes yet.
    VideoProcessing,
    /// A video whose processing failed at Google; it may be mended there later.
    VideoFailed,
}

/// One photo or video as a source lists it. Every field but the id may be missing at Google.
#[derive(Clone, Debug)]
pub struct MediaItem {
    /// Google's identifier.
    pub id: MediaId,
    /// The name it was uploaded with, exactly as Google tells it: not yet safe for any disk.
    pub filename: Option<String>,
    /// The type that Google tells, such as `image/jpeg`.
    pub mime: Option<String>,
    /// When the picture was taken, UTC.
    pub created: Option<DateTime<Utc>>,
    /// What kind of bytes it has.
    pub kind: MediaKind,
    /// The caption, at most 1,000 characters.
    pub description: Option<String>,
    /// Its page in Google Photos, for people.
    pub product_url: Option<String>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// Maker of the camera.
    pub camera_make: Option<String>,
    /// Model of the camera.
    pub camera_model: Option<String>,
    /// Where the bytes are, for about an hour after the listing.
    pub base_url: Option<BaseUrl>,
}

/// The address of an item's bytes: whoever has it can fetch them, so it is a secret.
#[derive(Clone, Debug)]
pub struct BaseUrl(pub Secret);

/// One album as a source lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Album {
    /// Google's identifier.
    pub id: AlbumId,
    /// The title as Google tells it: not yet safe for any disk; may be empty.
    pub title: String,
    /// How many items Google says it has.
    pub items_count: u64,
    /// The item on its cover, where Google tells it.
    pub cover: Option<MediaId>,
}
