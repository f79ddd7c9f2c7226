//! Refusals for quota: they cost time, never an item or a try, and each quota slows its own requests alone.

use crate::context::Home;
use fake_google::{Class, Effect, Endpoint, Fault, ItemSpec, Quota, RetryAfter, Settings, Window};

/// Limits far above the simulator's quotas, so that only its refusals teach the pace.
const FAST: &str =
    "api-requests-per-second = 1000\nmedia-requests-per-second = 1000\nrest-after-429 = \"10ms\"";

/// One library of `items` small photos against these quotas.
fn library(items: usize, quotas: Vec<Quota>, limits: &str) -> Home {
    let home = Home::with_settings(&["alice"], Settings { quotas, ..Settings::default() });
    let alice = home.google.account("alice");
    for number in 0..items {
        alice.add_photo(ItemSpec::named(format!("IMG_{number:04}.jpg")).len(500));
    }
    home.write_limits(limits, &["alice"]);
    home
}

/// The run ended complete and blames no item.
#[track_caller]
fn assert_unharmed(home: &Home) {
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let status = home.status();
    let alice = &status["libraries"][0];
    assert_eq!((&alice["failed"], &alice["wanted"]), (&0.into(), &0.into()), "{alice}");
    assert_eq!(alice["failures"], serde_json::json!([]));
    assert_eq!(alice["last_run"]["end"], "complete");
}

/// One list answer of this kind, then true ones.
fn list_answer(status: u16, content_type: &str, body: &str) -> Fault {
    let (content_type, body) = (content_type.to_owned(), body.to_owned());
    Fault::on(&[Endpoint::MediaItemsList], Effect::Answer { status, content_type, body })
}

#[test]
fn a_spent_window_of_media_fails_no_item_and_leaves_the_api_alone() {
    let window = Window::Fixed { limit: 60, every_secs: 1 };
    let home = library(100, vec![Quota::new(Class::Media, window)], FAST);
    assert_unharmed(&home);
    let stats = home.google.stats();
    let media = stats.class(Class::Media);
    assert!(media.throttled > 0 && media.throttled <= 30, "{media:?}");
    assert_eq!(media.requests, 100 + media.throttled, "each item came once");
    assert_eq!(stats.class(Class::Api).throttled, 0);
    let limits = &home.status()["limits"];
    assert_eq!((&limits[0]["pace"], &limits[0]["mode"]), (&1000.0.into(), &"slow-start".into()), "{limits}");
    assert_eq!(limits[1]["mode"], "steady", "the media pace has learnt: {limits}");
}

#[test]
fn a_bucket_of_media_is_met_with_few_refusals() {
    let window = Window::Bucket { per_second: 60.0, burst: 20.0 };
    let home = library(80, vec![Quota::new(Class::Media, window)], FAST);
    assert_unharmed(&home);
    let media = home.google.stats().class(Class::Media);
    assert!(media.throttled > 0 && media.throttled <= 30, "{media:?}");
}

#[test]
fn refusals_of_the_api_do_not_slow_the_media() {
    let window = Window::Bucket { per_second: 4.0, burst: 2.0 };
    let home = library(150, vec![Quota::new(Class::Api, window).retry_after(RetryAfter::Exact)], FAST);
    assert_unharmed(&home);
    let stats = home.google.stats();
    assert!(stats.class(Class::Api).throttled > 0);
    assert_eq!((stats.class(Class::Media).throttled, stats.class(Class::Media).requests), (0, 150));
    assert_eq!(home.status()["limits"][1]["pace"], 1000.0);
}

#[test]
fn a_rest_that_google_asks_for_in_seconds_is_kept_by_the_whole_class() {
    let home = library(6, Vec::new(), &format!("{FAST}\ndownloads = 1"));
    let refuse = Effect::Status { status: 429, retry_after: Some("1".to_owned()) };
    home.google.fault(Fault::on(&[Endpoint::Media], refuse).skip(2).once());
    assert_unharmed(&home);
    let gaps = home.google.stats().class(Class::Media).gaps_after_429_ms;
    assert!(gaps.len() == 1 && gaps[0] >= 995, "{gaps:?}");
}

#[test]
fn a_rest_that_google_asks_for_as_a_date_is_kept() {
    let home = library(2, Vec::new(), FAST);
    // A date has whole seconds: this one is one to two seconds ahead.
    let date = (home.google.now() + chrono::TimeDelta::seconds(2)).format("%a, %d %b %Y %H:%M:%S GMT");
    let refuse = Effect::Status { status: 429, retry_after: Some(date.to_string()) };
    home.google.fault(Fault::on(&[Endpoint::MediaItemsList], refuse).once());
    assert_unharmed(&home);
    let gaps = home.google.stats().class(Class::Api).gaps_after_429_ms;
    assert!(gaps[0] >= 700, "{gaps:?}");
}

#[test]
fn a_rest_that_google_asks_for_in_the_details_is_kept() {
    let home = library(2, Vec::new(), FAST);
    let body = r#"{"error":{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"0.9s"}]}}"#;
    home.google.fault(list_answer(429, "application/json; charset=UTF-8", body).once());
    assert_unharmed(&home);
    let gaps = home.google.stats().class(Class::Api).gaps_after_429_ms;
    assert!(gaps[0] >= 895, "{gaps:?}");
}

#[test]
fn one_storm_of_refusals_cuts_the_pace_once() {
    let home = library(60, Vec::new(), &format!("{FAST}\ndownloads = 8"));
    home.google.configure(|settings| settings.latency = std::time::Duration::from_millis(60));
    // Eight requests are under way when the first refusal comes back.
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(429)).skip(16).times(8));
    assert_unharmed(&home);
    let stats = home.google.stats().class(Class::Media);
    assert_eq!((stats.requests, stats.throttled), (68, 8));
    let pace = home.status()["limits"][1]["pace"].as_f64().expect("a number");
    assert!(pace >= 650.0, "a first cut takes 30 %, and there was no second: {pace}");
}

#[test]
fn a_refusal_in_any_dialect_is_one() {
    let page = "<html><title>Error 429 (Too Many Requests)!!1</title>Please try again later.</html>";
    let reason = |reason: &str| {
        format!(
            r#"{{"error":{{"code":403,"message":"Slow down.","errors":[{{"domain":"usageLimits","reason":"{reason}"}}]}}}}"#
        )
    };
    let json = "application/json";
    let dialects = [
        (429, "text/html; charset=UTF-8", page.to_owned()),
        (429, json, String::new()),
        (403, json, reason("rateLimitExceeded")),
        (403, json, reason("userRateLimitExceeded")),
    ];
    let home = library(3, Vec::new(), FAST);
    for (status, kind, body) in &dialects {
        home.google.fault(list_answer(*status, kind, body).once());
    }
    assert_unharmed(&home);
    let lists = home.google.stats().requests(Endpoint::MediaItemsList);
    assert_eq!(lists, 1 + dialects.len() as u64);
}

#[test]
fn an_item_that_is_refused_again_and_again_is_never_blamed() {
    let home = library(12, Vec::new(), FAST);
    let refused = Fault::on(&[Endpoint::Media], Effect::status(429)).item("IMG_0003.jpg").times(6);
    let refused = home.google.fault(refused);
    assert_unharmed(&home);
    assert_eq!(home.google.fired(refused), 6, "more refusals than a file has tries in a run");
}

#[test]
fn a_refused_item_rests_while_the_others_go_on() {
    let home = library(40, Vec::new(), &FAST.replace("10ms", "700ms"));
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(429)).skip(3).once());
    assert_unharmed(&home);
    let log = home.google.stats().log;
    let media: Vec<_> = log.iter().filter(|entry| entry.endpoint == Endpoint::Media).collect();
    let refused = media.iter().find(|entry| entry.status == 429).expect("one was refused");
    let again = media.iter().rfind(|entry| entry.item == refused.item).expect("it was asked for again");
    assert!(again.at_ms - refused.at_ms >= 695, "after {} ms", again.at_ms - refused.at_ms);
    let between =
        media.iter().filter(|e| e.at_ms > refused.at_ms && e.at_ms < again.at_ms && e.status == 200);
    assert!(between.count() >= 20, "the others did not wait for it");
}
