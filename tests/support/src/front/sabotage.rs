//! Faults that replace an answer, or spoil a good one.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use std::io::Write as _;

use crate::content::Source;
use crate::drive::DriveError;
use crate::endpoint::Endpoint;
use crate::faults::{Drawn, Effect, edit_json};
use crate::front::visitor::Visitor;
use crate::reply::{ApiError, Payload, Reply};
use crate::settings::Class;

const SORRY: &str = "<!DOCTYPE html><html lang=en><title>Sorry...</title><p>We're sorry... but your computer \
                     or network may be sending automated queries.</html>\n";

/// The answer that `effect` gives in place of the true one.
pub(crate) fn instead(effect: &Effect, visitor: &Visitor) -> Option<Reply> {
    match effect {
        Effect::Status { status, retry_after } => {
            let reply = of_status(*status, visitor.endpoint);
            Some(match retry_after {
                Some(value) => reply.header("retry-after", value),
                None => reply,
            })
        }
        Effect::Answer { status, content_type, body } => {
            let code = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Some(Reply::html(code, body.clone()).header("content-type", content_type))
        }
        Effect::OAuthError { status, error, description } => {
            Some(Reply::oauth_error(*status, error, description))
        }
        Effect::Drive { reason } => Some(DriveError::of(reason).into()),
        Effect::HtmlOk => Some(Reply::html(StatusCode::OK, SORRY)),
        Effect::EmptyOk => Some(Reply::html(StatusCode::OK, "")),
        Effect::Redirect { location } => Some(Reply::redirect(location)),
        Effect::ExpirePageToken => Some(ApiError::of_status(400).into()),
        Effect::Reset
        | Effect::ResetAfter { .. }
        | Effect::Truncate { .. }
        | Effect::Stall { .. }
        | Effect::Hang
        | Effect::Delay { .. }
        | Effect::Drip { .. }
        | Effect::Shorten { .. }
        | Effect::Surplus { .. }
        | Effect::Lengthen { .. }
        | Effect::Endless
        | Effect::TruncatedJson
        | Effect::ContentType { .. }
        | Effect::GzipMedia
        | Effect::RepeatItem
        | Effect::EmptyPage
        | Effect::RepeatPage
        | Effect::MoveUp { .. }
        | Effect::BatchNull
        | Effect::BatchEmpty
        | Effect::BatchRefuse { .. }
        | Effect::Omit { .. } => None,
    }
}

fn of_status(status: u16, endpoint: Endpoint) -> Reply {
    if matches!(endpoint, Endpoint::Media | Endpoint::Auth | Endpoint::ConsentForm) {
        Reply::html_error(status, "The server encountered an error.")
    } else if endpoint.class() == Class::Drive {
        DriveError::of_status(status).into()
    } else if !endpoint.is_oauth() {
        ApiError::of_status(status).into()
    } else if status >= 500 {
        Reply::oauth_error(status, "internal_failure", "Backend Error")
    } else if status == 429 {
        Reply::oauth_error(429, "rate_limit_exceeded", "Rate Limit Exceeded")
    } else {
        Reply::oauth_error(status, "invalid_grant", "Bad Request")
    }
}

/// Spoils what was a good answer.
pub(crate) fn spoil(mut reply: Reply, drawn: &Drawn) -> Reply {
    if let Payload::Json(body) = &mut reply.payload {
        edit_json(body, drawn);
    }
    let is_media = reply.is_media();
    if drawn.effect == Effect::TruncatedJson {
        truncate_json(reply)
    } else if drawn.effect == Effect::GzipMedia && is_media {
        gzip_media(reply)
    } else if let Effect::ContentType { value } = &drawn.effect {
        reply.header("content-type", value)
    } else if let Effect::Shorten { by } = &drawn.effect {
        resize(reply, |len| len.saturating_sub(*by))
    } else if let Effect::Lengthen { by } = &drawn.effect {
        lengthen(reply, *by)
    } else {
        reply
    }
}

fn truncate_json(mut reply: Reply) -> Reply {
    if let Payload::Json(body) = &reply.payload {
        let text = body.to_string().into_bytes();
        let half = text.len() / 2;
        reply.payload = Payload::Bytes(Bytes::from(text).slice(..half));
    }
    reply
}

fn gzip_media(mut reply: Reply) -> Reply {
    let Payload::Media { source, from, to } = &reply.payload else { return reply };
    reply.payload = Payload::Bytes(gzip(&collect(source, *from, *to)));
    reply.header("content-encoding", "gzip")
}

/// Gzips `bytes`.
pub(crate) fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    if encoder.write_all(bytes).is_err() {
        return Bytes::new();
    }
    encoder.finish().unwrap_or_default().into()
}

fn collect(source: &Source, from: u64, to: u64) -> Vec<u8> {
    let (mut at, mut out) = (from, Vec::new());
    while at < to {
        let piece = source.piece(at, to);
        if piece.is_empty() {
            break;
        }
        at += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        out.extend_from_slice(&piece);
    }
    out
}

fn resize(mut reply: Reply, length: impl Fn(u64) -> u64) -> Reply {
    if let Payload::Media { from, to, .. } = &mut reply.payload {
        *to = *from + length(*to - *from);
    }
    reply
}

fn lengthen(mut reply: Reply, by: u64) -> Reply {
    if let Payload::Media { source, from, to } = &reply.payload {
        let mut bytes = collect(source, *from, *to);
        bytes.extend(collect(&Source::filler(by), 0, by));
        reply.payload = Payload::Bytes(bytes.into());
    }
    reply
}
