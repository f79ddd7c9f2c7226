//! One class at the limiter: its pace, ceiling, budget, queue and counts, and what they decide together.
//!
//! Owns: the order of the questions. First whether the library has anything left today and whether leave is near
//! enough to wait for; then whose turn it is; then pace, requests at once, ceiling, and the reserve on disk.
//! Invariant: one short lock, never held across a wait; reads no clock and does no I/O.
//! May import: `config`, `media`, `status`. Tests: in `limiter/tests`.

use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

use crate::limiter::bucket::Gate;
use crate::limiter::budget::{DayBudget, DayRecord, next_reset};
use crate::limiter::class::Allowed;
use crate::limiter::comeback::{Asking, Comeback};
use crate::limiter::concurrency::Concurrency;
use crate::limiter::ledger::ClassRecord;
use crate::limiter::moment::{Moment, duration};
use crate::limiter::pace::{Pilot, Refusal};
use crate::limiter::queue::Queue;
use crate::limiter::told::Told;
use crate::limiter::verdict::{Refused, Sent, Verdict};
use crate::limiter::{Class, Limiter, Parked, Throttle, Window};
use crate::media::LibraryName;
use crate::status::{BLOCKED, ClassStatus, DAY_SPENT};

/// A moment counts as come this long before it is, seconds: times are rounded, and a timer asked for less than it
/// can measure would return without any time gone by.
const EARLY_SECS: f64 = 1e-6;
/// Random wait after the reset of a day's quota, milliseconds, so that not everybody comes at once.
const RESET_SPREAD_MS: std::ops::Range<i64> = 0..60_000;
/// A hold that ends sooner is not kept over a restart: the restart takes about as long.
const KEPT_HOLD_MIN: TimeDelta = TimeDelta::seconds(10);
/// A kept hold that is longer than this was written under a wrong clock.
const KEPT_HOLD_MAX: TimeDelta = TimeDelta::hours(25);
/// No wish of the server is obeyed for longer than a day: then one request finds out.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(86_400);

/// How often it is looked whether what Google told still holds.
const TOLD_LOOK_AFTER: Duration = Duration::from_secs(600);

#[derive(Debug)]
struct State {
    pilot: Pilot,
    gate: Gate,
    budget: DayBudget,
    at_once: Concurrency,
    queue: Queue,
    comeback: Comeback,
    /// What the configuration allows.
    allowed: Allowed,
    /// What Google told of it.
    told: Told,
    /// When the newest request left.
    went_at: f64,
    /// When to look next whether what was told still holds.
    limits_due: Duration,
    sent: u64,
    throttled: u64,
    sent_by: BTreeMap<LibraryName, u64>,
}

/// One class at the limiter.
#[derive(Debug)]
pub(crate) struct Lane {
    class: Class,
    state: Mutex<State>,
}

impl Lane {
    /// A class that may send what is `allowed`, and goes on from `record`.
    pub(crate) fn new(
        class: Class,
        now: Moment,
        allowed: Allowed,
        record: Option<ClassRecord>,
        on_disk: bool,
    ) -> Self {
        let record = record.unwrap_or_default();
        let told = record.told;
        let ceiling = told.ceiling(allowed.per_sec, now.wall);
        let mut pilot =
            record.pace.map_or_else(|| Pilot::new(ceiling, ceiling), |pace| Pilot::resume(pace, ceiling));
        if let Some(until) = record.closed_until
            && (KEPT_HOLD_MIN..KEPT_HOLD_MAX).contains(&(until - now.wall))
        {
            pilot.hold(now.secs(), now.secs_at(until));
        }
        let state = State {
            pilot,
            gate: Gate::new(ceiling),
            budget: DayBudget::new(
                told.per_day(allowed.per_day, now.wall),
                record.day,
                on_disk,
                reset_jitter(),
            ),
            at_once: Concurrency::default(),
            queue: Queue::default(),
            comeback: Comeback::default(),
            allowed,
            went_at: f64::NEG_INFINITY,
            told,
            limits_due: now.mono,
            sent: 0,
            throttled: 0,
            sent_by: BTreeMap::new(),
        };
        Self { class, state: Mutex::new(state) }
    }

    /// Takes a place in the queue; returns its ticket.
    pub(crate) fn enter(&self, now: Moment, library: &LibraryName, wake: Arc<Notify>) -> u64 {
        self.lock().queue.enter(library, wake, now.secs())
    }

    /// Gives a place up.
    pub(crate) fn leave(&self, now: Moment, library: &LibraryName, ticket: u64) {
        self.lock().queue.leave(library, ticket, now.secs());
    }

    /// What the one with `ticket` is to do now; with [`Verdict::Go`] its place is given up and the request counted.
    pub(crate) fn decide(&self, now: Moment, library: &LibraryName, ticket: u64) -> Verdict {
        let state = &mut *self.lock();
        if let Some(until) = state.budget.parked_until(now.wall, library) {
            return Verdict::Park(Parked { until, day: true });
        }
        let secs = now.secs();
        state.pilot.end_day(secs);
        state.forget_told(now);
        let ready = state.pilot.ready_at();
        if let Some(at) = ready
            && state.pilot.closed_until().is_some()
            && at - secs > Limiter::PARK_AFTER.as_secs_f64()
        {
            return Verdict::Park(Parked { until: now.wall_at(at), day: false });
        }
        if !state.queue.has_turn(ticket) {
            return Verdict::Wait;
        }
        let Some(at) = ready.map(|at| at.max(state.spread_until(now))) else { return Verdict::Wait };
        if at > secs + EARLY_SECS {
            return Verdict::Sleep(duration(at));
        }
        if !state.at_once.has_room(secs) {
            return Verdict::Wait;
        }
        if let Some(until) = state.kept_until(secs, library) {
            return Verdict::Sleep(duration(until));
        }
        if state.budget.needs_reserve() {
            return Verdict::Save;
        }
        if let Err(wait) = state.gate.check(now.mono) {
            return Verdict::Sleep(now.mono + wait);
        }
        state.go(secs, library);
        state.queue.serve(library, ticket, secs);
        Verdict::Go(Sent { at: secs, date: state.budget.date(), library: library.clone() })
    }

    /// The quota let `sent` in.
    pub(crate) fn admitted(&self, now: Moment, sent: &Sent) {
        self.answer(now, sent, |state| state.pilot.on_admitted(now.secs(), sent.at));
    }

    /// Nobody will tell what became of `sent`.
    pub(crate) fn unknown(&self, now: Moment, sent: &Sent) {
        self.answer(now, sent, |state| state.pilot.on_unknown(now.secs(), sent.at));
    }

    /// `sent` never left the machine.
    pub(crate) fn unsent(&self, now: Moment, sent: &Sent) {
        self.answer(now, sent, |state| {
            state.budget.uncount(&sent.library, sent.date);
            state.pilot.on_unknown(now.secs(), sent.at);
        });
    }

    /// `sent` was refused for quota; what follows from it outside this class.
    pub(crate) fn throttled(&self, now: Moment, sent: &Sent, throttle: &Throttle) -> Refused {
        let (mut closed_until, mut lowered) = (None, None);
        self.answer(now, sent, |state| {
            state.throttled += 1;
            state.budget.uncount(&sent.library, sent.date);
            let before = state.pilot.ceiling();
            state.refused(now, sent, throttle);
            lowered = (state.pilot.ceiling() < before).then(|| state.pilot.ceiling());
            closed_until = state.pilot.closed_until();
        });
        let is_long = closed_until.is_some_and(|at| now.wall_at(at) - now.wall >= KEPT_HOLD_MIN);
        Refused { is_urgent: throttle.window == Window::Day || is_long, lowered }
    }

    /// Takes over what is allowed now; what Google told of the old ones is void with them.
    pub(crate) fn apply(&self, now: Moment, allowed: Allowed) {
        let state = &mut *self.lock();
        state.allowed = allowed;
        state.use_limits(now);
        state.queue.wake_turn();
    }

    /// The number of libraries among which a day is shared.
    pub(crate) fn set_libraries(&self, number: usize) {
        self.lock().budget.set_libraries(number);
    }

    /// What to write of this class; with a reserve if `ahead`.
    pub(crate) fn record(&self, now: Moment, ahead: bool) -> ClassRecord {
        let state = self.lock();
        let ahead_per_sec = ahead.then(|| state.pilot.rate());
        ClassRecord {
            day: state.budget.record(ahead_per_sec),
            pace: state.pilot.learnt(),
            told: state.told,
            bytes: None,
            closed_until: state.pilot.closed_until().map(|secs| now.wall_at(secs)),
        }
    }

    /// `day` was written.
    pub(crate) fn on_written(&self, day: &DayRecord) {
        self.lock().budget.on_written(day);
    }

    /// Requests sent for `library`.
    pub(crate) fn sent_by(&self, library: &LibraryName) -> u64 {
        self.lock().sent_by.get(library).copied().unwrap_or(0)
    }

    /// This class at this moment.
    pub(crate) fn status(&self, now: Moment) -> ClassStatus {
        let state = &mut *self.lock();
        let spent_until = state.budget.spent_until(now.wall);
        let closed = state.pilot.closed_until().map(|secs| now.wall_at(secs));
        let mode = match (spent_until, closed) {
            (Some(_), _) => DAY_SPENT,
            (None, Some(_)) => BLOCKED,
            (None, None) => state.pilot.mode().word(),
        };
        ClassStatus {
            class: self.class.word().to_owned(),
            pace: state.pilot.rate(),
            ceiling: state.pilot.ceiling(),
            ceiling_told: state.pilot.ceiling() < state.allowed.per_sec,
            mode: mode.to_owned(),
            day_used: state.budget.used(),
            day_budget: state.budget.limit(),
            day_bytes: 0,
            day_bytes_budget: None,
            parked_until: spent_until.or(closed),
            sent: state.sent,
            throttled: state.throttled,
        }
    }

    /// Takes in an answer, and wakes the one with the turn if it may now leave at another moment.
    fn answer(&self, now: Moment, sent: &Sent, take_in: impl FnOnce(&mut State)) {
        let state = &mut *self.lock();
        let before = (state.pilot.ready_at(), state.at_once.is_full());
        take_in(state);
        state.at_once.on_end();
        state.comeback.on_end(&sent.library, sent.at, now.secs());
        if (state.pilot.ready_at(), state.at_once.is_full()) != before {
            state.queue.wake_turn();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What was told long ago holds no more; looked at once in a while.
    fn forget_told(&mut self, now: Moment) {
        if now.mono >= self.limits_due {
            self.limits_due = now.mono + TOLD_LOOK_AFTER;
            self.use_limits(now);
        }
    }

    /// Until when the next request is put off so that the day's budget lasts for the day.
    fn spread_until(&self, now: Moment) -> f64 {
        let gap = if self.allowed.spread { self.budget.gap_secs(now.wall) } else { 0.0 };
        self.went_at + gap.min(Limiter::PARK_AFTER.as_secs_f64())
    }

    /// Until when this slot of `library` is kept for another that is about to come back.
    fn kept_until(&self, secs: f64, library: &LibraryName) -> Option<f64> {
        // A closed gate lets a probe through at its moment, whose it is does not matter.
        if self.pilot.closed_until().is_some() {
            return None;
        }
        let used = self.queue.used_lately(library, secs);
        let asking = Asking { library, now: secs, gap_secs: 1.0 / self.pilot.rate(), used };
        let others = |other: &LibraryName| {
            (!self.queue.is_waiting(other)).then(|| self.queue.used_lately(other, secs))
        };
        self.comeback.kept_until(asking, others)
    }

    fn go(&mut self, secs: f64, library: &LibraryName) {
        self.pilot.on_send(secs);
        self.went_at = secs;
        self.comeback.on_send(library, secs);
        self.budget.count(library);
        self.at_once.on_send();
        self.sent += 1;
        if let Some(sent) = self.sent_by.get_mut(library) {
            *sent += 1;
        } else {
            self.sent_by.insert(library.clone(), 1);
        }
    }

    fn refused(&mut self, now: Moment, sent: &Sent, throttle: &Throttle) {
        let mut day_until = None;
        // What each user may send, all libraries may send together so many times.
        let users = if throttle.per_user { self.budget.libraries() } else { 1 };
        let limit = throttle.limit.map(|limit| limit.saturating_mul(users));
        match throttle.window {
            // The rate is not at fault, and a cut would not help.
            Window::Concurrent => {
                self.at_once.on_refused(now.secs(), sent.at);
                self.pilot.on_unknown(now.secs(), sent.at);
                return;
            }
            Window::Day => {
                if let Some(limit) = limit {
                    self.told.learn_per_day(limit, self.allowed.per_day, now.wall);
                    self.use_limits(now);
                }
                day_until = Some(now.secs_at(self.budget.mark_spent(now.wall)));
                self.queue.wake_turn();
            }
            Window::Minute => {
                if let Some(per_minute) = limit {
                    self.told.learn_per_minute(per_minute, self.allowed.per_sec, now.wall);
                    self.use_limits(now);
                }
            }
            Window::Unknown => {}
        }
        let refusal = Refusal {
            retry_after_secs: throttle.retry_after.filter(|after| !after.is_zero()).map(bounded_secs),
            day_until,
            next_reset: now.secs_at(next_reset(now.wall) + reset_jitter()),
        };
        self.pilot.on_refused(now.secs(), sent.at, &refusal, &mut |from, to| rand::random_range(from..to));
    }

    /// Has pace, gate and budget obey what is configured and what Google told.
    fn use_limits(&mut self, now: Moment) {
        self.budget.set_limit(self.told.per_day(self.allowed.per_day, now.wall));
        let ceiling = self.told.ceiling(self.allowed.per_sec, now.wall);
        if (ceiling - self.pilot.ceiling()).abs() > f64::EPSILON {
            self.pilot.set_ceiling(ceiling);
            self.gate.set_ceiling(now.mono, ceiling);
        }
    }
}

/// The random wait after the reset of a day.
pub(crate) fn reset_jitter() -> TimeDelta {
    TimeDelta::milliseconds(rand::random_range(RESET_SPREAD_MS))
}

/// The least rest that the server's wish means.
pub(crate) fn bounded(retry_after: Duration) -> Duration {
    retry_after.min(RETRY_AFTER_MAX)
}

fn bounded_secs(retry_after: Duration) -> f64 {
    bounded(retry_after).as_secs_f64()
}
