//! A kill while files go to the trash: each is at its place or in the trash, and the next run knows where.

use crate::context::Home;
use crate::kill::points::{Point, Tracer};
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

/// Calls to the kernel at which the run that moves files is killed, and how often a thread has made them by then: looks at files,
/// renames, folders, links removed, commits.
const POINTS: [(&str, &[u64]); 7] = [
    ("renameat2", &[1, 2, 5, 9, 12]),
    ("mkdirat", &[1, 2, 4]),
    ("unlinkat", &[1, 3, 6]),
    ("syncfs", &[1, 2]),
    ("pwrite64", &[5, 20, 40, 60, 80, 100]),
    ("fsync", &[2, 6, 9, 12, 15]),
    ("openat2", &[3, 20, 40]),
];

#[test]
fn a_run_that_moves_files_killed_at_any_call_to_the_kernel_is_ended_by_the_next() {
    let Some(tracer) = Tracer::found() else { return };
    let mut killed = 0;
    for (call, nth) in POINTS.iter().flat_map(|(call, all)| all.iter().map(move |nth| (*call, *nth))) {
        let point = Point { call: call.to_owned(), nth };
        let (home, alice, ids) = synced(30, &format!("{TRASH}albums = \"hardlink\"\nsidecar = \"json\"\n"));
        alice.add_album("Rome", &ids[..6]);
        full(&home);
        let before = everything(&home);
        for id in &ids[..12] {
            alice.remove_item(id);
        }
        full(&home);
        let args = ["sync", "--full"].map(str::to_owned);
        let ran = tracer.run_killed(&home, &args, &point, "KILL");
        killed += u32::from(ran.code == -1);
        assert_eq!(everything(&home), before, "after a kill at {point}");
        full(&home);
        home.run_ok(&["sync"]);
        assert_eq!((trashed(&home).len(), everything(&home)), (24, before), "after a kill at {point}");
        assert_eq!(files(&home), 18, "after a kill at {point}");
        assert!(
            !home.paths("alice").iter().any(|path| path.starts_with("albums/")),
            "after a kill at {point}"
        );
    }
    assert!(killed > 15, "only {killed} runs were caught in the middle");
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
