//! Files as JSON, with every field that is kept; the mask takes away what was not asked for.

use serde_json::{Value, json};

use crate::clock::{Millis, at};
use crate::drive::store::{DriveStore, Stored};

/// RFC 3339 with milliseconds, as Drive tells times.
pub(crate) fn time(ms: Millis) -> String {
    at(ms).to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// All that is told of a file. Numbers of 64 bits are strings.
pub(crate) fn file(file: &Stored) -> Value {
    let mut out = json!({
        "kind": "drive#file",
        "id": file.id,
        "name": file.name,
        "mimeType": file.mime,
        "starred": false,
        "trashed": file.trashed,
        "explicitlyTrashed": file.trashed,
        "spaces": ["drive"],
        "version": file.version.to_string(),
        "createdTime": time(file.created_ms),
        "modifiedTime": time(file.modified_ms),
        "ownedByMe": file.mine,
        "shared": !file.mine,
        "capabilities": {
            "canDownload": true,
            "canEdit": file.mine,
            "canTrash": file.mine,
            "canDelete": file.mine,
        },
        "quotaBytesUsed": "0",
    });
    if file.mine {
        out["parents"] = json!([file.parent]);
    }
    if let Some(body) = &file.body {
        let bytes = body.sums.bytes.to_string();
        out["size"] = bytes.clone().into();
        out["quotaBytesUsed"] = if file.mine { bytes } else { "0".to_owned() }.into();
        out["md5Checksum"] = body.sums.md5.clone().into();
        if body.has_sha256 {
            out["sha256Checksum"] = body.sums.sha256.clone().into();
        }
        out["headRevisionId"] = body.revision.clone().into();
        out["originalFilename"] = file.name.clone().into();
        let extension = file.name.rsplit_once('.').map_or("", |(_, extension)| extension);
        out["fileExtension"] = extension.into();
        out["fullFileExtension"] = extension.into();
    }
    out
}

/// The folder that is My Drive.
pub(crate) fn root(drive: &DriveStore) -> Value {
    json!({
        "kind": "drive#file",
        "id": drive.root,
        "name": "My Drive",
        "mimeType": crate::drive::store::FOLDER_MIME,
        "trashed": false,
        "ownedByMe": true,
    })
}

/// Answers `about`.
pub(crate) fn about(drive: &DriveStore, account: &str) -> Value {
    let (used, in_bin) = drive.used_bytes();
    let mut storage = json!({
        "usage": (used + drive.other_bytes).to_string(),
        "usageInDrive": used.to_string(),
        "usageInDriveTrash": in_bin.to_string(),
    });
    if let Some(limit) = drive.storage_bytes {
        storage["limit"] = limit.to_string().into();
    }
    let email = if account.contains('@') { account.to_owned() } else { format!("{account}@example.com") };
    let number = crate::rng::mix_text(account).to_string();
    json!({
        "kind": "drive#about",
        "user": {
            "kind": "drive#user", "displayName": account, "emailAddress": email, "me": true, "permissionId": number,
        },
        "storageQuota": storage,
    })
}
