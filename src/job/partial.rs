//! One file while it arrives, in `.gphotos-syncd/partial`.
//!
//! Owns: the names in `partial/` and what may be resumed. A file is written as `KEY`; every [`CHECKPOINT_BYTES`] a large one is made
//! durable and then renamed to `KEY.TOTAL.DURABLE`, so that its name tells how much of it may be trusted after a power cut.
//! A later run goes on from there if the server still announces `TOTAL`; anything else in `partial/` is swept away when a run begins.
//! Invariant: blocks; the digest is that of the bytes written, taken on the way. May import: `fs`. Tests: in `partial/tests.rs`.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::SystemTime;

use crate::fs::{FsError, Placed, Root};
use crate::job::body::{FILE_BYTES_MAX, looks_like_text};
use crate::job::faults::fs_fault;
use crate::job::motion::{MARKS_WITHIN_BYTES, has_motion_mark};
use crate::job::tools::{Room, RoomError};
use crate::media::MediaId;
use crate::store::FilePart;

/// The folder of unfinished files, below the root.
pub(crate) const PARTIAL_DIR: &str = ".gphotos-syncd/partial";
/// What the names of an export's files begin with that wait for their own names; `job::import` keeps and sweeps those.
pub(crate) const STAGED_PREFIX: &str = "t-";
/// A file up to this length is gathered in memory and written at once; a longer one is written in pieces of this length.
pub(crate) const PIECE_BYTES: usize = 1024 * 1024;
/// A large file is made durable each time this much has come, so that a crash costs at most this much of it.
const CHECKPOINT_BYTES: u64 = 16 * 1024 * 1024;
/// How long a leftover of a large file is kept for resuming, days; then its item is gone or fails for good.
const LEFTOVER_DAYS_MAX: i64 = 14;

/// One file while it arrives.
#[derive(Debug)]
pub(crate) struct Partial {
    root: Root,
    room: Room,
    key: String,
    path: String,
    mode: u32,
    file: Option<File>,
    hasher: Sha256,
    written: u64,
    durable: u64,
    total: Option<u64>,
    room_checked: u64,
    has_motion_mark: bool,
}

/// What an earlier run left of a large file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leftover {
    path: String,
    total: u64,
    durable: u64,
}

/// Why bytes could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// A fault of the file system.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// Not enough room.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// The bytes are a web page or a JSON text.
    #[error("the answer is a text and no media")]
    Text,
    /// More bytes than any file has.
    #[error("the answer does not end")]
    Endless,
}

impl WriteError {
    /// Whether there is no room for what was to be written.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::Fs(error) => error.is_full(),
            Self::Room(RoomError::Short { .. }) => true,
            Self::Room(RoomError::Fs(_)) | Self::Text | Self::Endless => false,
        }
    }
}

/// The name of an item's file while it arrives: 16 hex digits of the id's digest, and which file.
pub(crate) fn key_for(id: &MediaId, part: FilePart) -> String {
    let hex = short_digest(&id.0);
    match part {
        FilePart::Main => hex + "-m",
        FilePart::Motion => hex + "-c",
    }
}

/// The first 16 hex digits of a text's digest: a name for what must not show the text or be limited by it.
pub(crate) fn short_digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let first = digest.iter().take(8).fold(0_u64, |all, byte| (all << 8) | u64::from(*byte));
    format!("{first:016x}")
}

/// Sweeps `partial/` and returns what can be gone on from; only while no run is under way.
pub(crate) fn sweep(root: &Root, now: DateTime<Utc>) -> Result<HashMap<String, Leftover>, FsError> {
    let mut found = HashMap::new();
    let oldest = (now - TimeDelta::days(LEFTOVER_DAYS_MAX)).timestamp();
    for name in root.list(PARTIAL_DIR)? {
        if name.starts_with(STAGED_PREFIX) {
            continue;
        }
        let path = format!("{PARTIAL_DIR}/{name}");
        let is_fresh = root.entry(&path)?.is_some_and(|entry| entry.mtime >= oldest);
        let leftover = parse_name(&name).filter(|_| is_fresh);
        let Some((key, total, durable)) = leftover else {
            root.remove_file(&path)?;
            continue;
        };
        found.insert(key, Leftover { path, total, durable });
    }
    Ok(found)
}

/// Reads `KEY.TOTAL.DURABLE`.
fn parse_name(name: &str) -> Option<(String, u64, u64)> {
    let mut parts = name.split('.');
    let (key, total, durable) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let hex = key.strip_suffix("-m").or_else(|| key.strip_suffix("-c"))?;
    let is_key = hex.len() == 16 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    (parts.next().is_none() && is_key && durable > 0 && durable < total)
        .then(|| (key.to_owned(), total, durable))
}

impl Partial {
    /// Nothing yet; no file is made before the first bytes.
    pub(crate) fn new(root: Root, space: Room, key: String, mode: u32) -> Self {
        let path = format!("{PARTIAL_DIR}/{key}");
        Self {
            root,
            room: space,
            key,
            path,
            mode,
            file: None,
            hasher: Sha256::new(),
            written: 0,
            durable: 0,
            total: None,
            room_checked: 0,
            has_motion_mark: false,
        }
    }

    /// Takes over what an earlier run left: cuts it to what is surely durable and digests that again.
    pub(crate) fn revive(mut self, leftover: Leftover) -> Result<Self, FsError> {
        let Some(mut reader) = self.root.open_file(&leftover.path)? else { return Ok(self) };
        let mut file = self.root.open_partial(&leftover.path, self.mode, true)?;
        let root = self.root.clone();
        let fault = |what, source| fs_fault(&root, what, &leftover.path, source);
        let length = file.metadata().map_err(|e| fault("look at", e))?.len();
        if length < leftover.durable {
            drop(file);
            self.root.remove_file(&leftover.path)?;
            return Ok(self);
        }
        file.set_len(leftover.durable).map_err(|e| fault("cut", e))?;
        let mut piece = vec![0; PIECE_BYTES];
        let mut head = Vec::new();
        while self.written < leftover.durable {
            let got = reader.read(&mut piece).map_err(|e| fault("read", e))?;
            if got == 0 {
                break;
            }
            if self.written == 0 {
                head.extend_from_slice(&piece[..got.min(MARKS_WITHIN_BYTES)]);
            }
            self.hasher.update(&piece[..got]);
            self.written += got as u64;
        }
        file.seek(SeekFrom::Start(self.written)).map_err(|e| fault("go on in", e))?;
        self.has_motion_mark = has_motion_mark(&head);
        self.durable = self.written;
        self.room_checked = self.written;
        self.total = Some(leftover.total);
        self.path = leftover.path;
        self.file = Some(file);
        Ok(self)
    }

    /// From which byte on the rest should be asked for.
    pub(crate) fn resume_at(&self) -> u64 {
        if self.total.is_some() { self.written } else { 0 }
    }

    /// Whether bytes from `offset` on of a file of `total` bytes go on from what is there.
    pub(crate) fn continues(&self, offset: u64, total: Option<u64>) -> bool {
        offset > 0 && offset == self.written && total.is_some() && total == self.total
    }

    /// Throws away what is there and begins anew with a file of `total` bytes.
    pub(crate) fn begin(&mut self, total: Option<u64>) -> Result<(), FsError> {
        if self.file.take().is_some() {
            self.root.remove_file(&self.path)?;
        }
        self.path = format!("{PARTIAL_DIR}/{}", self.key);
        self.hasher = Sha256::new();
        (self.written, self.durable, self.room_checked, self.total) = (0, 0, 0, total);
        self.has_motion_mark = false;
        Ok(())
    }

    /// Takes in bytes. The first ones must hold the file's beginning, at least [`MARKS_WITHIN_BYTES`] of it where it is that long.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.written == 0 {
            if looks_like_text(bytes) {
                return Err(WriteError::Text);
            }
            self.has_motion_mark = has_motion_mark(bytes);
        }
        let after = self.written + bytes.len() as u64;
        if after > FILE_BYTES_MAX {
            return Err(WriteError::Endless);
        }
        self.check_room(after)?;
        let file = match self.file.as_mut() {
            Some(file) => file,
            None => self.file.insert(self.root.open_partial(&self.path, self.mode, false)?),
        };
        file.write_all(bytes).map_err(|source| fs_fault(&self.root, "write", &self.path, source))?;
        self.hasher.update(bytes);
        self.written = after;
        if self.written - self.durable >= CHECKPOINT_BYTES {
            self.keep()?;
        }
        Ok(())
    }

    /// Makes what is there durable, so that this or a later run can go on from it; what cannot be gone on from stays as it is.
    pub(crate) fn keep(&mut self) -> Result<(), FsError> {
        let (Some(file), Some(total)) = (&self.file, self.total) else { return Ok(()) };
        if self.written < PIECE_BYTES as u64 || self.written >= total || self.written == self.durable {
            return Ok(());
        }
        file.sync_data().map_err(|source| fs_fault(&self.root, "make durable", &self.path, source))?;
        let path = format!("{PARTIAL_DIR}/{}.{total}.{}", self.key, self.written);
        if self.root.place(&self.path, &path)? == Placed::Done {
            self.path = path;
            self.durable = self.written;
        }
        Ok(())
    }

    /// Ends a whole file with its time; durable it is not yet. Returns where it lies, its length and its digest.
    pub(crate) fn finish(&mut self, created: Option<DateTime<Utc>>) -> (String, u64, [u8; 32]) {
        if let Some(file) = self.file.take() {
            set_time(&file, created);
        }
        (self.path.clone(), self.written, self.hasher.finalize_reset().into())
    }

    /// Removes what is there; a fault is left to the next run's sweep.
    pub(crate) fn discard(&mut self) {
        if self.begin(None).is_err() {
            tracing::debug!(path = %self.path, "an unfinished file could not be removed");
        }
    }

    /// How many bytes are written.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Length of the whole file, where announced.
    pub(crate) fn total(&self) -> Option<u64> {
        self.total
    }

    /// Whether the beginning says that it is a motion photo.
    pub(crate) fn has_motion_mark(&self) -> bool {
        self.has_motion_mark
    }

    /// Looks for room before a large file's first bytes, and again with each checkpoint's worth of them.
    fn check_room(&mut self, after: u64) -> Result<(), RoomError> {
        let is_large =
            after > PIECE_BYTES as u64 || self.total.is_some_and(|total| total > PIECE_BYTES as u64);
        if !is_large || after <= self.room_checked {
            return Ok(());
        }
        let ahead = self.total.unwrap_or(after).saturating_sub(self.written);
        self.room.check(ahead)?;
        self.room_checked = after + CHECKPOINT_BYTES;
        Ok(())
    }
}

/// Time as it should be; a file system that refuses it (FAT before 1980) must not cost the file.
pub(crate) fn set_time(file: &File, created: Option<DateTime<Utc>>) {
    let time = created.map(SystemTime::from);
    if time.is_some_and(|time| file.set_modified(time).is_err()) {
        tracing::trace!("the file system refuses the file's time");
    }
}

#[cfg(test)]
mod tests;
