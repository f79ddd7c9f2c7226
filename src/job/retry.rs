//! When something is tried again: within a run after a pause, in later runs after a growing gap.
//!
//! Invariant: pure; jitter comes in as a number from 0 up to 1. No item is ever given up (product rule 4).
//! May import: nothing. Tests: below.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// The gap after the second failed try, seconds; each further one doubles it. After the first there is none, so that
/// one bad hour at Google costs one run: the next run takes up all of it.
const GAP_FIRST_SECS: i64 = 60 * 60;
/// The longest gap, seconds: a week, so that an item mended at Google is found within a full listing's period.
const GAP_MAX_SECS: i64 = 7 * 24 * 60 * 60;
/// How much of a gap chance may add, so that items that failed together do not come back together.
const GAP_JITTER: f64 = 0.1;
/// Tries of one file in one run, the first one counted.
pub(crate) const TRIES_PER_RUN: u32 = 4;
/// The longest pause between two tries in one run, as a multiple of the shortest.
const PAUSE_GROWTH_MAX: f64 = 30.0;

/// When a file whose `tries`-th try (from 1) has just failed may be tried again at the earliest.
pub(crate) fn next_try_for(tries: u32, now: DateTime<Utc>, jitter: f64) -> DateTime<Utc> {
    if tries <= 1 {
        return now;
    }
    let doublings = (tries - 2).min(16);
    let gap_secs = GAP_FIRST_SECS.saturating_mul(1_i64 << doublings).min(GAP_MAX_SECS);
    let stretched = Duration::from_secs(gap_secs.unsigned_abs()).mul_f64(1.0 + GAP_JITTER * unit(jitter));
    let gap = TimeDelta::from_std(stretched).unwrap_or(TimeDelta::seconds(GAP_MAX_SECS));
    now.checked_add_signed(gap.min(TimeDelta::seconds(GAP_MAX_SECS))).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The pause before a file is tried again in the same run, after `attempts` (from 1) failed ones; `least` is the shortest.
pub(crate) fn pause_for(attempts: u32, least: Duration, jitter: f64) -> Duration {
    let growth_max = f64::from(1_u32 << attempts.clamp(1, 8)).min(PAUSE_GROWTH_MAX);
    least.mul_f64(1.0 + (growth_max - 1.0) * unit(jitter))
}

/// `jitter` forced into 0..=1; what is no number counts as 0.
fn unit(jitter: f64) -> f64 {
    if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use crate::job::retry::{GAP_MAX_SECS, next_try_for, pause_for};
    use chrono::{DateTime, TimeDelta, Utc};
    use proptest::prelude::*;
    use std::time::Duration;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    #[test]
    fn the_next_run_tries_again_and_then_the_gap_doubles_from_an_hour_to_a_week() {
        let hours = [
            (0, 0),
            (1, 0),
            (2, 1),
            (3, 2),
            (4, 4),
            (8, 64),
            (9, 128),
            (10, 168),
            (30, 168),
            (u32::MAX, 168),
        ];
        for (tries, hours) in hours {
            assert_eq!(next_try_for(tries, now(), 0.0), now() + TimeDelta::hours(hours), "{tries} tries");
        }
    }

    #[test]
    fn the_end_of_time_is_no_fault() {
        let late = DateTime::<Utc>::MAX_UTC;
        assert_eq!(next_try_for(3, late, 0.5), late);
    }

    proptest! {
        #[test]
        fn a_gap_is_never_under_an_hour_nor_over_a_week(tries in 2..=u32::MAX, jitter: f64) {
            let gap = next_try_for(tries, now(), jitter) - now();
            prop_assert!(gap >= TimeDelta::hours(1) && gap <= TimeDelta::seconds(GAP_MAX_SECS));
        }

        #[test]
        fn a_pause_is_from_1_to_30_times_the_shortest(attempts: u32, jitter: f64) {
            let pause = pause_for(attempts, Duration::from_secs(1), jitter).as_secs_f64();
            prop_assert!((1.0..=30.0).contains(&pause), "{pause}");
        }
    }
}
