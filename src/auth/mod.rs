//! Credentials: the client secret of the installation and the token of each library.
//!
//! Owns: `client_secret.json`, `.gphotos.token`, the consent of a person, and the token endpoint.
//! Invariant: tokens, codes and the client secret go to the token endpoint, the token file and [`Bearer`] only, never into
//! an error, a log or `Debug`; a refresh token that Google declared dead is not sent again until its file changes.
//! May import: `limiter`, `config`, `status`, `media`, `secret`, `clock`, `fs`. Tests: beside each part.

mod authorizer;
mod callback;
mod client_secret;
mod consent;
mod endpoint;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod http;
mod ownership;
mod patience;
mod refusal;
#[cfg(test)]
pub(crate) mod tests;
mod token_file;
mod validity;
mod wording;

pub use crate::auth::authorizer::Authorizer;
pub(crate) use crate::auth::callback::{Browser, CallbackError, Listener};
pub use crate::auth::client_secret::{ClientSecret, ClientSecretError};
pub(crate) use crate::auth::consent::{
    Consent, ConsentError, PASTE_BYTES_MAX, missing_scopes, parse_paste, scope_box, scopes_for,
};
pub(crate) use crate::auth::endpoint::{Revoked, TokenAnswer, TokenEndpoint};
pub(crate) use crate::auth::http::hint_of_distrust;
pub(crate) use crate::auth::ownership::give_to_folder_owner;
pub(crate) use crate::auth::patience::ask_patiently;
pub use crate::auth::token_file::{TOKEN_FILE_NAME, TokenFile, TokenFileError};
pub(crate) use crate::auth::wording::shell_word;
use crate::limiter::Parked;
use crate::secret::Secret;

/// An access token, and which issue of it this is.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The access token.
    pub token: Secret,
    /// Grows with every refresh, so that a 401 on an old one is not answered with another refresh.
    pub issue: u64,
}

/// Why there is no bearer.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// A person must log in; `reason` has no secret.
    #[error("{reason}")]
    NeedsLogin {
        /// Why, with the command to run.
        reason: String,
    },
    /// The token endpoint is out of reach or ails; later it may work.
    #[error("cannot refresh the access token: {reason}")]
    Transient {
        /// Why.
        reason: String,
    },
    /// The limiter gives no leave.
    #[error(transparent)]
    Parked(#[from] Parked),
    /// The token file must be mended by hand: its mode, its owner or its kind.
    #[error("{reason}")]
    TokenFile {
        /// Why, with path and hint.
        reason: String,
    },
}

impl From<TokenFileError> for AuthError {
    fn from(error: TokenFileError) -> Self {
        let reason = error.to_string();
        match error {
            TokenFileError::Missing { .. } | TokenFileError::Content { .. } => Self::NeedsLogin { reason },
            TokenFileError::Exposed { .. }
            | TokenFileError::NotRegular { .. }
            | TokenFileError::Denied { .. } => Self::TokenFile { reason },
            TokenFileError::Unreadable { .. } => Self::Transient { reason },
        }
    }
}
