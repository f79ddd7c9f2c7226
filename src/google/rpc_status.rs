//! Google's error bodies: `google.rpc.Status` as JSON, in its old and its new form.
//!
//! Invariant: pure; every field is optional and a strange body is no fault, because the status line was read first.
//! May import: `limiter`. Tests: here and `classify/tests.rs`.

use std::time::Duration;

use serde_json::Value;

use crate::limiter::Window;

/// The longest wish of a server for a rest that is believed: a day, after which every quota is new.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);

/// What a refusal for quota is called, in `errors[].reason` and `details[].reason`.
const QUOTA_REASONS: [&str; 8] = [
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "dailyLimitExceeded",
    "quotaExceeded",
    "concurrentLimitExceeded",
    "RATE_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "RESOURCE_QUOTA_EXCEEDED",
];

/// What an error body says, as far as it was understood.
#[derive(Debug, Default)]
pub(crate) struct RpcStatus {
    /// For people.
    pub(crate) message: String,
    /// The canonical code's name, such as `PERMISSION_DENIED`.
    status: String,
    /// Every `reason`, of the old form and of `ErrorInfo`.
    reasons: Vec<String>,
    /// The spent quota's name (`metadata.quota_limit`).
    quota_limit: Option<String>,
    /// The spent quota's unit (`metadata.quota_unit`), such as `1/d/{project}`.
    quota_unit: Option<String>,
    /// The spent quota's value (`metadata.quota_limit_value`, or `quotaValue` of a violation), requests.
    quota_value: Option<u64>,
    /// The server's wish (`RetryInfo`).
    pub(crate) retry_delay: Option<Duration>,
    /// What `QuotaFailure` tells of.
    violations: Vec<String>,
}

impl RpcStatus {
    /// Reads `body`; none if it is not an error of Google's.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let root: Value = serde_json::from_slice(body).ok()?;
        // Streaming front ends wrap the error in an array of one.
        let root = root.get(0).unwrap_or(&root);
        let error = root.get("error")?;
        if let Some(name) = error.as_str() {
            let message = text(root, "error_description").unwrap_or_else(|| name.to_owned());
            return Some(Self { message, reasons: vec![name.to_owned()], ..Self::default() });
        }
        error.is_object().then(|| Self::from_object(error))
    }

    fn from_object(error: &Value) -> Self {
        let mut status = Self {
            message: text(error, "message").unwrap_or_default(),
            status: text(error, "status").unwrap_or_default(),
            ..Self::default()
        };
        status.reasons.extend(entries(error, "errors").filter_map(|entry| text(entry, "reason")));
        for detail in entries(error, "details") {
            status.add_detail(detail);
        }
        status
    }

    fn add_detail(&mut self, detail: &Value) {
        self.reasons.extend(text(detail, "reason"));
        if let Some(metadata) = detail.get("metadata") {
            self.quota_limit = text(metadata, "quota_limit").or(self.quota_limit.take());
            self.quota_unit = text(metadata, "quota_unit").or(self.quota_unit.take());
            self.quota_value = metadata.get("quota_limit_value").and_then(number).or(self.quota_value);
        }
        self.retry_delay =
            text(detail, "retryDelay").and_then(|t| parse_seconds(t.strip_suffix('s')?)).or(self.retry_delay);
        for violation in entries(detail, "violations") {
            let id = text(violation, "quotaId");
            // The details of one refusal speak of one quota; the value belongs to the name beside it.
            if self.quota_limit.is_none() && id.is_some() {
                self.quota_limit.clone_from(&id);
                self.quota_value = self.quota_value.or(violation.get("quotaValue").and_then(number));
            }
            self.violations.extend(id);
            self.violations.extend(text(violation, "description"));
        }
    }

    /// Whether this refuses for quota.
    pub(crate) fn is_quota(&self) -> bool {
        let message = self.message.to_ascii_lowercase();
        self.status == "RESOURCE_EXHAUSTED"
            || self.reasons.iter().any(|reason| QUOTA_REASONS.contains(&reason.as_str()))
            || message.contains("quota exceeded")
            || message.contains("rate limit exceeded")
    }

    /// Whether the token's scopes do not suffice.
    pub(crate) fn is_scope(&self) -> bool {
        self.has_reason(&["ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientPermissions", "insufficient_scope"])
            || self.message.to_ascii_lowercase().contains("insufficient authentication scopes")
    }

    /// Whether the API is not enabled in the project.
    pub(crate) fn is_disabled(&self) -> bool {
        self.has_reason(&["SERVICE_DISABLED", "accessNotConfigured"])
            || self.message.contains("has not been used in project")
    }

    /// The span of the spent quota: its name tells best, then the message, then the rest.
    pub(crate) fn window(&self) -> Window {
        let texts =
            self.quota_limit.iter().chain([&self.message]).chain(&self.violations).chain(&self.reasons);
        let told = texts.map(|text| window_of(text)).find(|window| *window != Window::Unknown);
        self.quota_unit.as_deref().and_then(window_of_unit).or(told).unwrap_or_default()
    }

    /// Whether each user of the project has such a quota of his own.
    pub(crate) fn is_per_user(&self) -> bool {
        squeezed(self.quota_limit.as_deref().unwrap_or_default()).contains("peruser")
            || self.quota_unit.as_deref().is_some_and(|unit| unit.contains("{user}"))
    }

    /// The size of the spent quota, requests per day or per minute as [`Self::window`] says.
    pub(crate) fn limit(&self) -> Option<u64> {
        let name = squeezed(self.quota_limit.as_deref().unwrap_or_default());
        let value = self.quota_value?;
        Some(match self.window() {
            Window::Minute if name.contains("per100seconds") => value.saturating_mul(60) / 100,
            Window::Minute if name.contains("persecond") => value.saturating_mul(60),
            Window::Minute | Window::Day | Window::Concurrent | Window::Unknown => value,
        })
    }

    /// Whether one of `names` is among the reasons that the answer gives.
    pub(crate) fn has_reason(&self, names: &[&str]) -> bool {
        self.reasons.iter().any(|reason| names.contains(&reason.as_str()))
    }
}

/// The span that a quota's name or a sentence about it tells: `PerDay`, `per day`, `per_day` are the same.
fn window_of(text: &str) -> Window {
    let squeezed = squeezed(text);
    let has = |marks: &[&str]| marks.iter().any(|mark| squeezed.contains(mark));
    if has(&["perday", "dailylimit"]) {
        Window::Day
    } else if has(&["perminute", "persecond", "per100seconds"]) {
        Window::Minute
    } else if has(&["concurrent"]) {
        Window::Concurrent
    } else {
        Window::Unknown
    }
}

/// The span of a quota's unit, such as `1/d/{project}` or `1/min/{project}/{user}`.
fn window_of_unit(unit: &str) -> Option<Window> {
    match unit.strip_prefix("1/")?.split('/').next()? {
        "d" => Some(Window::Day),
        "min" => Some(Window::Minute),
        _ => None,
    }
}

/// Letters and digits alone, in lower case.
fn squeezed(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Seconds as text, fractions allowed, at most [`RETRY_AFTER_MAX`].
pub(crate) fn parse_seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(RETRY_AFTER_MAX.as_secs_f64())))
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(ToOwned::to_owned)
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn entries<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_is_read_from_names_and_sentences() {
        for (text, want) in [
            ("ApiCallsPerProjectPerDay", Window::Day),
            (
                "Quota exceeded for quota metric 'All requests' and limit 'All requests per day' of",
                Window::Day,
            ),
            ("dailyLimitExceeded", Window::Day),
            ("WritesPerMinutePerUser", Window::Minute),
            ("limit 'Write requests per minute per user'", Window::Minute),
            ("Quota exceeded for quota 'concurrent write request' of service", Window::Concurrent),
            ("Too Many Requests", Window::Unknown),
            ("", Window::Unknown),
        ] {
            assert_eq!(window_of(text), want, "{text}");
        }
    }

    #[test]
    fn seconds_are_bounded_and_never_negative() {
        for (text, want) in [
            ("30", Some(Duration::from_secs(30))),
            (" 1.5 ", Some(Duration::from_millis(1500))),
            ("0", Some(Duration::ZERO)),
            ("1e300", Some(RETRY_AFTER_MAX)),
            ("inf", Some(RETRY_AFTER_MAX)),
            ("-1", None),
            ("NaN", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(parse_seconds(text), want, "{text}");
        }
    }

    #[test]
    fn a_told_size_is_of_a_minute_or_a_day_and_of_the_project_or_a_user() {
        for (name, value, want, per_user) in [
            ("ApiCallsPerMinutePerProject", "600", Some(600), false),
            ("QueriesPer100SecondsPerProject", "1000", Some(600), false),
            ("QueriesPerSecondPerProject", "10", Some(600), false),
            ("ApiCallsPerProjectPerDay", "10000", Some(10_000), false),
            ("WritesPerMinutePerUser", "60", Some(60), true),
            ("defaultPerMinutePerProject", "many", None, false),
        ] {
            let body = format!(
                r#"{{"error":{{"code":429,"status":"RESOURCE_EXHAUSTED","details":[
                    {{"metadata":{{"quota_limit":"{name}","quota_limit_value":"{value}"}}}}]}}}}"#
            );
            let status = RpcStatus::parse(body.as_bytes()).unwrap();
            assert_eq!((status.limit(), status.is_per_user()), (want, per_user), "{name}");
        }
    }

    #[test]
    fn the_size_is_read_from_a_violation_and_the_span_from_the_unit_too() {
        let violation = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"violations":[
            {"quotaMetric":"photoslibrary.googleapis.com/all_requests","quotaId":"ApiCallsPerProjectPerDay","quotaValue":"2500"}]}]}}"#;
        let unit = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"metadata":{
            "quota_limit":"defaultLimit","quota_limit_value":"300","quota_unit":"1/min/{project}/{user}"}}]}}"#;
        for (body, window, limit, per_user) in
            [(violation, Window::Day, 2_500, false), (unit, Window::Minute, 300, true)]
        {
            let status = RpcStatus::parse(body.as_bytes()).unwrap();
            assert_eq!(
                (status.window(), status.limit(), status.is_per_user()),
                (window, Some(limit), per_user)
            );
        }
    }

    #[test]
    fn strange_bodies_are_no_status() {
        for body in ["", "null", "[]", "{}", "<html>", r#"{"error":null}"#, r#"{"error":7}"#, r#"["error"]"#]
        {
            assert!(RpcStatus::parse(body.as_bytes()).is_none(), "{body}");
        }
        let odd = br#"[{"error":{"message":5,"errors":{},"details":[7,{"metadata":[],"retryDelay":"x"}]}}]"#;
        let status = RpcStatus::parse(odd).unwrap();
        assert!(status.message.is_empty() && status.retry_delay.is_none() && !status.is_quota());
    }
}
