//! A kill while files go to the trash: each is at its place or in the trash, and the next run knows where.

use crate::context::Home;
use crate::trash::ground::{TRASH, everything, full, in_trash, index, place, synced, trash_dir, trashed};
use crate::wait::comes_true_within;
use std::fs;
use std::time::Duration;

fn files(home: &Home) -> u64 {
    home.status()["libraries"][0]["files"].as_u64().expect("a number")
}

#[test]
fn a_kill_at_any_moment_of_the_move_loses_nothing() {
    let (home, alice, ids) = synced(300, TRASH);
    let before = everything(&home);
    for id in &ids[..200] {
        alice.remove_item(id);
    }
    full(&home);
    full(&home);
    let mut killed = 0;
    for wait_ms in [0, 1, 2, 4, 8, 15, 25, 40, 60, 90] {
        let mut running = home.start(&["sync", "alice", "--allow-deletions", "200"]);
        let has_begun = || fs::read_dir(trash_dir(&home)).is_ok_and(|mut days| days.next().is_some());
        comes_true_within(Duration::from_millis(500), has_begun);
        comes_true_within(Duration::from_millis(wait_ms), || false);
        if running.child().try_wait().unwrap().is_none() {
            running.signal("KILL");
            killed += 1;
        }
        running.wait();
        assert_eq!(everything(&home), before, "after a kill at {wait_ms} ms");
    }
    home.run_ok(&["sync", "alice", "--allow-deletions", "200"]);
    home.run_ok(&["sync", "alice"]);
    assert_eq!((trashed(&home).len(), everything(&home)), (200, before));
    assert_eq!(files(&home), 100);
    assert!(killed > 0, "no run was caught in the middle");
}

/// A library whose photo 0 is in the trash.
fn one_gone() -> Home {
    let (home, alice, ids) = synced(5, TRASH);
    alice.remove_item(&ids[0]);
    full(&home);
    full(&home);
    home
}

#[test]
fn a_kill_between_the_record_and_the_move_leaves_the_file_where_it_is_until_it_is_asked_for_again() {
    let home = one_gone();
    fs::rename(in_trash(&home, &place(0)), home.root("alice").join(place(0))).unwrap();
    index(&home).execute_batch("UPDATE trash SET is_there = 0").unwrap();
    let config = fs::read_to_string(home.path("config.toml")).unwrap();
    home.write_raw_config(&config.replace(TRASH, ""));
    home.run_ok(&["sync"]);
    assert!(home.tree("alice").contains_key(&place(0)));
    assert_eq!(files(&home), 5);
    home.write_raw_config(&config);
    home.run_ok(&["sync"]);
    assert!(trashed(&home).contains_key(&place(0)));
    assert_eq!(files(&home), 4);
}

#[test]
fn a_kill_between_the_move_and_its_record_is_found_by_the_next_run() {
    let home = one_gone();
    index(&home).execute_batch("UPDATE trash SET is_there = 0").unwrap();
    home.run_ok(&["sync"]);
    assert!(trashed(&home).contains_key(&place(0)));
    assert_eq!(files(&home), 4);
    let under_way = "SELECT count(*) FROM trash WHERE is_there = 0";
    assert_eq!(index(&home).query_row(under_way, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}
