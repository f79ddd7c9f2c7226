//! Our own pace, the very code that the daemon runs.
//!
//! May import: `policy`, `policies`, `server`.

use gphotos_syncd::limiter::pace::{Pilot, Refusal};
use rand::Rng;
use rand::rngs::StdRng;

use crate::DAY_SECS;
use crate::policies::jittered;
use crate::policy::Policy;
use crate::server::Refused;

/// A request is tried this often when the server answers with faults.
const ATTEMPTS_MAX: u32 = 8;
/// The longest rest after a fault, seconds.
const FAULT_REST_SECS_MAX: f64 = 30.0;
/// The random wait after a day's end, seconds.
const RESET_SPREAD_SECS: f64 = 60.0;

/// Our pace.
#[derive(Debug)]
pub struct Ours {
    pilot: Pilot,
    /// The least rest of a refused request, seconds; a random 100 to 120 % of it.
    rest_secs: f64,
}

impl Ours {
    /// A pace that knows nothing: it starts at one request per second, under a ceiling that is no help. The slow start is what
    /// the published comparison measures.
    pub fn unknowing() -> Self {
        Self { pilot: Pilot::new(1.0, 200.0), rest_secs: 0.0 }
    }

    /// A pace as the daemon starts it: at its ceiling of `per_sec` requests per second. A refused request rests for 30 s.
    pub fn at_ceiling(per_sec: f64) -> Self {
        Self { pilot: Pilot::new(per_sec, per_sec), rest_secs: 30.0 }
    }
}

impl Policy for Ours {
    fn ready_at(&mut self, _now: f64) -> Option<f64> {
        self.pilot.ready_at()
    }

    fn on_send(&mut self, now: f64) {
        self.pilot.on_send(now);
    }

    fn on_admitted(&mut self, now: f64, sent: f64) {
        self.pilot.on_admitted(now, sent);
    }

    fn on_refused(&mut self, now: f64, sent: f64, refused: &Refused, random: &mut StdRng) {
        let midnight = (now / DAY_SECS).floor() * DAY_SECS + DAY_SECS;
        let reset = midnight + random.random_range(0.0..RESET_SPREAD_SECS);
        let refusal = Refusal {
            retry_after_secs: refused.wait_secs,
            day_until: refused.day.then_some(reset),
            next_reset: reset,
        };
        self.pilot.on_refused(now, sent, &refusal, &mut |from, to| random.random_range(from..to));
    }

    fn rest(&mut self, attempts: u32, refused: Option<&Refused>, random: &mut StdRng) -> Option<f64> {
        if refused.is_some() {
            return Some(self.rest_secs * random.random_range(1.0..1.2));
        }
        (attempts <= ATTEMPTS_MAX).then(|| jittered(attempts, FAULT_REST_SECS_MAX, random))
    }

    fn rate(&self) -> Option<f64> {
        Some(self.pilot.rate())
    }

    fn frees_worker(&self) -> bool {
        true
    }

    fn counts_refusals(&self) -> bool {
        false
    }
}
