//! The albums as Google lists them, and what is in those that changed.
//!
//! Owns: which albums are listed and what of them is recorded. Invariant: only a listing that came to its end is recorded; items known
//! by an album alone are wanted like any other. May import: `source`, `store`. Tests: `tests/it`.

use crate::clock::wall_now;
use crate::config::AlbumMode;
use crate::google::ApiError;
use crate::job::Outcome;
use crate::job::faults::{end_of_api, end_of_store, text_of};
use crate::job::feed::{Feeder, addresses_of};
use crate::job::plan::Circle;
use crate::job::tools::lock;
use crate::media::{Album, AlbumId, MediaId};
use crate::store::StoreError;

/// The longest listing of albums, pages of 50.
const ALBUM_PAGES_MAX: u32 = 2_000;
/// The longest listing of one album, pages of 100; Google's limit is 20,000 items an album.
const ALBUM_ITEM_PAGES_MAX: u32 = 2_000;

/// How the listing of one album ended.
enum Contents {
    /// The items in order.
    Whole(Vec<MediaId>),
    /// Not to be had in this run; the album stays as it is known.
    Missing(String),
}

/// Lists the albums, records them, and lists what is in the changed ones.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn list_albums(feeder: &Feeder<'_>) -> Result<(), Outcome> {
    let tools = feeder.tools;
    if tools.library.albums == AlbumMode::None {
        return Ok(());
    }
    tools.count(|counts| counts.phase = "albums");
    let fault = |error: StoreError| end_of_store(&error);
    let albums = all_albums(feeder).await?;
    let all_stale = tools.store.fact("albums-due").await.map_err(fault)?.is_some();
    tools.store.record_albums(albums, all_stale).await.map_err(fault)?;
    if all_stale {
        tools.store.set_fact("albums-due", None).await.map_err(fault)?;
    }
    let known = tools.store.albums().await.map_err(fault)?;
    for stale in known.into_iter().filter(|known| known.stale) {
        let id = stale.album.id;
        match contents_of(feeder, &id).await? {
            Contents::Whole(items) => tools.store.record_album_items(id, items).await.map_err(fault)?,
            Contents::Missing(reason) => {
                tracing::debug!(album = %id, reason, "an album could not be listed");
                tools.leave_undone(format!("an album could not be listed: {reason}"));
            }
        }
    }
    Ok(())
}

async fn all_albums(feeder: &Feeder<'_>) -> Result<Vec<Album>, Outcome> {
    let (mut albums, mut token, mut circle) = (Vec::new(), None, Circle::default());
    for _ in 0..ALBUM_PAGES_MAX {
        let page = feeder.tools.source.albums_page(token.as_deref()).await;
        let mut page = page.map_err(|error| end_of_listing(&error))?;
        feeder.note_malformed(page.malformed);
        albums.append(&mut page.albums);
        let Some(next) = page.next else { return Ok(albums) };
        if circle.closes_with(&next) {
            return Err(Outcome::Transient("the listing of albums goes in circles".to_owned()));
        }
        token = Some(next);
    }
    Err(Outcome::Failed(format!("the listing of albums has no end after {ALBUM_PAGES_MAX} pages")))
}

/// A page token that expired between two pages of albums is a passing fault: the next run begins anew.
fn end_of_listing(error: &ApiError) -> Outcome {
    if matches!(error, ApiError::BadPageToken { .. }) {
        Outcome::Transient(text_of(error))
    } else {
        end_of_api(error, wall_now())
    }
}

/// Lists one album, hands its unknown items over, and returns all its items.
async fn contents_of(feeder: &Feeder<'_>, album: &AlbumId) -> Result<Contents, Outcome> {
    let tools = feeder.tools;
    let (mut ids, mut token, mut circle) = (Vec::<MediaId>::new(), None::<String>, Circle::default());
    for _ in 0..ALBUM_ITEM_PAGES_MAX {
        let slot = feeder.slot().await?;
        let page = match tools.source.album_page(album, token.as_deref()).await {
            Ok(page) => page,
            Err(
                error @ (ApiError::NotFound { .. } | ApiError::Fatal { .. } | ApiError::BadPageToken { .. }),
            ) => {
                return Ok(Contents::Missing(text_of(&error)));
            }
            Err(error) => return Err(end_of_api(&error, wall_now())),
        };
        feeder.note_malformed(page.malformed);
        ids.extend(page.items.iter().map(|item| item.id.clone()));
        if !page.items.is_empty() {
            let addresses = addresses_of(&page.items);
            let items = page.items.into_iter().map(|item| tools.new_item(item)).collect();
            lock(&tools.claims).begin_asking();
            let recorded = tools.store.record_items(items, tools.started, tools.library.portable_names).await;
            let recorded = recorded.map_err(|error| end_of_store(&error))?;
            feeder.hand_over_recorded(slot, recorded, &addresses).await?;
        }
        let Some(next) = page.next else { return Ok(Contents::Whole(ids)) };
        if circle.closes_with(&next) {
            return Ok(Contents::Missing("the listing goes in circles".to_owned()));
        }
        token = Some(next);
    }
    Ok(Contents::Missing(format!("the listing has no end after {ALBUM_ITEM_PAGES_MAX} pages")))
}
