//! The adaptive pace of one class of requests: "Pilot", a pace with one target, held by incidents.
//!
//! Owns: the rate law, what a refusal means, and when the next request may go. A class starts fast
//! (`SlowStart`), is cut at its first refusal, climbs back to the rate that was refused (the *anchor* `W`)
//! within a minute and looks beyond it slowly (`Steady`); a quota that shows itself as a spent window is
//! spread over the window (`Window`). A second refusal in a row closes the gate, and single *probes* find
//! out when it opens again (`feedback`). The moment at which a window opens is learnt (`phase`).
//!
//! With `age` in seconds of sending since the last cut, cut `a` and delivered rate `D`, the law is, within
//! floor and ceiling:
//!
//! | mode | rate |
//! |---|---|
//! | `SlowStart` | `first * 2^(age/3)` |
//! | `Steady`, age < 60 | `W * (1 - a * (1 - age/60)^3)` |
//! | `Steady`, later | `min(W * (1 + 0.10 * ((age-60)/15)^3), max(W, 1.5 * D))` |
//! | `Window` | `0.85 * W + 0.02 * sqrt(W) * age`; past 70 s plus `0.10 * W * ((age-70)/15)^3`, the sum at most `1.5 * D` |
//!
//! `D` is the mean of the last minute, or of the last ten seconds if that is more, so that a risen quota is followed while it
//! is found.
//!
//! While the gate is closed since `e` seconds, the `n`-th refused probe is followed by the next one after
//! `max(min(2, 0.25 * 2^n), 0.3 * e)` seconds, at most 60 (1,800 after a quarter of an hour), 15 % more or less at random; no hold
//! goes on beyond the moment at which a minute that began with the window is over, and a learnt phase goes before all of it.
//!
//! The climb to an anchor and beyond it is that of CUBIC congestion control (RFC 9438), an incident its congestion event; closing
//! the gate after two refusals in a row, the window and its phase answer to the quotas per minute of Google's services, which
//! refuse everything once they are spent.
//!
//! The figures were chosen by simulation (`examples/pace.rs` prints the comparison with other policies); moving any one
//! of them by a factor of two changes the delivered share by under 0.2 points.
//!
//! Invariant: no clock, no timer, no I/O; times are seconds since an epoch of the caller, random numbers come in
//! as a function. The rate never leaves floor and ceiling, a refusal never raises it, and while the gate is
//! closed at most one request is under way as a probe. May import: nothing. Tests: `tests.rs` (the golden rows and
//! tables), below it `properties.rs`; and `tests/pace`, which holds it to figures before simulated servers.

mod delivered;
mod feedback;
mod phase;
#[cfg(test)]
mod tests;

use crate::limiter::pace::delivered::Delivered;
use crate::limiter::pace::phase::{Phase, Stage};

/// The least rate, requests per second: one request in 50 s finds out that a quota is back.
const FLOOR_PER_SEC: f64 = 0.02;
/// In slow start the rate doubles in this time.
const DOUBLING_SECS: f64 = 3.0;
/// The time of sending in which a cut rate climbs back to its anchor.
const CLIMB_SECS: f64 = 60.0;
/// Growth beyond the anchor, as a share of it, after [`PROBING_SECS`]; the cube of time beyond that.
const PROBING_GAIN: f64 = 0.10;
/// The time constant of the growth beyond the anchor: a quota that doubles is found in 40 s.
const PROBING_SECS: f64 = 15.0;
/// The rate grows to at most this multiple of what was delivered lately.
const GROWTH_OVER_DELIVERED: f64 = 1.5;
/// A window starts this share below its anchor.
const WINDOW_CUT: f64 = 0.15;
/// Linear growth in a window, times the root of the anchor, per second.
const WINDOW_SLOPE: f64 = 0.02;
/// A window that lasts longer than this without a refusal has room.
const WINDOW_GROWTH_AFTER_SECS: f64 = 70.0;
/// The least cut of the rate.
const CUT_MIN: f64 = 0.01;
/// A send counts as held back by the pace if it left within half a gap and this after it was due.
const PACED_SLACK_SECS: f64 = 0.01;
/// A send that is late by no more than this keeps the schedule: timers wake up to about 1 ms late, and at
/// gaps below this several requests may leave at one awakening.
const LATE_MAX_SECS: f64 = 0.002;

/// A source of random numbers: a value between the two bounds, uniformly.
pub type Uniform<'a> = &'a mut dyn FnMut(f64, f64) -> f64;

/// The shape of the rate law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Doubling until the first refusal.
    SlowStart,
    /// Climbing to the anchor, then looking beyond it.
    Steady,
    /// Spreading a quota over its window.
    Window,
}

impl Mode {
    /// The word of `status`.
    pub fn word(self) -> &'static str {
        match self {
            Self::SlowStart => "slow-start",
            Self::Steady => "steady",
            Self::Window => "window",
        }
    }
}

/// What a refusal tells, on the caller's time scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refusal {
    /// The server's own wish, seconds from now.
    pub retry_after_secs: Option<f64>,
    /// The refusal is for a day's quota, which comes back at this moment.
    pub day_until: Option<f64>,
    /// The next moment at which a day's quota would come back, whatever this refusal is for.
    pub next_reset: f64,
}

/// A closed gate.
#[derive(Clone, Copy, Debug)]
struct Block {
    /// When it closed.
    since: f64,
    /// When the probe that is under way was sent.
    probe: Option<f64>,
    /// Probes refused so far.
    refused: u32,
    /// When the newest refused request was sent.
    last_refused: f64,
    /// The server told how long to wait.
    told: bool,
    /// A spent day closed it.
    day: bool,
    /// How far the prediction of the opening was used.
    stage: Stage,
}

/// What was admitted since the quota's window is thought to have opened.
#[derive(Clone, Copy, Debug)]
struct Cycle {
    since: f64,
    admitted: u32,
}

/// The adaptive pace of one class of requests.
#[derive(Clone, Debug)]
pub struct Pilot {
    first: f64,
    floor: f64,
    ceiling: f64,
    mode: Mode,
    rate: f64,
    anchor: f64,
    cut: f64,
    age_secs: f64,
    /// The newest 16 outcomes, a set bit for the first refusal of an incident.
    outcomes: u16,
    slot: f64,
    last_send: Option<f64>,
    cut_at: f64,
    /// The last answer was the first refusal of an incident.
    suspect: bool,
    /// The mode when the rate was cut last.
    mode_before: Mode,
    block: Option<Block>,
    hold_until: f64,
    cycle: Cycle,
    /// What the window before admitted.
    window_before: u32,
    /// What was admitted since the first refusal of a pace that began at its ceiling.
    descent: Option<Cycle>,
    delivered: Delivered,
    phase: Phase,
    now: f64,
}

impl Pilot {
    /// A pace that starts at `first` requests per second and never passes `ceiling`.
    pub fn new(first: f64, ceiling: f64) -> Self {
        let floor = FLOOR_PER_SEC.min(ceiling);
        let rate = first.clamp(floor, ceiling);
        Self {
            first: rate,
            floor,
            ceiling,
            mode: Mode::SlowStart,
            rate,
            anchor: rate,
            cut: CUT_MIN,
            age_secs: 0.0,
            outcomes: 0,
            slot: -1e9,
            last_send: None,
            cut_at: -1.0,
            suspect: false,
            mode_before: Mode::SlowStart,
            block: None,
            hold_until: 0.0,
            cycle: Cycle { since: 0.0, admitted: 0 },
            window_before: 0,
            descent: None,
            delivered: Delivered::default(),
            phase: Phase::default(),
            now: 0.0,
        }
    }

    /// A pace that goes on from an anchor learnt before a restart: at the anchor, looking beyond it slowly.
    pub fn resume(anchor: f64, ceiling: f64) -> Self {
        let mut pilot = Self::new(ceiling, ceiling);
        pilot.mode = Mode::Steady;
        pilot.anchor = anchor.clamp(pilot.floor, ceiling);
        pilot.age_secs = CLIMB_SECS;
        pilot.rate = pilot.law();
        pilot
    }

    /// The present rate, requests per second.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The shape of the rate law now.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The rate that the pace never passes.
    pub fn ceiling(&self) -> f64 {
        self.ceiling
    }

    /// Until when the gate is closed; none if it is open.
    pub fn closed_until(&self) -> Option<f64> {
        self.block.map(|_| self.hold_until)
    }

    /// The anchor, once a refusal has taught one.
    pub fn learnt(&self) -> Option<f64> {
        match self.mode {
            Mode::SlowStart => None,
            Mode::Steady | Mode::Window => Some(self.anchor),
        }
    }

    /// Changes the ceiling; the schedule stays, so no request leaves closer to the last than the new rate allows.
    /// A pace that began at its ceiling, and was never refused, goes on at the new one.
    pub fn set_ceiling(&mut self, ceiling: f64) {
        if self.first >= self.ceiling {
            self.first = ceiling;
        }
        self.ceiling = ceiling;
        self.floor = FLOOR_PER_SEC.min(ceiling);
        self.rate = self.law();
    }

    /// When the next request may leave; none while the answer to a probe is awaited.
    pub fn ready_at(&self) -> Option<f64> {
        match self.block {
            Some(Block { probe: Some(_), .. }) => None,
            Some(Block { probe: None, .. }) => Some(self.hold_until),
            None => Some(self.slot + 1.0 / self.rate),
        }
    }

    /// A request leaves `now`, which is not before [`Self::ready_at`].
    pub fn on_send(&mut self, now: f64) {
        self.now = now;
        if self.last_send.is_none() {
            self.cycle.since = now;
            self.delivered.start(now);
        }
        if let Some(block) = &mut self.block {
            block.probe = Some(now);
            self.slot = now;
            self.last_send = Some(now);
            return;
        }
        let gap = 1.0 / self.rate;
        let due = self.slot + gap;
        // Time in which there was nothing to send says nothing about the quota, so it must not raise the rate.
        if let Some(last) = self.last_send
            && now - due < 0.5 * gap + PACED_SLACK_SECS
        {
            self.age_secs += (now - last).min(1.5 * gap);
        }
        self.slot = next_slot(due, gap, now);
        self.last_send = Some(now);
        self.rate = self.law();
    }

    fn law(&mut self) -> f64 {
        let (anchor, age) = (self.anchor, self.age_secs);
        let raw = match self.mode {
            Mode::SlowStart => self.first * (age / DOUBLING_SECS).exp2(),
            Mode::Steady if age < CLIMB_SECS => anchor * (1.0 - self.cut * (1.0 - age / CLIMB_SECS).powi(3)),
            Mode::Steady => {
                let beyond = anchor * (1.0 + PROBING_GAIN * ((age - CLIMB_SECS) / PROBING_SECS).powi(3));
                beyond.min(anchor.max(self.growth_limit()))
            }
            Mode::Window => {
                let linear = anchor * (1.0 - WINDOW_CUT) + WINDOW_SLOPE * anchor.sqrt() * age;
                if age > WINDOW_GROWTH_AFTER_SECS {
                    let late = ((age - WINDOW_GROWTH_AFTER_SECS) / PROBING_SECS).powi(3);
                    linear.max((linear + anchor * PROBING_GAIN * late).min(self.growth_limit()))
                } else {
                    linear
                }
            }
        };
        raw.clamp(self.floor, self.ceiling)
    }

    fn growth_limit(&mut self) -> f64 {
        GROWTH_OVER_DELIVERED * self.delivered.best_per_sec(self.now)
    }
}

/// The slot that a request takes which was `due` and leaves `now`, at gaps of `gap`.
///
/// A request that is hardly late takes the slot it was due in, so that late timers do not add up to a slower
/// pace. One that is later starts the schedule anew; only at gaps below [`LATE_MAX_SECS`] it keeps that much arrears.
fn next_slot(due: f64, gap: f64, now: f64) -> f64 {
    if now - due <= LATE_MAX_SECS {
        due
    } else if gap < LATE_MAX_SECS {
        now - LATE_MAX_SECS
    } else {
        now
    }
}
