//! Why the index does not answer.
//!
//! May import: `media`. Tests: in `store/tests/open.rs`.

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
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
    /// The file was made by a newer version.
    #[error("the index has schema version {found}, this program knows up to {known}")]
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
            Self::NotAnIndex { .. } | Self::TooNew { .. } | Self::UnknownFile { .. } | Self::Closed => false,
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
            Self::NotAnIndex { .. } | Self::TooNew { .. } | Self::UnknownFile { .. } | Self::Closed => false,
        }
    }
}
