//! Where items come from, as pages: a closed set, because a new source should break every match.
//!
//! Drive's parts of exports are no pages: `drive` reads one as an archive's bytes, `spool` fetches one whole.
//! Invariant: no JSON and no HTTP type passes this line; a source of pages remembers nothing between two calls.
//! May import: `google`, `media`, `archive`, `fs`, `shutdown`. Tests: a source of pages is thin, the black-box tests run it against a
//! simulator; `drive/tests.rs` and `spool/tests.rs` do the same with Drive.

mod drive;
mod library;
mod spool;

pub use crate::source::drive::{DriveFault, DriveReader};
pub use crate::source::library::LibrarySource;
pub use crate::source::spool::{Checked, SpoolError, Spooled, Spooler, sweep_spool};

use crate::google::{AlbumPage, ApiError, BatchEntry, GoogleClient, MediaItemPage, MediaStream, Part};
use crate::media::{AlbumId, BaseUrl, MediaId};

/// A source of items.
#[derive(Clone, Debug)]
pub enum Source {
    /// The Library API.
    Library(Box<LibrarySource>),
    /// Nothing that can be asked: the library's items come from exports alone, which are read by `job::import`.
    Offline,
}

impl From<GoogleClient> for Source {
    fn from(client: GoogleClient) -> Self {
        Self::Library(Box::new(LibrarySource::new(client)))
    }
}

impl Source {
    /// The page after `cursor`; none: the first.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn next_page(&self, cursor: Option<&str>) -> Result<MediaItemPage, ApiError> {
        match self {
            Self::Library(source) => source.next_page(cursor).await,
            Self::Offline => Ok(MediaItemPage { items: Vec::new(), next: None, malformed: 0 }),
        }
    }

    /// The page after `cursor` of the albums; none: the first.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn albums_page(&self, cursor: Option<&str>) -> Result<AlbumPage, ApiError> {
        match self {
            Self::Library(source) => source.albums_page(cursor).await,
            Self::Offline => Ok(AlbumPage { albums: Vec::new(), next: None, malformed: 0 }),
        }
    }

    /// The page after `cursor` of the items in `album`; none: the first.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn album_page(&self, album: &AlbumId, cursor: Option<&str>) -> Result<MediaItemPage, ApiError> {
        match self {
            Self::Library(source) => source.album_page(album, cursor).await,
            Self::Offline => Ok(MediaItemPage { items: Vec::new(), next: None, malformed: 0 }),
        }
    }

    /// Each of `ids` as it is now, with an address of its bytes that is good for about an hour.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn resolve(&self, ids: &[MediaId]) -> Result<Vec<BatchEntry>, ApiError> {
        match self {
            Self::Library(source) => source.resolve(ids).await,
            Self::Offline => Ok(Vec::new()),
        }
    }

    /// Opens the bytes at `url`, from byte `from` on if the server obeys that.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn open(&self, url: &BaseUrl, part: Part, from: u64) -> Result<MediaStream, ApiError> {
        match self {
            Self::Library(source) => source.open(url, part, from).await,
            Self::Offline => Err(ApiError::NotFound { what: "fetch" }),
        }
    }

    /// The OAuth scopes without which the source gives nothing.
    pub fn needs_scopes(&self) -> &'static [&'static str] {
        match self {
            Self::Library(_) => LibrarySource::SCOPES,
            Self::Offline => &[],
        }
    }
}
