//! Names that do not resolve, and resolve again: in a mount namespace of its own the binary sees another `/etc/hosts`, and a name server
//! that nobody runs.

use crate::clock_jumps::SetClock;
use crate::context::{Home, Ran, skipped};
use crate::served::{launch_command, library_of};
use chrono::{DateTime, Utc};
use fake_google::ItemSpec;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Puts its three arguments in the place of the system's files, and runs the rest.
const ENTER: &str = "mount --bind \"$1\" /etc/hosts && mount --bind \"$2\" /etc/resolv.conf && \
                     mount --bind \"$3\" /etc/nsswitch.conf && shift 3 && exec \"$@\"";

/// An installation that reaches Google by a name.
fn home() -> Home {
    let home = Home::with(&["alice"]);
    for name in ["a.jpg", "b.jpg", "c.jpg"] {
        home.google.account("alice").add_photo(ItemSpec::named(name).len(500));
    }
    let config = fs::read_to_string(home.path("config.toml")).expect("readable");
    home.write_raw_config(&config.replace("http://127.0.0.1:", "http://localhost:"));
    fs::write(home.path("resolv.conf"), "nameserver 127.255.255.254\noptions timeout:1 attempts:1\n")
        .expect("writable");
    fs::write(home.path("nsswitch.conf"), "hosts: files dns\n").expect("writable");
    set_known(&home, false);
    home
}

/// Whether the name resolves from now on.
fn set_known(home: &Home, known: bool) {
    let line = if known { "127.0.0.1 localhost\n" } else { "127.0.0.1 another\n" };
    fs::write(home.path("hosts"), line).expect("writable");
}

/// The binary in its own namespace; none, with the reason printed, where there are none, or no files to stand in for.
fn command(home: &Home) -> Option<Command> {
    let places = ["/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf"];
    let files = ["hosts", "resolv.conf", "nsswitch.conf"].map(|name| home.path(name).display().to_string());
    let args: Vec<&str> =
        ["-m", "sh", "-c", ENTER, "sh"].into_iter().chain(files.iter().map(|file| &file[..])).collect();
    let tried = Command::new("unshare").args(&args).arg("true").output();
    if !places.iter().all(|place| Path::new(place).exists())
        || !tried.is_ok_and(|tried| tried.status.success())
    {
        skipped("this user has no mount namespace, or the system resolves names in another way");
        return None;
    }
    Some(home.command_through("unshare", &args, Path::new(env!("CARGO_BIN_EXE_gphotos-syncd"))))
}

#[test]
fn a_name_that_does_not_resolve_ends_a_run_within_seconds_and_blames_no_item() {
    let home = home();
    let sync = || Some(Ran::from(command(&home)?.arg("sync").output().expect("it starts")));
    let Some(ran) = sync() else { return };
    ran.assert(1, &["transient", "cannot connect to localhost:", "name resolution"]);
    let alice = &home.status()["libraries"][0];
    assert_eq!((&alice["failed"], &alice["last_run"]["end"]), (&0.into(), &"transient".into()), "{alice}");
    assert!(home.google.stats().endpoints.is_empty());
    set_known(&home, true);
    sync().expect("as before").assert(0, &["complete"]);
    home.assert_complete("alice");
}

#[test]
fn an_hour_without_names_is_a_rest_that_grows_to_an_hour_and_ends_by_itself() {
    let home = home();
    let (Some(command), Some(clock)) = (command(&home), SetClock::of(&home)) else { return };
    let config = fs::read_to_string(home.path("config.toml")).expect("readable");
    home.write_raw_config(&config.replace("\"manual\"", "\"0 0 0 1 1 *\"\nsplay = \"0s\""));
    let mut served = launch_command(&home, command, |command| clock.give(command));
    served.wait_state(&home, "alice", "backing-off");
    let moment = |value: &serde_json::Value| -> DateTime<Utc> {
        value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no moment: {value}"))
    };
    for failures in 1..=9_u32 {
        let alice = library_of(&home, "alice");
        let rest = (moment(&alice["until"]) - moment(&alice["last_run"]["finished"])).num_seconds();
        let whole = (60_i64 << (failures - 1)).min(3_600);
        assert!((whole / 2 - 1..=whole + 5).contains(&rest), "after {failures} failures: {rest} s\n{alice}");
        // Somebody does not want to wait, and learns that it is no use.
        home.run(&["sync"]).assert(1, &["transient", "name resolution"]);
    }
    assert!(home.google.stats().endpoints.is_empty());
    set_known(&home, true);
    clock.set(3_700);
    served.wait_library(&home, "alice", |alice| alice["state"] == "idle" && alice["files"] == 3);
    served.stop();
    home.assert_complete("alice");
}
