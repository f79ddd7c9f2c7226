//! The one function that every request to Google passes, and one try of a call.
//!
//! Owns: permit, bearer, time-outs, bounds of bodies, and the report to the limiter. Invariant: no loop over
//! tries; a bearer goes to API hosts only; Drive is asked by GET alone; dropping a future here drops its permit, whose outcome is then unknown.
//! May import: `auth`, `limiter`, `media`, `config`, `clock`, `secret`. Tests: `tests.rs`.

use std::time::Duration;

use reqwest::header::RANGE;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::auth::Bearer;
use crate::clock::{mono_now, wall_now};
use crate::config::Endpoints;
use crate::google::classify::{Answer, Host, Verdict, classify, is_good};
use crate::google::drive::SCOPE_DRIVE_READONLY;
use crate::google::error::{ApiError, Failure};
use crate::google::hosts::{media_host_allowed, travels_safely};
use crate::google::photos::SCOPE_READ_APP_CREATED;
use crate::google::text::network_reason;
use crate::google::transport::Transport;
use crate::limiter::{Charge, Class, Limiter, Permit};
use crate::media::LibraryName;

/// The longest JSON answer that is read, bytes, unpacked: a page of 100 items has about 200 KiB.
const JSON_BYTES_MAX: usize = 16 << 20;

/// How much of a failure's body is read, bytes: Google's longest has 3 KiB.
const ERROR_BYTES_MAX: usize = 64 << 10;

/// How long a failure's body is waited for: the permit of a refused request is held meanwhile.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// One library's road to Google: everything of a request but the bearer.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) library: LibraryName,
    pub(crate) transport: Transport,
    pub(crate) endpoints: Endpoints,
    pub(crate) limiter: Limiter,
}

/// One request, so that each try builds it anew.
pub(crate) struct Ask {
    /// The operation, for errors and logs.
    pub(crate) what: &'static str,
    /// Who is asked.
    pub(crate) host: Host,
    /// GET, or POST with `body`.
    pub(crate) method: Method,
    /// Where; may be a secret.
    pub(crate) url: Url,
    /// The JSON sent.
    pub(crate) body: Option<Value>,
    /// Whether it is for a further page.
    pub(crate) page_token_sent: bool,
    /// The first byte wanted.
    pub(crate) from: u64,
    /// The byte after the last one wanted; none: to the end.
    pub(crate) until: Option<u64>,
}

/// A good answer whose body is still to be read.
pub(crate) struct Reply {
    /// Head and body.
    pub(crate) response: Response,
    /// The bytes that it may bring, for a range of Drive's.
    pub(crate) charge: Option<Charge>,
    /// When a JSON body must have come.
    deadline: Instant,
}

// === impl Link ===

impl Link {
    /// Sends `ask` once, with leave of the limiter, and tells the limiter how it was answered.
    pub(crate) async fn send(&self, ask: &Ask, bearer: Option<&Bearer>) -> Result<Reply, Failure> {
        self.check_address(ask)?;
        let charge = match ask.until {
            Some(until) => {
                Some(self.limiter.claim_bytes(&self.library, until.saturating_sub(ask.from)).await?)
            }
            None => None,
        };
        let permit = self.limiter.acquire(class_of(ask.host), &self.library).await?;
        let limit = self.transport.limits().answer;
        let deadline = mono_now() + limit;
        let response = match timeout_at(deadline, self.request(ask, bearer).send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_connect() => {
                permit.unsent();
                return Err(Failure::Unreached { reason: network_reason(error) });
            }
            Ok(Err(error)) => return Err(Failure::passing(network_reason(error))),
            Err(_) => return Err(Failure::passing(format!("no answer within {} s", limit.as_secs()))),
        };
        let status = response.status().as_u16();
        tracing::trace!(library = %self.library, what = ask.what, status, "answered");
        if is_good(ask.host, status) {
            permit.admitted();
            return Ok(Reply { response, charge, deadline });
        }
        let headers = response.headers().clone();
        let body = read_start(response, deadline).await;
        let verdict = classify(&Answer {
            host: ask.host,
            status,
            headers: &headers,
            body: &body,
            page_token_sent: ask.page_token_sent,
            now: wall_now(),
            secret: bearer.map(|bearer| &bearer.token),
        });
        Err(self.report(ask, permit, verdict))
    }

    fn check_address(&self, ask: &Ask) -> Result<(), ApiError> {
        let reason = match ask.host {
            Host::Drive | Host::DriveBytes if ask.method != Method::GET => {
                "this program never changes anything in Drive"
            }
            Host::Api | Host::Drive | Host::DriveBytes if !travels_safely(&ask.url) => {
                "plain http is for loopback only"
            }
            Host::Media if !media_host_allowed(&ask.url, &self.endpoints) => {
                "the address of the bytes is not at a media host of Google's"
            }
            Host::Api | Host::Media | Host::Drive | Host::DriveBytes => return Ok(()),
        };
        Err(ApiError::Fatal { what: ask.what, reason: reason.to_owned() })
    }

    fn request(&self, ask: &Ask, bearer: Option<&Bearer>) -> RequestBuilder {
        let (client, bearer) = match ask.host {
            Host::Api | Host::Drive => (self.transport.json(), bearer),
            // On the way to another host the client leaves the bearer behind.
            Host::DriveBytes => (self.transport.media().clone(), bearer),
            Host::Media => (self.transport.media().clone(), None),
        };
        let mut request = client.request(ask.method.clone(), ask.url.clone());
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer.token.expose());
        }
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        match ask.until {
            Some(until) => request.header(RANGE, format!("bytes={}-{}", ask.from, until.saturating_sub(1))),
            None if ask.from > 0 => request.header(RANGE, format!("bytes={}-", ask.from)),
            None => request,
        }
    }

    /// Tells the limiter, and turns the verdict on a failed try into what the retry loop needs.
    fn report(&self, ask: &Ask, permit: Permit, verdict: Verdict) -> Failure {
        let what = ask.what;
        let failure = match verdict {
            Verdict::Refused(throttle) => {
                tracing::debug!(library = %self.library, what, ?throttle, "refused for quota");
                permit.throttled(&throttle);
                let rest = self.limiter.rest_for(&throttle);
                return Failure::Refused { window: throttle.window, rest };
            }
            Verdict::Stale => Failure::Stale,
            Verdict::BadRange => Failure::BadRange,
            Verdict::Passing { reason, least } => Failure::Passing { reason, least },
            Verdict::Fatal(reason) => ApiError::Fatal { what, reason }.into(),
            Verdict::Expired => ApiError::Expired.into(),
            Verdict::NotFound => ApiError::NotFound { what }.into(),
            Verdict::BadPageToken => ApiError::BadPageToken { what }.into(),
            Verdict::FileRests(rest) => ApiError::FileRests { what, rest }.into(),
            Verdict::FileRefused(reason) => ApiError::FileRefused { what, reason }.into(),
            Verdict::ScopeMissing => {
                let scope = scope_of(ask.host).to_owned();
                ApiError::ScopeMissing { what, scope, library: self.library.clone() }.into()
            }
        };
        permit.admitted();
        failure
    }
}

fn class_of(host: Host) -> Class {
    match host {
        Host::Api => Class::Api,
        Host::Media => Class::Media,
        Host::Drive | Host::DriveBytes => Class::Drive,
    }
}

/// The scope without which `host` serves nothing.
fn scope_of(host: Host) -> &'static str {
    match host {
        Host::Api | Host::Media => SCOPE_READ_APP_CREATED,
        Host::Drive | Host::DriveBytes => SCOPE_DRIVE_READONLY,
    }
}

/// The JSON of a good answer.
pub(crate) async fn read_json(what: &'static str, reply: Reply) -> Result<Value, Failure> {
    let body = read_whole(what, reply).await?;
    // The parser's words would quote the body.
    serde_json::from_slice(&body).map_err(|_| Failure::passing("the answer was not JSON"))
}

/// The whole body, which must come before the deadline and within [`JSON_BYTES_MAX`].
async fn read_whole(what: &'static str, reply: Reply) -> Result<Vec<u8>, Failure> {
    let Reply { mut response, deadline, .. } = reply;
    let mut body = Vec::new();
    loop {
        // Ends: each chunk has at least one byte, and the body is bounded.
        match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(chunk))) if body.len() + chunk.len() <= JSON_BYTES_MAX => {
                body.extend_from_slice(&chunk);
            }
            Ok(Ok(Some(_))) => {
                let reason = format!("the answer is longer than {} MiB", JSON_BYTES_MAX >> 20);
                return Err(ApiError::Fatal { what, reason }.into());
            }
            Ok(Ok(None)) => return Ok(body),
            Ok(Err(error)) => return Err(Failure::passing(network_reason(error))),
            Err(_) => return Err(Failure::passing("the answer did not come to its end in time")),
        }
    }
}

/// The start of a failure's body; a fault on the way ends it, because the status has said enough.
async fn read_start(mut response: Response, deadline: Instant) -> Vec<u8> {
    let deadline = deadline.min(mono_now() + ERROR_BODY_TIMEOUT);
    let mut body = Vec::new();
    while body.len() < ERROR_BYTES_MAX {
        let Ok(Ok(Some(chunk))) = timeout_at(deadline, response.chunk()).await else { break };
        body.extend_from_slice(&chunk);
    }
    body.truncate(ERROR_BYTES_MAX);
    body
}
