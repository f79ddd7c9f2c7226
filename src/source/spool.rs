//! A part of an export in Drive on the library's own disk, before it is taken in.
//!
//! Owns: `.gphotos-syncd/spool`. A part arrives as `KEY`; each [`CHECKPOINT_BYTES`] it is made durable and renamed to
//! `KEY.TOTAL.DURABLE`, so that its name tells how much of it may be trusted after a power cut; `KEY.TOTAL.TOTAL` is whole and was
//! checked. The key is of the revision: what was fetched of a file that was replaced since is never gone on from.
//! Invariant: blocks; what is returned has the digest that Drive told. May import: `google`, `fs`, `shutdown`.
//! Tests: `spool/tests.rs`.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write as _};

use md5::Md5;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use crate::fs::{FsError, Placed, Root};
use crate::google::{DriveFile, GoogleClient};
use crate::shutdown::Stop;
use crate::source::drive::{DriveFault, wait_for};

#[cfg(test)]
mod tests;

/// The folder of the parts, below the root.
const SPOOL_DIR: &str = ".gphotos-syncd/spool";
/// A part is made durable each time this much has come, so that a crash costs at most this much of it.
const CHECKPOINT_BYTES: u64 = 64 << 20;
/// How much is read of the disk at once, bytes.
const PIECE_BYTES: usize = 1 << 20;
/// Only the library's user has business with it.
const MODE: u32 = 0o600;

/// Fetches parts to disk.
#[derive(Debug)]
pub struct Spooler<'a> {
    /// Whose Drive.
    pub client: &'a GoogleClient,
    /// The library's root.
    pub root: &'a Root,
    /// The runtime of the requests.
    pub handle: &'a Handle,
    /// Ends it early, leaving what came.
    pub stop: &'a Stop,
}

/// A part on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spooled {
    /// Where, below the root.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// By what it is known to be whole.
    pub checked: Checked,
}

/// By what a part is known to be whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// SHA-256.
    Sha256,
    /// MD5.
    Md5,
    /// Its length alone: Drive told no digest.
    Length,
}

/// Why a part is not on disk; what came of it stays there, but for a damaged one.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError<E: Error + 'static> {
    /// It did not come.
    #[error(transparent)]
    Fault(#[from] DriveFault),
    /// The disk.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// No room, as the caller says.
    #[error(transparent)]
    Room(E),
    /// Its bytes are not those that Drive has; it was removed, and is fetched anew the next time.
    #[error("`{name}` came from Drive with another digest than Drive tells")]
    Damaged {
        /// Its name in Drive.
        name: String,
    },
}

impl Spooler<'_> {
    /// Fetches `file` whole, going on from what an earlier call left. Before the first bytes, and again with each checkpoint,
    /// `room` is asked whether so many bytes may still be written.
    ///
    /// # Errors
    /// See [`SpoolError`].
    pub fn spool<E: Error + 'static>(
        &self,
        file: &DriveFile,
        room: impl Fn(u64) -> Result<(), E>,
    ) -> Result<Spooled, SpoolError<E>> {
        self.root.create_dir_all(SPOOL_DIR)?;
        let mut part = self.open(file)?;
        if part.written < file.bytes {
            room(file.bytes - part.written).map_err(SpoolError::Room)?;
        }
        let mut stream = self.client.read_drive(file, part.written..file.bytes);
        loop {
            // Ends: each piece has bytes, and the stream comes to its end or to a fault.
            let bytes = match wait_for(self.handle, self.stop, stream.chunk()) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break,
                Err(fault) => {
                    part.keep()?;
                    return Err(fault.into());
                }
            };
            part.write(&bytes)?;
            if part.written - part.durable >= CHECKPOINT_BYTES {
                part.keep()?;
                room(file.bytes - part.written).map_err(SpoolError::Room)?;
            }
        }
        if !part.is_as_told(file) {
            part.root.remove_file(&part.path)?;
            return Err(SpoolError::Damaged { name: file.name.clone() });
        }
        part.finish()
    }

    /// The part on disk, cut to what may be trusted of it, or a new one.
    fn open<E: Error + 'static>(&self, file: &DriveFile) -> Result<Part, SpoolError<E>> {
        let key = key_for(file);
        let mut best: Option<(u64, String)> = None;
        for name in self.root.list(SPOOL_DIR)?.into_iter().filter(|name| key_of(name) == key) {
            let durable = durable_of(&name, file.bytes).unwrap_or(0);
            let worse = if best.as_ref().is_none_or(|(most, _)| durable > *most) {
                best.replace((durable, name)).map(|(_, name)| name)
            } else {
                Some(name)
            };
            if let Some(name) = worse {
                self.root.remove_file(&format!("{SPOOL_DIR}/{name}"))?;
            }
        }
        let (durable, name) = best.unwrap_or_else(|| (0, key.clone()));
        let path = format!("{SPOOL_DIR}/{name}");
        let disk = self.root.open_partial(&path, MODE, durable > 0)?;
        let mut part = Part {
            root: self.root.clone(),
            path,
            key,
            disk,
            digest: Digest::for_file(file),
            written: 0,
            durable: 0,
            total: file.bytes,
        };
        part.revive(durable, self.stop)?;
        Ok(part)
    }
}

/// Removes what was fetched of parts that are not among `wanted`; only while none is under way. Blocks.
///
/// # Errors
/// See [`FsError`].
pub fn sweep_spool(root: &Root, wanted: &[DriveFile]) -> Result<(), FsError> {
    let keys: Vec<String> = wanted.iter().map(key_for).collect();
    for name in root.list(SPOOL_DIR)? {
        if !keys.iter().any(|key| key_of(&name) == key) {
            root.remove_file(&format!("{SPOOL_DIR}/{name}"))?;
        }
    }
    Ok(())
}

/// One part while it arrives.
struct Part {
    root: Root,
    path: String,
    key: String,
    disk: File,
    digest: Digest,
    written: u64,
    durable: u64,
    total: u64,
}

impl Part {
    /// Takes the digest of the first `durable` bytes again, and cuts off the rest.
    fn revive<E: Error + 'static>(&mut self, durable: u64, stop: &Stop) -> Result<(), SpoolError<E>> {
        let length = self.disk.metadata().map_err(|e| self.fault("look at", e))?.len();
        // A name that promises more than there is was not written by this program.
        let durable = if length < durable { 0 } else { durable };
        self.disk.set_len(durable).map_err(|e| self.fault("cut", e))?;
        let mut piece = vec![0; PIECE_BYTES];
        while self.written < durable {
            if stop.is_begun() {
                return Err(DriveFault::Stopped.into());
            }
            let got = self.disk.read(&mut piece).map_err(|e| self.fault("read", e))?;
            if got == 0 {
                break;
            }
            self.digest.update(&piece[..got]);
            self.written += got as u64;
        }
        self.durable = self.written;
        self.disk.seek(SeekFrom::Start(self.written)).map_err(|e| self.fault("go on in", e))?;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FsError> {
        self.disk.write_all(bytes).map_err(|e| self.fault("write", e))?;
        self.digest.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Makes what is there durable, and says so in its name. A whole part is not told to be: it is not checked yet.
    fn keep(&mut self) -> Result<(), FsError> {
        if self.written == self.durable || self.written == self.total {
            return Ok(());
        }
        self.sync_as(self.written)
    }

    fn is_as_told(&mut self, file: &DriveFile) -> bool {
        self.written == file.bytes && self.digest.is_as_told(file)
    }

    fn finish<E: Error + 'static>(mut self) -> Result<Spooled, SpoolError<E>> {
        self.sync_as(self.total)?;
        self.root.sync_dir(SPOOL_DIR)?;
        Ok(Spooled { path: self.path, bytes: self.total, checked: self.digest.kind() })
    }

    fn sync_as(&mut self, durable: u64) -> Result<(), FsError> {
        self.disk.sync_data().map_err(|e| self.fault("make durable", e))?;
        let path = format!("{SPOOL_DIR}/{}.{}.{durable}", self.key, self.total);
        if path == self.path {
            return Ok(());
        }
        match self.root.place(&self.path, &path)? {
            Placed::Done => {
                self.path = path;
                self.durable = durable;
                Ok(())
            }
            Placed::Taken => {
                Err(self.fault("rename", std::io::Error::other("a file of its new name is there already")))
            }
        }
    }

    fn fault(&self, what: &'static str, source: std::io::Error) -> FsError {
        FsError { what, path: self.root.path().join(&self.path), source }
    }
}

/// The digest that a file is checked by: the best that Drive tells.
enum Digest {
    Sha256(Sha256),
    Md5(Md5),
    None,
}

impl Digest {
    fn for_file(file: &DriveFile) -> Self {
        match (&file.sha256, &file.md5) {
            (Some(_), _) => Self::Sha256(Sha256::new()),
            (None, Some(_)) => Self::Md5(Md5::new()),
            (None, None) => Self::None,
        }
    }

    fn kind(&self) -> Checked {
        match self {
            Self::Sha256(_) => Checked::Sha256,
            Self::Md5(_) => Checked::Md5,
            Self::None => Checked::Length,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(digest) => digest.update(bytes),
            Self::Md5(digest) => digest.update(bytes),
            Self::None => {}
        }
    }

    fn is_as_told(&self, file: &DriveFile) -> bool {
        match self {
            Self::Sha256(digest) => Some(hex(&digest.clone().finalize())) == file.sha256,
            Self::Md5(digest) => Some(hex(&digest.clone().finalize())) == file.md5,
            Self::None => true,
        }
    }
}

/// 16 hex digits that stand for the revision of a file, whatever its id and name are.
fn key_for(file: &DriveFile) -> String {
    let mut digest = Sha256::new();
    for text in [Some(&file.id.0), file.revision.as_ref(), file.md5.as_ref(), file.sha256.as_ref()] {
        digest.update(text.map_or("", String::as_str));
        digest.update([0]);
    }
    hex(&digest.finalize()[..8])
}

/// The key in a file's name.
fn key_of(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// How much may be trusted of a part of `total` bytes that has this name.
fn durable_of(name: &str, total: u64) -> Option<u64> {
    let mut parts = name.split('.').skip(1);
    let (told, durable): (u64, u64) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (parts.next().is_none() && told == total && durable <= total).then_some(durable)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
