//! Items that complete listings missed, and what Google said of them.
//!
//! Invariant: an item that an album alone brought was never listed, so no listing can miss it; what was said holds until a listing has
//! the item again. May import: `media`, `store`. Tests: in `store/tests/absences.rs`.

use chrono::{DateTime, Utc};
use rusqlite::{Row, params};

use crate::media::MediaId;
use crate::store::columns::{GONE, STORED, WANTED, count, millis, time};
use crate::store::{
    Absent, Answered, Away, Doomed, DoomedFile, FilePart, Stays, Store, StoreError, Wave, links,
};

/// Items that no listing has had since before number `?1`, with what was said of them.
const ABSENT: &str = "items i LEFT JOIN absences a ON a.item = i.n AND a.generation > i.seen
    WHERE i.source = 0 AND i.same_as IS NULL AND i.seen > 0 AND i.seen < ?1";

/// Whether a file of item `i` is on disk and no export holds the item too, by what it told or by the same bytes.
fn is_movable() -> String {
    format!(
        "(EXISTS (SELECT 1 FROM files f WHERE f.item = i.n AND f.state = {STORED})
          AND NOT EXISTS (SELECT 1 FROM item_facts t WHERE t.item = i.n)
          AND NOT EXISTS (SELECT 1 FROM files f CROSS JOIN entries e INDEXED BY entries_held ON e.sha256 = f.sha256
            WHERE f.item = i.n AND e.outcome IN (1, 2)))"
    )
}

impl Store {
    /// Items that the listings from number `before` on missed and that Google was not asked for, or gave when it was asked
    /// before listing `newest`; at most `limit` after number `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unasked(
        &self,
        before: i64,
        newest: i64,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Absent>, StoreError> {
        self.read("look for absent items", move |connection| {
            let sql = format!(
                "SELECT i.n, i.id FROM {ABSENT} AND i.n > ?3
                    AND (a.item IS NULL OR (a.is_gone = 0 AND a.generation < ?2)) ORDER BY i.n LIMIT ?4"
            );
            let mut find = connection.prepare_cached(&sql)?;
            let absent = |row: &Row<'_>| Ok(Absent { number: row.get(0)?, id: MediaId(row.get(1)?) });
            find.query_map(params![before, newest, after, limit], absent)?.collect()
        })
        .await
    }

    /// How many items would go to the trash: those that Google said are gone, and those it was not asked for yet. `since`: what was
    /// moved from then on went lately.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn wave(&self, before: i64, since: DateTime<Utc>) -> Result<Wave, StoreError> {
        self.read("count what is absent", move |connection| {
            let sql = format!(
                "SELECT count(*) FROM {ABSENT} AND (a.item IS NULL OR (a.is_gone = 1 AND a.stays IS NULL)) AND {}",
                is_movable()
            );
            let items: i64 = connection.query_row(&sql, [before], |row| row.get(0))?;
            let sql = format!(
                "SELECT count(DISTINCT t.item) FROM trash t JOIN files f ON f.item = t.item AND f.state = {GONE}
                 WHERE t.moved >= ?1"
            );
            let lately: i64 = connection.query_row(&sql, [millis(since)], |row| row.get(0))?;
            let sql = format!("SELECT count(*) FROM files WHERE part = ?1 AND state = {STORED}");
            let stored: i64 = connection.query_row(&sql, [FilePart::Main], |row| row.get(0))?;
            Ok(Wave { items: count(items), lately: count(lately), stored: count(stored) })
        })
        .await
    }

    /// Writes what Google answered after listing `newest`. A file that never came is no longer wanted once its item is gone; nor is another
    /// copy of one that is spoilt, which counts as stored again, for what is there is the last copy.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_answers(
        &self,
        answers: Vec<Answered>,
        newest: i64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write("record what is gone", move |tx| {
            let mut write = tx.prepare_cached(
                "INSERT INTO absences (item, generation, asked, is_gone) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (item) DO UPDATE SET
                    stays = iif(generation > (SELECT seen FROM items WHERE n = ?1), stays, NULL),
                    generation = ?2, asked = ?3, is_gone = ?4",
            )?;
            // A copy that is only spoilt is the last one now, and stays known.
            let sql = format!(
                "UPDATE files SET tries = 0, next_try = NULL, reason = NULL, failure = NULL,
                    state = iif(sha256 IS NULL OR found IS NULL OR found = 1, {GONE}, {STORED})
                 WHERE item = ?1 AND state = {WANTED}"
            );
            let mut forget = tx.prepare_cached(&sql)?;
            for answered in &answers {
                write.execute(params![answered.number, newest, millis(now), answered.is_gone])?;
                if answered.is_gone {
                    forget.execute([answered.number])?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Items that are gone and whose files may go to the trash, at most `limit` after number `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn doomed(&self, before: i64, after: i64, limit: u32) -> Result<Vec<Doomed>, StoreError> {
        self.read("look for what may go to the trash", move |connection| {
            let sql = format!(
                "SELECT i.n, i.id, a.asked FROM {ABSENT} AND i.n > ?2 AND a.is_gone = 1 AND a.stays IS NULL AND {}
                 ORDER BY i.n LIMIT ?3",
                is_movable()
            );
            let mut find = connection.prepare_cached(&sql)?;
            let item = |row: &Row<'_>| {
                let (number, id, asked) = (row.get(0)?, MediaId(row.get(1)?), time(row.get(2)?));
                Ok(Doomed { number, id, asked, files: Vec::new() })
            };
            let mut doomed: Vec<Doomed> =
                find.query_map(params![before, after, limit], item)?.collect::<rusqlite::Result<_>>()?;
            let sql = format!(
                "SELECT part, path, bytes, sha256 FROM files WHERE item = ?1 AND state = {STORED} ORDER BY part"
            );
            let mut files_of = connection.prepare_cached(&sql)?;
            for item in &mut doomed {
                item.files = files_of.query_map([item.number], file_row)?.collect::<rusqlite::Result<_>>()?;
            }
            Ok(doomed)
        })
        .await
    }

    /// The files of an item that is gone stay where they are, and why.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn keep_absent(&self, number: i64, why: Stays) -> Result<(), StoreError> {
        self.write("keep the files of an absent item", move |tx| stay(tx, number, why)).await
    }

    /// Files that went with their items and are not in the trash, of items that Google lists again, are wanted again; how many.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn want_returned(&self) -> Result<u64, StoreError> {
        self.write("want what came back", |tx| {
            let sql = format!(
                "UPDATE files SET state = {WANTED}, next_try = NULL WHERE state = {GONE}
                    AND item IN (SELECT i.n FROM items i JOIN absences a ON a.item = i.n WHERE i.seen > a.generation)
                    AND NOT EXISTS (SELECT 1 FROM trash t WHERE t.item = files.item AND t.part = files.part)"
            );
            let changed = tx.execute(&sql, [])?;
            if changed > 0 {
                links::count_change(tx)?;
            }
            Ok(changed as u64)
        })
        .await
    }

    /// How many items are away, of those that the listings from number `before` on missed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn away(&self, before: i64) -> Result<Away, StoreError> {
        self.read("count what is away", move |connection| {
            let sql = format!(
                "SELECT count(*) FILTER (WHERE a.item IS NULL OR a.is_gone = 1), count(*) FILTER (WHERE a.is_gone = 0),
                    count(*) FILTER (WHERE a.is_gone = 1 AND a.stays IS NOT NULL) FROM {ABSENT}"
            );
            connection.query_row(&sql, [before], |row| {
                Ok(Away { gone: count(row.get(0)?), unlisted: count(row.get(1)?), stay: count(row.get(2)?) })
            })
        })
        .await
    }
}

/// Remembers why the files of an item stay.
pub(crate) fn stay(tx: &rusqlite::Transaction<'_>, number: i64, why: Stays) -> rusqlite::Result<()> {
    let why: i64 = match why {
        Stays::Changed => 1,
        Stays::PutBack => 2,
    };
    let mut change = tx.prepare_cached("UPDATE absences SET stays = ?2 WHERE item = ?1")?;
    change.execute([number, why]).map(drop)
}

fn file_row(row: &Row<'_>) -> rusqlite::Result<DoomedFile> {
    let bytes: i64 = row.get(2)?;
    Ok(DoomedFile { part: row.get(0)?, path: row.get(1)?, bytes: count(bytes), sha256: row.get(3)? })
}
