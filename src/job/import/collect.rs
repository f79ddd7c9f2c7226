//! Albums from the folders of an export.
//!
//! Invariant: an album only grows, for an export may hold a part of it alone; a year's folder is none. May import: `takeout`, `store`.
//! Tests: `tests/it`.

use crate::job::Outcome;
use crate::job::faults::end_of_store;
use crate::job::import::packed::unpack;
use crate::job::tools::Tools;
use crate::media::{AlbumId, MediaId};
use crate::store::{EntryKey, EntryOutcome, StoreError};
use crate::takeout::folder::{FolderKind, kind_of_folder};
use crate::takeout::sidecar::{ItemFacts, Json};

/// Folders asked for at once.
const FOLDERS_AT_ONCE: u32 = 64;
/// JSON files asked for at once.
const JSON_AT_ONCE: u32 = 256;
/// The most items of an album, which is Google's limit; a folder with more of them is none.
const ALBUM_ITEMS_MAX: u32 = 20_000;

/// Brings what the folders of a set say of albums to the index.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn collect_albums(tools: &Tools, export: i64) -> Result<(), Outcome> {
    let mut after = String::new();
    // Ends: `after` grows with each step, and an export has an end.
    loop {
        if tools.stop.is_begun() {
            return Err(Outcome::Interrupted);
        }
        let folders = tools.store.folders(export, after, FOLDERS_AT_ONCE).await;
        let folders = folders.map_err(|error| end_of_store(&error))?;
        let Some(last) = folders.last() else { return Ok(()) };
        after = last.clone();
        for folder in folders {
            collect(tools, export, &folder).await?;
        }
    }
}

async fn collect(tools: &Tools, export: i64, folder: &str) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let mut is_album = !folder.is_empty() && kind_of_folder(folder) == FolderKind::Album;
    let (mut title, mut elsewhere) = (None, Vec::new());
    let mut after = None;
    // Ends: `after` grows with each step, and a folder has an end.
    loop {
        let page = tools.store.folder_json(export, folder.to_owned(), after, JSON_AT_ONCE).await;
        let page = page.map_err(fault)?;
        let Some(last) = page.last() else { break };
        after = Some(last.0);
        if tools.stop.is_begun() {
            return Err(Outcome::Interrupted);
        }
        for (key, packed) in page {
            match Json::parse(&unpack(&packed).unwrap_or_default()) {
                Json::Album(facts) => title = title.or(facts.title),
                // The file is in another folder, perhaps in another part: the sidecar alone says that it belongs here too.
                Json::Item(facts) => elsewhere.extend(find_file(tools, key, &facts).await?),
                Json::Other(_) | Json::Broken(_) => {}
            }
        }
        if elsewhere.len() > ALBUM_ITEMS_MAX as usize {
            elsewhere.clear();
            is_album = false;
        }
    }
    if !is_album {
        return Ok(());
    }
    let items = tools.store.folder_items(export, folder.to_owned(), ALBUM_ITEMS_MAX + 1).await;
    let mut items = items.map_err(fault)?;
    items.extend(elsewhere);
    if items.is_empty() {
        return Ok(());
    }
    if items.len() > ALBUM_ITEMS_MAX as usize {
        tracing::warn!(library = %tools.library.name, "a folder of an export has more files than an album can have: it is taken for none");
        return Ok(());
    }
    let title = title.filter(|title| !title.trim().is_empty()).unwrap_or_else(|| folder.to_owned());
    let id = AlbumId(format!("takeout:{folder}"));
    tools.store.grow_album(id, title, items).await.map_err(fault)
}

/// The item that a sidecar without a file beside it is about, where there is just one; the sidecar is its, then.
async fn find_file(tools: &Tools, key: EntryKey, facts: &ItemFacts) -> Result<Option<MediaId>, Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let Some((taken, title)) = facts.taken.zip(facts.title.clone()) else { return Ok(None) };
    let found = tools.store.item_told(taken, title, facts.url.clone()).await.map_err(fault)?;
    if found.is_some() {
        let reason = Some("of a file in another folder".to_owned());
        tools.store.settle_entries(vec![key], EntryOutcome::Sidecar, reason).await.map_err(fault)?;
    }
    Ok(found)
}
