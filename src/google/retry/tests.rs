//! Tests of `google/retry`.

use std::collections::VecDeque;
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::clock::mono_now;

/// The first rest, as it is by default.
const FIRST: Duration = Duration::from_secs(1);

fn library() -> LibraryName {
    LibraryName::try_new("alice").unwrap()
}

fn refused(window: Window, rest_secs: u64) -> Failure {
    Failure::Refused { window, rest: Duration::from_secs(rest_secs) }
}

/// Runs a call whose tries end as `script` says; gives its result, the tries made and the virtual time passed.
async fn run(
    script: Vec<Result<u8, Failure>>,
    budget: &RetryBudget,
) -> (Result<u8, ApiError>, usize, Duration) {
    let asked = script.len();
    let script = Mutex::new(VecDeque::from(script));
    let began = mono_now();
    let result = with_retries("test.call", &library(), budget, FIRST, || async {
        script.lock().unwrap().pop_front().unwrap()
    })
    .await;
    let made = asked - script.lock().unwrap().len();
    (result, made, mono_now() - began)
}

#[tokio::test(start_paused = true)]
async fn a_call_survives_seven_passing_faults() {
    let mut script: Vec<_> = (0..7).map(|_| Err(Failure::passing("status 503"))).collect();
    script.push(Ok(1));
    let (result, made, _) = run(script, &RetryBudget::default()).await;
    assert_eq!((result.unwrap(), made), (1, 8));
}

#[tokio::test(start_paused = true)]
async fn the_eighth_passing_fault_ends_the_call() {
    let script = (0..9).map(|_| Err(Failure::passing("status 503"))).collect();
    let (result, made, _) = run(script, &RetryBudget::default()).await;
    assert_eq!(result.unwrap_err().to_string(), "test.call: status 503");
    assert_eq!(made, 8);
}

#[tokio::test(start_paused = true)]
async fn refusals_cost_no_try_and_rest_each_time() {
    let mut script: Vec<_> = (0..7).map(|_| Err(Failure::passing("reset"))).collect();
    script.extend((0..20).map(|_| Err(refused(Window::Minute, 30))));
    script.push(Ok(1));
    let (result, made, passed) = run(script, &RetryBudget::default()).await;
    assert_eq!((result.unwrap(), made), (1, 28));
    assert!(passed >= Duration::from_secs(600), "{passed:?}");
}

#[tokio::test(start_paused = true)]
async fn the_twenty_first_refusal_in_a_row_is_told() {
    let script = (0..30).map(|_| Err(refused(Window::Unknown, 1))).collect();
    let (result, made, _) = run(script, &RetryBudget::default()).await;
    assert!(matches!(result, Err(ApiError::Throttled { .. })));
    assert_eq!(made, 21);
}

#[tokio::test(start_paused = true)]
async fn a_long_rest_is_the_callers() {
    let (result, made, passed) = run(vec![Err(refused(Window::Unknown, 121))], &RetryBudget::default()).await;
    assert!(matches!(result, Err(ApiError::Throttled { rest }) if rest == Duration::from_secs(121)));
    assert_eq!((made, passed), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_spent_day_asks_the_limiter_again_at_once() {
    let (result, _, passed) = run(vec![Err(refused(Window::Day, 36)), Ok(1)], &RetryBudget::default()).await;
    assert_eq!((result.unwrap(), passed), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn an_empty_budget_fails_at_the_first_fault_until_successes_fill_it() {
    let budget = RetryBudget::default();
    while budget.spend() {}
    let (result, made, _) = run(vec![Err(Failure::passing("reset")), Ok(1)], &budget).await;
    assert!(matches!(result, Err(ApiError::Transient { .. })));
    assert_eq!(made, 1);
    for _ in 0..5 {
        run(vec![Ok(1)], &budget).await.0.unwrap();
    }
    let (result, made, _) = run(vec![Err(Failure::passing("reset")), Ok(1)], &budget).await;
    assert_eq!((result.unwrap(), made), (1, 2));
}

#[test]
fn the_budget_never_grows_beyond_full() {
    let budget = RetryBudget::default();
    budget.earn();
    assert_eq!((0..100).filter(|_| budget.spend()).count(), 20);
}

#[test]
fn what_no_try_mends_is_not_tried_again() {
    for failure in
        [Failure::Stale, Failure::BadRange, Failure::Final(ApiError::Expired), refused(Window::Day, 121)]
    {
        let refusals = 2;
        assert_eq!(plan_wait(&failure, 1, refusals, FIRST, 0.5), None, "{failure:?}");
    }
}

proptest! {
    #[test]
    fn a_wait_keeps_its_bounds(tries in 1u32..12, dice in 0.0f64..1.0, least_secs in 0u64..400) {
        let failure = Failure::Passing { reason: String::new(), least: Duration::from_secs(least_secs) };
        let wait = plan_wait(&failure, tries, 0, FIRST, dice);
        prop_assert_eq!(wait.is_some(), tries < TRIES_MAX);
        if let Some(wait) = wait {
            prop_assert!(wait >= Duration::from_secs(least_secs).min(REST_MAX));
            prop_assert!(wait <= REST_MAX);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_connection_an_unproven_way_is_given_up_within_seconds() {
    let unreached = || Err(Failure::Unreached { reason: "refused".to_owned() });
    let budget = RetryBudget::default();
    let (result, made, passed) = run((0..9).map(|_| unreached()).collect(), &budget).await;
    assert_eq!(result.unwrap_err().to_string(), "test.call: refused");
    assert!(made == 3 && passed <= Duration::from_secs(3), "{made} tries in {passed:?}");

    run(vec![Ok(1)], &budget).await.0.unwrap();
    let (result, made, _) = run((0..7).map(|_| unreached()).chain([Ok(2)]).collect(), &budget).await;
    assert_eq!((result.unwrap(), made), (2, 8), "a way that has worked is worth waiting for");
}
