//! `mediaItems.list` and `mediaItems.search`.

use serde_json::{Value, json};

use crate::data::{Order, Position};
use crate::library::filters::{Filters, SearchBody};
use crate::library::paging::{self, Mark, PageFault};
use crate::library::{Call, coerce_page_size, wire};
use crate::reply::ApiError;
use crate::rng;

/// Entries in a page where none are asked for, and most that a page has.
const PAGE_DEFAULT: usize = 25;
const PAGE_MAX: usize = 100;

/// A page request: how many, after which place.
#[derive(Clone, Copy, Debug)]
struct Paging {
    size: usize,
    after: Option<Mark>,
    query_hash: u64,
}

/// `mediaItems.list`: everything, archived or not.
pub(crate) fn list_items(call: &Call<'_>) -> Result<Value, ApiError> {
    let query_hash = rng::mix_text("mediaItems.list");
    let size = call.page_size(PAGE_DEFAULT, PAGE_MAX)?;
    let after = paging::read(call, query_hash, call.param("pageToken"))?;
    Ok(page_by_time(call, None, Order::NewestFirst, Paging { size, after, query_hash }))
}

/// `mediaItems.search`: by album, or by filters.
pub(crate) fn search_items(call: &Call<'_>, body: &[u8]) -> Result<Value, ApiError> {
    let body = SearchBody::read(body)?;
    let size = coerce_page_size(body.page_size, PAGE_DEFAULT, PAGE_MAX)?;
    let query_hash = rng::mix_text(&format!("{} {} {:?}", body.album_id, body.order_by, body.filters));
    let after = paging::read(call, query_hash, body.page_token.as_deref())?;
    let paging = Paging { size, after, query_hash };
    if !body.album_id.is_empty() {
        return page_of_album(call, &body.album_id, paging);
    }
    let order = if body.ascending() { Order::OldestFirst } else { Order::NewestFirst };
    Ok(page_by_time(call, Some(&body.filters.unwrap_or_default()), order, paging))
}

fn page_by_time(call: &Call<'_>, filters: Option<&Filters>, order: Order, paging: Paging) -> Value {
    let place = |mark: Mark| Position { created_ms: mark.first, number: mark.second };
    let mut found = call
        .account
        .positions(paging.after.map(place), order)
        .filter(|position| filters.is_none_or(|f| f.matches_ms(position.created_ms)))
        .filter_map(|position| call.account.item_by_number(position.number).map(|item| (position, item)))
        .filter(|(_, item)| call.sees(item) && filters.is_none_or(|f| f.matches(item)))
        .peekable();
    let mark = |position: Position| Mark { first: position.created_ms, second: position.number };
    let mut items = Vec::new();
    let mut last = None;
    if call.page != PageFault::Empty {
        let page = found.by_ref().take(paging.size).skip(call.page.left_out(paging.after));
        for (position, item) in page {
            items.push(wire::item(call, &item));
            last = Some(mark(position)).filter(|_| call.page != PageFault::Repeated);
        }
    }
    let goes_on = found.peek().is_some() || call.page == PageFault::Repeated;
    let next = goes_on.then(|| last.or(paging.after).unwrap_or(paging::START));
    page(call, items, next, paging)
}

/// The items of an album, in its own order. A token names the last item, and its place should it be gone.
fn page_of_album(call: &Call<'_>, id: &str, paging: Paging) -> Result<Value, ApiError> {
    let album = call.account.album(id).filter(|album| call.sight.shows(album.foreign));
    let album = album.ok_or_else(ApiError::not_found)?;
    let index = |mark: Mark| album.index_after(mark.second, usize::try_from(mark.first).unwrap_or(0));
    let from = paging.after.map_or(0, index).min(album.items.len());
    let mut items = Vec::new();
    let mut at = from;
    while at < album.items.len() && items.len() < paging.size && call.page != PageFault::Empty {
        if let Some(item) = call.account.item_by_number(album.items[at]).filter(|item| call.sees(item)) {
            items.push(wire::item(call, &item));
        }
        at += 1;
    }
    let more = album.items[at..].iter().any(|&number| call.sees_number(number));
    let next = more.then(|| match at.checked_sub(1) {
        Some(last) => Mark { first: i64::try_from(at).unwrap_or(0), second: album.items[last] },
        None => paging::START,
    });
    Ok(page(call, items, next, paging))
}

fn page(call: &Call<'_>, items: Vec<Value>, next: Option<Mark>, paging: Paging) -> Value {
    let mut out = json!({});
    if !items.is_empty() {
        out["mediaItems"] = items.into();
    }
    if let Some(mark) = next {
        out["nextPageToken"] = paging::write(call, paging.query_hash, mark).into();
    }
    out
}
