//! The waits between the tries of one JSON call.
//!
//! Invariant: a refusal for quota costs no try; every loop here ends, by tries, by refusals or by the budget;
//! dropping the call's future ends it at any point. May import: `media`, `limiter`. Tests: `retry/tests.rs`.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use crate::google::error::{ApiError, Failure};
use crate::limiter::Window;
use crate::media::LibraryName;

#[cfg(test)]
mod tests;

/// Tries of one call against passing faults: about two minutes in all.
const TRIES_MAX: u32 = 8;

/// Tries of one call while no call of the process has succeeded and there is no connection: about two seconds in all,
/// because then the address, the proxy or the trust is more likely wrong than the network busy.
const UNREACHED_TRIES_MAX: u32 = 3;

/// Refusals for quota in a row before the caller is told: about ten minutes at Google's advice of 30 s.
const REFUSALS_MAX: u32 = 20;

/// The longest rest that is waited for in place.
const REST_MAX: Duration = Duration::from_secs(120);

/// The longest wait after a passing fault, as a multiple of the first rest.
const BACKOFF_GROWTH_MAX: f64 = 30.0;

/// What the retries of the whole process share: while Google as a whole ails, calls fail at their first fault
/// instead of multiplying the load.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    tokens: AtomicU32,
    /// Whether any call has succeeded.
    proven: AtomicBool,
}

impl RetryBudget {
    /// Tokens of a full budget: 20 retries with no success between them.
    const TOKENS_MAX: u32 = 100;
    /// Tokens of one retry.
    const RETRY_COST: u32 = 5;
    /// Tokens that one successful call returns: in the long run one retry for five successes.
    const SUCCESS_RETURN: u32 = 1;

    /// Takes the price of one retry; false if there is not enough left.
    fn spend(&self) -> bool {
        self.tokens
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(Self::RETRY_COST))
            .is_ok()
    }

    /// Whether the way to Google is known to work.
    fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Relaxed)
    }

    /// Notes a success.
    fn earn(&self) {
        let add = |left: u32| Some(Self::TOKENS_MAX.min(left + Self::SUCCESS_RETURN));
        // The update is always given, so it cannot fail.
        self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok();
        self.proven.store(true, Ordering::Relaxed);
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { tokens: AtomicU32::new(Self::TOKENS_MAX), proven: AtomicBool::new(false) }
    }
}

/// Calls `attempt` until it succeeds or no further try makes sense; `rest` is the first wait after a passing fault.
pub(crate) async fn with_retries<T, F>(
    what: &'static str,
    library: &LibraryName,
    budget: &RetryBudget,
    rest: Duration,
    mut attempt: impl FnMut() -> F,
) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut tries = 0;
    let mut refusals = 0;
    loop {
        // Ends: `plan_wait` gives none after `TRIES_MAX` faults or `REFUSALS_MAX` refusals in a row.
        let failure = match attempt().await {
            Ok(value) => {
                budget.earn();
                return Ok(value);
            }
            Err(failure) => failure,
        };
        match failure {
            Failure::Refused { .. } => refusals += 1,
            Failure::Passing { .. }
            | Failure::Unreached { .. }
            | Failure::Stale
            | Failure::BadRange
            | Failure::Final(_) => {
                refusals = 0;
                tries += 1;
            }
        }
        if matches!(failure, Failure::Unreached { .. }) && !budget.is_proven() && tries >= UNREACHED_TRIES_MAX
        {
            return Err(failure.into_error(what, library));
        }
        let Some(wait) = plan_wait(&failure, tries, refusals, rest, rand::random()) else {
            return Err(failure.into_error(what, library));
        };
        if matches!(failure, Failure::Passing { .. } | Failure::Unreached { .. }) && !budget.spend() {
            tracing::debug!(what, "the process has made too many retries; this fault is not retried");
            return Err(failure.into_error(what, library));
        }
        tracing::debug!(what, %library, tries, refusals, wait_ms = wait.as_millis(), "trying again");
        tokio::time::sleep(wait).await;
    }
}

/// How long to wait after `failure`, the `tries`th (from 1) fault of the call and the `refusals`th refusal in a row;
/// none: no further try. `first` is the rest that the waits after faults grow from, `dice` is in 0..1.
fn plan_wait(failure: &Failure, tries: u32, refusals: u32, first: Duration, dice: f64) -> Option<Duration> {
    match failure {
        Failure::Refused { .. } if refusals > REFUSALS_MAX => None,
        // The limiter knows of the spent day by now, and gives no further leave before the reset.
        Failure::Refused { window: Window::Day, .. } if refusals == 1 => Some(Duration::ZERO),
        Failure::Refused { rest, .. } => (*rest <= REST_MAX).then_some(*rest),
        Failure::Passing { least, .. } => {
            (tries < TRIES_MAX).then(|| backoff(tries, first, dice).max(*least).min(REST_MAX))
        }
        Failure::Unreached { .. } => (tries < TRIES_MAX).then(|| backoff(tries - 1, first, dice)),
        Failure::Stale | Failure::BadRange | Failure::Final(_) => None,
    }
}

/// Full jitter: evenly between nothing and 2^`tries` times `first`, at most [`BACKOFF_GROWTH_MAX`] times it.
fn backoff(tries: u32, first: Duration, dice: f64) -> Duration {
    let growth_max = f64::from(tries.min(16)).exp2().min(BACKOFF_GROWTH_MAX);
    first.mul_f64(growth_max * dice.clamp(0.0, 1.0))
}
