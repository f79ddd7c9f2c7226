//! The fence that the program puts round itself: what it may write to, as the kernel sees it.
//!
//! Invariant: a machine whose kernel cannot do it says so, and proves nothing.

use crate::context::{Home, skipped};
use crate::served::{Served, library_of, serve};
use fake_google::ItemSpec;
use std::fs;
use std::os::unix::fs::symlink;

/// A schedule that is due once a year, so that a library runs once at the start.
const YEARLY: &str = "schedule = \"0 0 0 1 1 *\"\nsplay = \"0s\"\n";

fn table(name: &str, keys: &str) -> String {
    format!("[library.{name}]\nroot = \"{name}\"\n{keys}")
}

fn home_of(names: &[&str]) -> Home {
    let home = Home::with(names);
    for name in names {
        home.google.account(name).add_photo(ItemSpec::named(format!("{name}.jpg")).len(5_000));
    }
    home
}

/// Whether the fence of this daemon is up; says loudly why nothing is proved where it is not.
fn is_up(served: &Served) -> bool {
    if let Some(line) = served.log().lines().find(|line| line.contains("writing is not limited")) {
        skipped(&format!("NOTHING IS PROVED OF THE FENCE: {line}"));
        return false;
    }
    assert_eq!(served.logged(&["INFO", "writing is limited to "]), 1, "{}", served.log());
    true
}

#[test]
fn a_root_that_comes_by_a_reload_is_written_only_after_a_restart_and_that_is_said() {
    let home = home_of(&["alice", "carol"]);
    home.write_config(&table("alice", YEARLY));
    let mut served = serve(&home);
    if !is_up(&served) {
        return;
    }
    served.wait_complete(&home, "alice", 1);
    home.write_config(&(table("alice", YEARLY) + &table("carol", YEARLY)));
    served.reload();
    assert!(served.has_told("a restart is needed before carol can be written"), "{:?}", served.told);
    assert_eq!(served.logged(&["WARN", "library carol", "systemctl restart gphotos-syncd"]), 1);

    let carol = served.wait_state(&home, "carol", "failed");
    let detail = carol["detail"].as_str().expect("a text");
    assert!(detail.contains("hint: ") && detail.contains("systemctl restart gphotos-syncd"), "{detail}");
    assert!(!home.root("carol").join(".gphotos-syncd").exists(), "it was written to");
    assert_eq!(library_of(&home, "alice")["state"], "idle", "the others go on");
    served.stop();

    let mut served = serve(&home);
    served.wait_complete(&home, "carol", 1);
    assert_eq!(served.logged(&["a restart is needed"]), 0);
    served.stop();
}

#[test]
fn a_folder_that_is_swapped_for_a_link_leads_no_write_out_of_the_fence() {
    let home = home_of(&["alice"]);
    for dir in ["index", "elsewhere"] {
        fs::create_dir(home.path(dir)).expect("writable");
    }
    home.write_config(&table("alice", "schedule = \"manual\"\nindex-dir = \"index\"\n"));
    let served = serve(&home);
    if !is_up(&served) {
        return;
    }
    let swap = |from: &str| {
        fs::rename(home.path("index"), home.path(from)).expect("own folder");
        symlink(home.path("elsewhere"), home.path("index")).expect("writable");
    };
    swap("index.away");
    let ran = home.run(&["sync"]);
    assert_ne!(ran.code, 0, "{}", ran.out);
    assert_eq!(fs::read_dir(home.path("elsewhere")).expect("readable").count(), 0);

    fs::remove_file(home.path("index")).expect("own link");
    fs::rename(home.path("index.away"), home.path("index")).expect("own folder");
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    served.stop();
}

#[test]
fn the_daemon_can_gain_no_privilege() {
    let home = home_of(&["alice"]);
    let mut served = serve(&home);
    let pid = served.running.child().id();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    assert!(status.lines().any(|line| line.split_whitespace().eq(["NoNewPrivs:", "1"])), "{status}");
    served.stop();
}

#[test]
fn a_sync_without_a_daemon_may_write_to_the_named_libraries_alone() {
    let home = home_of(&["alice", "bob"]);
    let ran = home.run(&["--log-level", "info", "sync", "alice"]);
    ran.assert(0, &[]);
    if ran.says("writing is not limited") {
        skipped(&format!("NOTHING IS PROVED OF THE FENCE: {}", ran.err));
        return;
    }
    // The state folder, the folder of the socket, and the one root.
    assert!(ran.says("writing is limited to 3 folders"), "{}", ran.err);
    home.assert_complete("alice");
}
