//! A person's consent: the address to open, and what the browser brings back.
//!
//! Owns: scopes, PKCE, `state`, and the reading of the redirected address. Invariant: no I/O; an address whose `state` is
//! not this consent's gives no code. May import: `config`, `secret`. Tests: `consent/tests.rs`.

use oauth2::{CsrfToken, PkceCodeChallenge, RedirectUrl, Scope};
use url::{Url, form_urlencoded};

use crate::auth::client_secret::ClientSecret;
use crate::auth::endpoint::oauth_client;
use crate::auth::wording::harmless;
use crate::config::SourceKind;
use crate::secret::Secret;

/// Reading what this app itself added to Google Photos: all that the Library API has given since 2025-03-31.
const SCOPE_LIBRARY: &str = "https://www.googleapis.com/auth/photoslibrary.readonly.appcreateddata";
/// Reading all files of the account's Drive, for there is no scope for the exports in it alone.
const SCOPE_DRIVE: &str = "https://www.googleapis.com/auth/drive.readonly";
/// A real address has under 1 KiB; more than this is not looked at, bytes.
pub(crate) const PASTE_BYTES_MAX: usize = 16 * 1024;

/// One consent that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Consent {
    url: Url,
    state: Secret,
    verifier: Secret,
    redirect: RedirectUrl,
}

/// Why an address that a browser ended on gives no code.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum ConsentError {
    /// It is no answer to a consent at all.
    #[error("the address has neither `code` nor `error` with a `state`")]
    Stray,
    /// It is the answer to another consent.
    #[error("the address belongs to another login (its `state` differs)")]
    WrongState,
    /// Google or the person said no.
    #[error("the consent was refused: `{code}`")]
    Refused {
        /// The error code.
        code: String,
    },
}

/// The scopes that libraries with these sources need, each once.
pub(crate) fn scopes_for(sources: &[SourceKind]) -> Vec<&'static str> {
    let mut scopes = Vec::new();
    for source in sources {
        let scope = match source {
            SourceKind::LibraryApi => SCOPE_LIBRARY,
            SourceKind::Takeout => continue,
            SourceKind::Drive => SCOPE_DRIVE,
        };
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

/// What the box of `scope` on Google's page is about.
pub(crate) fn scope_box(scope: &str) -> &'static str {
    match scope {
        SCOPE_LIBRARY => "see the photos and videos that this app added to Google Photos",
        SCOPE_DRIVE => "see and download all your Google Drive files",
        _ => "see your photos and videos",
    }
}

/// The scopes among `asked` that were not granted; an answer without scopes grants them all (RFC 6749, 5.1).
pub(crate) fn missing_scopes<'a>(asked: &[&'a str], granted: Option<&[String]>) -> Vec<&'a str> {
    let is_granted = |scope: &str| granted.is_none_or(|granted| granted.iter().any(|g| g == scope));
    asked.iter().copied().filter(|scope| !is_granted(scope)).collect()
}

/// The query in what a person pasted: a whole address, or only its query, in quotes or not.
pub(crate) fn parse_paste(text: &str) -> Option<&str> {
    let quotes = ['"', '\'', '`', '<', '>', '\u{201c}', '\u{201d}'];
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || quotes.contains(&c));
    if text.is_empty() || text.len() > PASTE_BYTES_MAX {
        return None;
    }
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let query = query.split('#').next().unwrap_or(query).trim_start_matches('&');
    let has = |key: &str| form_urlencoded::parse(query.as_bytes()).any(|(k, _)| k == key);
    (has("code") || has("error")).then_some(query)
}

// === impl Consent ===

impl Consent {
    /// A new consent for `scopes`, whose answer goes to `redirect`.
    pub(crate) fn begin(client: &ClientSecret, redirect: &Url, scopes: &[&str]) -> Self {
        let redirect = RedirectUrl::from_url(redirect.clone());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state) = oauth_client(client)
            .set_redirect_uri(redirect.clone())
            .authorize_url(CsrfToken::new_random)
            .add_scopes(scopes.iter().map(|scope| Scope::new((*scope).to_owned())))
            .set_pkce_challenge(challenge)
            // Without these two, Google gives no refresh token at a second consent.
            .add_extra_param("access_type", "offline")
            .add_extra_param("prompt", "consent")
            .url();
        let (state, verifier) =
            (Secret::new(state.secret().as_str()), Secret::new(verifier.secret().as_str()));
        Self { url, state, verifier, redirect }
    }

    /// The address to open in a browser.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Where the answer goes.
    pub(crate) fn redirect(&self) -> &RedirectUrl {
        &self.redirect
    }

    /// The text that proves to Google that the code was asked for here.
    pub(crate) fn verifier(&self) -> &Secret {
        &self.verifier
    }

    /// The code in the `query` of the address that the browser ended on.
    ///
    /// # Errors
    /// See [`ConsentError`].
    pub(crate) fn code_in(&self, query: &str) -> Result<Secret, ConsentError> {
        let all = |key: &str| -> Vec<String> {
            let pairs = form_urlencoded::parse(query.as_bytes());
            pairs.filter(|(k, _)| k == key).map(|(_, value)| value.into_owned()).collect()
        };
        let (states, codes, errors) = (all("state"), all("code"), all("error"));
        match states.as_slice() {
            [state] if state == self.state.expose() => {}
            [] => return Err(ConsentError::Stray),
            _ => return Err(ConsentError::WrongState),
        }
        match (codes.as_slice(), errors.as_slice()) {
            ([code], []) if !code.is_empty() => Ok(Secret::new(code.as_str())),
            ([], [error]) => {
                Err(ConsentError::Refused { code: harmless(error).unwrap_or("unknown").to_owned() })
            }
            _ => Err(ConsentError::Stray),
        }
    }
}

#[cfg(test)]
mod tests;
