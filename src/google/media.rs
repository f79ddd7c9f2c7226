//! The bytes of an item on their way.
//!
//! Invariant: what ends without an error is as long as the server announced; nothing is held in memory but one
//! chunk; one try. May import: `limiter`, `media`. Tests: `media/tests.rs` and `tests.rs` beside `mod.rs`.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderName};
use reqwest::{Method, Response};
use tokio::time::timeout;
use url::Url;

use crate::google::Part;
use crate::google::classify::Host;
use crate::google::client::{Ask, Link};
use crate::google::error::{ApiError, Failure};
use crate::google::text::network_reason;
use crate::limiter::Limiter;
use crate::media::BaseUrl;

#[cfg(test)]
mod tests;

/// The operation, for errors.
const WHAT: &str = "media bytes";

/// The longest item that is taken, bytes: three times Google's own bound of 20 GB for a video.
const ITEM_BYTES_MAX: u64 = 64 << 30;

/// Bytes on their way.
pub struct MediaStream {
    response: Response,
    plan: Plan,
    /// The place of the next byte in the file.
    at: u64,
    /// Read but not yet given out: paced bytes survive a dropped `chunk` future.
    pending: Option<Bytes>,
    limiter: Limiter,
    stall: Duration,
}

impl fmt::Debug for MediaStream {
    /// Leaves the response out, which would show the address of the bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaStream").field("plan", &self.plan).field("at", &self.at).finish_non_exhaustive()
    }
}

/// What the head of an answer promises.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Plan {
    offset: u64,
    total: Option<u64>,
    content_type: Option<String>,
}

impl MediaStream {
    /// Where in the file the first byte belongs: 0 unless the server obeyed the Range.
    pub fn offset(&self) -> u64 {
        self.plan.offset
    }

    /// Length of the whole file, where announced.
    pub fn total(&self) -> Option<u64> {
        self.plan.total
    }

    /// The announced type, lower case, without parameters.
    pub fn content_type(&self) -> Option<&str> {
        self.plan.content_type.as_deref()
    }

    /// The next bytes; none at the end. Times out if the server stalls; paces by `bytes-per-second`.
    ///
    /// # Errors
    /// A transient [`ApiError`] if the connection broke, or ended before the announced length.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ApiError> {
        if self.pending.is_none() {
            self.pending = self.read().await?;
        }
        let Some(length) = self.pending.as_ref().map(Bytes::len) else {
            return self.check_end().map(|()| None);
        };
        self.limiter.spend_bytes(length).await;
        Ok(self.pending.take())
    }

    async fn read(&mut self) -> Result<Option<Bytes>, ApiError> {
        let chunk = next_piece(&mut self.response, self.stall).await.map_err(transient)?;
        if let Some(bytes) = &chunk {
            self.at = self.at.saturating_add(bytes.len() as u64);
            if self.at > self.plan.total.unwrap_or(ITEM_BYTES_MAX) {
                return Err(transient(format!("more bytes came than announced: at {}", self.at)));
            }
        }
        Ok(chunk)
    }

    fn check_end(&self) -> Result<(), ApiError> {
        match self.plan.total {
            Some(total) if self.at < total => {
                Err(transient(format!("the bytes ended at {} of {total}", self.at)))
            }
            None if self.at == 0 => Err(transient("the answer was empty")),
            Some(_) | None => Ok(()),
        }
    }
}

/// The next bytes of `response` as they come, which must be within `stall`; none at its end.
pub(crate) async fn next_piece(response: &mut Response, stall: Duration) -> Result<Option<Bytes>, String> {
    match timeout(stall, response.chunk()).await {
        Ok(Ok(piece)) => Ok(piece),
        Ok(Err(error)) => Err(network_reason(error)),
        Err(_) => Err(format!("no bytes came for {} s", stall.as_secs())),
    }
}

/// Opens the bytes at `url`, from byte `from` on if the server obeys Range.
pub(crate) async fn open(link: &Link, url: &BaseUrl, part: Part, from: u64) -> Result<MediaStream, ApiError> {
    let mut ask = ask_for(url, part, from)?;
    let reply = match link.send(&ask, None).await {
        // What is on disk is not the start of what Google has now, so it is fetched from its start.
        Err(Failure::BadRange) if from > 0 => {
            ask.from = 0;
            link.send(&ask, None).await
        }
        other => other,
    };
    let response = reply.map_err(|failure| failure.into_error(WHAT, &link.library))?.response;
    let plan = plan_stream(response.status().as_u16(), response.headers(), ask.from).map_err(transient)?;
    Ok(MediaStream {
        at: plan.offset,
        response,
        plan,
        pending: None,
        limiter: link.limiter.clone(),
        stall: link.transport.limits().stall,
    })
}

fn ask_for(url: &BaseUrl, part: Part, from: u64) -> Result<Ask, ApiError> {
    let suffix = match part {
        Part::Still => "=d",
        Part::Video => "=dv",
    };
    // A parser's error could quote the address.
    let url = Url::parse(&format!("{}{suffix}", url.0.expose())).map_err(|_| ApiError::Fatal {
        what: WHAT,
        reason: "the address of the bytes is not a URL".to_owned(),
    })?;
    let (host, method) = (Host::Media, Method::GET);
    Ok(Ask { what: WHAT, host, method, url, body: None, page_token_sent: false, from, until: None })
}

/// What the head promises, if it fits the question, which was for the bytes from `from` on.
fn plan_stream(status: u16, headers: &HeaderMap, from: u64) -> Result<Plan, String> {
    let content_type = header(headers, &CONTENT_TYPE)
        .and_then(|kind| kind.split(';').next())
        .map(|kind| kind.trim().to_ascii_lowercase())
        .filter(|kind| !kind.is_empty());
    match content_type.as_deref() {
        Some("text/html" | "application/xhtml+xml") => return Err("the answer was HTML".to_owned()),
        Some("application/json") => return Err("the answer was JSON".to_owned()),
        Some(_) | None => {}
    }
    let encoding = header(headers, &CONTENT_ENCODING).unwrap_or("identity").trim();
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
        return Err("the answer was compressed, though nobody asked for that".to_owned());
    }
    let length = header(headers, &CONTENT_LENGTH).and_then(|text| text.trim().parse::<u64>().ok());
    let (offset, total) = match status {
        206 => range_of(headers, from, length)?,
        _ => (0, length),
    };
    if total == Some(0) {
        return Err("the answer was empty".to_owned());
    }
    if total.is_some_and(|total| total > ITEM_BYTES_MAX) {
        return Err(format!("the item is too long: more than {} GiB", ITEM_BYTES_MAX >> 30));
    }
    Ok(Plan { offset, total, content_type })
}

/// Offset and total of a partial answer (`bytes START-END/TOTAL`), which must begin at `from`.
fn range_of(headers: &HeaderMap, from: u64, length: Option<u64>) -> Result<(u64, Option<u64>), String> {
    let parsed = header(headers, &CONTENT_RANGE).and_then(parse_content_range);
    let Some((start, end, total)) = parsed else {
        return Err("the partial answer does not tell which part it is".to_owned());
    };
    if start != from {
        return Err(format!("the partial answer begins at {start} instead of {from}"));
    }
    if length.is_some_and(|length| length != end - start + 1) {
        return Err("the partial answer's range and length differ".to_owned());
    }
    // The question was for everything to the end, so without a total the end of the part is it.
    Ok((start, Some(total.unwrap_or(end + 1))))
}

/// Start, end (inclusive) and total of a `Content-Range`.
pub(crate) fn parse_content_range(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let (start, end): (u64, u64) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    let sound = start <= end && end < u64::MAX && total.is_none_or(|total| end < total);
    sound.then_some((start, end, total))
}

/// The text of a header.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn transient(reason: impl Into<String>) -> ApiError {
    ApiError::Transient { what: WHAT, reason: reason.into() }
}
