//! `run`: what the service manager and the libraries see of the daemon, from ready to stopped.

use crate::context::Home;
use crate::served::{launch, library_of, run_to_end, serve, status_of, wait_until};
use crate::wait::until_fired;
use fake_google::{Class, Effect, Endpoint, Fault, ItemSpec, Quota, Settings, Window};
use std::fs;
use std::process::Command;

/// A schedule that is due once a year: whatever runs does so for another reason.
const YEARLY: &str = "schedule = \"0 0 0 1 1 *\"\nsplay = \"0s\"\n";

/// An installation whose libraries have this schedule.
fn scheduled(libraries: &[&str], keys: &str) -> Home {
    let home = Home::with(libraries);
    let table = |name: &&str| format!("[library.{name}]\nroot = \"{name}\"\n{keys}");
    home.write_config(&libraries.iter().map(table).collect::<String>());
    home
}

fn add_photos(home: &Home, library: &str, count: u32) {
    for number in 0..count {
        home.google.account(library).add_photo(ItemSpec::named(format!("IMG_{number:04}.jpg")).len(5_000));
    }
}

/// Whether bytes of a file under way are on disk.
fn has_partial(home: &Home, library: &str) -> bool {
    let Ok(entries) = fs::read_dir(home.root(library).join(".gphotos-syncd/partial")) else { return false };
    entries.flatten().any(|entry| entry.metadata().is_ok_and(|found| found.len() > 0))
}

#[test]
fn ready_is_told_with_a_sentence_when_the_control_socket_answers() {
    let home = Home::with(&["alice", "bob"]);
    let mut served = launch(&home, |_| {});
    let ready = served.wait_told("READY=1");
    assert_eq!(status_of(&home)["pid"], served.running.child().id());
    assert!(ready.contains("STATUS=2 libraries: alice idle; bob idle"), "{ready}");
    assert!(!served.has_told("STOPPING=1"));
    served.stop();
}

#[test]
fn a_library_never_synced_runs_by_itself_soon_after_the_start() {
    let home = scheduled(&["alice"], YEARLY);
    add_photos(&home, "alice", 3);
    let mut served = serve(&home);
    let alice = served.wait_complete(&home, "alice", 1);
    home.assert_complete("alice");
    assert_eq!((&alice["files"], &alice["wanted"]), (&3.into(), &0.into()));
    assert!(alice["next_run"].is_string(), "{alice}");
    served.wait_told("alice idle until");
    served.stop();
}

#[test]
fn a_schedule_of_each_second_runs_again_and_again_but_never_twice_at_once() {
    let home = scheduled(&["alice"], "schedule = \"* * * * * *\"\nsplay = \"0s\"\n");
    add_photos(&home, "alice", 1);
    home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::Delay { ms: 1_200 }).once());
    let mut served = serve(&home);
    served.wait_complete(&home, "alice", 3);
    let log = served.log();
    served.stop();
    let mut under_way = 0;
    for line in log.lines() {
        under_way += i32::from(line.contains("a run of library alice begins"));
        under_way -= i32::from(line.contains("of library alice ended"));
        assert!((0..=1).contains(&under_way), "{log}");
    }
}

#[test]
fn a_run_missed_while_the_daemon_was_off_is_caught_up_once() {
    let home = Home::with(&["alice"]);
    let due = home.google.now().with_timezone(&chrono::Local) + chrono::TimeDelta::seconds(2);
    let cron = due.format("%-S %-M %-H * * *");
    home.write_config(&format!("[library.alice]\nroot = \"alice\"\nschedule = \"{cron}\"\nsplay = \"0s\"\n"));
    home.run_ok(&["sync"]);
    wait_until("the due moment", || home.google.now() > due + chrono::TimeDelta::seconds(1));

    let mut served = serve(&home);
    let alice = served.wait_complete(&home, "alice", 2);
    let next: chrono::DateTime<chrono::Utc> =
        alice["next_run"].as_str().expect("a time").parse().expect("RFC 3339");
    assert!(next - due.to_utc() > chrono::TimeDelta::hours(20), "{alice}");
    let ticked = home.google.now() + chrono::TimeDelta::seconds(2);
    served.until("two more ticks", |_| home.google.now() > ticked);
    assert_eq!(library_of(&home, "alice")["last_run"]["run"], 2);
}

#[test]
fn a_stop_in_mid_download_leaves_nothing_half_and_the_next_start_goes_on() {
    let home = scheduled(&["alice"], YEARLY);
    home.google.account("alice").add_video(ItemSpec::named("long.mp4").len(24 << 20));
    let drip =
        home.google.fault(Fault::on(&[Endpoint::Media], Effect::Drip { bytes: 1 << 20, every_ms: 100 }));
    let mut served = serve(&home);
    served.until("bytes", |_| has_partial(&home, "alice"));
    served.running.signal("TERM");
    served.wait_told("STOPPING=1");
    assert_eq!(served.wait(), 0);
    assert_eq!(home.paths("alice"), Vec::<String>::new());

    home.google.remove_fault(drip);
    let mut served = serve(&home);
    served.wait_complete(&home, "alice", 2);
    home.assert_complete("alice");
    served.stop();
}

#[test]
fn a_stop_is_heeded_while_the_daemon_still_waits_for_a_slow_root() {
    let home = Home::with(&["alice", "bob"]);
    add_photos(&home, "alice", 1);
    home.run_ok(&["sync"]);
    // SQLite looks for a journal beside the index before anything else. Opening a pipe that nobody writes to takes for ever, as a disk
    // does that hangs.
    let journal = home.root("alice").join(".gphotos-syncd/index.sqlite-journal");
    let made = Command::new("mkfifo").arg(journal).status().expect("mkfifo is there");
    assert!(made.success());
    let mut served = launch(&home, |_| {});
    served.until("an answer", |_| home.path("run/control.sock").exists());
    assert!(status_of(&home)["pid"].is_u64());
    served.running.signal("TERM");
    served.wait_told("STOPPING=1");
    assert!(!served.has_told("READY=1"), "{:?}", served.told);
    assert_eq!(served.wait(), 0);
}

#[test]
fn a_power_cut_in_mid_run_loses_nothing() {
    let home = scheduled(&["alice"], YEARLY);
    add_photos(&home, "alice", 60);
    let delay = home.google.fault(Fault::on(&[Endpoint::Media], Effect::Delay { ms: 100 }));
    let mut served = serve(&home);
    served.until("some files", |_| home.google.stats().requests(Endpoint::Media) > 20);
    served.kill();
    home.google.remove_fault(delay);

    let mut served = serve(&home);
    served.wait_complete(&home, "alice", 2);
    home.assert_complete("alice");
    served.stop();
}

#[test]
fn a_run_that_was_killed_after_a_complete_one_goes_on_soon_after_the_start() {
    let home = scheduled(&["alice", "bob"], YEARLY);
    add_photos(&home, "alice", 1);
    home.run_ok(&["sync"]);
    add_photos(&home, "alice", 20);
    let hang = home.google.fault(Fault::on(&[Endpoint::Media], Effect::Hang).skip(5));
    // First a person's sync is killed, then the daemon's own run.
    let mut sync = home.start(&["sync", "alice"]);
    until_fired(&home, hang);
    sync.signal("KILL");
    assert_eq!(sync.wait().code, -1);
    home.google.remove_fault(hang);
    let hang = home.google.fault(Fault::on(&[Endpoint::Media], Effect::Hang));
    let mut served = serve(&home);
    served.until("the killed sync to go on", |_| home.google.fired(hang) > 0);
    served.kill();
    home.google.remove_fault(hang);

    let mut served = serve(&home);
    served.wait_complete(&home, "alice", 4);
    home.assert_complete("alice");
    assert_eq!(library_of(&home, "bob")["last_run"]["run"], 1, "nothing of bob's was cut off");
    served.stop();
}

#[test]
fn a_dead_token_parks_its_library_once_and_loudly_while_the_others_go_on() {
    let home = scheduled(&["alice", "bob"], "schedule = \"* * * * * *\"\nsplay = \"0s\"\n");
    home.google.account("alice").revoke_grant();
    let mut served = serve(&home);
    let alice = served.wait_state(&home, "alice", "needs-login");
    served.wait_complete(&home, "bob", 3);
    assert!(alice["detail"].as_str().unwrap_or_default().contains("gphotos-syncd login alice"), "{alice}");
    assert_eq!(alice["token"]["state"], "dead");
    served.wait_told("alice needs-login, run `gphotos-syncd login alice`");
    assert_eq!(served.logged(&["ERROR", "alice"]), 1, "{}", served.log());
    let log = served.log();
    assert!(log.contains("gphotos-syncd login alice"), "{log}");

    // A new token wakes it within seconds.
    home.put_token("alice", &home.google.token_json("alice"));
    served.wait_complete(&home, "alice", 1);
    assert_eq!(served.logged(&["library alice is logged in again"]), 1, "{}", served.log());
    served.stop();
}

#[test]
fn a_refused_login_is_known_after_a_restart_and_without_a_daemon() {
    let home = Home::with(&["alice"]);
    home.google.account("alice").revoke_grant();
    let mut served = serve(&home);
    home.run(&["sync"]).assert(77, &["gphotos-syncd login alice"]);
    served.wait_state(&home, "alice", "needs-login");
    served.stop();
    let asked = home.google.stats().requests(Endpoint::Token);

    let offline = home.status();
    assert_eq!(offline["libraries"][0]["state"], "needs-login", "{offline}");
    assert_eq!(offline["libraries"][0]["token"]["state"], "dead", "{offline}");
    let mut served = serve(&home);
    served.wait_state(&home, "alice", "needs-login");
    assert_eq!(home.google.stats().requests(Endpoint::Token), asked, "a dead token is not sent again");

    home.put_token("alice", &home.google.token_json("alice"));
    assert_eq!(home.run(&["status", "--check"]).code, 2);
    served.wait_complete(&home, "alice", 2);
    served.stop();
    assert_eq!(home.status()["libraries"][0]["token"]["state"], "good");
}

#[test]
fn a_spent_quota_is_told_in_words_and_survives_a_restart() {
    let quota = Quota::new(Class::Media, Window::Day { limit: 3 });
    let home = Home::with_settings(&["alice"], Settings { quotas: vec![quota], ..Settings::default() });
    let limits = "[limits]\nmedia-requests-per-day = 3\nmin-free-space = \"1 MiB\"\n";
    let table = format!("[library.alice]\nroot = \"alice\"\n{YEARLY}");
    home.write_raw_config(&format!("{limits}{}{table}", home.endpoints()));
    add_photos(&home, "alice", 6);
    let mut served = serve(&home);
    let alice = served.wait_state(&home, "alice", "quota-spent");
    assert!(
        alice["until"].is_string() && alice["detail"].as_str().unwrap_or_default().contains("quota"),
        "{alice}"
    );
    served.wait_told("alice quota-spent until");
    assert_eq!(served.logged(&["WARN", "rests until the quota's reset"]), 1, "{}", served.log());
    served.stop();

    let sent = home.google.stats().requests(Endpoint::Media);
    let offline = home.status();
    assert_eq!(offline["libraries"][0]["state"], "quota-spent", "{offline}");
    let mut served = serve(&home);
    served.wait_state(&home, "alice", "quota-spent");
    assert_eq!(home.google.stats().requests(Endpoint::Media), sent);
    served.stop();
}

#[test]
fn a_full_disk_is_told_in_words() {
    let home = Home::with(&["alice"]);
    let table = format!("[library.alice]\nroot = \"alice\"\n{YEARLY}");
    let limits = "[limits]\nmin-free-space = \"900 TiB\"\n";
    home.write_raw_config(&format!("{limits}{}{table}", home.endpoints()));
    add_photos(&home, "alice", 2);
    let mut served = serve(&home);
    let alice = served.wait_state(&home, "alice", "disk-full");
    assert!(alice["until"].is_string(), "{alice}");
    served.wait_told("alice disk-full until");
    assert_eq!(served.logged(&["ERROR", "has no room on disk"]), 1, "{}", served.log());
    served.stop();
    assert_eq!(home.status()["libraries"][0]["state"], "disk-full");
}

#[test]
fn signs_of_life_come_within_the_watchdogs_period() {
    let home = Home::with(&["alice"]);
    let mut served = launch(&home, |command| {
        command.env("WATCHDOG_USEC", "3000000");
    });
    let pings = |told: &[String]| told.iter().filter(|told| told.contains("WATCHDOG=1")).count();
    served.until("two signs of life", |served| pings(&served.told) >= 2);
    served.stop();
}

#[test]
fn a_supervisor_that_hangs_gives_no_sign_of_life() {
    let home = Home::with(&["alice"]);
    let file = home.path("hang");
    let mut served = launch(&home, |command| {
        command.env("WATCHDOG_USEC", "1000000").env("GPHOTOS_SYNCD_DEBUG_HANG_FILE", &file);
    });
    let pings = |told: &[String]| told.iter().filter(|told| told.contains("WATCHDOG=1")).count();
    served.until("two signs of life", |served| pings(&served.told) >= 2);
    fs::write(&file, "").expect("writable");
    // The loop comes round once more, and stops at the file.
    let (stopped, mut last) = (home.google.now() + chrono::TimeDelta::seconds(4), 0);
    let settled = home.google.now() + chrono::TimeDelta::seconds(1);
    served.until("the time of eight signs", |served| {
        if home.google.now() < settled {
            last = pings(&served.told);
        }
        home.google.now() > stopped
    });
    assert_eq!(pings(&served.told), last, "{:?}", served.told);
    served.kill();
}

#[test]
fn a_daemon_without_libraries_is_ready_and_idles() {
    let home = Home::bare(Settings::default());
    home.write_config("");
    fs::remove_file(home.path("client_secret.json")).expect("it is there");
    let mut served = launch(&home, |_| {});
    let ready = served.wait_told("READY=1");
    assert!(ready.contains("no libraries are configured"), "{ready}");
    home.run(&["status"]).assert(0, &["no libraries are configured"]);
    home.run(&["status", "--check"]).assert(0, &["OK - no libraries are configured"]);
    served.stop();
}

#[test]
fn what_a_restart_does_not_mend_ends_with_the_code_that_prevents_it() {
    let home = Home::with(&["alice"]);
    fs::remove_file(home.path("client_secret.json")).expect("it is there");
    run_to_end(&home).assert(78, &["client_secret.json", "hint:"]);
    home.append_config("scheduel = 1\n");
    run_to_end(&home).assert(78, &["config.toml:", "scheduel"]);
    fs::remove_file(home.path("config.toml")).expect("it is there");
    run_to_end(&home).assert(78, &["config.toml"]);
}

#[test]
fn a_library_whose_root_is_gone_fails_alone() {
    let home = scheduled(&["alice", "bob"], YEARLY);
    fs::remove_dir_all(home.root("alice")).expect("it is there");
    let mut served = serve(&home);
    served.wait_complete(&home, "bob", 1);
    let alice = served.wait_library(&home, "alice", |alice| alice["state"] != "running");
    assert!(!alice["detail"].as_str().unwrap_or_default().is_empty(), "{alice}");
    assert!(!home.root("alice").exists(), "a root that is gone may be a disk that is not mounted");
    served.stop();
}
