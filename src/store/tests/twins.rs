//! Tests of copies for which an original stands.

use crate::media::AlbumId;
use crate::store::tests::{Fixture, fixture, list, media_id, photo, stored};
use crate::store::{NewItem, Stored};

async fn listed(fixture: &Fixture, new: NewItem, digest: u8) {
    let recorded = list(&fixture.store, vec![new]).await;
    store(fixture, &recorded.wanted[0], digest).await;
}

async fn imported(fixture: &Fixture, new: NewItem, digest: u8) {
    let recorded = fixture.store.record_imported(vec![new], false).await.unwrap();
    store(fixture, &recorded.wanted[0], digest).await;
}

async fn store(fixture: &Fixture, wanted: &crate::store::Wanted, digest: u8) {
    let stored = Stored { sha256: [digest; 32], ..stored(wanted, 10) };
    fixture.store.commit_stored(vec![stored]).await.unwrap();
}

fn sized(mut new: NewItem, width: u32, height: u32) -> NewItem {
    (new.item.width, new.item.height) = (Some(width), Some(height));
    new
}

#[tokio::test]
async fn the_same_name_second_and_size_make_a_copy_and_anything_that_differs_does_not() {
    let cases = [
        ("alike", sized(photo("takeout:x", "a"), 4000, 3000), true),
        ("turned", sized(photo("takeout:x", "a"), 3000, 4000), true),
        ("another size", sized(photo("takeout:x", "a"), 400, 300), false),
        ("another name", photo("takeout:x", "b"), false),
    ];
    for (case, new, is_twin) in cases {
        let fixture = fixture();
        listed(&fixture, photo("m", "a"), 1).await;
        imported(&fixture, new, 2).await;
        let twins = fixture.store.twins(false, 0, 9).await.unwrap();
        assert_eq!(twins.len(), usize::from(is_twin), "{case}");
        assert!(twins.iter().all(|twin| !twin.is_same && twin.copy == media_id("m")), "{case}");
    }
}

#[tokio::test]
async fn two_candidates_are_none() {
    let fixture = fixture();
    listed(&fixture, photo("m", "a"), 1).await;
    imported(&fixture, photo("takeout:x", "a"), 2).await;
    imported(&fixture, photo("takeout:y", "a"), 3).await;
    assert!(fixture.store.twins(false, 0, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_same_bytes_are_the_same_photo_whatever_they_are_called() {
    let fixture = fixture();
    assert!(!fixture.store.has_imported().await.unwrap());
    listed(&fixture, photo("m", "a"), 1).await;
    imported(&fixture, photo("takeout:x", "another"), 1).await;
    assert!(fixture.store.has_imported().await.unwrap());
    let twins = fixture.store.twins(false, 0, 9).await.unwrap();
    assert!(twins.len() == 1 && twins[0].is_same);
}

#[tokio::test]
async fn the_original_stands_in_albums_for_a_copy_that_is_never_wanted_again() {
    let fixture = fixture();
    listed(&fixture, photo("m", "a"), 1).await;
    imported(&fixture, photo("takeout:x", "a"), 2).await;
    let album = AlbumId("takeout:Rome".to_owned());
    fixture.store.grow_album(album.clone(), "Rome".to_owned(), vec![media_id("m")]).await.unwrap();
    fixture.store.record_twin(media_id("m"), media_id("takeout:x")).await.unwrap();
    let entries = fixture.store.album_entries(album).await.unwrap();
    assert_eq!(entries[0].path, "photos/a (2).jpg");
    assert!(fixture.store.twins(false, 0, 9).await.unwrap().is_empty());
    let again = list(&fixture.store, vec![photo("m", "a")]).await;
    assert!(again.wanted.is_empty());
    assert_eq!(fixture.store.totals().await.unwrap().files, 1);
}
