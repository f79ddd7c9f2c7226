//! How it lost photos.

use crate::context::Home;
use crate::trash::ground::{TRASH, deletions, full, photo, place, synced, trashed};
use fake_google::{Effect, Endpoint, Fault, ItemSpec};
use std::fs;
use std::os::unix::fs::symlink;

/// An answer of these bytes to every listing of items from the request number `skip` on.
fn lists_answer(home: &Home, body: &str, skip: u64) {
    let effect =
        Effect::Answer { status: 200, content_type: "application/json".to_owned(), body: body.to_owned() };
    home.google.clear_faults();
    home.google.fault(Fault::on(&[Endpoint::MediaItemsList], effect).skip(skip));
}

#[test]
fn one_empty_list_answer_wiped_every_local_file() {
    for body in ["{}", "{\"mediaItems\":[]}"] {
        let (home, _, _) = synced(15, TRASH);
        let before = home.tree("alice");
        lists_answer(&home, body, 0);
        for _ in 0..4 {
            full(&home);
        }
        assert_eq!(home.tree("alice"), before);
        assert_eq!(deletions(&home)["doubt"], "it was empty");
    }
}

#[test]
fn one_truncated_list_answer_wiped_what_it_left_out() {
    let (home, _, _) = synced(250, TRASH);
    let before = home.tree("alice");
    for _ in 0..4 {
        // The second page has nothing and says that it is the last.
        lists_answer(&home, "{}", 1);
        full(&home);
    }
    assert_eq!(home.tree("alice"), before, "150 items are missing from four listings, and Google gives each");
    assert_eq!(deletions(&home)["held"], 0, "no person is asked about a lie");
    home.google.clear_faults();
    full(&home);
    assert_eq!(deletions(&home)["gone"], 0);
}

#[test]
fn a_skipped_album_phase_deleted_the_photos_of_shared_albums() {
    let (home, alice, _) = synced(5, TRASH);
    // What only an album has: no listing of the library tells of it.
    let own: Vec<String> = home.google.truth("alice").items.iter().map(|item| item.id.clone()).collect();
    let shared = alice.add_photo(ItemSpec::named("hers.jpg").created("2024-01-01T00:00:00Z").len(700));
    alice.add_album("Shared", &[&shared]);
    let entries: Vec<String> = own.iter().map(|id| format!("{{\"id\":\"{id}\"}}")).collect();
    lists_answer(&home, &format!("{{\"mediaItems\":[{}]}}", entries.join(",")), 0);
    full(&home);
    let before = home.tree("alice");
    assert!(before.contains_key("photos/2024/01/hers.jpg"), "{:?}", before.keys());
    // No album is listed any more: their phase ends with the run.
    home.google.fault(Fault::on(&[Endpoint::AlbumsList], Effect::status(403)));
    for _ in 0..3 {
        home.run(&["sync", "--full"]);
    }
    let after = home.tree("alice");
    assert!(
        before
            .iter()
            .filter(|(path, _)| path.starts_with("photos/"))
            .all(|(path, bytes)| after.get(path) == Some(bytes))
    );
}

#[test]
fn a_name_freed_by_a_deletion_went_to_the_living_photo_and_its_file_was_deleted() {
    let home = Home::with(&["alice"]);
    home.append_config(TRASH);
    let alice = home.google.account("alice");
    let spec = |len| ItemSpec::named("IMG.jpg").created("2024-05-01T00:00:00Z").len(len);
    let (dead, living) = (alice.add_photo(spec(500)), alice.add_photo(spec(700)));
    full(&home);
    let bytes_of = |id: &str| {
        let truth = home.google.truth("alice");
        truth.items.iter().find(|item| item.id == id).map(fake_google::TruthItem::bytes).expect("it is there")
    };
    let (dead_bytes, living_bytes) = (bytes_of(&dead), bytes_of(&living));
    let place_of = |bytes: &[u8]| {
        let tree = home.tree("alice");
        tree.iter().find(|(_, found)| *found == bytes).map(|(path, _)| path.clone()).expect("it is on disk")
    };
    let (dead_place, living_place) = (place_of(&dead_bytes), place_of(&living_bytes));
    alice.remove_item(&dead);
    full(&home);
    full(&home);
    full(&home);
    let tree = home.tree("alice");
    assert_eq!((tree.len(), &tree[&living_place]), (1, &living_bytes), "the living photo is where it was");
    assert_eq!(trashed(&home)[&dead_place], dead_bytes);
}

#[test]
fn items_outside_of_a_filter_were_deleted_with_the_users_own_files() {
    // There are no filters here; what comes nearest is a login that shows less than the one before.
    let home = Home::with(&["alice"]);
    home.append_config(TRASH);
    home.google.configure(|settings| settings.legacy_scopes_work = true);
    let alice = home.google.account("alice");
    for n in 0..6 {
        alice.add_photo(if n < 3 { photo(n).foreign() } else { photo(n) });
    }
    let all = ["https://www.googleapis.com/auth/photoslibrary.readonly", APP_CREATED];
    home.put_token("alice", &home.google.token_json_with("alice", &all));
    full(&home);
    let own = home.root("alice").join("photos/2023/12/mine.jpg");
    fs::write(&own, "mine").unwrap();
    let before = home.tree("alice");
    assert_eq!(before.len(), 7, "{:?}", before.keys());
    home.put_token("alice", &home.google.token_json_with("alice", &[APP_CREATED]));
    for _ in 0..3 {
        full(&home);
    }
    assert_eq!(home.tree("alice"), before, "{}", deletions(&home));
}

const APP_CREATED: &str = "https://www.googleapis.com/auth/photoslibrary.readonly.appcreateddata";

#[test]
fn a_strangers_file_behind_a_linked_folder_was_deleted() {
    let (home, alice, ids) = synced(4, TRASH);
    let stranger = home.path("stranger");
    fs::rename(home.root("alice").join("photos/2023/12"), &stranger).unwrap();
    symlink(&stranger, home.root("alice").join("photos/2023/12")).unwrap();
    alice.remove_item(&ids[0]);
    for _ in 0..3 {
        home.run(&["sync", "--full"]);
    }
    assert_eq!(fs::read_dir(&stranger).unwrap().count(), 4, "outside of the root nothing is touched");
    assert!(trashed(&home).is_empty());
    fs::remove_file(home.root("alice").join("photos/2023/12")).unwrap();
    fs::rename(&stranger, home.root("alice").join("photos/2023/12")).unwrap();
    full(&home);
    assert!(trashed(&home).contains_key(&place(0)), "inside of it the file is found again");
}

#[test]
fn a_folder_for_albums_was_emptied_of_whatever_was_in_it() {
    let (home, alice, ids) = synced(4, TRASH);
    alice.add_album("Rome", &[&ids[0], &ids[1]]);
    full(&home);
    let albums = home.root("alice").join("albums");
    fs::write(albums.join("letter.txt"), "mine").unwrap();
    fs::create_dir_all(albums.join("1999/Mine")).unwrap();
    fs::write(albums.join("1999/Mine/tape.mp4"), "mine").unwrap();
    fs::write(albums.join("2023/1231 Rome/notes.txt"), "mine").unwrap();
    alice.remove_item(&ids[0]);
    alice.remove_item(&ids[1]);
    full(&home);
    full(&home);
    assert_eq!(trashed(&home).len(), 2);
    let mut left = home.paths("alice");
    left.retain(|path| path.starts_with("albums/"));
    assert_eq!(left, ["albums/1999/Mine/tape.mp4", "albums/2023/1231 Rome/notes.txt", "albums/letter.txt"]);
}
