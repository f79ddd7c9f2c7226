//! What Takeout tells of items and albums.
//!
//! Invariant: every different JSON of an item is kept; the newest export's words count; an album only grows, because an export may hold a
//! part of it alone. May import: `media`, `store`. Tests: in `store/tests/exports.rs`.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use std::collections::HashSet;

use crate::media::{AlbumId, MediaId};
use crate::store::columns::{STORED, column, millis, time};
use crate::store::entries::key_of;
use crate::store::{
    EntryKey, FilePart, ItemTold, NewItem, Recorded, Store, StoreError, Telling, UntoldEntry, albums, items,
    links,
};

impl Store {
    /// Writes items that an export brings, each with the path that its file will have; one that is known keeps its path.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_imported(
        &self,
        items: Vec<NewItem>,
        fold_case: bool,
    ) -> Result<Recorded, StoreError> {
        self.write("record imported items", move |tx| {
            let ids: Vec<MediaId> = items.iter().map(|new| new.item.id.clone()).collect();
            let recorded = items::record(tx, items, None, DateTime::<Utc>::MAX_UTC, fold_case)?;
            let mut mark = tx.prepare_cached("UPDATE items SET source = 1 WHERE id = ?1 AND source <> 1")?;
            for id in ids {
                mark.execute([id.0])?;
            }
            Ok(recorded)
        })
        .await
    }

    /// What dated each of these items (see [`ItemTold::dated_by`]) and the offset of its local time, minutes; a sidecar may say more later.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_dating(&self, dated: Vec<(MediaId, u8, Option<i32>)>) -> Result<(), StoreError> {
        self.write("record what dated items", move |tx| {
            let mut add = tx.prepare_cached(
                "INSERT OR IGNORE INTO item_facts (item, stamp, favorited, archived, trashed, dated_by, offset_minutes)
                 SELECT n, 0, 0, 0, 0, ?2, ?3 FROM items WHERE id = ?1",
            )?;
            for (id, dated_by, offset) in &dated {
                add.execute(params![id.0, dated_by, offset])?;
            }
            Ok(())
        })
        .await
    }

    /// Stored files of a set of which nothing was told yet, with their sidecars, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn untold(&self, export: i64, limit: u32) -> Result<Vec<UntoldEntry>, StoreError> {
        self.read("read what sidecars tell", move |connection| {
            let sql = format!(
                "SELECT e.part, e.ordinal, i.id, f.path, e.embedded, e.mtime, j.json, e.role,
                    (SELECT stamp FROM item_facts t WHERE t.item = i.n) FROM entries e
                 JOIN files f ON f.sha256 = e.sha256 AND f.state = {STORED} JOIN items i ON i.n = f.item
                 JOIN entries j ON j.part = e.json_part AND j.ordinal = e.json_ordinal
                 WHERE e.export = ?1 AND e.is_told = 0 AND e.json_part IS NOT NULL AND e.outcome IN (1, 2)
                 ORDER BY e.part, e.ordinal LIMIT ?2"
            );
            connection.prepare_cached(&sql)?.query_map(params![export, limit], untold_row)?.collect()
        })
        .await
    }

    /// Writes what sidecars tell, in one transaction.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_told(&self, tellings: Vec<Telling>) -> Result<(), StoreError> {
        self.write("record what sidecars tell", move |tx| {
            tellings.iter().try_for_each(|telling| tell(tx, telling))
        })
        .await
    }

    /// SHA-256 of every JSON that was told of an item.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn revisions(&self, item: MediaId) -> Result<Vec<[u8; 32]>, StoreError> {
        self.read("read the revisions of an item", move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT r.digest FROM revisions r JOIN items i ON i.n = r.item WHERE i.id = ?1",
            )?;
            find.query_map([item.0], |row| row.get(0))?.collect()
        })
        .await
    }

    /// Has everything told once more that sidecars told.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn untell(&self) -> Result<(), StoreError> {
        self.write("have sidecars told again", |tx| {
            tx.execute("UPDATE entries SET is_told = 0 WHERE is_told = 1 AND json_part IS NOT NULL", [])
                .map(drop)
        })
        .await
    }

    /// The items of the files in a folder of a set, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn folder_items(
        &self,
        export: i64,
        folder: String,
        limit: u32,
    ) -> Result<Vec<MediaId>, StoreError> {
        self.read("read the items of a folder", move |connection| {
            let sql = format!(
                "SELECT DISTINCT i.id FROM entries e JOIN files f ON f.sha256 = e.sha256 AND f.state = {STORED} AND f.part = ?3
                 JOIN items i ON i.n = f.item WHERE e.export = ?1 AND e.folder = ?2 AND e.outcome IN (1, 2) LIMIT ?4"
            );
            let mut find = connection.prepare_cached(&sql)?;
            let rows = find.query_map(params![export, folder, FilePart::Main, limit], |row| row.get(0))?;
            rows.map(|id| id.map(MediaId)).collect()
        })
        .await
    }

    /// JSON files of a folder with no file beside them, and the album's own, compressed; those after `after`, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn folder_json(
        &self,
        export: i64,
        folder: String,
        after: Option<EntryKey>,
        limit: u32,
    ) -> Result<Vec<(EntryKey, Vec<u8>)>, StoreError> {
        self.read("read the JSON files of a folder", move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT part, ordinal, json FROM entries
                 WHERE export = ?1 AND folder = ?2 AND (part, ordinal) > (?3, ?4) AND outcome IN (4, 7)
                    AND json IS NOT NULL ORDER BY part, ordinal LIMIT ?5",
            )?;
            let (part, ordinal) = after.map_or((-1, -1), |(part, ordinal)| (part, column(ordinal)));
            let wanted = params![export, folder, part, ordinal, limit];
            find.query_map(wanted, |row| Ok((key_of(row, 0)?, row.get(2)?)))?.collect()
        })
        .await
    }

    /// The one item that was told to have this title and moment, and this page if both tell one; none, or several: none.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn item_told(
        &self,
        taken: i64,
        title: String,
        url: Option<String>,
    ) -> Result<Option<MediaId>, StoreError> {
        self.read("look up an item by what was told", move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT i.id FROM item_facts t JOIN items i ON i.n = t.item
                 WHERE t.taken = ?1 AND t.title = ?2 AND (?3 IS NULL OR t.url IS NULL OR t.url = ?3) LIMIT 2",
            )?;
            let found: Vec<String> = find
                .query_map(params![taken, title, url], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(<[String; 1]>::try_from(found).ok().map(|[id]| MediaId(id)))
        })
        .await
    }

    /// Adds items to an album that exports tell of, which is recorded if it is new; its items stand in the order in which they were taken.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn grow_album(
        &self,
        album: AlbumId,
        title: String,
        more: Vec<MediaId>,
    ) -> Result<(), StoreError> {
        self.write("record an album of an export", move |tx| {
            let known = albums::number_of(tx, &album)?;
            let n = if let Some(n) = known {
                n
            } else {
                let sql =
                    "INSERT INTO albums (id, title, items_count, stale, source) VALUES (?1, ?2, 0, 0, 1)";
                tx.prepare_cached(sql)?.insert(params![album.0, title])?
            };
            let renamed = "UPDATE albums SET title = ?2 WHERE n = ?1 AND title <> ?2";
            let mut changed = known.is_none() || tx.prepare_cached(renamed)?.execute(params![n, title])? > 0;
            let before = albums::contents(tx, n)?;
            let mut all: HashSet<String> = before.iter().cloned().collect();
            all.extend(more.into_iter().map(|id| id.0));
            let ordered = by_time(tx, all)?;
            if ordered != before {
                let ids: Vec<&str> = ordered.iter().map(String::as_str).collect();
                albums::replace_contents(tx, n, &ids)?;
                let count = "UPDATE albums SET items_count = ?2 WHERE n = ?1";
                tx.prepare_cached(count)?.execute(params![n, column(ordered.len() as u64)])?;
                changed = true;
            }
            if changed { links::count_change(tx) } else { Ok(()) }
        })
        .await
    }
}

/// Items in the order in which they were taken, those without a date last.
fn by_time(tx: &Transaction<'_>, ids: HashSet<String>) -> rusqlite::Result<Vec<String>> {
    let mut find = tx.prepare_cached("SELECT created FROM items WHERE id = ?1")?;
    let mut dated = Vec::with_capacity(ids.len());
    for id in ids {
        let created: Option<i64> = find.query_row([&id], |row| row.get(0)).optional()?.flatten();
        dated.push((created.unwrap_or(i64::MAX), id));
    }
    dated.sort_unstable();
    Ok(dated.into_iter().map(|(_, id)| id).collect())
}

fn tell(tx: &Transaction<'_>, telling: &Telling) -> rusqlite::Result<()> {
    let mut done = tx.prepare_cached("UPDATE entries SET is_told = 1 WHERE part = ?1 AND ordinal = ?2")?;
    done.execute(params![telling.key.0, column(telling.key.1)])?;
    let Some(item) = items::number_of(tx, &telling.id)? else { return Ok(()) };
    let mut keep = tx.prepare_cached(
        "INSERT OR IGNORE INTO revisions (item, digest, stamp, json) VALUES (?1, ?2, ?3, ?4)",
    )?;
    keep.execute(params![item, telling.digest, millis(telling.stamp), telling.json])?;
    tell_facts(tx, item, telling.stamp, &telling.told)
}

fn tell_facts(
    tx: &Transaction<'_>,
    item: i64,
    stamp: DateTime<Utc>,
    told: &ItemTold,
) -> rusqlite::Result<()> {
    let mut write = tx.prepare_cached(
        "INSERT INTO item_facts (item, stamp, title, description, taken, latitude, longitude, altitude, people, url,
            favorited, archived, trashed, origin, dated_by, offset_minutes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
         ON CONFLICT (item) DO UPDATE SET stamp = ?2, title = ?3, description = ?4, taken = ?5, latitude = ?6, longitude = ?7,
            altitude = ?8, people = ?9, url = ?10, favorited = ?11, archived = ?12, trashed = ?13, origin = ?14, dated_by = ?15,
            offset_minutes = ?16 WHERE stamp <= ?2",
    )?;
    write
        .execute(params![
            item,
            millis(stamp),
            told.title,
            told.description,
            told.taken,
            told.geo.map(|geo| geo.0),
            told.geo.map(|geo| geo.1),
            told.geo.and_then(|geo| geo.2),
            told.people,
            told.url,
            told.favorited,
            told.archived,
            told.trashed,
            told.origin,
            told.dated_by,
            told.offset_minutes,
        ])
        .map(drop)
}

fn untold_row(row: &Row<'_>) -> rusqlite::Result<UntoldEntry> {
    Ok(UntoldEntry {
        key: key_of(row, 0)?,
        id: MediaId(row.get(2)?),
        path: row.get(3)?,
        embedded: row.get(4)?,
        mtime: row.get(5)?,
        json: row.get(6)?,
        role: row.get(7)?,
        told: row.get::<_, Option<i64>>(8)?.map(time),
    })
}
