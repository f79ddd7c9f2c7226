//! A fixed rate: the operator knows the quota and sets the pace below it.
//!
//! May import: `policy`, `policies`, `server`.

use rand::rngs::StdRng;

use crate::policies::jittered;
use crate::policy::Policy;
use crate::server::Refused;

/// A request is given up after so many attempts.
const ATTEMPTS_MAX: u32 = 10;

/// A fixed rate, whatever the answers say.
#[derive(Debug)]
pub struct Fixed {
    per_sec: f64,
    next: f64,
}

impl Fixed {
    /// `per_sec` requests per second.
    pub fn new(per_sec: f64) -> Self {
        Self { per_sec, next: 0.0 }
    }
}

impl Policy for Fixed {
    fn ready_at(&mut self, now: f64) -> Option<f64> {
        Some(self.next.max(now))
    }

    fn on_send(&mut self, now: f64) {
        self.next = self.next.max(now) + 1.0 / self.per_sec;
    }

    fn on_admitted(&mut self, _now: f64, _sent: f64) {}

    fn on_refused(&mut self, _now: f64, _sent: f64, _refused: &Refused, _random: &mut StdRng) {}

    fn rest(&mut self, attempts: u32, refused: Option<&Refused>, random: &mut StdRng) -> Option<f64> {
        let told = refused.and_then(|refused| refused.wait_secs);
        (attempts < ATTEMPTS_MAX).then(|| told.unwrap_or_else(|| jittered(attempts, 30.0, random)))
    }

    fn rate(&self) -> Option<f64> {
        Some(self.per_sec)
    }
}
