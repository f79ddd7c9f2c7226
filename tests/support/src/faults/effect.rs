//! What can go wrong.

use serde::{Deserialize, Serialize};

use crate::data::Field;

/// What goes wrong. Lengths are bytes, times milliseconds of real time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Effect {
    /// This status, with the body that Google's API or media host gives for it.
    Status {
        /// 100 to 599.
        status: u16,
        /// `Retry-After`, as it shall stand in the header.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// Exactly this answer.
    Answer {
        /// 100 to 599.
        status: u16,
        /// Its `Content-Type`.
        content_type: String,
        /// Its body.
        body: String,
    },
    /// An error of the token endpoint, such as `invalid_grant`.
    OAuthError {
        /// HTTP status.
        status: u16,
        /// The code.
        error: String,
        /// `error_description`.
        description: String,
    },
    /// An error of the Drive API, such as `userRateLimitExceeded`, with the status and words that belong to it.
    Drive {
        /// `error.errors[].reason`.
        reason: String,
    },
    /// The connection is reset before any answer.
    Reset,
    /// The connection is reset after so many bytes of the body.
    ResetAfter {
        /// Bytes sent.
        bytes: u64,
    },
    /// The whole length is announced, the connection closes after so many bytes.
    Truncate {
        /// Bytes sent.
        bytes: u64,
    },
    /// Nothing more comes after so many bytes of the body, and the connection stays open.
    Stall {
        /// Bytes sent.
        bytes: u64,
    },
    /// No answer at all; the connection stays open.
    Hang,
    /// The answer comes this late.
    Delay {
        /// Wait.
        ms: u64,
    },
    /// The body comes in pieces with pauses.
    Drip {
        /// Bytes in a piece; at least 1.
        bytes: u64,
        /// Pause before each.
        every_ms: u64,
    },
    /// A shorter body, consistently announced.
    Shorten {
        /// Bytes missing at the end.
        by: u64,
    },
    /// After a body as long as announced come further bytes, which belong to nothing (HTTP/1 only).
    Surplus {
        /// Bytes too many.
        bytes: u64,
    },
    /// A longer body, consistently announced.
    Lengthen {
        /// Bytes too many.
        by: u64,
    },
    /// A body without length that does not end (the server stops at 1 GiB).
    Endless,
    /// 200 with a page of HTML.
    HtmlOk,
    /// 200 with no body.
    EmptyOk,
    /// 200 with JSON that stops in the middle.
    TruncatedJson,
    /// Another `Content-Type` than the true one.
    ContentType {
        /// The false one.
        value: String,
    },
    /// The media is gzipped though nobody asked.
    GzipMedia,
    /// A redirect.
    Redirect {
        /// Where to.
        location: String,
    },
    /// The first entry of the page appears twice.
    RepeatItem,
    /// A page with no entries and a token for the entries it should have had.
    EmptyPage,
    /// A page that comes again: its token leads to the same entries.
    RepeatPage,
    /// The first entries of a later page have moved to the page before it, which was given out already: they are on none.
    MoveUp {
        /// How many.
        entries: u64,
    },
    /// The page token of the request is refused.
    ExpirePageToken,
    /// Entries of a `batchGet` are `null`.
    BatchNull,
    /// Entries of a `batchGet` are `{}`.
    BatchEmpty,
    /// Entries of a `batchGet` carry this status.
    BatchRefuse {
        /// `google.rpc.Code`.
        code: u32,
        /// Google's words.
        message: String,
    },
    /// Items lack a field.
    Omit {
        /// Which.
        field: Field,
    },
}

impl Effect {
    /// This status, without `Retry-After`.
    pub fn status(status: u16) -> Self {
        Self::Status { status, retry_after: None }
    }

    /// A refresh token that is dead.
    pub fn invalid_grant() -> Self {
        let description = "Token has been expired or revoked.".to_owned();
        Self::OAuthError { status: 400, error: "invalid_grant".to_owned(), description }
    }

    /// An error of the Drive API.
    pub fn drive(reason: &str) -> Self {
        Self::Drive { reason: reason.to_owned() }
    }

    /// Whether it changes single entries of a list.
    pub(crate) fn edits_entries(&self) -> bool {
        matches!(
            self,
            Self::BatchNull
                | Self::BatchEmpty
                | Self::BatchRefuse { .. }
                | Self::Omit { .. }
                | Self::RepeatItem
        )
    }
}
