//! Two at one library, and file systems without locks: who loses is told why, and harms nothing.

use crate::context::{Home, Ran, Running, skipped};
use crate::index_damage::index;
use crate::wait::{until, until_fired};
use fake_google::{Effect, Endpoint, Fault, ItemSpec};
use std::path::Path;
use std::process::{Command, Stdio};

fn alice() -> Home {
    let home = Home::with(&["alice"]);
    home.google.account("alice").add_photo(ItemSpec::named("a.jpg").created("2024-07-01T10:00:00Z").len(100));
    home
}

/// A run that hangs in the listing, and so holds what a run holds.
fn hanging(home: &Home, args: &[&str]) -> Running {
    let fault = home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::Hang));
    let running = home.start(args);
    until_fired(home, fault);
    running
}

/// The same configuration with a state folder and a socket of their own.
fn with_other_state(home: &Home, args: &[&str]) -> Command {
    std::fs::create_dir_all(home.path("run2")).expect("writable");
    let mut command = home.command();
    command
        .env("STATE_DIRECTORY", home.path("state2"))
        .env("RUNTIME_DIRECTORY", home.path("run2"))
        .args(args);
    command
}

/// Runs `sync` under strace with this fault put into its calls on `path`; none, with the reason printed, where that is impossible.
fn sync_with(home: &Home, calls: &str, errno: &str, path: &Path) -> Option<Ran> {
    let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        skipped("strace is not here, or may not trace");
        return None;
    }
    let inject = format!("inject={calls}:error={errno}");
    let path = path.display().to_string();
    let args = ["-f", "-o", "/dev/null", "-P", &path, "-e", &inject];
    let mut command = home.command_through("strace", &args, Path::new(env!("CARGO_BIN_EXE_gphotos-syncd")));
    Some(Ran::from(command.arg("sync").output().expect("strace starts")))
}

#[test]
fn the_loser_at_one_root_ends_with_75_and_names_the_holder() {
    let home = alice();
    let mut running = hanging(&home, &["sync"]);
    let holder = running.child().id();
    let ran = Ran::from(with_other_state(&home, &["sync"]).output().expect("it starts"));
    ran.assert(75, &["alice", "is locked by process", &holder.to_string()]);
    running.signal("KILL");
    running.wait();
    home.google.clear_faults();
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_second_daemon_on_one_configuration_ends_with_75_and_the_first_goes_on() {
    let home = alice();
    let mut first = home.start(&["run"]);
    until("the daemon to answer", || home.status()["pid"].as_u64().is_some());
    let holder = first.child().id();
    let ran = home.run(&["run"]);
    ran.assert(75, &[&holder.to_string()]);
    assert_eq!(home.status()["pid"].as_u64(), Some(u64::from(holder)));
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    first.signal("TERM");
    first.wait().assert(0, &[]);
}

#[test]
fn a_daemon_of_another_state_folder_waits_for_the_root_and_harms_nothing() {
    let home = alice();
    let mut running = hanging(&home, &["sync"]);
    let mut command = with_other_state(&home, &["run"]);
    let daemon = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut daemon = Running::new(daemon);
    let ask = |args: &[&str]| Ran::from(with_other_state(&home, args).output().expect("it starts"));
    until("the other daemon to answer", || {
        ask(&["status", "--json"]).says("\"pid\":") && !ask(&["status", "--json"]).says("\"pid\": null")
    });
    ask(&["sync"]).assert(75, &["is locked by process", &running.child().id().to_string()]);
    running.signal("KILL");
    running.wait();
    home.google.clear_faults();
    ask(&["sync"]).assert(0, &["alice"]);
    home.assert_complete("alice");
    daemon.signal("TERM");
    daemon.wait();
}

#[test]
fn a_root_without_locks_is_refused_with_the_key_that_helps() {
    let home = alice();
    let lock = home.root("alice").join(".gphotos-syncd/lock");
    for errno in ["ENOLCK", "EOPNOTSUPP"] {
        let Some(ran) = sync_with(&home, "flock", errno, &lock) else { return };
        ran.assert(78, &["alice", "has no locks", "hint: ", "index-dir"]);
        assert!(home.paths("alice").is_empty());
    }
    home.append_config("index-dir = \"indexes/alice\"\n");
    let Some(ran) = sync_with(&home, "flock", "ENOLCK", &lock) else { return };
    ran.assert(0, &["alice"]);
    home.assert_complete("alice");
    assert!(home.path("indexes/alice/lock").is_file());
}

#[test]
fn an_index_whose_file_system_has_no_locks_is_refused_with_the_key_that_helps() {
    let home = alice();
    home.run_ok(&["sync"]);
    let before = home.tree("alice");
    // As NFS answers without its lock daemon, which SQLite takes for a lock of somebody else.
    let Some(ran) = sync_with(&home, "fcntl", "ENOLCK", &index(&home)) else { return };
    ran.assert(75, &["alice", "index", "hint: ", "no working locks", "index-dir"]);
    // As a file system answers that shares no memory.
    let shared = index(&home).with_file_name("index.sqlite-shm");
    let Some(ran) = sync_with(&home, "mmap", "ENODEV", &shared) else { return };
    ran.assert(78, &["alice", "index.sqlite", "hint: ", "index-dir"]);
    assert_eq!(home.tree("alice"), before);
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
}

#[test]
fn an_index_that_another_program_keeps_for_itself_ends_with_75() {
    let home = alice();
    home.run_ok(&["sync"]);
    let other = rusqlite::Connection::open(index(&home)).expect("it opens");
    other.execute_batch("BEGIN IMMEDIATE; INSERT INTO facts VALUES ('x', 'y')").expect("it is free");
    home.run(&["sync"]).assert(75, &["alice", "another process"]);
    drop(other);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}
