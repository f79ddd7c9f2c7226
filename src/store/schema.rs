//! The file itself: opened, checked, brought to this program's schema.
//!
//! Invariant: migrations go forward only and are frozen; a file of another program or a newer version is never changed.
//! A file that was cut off between its creation and its schema is as good as none. May import: `store`. Tests: in
//! `store/tests/open.rs`.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::fs::{Metadata, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::store::error::{is_damage, is_lack_of_locks};
use crate::store::{Begin, StoreError, damage, rebuild};

/// Each takes the schema from its index to the next version; version = how many have been applied.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
];

/// "gpsd" in ASCII, so that `file` and SQLite tell whose file it is.
const APPLICATION_ID: i64 = 0x6770_7364;

/// Of the file and of SQLite's files beside it: a group may read the state of a library, but others not the names of its photos.
const FILE_MODE: u32 = 0o640;

/// How long a request waits for another process that writes (a `status` that ends the log, an `import`).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Statements kept compiled; there are about 50.
const STATEMENTS_MAX: usize = 64;

/// The change counter begins at 0, so no look ever saw this.
pub(crate) const NEVER_LOOKED: i64 = -1;

/// `cache_size` is in KiB when negative: 4 MiB hold the upper levels of every index at a million items.
/// The log is cut back to 16 MiB after a long transaction. Temporary tables stay off the disk.
const SETTINGS: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -4096;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA wal_autocheckpoint = 1000;
    PRAGMA journal_size_limit = 16777216;
";

/// Opens or creates the file for reading and writing.
pub(crate) fn open(path: &Path, begin: Begin) -> Result<Connection, StoreError> {
    create_file(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(|e| open_error(path, e))?;
    tune(&connection).and_then(|()| connection.execute_batch(SETTINGS)).map_err(|e| open_error(path, e))?;
    check(&connection, path)?;
    migrate(&mut connection, path, begin)?;
    Ok(connection)
}

/// Whether the file has a schema, of whatever version: one that a kill left before its first migration has none.
pub(crate) fn has_schema(path: &Path) -> Result<bool, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open_checked(path.to_owned(), flags, path)?;
    Ok(version_of(&connection).map_err(|e| open_error(path, e))? > 0)
}

/// Opens the file for reading; none if there is none, or it has not been brought to this program's schema.
pub(crate) fn open_read_only(path: &Path) -> Result<Option<Connection>, StoreError> {
    match std::fs::symlink_metadata(path) {
        Err(source) if source.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::Open { path: path.to_owned(), source }),
        Ok(found) => check_kind(path, &found)?,
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match open_checked(path.to_owned(), flags, path) {
        // Without the right to write in the folder SQLite cannot make the files of its log. If there is no log, nobody
        // writes, and the file can be read as it stands.
        Err(error) if cannot_open(&error) && !log_of(path).exists() => {
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            let Some(uri) = immutable_uri(path) else { return Err(error) };
            open_checked(uri, flags, path)?
        }
        answer => answer?,
    };
    let version = version_of(&connection).map_err(|e| open_error(path, e))?;
    Ok((version == known_version()).then_some(connection))
}

fn open_checked(name: PathBuf, flags: OpenFlags, path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(name, flags).map_err(|e| open_error(path, e))?;
    tune(&connection).map_err(|e| open_error(path, e))?;
    check(&connection, path)?;
    Ok(connection)
}

/// Creates the file with its mode, which SQLite would take from the umask alone; the files of its log get the same.
fn create_file(path: &Path) -> Result<(), StoreError> {
    let fail = |source| StoreError::Open { path: path.to_owned(), source };
    let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .custom_flags(no_follow)
        .open(path)
        .and_then(|file| file.metadata())
        .map_err(fail)
        .and_then(|found| check_kind(path, &found))?;
    // SQLite makes its log's name durable, but not that of a file that it found.
    let folder = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|dir| dir.sync_all()).map_err(fail)
}

/// A link would lead elsewhere, and a pipe nowhere.
fn check_kind(path: &Path, found: &Metadata) -> Result<(), StoreError> {
    if found.is_file() {
        return Ok(());
    }
    let source = std::io::Error::new(ErrorKind::InvalidInput, "it is not a regular file");
    Err(StoreError::Open { path: path.to_owned(), source })
}

/// What reading needs too. A plan is kept whatever values are bound: without that, SQLite compiles each statement that may use
/// a partial index anew at every call.
pub(crate) fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// Refuses what is not ours before anything is written to it.
fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let ask = || {
        let owner: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((owner, tables, version_of(connection)?))
    };
    let (owner, tables, version) = ask().map_err(|e| open_error(path, e))?;
    let is_new = owner == 0 && tables == 0 && version == 0;
    if owner != APPLICATION_ID && !is_new {
        return Err(StoreError::NotAnIndex { path: path.to_owned() });
    }
    if version > known_version() {
        return Err(StoreError::TooNew { found: version, known: known_version() });
    }
    Ok(())
}

/// Brings the file to this program's schema.
fn migrate(connection: &mut Connection, path: &Path, begin: Begin) -> Result<(), StoreError> {
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|e| open_error(path, e))?;
    if mode != "wal" {
        return Err(StoreError::NoLocks { path: path.to_owned(), source: None });
    }
    apply(connection, begin).map_err(|e| open_error(path, e))
}

/// The version is read again inside the transaction: another process may have come first. What a new index is begun for is
/// written with its schema, so that no crash comes between.
fn apply(connection: &mut Connection, begin: Begin) -> rusqlite::Result<()> {
    if version_of(connection)? == known_version() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let applied = usize::try_from(version_of(&transaction)?).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(applied) {
        transaction.execute_batch(migration)?;
    }
    if applied == 0 && begin == Begin::Rebuild {
        rebuild::mark_begun(&transaction)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known_version())?;
    transaction.commit()
}

fn version_of(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn known_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

fn open_error(path: &Path, source: rusqlite::Error) -> StoreError {
    if is_damage(&source) {
        return StoreError::Damaged { path: path.to_owned(), why: source.to_string() };
    }
    if is_lack_of_locks(&source) {
        return StoreError::NoLocks { path: path.to_owned(), source: Some(source) };
    }
    StoreError::Sqlite { what: "check the schema", source }
}

fn cannot_open(error: &StoreError) -> bool {
    let StoreError::Sqlite { source, .. } = error else { return false };
    matches!(source.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

fn log_of(path: &Path) -> PathBuf {
    damage::beside(path, "-wal")
}

/// The file as one that nobody changes, for which SQLite makes no files beside it.
pub(crate) fn immutable_uri(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let mut uri = url::Url::from_file_path(absolute).ok()?;
    uri.set_query(Some("immutable=1"));
    Some(PathBuf::from(String::from(uri)))
}
