//! The calls of the Library API, one function each.
//!
//! Invariant: each call gives typed values; ids and page tokens go into the address encoded, never as they are.
//! May import: `auth`, `limiter`, `config`, `media`. Tests: here and `tests.rs`.

use std::fmt;

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::auth::Authorizer;
use crate::config::Endpoints;
use crate::google::classify::Host;
use crate::google::client::{Ask, Link, Reply, read_json};
use crate::google::error::{ApiError, Failure};
use crate::google::media::{MediaStream, open};
use crate::google::retry::with_retries;
use crate::google::transport::Transport;
use crate::google::wire;
use crate::google::{AlbumPage, BATCH_IDS_MAX, BatchEntry, MediaItemPage, Part};
use crate::limiter::Limiter;
use crate::media::{Album, AlbumId, BaseUrl, LibraryName, MediaId, MediaItem};

/// The scope that every call here needs: what this OAuth client uploaded itself.
pub const SCOPE_READ_APP_CREATED: &str =
    "https://www.googleapis.com/auth/photoslibrary.readonly.appcreateddata";

/// Items of one page, the most that Google gives.
const ITEMS_PER_PAGE: u32 = 100;

/// Albums of one page, the most that Google gives.
const ALBUMS_PER_PAGE: u32 = 50;

/// One library's way to Google.
#[derive(Clone)]
pub struct GoogleClient {
    pub(crate) link: Link,
    auth: Authorizer,
}

impl fmt::Debug for GoogleClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoogleClient").field("library", &self.link.library).finish_non_exhaustive()
    }
}

impl GoogleClient {
    /// One library's way to Google.
    pub fn new(
        library: LibraryName,
        transport: Transport,
        endpoints: Endpoints,
        auth: Authorizer,
        limiter: Limiter,
    ) -> Self {
        Self { link: Link { library, transport, endpoints, limiter }, auth }
    }

    /// `mediaItems.list`, 100 a page. JSON calls retry transient faults and rest after 429 by themselves.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn list_media_items(&self, page: Option<&str>) -> Result<MediaItemPage, ApiError> {
        let mut ask = self.get("mediaItems.list", &["mediaItems"])?;
        page_query(&mut ask, ITEMS_PER_PAGE, page);
        self.call(&ask, |answer| wire::item_page(answer, page)).await
    }

    /// `mediaItems.search` by album, 100 a page.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn search_album(&self, album: &AlbumId, page: Option<&str>) -> Result<MediaItemPage, ApiError> {
        let mut ask = self.get("mediaItems.search", &["mediaItems:search"])?;
        let mut body = json!({ "albumId": album.0, "pageSize": ITEMS_PER_PAGE });
        if let Some(token) = page {
            body["pageToken"] = Value::from(token);
        }
        ask.method = Method::POST;
        ask.body = Some(body);
        ask.page_token_sent = page.is_some();
        self.call(&ask, |answer| wire::item_page(answer, page)).await
    }

    /// `mediaItems.get`.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn get_media_item(&self, id: &MediaId) -> Result<MediaItem, ApiError> {
        let ask = self.get("mediaItems.get", &["mediaItems", &id.0])?;
        self.call(&ask, |answer| wire::item(answer).ok_or("the answer was not an item")).await
    }

    /// `mediaItems.batchGet`, at most [`BATCH_IDS_MAX`] ids; the answer has each asked id once, in the asked order.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn batch_get(&self, ids: &[MediaId]) -> Result<Vec<BatchEntry>, ApiError> {
        const WHAT: &str = "mediaItems.batchGet";
        // Google refuses a request that repeats an id.
        let mut asked: Vec<&MediaId> = Vec::with_capacity(ids.len().min(BATCH_IDS_MAX));
        for id in ids {
            if !asked.contains(&id) {
                asked.push(id);
            }
        }
        if asked.len() > BATCH_IDS_MAX {
            let reason = format!("at most {BATCH_IDS_MAX} ids fit into one call: {}", asked.len());
            return Err(ApiError::Fatal { what: WHAT, reason });
        }
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let mut ask = self.get(WHAT, &["mediaItems:batchGet"])?;
        ask.url.query_pairs_mut().extend_pairs(asked.iter().map(|id| ("mediaItemIds", id.0.as_str())));
        self.call(&ask, |answer| wire::batch(answer, &asked)).await
    }

    /// `albums.list`, 50 a page.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn list_albums(&self, page: Option<&str>) -> Result<AlbumPage, ApiError> {
        let mut ask = self.get("albums.list", &["albums"])?;
        page_query(&mut ask, ALBUMS_PER_PAGE, page);
        self.call(&ask, |answer| wire::album_page(answer, page)).await
    }

    /// `albums.get`.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn get_album(&self, id: &AlbumId) -> Result<Album, ApiError> {
        let ask = self.get("albums.get", &["albums", &id.0])?;
        self.call(&ask, |answer| wire::album(answer).ok_or("the answer was not an album")).await
    }

    /// Opens the bytes at `url`, from byte `from` on if the server obeys Range. One try: the caller requeues.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn open_media(&self, url: &BaseUrl, part: Part, from: u64) -> Result<MediaStream, ApiError> {
        open(&self.link, url, part, from).await
    }

    fn get(&self, what: &'static str, segments: &[&str]) -> Result<Ask, ApiError> {
        Ok(Ask {
            what,
            host: Host::Api,
            method: Method::GET,
            url: address(&self.link.endpoints.library, &["v1"], segments)
                .ok_or(ApiError::NotFound { what })?,
            body: None,
            page_token_sent: false,
            from: 0,
            until: None,
        })
    }

    /// Makes the call, with retries; `read` turns the answer into values, and what it cannot read is a passing fault.
    pub(crate) async fn call<T, E: Into<String>>(
        &self,
        ask: &Ask,
        read: impl Fn(&Value) -> Result<T, E>,
    ) -> Result<T, ApiError> {
        let transport = &self.link.transport;
        let rest = transport.limits().rest;
        with_retries(ask.what, &self.link.library, transport.budget(), rest, || async {
            let answer = self.attempt(ask).await?;
            read(&answer).map_err(Failure::passing)
        })
        .await
    }

    async fn attempt(&self, ask: &Ask) -> Result<Value, Failure> {
        read_json(ask.what, self.send(ask).await?).await
    }

    /// One try; a bearer that was not taken is renewed once.
    pub(crate) async fn send(&self, ask: &Ask) -> Result<Reply, Failure> {
        let bearer = self.auth.bearer().await?;
        match self.link.send(ask, Some(&bearer)).await {
            Err(Failure::Stale) => {
                tracing::debug!(library = %self.link.library, what = ask.what, "the bearer was not taken");
                let fresh = self.auth.renew(&bearer).await?;
                self.link.send(ask, Some(&fresh)).await
            }
            other => other,
        }
    }
}

fn page_query(ask: &mut Ask, size: u32, page: Option<&str>) {
    let mut query = ask.url.query_pairs_mut();
    query.append_pair("pageSize", &size.to_string());
    if let Some(token) = page {
        query.append_pair("pageToken", token);
    }
    drop(query);
    ask.page_token_sent = page.is_some();
}

/// `endpoint` + `version` + `segments`; none for a segment that would be lost or climb in the path.
pub(crate) fn address(endpoint: &Url, version: &[&str], segments: &[&str]) -> Option<Url> {
    if segments.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
        return None;
    }
    let mut url = endpoint.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend(version).extend(segments);
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_built_of_encoded_segments() {
        for (endpoint, segments, want) in [
            ("https://h", vec!["mediaItems"], Some("https://h/v1/mediaItems")),
            ("https://h/", vec!["mediaItems:batchGet"], Some("https://h/v1/mediaItems:batchGet")),
            (
                "https://h:1/proxy/",
                vec!["albums", "a b/../c?d#e"],
                Some("https://h:1/proxy/v1/albums/a%20b%2F..%2Fc%3Fd%23e"),
            ),
            ("https://h", vec!["albums", ".."], None),
            ("https://h", vec!["albums", "."], None),
            ("https://h", vec!["albums", ""], None),
        ] {
            let url = address(&Url::parse(endpoint).unwrap(), &["v1"], &segments);
            assert_eq!(url.as_ref().map(Url::as_str), want, "{endpoint} {segments:?}");
        }
    }
}
