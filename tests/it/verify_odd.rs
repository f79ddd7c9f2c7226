//! `verify` where more than one thing is wrong: the disk does not read, Google has no other copy, the index or the root is away.

use crate::context::Ran;
use crate::index_damage::{self, delete_index, leave_a_log, leaves_with, ruin};
use crate::kill::points::Tracer;
use crate::verify::{json, photo, rot, synced};
use std::fs;

#[test]
fn a_file_that_the_disk_no_longer_gives_is_damaged_and_gets_a_new_copy() {
    let home = synced();
    let Some(tracer) = Tracer::found() else { return };
    let bad = photo(&home, 1).display().to_string();
    let options = ["-P", &bad, "-e", "inject=read,pread64:error=EIO", "-o", "/dev/null"];
    let ran = Ran::from(
        tracer.command(&home, &options).args(["verify", "--repair"]).output().expect("it is there"),
    );
    ran.assert(0, &["damaged"]);
    home.assert_complete("alice");
    assert!(home.root("alice").join(".gphotos-syncd/damaged/photos/2024/03/P1.jpg").exists());
}

#[test]
fn the_last_copy_of_an_item_that_is_gone_at_google_stays_known_though_it_is_spoilt() {
    let home = synced();
    rot(&photo(&home, 1));
    let spoilt = fs::read(photo(&home, 1)).expect("there");
    let alice = home.google.account("alice");
    let items = home.google.truth("alice").items;
    let gone = items.iter().find(|item| item.filename.as_deref() == Some("P1.jpg")).expect("listed");
    assert!(alice.remove_item(&gone.id));
    assert_eq!(home.run(&["verify", "--repair"]).code, 1);
    for _ in 0..2 {
        home.run(&["sync", "--full"]);
    }
    assert_eq!(fs::read(photo(&home, 1)).expect("there"), spoilt);
    // It is told of, and not as a download that fails for ever.
    let found = json(&home.run(&["verify", "--json"]));
    assert_eq!((&found["files"], &found["damaged"]), (&10.into(), &1.into()), "{found}");
    assert_eq!(home.status()["libraries"][0]["failed"], 0);
    assert_eq!(home.run(&["status", "--check"]).code, 2);
}

#[test]
fn a_repair_that_could_not_fetch_is_taken_up_by_the_same_command() {
    let home = synced();
    rot(&photo(&home, 1));
    fs::remove_file(photo(&home, 2)).expect("removable");
    let token = home.root("alice").join(".gphotos.token");
    let aside = home.path("token");
    fs::rename(&token, &aside).expect("movable");
    assert_eq!(home.run(&["verify", "--repair"]).code, 77);
    fs::rename(&aside, &token).expect("movable");
    home.run_ok(&["verify", "--repair"]);
    home.assert_complete("alice");
}

#[test]
fn a_root_or_an_index_that_is_away_is_no_clean_library() {
    let home = synced();
    let (root, moved) = (home.root("alice"), home.path("moved"));
    fs::rename(&root, &moved).expect("movable");
    home.run(&["verify"]).assert(78, &["does not exist"]);
    fs::rename(&moved, &root).expect("movable");
    delete_index(&home);
    home.run(&["verify"]).assert(1, &["its index is gone", "gphotos-syncd sync alice"]);
    home.run_ok(&["sync"]);
    home.run_ok(&["verify"]);
}

#[test]
fn bit_rot_is_not_forgotten_with_a_damaged_index() {
    let home = index_damage::synced(300);
    let path = home.root("alice").join("photos/2024/04/IMG_3.jpg");
    rot(&path);
    assert_eq!(home.run(&["verify"]).code, 1);
    leave_a_log(&home);
    ruin(&home, leaves_with(&home, &["IMG_151.jpg"]).into_iter());
    home.run_ok(&["sync"]).assert(0, &["is damaged"]);
    let found = json(&home.run(&["verify", "--json"]));
    assert_eq!(found["damaged"], 1, "{found}");
    home.run_ok(&["verify", "--repair"]);
    home.assert_complete("alice");
}

#[test]
fn a_monitor_is_warned_while_an_index_is_made_anew() {
    let home = synced();
    leave_a_log(&home);
    ruin(&home, 2..=4);
    // It is moved aside, and says so; what is known then is nothing.
    assert_ne!(home.run(&["verify"]).code, 0);
    let check = home.run(&["status", "--check"]);
    assert_eq!(check.code, 1, "{}", check.out);
    assert!(check.out.contains("made anew"), "{}", check.out);
}

#[test]
fn spoilt_copies_of_one_file_keep_its_name() {
    let home = synced();
    for _ in 0..2 {
        rot(&photo(&home, 1));
        home.run_ok(&["verify", "--repair"]);
    }
    let aside = home.root("alice").join(".gphotos-syncd/damaged/photos/2024/03");
    let mut names: Vec<String> = fs::read_dir(aside)
        .expect("there")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["P1 (2).jpg", "P1.jpg"]);
}
