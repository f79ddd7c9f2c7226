//! Where a listing stands, so that a run that was cut short goes on there.
//!
//! Invariant: the cursor moves in the transaction that holds its page. May import: `store`. Tests: in `store/tests/listing.rs`.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::store::columns::{millis, time};
use crate::store::{Listing, ListingKind, Store, StoreError};

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
            let sql = "INSERT OR REPLACE INTO listing VALUES (1, ?1, ?2, NULL, ?3)";
            tx.execute(sql, params![kind, generation, millis(now)])?;
            Ok(Listing { kind, generation, next: None, started: time(millis(now)) })
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
    let sql = "DELETE FROM listing WHERE generation = ?1 RETURNING kind, started";
    let ended: Option<(ListingKind, i64)> =
        tx.query_row(sql, [generation], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if let Some((ListingKind::Full, started)) = ended {
        let sql = "INSERT OR REPLACE INTO full_listings VALUES (?1, ?2, ?3)";
        tx.execute(sql, params![generation, started, millis(now)])?;
        let sql = "DELETE FROM full_listings WHERE generation NOT IN
            (SELECT generation FROM full_listings ORDER BY generation DESC LIMIT ?1)";
        tx.execute(sql, [FULL_LISTINGS_MAX])?;
    }
    Ok(())
}
