//! Why the index does not answer.
//!
//! May import: `media`. Tests: in `store/tests/open.rs`.

use rusqlite::ErrorCode;
use rusqlite::ffi::{self, SQLITE_IOERR_SHMSIZE};
use std::path::PathBuf;

use crate::media::MediaId;

/// Why the index does not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's own.
    #[error("cannot {what} in the index")]
    Sqlite {
        /// The operation.
        what: &'static str,
        /// SQLite's words.
        #[source]
        source: rusqlite::Error,
    },
    /// The file cannot be opened or created.
    #[error("cannot open the index `{}`", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The file is no database, or another program's.
    #[error("`{}` is not an index of this program\nhint: move it away with `mv '{0}' '{0}.bad'`; the next run makes a new one", .path.display())]
    NotAnIndex {
        /// The file.
        path: PathBuf,
    },
    /// The file was an index of this program and can no longer be read whole.
    #[error("the index `{}` is damaged: {why}\nhint: the next run moves it aside and makes a new one from the files that are there, without fetching them again", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// SQLite's finding.
        why: String,
    },
    /// The file system lacks what SQLite's log needs: locks, or memory shared between processes.
    #[error("the index `{}` lies on a file system without the locks or the shared memory that it needs{}\nhint: keep the index on a local disk: set `index-dir` of the library, such as \"/var/lib/gphotos-syncd/NAME\"", .path.display(), .source.as_ref().map_or_else(String::new, |e| format!(": {e}")))]
    NoLocks {
        /// The file.
        path: PathBuf,
        /// SQLite's words, which are in the text; none: it took another kind of log.
        source: Option<rusqlite::Error>,
    },
    /// The file was made by a newer version.
    #[error(
        "the index has schema version {found}, this program knows up to {known}\nhint: it is left as it is; install the newer version of gphotos-syncd again"
    )]
    TooNew {
        /// In the file.
        found: i64,
        /// In this program.
        known: i64,
    },
    /// A file was named that was never recorded, or is not wanted where only a wanted one makes sense.
    #[error("the index has no such file of the item `{id}`")]
    UnknownFile {
        /// Whose.
        id: MediaId,
    },
    /// The thread is gone.
    #[error("the index is closed")]
    Closed,
}

impl StoreError {
    /// Whether the rights of this process do not suffice: for the file, or for the files of its log beside it.
    pub fn is_denied(&self) -> bool {
        match self {
            Self::Open { source, .. } => source.kind() == std::io::ErrorKind::PermissionDenied,
            Self::Sqlite { source, .. } => matches!(
                source.sqlite_error_code(),
                Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
            ),
            Self::NotAnIndex { .. }
            | Self::Damaged { .. }
            | Self::NoLocks { .. }
            | Self::TooNew { .. }
            | Self::UnknownFile { .. }
            | Self::Closed => false,
        }
    }

    /// Whether the disk is full (SQLITE_FULL, or an I/O error with ENOSPC).
    pub fn is_full(&self) -> bool {
        match self {
            Self::Sqlite { source, .. } => source.sqlite_error().is_some_and(|error| {
                // SQLite grows the shared memory of its log by a write of its own, and does not say why that failed.
                error.code == ErrorCode::DiskFull || error.extended_code == SQLITE_IOERR_SHMSIZE
            }),
            Self::Open { source, .. } => {
                matches!(source.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
            }
            Self::NotAnIndex { .. }
            | Self::Damaged { .. }
            | Self::NoLocks { .. }
            | Self::TooNew { .. }
            | Self::UnknownFile { .. }
            | Self::Closed => false,
        }
    }

    /// Whether the file itself is damaged.
    pub fn is_damaged(&self) -> bool {
        matches!(self, Self::Damaged { .. })
            || matches!(self, Self::Sqlite { source, .. } if is_damage(source))
    }

    /// Whether another process kept the index for itself for longer than any transaction of this program takes.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Sqlite { source, .. } if source.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
    }

    /// Whether the file system lacks locks or shared memory, by the codes that SQLite gives where a call for them fails.
    pub fn lacks_locks(&self) -> bool {
        matches!(self, Self::NoLocks { .. })
            || matches!(self, Self::Sqlite { source, .. } if is_lack_of_locks(source))
    }
}

/// Whether SQLite says that what it read is no database, or a broken one.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Whether a lock, or the memory that the readers and the writer of a log share, could not be had.
pub(crate) fn is_lack_of_locks(error: &rusqlite::Error) -> bool {
    const OF_LOCKS: [i32; 7] = [
        ffi::SQLITE_IOERR_LOCK,
        ffi::SQLITE_IOERR_RDLOCK,
        ffi::SQLITE_IOERR_UNLOCK,
        ffi::SQLITE_IOERR_CHECKRESERVEDLOCK,
        ffi::SQLITE_IOERR_SHMLOCK,
        ffi::SQLITE_IOERR_SHMMAP,
        ffi::SQLITE_IOERR_SHMOPEN,
    ];
    error.sqlite_error().is_some_and(|error| {
        error.code == ErrorCode::FileLockingProtocolFailed || OF_LOCKS.contains(&error.extended_code)
    })
}
