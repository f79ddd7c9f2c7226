//! When a library's runs are due: its schedule, the splay, and runs missed while the daemon was down.
//!
//! Owns: the next due moment. Invariant: pure; never sleeps and reads no clock; a jump of the wall clock moves the next
//! run but never loses it. May import: `status`. Tests: below. The clock's ticks come from `ticker.rs`.

use chrono::{DateTime, TimeDelta, Utc};
use std::fmt;
use std::time::Duration;

use crate::status::{RunEnd, RunSummary};

/// A missed run begins within this after the start, so that a reboot does not start all libraries in one second.
pub const CATCH_UP_SPLAY_MAX: Duration = Duration::from_secs(30);

/// A step back of the wall clock longer than this arms the schedule anew; shorter ones are ordinary time keeping.
pub(crate) const STEP_BACK_MAX: TimeDelta = TimeDelta::minutes(1);

/// The first due moment after another; none: only when a person asks.
pub type DueAfter = Box<dyn Fn(DateTime<Utc>) -> Option<DateTime<Utc>> + Send + Sync>;

/// What decides on the first run of a worker.
#[derive(Clone, Debug)]
pub struct LastSeen<'a> {
    /// The newest run that has ended.
    pub last_run: Option<&'a RunSummary>,
    /// Whether a run began after that one, and no process is left to end it.
    pub has_open_run: bool,
    /// Whether there is a usable token.
    pub has_token: bool,
}

/// When the first run of a worker begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstRun {
    /// When the schedule says.
    WhenDue,
    /// Soon: a run was missed or cut short, or the library was never synced.
    Soon,
}

/// The next due moment of one library.
pub struct Timetable {
    due_after: DueAfter,
    splay: Duration,
    next: Option<DateTime<Utc>>,
    seen: DateTime<Utc>,
}

/// Whether a run begins soon after the start. A library whose schedule is `manual` never begins by itself.
pub fn decide_first_run(due_after: &DueAfter, seen: &LastSeen<'_>, now: DateTime<Utc>) -> FirstRun {
    let scheduled = due_after(now).is_some();
    if !scheduled || !seen.has_token {
        return FirstRun::WhenDue;
    }
    let Some(last) = seen.last_run else { return FirstRun::Soon };
    let missed = due_after(last.started).is_some_and(|due| due <= now);
    let went_through = match last.end {
        RunEnd::Complete | RunEnd::Incomplete => true,
        RunEnd::Interrupted
        | RunEnd::Throttled
        | RunEnd::NeedsLogin
        | RunEnd::DiskFull
        | RunEnd::Transient
        | RunEnd::Failed => false,
    };
    if missed || seen.has_open_run || !went_through { FirstRun::Soon } else { FirstRun::WhenDue }
}

/// A random part of `splay`; `fraction` is a random number from 0 to 1.
pub fn splay_for(splay: Duration, fraction: f64) -> TimeDelta {
    TimeDelta::from_std(splay.mul_f64(fraction.clamp(0.0, 1.0))).unwrap_or(TimeDelta::zero())
}

// === impl Timetable ===

impl Timetable {
    /// A timetable armed for the first due moment after `now`, plus a random part of `splay`.
    pub fn new(due_after: DueAfter, splay: Duration, now: DateTime<Utc>, fraction: f64) -> Self {
        let mut table = Self { due_after, splay, next: None, seen: now };
        table.arm(now, fraction);
        table
    }

    /// Moves the first run to soon after `now`, if [`decide_first_run`] says so.
    pub fn begin(&mut self, seen: &LastSeen<'_>, now: DateTime<Utc>, fraction: f64) {
        match decide_first_run(&self.due_after, seen, now) {
            FirstRun::WhenDue => {}
            FirstRun::Soon => {
                let soon = now + splay_for(self.splay.min(CATCH_UP_SPLAY_MAX), fraction);
                self.next = Some(self.next.map_or(soon, |next| next.min(soon)));
            }
        }
    }

    /// Whether a run is due at `now`; if so, the next one is armed.
    pub fn tick(&mut self, now: DateTime<Utc>, fraction: f64) -> bool {
        let stepped_back = now < self.seen - STEP_BACK_MAX;
        self.seen = now;
        let due = self.next.is_some_and(|next| next <= now);
        if due || stepped_back {
            self.arm(now, fraction);
        }
        due
    }

    /// When the next run is due.
    pub fn next(&self) -> Option<DateTime<Utc>> {
        self.next
    }

    fn arm(&mut self, now: DateTime<Utc>, fraction: f64) {
        self.next = (self.due_after)(now).map(|due| due + splay_for(self.splay, fraction));
    }
}

impl fmt::Debug for Timetable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timetable")
            .field("splay", &self.splay)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
