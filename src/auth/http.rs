//! The protocol crate's way to the network: the project's own HTTP client, with bounds.
//!
//! Owns: one POST and its answer. Invariant: an answer that is not OAuth's (429, 5xx, redirects, web pages) never
//! reaches the protocol crate, so that a gateway's page is not taken for a refusal. May import: `limiter`, `clock`.
//! Tests: `authorizer/tests.rs` drives it over a socket; the pure parts beside it.

use chrono::{DateTime, Utc};
use oauth2::{HttpRequest, HttpResponse};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use std::error::Error;
use std::pin::Pin;
use std::time::Duration;

use crate::clock::wall_now;
use crate::limiter::Throttle;

/// A whole exchange with the token endpoint must end within this, seconds; it takes 0.1 s when all is well.
const EXCHANGE_SECS_MAX: u64 = 30;
/// An answer is about 2 KiB (a token has up to 2 KiB, an id_token as much again); more than this is refused, bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The HTTP client as the protocol crate wants it.
#[derive(Clone, Debug)]
pub(crate) struct TokenHttp(pub(crate) reqwest::Client);

/// Why there is no answer that the protocol crate could read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpFault {
    /// No answer came, or not all of it.
    #[error("{0}")]
    Unanswered(String),
    /// An answer came that is not the token endpoint's.
    #[error("{0}")]
    Odd(String),
    /// Refused for quota.
    #[error("too many requests")]
    Throttled(Throttle),
}

impl<'c> oauth2::AsyncHttpClient<'c> for TokenHttp {
    type Error = HttpFault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpFault>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.post(request))
    }
}

// === impl TokenHttp ===

impl TokenHttp {
    /// Sends `request` and reads the whole answer.
    pub(crate) async fn post(&self, request: HttpRequest) -> Result<HttpResponse, HttpFault> {
        let mut request = reqwest::Request::try_from(request).map_err(|e| unanswered(&e.without_url()))?;
        *request.timeout_mut() = Some(Duration::from_secs(EXCHANGE_SECS_MAX));
        let asked = request.url().clone();
        let mut response = self.0.execute(request).await.map_err(|e| unanswered(&e.without_url()))?;
        if *response.url() != asked {
            return Err(HttpFault::Odd("the answer came from another address".to_owned()));
        }
        check_status(response.status(), response.headers(), wall_now())?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| unanswered(&e.without_url()))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(HttpFault::Odd("the answer is larger than 64 KiB".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        let status = response.status();
        if !status.is_success() && body.trim_ascii_start().first() != Some(&b'{') {
            return Err(HttpFault::Odd(format!("HTTP status {}", status.as_u16())));
        }
        answer(status, response.headers(), body)
    }
}

/// Refuses what the token endpoint's own program did not write.
fn check_status(status: StatusCode, headers: &HeaderMap, now: DateTime<Utc>) -> Result<(), HttpFault> {
    if status == StatusCode::TOO_MANY_REQUESTS {
        let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = text.and_then(|text| retry_after_of(text, now));
        return Err(HttpFault::Throttled(Throttle { retry_after, ..Throttle::default() }));
    }
    if status.is_redirection() {
        return Err(HttpFault::Odd(format!(
            "HTTP status {}: a redirect, which is not followed",
            status.as_u16()
        )));
    }
    if status.is_server_error() {
        return Err(HttpFault::Odd(format!("HTTP status {}", status.as_u16())));
    }
    Ok(())
}

/// `Retry-After`, as seconds or as a date.
fn retry_after_of(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    if let Ok(secs) = text.parse::<u64>() {
        return Some(Duration::from_secs(secs));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    Some((until.to_utc() - now).to_std().unwrap_or_default())
}

fn answer(status: StatusCode, headers: &HeaderMap, body: Vec<u8>) -> Result<HttpResponse, HttpFault> {
    let mut builder = oauth2::http::Response::builder().status(status);
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        builder = builder.header(CONTENT_TYPE, kind);
    }
    builder.body(body).map_err(|e| HttpFault::Odd(e.to_string()))
}

/// The whole chain of causes as one line; the address is taken out before.
fn unanswered(error: &reqwest::Error) -> HttpFault {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    HttpFault::Unanswered(format!("{words}{}", hint_of_distrust(error)))
}

/// What a person does about a certificate that is not trusted, as a line of its own; nothing for other faults.
pub(crate) fn hint_of_distrust(error: &(dyn Error + 'static)) -> &'static str {
    let mut link = Some(error);
    // Ends: a chain of errors has an end.
    while let Some(error) = link {
        if matches!(innermost(error), Some(rustls::Error::InvalidCertificate(_))) {
            return "\nhint: if an own CA or a proxy signs for this host, name the CA's PEM file in `SSL_CERT_FILE`";
        }
        link = error.source();
    }
    ""
}

/// What TLS says, out of any number of I/O errors around it, which hide it from the chain of causes.
fn innermost<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let mut error = error;
    while let Some(wrapped) = error.downcast_ref::<std::io::Error>() {
        error = wrapped.get_ref()?;
    }
    error.downcast_ref()
}

#[cfg(test)]
mod tests {
    use crate::auth::http::{HttpFault, check_status, retry_after_of};
    use chrono::DateTime;
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;
    use std::time::Duration;

    #[test]
    fn retry_after_is_read_as_seconds_or_date() {
        let now = DateTime::from_timestamp(784_111_757, 0).unwrap();
        let secs = |s| Some(Duration::from_secs(s));
        assert_eq!(retry_after_of(" 120 ", now), secs(120));
        assert_eq!(retry_after_of("Sun, 06 Nov 1994 08:49:37 GMT", now), secs(20));
        assert_eq!(retry_after_of("Sun, 06 Nov 1994 08:00:00 GMT", now), secs(0));
        assert_eq!(retry_after_of("soon", now), None);
    }

    #[test]
    fn only_the_endpoints_own_answers_pass() {
        for status in 100_u16..600 {
            let status = StatusCode::from_u16(status).unwrap();
            let result = check_status(status, &HeaderMap::new(), DateTime::UNIX_EPOCH);
            match status.as_u16() {
                429 => assert!(matches!(result, Err(HttpFault::Throttled(_)))),
                300..400 | 500.. => assert!(matches!(result, Err(HttpFault::Odd(_))), "{status}"),
                _ => assert!(result.is_ok(), "{status}"),
            }
        }
    }
}
