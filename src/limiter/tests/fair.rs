//! A run without news beside first syncs without end, on paused time.

use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::clock::mono_now;
use crate::limiter::tests::{crowd, limits, name, open, slow_crowd};
use crate::limiter::{Class, Limiter};

/// How long the others send before at ten requests per second, until they have used far more than a run without news.
const WARM_UP: Duration = Duration::from_secs(90);

/// How long `requests` of `bob` take, each of which waits for the answer to the one before.
async fn run(limiter: &Limiter, requests: u32, latency: Duration) -> f64 {
    let start = mono_now();
    for _ in 0..requests {
        let permit = limiter.acquire(Class::Api, &name("bob")).await.unwrap();
        sleep(latency).await;
        permit.admitted();
    }
    start.elapsed().as_secs_f64()
}

/// The time of a run beside `crowds` libraries with 64 requests at once, over its time alone.
async fn beside_over_alone(per_sec: f64, crowds: u8, requests: u32, latency: Duration) -> f64 {
    let alone = run(&open(&limits(per_sec)), requests, latency).await;
    let limiter = open(&limits(per_sec));
    let _others: Vec<JoinSet<()>> =
        (0..crowds).map(|i| slow_crowd(&limiter, Class::Api, &format!("big{i}"), 64, latency)).collect();
    sleep(WARM_UP.div_f64(per_sec.min(10.0) / 10.0)).await;
    run(&limiter, requests, latency).await / alone
}

#[tokio::test(start_paused = true)]
async fn a_run_without_news_takes_no_more_than_a_fifth_longer_beside_first_syncs() {
    for (crowds, all_requests) in [(1, [3, 100]), (5, [5, 30])] {
        // Answers that come just after a slot fell due are the worst.
        for latency_ms in [20, 101, 110, 150, 210, 250, 310, 480, 1_010] {
            for requests in all_requests {
                let latency = Duration::from_millis(latency_ms);
                let ratio = beside_over_alone(10.0, crowds, requests, latency).await;
                assert!(ratio <= 1.2, "{requests} requests of {latency:?} beside {crowds}: {ratio:.3}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_pace_is_slower_than_the_answers_a_run_without_news_has_every_slot() {
    for per_sec in [1.0, 4.0] {
        let ratio = beside_over_alone(per_sec, 5, 30, Duration::from_millis(100)).await;
        assert!(ratio <= 1.1, "at {per_sec} per second: {ratio:.3}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_library_with_two_workers_gets_half_beside_one_with_a_thousand() {
    let limiter = open(&limits(20.0));
    let _many = crowd(&limiter, Class::Api, "alice", 1_000);
    sleep(Duration::from_secs(120)).await;
    let _few = crowd(&limiter, Class::Api, "bob", 2);
    sleep(Duration::from_secs(900)).await;
    let before = ["alice", "bob"].map(|library| limiter.sent_by(Class::Api, &name(library)));
    sleep(Duration::from_secs(10)).await;
    let after = ["alice", "bob"].map(|library| limiter.sent_by(Class::Api, &name(library)));
    for (library, sent) in [("alice", after[0] - before[0]), ("bob", after[1] - before[1])] {
        assert!((95..=105).contains(&sent), "{library}: {sent}");
    }
}
