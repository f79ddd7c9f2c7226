//! Where a listing stands, so that a run that was cut short goes on there.
//!
//! Invariant: the cursor moves in the transaction that holds its page. May import: `store`. Tests: in `store/tests/listing.rs`.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::store::columns::{millis, time};
use crate::store::{FullListing, Listing, ListingKind, Store, StoreError};

/// Complete listings remembered. Two decide over deletion; a few more tell a person the rhythm.
const FULL_LISTINGS_MAX: i64 = 10;

impl Store {
    /// The listing that was left unfinished, if any.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unfinished_listing(&self) -> Result<Option<Listing>, StoreError> {
        self.read("look up the listing", |connection| {
            let mut find =
                connection.prepare_cached("SELECT kind, generation, next, started FROM listing")?;
            find.query_row([], |row| {
                Ok(Listing {
                    kind: row.get(0)?,
                    generation: row.get(1)?,
                    next: row.get(2)?,
                    started: time(row.get(3)?),
                })
            })
            .optional()
        })
        .await
    }

    /// When the newest complete full listing began; none: never.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn last_full_listing(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.read("look up the last full listing", |connection| {
            let sql = "SELECT started FROM full_listings ORDER BY generation DESC LIMIT 1";
            let started: Option<i64> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
            Ok(started.map(time))
        })
        .await
    }

    /// Begins a listing (an unfinished one is given up).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn begin_listing(&self, kind: ListingKind, now: DateTime<Utc>) -> Result<Listing, StoreError> {
        self.write("begin a listing", move |tx| {
            let sql = "UPDATE counters SET generation = generation + 1 RETURNING generation";
            let generation: i64 = tx.query_row(sql, [], |row| row.get(0))?;
            let sql = "INSERT OR REPLACE INTO listing (one, kind, generation, next, started, doubt)
                VALUES (1, ?1, ?2, NULL, ?3, NULL)";
            tx.execute(sql, params![kind, generation, millis(now)])?;
            Ok(Listing { kind, generation, next: None, started: time(millis(now)) })
        })
        .await
    }

    /// The full listings that are remembered, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn full_listings(&self) -> Result<Vec<FullListing>, StoreError> {
        self.read("read the full listings", |connection| {
            let sql = "SELECT generation, doubt FROM full_listings ORDER BY generation DESC";
            let mut find = connection.prepare_cached(sql)?;
            find.query_map([], |row| Ok(FullListing { generation: row.get(0)?, doubt: row.get(1)? }))?
                .collect()
        })
        .await
    }

    /// Remembers why absences from a listing, ended or not, prove nothing; the first reason stays.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn doubt_listing(&self, generation: i64, why: &'static str) -> Result<(), StoreError> {
        self.write("doubt a listing", move |tx| {
            doubt(tx, generation, why)?;
            let sql = "UPDATE full_listings SET doubt = ifnull(doubt, ?2) WHERE generation = ?1";
            tx.execute(sql, params![generation, why]).map(drop)
        })
        .await
    }

    /// Ends the present listing early (a head listing that met known pages, or an expired page token).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn end_listing(&self, generation: i64) -> Result<(), StoreError> {
        self.write("end a listing", move |tx| {
            tx.execute("DELETE FROM listing WHERE generation = ?1", [generation]).map(drop)
        })
        .await
    }
}

/// Remembers why absences from a listing under way prove nothing; the first reason stays.
pub(crate) fn doubt(tx: &Transaction<'_>, generation: i64, why: &str) -> rusqlite::Result<()> {
    let mut change =
        tx.prepare_cached("UPDATE listing SET doubt = ifnull(doubt, ?2) WHERE generation = ?1")?;
    change.execute(params![generation, why]).map(drop)
}

/// Moves the cursor, or at the end records it. A page of a listing that was given up meanwhile moves nothing.
pub(crate) fn advance(
    tx: &Transaction<'_>,
    generation: i64,
    next: Option<&str>,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    if let Some(next) = next {
        let mut save = tx.prepare_cached("UPDATE listing SET next = ?2 WHERE generation = ?1")?;
        return save.execute(params![generation, next]).map(drop);
    }
    let sql = "DELETE FROM listing WHERE generation = ?1 RETURNING kind, started, doubt";
    let ended: Option<(ListingKind, i64, Option<String>)> =
        tx.query_row(sql, [generation], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    if let Some((ListingKind::Full, started, doubt)) = ended {
        let sql = "INSERT OR REPLACE INTO full_listings (generation, started, finished, doubt) VALUES (?1, ?2, ?3, ?4)";
        tx.execute(sql, params![generation, started, millis(now), doubt])?;
        let sql = "DELETE FROM full_listings WHERE generation NOT IN
            (SELECT generation FROM full_listings ORDER BY generation DESC LIMIT ?1)";
        tx.execute(sql, [FULL_LISTINGS_MAX])?;
    }
    Ok(())
}
