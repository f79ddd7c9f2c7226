//! What listings missed, what Google said of it, and the trash.

use chrono::TimeDelta;

use crate::media::MediaId;
use crate::store::tests::{at, fixture, list, page, photo};
use crate::store::{
    Answered, Away, Fate, FilePart, FullListing, ListingKind, NewItem, Settling, Stays, Store, Stored,
    Throwing,
};

fn item(id: &str) -> NewItem {
    photo(id, id)
}

/// A full listing that has these items and comes to its end; its number.
async fn list_all(store: &Store, ids: &[&str]) -> i64 {
    let listing = store.begin_listing(ListingKind::Full, at(0)).await.unwrap();
    let mut last = page(listing.generation, ids.iter().map(|id| item(id)).collect());
    last.next = None;
    store.record_page(last).await.unwrap();
    listing.generation
}

async fn store_file(store: &Store, id: &str) -> Stored {
    let path = store.read("path", {
        let id = id.to_owned();
        move |c| {
            let sql = "SELECT path FROM files f JOIN items i ON i.n = f.item WHERE i.id = ?1";
            c.query_row(sql, [id], |row| row.get::<_, String>(0))
        }
    });
    let stored = Stored {
        id: MediaId(id.to_owned()),
        part: FilePart::Main,
        path: path.await.unwrap(),
        bytes: 10,
        sha256: [7; 32],
        mtime: None,
    };
    store.commit_stored(vec![stored.clone()]).await.unwrap();
    stored
}

fn throwing(number: i64, stored: &Stored) -> Throwing {
    let (home, path) = (stored.path.clone(), format!("2026-11-29/{}", stored.path));
    Throwing { number, part: Some(stored.part), home, path, bytes: stored.bytes, sha256: stored.sha256 }
}

#[tokio::test]
async fn a_listing_that_had_an_item_twice_is_doubted_and_the_first_reason_stays() {
    let f = fixture();
    let listing = f.store.begin_listing(ListingKind::Full, at(0)).await.unwrap();
    f.store.record_page(page(listing.generation, vec![item("a"), item("b")])).await.unwrap();
    let mut last = page(listing.generation, vec![item("b")]);
    last.next = None;
    f.store.record_page(last).await.unwrap();
    f.store.doubt_listing(listing.generation, "later").await.unwrap();
    let doubt = f.store.full_listings().await.unwrap()[0].doubt.clone().unwrap();
    assert!(doubt.contains("two of its pages"), "{doubt}");

    let clean = list_all(&f.store, &["a"]).await;
    assert_eq!(f.store.full_listings().await.unwrap()[0], FullListing { generation: clean, doubt: None });
    f.store.doubt_listing(clean, "later").await.unwrap();
    assert_eq!(f.store.full_listings().await.unwrap()[0].doubt.as_deref(), Some("later"));
}

#[tokio::test]
async fn only_what_was_listed_before_and_by_no_listing_since_is_absent() {
    let f = fixture();
    list_all(&f.store, &["a", "b", "c"]).await;
    f.store.record_items(vec![item("album")], at(0), false).await.unwrap();
    let before = list_all(&f.store, &["c"]).await;
    let newest = list_all(&f.store, &["c"]).await;
    list(&f.store, vec![item("b")]).await;
    let absent = f.store.unasked(before, newest, 0, 10).await.unwrap();
    let ids: Vec<&str> = absent.iter().map(|absent| absent.id.0.as_str()).collect();
    assert_eq!(ids, ["a"], "b came back in an unfinished listing, the album's item was never listed");

    f.store.forget_sightings().await.unwrap();
    assert!(f.store.unasked(before, newest, 0, 10).await.unwrap().is_empty(), "another login missed nothing");
}

#[tokio::test]
async fn an_answer_holds_until_the_next_proof_or_until_the_item_is_listed_again() {
    let f = fixture();
    list_all(&f.store, &["a", "b"]).await;
    let (before, newest) = (list_all(&f.store, &["x"]).await, list_all(&f.store, &["x"]).await);
    let answers = vec![Answered { number: 1, is_gone: true }, Answered { number: 2, is_gone: false }];
    f.store.record_answers(answers, newest, at(0)).await.unwrap();
    assert!(f.store.unasked(before, newest, 0, 10).await.unwrap().is_empty());
    let away = f.store.away(before).await.unwrap();
    assert_eq!(away, Away { gone: 1, unlisted: 1, stay: 0 });
    assert_eq!(f.store.totals().await.unwrap().wanted, 2, "what is gone and never came is no longer wanted");

    let next = list_all(&f.store, &["x"]).await;
    let again = f.store.unasked(before, next, 0, 10).await.unwrap();
    assert_eq!(again.len(), 1, "only the item that Google gave is asked for again: {again:?}");
    list_all(&f.store, &["a", "x"]).await;
    assert_eq!(f.store.want_returned().await.unwrap(), 1);
    assert_eq!(f.store.totals().await.unwrap().wanted, 3);
}

#[tokio::test]
async fn a_file_that_goes_and_comes_back_is_counted_at_each_step() {
    let f = fixture();
    list_all(&f.store, &["a", "b"]).await;
    let (a, _) = (store_file(&f.store, "a").await, store_file(&f.store, "b").await);
    let (before, newest) = (list_all(&f.store, &["b"]).await, list_all(&f.store, &["b"]).await);
    let answer = Answered { number: 1, is_gone: true };
    f.store.record_answers(vec![answer], newest, at(0)).await.unwrap();
    let wave = f.store.wave(before, at(0)).await.unwrap();
    assert_eq!((wave.items, wave.lately, wave.stored), (1, 0, 2));
    assert_eq!(f.store.doomed(before, 0, 9).await.unwrap()[0].files[0].path, a.path);

    f.store.throw(vec![throwing(1, &a)], at(0)).await.unwrap();
    assert_eq!(f.store.totals().await.unwrap().files, 1);
    let under_way = f.store.in_trash(true, String::new(), 9).await.unwrap();
    assert!(!under_way[0].is_there && under_way[0].is_gone && !under_way[0].is_back);
    let mut found = Settling {
        path: under_way[0].what.path.clone(),
        number: 1,
        part: Some(FilePart::Main),
        is_there: true,
        fate: Fate::Same,
        stays: None,
    };
    f.store.settle_trash(vec![found.clone()]).await.unwrap();
    assert!(f.store.in_trash(true, String::new(), 9).await.unwrap().is_empty());
    assert_eq!(f.store.trash_totals().await.unwrap(), (1, 10));
    assert_eq!(f.store.wave(before, at(0)).await.unwrap().lately, 1);

    (found.is_there, found.fate, found.stays) = (false, Fate::Stored, Some(Stays::PutBack));
    f.store.settle_trash(vec![found]).await.unwrap();
    assert_eq!(f.store.totals().await.unwrap().files, 2);
    assert_eq!(f.store.trash_totals().await.unwrap(), (0, 0));
    assert!(f.store.doomed(before, 0, 9).await.unwrap().is_empty(), "what a person put back stays");
    assert_eq!(f.store.away(before).await.unwrap(), Away { gone: 1, unlisted: 0, stay: 1 });
}

#[tokio::test]
async fn only_what_has_aged_long_enough_leaves_the_trash() {
    let f = fixture();
    list_all(&f.store, &["a"]).await;
    let a = store_file(&f.store, "a").await;
    f.store.throw(vec![throwing(1, &a)], at(0)).await.unwrap();
    let overdue = async |days| f.store.overdue(TimeDelta::days(days), String::new(), 9).await.unwrap().len();
    f.store.age_trash(TimeDelta::days(30)).await.unwrap();
    assert_eq!(overdue(30).await, 0, "it has not arrived yet");
    let path = throwing(1, &a).path;
    let part = Some(FilePart::Main);
    let found = Settling { path, number: 1, part, is_there: true, fate: Fate::Same, stays: None };
    f.store.settle_trash(vec![found]).await.unwrap();
    assert_eq!((overdue(30).await, overdue(31).await), (1, 0));
}

#[tokio::test]
async fn what_an_export_holds_too_does_not_go() {
    let f = fixture();
    list_all(&f.store, &["a", "b", "c"]).await;
    for id in ["a", "b", "c"] {
        store_file(&f.store, id).await;
    }
    let told = |sql: &'static str| f.store.write("tell", move |tx| tx.execute_batch(sql));
    told("UPDATE files SET sha256 = zeroblob(32) WHERE item <> 2").await.unwrap();
    told("INSERT INTO item_facts (item, stamp, favorited, archived, trashed, dated_by) VALUES (1, 0, 0, 0, 0, 0);
          INSERT INTO exports (n, name, first_seen) VALUES (1, 'e', 0);
          INSERT INTO parts (n, export, name, fingerprint, bytes, first_seen, state) VALUES (1, 1, 'p', x'01', 1, 0, 1);
          INSERT INTO entries (part, ordinal, export, folder, name, bytes, outcome, sha256)
            SELECT 1, 0, 1, 'f', 'n', 10, 2, sha256 FROM files WHERE item = 2")
    .await
    .unwrap();
    let (before, newest) = (list_all(&f.store, &["x"]).await, list_all(&f.store, &["x"]).await);
    let gone = (1..=3).map(|number| Answered { number, is_gone: true }).collect();
    f.store.record_answers(gone, newest, at(0)).await.unwrap();
    let doomed = f.store.doomed(before, 0, 9).await.unwrap();
    assert_eq!(doomed.iter().map(|doomed| doomed.number).collect::<Vec<_>>(), [3]);
    assert_eq!(f.store.wave(before, at(0)).await.unwrap().items, 1);
}
