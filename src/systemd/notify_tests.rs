//! The status sentence.

use chrono::{DateTime, FixedOffset, Utc};
use std::path::PathBuf;

use crate::media::LibraryName;
use crate::status::{
    ClassStatus, DAY_SPENT, DeletionStatus, LibraryState, LibraryStatus, Progress, TokenHealth, VerifyStatus,
};
use crate::systemd::notify::{SENTENCE_BYTES_MAX, grouped, line, sentence_for};
use crate::takeout::rhythm::{Notice, NoticeKind};

fn six_pm() -> DateTime<Utc> {
    "2026-11-22T16:00:00Z".parse().expect("a legal time")
}

fn zone() -> FixedOffset {
    FixedOffset::east_opt(7_200).expect("a legal offset")
}

fn library(name: &str, state: LibraryState) -> LibraryStatus {
    LibraryStatus {
        name: LibraryName::try_new(name).expect("legal"),
        root: PathBuf::from("/srv/photos"),
        state,
        detail: String::new(),
        until: Some(six_pm()),
        last_run: None,
        last_complete: None,
        next_run: Some(six_pm()),
        items: 0,
        files: 0,
        bytes: 0,
        wanted: 0,
        failed: 0,
        failures: Vec::new(),
        token: TokenHealth::Missing,
        progress: None,
        exports: Vec::new(),
        sources: Vec::new(),
        notices: Vec::new(),
        verify: None,
        rebuilding: false,
        deletions: crate::status::DeletionStatus::default(),
    }
}

fn running(progress: Progress) -> LibraryStatus {
    LibraryStatus { progress: Some(progress), ..library("alice", LibraryState::Running) }
}

#[test]
fn two_libraries_are_told_in_one_sentence() {
    let alice = running(Progress { downloaded: 1_240, wanted: 9_800, ..Progress::default() });
    let bob = library("bob", LibraryState::Idle);
    assert_eq!(
        sentence_for(&[alice, bob], &[], &zone()),
        "2 libraries: alice running, 1,240 of 9,800 files; bob idle until 18:00"
    );
}

#[test]
fn every_state_has_its_clause() {
    let manual = LibraryStatus { next_run: None, ..library("alice", LibraryState::Idle) };
    let table = [
        (manual, "alice idle"),
        (library("alice", LibraryState::Running), "alice running"),
        (running(Progress { listed: 300, ..Progress::default() }), "alice running, 300 items listed"),
        (
            running(Progress { wanted: 9, waiting: "the pace".to_owned(), ..Progress::default() }),
            "alice running, 0 of 9 files, waits for the pace",
        ),
        (library("alice", LibraryState::BackingOff), "alice backing-off until 18:00"),
        (library("alice", LibraryState::QuotaSpent), "alice quota-spent until 18:00"),
        (library("alice", LibraryState::NeedsLogin), "alice needs-login, run `gphotos-syncd login alice`"),
        (library("alice", LibraryState::DiskFull), "alice disk-full until 18:00"),
        (library("alice", LibraryState::Failed), "alice failed until 18:00"),
    ];
    for (status, expected) in table {
        assert_eq!(sentence_for(&[status], &[], &zone()), format!("1 library: {expected}"));
    }
    assert!(sentence_for(&[], &[], &zone()).starts_with("no libraries are configured"));
}

/// A class of which 1,240 requests were counted.
fn class(name: &str, day_budget: Option<u64>) -> ClassStatus {
    ClassStatus {
        class: name.to_owned(),
        pace: 10.0,
        ceiling: 10.0,
        ceiling_told: false,
        mode: "steady".to_owned(),
        day_used: 1_240,
        day_budget,
        day_bytes: 0,
        day_bytes_budget: None,
        parked_until: None,
        sent: 0,
        throttled: 0,
    }
}

#[test]
fn what_is_left_of_each_counted_quota_is_told() {
    let bob = library("bob", LibraryState::Idle);
    let quotas = [class("api", Some(10_000)), class("media", Some(1_000)), class("token", None)];
    assert_eq!(
        sentence_for(std::slice::from_ref(&bob), &quotas, &zone()),
        "1 library: bob idle until 18:00; left today: 8,760 of 10,000 api, 0 of 1,000 media requests"
    );
    let spent = ClassStatus { mode: DAY_SPENT.to_owned(), ..class("api", Some(10_000)) };
    let sentence = sentence_for(std::slice::from_ref(&bob), &[spent], &zone());
    assert!(sentence.ends_with("left today: 0 of 10,000 api requests"), "{sentence}");
    assert_eq!(sentence_for(&[bob], &quotas[2..], &zone()), "1 library: bob idle until 18:00");
}

#[test]
fn what_is_the_matter_with_exports_is_told_once_for_each_kind() {
    let notice =
        |kind| Notice { kind, export: None, since: six_pm(), text: "much more\nhint: do".to_owned() };
    let kinds = [NoticeKind::PartMissing, NoticeKind::Late, NoticeKind::PartMissing];
    let alice = LibraryStatus { notices: kinds.map(notice).to_vec(), ..library("alice", LibraryState::Idle) };
    assert_eq!(
        sentence_for(&[alice], &[], &zone()),
        "1 library: alice idle until 18:00, export late, part of an export missing"
    );
}

#[test]
fn files_that_are_not_as_they_were_and_deletions_that_wait_are_told() {
    let verify = VerifyStatus { damaged: 2, missing: 1, ..VerifyStatus::default() };
    let deletions = DeletionStatus { held: 1_234, ..DeletionStatus::default() };
    let alice = LibraryStatus { verify: Some(verify), deletions, ..library("alice", LibraryState::Idle) };
    assert_eq!(
        sentence_for(&[alice], &[], &zone()),
        "1 library: alice idle until 18:00, files on disk: 2 damaged, 1 missing, 1,234 deletions wait for a person's word"
    );
}

#[test]
fn a_hundred_libraries_fit_in_the_datagram() {
    let many: Vec<LibraryStatus> =
        (0..100).map(|n| library(&format!("library-{n}"), LibraryState::NeedsLogin)).collect();
    let sentence = sentence_for(&many, &[], &zone());
    assert!(sentence.len() < SENTENCE_BYTES_MAX + 20 && sentence.ends_with(" more"), "{sentence}");
}

#[test]
fn a_line_break_begins_no_assignment() {
    assert_eq!(line("one\nREADY=1\r"), "one READY=1 ");
}

#[test]
fn digits_are_grouped_by_three() {
    let shown: Vec<String> = [0, 999, 1_000, 1_234_567].into_iter().map(grouped).collect();
    assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
}
