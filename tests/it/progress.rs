//! What a person or a script sees of `sync`: lines, bars, the table, exit codes, and the status afterwards.

use crate::context::{Home, Ran};
use crate::served::serve;
use fake_google::{Class, Effect, Endpoint, Fault, ItemSpec};
use std::process::Command;

fn two_libraries() -> Home {
    let home = Home::with(&["alice", "bob"]);
    for name in ["alice", "bob"] {
        for n in 0..3 {
            home.google.account(name).add_photo(ItemSpec::named(format!("{name}{n}.jpg")).len(10_000));
        }
    }
    home
}

/// The row of a library in the summary table.
#[track_caller]
fn row<'a>(ran: &'a Ran, library: &str) -> Vec<&'a str> {
    let line = ran.out.lines().find(|line| line.split_whitespace().next() == Some(library));
    line.unwrap_or_else(|| panic!("no row of {library}:\n{}", ran.out)).split_whitespace().collect()
}

#[test]
fn the_table_goes_to_standard_output_and_plain_lines_to_standard_error() {
    let home = two_libraries();
    let ran = home.run_ok(&["sync"]);
    assert_eq!(ran.out.lines().count(), 3, "{}", ran.out);
    assert!(ran.out.starts_with("LIBRARY"), "{}", ran.out);
    for name in ["alice", "bob"] {
        assert_eq!(row(&ran, name)[1..5], ["complete", "3", "3", "3"], "{}", ran.out);
        assert!(ran.err.contains(&format!("{name}: complete")), "{}", ran.err);
    }
    assert!(!ran.err.contains('\u{1b}') && !ran.out.contains('\u{1b}'), "colours in a pipe");
    assert!(ran.err.lines().count() <= 4, "too much is said:\n{}", ran.err);
}

#[test]
fn a_named_library_is_the_only_one_that_is_synced() {
    let home = two_libraries();
    let ran = home.run_ok(&["sync", "bob"]);
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    home.assert_complete("bob");
    assert!(home.paths("alice").is_empty());
    let stats = home.google.stats();
    assert_eq!(stats.of("alice", Class::Api).requests + stats.of("alice", Class::Media).requests, 0);
    home.run(&["sync", "carol"]).assert(64, &["carol", "alice", "bob"]);
}

#[test]
fn one_library_that_fails_leaves_the_other_complete_and_the_worst_code_wins() {
    let home = two_libraries();
    home.google.account("alice").revoke_grant();
    let ran = home.run(&["sync"]);
    ran.assert(77, &["needs-login", "gphotos-syncd login alice"]);
    assert_eq!(row(&ran, "bob")[1], "complete");
    home.assert_complete("bob");

    home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(403)).item("bob9.jpg"));
    home.google.account("bob").add_photo(ItemSpec::named("bob9.jpg").len(500));
    home.run(&["sync", "bob"]).assert(1, &["incomplete"]);
    home.run(&["sync"]).assert(77, &["incomplete", "needs-login"]);
}

#[test]
fn a_failed_item_is_counted_named_in_the_status_and_makes_the_exit_code_one() {
    let home = two_libraries();
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(403)).item("bob1.jpg"));
    let ran = home.run(&["sync"]);
    ran.assert(1, &["1 file could not be fetched"]);
    assert_eq!(row(&ran, "alice")[1], "complete");
    let status = home.status();
    let bob = &status["libraries"][1];
    assert_eq!(
        (bob["failed"].as_u64(), bob["wanted"].as_u64(), bob["files"].as_u64()),
        (Some(1), Some(1), Some(2))
    );
    let failure = &bob["failures"][0];
    assert!(failure["path"].as_str().is_some_and(|path| path.ends_with("bob1.jpg")), "{failure}");
    assert!(failure["reason"].as_str().is_some_and(|reason| reason.contains("expired")), "{failure}");
    assert!(failure["next_try"].is_string() && failure["tries"] == 1, "{failure}");
}

#[test]
fn the_status_tells_what_the_last_run_did() {
    let home = two_libraries();
    home.run_ok(&["sync"]);
    home.run_ok(&["sync", "bob"]);
    let status = home.status();
    assert!(status["pid"].is_null(), "no daemon runs");
    let [alice, bob] = [0, 1].map(|at| status["libraries"][at].clone());
    for (library, name) in [(&alice, "alice"), (&bob, "bob")] {
        assert_eq!((library["name"].as_str(), library["state"].as_str()), (Some(name), Some("idle")));
        assert_eq!((library["items"].as_u64(), library["files"].as_u64()), (Some(3), Some(3)));
        assert_eq!((library["bytes"].as_u64(), library["wanted"].as_u64()), (Some(30_000), Some(0)));
        assert!(library["last_complete"].is_string() && library["progress"].is_null(), "{library}");
    }
    let run = &alice["last_run"];
    assert_eq!((run["run"].as_u64(), run["end"].as_str()), (Some(1), Some("complete")));
    assert_eq!((run["downloaded"].as_u64(), run["bytes"].as_u64()), (Some(3), Some(30_000)));
    assert_eq!((run["full"].as_bool(), run["reason"].is_null()), (Some(true), true));
    assert_eq!((run["media_requests"].as_u64(), run["new"].as_u64()), (Some(3), Some(3)));
    let run = &bob["last_run"];
    assert_eq!(
        (run["run"].as_u64(), run["downloaded"].as_u64(), run["new"].as_u64()),
        (Some(2), Some(0), Some(0))
    );
}

/// Runs `sync` on a terminal; what it wrote there, or none where there is no `script`.
fn on_a_terminal(home: &Home) -> Option<String> {
    let binary = home.command();
    let words = [binary.get_program()].into_iter().chain(binary.get_args());
    let line: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let mut script = Command::new("script");
    script.args(["-qec", &format!("stty cols 150; {} sync", line.join(" ")), "/dev/null"]);
    script
        .env_clear()
        .envs(binary.get_envs().filter_map(|(key, value)| Some((key, value?))))
        .env("TERM", "xterm");
    match script.stdin(std::process::Stdio::null()).output() {
        Ok(ran) => {
            assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
            Some(String::from_utf8_lossy(&ran.stdout).into_owned())
        }
        Err(_) => None,
    }
}

#[test]
fn on_a_terminal_each_library_has_a_bar_with_its_numbers() {
    let home = two_libraries();
    // Long enough for the bars to be drawn a few times.
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::Delay { ms: 600 }).times(2));
    let Some(shown) = on_a_terminal(&home) else {
        println!("skipped: `script` of util-linux cannot be run");
        return;
    };
    for text in ["alice", "bob", "/3 files", "3 listed", "[", "complete", "LIBRARY", "29.3 KiB"] {
        assert!(shown.contains(text), "`{text}` is missing: {shown:?}");
    }
    assert!(shown.contains('\u{1b}'), "nothing was drawn over: {shown:?}");
}

/// A home whose media host refuses everything with a rest of four seconds, `times` times.
fn throttled(times: u64) -> Home {
    let home = two_libraries();
    let refuse = Effect::Status { status: 429, retry_after: Some("4".to_owned()) };
    home.google.fault(Fault::on(&[Endpoint::Media], refuse).times(times));
    home
}

#[test]
fn on_a_terminal_the_bar_of_a_throttled_run_says_until_when_it_waits_for_google() {
    let home = throttled(2);
    let Some(shown) = on_a_terminal(&home) else {
        println!("skipped: `script` of util-linux cannot be run");
        return;
    };
    let (_, rest) = shown.split_once("waits for Google (media) until ").unwrap_or_default();
    let clock = rest.get(..8).unwrap_or_default();
    let is_clock = chrono::NaiveTime::parse_from_str(clock, "%H:%M:%S").is_ok();
    assert!(is_clock, "`{clock}` in the end of {:?}", &shown[shown.len().saturating_sub(2_000)..]);
    home.assert_complete("alice");
    home.assert_complete("bob");
}

#[test]
fn a_throttled_run_of_the_daemon_says_so_in_its_sentence_and_to_who_follows_it() {
    // The throttle outlasts the ten seconds between two lines of a library.
    let home = throttled(1_000);
    let mut served = serve(&home);
    let sync = home.start(&["sync", "alice"]);
    served.wait_told("alice running, 0 of 3 files, waits for Google (media) until ");
    home.run(&["status", "alice"]).assert(0, &["now: ", "waits for Google (media) until "]);
    let lines = home.google.now() + chrono::TimeDelta::seconds(12);
    served.until("another line of the progress", |_| home.google.now() > lines);
    home.google.clear_faults();
    served.wait_complete(&home, "alice", 1);
    let ran = sync.wait();
    ran.assert(0, &["the daemon does the run", "3 listed, 0/3 files"]);
    assert!(ran.err.lines().any(|line| line.contains("waits for Google (media) until ")), "{}", ran.err);
    served.stop();
}
