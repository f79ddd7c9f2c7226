//! The entries of Takeout's parts, from read to stored.
//!
//! Invariant: an entry has one outcome; the entries of a part are committed in their order, so that reading goes on after the last
//! one. Pairing goes folder by folder, so that memory does not grow with an export. May import: `store`. Tests: in `store/tests/exports.rs`.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::store::columns::{STORED, column, count};
use crate::store::{
    EntryKey, EntryOutcome, EntryRole, FolderEntry, HeldEntry, NewEntry, PairedEntry, StagedEntry, Store,
    StoreError,
};

impl Store {
    /// Writes entries of a part in one transaction; what became of each, in their order.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn commit_entries(
        &self,
        export: i64,
        part: i64,
        entries: Vec<NewEntry>,
    ) -> Result<Vec<EntryOutcome>, StoreError> {
        self.write("record entries of a part", move |tx| {
            entries.iter().map(|entry| commit(tx, export, part, entry)).collect()
        })
        .await
    }

    /// Folders of a set that have entries which pairing has not seen, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unpaired_folders(&self, export: i64, limit: u32) -> Result<Vec<String>, StoreError> {
        self.read("read the folders of an export", move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT DISTINCT folder FROM entries WHERE export = ?1 AND is_paired = 0 ORDER BY folder LIMIT ?2",
            )?;
            find.query_map(params![export, limit], |row| row.get(0))?.collect()
        })
        .await
    }

    /// The folders of a set after `after`, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn folders(&self, export: i64, after: String, limit: u32) -> Result<Vec<String>, StoreError> {
        self.read("read the folders of an export", move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT DISTINCT folder FROM entries WHERE export = ?1 AND folder > ?2 ORDER BY folder LIMIT ?3",
            )?;
            find.query_map(params![export, after, limit], |row| row.get(0))?.collect()
        })
        .await
    }

    /// How many entries a folder of a set has, all parts together.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn folder_size(&self, export: i64, folder: String) -> Result<u64, StoreError> {
        self.read("count the entries of a folder", move |connection| {
            let sql = "SELECT count(*) FROM entries WHERE export = ?1 AND folder = ?2";
            connection.prepare_cached(sql)?.query_row(params![export, folder], |row| row.get(0).map(count))
        })
        .await
    }

    /// The files and JSON files of a folder of a set, all parts together, those after `after`, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn folder_entries(
        &self,
        export: i64,
        folder: String,
        after: Option<EntryKey>,
        limit: u32,
    ) -> Result<Vec<FolderEntry>, StoreError> {
        self.read("read a folder of an export", move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT part, ordinal, name, outcome, title, sha256 FROM entries
                 WHERE export = ?1 AND folder = ?2 AND (part, ordinal) > (?3, ?4) AND outcome IN (0, 1, 2, 3, 7)
                 ORDER BY part, ordinal LIMIT ?5",
            )?;
            let (part, ordinal) = after.map_or((-1, -1), |(part, ordinal)| (part, column(ordinal)));
            let rows = find.query_map(params![export, folder, part, ordinal, limit], |row| {
                Ok(FolderEntry {
                    key: key_of(row, 0)?,
                    name: row.get(2)?,
                    outcome: row.get(3)?,
                    title: row.get(4)?,
                    sha256: row.get(5)?,
                })
            })?;
            rows.collect()
        })
        .await
    }

    /// Writes what pairing found: of each file its sidecar, main file and role, of each JSON file without a file the reason; a JSON file
    /// that is somebody's sidecar becomes one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_pairing(
        &self,
        files: Vec<PairedEntry>,
        left: Vec<(EntryKey, String)>,
    ) -> Result<(), StoreError> {
        self.write("record what belongs together", move |tx| {
            files.iter().try_for_each(|file| pair(tx, file))?;
            let mut tell = tx.prepare_cached(
                "UPDATE entries SET outcome = 7, reason = ?3 WHERE part = ?1 AND ordinal = ?2 AND outcome IN (3, 7)",
            )?;
            for ((part, ordinal), reason) in &left {
                tell.execute(params![part, column(*ordinal), reason])?;
            }
            Ok(())
        })
        .await
    }

    /// Pairing has gone through all of a folder.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mark_paired(&self, export: i64, folder: String) -> Result<(), StoreError> {
        self.write("record that a folder is paired", move |tx| {
            let mut seen = tx.prepare_cached(
                "UPDATE entries SET is_paired = 1 WHERE export = ?1 AND folder = ?2 AND is_paired = 0",
            )?;
            seen.execute(params![export, folder]).map(drop)
        })
        .await
    }

    /// Files of a set that need their names, of this role or main files first, in an order that does not depend on that of the
    /// archive, at most `limit` after the first `skip`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn staged(
        &self,
        export: i64,
        role: Option<EntryRole>,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<StagedEntry>, StoreError> {
        self.read("read the staged files", move |connection| {
            let sql = format!(
                "SELECT e.part, e.ordinal, e.folder, e.name, e.bytes, e.mtime, e.sha256, e.embedded, j.json, e.role, m.name,
                    f.path, i.id
                 FROM entries e
                 LEFT JOIN entries m ON m.part = e.main_part AND m.ordinal = e.main_ordinal
                 LEFT JOIN entries j ON j.part = ifnull(e.json_part, m.json_part)
                    AND j.ordinal = ifnull(e.json_ordinal, m.json_ordinal)
                 LEFT JOIN files f ON f.sha256 = m.sha256 AND f.state = {STORED}
                 LEFT JOIN items i ON i.n = f.item
                 WHERE e.export = ?1 AND e.outcome = 0 AND (?2 IS NULL OR e.role = ?2)
                 ORDER BY e.role, e.folder, length(e.name), e.name, e.part, e.ordinal LIMIT ?4 OFFSET ?3"
            );
            let mut find = connection.prepare_cached(&sql)?;
            find.query_map(params![export, role, skip, limit], staged_row)?.collect()
        })
        .await
    }

    /// Where the file of these bytes is, if one is stored.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn path_of_digest(&self, sha256: [u8; 32]) -> Result<Option<String>, StoreError> {
        self.read("look up bytes", move |connection| {
            let sql = format!("SELECT path FROM files WHERE sha256 = ?1 AND state = {STORED} LIMIT 1");
            connection.prepare_cached(&sql)?.query_row([sha256], |row| row.get(0)).optional()
        })
        .await
    }

    /// These entries have come to `outcome`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn settle_entries(
        &self,
        keys: Vec<EntryKey>,
        outcome: EntryOutcome,
        reason: Option<String>,
    ) -> Result<(), StoreError> {
        self.write("record what became of entries", move |tx| {
            let mut change = tx.prepare_cached(
                "UPDATE entries SET outcome = ?3, reason = ?4 WHERE part = ?1 AND ordinal = ?2",
            )?;
            for (part, ordinal) in &keys {
                change.execute(params![part, column(*ordinal), outcome, reason])?;
            }
            Ok(())
        })
        .await
    }

    /// Whether an entry is staged still: its bytes lie in `partial/`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn is_staged(&self, key: EntryKey) -> Result<bool, StoreError> {
        self.read("look up an entry", move |connection| {
            let sql = "SELECT 1 FROM entries WHERE part = ?1 AND ordinal = ?2 AND outcome = 0";
            connection.prepare_cached(sql)?.exists(params![key.0, column(key.1)])
        })
        .await
    }

    /// The files that a part brought, has again or, without a path, still has in `partial/`; after `after`, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn held_entries(
        &self,
        part: i64,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<HeldEntry>, StoreError> {
        self.read("read the files of a part", move |connection| {
            let sql = format!(
                "SELECT part, ordinal, name, sha256, bytes, outcome,
                    (SELECT path FROM files f WHERE f.sha256 = e.sha256 AND f.state = {STORED} LIMIT 1),
                    (SELECT item * 2 + part FROM files f WHERE f.sha256 = e.sha256 AND f.state = {STORED} LIMIT 1)
                 FROM entries e WHERE part = ?1 AND ordinal > ?2 AND outcome IN (0, 1, 2) ORDER BY ordinal LIMIT ?3"
            );
            let mut find = connection.prepare_cached(&sql)?;
            let rows = find.query_map(params![part, after.map_or(-1, column), limit], |row| {
                Ok(HeldEntry {
                    key: key_of(row, 0)?,
                    name: row.get(2)?,
                    sha256: row.get(3)?,
                    bytes: count(row.get(4)?),
                    outcome: row.get(5)?,
                    path: row.get(6)?,
                    file: row.get::<_, Option<i64>>(7)?.map(count),
                })
            })?;
            rows.collect()
        })
        .await
    }
}

fn commit(tx: &Transaction<'_>, export: i64, part: i64, entry: &NewEntry) -> rusqlite::Result<EntryOutcome> {
    let is_had = entry.outcome == EntryOutcome::Staged && !entry.is_missing && knows_bytes(tx, part, entry)?;
    let outcome = if is_had { EntryOutcome::Had } else { entry.outcome };
    let mut add = tx.prepare_cached(
        "INSERT OR REPLACE INTO entries (part, ordinal, export, folder, name, bytes, mtime, outcome, reason, sha256,
            embedded, title, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    add.execute(params![
        part,
        column(entry.ordinal),
        export,
        entry.folder,
        entry.name,
        column(entry.bytes),
        entry.mtime,
        outcome,
        entry.reason,
        entry.sha256,
        entry.embedded,
        entry.title,
        entry.json,
    ])?;
    Ok(outcome)
}

/// Whether these bytes are stored, or staged by another entry.
fn knows_bytes(tx: &Transaction<'_>, part: i64, entry: &NewEntry) -> rusqlite::Result<bool> {
    let sql = format!("SELECT 1 FROM files WHERE sha256 = ?1 AND state = {STORED}");
    if tx.prepare_cached(&sql)?.exists([entry.sha256])? {
        return Ok(true);
    }
    let sql = "SELECT 1 FROM entries WHERE sha256 = ?1 AND outcome = 0 AND NOT (part = ?2 AND ordinal = ?3)";
    tx.prepare_cached(sql)?.exists(params![entry.sha256, part, column(entry.ordinal)])
}

fn pair(tx: &Transaction<'_>, file: &PairedEntry) -> rusqlite::Result<()> {
    let (part, ordinal) = (file.key.0, column(file.key.1));
    let (json_part, json_ordinal) = (file.json.map(|key| key.0), file.json.map(|key| column(key.1)));
    let (main_part, main_ordinal) = (file.main.map(|key| key.0), file.main.map(|key| column(key.1)));
    let mut change = tx.prepare_cached(
        "UPDATE entries SET is_told = is_told AND json_part IS ?3 AND json_ordinal IS ?4,
            json_part = ?3, json_ordinal = ?4, main_part = ?5, main_ordinal = ?6, role = ?7
         WHERE part = ?1 AND ordinal = ?2",
    )?;
    change.execute(params![part, ordinal, json_part, json_ordinal, main_part, main_ordinal, file.role])?;
    if let Some((part, ordinal)) = file.json {
        let mut becomes = tx.prepare_cached(
            "UPDATE entries SET outcome = 3, reason = NULL WHERE part = ?1 AND ordinal = ?2",
        )?;
        becomes.execute(params![part, column(ordinal)])?;
    }
    Ok(())
}

fn staged_row(row: &Row<'_>) -> rusqlite::Result<StagedEntry> {
    let main: (Option<String>, Option<String>, Option<String>) = (row.get(10)?, row.get(11)?, row.get(12)?);
    let (name, path, id) = main;
    let main = name.zip(path).zip(id).map(|((name, path), id)| (name, path, id));
    Ok(StagedEntry {
        key: key_of(row, 0)?,
        folder: row.get(2)?,
        name: row.get(3)?,
        bytes: count(row.get(4)?),
        mtime: row.get(5)?,
        sha256: row.get(6)?,
        embedded: row.get(7)?,
        json: row.get(8)?,
        role: row.get(9)?,
        main,
    })
}

/// The key in the column `at` and the one after it.
pub(crate) fn key_of(row: &Row<'_>, at: usize) -> rusqlite::Result<EntryKey> {
    Ok((row.get(at)?, count(row.get(at + 1)?)))
}

impl ToSql for EntryOutcome {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number: i64 = match self {
            Self::Staged => 0,
            Self::Stored => 1,
            Self::Had => 2,
            Self::Sidecar => 3,
            Self::Album => 4,
            Self::Other => 5,
            Self::Refused => 6,
            Self::Json => 7,
        };
        Ok(number.into())
    }
}

impl FromSql for EntryOutcome {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value.as_i64()? {
            0 => Self::Staged,
            1 => Self::Stored,
            2 => Self::Had,
            3 => Self::Sidecar,
            4 => Self::Album,
            5 => Self::Other,
            6 => Self::Refused,
            7 => Self::Json,
            other => return Err(FromSqlError::OutOfRange(other)),
        })
    }
}

impl ToSql for EntryRole {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number: i64 = match self {
            Self::Main => 0,
            Self::Edited => 1,
            Self::Motion => 2,
        };
        Ok(number.into())
    }
}

impl FromSql for EntryRole {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Main),
            1 => Ok(Self::Edited),
            2 => Ok(Self::Motion),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}
