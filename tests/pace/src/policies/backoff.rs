//! Exponential back-off of each request by itself, and no pace at all: what gphotos-sync does by urllib3's `Retry`.
//!
//! The first retry is at once; the n-th after it waits `factor * 2^n` seconds, at most 120 s; `Retry-After` is obeyed.
//! May import: `policy`, `server`.

use rand::rngs::StdRng;

use crate::policy::Policy;
use crate::server::Refused;

/// gphotos-sync's `backoff_factor`, seconds.
const FACTOR_SECS: f64 = 5.0;
/// The longest wait, seconds.
const REST_SECS_MAX: f64 = 120.0;
/// gphotos-sync's retries of a request.
const RETRIES: u32 = 20;

/// Exponential back-off alone.
#[derive(Debug, Default)]
pub struct Backoff;

impl Policy for Backoff {
    fn ready_at(&mut self, now: f64) -> Option<f64> {
        Some(now)
    }

    fn on_send(&mut self, _now: f64) {}

    fn on_admitted(&mut self, _now: f64, _sent: f64) {}

    fn on_refused(&mut self, _now: f64, _sent: f64, _refused: &Refused, _random: &mut StdRng) {}

    fn rest(&mut self, attempts: u32, refused: Option<&Refused>, _random: &mut StdRng) -> Option<f64> {
        if attempts > RETRIES {
            return None;
        }
        let told = refused.and_then(|refused| refused.wait_secs);
        let doubled = if attempts <= 1 {
            0.0
        } else {
            (FACTOR_SECS * f64::from(attempts - 1).exp2()).min(REST_SECS_MAX)
        };
        Some(told.unwrap_or(doubled))
    }

    fn rate(&self) -> Option<f64> {
        None
    }
}
