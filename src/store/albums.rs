//! Albums: as listed, what is in them, and the folders they have.
//!
//! Invariant: an album that vanishes takes its contents along, but its links stay on record until they are removed.
//! May import: `media`, `store`. Tests: in `store/tests/albums.rs`.

use rusqlite::{OptionalExtension as _, Transaction, params};
use std::collections::HashSet;

use crate::media::{Album, AlbumId, MediaId, MediaItem};
use crate::store::columns::{STORED, column, count, millis, time};
use crate::store::{AlbumEntry, FilePart, KnownAlbum, Store, StoreError, links};

impl Store {
    /// Writes a complete listing of the albums; those that it lacks are gone, and their links remain to be removed.
    /// An album is stale if it is new, or its count or cover changed; with `all_stale` every one is.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_albums(&self, albums: Vec<Album>, all_stale: bool) -> Result<(), StoreError> {
        self.write("record the albums", move |tx| {
            let mut changed = 0;
            for album in &albums {
                changed += upsert(tx, album, all_stale)?;
            }
            changed += remove_others(tx, &albums.iter().map(|album| album.id.0.as_str()).collect())?;
            if changed > 0 { links::count_change(tx) } else { Ok(()) }
        })
        .await
    }

    /// Every album, in the order of their ids.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn albums(&self) -> Result<Vec<KnownAlbum>, StoreError> {
        self.read("read the albums", |connection| {
            let mut find = connection.prepare_cached(
                "SELECT id, title, items_count, cover, dir, newest, stale FROM albums ORDER BY id",
            )?;
            let rows = find.query_map([], |row| {
                let album = Album {
                    id: AlbumId(row.get(0)?),
                    title: row.get(1)?,
                    items_count: count(row.get(2)?),
                    cover: row.get::<_, Option<String>>(3)?.map(MediaId),
                };
                let newest = row.get::<_, Option<i64>>(5)?.map(time);
                Ok(KnownAlbum { album, dir: row.get(4)?, newest, stale: row.get(6)? })
            })?;
            rows.collect()
        })
        .await
    }

    /// Writes an album's whole contents, in order, and that they are no longer stale. A repeated id counts once, at
    /// its first place; an unknown album is left unknown.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_album_items(&self, album: AlbumId, items: Vec<MediaId>) -> Result<(), StoreError> {
        self.write("record an album", move |tx| {
            let Some(n) = number_of(tx, &album)? else { return Ok(()) };
            let mut known = HashSet::with_capacity(items.len());
            let items: Vec<&str> =
                items.iter().map(|id| id.0.as_str()).filter(|id| known.insert(*id)).collect();
            if contents(tx, n)? != items {
                replace_contents(tx, n, &items)?;
                links::count_change(tx)?;
            }
            tx.execute("UPDATE albums SET stale = 0 WHERE n = ?1", [n]).map(drop)
        })
        .await
    }

    /// Gives an album its folder name (unique among albums).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set_album_dir(&self, album: AlbumId, dir: Option<String>) -> Result<(), StoreError> {
        self.write("name an album's folder", move |tx| {
            tx.execute("UPDATE albums SET dir = ?2 WHERE id = ?1", params![album.0, dir])?;
            links::count_change(tx)
        })
        .await
    }

    /// The entries of an album whose files are on disk, in order.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn album_entries(&self, album: AlbumId) -> Result<Vec<AlbumEntry>, StoreError> {
        self.read("read an album", move |connection| {
            let sql = format!(
                "SELECT a.position, i.id, f.path, i.created FROM album_items a
                 JOIN items i ON i.id = a.id
                 JOIN files f ON f.item = ifnull(i.same_as, i.n) AND f.part = ?2 AND f.state = {STORED}
                 WHERE a.album = (SELECT n FROM albums WHERE id = ?1) ORDER BY a.position"
            );
            let mut find = connection.prepare_cached(&sql)?;
            let rows = find.query_map(params![album.0, FilePart::Main], |row| {
                Ok(AlbumEntry {
                    position: row.get(0)?,
                    id: MediaId(row.get(1)?),
                    path: row.get(2)?,
                    created: row.get::<_, Option<i64>>(3)?.map(time),
                })
            })?;
            rows.collect()
        })
        .await
    }
}

/// The row number of an album.
pub(crate) fn number_of(tx: &Transaction<'_>, id: &AlbumId) -> rusqlite::Result<Option<i64>> {
    tx.prepare_cached("SELECT n FROM albums WHERE id = ?1")?.query_row([&id.0], |row| row.get(0)).optional()
}

/// A new item may be in albums that were listed before it.
pub(crate) fn item_added(tx: &Transaction<'_>, item: &MediaItem) -> rusqlite::Result<()> {
    let mut change = tx.prepare_cached(
        "UPDATE albums SET newest = max(ifnull(newest, ?2), ?2)
         WHERE ?2 IS NOT NULL AND n IN (SELECT album FROM album_items WHERE id = ?1)",
    )?;
    change.execute(params![item.id.0, item.created.map(millis)]).map(drop)
}

/// The time of a known item changed.
pub(crate) fn item_redated(tx: &Transaction<'_>, id: &MediaId) -> rusqlite::Result<()> {
    let sql = "SELECT album FROM album_items WHERE id = ?1";
    let albums: Vec<i64> =
        tx.prepare_cached(sql)?.query_map([&id.0], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    albums.into_iter().try_for_each(|n| update_newest(tx, n))
}

fn update_newest(tx: &Transaction<'_>, album: i64) -> rusqlite::Result<()> {
    let mut change = tx.prepare_cached(
        "UPDATE albums SET newest = (SELECT max(i.created) FROM album_items a JOIN items i ON i.id = a.id
            WHERE a.album = ?1) WHERE n = ?1",
    )?;
    change.execute([album]).map(drop)
}

/// How many rows changed in a way that a link may follow: 0 or 1.
fn upsert(tx: &Transaction<'_>, album: &Album, all_stale: bool) -> rusqlite::Result<usize> {
    let cover = album.cover.as_ref().map(|id| id.0.as_str());
    let values = params![album.id.0, album.title, column(album.items_count), cover];
    let mut mark = tx.prepare_cached(
        "UPDATE albums SET stale = 1 WHERE id = ?1 AND (?4 OR items_count <> ?2 OR cover IS NOT ?3)",
    )?;
    mark.execute(params![album.id.0, column(album.items_count), cover, all_stale])?;
    let mut write = tx.prepare_cached(
        "INSERT INTO albums (id, title, items_count, cover, stale) VALUES (?1, ?2, ?3, ?4, 1)
         ON CONFLICT (id) DO UPDATE SET title = ?2, items_count = ?3, cover = ?4
         WHERE title <> ?2 OR items_count <> ?3 OR cover IS NOT ?4",
    )?;
    write.execute(values)
}

/// Removes the albums that are not `listed`, but none that exports alone tell of; how many.
fn remove_others(tx: &Transaction<'_>, listed: &HashSet<&str>) -> rusqlite::Result<usize> {
    let known: Vec<(i64, String)> = tx
        .prepare_cached("SELECT n, id FROM albums WHERE source = 0")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut remove = tx.prepare_cached("DELETE FROM albums WHERE n = ?1")?;
    let gone = known.iter().filter(|(_, id)| !listed.contains(id.as_str()));
    gone.map(|(n, _)| remove.execute([n])).sum()
}

/// The items of an album, in order.
pub(crate) fn contents(tx: &Transaction<'_>, album: i64) -> rusqlite::Result<Vec<String>> {
    let mut find = tx.prepare_cached("SELECT id FROM album_items WHERE album = ?1 ORDER BY position")?;
    find.query_map([album], |row| row.get(0))?.collect()
}

/// Writes the items of an album anew.
pub(crate) fn replace_contents(tx: &Transaction<'_>, album: i64, items: &[&str]) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM album_items WHERE album = ?1")?.execute([album])?;
    let mut add = tx.prepare_cached("INSERT INTO album_items VALUES (?1, ?2, ?3)")?;
    for (position, id) in (0_u32..).zip(items) {
        add.execute(params![album, position, id])?;
    }
    update_newest(tx, album)
}
