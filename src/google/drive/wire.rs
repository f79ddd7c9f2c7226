//! Drive's JSON as values.
//!
//! Invariant: as of `google::wire`: every field is optional, an entry that cannot be read never fails its page, a page that cannot
//! be read is never an empty one. May import: `media`. Tests: `drive/tests/wire.rs`.

use serde_json::Value;

use crate::google::drive::{DriveAbout, DriveFile, DriveId, DrivePage, PART_PREFIX};
use crate::google::wire::{list, next_token, number, parse_time, text};

/// The fields of a file that are asked for.
pub(crate) const FILE_FIELDS: &str = "id,name,mimeType,size,md5Checksum,sha256Checksum,headRevisionId,modifiedTime,parents,trashed,ownedByMe,capabilities(canDownload)";

/// How the types of what has no bytes begin: folders, shortcuts, and the documents of Google's editors.
const NO_BYTES: &str = "application/vnd.google-apps.";

/// What the changes of one page say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Whether one of them may concern a part of an export.
    pub(crate) has_part: bool,
    /// What to ask with next.
    pub(crate) follow: Follow,
}

/// What to ask with after a page of changes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Follow {
    /// There are more: now, with this.
    Page(String),
    /// That was all: another time, with this.
    Later(String),
}

/// A page of `files.list`, asked for with `sent`.
pub(crate) fn file_page(answer: &Value, sent: Option<&str>) -> Result<DrivePage, &'static str> {
    let entries = list(answer, "files")?;
    let next = next_token(answer, sent)?;
    let is_file = |entry: &&Value| !text(entry, "mimeType").is_some_and(|kind| kind.starts_with(NO_BYTES));
    let (mut files, mut malformed) = (Vec::new(), 0);
    for entry in entries.iter().filter(is_file) {
        match file(entry) {
            Some(file) => files.push(file),
            None => malformed += 1,
        }
    }
    Ok(DrivePage { files, next, malformed, is_incomplete: truth(answer, "incompleteSearch") == Some(true) })
}

/// The ids of a page of `files.list`, and the next page's token.
pub(crate) fn ids(
    answer: &Value,
    sent: Option<&str>,
) -> Result<(Vec<DriveId>, Option<String>), &'static str> {
    let entries = list(answer, "files")?;
    let ids = entries.iter().filter_map(|entry| text(entry, "id")).map(DriveId).collect();
    Ok((ids, next_token(answer, sent)?))
}

/// One file; none without an id, a name or a length.
pub(crate) fn file(entry: &Value) -> Option<DriveFile> {
    let parents = entry.get("parents").and_then(Value::as_array).into_iter().flatten();
    let may = entry.get("capabilities").and_then(|may| truth(may, "canDownload"));
    Some(DriveFile {
        id: DriveId(text(entry, "id")?),
        name: text(entry, "name")?,
        bytes: number(entry, "size")?,
        md5: hex(entry, "md5Checksum", 32),
        sha256: hex(entry, "sha256Checksum", 64),
        revision: text(entry, "headRevisionId"),
        modified: text(entry, "modifiedTime").and_then(|time| parse_time(&time)),
        parents: parents.filter_map(Value::as_str).map(|id| DriveId(id.to_owned())).collect(),
        is_trashed: truth(entry, "trashed").unwrap_or(false),
        // What is not told is not forbidden: the request for the bytes finds out.
        is_own: truth(entry, "ownedByMe").unwrap_or(true),
        can_download: may.unwrap_or(true),
    })
}

/// The answer of `about.get`.
pub(crate) fn about(answer: &Value) -> Result<DriveAbout, &'static str> {
    let quota = answer.get("storageQuota").filter(|quota| quota.is_object());
    let quota = quota.ok_or("the answer does not tell the room in Drive")?;
    Ok(DriveAbout {
        limit: number(quota, "limit"),
        usage: number(quota, "usage").ok_or("the answer does not tell what is used of Drive")?,
        in_trash: number(quota, "usageInDriveTrash").unwrap_or(0),
        account: answer.get("user").and_then(|user| text(user, "permissionId")),
    })
}

/// The answer of `changes.getStartPageToken`.
pub(crate) fn start_token(answer: &Value) -> Result<String, &'static str> {
    text(answer, "startPageToken").ok_or("the answer was not a token")
}

/// A page of `changes.list`, asked for with `sent`.
pub(crate) fn changes(answer: &Value, sent: &str) -> Result<Changes, &'static str> {
    let entries = list(answer, "changes")?;
    let follow = match next_token(answer, Some(sent))? {
        Some(next) => Follow::Page(next),
        None => Follow::Later(text(answer, "newStartPageToken").ok_or("the answer was not a page")?),
    };
    Ok(Changes { has_part: entries.iter().any(may_be_part), follow })
}

/// Whether a change concerns a part; one of a file without a name may.
fn may_be_part(change: &Value) -> bool {
    let Some(file) = change.get("file") else { return false };
    text(file, "name").is_none_or(|name| {
        name.get(..PART_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PART_PREFIX))
    })
}

/// A digest of `digits` hex digits, in lower case.
fn hex(entry: &Value, key: &str, digits: usize) -> Option<String> {
    let digest = text(entry, key)?.to_ascii_lowercase();
    (digest.len() == digits && digest.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some(digest)
}

fn truth(value: &Value, key: &str) -> Option<bool> {
    value.get(key)?.as_bool()
}
