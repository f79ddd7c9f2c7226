//! So much gone at once that a person must say so.

use crate::served::serve;
use crate::trash::ground::{TRASH, deletions, everything, full, synced, trashed};
use fake_google::Endpoint;

#[test]
fn more_than_twenty_items_and_five_percent_wait_for_a_person_and_are_said_once() {
    let (home, alice, ids) = synced(60, TRASH);
    let before = home.tree("alice");
    for id in &ids[..21] {
        alice.remove_item(id);
    }
    full(&home);
    let ran = home.run_ok(&["sync", "--full"]);
    assert_eq!(home.tree("alice"), before);
    ran.assert(0, &["21 items are gone at Google", "--allow-deletions 21"]);
    let quiet = home.run_ok(&["sync"]);
    assert!(!quiet.says("are gone at Google"), "it is said once: {}", quiet.err);
    assert_eq!(deletions(&home)["held"], 21);
    home.run(&["status"])
        .assert(0, &["warning: 21 items are gone", "gphotos-syncd sync alice --allow-deletions 21"]);
    home.run(&["status", "--check"]).assert(1, &["alice: 21 items are gone at Google"]);

    home.run(&["sync", "--allow-deletions", "21"]).assert(64, &[]);
    home.run_ok(&["sync", "alice", "--allow-deletions", "20"]);
    assert_eq!(home.tree("alice"), before, "fewer than would go were allowed");
    home.run_ok(&["sync", "alice", "--allow-deletions", "21"]);
    assert_eq!((trashed(&home).len(), everything(&home).len()), (21, 60));
    home.run(&["status", "--check"]).assert(0, &["OK"]);
}

#[test]
fn twenty_items_may_go_from_a_small_library_and_the_next_of_the_day_may_not() {
    let (home, alice, ids) = synced(40, TRASH);
    for id in &ids[..20] {
        alice.remove_item(id);
    }
    full(&home);
    full(&home);
    assert_eq!(trashed(&home).len(), 20);
    alice.remove_item(&ids[20]);
    full(&home);
    full(&home);
    assert_eq!(
        (trashed(&home).len(), &deletions(&home)["held"]),
        (20, &1.into()),
        "drop by drop is a wave too"
    );
}

#[test]
fn a_person_allows_it_through_a_running_daemon() {
    let (home, alice, ids) = synced(50, TRASH);
    for id in &ids[..30] {
        alice.remove_item(id);
    }
    full(&home);
    full(&home);
    let mut served = serve(&home);
    served.wait_library(&home, "alice", |alice| alice["deletions"]["held"] == 30);
    home.run_ok(&["sync", "alice"]);
    assert!(trashed(&home).is_empty());
    home.run_ok(&["sync", "alice", "--allow-deletions", "30"]);
    assert_eq!(trashed(&home).len(), 30);
    served.wait_library(&home, "alice", |alice| alice["deletions"]["held"] == 0);
    served.stop();
}

#[test]
fn what_waits_is_asked_for_again_before_it_goes() {
    let (home, alice, ids) = synced(450, TRASH);
    for id in &ids[..30] {
        alice.remove_item(id);
    }
    full(&home);
    full(&home);
    // A cheap run does not reach as far back as this.
    alice.restore_item(&ids[7]);
    home.google.reset_stats();
    home.run_ok(&["sync", "alice", "--allow-deletions", "30"]);
    assert!(home.google.stats().requests(Endpoint::MediaItemsBatchGet) > 0);
    assert_eq!((trashed(&home).len(), everything(&home).len()), (29, 450));
}
