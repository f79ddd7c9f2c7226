//! The authorization request: what is checked before a person is asked.

use std::collections::HashMap;
use url::{Host, Url};

use crate::reply::Reply;
use crate::rng;
use crate::settings::OAuthSettings;
use sha2::{Digest as _, Sha256};

/// Scopes that this Google knows, besides `openid`, `email` and `profile`.
const SCOPE_PREFIX: &str = "https://www.googleapis.com/auth/";
const SCOPES: &[&str] = &[
    "photoslibrary",
    "photoslibrary.readonly",
    "photoslibrary.sharing",
    "photoslibrary.appendonly",
    "photoslibrary.readonly.appcreateddata",
    "photoslibrary.edit.appcreateddata",
    "photospicker.mediaitems.readonly",
    "drive.readonly",
    "drive.file",
    "drive",
    "userinfo.email",
    "userinfo.profile",
];

/// A PKCE challenge.
#[derive(Clone, Debug)]
pub(crate) enum Challenge {
    S256(String),
    Plain(String),
}

impl Challenge {
    /// Whether `verifier` belongs to it.
    pub(crate) fn accepts(&self, verifier: &str) -> bool {
        let fits = (43..=128).contains(&verifier.len());
        match self {
            Self::S256(challenge) => {
                fits && rng::base64url(&Sha256::digest(verifier.as_bytes())) == *challenge
            }
            Self::Plain(challenge) => fits && verifier == challenge,
        }
    }
}

/// A request that may be put before a person.
#[derive(Clone, Debug)]
pub(crate) struct AuthRequest {
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) state: Option<String>,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) offline: bool,
    pub(crate) prompt_consent: bool,
    pub(crate) include_granted: bool,
    pub(crate) login_hint: Option<String>,
}

/// Google's error page at sign-in: `Error 400: redirect_uri_mismatch` and the like.
#[derive(Debug)]
pub(crate) struct AuthPage {
    pub(crate) status: u16,
    pub(crate) error: &'static str,
    pub(crate) say: String,
}

impl AuthPage {
    fn new(status: u16, error: &'static str, say: impl Into<String>) -> Self {
        Self { status, error, say: say.into() }
    }
}

impl From<AuthPage> for Reply {
    fn from(page: AuthPage) -> Self {
        let say = format!("Access blocked. Error {}: {}. {}", page.status, page.error, page.say);
        Self::html_error(page.status, &say)
    }
}

impl AuthRequest {
    /// Reads the query of an authorization URL.
    pub(crate) fn read(query: &str, settings: &OAuthSettings) -> Result<Self, AuthPage> {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let query: HashMap<String, String> =
            pairs.map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
        let get = |key: &str| query.get(key).filter(|value| !value.is_empty()).cloned();
        let missing =
            |what: &str| AuthPage::new(400, "invalid_request", format!("Missing required parameter: {what}"));
        if get("client_id").ok_or_else(|| missing("client_id"))? != settings.client_id {
            return Err(AuthPage::new(401, "invalid_client", "The OAuth client was not found."));
        }
        match get("response_type").ok_or_else(|| missing("response_type"))?.as_str() {
            "code" => {}
            other => {
                return Err(AuthPage::new(
                    400,
                    "unsupported_response_type",
                    format!("Invalid response_type: {other}"),
                ));
            }
        }
        let redirect_uri = get("redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
        check_redirect(&redirect_uri)?;
        let scopes = read_scopes(&get("scope").ok_or_else(|| missing("scope"))?)?;
        let challenge = read_challenge(get("code_challenge"), get("code_challenge_method").as_deref())?;
        if challenge.is_none() && settings.pkce_required {
            return Err(missing("code_challenge"));
        }
        Ok(Self {
            redirect_uri,
            scopes,
            state: get("state"),
            challenge,
            offline: get("access_type").as_deref() == Some("offline"),
            prompt_consent: get("prompt").is_some_and(|prompt| prompt.split(' ').any(|p| p == "consent"))
                || get("approval_prompt").as_deref() == Some("force"),
            include_granted: get("include_granted_scopes").as_deref() == Some("true"),
            login_hint: get("login_hint"),
        })
    }

    /// The redirect URI with `pairs` and the state behind it.
    pub(crate) fn location(&self, pairs: &[(&str, &str)]) -> String {
        let Ok(mut url) = Url::parse(&self.redirect_uri) else { return self.redirect_uri.clone() };
        {
            let mut query = url.query_pairs_mut();
            if let Some(state) = &self.state {
                query.append_pair("state", state);
            }
            query.extend_pairs(pairs);
        }
        url.into()
    }
}

/// Desktop applications: plain HTTP to the loopback, on any port and path.
fn check_redirect(uri: &str) -> Result<(), AuthPage> {
    if uri.starts_with("urn:ietf:wg:oauth:2.0:oob") {
        return Err(AuthPage::new(400, "invalid_request", "The out-of-band (OOB) flow has been blocked."));
    }
    let mismatch = || AuthPage::new(400, "redirect_uri_mismatch", "The redirect URI does not match.");
    let url = Url::parse(uri).map_err(|_| mismatch())?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    if url.scheme() == "http" && loopback && url.fragment().is_none() { Ok(()) } else { Err(mismatch()) }
}

fn read_scopes(text: &str) -> Result<Vec<String>, AuthPage> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in text.split_whitespace() {
        let known = ["openid", "email", "profile"].contains(&scope)
            || scope.strip_prefix(SCOPE_PREFIX).is_some_and(|name| SCOPES.contains(&name));
        if !known {
            let say = format!("Some requested scopes cannot be shown: [{scope}]");
            return Err(AuthPage::new(400, "invalid_scope", say));
        }
        if !scopes.iter().any(|have| have == scope) {
            scopes.push(scope.to_owned());
        }
    }
    Ok(scopes)
}

fn read_challenge(challenge: Option<String>, method: Option<&str>) -> Result<Option<Challenge>, AuthPage> {
    let Some(challenge) = challenge else { return Ok(None) };
    match method {
        Some("S256") if challenge.len() == 43 => Ok(Some(Challenge::S256(challenge))),
        Some("plain") | None => Ok(Some(Challenge::Plain(challenge))),
        Some(_) => Err(AuthPage::new(400, "invalid_request", "Invalid code_challenge or its method")),
    }
}
