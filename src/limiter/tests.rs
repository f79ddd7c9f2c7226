//! Tests of `limiter`.

mod egress;
mod fair;
mod spans;

use chrono::{DateTime, TimeDelta, Utc};
use std::path::Path;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::clock::mono_now;
use crate::config::Limits;
use crate::limiter::{Class, Limiter, Parked, Permit, Throttle, Window};
use crate::media::LibraryName;
use crate::status::ClassStatus;

const NOON: &str = "2025-07-01T19:00:00Z";
const DAY_THROTTLE: Throttle =
    Throttle { retry_after: None, window: Window::Day, limit: None, per_user: false };

fn limits(api_per_sec: f64) -> Limits {
    Limits {
        api_requests_per_second: api_per_sec,
        media_requests_per_second: 30.0,
        api_requests_per_day: 0,
        media_requests_per_day: 0,
        downloads: 8,
        bytes_per_second: None,
        min_free_space: 0,
        rest_after_429: Duration::from_secs(30),
        rest_after_fault: Duration::from_secs(1),
        stall_timeout: Duration::from_secs(60),
        ..Limits::default()
    }
}

fn name(text: &str) -> LibraryName {
    LibraryName::try_new(text).unwrap()
}

/// A limiter whose wall clock shows `wall` now and goes with the paused time.
fn open_at(limits: &Limits, dir: Option<&Path>, wall: &str) -> Limiter {
    let (base, start): (DateTime<Utc>, Instant) = (wall.parse().unwrap(), mono_now());
    let clock = move || base + TimeDelta::from_std(start.elapsed()).unwrap();
    Limiter::open_at(limits, dir, Box::new(clock)).unwrap()
}

fn open(limits: &Limits) -> Limiter {
    open_at(limits, None, NOON)
}

fn class_status(limiter: &Limiter, class: Class) -> ClassStatus {
    limiter.status().into_iter().find(|status| status.class == class.word()).unwrap()
}

/// Workers that send without end; they count for themselves by `sent_by`.
fn crowd(limiter: &Limiter, class: Class, library: &str, workers: usize) -> JoinSet<()> {
    slow_crowd(limiter, class, library, workers, Duration::ZERO)
}

/// The same, whose answers take so long.
fn slow_crowd(
    limiter: &Limiter,
    class: Class,
    library: &str,
    workers: usize,
    latency: Duration,
) -> JoinSet<()> {
    let mut set = JoinSet::new();
    for _ in 0..workers {
        let (limiter, library) = (limiter.clone(), name(library));
        set.spawn(async move {
            while let Ok(permit) = limiter.acquire(class, &library).await {
                if !latency.is_zero() {
                    sleep(latency).await;
                }
                permit.admitted();
            }
        });
    }
    set
}

async fn sent_in(limiter: &Limiter, library: &str, span: Duration) -> u64 {
    let before = limiter.sent_by(Class::Api, &name(library));
    sleep(span).await;
    limiter.sent_by(Class::Api, &name(library)) - before
}

async fn take(limiter: &Limiter) -> Result<Permit, Parked> {
    limiter.acquire(Class::Api, &name("alice")).await
}

#[tokio::test(start_paused = true)]
async fn ten_seconds_at_ten_a_second_give_a_hundred() {
    let limiter = open(&limits(10.0));
    let _crowd = crowd(&limiter, Class::Api, "alice", 16);
    let sent = sent_in(&limiter, "alice", Duration::from_secs(10)).await;
    assert!((98..=102).contains(&sent), "{sent}");
}

#[tokio::test(start_paused = true)]
async fn a_high_ceiling_is_reached_although_timers_wake_by_the_millisecond() {
    let limiter = open(&limits(20_000.0));
    let _crowd = crowd(&limiter, Class::Api, "alice", 64);
    let sent = sent_in(&limiter, "alice", Duration::from_secs(1)).await;
    assert!((19_500..=20_100).contains(&sent), "{sent}");
}

#[tokio::test(start_paused = true)]
async fn changed_limits_give_no_burst_and_reach_who_waits() {
    let limiter = open(&limits(0.1));
    let _crowd = crowd(&limiter, Class::Api, "alice", 16);
    sent_in(&limiter, "alice", Duration::from_secs(15)).await;
    limiter.apply(&limits(20.0));
    let sent = sent_in(&limiter, "alice", Duration::from_secs(1)).await;
    assert!((19..=22).contains(&sent), "raised: {sent}");
    limiter.apply(&limits(1.0));
    let sent = sent_in(&limiter, "alice", Duration::from_secs(10)).await;
    assert!((9..=11).contains(&sent), "lowered: {sent}");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_gives_its_place_up() {
    let limiter = open(&limits(1.0));
    take(&limiter).await.unwrap().admitted();
    let start = mono_now();
    for _ in 0..100 {
        assert!(timeout(Duration::from_millis(5), take(&limiter)).await.is_err());
    }
    take(&limiter).await.unwrap().admitted();
    let secs = start.elapsed().as_secs_f64();
    assert!((0.99..1.02).contains(&secs), "{secs}");
}

#[tokio::test(start_paused = true)]
async fn a_storm_from_eight_requests_under_way_cuts_once_and_only_its_class() {
    let limiter = open(&limits(10.0));
    let mut permits = Vec::new();
    for _ in 0..8 {
        permits.push(take(&limiter).await.unwrap());
    }
    for permit in permits {
        permit.throttled(&Throttle::default());
    }
    let api = class_status(&limiter, Class::Api);
    assert!((api.pace - 7.0).abs() < 0.01 && api.mode == "steady", "{api:?}");
    assert_eq!((api.sent, api.throttled), (8, 8));
    let media = class_status(&limiter, Class::Media);
    assert!((media.pace - 30.0).abs() < 0.01, "{media:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_probe_does_not_lock_the_class() {
    let limiter = open(&limits(10.0));
    for _ in 0..2 {
        take(&limiter).await.unwrap().throttled(&Throttle::default());
    }
    assert_eq!(class_status(&limiter, Class::Api).mode, "blocked");
    let probe = take(&limiter).await.unwrap();
    assert!(timeout(Duration::from_secs(30), take(&limiter)).await.is_err(), "one probe at a time");
    let waiting = tokio::spawn({
        let limiter = limiter.clone();
        async move { take(&limiter).await.map(Permit::admitted) }
    });
    sleep(Duration::from_secs(1)).await;
    let start = mono_now();
    drop(probe);
    waiting.await.unwrap().unwrap();
    assert!((1.9..2.1).contains(&start.elapsed().as_secs_f64()));
    assert_ne!(class_status(&limiter, Class::Api).mode, "blocked");
}

#[tokio::test(start_paused = true)]
async fn short_holds_are_waited_for_and_long_ones_park_everybody_who_waits() {
    let limiter = open(&limits(10.0));
    let after = |secs| Throttle { retry_after: Some(Duration::from_secs(secs)), ..Throttle::default() };
    take(&limiter).await.unwrap().throttled(&after(60));
    let start = mono_now();
    let probe = take(&limiter).await.unwrap();
    assert!((60.0..61.0).contains(&start.elapsed().as_secs_f64()));
    let mut waiting = JoinSet::new();
    for _ in 0..5 {
        let limiter = limiter.clone();
        waiting.spawn(async move { take(&limiter).await.map(drop) });
    }
    sleep(Duration::from_millis(10)).await;
    probe.throttled(&after(3_600));
    let start = mono_now();
    while let Some(parked) = waiting.join_next().await {
        assert!(!parked.unwrap().unwrap_err().day);
    }
    assert_eq!(start.elapsed(), Duration::ZERO, "at once");
}

#[tokio::test(start_paused = true)]
async fn a_spent_budget_parks_until_the_reset_and_the_day_after_goes_on() {
    let limiter = open(&Limits { api_requests_per_day: 50, ..limits(100.0) });
    for _ in 0..50 {
        take(&limiter).await.unwrap().admitted();
    }
    let parked = take(&limiter).await.unwrap_err();
    let reset: DateTime<Utc> = "2025-07-02T07:00:00Z".parse().unwrap();
    assert!(parked.day && (reset..reset + TimeDelta::seconds(60)).contains(&parked.until), "{parked:?}");
    let status = class_status(&limiter, Class::Api);
    assert_eq!((status.mode.as_str(), status.day_used, status.day_budget), ("day-spent", 50, Some(50)));
    sleep(Duration::from_secs(12 * 3_600 + 61)).await;
    take(&limiter).await.unwrap().admitted();
    assert_eq!(class_status(&limiter, Class::Api).day_used, 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_is_not_counted() {
    let limiter = open(&Limits { api_requests_per_day: 50, ..limits(10.0) });
    take(&limiter).await.unwrap().throttled(&Throttle::default());
    take(&limiter).await.unwrap().admitted();
    assert_eq!(class_status(&limiter, Class::Api).day_used, 1);
}

#[tokio::test(start_paused = true)]
async fn a_restart_keeps_the_count_and_a_crash_counts_a_little_too_much() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { api_requests_per_day: 100, ..limits(10.0) };
    let limiter = open_at(&limits, Some(dir.path()), NOON);
    for _ in 0..30 {
        take(&limiter).await.unwrap().admitted();
    }
    let crashed = open_at(&limits, Some(dir.path()), NOON);
    let used = class_status(&crashed, Class::Api).day_used;
    assert!((30..=50).contains(&used), "{used}");
    drop(crashed);
    drop(limiter);
    let restarted = open_at(&limits, Some(dir.path()), NOON);
    assert_eq!(class_status(&restarted, Class::Api).day_used, 30);
    let tomorrow = open_at(&limits, Some(dir.path()), "2025-07-02T19:00:00Z");
    assert_eq!(class_status(&tomorrow, Class::Api).day_used, 0);
}

#[tokio::test(start_paused = true)]
async fn a_day_that_google_calls_spent_is_still_spent_after_a_restart_and_ends_with_one_probe() {
    let dir = tempfile::tempdir().unwrap();
    let limiter = open_at(&limits(10.0), Some(dir.path()), NOON);
    take(&limiter).await.unwrap().throttled(&DAY_THROTTLE);
    assert!(take(&limiter).await.unwrap_err().day);
    let restarted = open_at(&limits(10.0), Some(dir.path()), NOON);
    assert!(take(&restarted).await.unwrap_err().day);
    sleep(Duration::from_secs(12 * 3_600 + 61)).await;
    let probe = take(&limiter).await.unwrap();
    assert!(timeout(Duration::from_secs(10), take(&limiter)).await.is_err());
    probe.admitted();
    take(&limiter).await.unwrap().admitted();
}

#[tokio::test(start_paused = true)]
async fn a_learnt_pace_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let limiter = open_at(&limits(10.0), Some(dir.path()), NOON);
    let told = Throttle { window: Window::Minute, limit: Some(120), ..Throttle::default() };
    take(&limiter).await.unwrap().throttled(&told);
    let api = class_status(&limiter, Class::Api);
    assert!((api.ceiling - 2.0).abs() < 1e-9 && api.pace < 2.0, "{api:?}");
    drop(limiter);
    let restarted = open_at(&limits(10.0), Some(dir.path()), NOON);
    assert!((class_status(&restarted, Class::Api).pace - 2.0).abs() < 1e-9);
    let later = open_at(&limits(10.0), Some(dir.path()), "2025-07-03T19:00:00Z");
    assert!((class_status(&later, Class::Api).pace - 10.0).abs() < 1e-9, "too old to say anything");
}

#[tokio::test(start_paused = true)]
async fn a_told_budget_of_the_day_and_a_long_rest_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { api_requests_per_day: 10_000, ..limits(10.0) };
    let limiter = open_at(&limits, Some(dir.path()), NOON);
    let told = Throttle { window: Window::Day, limit: Some(2_500), ..Throttle::default() };
    take(&limiter).await.unwrap().throttled(&told);
    assert_eq!(class_status(&limiter, Class::Api).day_budget, Some(2_500));
    drop(limiter);
    let day_after = "2025-07-02T19:00:00Z";
    let limiter = open_at(&limits, Some(dir.path()), day_after);
    assert_eq!(class_status(&limiter, Class::Api).day_budget, Some(2_500));
    let rest = Throttle { retry_after: Some(Duration::from_secs(3_600)), ..Throttle::default() };
    take(&limiter).await.unwrap().throttled(&rest);
    // The next one has what was learnt written; then the process is killed.
    let _killed = (take(&limiter).await.unwrap_err(), limiter.clone());
    let restarted = open_at(&limits, Some(dir.path()), day_after);
    let parked = take(&restarted).await.unwrap_err();
    let secs = (parked.until - day_after.parse::<DateTime<Utc>>().unwrap()).num_seconds();
    assert!(!parked.day && (3_599..3_602).contains(&secs), "{secs} s");
    sleep(Duration::from_secs(3_602)).await;
    take(&restarted).await.unwrap().admitted();
    let api = class_status(&restarted, Class::Api);
    assert!(api.mode == "steady" && api.pace >= 6.9, "{api:?}");
    let other = Limits { api_requests_per_day: 20_000, ..limits };
    restarted.apply(&other);
    assert_eq!(class_status(&restarted, Class::Api).day_budget, Some(20_000), "the operator knows better");
}

#[tokio::test(start_paused = true)]
async fn a_damaged_state_file_is_taken_for_none_and_an_unusable_directory_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("limiter.json");
    for text in ["", "{", "[1]", r#"{"version":9,"saved":"2025-07-01T19:00:00Z","classes":{}}"#] {
        std::fs::write(&file, text).unwrap();
        let limiter = open_at(&limits(10.0), Some(dir.path()), NOON);
        take(&limiter).await.unwrap().admitted();
    }
    let error = Limiter::open(&limits(10.0), Some(&file)).unwrap_err();
    assert!(error.to_string().starts_with("cannot open the limiter's state `"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_cannot_be_written_does_not_stop_the_work() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let limiter = open_at(&Limits { api_requests_per_day: 100, ..limits(10.0) }, Some(&state), NOON);
    std::fs::remove_dir(&state).unwrap();
    for _ in 0..40 {
        take(&limiter).await.unwrap().admitted();
    }
    assert_eq!(class_status(&limiter, Class::Api).day_used, 40);
}

#[tokio::test(start_paused = true)]
async fn too_many_at_once_lowers_the_number_under_way_and_not_the_pace() {
    let limiter = open(&limits(10.0));
    let (one, two) = (take(&limiter).await.unwrap(), take(&limiter).await.unwrap());
    one.throttled(&Throttle { window: Window::Concurrent, ..Throttle::default() });
    assert!((class_status(&limiter, Class::Api).pace - 10.0).abs() < 1e-9);
    assert!(timeout(Duration::from_secs(5), take(&limiter)).await.is_err());
    two.admitted();
    take(&limiter).await.unwrap().admitted();
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_rests_as_long_as_asked_or_a_little_more_than_the_least() {
    let limiter = open(&limits(10.0));
    for _ in 0..100 {
        let rest = limiter.rest_for(&Throttle::default()).as_secs_f64();
        assert!((30.0..=36.0).contains(&rest), "{rest}");
    }
    let told = Throttle { retry_after: Some(Duration::from_secs(7)), ..Throttle::default() };
    assert_eq!(limiter.rest_for(&told), Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_spread_leaves_equal_gaps_up_to_two_minutes() {
    for (per_day, gap_secs) in [(1_000, 43.2), (10, 120.0)] {
        let limits = Limits { api_requests_per_day: per_day, spread_over_day: true, ..limits(10.0) };
        let limiter = open(&limits);
        take(&limiter).await.unwrap().admitted();
        let start = mono_now();
        for _ in 0..5 {
            take(&limiter).await.unwrap().admitted();
        }
        let secs = start.elapsed().as_secs_f64();
        assert!((secs - 5.0 * gap_secs).abs() < 1.0, "{per_day} a day: {secs}");
        limiter.apply(&Limits { spread_over_day: false, ..limits });
        take(&limiter).await.unwrap().admitted();
        assert!(start.elapsed().as_secs_f64() - secs < 0.2, "without it at the full pace");
    }
}
