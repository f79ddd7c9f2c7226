//! Our own pace and day's budget, the very code that the daemon runs.
//!
//! May import: `policy`, `policies`, `server`.

use chrono::{DateTime, TimeDelta, Utc};
use gphotos_syncd::limiter::budget::{DayBudget, DayRecord};
use gphotos_syncd::limiter::pace::{Pilot, Refusal};
use gphotos_syncd::media::LibraryName;
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

/// The wait after a day that was counted to its end, seconds: the middle of the daemon's random one.
const COUNTED_RESET_WAIT_SECS: i64 = 30;
/// The moment that the simulation calls 0, seconds since 1970: a midnight in America/Los_Angeles, in winter.
const MIDNIGHT: i64 = 1_736_150_400;

/// Our pace.
#[derive(Debug)]
pub struct Ours {
    pilot: Pilot,
    /// The least rest of a refused request, seconds; a random 100 to 120 % of it.
    rest_secs: f64,
    budget: Option<Counted>,
}

/// A day's budget that the operator told.
#[derive(Debug)]
struct Counted {
    budget: DayBudget,
    library: LibraryName,
    /// Whether it is spread over the day.
    spread: bool,
    sent_at: f64,
}

impl Counted {
    /// When the budget lets the next request go.
    fn ready_at(&mut self, now: f64) -> f64 {
        let wall = wall(now);
        if let Some(until) = self.budget.parked_until(wall, &self.library) {
            return now + (until - wall).as_seconds_f64();
        }
        self.sent_at + if self.spread { self.budget.gap_secs(wall) } else { 0.0 }
    }
}

/// What the clock on the wall shows.
fn wall(now: f64) -> DateTime<Utc> {
    #[expect(clippy::cast_possible_truncation, reason = "the simulation lasts for days")]
    let since = TimeDelta::microseconds((now * 1e6) as i64);
    DateTime::from_timestamp(MIDNIGHT, 0).unwrap_or_default() + since
}

impl Ours {
    /// A pace that knows nothing: it starts at one request per second, under a ceiling that is no help. The slow start is what
    /// the published comparison measures.
    pub fn unknowing() -> Self {
        Self { pilot: Pilot::new(1.0, 200.0), rest_secs: 0.0, budget: None }
    }

    /// A pace as the daemon starts it: at its ceiling of `per_sec` requests per second. A refused request rests for 30 s.
    pub fn at_ceiling(per_sec: f64) -> Self {
        Self { pilot: Pilot::new(per_sec, per_sec), rest_secs: 30.0, budget: None }
    }

    /// The same, which counts a budget of `per_day` requests; `spread`: over the whole day.
    ///
    /// # Panics
    /// Never: the library has a legal name.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a legal name")]
    pub fn counting(self, per_day: u64, spread: bool) -> Self {
        let library = LibraryName::try_new("simulated").expect("a legal name");
        let long_ago = DayRecord::default();
        let jitter = TimeDelta::seconds(COUNTED_RESET_WAIT_SECS);
        let budget = DayBudget::new(per_day, long_ago, false, jitter);
        Self { budget: Some(Counted { budget, library, spread, sent_at: f64::NEG_INFINITY }), ..self }
    }
}

impl Policy for Ours {
    fn ready_at(&mut self, now: f64) -> Option<f64> {
        let ready = self.pilot.ready_at()?;
        Some(self.budget.as_mut().map_or(ready, |counted| ready.max(counted.ready_at(now))))
    }

    fn on_send(&mut self, now: f64) {
        self.pilot.on_send(now);
        if let Some(counted) = &mut self.budget {
            counted.budget.count(&counted.library);
            counted.sent_at = now;
        }
    }

    fn on_admitted(&mut self, now: f64, sent: f64) {
        self.pilot.on_admitted(now, sent);
    }

    fn on_refused(&mut self, now: f64, sent: f64, refused: &Refused, random: &mut StdRng) {
        if let Some(Counted { budget, library, .. }) = &mut self.budget {
            let date = budget.date();
            budget.uncount(library, date);
        }
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
