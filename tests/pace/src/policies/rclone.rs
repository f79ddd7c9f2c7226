//! rclone's pacer with its calculator for Google Drive, as its Google Photos backend uses it.
//!
//! While all goes well requests leave 10 ms apart, with a burst of 100. A refusal makes the next wait `2^(n-1)` s plus up to
//! one second, with `n` the refusals in a row, at most 5; one success, of whatever request, forgets them all.
//! May import: `policy`, `server`.

use rand::Rng;
use rand::rngs::StdRng;

use crate::policy::Policy;
use crate::server::Refused;

/// The least distance of two requests, seconds.
const MIN_SLEEP_SECS: f64 = 0.01;
/// Requests that may leave at once after a pause.
const BURST: f64 = 100.0;
/// Refusals in a row that still lengthen the wait.
const IN_A_ROW_MAX: u32 = 5;
/// A call is tried this often.
const TRIES: u32 = 10;

/// rclone's pacer.
#[derive(Debug)]
pub struct Rclone {
    in_a_row: u32,
    /// The wait between two calls; none: the bucket alone decides.
    sleep: Option<f64>,
    /// The pacer's one token is back at this moment.
    token_at: f64,
    tokens: f64,
    filled_at: f64,
}

impl Default for Rclone {
    fn default() -> Self {
        Self { in_a_row: 0, sleep: None, token_at: 0.0, tokens: BURST, filled_at: 0.0 }
    }
}

impl Rclone {
    fn fill(&mut self, now: f64) {
        self.tokens = (self.tokens + (now - self.filled_at) / MIN_SLEEP_SECS).min(BURST);
        self.filled_at = now;
    }
}

impl Policy for Rclone {
    fn ready_at(&mut self, now: f64) -> Option<f64> {
        self.fill(now);
        let bucket = if self.tokens >= 1.0 - 1e-9 { now } else { now + (1.0 - self.tokens) * MIN_SLEEP_SECS };
        Some(bucket.max(self.token_at))
    }

    fn on_send(&mut self, now: f64) {
        self.fill(now);
        self.tokens -= 1.0;
        // The token comes back after the wait that holds when it is taken.
        self.token_at = now + self.sleep.unwrap_or(0.0);
    }

    fn on_admitted(&mut self, _now: f64, _sent: f64) {
        (self.in_a_row, self.sleep) = (0, None);
    }

    fn on_refused(&mut self, _now: f64, _sent: f64, refused: &Refused, random: &mut StdRng) {
        self.in_a_row += 1;
        let doubled = f64::from(self.in_a_row.min(IN_A_ROW_MAX) - 1).exp2() + random.random_range(0.0..1.0);
        self.sleep = Some(refused.wait_secs.unwrap_or(doubled));
    }

    fn rest(&mut self, attempts: u32, _refused: Option<&Refused>, _random: &mut StdRng) -> Option<f64> {
        (attempts < TRIES).then_some(0.0)
    }

    fn rate(&self) -> Option<f64> {
        None
    }
}
