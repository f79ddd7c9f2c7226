//! How a simulator is set up.
//!
//! Owns: [`Settings`] and its parts, with Google's own figures as defaults, except that no quota is
//! counted unless asked for. Invariant: plain data. May import: nothing. Tests: where they are used.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The scope that still lists items made by the app itself.
pub const SCOPE_APP_CREATED: &str = "https://www.googleapis.com/auth/photoslibrary.readonly.appcreateddata";
/// The scope that listed the whole library until 2025-03-31.
pub const SCOPE_READONLY: &str = "https://www.googleapis.com/auth/photoslibrary.readonly";
/// The scope that allowed everything until 2025-03-31.
pub const SCOPE_FULL: &str = "https://www.googleapis.com/auth/photoslibrary";

/// The scope that reads the user's Drive.
pub const SCOPE_DRIVE_READONLY: &str = "https://www.googleapis.com/auth/drive.readonly";
/// The scope that may do anything in the user's Drive.
pub const SCOPE_DRIVE: &str = "https://www.googleapis.com/auth/drive";
/// The scope that lists the user's Drive but reads no file.
pub const SCOPE_DRIVE_METADATA: &str = "https://www.googleapis.com/auth/drive.metadata.readonly";
/// The scope for files that the application itself made: it shows none that Takeout delivered.
pub const SCOPE_DRIVE_FILE: &str = "https://www.googleapis.com/auth/drive.file";

/// Everything that can be chosen.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Settings {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// HTTPS with a certificate of an own CA instead of plain HTTP.
    pub tls: bool,
    /// What the API calls itself in answers; default: the address it listens on.
    pub api_origin: Option<String>,
    /// What base URLs begin with; default: as `api_origin`.
    pub media_origin: Option<String>,
    /// Serve media on a second port of its own (ignored if `media_origin` is set).
    pub media_port: bool,
    /// The seed of all that is made up.
    pub seed: u64,
    /// The time at the start; default: the real one.
    pub start_time: Option<DateTime<Utc>>,
    /// The OAuth application and how tokens live.
    pub oauth: OAuthSettings,
    /// `photoslibrary.readonly` and `photoslibrary` still list everything, as before 2025-03-31.
    pub legacy_scopes_work: bool,
    /// How long a base URL works (Google: 60 min).
    pub base_url_life: Duration,
    /// How long a page token works; none: for ever.
    pub page_token_life: Option<Duration>,
    /// What a Range header brings.
    pub range: RangeMode,
    /// Media without a bearer is refused, as with the Picker API's base URLs.
    pub media_needs_bearer: bool,
    /// The quotas, all of which must admit a request.
    pub quotas: Vec<Quota>,
    /// Wait this long (real time) before each answer.
    pub latency: Duration,
}

/// What a Range header brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeMode {
    /// 206 with the part, or 416.
    Honoured,
    /// 200 with everything, as some of Google's media hosts do.
    Ignored,
}

/// The OAuth application and how tokens live.
#[derive(Clone, Debug)]
pub struct OAuthSettings {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
    /// Life of an access token (Google: 3599 s).
    pub access_token_life: Duration,
    /// Life of an authorization code.
    pub code_life: Duration,
    /// Life of a refresh token; "Testing" projects have 7 days. None: for ever.
    pub refresh_token_life: Option<Duration>,
    /// Each refresh gives a new refresh token and ends the old one. Google does not do this.
    pub rotate_refresh_tokens: bool,
    /// Refuse authorization requests without PKCE. Google does not do this.
    pub pkce_required: bool,
}

impl Default for OAuthSettings {
    fn default() -> Self {
        Self {
            client_id: "123456789012-fakefakefake.apps.googleusercontent.com".to_owned(),
            client_secret: "GOCSPX-fake-client-secret".to_owned(),
            access_token_life: Duration::from_secs(3599),
            code_life: Duration::from_secs(10 * 60),
            refresh_token_life: None,
            rotate_refresh_tokens: false,
            pkce_required: false,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: false,
            api_origin: None,
            media_origin: None,
            media_port: false,
            seed: 1,
            start_time: None,
            oauth: OAuthSettings::default(),
            legacy_scopes_work: false,
            base_url_life: Duration::from_secs(60 * 60),
            page_token_life: None,
            range: RangeMode::Honoured,
            media_needs_bearer: false,
            quotas: Vec::new(),
            latency: Duration::ZERO,
        }
    }
}

/// Which requests a quota counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Calls of the Library API.
    Api,
    /// Requests for media bytes.
    Media,
    /// Calls of the Drive API, downloads too; counted in quota units.
    Drive,
    /// Authorization and tokens: never counted against a quota.
    Auth,
}

/// How a quota counts: requests, and of the Drive API units (5, 100 or 200 for a request).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Window {
    /// So many in each window of that length, the windows beginning at multiples of it.
    Fixed {
        /// How many.
        limit: u64,
        /// Length of the window.
        every_secs: u64,
    },
    /// So many within any stretch of that length.
    Sliding {
        /// How many.
        limit: u64,
        /// Length of the stretch.
        every_secs: u64,
    },
    /// A bucket of `burst` that refills at `per_second`.
    Bucket {
        /// Refill rate.
        per_second: f64,
        /// Size of the bucket.
        burst: f64,
    },
    /// So many until midnight in California.
    Day {
        /// How many.
        limit: u64,
    },
}

/// Whether a 429 says when to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryAfter {
    /// No header: what Google was seen to do.
    Absent,
    /// The seconds until the quota admits again, rounded up.
    Exact,
    /// Always these seconds.
    Secs(u64),
}

/// One quota of the project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quota {
    /// Which requests it counts.
    pub class: Class,
    /// How it counts.
    pub window: Window,
    /// Whether a 429 has the header.
    pub retry_after: RetryAfter,
    /// Whether a 429 of the API has a `RetryInfo` detail.
    pub retry_info: bool,
    /// Whether refused requests count too.
    pub count_refused: bool,
    /// One count for each account instead of one for the project.
    pub per_account: bool,
}

impl Quota {
    /// A quota that says nothing about when to come back.
    pub fn new(class: Class, window: Window) -> Self {
        let retry_after = RetryAfter::Absent;
        Self { class, window, retry_after, retry_info: false, count_refused: false, per_account: false }
    }

    /// The published ones: 10,000 API calls and 75,000 media requests a day.
    pub fn google() -> Vec<Self> {
        vec![
            Self::new(Class::Api, Window::Day { limit: 10_000 }),
            Self::new(Class::Media, Window::Day { limit: 75_000 }),
        ]
    }

    /// Drive's published ones: 1,000,000 units a minute, and 325,000 for each user.
    pub fn google_drive() -> Vec<Self> {
        let minute = |limit| Self::new(Class::Drive, Window::Fixed { limit, every_secs: 60 });
        vec![minute(1_000_000), Self { per_account: true, ..minute(325_000) }]
    }

    /// The same with a `Retry-After` header.
    #[must_use]
    pub fn retry_after(mut self, retry_after: RetryAfter) -> Self {
        self.retry_after = retry_after;
        self
    }
}
