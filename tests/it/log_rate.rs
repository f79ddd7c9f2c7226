//! How much is logged: a line for each run and each kind of trouble, never one for each item.
//!
//! Invariant: lines of the built binary are counted, at the level of the daemon.

use crate::context::Home;
use fake_google::{Effect, Endpoint, Fault, ItemSpec};
use std::fs;

/// Lines that one `sync` logs at the daemon's level when all of `items` fail in one library, and in another no album of `albums`
/// can be linked.
fn lines_of(items: usize, albums: usize) -> Vec<String> {
    let home = Home::with(&["alice", "bob"]);
    let (alice, bob) = (home.google.account("alice"), home.google.account("bob"));
    for number in 0..items {
        alice.add_photo(ItemSpec::named(format!("bad{number}.jpg")).len(200));
    }
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(404)).account("alice"));
    let photo = bob.add_photo(ItemSpec::named("good.jpg").len(200));
    for number in 0..albums {
        bob.add_album(&format!("Album {number}"), std::slice::from_ref(&photo));
    }
    fs::write(home.root("bob").join("albums"), "in the way").expect("writable");
    let ran = home.run(&["--log-level", "info", "sync"]);
    ran.assert(1, &[]);
    let status = home.status();
    assert_eq!(status["libraries"][0]["failed"], items, "{status}");
    let of_tracing = |line: &&str| ["INFO", "WARN", "ERROR"].iter().any(|level| line.contains(level));
    ran.err.lines().filter(of_tracing).map(str::to_owned).collect()
}

#[test]
fn a_thousand_failing_items_write_no_more_lines_than_three() {
    let (few, many) = (lines_of(3, 2), lines_of(1_000, 100));
    assert_eq!(few.len(), many.len(), "{few:#?}\n{many:#?}");
    assert!(many.len() <= 20, "{many:#?}");
    let has = |words: &str| many.iter().any(|line| line.contains(words));
    assert!(has("files could not be fetched") && has("count=1000"), "{many:#?}");
    assert!(has("album links could not be made") && has("count=100"), "{many:#?}");
}
