//! Tests of `store`: runs.

use crate::status::{RunEnd, RunSummary};
use crate::store::tests::{at, fixture};

fn summary(run: u64, end: RunEnd) -> RunSummary {
    let seconds = i64::try_from(run).unwrap() * 10;
    RunSummary {
        run,
        started: at(seconds),
        finished: at(seconds + 5),
        end,
        reason: Some("why".to_owned()),
        full: true,
        listed: 1,
        new: 2,
        downloaded: 3,
        bytes: 4,
        failed: 5,
        trashed: 0,
        returned: 0,
        purged: 0,
        api_requests: 6,
        media_requests: 7,
    }
}

#[tokio::test]
async fn a_run_is_told_as_it_was_recorded() {
    let f = fixture();
    let (last, complete) = f.store.last_run().await.unwrap();
    assert!(last.is_none() && complete.is_none());
    for (run, end) in (1..).zip(RunEnd::ALL) {
        let written = summary(run, end);
        f.store.record_run(written.clone()).await.unwrap();
        let (last, complete) = f.store.last_run().await.unwrap();
        assert_eq!(serde_json::to_value(last).unwrap(), serde_json::to_value(Some(written)).unwrap());
        assert_eq!(complete, Some(at(15)), "{end:?}");
    }
}

#[tokio::test]
async fn only_the_newest_runs_are_kept_and_the_last_complete_one_is_remembered() {
    let f = fixture();
    f.store.record_run(summary(1, RunEnd::Complete)).await.unwrap();
    for run in 2..=150 {
        f.store.record_run(summary(run, RunEnd::Failed)).await.unwrap();
    }
    let kept: i64 = f
        .store
        .read("count", |c| c.query_row("SELECT count(*) FROM runs", [], |row| row.get(0)))
        .await
        .unwrap();
    assert_eq!(kept, 100);
    assert_eq!(f.store.last_run().await.unwrap().1, Some(at(15)));
}

#[tokio::test]
async fn a_run_number_is_never_given_twice() {
    let f = fixture();
    assert_eq!((f.store.next_run_number().await.unwrap(), f.store.next_run_number().await.unwrap()), (1, 2));
}

#[tokio::test]
async fn a_run_is_open_from_its_number_to_its_record() {
    let f = fixture();
    assert!(!f.store.has_open_run().await.unwrap(), "no run has begun");
    for end in [RunEnd::Complete, RunEnd::Interrupted] {
        let run = f.store.next_run_number().await.unwrap();
        assert!(f.store.has_open_run().await.unwrap(), "run {run} has begun");
        f.store.record_run(summary(run, end)).await.unwrap();
        assert!(!f.store.has_open_run().await.unwrap(), "run {run} is recorded");
    }
}

#[tokio::test]
async fn facts_are_remembered_replaced_and_forgotten() {
    let f = fixture();
    for value in [None, Some("a"), Some("b"), Some(""), None] {
        f.store.set_fact("needs-login", value.map(str::to_owned)).await.unwrap();
        assert_eq!(f.store.fact("needs-login").await.unwrap().as_deref(), value);
        assert_eq!(f.store.fact("token-fingerprint").await.unwrap(), None);
    }
}
