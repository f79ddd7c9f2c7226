//! Items as they are listed, and the files they bring.
//!
//! Invariant: an item's path is given when it is first seen, and no later listing moves it.
//! May import: `media`, `names`, `store`. Tests: in `store/tests/pages.rs`.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use std::collections::HashMap;

use crate::media::{MediaId, MediaItem, MediaKind};
use crate::names::FileName;
use crate::store::columns::{KindColumn, STORED, WANTED, due_at, millis, time};
use crate::store::paths::{Place, allocate};
use crate::store::{
    FilePart, NewItem, PageRecord, Recorded, Store, StoreError, StoredItem, Wanted, albums, links, listing,
};

/// Why a listing is doubted that had an item on two pages: items moved while it was made, so one may have slipped through.
const LISTED_TWICE: &str = "an item stood on two of its pages";

/// Columns of [`wanted_row`], of `files f` joined with `items i`.
pub(crate) const WANTED_COLUMNS: &str =
    "i.id, f.part, f.path, i.mime, i.created, i.kind, f.tries, f.found > 1";

/// Columns of [`item_row`], of `items i`.
pub(crate) const ITEM_COLUMNS: &str =
    "i.id, i.filename, i.mime, i.created, i.kind, i.description, i.product_url, i.width, i.height,
    i.camera_make, i.camera_model";

impl Store {
    /// Writes a page and its cursor in one transaction; gives every new item its path.
    /// A page of a listing that was given up meanwhile writes its items and moves no cursor.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_page(&self, page: PageRecord) -> Result<Recorded, StoreError> {
        self.write("record a page", move |tx| {
            let recorded = record(tx, page.items, Some(page.generation), page.due_by, page.fold_case)?;
            let moved = (recorded.again > 0).then_some(LISTED_TWICE);
            if let Some(why) = page.doubt.or(moved) {
                listing::doubt(tx, page.generation, why)?;
            }
            listing::advance(tx, page.generation, page.next.as_deref(), page.now)?;
            Ok(recorded)
        })
        .await
    }

    /// Writes items that are known only by an album (others' photos, or a photo added in mid-run), as wanted;
    /// also what a backlog's items were resolved to. Files whose next try is due by `due_by` are wanted again.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_items(
        &self,
        items: Vec<NewItem>,
        due_by: DateTime<Utc>,
        fold_case: bool,
    ) -> Result<Recorded, StoreError> {
        self.write("record items", move |tx| record(tx, items, None, due_by, fold_case)).await
    }

    /// Asks for one more file of an item (the clip of a motion photo) beside its main file; gives it a path.
    /// None if the item is unknown, the file is stored already, or it once turned out not to exist.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn want_motion(
        &self,
        id: MediaId,
        name: FileName,
        dir: String,
        fold_case: bool,
    ) -> Result<Option<Wanted>, StoreError> {
        self.write("ask for the clip of an item", move |tx| {
            let Some(item) = number_of(tx, &id)? else { return Ok(None) };
            let known = tx
                .prepare_cached("SELECT 1 FROM files WHERE item = ?1 AND part = ?2")?
                .exists(params![item, FilePart::Motion])?;
            if !known {
                let place = allocate(tx, &dir, &name, 1, fold_case)?;
                insert_file(tx, item, FilePart::Motion, &place, &name.ext)?;
            }
            let sql = format!(
                "SELECT {WANTED_COLUMNS} FROM files f JOIN items i ON i.n = f.item
                 WHERE f.item = ?1 AND f.part = ?2 AND f.state = {WANTED}"
            );
            tx.prepare_cached(&sql)?.query_row(params![item, FilePart::Motion], wanted_row).optional()
        })
        .await
    }

    /// What was listed of an item (no base URL), for its sidecar.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn item(&self, id: MediaId) -> Result<Option<MediaItem>, StoreError> {
        self.read("look up an item", move |connection| {
            let mut find =
                connection.prepare_cached(&format!("SELECT {ITEM_COLUMNS} FROM items i WHERE i.id = ?1"))?;
            find.query_row([&id.0], item_row).optional()
        })
        .await
    }

    /// Items whose main file is stored, at most `limit`, in the order in which they were first recorded, after number `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn stored_items(&self, after: i64, limit: u32) -> Result<Vec<StoredItem>, StoreError> {
        self.read("read the stored items", move |connection| {
            let sql = format!(
                "SELECT {ITEM_COLUMNS}, i.n, f.path FROM files f JOIN items i ON i.n = f.item
                 WHERE f.item > ?1 AND f.part = ?2 AND f.state = {STORED} ORDER BY f.item LIMIT ?3"
            );
            let mut find = connection.prepare_cached(&sql)?;
            let rows = find.query_map(params![after, FilePart::Main, limit], |row| {
                Ok(StoredItem { number: row.get(11)?, item: item_row(row)?, path: row.get(12)? })
            })?;
            rows.collect()
        })
        .await
    }

    /// Forgets which listings had which items: another login's listings cannot miss what they never had.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn forget_sightings(&self) -> Result<(), StoreError> {
        self.write("forget what was listed", |tx| tx.execute("UPDATE items SET seen = 0", []).map(drop)).await
    }

    /// Up to `limit` known ids spread over the library, for the account check.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn sample_ids(&self, limit: u32) -> Result<Vec<MediaId>, StoreError> {
        self.read("sample the items", move |connection| {
            let last: i64 =
                connection.query_row("SELECT ifnull(max(n), 0) FROM items", [], |row| row.get(0))?;
            // Google knows nothing of what an export alone brought.
            let mut find = connection
                .prepare_cached("SELECT id FROM items WHERE n >= ?1 AND n < ?2 AND source = 0 LIMIT 1")?;
            let limit = i64::from(limit).min(last);
            let at = |k: i64| 1 + k * last / limit;
            (0..limit)
                .filter_map(|k| {
                    find.query_row([at(k), at(k + 1)], |row| row.get(0).map(MediaId)).optional().transpose()
                })
                .collect()
        })
        .await
    }
}

/// The row number of an item.
pub(crate) fn number_of(tx: &Transaction<'_>, id: &MediaId) -> rusqlite::Result<Option<i64>> {
    tx.prepare_cached("SELECT n FROM items WHERE id = ?1")?.query_row([&id.0], |row| row.get(0)).optional()
}

/// One row of [`WANTED_COLUMNS`].
pub(crate) fn wanted_row(row: &Row<'_>) -> rusqlite::Result<Wanted> {
    Ok(Wanted {
        id: MediaId(row.get(0)?),
        part: row.get(1)?,
        path: row.get(2)?,
        mime: row.get(3)?,
        created: row.get::<_, Option<i64>>(4)?.map(time),
        kind: row.get::<_, KindColumn>(5)?.0,
        tries: row.get(6)?,
        is_replacement: row.get::<_, Option<bool>>(7)?.unwrap_or(false),
    })
}

/// One row of [`ITEM_COLUMNS`].
pub(crate) fn item_row(row: &Row<'_>) -> rusqlite::Result<MediaItem> {
    Ok(MediaItem {
        id: MediaId(row.get(0)?),
        filename: row.get(1)?,
        mime: row.get(2)?,
        created: row.get::<_, Option<i64>>(3)?.map(time),
        kind: row.get::<_, KindColumn>(4)?.0,
        description: row.get(5)?,
        product_url: row.get(6)?,
        width: row.get(7)?,
        height: row.get(8)?,
        camera_make: row.get(9)?,
        camera_model: row.get(10)?,
        base_url: None,
    })
}

/// Writes items, each once; `seen`: the listing that had them.
pub(crate) fn record(
    tx: &Transaction<'_>,
    items: Vec<NewItem>,
    seen: Option<i64>,
    now: DateTime<Utc>,
    fold_case: bool,
) -> rusqlite::Result<Recorded> {
    let mut recorded = Recorded::default();
    for new in distinct(items) {
        let known = known_item(tx, &new.item.id)?;
        recorded.distinct += 1;
        recorded.new += u64::from(known.is_none());
        recorded.again +=
            u64::from(seen.is_some() && known.as_ref().is_some_and(|known| Some(known.seen) == seen));
        let n = match known {
            Some(known) => update(tx, &new.item, &known, seen)?,
            None => insert(tx, &new, seen, fold_case)?,
        };
        // A video that failed at Google is handed over to be counted among the failures; one in processing is none yet.
        if new.item.kind != MediaKind::VideoProcessing {
            due_files(tx, n, now, &mut recorded.wanted)?;
        }
    }
    Ok(recorded)
}

/// The last of each id, at the place of the first.
fn distinct(items: Vec<NewItem>) -> Vec<NewItem> {
    let mut places: HashMap<MediaId, usize> = HashMap::with_capacity(items.len());
    let mut kept: Vec<NewItem> = Vec::with_capacity(items.len());
    for new in items {
        let place = *places.entry(new.item.id.clone()).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(earlier) => *earlier = new,
            None => kept.push(new),
        }
    }
    kept
}

/// What decides how a listed item changes a known one.
struct KnownItem {
    n: i64,
    kind: KindColumn,
    created: Option<i64>,
    seen: i64,
}

fn known_item(tx: &Transaction<'_>, id: &MediaId) -> rusqlite::Result<Option<KnownItem>> {
    let mut find = tx.prepare_cached("SELECT n, kind, created, seen FROM items WHERE id = ?1")?;
    find.query_row([&id.0], |row| {
        Ok(KnownItem { n: row.get(0)?, kind: row.get(1)?, created: row.get(2)?, seen: row.get(3)? })
    })
    .optional()
}

fn insert(tx: &Transaction<'_>, new: &NewItem, seen: Option<i64>, fold_case: bool) -> rusqlite::Result<i64> {
    let item = &new.item;
    let mut add = tx.prepare_cached(
        "INSERT INTO items (id, filename, mime, created, kind, description, product_url, width, height,
            camera_make, camera_model, seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    let n = add.insert(params![
        item.id.0,
        item.filename,
        item.mime,
        item.created.map(millis),
        KindColumn(item.kind),
        item.description,
        item.product_url,
        item.width,
        item.height,
        item.camera_make,
        item.camera_model,
        seen.unwrap_or(0),
    ])?;
    let place = allocate(tx, &new.dir, &new.name, 1, fold_case)?;
    insert_file(tx, n, FilePart::Main, &place, &new.name.ext)?;
    albums::item_added(tx, item)?;
    Ok(n)
}

/// A listing may lack what an earlier one had; only the caption can be taken away by its owner.
fn update(
    tx: &Transaction<'_>,
    item: &MediaItem,
    known: &KnownItem,
    seen: Option<i64>,
) -> rusqlite::Result<i64> {
    let mut change = tx.prepare_cached(
        "UPDATE items SET filename = ifnull(?2, filename), mime = ifnull(?3, mime), created = ifnull(?4, created),
            kind = ?5, description = ?6, product_url = ifnull(?7, product_url), width = ifnull(?8, width),
            height = ifnull(?9, height), camera_make = ifnull(?10, camera_make),
            camera_model = ifnull(?11, camera_model), seen = ifnull(?12, seen) WHERE n = ?1",
    )?;
    let created = item.created.map(millis);
    change.execute(params![
        known.n,
        item.filename,
        item.mime,
        created,
        KindColumn(item.kind),
        item.description,
        item.product_url,
        item.width,
        item.height,
        item.camera_make,
        item.camera_model,
        seen,
    ])?;
    if KindColumn(item.kind).has_bytes() && !known.kind.has_bytes() {
        // Its processing is over: whatever its tries came to before, there are bytes now.
        let sql = format!("UPDATE files SET next_try = NULL WHERE item = ?1 AND state <> {STORED}");
        tx.prepare_cached(&sql)?.execute([known.n])?;
    }
    if created.is_some() && created != known.created {
        albums::item_redated(tx, &item.id)?;
        links::count_change(tx)?;
    }
    Ok(known.n)
}

fn insert_file(
    tx: &Transaction<'_>,
    item: i64,
    part: FilePart,
    place: &Place,
    ext: &str,
) -> rusqlite::Result<()> {
    let mut add = tx.prepare_cached(
        "INSERT INTO files (item, part, path, folded, number, ext_bytes, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let ext_bytes = i64::try_from(ext.len()).unwrap_or(0);
    add.execute(params![item, part, place.path, place.folded, place.number, ext_bytes, WANTED]).map(drop)
}

/// Adds the files of one item that are wanted and due.
fn due_files(
    tx: &Transaction<'_>,
    item: i64,
    now: DateTime<Utc>,
    due: &mut Vec<Wanted>,
) -> rusqlite::Result<()> {
    let sql = format!(
        "SELECT {WANTED_COLUMNS} FROM files f JOIN items i ON i.n = f.item
         WHERE f.item = ?1 AND f.state = {WANTED} AND {} ORDER BY f.part",
        due_at("?2")
    );
    let mut find = tx.prepare_cached(&sql)?;
    for wanted in find.query_map(params![item, millis(now)], wanted_row)? {
        due.push(wanted?);
    }
    Ok(())
}
