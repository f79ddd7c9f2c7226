//! The state of one library's worker: what it does now, and what each event makes of it.
//!
//! Owns: every legal move, one method for each event. Invariant: pure; no clock, no I/O, never waits; time, jitter and
//! the token's stamp are handed in. May import: `job`, `status`. Tests: `state_tests.rs`, exhaustive (state x event).

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

use crate::job::Outcome;
use crate::status::{LibraryState, TokenHealth};
use crate::supervisor::backoff::{FAILURES_MAX, delay_for};

/// How long a library without room on disk waits before it looks again: a look costs one system call.
pub const DISK_RECHECK: Duration = Duration::from_secs(300);

/// Why a run is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A person asked.
    Person,
    /// The schedule is due, or a run was missed while the daemon was down.
    Schedule,
    /// The limits were changed: a park for quota may no longer hold.
    LimitsChanged,
}

/// A wish for one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activation {
    /// Whose wish it is.
    pub cause: Cause,
    /// Whether the whole library should be listed.
    pub full: bool,
    /// How many items a person allows to go to the trash.
    pub deletions: u64,
}

/// What a worker does now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerState {
    /// Waits for its schedule or a person.
    Idle,
    /// A run is under way.
    Running {
        /// Whether it lists the whole library.
        full: bool,
        /// The one run that all wishes since its begin became.
        again: Option<Again>,
        /// Failures in a row before it.
        failures: u32,
        /// Whether the worker ends with it.
        leaving: bool,
    },
    /// Rests after a passing fault.
    BackingOff {
        /// Until when.
        until: DateTime<Utc>,
        /// Failures in a row.
        failures: u32,
    },
    /// Rests until the day's quota is given anew.
    QuotaSpent {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Waits for a person's login.
    NeedsLogin {
        /// The token file that was refused; another one ends the wait.
        stamp: Option<u64>,
    },
    /// Waits for room on disk.
    DiskFull {
        /// When it looks again.
        until: DateTime<Utc>,
    },
    /// Rests after a fault that waiting alone hardly mends.
    Failed {
        /// When it tries again.
        until: DateTime<Utc>,
        /// Failures in a row.
        failures: u32,
    },
    /// At its end.
    Stopped,
}

/// A run that follows the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// Whether it lists the whole library.
    pub full: bool,
}

/// What is known when a run has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EndFacts {
    /// Now.
    pub now: DateTime<Utc>,
    /// A random number from 0 to 1.
    pub jitter: f64,
    /// The token file's stamp from before the run, so that a login during the run is seen as a change.
    pub stamp: Option<u64>,
}

/// An event that cannot happen in a state; a fault of the worker, never of the world.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a run ended in the state `{state}`, in which none was under way")]
pub struct IllegalMove {
    /// The word of the state.
    pub state: &'static str,
}

// === impl WorkerState ===

impl WorkerState {
    /// The state of a worker that begins, from what its token file tells.
    pub fn at_start(token: &TokenHealth, stamp: Option<u64>) -> Self {
        match token {
            TokenHealth::Good { .. } | TokenHealth::NotNeeded => Self::Idle,
            TokenHealth::Missing
            | TokenHealth::Unreadable
            | TokenHealth::Unusable { .. }
            | TokenHealth::Dead { .. } => Self::NeedsLogin { stamp },
        }
    }

    /// A run is wished for. A wish during a run becomes one more run; a person's wish ends every wait but one for quota.
    #[must_use]
    pub fn activated(self, wish: Activation) -> Self {
        let by_person = wish.cause == Cause::Person;
        match self {
            Self::Running { full, again, failures, leaving } => {
                let again = match wish.cause {
                    Cause::LimitsChanged => again,
                    Cause::Person | Cause::Schedule => {
                        Some(Again { full: wish.full || again.is_some_and(|a| a.full) })
                    }
                };
                Self::Running { full, again, failures, leaving }
            }
            Self::Idle if wish.cause != Cause::LimitsChanged => Self::starting(wish.full, 0),
            Self::BackingOff { failures, .. } if by_person => Self::starting(wish.full, failures),
            Self::Failed { failures, .. } if wish.cause != Cause::LimitsChanged => {
                Self::starting(wish.full, failures)
            }
            Self::QuotaSpent { .. } if wish.cause == Cause::LimitsChanged => Self::starting(false, 0),
            Self::NeedsLogin { .. } | Self::DiskFull { .. } if by_person => Self::starting(wish.full, 0),
            kept @ (Self::Idle
            | Self::BackingOff { .. }
            | Self::QuotaSpent { .. }
            | Self::NeedsLogin { .. }
            | Self::DiskFull { .. }
            | Self::Failed { .. }
            | Self::Stopped) => kept,
        }
    }

    /// The run ended.
    ///
    /// # Errors
    /// [`IllegalMove`] if none was under way.
    pub fn finished(self, outcome: &Outcome, facts: EndFacts) -> Result<Self, IllegalMove> {
        let Self::Running { again, failures, leaving, .. } = self else {
            return Err(IllegalMove { state: self.word() });
        };
        if leaving {
            return Ok(Self::Stopped);
        }
        let failures_now = failures.saturating_add(1).min(FAILURES_MAX);
        let retry_at = after(facts.now, delay_for(failures_now, facts.jitter));
        Ok(match outcome {
            Outcome::Complete | Outcome::Incomplete | Outcome::Interrupted => {
                again.map_or(Self::Idle, |again| Self::starting(again.full, 0))
            }
            Outcome::Throttled { until, day: true } => Self::QuotaSpent { until: *until },
            Outcome::Throttled { until, day: false } => Self::BackingOff { until: *until, failures },
            Outcome::Transient(_) => Self::BackingOff { until: retry_at, failures: failures_now },
            Outcome::NeedsLogin(_) => Self::NeedsLogin { stamp: facts.stamp },
            Outcome::DiskFull(_) => Self::DiskFull { until: after(facts.now, DISK_RECHECK) },
            Outcome::Locked(_) | Outcome::Denied(_) | Outcome::Unusable(_) | Outcome::Failed(_) => {
                Self::Failed { until: retry_at, failures: failures_now }
            }
        })
    }

    /// Time went on to `now`; a rest that is over ends.
    #[must_use]
    pub fn time_passed(self, now: DateTime<Utc>) -> Self {
        match self {
            Self::BackingOff { until, failures } | Self::Failed { until, failures } if until <= now => {
                Self::starting(false, failures)
            }
            Self::QuotaSpent { until } | Self::DiskFull { until } if until <= now => Self::starting(false, 0),
            kept @ (Self::Idle
            | Self::Running { .. }
            | Self::BackingOff { .. }
            | Self::QuotaSpent { .. }
            | Self::NeedsLogin { .. }
            | Self::DiskFull { .. }
            | Self::Failed { .. }
            | Self::Stopped) => kept,
        }
    }

    /// The wall clock was set back by `by` to `now`. A rest keeps its length; of the day's quota the limiter is asked again, which
    /// knows whether it may be used on this date.
    #[must_use]
    pub fn clock_set_back(self, by: TimeDelta, now: DateTime<Utc>) -> Self {
        let earlier = |until: DateTime<Utc>| until.checked_sub_signed(by).unwrap_or(now);
        match self {
            Self::BackingOff { until, failures } => Self::BackingOff { until: earlier(until), failures },
            Self::Failed { until, failures } => Self::Failed { until: earlier(until), failures },
            Self::DiskFull { until } => Self::DiskFull { until: earlier(until) },
            Self::QuotaSpent { .. } => Self::QuotaSpent { until: now },
            kept @ (Self::Idle | Self::Running { .. } | Self::NeedsLogin { .. } | Self::Stopped) => kept,
        }
    }

    /// The token file was looked at. Another file than the refused one ends the wait for a login.
    #[must_use]
    pub fn token_seen(self, seen: Option<u64>) -> Self {
        match self {
            Self::NeedsLogin { stamp } if seen.is_some() && seen != stamp => Self::starting(false, 0),
            Self::NeedsLogin { .. } => Self::NeedsLogin { stamp: seen },
            kept @ (Self::Idle
            | Self::Running { .. }
            | Self::BackingOff { .. }
            | Self::QuotaSpent { .. }
            | Self::DiskFull { .. }
            | Self::Failed { .. }
            | Self::Stopped) => kept,
        }
    }

    /// There is no token file any more: whatever the library rests for, it needs a login first. A run under way finds that out
    /// by itself.
    #[must_use]
    pub fn logged_out(self) -> Self {
        match self {
            Self::Idle
            | Self::BackingOff { .. }
            | Self::QuotaSpent { .. }
            | Self::DiskFull { .. }
            | Self::Failed { .. } => Self::NeedsLogin { stamp: None },
            kept @ (Self::Running { .. } | Self::NeedsLogin { .. } | Self::Stopped) => kept,
        }
    }

    /// The worker is to end: at once, or with the run under way.
    #[must_use]
    pub fn leave_began(self) -> Self {
        match self {
            Self::Running { full, failures, .. } => {
                Self::Running { full, again: None, failures, leaving: true }
            }
            Self::Idle
            | Self::BackingOff { .. }
            | Self::QuotaSpent { .. }
            | Self::NeedsLogin { .. }
            | Self::DiskFull { .. }
            | Self::Failed { .. }
            | Self::Stopped => Self::Stopped,
        }
    }

    /// When the state ends by itself, where that is known.
    pub fn until(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::BackingOff { until, .. }
            | Self::QuotaSpent { until }
            | Self::DiskFull { until }
            | Self::Failed { until, .. } => Some(*until),
            Self::Idle | Self::Running { .. } | Self::NeedsLogin { .. } | Self::Stopped => None,
        }
    }

    /// The state as `status` shows it; a stopped worker is idle.
    pub fn shown(&self) -> LibraryState {
        match self {
            Self::Idle | Self::Stopped => LibraryState::Idle,
            Self::Running { .. } => LibraryState::Running,
            Self::BackingOff { .. } => LibraryState::BackingOff,
            Self::QuotaSpent { .. } => LibraryState::QuotaSpent,
            Self::NeedsLogin { .. } => LibraryState::NeedsLogin,
            Self::DiskFull { .. } => LibraryState::DiskFull,
            Self::Failed { .. } => LibraryState::Failed,
        }
    }

    /// Whether a run is under way.
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }

    fn word(&self) -> &'static str {
        if *self == Self::Stopped { "stopped" } else { self.shown().word() }
    }

    fn starting(full: bool, failures: u32) -> Self {
        Self::Running { full, again: None, failures, leaving: false }
    }
}

/// `rest` after `now`; the bounds of the rests keep it far from the end of time.
fn after(now: DateTime<Utc>, rest: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(rest).ok().and_then(|rest| now.checked_add_signed(rest)).unwrap_or(now)
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
