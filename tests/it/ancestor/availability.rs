//! What ended its runs, or let them fail unseen: entries 7 to 13 of its list of faults, and the bodies that it took for files (entry 6).

use crate::context::{Home, Ran};
use crate::wait::{until, until_fired};
use fake_google::{Class, Effect, Endpoint, Fault, Field, ItemSpec, OAuthSettings, RetryAfter, Settings};
use fake_google::{Quota, Window};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::time::Duration;

/// `count` photos of `len` bytes.
fn library(count: usize, len: u64) -> Home {
    let home = Home::with(&["alice"]);
    fill(&home, count, len);
    home
}

fn fill(home: &Home, count: usize, len: u64) {
    for n in 0..count {
        let spec = ItemSpec::named(format!("IMG_{n:04}.jpg")).created("2024-07-01T10:00:00Z").len(len);
        home.google.account("alice").add_photo(spec);
    }
}

fn set_limit(home: &Home, line: &str) {
    let config = fs::read_to_string(home.path("config.toml")).expect("readable");
    home.write_raw_config(&config.replacen("[limits]", &format!("[limits]\n{line}"), 1));
}

fn media(effect: Effect) -> Fault {
    Fault::on(&[Endpoint::Media], effect)
}

/// The rows of a query for one number in the library's index.
fn count_in_index(home: &Home, sql: &str) -> i64 {
    let index = rusqlite::Connection::open(home.root("alice").join(".gphotos-syncd/index.sqlite"));
    index.and_then(|index| index.query_row(sql, [], |row| row.get(0))).unwrap_or(0)
}

// Entry 6: a truncated, empty, HTML or gzipped body was a file, and no digest could tell it later.

#[test]
fn a_truncated_an_empty_an_html_and_a_gzipped_body_never_become_a_file() {
    let home = library(6, 30_000);
    let bodies = [Effect::Truncate { bytes: 9 }, Effect::EmptyOk, Effect::HtmlOk, Effect::GzipMedia];
    for (n, effect) in bodies.into_iter().enumerate() {
        home.google.fault(media(effect).item(format!("IMG_{n:04}.jpg")));
    }
    home.run(&["sync"]).assert(1, &["4 files could not be fetched"]);
    assert_eq!(home.paths("alice"), ["photos/2024/07/IMG_0004.jpg", "photos/2024/07/IMG_0005.jpg"]);
    home.google.clear_faults();
    home.run_ok(&["sync"]);
    home.assert_complete("alice");

    // The digest of each file is kept, so that rot can be told from what came.
    let index = rusqlite::Connection::open(home.root("alice").join(".gphotos-syncd/index.sqlite"));
    let index = index.expect("an index");
    for (path, bytes) in home.tree("alice") {
        let sql = "SELECT sha256 FROM files WHERE path = ?1 AND state = 1";
        let kept: Vec<u8> = index.query_row(sql, [&path], |row| row.get(0)).expect("it is known");
        assert_eq!(kept, Sha256::digest(&bytes).to_vec(), "{path}");
    }
}

// Entry 7: only errors of one library were soft; one cut connection ended a run of 60 items after 2, and a full disk one for good.

#[test]
fn one_cut_connection_costs_one_request_and_not_a_run_of_sixty_items() {
    let home = library(60, 30_000);
    home.google.fault(media(Effect::ResetAfter { bytes: 9_000 }).skip(2).once());
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    assert_eq!(home.google.stats().requests(Endpoint::Media), 61);
}

#[test]
fn a_silence_in_the_middle_of_a_body_ends_one_try_and_not_the_run() {
    let home = library(60, 30_000);
    set_limit(&home, "stall-timeout = \"300ms\"");
    home.google.fault(media(Effect::Stall { bytes: 9_000 }).skip(2).once());
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_disk_without_room_is_a_state_that_waits_and_not_the_end() {
    let home = library(3, 500);
    let good = fs::read_to_string(home.path("config.toml")).expect("readable");
    home.write_raw_config(&good.replace("min-free-space = \"1 MiB\"", "min-free-space = \"900 TiB\""));
    home.run(&["sync"]).assert(1, &["disk-full"]);
    let alice = &home.status()["libraries"][0];
    assert_eq!((&alice["last_run"]["end"], &alice["failed"]), (&"disk-full".into(), &0.into()), "{alice}");
    home.write_raw_config(&good);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

// Entry 8: 429, a time-out or an expired address made an item bad for ever, and one failed call became 861 requests.

#[test]
fn a_quota_a_time_out_and_an_expired_address_blacklist_none_of_ninety_items() {
    let quota = Quota::new(Class::Media, Window::Bucket { per_second: 80.0, burst: 30.0 });
    let quotas = vec![quota.retry_after(RetryAfter::Exact)];
    let home = Home::with_settings(&["alice"], Settings { quotas, ..Settings::default() });
    fill(&home, 90, 500);
    set_limit(&home, "stall-timeout = \"300ms\"");
    home.google.fault(media(Effect::Hang).item("IMG_0007.jpg").times(2));
    home.google.fault(media(Effect::status(403)).item("IMG_0011.jpg").once());
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    assert!(home.google.stats().class(Class::Media).throttled > 0, "there was no 429");
    assert_eq!(home.status()["libraries"][0]["failures"], serde_json::json!([]));
}

#[test]
fn a_call_for_many_items_that_fails_is_never_taken_apart_into_calls_for_each() {
    let home = library(90, 500);
    let expired = home.google.fault(media(Effect::status(403)));
    home.google.fault(Fault::on(&[Endpoint::MediaItemsBatchGet], Effect::HtmlOk));
    home.run(&["sync"]).assert(1, &["transient"]);
    let stats = home.google.stats();
    assert_eq!(stats.requests(Endpoint::MediaItemsGet), 0);
    assert!(stats.class(Class::Api).requests <= 40, "{:?}", stats.endpoints);
    assert_eq!(home.status()["libraries"][0]["failed"], 0, "no item is blamed for the call");
    home.google.remove_fault(expired);
    home.google.clear_faults();
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn what_failed_is_still_known_after_a_kill_and_is_fetched_when_it_can_be() {
    let home = library(6, 500);
    home.google.fault(media(Effect::status(404)).item("IMG_0002.jpg"));
    home.run(&["sync"]).assert(1, &["1 file could not be fetched"]);
    let hung = home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::Hang));
    let mut running = home.start(&["sync"]);
    until_fired(&home, hung);
    running.signal("KILL");
    running.wait();
    home.run(&["status"]).assert(0, &["failed: photos/2024/07/IMG_0002.jpg"]);
    home.google.clear_faults();
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

// Entry 9: a wait burnt a core, and neither the first call nor the token's refresh had an end.

/// Processor time that a process has used, in ticks of 10 ms.
fn processor_ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    [11, 12].iter().map(|at| fields.get(*at).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0)).sum()
}

#[test]
fn a_run_whose_downloads_all_wait_uses_no_processor() {
    let home = library(60, 500);
    let hung = home.google.fault(media(Effect::Hang));
    let mut running = home.start(&["sync"]);
    until("as many downloads as there may be", || home.google.fired(hung) >= 8);
    let pid = running.child().id();
    let (before, began) = (processor_ticks(pid), home.google.now());
    until("two seconds", || home.google.now() - began > chrono::TimeDelta::seconds(2));
    let used = processor_ticks(pid) - before;
    running.signal("KILL");
    running.wait();
    assert!(used <= 40, "{used} of 200 ticks");
}

#[test]
fn a_first_call_and_a_refresh_that_are_never_answered_end_the_run() {
    let oauth = OAuthSettings { access_token_life: Duration::from_secs(60), ..OAuthSettings::default() };
    for hung in [Endpoint::MediaItemsList, Endpoint::Token] {
        let home = Home::with_settings(&["alice"], Settings { oauth: oauth.clone(), ..Settings::default() });
        fill(&home, 2, 500);
        set_limit(&home, "stall-timeout = \"150ms\"");
        home.google.advance_clock(Duration::from_secs(120));
        let hung = home.google.fault(Fault::on(&[hung], Effect::Hang));
        let ran = home.run_watched(&["sync"]);
        ran.assert(1, &["transient"]);
        assert!(home.google.fired(hung) > 0, "{}", ran.err);
        home.google.remove_fault(hung);
        home.run_ok(&["sync"]);
        home.assert_complete("alice");
    }
}

// Entry 10: a crash between the creation of the index and that of its tables left a file that was an error for ever.

#[test]
fn an_empty_index_that_a_crash_left_is_made_a_whole_one() {
    for journal in [None, Some("index.sqlite-journal"), Some("index.sqlite-wal")] {
        let home = library(3, 500);
        let own = home.root("alice").join(".gphotos-syncd");
        fs::create_dir(&own).expect("writable");
        fs::write(own.join("index.sqlite"), "").expect("writable");
        if let Some(name) = journal {
            fs::write(own.join(name), "").expect("writable");
        }
        home.run_ok(&["sync"]);
        home.assert_complete("alice");
        home.run_ok(&["status"]);
    }
}

// Entry 11: a SIGTERM in mid-run left an index of 0 rows beside 120 files and their temporary ones, which nobody swept.

#[test]
fn a_stop_in_mid_run_keeps_every_row_and_leaves_nothing_to_sweep() {
    let home = library(600, 500);
    home.google.configure(|settings| settings.latency = Duration::from_millis(5));
    let mut running = home.start(&["sync"]);
    until("120 files", || home.google.stats().requests(Endpoint::Media) >= 120);
    running.signal("TERM");
    running.wait().assert(1, &["interrupted"]);
    let files = home.paths("alice").len();
    assert!((100..600).contains(&files), "{files} files");
    let stored = count_in_index(&home, "SELECT count(*) FROM files WHERE state = 1");
    assert_eq!(usize::try_from(stored), Ok(files), "what is on disk is known");
    let partial = home.root("alice").join(".gphotos-syncd/partial");
    assert_eq!(fs::read_dir(partial).map_or(0, Iterator::count), 0);

    let listed = count_in_index(&home, "SELECT count(*) FROM items");
    home.google.configure(|settings| settings.latency = Duration::ZERO);
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let stats = home.google.stats();
    assert_eq!(stats.requests(Endpoint::Media), 600 - files as u64, "what was stored came again");
    let pages = stats.requests(Endpoint::MediaItemsList);
    let left = (600 - listed.cast_unsigned()) / 100;
    assert!(pages <= left + 4, "{pages} pages, though {listed} items were listed before");
}

#[test]
fn what_a_kill_leaves_half_is_swept_by_the_next_run() {
    let home = library(60, 30_000);
    let hung = home.google.fault(media(Effect::Stall { bytes: 9_000 }).skip(10));
    let mut running = home.start(&["sync"]);
    until_fired(&home, hung);
    running.signal("KILL");
    running.wait();
    let partial = home.root("alice").join(".gphotos-syncd/partial");
    fs::write(partial.join("tmpabcd1234"), "what an older version left").expect("writable");
    home.google.clear_faults();
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

// Entry 12: a name such as `..`, or an item without a date, ended every run; anybody could put one into a shared album.

#[test]
fn odd_items_cost_nobody_else_a_thing_not_even_from_an_album() {
    let home = library(20, 500);
    let alice = home.google.account("alice");
    let odd = ["..", ".", "", "/", "a/../../b.jpg", "\u{0}", "CON", "x\ny.jpg", " . "]
        .map(|name| alice.add_photo(ItemSpec::named(name).created("2024-07-01T10:00:00Z").len(500)));
    let bare = [Field::CreationTime, Field::MediaMetadata, Field::Filename, Field::MimeType, Field::BaseUrl]
        .map(|field| alice.add_photo(ItemSpec::named(format!("{field:?}.jpg")).len(500).without(field)));
    let all: Vec<&String> = odd.iter().chain(&bare).collect();
    alice.add_album("Shared by a stranger", &all);
    let ran = home.run(&["sync"]);
    assert!(home.paths("alice").iter().filter(|path| path.contains("/IMG_")).count() >= 20, "{ran:?}");
    let tree = home.tree("alice");
    let photos = tree.keys().filter(|path| path.starts_with("photos/")).count();
    // One that has no address can never be fetched: it alone fails, and is named.
    assert!(photos >= 20 + odd.len() + bare.len() - 1, "{:?}", tree.keys());
    assert_eq!(home.status()["libraries"][0]["failed"], 20 + odd.len() + bare.len() - photos);
    let outside = fs::read_dir(home.dir.path()).expect("readable").flatten();
    let outside: Vec<String> = outside.map(|entry| entry.file_name().display().to_string()).collect();
    assert!(!outside.iter().any(|name| name.contains(".jpg")), "{outside:?}");
}

// Entry 13: the loser of the lock ended with 0, failed items ended with 0, so no monitor could know.

#[test]
fn the_second_of_two_runs_is_told_to_come_back_and_the_first_is_not_touched() {
    let home = library(6, 500);
    let hung = home.google.fault(media(Effect::Delay { ms: 600 }));
    let first = home.start(&["sync"]);
    until_fired(&home, hung);
    home.run(&["sync"]).assert(75, &["another gphotos-syncd (process", "hint: wait for its end"]);
    let first: Ran = first.wait();
    first.assert(0, &["complete"]);
    home.assert_complete("alice");
}

#[test]
fn a_run_that_lacks_one_item_of_many_is_a_failure_to_scripts_and_a_warning_to_monitors() {
    let home = library(30, 500);
    home.google.fault(media(Effect::status(404)).item("IMG_0003.jpg"));
    home.run(&["sync"]).assert(1, &["1 file could not be fetched"]);
    home.run(&["status", "--check"]).assert(1, &["WARNING", "1 items could not be fetched"]);
    home.google.clear_faults();
    home.run_ok(&["sync"]);
    home.run(&["status", "--check"]).assert(0, &["OK"]);
}
