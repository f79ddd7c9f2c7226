//! The classes of requests: each has a quota of its own at Google, and a pace of its own here.
//!
//! Owns: their names, and what the configuration allows them. Invariant: pure. May import: `config`. Tests: here, and in `limiter/tests`.

use crate::config::Limits;

/// Requests per second to the token endpoint: a refresh an hour for each library, so far from any quota.
const TOKEN_REQUESTS_PER_SEC: f64 = 5.0;
/// Requests per second to the Drive API, of all libraries together. Google counts units there, 5 to 200 a request, but at this rate
/// even the dearest make 120,000 a minute, while each user may use 325,000 and the project 1,000,000; so requests need no weights.
/// Projects with the older quotas may make 12,000 requests a minute. Bytes have a budget of their own: `egress`.
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

#[cfg(test)]
mod tests {
    use crate::config::Limits;
    use crate::limiter::Class;

    #[test]
    fn the_dearest_requests_to_drive_stay_below_its_units_whatever_is_configured() {
        // https://developers.google.com/workspace/drive/api/guides/limits: a look costs 5 units, a list 100, a download 200.
        const DEAREST: f64 = 200.0;
        const PER_MINUTE_AND_USER: f64 = 325_000.0;
        const OLD_REQUESTS_PER_MINUTE: f64 = 12_000.0;
        let most =
            Limits { api_requests_per_second: 1e6, media_requests_per_second: 1e6, ..Limits::default() };
        for limits in [Limits::default(), most] {
            let allowed = Class::Drive.allowed(&limits);
            let per_minute = allowed.per_sec * 60.0;
            // A second's worth of requests may have been saved up when the minute begins.
            let units = (per_minute + allowed.per_sec) * DEAREST;
            // All libraries together use less than one user may, so the project's larger quota is out of reach too.
            assert!(units < PER_MINUTE_AND_USER, "{units}");
            assert!(per_minute < OLD_REQUESTS_PER_MINUTE && allowed.per_day == 0);
        }
    }
}
