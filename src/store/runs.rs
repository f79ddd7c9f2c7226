//! Runs: their numbers, and what became of those that ended.
//!
//! May import: `status`, `store`. Tests: in `store/tests/runs.rs`.

use chrono::{DateTime, Utc};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension as _, Row, params};

use crate::status::{RunEnd, RunSummary};
use crate::store::columns::{column, count, millis, time};
use crate::store::{Store, StoreError};

/// Runs kept: a month of runs every 6 hours is 120, and the journal has the rest.
const RUNS_MAX: u32 = 100;

impl Store {
    /// Number for the next run; never given twice, also if that run is never recorded.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn next_run_number(&self) -> Result<u64, StoreError> {
        self.write("number a run", |tx| {
            let sql = "UPDATE counters SET run = run + 1 RETURNING run";
            tx.query_row(sql, [], |row| row.get(0)).map(count)
        })
        .await
    }

    /// Writes an ended run; keeps the newest 100.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_run(&self, run: RunSummary) -> Result<(), StoreError> {
        self.write("record a run", move |tx| {
            tx.execute(
                "INSERT OR REPLACE INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
                params![
                    column(run.run),
                    millis(run.started),
                    millis(run.finished),
                    EndColumn(run.end),
                    run.reason,
                    run.full,
                    column(run.listed),
                    column(run.new),
                    column(run.downloaded),
                    column(run.bytes),
                    column(run.failed),
                    column(run.api_requests),
                    column(run.media_requests),
                    column(run.trashed),
                    column(run.returned),
                    column(run.purged),
                ],
            )?;
            if run.end == RunEnd::Complete {
                // Kept apart, for the newest complete run may be older than all that are kept.
                let sql = "UPDATE counters SET last_complete = max(ifnull(last_complete, ?1), ?1)";
                tx.execute(sql, [millis(run.finished)])?;
            }
            let sql = "DELETE FROM runs WHERE run NOT IN (SELECT run FROM runs ORDER BY run DESC LIMIT ?1)";
            tx.execute(sql, [RUNS_MAX]).map(drop)
        })
        .await
    }

    /// Whether the newest run that got a number has no recorded end: it was cut off with its process, or it is under way.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn has_open_run(&self) -> Result<bool, StoreError> {
        self.read("look for a run without an end", |connection| {
            let sql = "SELECT run > (SELECT ifnull(max(run), 0) FROM runs) FROM counters";
            connection.query_row(sql, [], |row| row.get(0))
        })
        .await
    }

    /// The newest run, and when the newest complete one ended.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn last_run(&self) -> Result<(Option<RunSummary>, Option<DateTime<Utc>>), StoreError> {
        self.read("look up the last run", |connection| {
            let sql = "SELECT * FROM runs ORDER BY run DESC LIMIT 1";
            let last = connection.query_row(sql, [], run_row).optional()?;
            let sql = "SELECT last_complete FROM counters";
            let complete: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
            Ok((last, complete.map(time)))
        })
        .await
    }
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunSummary> {
    Ok(RunSummary {
        run: count(row.get("run")?),
        started: time(row.get("started")?),
        finished: time(row.get("finished")?),
        end: row.get::<_, EndColumn>("ended")?.0,
        reason: row.get("reason")?,
        full: row.get("full_listing")?,
        listed: count(row.get("listed")?),
        new: count(row.get("new")?),
        downloaded: count(row.get("downloaded")?),
        bytes: count(row.get("bytes")?),
        failed: count(row.get("failed")?),
        api_requests: count(row.get("api_requests")?),
        media_requests: count(row.get("media_requests")?),
        trashed: count(row.get("trashed")?),
        returned: count(row.get("returned")?),
        purged: count(row.get("purged")?),
    })
}

/// [`RunEnd`] as a column has it: the word that `status` shows.
struct EndColumn(RunEnd);

impl ToSql for EndColumn {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.word().into())
    }
}

impl FromSql for EndColumn {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        let found = RunEnd::ALL.into_iter().find(|end| end.word() == text);
        found.map(Self).ok_or(FromSqlError::InvalidType)
    }
}
