//! What monitors are told.

use chrono::{DateTime, TimeDelta, Utc};
use std::path::PathBuf;

use crate::cli::status_check::{Level, decide_check};
use crate::media::LibraryName;
use crate::status::{DaemonStatus, LibraryState, LibraryStatus, RunEnd, RunSummary, TokenHealth};
use crate::takeout::rhythm::{Notice, NoticeKind};

fn now() -> DateTime<Utc> {
    "2026-11-22T16:00:00Z".parse().expect("legal")
}

fn library(state: LibraryState) -> LibraryStatus {
    LibraryStatus {
        name: LibraryName::try_new("alice").expect("legal"),
        root: PathBuf::from("/srv"),
        state,
        detail: "why\nhint: what".to_owned(),
        until: None,
        last_run: Some(run(RunEnd::Complete)),
        last_complete: Some(now() - TimeDelta::hours(1)),
        next_run: None,
        items: 0,
        files: 0,
        bytes: 0,
        wanted: 0,
        failed: 3,
        failures: Vec::new(),
        token: TokenHealth::Good { dies_at: None, unsaved: None },
        progress: None,
        exports: Vec::new(),
        sources: Vec::new(),
        notices: Vec::new(),
        verify: None,
        rebuilding: false,
        deletions: crate::status::DeletionStatus::default(),
    }
}

fn run(end: RunEnd) -> RunSummary {
    RunSummary {
        run: 1,
        started: now(),
        finished: now(),
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

fn daemon(pid: Option<u32>, libraries: Vec<LibraryStatus>) -> DaemonStatus {
    let config = PathBuf::from("/etc/c.toml");
    DaemonStatus {
        version: "1".to_owned(),
        config,
        pid,
        started: None,
        libraries,
        limits: Vec::new(),
        speed: None,
    }
}

fn check(library: LibraryStatus) -> (Level, String) {
    decide_check(&daemon(Some(1), vec![library]), |_| Some(TimeDelta::hours(6)), false, now())
}

#[test]
fn every_state_has_its_level() {
    let table = [
        (LibraryState::Idle, Level::Ok),
        (LibraryState::Running, Level::Ok),
        (LibraryState::BackingOff, Level::Warning),
        (LibraryState::QuotaSpent, Level::Warning),
        (LibraryState::NeedsLogin, Level::Critical),
        (LibraryState::DiskFull, Level::Critical),
        (LibraryState::Failed, Level::Critical),
    ];
    for (state, expected) in table {
        let (level, line) = check(library(state));
        assert_eq!(level, expected, "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
    }
    assert_eq!(check(library(LibraryState::Failed)).1, "CRITICAL - alice: failed, why");
    assert_eq!(check(library(LibraryState::Idle)).1, "OK - alice is idle");
}

#[test]
fn missing_items_dying_tokens_and_old_runs_are_warned_of() {
    let idle = || library(LibraryState::Idle);
    let dies = |hours| TokenHealth::Good { dies_at: Some(now() + TimeDelta::hours(hours)), unsaved: None };
    let unsaved = || TokenHealth::Good { dies_at: None, unsaved: Some("it cannot be saved".to_owned()) };
    let complete = |hours| Some(now() - TimeDelta::hours(hours));
    let text = "no export came\nhint: look".to_owned();
    let late = Notice { kind: NoticeKind::Late, export: None, since: now(), text };
    let table = [
        (LibraryStatus { notices: vec![late], ..idle() }, Level::Warning, "alice: no export came"),
        (LibraryStatus { last_run: Some(run(RunEnd::Incomplete)), ..idle() }, Level::Warning, "3 items"),
        (LibraryStatus { last_run: Some(run(RunEnd::Interrupted)), ..idle() }, Level::Warning, "cut off"),
        (LibraryStatus { last_run: None, wanted: 5, ..idle() }, Level::Warning, "5 known files"),
        (LibraryStatus { last_run: Some(run(RunEnd::Complete)), wanted: 5, ..idle() }, Level::Ok, ""),
        (LibraryStatus { token: dies(47), ..idle() }, Level::Warning, "token dies"),
        (LibraryStatus { token: dies(49), ..idle() }, Level::Ok, ""),
        (LibraryStatus { token: unsaved(), ..idle() }, Level::Warning, "alice: it cannot be saved"),
        (LibraryStatus { last_complete: complete(49), ..idle() }, Level::Warning, "2 days 1 h ago"),
        (LibraryStatus { last_complete: complete(47), ..idle() }, Level::Ok, ""),
        (LibraryStatus { last_complete: None, ..idle() }, Level::Warning, "ever complete"),
        (LibraryStatus { last_complete: None, ..library(LibraryState::Running) }, Level::Ok, ""),
    ];
    for (status, expected, words) in table {
        let (level, line) = check(status);
        assert_eq!(level, expected, "{line}");
        assert!(line.contains(words) && !line.contains("hint"), "{line}");
    }
}

#[test]
fn a_weekly_schedule_allows_two_weeks_and_a_manual_one_any_time() {
    let old =
        || LibraryStatus { last_complete: Some(now() - TimeDelta::days(13)), ..library(LibraryState::Idle) };
    let with_period =
        |period: Option<TimeDelta>| decide_check(&daemon(Some(1), vec![old()]), |_| period, false, now()).0;
    assert_eq!(with_period(Some(TimeDelta::days(7))), Level::Ok);
    assert_eq!(with_period(Some(TimeDelta::days(6))), Level::Warning);
    assert_eq!(with_period(None), Level::Ok);
}

#[test]
fn a_missing_daemon_is_critical_only_where_something_is_scheduled() {
    let status = || daemon(None, vec![library(LibraryState::Idle)]);
    let (level, line) = decide_check(&status(), |_| Some(TimeDelta::hours(6)), false, now());
    assert_eq!((level, line.as_str()), (Level::Critical, "CRITICAL - the daemon does not run"));
    assert_eq!(decide_check(&status(), |_| None, false, now()).0, Level::Ok);
    assert_eq!(decide_check(&daemon(Some(1), Vec::new()), |_| None, false, now()).0, Level::Ok);
}

#[test]
fn the_worst_comes_first() {
    let warned = LibraryStatus { last_run: Some(run(RunEnd::Incomplete)), ..library(LibraryState::Idle) };
    let status = daemon(Some(1), vec![warned, library(LibraryState::Failed)]);
    let (level, line) = decide_check(&status, |_| None, false, now());
    assert_eq!(level, Level::Critical);
    assert!(
        line.starts_with("CRITICAL - alice: failed") && line.ends_with("3 items could not be fetched"),
        "{line}"
    );
}

#[test]
fn a_broken_configuration_is_warned_of_while_the_daemon_goes_on_and_hides_nothing_worse() {
    let healthy = daemon(Some(1), vec![library(LibraryState::Idle)]);
    let line =
        "WARNING - the configuration cannot be used, the daemon goes on with the old settings".to_owned();
    assert_eq!(decide_check(&healthy, |_| None, true, now()), (Level::Warning, line));
    let full = daemon(Some(1), vec![library(LibraryState::DiskFull)]);
    let (level, line) = decide_check(&full, |_| None, true, now());
    assert_eq!(level, Level::Critical);
    assert!(line.starts_with("CRITICAL - alice: disk-full, why; the configuration"), "{line}");
}
