//! Tests of `store`: paths.

use std::collections::HashSet;

use crate::media::MediaId;
use crate::names::FileName;
use crate::store::paths::{ext_bytes_of, name_of};
use crate::store::tests::{at, fixture, list, media_id, paths, photo, stored};
use crate::store::{FilePart, StoreError};

#[tokio::test]
async fn ten_thousand_items_of_one_name_get_distinct_and_stable_paths() {
    let f = fixture();
    let items: Vec<_> = (0..10_000).map(|n| photo(&format!("id{n}"), "IMG")).collect();
    let first = f.store.record_items(items.clone(), at(0), true).await.unwrap();
    let distinct: HashSet<&str> = paths(&first.wanted).into_iter().collect();
    assert_eq!(distinct.len(), 10_000);
    assert_eq!(
        (first.wanted[0].path.as_str(), first.wanted[9_999].path.as_str()),
        ("photos/IMG.jpg", "photos/IMG (10000).jpg")
    );
    let again = f.store.record_items(items[..500].to_vec(), at(0), true).await.unwrap();
    assert_eq!(paths(&again.wanted), paths(&first.wanted[..500]));
}

#[tokio::test]
async fn a_name_that_looks_numbered_is_stepped_over() {
    let f = fixture();
    let recorded = list(&f.store, vec![photo("a", "x (2)"), photo("b", "x"), photo("c", "x")]).await;
    assert_eq!(paths(&recorded.wanted), ["photos/x (2).jpg", "photos/x.jpg", "photos/x (3).jpg"]);
}

#[tokio::test]
async fn names_that_differ_in_case_are_one_name_only_where_folded() {
    let f = fixture();
    let record =
        |id: &'static str, stem: &'static str, fold| f.store.record_items(vec![photo(id, stem)], at(0), fold);
    assert_eq!(paths(&record("a", "IMG", false).await.unwrap().wanted), ["photos/IMG.jpg"]);
    assert_eq!(paths(&record("b", "img", false).await.unwrap().wanted), ["photos/img.jpg"]);
    assert_eq!(
        paths(&record("c", "Img", true).await.unwrap().wanted),
        ["photos/Img (2).jpg"],
        "the setting may change"
    );
    assert_eq!(paths(&record("d", "iMG", true).await.unwrap().wanted), ["photos/iMG (3).jpg"]);
}

#[tokio::test]
async fn a_renumbered_file_never_gets_a_number_twice() {
    let f = fixture();
    list(&f.store, vec![photo("a", "x"), photo("b", "x")]).await;
    let renumber = |id: &str| f.store.renumber(media_id(id), FilePart::Main, false);
    assert_eq!(renumber("a").await.unwrap(), "photos/x (3).jpg");
    assert_eq!(renumber("a").await.unwrap(), "photos/x (4).jpg");
    assert_eq!(paths(&list(&f.store, vec![photo("c", "x")]).await.wanted), ["photos/x (5).jpg"]);
    assert_eq!(renumber("b").await.unwrap(), "photos/x (6).jpg");
}

#[tokio::test]
async fn only_a_wanted_file_is_renumbered() {
    let f = fixture();
    let recorded = list(&f.store, vec![photo("a", "x")]).await;
    f.store.commit_stored(vec![stored(&recorded.wanted[0], 1)]).await.unwrap();
    for id in ["a", "none"] {
        let error = f.store.renumber(media_id(id), FilePart::Main, false).await.unwrap_err();
        assert!(matches!(error, StoreError::UnknownFile { id: MediaId(told) } if told == id));
    }
}

#[tokio::test]
async fn an_adopted_file_takes_the_path_of_one_that_is_still_wanted() {
    let f = fixture();
    let recorded = list(&f.store, vec![photo("a", "x"), photo("b", "x")]).await;
    let mut a = stored(&recorded.wanted[0], 1);
    let mut b = stored(&recorded.wanted[1], 1);
    std::mem::swap(&mut a.path, &mut b.path);
    f.store.commit_stored(vec![a.clone(), b.clone()]).await.unwrap();
    let motion = f.store.want_motion(
        media_id("a"),
        FileName { stem: "x".into(), ext: ".jpg".into() },
        "photos".into(),
        false,
    );
    assert_eq!(motion.await.unwrap().unwrap().path, "photos/x (3).jpg");
    let (id, part, path) = (media_id("a"), FilePart::Motion, b.path.clone());
    let conflict = f.store.commit_stored(vec![crate::store::Stored { id, part, path, ..a }]).await;
    assert!(
        matches!(conflict, Err(StoreError::Sqlite { .. })),
        "a stored file's path is its own: {conflict:?}"
    );
}

#[test]
fn the_name_wished_is_found_again_in_a_path() {
    let cases = [
        ("photos/IMG.jpg", 1, 4, "photos", "IMG", ".jpg"),
        ("photos/IMG (2).jpg", 2, 4, "photos", "IMG", ".jpg"),
        ("photos/IMG (2).jpg", 1, 4, "photos", "IMG (2)", ".jpg"),
        ("none", 1, 0, "", "none", ""),
        ("d/ü", 1, 1, "d", "ü", ""),
    ];
    for (path, number, ext_bytes, dir, stem, ext) in cases {
        let name = FileName { stem: stem.to_owned(), ext: ext.to_owned() };
        assert_eq!(name_of(path, number, ext_bytes), (dir, name), "{path} {number}");
    }
    for (path, bytes) in [("a/b.jpeg", 5), ("a.d/b", 0), ("a/.hidden", 0), ("a/b.", 1)] {
        assert_eq!(ext_bytes_of(path), bytes, "{path}");
    }
}
