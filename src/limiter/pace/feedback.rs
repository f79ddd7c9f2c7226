//! What an answer does to the pace: cuts, closed gates and probes.
//!
//! Owns: the answers' half of [`Pilot`]. An *incident* is all refusals of requests that were sent before the cut
//! which the first of them caused: it counts once. Invariant: see `pace`. May import: nothing but `pace`.
//! Tests: `pace/tests.rs`.

use crate::limiter::pace::phase::{AGREE_SECS, ARRIVAL_SECS, PERIOD_SECS, Stage};
use crate::limiter::pace::{Block, CUT_MIN, Cycle, Mode, Pilot, Refusal, Uniform};

/// The cut at the first incident, of slow start or after an outage.
const CUT_FIRST: f64 = 0.30;
/// The most that any other incident cuts.
const CUT_MAX: f64 = 0.40;
/// Outcomes in which incidents are counted: the bits of `Pilot::outcomes`.
const OUTCOMES: f64 = 16.0;
/// The first hold of a closed gate; twice that where a window is spent.
const HOLD_FIRST_SECS: f64 = 0.25;
/// Holds double up to this, then grow with the time the gate is closed.
const HOLD_FAST_SECS: f64 = 2.0;
/// A hold is this share of the time the gate is closed.
const HOLD_SHARE: f64 = 0.30;
/// The longest hold in the first [`LONG_SECS`].
const HOLD_MAX_SECS: f64 = 60.0;
/// The longest hold after that.
const HOLD_LONG_MAX_SECS: f64 = 1_800.0;
/// A gate closed for this long has another cause than a short quota.
const LONG_SECS: f64 = 900.0;
/// A gate closed for this long is also probed just after the next reset of a day's quota.
const MAYBE_DAY_SECS: f64 = 600.0;
/// Holds vary by this share either way, so that several programs do not probe in step.
const HOLD_SPREAD: f64 = 0.15;
/// Random wait after the moment that `Retry-After` names.
const RETRY_AFTER_SPREAD_SECS: f64 = 0.5;
/// So many refused probes in a row are taken for the server's own wish; after them a hold is at least as long as without one.
const TOLD_BELIEVED: u32 = 3;
/// The hold after a probe whose outcome is unknown.
const UNKNOWN_HOLD_SECS: f64 = 2.0;
/// A gate closed for longer than this was an outage or a day: the old rate is still the best guess.
const OUTAGE_SECS: f64 = 120.0;
/// A gate closed for at least this means a spent window.
const WINDOW_MIN_SECS: f64 = 1.5;
/// The same where the server told how long to wait.
const WINDOW_MIN_TOLD_SECS: f64 = 5.0;
/// A window's anchor over the rate that the last one admitted.
const WINDOW_GAIN: f64 = 1.10;
/// A window is thought to be spent if it admitted at least this share of what the one before did.
const SPENT_SHARE: f64 = 0.70;
/// A window keeps at least this share of the anchor.
const ANCHOR_KEPT_MIN: f64 = 0.30;

/// The anchor in a descent, over the rate that was admitted in it.
const DESCENT_GAIN: f64 = 1.2;
/// What was admitted in a shorter time than this is chance.
const DESCENT_SECS_MIN: f64 = 0.2;
/// A descent is over after this time: then the law alone decides.
const DESCENT_SECS_MAX: f64 = 30.0;

impl Pilot {
    /// The quota let a request in that was sent at `sent` (5xx answers too).
    pub fn on_admitted(&mut self, now: f64, sent: f64) {
        self.cycle.admitted = self.cycle.admitted.saturating_add(1);
        if let Some(descent) = &mut self.descent {
            descent.admitted = descent.admitted.saturating_add(1);
        }
        self.delivered.count(now);
        self.outcomes <<= 1;
        match self.block {
            Some(block) if block.probe.is_some_and(|probe| sent >= probe) => {
                self.open_gate(&block, now, sent);
            }
            Some(_) | None if sent > self.cut_at => self.suspect = false,
            Some(_) | None => {}
        }
    }

    /// The server refused a request for quota that was sent at `sent`.
    pub fn on_refused(&mut self, now: f64, sent: f64, refusal: &Refusal, uniform: Uniform<'_>) {
        match self.block {
            None => self.on_refused_open(now, sent, refusal, uniform),
            // A stray answer from before the gate closed tells nothing new.
            Some(block) if block.probe.is_none_or(|probe| sent < probe) => {}
            Some(block) => self.on_refused_probe(block, now, sent, refusal, uniform),
        }
    }

    /// Nobody will tell what became of a request that was sent at `sent`.
    pub fn on_unknown(&mut self, now: f64, sent: f64) {
        if let Some(block) = &mut self.block
            && block.probe.is_some_and(|probe| sent >= probe)
        {
            block.probe = None;
            self.hold_until = now + UNKNOWN_HOLD_SECS;
        }
    }

    /// The gate was closed before a restart, and stays so until `until`: then one request finds out. How long it was closed is
    /// not known, so it counts as an outage: the rate that was learnt before is still the best guess.
    pub fn hold(&mut self, now: f64, until: f64) {
        self.hold_until = until;
        self.mode_before = self.mode;
        self.block = Some(Block {
            since: now - 2.0 * OUTAGE_SECS,
            probe: None,
            refused: 0,
            last_refused: now,
            told: true,
            day: false,
            stage: Stage::None,
        });
    }

    /// The day whose spent quota closed the gate is over: the next request is the probe.
    pub fn end_day(&mut self, now: f64) {
        if self.block.is_some_and(|block| block.day && block.probe.is_none()) {
            self.hold_until = self.hold_until.min(now);
        }
    }

    fn on_refused_open(&mut self, now: f64, sent: f64, refusal: &Refusal, uniform: Uniform<'_>) {
        let told = refusal.retry_after_secs.is_some();
        let day = refusal.day_until.is_some();
        if sent <= self.cut_at && !told && !day {
            return;
        }
        let second = self.suspect;
        if !second {
            self.cut_rate(now);
        }
        let window = self.mode_before == Mode::Window;
        if !(day || told || second || window) {
            self.suspect = true;
            return;
        }
        let first = HOLD_FIRST_SECS * if window { 2.0 } else { 1.0 };
        self.hold_until = told_hold(now, refusal, uniform).unwrap_or_else(|| now + first * spread(uniform));
        self.block = Some(Block {
            since: now,
            probe: None,
            refused: 0,
            last_refused: sent,
            told,
            day,
            stage: Stage::None,
        });
    }

    fn on_refused_probe(
        &mut self,
        mut block: Block,
        now: f64,
        sent: f64,
        refusal: &Refusal,
        uniform: Uniform<'_>,
    ) {
        block.refused = block.refused.saturating_add(1);
        block.probe = None;
        block.last_refused = sent;
        block.day = refusal.day_until.is_some();
        if block.stage == Stage::End {
            self.phase.forget();
        }
        let predicted = if self.is_window_spent() { self.phase.predict(now, block.stage) } else { None };
        if let Some(until) = told_hold(now, refusal, uniform) {
            // A server that keeps asking for a second through an outage is not asked again each second.
            let own =
                if block.refused > TOLD_BELIEVED { hold_secs(now - block.since, block.refused) } else { 0.0 };
            self.hold_until = until.max(now + own * spread(uniform));
        } else if let Some((at, stage)) = predicted {
            self.hold_until = at;
            block.stage = stage;
        } else {
            let closed = now - block.since;
            let until = now + hold_secs(closed, block.refused) * spread(uniform);
            let until = until.min(self.reopening_after(now).unwrap_or(until));
            self.hold_until = if closed > MAYBE_DAY_SECS { until.min(refusal.next_reset) } else { until };
        }
        self.block = Some(block);
    }

    /// Whether what closed the gate may be a spent window: it held about as much as the one before. One that is refused
    /// long before that is refused for another reason, and to wait for the window's end would waste most of it.
    fn is_window_spent(&self) -> bool {
        let admitted = f64::from(self.cycle.admitted);
        self.mode_before == Mode::Window && admitted >= SPENT_SHARE * f64::from(self.window_before)
    }

    /// When a window of a minute that opened with the present cycle opens again, if that is still to come: a hold that went
    /// on beyond it would waste the beginning of the next one.
    fn reopening_after(&self, now: f64) -> Option<f64> {
        let opens = self.cycle.since + PERIOD_SECS + AGREE_SECS;
        (opens > now + ARRIVAL_SECS).then_some(opens)
    }

    /// The first refusal of an incident.
    fn cut_rate(&mut self, now: f64) {
        self.mode_before = self.mode;
        let best = self.anchor.max(self.rate);
        self.outcomes = self.outcomes << 1 | 1;
        let incidents = f64::from(self.outcomes.count_ones());
        let share = match self.mode {
            Mode::SlowStart => CUT_FIRST,
            Mode::Steady | Mode::Window => ((incidents - 1.0) / OUTCOMES).clamp(CUT_MIN, CUT_MAX),
        };
        let mut low = self.floor.max(self.rate * (1.0 - share));
        self.anchor = self.floor.max(self.rate);
        if incidents > 1.0 && self.mode != Mode::SlowStart {
            self.anchor = low.max(best.min(self.delivered.per_sec(now)));
        }
        if let Some(seen) = self.seen_in_descent(now) {
            self.anchor = self.floor.max(self.anchor.min(DESCENT_GAIN * seen));
            low = self.floor.max(low.min(self.anchor * (1.0 - share)));
        }
        self.cut = CUT_MIN.max(1.0 - low / self.anchor);
        self.mode = Mode::Steady;
        self.age_secs = 0.0;
        self.cut_at = now;
        self.suspect = false;
        self.rate = self.law();
    }

    /// What the quota was seen to admit, requests per second, where the rate is still a descent from a ceiling that is
    /// no evidence: share by share it would take a dozen incidents to come down from far above.
    fn seen_in_descent(&mut self, now: f64) -> Option<f64> {
        if self.mode == Mode::SlowStart && self.first >= self.ceiling {
            self.descent = Some(Cycle { since: now, admitted: 0 });
            return None;
        }
        let span = now - self.descent?.since;
        if span > DESCENT_SECS_MAX {
            self.descent = None;
        }
        let descent = self.descent.filter(|_| span >= DESCENT_SECS_MIN)?;
        Some(f64::from(descent.admitted) / span)
    }

    /// A probe was admitted.
    fn open_gate(&mut self, block: &Block, now: f64, sent: f64) {
        let closed = now - block.since;
        let window_min = if block.told { WINDOW_MIN_TOLD_SECS } else { WINDOW_MIN_SECS };
        let probed = block.refused >= 1 || block.stage != Stage::None;
        if closed > OUTAGE_SECS {
            self.mode = Mode::Steady;
            self.cut = CUT_FIRST;
            self.cycle = Cycle { since: now, admitted: 1 };
        } else if closed >= window_min || self.mode_before == Mode::Window && probed {
            let cycle = f64::from(self.cycle.admitted) / (now - self.cycle.since).max(1e-9);
            let average = cycle.max(self.delivered.per_sec(now));
            let wanted = (ANCHOR_KEPT_MIN * self.anchor).max(WINDOW_GAIN * average);
            self.anchor = self.floor.max(self.anchor.min(wanted));
            self.mode = Mode::Window;
            self.window_before = self.cycle.admitted;
            self.cycle = Cycle { since: now, admitted: 1 };
            if !block.told {
                self.phase.learn(block.last_refused, sent, now);
            }
        }
        self.block = None;
        self.suspect = false;
        self.age_secs = 0.0;
        self.slot = now;
        self.cut_at = now;
        self.rate = self.law();
    }
}

/// The hold that the server asks for; none if it does not.
fn told_hold(now: f64, refusal: &Refusal, uniform: Uniform<'_>) -> Option<f64> {
    let after = || refusal.retry_after_secs.map(|secs| now + secs + uniform(0.0, RETRY_AFTER_SPREAD_SECS));
    refusal.day_until.or_else(after)
}

/// How long to wait with the next probe, once `refused` probes were refused in `closed` seconds.
fn hold_secs(closed: f64, refused: u32) -> f64 {
    let doubled = HOLD_FIRST_SECS * f64::from(refused.min(16)).exp2();
    let longest = if closed < LONG_SECS { HOLD_MAX_SECS } else { HOLD_LONG_MAX_SECS };
    doubled.min(HOLD_FAST_SECS).max(HOLD_SHARE * closed).min(longest)
}

fn spread(uniform: Uniform<'_>) -> f64 {
    uniform(1.0 - HOLD_SPREAD, 1.0 + HOLD_SPREAD)
}
