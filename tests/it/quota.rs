//! Quotas of a day: Google's own and the configured budgets. Work parks, is shown, and goes on.

use crate::context::Home;
use crate::wait::until;
use fake_google::{Class, Effect, Endpoint, Fault, Quota, Settings, Synthetic, Window};
use std::time::Duration;

/// Limits out of the way but for `more`.
fn limits(more: &str) -> String {
    format!(
        "api-requests-per-second = 1000\nmedia-requests-per-second = 1000\nrest-after-429 = \"10ms\"\n{more}"
    )
}

/// One library of `items` small photos with these limits.
fn library(items: u64, more: &str) -> Home {
    let home = Home::bare(Settings::default());
    std::fs::create_dir(home.root("alice")).expect("writable");
    home.google.synthetic_account("alice", Synthetic { bytes: 300..=600, ..Synthetic::photos(items) });
    home.put_token("alice", &home.google.token_json("alice"));
    home.write_limits(&limits(more), &["alice"]);
    home
}

/// The counts of `class` (0: API, 1: media) in the status: used, and the budget.
fn day_of(home: &Home, class: usize) -> (u64, u64) {
    let limits = &home.status()["limits"][class];
    (limits["day_used"].as_u64().expect("a number"), limits["day_budget"].as_u64().expect("a number"))
}

#[track_caller]
fn assert_parked(home: &Home, class: usize) {
    let status = home.status();
    assert_eq!(status["libraries"][0]["state"], "quota-spent", "{status:#}");
    let until = status["libraries"][0]["until"].as_str().unwrap_or_default().to_owned();
    let until = chrono::DateTime::parse_from_rfc3339(&until).expect("the moment is told");
    assert!(until > home.google.now() && until < home.google.now() + chrono::TimeDelta::hours(26), "{until}");
    assert_eq!(status["limits"][class]["mode"], "day-spent");
    assert!(status["limits"][class]["parked_until"].is_string());
    let text = home.run(&["status"]);
    text.assert(0, &["quota-spent"]);
    let check = home.run(&["status", "--check"]);
    check.assert(1, &["quota"]);
}

#[test]
fn a_day_spent_at_google_parks_the_work_and_a_second_run_asks_for_nothing() {
    let home = library(350, "");
    home.google.configure(|settings| {
        settings.quotas = vec![Quota::new(Class::Api, Window::Day { limit: 2 })];
    });
    let ran = home.run(&["sync"]);
    ran.assert(75, &["quota-spent", "day's quota"]);
    assert_eq!(home.google.stats().class(Class::Api).throttled, 1, "one answer says it all");
    assert_eq!(home.paths("alice").len(), 200, "what was listed before came to disk");
    assert_parked(&home, 0);

    home.google.reset_stats();
    home.run(&["sync"]).assert(75, &["quota-spent"]);
    let stats = home.google.stats();
    assert_eq!(stats.class(Class::Api).requests, 0, "{stats:?}");
}

#[test]
fn the_old_dialect_of_a_spent_day_parks_too() {
    let home = library(10, "");
    let body = r#"{"error":{"code":403,"message":"Daily Limit Exceeded","errors":[
        {"domain":"usageLimits","reason":"dailyLimitExceeded","message":"Daily Limit Exceeded"}]}}"#;
    let (content_type, body) = ("application/json".to_owned(), body.to_owned());
    let effect = Effect::Answer { status: 403, content_type, body };
    home.google.fault(Fault::on(&[Endpoint::MediaItemsList], effect));
    home.run(&["sync"]).assert(75, &["quota-spent"]);
    assert_eq!(home.google.stats().requests(Endpoint::MediaItemsList), 1);
    assert_parked(&home, 0);
}

#[test]
fn an_api_budget_holds_over_restarts_and_a_larger_one_goes_on_where_it_stopped() {
    let home = library(1_000, "api-requests-per-day = 5");
    home.run(&["sync"]).assert(75, &["quota-spent"]);
    let stats = home.google.stats();
    assert_eq!((stats.class(Class::Api).requests, stats.class(Class::Api).throttled), (5, 0));
    assert_eq!(day_of(&home, 0), (5, 5));
    assert_eq!(home.paths("alice").len(), 500, "the five pages are on disk");
    assert_parked(&home, 0);

    home.run(&["sync"]).assert(75, &["quota-spent"]);
    assert_eq!(home.google.stats().class(Class::Api).requests, 5);

    home.write_limits(&limits("api-requests-per-day = 100"), &["alice"]);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let sent = home.google.stats().class(Class::Api).requests;
    assert_eq!(day_of(&home, 0), (sent, 100));
    assert_eq!(home.google.stats().class(Class::Media).requests, 1_000, "nothing was fetched twice");
}

#[test]
fn a_media_budget_leaves_whole_files_and_goes_on_when_it_is_raised() {
    let home = library(60, "media-requests-per-day = 20");
    home.run(&["sync"]).assert(75, &["quota-spent"]);
    assert_eq!(home.google.stats().class(Class::Media).requests, 20);
    assert_eq!((home.paths("alice").len(), day_of(&home, 1)), (20, (20, 20)));
    assert_parked(&home, 1);
    let status = home.status();
    assert_eq!(
        (&status["libraries"][0]["failed"], &status["libraries"][0]["wanted"]),
        (&0.into(), &40.into())
    );

    home.write_limits(&limits("media-requests-per-day = 0"), &["alice"]);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    assert_eq!(home.google.stats().class(Class::Media).requests, 60);
}

#[test]
fn a_first_sync_that_eats_the_day_leaves_something_for_a_library_that_comes_later() {
    let home = library(300, "media-requests-per-day = 200");
    std::fs::create_dir(home.root("bob")).expect("writable");
    home.google.synthetic_account("bob", Synthetic { bytes: 300..=600, ..Synthetic::photos(8) });
    home.put_token("bob", &home.google.token_json("bob"));
    home.write_limits(&limits("media-requests-per-day = 200"), &["alice", "bob"]);
    home.run(&["sync", "alice"]).assert(75, &["quota-spent"]);
    assert_eq!(day_of(&home, 1), (190, 200), "the last twentieth is kept");
    home.run_ok(&["sync", "bob"]);
    home.assert_complete("bob");
    assert_eq!(day_of(&home, 1), (198, 200));
}

#[test]
fn two_processes_never_spend_one_budget_side_by_side() {
    let home = library(200, "media-requests-per-day = 150");
    std::fs::create_dir(home.root("bob")).expect("writable");
    home.google.synthetic_account("bob", Synthetic { bytes: 300..=600, ..Synthetic::photos(200) });
    home.put_token("bob", &home.google.token_json("bob"));
    home.write_limits(&limits("media-requests-per-day = 150"), &["alice", "bob"]);
    home.google.configure(|settings| settings.latency = Duration::from_millis(20));
    let running = home.start(&["sync", "alice"]);
    until("the first has sent", || home.google.stats().class(Class::Media).requests >= 5);
    home.run(&["sync", "bob"]).assert(75, &["another gphotos-syncd (process ", "hint: "]);
    home.run(&["run"]).assert(75, &["another gphotos-syncd (process "]);
    assert_eq!(home.google.stats().of("bob", Class::Media).requests, 0);
    running.wait();
    home.run(&["sync"]).assert(75, &["quota-spent"]);
    assert_eq!(home.google.stats().class(Class::Media).requests, 150);
}

#[test]
fn a_budget_that_google_tells_is_kept_the_next_days() {
    let home = library(350, "");
    home.google.configure(|settings| {
        settings.quotas = vec![Quota::new(Class::Api, Window::Day { limit: 2 })];
    });
    home.run(&["sync"]).assert(75, &["quota-spent"]);
    assert_eq!(day_of(&home, 0), (2, 2));
}

#[test]
fn a_refused_request_is_not_counted_against_the_day() {
    let home = library(30, "media-requests-per-day = 100");
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(429)).skip(5).times(4));
    home.run_ok(&["sync"]);
    let media = home.google.stats().class(Class::Media);
    assert_eq!((media.requests, media.throttled, day_of(&home, 1)), (34, 4, (30, 100)));
}

#[test]
fn a_kill_never_counts_less_than_was_sent() {
    let home = library(400, "media-requests-per-day = 5000");
    home.google.configure(|settings| settings.latency = Duration::from_millis(5));
    let mut running = home.start(&["sync"]);
    until("some files were asked for", || home.google.stats().class(Class::Media).requests >= 50);
    running.signal("KILL");
    assert_eq!(running.wait().code, -1);
    let sent = home.google.stats().class(Class::Media).requests;
    let (used, _) = day_of(&home, 1);
    assert!(used >= sent, "{used} counted of {sent} sent");
    assert!(used <= sent + 2_000, "the reserve is about a second's requests: {used} counted of {sent}");

    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn what_never_left_the_machine_is_not_counted() {
    let home = library(3, "api-requests-per-day = 50");
    home.write_raw_config(
        "[limits]\nmin-free-space = \"1 MiB\"\napi-requests-per-day = 50\n[google.endpoints]\n\
         library = \"http://127.0.0.1:1\"\n[library.alice]\nroot = \"alice\"\nschedule = \"manual\"\n",
    );
    home.run(&["sync"]).assert(1, &["cannot connect to 127.0.0.1:1"]);
    assert_eq!(day_of(&home, 0), (0, 50));
}
