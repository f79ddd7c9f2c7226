//! `systemctl reload`: a changed configuration is applied as a whole, or refused as a whole.

use crate::context::Home;
use crate::served::{Served, launch, library_of, status_of, wait_until};
use fake_google::{Effect, Endpoint, Fault, ItemSpec};
use std::fs;

/// A schedule that is due once a year.
const YEARLY: &str = "schedule = \"0 0 0 1 1 *\"\nsplay = \"0s\"\n";

/// A daemon whose libraries all lie below its state folder, as new ones must to be written without a restart.
fn serve(home: &Home) -> Served {
    let mut served = launch(home, |command| {
        command.env("STATE_DIRECTORY", home.dir.path());
    });
    served.wait_told("READY=1");
    served
}

fn names(home: &Home) -> Vec<String> {
    let status = status_of(home);
    let libraries = status["libraries"].as_array().cloned().unwrap_or_default();
    libraries.iter().filter_map(|library| library["name"].as_str().map(str::to_owned)).collect()
}

fn table(name: &str, keys: &str) -> String {
    format!("[library.{name}]\nroot = \"{name}\"\n{keys}")
}

/// An installation with roots, tokens and a photo for all, but only these tables.
fn home_with(all: &[&str], tables: &str) -> Home {
    let home = Home::with(all);
    for name in all {
        home.google.account(name).add_photo(ItemSpec::named(format!("{name}.jpg")).len(5_000));
    }
    home.write_config(tables);
    home
}

fn stats_of(home: &Home, class: &str) -> serde_json::Value {
    let status = status_of(home);
    let limits = status["limits"].as_array().cloned().unwrap_or_default();
    limits.into_iter().find(|found| found["class"] == class).unwrap_or_default()
}

#[test]
fn libraries_come_go_and_change_without_a_restart() {
    let manual = "schedule = \"manual\"\n";
    let home = home_with(&["alice", "bob", "carol"], &(table("alice", manual) + &table("bob", manual)));
    let mut served = serve(&home);
    assert_eq!(names(&home), ["alice", "bob"]);
    let pid = status_of(&home)["pid"].clone();

    let changed = format!("{YEARLY}layout = \"all/{{year}}\"\n");
    home.write_config(&(table("alice", &changed) + &table("carol", YEARLY)));
    served.reload();
    assert!(served.has_told("RELOADING=1") && served.has_told("MONOTONIC_USEC="), "{:?}", served.told);
    served.wait_complete(&home, "carol", 1);
    served.wait_complete(&home, "alice", 1);
    wait_until("bob to be gone", || names(&home) == ["alice", "carol"]);
    assert!(home.paths("alice").iter().all(|path| path.starts_with("all/")), "{:?}", home.paths("alice"));
    assert_eq!(home.paths("bob"), Vec::<String>::new());
    assert_eq!(status_of(&home)["pid"], pid);
    served.stop();
}

#[test]
fn changed_limits_are_in_force_at_once() {
    let home = home_with(&["alice"], "");
    let config = |per_day: u64| {
        let limits = format!(
            "[limits]\napi-requests-per-day = {per_day}\napi-requests-per-second = 3\nmin-free-space = \"1 MiB\"\n"
        );
        home.write_raw_config(&(limits + &home.endpoints() + &table("alice", "schedule = \"manual\"\n")));
    };
    config(5_000);
    let mut served = serve(&home);
    assert_eq!(stats_of(&home, "api")["day_budget"], 5_000);
    config(7_000);
    served.reload();
    assert_eq!(stats_of(&home, "api")["day_budget"], 7_000);
    served.stop();
}

#[test]
fn a_raised_budget_ends_the_rest_of_a_library_whose_quota_was_spent() {
    let home = home_with(&["alice"], "");
    let config = |per_day: u64| {
        let limits = format!("[limits]\nmedia-requests-per-day = {per_day}\nmin-free-space = \"1 MiB\"\n");
        home.write_raw_config(&(limits + &home.endpoints() + &table("alice", YEARLY)));
    };
    for number in 0..4 {
        home.google.account("alice").add_photo(ItemSpec::named(format!("{number}.jpg")).len(5_000));
    }
    config(2);
    let mut served = serve(&home);
    served.wait_state(&home, "alice", "quota-spent");
    config(1_000);
    served.reload();
    served.wait_complete(&home, "alice", 2);
    home.assert_complete("alice");
    served.stop();
}

/// A daemon whose library `alice` has a download under way, slow enough to reload beside it.
fn in_mid_download(home: &Home) -> Served {
    home.google.account("alice").add_video(ItemSpec::named("long.mp4").len(12 << 20));
    let drip = Effect::Drip { bytes: 1 << 20, every_ms: 100 };
    home.google.fault(Fault::on(&[Endpoint::Media], drip).item("long.mp4"));
    let served = serve(home);
    wait_until("the download", || home.google.stats().requests(Endpoint::Media) > 1);
    served
}

#[test]
fn a_reload_drops_no_transfer_that_is_under_way() {
    let home = home_with(&["alice", "bob"], &table("alice", YEARLY));
    let mut served = in_mid_download(&home);
    // Everything changes under it: its own settings, the downloads at once, another library.
    let limits = "[limits]\ndownloads = 3\nmin-free-space = \"1 MiB\"\n";
    let tables = table("alice", &format!("{YEARLY}sidecar = \"json\"\n")) + &table("bob", YEARLY);
    home.write_raw_config(&format!("{limits}{}{tables}", home.endpoints()));
    served.reload();
    assert_eq!(library_of(&home, "alice")["state"], "running", "{}", served.log());
    served.wait_complete(&home, "bob", 1);
    served.wait_complete(&home, "alice", 1);
    assert_eq!(home.google.stats().requests(Endpoint::Media), 3, "one request for each file");
    assert!(home.paths("alice").iter().any(|path| path.ends_with("long.mp4")));
    served.stop();
}

#[test]
fn a_broken_file_is_refused_with_its_place_and_the_old_settings_stay() {
    let manual = "schedule = \"manual\"\n";
    let home = home_with(&["alice", "bob"], &table("alice", manual));
    let mut served = serve(&home);
    let good = fs::read_to_string(home.path("config.toml")).expect("readable");
    let bad_line = good.lines().count() + 1;
    home.append_config("scheduel = \"@daily\"\n");
    served.reload();
    let log = served.log();
    let place = format!("config.toml:{bad_line}");
    assert!(log.contains("ERROR") && log.contains(&place) && log.contains("scheduel"), "{log}");
    assert!(!log.contains("message_id"), "{log}");
    assert!(
        served
            .has_told("the changed configuration was refused, the old settings stay; 1 library: alice idle")
    );
    assert_eq!(names(&home), ["alice"]);

    // It serves on, and says so until the file is whole again.
    home.write_raw_config(&format!("{good}{}", table("bob", manual)));
    served.reload();
    assert_eq!(served.logged(&["the configuration was reloaded"]), 1);
    assert!(!served.has_told("refused"), "{:?}", served.told);
    home.run(&["sync"]).assert(0, &["alice", "bob"]);
    served.stop();
}

#[test]
fn a_library_that_is_taken_out_during_its_run_ends_after_it() {
    let home =
        home_with(&["alice", "bob"], &(table("alice", YEARLY) + &table("bob", "schedule = \"manual\"\n")));
    let mut served = in_mid_download(&home);
    home.write_config(&table("bob", "schedule = \"manual\"\n"));
    served.reload();
    assert_eq!(library_of(&home, "alice")["state"], "running", "{}", served.log());
    wait_until("alice to be gone", || names(&home) == ["bob"]);
    assert!(home.paths("alice").iter().any(|path| path.ends_with("long.mp4")));
    served.stop();
}

#[test]
fn a_reload_that_comes_before_ready_does_not_kill_the_daemon() {
    let home = home_with(&["alice"], &table("alice", "schedule = \"manual\"\n"));
    let mut served = launch(&home, |_| {});
    served.until("the socket's lock", |_| home.path("run/control.lock").exists());
    served.running.signal("HUP");
    served.wait_told("READY=1");
    served.until("an answer", |_| status_of(&home)["pid"].is_number());
    served.stop();
}
