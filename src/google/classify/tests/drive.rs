//! What Drive's answers mean: every status, and every reason that Google names.

use super::*;

/// A refusal in the form that Drive has always had.
fn old_form(reason: &str, message: &str) -> String {
    format!(
        r#"{{"error":{{"errors":[{{"domain":"usageLimits","reason":"{reason}","message":"{message}"}}],"code":403,"message":"{message}"}}}}"#
    )
}

fn judge_reason(host: Host, reason: &str, message: &str) -> Verdict {
    judge(host, 403, &[JSON], &old_form(reason, message), false)
}

#[test]
fn every_status_of_drive_has_its_verdict() {
    assert_eq!(table(Host::Drive, false), table(Host::Api, false));
    assert_eq!(table(Host::Drive, true), table(Host::Api, true));
    assert_eq!(
        table(Host::DriveBytes, false),
        "100-199 fatal, 200-205 passing, 206 good, 207-299 passing, 300-400 fatal, 401 stale, 402-403 fatal, \
         404 not-found, 405-407 fatal, 408 passing, 409-411 fatal, 412 bad-range, 413-415 fatal, 416 bad-range, \
         417-424 fatal, 425 passing, 426-428 fatal, 429 refused, 430-498 fatal, 499-599 passing"
    );
}

#[test]
fn each_reason_of_a_403_has_its_verdict() {
    for (reason, message, want) in [
        ("rateLimitExceeded", "Rate Limit Exceeded", "refused"),
        ("userRateLimitExceeded", "User Rate Limit Exceeded", "refused"),
        ("dailyLimitExceeded", "Daily Limit Exceeded", "refused"),
        ("quotaExceeded", "x", "refused"),
        ("downloadQuotaExceeded", "The download quota for this file has been exceeded.", "file-rests"),
        ("downloadQuotaExceeded", "Download quota exceeded", "file-rests"),
        ("cannotDownloadAbusiveFile", "This file has been identified as malware or spam", "file-refused"),
        ("insufficientFilePermissions", "The user does not have sufficient permissions", "file-refused"),
        ("cannotDownloadFile", "This file cannot be downloaded by the user.", "file-refused"),
        ("fileNotDownloadable", "Only files with binary content can be downloaded", "file-refused"),
        ("insufficientPermissions", "Insufficient Permission", "scope-missing"),
        ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "x", "scope-missing"),
        ("appNotAuthorizedToFile", "The user has not granted the app read access", "scope-missing"),
        ("storageQuotaExceeded", "The user's Drive storage quota has been exceeded", "fatal"),
        ("storageQuotaExceeded", "Storage quota exceeded", "fatal"),
        ("accessNotConfigured", "Google Drive API has not been used in project 1 before", "fatal"),
        ("SERVICE_DISABLED", "x", "fatal"),
        ("domainPolicy", "The domain administrators have disabled Drive apps.", "fatal"),
        ("forbidden", "x", "fatal"),
    ] {
        for host in [Host::Drive, Host::DriveBytes] {
            assert_eq!(word(&judge_reason(host, reason, message)), want, "{host:?} {reason}: {message}");
        }
    }
}

#[test]
fn a_refusal_for_quota_tells_the_limiter_its_window() {
    for (reason, window) in [
        ("rateLimitExceeded", Window::Unknown),
        ("userRateLimitExceeded", Window::Unknown),
        ("dailyLimitExceeded", Window::Day),
    ] {
        let want = Verdict::Refused(Throttle { window, ..Throttle::default() });
        assert_eq!(judge_reason(Host::DriveBytes, reason, "x"), want, "{reason}");
    }
    let new_form = r#"{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"reason":"RATE_LIMIT_EXCEEDED","metadata":{"quota_limit":"defaultPerMinutePerUser","quota_limit_value":"325000"}}]}}"#;
    let Verdict::Refused(throttle) = judge(Host::Drive, 429, &[JSON], new_form, false) else {
        panic!("not refused")
    };
    assert_eq!((throttle.window, throttle.per_user), (Window::Minute, true));
}

#[test]
fn a_file_that_was_given_too_often_rests_for_hours() {
    let body = old_form("downloadQuotaExceeded", "x");
    let rest = |pairs: &[(&'static str, &str)]| judge(Host::DriveBytes, 403, pairs, &body, false);
    assert_eq!(rest(&[JSON]), Verdict::FileRests(Duration::from_secs(6 * 3600)));
    assert_eq!(rest(&[JSON, ("retry-after", "36000")]), Verdict::FileRests(Duration::from_secs(36_000)));
    assert_eq!(rest(&[JSON, ("retry-after", "5")]), Verdict::FileRests(Duration::from_secs(6 * 3600)));
}

#[test]
fn what_a_person_must_do_stands_beside_the_reason() {
    for (reason, words) in [
        ("accessNotConfigured", "https://console.cloud.google.com/apis/library/drive.googleapis.com"),
        ("cannotDownloadAbusiveFile", "gphotos-syncd import"),
        ("insufficientFilePermissions", "its owner must share it"),
        ("cannotDownloadFile", "switched off downloading"),
        ("storageQuotaExceeded", "free some room"),
        ("domainPolicy", "administrator"),
    ] {
        let verdict = judge_reason(Host::DriveBytes, reason, "Google's words");
        let (Verdict::Fatal(text) | Verdict::FileRefused(text)) = verdict else {
            panic!("{reason}: {verdict:?}")
        };
        let (said, hint) = text.split_once("\nhint: ").unwrap();
        assert!(said == "status 403: Google's words" && hint.contains(words), "{text}");
    }
}

#[test]
fn the_reasons_of_drive_are_none_of_the_other_hosts() {
    for reason in ["downloadQuotaExceeded", "cannotDownloadAbusiveFile", "appNotAuthorizedToFile"] {
        assert_eq!(word(&judge_reason(Host::Api, reason, "x")), "fatal", "{reason}");
        assert_eq!(word(&judge_reason(Host::Media, reason, "x")), "expired", "{reason}");
    }
}
