//! Due moments, splay and catch-up.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

use crate::status::{RunEnd, RunSummary};
use crate::supervisor::schedule::{
    CATCH_UP_SPLAY_MAX, DueAfter, FirstRun, LastSeen, Timetable, decide_first_run, splay_for,
};

const HOUR: i64 = 3_600;

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(secs, 0).expect("a legal time")
}

/// Due at each full hour.
fn hourly() -> DueAfter {
    Box::new(|now| DateTime::from_timestamp((now.timestamp() / HOUR + 1) * HOUR, 0))
}

fn manual() -> DueAfter {
    Box::new(|_| None)
}

fn run_at(secs: i64, end: RunEnd) -> RunSummary {
    RunSummary {
        run: 1,
        started: at(secs),
        finished: at(secs + 60),
        end,
        reason: None,
        full: false,
        listed: 0,
        new: 0,
        downloaded: 0,
        bytes: 0,
        failed: 0,
        trashed: 0,
        returned: 0,
        purged: 0,
        api_requests: 0,
        media_requests: 0,
    }
}

fn seen(last_run: Option<&RunSummary>, has_open_run: bool, has_token: bool) -> LastSeen<'_> {
    LastSeen { last_run, has_open_run, has_token }
}

#[test]
fn a_missed_cut_or_first_run_begins_soon_after_the_start() {
    let now = at(10 * HOUR + 600);
    let this_hour = run_at(10 * HOUR + 30, RunEnd::Complete);
    let hour_before = run_at(9 * HOUR + 30, RunEnd::Complete);
    let failed = run_at(10 * HOUR + 30, RunEnd::Failed);
    let incomplete = run_at(10 * HOUR + 30, RunEnd::Incomplete);
    let interrupted = run_at(10 * HOUR + 30, RunEnd::Interrupted);
    let (this_hour, hour_before) = (Some(&this_hour), Some(&hour_before));
    let table: [(&str, DueAfter, LastSeen<'_>, FirstRun); 14] = [
        ("ran this hour", hourly(), seen(this_hour, false, true), FirstRun::WhenDue),
        ("ran this hour, and a later run was cut off", hourly(), seen(this_hour, true, true), FirstRun::Soon),
        ("missed this hour", hourly(), seen(hour_before, false, true), FirstRun::Soon),
        ("missed this hour, a run was cut off", hourly(), seen(hour_before, true, true), FirstRun::Soon),
        ("interrupted", hourly(), seen(Some(&interrupted), false, true), FirstRun::Soon),
        ("failed", hourly(), seen(Some(&failed), false, true), FirstRun::Soon),
        ("items missing", hourly(), seen(Some(&incomplete), false, true), FirstRun::WhenDue),
        ("never ran", hourly(), seen(None, false, true), FirstRun::Soon),
        ("the first run was cut off", hourly(), seen(None, true, true), FirstRun::Soon),
        ("never ran, no token", hourly(), seen(None, false, false), FirstRun::WhenDue),
        ("cut off, no token", hourly(), seen(this_hour, true, false), FirstRun::WhenDue),
        ("manual, missed", manual(), seen(hour_before, false, true), FirstRun::WhenDue),
        ("manual, never ran", manual(), seen(None, false, true), FirstRun::WhenDue),
        ("manual, cut off", manual(), seen(hour_before, true, true), FirstRun::WhenDue),
    ];
    for (name, due_after, seen, expected) in table {
        assert_eq!(decide_first_run(&due_after, &seen, now), expected, "{name}");
    }
}

#[test]
fn a_run_is_due_within_the_splay_and_only_once() {
    let mut table = Timetable::new(hourly(), Duration::from_secs(600), at(100), 0.5);
    assert_eq!(table.next(), Some(at(HOUR + 300)));
    assert!(!table.tick(at(HOUR + 299), 0.0));
    assert!(table.tick(at(HOUR + 300), 0.0));
    assert!(!table.tick(at(HOUR + 301), 0.0));
    assert_eq!(table.next(), Some(at(2 * HOUR)));
}

#[test]
fn a_clock_set_forward_runs_once_and_one_set_back_does_not_wait_for_years() {
    let mut table = Timetable::new(hourly(), Duration::ZERO, at(1_000_000 * HOUR), 0.0);
    assert!(!table.tick(at(100), 0.0));
    assert_eq!(table.next(), Some(at(HOUR)));
    assert!(table.tick(at(500 * HOUR), 0.0));
    assert_eq!(table.next(), Some(at(501 * HOUR)));
    assert!(!table.tick(at(500 * HOUR - 5), 0.0));
    assert_eq!(table.next(), Some(at(501 * HOUR)), "a small step back changes nothing");
}

#[test]
fn a_missed_run_waits_for_the_short_splay_at_most() {
    let now = at(10 * HOUR);
    let mut table = Timetable::new(hourly(), Duration::from_secs(600), now, 1.0);
    table.begin(&LastSeen { last_run: None, has_open_run: false, has_token: true }, now, 1.0);
    assert_eq!(table.next(), Some(now + TimeDelta::from_std(CATCH_UP_SPLAY_MAX).expect("short")));
}

#[test]
fn a_manual_library_is_never_due() {
    let mut table = Timetable::new(manual(), Duration::from_secs(600), at(0), 0.3);
    table.begin(&LastSeen { last_run: None, has_open_run: false, has_token: true }, at(0), 0.3);
    assert_eq!(table.next(), None);
    assert!(!table.tick(at(1_000 * HOUR), 0.0));
}

#[test]
fn the_splay_is_a_part_of_its_whole() {
    let splay = Duration::from_secs(600);
    let parts: Vec<i64> =
        [-1.0, 0.0, 0.5, 1.0, 2.0].iter().map(|f| splay_for(splay, *f).num_seconds()).collect();
    assert_eq!(parts, [0, 0, 300, 600, 600]);
}
