//! What is used of one budget in one day, which Google ends at midnight in America/Los_Angeles: requests of a class, or bytes.
//!
//! Owns: the count against the day's budget, by library, and the mark that Google itself said the day's quota is
//! spent. A request counts when it is sent, and not if it was refused for quota.
//!
//! Who may use the last twentieth of a budget: only libraries that have used no more than their fair
//! share of the day, which is the budget divided by the configured libraries. So the first sync of a large library leaves
//! something for the others, whenever they come, and a library alone may use it all.
//!
//! What is on disk is never below what was sent: a *reserve* is written ahead, and no request above it leaves
//! before a larger one is written. After a crash the reserve counts as used.
//!
//! Invariant: reads no clock; the wall clock comes in as a value, and one that is set back does not give a day
//! twice. May import: `media`. Tests: `budget/tests.rs`.

#[cfg(test)]
mod tests;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::America::Los_Angeles;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::media::LibraryName;

/// The share of a budget that is kept for libraries below their fair share, percent.
const KEPT_BACK_PERCENT: u64 = 5;
/// In this time after a reset a spent day is believed to be the last one: clocks differ, and resets are not sharp.
const RESET_LATE_MAX: TimeDelta = TimeDelta::minutes(30);
/// How long to wait for a reset that is late.
const RESET_LATE_WAIT: TimeDelta = TimeDelta::minutes(5);
/// No mark of a spent day lasts longer than the longest day (25 h) and the random wait; one that does was set
/// while the clock was wrong.
const MARK_MAX: TimeDelta = TimeDelta::minutes(25 * 60 + 2);
/// What a reserve holds beyond a second's requests, so that a slow class is not written for every request.
const RESERVE_MIN: u64 = 5;
/// How far a reserve reaches at the present pace.
const RESERVE_SECS: f64 = 1.25;
/// The most that a reserve holds of the day's budget, percent: at any pace, a hundred crashes do not spend a day.
const RESERVE_PERCENT_MAX: u64 = 1;

/// What survives a restart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DayRecord {
    /// The day, in America/Los_Angeles.
    pub(crate) date: NaiveDate,
    /// Requests counted, or reserved.
    pub(crate) used: u64,
    /// Requests counted by library; not exact after a crash.
    #[serde(default)]
    pub(crate) libraries: BTreeMap<LibraryName, u64>,
    /// The latest day that was counted and its count, if the clock has been set back to an earlier one since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) later: Option<(NaiveDate, u64)>,
    /// Until when Google's own word holds that the day is spent.
    #[serde(default)]
    pub(crate) spent_until: Option<DateTime<Utc>>,
}

/// The requests of one class today.
#[derive(Debug)]
pub struct DayBudget {
    /// Requests in one day; none: not limited.
    limit: Option<u64>,
    day: DayRecord,
    /// What the disk says is used; none: nothing is kept on disk.
    reserve: Option<u64>,
    /// Libraries that are configured; at least those that were seen count.
    libraries: usize,
    /// The random wait after a reset, so that not all who wait for it come at once.
    jitter: TimeDelta,
}

impl DayBudget {
    /// A budget of `limit` requests per day (0: not limited) that goes on from `day`, if that is still today.
    /// `on_disk`: whether reserves are written; `jitter`: the wait after a reset, 0 to 60 s.
    pub fn new(limit: u64, day: DayRecord, on_disk: bool, jitter: TimeDelta) -> Self {
        let reserve = on_disk.then_some(day.used);
        Self { limit: limited(limit), day, reserve, libraries: 1, jitter }
    }

    /// Changes the budget.
    pub(crate) fn set_limit(&mut self, limit: u64) {
        self.limit = limited(limit);
    }

    /// The number of configured libraries.
    pub(crate) fn set_libraries(&mut self, number: usize) {
        self.libraries = number;
    }

    /// The day's budget; none if it is not limited.
    pub(crate) fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Requests counted today.
    pub(crate) fn used(&self) -> u64 {
        self.day.used
    }

    /// The day that requests are counted for.
    pub fn date(&self) -> NaiveDate {
        self.day.date
    }

    /// Until when the class as a whole has nothing left today.
    pub(crate) fn spent_until(&mut self, wall: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.begin_day(wall);
        let by_count = self.limit.is_some_and(|limit| self.day.used >= limit);
        self.day.spent_until.or_else(|| by_count.then(|| next_reset(wall) + self.jitter))
    }

    /// Until when `library` has nothing left today.
    pub fn parked_until(&mut self, wall: DateTime<Utc>, library: &LibraryName) -> Option<DateTime<Utc>> {
        let spent = self.spent_until(wall);
        spent.or_else(|| self.must_leave_rest(library).then(|| next_reset(wall) + self.jitter))
    }

    /// The gap between requests at which the budget lasts until the reset, seconds; 0 if it is not limited.
    pub fn gap_secs(&self, wall: DateTime<Utc>) -> f64 {
        let Some(limit) = self.limit else { return 0.0 };
        let left = limit.saturating_sub(self.day.used).max(1) as f64;
        (next_reset(wall) - wall).as_seconds_f64() / left
    }

    /// Counts a request of `library` that is sent now; [`Self::parked_until`] has allowed it.
    pub fn count(&mut self, library: &LibraryName) {
        self.add(library, 1);
    }

    /// Takes back a request of `library` counted on `date`: it was refused for quota.
    pub fn uncount(&mut self, library: &LibraryName, date: NaiveDate) {
        self.take_back(library, date, 1);
    }

    /// Counts `number` at once.
    pub(crate) fn add(&mut self, library: &LibraryName, number: u64) {
        self.day.used = self.day.used.saturating_add(number);
        if let Some(used) = self.day.libraries.get_mut(library) {
            *used = used.saturating_add(number);
        } else {
            self.day.libraries.insert(library.clone(), number);
        }
    }

    /// Takes `number` of `library` back that were counted on `date`.
    pub(crate) fn take_back(&mut self, library: &LibraryName, date: NaiveDate, number: u64) {
        if date == self.day.date {
            self.day.used = self.day.used.saturating_sub(number);
            if let Some(used) = self.day.libraries.get_mut(library) {
                *used = used.saturating_sub(number);
            }
        }
    }

    /// Google says that the day's quota is spent; returns until when.
    pub(crate) fn mark_spent(&mut self, wall: DateTime<Utc>) -> DateTime<Utc> {
        self.begin_day(wall);
        let late = wall - last_reset(wall) < RESET_LATE_MAX;
        let until = if late { wall + RESET_LATE_WAIT } else { next_reset(wall) };
        *self.day.spent_until.insert(until + self.jitter)
    }

    /// Whether the disk must be told a larger count before the next request leaves.
    pub(crate) fn needs_reserve(&self) -> bool {
        self.needs_reserve_for(1)
    }

    /// Whether the disk must be told a larger count before `number` more are counted.
    pub(crate) fn needs_reserve_for(&self, number: u64) -> bool {
        let after = self.day.used.saturating_add(number);
        self.limit.is_some() && self.reserve.is_some_and(|reserve| after > reserve)
    }

    /// What to write: the exact state, or one with a reserve for a pace of `per_sec`.
    pub(crate) fn record(&self, ahead_per_sec: Option<f64>) -> DayRecord {
        let (Some(per_sec), Some(limit)) = (ahead_per_sec, self.limit) else { return self.record_ahead(0) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a pace is positive")]
        let ahead = ((per_sec * RESERVE_SECS) as u64).min(limit / 100 * RESERVE_PERCENT_MAX);
        self.record_ahead(ahead.saturating_add(RESERVE_MIN))
    }

    /// What to write, with a reserve of `ahead`.
    pub(crate) fn record_ahead(&self, ahead: u64) -> DayRecord {
        let mut record = self.day.clone();
        record.used = record.used.saturating_add(ahead);
        record
    }

    /// `record` was written, or could not be: then counting goes on in memory until the next reserve is due.
    pub(crate) fn on_written(&mut self, record: &DayRecord) {
        if record.date == self.day.date && self.reserve.is_some() {
            self.reserve = Some(record.used);
        }
    }

    /// Libraries that share the day: those that are configured, at least those that were seen.
    pub(crate) fn libraries(&self) -> u64 {
        u64::try_from(self.day.libraries.len().max(self.libraries)).unwrap_or(u64::MAX).max(1)
    }

    fn must_leave_rest(&self, library: &LibraryName) -> bool {
        let Some(limit) = self.limit else { return false };
        let used = self.day.libraries.get(library).copied().unwrap_or(0);
        self.day.used >= limit - limit * KEPT_BACK_PERCENT / 100 && used > limit / self.libraries()
    }

    fn advance_to(&mut self, today: NaiveDate) {
        let known = self.day.later.filter(|(date, _)| *date == today);
        self.day.later = self.day.later.filter(|(date, _)| *date > today);
        self.day.date = today;
        self.day.used = known.map_or(0, |(_, used)| used);
        self.reserve = self.reserve.map(|_| 0);
        self.day.libraries.retain(|_, used| std::mem::take(used) > 0);
    }

    /// Starts a new day's count if the day has ended.
    fn begin_day(&mut self, wall: DateTime<Utc>) {
        let today = pacific_date(wall);
        if today > self.day.date {
            self.advance_to(today);
        } else if today < self.day.date - Days::new(1) {
            // The clock was days ahead, or is days behind now. The count stays, for part of it may have been today; and if the
            // clock is right again later, that day is not given a second time.
            let later = (self.day.date, self.day.used);
            self.day.later = Some(self.day.later.map_or(later, |known| known.max(later)));
            self.day.date = today;
        }
        if self.day.spent_until.is_some_and(|until| until <= wall || until > wall + MARK_MAX) {
            self.day.spent_until = None;
        }
    }
}

fn limited(limit: u64) -> Option<u64> {
    (limit > 0).then_some(limit)
}

/// The day in America/Los_Angeles.
fn pacific_date(wall: DateTime<Utc>) -> NaiveDate {
    wall.with_timezone(&Los_Angeles).date_naive()
}

/// The next midnight in America/Los_Angeles.
pub(crate) fn next_reset(wall: DateTime<Utc>) -> DateTime<Utc> {
    midnight(pacific_date(wall) + Days::new(1), wall + TimeDelta::hours(24))
}

/// The last midnight in America/Los_Angeles.
fn last_reset(wall: DateTime<Utc>) -> DateTime<Utc> {
    midnight(pacific_date(wall), wall)
}

/// The beginning of `date`; `otherwise` if the time zone had none, which has not happened since 1883.
fn midnight(date: NaiveDate, otherwise: DateTime<Utc>) -> DateTime<Utc> {
    let local = Los_Angeles.from_local_datetime(&date.and_time(NaiveTime::MIN)).earliest();
    local.map_or(otherwise, |midnight| midnight.with_timezone(&Utc))
}
