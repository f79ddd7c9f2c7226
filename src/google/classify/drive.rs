//! What Drive's refusals mean: it says 403 to nearly everything, and the reason beside it decides.
//!
//! Owns: the table of reasons, from Google's page `drive/api/guides/handle-errors` and what clients met. Invariant: pure; the
//! reasons of one file come before those of a quota, because some of them speak of a quota too. May import: nothing.
//! Tests: `classify/tests/drive.rs`.

use std::time::Duration;

use crate::google::classify::{Answer, Host, Verdict, reason, rest_wish};
use crate::google::rpc_status::RpcStatus;

/// How long a file rests that was given too often. Google counts that over a day and does not say when it ends.
const FILE_REST: Duration = Duration::from_secs(6 * 3600);

/// What a person does when the API is switched off in the project.
const HINT_ENABLE: &str = "hint: enable the `Google Drive API` for the project at https://console.cloud.google.com/apis/library/drive.googleapis.com";

/// What a person does when the organisation forbids it.
const HINT_DOMAIN: &str =
    "hint: the administrator of the account's organisation must allow Drive apps, or this OAuth client";

/// What a person does when Drive says that it is full; no request of this program needs room there.
const HINT_FULL: &str = "hint: free some room in the account's Drive, or buy some";

/// The reasons for which one file is not given, and what its owner can do.
const FILE_REFUSALS: [(&str, &str); 4] = [
    (
        "cannotDownloadAbusiveFile",
        "hint: Google takes this file for malware or spam; if it is yours, fetch it by hand at https://drive.google.com and run `gphotos-syncd import`",
    ),
    (
        "insufficientFilePermissions",
        "hint: this account may see the file but not read it; its owner must share it, or log in with the owner's account",
    ),
    (
        "cannotDownloadFile",
        "hint: the file's owner has switched off downloading for those it is shared with; log in with the owner's account",
    ),
    ("fileNotDownloadable", "hint: this is a document of Google's editors and no archive"),
];

/// The verdict that is Drive's own; none: what holds for every API holds here.
pub(crate) fn verdict(answer: &Answer<'_>, rpc: &RpcStatus) -> Option<Verdict> {
    match (answer.host, answer.status) {
        (_, 403) => forbidden(answer, rpc),
        (Host::DriveBytes, 412 | 416) => Some(Verdict::BadRange),
        (Host::DriveBytes, 200..=299) => Some(Verdict::Passing {
            reason: format!("status {} came instead of the asked range", answer.status),
            least: Duration::ZERO,
        }),
        _ => None,
    }
}

fn forbidden(answer: &Answer<'_>, rpc: &RpcStatus) -> Option<Verdict> {
    let hinted = |hint: &str| format!("{}\n{hint}", reason(answer, rpc));
    if rpc.has_reason(&["downloadQuotaExceeded"]) {
        return Some(Verdict::FileRests(rest_wish(answer, rpc).max(FILE_REST)));
    }
    if let Some((_, hint)) = FILE_REFUSALS.iter().find(|(name, _)| rpc.has_reason(&[name])) {
        return Some(Verdict::FileRefused(hinted(hint)));
    }
    if rpc.has_reason(&["storageQuotaExceeded"]) {
        return Some(Verdict::Fatal(hinted(HINT_FULL)));
    }
    if rpc.has_reason(&["domainPolicy"]) {
        return Some(Verdict::Fatal(hinted(HINT_DOMAIN)));
    }
    if rpc.is_quota() {
        return None;
    }
    if rpc.is_disabled() {
        return Some(Verdict::Fatal(hinted(HINT_ENABLE)));
    }
    // This app was given single files only, which is what the scope `drive.file` means.
    rpc.has_reason(&["appNotAuthorizedToFile"]).then_some(Verdict::ScopeMissing)
}
