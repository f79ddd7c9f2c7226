//! The day's bytes of Drive: counted before they come, given back if they do not, kept over a restart.

use chrono::{DateTime, TimeDelta, Utc};
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::config::Limits;
use crate::limiter::{Class, Limiter};
use crate::media::LibraryName;
use crate::status::{ClassStatus, DAY_SPENT};

const MIB: u64 = 1 << 20;

/// A limiter with `per_day` bytes, and the clock on its wall.
fn limiter(per_day: u64, dir: Option<&Path>, from: &str) -> (Limiter, Arc<Mutex<DateTime<Utc>>>) {
    let clock: Arc<Mutex<DateTime<Utc>>> = Arc::new(Mutex::new(from.parse().unwrap()));
    let wall = Arc::clone(&clock);
    let limits = Limits { drive_bytes_per_day: per_day, ..Limits::default() };
    (Limiter::open_at(&limits, dir, Box::new(move || *wall.lock().unwrap())).unwrap(), clock)
}

fn name(text: &str) -> LibraryName {
    LibraryName::try_new(text).unwrap()
}

fn drive(limiter: &Limiter) -> ClassStatus {
    limiter.status().into_iter().find(|status| status.class == "drive").unwrap()
}

#[tokio::test]
async fn bytes_count_when_they_are_claimed_and_what_did_not_come_is_given_back() {
    let (limiter, _) = limiter(1_000 * MIB, None, "2025-07-01T19:00:00Z");
    let mut charge = limiter.claim_bytes(&name("alice"), 256 * MIB).await.unwrap();
    assert_eq!(drive(&limiter).day_bytes, 256 * MIB);
    charge.came(1 << 20);
    charge.came(1 << 20);
    drop(charge);
    assert_eq!(drive(&limiter).day_bytes, 2 * MIB);
    let mut whole = limiter.claim_bytes(&name("alice"), MIB).await.unwrap();
    whole.came(2 << 20);
    drop(whole);
    assert_eq!(drive(&limiter).day_bytes, 3 * MIB, "more than was claimed is not given back");
    assert_eq!(drive(&limiter).bytes_left_today(), Some(997 * MIB));
}

#[tokio::test]
async fn a_spent_day_parks_until_the_reset_and_the_next_day_goes_on() {
    let (limiter, clock) = limiter(10 * MIB, None, "2025-07-01T19:00:00Z");
    limiter.claim_bytes(&name("alice"), 6 * MIB).await.unwrap().came(6 << 20);
    // The last stretch may pass the budget.
    limiter.claim_bytes(&name("alice"), 6 * MIB).await.unwrap().came(6 << 20);
    let parked = limiter.claim_bytes(&name("alice"), 1).await.unwrap_err();
    let reset: DateTime<Utc> = "2025-07-02T07:00:00Z".parse().unwrap();
    assert!(parked.day && (reset..=reset + TimeDelta::minutes(1)).contains(&parked.until), "{parked:?}");
    let status = drive(&limiter);
    assert_eq!((status.mode.as_str(), status.parked_until), (DAY_SPENT, Some(parked.until)));
    // Requests without bytes are not concerned.
    limiter.acquire(Class::Drive, &name("alice")).await.unwrap().admitted();
    *clock.lock().unwrap() = parked.until;
    let charge = limiter.claim_bytes(&name("alice"), MIB).await.unwrap();
    assert_eq!(drive(&limiter).day_bytes, MIB);
    *clock.lock().unwrap() = parked.until + TimeDelta::days(1);
    limiter.claim_bytes(&name("alice"), MIB).await.unwrap().came(1 << 20);
    drop(charge);
    assert_eq!(drive(&limiter).day_bytes, MIB, "what was counted yesterday is not given back today");
}

#[tokio::test]
async fn what_came_is_kept_over_a_restart_and_a_crash_counts_too_much() {
    let dir = tempfile::tempdir().unwrap();
    let on_disk = || {
        let text = std::fs::read_to_string(dir.path().join("limiter.json")).unwrap();
        let state: serde_json::Value = serde_json::from_str(&text).unwrap();
        state["classes"]["drive"]["bytes"]["used"].as_u64().unwrap()
    };
    let (first, _) = limiter(1_000 * MIB, Some(dir.path()), "2025-07-01T19:00:00Z");
    let mut charge = first.claim_bytes(&name("alice"), 256 * MIB).await.unwrap();
    assert!(on_disk() >= 256 * MIB, "written before the bytes are asked for");
    charge.came(5 << 20);
    drop(charge);
    drop(first);
    assert_eq!(on_disk(), 5 * MIB, "an orderly end writes what came");
    let (second, _) = limiter(1_000 * MIB, Some(dir.path()), "2025-07-01T20:00:00Z");
    assert_eq!(drive(&second).day_bytes, 5 * MIB);
    let (third, _) = limiter(0, Some(dir.path()), "2025-07-01T20:00:00Z");
    third.claim_bytes(&name("alice"), u64::MAX).await.unwrap().came(1);
    assert_eq!(drive(&third).day_bytes_budget, None, "0 does not limit");
}

#[tokio::test]
async fn many_short_stretches_are_not_written_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let (limiter, _) = limiter(750 << 30, Some(dir.path()), "2025-07-01T19:00:00Z");
    let written = || std::fs::read_to_string(dir.path().join("limiter.json")).unwrap();
    limiter.claim_bytes(&name("alice"), MIB).await.unwrap().came(1 << 20);
    let first = written();
    for _ in 0..200 {
        limiter.claim_bytes(&name("alice"), MIB).await.unwrap().came(1 << 20);
    }
    assert_eq!(written(), first);
    for _ in 0..100 {
        limiter.claim_bytes(&name("alice"), MIB).await.unwrap().came(1 << 20);
    }
    assert_ne!(written(), first, "the reserve is used up");
}

#[tokio::test]
async fn a_reload_changes_the_budget_and_a_big_library_leaves_something() {
    let (limiter, _) = limiter(100 * MIB, None, "2025-07-01T19:00:00Z");
    limiter.set_libraries(2);
    limiter.claim_bytes(&name("alice"), 96 * MIB).await.unwrap().came(96 << 20);
    assert!(limiter.claim_bytes(&name("alice"), MIB).await.is_err(), "the last part is for others");
    limiter.claim_bytes(&name("bob"), MIB).await.unwrap().came(1 << 20);
    limiter.apply(&Limits { drive_bytes_per_day: 200 * MIB, ..Limits::default() });
    limiter.claim_bytes(&name("alice"), MIB).await.unwrap().came(1 << 20);
    assert_eq!(drive(&limiter).bytes_left_today(), Some(102 * MIB));
}
