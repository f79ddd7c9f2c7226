//! A damaged index: found, moved aside, kept.
//!
//! Owns: the names of the files beside the index. Invariant: a damaged index is moved, with its log, and never changed; what was moved
//! last is never removed. May import: `store`. Tests: in `store/tests/damage.rs`.
//!
//! A whole check reads the whole file, which a large library cannot pay at every run. So the header and the schema are read at every
//! open, and the whole file only where damage is likely: after an end that left a log behind (SQLite removes it when the
//! last user closes the index), and after any statement that met damage ([`suspect`]).

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::store::error::is_damage;
use crate::store::{StoreError, schema};

/// Damaged indexes kept; each may be as large as the index.
const KEPT_MAX: usize = 3;
/// Indexes moved aside within one second that get a name of their own.
const NAMES_TRIED_MAX: u32 = 64;
/// What SQLite keeps beside the index.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];
/// The file beside the index that says that a statement met damage.
const SUSPECT: &str = "-suspect";

/// Looks through the whole file where damage is likely. Reads it all then: about 400 MB a second from a fast disk.
///
/// # Errors
/// [`StoreError::Damaged`] if it is damaged; see [`StoreError`] for what keeps it from being read at all.
pub fn find_damage(path: &Path) -> Result<(), StoreError> {
    let is_empty = |path: &Path| std::fs::metadata(path).map_or(true, |found| found.len() == 0);
    let mark = beside(path, SUSPECT);
    if is_empty(path) || (is_empty(&beside(path, "-wal")) && !mark.exists()) {
        return Ok(());
    }
    let damaged = |why: String| StoreError::Damaged { path: path.to_owned(), why };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let check = || {
        let connection = Connection::open_with_flags(path, flags)?;
        schema::tune(&connection)?;
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
    };
    match check() {
        Ok(found) if found == "ok" => {
            remove(&mark);
            Ok(())
        }
        Ok(found) => Err(damaged(found.lines().last().unwrap_or_default().to_owned())),
        Err(error) if is_damage(&error) => Err(damaged(error.to_string())),
        // Whatever else keeps it from being read is told by the open that follows.
        Err(_) => Ok(()),
    }
}

/// A statement met damage: the next run looks through the whole file.
pub(crate) fn suspect(path: &Path) {
    if let Err(error) = File::create(beside(path, SUSPECT)) {
        tracing::debug!(%error, "that the index may be damaged cannot be noted");
    }
}

/// Moves the index and its log aside, durably, and returns the name it has then; blocks. Of those moved earlier the newest are kept.
///
/// # Errors
/// [`StoreError::Open`] if it cannot be moved.
pub fn set_aside(path: &Path, now: DateTime<Utc>) -> Result<PathBuf, StoreError> {
    let fail = |source| StoreError::Open { path: path.to_owned(), source };
    let stamp = now.format("%Y%m%dT%H%M%SZ");
    let name = |n: u32| match n {
        1 => beside(path, &format!(".damaged-{stamp}")),
        n => beside(path, &format!(".damaged-{stamp}.{n}")),
    };
    let aside = (1..=NAMES_TRIED_MAX).map(name).find(|name| name.symlink_metadata().is_err());
    let aside = aside.ok_or_else(|| fail(ErrorKind::AlreadyExists.into()))?;
    // The index goes first: a log without its index is harmless, an index without its log is an older one.
    std::fs::rename(path, &aside).map_err(fail)?;
    for companion in COMPANIONS {
        match std::fs::rename(beside(path, companion), beside(&aside, companion)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(fail(error)),
            Ok(()) | Err(_) => {}
        }
    }
    sync_folder(path).map_err(fail)?;
    for old in kept_aside(path).into_iter().skip(KEPT_MAX) {
        for companion in COMPANIONS {
            remove(&beside(&old, companion));
        }
        remove(&old);
    }
    remove(&beside(path, SUSPECT));
    Ok(aside)
}

/// The damaged indexes that were moved aside, newest first.
pub fn kept_aside(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let prefix = format!("{}.damaged-", name.to_string_lossy());
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_kept = |name: &str| name.starts_with(&prefix) && !COMPANIONS.iter().any(|c| name.ends_with(c));
    let mut kept: Vec<PathBuf> =
        entries.filter(|e| is_kept(&e.file_name().to_string_lossy())).map(|e| e.path()).collect();
    kept.sort_unstable();
    kept.reverse();
    kept
}

/// The file beside `path` whose name is longer by `suffix`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::debug!(path = %path.display(), %error, "a file beside the index cannot be removed");
    }
}
