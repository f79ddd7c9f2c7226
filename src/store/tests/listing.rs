//! Tests of `store`: listing.

use crate::store::tests::{at, fixture, list, page, photo};
use crate::store::{ListingKind, Store};

#[tokio::test]
async fn a_listing_goes_on_where_its_last_page_left_it_after_a_restart() {
    let f = fixture();
    assert_eq!(f.store.unfinished_listing().await.unwrap(), None);
    let begun = f.store.begin_listing(ListingKind::Full, at(1)).await.unwrap();
    assert_eq!(f.store.unfinished_listing().await.unwrap(), Some(begun.clone()));
    f.store.record_page(page(begun.generation, vec![photo("a", "a")])).await.unwrap();
    drop(f.store);
    let store = Store::open(&f.dir.path().join("index.sqlite")).unwrap();
    let unfinished = store.unfinished_listing().await.unwrap().unwrap();
    assert_eq!((unfinished.next.as_deref(), unfinished.started), (Some("next"), at(1)));
    assert_eq!((unfinished.kind, unfinished.generation), (ListingKind::Full, begun.generation));
}

#[tokio::test]
async fn the_end_of_a_full_listing_is_recorded_with_its_last_page() {
    let f = fixture();
    for (kind, began, last_full) in [
        (ListingKind::Head, 1, None),
        (ListingKind::Full, 2, Some(at(2))),
        (ListingKind::Head, 3, Some(at(2))),
        (ListingKind::Full, 4, Some(at(4))),
    ] {
        let begun = f.store.begin_listing(kind, at(began)).await.unwrap();
        let mut last = page(begun.generation, vec![photo("a", "a")]);
        last.next = None;
        f.store.record_page(last).await.unwrap();
        assert_eq!(f.store.unfinished_listing().await.unwrap(), None);
        assert_eq!(f.store.last_full_listing().await.unwrap(), last_full);
    }
}

#[tokio::test]
async fn a_listing_ended_early_is_neither_unfinished_nor_complete() {
    let f = fixture();
    let begun = f.store.begin_listing(ListingKind::Full, at(0)).await.unwrap();
    f.store.end_listing(begun.generation + 1).await.unwrap();
    assert!(f.store.unfinished_listing().await.unwrap().is_some(), "another listing's end is not this one's");
    f.store.end_listing(begun.generation).await.unwrap();
    assert_eq!(f.store.unfinished_listing().await.unwrap(), None);
    assert_eq!(f.store.last_full_listing().await.unwrap(), None);
}

#[tokio::test]
async fn a_page_of_a_listing_given_up_moves_no_cursor() {
    let f = fixture();
    let old = f.store.begin_listing(ListingKind::Full, at(0)).await.unwrap();
    let new = f.store.begin_listing(ListingKind::Head, at(1)).await.unwrap();
    assert!(new.generation > old.generation);
    let recorded = f.store.record_page(page(old.generation, vec![photo("a", "a")])).await.unwrap();
    assert_eq!((recorded.new, f.store.unfinished_listing().await.unwrap()), (1, Some(new)));
}

#[tokio::test]
async fn a_page_that_cannot_be_written_leaves_items_and_cursor_alone() {
    let f = fixture();
    list(&f.store, vec![photo("a", "a")]).await;
    let before = f.store.unfinished_listing().await.unwrap();
    // As on a full disk: the file may not grow by one more page.
    let pages: i64 = f
        .store
        .read("limit", |c| {
            let pages: i64 = c.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            c.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get(0))
        })
        .await
        .unwrap();
    assert!(pages > 0);
    let many = (0..2_000).map(|n| photo(&format!("new{n}"), "IMG")).collect();
    let mut full = page(before.as_ref().unwrap().generation, many);
    full.next = Some("further".to_owned());
    let error = f.store.record_page(full).await.unwrap_err();
    assert!(error.is_full(), "{error:?}");
    assert_eq!(f.store.unfinished_listing().await.unwrap(), before);
    assert_eq!(f.store.totals().await.unwrap().items, 1);
    f.store.read("lift", |c| c.query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(()))).await.unwrap();
    list(&f.store, vec![photo("b", "b")]).await;
    assert_eq!(f.store.totals().await.unwrap().items, 2);
}
