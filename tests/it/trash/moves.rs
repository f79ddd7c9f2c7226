//! What goes to the trash, and what stays.

use crate::context::Home;
use crate::exports::STAMP;
use crate::trash::ground::{TRASH, deletions, everything, full, in_trash, place, synced, trash_dir, trashed};
use fake_google::takeout::{Export, TakeoutLibrary};
use fake_google::{Effect, Endpoint, Fault, ItemSpec, TruthItem};
use std::collections::BTreeSet;
use std::fs;

#[test]
fn a_file_goes_only_after_two_full_listings_missed_its_item() {
    let (home, alice, ids) = synced(10, TRASH);
    alice.add_album("Rome", &[&ids[2], &ids[3]]);
    full(&home);
    let before = home.tree("alice");
    alice.remove_item(&ids[3]);
    home.google.reset_stats();
    full(&home);
    assert!(home.tree("alice").contains_key(&place(3)), "one listing proves nothing");
    home.run_ok(&["sync"]);
    assert!(home.tree("alice").contains_key(&place(3)), "a cheap run is no listing");
    full(&home);

    let tree = home.tree("alice");
    assert!(!tree.contains_key(&place(3)));
    assert_eq!(trashed(&home), [(place(3), before[&place(3)].clone())].into());
    assert!(tree.contains_key("albums/2023/1231 Rome/0000_IMG_0002.jpg"), "{:?}", tree.keys());
    assert!(
        !tree.keys().any(|path| path.starts_with("albums/") && path.contains("IMG_0003")),
        "{:?}",
        tree.keys()
    );
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
    let said = deletions(&home);
    assert_eq!((&said["gone"], &said["in_trash"], &said["held"]), (&1.into(), &1.into(), &0.into()));
    let library = home.status()["libraries"][0].clone();
    assert_eq!((&library["files"], &library["wanted"]), (&9.into(), &0.into()));
    assert_eq!(library["last_run"]["trashed"], 1);
    home.run_ok(&["status"]).assert(0, &["1 item is gone at Google", "trash: 1 files"]);
}

#[test]
fn by_default_what_is_gone_stays_and_is_counted() {
    let (home, alice, ids) = synced(5, "");
    let before = home.tree("alice");
    alice.remove_item(&ids[0]);
    full(&home);
    full(&home);
    full(&home);
    assert_eq!(home.tree("alice"), before);
    assert_eq!(deletions(&home)["gone"], 1);
    home.run_ok(&["status"]).assert(0, &["1 item is gone at Google; what is here stays"]);
    assert_eq!(deletions(&home)["policy"], "keep");
}

#[test]
fn a_wish_for_a_trash_that_comes_later_takes_up_what_is_gone_already() {
    let (home, alice, ids) = synced(5, "");
    alice.remove_item(&ids[0]);
    full(&home);
    full(&home);
    home.append_config(TRASH);
    home.run_ok(&["sync"]);
    assert!(trashed(&home).contains_key(&place(0)));
}

#[test]
fn a_file_that_somebody_changed_is_his_and_stays() {
    let (home, alice, ids) = synced(6, TRASH);
    let same_length = home.root("alice").join(place(1));
    let mut bytes = fs::read(&same_length).unwrap();
    bytes[20] ^= 1;
    fs::write(&same_length, &bytes).unwrap();
    fs::write(home.root("alice").join(place(2)), "my own words").unwrap();
    fs::remove_file(home.root("alice").join(place(3))).unwrap();
    let before = home.tree("alice");
    for id in &ids[1..4] {
        alice.remove_item(id);
    }
    full(&home);
    full(&home);
    full(&home);
    assert_eq!(home.tree("alice"), before);
    assert!(trashed(&home).is_empty());
    assert_eq!((&deletions(&home)["gone"], &deletions(&home)["stay"]), (&3.into(), &3.into()));
    home.run_ok(&["status"]).assert(0, &["3 items are gone at Google, of which 3 stay"]);
}

#[test]
fn a_file_of_the_users_own_beside_it_is_never_touched() {
    let (home, alice, ids) = synced(3, TRASH);
    let own = home.root("alice").join("photos/2023/12/mine.jpg");
    fs::write(&own, "mine").unwrap();
    // A sidecar of another program's making.
    let notes = home.root("alice").join(format!("{}.xmp", place(1)));
    fs::write(&notes, "<x:xmpmeta>stars</x:xmpmeta>").unwrap();
    alice.remove_item(&ids[1]);
    full(&home);
    full(&home);
    assert_eq!(trashed(&home).len(), 1);
    assert!(own.exists() && notes.exists());
}

#[test]
fn a_clip_and_a_sidecar_of_ours_go_along_and_come_along() {
    let home = Home::with(&["alice"]);
    home.append_config(&format!("{TRASH}sidecar = \"json\"\n"));
    let alice = home.google.account("alice");
    let spec = |name: &str| ItemSpec::named(name).created("2024-05-01T00:00:00Z").len(4_000);
    let id = alice.add_motion_photo(spec("MVIMG_1.jpg"));
    alice.add_photo(spec("other.jpg"));
    full(&home);
    let before = home.tree("alice");
    assert_eq!(before.len(), 5, "{:?}", before.keys());
    alice.remove_item(&id);
    full(&home);
    full(&home);
    let left: Vec<String> = home.paths("alice");
    assert_eq!(left, ["photos/2024/05/other.jpg", "photos/2024/05/other.jpg.json"]);
    assert_eq!(trashed(&home).len(), 3, "{:?}", trashed(&home).keys());
    alice.restore_item(&id);
    full(&home);
    assert_eq!(home.tree("alice"), before);
    assert!(trashed(&home).is_empty());
}

#[test]
fn album_copies_and_hard_links_of_a_trashed_file_are_removed_as_links_are() {
    for mode in ["hardlink", "copy"] {
        let (home, alice, ids) = synced(4, &format!("{TRASH}albums = \"{mode}\"\n"));
        alice.add_album("Rome", &[&ids[0], &ids[1]]);
        full(&home);
        assert_eq!(home.paths("alice").iter().filter(|path| path.starts_with("albums/")).count(), 2);
        // Google does not tell any more what is in the album: as far as is known, the item is.
        home.google.fault(Fault::on(&[Endpoint::MediaItemsSearch], Effect::status(404)));
        alice.remove_item(&ids[0]);
        for _ in 0..2 {
            assert_eq!(home.run(&["sync", "--full"]).code, 1);
        }
        let albums: Vec<String> =
            home.paths("alice").into_iter().filter(|path| path.starts_with("albums/")).collect();
        assert_eq!(albums, ["albums/2023/1231 Rome/0000_IMG_0001.jpg"], "{mode}");
        assert!(trashed(&home).contains_key(&place(0)), "{mode}");
        assert_eq!(everything(&home).len(), 4);
    }
}

#[test]
fn a_path_in_the_trash_stays_the_items_and_goes_to_no_other() {
    let (home, alice, ids) = synced(3, TRASH);
    alice.remove_item(&ids[1]);
    full(&home);
    full(&home);
    alice.add_photo(ItemSpec::named("IMG_0001.jpg").created("2023-12-31T05:00:00Z").len(900));
    full(&home);
    let tree = home.tree("alice");
    assert!(tree.contains_key("photos/2023/12/IMG_0001 (2).jpg"), "{:?}", tree.keys());
    assert!(!tree.contains_key(&place(1)) && in_trash(&home, &place(1)).exists());
}

#[test]
fn an_item_that_was_deleted_before_its_bytes_came_does_not_fail_for_ever() {
    let (home, alice, ids) = synced(3, TRASH);
    let late = alice.add_photo(ItemSpec::named("late.jpg").created("2024-05-01T00:00:00Z").len(500));
    let fault = Fault::on(&[Endpoint::Media], Effect::status(404)).item(&late);
    home.google.fault(fault);
    assert_eq!(home.run(&["sync", "--full"]).code, 1);
    alice.remove_item(&late);
    assert_eq!(home.run(&["sync", "--full"]).code, 1);
    home.run(&["sync", "--full"]);
    home.run_ok(&["sync"]);
    assert_eq!(home.status()["libraries"][0]["wanted"], 0);
    assert_eq!(home.tree("alice").len(), ids.len());
}

#[test]
fn a_file_whose_item_an_export_holds_too_stays() {
    let home = Home::with(&["alice"]);
    fs::create_dir(home.path("inbox")).expect("writable");
    home.append_config(&format!(
        "{TRASH}sources = [\"library-api\", \"takeout\"]\ninbox = \"inbox\"\ninbox-quiet = \"0s\"\n"
    ));
    let alice = home.google.account("alice");
    let spec = |n: u32| {
        ItemSpec::named(format!("IMG_{n}.jpg")).created("2024-05-01T10:00:00Z").len(900 + u64::from(n))
    };
    let ids: Vec<String> = (0..3).map(|n| alice.add_photo(spec(n))).collect();
    let library = TakeoutLibrary::of_account(&home.google.truth("alice"));
    let late = alice.add_photo(ItemSpec::named("late.jpg").created("2024-06-01T00:00:00Z").len(800));
    // An empty listing would prove nothing.
    alice.add_photo(ItemSpec::named("living.jpg").created("2024-07-01T00:00:00Z").len(800));
    full(&home);
    Export::at(STAMP).write(&library, &home.path("inbox")).expect("writable");
    home.run_ok(&["sync"]);
    let bytes: BTreeSet<Vec<u8>> = home.google.truth("alice").items.iter().map(TruthItem::bytes).collect();
    for id in ids.iter().chain([&late]) {
        alice.remove_item(id);
    }
    for _ in 0..3 {
        full(&home);
    }
    assert_eq!(trashed(&home).into_keys().collect::<Vec<_>>(), ["photos/2024/06/late.jpg"]);
    let kept: BTreeSet<Vec<u8>> = everything(&home).into_values().collect();
    assert!(bytes.is_subset(&kept), "some bytes are gone");
}

#[test]
fn a_person_who_puts_a_file_in_the_place_of_one_in_the_trash_keeps_both() {
    let (home, alice, ids) = synced(4, TRASH);
    alice.remove_item(&ids[0]);
    full(&home);
    full(&home);
    fs::write(home.root("alice").join(place(0)), "mine").unwrap();
    let old = trashed(&home)[&place(0)].clone();
    alice.restore_item(&ids[0]);
    full(&home);
    home.run_ok(&["sync"]);
    let tree = home.tree("alice");
    assert_eq!(tree[&place(0)], b"mine");
    assert_eq!(tree["photos/2023/12/IMG_0000 (2).jpg"], old);
    assert_eq!(trashed(&home)[&place(0)], old, "the copy in the trash ends in its time");
}

#[test]
fn a_trash_that_cannot_be_written_leaves_every_file_where_it_is_and_says_so() {
    let (home, alice, ids) = synced(4, TRASH);
    let before = home.tree("alice");
    alice.remove_item(&ids[0]);
    full(&home);
    // A link of somebody's in the place of every day's folder: nothing is written through it.
    let elsewhere = home.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let day = home.google.now().date_naive();
    for day in [Some(day), day.succ_opt()].into_iter().flatten() {
        std::os::unix::fs::symlink(&elsewhere, trash_dir(&home).join(day.to_string())).unwrap();
    }
    home.run(&["sync", "--full"]).assert(1, &["gone at Google could not be"]);
    assert_eq!(home.tree("alice"), before);
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    assert_eq!(home.status()["libraries"][0]["files"], 4);
}
