//! How long a library rests after a run that ended early.
//!
//! Owns: the growth of the rest. Invariant: pure; the jitter is handed in, the rest is bounded by [`DELAY_SECS_MAX`].
//! May import: nothing. Tests: below.

use std::time::Duration;

/// The rest after the first failure, seconds: long enough for a router to come back.
pub const DELAY_SECS_MIN: u64 = 60;

/// The longest rest, seconds: an hour, so that a mended fault is noticed the same morning.
pub const DELAY_SECS_MAX: u64 = 3_600;

/// Failures in a row that are told apart; the rest is at its longest well before.
pub const FAILURES_MAX: u32 = 16;

/// The rest after `failures` failures in a row: doubled each time, then 50 to 100 % of that.
///
/// `jitter` is a random number from 0 to 1; it keeps libraries that failed together from coming back together.
pub fn delay_for(failures: u32, jitter: f64) -> Duration {
    let doublings = failures.clamp(1, FAILURES_MAX) - 1;
    let whole_secs = DELAY_SECS_MIN.saturating_mul(1 << doublings).min(DELAY_SECS_MAX);
    Duration::from_secs(whole_secs).mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use crate::supervisor::backoff::{DELAY_SECS_MAX, delay_for};
    use proptest::prelude::*;
    use std::time::Duration;

    #[test]
    fn the_rest_doubles_up_to_an_hour() {
        let rests: Vec<u64> = (0..10).map(|failures| delay_for(failures, 1.0).as_secs()).collect();
        assert_eq!(rests, [60, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
    }

    #[test]
    fn jitter_takes_off_half_at_most() {
        assert_eq!(delay_for(1, 0.0), Duration::from_secs(30));
        assert_eq!(delay_for(1, 7.0), Duration::from_secs(60));
    }

    proptest! {
        #[test]
        fn the_rest_is_never_nothing_and_never_above_its_bound(failures: u32, jitter in 0.0..=1.0_f64) {
            let rest = delay_for(failures, jitter);
            prop_assert!(rest >= Duration::from_secs(30) && rest <= Duration::from_secs(DELAY_SECS_MAX));
        }
    }
}
