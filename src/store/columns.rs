//! How the words of the domain are written in columns.
//!
//! Invariant: a number once given to a word is never given to another. May import: `media`, `store`. Tests: in `store/tests/pages.rs`.

use chrono::{DateTime, Utc};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::media::MediaKind;
use crate::store::{FilePart, ListingKind};

/// A file's state: wanted and not on disk.
pub(crate) const WANTED: i64 = 0;
/// A file's state: on disk.
pub(crate) const STORED: i64 = 1;
/// A file's state: it turned out not to exist.
pub(crate) const ABSENT: i64 = 2;

/// A file's state: put aside, because the file of another item stands for it.
pub(crate) const ASIDE: i64 = 3;

/// A file's state: gone with its item, into the trash or, if it was never here, nowhere.
pub(crate) const GONE: i64 = 4;

/// No file's next try is further ahead than this, milliseconds: a day more than the longest gap. One that is was dated while the
/// clock was wrong, and nobody could wait for it.
const NEXT_TRY_AHEAD_MAX: i64 = 8 * 24 * 60 * 60 * 1_000;

/// The condition that a file `f` may be tried at the time that the parameter `now` holds.
pub(crate) fn due_at(now: &str) -> String {
    format!("(f.next_try IS NULL OR f.next_try <= {now} OR f.next_try > {now} + {NEXT_TRY_AHEAD_MAX})")
}

/// A time as a column has it.
pub(crate) fn millis(time: DateTime<Utc>) -> i64 {
    time.timestamp_millis()
}

/// A column as a time; one that no calendar has is the earliest.
pub(crate) fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// A count as a column has it.
pub(crate) fn column(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A column as a count.
pub(crate) fn count(column: i64) -> u64 {
    u64::try_from(column).unwrap_or(0)
}

impl ToSql for FilePart {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number: i64 = match self {
            Self::Main => 0,
            Self::Motion => 1,
        };
        Ok(number.into())
    }
}

impl FromSql for FilePart {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Main),
            1 => Ok(Self::Motion),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

/// [`MediaKind`] as a column has it: its own type, for neither the trait nor the kind is this module's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KindColumn(pub(crate) MediaKind);

impl KindColumn {
    /// Whether Google has bytes to fetch.
    pub(crate) fn has_bytes(self) -> bool {
        match self.0 {
            MediaKind::Photo | MediaKind::Video => true,
            MediaKind::VideoProcessing | MediaKind::VideoFailed => false,
        }
    }
}

impl ToSql for KindColumn {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number: i64 = match self.0 {
            MediaKind::Photo => 0,
            MediaKind::Video => 1,
            MediaKind::VideoProcessing => 2,
            MediaKind::VideoFailed => 3,
        };
        Ok(number.into())
    }
}

impl FromSql for KindColumn {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self(MediaKind::Photo)),
            1 => Ok(Self(MediaKind::Video)),
            2 => Ok(Self(MediaKind::VideoProcessing)),
            3 => Ok(Self(MediaKind::VideoFailed)),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

impl ToSql for ListingKind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number: i64 = match self {
            Self::Full => 0,
            Self::Head => 1,
        };
        Ok(number.into())
    }
}

impl FromSql for ListingKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Full),
            1 => Ok(Self::Head),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}
