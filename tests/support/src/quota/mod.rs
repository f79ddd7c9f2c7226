//! The project's quotas: what is admitted, and how Google refuses the rest.
//!
//! Owns: the counts. Invariant: a request is charged to every quota of its class or to none; OAuth is
//! never counted. May import: `settings`, `clock`, `reply`. Tests: `quota/tests.rs`.

mod refusal;

pub(crate) use crate::quota::refusal::refuse;

use chrono::{Duration, TimeZone as _};
use chrono_tz::America::Los_Angeles;
use std::collections::{HashMap, VecDeque};

use crate::clock::{Millis, at};
use crate::settings::{Class, Quota, Window};

/// The counts of all quotas.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    counts: HashMap<(usize, Option<String>), Count>,
}

/// One quota's count.
#[derive(Debug, Default)]
struct Count {
    window_ms: Millis,
    used: u64,
    recent: VecDeque<(Millis, u64)>,
    level: Option<(f64, Millis)>,
}

/// Why and until when a request is refused.
#[derive(Clone, Debug)]
pub(crate) struct Exhausted {
    pub(crate) quota: Quota,
    pub(crate) wait_ms: Millis,
}

impl Quotas {
    /// Charges a request of `class` by `account` that costs `units`, or says which quota refuses it.
    pub(crate) fn admit(
        &mut self,
        quotas: &[Quota],
        class: Class,
        account: Option<&str>,
        units: u64,
        now: Millis,
    ) -> Result<(), Exhausted> {
        let key =
            |index: usize, quota: &Quota| (index, account.filter(|_| quota.per_account).map(str::to_owned));
        let mine = || quotas.iter().enumerate().filter(|(_, quota)| quota.class == class);
        let mut refused = None;
        for (index, quota) in mine() {
            let count = self.counts.entry(key(index, quota)).or_default();
            let wait_ms = count.wait_ms(quota.window, units, now);
            if wait_ms > 0 && refused.is_none() {
                refused = Some(Exhausted { quota: quota.clone(), wait_ms });
            }
        }
        for (index, quota) in mine() {
            if refused.is_none() || quota.count_refused {
                self.counts.entry(key(index, quota)).or_default().charge(quota.window, units, now);
            }
        }
        refused.map_or(Ok(()), Err)
    }
}

impl Count {
    /// How long until a request of `units` is admitted; 0: now.
    fn wait_ms(&mut self, window: Window, units: u64, now: Millis) -> Millis {
        match window {
            Window::Fixed { limit, every_secs } => {
                let every = length_ms(every_secs);
                self.enter(now - now.rem_euclid(every));
                if self.used + units <= limit { 0 } else { self.window_ms + every - now }
            }
            Window::Day { limit } => {
                let (start, end) = day_in_california(now);
                self.enter(start);
                if self.used + units <= limit { 0 } else { end - now }
            }
            Window::Sliding { limit, every_secs } => {
                let every = length_ms(every_secs);
                while let Some(&(then, units)) = self.recent.front()
                    && then <= now - every
                {
                    self.used -= units;
                    self.recent.pop_front();
                }
                let mut over = (self.used + units).saturating_sub(limit);
                if over == 0 {
                    return 0;
                }
                let freed = self.recent.iter().find(|(_, units)| {
                    over = over.saturating_sub(*units);
                    over == 0
                });
                freed.map_or(every, |(then, _)| then + every - now).max(1)
            }
            Window::Bucket { per_second, burst } => {
                let level = self.refill(per_second, burst, now);
                // What costs more than the bucket holds is let through when it is full.
                let wanted = (units as f64).min(burst.max(1.0));
                if level >= wanted { 0 } else { ceil_ms((wanted - level) * 1000.0 / per_second) }
            }
        }
    }

    fn charge(&mut self, window: Window, units: u64, now: Millis) {
        match window {
            Window::Fixed { .. } | Window::Day { .. } => self.used += units,
            Window::Sliding { .. } => {
                self.used += units;
                self.recent.push_back((now, units));
            }
            Window::Bucket { per_second, burst } => {
                self.level = Some(((self.refill(per_second, burst, now) - units as f64).max(-burst), now));
            }
        }
    }

    fn enter(&mut self, window_ms: Millis) {
        if self.window_ms != window_ms {
            self.window_ms = window_ms;
            self.used = 0;
        }
    }

    fn refill(&mut self, per_second: f64, burst: f64, now: Millis) -> f64 {
        let (level, then) = self.level.unwrap_or((burst, now));
        let passed = i32::try_from((now - then).clamp(0, 1_000_000_000)).unwrap_or(0);
        let level = (level + f64::from(passed) / 1000.0 * per_second).min(burst);
        self.level = Some((level, now));
        level
    }
}

fn length_ms(secs: u64) -> Millis {
    i64::try_from(secs).unwrap_or(1).max(1) * 1000
}

/// Whole milliseconds, at least 1, at most a day.
fn ceil_ms(ms: f64) -> Millis {
    let ms = std::time::Duration::try_from_secs_f64(ms / 1000.0)
        .unwrap_or(std::time::Duration::from_secs(24 * 3600));
    crate::clock::millis(ms).saturating_add(1)
}

/// Midnight before and after `now`, Pacific time.
fn day_in_california(now: Millis) -> (Millis, Millis) {
    let today = at(now).with_timezone(&Los_Angeles).date_naive();
    let midnight = |days: i64| {
        let start = (today + Duration::days(days)).and_time(chrono::NaiveTime::MIN);
        Los_Angeles.from_local_datetime(&start).earliest().map_or(now, |at| at.timestamp_millis())
    };
    (midnight(0), midnight(1))
}

#[cfg(test)]
mod tests;
