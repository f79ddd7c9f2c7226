//! The bytes that Drive gives all libraries together in one day.
//!
//! Owns: the budget `drive-bytes-per-day`. Google gives a project 1 TB a day; more than the budget is not asked for, so that other
//! uses of the same project live too. A stretch of bytes counts as a whole before it is asked for, and what did not come of it
//! is given back when the answer ends: so what is on disk is never below what came, and a crash counts too much, not too little.
//! The last stretch of a day may pass the budget by its length. Invariant: reads no clock, does no I/O.
//! May import: `config`, `media`, `status`. Tests: `limiter/tests/egress.rs`.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::limiter::budget::{DayBudget, DayRecord};
use crate::media::LibraryName;
use crate::status::{ClassStatus, DAY_SPENT};

/// How far a reserve on disk reaches at least, bytes, so that many short stretches are not written one by one.
const RESERVE_BYTES: u64 = 256 << 20;
/// The most that such a reserve holds of the day's budget, percent.
const RESERVE_PERCENT_MAX: u64 = 1;

/// What became of a claim.
#[derive(Debug)]
pub(crate) enum Claim {
    /// The bytes are counted, on this date.
    Granted(NaiveDate),
    /// The day's bytes are spent until then.
    Spent(DateTime<Utc>),
    /// Write a larger reserve, then claim again.
    Save,
}

#[derive(Debug)]
struct State {
    budget: DayBudget,
    /// What the next reserve must hold, bytes.
    wanted: u64,
}

/// The bytes of today.
#[derive(Debug)]
pub(crate) struct Egress(Mutex<State>);

impl Egress {
    /// A budget of `limit` bytes per day (0: not counted) that goes on from `record`; `jitter` is the wait after a reset.
    pub(crate) fn new(limit: u64, record: Option<DayRecord>, on_disk: bool, jitter: TimeDelta) -> Self {
        let budget = DayBudget::new(limit, record.unwrap_or_default(), on_disk, jitter);
        Self(Mutex::new(State { budget, wanted: 0 }))
    }

    /// Counts `bytes` for `library`, if the day has any left.
    pub(crate) fn claim(&self, wall: DateTime<Utc>, library: &LibraryName, bytes: u64) -> Claim {
        let state = &mut *self.lock();
        if let Some(until) = state.budget.parked_until(wall, library) {
            return Claim::Spent(until);
        }
        if state.budget.needs_reserve_for(bytes) {
            state.wanted = state.wanted.max(bytes);
            return Claim::Save;
        }
        state.budget.add(library, bytes);
        Claim::Granted(state.budget.date())
    }

    /// Gives `bytes` back that were counted on `date` and did not come.
    pub(crate) fn give_back(&self, library: &LibraryName, date: NaiveDate, bytes: u64) {
        self.lock().budget.take_back(library, date, bytes);
    }

    /// Changes the budget.
    pub(crate) fn set_limit(&self, limit: u64) {
        self.lock().budget.set_limit(limit);
    }

    /// The number of libraries among which a day is shared.
    pub(crate) fn set_libraries(&self, number: usize) {
        self.lock().budget.set_libraries(number);
    }

    /// What to write; with a reserve if `ahead`.
    pub(crate) fn record(&self, ahead: bool) -> DayRecord {
        let state = &mut *self.lock();
        if !ahead || state.wanted == 0 {
            return state.budget.record_ahead(0);
        }
        let share = state.budget.limit().unwrap_or(0) / 100 * RESERVE_PERCENT_MAX;
        let reserve = std::mem::take(&mut state.wanted).max(RESERVE_BYTES.min(share));
        state.budget.record_ahead(reserve)
    }

    /// `record` was written, or could not be: then counting goes on in memory.
    pub(crate) fn on_written(&self, record: &DayRecord) {
        self.lock().budget.on_written(record);
    }

    /// Adds what is to be told of the bytes.
    pub(crate) fn add_to(&self, status: &mut ClassStatus, wall: DateTime<Utc>) {
        let state = &mut *self.lock();
        let spent_until = state.budget.spent_until(wall);
        status.day_bytes = state.budget.used();
        status.day_bytes_budget = state.budget.limit();
        if spent_until.is_some() {
            DAY_SPENT.clone_into(&mut status.mode);
            status.parked_until = status.parked_until.max(spent_until);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
