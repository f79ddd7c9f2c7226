//! The quotas of a server: what each admits, and when it would admit again.
//!
//! Owns: the counters of one quota. Invariant: a refused request takes nothing, unless its server counts refusals; time never
//! goes back. May import: nothing.

use std::collections::VecDeque;

/// Sums of fractions are compared with this slack.
const SLACK: f64 = 1e-9;
/// A wait ends this long after the moment that was computed, seconds, so that rounding never ends it too soon.
const AFTER_SECS: f64 = 1e-6;

/// A quota's size over time, as multiples of its nominal one.
#[derive(Clone, Debug)]
pub struct Steps(Vec<(f64, f64)>);

impl Default for Steps {
    fn default() -> Self {
        Self(vec![(0.0, 1.0)])
    }
}

impl Steps {
    /// From each moment (seconds, rising, the first 0) on, this multiple.
    pub fn new(steps: &[(f64, f64)]) -> Self {
        Self(steps.to_vec())
    }

    /// The multiple at `time`.
    pub fn at(&self, time: f64) -> f64 {
        self.0.iter().take_while(|(from, _)| *from <= time).last().map_or(1.0, |(_, multiple)| *multiple)
    }

    /// The moments at which it changes.
    pub fn changes(&self) -> impl Iterator<Item = f64> {
        self.0.iter().skip(1).map(|(from, _)| *from)
    }

    fn integral(&self, from: f64, to: f64) -> f64 {
        let mut total = 0.0;
        for (index, (start, multiple)) in self.0.iter().enumerate() {
            let end = self.0.get(index + 1).map_or(f64::MAX, |(end, _)| *end);
            total += multiple * (to.min(end) - from.max(*start)).max(0.0);
        }
        total
    }
}

/// How a quota counts.
#[derive(Clone, Debug)]
enum Count {
    /// So many in each aligned window.
    Fixed { limit: f64, window_secs: f64, phase_secs: f64, window: f64, used: f64 },
    /// So many in any span of that length.
    Sliding { limit: f64, window_secs: f64, log: VecDeque<f64> },
    /// A bucket that holds `burst` and fills by `per_sec`.
    Bucket { per_sec: f64, burst: f64, tokens: f64, at: f64 },
    /// So many under way.
    AtOnce { limit: u32, under_way: u32 },
}

/// One quota of a server.
#[derive(Clone, Debug)]
pub struct Quota {
    count: Count,
    steps: Steps,
    /// Its refusals are known as those of a day's quota, where the server tells.
    per_day: bool,
}

impl Quota {
    /// `limit` requests in each window of `window_secs`, the first of which begins at `phase_secs`.
    pub fn fixed(limit: f64, window_secs: f64, phase_secs: f64) -> Self {
        Self::of(Count::Fixed { limit, window_secs, phase_secs, window: f64::MIN, used: 0.0 })
    }

    /// `limit` requests in any `window_secs`.
    pub fn sliding(limit: f64, window_secs: f64) -> Self {
        Self::of(Count::Sliding { limit, window_secs, log: VecDeque::new() })
    }

    /// A bucket of `burst` tokens, full at first, that fills by `per_sec`.
    pub fn bucket(per_sec: f64, burst: f64) -> Self {
        Self::of(Count::Bucket { per_sec, burst, tokens: burst, at: 0.0 })
    }

    /// At most `limit` requests under way.
    pub fn at_once(limit: u32) -> Self {
        Self::of(Count::AtOnce { limit, under_way: 0 })
    }

    /// `limit` requests from midnight to midnight.
    pub fn daily(limit: f64) -> Self {
        Self { per_day: true, ..Self::fixed(limit, crate::DAY_SECS, 0.0) }
    }

    fn of(count: Count) -> Self {
        Self { count, steps: Steps::default(), per_day: false }
    }

    /// The same quota, whose size changes.
    #[must_use]
    pub fn stepped(mut self, steps: Steps) -> Self {
        self.steps = steps;
        self
    }

    /// Whether this is a day's quota.
    pub fn is_per_day(&self) -> bool {
        self.per_day
    }

    /// Whether the number under way is what it counts.
    pub fn is_at_once(&self) -> bool {
        matches!(self.count, Count::AtOnce { .. })
    }

    /// Its size over time.
    pub fn steps(&self) -> &Steps {
        &self.steps
    }

    /// What it admits in the long run at `time`, requests per second.
    pub fn per_sec(&self, time: f64) -> f64 {
        let nominal = match &self.count {
            Count::Fixed { limit, window_secs, .. } | Count::Sliding { limit, window_secs, .. } => {
                limit / window_secs
            }
            Count::Bucket { per_sec, .. } => *per_sec,
            Count::AtOnce { .. } => f64::INFINITY,
        };
        nominal * self.steps.at(time)
    }

    /// Whether it has room at `time`.
    pub fn has_room(&mut self, time: f64) -> bool {
        let multiple = self.steps.at(time);
        self.advance(time);
        match &self.count {
            Count::Fixed { limit, used, .. } => used + 1.0 <= limit * multiple + SLACK,
            Count::Sliding { limit, log, .. } => log.len() as f64 + 1.0 <= limit * multiple + SLACK,
            Count::Bucket { tokens, .. } => *tokens >= 1.0 - SLACK,
            Count::AtOnce { limit, under_way } => under_way < limit,
        }
    }

    /// Counts a request at `time`.
    pub fn take(&mut self, time: f64) {
        self.advance(time);
        match &mut self.count {
            Count::Fixed { used, .. } => *used += 1.0,
            Count::Sliding { log, .. } => log.push_back(time),
            Count::Bucket { tokens, .. } => *tokens -= 1.0,
            Count::AtOnce { under_way, .. } => *under_way += 1,
        }
    }

    /// A request that was admitted is over.
    pub fn end(&mut self) {
        if let Count::AtOnce { under_way, .. } = &mut self.count {
            *under_way = under_way.saturating_sub(1);
        }
    }

    /// Seconds from `time` until it has room, 0 if it has.
    pub fn wait(&mut self, time: f64) -> f64 {
        if self.has_room(time) {
            return 0.0;
        }
        let multiple = self.steps.at(time);
        match &self.count {
            Count::Fixed { window_secs, phase_secs, window, .. } => {
                (window + 1.0) * window_secs + phase_secs - time + AFTER_SECS
            }
            Count::Sliding { limit, window_secs, log } => {
                let excess = (log.len() as f64 + 1.0 - (limit * multiple + SLACK).floor()).max(1.0);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between 1 and the length of the log"
                )]
                let index = (excess as usize).min(log.len()) - 1;
                log.get(index)
                    .map_or(AFTER_SECS, |oldest| (oldest + window_secs - time + AFTER_SECS).max(AFTER_SECS))
            }
            Count::Bucket { per_sec, tokens, .. } => {
                (1.0 - tokens) / (per_sec * multiple).max(SLACK) + AFTER_SECS
            }
            Count::AtOnce { .. } => 0.01,
        }
    }

    fn advance(&mut self, time: f64) {
        match &mut self.count {
            Count::Fixed { window_secs, phase_secs, window, used, .. } => {
                let now = ((time - *phase_secs) / *window_secs).floor();
                if now.total_cmp(window).is_ne() {
                    (*window, *used) = (now, 0.0);
                }
            }
            Count::Sliding { window_secs, log, .. } => {
                while log.front().is_some_and(|at| *at <= time - *window_secs) {
                    log.pop_front();
                }
            }
            Count::Bucket { per_sec, burst, tokens, at } => {
                if time > *at {
                    *tokens = (*tokens + *per_sec * self.steps.integral(*at, time)).min(*burst);
                    *at = time;
                }
            }
            Count::AtOnce { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::quota::{Quota, Steps};

    /// Requests admitted in `secs`, asked for every 10 ms.
    fn admitted(quota: &mut Quota, secs: u32) -> u32 {
        let mut count = 0;
        for step in 0..secs * 100 {
            let time = f64::from(step) / 100.0;
            if quota.has_room(time) {
                quota.take(time);
                count += 1;
            }
        }
        count
    }

    #[test]
    fn each_kind_of_quota_admits_its_nominal_number() {
        assert_eq!(admitted(&mut Quota::fixed(600.0, 60.0, 0.0), 180), 1_800);
        assert_eq!(admitted(&mut Quota::sliding(600.0, 60.0), 180), 1_800);
        assert_eq!(admitted(&mut Quota::bucket(10.0, 50.0), 180), 50 + 1_799);
        assert_eq!(admitted(&mut Quota::at_once(3), 10), 3);
    }

    #[test]
    fn a_quota_that_halves_admits_half_from_then_on() {
        let half = Steps::new(&[(0.0, 1.0), (60.0, 0.5)]);
        assert_eq!(admitted(&mut Quota::fixed(600.0, 60.0, 0.0).stepped(half.clone()), 120), 900);
        assert_eq!(admitted(&mut Quota::bucket(10.0, 1.0).stepped(half), 120), 1 + 599 + 300);
    }

    #[test]
    fn a_wait_ends_when_there_is_room_again() {
        let quotas = [Quota::fixed(5.0, 60.0, 7.0), Quota::sliding(5.0, 60.0), Quota::bucket(0.1, 2.0)];
        for mut quota in quotas {
            while quota.has_room(10.0) {
                quota.take(10.0);
            }
            let wait = quota.wait(10.0);
            assert!(!quota.clone().has_room(10.0 + wait - 0.01), "{quota:?}");
            assert!(quota.has_room(10.0 + wait), "{quota:?}");
        }
    }
}
