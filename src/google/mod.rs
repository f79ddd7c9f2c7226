//! Google's services as typed calls.
//!
//! Owns: the HTTP clients, the one function that every request passes (`client::Link::send`), the classing of
//! answers, the retries, and the reading of Google's JSON. Invariant: no JSON type, no address of bytes and no
//! token leaves this module; an error text never has one either. The bearer goes to API hosts only, over https
//! or to loopback; nothing in Drive is ever changed, for it is asked by GET alone. May import: `auth`, `limiter`, `config`, `media`, `secret`, `clock`.
//! Tests: beside the pure parts; `tests.rs` runs `send` and the byte streams over real loopback sockets.

mod classify;
mod client;
mod drive;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod hosts;
mod media;
mod photos;
mod retry;
mod rpc_status;
mod text;
mod transport;
mod wire;

#[cfg(test)]
mod tests;

pub use crate::google::drive::{
    DriveAbout, DriveFile, DriveId, DriveNews, DrivePage, DriveStream, RANGE_BYTES, SCOPE_DRIVE_READONLY,
};
pub use crate::google::error::ApiError;
pub use crate::google::hosts::media_host_allowed;
pub use crate::google::media::MediaStream;
pub use crate::google::photos::{GoogleClient, SCOPE_READ_APP_CREATED};
pub use crate::google::transport::Transport;

use crate::media::{Album, MediaId, MediaItem};

/// The most ids of one `mediaItems.batchGet`, Google's own limit.
pub const BATCH_IDS_MAX: usize = 50;

/// One page of items.
#[derive(Clone, Debug)]
pub struct MediaItemPage {
    /// The items; may be empty though more pages follow.
    pub items: Vec<MediaItem>,
    /// The next page's token; none: this was the last.
    pub next: Option<String>,
    /// Entries that were no items at all (no id): counted, never silent.
    pub malformed: u64,
}

/// One page of albums.
#[derive(Clone, Debug)]
pub struct AlbumPage {
    /// The albums.
    pub albums: Vec<Album>,
    /// The next page's token; none: this was the last.
    pub next: Option<String>,
    /// Entries that were no albums: they had no id.
    pub malformed: u64,
}

/// The answer for one id of a batchGet.
#[derive(Clone, Debug)]
pub enum BatchEntry {
    /// The item.
    Found(Box<MediaItem>),
    /// Google does not give it: its code (`google.rpc.Code`) and message.
    Refused {
        /// Whose.
        id: MediaId,
        /// `google.rpc.Code`; 5 is not found, 2 (unknown) if the answer does not tell.
        code: i32,
        /// Google's words.
        message: String,
    },
}

/// Which bytes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The still (`=d`).
    Still,
    /// The video (`=dv`), or a motion photo's clip.
    Video,
}
