//! Tests of `store`: files.

use crate::media::MediaKind;
use crate::store::tests::{at, failed, fixture, list, media_id, name, of_kind, paths, photo, stored};
use crate::store::{FailedTry, FilePart, StoreError, Totals};

#[tokio::test]
async fn the_backlog_comes_in_pages_and_ends() {
    let f = fixture();
    list(&f.store, (0..7).rev().map(|n| photo(&format!("{n}"), &format!("{n}"))).collect()).await;
    f.store.want_motion(media_id("5"), name("5m"), "photos".to_owned(), false).await.unwrap();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = f.store.backlog(at(0), after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.id.clone(), last.part));
        seen.extend(page.into_iter().map(|w| w.path));
    }
    let order = ["6", "5", "5m", "4", "3", "2", "1", "0"].map(|n| format!("photos/{n}.jpg"));
    assert_eq!(seen, order);
    let beyond = f.store.backlog(at(0), Some((media_id("none"), FilePart::Main)), 3).await.unwrap();
    assert!(beyond.is_empty());
}

#[tokio::test]
async fn the_backlog_has_what_is_due_and_may_have_bytes() {
    let f = fixture();
    let items = vec![
        photo("stored", "stored"),
        photo("later", "later"),
        photo("due", "due"),
        of_kind(photo("processing", "processing"), MediaKind::VideoProcessing),
        of_kind(photo("broken", "broken"), MediaKind::VideoFailed),
    ];
    let recorded = list(&f.store, items).await;
    f.store.commit_stored(vec![stored(&recorded.wanted[0], 1)]).await.unwrap();
    f.store
        .commit_failed(vec![failed("later", at(60)), failed("due", at(30)), failed("broken", at(0))])
        .await
        .unwrap();
    let backlog = f.store.backlog(at(30), None, 10).await.unwrap();
    assert_eq!(paths(&backlog), ["photos/due.jpg", "photos/processing.jpg"]);
    assert_eq!((backlog[0].tries, backlog[1].kind), (1, MediaKind::VideoProcessing));
    f.store.commit_failed(vec![failed("processing", at(90))]).await.unwrap();
    assert_eq!(
        paths(&f.store.backlog(at(60), None, 10).await.unwrap()),
        ["photos/later.jpg", "photos/due.jpg"]
    );
}

#[tokio::test]
async fn a_batch_with_an_unknown_file_is_not_written_at_all() {
    let f = fixture();
    let recorded = list(&f.store, vec![photo("a", "a")]).await;
    let mut unknown = stored(&recorded.wanted[0], 1);
    unknown.id = media_id("none");
    let mut clip = stored(&recorded.wanted[0], 1);
    clip.part = FilePart::Motion;
    for stranger in [unknown, clip] {
        let error = f.store.commit_stored(vec![stored(&recorded.wanted[0], 1), stranger]).await.unwrap_err();
        assert!(matches!(error, StoreError::UnknownFile { .. }), "{error}");
        assert_eq!(f.store.totals().await.unwrap().files, 0);
    }
}

#[tokio::test]
async fn totals_follow_a_file_through_its_life() {
    let f = fixture();
    let totals = |items, files, bytes, wanted, failed| Totals { items, files, bytes, wanted, failed };
    let recorded = list(&f.store, vec![photo("a", "a"), photo("b", "b")]).await;
    assert_eq!(f.store.totals().await.unwrap(), totals(2, 0, 0, 2, 0));
    f.store.commit_failed(vec![failed("a", at(1)), failed("a", at(2))]).await.unwrap();
    assert_eq!(f.store.totals().await.unwrap(), totals(2, 0, 0, 2, 1));
    for bytes in [5_000_000_000, 4] {
        f.store.commit_stored(vec![stored(&recorded.wanted[0], bytes)]).await.unwrap();
        assert_eq!(f.store.totals().await.unwrap(), totals(2, 1, bytes, 1, 0));
    }
}

#[tokio::test]
async fn failures_are_told_newest_first_with_their_tries() {
    let f = fixture();
    list(&f.store, vec![photo("a", "a"), photo("b", "b"), photo("c", "c")]).await;
    f.store.commit_failed(vec![failed("a", at(1)), failed("b", at(2))]).await.unwrap();
    let long = FailedTry { reason: "ü".repeat(5_000), ..failed("a", at(3)) };
    f.store.commit_failed(vec![long, failed("none", at(3))]).await.unwrap();
    let failures = f.store.failures(10).await.unwrap();
    let told: Vec<_> = failures.iter().map(|f| (f.path.as_str(), f.tries, f.next_try)).collect();
    assert_eq!(told, [("photos/a.jpg", 2, Some(at(3))), ("photos/b.jpg", 1, Some(at(2)))]);
    assert_eq!((failures[0].reason.chars().count(), failures[1].reason.as_str()), (500, "server said no"));
    assert_eq!(f.store.failures(1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_next_try_that_a_wrong_clock_dated_is_not_waited_for() {
    let f = fixture();
    list(&f.store, vec![photo("week", "week"), photo("years", "years")]).await;
    let days = chrono::TimeDelta::days;
    f.store.commit_failed(vec![failed("week", at(0) + days(7))]).await.unwrap();
    f.store.commit_failed(vec![failed("years", at(0) + days(4_000))]).await.unwrap();
    assert_eq!(paths(&f.store.backlog(at(0), None, 10).await.unwrap()), ["photos/years.jpg"]);
    let again = list(&f.store, vec![photo("week", "week"), photo("years", "years")]).await;
    assert_eq!(paths(&again.wanted), ["photos/years.jpg"]);
}
