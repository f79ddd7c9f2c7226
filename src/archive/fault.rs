//! What can be wrong with a part, and with one of its entries.
//!
//! Owns: [`ArchiveError`] (the part cannot be read on) and [`EntryFault`] (one entry is not what it says). Invariant: a fault
//! of an entry is never told as a fault of the source, nor the reverse, because the caller waits and tries again for one only.
//! May import: nothing of the crate. Tests: in `archive/tests`.

use std::io;
use std::path::PathBuf;

/// Why a part cannot be opened or read on. It says nothing about the bytes that were read before.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The path cannot be opened.
    #[error("cannot open `{}`", .path.display())]
    Open {
        /// What was to be opened.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The source failed while it was read: a disk or a network, not the archive.
    #[error("cannot read `{label}`")]
    Read {
        /// The part, as [`Part`](crate::archive::Part) names it.
        label: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Not a byte yet. A part that is being copied begins like this.
    #[error("`{label}` is empty")]
    Empty {
        /// The part.
        label: String,
    },
    /// The bytes are those of no known format.
    #[error("`{label}` is neither a zip or tgz archive nor a folder")]
    NotAnArchive {
        /// The part.
        label: String,
    },
}

impl ArchiveError {
    /// What a person can do about it, without the word `hint:`. None if the cause speaks for itself.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Open { .. } | Self::Read { .. } => None,
            Self::Empty { .. } => Some("it may still be on its way; if not, download it again"),
            Self::NotAnArchive { .. } => Some(
                "Takeout's parts are named `takeout-...-001.zip` or `.tgz`; a page that was saved instead of a part is not one",
            ),
        }
    }
}

/// Why the bytes of one entry cannot be had, or cannot be trusted. The inner error of the [`io::Error`] that a
/// [`Body`](crate::archive::Body) gives.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// The bytes do not match their CRC-32.
    #[error("its bytes do not match their checksum")]
    Crc,
    /// Fewer bytes than declared.
    #[error("it ends before its declared length")]
    Short,
    /// More bytes than declared.
    #[error("it is longer than its declared length")]
    TooLong,
    /// It unpacks to far more than photos, videos or JSON ever do.
    #[error("it unpacks to far more than any photo or video does")]
    Bomb,
    /// It is encrypted; Takeout never encrypts.
    #[error("it is encrypted")]
    Encrypted,
    /// Packed by a method that this program does not read (APPNOTE 4.4.5).
    #[error("it is packed by method {0}, which is not supported")]
    Method(u16),
    /// Anything else, in words.
    #[error("{0}")]
    Broken(String),
}

impl EntryFault {
    /// The fault inside an error of a body. None means that the source failed, not the archive.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<EntryFault> for io::Error {
    fn from(fault: EntryFault) -> Self {
        Self::new(io::ErrorKind::InvalidData, fault)
    }
}

/// Why a feed of bytes stopped.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The entry is faulty; what follows it may still be sound.
    Fault(EntryFault),
    /// The source failed.
    Source(io::Error),
}

impl From<EntryFault> for Trouble {
    fn from(fault: EntryFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Source(error)
    }
}

/// Another error of the same kind and words, for a failure that two places must hear of.
pub(crate) fn copy_of(error: &io::Error) -> io::Error {
    error
        .raw_os_error()
        .map_or_else(|| io::Error::new(error.kind(), error.to_string()), io::Error::from_raw_os_error)
}
