//! Takeout's export sets and their parts.
//!
//! Invariant: a part is known by its fingerprint within its set, so that the same archive under another name is the same part.
//! May import: `store`. Tests: in `store/tests/exports.rs`.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::store::columns::{column, count, millis, time};
use crate::store::{
    EntryOutcome, KnownExport, KnownPart, NewPart, PartState, RefusedEntry, SeenPart, Store, StoreError,
};

/// Columns of [`part_row`], of `parts p`.
const PART_COLUMNS: &str = "p.n, p.export, p.name, p.number, p.bytes, p.state,
    (SELECT max(ordinal) FROM entries WHERE part = p.n), p.entries, p.fault, p.first_seen";

/// Of `parts p`: whether something is wrong with it.
const IS_FLAWED: &str =
    "(p.state <> 1 OR EXISTS (SELECT 1 FROM entries e WHERE e.part = p.n AND e.outcome = 6))";

/// Columns of [`export_row`].
const EXPORT_COLUMNS: &str = "n, name, stamp, first_seen, balanced, report";

impl Store {
    /// The part as the index knows it; a new one is recorded, and its set with it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open_part(&self, part: NewPart, now: DateTime<Utc>) -> Result<KnownPart, StoreError> {
        self.write("record a part of an export", move |tx| {
            let export = export_of(tx, &part, now)?;
            tx.execute(
                "INSERT INTO parts (export, name, number, fingerprint, bytes, first_seen, state, origin)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)
                 ON CONFLICT (export, fingerprint) DO UPDATE SET origin = ifnull(?7, origin)",
                params![
                    export,
                    part.name,
                    part.number,
                    part.fingerprint,
                    column(part.bytes),
                    millis(now),
                    part.origin
                ],
            )?;
            let sql =
                format!("SELECT {PART_COLUMNS} FROM parts p WHERE p.export = ?1 AND p.fingerprint = ?2");
            tx.query_row(&sql, params![export, part.fingerprint], part_row)
        })
        .await
    }

    /// The part that was read from `origin`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn part_of_origin(&self, origin: String) -> Result<Option<KnownPart>, StoreError> {
        self.read("look up a part of an export", move |connection| {
            let sql = format!("SELECT {PART_COLUMNS} FROM parts p WHERE p.origin = ?1");
            connection.prepare_cached(&sql)?.query_row([origin], part_row).optional()
        })
        .await
    }

    /// A part was read to its end, or as far as it goes.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn close_part(
        &self,
        part: i64,
        state: PartState,
        entries: u64,
        fault: Option<String>,
    ) -> Result<(), StoreError> {
        self.write("record the end of a part", move |tx| {
            tx.execute(
                "UPDATE parts SET state = ?2, entries = ?3, fault = ?4 WHERE n = ?1",
                params![part, state_number(state), column(entries), fault],
            )
            .map(drop)
        })
        .await
    }

    /// Forgets the parts that `part` takes the place of: of its number, or of its name where it has no number, not whole or with entries
    /// refused, and not among `present`, the fingerprints of the parts that lie there now. Their files stay. Whether there were any.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn forget_replaced(&self, part: NewPart, present: Vec<[u8; 32]>) -> Result<bool, StoreError> {
        self.write("forget a part that came again", move |tx| {
            let replaced = replaced_by(tx, &part, &present)?;
            replaced.iter().try_for_each(|n| forget_part(tx, *n))?;
            Ok(!replaced.is_empty())
        })
        .await
    }

    /// Whether a part was read with nothing wrong: whole, and no entry refused.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn is_flawless(&self, part: i64) -> Result<bool, StoreError> {
        self.read("look up a part", move |connection| {
            let sql = format!("SELECT 1 FROM parts p WHERE p.n = ?1 AND NOT {IS_FLAWED}");
            connection.prepare_cached(&sql)?.exists([part])
        })
        .await
    }

    /// Forgets what was read of a part, so that it is read again from its beginning. Its files stay.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reopen_part(&self, part: i64) -> Result<(), StoreError> {
        self.write("reopen a part", move |tx| {
            forget_entries(tx, part)?;
            tx.execute("UPDATE parts SET state = 0, entries = NULL, fault = NULL WHERE n = ?1", [part])
                .map(drop)
        })
        .await
    }

    /// The parts of a set, by number and name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn parts(&self, export: i64) -> Result<Vec<KnownPart>, StoreError> {
        self.read("read the parts of an export", move |connection| {
            let sql =
                format!("SELECT {PART_COLUMNS} FROM parts p WHERE p.export = ?1 ORDER BY p.number, p.name");
            connection.prepare_cached(&sql)?.query_map([export], part_row)?.collect()
        })
        .await
    }

    /// The parts of the newest `limit` export sets.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn seen_parts(&self, limit: u32) -> Result<Vec<SeenPart>, StoreError> {
        self.read("read when exports came", move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT e.name, e.stamp, p.number, p.bytes, p.first_seen, p.state <> 0
                 FROM (SELECT * FROM exports ORDER BY ifnull(stamp, first_seen) DESC, n DESC LIMIT ?1) e
                 JOIN parts p ON p.export = e.n ORDER BY e.n, p.number, p.n",
            )?;
            let rows = find.query_map([limit], |row| {
                Ok(SeenPart {
                    export: row.get(0)?,
                    stamp: row.get::<_, Option<i64>>(1)?.map(time),
                    number: row.get(2)?,
                    bytes: count(row.get(3)?),
                    first_seen: time(row.get(4)?),
                    is_read: row.get(5)?,
                })
            })?;
            rows.collect()
        })
        .await
    }

    /// Every export set, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn exports(&self) -> Result<Vec<KnownExport>, StoreError> {
        self.read("read the exports", |connection| {
            let sql = format!("SELECT {EXPORT_COLUMNS} FROM exports ORDER BY ifnull(stamp, first_seen), n");
            connection.prepare_cached(&sql)?.query_map([], export_row)?.collect()
        })
        .await
    }

    /// The fingerprints of a set's parts.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn fingerprints(&self, export: i64) -> Result<Vec<[u8; 32]>, StoreError> {
        self.read("read the fingerprints of an export", move |connection| {
            let mut find = connection.prepare_cached("SELECT fingerprint FROM parts WHERE export = ?1")?;
            find.query_map([export], |row| row.get(0))?.collect()
        })
        .await
    }

    /// Keeps the newest balance of a set.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_balance(
        &self,
        export: i64,
        report: String,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write("record a balance", move |tx| {
            tx.execute(
                "UPDATE exports SET report = ?2, balanced = ?3 WHERE n = ?1",
                params![export, report, millis(now)],
            )
            .map(drop)
        })
        .await
    }

    /// How many entries of a part came to which outcome.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn outcomes(&self, part: i64) -> Result<Vec<(EntryOutcome, u64)>, StoreError> {
        self.read("count the entries of a part", move |connection| {
            let mut find = connection
                .prepare_cached("SELECT outcome, count(*) FROM entries WHERE part = ?1 GROUP BY outcome")?;
            find.query_map([part], |row| Ok((row.get(0)?, count(row.get(1)?))))?.collect()
        })
        .await
    }

    /// The first entries of a set that were not taken, and with `unpaired` those JSON files whose file is not found.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn left_out(
        &self,
        export: i64,
        outcome: EntryOutcome,
        limit: u32,
    ) -> Result<Vec<RefusedEntry>, StoreError> {
        self.read("read what was not taken of an export", move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT p.name, e.folder, e.name, e.reason FROM entries e JOIN parts p ON p.n = e.part
                 WHERE p.export = ?1 AND e.outcome = ?2 ORDER BY p.number, p.name, e.ordinal LIMIT ?3",
            )?;
            let rows = find.query_map(params![export, outcome, limit], |row| {
                let (folder, name): (String, String) = (row.get(1)?, row.get(2)?);
                Ok(RefusedEntry {
                    part: row.get(0)?,
                    name: if folder.is_empty() { name } else { format!("{folder}/{name}") },
                    reason: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
                })
            })?;
            rows.collect()
        })
        .await
    }
}

fn export_of(tx: &Transaction<'_>, part: &NewPart, now: DateTime<Utc>) -> rusqlite::Result<i64> {
    let known: Option<i64> =
        tx.query_row("SELECT n FROM exports WHERE name = ?1", [&part.export], |row| row.get(0)).optional()?;
    if let Some(n) = known {
        return Ok(n);
    }
    let mut add = tx.prepare_cached("INSERT INTO exports (name, stamp, first_seen) VALUES (?1, ?2, ?3)")?;
    add.insert(params![part.export, part.stamp.map(millis), millis(now)])
}

fn replaced_by(tx: &Transaction<'_>, part: &NewPart, present: &[[u8; 32]]) -> rusqlite::Result<Vec<i64>> {
    let sql = format!(
        "SELECT p.n, p.fingerprint FROM parts p JOIN exports x ON x.n = p.export
         WHERE x.name = ?1 AND p.fingerprint <> ?2 AND {IS_FLAWED} AND (p.number = ?3 OR (?3 IS NULL AND p.name = ?4))"
    );
    let mut find = tx.prepare_cached(&sql)?;
    let mut rows = find.query(params![part.export, part.fingerprint, part.number, part.name])?;
    let mut replaced = Vec::new();
    while let Some(row) = rows.next()? {
        if !present.contains(&row.get(1)?) {
            replaced.push(row.get(0)?);
        }
    }
    Ok(replaced)
}

fn forget_part(tx: &Transaction<'_>, n: i64) -> rusqlite::Result<()> {
    forget_entries(tx, n)?;
    tx.execute("DELETE FROM parts WHERE n = ?1", [n]).map(drop)
}

/// Forgets the entries of a part; what stands in their folders is paired anew, for it may have been paired with them.
fn forget_entries(tx: &Transaction<'_>, n: i64) -> rusqlite::Result<()> {
    let again = "UPDATE entries SET is_paired = 0 WHERE part <> ?1 AND export = (SELECT export FROM parts WHERE n = ?1)
        AND folder IN (SELECT DISTINCT folder FROM entries WHERE part = ?1)";
    tx.execute(again, [n])?;
    tx.execute("DELETE FROM entries WHERE part = ?1", [n]).map(drop)
}

fn part_row(row: &Row<'_>) -> rusqlite::Result<KnownPart> {
    Ok(KnownPart {
        n: row.get(0)?,
        export: row.get(1)?,
        name: row.get(2)?,
        number: row.get(3)?,
        bytes: count(row.get(4)?),
        state: match row.get::<_, i64>(5)? {
            1 => PartState::Whole,
            2 => PartState::Damaged,
            _ => PartState::Reading,
        },
        last: row.get::<_, Option<i64>>(6)?.map(count),
        entries: row.get::<_, Option<i64>>(7)?.map(count),
        fault: row.get(8)?,
        first_seen: time(row.get(9)?),
    })
}

fn export_row(row: &Row<'_>) -> rusqlite::Result<KnownExport> {
    Ok(KnownExport {
        n: row.get(0)?,
        name: row.get(1)?,
        stamp: row.get::<_, Option<i64>>(2)?.map(time),
        first_seen: time(row.get(3)?),
        balanced: row.get::<_, Option<i64>>(4)?.map(time),
        report: row.get(5)?,
    })
}

fn state_number(state: PartState) -> i64 {
    match state {
        PartState::Reading => 0,
        PartState::Whole => 1,
        PartState::Damaged => 2,
    }
}
