//! What an answer means: each status of each kind of host has exactly one verdict.
//!
//! Invariant: pure; the status is read first, a body only if it may be JSON; no verdict's text has a secret.
//! May import: `limiter`, `secret`. Tests: `classify/tests.rs`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};

use crate::google::rpc_status::{RETRY_AFTER_MAX, RpcStatus, parse_seconds};
use crate::google::text::clean;
use crate::limiter::Throttle;
use crate::secret::Secret;

mod drive;
#[cfg(test)]
mod tests;

/// The least wait after a 5xx, by Google's best-practices page.
const SERVER_FAULT_REST: Duration = Duration::from_secs(1);

/// What a person does when the API is switched off in the project.
const HINT_ENABLE: &str = "hint: enable the `Photos Library API` for the project in the Google Cloud console";

/// The kinds of hosts; they answer in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// Answers in JSON, wants the bearer.
    Api,
    /// Answers with bytes, its errors are HTML; never sees the bearer.
    Media,
    /// The Drive API's JSON; wants the bearer.
    Drive,
    /// A range of a file at the Drive API: its errors are the API's, and only a partial answer is good; wants the bearer.
    DriveBytes,
}

/// One answer that is not good, as far as its meaning depends on it.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'a> {
    /// Who answered.
    pub(crate) host: Host,
    /// The status code.
    pub(crate) status: u16,
    /// The head.
    pub(crate) headers: &'a HeaderMap,
    /// The start of the body.
    pub(crate) body: &'a [u8],
    /// Whether the request was for a further page.
    pub(crate) page_token_sent: bool,
    /// When it came, for a `Retry-After` with a date.
    pub(crate) now: DateTime<Utc>,
    /// The bearer that was sent: servers may quote it.
    pub(crate) secret: Option<&'a Secret>,
}

/// What an answer that is not good means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Refused for quota; not executed.
    Refused(Throttle),
    /// The bearer was not taken.
    Stale,
    /// The bearer lacks the scope of the operation.
    ScopeMissing,
    /// The address of bytes has expired.
    Expired,
    /// There is no such thing.
    NotFound,
    /// The page token is no longer good.
    BadPageToken,
    /// The asked range is not served.
    BadRange,
    /// This one file is not given for so long.
    FileRests(Duration),
    /// This one file is not given.
    FileRefused(String),
    /// A passing fault.
    Passing {
        /// What the server said.
        reason: String,
        /// The least wait before the next try.
        least: Duration,
    },
    /// Trying again does not mend it.
    Fatal(String),
}

/// Whether the body of this answer is what was asked for.
pub(crate) fn is_good(host: Host, status: u16) -> bool {
    match host {
        Host::Api | Host::Drive => status == 200,
        Host::Media => matches!(status, 200 | 206),
        Host::DriveBytes => status == 206,
    }
}

/// The verdict on `answer`, which is not good.
pub(crate) fn classify(answer: &Answer<'_>) -> Verdict {
    let rpc =
        if may_be_json(answer.headers) { RpcStatus::parse(answer.body) } else { None }.unwrap_or_default();
    if matches!(answer.host, Host::Drive | Host::DriveBytes)
        && let Some(verdict) = drive::verdict(answer, &rpc)
    {
        return verdict;
    }
    match answer.status {
        429 => Verdict::Refused(throttle(answer, &rpc)),
        403 if rpc.is_quota() => Verdict::Refused(throttle(answer, &rpc)),
        408 | 425 | 499 => Verdict::Passing { reason: reason(answer, &rpc), least: rest_wish(answer, &rpc) },
        500..=599 => Verdict::Passing {
            reason: reason(answer, &rpc),
            least: rest_wish(answer, &rpc).max(SERVER_FAULT_REST),
        },
        404 => Verdict::NotFound,
        status => match answer.host {
            Host::Api | Host::Drive | Host::DriveBytes => classify_api(status, answer, &rpc),
            Host::Media => classify_media(status, answer, &rpc),
        },
    }
}

fn classify_api(status: u16, answer: &Answer<'_>, rpc: &RpcStatus) -> Verdict {
    match status {
        // An empty page where there should be one means a front end's fault, not the end of the list.
        200..=299 => Verdict::Passing { reason: reason(answer, rpc), least: Duration::ZERO },
        300..=399 => {
            Verdict::Fatal(format!("{}, and redirects of API calls are refused", reason(answer, rpc)))
        }
        400 if answer.page_token_sent => Verdict::BadPageToken,
        401 => Verdict::Stale,
        403 if rpc.is_disabled() => Verdict::Fatal(format!("{}\n{HINT_ENABLE}", reason(answer, rpc))),
        403 if rpc.is_scope() || wants_scope(answer.headers) => Verdict::ScopeMissing,
        _ => Verdict::Fatal(reason(answer, rpc)),
    }
}

fn classify_media(status: u16, answer: &Answer<'_>, rpc: &RpcStatus) -> Verdict {
    match status {
        200..=299 => Verdict::Passing { reason: reason(answer, rpc), least: Duration::ZERO },
        300..=399 => Verdict::Fatal(format!(
            "{}, and redirects go to media hosts only, a few times only",
            reason(answer, rpc)
        )),
        401 | 403 | 410 => Verdict::Expired,
        416 => Verdict::BadRange,
        _ => Verdict::Fatal(reason(answer, rpc)),
    }
}

fn throttle(answer: &Answer<'_>, rpc: &RpcStatus) -> Throttle {
    Throttle {
        retry_after: retry_after(answer.headers, answer.now).max(rpc.retry_delay),
        window: rpc.window(),
        limit: rpc.limit(),
        per_user: rpc.is_per_user(),
    }
}

fn rest_wish(answer: &Answer<'_>, rpc: &RpcStatus) -> Duration {
    retry_after(answer.headers, answer.now).max(rpc.retry_delay).unwrap_or_default()
}

/// `Retry-After` in either form; a date in the past is no rest at all.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    parse_seconds(text).or_else(|| {
        let date = DateTime::parse_from_rfc2822(text).ok()?;
        let rest = date.with_timezone(&Utc).signed_duration_since(now).to_std().unwrap_or_default();
        Some(rest.min(RETRY_AFTER_MAX))
    })
}

fn may_be_json(headers: &HeaderMap) -> bool {
    match headers.get(CONTENT_TYPE).map(|value| value.as_bytes().to_ascii_lowercase()) {
        Some(kind) => kind.windows(4).any(|part| part == b"json"),
        None => true,
    }
}

fn wants_scope(headers: &HeaderMap) -> bool {
    let challenge = headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    challenge.is_some_and(|text| text.contains("insufficient_scope"))
}

fn reason(answer: &Answer<'_>, rpc: &RpcStatus) -> String {
    let message = clean(&rpc.message, answer.secret);
    if message.is_empty() {
        format!("status {}", answer.status)
    } else {
        format!("status {}: {message}", answer.status)
    }
}
