//! Which path a file gets: the first free number of the name wished, for ever.
//!
//! Invariant: a path is given once. Two columns keep it: the path itself, and a hash of its case-folded form, so that the
//! setting of portable names can change in a library's life. May import: `names`. Tests: in `store/tests/paths.rs`.

use rusqlite::{OptionalExtension as _, Transaction, params};
use sha2::{Digest as _, Sha256};

use crate::names::{FileName, case_key};

/// Where a search for a free number gives up: far more files of one name than a library has items.
const NUMBER_MAX: u32 = 10_000_000;

/// A free path with what is written beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) folded: i64,
    pub(crate) number: u32,
}

/// The hash that stands for the case-folded path. Two paths of one hash only cost the second one a number.
pub(crate) fn folded(path: &str) -> i64 {
    hash(&["folded", &case_key(path)])
}

/// The first free path of `name` in `dir` from the number `from` on; remembers where the next search begins.
pub(crate) fn allocate(
    tx: &Transaction<'_>,
    dir: &str,
    name: &FileName,
    from: u32,
    fold_case: bool,
) -> rusqlite::Result<Place> {
    let wished = join(dir, &name.numbered(1));
    let counter = if fold_case { folded(&wished) } else { hash(&["exact", &wished]) };
    let mut find = tx.prepare_cached("SELECT next FROM name_counters WHERE name = ?1")?;
    let next: u32 = find.query_row([counter], |row| row.get(0)).optional()?.unwrap_or(1);
    let place = first_free(tx, dir, name, next.max(from), fold_case)?;
    if place.number > 1 {
        let mut save = tx.prepare_cached("INSERT OR REPLACE INTO name_counters VALUES (?1, ?2)")?;
        save.execute(params![counter, place.number + 1])?;
    }
    Ok(place)
}

/// Folder and name wished of a path that was given with `number`.
pub(crate) fn name_of(path: &str, number: u32, ext_bytes: usize) -> (&str, FileName) {
    let (dir, file) = path.rsplit_once('/').unwrap_or(("", path));
    let cut = file.len().checked_sub(ext_bytes).filter(|at| file.is_char_boundary(*at)).unwrap_or(file.len());
    let (stem, ext) = file.split_at(cut);
    let stem = if number == 1 { stem } else { stem.strip_suffix(&format!(" ({number})")).unwrap_or(stem) };
    (dir, FileName { stem: stem.to_owned(), ext: ext.to_owned() })
}

/// Length of the extension with its dot, of a path that was not given here.
pub(crate) fn ext_bytes_of(path: &str) -> usize {
    let file = path.rsplit_once('/').map_or(path, |(_, file)| file);
    file.rfind('.').filter(|at| *at > 0).map_or(0, |at| file.len() - at)
}

fn first_free(
    tx: &Transaction<'_>,
    dir: &str,
    name: &FileName,
    from: u32,
    fold_case: bool,
) -> rusqlite::Result<Place> {
    let mut exact = tx.prepare_cached("SELECT 1 FROM files WHERE path = ?1")?;
    let mut alike = tx.prepare_cached("SELECT 1 FROM files WHERE folded = ?1")?;
    for number in from..NUMBER_MAX {
        let path = join(dir, &name.numbered(number));
        let folded = folded(&path);
        let taken = exact.exists([&path])? || (fold_case && alike.exists([folded])?);
        if !taken {
            return Ok(Place { path, folded, number });
        }
    }
    Err(rusqlite::Error::QueryReturnedNoRows)
}

fn join(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}

fn hash(texts: &[&str]) -> i64 {
    let mut sum = Sha256::new();
    for text in texts {
        sum.update(text.as_bytes());
        sum.update([0]);
    }
    sum.finalize().iter().take(8).fold(0, |all, byte| (all << 8) | i64::from(*byte))
}
