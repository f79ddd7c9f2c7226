//! Files on their way from wanted to stored.
//!
//! Invariant: nothing here turns a stored file back. May import: `media`, `status`, `store`. Tests: in `store/tests/files.rs`.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior, params};

use crate::media::MediaId;
use crate::status::FailureStatus;
use crate::store::columns::{ABSENT, STORED, WANTED, column, count, due_at, millis, time};
use crate::store::items::{WANTED_COLUMNS, number_of, wanted_row};
use crate::store::paths::{allocate, ext_bytes_of, folded, name_of};
use crate::store::{FailedTry, FilePart, Store, StoreError, Stored, Totals, Wanted, links};

/// The most that is kept of a reason, characters: a line for a person.
const REASON_CHARS_MAX: usize = 500;

impl Store {
    /// Files wanted and due at `now`, at most `limit`, after (`id`, `part`): the backlog, page by page, in the order
    /// in which the items were first recorded. Videos that Google is still processing are among them, for only a
    /// fresh look at Google tells that they are done; videos that failed there are not, nor files of exports.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn backlog(
        &self,
        now: DateTime<Utc>,
        after: Option<(MediaId, FilePart)>,
        limit: u32,
    ) -> Result<Vec<Wanted>, StoreError> {
        self.read("read the backlog", move |connection| {
            // An item that is not known comes after all others: the backlog ends.
            let sql = "SELECT ifnull((SELECT n FROM items WHERE id = ?1), 9223372036854775807)";
            let (item, part): (i64, FilePart) = match after {
                Some((id, part)) => (connection.query_row(sql, [&id.0], |row| row.get(0))?, part),
                None => (0, FilePart::Main),
            };
            let sql = format!(
                "SELECT {WANTED_COLUMNS} FROM files f INDEXED BY files_wanted JOIN items i ON i.n = f.item
                 WHERE f.state = {WANTED} AND (f.item, f.part) > (?1, ?2)
                   AND {} AND i.kind <> 3 AND i.source = 0
                 ORDER BY f.item, f.part LIMIT ?4",
                due_at("?3")
            );
            let mut find = connection.prepare_cached(&sql)?;
            find.query_map(params![item, part, millis(now), limit], wanted_row)?.collect()
        })
        .await
    }

    /// Gives a wanted file the next free path, because something that the index does not know is at its present one.
    ///
    /// # Errors
    /// See [`StoreError`]; [`StoreError::UnknownFile`] also if it is not wanted.
    pub async fn renumber(&self, id: MediaId, part: FilePart, fold_case: bool) -> Result<String, StoreError> {
        let wanted = id.clone();
        let path = self
            .write("renumber a file", move |tx| {
                let item = number_of(tx, &wanted)?;
                item.map(|item| renumber_file(tx, item, part, fold_case)).transpose().map(Option::flatten)
            })
            .await?;
        path.ok_or(StoreError::UnknownFile { id })
    }

    /// A batch of files is whole and at its place: one transaction, durable when it returns. A file may be at another path
    /// than it was given; if that was given to a file still wanted, that one is renumbered.
    ///
    /// # Errors
    /// See [`StoreError`]; with [`StoreError::UnknownFile`] nothing of the batch is written.
    pub async fn commit_stored(&self, batch: Vec<Stored>) -> Result<(), StoreError> {
        let unknown = self
            .read("record stored files", move |connection| {
                let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                for stored in &batch {
                    if !store_file(&tx, stored)? {
                        return Ok(Some(stored.id.clone()));
                    }
                }
                links::count_change(&tx)?;
                tx.commit().map(|()| None)
            })
            .await?;
        unknown.map_or(Ok(()), |id| Err(StoreError::UnknownFile { id }))
    }

    /// A batch of failed tries; counts one try each. A file that is stored by now stays as it is.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn commit_failed(&self, batch: Vec<FailedTry>) -> Result<(), StoreError> {
        self.write("record failed files", move |tx| {
            let mut change = tx.prepare_cached(
                "UPDATE files SET tries = min(tries + 1, 4294967295), next_try = ?3, reason = ?4,
                    failure = 1 + ifnull((SELECT max(failure) FROM files WHERE state = 0 AND failure IS NOT NULL), 0)
                 WHERE item = (SELECT n FROM items WHERE id = ?1) AND part = ?2 AND state = 0",
            )?;
            for failed in &batch {
                let reason: String = failed.reason.chars().take(REASON_CHARS_MAX).collect();
                change.execute(params![failed.id.0, failed.part, millis(failed.next_try), reason])?;
            }
            Ok(())
        })
        .await
    }

    /// Forgets a wanted file that turned out not to exist (a clip of a photo that has none); its path stays taken.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unwant(&self, id: MediaId, part: FilePart) -> Result<(), StoreError> {
        self.write("forget a file", move |tx| {
            let sql = format!(
                "UPDATE files SET state = {ABSENT} WHERE item = (SELECT n FROM items WHERE id = ?1) AND part = ?2
                 AND state = {WANTED}"
            );
            tx.prepare_cached(&sql)?.execute(params![id.0, part]).map(drop)
        })
        .await
    }

    /// Whether a path is that of a file that is no longer wanted: stored, put aside or gone. No other file gets it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn is_settled_path(&self, path: String) -> Result<bool, StoreError> {
        self.read("look up a path", move |connection| {
            let sql = format!("SELECT 1 FROM files WHERE path = ?1 AND state <> {WANTED}");
            connection.prepare_cached(&sql)?.exists([&path])
        })
        .await
    }

    /// Totals, kept by triggers: one row to read, whatever the library's size.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn totals(&self) -> Result<Totals, StoreError> {
        self.read("read the totals", |connection| {
            let mut find =
                connection.prepare_cached("SELECT items, files, bytes, wanted, failed FROM counters")?;
            find.query_row([], |row| {
                Ok(Totals {
                    items: count(row.get(0)?),
                    files: count(row.get(1)?),
                    bytes: count(row.get(2)?),
                    wanted: count(row.get(3)?),
                    failed: count(row.get(4)?),
                })
            })
        })
        .await
    }

    /// The failing files, newest failure first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn failures(&self, limit: u32) -> Result<Vec<FailureStatus>, StoreError> {
        self.read("read the failures", move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT path, tries, reason, next_try FROM files INDEXED BY files_failing
                 WHERE state = 0 AND failure IS NOT NULL ORDER BY failure DESC LIMIT ?1",
            )?;
            let rows = find.query_map([limit], |row| {
                Ok(FailureStatus {
                    path: row.get(0)?,
                    tries: row.get(1)?,
                    reason: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
                    next_try: row.get::<_, Option<i64>>(3)?.map(time),
                })
            })?;
            rows.collect()
        })
        .await
    }
}

/// Whether the file was known.
fn store_file(tx: &Transaction<'_>, stored: &Stored) -> rusqlite::Result<bool> {
    let Some(item) = number_of(tx, &stored.id)? else { return Ok(false) };
    let sql = format!(
        "UPDATE files SET state = {STORED}, bytes = ?3, sha256 = ?4, mtime = ?5, tries = 0, next_try = NULL,
            reason = NULL, failure = NULL, found = NULL WHERE item = ?1 AND part = ?2 RETURNING path"
    );
    let mut change = tx.prepare_cached(&sql)?;
    let values = params![item, stored.part, column(stored.bytes), stored.sha256, stored.mtime];
    let path: Option<String> = change.query_row(values, |row| row.get(0)).optional()?;
    let Some(path) = path else { return Ok(false) };
    if path != stored.path {
        move_file(tx, item, stored)?;
    }
    Ok(true)
}

/// The file is somewhere else than where the index sent it: an adopted one. If that path was given to a file that is
/// still wanted, that one gets another, free whatever the case of its letters.
fn move_file(tx: &Transaction<'_>, item: i64, stored: &Stored) -> rusqlite::Result<()> {
    let sql = format!("SELECT item, part FROM files WHERE path = ?1 AND state = {WANTED}");
    let other: Option<(i64, FilePart)> = tx
        .prepare_cached(&sql)?
        .query_row([&stored.path], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((other, part)) = other {
        renumber_file(tx, other, part, true)?;
    }
    let mut change = tx.prepare_cached(
        "UPDATE files SET path = ?3, folded = ?4, number = 1, ext_bytes = ?5 WHERE item = ?1 AND part = ?2",
    )?;
    let ext_bytes = i64::try_from(ext_bytes_of(&stored.path)).unwrap_or(0);
    change.execute(params![item, stored.part, stored.path, folded(&stored.path), ext_bytes]).map(drop)
}

/// The new path; none if the file is not wanted.
fn renumber_file(
    tx: &Transaction<'_>,
    item: i64,
    part: FilePart,
    fold_case: bool,
) -> rusqlite::Result<Option<String>> {
    let sql = format!(
        "SELECT path, number, ext_bytes FROM files WHERE item = ?1 AND part = ?2 AND state = {WANTED}"
    );
    let given: Option<(String, u32, i64)> = tx
        .prepare_cached(&sql)?
        .query_row(params![item, part], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((path, number, ext_bytes)) = given else { return Ok(None) };
    let (dir, name) = name_of(&path, number, usize::try_from(ext_bytes).unwrap_or(0));
    let place = allocate(tx, dir, &name, number.saturating_add(1), fold_case)?;
    let mut change = tx.prepare_cached(
        "UPDATE files SET path = ?3, folded = ?4, number = ?5 WHERE item = ?1 AND part = ?2",
    )?;
    change.execute(params![item, part, place.path, place.folded, place.number])?;
    Ok(Some(place.path))
}
