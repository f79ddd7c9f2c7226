//! Google's answers from any bytes.
//!
//! Invariant: see `crate::fuzzing`. May import: `config`, `names`, `takeout`. Tests: `src/fuzzing/tests.rs`.

use chrono::{DateTime, Datelike, Utc};
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use serde_json::Value;

use crate::config::Layout;
use crate::google::classify::{Answer, Host, Verdict, classify, is_good};
use crate::google::rpc_status::RETRY_AFTER_MAX;
use crate::google::{BatchEntry, drive, wire};
use crate::media::{MediaId, MediaItem};
use crate::names::file_name_for;
use crate::names::fuzzing::{assert_below, assert_component};
use crate::secret::Secret;
use crate::takeout::part_name::PartName;

/// The longest text made of an answer that a person reads, characters: the message, and words around it.
const TEXT_CHARS_MAX: usize = 600;

/// The bearer of all requests here; servers quote what they were sent.
const BEARER: &str = "ya29.the-bearer-of-the-request";

/// Pages of items and of albums, and batches: every entry is counted, every asked id answered, every item can be named.
pub(crate) fn api_json(data: &[u8]) {
    let Ok(answer) = serde_json::from_slice::<Value>(data) else { return };
    for sent in [None, Some("next")] {
        if let Ok(page) = wire::item_page(&answer, sent) {
            assert_eq!(page.items.len() as u64 + page.malformed, entries(&answer, "mediaItems"));
            assert!(page.next.as_deref().is_none_or(|next| !next.is_empty() && sent != Some(next)));
            page.items.iter().for_each(check_item);
        }
        if let Ok(page) = wire::album_page(&answer, sent) {
            assert_eq!(page.albums.len() as u64 + page.malformed, entries(&answer, "albums"));
            assert!(page.next.as_deref().is_none_or(|next| !next.is_empty() && sent != Some(next)));
        }
    }
    if let Some(item) = wire::item(&answer) {
        check_item(&item);
    }
    check_batch(&answer);
}

fn entries(answer: &Value, key: &str) -> u64 {
    answer.get(key).and_then(Value::as_array).map_or(0, |entries| entries.len() as u64)
}

fn check_item(item: &MediaItem) {
    for portable in [false, true] {
        let name = file_name_for(item.filename.as_deref(), &item.id.0, item.mime.as_deref(), portable);
        assert_component(&name.numbered(1));
    }
    assert_below(&Layout::default().dir_for(item.created));
    assert!(item.created.is_none_or(|at| (1820..=2199).contains(&at.year())));
    if let Some(url) = &item.base_url {
        assert!(!format!("{url:?}").contains("://"), "an address of bytes is shown");
    }
}

fn check_batch(answer: &Value) {
    let ids: Vec<MediaId> = ["a", "b", "c"].map(|id| MediaId(id.to_owned())).into();
    let asked: Vec<&MediaId> = ids.iter().collect();
    let Ok(answers) = wire::batch(answer, &asked) else { return };
    let answered: Vec<&MediaId> = answers
        .iter()
        .map(|entry| match entry {
            BatchEntry::Found(item) => &item.id,
            BatchEntry::Refused { id, code, message } => {
                assert!(*code != 0 && message.chars().count() <= TEXT_CHARS_MAX);
                id
            }
        })
        .collect();
    assert_eq!(answered, asked);
}

/// Answers that are not good: one verdict each, whose text is short, plain and without secrets, and whose rest is bounded. The first line
/// of `data` is the head's `Retry-After`, the rest the body.
pub(crate) fn error_json(data: &[u8]) {
    let (line, body) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(0));
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(line) {
        headers.insert(RETRY_AFTER, value);
    }
    let bearer = Secret::new(BEARER);
    for host in [Host::Api, Host::Media, Host::Drive, Host::DriveBytes] {
        for status in [200, 206, 302, 400, 401, 403, 404, 408, 410, 416, 418, 429, 500, 503] {
            if is_good(host, status) {
                continue;
            }
            let now = DateTime::<Utc>::UNIX_EPOCH;
            let secret = Some(&bearer);
            let answer =
                Answer { host, status, headers: &headers, body, page_token_sent: false, now, secret };
            check_verdict(&classify(&answer));
        }
    }
}

fn check_verdict(told: &Verdict) {
    let verdict = format!("{told:?}");
    assert!(verdict.chars().count() <= 3 * TEXT_CHARS_MAX, "{verdict}");
    assert!(!verdict.contains(BEARER) && !verdict.contains("GOCSPX-"), "a secret is shown: {verdict}");
    assert!(!verdict.contains("\\u{1b}"), "the cursor is moved: {verdict}");
    let rest = match told {
        Verdict::Refused(throttle) => throttle.retry_after,
        Verdict::Passing { least, .. } => Some(*least),
        Verdict::FileRests(rest) => Some(*rest),
        Verdict::Stale
        | Verdict::ScopeMissing
        | Verdict::Expired
        | Verdict::NotFound
        | Verdict::BadPageToken
        | Verdict::BadRange
        | Verdict::FileRefused(_)
        | Verdict::Fatal(_) => None,
    };
    assert!(rest.is_none_or(|rest| rest <= RETRY_AFTER_MAX), "{rest:?}");
}

/// The answers of the Drive API.
pub(crate) fn drive_json(data: &[u8]) {
    let Ok(answer) = serde_json::from_slice::<Value>(data) else { return };
    drive::fuzzing::answers(&answer, |file| {
        if let Some(part) = PartName::parse(&file.name) {
            assert!(part.number > 0 && !part.export.contains('/'));
        }
    });
}
