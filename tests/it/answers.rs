//! Whatever Google answers: what is whole comes to disk, what is not is said, counted and tried again.

use crate::context::{Home, Ran};
use fake_google::{Effect, Endpoint, Fault, FaultId, ItemSpec, RangeMode, Settings, VideoStatus};
use std::time::Duration;

/// The items of [`three`].
const NAMES: [&str; 3] = ["a.jpg", "b.jpg", "c.jpg"];
/// How often a condition is looked at, 5 ms apart, before a test gives up on it.
const LOOKS_MAX: u32 = 1_000;

/// A library of three photos.
fn three() -> Home {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for name in NAMES {
        alice.add_photo(ItemSpec::named(name).created("2024-07-01T10:00:00Z").len(30_000));
    }
    home
}

fn media(effect: Effect) -> Fault {
    Fault::on(&[Endpoint::Media], effect)
}

fn listing(effect: Effect) -> Fault {
    Fault::on(&[Endpoint::MediaItemsList], effect)
}

/// A run against a fault that passes must end complete, and the fault must have struck.
fn recovers(home: &Home, fault: &Fault) {
    let id: FaultId = home.google.fault(fault.clone());
    let ran = home.run(&["sync"]);
    assert_eq!(ran.code, 0, "{fault:?}\n{}\n{}", ran.out, ran.err);
    assert!(home.google.fired(id) > 0, "{fault:?} never struck");
    home.assert_complete("alice");
}

#[test]
fn a_fault_of_the_listing_that_passes_costs_nothing() {
    let page = r#"{"mediaItems": {"id": 1}}"#;
    let wrong = Effect::Answer { status: 200, content_type: "application/json".into(), body: page.into() };
    for effect in [
        Effect::TruncatedJson,
        Effect::EmptyPage,
        Effect::RepeatItem,
        Effect::HtmlOk,
        Effect::EmptyOk,
        Effect::Reset,
        Effect::ResetAfter { bytes: 100 },
        Effect::Truncate { bytes: 100 },
        Effect::status(500),
        Effect::status(503),
        wrong,
    ] {
        recovers(&three(), &listing(effect).once());
    }
}

#[test]
fn a_fault_of_the_bytes_that_passes_costs_nothing() {
    for effect in [
        Effect::HtmlOk,
        Effect::EmptyOk,
        Effect::Truncate { bytes: 100 },
        Effect::ResetAfter { bytes: 29_999 },
        Effect::Reset,
        Effect::GzipMedia,
        Effect::ContentType { value: "text/html".into() },
        Effect::ContentType { value: "application/json".into() },
        Effect::status(403),
        Effect::status(404),
        Effect::status(500),
        Effect::status(502),
    ] {
        recovers(&three(), &media(effect).item("b.jpg").once());
    }
}

#[test]
fn a_silent_server_is_left_after_the_stall_timeout() {
    for effect in [Effect::Stall { bytes: 1_000 }, Effect::Hang] {
        let home = three();
        let config = std::fs::read_to_string(home.path("config.toml")).expect("readable");
        home.write_raw_config(&config.replacen("[limits]", "[limits]\nstall-timeout = \"100ms\"", 1));
        recovers(&home, &media(effect).item("b.jpg").once());
    }
}

#[test]
fn a_file_that_fails_for_ever_costs_no_other_and_is_said_and_tried_again() {
    for (effect, reason) in [
        (Effect::status(404), "not"),
        (Effect::status(403), "expired"),
        (Effect::status(500), "500"),
        (Effect::HtmlOk, "HTML"),
        (Effect::EmptyOk, "media bytes: "),
        (Effect::GzipMedia, "compressed"),
        (Effect::Truncate { bytes: 9 }, "media bytes"),
        (Effect::Redirect { location: "http://192.0.2.1/elsewhere".into() }, "redirect"),
    ] {
        let home = three();
        let fault = home.google.fault(media(effect.clone()).item("b.jpg"));
        let ran = home.run(&["sync"]);
        ran.assert(1, &["could not be fetched"]);
        assert_eq!(home.paths("alice"), ["photos/2024/07/a.jpg", "photos/2024/07/c.jpg"], "{effect:?}");
        let alice = &home.status()["libraries"][0];
        assert_eq!((&alice["failed"], &alice["files"]), (&1.into(), &2.into()), "{alice}");
        let failure = &alice["failures"][0];
        assert_eq!(failure["path"], "photos/2024/07/b.jpg");
        let said = failure["reason"].as_str().unwrap_or_default();
        assert!(said.contains(reason), "{effect:?}: `{said}` has no `{reason}`");
        assert!(!said.contains("/lh3/") && !ran.err.contains("/lh3/"), "an address was shown: {said}");
        home.run(&["status"]).assert(0, &["failed: photos/2024/07/b.jpg", said]);

        home.google.remove_fault(fault);
        home.run_ok(&["sync"]);
        home.assert_complete("alice");
        assert_eq!(home.status()["libraries"][0]["failed"], 0);
    }
}

#[test]
fn a_run_goes_on_past_many_files_that_fail_at_once_for_good() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for number in 0..40 {
        let id = alice.add_photo(ItemSpec::named(format!("bad_{number:02}.jpg")).len(500));
        home.google.fault(media(Effect::status(404)).item(id));
        alice.add_photo(ItemSpec::named(format!("good_{number:02}.jpg")).len(500));
    }
    home.run(&["sync"]).assert(1, &["could not be fetched"]);
    assert_eq!(home.paths("alice").len(), 40);
    home.google.clear_faults();
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_length_that_is_announced_is_believed_because_nothing_else_tells_it() {
    let home = three();
    home.google.fault(media(Effect::Shorten { by: 10 }).item("a.jpg"));
    home.google.fault(media(Effect::Lengthen { by: 10 }).item("b.jpg"));
    home.run_ok(&["sync"]);
    let lengths: Vec<usize> = home.tree("alice").values().map(Vec::len).collect();
    assert_eq!(lengths, [29_990, 30_010, 30_000]);
}

#[test]
fn a_page_token_that_comes_back_ends_the_run_and_not_the_program() {
    let home = three();
    let body = r#"{"mediaItems": [], "nextPageToken": "round-and-round"}"#;
    let round = Effect::Answer { status: 200, content_type: "application/json".into(), body: body.into() };
    let fault = home.google.fault(listing(round));
    let ran = home.run(&["sync"]);
    ran.assert(1, &["the same page again"]);
    home.google.remove_fault(fault);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn an_expired_page_token_begins_the_listing_anew() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for number in 0..250 {
        alice.add_photo(ItemSpec::named(format!("{number:03}.jpg")).len(100));
    }
    recovers(&home, &listing(Effect::ExpirePageToken).once());
}

#[test]
fn an_answer_for_many_items_may_leave_some_out() {
    for effect in [Effect::BatchNull, Effect::BatchEmpty] {
        let home = three();
        let refused = home.google.fault(media(Effect::status(403)));
        home.run(&["sync"]).assert(1, &[]);
        home.google.remove_fault(refused);
        let left_out = home.google.fault(Fault::on(&[Endpoint::MediaItemsBatchGet], effect).item("b.jpg"));
        home.run(&["sync"]).assert(1, &["could not be fetched"]);
        assert_eq!(home.paths("alice").len(), 2);
        home.google.remove_fault(left_out);
        home.run_ok(&["sync"]);
        home.assert_complete("alice");
    }
}

#[tokio::test]
async fn addresses_that_expire_in_the_middle_are_renewed_in_groups() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for number in 0..100 {
        alice.add_photo(ItemSpec::named(format!("{number:03}.jpg")).len(100));
    }
    home.google.configure(|settings| settings.latency = Duration::from_millis(10));
    let running = home.start(&["sync"]);
    let mut looks = 0;
    while home.google.stats().requests(Endpoint::Media) < 5 {
        looks += 1;
        assert!(looks < LOOKS_MAX, "no bytes were asked for");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    home.google.advance_clock(Duration::from_secs(2 * 60 * 60));
    home.google.configure(|settings| settings.latency = Duration::ZERO);
    let ran: Ran = running.wait();
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    home.assert_complete("alice");
    let asked = home.google.stats().requests(Endpoint::MediaItemsBatchGet);
    assert!((1..=10).contains(&asked), "{asked} requests for addresses");
}

#[test]
fn a_video_that_google_still_processes_is_no_failure_and_comes_later() {
    let home = three();
    let alice = home.google.account("alice");
    let video = ItemSpec::named("v.mp4").created("2024-07-02T10:00:00Z").len(5_000);
    let id = alice.add_video(video.status(VideoStatus::Processing));
    home.run_ok(&["sync"]);
    assert_eq!(home.paths("alice").len(), 3);
    let status = home.status();
    let library = &status["libraries"][0];
    assert_eq!((&library["wanted"], &library["failed"]), (&1.into(), &0.into()), "{library}");
    assert!(alice.set_status(&id, VideoStatus::Ready));
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_video_that_google_could_not_process_is_said_and_costs_no_other() {
    let home = three();
    let spec = ItemSpec::named("v.mp4").created("2024-07-02T10:00:00Z").status(VideoStatus::Failed);
    home.google.account("alice").add_video(spec);
    home.run(&["sync"]).assert(1, &["could not be fetched"]);
    assert_eq!(home.paths("alice").len(), 3);
    home.run(&["status"]).assert(0, &["failed: photos/2024/07/v.mp4", "could not process"]);
}

#[test]
fn a_large_file_goes_on_where_it_broke_off() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    alice.add_video(ItemSpec::named("v.mp4").created("2024-07-02T10:00:00Z").len(5_000_000));
    home.google.fault(media(Effect::ResetAfter { bytes: 3_500_000 }).once());
    home.google.fault(media(Effect::Truncate { bytes: 1_200_000 }).once());
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let stats = home.google.stats();
    let ranges: Vec<&str> = stats.log.iter().filter_map(|entry| entry.range.as_deref()).collect();
    assert_eq!(ranges.len(), 2, "{ranges:?}");
    assert!(ranges.iter().all(|range| !range.starts_with("bytes=0-")), "{ranges:?}");
}

#[test]
fn a_large_file_begins_anew_where_ranges_are_ignored() {
    let home = Home::with_settings(&["alice"], Settings { range: RangeMode::Ignored, ..Settings::default() });
    let alice = home.google.account("alice");
    alice.add_video(ItemSpec::named("v.mp4").created("2024-07-02T10:00:00Z").len(5_000_000));
    recovers(&home, &media(Effect::ResetAfter { bytes: 3_500_000 }).once());
}
