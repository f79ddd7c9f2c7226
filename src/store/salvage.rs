//! What can still be read of a damaged index, taken over into a new one.
//!
//! Owns: which tables are taken over, and in what form. Invariant: the damaged file is only read; a file that it calls stored is a
//! claim in the new index, which the job believes only when the file on disk has the length and the digest; memory does
//! not grow with the file. Rows are read by ranges of their keys, halved where one cannot be read, so that a broken page costs its
//! own rows alone. May import: `store`. Tests: in `store/tests/salvage.rs`.

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, params_from_iter};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::store::columns::{STORED, WANTED};
use crate::store::{Store, StoreError, rebuild, schema};

/// One table that is taken over.
struct Table {
    name: &'static str,
    /// The whole number by whose ranges its rows are read.
    key: &'static str,
    /// How many numbers are read at once.
    step: i64,
}

/// The tables, those that others lead to first. Left out: listings, because only a new one proves anything; the counters of names,
/// which fill themselves; and what only a whole table tells.
const TABLES: [Table; 12] = [
    Table { name: "items", key: "n", step: 512 },
    Table { name: "files", key: "item", step: 512 },
    Table { name: "albums", key: "n", step: 64 },
    Table { name: "album_items", key: "album", step: 4 },
    Table { name: "album_links", key: "album", step: 4 },
    Table { name: "runs", key: "run", step: 128 },
    Table { name: "exports", key: "n", step: 16 },
    Table { name: "parts", key: "n", step: 16 },
    Table { name: "entries", key: "part", step: 1 },
    Table { name: "item_facts", key: "item", step: 256 },
    Table { name: "revisions", key: "item", step: 256 },
    Table { name: "trash", key: "item", step: 256 },
];

/// Facts that would be wrong in a new index.
const FACTS_LEFT: [&str; 3] = [rebuild::FACT, "twins-looked", "deletions"];

/// One transaction takes over about so many rows,
const ROWS_AT_ONCE: u64 = 4_096;
/// and at most so many ranges.
const RANGES_AT_ONCE: u32 = 64;

/// So many keys in a row that cannot be read mean that the whole table is lost.
const LOST_IN_A_ROW_MAX: u64 = 20_000;

/// The shortest row that a table of this index can have, bytes, for a bound where the largest key cannot be read.
const ROW_BYTES_MIN: u64 = 32;

/// What was taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Rows of all tables.
    pub rows: u64,
    /// Keys whose rows could not be read, or made no sense.
    pub lost: u64,
}

/// A damaged index while it is read.
struct Source {
    connection: Connection,
    bytes: u64,
    lost_in_a_row: u64,
    done: Salvaged,
}

impl Store {
    /// Takes over what can be read of the damaged index at `from`, range by range, each in a transaction of its own. Rows that are there
    /// already stay. What cannot be opened at all gives nothing. None if `goes_on` said no.
    ///
    /// # Errors
    /// See [`StoreError`]: of this index, never of the damaged one.
    pub async fn salvage(
        &self,
        from: PathBuf,
        goes_on: impl Fn() -> bool + Send,
    ) -> Result<Option<Salvaged>, StoreError> {
        let Some(mut source) = Source::open(&from) else { return Ok(Some(Salvaged::default())) };
        // Rows come before those that they lead to, and some of those never come.
        self.read("begin to salvage", |c| c.execute_batch("PRAGMA foreign_keys = OFF")).await?;
        for table in &TABLES {
            let (mut at, last) = (0, source.last_key(table));
            source.lost_in_a_row = 0;
            while at <= last && source.lost_in_a_row < LOST_IN_A_ROW_MAX {
                if !goes_on() {
                    self.read("leave the salvage", |c| c.execute_batch("PRAGMA foreign_keys = ON")).await?;
                    return Ok(None);
                }
                let copy = move |tx: &Transaction<'_>| {
                    let next = source.copy_some(tx, table, at, last)?;
                    Ok((source, next))
                };
                (source, at) = self.write("salvage rows", copy).await?;
            }
        }
        let end = move |tx: &Transaction<'_>| {
            source.copy_facts(tx)?;
            source.copy_counters(tx)?;
            tx.execute_batch(TIDY)?;
            Ok(source.done)
        };
        let done = self.write("end the salvage", end).await?;
        self.read("end the salvage", |c| c.execute_batch("PRAGMA foreign_keys = ON")).await?;
        Ok(Some(done))
    }
}

/// What leads nowhere goes; the totals are counted anew, for triggers count no row that is removed.
const TIDY: &str = "
    DELETE FROM items WHERE n NOT IN (SELECT item FROM files WHERE part = 0);
    DELETE FROM files WHERE item NOT IN (SELECT n FROM items);
    DELETE FROM item_facts WHERE item NOT IN (SELECT n FROM items);
    DELETE FROM revisions WHERE item NOT IN (SELECT n FROM items);
    DELETE FROM trash WHERE item NOT IN (SELECT n FROM items) OR length(sha256) <> 32;
    DELETE FROM album_items WHERE album NOT IN (SELECT n FROM albums);
    UPDATE album_links SET album = NULL WHERE album NOT IN (SELECT n FROM albums);
    DELETE FROM parts WHERE export NOT IN (SELECT n FROM exports);
    DELETE FROM entries WHERE part NOT IN (SELECT n FROM parts);
    UPDATE items SET same_as = NULL WHERE same_as NOT IN (SELECT n FROM items);
    UPDATE files SET state = 0 WHERE state = 3 AND item IN (SELECT n FROM items WHERE same_as IS NULL);
    UPDATE items SET seen = 0;
    UPDATE albums SET stale = 1;
    UPDATE counters SET items = (SELECT count(*) FROM items), wanted = (SELECT count(*) FROM files WHERE state = 0),
        failed = (SELECT count(*) FROM files WHERE state = 0 AND failure IS NOT NULL);
";

impl Source {
    /// Opens a damaged index for reading, with its log if that is whole; none if not even its schema can be read.
    fn open(path: &Path) -> Option<Self> {
        let bytes = std::fs::metadata(path).ok()?.len();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = |name: PathBuf, flags| {
            let connection = Connection::open_with_flags(name, flags).ok()?;
            schema::tune(&connection).ok()?;
            // A schema that is damaged in part serves for the rest.
            connection.execute_batch("PRAGMA writable_schema = ON; PRAGMA cell_size_check = ON").ok()?;
            connection
                .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
                .ok()?;
            Some(connection)
        };
        let without_log = || open(schema::immutable_uri(path)?, flags | OpenFlags::SQLITE_OPEN_URI);
        let connection = open(path.to_owned(), flags).or_else(without_log)?;
        Some(Self { connection, bytes, lost_in_a_row: 0, done: Salvaged::default() })
    }

    /// The largest key of a table; a bound for it where that cannot be read.
    fn last_key(&self, table: &Table) -> i64 {
        let sql = format!("SELECT ifnull(max({}), -1) FROM {}", table.key, table.name);
        match self.connection.query_row(&sql, [], |row| row.get(0)) {
            Ok(last) => last,
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => -1,
            Err(_) => i64::try_from(self.bytes / ROW_BYTES_MIN).unwrap_or(i64::MAX / 2),
        }
    }

    /// Takes over rows from the key `from` on, as many as one transaction should hold; returns the key to go on from.
    fn copy_some(
        &mut self,
        tx: &Transaction<'_>,
        table: &Table,
        from: i64,
        last: i64,
    ) -> rusqlite::Result<i64> {
        let (mut at, before) = (from, self.done.rows);
        for _ in 0..RANGES_AT_ONCE {
            if at > last || self.done.rows - before >= ROWS_AT_ONCE {
                break;
            }
            self.copy(tx, table, at, at + table.step)?;
            at += table.step;
        }
        Ok(at)
    }

    /// Takes over the rows with keys from `from` to before `to`, in halves where they cannot be read.
    fn copy(&mut self, tx: &Transaction<'_>, table: &Table, from: i64, to: i64) -> rusqlite::Result<()> {
        if self.lost_in_a_row >= LOST_IN_A_ROW_MAX {
            return Ok(());
        }
        if self.copy_range(tx, table, from, to)? {
            self.lost_in_a_row = 0;
        } else if to - from > 1 {
            let middle = from + (to - from) / 2;
            self.copy(tx, table, from, middle)?;
            self.copy(tx, table, middle, to)?;
        } else {
            self.done.lost += 1;
            self.lost_in_a_row += 1;
            if table.name == "entries" {
                // A part of which entries are lost is read again when it is imported again.
                tx.execute("UPDATE parts SET state = 0, entries = NULL WHERE n = ?1", [from])?;
            }
        }
        Ok(())
    }

    /// Whether all the rows could be read; those before the first that could not are taken over all the same.
    fn copy_range(
        &mut self,
        tx: &Transaction<'_>,
        table: &Table,
        from: i64,
        to: i64,
    ) -> rusqlite::Result<bool> {
        let columns = common_columns(&self.connection, tx, table.name)?;
        if columns.is_empty() {
            return Ok(true);
        }
        let list = columns.join(", ");
        let marks = vec!["?"; columns.len()].join(", ");
        let (name, key) = (table.name, table.key);
        let read = format!("SELECT {list} FROM {name} WHERE {key} >= ?1 AND {key} < ?2");
        let mut add =
            tx.prepare_cached(&format!("INSERT OR IGNORE INTO {name} ({list}) VALUES ({marks})"))?;
        let Ok(mut find) = self.connection.prepare_cached(&read) else { return Ok(false) };
        let Ok(mut rows) = find.query([from, to]) else { return Ok(false) };
        // Ends: each round takes a row, or is the last.
        loop {
            let mut values: Vec<Value> = match rows.next() {
                Ok(Some(row)) => match (0..columns.len()).map(|n| row.get(n)).collect() {
                    Ok(values) => values,
                    Err(_) => return Ok(false),
                },
                Ok(None) => return Ok(true),
                Err(_) => return Ok(false),
            };
            if name == "files" && !claim(&columns, &mut values) {
                self.done.lost += 1;
                continue;
            }
            match add.execute(params_from_iter(values)) {
                Ok(added) => self.done.rows += added as u64,
                // A value of a kind that its column does not take.
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    self.done.lost += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn copy_facts(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        let Ok(mut find) = self.connection.prepare("SELECT name, value FROM facts") else { return Ok(()) };
        let Ok(rows) = find.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
        else {
            return Ok(());
        };
        for (name, value) in
            rows.map_while(Result::ok).filter(|(name, _)| !FACTS_LEFT.contains(&name.as_str()))
        {
            tx.execute("INSERT OR IGNORE INTO facts VALUES (?1, ?2)", [name, value])?;
        }
        Ok(())
    }

    /// Numbers of runs and listings go on from where they were.
    fn copy_counters(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        let sql = "SELECT run, generation, last_complete FROM counters";
        let told = self.connection.query_row(sql, [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<i64>>(2)?))
        });
        let Ok((run, generation, complete)) = told else { return Ok(()) };
        let sql = "UPDATE counters SET run = max(run, ?1), generation = max(generation, ?2), last_complete = ifnull(last_complete, ?3)";
        tx.execute(sql, rusqlite::params![run, generation, complete]).map(drop)
    }
}

/// The columns that a table has in both, for the damaged one may be of an earlier version.
fn common_columns(old: &Connection, new: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let columns = |connection: &Connection| -> rusqlite::Result<BTreeSet<String>> {
        let mut find = connection.prepare_cached("SELECT name FROM pragma_table_info(?1)")?;
        find.query_map([table], |row| row.get(0))?.collect()
    };
    let old = columns(old).unwrap_or_default();
    Ok(columns(new)?.intersection(&old).cloned().collect())
}

/// Makes a file that is called stored a claim: wanted, with the length and the digest that its bytes must have. Whether the row makes
/// sense at all.
fn claim(columns: &[String], values: &mut [Value]) -> bool {
    let at = |name: &str| columns.iter().position(|column| column == name);
    let (Some(path), Some(state)) = (at("path"), at("state")) else { return false };
    let is_inside = matches!(&values[path], Value::Text(path) if is_inside(path));
    let is_stored = values[state] == Value::Integer(STORED);
    if is_stored {
        values[state] = Value::Integer(WANTED);
    }
    if let Some(found) = at("found") {
        values[found] = Value::Null;
    }
    is_inside
}

/// Whether a path leads to a place where files of items are.
fn is_inside(path: &str) -> bool {
    !path.starts_with('.') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}
