//! Asking the token endpoint again after a passing fault.
//!
//! Owns: how often and with which rests. Invariant: bounded; a 429 costs no retry, only a rest.
//! May import: `limiter`. Tests: beside it, on paused time.

use std::time::Duration;
use tokio::time::sleep;

use crate::auth::endpoint::EndpointError;
use crate::limiter::Throttle;

/// After this many retries the caller is told; the next run is the next try.
const RETRIES_MAX: u32 = 3;
/// The first rest is drawn from 0 to this, seconds; each further span is twice as long.
const BACKOFF_SECS_FIRST: u64 = 1;
/// No span is longer than this, seconds.
const BACKOFF_SECS_MAX: u64 = 15;
/// After this many refusals for quota the caller is told.
const THROTTLED_MAX: u32 = 4;
/// A longer rest than this is not waited for in place, seconds.
const REST_SECS_MAX: u64 = 60;

/// How long to wait before retry `nth` (from 1); `jitter` from 0 to 1 spreads the libraries (full jitter).
fn backoff_for(nth: u32, jitter: f64) -> Duration {
    let span = BACKOFF_SECS_FIRST.saturating_mul(1 << nth.saturating_sub(1).min(16)).min(BACKOFF_SECS_MAX);
    Duration::from_secs(span).mul_f64(jitter.clamp(0.0, 1.0))
}

/// Calls `ask` until it gives something, or the bounds are reached; `rest_for` is the limiter's.
pub(crate) async fn ask_patiently<T, F>(
    rest_for: impl Fn(&Throttle) -> Duration,
    mut ask: impl FnMut() -> F,
) -> Result<T, EndpointError>
where
    F: Future<Output = Result<T, EndpointError>>,
{
    let (mut retries, mut throttled) = (0, 0);
    // Each turn but the last counts one of the two numbers up, and both are bounded.
    loop {
        let rest = match ask().await {
            Err(EndpointError::Transient { .. }) if retries < RETRIES_MAX => {
                retries += 1;
                backoff_for(retries, rand::random::<f64>())
            }
            Err(EndpointError::Throttled(throttle)) if throttled < THROTTLED_MAX => {
                throttled += 1;
                let rest = rest_for(&throttle);
                if rest > Duration::from_secs(REST_SECS_MAX) {
                    return Err(EndpointError::Throttled(Throttle { retry_after: Some(rest), ..throttle }));
                }
                rest
            }
            result => return result,
        };
        sleep(rest).await;
    }
}

#[cfg(test)]
mod tests {
    use crate::auth::endpoint::EndpointError;
    use crate::auth::patience::{ask_patiently, backoff_for};
    use crate::clock::mono_now;
    use crate::limiter::Throttle;
    use std::time::Duration;

    fn ails() -> EndpointError {
        EndpointError::Transient { reason: "HTTP status 503".to_owned(), answered: true }
    }

    fn throttled() -> EndpointError {
        EndpointError::Throttled(Throttle::default())
    }

    /// Plays `answers` in turn; returns the result and how often it was asked.
    async fn play(
        answers: Vec<Result<u8, EndpointError>>,
        rest_secs: u64,
    ) -> (Result<u8, EndpointError>, usize) {
        let (mut answers, mut asked) = (answers.into_iter(), 0);
        let ask = || {
            asked += 1;
            let answer = answers.next().unwrap();
            async move { answer }
        };
        (ask_patiently(|_| Duration::from_secs(rest_secs), ask).await, asked)
    }

    #[test]
    fn the_backoff_grows_to_a_bound_and_has_full_jitter() {
        let spans: Vec<u64> = (1..8).map(|n| backoff_for(n, 1.0).as_secs()).collect();
        assert_eq!(spans, [1, 2, 4, 8, 15, 15, 15]);
        assert_eq!(backoff_for(3, 0.0), Duration::ZERO);
        assert_eq!(backoff_for(u32::MAX, 2.0), Duration::from_secs(15));
    }

    #[tokio::test(start_paused = true)]
    async fn a_passing_fault_is_retried_three_times_and_then_told() {
        let (result, asked) = play(vec![Err(ails()), Err(ails()), Err(ails()), Ok(1)], 0).await;
        assert_eq!((result.unwrap(), asked), (1, 4));
        let (result, asked) = play((0..9).map(|_| Err(ails())).collect(), 0).await;
        assert!(matches!(result, Err(EndpointError::Transient { .. })) && asked == 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_request_rests_as_long_as_the_limiter_says() {
        let before = mono_now();
        let (result, asked) = play(vec![Err(throttled()), Err(throttled()), Ok(7)], 30).await;
        assert_eq!((result.unwrap(), asked), (7, 3));
        assert_eq!(mono_now() - before, Duration::from_secs(60));
        let (result, asked) = play((0..9).map(|_| Err(throttled())).collect(), 30).await;
        assert!(matches!(result, Err(EndpointError::Throttled(_))) && asked == 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_rest_is_told_instead_of_waited_for() {
        let before = mono_now();
        let (result, asked) = play(vec![Err(throttled()), Ok(1)], 3600).await;
        let Err(EndpointError::Throttled(throttle)) = result else { panic!("{result:?}") };
        assert_eq!((throttle.retry_after, asked), (Some(Duration::from_secs(3600)), 1));
        assert_eq!(mono_now(), before);
    }
}
