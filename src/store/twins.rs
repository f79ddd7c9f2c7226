//! One photo, many sources: files for which another one stands.
//!
//! Invariant: the original that an export brought stands for the copy that the Library API gave, never the other way round; a copy that is
//! put aside is not fetched again. May import: `media`, `store`. Tests: in `store/tests/twins.rs`.

use rusqlite::{Row, params};

use crate::media::MediaId;
use crate::store::columns::{ASIDE, STORED};
use crate::store::{FilePart, Store, StoreError, Twin, links};

/// Columns of [`twin_row`]: the copy `a` with its file `af`, the original `t` with its file `tf`.
const TWIN_COLUMNS: &str =
    "a.id, af.path, af.bytes, af.sha256, t.id, tf.path, tf.bytes, af.sha256 = tf.sha256";

impl Store {
    /// Files of the Library API for which an imported one stands: the same bytes, or the same name in the same second with no
    /// other candidate on either side and no size in pixels that differs. At most `limit` after the first `skip`; `same_only`: of
    /// the same bytes alone.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn twins(&self, same_only: bool, skip: u32, limit: u32) -> Result<Vec<Twin>, StoreError> {
        self.read("look for copies", move |connection| {
            // The order of the tables is given: the copies are few or many, but each has few originals to be compared with.
            let alike = "t.source = 1 AND t.created BETWEEN a.created / 1000 * 1000 AND a.created / 1000 * 1000 + 999
                AND t.kind = a.kind AND lower(t.filename) = lower(a.filename)";
            let sql = format!(
                "SELECT {TWIN_COLUMNS} FROM items a INDEXED BY items_asked
                    CROSS JOIN files af ON af.item = a.n AND af.part = ?1 AND af.state = {STORED}
                    CROSS JOIN files tf ON tf.sha256 = af.sha256 AND tf.state = {STORED} AND tf.item <> a.n AND tf.part = ?1
                    CROSS JOIN items t ON t.n = tf.item AND t.source = 1
                 WHERE a.source = 0 AND a.same_as IS NULL
                 UNION ALL
                 SELECT {TWIN_COLUMNS} FROM items a INDEXED BY items_asked
                    CROSS JOIN items t INDEXED BY items_imported ON {alike}
                    CROSS JOIN files af ON af.item = a.n AND af.part = ?1 AND af.state = {STORED}
                    CROSS JOIN files tf ON tf.item = t.n AND tf.part = ?1 AND tf.state = {STORED}
                 WHERE ?4 = 0 AND a.source = 0 AND a.same_as IS NULL AND af.sha256 <> tf.sha256
                    AND (a.width IS NULL OR t.width IS NULL OR (a.width = t.width AND a.height = t.height)
                        OR (a.width = t.height AND a.height = t.width))
                    AND (SELECT count(*) FROM items t INDEXED BY items_imported WHERE {alike}) = 1
                    AND (SELECT count(*) FROM items b INDEXED BY items_asked WHERE b.source = 0 AND b.same_as IS NULL
                        AND b.created = a.created AND lower(b.filename) = lower(a.filename)) = 1
                 LIMIT ?2 OFFSET ?3"
            );
            let mut find = connection.prepare_cached(&sql)?;
            find.query_map(params![FilePart::Main, limit, skip, same_only], twin_row)?.collect()
        })
        .await
    }

    /// Whether anything was ever imported, so that there may be twins.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn has_imported(&self) -> Result<bool, StoreError> {
        self.read("look for imported items", |connection| {
            connection
                .prepare_cached("SELECT 1 FROM items INDEXED BY items_imported WHERE source = 1")?
                .exists([])
        })
        .await
    }

    /// A number that grows with each change that twins may follow from.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn changes(&self) -> Result<i64, StoreError> {
        self.read("read the count of changes", |connection| {
            connection.query_row("SELECT changes FROM counters", [], |row| row.get(0))
        })
        .await
    }

    /// The copy's file is put aside or gone: from now on the original's stands for it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_twin(&self, copy: MediaId, original: MediaId) -> Result<(), StoreError> {
        self.write("record a copy", move |tx| {
            let mut same = tx.prepare_cached(
                "UPDATE items SET same_as = (SELECT n FROM items WHERE id = ?2) WHERE id = ?1 AND same_as IS NULL",
            )?;
            same.execute([&copy.0, &original.0])?;
            let sql = format!(
                "UPDATE files SET state = {ASIDE} WHERE item = (SELECT n FROM items WHERE id = ?1) AND part = ?2
                 AND state = {STORED}"
            );
            tx.prepare_cached(&sql)?.execute(params![copy.0, FilePart::Main])?;
            links::count_change(tx)
        })
        .await
    }
}

fn twin_row(row: &Row<'_>) -> rusqlite::Result<Twin> {
    Ok(Twin {
        copy: MediaId(row.get(0)?),
        copy_path: row.get(1)?,
        copy_bytes: row.get::<_, i64>(2)?.try_into().unwrap_or(0),
        copy_sha256: row.get(3)?,
        original: MediaId(row.get(4)?),
        original_path: row.get(5)?,
        original_bytes: row.get::<_, i64>(6)?.try_into().unwrap_or(0),
        is_same: row.get(7)?,
    })
}
