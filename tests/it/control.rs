//! The control socket: who may ask, what is answered, and what cannot hurt it.

use crate::context::{Home, Ran};
use crate::served::{ask, launch, library_of, run_to_end, serve, skipped, status_of, wait_until};
use fake_google::{Effect, Endpoint, Fault, ItemSpec};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};

fn one_photo() -> Home {
    let home = Home::with(&["alice"]);
    home.google.account("alice").add_photo(ItemSpec::named("beach.jpg").len(5_000));
    home
}

#[test]
fn a_sync_beside_the_daemon_is_done_by_it_and_followed_to_the_same_summary() {
    let home = one_photo();
    let mut served = serve(&home);
    let ran = home.run_ok(&["sync"]);
    assert!(ran.err.contains("the daemon does the run; this follows it"), "{}", ran.err);
    let row = ran.out.lines().nth(1).unwrap_or_default();
    assert!(row.starts_with("alice") && row.contains("complete") && row.contains("4.9 KiB"), "{}", ran.out);
    home.assert_complete("alice");
    assert_eq!(library_of(&home, "alice")["last_run"]["run"], 1);

    // The exit code of a run that fails is the same too.
    home.google.account("alice").revoke_grant();
    home.run(&["sync", "alice"]).assert(77, &["needs-login", "gphotos-syncd login alice"]);
    served.wait_state(&home, "alice", "needs-login");
    served.stop();
    home.run(&["sync", "alice"]).assert(77, &["needs-login", "gphotos-syncd login alice"]);
}

#[test]
fn syncs_that_come_during_a_run_become_one_more_run() {
    let home = one_photo();
    home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::Delay { ms: 700 }).once());
    let served = serve(&home);
    let mut first = home.start(&["sync"]);
    wait_until("the first run", || home.google.stats().requests(Endpoint::MediaItemsList) > 0);
    let others: Vec<_> = (0..5).map(|_| home.start(&["sync"])).collect();
    assert!(first.child().id() > 0);
    for running in std::iter::once(first).chain(others) {
        running.wait().assert(0, &["alice", "complete"]);
    }
    assert_eq!(library_of(&home, "alice")["last_run"]["run"], 2);
    served.stop();
}

#[test]
fn a_follower_that_leaves_does_not_stop_the_run() {
    let home = one_photo();
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::Delay { ms: 700 }).once());
    let mut served = serve(&home);
    let mut follower = home.start(&["sync"]);
    wait_until("the download", || home.google.stats().requests(Endpoint::Media) > 0);
    follower.signal("INT");
    follower.wait().assert(1, &["no longer followed; the daemon goes on with the run"]);
    served.wait_complete(&home, "alice", 1);
    home.assert_complete("alice");
    served.stop();
}

#[test]
fn a_follower_of_a_daemon_that_stops_says_that_the_run_was_interrupted() {
    let home = one_photo();
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::Hang));
    let served = serve(&home);
    let follower = home.start(&["sync"]);
    wait_until("the download", || home.google.stats().requests(Endpoint::Media) > 0);
    served.stop();
    follower.wait().assert(1, &[]);
}

#[test]
fn a_second_daemon_on_the_same_socket_is_told_the_process_and_ends() {
    let home = Home::with(&["alice"]);
    let mut served = serve(&home);
    let pid = served.running.child().id();
    run_to_end(&home).assert(75, &[&format!("another daemon, process {pid}, serves"), "control.sock"]);
    assert_eq!(status_of(&home)["pid"], pid, "the first one still serves");
    served.stop();
}

#[test]
fn a_stale_socket_is_replaced_and_the_new_one_is_for_owner_and_group_alone() {
    let home = Home::with(&["alice"]);
    let socket = home.path("run/control.sock");
    drop(UnixListener::bind(&socket).expect("free"));
    let stale = fs::metadata(&socket).expect("it is there").ino();
    let served = serve(&home);
    let found = fs::metadata(&socket).expect("it is there");
    assert!(found.file_type().is_socket() && found.ino() != stale);
    assert_eq!(found.permissions().mode() & 0o777, 0o660);
    assert!(status_of(&home)["pid"].is_number());
    served.stop();
    assert!(!socket.exists(), "it is removed at the end");

    // After a power cut the socket is left, and in nobody's way.
    serve(&home).kill();
    assert!(socket.exists());
    home.run(&["status"]).assert(0, &["no daemon of"]);
    serve(&home).stop();
}

#[test]
fn garbage_and_endless_requests_are_refused_and_hurt_nobody() {
    let home = Home::with(&["alice"]);
    let served = serve(&home);
    let big = format!("{{\"version\": 1, \"request\": \"{}\"}}", "x".repeat(200_000));
    let unknown = "{\"version\": 1, \"request\": {\"ask\": \"dance\"}}";
    let odd_name = "{\"version\": 1, \"request\": {\"ask\": \"sync\", \"libraries\": [\"../etc\"]}}";
    for line in ["", "hello", "{}", "[1]", "\u{0}\u{1}", unknown, odd_name, &big] {
        let replies = ask(&home, line);
        let refused = replies.iter().all(|reply| reply["reply"]["answer"] == "refused");
        assert!(refused, "{}: {replies:?}", &line[..line.len().min(60)]);
    }
    let other = ask(&home, "{\"version\": 99, \"request\": {\"ask\": \"status\"}}");
    let reason = other[0]["reply"]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("speaks version 1"), "{reason}");

    // Connections that say nothing take up places, and no more than places; they end with their clients.
    let mut silent: Vec<UnixStream> =
        (0..40).map(|_| UnixStream::connect(home.path("run/control.sock")).expect("it listens")).collect();
    let _ = silent[0].write_all(b"{\"version\"");
    drop(silent);
    wait_until("an answer", || status_of(&home)["pid"].is_number());
    served.stop();
}

#[test]
fn a_library_that_the_daemon_does_not_know_yet_is_refused_with_the_command_to_run() {
    let home = Home::with(&["alice"]);
    let served = serve(&home);
    fs::create_dir(home.root("bob")).expect("writable");
    home.append_config("[library.bob]\nroot = \"bob\"\nschedule = \"manual\"\n");
    home.run(&["sync", "bob"])
        .assert(75, &["does not know the library `bob`", "systemctl reload gphotos-syncd"]);
    served.stop();
}

#[test]
fn a_socket_path_that_is_too_long_is_told_and_stops_no_command() {
    let home = one_photo();
    let long = home.path(&"r".repeat(120));
    let mut command = home.command();
    let ran = Ran::from(command.arg("run").env("RUNTIME_DIRECTORY", &long).output().expect("it starts"));
    ran.assert(78, &[&*long.to_string_lossy(), "at most 107", "hint:", "RUNTIME_DIRECTORY"]);
    let mut command = home.command();
    let ran = Ran::from(command.arg("sync").env("RUNTIME_DIRECTORY", &long).output().expect("it starts"));
    ran.assert(0, &[]);
    home.assert_complete("alice");
}

#[test]
fn a_daemon_whose_socket_may_not_be_used_is_not_taken_for_none() {
    let home = one_photo();
    let served = launch(&home, |_| {});
    wait_until("the socket", || status_of(&home)["pid"].is_number());
    for path in [home.dir.path().to_owned(), home.path("run"), home.path("alice")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("own folder");
    }
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "true"]);
    if !command.status().is_ok_and(|status| status.success()) {
        skipped("this user cannot drop its rights");
        return;
    }
    let binary = home.copied_binary();
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(binary).arg("--config");
    command.arg(home.path("config.toml")).arg("sync").env("RUNTIME_DIRECTORY", home.path("run"));
    let ran = Ran::from(command.output().expect("setpriv starts"));
    ran.assert(77, &["control.sock", "hint: run the command with `sudo`"]);
    served.stop();
}

#[test]
fn the_sockets_group_may_ask_the_daemon_and_nobody_else() {
    let home = one_photo();
    let served = serve(&home);
    home.open_to_all();
    let group = fs::metadata(home.path("run/control.sock")).expect("it is there").gid();
    let (Some(stranger), Some(member)) = (home.command_as_nobody(), home.command_as_nobody()) else { return };
    let mut stranger = stranger;
    let ran = Ran::from(stranger.args(["sync"]).output().expect("setpriv starts"));
    ran.assert(77, &["control.sock"]);
    assert_eq!(home.google.stats().requests(Endpoint::MediaItemsList), 0);

    // The same user with the socket's group.
    let mut by_group = std::process::Command::new("setpriv");
    by_group.args(["--reuid=65534", &format!("--regid={group}"), "--clear-groups"]);
    by_group.args(member.get_args().skip(3)).env_clear();
    by_group.envs(member.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = Ran::from(by_group.args(["sync"]).output().expect("setpriv starts"));
    ran.assert(0, &["the daemon does the run"]);
    served.stop();
}

#[test]
fn a_daemon_whose_connections_are_all_taken_says_that_it_is_busy() {
    let home = Home::with(&["alice"]);
    let served = serve(&home);
    let connect = || UnixStream::connect(home.path("run/control.sock")).expect("it listens");
    let mut idle = Vec::new();
    let table = [(&["status"][..], 75), (&["sync"], 75), (&["status", "--check"], 2)];
    for (args, code) in table {
        // The daemon lets go of a silent client after some seconds, which a machine under load may take for one command.
        idle.extend((0..16).map(|_| connect()));
        home.run(args).assert(code, &["the daemon refuses: it is busy", "hint: try again"]);
    }
    drop(idle);
    wait_until("a free connection", || home.run(&["status"]).code == 0);
    served.stop();
}
