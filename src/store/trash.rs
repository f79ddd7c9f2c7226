//! The trash, as far as the index knows it.
//!
//! Invariant: what is in the trash stands here before it is moved there and until after it was removed from there. May import:
//! `store`. Tests: in `store/tests/absences.rs`.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Row, Transaction, params};

use crate::store::columns::{GONE, STORED, WANTED, column, count, millis};
use crate::store::{Fate, FilePart, InTrash, Settling, Store, StoreError, Throwing, absences, links};

/// The `part` of a sidecar.
const SIDECAR: i64 = 2;

/// Columns of [`trash_row`], of the trash `t`, its items `i` and what was said of them, `a`.
const COLUMNS: &str = "t.path, t.item, t.part, t.home, t.bytes, t.sha256, t.is_there,
    EXISTS (SELECT 1 FROM files f WHERE f.item = t.item AND f.part = t.part AND f.state = 4),
    i.seen > ifnull(a.generation, 0),
    (SELECT m.path FROM trash m WHERE m.item = t.item AND m.part = 0 AND t.part = 2 LIMIT 1)";

impl Store {
    /// Remembers what is about to be moved to the trash; from now on its files count as gone, and links no longer lead to them. Where
    /// it goes nothing is, so what was remembered of that path is out of date.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn throw(&self, things: Vec<Throwing>, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("record what goes to the trash", move |tx| {
            let mut add = tx.prepare_cached(
                "INSERT OR REPLACE INTO trash (path, item, part, home, bytes, sha256, moved, is_there)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
            )?;
            let sql =
                format!("UPDATE files SET state = {GONE}, found = NULL WHERE item = ?1 AND part = ?2 AND state = {STORED}");
            let mut gone = tx.prepare_cached(&sql)?;
            for thing in &things {
                let part = part_column(thing.part);
                let bytes = column(thing.bytes);
                add.execute(params![
                    thing.path,
                    thing.number,
                    part,
                    thing.home,
                    bytes,
                    thing.sha256,
                    millis(now)
                ])?;
                gone.execute(params![thing.number, part])?;
            }
            links::count_change(tx)
        })
        .await
    }

    /// Things of the trash, at most `limit` after the path `after`; `under_way`: only those whose move was not recorded as done.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn in_trash(
        &self,
        under_way: bool,
        after: String,
        limit: u32,
    ) -> Result<Vec<InTrash>, StoreError> {
        self.read("read the trash", move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM trash t JOIN items i ON i.n = t.item LEFT JOIN absences a ON a.item = t.item
                 WHERE t.path > ?1 AND (t.is_there = 0 OR NOT ?2) ORDER BY t.path LIMIT ?3"
            );
            let mut find = connection.prepare_cached(&sql)?;
            find.query_map(params![after, under_way, limit], trash_row)?.collect()
        })
        .await
    }

    /// Things that have been in the trash for `keep`, at most `limit` after the path `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn overdue(
        &self,
        keep: TimeDelta,
        after: String,
        limit: u32,
    ) -> Result<Vec<InTrash>, StoreError> {
        self.read("look for what leaves the trash", move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM trash t JOIN items i ON i.n = t.item LEFT JOIN absences a ON a.item = t.item
                 WHERE t.path > ?1 AND t.is_there = 1 AND t.age >= ?2 ORDER BY t.path LIMIT ?3"
            );
            let mut find = connection.prepare_cached(&sql)?;
            find.query_map(params![after, keep.num_milliseconds(), limit], trash_row)?.collect()
        })
        .await
    }

    /// Writes what was found of things of the trash.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn settle_trash(&self, found: Vec<Settling>) -> Result<(), StoreError> {
        self.write("record the trash", move |tx| {
            found.iter().try_for_each(|one| settle(tx, one))?;
            links::count_change(tx)
        })
        .await
    }

    /// Everything in the trash grows older by `step`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn age_trash(&self, step: TimeDelta) -> Result<(), StoreError> {
        self.write("age the trash", move |tx| {
            tx.execute("UPDATE trash SET age = age + ?1", [step.num_milliseconds()]).map(drop)
        })
        .await
    }

    /// How many files are in the trash, and their bytes.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn trash_totals(&self) -> Result<(u64, u64), StoreError> {
        self.read("count the trash", |connection| {
            let sql = "SELECT count(*), ifnull(sum(bytes), 0) FROM trash WHERE part <> 2";
            connection.query_row(sql, [], |row| Ok((count(row.get(0)?), count(row.get(1)?))))
        })
        .await
    }
}

fn settle(tx: &Transaction<'_>, found: &Settling) -> rusqlite::Result<()> {
    let sql = if found.is_there {
        "UPDATE trash SET is_there = 1 WHERE path = ?1"
    } else {
        "DELETE FROM trash WHERE path = ?1"
    };
    tx.prepare_cached(sql)?.execute([&found.path])?;
    let state = match found.fate {
        Fate::Same => None,
        Fate::Stored => Some(STORED),
        Fate::Wanted => Some(WANTED),
    };
    if let Some(state) = state {
        let sql = format!(
            "UPDATE files SET state = ?3, next_try = NULL WHERE item = ?1 AND part = ?2 AND state = {GONE}"
        );
        tx.prepare_cached(&sql)?.execute(params![found.number, part_column(found.part), state])?;
    }
    found.stays.map_or(Ok(()), |why| absences::stay(tx, found.number, why))
}

fn part_column(part: Option<FilePart>) -> i64 {
    match part {
        Some(FilePart::Main) => 0,
        Some(FilePart::Motion) => 1,
        None => SIDECAR,
    }
}

fn trash_row(row: &Row<'_>) -> rusqlite::Result<InTrash> {
    let part = match row.get::<_, i64>(2)? {
        0 => Some(FilePart::Main),
        1 => Some(FilePart::Motion),
        _ => None,
    };
    let what = Throwing {
        path: row.get(0)?,
        number: row.get(1)?,
        part,
        home: row.get(3)?,
        bytes: count(row.get(4)?),
        sha256: row.get(5)?,
    };
    Ok(InTrash {
        what,
        is_there: row.get(6)?,
        is_gone: row.get(7)?,
        is_back: row.get(8)?,
        goes_with: row.get(9)?,
    })
}
