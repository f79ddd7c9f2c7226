//! Tests of exports: parts, entries, pairing, what sidecars tell.

use crate::media::{AlbumId, MediaId};
use crate::store::tests::{Fixture, at, fixture, list, media_id, photo, stored};
use crate::store::{
    EntryOutcome, EntryRole, FilePart, ItemTold, KnownPart, NewEntry, NewItem, NewPart, PairedEntry,
    PartState, Stored, Telling,
};

fn part(name: &str, number: u32) -> NewPart {
    NewPart {
        export: "takeout-1".to_owned(),
        stamp: Some(at(0)),
        name: name.to_owned(),
        number: Some(number),
        fingerprint: [u8::try_from(number).unwrap(); 32],
        bytes: 100,
        origin: None,
    }
}

fn entry(ordinal: u64, name: &str, outcome: EntryOutcome) -> NewEntry {
    NewEntry {
        ordinal,
        folder: "Photos from 2023".to_owned(),
        name: name.to_owned(),
        bytes: 10,
        mtime: Some(1),
        outcome,
        reason: None,
        sha256: Some([u8::try_from(ordinal).unwrap() + 1; 32]),
        embedded: None,
        title: None,
        json: None,
        is_missing: false,
    }
}

fn json(ordinal: u64, name: &str) -> NewEntry {
    NewEntry { json: Some(vec![1, 2, 3]), ..entry(ordinal, name, EntryOutcome::Json) }
}

async fn open(fixture: &Fixture) -> KnownPart {
    fixture.store.open_part(part("a-001.zip", 1), at(1)).await.unwrap()
}

/// A stored item of these bytes that an export brought.
async fn bring(fixture: &Fixture, id: &str, sha256: [u8; 32]) {
    let new = NewItem { ..photo(id, id) };
    let recorded = fixture.store.record_imported(vec![new], false).await.unwrap();
    let wanted = &recorded.wanted[0];
    fixture.store.commit_stored(vec![Stored { sha256, ..stored(wanted, 10) }]).await.unwrap();
}

#[tokio::test]
async fn the_same_part_under_another_name_is_the_same_part() {
    let fixture = fixture();
    let first = open(&fixture).await;
    assert_eq!((first.state, first.last), (PartState::Reading, None));
    let entries = vec![entry(0, "a.jpg", EntryOutcome::Staged), entry(1, "b.jpg", EntryOutcome::Refused)];
    fixture.store.commit_entries(first.export, first.n, entries).await.unwrap();
    fixture.store.close_part(first.n, PartState::Whole, 2, None).await.unwrap();
    let again =
        fixture.store.open_part(NewPart { name: "b.zip".to_owned(), ..part("", 1) }, at(9)).await.unwrap();
    assert_eq!(
        (again.n, again.state, again.last, again.entries),
        (first.n, PartState::Whole, Some(1), Some(2))
    );
    let other = fixture.store.open_part(part("a-002.zip", 2), at(9)).await.unwrap();
    assert!(other.n != first.n && other.export == first.export);
    let mut counts = fixture.store.outcomes(first.n).await.unwrap();
    counts.sort_unstable();
    assert_eq!(counts, [(EntryOutcome::Staged, 1), (EntryOutcome::Refused, 1)]);
    assert_eq!(fixture.store.fingerprints(first.export).await.unwrap().len(), 2);
}

#[tokio::test]
async fn bytes_that_are_stored_or_staged_already_are_had_unless_their_file_is_gone() {
    let fixture = fixture();
    let part = open(&fixture).await;
    let listed = list(&fixture.store, vec![photo("m", "m")]).await;
    let known = Stored { sha256: [1; 32], ..stored(&listed.wanted[0], 10) };
    fixture.store.commit_stored(vec![known]).await.unwrap();
    let same =
        |ordinal, n: u8| NewEntry { sha256: Some([n; 32]), ..entry(ordinal, "x", EntryOutcome::Staged) };
    let entries =
        vec![same(0, 1), same(1, 9), same(2, 9), NewEntry { is_missing: true, ..same(3, 1) }, same(4, 8)];
    let outcomes = fixture.store.commit_entries(part.export, part.n, entries).await.unwrap();
    let (had, staged) = (EntryOutcome::Had, EntryOutcome::Staged);
    assert_eq!(outcomes, [had, staged, had, staged, staged]);
    assert!(fixture.store.is_staged((part.n, 1)).await.unwrap());
    assert!(!fixture.store.is_staged((part.n, 0)).await.unwrap());
    assert_eq!(fixture.store.path_of_digest([1; 32]).await.unwrap().as_deref(), Some("photos/m.jpg"));
}

#[tokio::test]
async fn what_pairing_found_is_kept_and_a_late_part_opens_the_folder_again() {
    let fixture = fixture();
    let part = open(&fixture).await;
    let entries = vec![
        entry(0, "a.jpg", EntryOutcome::Staged),
        json(1, "a.jpg.json"),
        entry(2, "a-edited.jpg", EntryOutcome::Staged),
        json(3, "lost.jpg.json"),
    ];
    fixture.store.commit_entries(part.export, part.n, entries).await.unwrap();
    let folders = fixture.store.unpaired_folders(part.export, 9).await.unwrap();
    assert_eq!(folders, ["Photos from 2023"]);
    let found = fixture.store.folder_entries(part.export, folders[0].clone(), None, 9).await.unwrap();
    assert_eq!(found.len(), 4);
    let key = |ordinal| (part.n, ordinal);
    let files = vec![
        PairedEntry { key: key(0), json: Some(key(1)), main: None, role: EntryRole::Main },
        PairedEntry { key: key(2), json: None, main: Some(key(0)), role: EntryRole::Edited },
    ];
    let left = vec![(key(3), "no file".to_owned())];
    fixture.store.record_pairing(files, left).await.unwrap();
    fixture.store.mark_paired(part.export, folders[0].clone()).await.unwrap();
    assert!(fixture.store.unpaired_folders(part.export, 9).await.unwrap().is_empty());
    let staged = fixture.store.staged(part.export, None, 0, 9).await.unwrap();
    assert_eq!(staged.iter().map(|e| e.role).collect::<Vec<_>>(), [EntryRole::Main, EntryRole::Edited]);
    assert!(
        staged[0].json.is_some() && staged[1].json.is_some(),
        "an edited copy has its main file's sidecar"
    );
    assert!(staged[1].main.is_none(), "the main file has no place yet");
    let unpaired = fixture.store.left_out(part.export, EntryOutcome::Json, 9).await.unwrap();
    assert_eq!(unpaired[0].name, "Photos from 2023/lost.jpg.json");
    fixture
        .store
        .commit_entries(part.export, part.n, vec![entry(4, "late.jpg", EntryOutcome::Staged)])
        .await
        .unwrap();
    assert_eq!(fixture.store.unpaired_folders(part.export, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_sidecars_tell_is_kept_once_and_the_newest_export_is_believed() {
    let fixture = fixture();
    let part = open(&fixture).await;
    bring(&fixture, "takeout:a", [1; 32]).await;
    let entries = vec![
        NewEntry { sha256: Some([1; 32]), ..entry(0, "a.jpg", EntryOutcome::Staged) },
        json(1, "a.jpg.json"),
        NewEntry { sha256: Some([1; 32]), ..entry(2, "copy.jpg", EntryOutcome::Staged) },
    ];
    fixture.store.commit_entries(part.export, part.n, entries).await.unwrap();
    let paired = PairedEntry { key: (part.n, 0), json: Some((part.n, 1)), main: None, role: EntryRole::Main };
    fixture.store.record_pairing(vec![paired], vec![]).await.unwrap();
    let untold = fixture.store.untold(part.export, 9).await.unwrap();
    assert_eq!(untold.len(), 1, "the copy has no sidecar");
    let telling = |seconds, title: &str, digest: u8| Telling {
        key: untold[0].key,
        id: untold[0].id.clone(),
        stamp: at(seconds),
        digest: [digest; 32],
        json: vec![1],
        told: ItemTold { title: Some(title.to_owned()), taken: Some(7), ..ItemTold::default() },
    };
    fixture.store.record_told(vec![telling(5, "new", 1), telling(0, "old", 2)]).await.unwrap();
    assert!(fixture.store.untold(part.export, 9).await.unwrap().is_empty());
    let found = |title: &str| fixture.store.item_told(7, title.to_owned(), None);
    assert_eq!(found("new").await.unwrap(), Some(MediaId("takeout:a".to_owned())));
    assert_eq!(found("old").await.unwrap(), None);
    fixture.store.record_dating(vec![(media_id("takeout:a"), 3, Some(60))]).await.unwrap();
    assert!(found("new").await.unwrap().is_some(), "what a sidecar told stays");
}

#[tokio::test]
async fn an_album_of_exports_only_grows_and_no_listing_removes_it() {
    let fixture = fixture();
    for (id, n) in [("takeout:b", 2), ("takeout:a", 1)] {
        bring(&fixture, id, [n; 32]).await;
    }
    let album = AlbumId("takeout:Rome".to_owned());
    let grow = |title: &str, ids: &[&str]| {
        let ids = ids.iter().map(|id| media_id(id)).collect();
        fixture.store.grow_album(album.clone(), title.to_owned(), ids)
    };
    grow("Rome", &["takeout:b"]).await.unwrap();
    grow("Roma", &["takeout:a"]).await.unwrap();
    fixture.store.record_albums(vec![], false).await.unwrap();
    let albums = fixture.store.albums().await.unwrap();
    assert_eq!((albums.len(), albums[0].album.title.as_str(), albums[0].album.items_count), (1, "Roma", 2));
    assert!(!albums[0].stale, "nobody can be asked for it");
    let entries = fixture.store.album_entries(album).await.unwrap();
    assert_eq!(entries.iter().map(|e| e.id.0.as_str()).collect::<Vec<_>>(), ["takeout:a", "takeout:b"]);
}

#[tokio::test]
async fn google_is_never_asked_for_what_an_export_brought() {
    let fixture = fixture();
    fixture.store.record_imported(vec![photo("takeout:a", "a")], false).await.unwrap();
    list(&fixture.store, vec![photo("m", "m")]).await;
    let backlog = fixture.store.backlog(at(9), None, 9).await.unwrap();
    assert_eq!(
        backlog.iter().map(|w| (w.id.0.as_str(), w.part)).collect::<Vec<_>>(),
        [("m", FilePart::Main)]
    );
    let sample = fixture.store.sample_ids(50).await.unwrap();
    assert_eq!(sample, [media_id("m")]);
}

#[tokio::test]
async fn the_parts_of_the_newest_exports_are_told_with_how_far_they_were_read() {
    let fixture = fixture();
    for (n, stamp) in [(1_u8, Some(at(100))), (2, None), (3, Some(at(300)))] {
        for number in [2, 1] {
            let fingerprint = [n * 10 + u8::try_from(number).unwrap(); 32];
            let export = format!("takeout-{n}");
            let new = NewPart { export, stamp, fingerprint, ..part("x", number) };
            let known = fixture.store.open_part(new, at(200)).await.unwrap();
            if number == 1 {
                fixture.store.close_part(known.n, PartState::Damaged, 0, None).await.unwrap();
            }
        }
    }
    let seen = fixture.store.seen_parts(2).await.unwrap();
    let shape: Vec<(&str, Option<u32>, bool)> =
        seen.iter().map(|part| (part.export.as_str(), part.number, part.is_read)).collect();
    let (second, third) = ("takeout-2", "takeout-3");
    assert_eq!(
        shape,
        [(second, Some(1), true), (second, Some(2), false), (third, Some(1), true), (third, Some(2), false)]
    );
    assert_eq!((seen[0].stamp, seen[0].first_seen, seen[0].bytes), (None, at(200), 100));
    assert_eq!(seen[3].stamp, Some(at(300)));
}

#[tokio::test]
async fn a_part_that_came_again_takes_the_place_of_a_flawed_one_that_is_gone() {
    let fixture = fixture();
    let bad = open(&fixture).await;
    let entries = vec![entry(0, "a.jpg", EntryOutcome::Stored), entry(1, "b.jpg", EntryOutcome::Refused)];
    fixture.store.commit_entries(bad.export, bad.n, entries).await.unwrap();
    fixture.store.close_part(bad.n, PartState::Whole, 2, None).await.unwrap();
    assert!(!fixture.store.is_flawless(bad.n).await.unwrap(), "an entry was refused");
    let other = fixture.store.open_part(part("a-002.zip", 2), at(9)).await.unwrap();
    fixture
        .store
        .commit_entries(bad.export, other.n, vec![entry(0, "c.jpg", EntryOutcome::Stored)])
        .await
        .unwrap();
    fixture.store.mark_paired(bad.export, "Photos from 2023".to_owned()).await.unwrap();
    let new = NewPart { fingerprint: [9; 32], ..part("a-001.zip", 1) };
    let forget = |present: Vec<[u8; 32]>| fixture.store.forget_replaced(new.clone(), present);
    assert!(!forget(vec![part("", 1).fingerprint]).await.unwrap(), "it lies there still");
    assert!(forget(vec![[9; 32]]).await.unwrap());
    assert!(!forget(vec![[9; 32]]).await.unwrap(), "it is forgotten already");
    let parts = fixture.store.parts(bad.export).await.unwrap();
    assert_eq!(parts.iter().map(|part| part.n).collect::<Vec<_>>(), [other.n]);
    let folders = fixture.store.unpaired_folders(bad.export, 9).await.unwrap();
    assert_eq!(folders.len(), 1, "what was paired with its entries is paired anew");
}

#[tokio::test]
async fn a_reopened_part_is_read_from_its_beginning() {
    let fixture = fixture();
    let part = open(&fixture).await;
    fixture
        .store
        .commit_entries(part.export, part.n, vec![entry(0, "a", EntryOutcome::Refused)])
        .await
        .unwrap();
    fixture.store.close_part(part.n, PartState::Damaged, 1, Some("cut".to_owned())).await.unwrap();
    fixture.store.reopen_part(part.n).await.unwrap();
    let again = open(&fixture).await;
    assert_eq!((again.n, again.state, again.last, again.fault), (part.n, PartState::Reading, None, None));
}
