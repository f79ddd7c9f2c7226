//! What Google's refusals tell of the quotas' sizes.
//!
//! Owns: the values told, of the quota per second and of the one per day, and since when they hold. A told value is a ceiling:
//! it lowers what the operator allowed, never raises it. It is believed for a while only, because nothing would tell of a quota
//! that was raised, and it ends when the operator changes the very limit it lowers.
//!
//! Invariant: pure; the wall clock comes in as a value. May import: nothing. Tests: in this file, and `limiter/tests`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How long a told quota per minute is believed; it is told again within minutes if it still holds.
const RATE_AGE_MAX: TimeDelta = TimeDelta::hours(24);
/// How long a told quota per day is believed; it is told again at most once a day.
const DAY_AGE_MAX: TimeDelta = TimeDelta::days(7);
/// A larger quota that is told so soon after a smaller one is another quota.
const OTHER_QUOTA_WITHIN: TimeDelta = TimeDelta::hours(1);
/// A quota per minute that Google tells as less than one is taken for this many requests per second.
const RATE_MIN_PER_SEC: f64 = 1.0 / 60.0;

/// A kept value below this was never told: a rate is at least [`RATE_MIN_PER_SEC`], a day at least one request.
const TOLD_MIN: f64 = 1e-3;

/// A value, under which configured limit it was told, and when.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Value {
    told: f64,
    under: f64,
    since: DateTime<Utc>,
}

/// What was told; kept over a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Requests per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<Value>,
    /// Requests per day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day: Option<Value>,
}

impl Told {
    /// Google told `per_minute` where the operator allows `configured` per second.
    pub(crate) fn learn_per_minute(&mut self, per_minute: u64, configured: f64, wall: DateTime<Utc>) {
        let value = (per_minute as f64 / 60.0).max(RATE_MIN_PER_SEC);
        let new = Value { told: value, under: configured, since: wall };
        // Several quotas per minute may hold at once. A larger one is no news of a smaller one that was told just before.
        let known = self.rate.filter(|known| known.told < value && is_same(known.under, configured));
        if known.is_none_or(|known| (wall - known.since).abs() > OTHER_QUOTA_WITHIN) {
            self.rate = Some(new);
        }
    }

    /// Google told `per_day` where the operator allows `configured`. A day of none is no quota's size.
    pub(crate) fn learn_per_day(&mut self, per_day: u64, configured: u64, wall: DateTime<Utc>) {
        if per_day > 0 {
            self.day = Some(Value { told: per_day as f64, under: configured as f64, since: wall });
        }
    }

    /// Requests per second where the operator allows `configured`.
    pub(crate) fn ceiling(&self, configured: f64, wall: DateTime<Utc>) -> f64 {
        believed(self.rate, configured, RATE_AGE_MAX, wall).map_or(configured, |told| told.min(configured))
    }

    /// Requests per day where the operator allows `configured`; 0, which is not to count, stays so.
    pub(crate) fn per_day(&self, configured: u64, wall: DateTime<Utc>) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was a whole number")]
        let told = believed(self.day, configured as f64, DAY_AGE_MAX, wall).map(|told| told as u64);
        told.map_or(configured, |told| told.min(configured))
    }
}

/// The value, if it was told under the same limit and not too long ago. One from the future was told under a wrong clock.
fn believed(value: Option<Value>, configured: f64, age_max: TimeDelta, wall: DateTime<Utc>) -> Option<f64> {
    value
        .filter(|value| is_same(value.under, configured))
        .filter(|value| {
            value.told.is_finite() && value.told >= TOLD_MIN && (wall - value.since).abs() <= age_max
        })
        .map(|value| value.told)
}

/// Whether two configured limits are one, but for the rounding of text.
fn is_same(one: f64, other: f64) -> bool {
    (one - other).abs() <= other.abs() * 1e-9
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use crate::limiter::told::Told;

    fn noon() -> DateTime<Utc> {
        "2025-07-01T19:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_told_value_lowers_and_never_raises() {
        let mut told = Told::default();
        assert!((told.ceiling(10.0, noon()) - 10.0).abs() < 1e-9);
        assert_eq!(told.per_day(10_000, noon()), 10_000);
        told.learn_per_minute(300, 10.0, noon());
        told.learn_per_day(2_500, 10_000, noon());
        assert!((told.ceiling(10.0, noon()) - 5.0).abs() < 1e-9);
        assert_eq!(told.per_day(10_000, noon()), 2_500);
        told.learn_per_minute(60_000, 10.0, noon() + TimeDelta::hours(2));
        told.learn_per_day(75_000, 10_000, noon());
        assert!((told.ceiling(10.0, noon()) - 10.0).abs() < 1e-9);
        assert_eq!(told.per_day(10_000, noon()), 10_000);
    }

    #[test]
    fn the_smaller_of_two_quotas_that_are_told_within_the_hour_holds() {
        let mut told = Told::default();
        told.learn_per_minute(300, 10.0, noon());
        told.learn_per_minute(480, 10.0, noon() + TimeDelta::minutes(5));
        assert!((told.ceiling(10.0, noon()) - 5.0).abs() < 1e-9);
        told.learn_per_minute(480, 10.0, noon() + TimeDelta::hours(2));
        assert!((told.ceiling(10.0, noon()) - 8.0).abs() < 1e-9, "the quota was raised");
    }

    #[test]
    fn a_told_value_ends_with_its_time_and_with_a_changed_limit() {
        let mut told = Told::default();
        told.learn_per_minute(300, 10.0, noon());
        told.learn_per_day(2_500, 10_000, noon());
        assert!((told.ceiling(20.0, noon()) - 20.0).abs() < 1e-9, "the operator changed the limit");
        assert_eq!(told.per_day(20_000, noon()), 20_000);
        assert_eq!(told.per_day(0, noon()), 0, "what is not counted has no budget");
        let days = |days| noon() + TimeDelta::days(days);
        assert!((told.ceiling(10.0, days(2)) - 10.0).abs() < 1e-9);
        assert_eq!((told.per_day(10_000, days(2)), told.per_day(10_000, days(8))), (2_500, 10_000));
        assert!((told.ceiling(10.0, days(-2)) - 10.0).abs() < 1e-9, "told by a clock that was ahead");
    }

    #[test]
    fn a_quota_of_nothing_still_finds_out_and_a_day_of_nothing_is_none() {
        let mut told = Told::default();
        told.learn_per_minute(0, 10.0, noon());
        told.learn_per_day(0, 10_000, noon());
        assert!((told.ceiling(10.0, noon()) - 1.0 / 60.0).abs() < 1e-9);
        assert_eq!(told.per_day(10_000, noon()), 10_000);
    }

    #[test]
    fn what_was_told_survives_a_restart() {
        let mut told = Told::default();
        told.learn_per_day(2_500, 10_000, noon());
        let text = serde_json::to_string(&told).unwrap();
        assert_eq!(serde_json::from_str::<Told>(&text).unwrap(), told);
        assert_eq!(serde_json::from_str::<Told>("{}").unwrap(), Told::default());
    }
}
