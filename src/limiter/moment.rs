//! A moment on both of the limiter's clocks, and the way from one to the other.
//!
//! Owns: the conversion. The pace counts seconds since the limiter's epoch; people and days go by the wall clock, which may be
//! set. Invariant: reads no clock. May import: nothing. Tests: in `limiter/tests`.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// The moment: since the limiter's epoch, and for people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Since the limiter's epoch.
    pub(crate) mono: Duration,
    /// What the wall clock shows.
    pub(crate) wall: DateTime<Utc>,
}

impl Moment {
    /// Seconds since the limiter's epoch.
    pub(crate) fn secs(self) -> f64 {
        self.mono.as_secs_f64()
    }

    /// The moment on the limiter's scale at which the wall clock shows `wall`.
    pub(crate) fn secs_at(self, wall: DateTime<Utc>) -> f64 {
        self.secs() + (wall - self.wall).as_seconds_f64().max(0.0)
    }

    /// What the wall clock shows at `secs` on the limiter's scale.
    pub(crate) fn wall_at(self, secs: f64) -> DateTime<Utc> {
        #[expect(clippy::cast_possible_truncation, reason = "beyond the range it is taken for its end")]
        let ahead_ms = ((secs - self.secs()).max(0.0) * 1_000.0).ceil() as i64;
        let ahead = TimeDelta::try_milliseconds(ahead_ms).unwrap_or(TimeDelta::MAX);
        self.wall.checked_add_signed(ahead).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// Seconds on the limiter's scale as a duration since its epoch.
pub(crate) fn duration(secs: f64) -> Duration {
    Duration::try_from_secs_f64(secs).unwrap_or_default()
}
