//! `status`: for people, for programs and for monitors, with a daemon and without one.

use crate::context::{Home, Ran};
use crate::served::{library_of, serve};
use fake_google::{Effect, Endpoint, Fault, ItemSpec};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// A schedule that is due once a year.
const YEARLY: &str = "schedule = \"0 0 0 1 1 *\"\nsplay = \"0s\"\n";

fn home() -> Home {
    let home = Home::with(&["alice"]);
    home.google.account("alice").add_photo(ItemSpec::named("beach.jpg").len(5_000));
    home
}

fn with_schedule(home: &Home) {
    home.write_config(&format!("[library.alice]\nroot = \"alice\"\n{YEARLY}"));
}

#[test]
fn without_a_daemon_the_disk_is_read_and_people_are_told_so() {
    let home = home();
    home.run(&["status"])
        .assert(0, &["no daemon of", "config.toml runs", "alice", "idle", "last run: never"]);
    assert!(!home.root("alice").join(".gphotos-syncd").exists(), "it changes nothing on disk");
    home.run_ok(&["sync"]);
    let ran = home.run(&["status", "alice"]);
    ran.assert(
        0,
        &["no daemon of", "last run: complete", "1 downloaded (4.9 KiB)", "token: good", "left today"],
    );

    let status = home.status();
    assert!(status["pid"].is_null(), "{status}");
    let alice = &status["libraries"][0];
    assert_eq!(
        (&alice["state"], &alice["items"], &alice["bytes"]),
        (&"idle".into(), &1.into(), &5_000.into())
    );
    assert_eq!(alice["last_run"]["end"], "complete");
}

#[test]
fn what_this_user_may_not_read_without_a_daemon_is_said_to_be_so() {
    let home = home();
    home.run_ok(&["sync"]);
    home.open_to_all();
    let ask = |args: &[&str]| {
        let mut command = home.command_as_nobody()?;
        Some(Ran::from(command.arg("status").args(args).output().expect("the binary starts")))
    };
    let Some(ran) = ask(&[]) else { return };
    let hint =
        "hint: ask as the daemon's user, sudo -u '#0' gphotos-syncd status, or as a member of its group";
    ran.assert(
        77,
        &["state: unknown", "not readable by this user", hint, "token: not readable by this user"],
    );
    assert!(!ran.says("login") && !ran.says("chown"), "{}", ran.out);
    let checked = ask(&["--check"]).expect("as before");
    checked.assert(2, &["CRITICAL - alice: unknown, not readable by this user"]);

    // As a member of the group: the index is readable, the token still is not.
    let own = home.root("alice").join(".gphotos-syncd");
    crate::wait::until("the index to be closed", || !own.join("index.sqlite-wal").exists());
    for (path, mode) in [(own.clone(), 0o755), (own.join("index.sqlite"), 0o644)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("own file");
    }
    let ran = ask(&[]).expect("as before");
    ran.assert(0, &["state: idle", "last run: complete", "token: not readable by this user"]);
}

#[test]
fn with_a_daemon_it_is_asked() {
    let home = home();
    with_schedule(&home);
    let mut served = serve(&home);
    served.wait_complete(&home, "alice", 1);
    let pid = served.running.child().id();
    home.run(&["status"])
        .assert(0, &[&format!("process {pid}, since "), "alice", "idle", "last run: complete"]);
    let status = home.status();
    assert_eq!(status["pid"], pid);
    assert!(status["libraries"][0]["next_run"].is_string(), "{status}");
    assert!(status["limits"].as_array().is_some_and(|limits| limits.iter().any(|l| l["class"] == "api")));
    served.stop();
}

#[test]
fn a_running_library_shows_its_progress() {
    let home = home();
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::Hang));
    with_schedule(&home);
    let mut served = serve(&home);
    served.wait_library(&home, "alice", |alice| alice["progress"]["wanted"] == 1);
    home.run(&["status"]).assert(0, &["state: running", "now: ", "0 of 1 files"]);
    served.wait_told("alice running, 0 of 1 files");
    served.running.signal("TERM");
    served.wait();
}

#[test]
fn monitors_get_one_line_and_a_status_of_0_1_or_2() {
    let home = home();
    let check = |code: i32, text: &str| {
        let ran = home.run(&["status", "--check"]);
        ran.assert(code, &[text]);
        assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
    };
    check(0, "OK - alice is idle");
    with_schedule(&home);
    check(2, "CRITICAL - the daemon does not run");
    let mut served = serve(&home);
    served.wait_complete(&home, "alice", 1);
    check(0, "OK - alice is idle");

    // One item cannot be fetched: a warning.
    home.google.account("alice").add_photo(ItemSpec::named("bad.jpg").len(5_000));
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(404)));
    home.run(&["sync"]).assert(1, &["incomplete"]);
    check(1, "WARNING - alice: 1 items could not be fetched");

    home.google.clear_faults();
    home.google.account("alice").revoke_grant();
    home.run(&["sync"]).assert(77, &["gphotos-syncd login alice"]);
    check(2, "CRITICAL - alice: needs-login");
    served.stop();
    home.append_config("nonsense = 1\n");
    let ran = home.run(&["status", "--check"]);
    ran.assert(2, &["CRITICAL - the configuration cannot be used", "nonsense"]);
}

#[test]
fn a_token_that_dies_within_days_is_warned_of() {
    let home = home();
    let mut token: serde_json::Value = serde_json::from_str(&home.google.token_json("alice")).expect("JSON");
    token["expires_in"] = 3_600.into();
    token["refresh_token_expires_in"] = (30 * 3_600).into();
    home.put_token("alice", &token.to_string());
    let mut served = serve(&home);
    home.run(&["status"]).assert(0, &["token: good, dies at", "Testing"]);
    home.run(&["status", "--check"]).assert(1, &["WARNING - alice: its token dies at"]);
    served.until("the warning", |served| served.logged(&["WARN", "refresh token dies", "login alice"]) == 1);
    served.stop();
}

#[test]
fn a_run_that_a_passing_fault_ended_is_backing_off_with_and_without_the_daemon() {
    let home = home();
    home.run_ok(&["sync"]);
    // A new token, and Google does not tell whose it is.
    home.put_token("alice", &home.google.token_json("alice"));
    let ail = Effect::BatchRefuse { code: 13, message: "internal".to_owned() };
    home.google.fault(Fault::on(&[Endpoint::MediaItemsBatchGet], ail));
    let mut served = serve(&home);
    home.run(&["sync"]).assert(1, &["transient"]);
    let alice = served.wait_state(&home, "alice", "backing-off");
    assert_eq!(alice["last_run"]["end"], "transient", "{alice}");
    served.wait_told("alice backing-off until");
    home.run(&["status", "--check"]).assert(1, &["WARNING - alice: backing-off"]);
    served.stop();
    let offline = home.status();
    assert_eq!(offline["libraries"][0]["state"], "backing-off", "{offline}");
    home.run(&["status"]).assert(0, &["no daemon of", "state: backing-off", "last run: transient"]);
}

#[test]
fn an_unknown_library_is_a_fault_of_usage_that_names_the_known_ones() {
    let home = home();
    home.run(&["status", "carol"]).assert(64, &["there is no library `carol`", "known libraries: alice"]);
    let mut served = serve(&home);
    assert_eq!(library_of(&home, "carol"), serde_json::Value::Null);
    home.run(&["status", "carol"]).assert(64, &["known libraries: alice"]);
    served.look();
    served.stop();
}

#[test]
fn with_a_broken_configuration_the_daemon_is_still_asked() {
    let home = home();
    with_schedule(&home);
    let mut served = serve(&home);
    served.wait_complete(&home, "alice", 1);
    let pid = served.running.child().id();
    home.append_config("colour = 1\n");
    let told = ["error: ", "config.toml:", "`colour`", "warning: the daemon goes on with the settings"];
    let is_on_stderr = |ran: &Ran| {
        for text in told {
            assert!(ran.err.contains(text), "`{text}` is missing: {}", ran.err);
        }
        assert!(!ran.out.contains("colour"), "{}", ran.out);
    };
    let ran = home.run(&["status"]);
    ran.assert(0, &[&format!("process {pid}, since "), "alice", "state: idle", "last run: complete"]);
    is_on_stderr(&ran);
    let ran = home.run(&["status", "alice", "--json"]);
    is_on_stderr(&ran);
    let status: serde_json::Value = serde_json::from_str(&ran.out).expect("nothing but JSON");
    assert_eq!((&status["pid"], &status["libraries"][0]["name"]), (&pid.into(), &"alice".into()));
    let ran = home.run(&["status", "--check"]);
    ran.assert(1, &[]);
    assert_eq!(
        ran.out,
        "WARNING - the configuration cannot be used, the daemon goes on with the old settings\n"
    );
    is_on_stderr(&ran);
    home.run(&["status", "carol"]).assert(64, &["there is no library `carol`", "known libraries: alice"]);

    served.stop();
    let ran = home.run(&["status"]);
    ran.assert(78, &["`colour`"]);
    assert!(ran.out.is_empty() && !ran.err.contains("the daemon goes on"), "{}{}", ran.out, ran.err);
}

#[test]
fn a_daemon_of_another_configuration_is_none_of_this_one() {
    let home = home();
    let served = serve(&home);
    let text = std::fs::read_to_string(home.path("config.toml")).expect("readable");
    std::fs::write(home.path("other.toml"), text).expect("writable");
    let mut command = home.command();
    let output =
        command.args(["status", "--config"]).arg(home.path("other.toml")).output().expect("it starts");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("no daemon of") && out.contains("other.toml runs"), "{out}{output:?}");
    served.stop();
}
