//! The bytes of a file in Drive on their way.
//!
//! Owns: the ranges in which they are asked for, and what mends a stream that broke: the next range begins where the last byte
//! came. Invariant: bytes come in order without gaps, all from one revision as far as Drive tells; what ends without an error is
//! whole; nothing is held in memory but one piece. A range is large, because each costs 200 quota units however short it is.
//! May import: `limiter`. Tests: `drive/tests/bytes.rs`.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_RANGE, HeaderMap};
use tokio::sync::Mutex;

use crate::google::classify::Host;
use crate::google::client::Reply;
use crate::google::drive::DriveFile;
use crate::google::error::{ApiError, Failure};
use crate::google::media::{header, next_piece, parse_content_range};
use crate::google::photos::GoogleClient;
use crate::google::retry::with_retries;
use crate::limiter::Charge;

/// The operation, for errors.
pub(crate) const WHAT: &str = "bytes from Drive";

/// The longest range of one request, bytes: a part of 50 GB takes 200 requests, and a crash at most loses so much of the day's
/// bytes in the books.
pub const RANGE_BYTES: u64 = 256 << 20;

/// The bytes of a stretch of a file, from its first to its last, by as many requests as it takes.
pub struct DriveStream {
    client: GoogleClient,
    file: DriveFile,
    /// The place of the next byte that is given out.
    at: u64,
    end: u64,
    open: Option<OpenRange>,
    /// Read but not yet given out: paced bytes survive a dropped `chunk` future.
    pending: Option<Bytes>,
}

/// The answer to one request.
struct OpenRange {
    response: Response,
    /// What counts against the day's bytes.
    charge: Option<Charge>,
    /// The place of the next byte that comes.
    at: u64,
    end: u64,
}

/// What the head of a partial answer says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// It brings the bytes up to this one.
    Until(u64),
    /// It is part of a file of another length.
    OtherFile,
}

impl GoogleClient {
    /// The bytes of `file` in `range`; asks for nothing before the first [`DriveStream::chunk`]. What lies behind the file's end
    /// is not in it.
    pub fn read_drive(&self, file: &DriveFile, range: Range<u64>) -> DriveStream {
        let end = range.end.min(file.bytes);
        let (client, file) = (self.clone(), file.clone());
        DriveStream { client, file, at: range.start.min(end), end, open: None, pending: None }
    }

    /// One try to open `range` of `file`.
    async fn open_range(&self, file: &DriveFile, range: Range<u64>) -> Result<OpenRange, Failure> {
        let mut ask = self.drive_ask(WHAT, &["files", &file.id.0])?;
        ask.url.query_pairs_mut().append_pair("alt", "media");
        (ask.host, ask.from, ask.until) = (Host::DriveBytes, range.start, Some(range.end));
        let reply = match self.send(&ask).await {
            Err(Failure::BadRange) => {
                return Err(self.explain_doubt(file, "Drive does not serve the asked range").await);
            }
            reply => reply?,
        };
        match read_head(reply.response.headers(), &range, file.bytes).map_err(Failure::passing)? {
            Head::Until(end) => {
                let Reply { response, charge, .. } = reply;
                Ok(OpenRange { response, charge, at: range.start, end })
            }
            Head::OtherFile => {
                drop(reply);
                Err(self.explain_doubt(file, "Drive tells another length than it listed").await)
            }
        }
    }
}

impl DriveStream {
    /// The place in the file of the next byte that is given out.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The next bytes; none at the end. Paced by `bytes-per-second`. A stream that breaks is opened again where it broke, with
    /// growing rests while no byte comes. Dropping the future loses nothing.
    ///
    /// # Errors
    /// See [`ApiError`]: [`ApiError::Changed`] if the file was replaced, [`ApiError::FileRests`] and [`ApiError::FileRefused`]
    /// if Drive does not give it, [`ApiError::Parked`] if the day's bytes are spent. A later call tries again.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ApiError> {
        if self.pending.is_none() {
            if self.at == self.end {
                return Ok(None);
            }
            self.pending = Some(self.read().await?);
        }
        let length = self.pending.as_ref().map_or(0, Bytes::len);
        self.client.link.limiter.spend_bytes(length).await;
        self.at += length as u64;
        Ok(self.pending.take())
    }

    async fn read(&mut self) -> Result<Bytes, ApiError> {
        let Self { client, file, at, end, open, .. } = self;
        let (at, until) = (*at, (*end).min(*at + RANGE_BYTES));
        let transport = &client.link.transport;
        let limits = transport.limits();
        let open = Mutex::new(open);
        with_retries(WHAT, &client.link.library, transport.budget(), limits.rest, || async {
            let mut open = open.lock().await;
            let mut range = match open.take() {
                Some(range) => range,
                None => client.open_range(file, at..until).await?,
            };
            let piece = range.next(limits.stall).await?;
            if range.at < range.end {
                **open = Some(range);
            }
            Ok(piece)
        })
        .await
    }
}

impl fmt::Debug for DriveStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, at, end) = (&self.file.name, self.at, self.end);
        f.debug_struct("DriveStream")
            .field("name", name)
            .field("at", &at)
            .field("end", &end)
            .finish_non_exhaustive()
    }
}

impl OpenRange {
    async fn next(&mut self, stall: std::time::Duration) -> Result<Bytes, Failure> {
        let piece = next_piece(&mut self.response, stall).await.map_err(Failure::passing)?;
        let Some(piece) = piece.filter(|piece| !piece.is_empty()) else {
            return Err(Failure::passing(format!("the bytes ended at {} of {}", self.at, self.end)));
        };
        self.at = self.at.saturating_add(piece.len() as u64);
        self.charge.iter_mut().for_each(|charge| charge.came(piece.len()));
        if self.at > self.end {
            return Err(Failure::passing(format!("more bytes came than announced: at {}", self.at)));
        }
        Ok(piece)
    }
}

/// What the head of an answer to the question for `range` says of a file of `total` bytes.
pub(crate) fn read_head(headers: &HeaderMap, range: &Range<u64>, total: u64) -> Result<Head, String> {
    let encoding = header(headers, &CONTENT_ENCODING).unwrap_or("identity").trim();
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
        return Err("the answer was compressed, though nobody asked for that".to_owned());
    }
    let Some((start, last, told)) = header(headers, &CONTENT_RANGE).and_then(parse_content_range) else {
        return Err("the partial answer does not tell which part it is".to_owned());
    };
    if told.is_some_and(|told| told != total) {
        return Ok(Head::OtherFile);
    }
    if start != range.start || last >= range.end {
        return Err(format!("bytes {start} to {last} came instead of those from {} on", range.start));
    }
    Ok(Head::Until(last + 1))
}
