//! `sync`: a library comes to disk, and a second run finds nothing to do.

use crate::context::Home;
use fake_google::{Endpoint, ItemSpec};

#[test]
fn two_libraries_come_to_disk_with_their_exact_bytes_and_albums() {
    let home = Home::with(&["alice", "bob"]);
    let alice = home.google.account("alice");
    let beach = alice.add_photo(ItemSpec::named("beach.jpg").created("2024-07-01T10:00:00Z").len(40_000));
    alice.add_video(ItemSpec::named("waves.mp4").created("2024-07-02T10:00:00Z").real());
    alice.add_motion_photo(ItemSpec::named("PXL_1.MP.jpg").created("2024-07-03T10:00:00Z"));
    alice.add_album("Summer", &[&beach]);
    home.google.account("bob").add_photo(ItemSpec::named("cat.jpg").created("2020-01-31T23:59:59Z"));

    home.run_ok(&["sync"]);

    home.assert_complete("alice");
    home.assert_complete("bob");
    assert_eq!(
        home.paths("alice"),
        [
            "albums/2024/0701 Summer/0000_beach.jpg",
            "photos/2024/07/PXL_1.MP.jpg",
            "photos/2024/07/PXL_1.MP.mp4",
            "photos/2024/07/beach.jpg",
            "photos/2024/07/waves.mp4",
        ]
    );
    assert_eq!(home.paths("bob"), ["photos/2020/01/cat.jpg"]);
    let link = &home.tree("alice")["albums/2024/0701 Summer/0000_beach.jpg"];
    assert_eq!(String::from_utf8_lossy(link), "-> ../../../photos/2024/07/beach.jpg");
}

#[test]
fn a_first_sync_costs_one_request_a_hundred_items_and_a_second_one_three() {
    let home = Home::with(&["alice"]);
    home.google.synthetic_account("carol", fake_google::Synthetic::photos(0));
    let alice = home.google.account("alice");
    for number in 0..250 {
        alice.add_photo(ItemSpec::named(format!("IMG_{number:04}.jpg")).len(2_000));
    }
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let first = home.google.stats();
    assert_eq!((first.requests(Endpoint::MediaItemsList), first.requests(Endpoint::AlbumsList)), (3, 1));
    assert_eq!(first.requests(Endpoint::Media), 250);
    assert_eq!(first.requests(Endpoint::MediaItemsBatchGet), 0);

    home.google.reset_stats();
    home.run_ok(&["sync"]);
    let second = home.google.stats();
    assert!(second.class(fake_google::Class::Api).requests <= 3, "{second:?}");
    assert_eq!(second.requests(Endpoint::Media), 0);
}
