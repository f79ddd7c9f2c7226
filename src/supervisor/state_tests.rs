//! Every state with every event.

use chrono::{DateTime, TimeDelta, Utc};

use crate::job::Outcome;
use crate::status::TokenHealth;
use crate::supervisor::state::{Activation, Again, Cause, DISK_RECHECK, EndFacts, WorkerState};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a legal time")
}

fn later() -> DateTime<Utc> {
    now() + TimeDelta::hours(1)
}

fn running(failures: u32) -> WorkerState {
    WorkerState::Running { full: false, again: None, failures, leaving: false }
}

fn running_again(full: bool) -> WorkerState {
    WorkerState::Running { full: false, again: Some(Again { full }), failures: 0, leaving: false }
}

fn leaving() -> WorkerState {
    WorkerState::Running { full: false, again: None, failures: 0, leaving: true }
}

fn facts() -> EndFacts {
    EndFacts { now: now(), jitter: 1.0, stamp: Some(7) }
}

fn wish(cause: Cause) -> Activation {
    Activation { cause, full: false, deletions: 0 }
}

/// Idle, running, backing off (2 failures), quota spent, needs login (stamp 7), disk full, failed (3 failures), stopped.
fn every_state() -> [WorkerState; 8] {
    let until = later();
    [
        WorkerState::Idle,
        running(0),
        WorkerState::BackingOff { until, failures: 2 },
        WorkerState::QuotaSpent { until },
        WorkerState::NeedsLogin { stamp: Some(7) },
        WorkerState::DiskFull { until },
        WorkerState::Failed { until, failures: 3 },
        WorkerState::Stopped,
    ]
}

/// Applies `event` to every state and compares with `expected`, where none means unchanged.
fn hold(name: &str, event: impl Fn(WorkerState) -> WorkerState, expected: [Option<WorkerState>; 8]) {
    for (state, expected) in every_state().into_iter().zip(expected) {
        let expected = expected.unwrap_or_else(|| state.clone());
        assert_eq!(event(state.clone()), expected, "{name} in {state:?}");
    }
}

#[test]
fn every_state_answers_a_wish_as_the_table_says() {
    let again = Some(running_again(false));
    hold(
        "person",
        |s| s.activated(wish(Cause::Person)),
        [
            Some(running(0)),
            again.clone(),
            Some(running(2)),
            None,
            Some(running(0)),
            Some(running(0)),
            Some(running(3)),
            None,
        ],
    );
    hold(
        "schedule",
        |s| s.activated(wish(Cause::Schedule)),
        [Some(running(0)), again, None, None, None, None, Some(running(3)), None],
    );
    hold(
        "limits",
        |s| s.activated(wish(Cause::LimitsChanged)),
        [None, None, None, Some(running(0)), None, None, None, None],
    );
}

#[test]
fn every_state_answers_time_token_and_leave_as_the_table_says() {
    hold("early", |s| s.time_passed(later() - TimeDelta::seconds(1)), Default::default());
    hold(
        "due",
        |s| s.time_passed(later()),
        [None, None, Some(running(2)), Some(running(0)), None, Some(running(0)), Some(running(3)), None],
    );
    hold("same token", |s| s.token_seen(Some(7)), Default::default());
    let mut woken: [Option<WorkerState>; 8] = Default::default();
    woken[4] = Some(running(0));
    hold("new token", |s| s.token_seen(Some(8)), woken.clone());
    woken[4] = Some(WorkerState::NeedsLogin { stamp: None });
    hold("no token", |s| s.token_seen(None), woken);
    let parked = || Some(WorkerState::NeedsLogin { stamp: None });
    hold(
        "logged out",
        WorkerState::logged_out,
        [parked(), None, parked(), parked(), None, parked(), parked(), None],
    );
    let stopped = Some(WorkerState::Stopped);
    let mut left: [Option<WorkerState>; 8] = std::array::from_fn(|_| stopped.clone());
    left[1] = Some(leaving());
    hold("leave", WorkerState::leave_began, left);
}

#[test]
fn a_clock_set_back_lengthens_no_rest() {
    let (day, until) = (TimeDelta::days(1), later() - TimeDelta::days(1));
    let mut moved: [Option<WorkerState>; 8] = Default::default();
    moved[2] = Some(WorkerState::BackingOff { until, failures: 2 });
    moved[3] = Some(WorkerState::QuotaSpent { until: now() });
    moved[5] = Some(WorkerState::DiskFull { until });
    moved[6] = Some(WorkerState::Failed { until, failures: 3 });
    hold("set back", |s| s.clock_set_back(day, now()), moved);
}

#[test]
fn every_outcome_leads_to_its_state() {
    let text = || "why".to_owned();
    let minutes = |m| now() + TimeDelta::minutes(m);
    let disk = now() + TimeDelta::from_std(DISK_RECHECK).expect("short");
    let table = [
        (Outcome::Complete, WorkerState::Idle),
        (Outcome::Incomplete, WorkerState::Idle),
        (Outcome::Interrupted, WorkerState::Idle),
        (Outcome::Throttled { until: later(), day: true }, WorkerState::QuotaSpent { until: later() }),
        (
            Outcome::Throttled { until: later(), day: false },
            WorkerState::BackingOff { until: later(), failures: 2 },
        ),
        (Outcome::Transient(text()), WorkerState::BackingOff { until: minutes(4), failures: 3 }),
        (Outcome::NeedsLogin(text()), WorkerState::NeedsLogin { stamp: Some(7) }),
        (Outcome::DiskFull(text()), WorkerState::DiskFull { until: disk }),
        (Outcome::Locked(text()), WorkerState::Failed { until: minutes(4), failures: 3 }),
        (Outcome::Unusable(text()), WorkerState::Failed { until: minutes(4), failures: 3 }),
        (Outcome::Failed(text()), WorkerState::Failed { until: minutes(4), failures: 3 }),
    ];
    for (outcome, expected) in table {
        assert_eq!(running(2).finished(&outcome, facts()), Ok(expected), "{outcome:?}");
        assert_eq!(leaving().finished(&outcome, facts()), Ok(WorkerState::Stopped), "{outcome:?}");
    }
}

#[test]
fn an_end_without_a_run_is_refused_in_every_other_state() {
    for state in every_state().into_iter().filter(|s| !s.is_running()) {
        assert!(state.clone().finished(&Outcome::Complete, facts()).is_err(), "{state:?}");
    }
}

#[test]
fn five_wishes_during_a_run_become_one_more_run() {
    let mut state = running(0);
    for n in 0..5 {
        state = state.activated(Activation { cause: Cause::Person, full: n == 2, deletions: 0 });
    }
    assert_eq!(state, running_again(true));
    let state = state.finished(&Outcome::Complete, facts()).expect("legal");
    assert_eq!(state, WorkerState::Running { full: true, again: None, failures: 0, leaving: false });
    assert_eq!(state.finished(&Outcome::Complete, facts()), Ok(WorkerState::Idle));
}

#[test]
fn a_worker_begins_parked_without_a_usable_token() {
    let why = || "bad".to_owned();
    let table = [
        (TokenHealth::Good { dies_at: None, unsaved: None }, WorkerState::Idle),
        (TokenHealth::Missing, WorkerState::NeedsLogin { stamp: None }),
        (TokenHealth::Unusable { reason: why() }, WorkerState::NeedsLogin { stamp: None }),
        (TokenHealth::Dead { reason: why() }, WorkerState::NeedsLogin { stamp: None }),
    ];
    for (token, expected) in table {
        assert_eq!(WorkerState::at_start(&token, None), expected, "{token:?}");
    }
}

#[test]
fn only_waiting_states_say_until_when() {
    let known: Vec<bool> = every_state().iter().map(|s| s.until().is_some()).collect();
    assert_eq!(known, [false, false, true, true, false, true, true, false]);
}
