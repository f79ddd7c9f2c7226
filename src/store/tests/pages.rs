//! Tests of `store`: pages.

use crate::media::MediaKind;
use crate::store::tests::{at, failed, fixture, list, media_id, name, of_kind, page, paths, photo, stored};
use crate::store::{FilePart, ListingKind};

#[tokio::test]
async fn new_items_are_wanted_in_the_pages_order() {
    let f = fixture();
    let recorded = list(&f.store, vec![photo("c", "c"), photo("a", "a"), photo("b", "b")]).await;
    assert_eq!(paths(&recorded.wanted), ["photos/c.jpg", "photos/a.jpg", "photos/b.jpg"]);
    assert_eq!((recorded.new, recorded.distinct), (3, 3));
}

#[tokio::test]
async fn a_repeated_id_counts_once_and_the_last_wins() {
    let f = fixture();
    let mut second = photo("a", "other");
    second.item.description = Some("last".to_owned());
    let recorded = list(&f.store, vec![photo("a", "a"), photo("b", "b"), second]).await;
    assert_eq!((recorded.new, recorded.distinct), (2, 2));
    assert_eq!(paths(&recorded.wanted), ["photos/other.jpg", "photos/b.jpg"]);
    let item = f.store.item(media_id("a")).await.unwrap().unwrap();
    assert_eq!(item.description.as_deref(), Some("last"));
}

#[tokio::test]
async fn a_known_item_keeps_its_path_whatever_is_listed_later() {
    let f = fixture();
    list(&f.store, vec![photo("a", "a")]).await;
    let mut renamed = photo("a", "renamed");
    renamed.dir = "elsewhere".to_owned();
    let recorded = list(&f.store, vec![renamed]).await;
    assert_eq!((paths(&recorded.wanted), recorded.new), (vec!["photos/a.jpg"], 0));
    let item = f.store.item(media_id("a")).await.unwrap().unwrap();
    assert_eq!(item.filename.as_deref(), Some("renamed.jpg"), "what was listed is told");
}

#[tokio::test]
async fn a_stored_file_is_not_wanted_again() {
    let f = fixture();
    let first = list(&f.store, vec![photo("a", "a"), photo("b", "b")]).await;
    f.store.commit_stored(vec![stored(&first.wanted[0], 5)]).await.unwrap();
    let again = list(&f.store, vec![photo("a", "a"), photo("b", "b")]).await;
    assert_eq!(paths(&again.wanted), ["photos/b.jpg"]);
    f.store.commit_failed(vec![failed("a", at(9))]).await.unwrap();
    assert_eq!(f.store.totals().await.unwrap().failed, 0, "once stored stays stored");
}

#[tokio::test]
async fn a_failed_file_is_wanted_again_when_its_time_has_come() {
    let f = fixture();
    list(&f.store, vec![photo("a", "a")]).await;
    f.store.commit_failed(vec![failed("a", at(60))]).await.unwrap();
    let listing = f.store.begin_listing(ListingKind::Head, at(0)).await.unwrap();
    for (now, due) in [(at(59), 0), (at(60), 1)] {
        let mut page = page(listing.generation, vec![photo("a", "a")]);
        page.due_by = now;
        let recorded = f.store.record_page(page).await.unwrap();
        assert_eq!(recorded.wanted.len(), due, "{now}");
        assert!(recorded.wanted.iter().all(|w| w.tries == 1));
    }
}

#[tokio::test]
async fn a_video_is_wanted_only_once_google_has_processed_it() {
    let f = fixture();
    let processing = list(&f.store, vec![of_kind(photo("v", "v"), MediaKind::VideoProcessing)]).await;
    assert!(processing.wanted.is_empty());
    let broken = list(&f.store, vec![of_kind(photo("v", "v"), MediaKind::VideoFailed)]).await;
    assert_eq!(broken.wanted[0].kind, MediaKind::VideoFailed, "it is handed over to be counted as failed");
    f.store.commit_failed(vec![failed("v", at(9_999))]).await.unwrap();
    let recorded = list(&f.store, vec![of_kind(photo("v", "v"), MediaKind::Video)]).await;
    assert_eq!((paths(&recorded.wanted), recorded.new), (vec!["photos/v.jpg"], 0));
    assert_eq!(recorded.wanted[0].kind, MediaKind::Video);
}

#[tokio::test]
async fn a_listing_that_lacks_a_field_takes_only_the_caption_away() {
    let f = fixture();
    let mut full = photo("a", "a");
    full.item.description = Some("caption".to_owned());
    full.item.product_url = Some("https://photos.google.com/lr/photo/a".to_owned());
    full.item.camera_make = Some("Google".to_owned());
    list(&f.store, vec![full]).await;
    let mut bare = photo("a", "a");
    (bare.item.mime, bare.item.created, bare.item.width) = (None, None, None);
    list(&f.store, vec![bare]).await;
    let item = f.store.item(media_id("a")).await.unwrap().unwrap();
    assert_eq!((item.description, item.created, item.width), (None, Some(at(0)), Some(4000)));
    assert_eq!((item.mime.as_deref(), item.camera_make.as_deref()), (Some("image/jpeg"), Some("Google")));
    assert_eq!(item.product_url.as_deref(), Some("https://photos.google.com/lr/photo/a"));
    assert!(item.base_url.is_none() && f.store.item(media_id("none")).await.unwrap().is_none());
}

#[tokio::test]
async fn items_known_only_by_an_album_are_wanted_too() {
    let f = fixture();
    let recorded = f.store.record_items(vec![photo("a", "a"), photo("a", "a")], at(0), false).await.unwrap();
    assert_eq!((recorded.new, recorded.distinct, recorded.wanted.len()), (1, 1, 1));
}

#[tokio::test]
async fn the_clip_of_a_motion_photo_is_a_second_file() {
    let f = fixture();
    let first = list(&f.store, vec![photo("a", "a"), photo("b", "a")]).await;
    let want = || f.store.want_motion(media_id("a"), name("a"), "photos".to_owned(), false);
    let clip = want().await.unwrap().unwrap();
    assert_eq!((clip.part, clip.path.as_str()), (FilePart::Motion, "photos/a (3).jpg"));
    assert_eq!(want().await.unwrap().unwrap().path, clip.path, "asked twice is asked once");
    let none = f.store.want_motion(media_id("none"), name("a"), "photos".to_owned(), false).await.unwrap();
    assert!(none.is_none());
    f.store.commit_stored(vec![stored(&first.wanted[0], 1)]).await.unwrap();
    let again = list(&f.store, vec![photo("a", "a")]).await;
    assert_eq!(paths(&again.wanted), ["photos/a (3).jpg"]);
    f.store.unwant(media_id("a"), FilePart::Motion).await.unwrap();
    assert!(want().await.unwrap().is_none(), "a clip that does not exist is not asked for again");
    assert_eq!(f.store.totals().await.unwrap().wanted, 1);
}

#[tokio::test]
async fn samples_are_spread_and_distinct() {
    let f = fixture();
    assert!(f.store.sample_ids(5).await.unwrap().is_empty());
    list(&f.store, (0..100).map(|n| photo(&format!("{n:03}"), "x")).collect()).await;
    let ids: Vec<String> = f.store.sample_ids(4).await.unwrap().into_iter().map(|id| id.0).collect();
    assert_eq!(ids, ["000", "025", "050", "075"]);
    assert_eq!(f.store.sample_ids(1_000).await.unwrap().len(), 100);
    assert!(f.store.sample_ids(0).await.unwrap().is_empty());
}
