//! Google's words for a spent quota.

use serde_json::{Value, json};

use crate::drive::DriveError;
use crate::endpoint::Endpoint;
use crate::quota::Exhausted;
use crate::reply::{ApiError, Reply};
use crate::settings::{Class, RetryAfter, Window};

/// The number of the project in messages.
const PROJECT: u64 = 844_831_818_923;

/// The 429 for `exhausted`: JSON from the API, HTML from the media host; Drive's is a 403.
pub(crate) fn refuse(exhausted: &Exhausted, endpoint: Endpoint) -> Reply {
    let reply = if endpoint.class() == Class::Drive {
        drive_refusal(exhausted).into()
    } else if endpoint.class() == Class::Media {
        let say = "We're sorry, but you have sent too many requests to us recently. Please try again later.";
        Reply::html_error(429, say)
    } else {
        api_refusal(exhausted)
    };
    match retry_after_secs(exhausted) {
        Some(secs) => reply.header("retry-after", &secs.to_string()),
        None => reply,
    }
}

fn retry_after_secs(exhausted: &Exhausted) -> Option<u64> {
    match exhausted.quota.retry_after {
        RetryAfter::Absent => None,
        RetryAfter::Exact => Some(wait_secs(exhausted)),
        RetryAfter::Secs(secs) => Some(secs),
    }
}

fn wait_secs(exhausted: &Exhausted) -> u64 {
    u64::try_from(exhausted.wait_ms).unwrap_or(0).div_ceil(1000)
}

fn drive_refusal(exhausted: &Exhausted) -> DriveError {
    let daily = matches!(exhausted.quota.window, Window::Day { .. });
    DriveError::of(match (daily, exhausted.quota.per_account) {
        (true, _) => "dailyLimitExceeded",
        (false, true) => "userRateLimitExceeded",
        (false, false) => "rateLimitExceeded",
    })
}

fn api_refusal(exhausted: &Exhausted) -> Reply {
    let user = exhausted.quota.per_account;
    let (limit, each, value) = match exhausted.quota.window {
        Window::Day { limit } => {
            (if user { "ApiCallsPerDayPerUser" } else { "ApiCallsPerProjectPerDay" }, "day", limit)
        }
        Window::Fixed { limit, .. } | Window::Sliding { limit, .. } => (per_minute(user), "minute", limit),
        Window::Bucket { burst, .. } => (
            per_minute(user),
            "minute",
            std::time::Duration::try_from_secs_f64(burst).map_or(0, |n| n.as_secs()),
        ),
    };
    let whose = if user { " per user" } else { "" };
    let message = format!(
        "Quota exceeded for quota metric 'All requests' and limit 'All requests per {each}{whose}' of service \
         'photoslibrary.googleapis.com' for consumer 'project_number:{PROJECT}'."
    );
    let mut details = vec![
        json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "RATE_LIMIT_EXCEEDED",
            "domain": "googleapis.com",
            "metadata": {
                "quota_limit": limit,
                "quota_limit_value": value.to_string(),
                "quota_location": "global",
                "quota_metric": "photoslibrary.googleapis.com/all_requests",
                "service": "photoslibrary.googleapis.com",
                "consumer": format!("projects/{PROJECT}"),
            },
        }),
        json!({
            "@type": "type.googleapis.com/google.rpc.Help",
            "links": [{
                "description": "Request a higher quota limit.",
                "url": "https://cloud.google.com/docs/quota#requesting_higher_quota",
            }],
        }),
    ];
    if exhausted.quota.retry_info {
        let delay = format!("{}s", wait_secs(exhausted));
        details.push(json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}));
    }
    let errors = json!([{"message": message, "domain": "global", "reason": "rateLimitExceeded"}]);
    let mut error = ApiError::new(429, "RESOURCE_EXHAUSTED", message);
    error.details = Value::Array(details);
    let mut reply = Reply::api_error(error);
    if let crate::reply::Payload::Json(body) = &mut reply.payload {
        body["error"]["errors"] = errors;
    }
    reply
}

fn per_minute(user: bool) -> &'static str {
    if user { "ApiCallsPerMinutePerUser" } else { "ApiCallsPerMinutePerProject" }
}
