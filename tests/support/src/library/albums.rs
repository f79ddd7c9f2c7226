//! `albums.list` and `albums.get`.

use serde_json::{Value, json};

use crate::library::paging::{self, Mark, PageFault};
use crate::library::{Call, wire};
use crate::reply::ApiError;
use crate::rng;

const PAGE_DEFAULT: usize = 20;
const PAGE_MAX: usize = 50;

/// `albums.list`, in the order they were made.
pub(crate) fn list_albums(call: &Call<'_>) -> Result<Value, ApiError> {
    let own_only = call.param("excludeNonAppCreatedData") == Some("true");
    let query_hash = rng::mix_text(if own_only { "albums.list own" } else { "albums.list" });
    let size = call.page_size(PAGE_DEFAULT, PAGE_MAX)?;
    let after = paging::read(call, query_hash, call.param("pageToken"))?;
    let mut found = call
        .account
        .albums
        .iter()
        .filter(|album| after.is_none_or(|mark| album.number > mark.second))
        .filter(|album| call.sight.shows(album.foreign) && !(own_only && album.foreign))
        .peekable();
    let mut albums = Vec::new();
    let mut last = None;
    if call.page != PageFault::Empty {
        for album in found.by_ref().take(size) {
            albums.push(wire::album(call, album));
            last = Some(Mark { first: 0, second: album.number });
        }
    }
    let mut out = json!({});
    if found.peek().is_some() {
        let mark = last.or(after).unwrap_or(paging::START);
        out["nextPageToken"] = paging::write(call, query_hash, mark).into();
    }
    if !albums.is_empty() {
        out["albums"] = albums.into();
    }
    Ok(out)
}

/// `albums.get`.
pub(crate) fn get_album(call: &Call<'_>, id: &str) -> Result<Value, ApiError> {
    let album = call.account.album(id).filter(|album| call.sight.shows(album.foreign));
    album.map(|album| wire::album(call, album)).ok_or_else(ApiError::not_found)
}
