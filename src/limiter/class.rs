//! The classes of requests: each has a quota of its own at Google, and a pace of its own here.
//!
//! Owns: their names, and what the configuration allows them. Invariant: pure. May import: `config`. Tests: in `limiter/tests`.

use crate::config::Limits;

/// Requests per second to the token endpoint: a refresh an hour for each library, so far from any quota.
const TOKEN_REQUESTS_PER_SEC: f64 = 5.0;
/// Requests per second to the Drive API; its quota per minute and user is far above.
const DRIVE_REQUESTS_PER_SEC: f64 = 10.0;

/// What a class may send by the configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Allowed {
    /// Requests per second.
    pub(crate) per_sec: f64,
    /// Requests per day; 0: not counted.
    pub(crate) per_day: u64,
    /// Whether a day's requests are spread over the day.
    pub(crate) spread: bool,
}

/// A class of requests with a quota of its own at Google.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Calls to the Library API.
    Api,
    /// Fetches of media bytes.
    Media,
    /// The token endpoint.
    Token,
    /// Calls to the Picker API.
    Picker,
    /// Calls to the Drive API.
    Drive,
}

impl Class {
    /// Every class, in the order of `status`.
    pub(crate) const ALL: [Self; 5] = [Self::Api, Self::Media, Self::Token, Self::Picker, Self::Drive];

    /// The word of `status` and of the state file.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Media => "media",
            Self::Token => "token",
            Self::Picker => "picker",
            Self::Drive => "drive",
        }
    }

    /// What `limits` allow.
    pub(crate) fn allowed(self, limits: &Limits) -> Allowed {
        let (per_sec, per_day) = match self {
            Self::Api => (limits.api_requests_per_second, limits.api_requests_per_day),
            Self::Media => (limits.media_requests_per_second, limits.media_requests_per_day),
            Self::Token => (TOKEN_REQUESTS_PER_SEC, 0),
            Self::Picker => (limits.api_requests_per_second, 0),
            Self::Drive => (DRIVE_REQUESTS_PER_SEC, 0),
        };
        Allowed { per_sec, per_day, spread: limits.spread_over_day }
    }
}
