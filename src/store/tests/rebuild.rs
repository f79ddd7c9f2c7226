//! Tests of `store`: what may be on disk, and who else could claim it.

use crate::store::AlbumLink;
use crate::store::tests::{at, fixture, list, photo, stored};

#[tokio::test]
async fn wanted_files_come_with_all_of_their_second() {
    let f = fixture();
    let mut later = photo("later", "a");
    later.item.created = Some(at(1));
    let mut undated = photo("undated", "u");
    undated.item.created = None;
    let mut within = photo("within", "b");
    within.item.created = Some(at(0) + chrono::TimeDelta::milliseconds(999));
    let wanted = list(&f.store, vec![photo("x", "a"), within, later, undated, photo("s", "s")]).await.wanted;
    let known = wanted.iter().find(|w| w.id.0 == "s").unwrap();
    f.store.commit_stored(vec![stored(known, 5)]).await.unwrap();
    let found = f.store.lookouts(0, 64).await.unwrap();
    let rivals: Vec<(String, Vec<String>)> = found.into_iter().map(|l| (l.item.id.0, l.rivals)).collect();
    let both = || vec!["photos/a.jpg".to_owned(), "photos/b.jpg".to_owned()];
    let expected = [("x", both()), ("within", both()), ("later", vec!["photos/a (2).jpg".to_owned()])];
    assert_eq!(rivals, expected.map(|(id, paths)| (id.to_owned(), paths)));
}

#[tokio::test]
async fn pages_end_with_whole_items_and_come_to_an_end() {
    let f = fixture();
    list(&f.store, (0..10).map(|n| photo(&format!("m{n}"), "same")).collect()).await;
    let (mut after, mut seen) = (0, 0);
    loop {
        let page = f.store.lookouts(after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.number;
        seen += page.len();
    }
    assert_eq!(seen, 10);
}

#[tokio::test]
async fn found_links_are_those_of_albums_that_are_gone() {
    let f = fixture();
    let link = |path: &str| AlbumLink { path: path.to_owned(), target: "photos/a.jpg".to_owned() };
    f.store.adopt_links(vec![link("albums/x"), link("albums/y")]).await.unwrap();
    f.store.adopt_links(vec![link("albums/y")]).await.unwrap();
    assert_eq!(f.store.album_links(None).await.unwrap(), [link("albums/x"), link("albums/y")]);
}
