//! The simulator's time: real time plus what a test has added.
//!
//! Owns: the only reading of the clock in this crate. Invariant: never runs backwards by itself.
//! May import: nothing. Tests: here.

use chrono::{DateTime, Utc};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds of virtual time since 1970.
pub(crate) type Millis = i64;

/// Real time with an offset.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    /// A clock that shows `start` now, or the real time.
    pub(crate) fn starting_at(start: Option<DateTime<Utc>>) -> Self {
        let offset = start.map_or(0, |at| at.timestamp_millis() - real_ms());
        Self { offset_ms: AtomicI64::new(offset) }
    }

    /// Now, in milliseconds.
    pub(crate) fn now_ms(&self) -> Millis {
        real_ms() + self.offset_ms.load(Ordering::Relaxed)
    }

    /// Now.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        at(self.now_ms())
    }

    /// Lets `by` pass at once.
    pub(crate) fn advance(&self, by: Duration) {
        self.offset_ms.fetch_add(millis(by), Ordering::Relaxed);
    }
}

/// The moment of `ms`.
pub(crate) fn at(ms: Millis) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::UNIX_EPOCH)
}

/// `length` in milliseconds, at most what fits.
pub(crate) fn millis(length: Duration) -> Millis {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX / 4)
}

#[expect(clippy::disallowed_methods, reason = "the one place of the simulator that reads the clock")]
fn real_ms() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

#[cfg(test)]
mod tests {
    use super::{Clock, at};
    use std::time::Duration;

    #[test]
    fn advancing_moves_the_clock_by_that_much() {
        let clock = Clock::starting_at(Some(at(1_000_000)));
        let before = clock.now_ms();
        clock.advance(Duration::from_secs(3600));
        let passed = clock.now_ms() - before;
        assert!((3_600_000..3_610_000).contains(&passed), "{passed}");
    }
}
