//! The only place that reads a clock.
//!
//! Invariant: everything else takes time as a value, so that decisions can be tested second by second;
//! clippy's `disallowed-methods` holds it. May import: nothing.

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// The wall clock, UTC: for what people read and what survives a restart.
pub fn wall_now() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "this module is where the clock is read")]
    Utc::now()
}

/// The monotonic clock, which paused tokio time drives: for waits and rates.
pub fn mono_now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "this module is where the clock is read")]
    Instant::now()
}
