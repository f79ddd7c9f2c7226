//! What a test asks for when it puts a file into a Drive.

use chrono::{DateTime, Utc};
use md5::Md5;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

use crate::content::Content;
use crate::rng;

/// The folder into which Takeout delivers.
pub(crate) const TAKEOUT_FOLDER: &str = "Takeout";

/// A file to add, in the folder `Takeout` unless told otherwise.
#[derive(Clone, Debug)]
pub struct DriveFile {
    pub(crate) name: String,
    pub(crate) content: Content,
    pub(crate) folder: Option<String>,
    pub(crate) mime: Option<String>,
    pub(crate) created: Option<DateTime<Utc>>,
    pub(crate) appears: Option<DateTime<Utc>>,
    pub(crate) has_sha256: bool,
    pub(crate) abusive: bool,
    pub(crate) mine: bool,
}

impl DriveFile {
    /// An empty file of this name.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            content: Content::Bytes(bytes::Bytes::new()),
            folder: Some(TAKEOUT_FOLDER.to_owned()),
            mime: None,
            created: None,
            appears: None,
            has_sha256: true,
            abusive: false,
            mine: true,
        }
    }

    /// The file at `path` under its own name; its bytes are read when they are asked for.
    pub fn part(path: &Path) -> Self {
        let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        Self::named(name).path(path)
    }

    /// The bytes of the file at `path`, read when they are asked for.
    #[must_use]
    pub fn path(self, path: impl Into<PathBuf>) -> Self {
        self.content(Content::File(path.into()))
    }

    /// Exactly these bytes.
    #[must_use]
    pub fn bytes(self, bytes: impl Into<bytes::Bytes>) -> Self {
        self.content(Content::Bytes(bytes.into()))
    }

    /// This content.
    #[must_use]
    pub fn content(mut self, content: Content) -> Self {
        self.content = content;
        self
    }

    /// In this folder of My Drive, which is made if there is none.
    #[must_use]
    pub fn folder(mut self, name: impl Into<String>) -> Self {
        self.folder = Some(name.into());
        self
    }

    /// In My Drive itself.
    #[must_use]
    pub fn in_root(mut self) -> Self {
        self.folder = None;
        self
    }

    /// This type, in place of the one that the name suggests.
    #[must_use]
    pub fn mime(mut self, mime: impl Into<String>) -> Self {
        self.mime = Some(mime.into());
        self
    }

    /// When it was made; default: now.
    #[must_use]
    pub fn created_at(mut self, created: DateTime<Utc>) -> Self {
        self.created = Some(created);
        self
    }

    /// Nobody sees it before this moment of the simulator's clock.
    #[must_use]
    pub fn appears_at(mut self, at: DateTime<Utc>) -> Self {
        self.appears = Some(at);
        self
    }

    /// Drive has no SHA-256 of it, only the MD5.
    #[must_use]
    pub fn without_sha256(mut self) -> Self {
        self.has_sha256 = false;
        self
    }

    /// Taken for malware: only with `acknowledgeAbuse=true` are its bytes sent.
    #[must_use]
    pub fn abusive(mut self) -> Self {
        self.abusive = true;
        self
    }

    /// Somebody else's, shared with this account.
    #[must_use]
    pub fn not_mine(mut self) -> Self {
        self.mine = false;
        self
    }
}

/// What Drive knows of a file's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) bytes: u64,
    pub(crate) md5: String,
    pub(crate) sha256: String,
}

impl Sums {
    /// Reads all of `content` once.
    pub(crate) fn of(content: &Content) -> Self {
        let (mut md5, mut sha256, mut bytes) = (Md5::new(), Sha256::new(), 0);
        let whole: Result<(), std::convert::Infallible> = content.open().try_each(|piece| {
            md5.update(piece);
            sha256.update(piece);
            bytes += u64::try_from(piece.len()).unwrap_or(0);
            Ok(())
        });
        let Ok(()) = whole;
        Self { bytes, md5: rng::hex(&md5.finalize()), sha256: rng::hex(&sha256.finalize()) }
    }
}

/// The type that Takeout's deliveries were seen to have.
pub(crate) fn mime_of(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or("").to_ascii_lowercase().as_str() {
        "zip" => "application/zip",
        "tgz" => "application/x-compressed-tar",
        "jpg" | "jpeg" => "image/jpeg",
        _ => "application/octet-stream",
    }
}
