//! Links made in albums' folders, and whether they are as they should be.
//!
//! Owns: the change counter. May import: `media`, `store`. Tests: in `store/tests/albums.rs`.

use rusqlite::{Transaction, params};
use std::sync::atomic::Ordering;

use crate::media::AlbumId;
use crate::store::{AlbumLink, Store, StoreError, albums, schema};

impl Store {
    /// Links made in the folders of an album, in the order of their paths; with none, those of albums that are gone.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn album_links(&self, album: Option<AlbumId>) -> Result<Vec<AlbumLink>, StoreError> {
        self.read("read an album's links", move |connection| {
            // An album that is not known has no links, and not those of the albums that are gone.
            let mut find = connection.prepare_cached(
                "SELECT path, target FROM album_links
                 WHERE album IS (SELECT n FROM albums WHERE id = ?1) AND (album IS NULL) = (?1 IS NULL) ORDER BY path",
            )?;
            let id = album.map(|album| album.0);
            find.query_map([id], |row| Ok(AlbumLink { path: row.get(0)?, target: row.get(1)? }))?.collect()
        })
        .await
    }

    /// Replaces the record of an album's links (none: of gone albums): `remove` by path, then `add`, in one transaction.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_links(
        &self,
        album: Option<AlbumId>,
        remove: Vec<String>,
        add: Vec<AlbumLink>,
    ) -> Result<(), StoreError> {
        self.write("record an album's links", move |tx| {
            let album = album.map(|id| albums::number_of(tx, &id)).transpose()?.flatten();
            let mut forget = tx.prepare_cached("DELETE FROM album_links WHERE path = ?1 AND album IS ?2")?;
            for path in &remove {
                forget.execute(params![path, album])?;
            }
            let mut write = tx.prepare_cached(
                "INSERT OR REPLACE INTO album_links (path, album, target) VALUES (?1, ?2, ?3)",
            )?;
            for link in &add {
                write.execute(params![link.path, album, link.target])?;
            }
            Ok(())
        })
        .await
    }

    /// Changes whenever files or albums change; compare with the value remembered at the last complete linking.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn links_are_stale(&self) -> Result<bool, StoreError> {
        let (changes, linked): (i64, i64) = self
            .read("look whether links are fresh", |connection| {
                connection.query_row("SELECT changes, linked FROM counters", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
            })
            .await?;
        self.looked_at.store(changes, Ordering::Relaxed);
        Ok(changes != linked)
    }

    /// All links are as they should be, as of the state that `links_are_stale` looked at; without such a look, nothing is.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mark_links_fresh(&self) -> Result<(), StoreError> {
        let looked_at = self.looked_at.load(Ordering::Relaxed);
        if looked_at == schema::NEVER_LOOKED {
            return Ok(());
        }
        self.write("remember that links are fresh", move |tx| {
            tx.execute("UPDATE counters SET linked = ?1", [looked_at]).map(drop)
        })
        .await
    }
}

/// Something changed that a link may follow.
pub(crate) fn count_change(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE counters SET changes = changes + 1")?.execute([]).map(drop)
}
