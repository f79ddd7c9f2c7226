//! Several libraries share one pace and one budget: a large one does not starve a small one.

use crate::context::Home;
use crate::wait::until;
use fake_google::{Class, Endpoint, ItemSpec, Settings, Synthetic};
use std::fs;

/// A first sync of 3,000 items beside one of 20, with these limits.
fn big_and_small(limits: &str) -> Home {
    let home = Home::bare(Settings::default());
    for (name, items) in [("big", 3_000), ("small", 20)] {
        fs::create_dir(home.root(name)).expect("writable");
        home.google.synthetic_account(name, Synthetic { bytes: 300..=600, ..Synthetic::photos(items) });
        home.put_token(name, &home.google.token_json(name));
    }
    home.write_limits(limits, &["big", "small"]);
    home
}

#[test]
fn a_small_library_is_done_long_before_a_large_first_sync() {
    let home = big_and_small("media-requests-per-second = 200\ndownloads = 4");
    let running = home.start(&["sync"]);
    until("the small library is complete", || home.paths("small").len() >= 20);
    until("both have sent", || home.google.stats().of("big", Class::Media).requests >= 40);
    drop(running);
    let log = home.google.stats().log;
    let media = log.iter().filter(|entry| entry.endpoint == Endpoint::Media);
    let owners: Vec<&str> = media.filter_map(|entry| entry.account.as_deref()).collect();
    let last = owners.iter().rposition(|&owner| owner == "small").expect("it had its turns");
    let of_big = owners[..last].iter().filter(|&&owner| owner == "big").count();
    assert!(of_big <= 60, "{of_big} requests of the large library came before the small one's last");
    assert!(fs::read_dir(home.root("small").join("photos")).is_ok());
}

#[test]
fn a_large_library_leaves_a_small_one_its_part_of_the_day() {
    let home = big_and_small("media-requests-per-second = 1000\nmedia-requests-per-day = 100");
    home.run_ok(&["sync", "small"]);
    home.run(&["sync", "big"]).assert(75, &["quota-spent"]);
    assert_eq!(home.google.stats().of("big", Class::Media).requests, 75, "the last 5 % are for the others");

    home.google.account("small").add_photo(ItemSpec::named("new.jpg").len(300));
    home.run_ok(&["sync", "small"]);
    home.assert_complete("small");
    home.run(&["sync", "big"]).assert(75, &["quota-spent"]);
    assert_eq!(home.google.stats().of("big", Class::Media).requests, 75);
}
