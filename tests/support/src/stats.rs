//! What the server itself counted.
//!
//! Owns: [`Stats`] for tests and the running tallies behind it. Invariant: everything is bounded; paths
//! and tokens are not kept. May import: `endpoint`, `settings`, `clock`. Tests: here.

use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

use crate::clock::Millis;
use crate::endpoint::Endpoint;
use crate::settings::Class;

/// Most requests that the log keeps; older ones are dropped.
const LOG_MAX: usize = 100_000;
/// Most gaps that are kept.
const GAPS_MAX: usize = 10_000;

/// One answered request.
#[derive(Clone, Debug, Serialize)]
pub struct Logged {
    /// When it came, virtual milliseconds since 1970.
    pub at_ms: Millis,
    /// What it was for.
    pub endpoint: Endpoint,
    /// Whose it was, as far as known.
    pub account: Option<String>,
    /// The id of the one item it was about, if any.
    pub item: Option<String>,
    /// The answer's status; 0: the connection was cut before one.
    pub status: u16,
    /// Whether it had an `Authorization: Bearer` header.
    pub bearer: bool,
    /// The `Range` header.
    pub range: Option<String>,
}

/// The tallies of one class of requests.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ClassStats {
    /// Requests.
    pub requests: u64,
    /// Requests answered with 429, or by Drive with a 403 that means the same.
    pub throttled: u64,
    /// Bytes of bodies handed to the network.
    pub bytes: u64,
    /// Most at once.
    pub concurrent_max: u64,
    /// At once now.
    pub concurrent: u64,
    /// For each first 429 of a row: how long until the next request came, in milliseconds.
    pub gaps_after_429_ms: Vec<Millis>,
    #[serde(skip)]
    last_429_ms: Option<Millis>,
}

/// Everything counted since the start or the last reset.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Stats {
    /// By class.
    pub classes: BTreeMap<&'static str, ClassStats>,
    /// By endpoint.
    pub endpoints: BTreeMap<Endpoint, u64>,
    /// Bytes of bodies handed to the network, by endpoint.
    pub endpoint_bytes: BTreeMap<Endpoint, u64>,
    /// By status.
    pub statuses: BTreeMap<u16, u64>,
    /// By account, then class.
    pub accounts: BTreeMap<String, BTreeMap<&'static str, ClassStats>>,
    /// Requests for media that carried a bearer.
    pub media_with_bearer: u64,
    /// The latest requests, oldest first.
    #[serde(skip)]
    pub log: VecDeque<Logged>,
}

/// The name of a class in statistics.
pub(crate) fn class_name(class: Class) -> &'static str {
    match class {
        Class::Api => "api",
        Class::Media => "media",
        Class::Drive => "drive",
        Class::Auth => "auth",
    }
}

impl Stats {
    /// The tallies of `class`.
    pub fn class(&self, class: Class) -> ClassStats {
        self.classes.get(class_name(class)).cloned().unwrap_or_default()
    }

    /// The tallies of `class` for one account.
    pub fn of(&self, account: &str, class: Class) -> ClassStats {
        self.accounts.get(account).and_then(|by| by.get(class_name(class))).cloned().unwrap_or_default()
    }

    /// How many requests `endpoint` had.
    pub fn requests(&self, endpoint: Endpoint) -> u64 {
        self.endpoints.get(&endpoint).copied().unwrap_or(0)
    }

    /// How many bytes of bodies `endpoint` handed to the network.
    pub fn bytes(&self, endpoint: Endpoint) -> u64 {
        self.endpoint_bytes.get(&endpoint).copied().unwrap_or(0)
    }

    fn each(&mut self, class: Class, account: Option<&str>, mut change: impl FnMut(&mut ClassStats)) {
        change(self.classes.entry(class_name(class)).or_default());
        if let Some(account) = account {
            if !self.accounts.contains_key(account) {
                self.accounts.insert(account.to_owned(), BTreeMap::new());
            }
            if let Some(by) = self.accounts.get_mut(account) {
                change(by.entry(class_name(class)).or_default());
            }
        }
    }

    /// A request came in.
    pub(crate) fn began(&mut self, endpoint: Endpoint, account: Option<&str>, now: Millis) {
        *self.endpoints.entry(endpoint).or_default() += 1;
        self.each(endpoint.class(), account, |tally| {
            tally.requests += 1;
            tally.concurrent += 1;
            tally.concurrent_max = tally.concurrent_max.max(tally.concurrent);
            if let Some(then) = tally.last_429_ms.take()
                && tally.gaps_after_429_ms.len() < GAPS_MAX
            {
                tally.gaps_after_429_ms.push(now - then);
            }
        });
    }

    /// Its answer was decided.
    pub(crate) fn answered(&mut self, entry: Logged, throttled: bool, now: Millis) {
        *self.statuses.entry(entry.status).or_default() += 1;
        if entry.endpoint == Endpoint::Media && entry.bearer {
            self.media_with_bearer += 1;
        }
        if throttled {
            self.each(entry.endpoint.class(), entry.account.as_deref(), |tally| {
                tally.throttled += 1;
                tally.last_429_ms.get_or_insert(now);
            });
        }
        if self.log.len() == LOG_MAX {
            self.log.pop_front();
        }
        self.log.push_back(entry);
    }

    /// Its body ended, or was dropped, after `bytes`.
    pub(crate) fn ended(&mut self, endpoint: Endpoint, account: Option<&str>, bytes: u64) {
        *self.endpoint_bytes.entry(endpoint).or_default() += bytes;
        self.each(endpoint.class(), account, |tally| {
            tally.concurrent = tally.concurrent.saturating_sub(1);
            tally.bytes += bytes;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Logged, Stats};
    use crate::endpoint::Endpoint;
    use crate::settings::Class;

    #[test]
    fn the_gap_after_a_429_is_measured_to_the_next_request_of_the_class() {
        let mut stats = Stats::default();
        let (endpoint, account) = (Endpoint::Media, Some("alice".to_owned()));
        for (at, status) in [(0, 200), (10, 429), (500, 429), (800, 200)] {
            stats.began(endpoint, account.as_deref(), at);
            let (account, item, range) = (account.clone(), None, None);
            let entry = Logged { at_ms: at, endpoint, account, item, status, bearer: false, range };
            stats.answered(entry, status == 429, at);
            stats.ended(Endpoint::Media, Some("alice"), 100);
        }
        let media = stats.of("alice", Class::Media);
        assert_eq!((media.requests, media.throttled, media.bytes), (4, 2, 400));
        assert_eq!(media.gaps_after_429_ms, [490, 300]);
        assert_eq!((media.concurrent, media.concurrent_max), (0, 1));
        assert_eq!(stats.class(Class::Api).requests, 0);
    }
}
