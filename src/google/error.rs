//! Why a call to Google failed: classed once, for every caller.
//!
//! Invariant: no variant's text has a token, a page token or the address of bytes.
//! May import: `auth`, `limiter`, `media`. Tests: here.

use std::time::Duration;

use crate::auth::AuthError;
use crate::limiter::{Parked, Window};
use crate::media::LibraryName;

/// Why a call failed, classed once.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Refused for quota: the request was not executed; it may ask again after `rest`.
    #[error("refused for quota")]
    Throttled {
        /// How long the request rests.
        rest: Duration,
    },
    /// No leave before a moment far away.
    #[error(transparent)]
    Parked(#[from] Parked),
    /// A passing fault (5xx, network, broken body).
    #[error("{what}: {reason}")]
    Transient {
        /// The operation.
        what: &'static str,
        /// What went wrong, without secrets.
        reason: String,
    },
    /// No bearer.
    #[error(transparent)]
    Auth(AuthError),
    /// The token lacks a scope; a new consent gives it.
    #[error(
        "{what}: the token lacks the scope `{scope}`, without which Google does not serve this\nhint: gphotos-syncd login {library}"
    )]
    ScopeMissing {
        /// The operation.
        what: &'static str,
        /// The scope.
        scope: String,
        /// Whose token.
        library: LibraryName,
    },
    /// The address has expired or is forbidden (403, 410 of a media host).
    #[error("the address of the bytes has expired")]
    Expired,
    /// The thing does not exist (404).
    #[error("{what}: not found")]
    NotFound {
        /// The operation.
        what: &'static str,
    },
    /// The page token is no longer good (400 on a listing with a token).
    #[error("{what}: the page token has expired")]
    BadPageToken {
        /// The operation.
        what: &'static str,
    },
    /// Google gives no more of this one file for hours, whoever asks; other files are not concerned.
    #[error("{what}: Google has given this file too often; it rests for {} h", .rest.as_secs().div_ceil(3_600))]
    FileRests {
        /// The operation.
        what: &'static str,
        /// How long to leave the file alone.
        rest: Duration,
    },
    /// Google does not give this one file, and only a person can change that; other files are not concerned.
    #[error("{what}: {reason}")]
    FileRefused {
        /// The operation.
        what: &'static str,
        /// What Google said and what the owner can do, without secrets.
        reason: String,
    },
    /// The file was replaced since it was listed: what was read of it belongs to the old one.
    #[error("{what}: the file was replaced since it was listed")]
    Changed {
        /// The operation.
        what: &'static str,
    },
    /// Anything that trying again does not mend.
    #[error("{what}: {reason}")]
    Fatal {
        /// The operation.
        what: &'static str,
        /// What the server said, without secrets.
        reason: String,
    },
}

impl From<AuthError> for ApiError {
    /// A parked token endpoint is no fault of the credentials, so it stays [`ApiError::Parked`].
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Parked(parked) => Self::Parked(parked),
            other @ (AuthError::NeedsLogin { .. }
            | AuthError::Transient { .. }
            | AuthError::TokenFile { .. }) => Self::Auth(other),
        }
    }
}

/// How one try failed: what the retry loop needs to know and callers do not.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Refused for quota, not executed.
    Refused {
        /// Which quota.
        window: Window,
        /// How long the request rests, from the limiter.
        rest: Duration,
    },
    /// The bearer was not taken (401).
    Stale,
    /// A passing fault.
    Passing {
        /// What went wrong, without secrets.
        reason: String,
        /// The least wait before the next try.
        least: Duration,
    },
    /// There was no connection, so nothing was sent.
    Unreached {
        /// What went wrong, without secrets.
        reason: String,
    },
    /// The server does not serve the range (416).
    BadRange,
    /// No further try.
    Final(ApiError),
}

impl<E: Into<ApiError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Final(error.into())
    }
}

impl Failure {
    /// A passing fault that prescribes no wait.
    pub(crate) fn passing(reason: impl Into<String>) -> Self {
        Self::Passing { reason: reason.into(), least: Duration::ZERO }
    }

    /// The error for callers if there is no further try.
    pub(crate) fn into_error(self, what: &'static str, library: &LibraryName) -> ApiError {
        match self {
            Self::Refused { rest, .. } => ApiError::Throttled { rest },
            // The token endpoint has just vouched for the grant, so no login is known to mend it.
            Self::Stale => ApiError::Transient {
                what,
                reason: format!(
                    "Google refuses even a new access token\nhint: if it goes on to, gphotos-syncd login {library}"
                ),
            },
            Self::Passing { reason, .. } | Self::Unreached { reason } => ApiError::Transient { what, reason },
            Self::BadRange => {
                ApiError::Transient { what, reason: "the server does not serve the asked range".to_owned() }
            }
            Self::Final(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library() -> LibraryName {
        LibraryName::try_new("alice").unwrap()
    }

    #[test]
    fn a_missing_scope_names_the_command_to_run() {
        let error =
            ApiError::ScopeMissing { what: "mediaItems.list", scope: "s".to_owned(), library: library() };
        assert_eq!(
            error.to_string(),
            "mediaItems.list: the token lacks the scope `s`, without which Google does not serve this\nhint: gphotos-syncd login alice"
        );
    }

    #[test]
    fn a_bearer_refused_twice_is_a_passing_fault_with_the_command_to_run_if_it_stays() {
        let error = Failure::Stale.into_error("albums.list", &library());
        assert!(matches!(error, ApiError::Transient { .. }));
        assert!(error.to_string().contains("gphotos-syncd login alice"), "{error}");
    }

    #[test]
    fn a_parked_token_endpoint_is_parked_not_an_auth_fault() {
        let parked = Parked { until: chrono::DateTime::UNIX_EPOCH, day: true };
        assert!(matches!(ApiError::from(AuthError::Parked(parked)), ApiError::Parked(_)));
    }
}
