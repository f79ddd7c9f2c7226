//! How long an access token is still good.
//!
//! Owns: the decision when to refresh. Invariant: pure; a wrong wall clock costs at most a needless refresh, never an
//! expired token that is used for good (a 401 renews it). May import: nothing. Tests: beside it.

use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio::time::Instant;

/// Refreshed when less than this remains, seconds, so that a long download does not outlive its bearer.
const MARGIN_SECS_MAX: u64 = 5 * 60;
/// Or when less than this share of the lifetime remains, so that a short-lived token is not refreshed for each request.
const MARGIN_SHARE: u32 = 10;
/// Google's access tokens live an hour; taken where neither file nor answer tells, seconds.
const LIFETIME_SECS_DEFAULT: u64 = 3600;
/// No access token lives longer than this, seconds (Google's upper limit is 12 h): a later expiry is a wrong clock's.
const LIFETIME_SECS_MAX: u64 = 24 * 3600;

/// One moment by both clocks: the monotonic one does not jump, the wall clock goes on while the machine sleeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// The monotonic clock.
    pub(crate) mono: Instant,
    /// The wall clock.
    pub(crate) wall: DateTime<Utc>,
}

/// Until when an access token is good, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validity {
    lifetime: Duration,
    mono: Instant,
    wall: DateTime<Utc>,
}

/// The lifetime that an `expires_in` tells, within reason.
pub(crate) fn lifetime_of(expires_in: Option<u64>) -> Duration {
    Duration::from_secs(expires_in.unwrap_or(LIFETIME_SECS_DEFAULT).min(LIFETIME_SECS_MAX))
}

impl Validity {
    /// Of a token that was issued just now.
    pub(crate) fn issued(now: Moment, expires_in: Option<u64>) -> Self {
        let lifetime = lifetime_of(expires_in);
        Self { lifetime, mono: now.mono + lifetime, wall: now.wall + lifetime }
    }

    /// Of a token that a file tells of; none if the file does not tell, or it is over.
    ///
    /// An expiry further away than the lifetime was written by a wrong clock; then the lifetime counts from now.
    pub(crate) fn stored(now: Moment, expires_at: Option<f64>, expires_in: Option<u64>) -> Option<Self> {
        let lifetime = lifetime_of(expires_in);
        let left = expires_at? - now.wall.timestamp_millis() as f64 / 1000.0;
        let left = Duration::try_from_secs_f64(left.min(lifetime.as_secs_f64())).ok()?;
        Some(Self { lifetime, mono: now.mono + left, wall: now.wall + left })
    }

    /// Whether it is time to refresh.
    pub(crate) fn is_due(&self, now: Moment) -> bool {
        let margin = (self.lifetime / MARGIN_SHARE).min(Duration::from_secs(MARGIN_SECS_MAX));
        self.left(now) <= margin
    }

    /// Whether it has expired.
    pub(crate) fn is_over(&self, now: Moment) -> bool {
        self.left(now).is_zero()
    }

    fn left(&self, now: Moment) -> Duration {
        let left_mono = self.mono.saturating_duration_since(now.mono);
        let left_wall = (self.wall - now.wall).to_std().unwrap_or_default();
        left_mono.min(left_wall)
    }
}

#[cfg(test)]
mod tests {
    use crate::auth::validity::{Moment, Validity};
    use crate::clock::mono_now;
    use chrono::{DateTime, TimeDelta};
    use std::time::Duration;

    fn moment() -> Moment {
        Moment { mono: mono_now(), wall: DateTime::from_timestamp(1_700_000_000, 0).unwrap() }
    }

    fn after(now: Moment, secs: u64) -> Moment {
        Moment { mono: now.mono + Duration::from_secs(secs), wall: now.wall + Duration::from_secs(secs) }
    }

    #[test]
    fn a_token_is_due_in_its_last_five_minutes_or_its_last_tenth() {
        let now = moment();
        for (lifetime, at, due) in [
            (3600, 0, false),
            (3600, 3299, false),
            (3600, 3300, true),
            (3600, 9999, true),
            (60, 53, false),
            (60, 54, true),
            (u64::MAX, 86_000, false),
            (0, 0, true),
        ] {
            let validity = Validity::issued(now, Some(lifetime));
            assert_eq!(validity.is_due(after(now, at)), due, "lifetime {lifetime}, after {at}");
        }
    }

    #[test]
    fn a_stored_expiry_counts_unless_it_is_absurd() {
        let now = moment();
        let base = 1_700_000_000.0;
        for (expires_at, expires_in, good_for) in [
            (Some(base + 1800.0), None, Some(1500)),
            (Some(base + 1800.0), Some(3600), Some(1500)),
            (Some(base + 60.0), None, Some(0)),
            (Some(base - 1.0), None, None),
            (None, Some(3600), None),
            (Some(base + 1e9), None, Some(3300)),
            (Some(base + 1e9), Some(600), Some(540)),
            (Some(f64::MAX), None, Some(3300)),
            (Some(f64::MIN), None, None),
            (Some(f64::NAN), None, Some(3300)),
        ] {
            let validity = Validity::stored(now, expires_at, expires_in);
            assert_eq!(validity.is_some(), good_for.is_some(), "{expires_at:?}");
            if let (Some(validity), Some(secs)) = (validity, good_for) {
                assert!(secs == 0 || !validity.is_due(after(now, secs - 1)), "{expires_at:?} too early");
                assert!(validity.is_due(after(now, secs)), "{expires_at:?} too late");
            }
        }
    }

    #[test]
    fn a_machine_that_slept_is_noticed_by_the_wall_clock() {
        let now = moment();
        let validity = Validity::issued(now, Some(3600));
        assert!(validity.is_due(Moment { wall: now.wall + TimeDelta::hours(2), ..now }));
        assert!(!validity.is_due(Moment { wall: now.wall - TimeDelta::hours(2), ..now }));
    }
}
