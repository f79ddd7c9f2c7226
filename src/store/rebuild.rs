//! An index that is begun anew for a library whose files are there: what must still be looked at.
//!
//! Owns: the fact that a rebuild is under way, claims (files that a damaged index called stored), and which listed files could be one that
//! lies on disk. Invariant: nothing here believes anything; the job looks at the files and says what it found.
//! May import: `media`, `store`. Tests: in `store/tests/rebuild.rs`.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::media::{MediaId, MediaItem};
use crate::store::columns::{WANTED, count, millis};
use crate::store::items::{ITEM_COLUMNS, item_row, number_of};
use crate::store::{AlbumLink, FilePart, Store, StoreError, Stored};

/// The fact that a rebuild is under way.
pub(crate) const FACT: &str = "rebuild";
/// Rivals that are told of one file; more make it no less ambiguous.
const RIVALS_MAX: u32 = 1_000;

/// How far a rebuild has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebuild {
    /// What damaged indexes held has not been taken over yet.
    Begun,
    /// It has; the files are looked at, and a full listing is on its way.
    Salvaged,
}

impl Rebuild {
    fn word(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Salvaged => "salvaged",
        }
    }
}

/// A file that a damaged index called stored.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Row number of its item, by which claims are gone through.
    pub number: i64,
    /// What it was stored as.
    pub stored: Stored,
}

/// A wanted file that may lie on disk already.
#[derive(Clone, Debug)]
pub struct Lookout {
    /// Row number of its item, by which they are gone through.
    pub number: i64,
    /// Which of the item's files.
    pub part: FilePart,
    /// The path that the index gave it.
    pub path: String,
    /// What was listed of its item.
    pub item: MediaItem,
    /// Paths of all files of items taken in the same second that are wanted too, its own among them.
    pub rivals: Vec<String>,
}

/// A new index knows from its first moment that it is a rebuild.
pub(crate) fn mark_begun(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.execute("INSERT OR REPLACE INTO facts VALUES (?1, ?2)", [FACT, Rebuild::Begun.word()]).map(drop)
}

impl Store {
    /// How far the rebuild has come; none: none is under way.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn rebuild(&self) -> Result<Option<Rebuild>, StoreError> {
        let word = self.fact(FACT).await?;
        Ok(word.map(|word| if word == Rebuild::Begun.word() { Rebuild::Begun } else { Rebuild::Salvaged }))
    }

    /// Remembers how far the rebuild has come; none: it is over.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set_rebuild(&self, stage: Option<Rebuild>) -> Result<(), StoreError> {
        self.set_fact(FACT, stage.map(|stage| stage.word().to_owned())).await
    }

    /// Claims that were not looked at yet, at most `limit` and a file more, after the item with number `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn claims(&self, after: i64, limit: u32) -> Result<Vec<Claim>, StoreError> {
        self.read("read the claims", move |connection| {
            let sql = format!(
                "SELECT f.item, i.id, f.part, f.path, f.bytes, f.sha256, f.mtime
                 FROM files f INDEXED BY files_wanted JOIN items i ON i.n = f.item
                 WHERE f.state = {WANTED} AND f.item > ?1 AND f.sha256 IS NOT NULL AND length(f.sha256) = 32
                 ORDER BY f.item, f.part LIMIT ?2"
            );
            let mut find = connection.prepare_cached(&sql)?;
            let rows = find.query_map(params![after, limit], |row| {
                let stored = Stored {
                    id: MediaId(row.get(1)?),
                    part: row.get(2)?,
                    path: row.get(3)?,
                    bytes: count(row.get::<_, Option<i64>>(4)?.unwrap_or(0)),
                    sha256: row.get(5)?,
                    mtime: row.get(6)?,
                };
                Ok(Claim { number: row.get(0)?, stored })
            })?;
            Ok(whole_items(rows.collect::<rusqlite::Result<Vec<Claim>>>()?, limit, |claim| claim.number))
        })
        .await
    }

    /// Claims that the file on disk does not bear out: the files are wanted as if they had never been stored.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn drop_claims(&self, refused: Vec<(MediaId, FilePart)>) -> Result<(), StoreError> {
        self.write("drop claims", move |tx| {
            let sql = format!(
                "UPDATE files SET bytes = NULL, sha256 = NULL, mtime = NULL
                 WHERE item = ?1 AND part = ?2 AND state = {WANTED}"
            );
            let mut change = tx.prepare_cached(&sql)?;
            for (id, part) in &refused {
                if let Some(item) = number_of(tx, id)? {
                    change.execute(params![item, part])?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Wanted files of listed and dated items, at most about `limit`, after the item with number `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn lookouts(&self, after: i64, limit: u32) -> Result<Vec<Lookout>, StoreError> {
        self.read("read what may be on disk", move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
            let sql = format!(
                "SELECT {ITEM_COLUMNS}, f.item, f.part, f.path
                 FROM files f INDEXED BY files_wanted JOIN items i ON i.n = f.item
                 WHERE f.state = {WANTED} AND f.item > ?1 AND i.source = 0 AND i.created IS NOT NULL
                 ORDER BY f.item, f.part LIMIT ?2"
            );
            let mut find = tx.prepare_cached(&sql)?;
            let rows = find.query_map(params![after, limit], |row| {
                let (number, part, path) = (row.get(11)?, row.get(12)?, row.get(13)?);
                Ok(Lookout { number, part, path, item: item_row(row)?, rivals: Vec::new() })
            })?;
            let found = rows.collect::<rusqlite::Result<Vec<Lookout>>>()?;
            let mut found = whole_items(found, limit, |lookout| lookout.number);
            for lookout in &mut found {
                lookout.rivals = rivals(&tx, &lookout.item)?;
            }
            Ok(found)
        })
        .await
    }

    /// Links that were found on disk, as those of albums that are gone; known ones stay as they are.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn adopt_links(&self, found: Vec<AlbumLink>) -> Result<(), StoreError> {
        self.write("record links found on disk", move |tx| {
            let mut add = tx.prepare_cached(
                "INSERT OR IGNORE INTO album_links (path, album, target) VALUES (?1, NULL, ?2)",
            )?;
            found.iter().try_for_each(|link| add.execute([&link.path, &link.target]).map(drop))
        })
        .await
    }
}

/// A page that was cut by its limit ends with a whole item, so that the next one begins after it.
fn whole_items<T>(mut page: Vec<T>, limit: u32, number: impl Fn(&T) -> i64) -> Vec<T> {
    let is_cut = page.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    if let (true, Some(last)) = (is_cut, page.last().map(&number))
        && page.iter().any(|entry| number(entry) != last)
    {
        page.retain(|entry| number(entry) != last);
    }
    page
}

fn rivals(connection: &Connection, item: &MediaItem) -> rusqlite::Result<Vec<String>> {
    let Some(created) = item.created else { return Ok(Vec::new()) };
    let second = millis(created).div_euclid(1_000) * 1_000;
    let sql = format!(
        "SELECT f.path FROM items i INDEXED BY items_asked JOIN files f ON f.item = i.n AND f.state = {WANTED}
         WHERE i.source = 0 AND i.same_as IS NULL AND i.created BETWEEN ?1 AND ?1 + 999 LIMIT ?2"
    );
    let mut find = connection.prepare_cached(&sql)?;
    find.query_map(params![second, RIVALS_MAX], |row| row.get(0))?.collect()
}
