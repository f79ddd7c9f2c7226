//! Tests of `google/classify`.

mod drive;

use chrono::TimeZone;
use proptest::prelude::*;
use reqwest::header::{HeaderName, HeaderValue};

use super::*;
use crate::limiter::Window;

const JSON: (&str, &str) = ("content-type", "application/json; charset=UTF-8");
const HTML: (&str, &str) = ("content-type", "text/html; charset=UTF-8");

const PER_DAY: &str = r#"{"error":{"code":429,"message":"Quota exceeded for quota metric 'All requests' and limit 'All requests per day' of service 'photoslibrary.googleapis.com' for consumer 'project_number:844831818923'.","errors":[{"message":"same","domain":"global","reason":"rateLimitExceeded"}],"status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","domain":"googleapis.com","metadata":{"quota_limit":"ApiCallsPerProjectPerDay","quota_limit_value":"10000","quota_location":"global"}},{"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"d","url":"https://cloud.google.com/docs"}]}]}}"#;
const PER_MINUTE: &str = r#"{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"metadata":{"quota_limit":"WritesPerMinutePerUser","quota_limit_value":"30"}},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"12.5s"}]}}"#;
const OLD_FORM: &str = r#"{"error":{"code":429,"message":"Quota exceeded for quota metric 'photoslibrary.googleapis.com/all_requests' and limit 'ApiCallsPerProjectPerDay' of"}}"#;
const CONCURRENT: &str = r#"{"error":{"code":429,"message":"Quota exceeded for quota 'concurrent write request' of service 'photoslibrary.googleapis.com'"}}"#;
const NO_SCOPE: &str = r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes.","status":"PERMISSION_DENIED"}}"#;
const DISABLED: &str = r#"{"error":{"code":403,"message":"Photos Library API has not been used in project 1 before or it is disabled. Enable it by visiting https://console.developers.google.com/x then retry.","status":"PERMISSION_DENIED","details":[{"reason":"SERVICE_DISABLED"}]}}"#;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect()
}

fn judge(
    host: Host,
    status: u16,
    pairs: &[(&'static str, &str)],
    body: &str,
    page_token_sent: bool,
) -> Verdict {
    let headers = headers(pairs);
    let now = Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap();
    let secret = Secret::new("opaque-bearer");
    let secret = Some(&secret);
    classify(&Answer { host, status, headers: &headers, body: body.as_bytes(), page_token_sent, now, secret })
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Refused(_) => "refused",
        Verdict::Stale => "stale",
        Verdict::ScopeMissing => "scope-missing",
        Verdict::Expired => "expired",
        Verdict::NotFound => "not-found",
        Verdict::BadPageToken => "bad-page-token",
        Verdict::BadRange => "bad-range",
        Verdict::FileRests(_) => "file-rests",
        Verdict::FileRefused(_) => "file-refused",
        Verdict::Passing { .. } => "passing",
        Verdict::Fatal(_) => "fatal",
    }
}

/// Every status from 100 to 599 as runs of the same verdict.
fn table(host: Host, page_token_sent: bool) -> String {
    let mut runs: Vec<(u16, u16, &str)> = Vec::new();
    for status in 100..=599 {
        let verdict = judge(host, status, &[], "", page_token_sent);
        let word = if is_good(host, status) { "good" } else { word(&verdict) };
        match runs.last_mut() {
            Some(run) if run.2 == word => run.1 = status,
            _ => runs.push((status, status, word)),
        }
    }
    let show = |(from, to, word): &(u16, u16, &str)| {
        if from == to { format!("{from} {word}") } else { format!("{from}-{to} {word}") }
    };
    runs.iter().map(show).collect::<Vec<_>>().join(", ")
}

#[test]
fn every_status_of_an_api_host_has_its_verdict() {
    assert_eq!(
        table(Host::Api, false),
        "100-199 fatal, 200 good, 201-299 passing, 300-400 fatal, 401 stale, 402-403 fatal, 404 not-found, \
         405-407 fatal, 408 passing, 409-424 fatal, 425 passing, 426-428 fatal, 429 refused, 430-498 fatal, \
         499-599 passing"
    );
}

#[test]
fn a_400_on_a_further_page_means_a_bad_page_token() {
    assert_eq!(
        table(Host::Api, true).replace("300-399 fatal, 400 bad-page-token, ", "300-400 fatal, "),
        table(Host::Api, false)
    );
}

#[test]
fn every_status_of_a_media_host_has_its_verdict() {
    assert_eq!(
        table(Host::Media, false),
        "100-199 fatal, 200 good, 201-205 passing, 206 good, 207-299 passing, 300-400 fatal, 401 expired, \
         402 fatal, 403 expired, 404 not-found, 405-407 fatal, 408 passing, 409 fatal, 410 expired, \
         411-415 fatal, 416 bad-range, 417-424 fatal, 425 passing, 426-428 fatal, 429 refused, 430-498 fatal, \
         499-599 passing"
    );
}

#[test]
fn a_refusal_tells_its_window_limit_and_rest() {
    let secs = Duration::from_secs_f64;
    for (status, pairs, body, retry_after, window, limit) in [
        (429, vec![JSON], PER_DAY, None, Window::Day, Some(10_000)),
        (429, vec![JSON], PER_MINUTE, Some(secs(12.5)), Window::Minute, Some(30)),
        (429, vec![JSON, ("retry-after", "60")], PER_MINUTE, Some(secs(60.0)), Window::Minute, Some(30)),
        (429, vec![JSON], OLD_FORM, None, Window::Day, None),
        (429, vec![JSON], CONCURRENT, None, Window::Concurrent, None),
        (429, vec![], "", None, Window::Unknown, None),
        (429, vec![HTML], "<html>limit per day</html>", None, Window::Unknown, None),
        (429, vec![HTML, ("retry-after", "7")], "<html>", Some(secs(7.0)), Window::Unknown, None),
        (
            429,
            vec![("retry-after", "Sun, 22 Nov 2026 12:01:30 GMT")],
            "",
            Some(secs(90.0)),
            Window::Unknown,
            None,
        ),
        (
            429,
            vec![("retry-after", "Sun, 22 Nov 2026 11:00:00 GMT")],
            "",
            Some(secs(0.0)),
            Window::Unknown,
            None,
        ),
        (429, vec![("retry-after", "99999999999")], "", Some(RETRY_AFTER_MAX), Window::Unknown, None),
        (429, vec![("retry-after", "-5")], "", None, Window::Unknown, None),
        (429, vec![("retry-after", "soon")], "", None, Window::Unknown, None),
        (403, vec![JSON], PER_DAY, None, Window::Day, Some(10_000)),
        (
            403,
            vec![JSON],
            r#"{"error":{"errors":[{"reason":"userRateLimitExceeded"}],"code":403,"message":"User Rate Limit Exceeded"}}"#,
            None,
            Window::Unknown,
            None,
        ),
        (
            403,
            vec![JSON],
            r#"{"error":{"errors":[{"reason":"dailyLimitExceeded"}],"code":403,"message":"x"}}"#,
            None,
            Window::Day,
            None,
        ),
    ] {
        for host in [Host::Api, Host::Media] {
            let per_user = body.contains("PerUser");
            let want = Verdict::Refused(Throttle { retry_after, window, limit, per_user });
            assert_eq!(judge(host, status, &pairs, body, true), want, "{host:?} {status} {body}");
        }
    }
}

#[test]
fn a_403_of_an_api_host_tells_why() {
    assert_eq!(judge(Host::Api, 403, &[JSON], NO_SCOPE, false), Verdict::ScopeMissing);
    let info =
        r#"{"error":{"code":403,"message":"x","details":[{"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}"#;
    assert_eq!(judge(Host::Api, 403, &[JSON], info, false), Verdict::ScopeMissing);
    let challenge = ("www-authenticate", r#"Bearer error="insufficient_scope""#);
    assert_eq!(judge(Host::Api, 403, &[challenge], "", false), Verdict::ScopeMissing);
    let Verdict::Fatal(reason) = judge(Host::Api, 403, &[JSON], DISABLED, false) else { panic!("not fatal") };
    assert!(reason.contains("\nhint: enable the `Photos Library API`"), "{reason}");
    assert!(reason.contains("<url>") && !reason.contains("://"), "{reason}");
    let plain = r#"{"error":{"code":403,"message":"The caller does not have permission","status":"PERMISSION_DENIED"}}"#;
    let want = Verdict::Fatal("status 403: The caller does not have permission".to_owned());
    assert_eq!(judge(Host::Api, 403, &[JSON], plain, false), want);
}

#[test]
fn a_server_fault_waits_a_second_or_as_long_as_asked() {
    let least = |pairs: &[(&'static str, &str)]| {
        let verdict = judge(Host::Api, 503, pairs, "", false);
        let Verdict::Passing { least, .. } = verdict else { panic!("{verdict:?}") };
        least
    };
    assert_eq!(least(&[]), Duration::from_secs(1));
    assert_eq!(least(&[("retry-after", "17")]), Duration::from_secs(17));
    assert_eq!(least(&[("retry-after", "0")]), Duration::from_secs(1));
}

#[test]
fn a_quoted_bearer_is_masked() {
    let body = r#"{"error":{"code":400,"message":"bad header Bearer opaque-bearer"}}"#;
    let want = Verdict::Fatal("status 400: bad header Bearer ****".to_owned());
    assert_eq!(judge(Host::Api, 400, &[JSON], body, false), want);
}

#[test]
fn a_html_body_is_never_quoted() {
    assert_eq!(
        judge(Host::Api, 400, &[HTML], "<html>ya29.x", false),
        Verdict::Fatal("status 400".to_owned())
    );
}

proptest! {
    #[test]
    fn no_answer_breaks_the_classifier(status in 100u16..600, body in ".{0,200}", wish in "[ -~]{0,40}", which in 0_usize..4) {
        let host = [Host::Api, Host::Media, Host::Drive, Host::DriveBytes][which];
        let verdict = judge(host, status, &[JSON, ("retry-after", &wish)], &body, false);
        prop_assert_eq!(word(&verdict) == "stale", host != Host::Media && status == 401);
    }
}
