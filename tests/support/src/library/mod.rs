//! The Library API v1: items, albums, and what may be seen of them.
//!
//! Owns: the calls, their parameters, page tokens and JSON. Invariant: reads accounts, never changes
//! them. May import: `data`, `reply`, `oauth`, `settings`, `rng`, `clock`. Tests: `tests/library.rs`.

mod albums;
mod base_url;
mod batch;
mod dates;
mod discovery;
mod filters;
mod items;
mod paging;
mod wire;

pub(crate) use crate::library::albums::{get_album, list_albums};
pub(crate) use crate::library::base_url::MediaUrl;
pub(crate) use crate::library::batch::{batch_get, get_item};
pub(crate) use crate::library::discovery::discovery;
pub(crate) use crate::library::items::{list_items, search_items};
pub(crate) use crate::library::paging::PageFault;

use std::time::Duration;

use crate::clock::Millis;
use crate::data::{Account, Item};
use crate::oauth::Access;
use crate::reply::ApiError;
use crate::settings::{SCOPE_APP_CREATED, SCOPE_FULL, SCOPE_READONLY, Settings};

/// What a call of the API is answered from.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) account: &'a Account,
    pub(crate) sight: Sight,
    pub(crate) now: Millis,
    pub(crate) seed: u64,
    pub(crate) media_origin: &'a str,
    pub(crate) page_token_life: Option<Duration>,
    /// Query parameters, in order.
    pub(crate) query: &'a [(String, String)],
    /// What is wrong with the page that is asked for.
    pub(crate) page: PageFault,
}

/// How much of a library a token shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Everything.
    All,
    /// What the app itself made.
    AppCreated,
}

impl Sight {
    /// What `access` may list.
    pub(crate) fn of(access: &Access, settings: &Settings) -> Result<Self, ApiError> {
        let legacy = access.has(SCOPE_READONLY) || access.has(SCOPE_FULL);
        if legacy && settings.legacy_scopes_work {
            Ok(Self::All)
        } else if access.has(SCOPE_APP_CREATED) {
            Ok(Self::AppCreated)
        } else {
            Err(ApiError::scope())
        }
    }

    fn shows(self, foreign: bool) -> bool {
        self == Self::All || !foreign
    }
}

impl Call<'_> {
    fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn page_size(&self, default: usize, max: usize) -> Result<usize, ApiError> {
        let Some(text) = self.param("pageSize") else { return Ok(default) };
        let size: i64 = text.parse().map_err(|_| {
            let message = format!("Invalid value at 'page_size' (TYPE_INT32), \"{text}\"");
            ApiError::invalid(message)
        })?;
        coerce_page_size(size, default, max)
    }

    fn sees(&self, item: &Item) -> bool {
        self.sight.shows(item.marks.foreign)
    }

    fn sees_number(&self, number: u64) -> bool {
        self.account.is_foreign(number).is_some_and(|foreign| self.sight.shows(foreign))
    }
}

fn coerce_page_size(size: i64, default: usize, max: usize) -> Result<usize, ApiError> {
    match usize::try_from(size) {
        Ok(0) => Ok(default),
        Ok(size) => Ok(size.min(max)),
        Err(_) => Err(ApiError::invalid("Page size must be non-negative.")),
    }
}

/// The query string as pairs, in order.
pub(crate) fn read_query(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect()
}
