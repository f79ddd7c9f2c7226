//! What a look at the files on disk is told, and what it found.
//!
//! Invariant: a look changes no file's state; only a person's wish for another copy turns a stored file back to wanted, and its
//! path stays its own. May import: `media`, `store`. Tests: in `store/tests/verify.rs`.

use rusqlite::{Row, Transaction, params};
use serde::{Deserialize, Serialize};

use crate::media::MediaId;
use crate::store::columns::{STORED, WANTED, count};
use crate::store::{FilePart, Store, StoreError, links};

/// What a look found in place of the file that was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// Nothing.
    Missing,
    /// Another file, or this one changed by somebody: its length or its time is another one too.
    Changed,
    /// Other bytes under the old length and time, or bytes that the disk does not give any more.
    Damaged,
}

/// A stored file as it should be.
#[derive(Clone, Debug)]
pub struct HeldFile {
    /// Its item's number in the index.
    pub item: i64,
    /// Its item.
    pub id: MediaId,
    /// Which of the item's files.
    pub part: FilePart,
    /// Its path below the root.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Its modification time, seconds since 1970, where one was set.
    pub mtime: Option<i64>,
    /// What an earlier look found.
    pub found: Option<Found>,
    /// Whether the Library API can be asked for it again; what only exports brought cannot.
    pub is_askable: bool,
}

/// How many stored files are not as they were stored, as the looks so far found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundCounts {
    /// Files that are not there.
    pub missing: u64,
    /// Files that somebody changed.
    pub changed: u64,
    /// Files that the disk changed.
    pub damaged: u64,
}

impl Found {
    /// The word that people read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::Damaged => "damaged",
        }
    }

    fn column(self) -> i64 {
        match self {
            Self::Missing => 1,
            Self::Changed => 2,
            Self::Damaged => 3,
        }
    }

    fn of_column(column: i64) -> Self {
        match column {
            1 => Self::Missing,
            2 => Self::Changed,
            _ => Self::Damaged,
        }
    }
}

impl FoundCounts {
    /// All of them.
    pub fn sum(&self) -> u64 {
        self.missing + self.changed + self.damaged
    }
}

/// Columns of [`held_row`].
const HELD_COLUMNS: &str = "f.item, i.id, f.part, f.path, f.bytes, f.sha256, f.mtime, f.found, i.source = 0";

impl Store {
    /// Stored files after the file (`item`, `part`), in the order of their items' numbers; at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn files_after(
        &self,
        after: Option<(i64, FilePart)>,
        limit: u32,
    ) -> Result<Vec<HeldFile>, StoreError> {
        let (item, part) = after.unwrap_or((0, FilePart::Main));
        self.read("read the stored files", move |connection| {
            let sql = format!(
                "SELECT {HELD_COLUMNS} FROM files f CROSS JOIN items i ON i.n = f.item
                 WHERE (f.item, f.part) > (?1, ?2) AND f.state = {STORED} ORDER BY f.item, f.part LIMIT ?3"
            );
            let mut find = connection.prepare_cached(&sql)?;
            find.query_map(params![item, part, limit], held_row)?.collect()
        })
        .await
    }

    /// Files that a look did not find as they were stored, those that are wanted again among them, after the file (`item`, `part`); at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn files_found(
        &self,
        after: Option<(i64, FilePart)>,
        limit: u32,
    ) -> Result<Vec<HeldFile>, StoreError> {
        let (item, part) = after.unwrap_or((0, FilePart::Main));
        self.read("read what was found of the files", move |connection| {
            let sql = format!(
                "SELECT {HELD_COLUMNS} FROM files f INDEXED BY files_found CROSS JOIN items i ON i.n = f.item
                 WHERE f.found IS NOT NULL AND (f.item, f.part) > (?1, ?2) AND f.state IN ({WANTED}, {STORED})
                 ORDER BY f.item, f.part LIMIT ?3"
            );
            let mut find = connection.prepare_cached(&sql)?;
            find.query_map(params![item, part, limit], held_row)?.collect()
        })
        .await
    }

    /// Remembers what a look found of some files, and how far it got, in one transaction.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_looks(
        &self,
        looks: Vec<(i64, FilePart, Option<Found>)>,
        progress: (&'static str, String),
    ) -> Result<(), StoreError> {
        self.write("record what was found of the files", move |tx| {
            set_found(tx, &looks)?;
            tx.execute("INSERT OR REPLACE INTO facts VALUES (?1, ?2)", params![progress.0, progress.1])
                .map(drop)
        })
        .await
    }

    /// Remembers of some files what is found of them now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set_found(&self, files: Vec<(i64, FilePart, Option<Found>)>) -> Result<(), StoreError> {
        self.write("record what was found of files", move |tx| set_found(tx, &files)).await
    }

    /// An export brought the file at `path` again.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn note_back(&self, path: String) -> Result<(), StoreError> {
        self.write("record a file that is back", move |tx| {
            let sql = "UPDATE files SET found = NULL WHERE path = ?1 AND found IS NOT NULL";
            tx.prepare_cached(sql)?.execute([path]).map(drop)
        })
        .await
    }

    /// The links and copies that albums have of the file at `path`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn links_to(&self, path: String) -> Result<Vec<String>, StoreError> {
        self.read("look for an album's copies", move |connection| {
            let mut find = connection.prepare_cached("SELECT path FROM album_links WHERE target = ?1")?;
            find.query_map([path], |row| row.get(0))?.collect()
        })
        .await
    }

    /// How many files are not as they were stored.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn found_counts(&self) -> Result<FoundCounts, StoreError> {
        self.read("count what was found of the files", |connection| {
            let sql = format!(
                "SELECT found, count(*) FROM files INDEXED BY files_found
                 WHERE found IS NOT NULL AND state IN ({WANTED}, {STORED}) GROUP BY found"
            );
            let mut find = connection.prepare_cached(&sql)?;
            let mut counts = FoundCounts::default();
            let rows = find.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
            for row in rows {
                let (found, number) = row?;
                match Found::of_column(found) {
                    Found::Missing => counts.missing += count(number),
                    Found::Changed => counts.changed += count(number),
                    Found::Damaged => counts.damaged += count(number),
                }
            }
            Ok(counts)
        })
        .await
    }

    /// Another copy of these files is wished: they are wanted again, at the path that they have. What was found of them stays
    /// known until the copy is there, for it says whether what lies at the path now is to be put aside. Albums' links are looked at anew.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn want_again(&self, files: Vec<(i64, FilePart)>) -> Result<(), StoreError> {
        self.write("want files again", move |tx| {
            let sql = format!(
                "UPDATE files SET state = {WANTED}, tries = 0, next_try = NULL, reason = NULL, failure = NULL
                 WHERE item = ?1 AND part = ?2 AND state IN ({WANTED}, {STORED}) AND found IS NOT NULL"
            );
            let mut change = tx.prepare_cached(&sql)?;
            for (item, part) in &files {
                change.execute(params![item, part])?;
            }
            links::count_change(tx)
        })
        .await
    }

    /// Which of these paths are of the library: a file's, wanted or put aside ones among them, or an album's link's.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn known_paths(&self, paths: Vec<String>) -> Result<Vec<bool>, StoreError> {
        self.read("look up paths", move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM files WHERE path = ?1)
                    OR EXISTS (SELECT 1 FROM album_links WHERE path = ?1)",
            )?;
            paths.iter().map(|path| find.query_row([path], |row| row.get(0))).collect()
        })
        .await
    }
}

/// A file that is as it was stored needs no other copy.
fn set_found(tx: &Transaction<'_>, files: &[(i64, FilePart, Option<Found>)]) -> rusqlite::Result<()> {
    let here = format!("WHERE item = ?1 AND part = ?2 AND state IN ({WANTED}, {STORED})");
    let sql = format!("UPDATE files SET found = ?3 {here} AND found IS NOT ?3");
    let mut spoilt = tx.prepare_cached(&sql)?;
    let sql = format!(
        "UPDATE files SET found = NULL, state = {STORED}, tries = 0, next_try = NULL, reason = NULL, failure = NULL
         {here} AND found IS NOT NULL"
    );
    let mut good = tx.prepare_cached(&sql)?;
    for (item, part, found) in files {
        match found {
            Some(found) => spoilt.execute(params![item, part, found.column()])?,
            None => good.execute(params![item, part])?,
        };
    }
    Ok(())
}

fn held_row(row: &Row<'_>) -> rusqlite::Result<HeldFile> {
    Ok(HeldFile {
        item: row.get(0)?,
        id: MediaId(row.get(1)?),
        part: row.get(2)?,
        path: row.get(3)?,
        bytes: count(row.get::<_, Option<i64>>(4)?.unwrap_or(0)),
        sha256: row.get::<_, Option<[u8; 32]>>(5)?.unwrap_or_default(),
        mtime: row.get(6)?,
        found: row.get::<_, Option<i64>>(7)?.map(Found::of_column),
        is_askable: row.get(8)?,
    })
}
