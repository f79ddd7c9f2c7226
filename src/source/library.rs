//! The Library API as a source: what the household's own OAuth client uploaded.
//!
//! Invariant: an address of bytes is handed on, never kept. May import: `google`, `media`.

use crate::google::{
    AlbumPage, ApiError, BATCH_IDS_MAX, BatchEntry, GoogleClient, MediaItemPage, MediaStream, Part,
    SCOPE_READ_APP_CREATED,
};
use crate::media::{AlbumId, BaseUrl, MediaId};

/// The items and albums of one library, by the Library API.
#[derive(Clone, Debug)]
pub struct LibrarySource {
    client: GoogleClient,
}

impl LibrarySource {
    /// The scopes without which the Library API gives nothing.
    pub const SCOPES: &'static [&'static str] = &[SCOPE_READ_APP_CREATED];

    /// The source that `client` reaches.
    pub fn new(client: GoogleClient) -> Self {
        Self { client }
    }

    /// See [`crate::source::Source::next_page`].
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn next_page(&self, cursor: Option<&str>) -> Result<MediaItemPage, ApiError> {
        self.client.list_media_items(cursor).await
    }

    /// See [`crate::source::Source::albums_page`].
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn albums_page(&self, cursor: Option<&str>) -> Result<AlbumPage, ApiError> {
        self.client.list_albums(cursor).await
    }

    /// See [`crate::source::Source::album_page`].
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn album_page(&self, album: &AlbumId, cursor: Option<&str>) -> Result<MediaItemPage, ApiError> {
        self.client.search_album(album, cursor).await
    }

    /// See [`crate::source::Source::resolve`].
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn resolve(&self, ids: &[MediaId]) -> Result<Vec<BatchEntry>, ApiError> {
        let mut entries = Vec::with_capacity(ids.len());
        for some in ids.chunks(BATCH_IDS_MAX) {
            entries.extend(self.client.batch_get(some).await?);
        }
        Ok(entries)
    }

    /// See [`crate::source::Source::open`].
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn open(&self, url: &BaseUrl, part: Part, from: u64) -> Result<MediaStream, ApiError> {
        self.client.open_media(url, part, from).await
    }
}
