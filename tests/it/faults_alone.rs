//! Each fault of Google's alone, and lasting: what it ends, what it leaves, how it is named, and when it is tried again.

use crate::context::Home;
use crate::served::{library_of, serve};
use chrono::{DateTime, TimeDelta, Utc};
use fake_google::{Effect, Endpoint, Fault, ItemSpec};
use serde_json::Value;
use std::fs;

/// Three photos, and a server that is left when it is silent for a while.
fn three() -> Home {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for name in ["a.jpg", "b.jpg", "c.jpg"] {
        alice.add_photo(ItemSpec::named(name).created("2024-07-01T10:00:00Z").len(30_000));
    }
    let config = fs::read_to_string(home.path("config.toml")).expect("readable");
    home.write_raw_config(&config.replacen("[limits]", "[limits]\nstall-timeout = \"400ms\"", 1));
    home
}

fn status(status: u16) -> Effect {
    Effect::status(status)
}

fn json(body: &str) -> Effect {
    Effect::Answer { status: 200, content_type: "application/json".into(), body: body.into() }
}

fn typed(value: &str) -> Effect {
    Effect::ContentType { value: value.to_owned() }
}

fn away() -> Effect {
    Effect::Redirect { location: "http://192.0.2.1/elsewhere".to_owned() }
}

fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no moment: {value}"))
}

/// One file meets `effect` whenever it is asked for. Three runs by a person try it, at gaps that grow; nothing else suffers.
fn costs_one_file(effect: &Effect, reason: &str) {
    let home = three();
    let fault = home.google.fault(Fault::on(&[Endpoint::Media], effect.clone()).item("b.jpg"));
    for (tries, hours) in [(1, 0), (2, 1), (3, 2)] {
        home.run_watched(&["sync"]).assert(1, &["incomplete", "could not be fetched"]);
        assert_eq!(home.paths("alice"), ["photos/2024/07/a.jpg", "photos/2024/07/c.jpg"], "{effect:?}");
        let alice = &home.status()["libraries"][0];
        let failure = &alice["failures"][0];
        assert_eq!((&alice["failed"], &failure["tries"]), (&1.into(), &tries.into()), "{effect:?}: {alice}");
        assert_eq!(failure["path"], "photos/2024/07/b.jpg", "{effect:?}");
        assert!(failure["reason"].to_string().contains(reason), "{effect:?}: {failure}");
        let gap = moment(&failure["next_try"]) - moment(&alice["last_run"]["started"]);
        let most = TimeDelta::minutes(66 * hours) + TimeDelta::seconds(60);
        assert!(gap >= TimeDelta::hours(hours) && gap <= most, "{effect:?}, {tries} tries: {gap}");
        home.run_watched(&["status"]).assert(0, &["failed: photos/2024/07/b.jpg", reason]);
    }
    home.google.remove_fault(fault);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_status_that_lasts_costs_one_file_which_is_named_and_tried_at_growing_gaps() {
    for code in [400, 401, 403, 404, 408, 410, 416, 451, 500, 501, 502, 503, 504] {
        let reason = if matches!(code, 401 | 403 | 410) { "expired".to_owned() } else { code.to_string() };
        let reason = match code {
            404 => "not",
            416 => "range",
            _ => &reason,
        };
        costs_one_file(&status(code), reason);
    }
}

#[test]
fn a_connection_that_breaks_each_time_costs_one_file_which_is_named_and_tried_at_growing_gaps() {
    costs_one_file(&Effect::Reset, "connection");
    costs_one_file(&Effect::ResetAfter { bytes: 9_000 }, "connection");
    costs_one_file(&Effect::Truncate { bytes: 9_000 }, "connection broke in the middle");
    costs_one_file(&Effect::Stall { bytes: 9_000 }, "no bytes came");
    costs_one_file(&Effect::Hang, "no answer within");
}

#[test]
fn a_body_that_is_none_costs_one_file_which_is_named_and_tried_at_growing_gaps() {
    costs_one_file(&Effect::HtmlOk, "HTML");
    costs_one_file(&Effect::EmptyOk, "media bytes: ");
    costs_one_file(&Effect::GzipMedia, "compressed");
    costs_one_file(&json("{}"), "JSON");
    costs_one_file(&typed("text/html"), "HTML");
    costs_one_file(&typed("video/mp4"), "type `video/mp4`");
    costs_one_file(&away(), "redirect");
}

#[test]
fn bytes_after_the_announced_end_and_bytes_that_drip_cost_nothing() {
    for effect in [Effect::Surplus { bytes: 999 }, Effect::Drip { bytes: 3_000, every_ms: 30 }] {
        let home = three();
        home.google.fault(Fault::on(&[Endpoint::Media], effect));
        home.run_ok(&["sync"]);
        home.assert_complete("alice");
    }
}

#[test]
fn a_file_whose_gap_is_not_over_is_left_alone_by_scheduled_runs_and_named_all_the_while() {
    let home = three();
    home.google.fault(Fault::on(&[Endpoint::Media], status(404)).item("b.jpg"));
    home.run(&["sync"]).assert(1, &[]);
    home.run(&["sync"]).assert(1, &[]);
    let config = fs::read_to_string(home.path("config.toml")).expect("readable");
    home.write_raw_config(&config.replace("\"manual\"", "\"* * * * * *\"\nsplay = \"0s\""));
    home.google.reset_stats();
    let mut served = serve(&home);
    served.wait_library(&home, "alice", |alice| alice["last_run"]["run"].as_u64() >= Some(5));
    let alice = library_of(&home, "alice");
    served.stop();
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0, "its gap is an hour");
    assert_eq!(alice["last_run"]["end"], "incomplete", "a run without it is not complete: {alice}");
    assert_eq!(alice["failures"][0]["tries"], 2, "{alice}");
}

/// The call meets `effect` each time: the run ends with `code`, blames no file, and the next one is complete.
fn ends_the_run(on: Endpoint, effect: &Effect, words: &str) {
    let home = three();
    let alice = home.google.account("alice");
    let items: Vec<String> = home.google.truth("alice").items.into_iter().map(|item| item.id).collect();
    alice.add_album("Trip", &items);
    home.run_ok(&["sync"]);
    let before = home.tree("alice");
    let new = alice.add_photo(ItemSpec::named("d.jpg").created("2024-07-02T10:00:00Z").len(30_000));
    alice.add_album("Other", &[&new]);
    let fault = home.google.fault(Fault::on(&[on], effect.clone()));
    home.run_watched(&["sync"]).assert(1, &[words]);
    let after = home.tree("alice");
    assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)), "{on:?} {effect:?}");
    let library = &home.status()["libraries"][0];
    assert_eq!(library["failed"], 0, "{on:?} {effect:?}: {library}");
    assert!(library["last_run"]["reason"].to_string().contains(words), "{on:?} {effect:?}: {library}");
    home.google.remove_fault(fault);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    assert_eq!(home.paths("alice").len(), 4 + 3 + 1, "{:?}", home.paths("alice"));
}

#[test]
fn a_listing_that_fails_each_time_ends_the_run_with_its_reason_and_harms_nothing() {
    const LIST: Endpoint = Endpoint::MediaItemsList;
    for (effect, words) in [
        (Effect::Reset, "mediaItems.list"),
        (Effect::ResetAfter { bytes: 100 }, "connection broke"),
        (Effect::Truncate { bytes: 100 }, "connection broke"),
        (Effect::Stall { bytes: 100 }, "in time"),
        (Effect::Hang, "no answer within"),
        (Effect::HtmlOk, "not JSON"),
        (Effect::EmptyOk, "not JSON"),
        (Effect::TruncatedJson, "not JSON"),
        (json("[1, 2]"), "mediaItems.list"),
        (status(400), "400"),
        (status(401), "even a new access token"),
        (status(404), "mediaItems.list"),
        (away(), "redirect"),
        (Effect::RepeatPage, "circles"),
    ] {
        ends_the_run(LIST, &effect, words);
    }
}

#[test]
fn a_server_that_ails_for_long_ends_the_run_with_its_reason_and_harms_nothing() {
    // Google asks for a second's rest after each, so these take longer, and go side by side.
    std::thread::scope(|scope| {
        for code in [500, 502, 503] {
            let words = format!("status {code}");
            scope.spawn(move || ends_the_run(Endpoint::MediaItemsList, &status(code), &words));
        }
    });
}

#[test]
fn albums_that_cannot_be_listed_end_the_run_with_their_reason_and_keep_their_links() {
    for on in [Endpoint::AlbumsList, Endpoint::MediaItemsSearch] {
        for effect in [Effect::Reset, Effect::TruncatedJson, Effect::HtmlOk, away()] {
            ends_the_run(
                on,
                &effect,
                if on == Endpoint::AlbumsList { "albums.list" } else { "mediaItems.search" },
            );
        }
    }
    ends_the_run(Endpoint::MediaItemsSearch, &status(404), "an album could not be listed");
}
