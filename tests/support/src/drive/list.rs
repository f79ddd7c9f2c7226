//! `files.list` and `changes.list`: pages of what is there, and of what has changed.

use serde_json::{Value, json};
use std::cmp::Reverse;

use crate::drive::call::Call;
use crate::drive::error::DriveError;
use crate::drive::query::Query;
use crate::drive::store::{DriveStore, Stored};
use crate::drive::wire;
use crate::rng;

/// Files or changes on a page if nothing is asked.
const PAGE_DEFAULT: usize = 100;
/// Most on a page.
const PAGE_MAX: usize = 1000;
/// What is told of a file if nothing is asked.
const FILES_DEFAULT: &str = "kind,incompleteSearch,nextPageToken,files(kind,id,name,mimeType)";
const CHANGES_DEFAULT: &str = "kind,nextPageToken,newStartPageToken,changes(kind,removed,fileId,time,changeType,\
                               file(kind,id,name,mimeType))";

fn page_size(call: &Call<'_>) -> Result<usize, DriveError> {
    let Some(text) = call.param("pageSize") else { return Ok(PAGE_DEFAULT) };
    let size = text.parse().ok().filter(|size| (1..=PAGE_MAX).contains(size));
    size.ok_or_else(|| {
        let words = format!("Invalid value '{text}'. Values must be within the range: [1, {PAGE_MAX}]");
        DriveError::of("invalidParameter").at("pageSize").say(words)
    })
}

/// Answers `files.list`.
pub(crate) fn files(call: &Call<'_>, drive: &DriveStore) -> Result<Value, DriveError> {
    let text = call.param("q").unwrap_or("");
    let query = Query::read(text).ok_or_else(|| DriveError::parameter("q"))?;
    if call.param("spaces").is_some_and(|spaces| spaces != "drive") {
        return Err(DriveError::parameter("spaces"));
    }
    let order_by = call.param("orderBy").unwrap_or("modifiedTime desc");
    let hash = rng::mix2(rng::mix2(drive.seed, rng::mix_text(text)), rng::mix_text(order_by));
    let from = match call.param("pageToken").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => read_token(token, hash).ok_or_else(|| DriveError::parameter("pageToken"))?,
    };
    let seen = drive.files.iter().filter(|file| file.seen && !call.is_blind);
    let mut found: Vec<&Stored> = seen.filter(|file| query.matches(file, &drive.root)).collect();
    order(&mut found, order_by)?;
    let size = page_size(call)?;
    let page: Vec<Value> = found.iter().skip(from).take(size).map(|file| wire::file(file)).collect();
    let mut out = json!({"kind": "drive#fileList", "incompleteSearch": false, "files": page});
    if found.len() > from + size {
        out["nextPageToken"] = write_token(from + size, hash).into();
    }
    call.masked(&out, FILES_DEFAULT)
}

fn order(files: &mut [&Stored], by: &str) -> Result<(), DriveError> {
    // The last key is sorted by first: sorting is stable.
    for key in by.split(',').rev() {
        let (name, down) = match key.trim().strip_suffix(" desc") {
            Some(name) => (name.trim(), true),
            None => (key.trim(), false),
        };
        let size = |file: &&Stored| file.body.as_ref().map_or(0, |body| body.sums.bytes);
        match name {
            "name" | "name_natural" => files.sort_by_key(|file| file.name.to_lowercase()),
            "createdTime" => files.sort_by_key(|file| file.created_ms),
            "modifiedTime" | "recency" => files.sort_by_key(|file| file.modified_ms),
            "folder" => files.sort_by_key(|file| Reverse(file.body.is_none())),
            "quotaBytesUsed" => files.sort_by_key(size),
            _ => return Err(DriveError::parameter("orderBy")),
        }
        if down {
            files.reverse();
        }
    }
    Ok(())
}

fn write_token(from: usize, hash: u64) -> String {
    let from = u64::try_from(from).unwrap_or(0);
    let check = rng::mix2(hash, from);
    format!("~!!~{}", rng::base64url(&[from.to_le_bytes(), check.to_le_bytes()].concat()))
}

fn read_token(token: &str, hash: u64) -> Option<usize> {
    let bytes = rng::from_base64url(token.strip_prefix("~!!~")?)?;
    let (from, check) = bytes.split_at_checked(8)?;
    let from = u64::from_le_bytes(from.try_into().ok()?);
    let check = u64::from_le_bytes(check.try_into().ok()?);
    (rng::mix2(hash, from) == check).then(|| usize::try_from(from).ok())?
}

/// Answers `changes.getStartPageToken`.
pub(crate) fn start_page_token(drive: &DriveStore) -> Value {
    let token = (drive.changes.len() + 1).to_string();
    json!({"kind": "drive#startPageToken", "startPageToken": token})
}

/// Answers `changes.list`: each file once, with its latest change. Tokens never expire.
pub(crate) fn changes(call: &Call<'_>, drive: &DriveStore) -> Result<Value, DriveError> {
    let invalid = || DriveError::parameter("pageToken");
    let token = call.param("pageToken").ok_or_else(|| {
        DriveError::of("required").code(400).at("pageToken").say("Required parameter: pageToken")
    })?;
    let end = drive.changes.len();
    let from: usize = token.parse().ok().filter(|from| (1..=end + 1).contains(from)).ok_or_else(invalid)?;
    let removed_too = call.param("includeRemoved") != Some("false");
    let mut page = Vec::new();
    let mut next = None;
    let size = page_size(call)?;
    for (number, change) in (1..).zip(&drive.changes).skip(from - 1) {
        let is_latest = drive.changes[number..].iter().all(|later| later.id != change.id);
        let file = drive.file(&change.id);
        if !is_latest || call.is_blind || (file.is_none() && !removed_too) {
            continue;
        }
        if page.len() == size {
            next = Some(number);
            break;
        }
        let mut entry = json!({
            "kind": "drive#change",
            "changeType": "file",
            "fileId": change.id,
            "removed": file.is_none(),
            "time": wire::time(change.at_ms),
        });
        if let Some(file) = file {
            entry["file"] = wire::file(file);
        }
        page.push(entry);
    }
    let mut out = json!({"kind": "drive#changeList", "changes": page});
    match next {
        Some(number) => out["nextPageToken"] = number.to_string().into(),
        None => out["newStartPageToken"] = (end + 1).to_string().into(),
    }
    call.masked(&out, CHANGES_DEFAULT)
}
