//! Tests of `store`: verify.

use crate::store::tests::{at, fixture, list, media_id, name, paths, photo, stored};
use crate::store::{FilePart, Found, FoundCounts};

const FACT: &str = "verify-by-person";

fn progress() -> (&'static str, String) {
    (FACT, "so far".to_owned())
}

#[tokio::test]
async fn stored_files_come_in_pages_with_their_clips_and_nothing_wanted_among_them() {
    let f = fixture();
    let recorded = list(&f.store, vec![photo("a", "a"), photo("b", "b"), photo("c", "c")]).await;
    let clip =
        f.store.want_motion(media_id("a"), name("am"), "photos".to_owned(), false).await.unwrap().unwrap();
    let files = [&recorded.wanted[0], &clip, &recorded.wanted[1]].map(|wanted| stored(wanted, 10));
    f.store.commit_stored(files.to_vec()).await.unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = f.store.files_after(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.item, last.part));
        seen.extend(page.into_iter().map(|held| (held.path, held.is_askable, held.bytes)));
    }
    let expected = ["photos/a.jpg", "photos/am.jpg", "photos/b.jpg"].map(|path| (path.to_owned(), true, 10));
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn what_was_found_is_kept_until_a_new_copy_is_stored_at_the_same_path() {
    let f = fixture();
    let recorded = list(&f.store, vec![photo("a", "a"), photo("b", "b")]).await;
    let files: Vec<_> = recorded.wanted.iter().map(|wanted| stored(wanted, 10)).collect();
    f.store.commit_stored(files.clone()).await.unwrap();
    let held = f.store.files_after(None, 9).await.unwrap();
    let looks = vec![
        (held[0].item, FilePart::Main, Some(Found::Damaged)),
        (held[1].item, FilePart::Main, Some(Found::Missing)),
    ];
    f.store.record_looks(looks, progress()).await.unwrap();
    assert_eq!(f.store.fact(FACT).await.unwrap().as_deref(), Some("so far"));
    let counts = FoundCounts { damaged: 1, missing: 1, changed: 0 };
    assert_eq!(f.store.found_counts().await.unwrap(), counts);

    f.store.want_again(vec![(held[0].item, FilePart::Main), (held[1].item, FilePart::Main)]).await.unwrap();
    let wanted = f.store.backlog(at(0), None, 9).await.unwrap();
    assert_eq!(paths(&wanted), ["photos/a.jpg", "photos/b.jpg"]);
    let replaces: Vec<bool> = wanted.iter().map(|wanted| wanted.is_replacement).collect();
    assert_eq!(replaces, [true, false], "nothing is put aside for a file that was missing");
    assert_eq!(f.store.found_counts().await.unwrap(), counts, "until it is there");
    f.store.commit_stored(files).await.unwrap();
    assert_eq!(f.store.found_counts().await.unwrap(), FoundCounts::default());
    assert!(f.store.files_found(None, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_is_as_it_was_is_never_wanted_again() {
    let f = fixture();
    let recorded = list(&f.store, vec![photo("a", "a")]).await;
    f.store.commit_stored(vec![stored(&recorded.wanted[0], 10)]).await.unwrap();
    let held = f.store.files_after(None, 9).await.unwrap();
    f.store.want_again(vec![(held[0].item, FilePart::Main)]).await.unwrap();
    assert!(f.store.backlog(at(0), None, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_another_stands_for_counts_no_more() {
    let f = fixture();
    let recorded = list(&f.store, vec![photo("a", "a"), photo("b", "b")]).await;
    let files: Vec<_> = recorded.wanted.iter().map(|wanted| stored(wanted, 10)).collect();
    f.store.commit_stored(files).await.unwrap();
    let held = f.store.files_after(None, 9).await.unwrap();
    let look = (held[0].item, FilePart::Main, Some(Found::Changed));
    f.store.record_looks(vec![look], progress()).await.unwrap();
    f.store.record_twin(media_id("a"), media_id("b")).await.unwrap();
    assert_eq!(f.store.found_counts().await.unwrap(), FoundCounts::default());
}

#[tokio::test]
async fn paths_of_files_are_known_whatever_became_of_them() {
    let f = fixture();
    list(&f.store, vec![photo("a", "a")]).await;
    let asked = ["photos/a.jpg", "photos/b.jpg"].map(str::to_owned).to_vec();
    assert_eq!(f.store.known_paths(asked).await.unwrap(), [true, false]);
}
