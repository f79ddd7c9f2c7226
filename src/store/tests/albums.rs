//! Tests of `store`: albums.

use crate::media::{Album, AlbumId};
use crate::store::tests::{Fixture, at, fixture, list, media_id, photo, stored};
use crate::store::{AlbumLink, KnownAlbum, NewItem, Store};

fn id(id: &str) -> AlbumId {
    AlbumId(id.to_owned())
}

fn album(name: &str, items_count: u64) -> Album {
    Album { id: id(name), title: format!("Title {name}"), items_count, cover: Some(media_id("cover")) }
}

fn link(path: &str) -> AlbumLink {
    AlbumLink { path: path.to_owned(), target: "photos/a.jpg".to_owned() }
}

fn dated(name: &str, seconds: i64) -> NewItem {
    let mut new = photo(name, name);
    new.item.created = Some(at(seconds));
    new
}

async fn known(store: &Store, name: &str) -> KnownAlbum {
    store.albums().await.unwrap().into_iter().find(|known| known.album.id == id(name)).unwrap()
}

async fn contents(store: &Store, name: &str, items: &[&str]) {
    store.record_album_items(id(name), items.iter().map(|item| media_id(item)).collect()).await.unwrap();
}

/// Two albums, `a` listed to its end.
async fn two_albums() -> Fixture {
    let f = fixture();
    f.store.record_albums(vec![album("a", 2), album("b", 0)], false).await.unwrap();
    contents(&f.store, "a", &["x", "y"]).await;
    f
}

#[tokio::test]
async fn an_album_is_stale_until_it_was_listed_and_again_when_it_changed() {
    let f = two_albums().await;
    assert!(!known(&f.store, "a").await.stale && known(&f.store, "b").await.stale);
    let mut renamed = album("a", 2);
    renamed.title = "Renamed".to_owned();
    let mut covered = renamed.clone();
    covered.cover = None;
    for (listed, all, stale) in [
        (renamed.clone(), false, false),
        (album("a", 3), false, true),
        (covered, false, true),
        (renamed, true, true),
    ] {
        contents(&f.store, "a", &["x", "y"]).await;
        let again = listed.clone();
        f.store.record_albums(vec![listed, album("b", 0)], all).await.unwrap();
        assert_eq!(known(&f.store, "a").await.stale, stale, "{again:?}");
        f.store.record_albums(vec![again.clone(), album("b", 0)], false).await.unwrap();
        assert_eq!(known(&f.store, "a").await.stale, stale, "stays until it is listed");
        assert_eq!(known(&f.store, "a").await.album, again);
    }
}

#[tokio::test]
async fn the_newest_item_dates_an_album_whenever_it_becomes_known() {
    let f = two_albums().await;
    assert_eq!(known(&f.store, "a").await.newest, None);
    for (item, newest) in [(dated("x", 5), 5), (dated("y", 9), 9), (dated("y", 7), 7), (dated("z", 99), 7)] {
        list(&f.store, vec![item]).await;
        assert_eq!(known(&f.store, "a").await.newest, Some(at(newest)));
    }
    contents(&f.store, "a", &["x", "z", "unknown"]).await;
    assert_eq!(known(&f.store, "a").await.newest, Some(at(99)));
    contents(&f.store, "a", &[]).await;
    assert_eq!(known(&f.store, "a").await.newest, None);
}

#[tokio::test]
async fn only_files_on_disk_are_entries_and_keep_their_positions() {
    let f = two_albums().await;
    let recorded = list(&f.store, vec![photo("x", "x"), photo("y", "y"), photo("z", "z")]).await;
    f.store.commit_stored(recorded.wanted[1..].iter().map(|w| stored(w, 1)).collect()).await.unwrap();
    contents(&f.store, "a", &["z", "x", "z", "y", "unknown"]).await;
    let entries = f.store.album_entries(id("a")).await.unwrap();
    let told: Vec<_> = entries.iter().map(|e| (e.position, e.path.as_str(), e.created)).collect();
    assert_eq!(told, [(0, "photos/z.jpg", Some(at(0))), (2, "photos/y.jpg", Some(at(0)))]);
    assert!(f.store.album_entries(id("none")).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_links_of_an_album_that_vanished_remain_to_be_removed() {
    let f = two_albums().await;
    f.store.record_links(Some(id("a")), vec![], vec![link("albums/a/1"), link("albums/a/2")]).await.unwrap();
    f.store.record_links(Some(id("b")), vec![], vec![link("albums/b/1")]).await.unwrap();
    f.store.record_albums(vec![album("b", 0)], false).await.unwrap();
    assert_eq!(f.store.albums().await.unwrap().len(), 1);
    assert!(f.store.album_links(Some(id("a"))).await.unwrap().is_empty(), "a gone album has none by its id");
    assert_eq!(f.store.album_links(None).await.unwrap(), [link("albums/a/1"), link("albums/a/2")]);
    f.store.record_links(None, vec!["albums/a/1".to_owned(), "albums/b/1".to_owned()], vec![]).await.unwrap();
    assert_eq!(f.store.album_links(None).await.unwrap(), [link("albums/a/2")]);
    assert_eq!(
        f.store.album_links(Some(id("b"))).await.unwrap(),
        [link("albums/b/1")],
        "not the gone ones' to remove"
    );
    f.store
        .record_links(Some(id("b")), vec!["albums/b/1".to_owned()], vec![link("albums/a/2")])
        .await
        .unwrap();
    assert_eq!(
        f.store.album_links(Some(id("b"))).await.unwrap(),
        [link("albums/a/2")],
        "taken over with its path"
    );
    assert!(f.store.album_links(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn no_two_albums_have_one_folder() {
    let f = two_albums().await;
    let dir = || Some("2024/0501 Rome".to_owned());
    f.store.set_album_dir(id("a"), dir()).await.unwrap();
    assert!(f.store.set_album_dir(id("b"), dir()).await.is_err());
    f.store.set_album_dir(id("a"), None).await.unwrap();
    f.store.set_album_dir(id("b"), dir()).await.unwrap();
    assert_eq!((known(&f.store, "a").await.dir, known(&f.store, "b").await.dir), (None, dir()));
}

#[tokio::test]
async fn links_are_stale_after_each_change_that_they_follow_and_no_other() {
    let f = two_albums().await;
    let store = &f.store;
    let recorded = list(store, vec![dated("x", 5)]).await;
    let fresh = async || {
        store.links_are_stale().await.unwrap();
        store.mark_links_fresh().await.unwrap();
        assert!(!store.links_are_stale().await.unwrap());
    };
    assert!(store.links_are_stale().await.unwrap(), "never linked");
    fresh().await;
    store.record_albums(vec![album("a", 2), album("b", 0)], true).await.unwrap();
    contents(store, "a", &["x", "y"]).await;
    list(store, vec![dated("x", 5), dated("new", 6)]).await;
    store.record_links(Some(id("a")), vec![], vec![link("l")]).await.unwrap();
    assert!(!store.links_are_stale().await.unwrap(), "nothing changed that a link follows");
    store.commit_stored(vec![stored(&recorded.wanted[0], 1)]).await.unwrap();
    assert!(store.links_are_stale().await.unwrap());
    fresh().await;
    contents(store, "a", &["y", "x"]).await;
    assert!(store.links_are_stale().await.unwrap());
    fresh().await;
    list(store, vec![dated("x", 8)]).await;
    assert!(store.links_are_stale().await.unwrap());
    fresh().await;
    store.set_album_dir(id("a"), Some("d".to_owned())).await.unwrap();
    assert!(store.links_are_stale().await.unwrap());
    fresh().await;
    store.record_albums(vec![album("a", 2)], false).await.unwrap();
    assert!(store.links_are_stale().await.unwrap());
}

#[tokio::test]
async fn a_change_during_the_linking_leaves_the_links_stale() {
    let f = two_albums().await;
    f.store.mark_links_fresh().await.unwrap();
    assert!(f.store.links_are_stale().await.unwrap(), "marked without a look");
    f.store.set_album_dir(id("a"), Some("d".to_owned())).await.unwrap();
    f.store.mark_links_fresh().await.unwrap();
    assert!(f.store.links_are_stale().await.unwrap());
    f.store.mark_links_fresh().await.unwrap();
    let reopened = Store::open(&f.dir.path().join("index.sqlite")).unwrap();
    assert!(!reopened.links_are_stale().await.unwrap());
}
