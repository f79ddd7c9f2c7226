//! One request to the Drive API, from its token to its answer.

use http::StatusCode;
use serde_json::Value;

use crate::drive::error::DriveError;
use crate::drive::fields::Mask;
use crate::drive::store::DriveStore;
use crate::drive::{list, wire};
use crate::endpoint::Endpoint;
use crate::media_host::{Asked, disposition, read_range};
use crate::oauth::Access;
use crate::reply::Reply;
use crate::settings::{
    RangeMode, SCOPE_DRIVE, SCOPE_DRIVE_FILE, SCOPE_DRIVE_METADATA, SCOPE_DRIVE_READONLY, Settings,
};

const FILE_DEFAULT: &str = "kind,id,name,mimeType";

/// What a call is answered from.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) access: &'a Access,
    /// Query parameters, in order.
    pub(crate) query: &'a [(String, String)],
    /// The last part of the path.
    pub(crate) id: String,
    pub(crate) range: Option<&'a str>,
    pub(crate) if_range: Option<&'a str>,
    /// The token shows no file that this application did not make: nothing at all.
    pub(crate) is_blind: bool,
}

impl Call<'_> {
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// What was asked for of `value`.
    pub(crate) fn masked(&self, value: &Value, default: &str) -> Result<Value, DriveError> {
        let asked = self.param("fields").unwrap_or(default);
        let invalid = |field: &str| {
            let words = format!("Invalid field selection {field}");
            DriveError::of("invalidParameter").at("fields").say(words)
        };
        let mask = Mask::read(asked).ok_or_else(|| invalid(asked))?;
        mask.apply(value).map_err(|field| invalid(&field))
    }
}

/// Answers a call on `drive`.
pub(crate) fn answer(mut call: Call<'_>, drive: &DriveStore, settings: &Settings) -> Reply {
    let has = |scope: &str| call.access.has(scope);
    let reads = has(SCOPE_DRIVE_READONLY) || has(SCOPE_DRIVE);
    let lists = reads || has(SCOPE_DRIVE_METADATA);
    call.is_blind = !lists;
    if (!lists && !has(SCOPE_DRIVE_FILE)) || (call.endpoint == Endpoint::DriveDownload && !reads) {
        return DriveError::of("insufficientPermissions").into();
    }
    if call.endpoint == Endpoint::DriveDownload {
        return download(&call, drive, settings).unwrap_or_else(Reply::from);
    }
    let answer = if call.endpoint == Endpoint::DriveAbout {
        about(&call, drive)
    } else if call.endpoint == Endpoint::DriveFilesList {
        list::files(&call, drive)
    } else if call.endpoint == Endpoint::DriveFilesGet {
        get(&call, drive)
    } else if call.endpoint == Endpoint::DriveChanges {
        list::changes(&call, drive)
    } else if call.endpoint == Endpoint::DriveStartPageToken {
        call.masked(&list::start_page_token(drive), "*")
    } else if has(SCOPE_DRIVE) {
        Err(DriveError::of("insufficientFilePermissions"))
    } else {
        Err(DriveError::of("insufficientPermissions"))
    };
    answer.map_or_else(Reply::from, Reply::json)
}

fn about(call: &Call<'_>, drive: &DriveStore) -> Result<Value, DriveError> {
    if call.param("fields").is_none() {
        let error = DriveError::of("required").code(400).at("fields");
        return Err(error.say("The 'fields' parameter is required for this method."));
    }
    call.masked(&wire::about(drive, &call.access.account), "*")
}

fn get(call: &Call<'_>, drive: &DriveStore) -> Result<Value, DriveError> {
    let file = if call.id == "root" || call.id == drive.root {
        wire::root(drive)
    } else {
        let file = drive.file(&call.id).filter(|_| !call.is_blind);
        wire::file(file.ok_or_else(|| DriveError::no_file(&call.id))?)
    };
    call.masked(&file, FILE_DEFAULT)
}

fn download(call: &Call<'_>, drive: &DriveStore, settings: &Settings) -> Result<Reply, DriveError> {
    let file = drive.file(&call.id).ok_or_else(|| DriveError::no_file(&call.id))?;
    let Some(body) = &file.body else {
        let error = DriveError::of("fileNotDownloadable").at("alt");
        return Err(error.say("Only files with binary content can be downloaded."));
    };
    if file.abusive && call.param("acknowledgeAbuse") != Some("true") {
        return Err(DriveError::of("cannotDownloadAbusiveFile"));
    }
    let tag = format!("\"{}\"", body.revision);
    let (source, len) = (body.content.open(), body.sums.bytes);
    let unchanged = call.if_range.is_none_or(|wanted| wanted == tag);
    let honoured = settings.range == RangeMode::Honoured && unchanged;
    let reply = match if honoured { read_range(call.range, len) } else { Asked::All } {
        Asked::All => Reply::media(StatusCode::OK, source, 0, len),
        Asked::Part(from, to) => Reply::media(StatusCode::PARTIAL_CONTENT, source, from, to)
            .header("content-range", &format!("bytes {from}-{}/{len}", to - 1)),
        Asked::Nothing => {
            return Ok(Reply::html_error(416, "The requested range cannot be satisfied.")
                .header("content-range", &format!("bytes */{len}")));
        }
    };
    Ok(reply
        .header("accept-ranges", "bytes")
        .header("content-type", &file.mime)
        .header("content-disposition", &disposition(&file.name, true))
        .header("etag", &tag)
        .header("cache-control", "private, max-age=0, must-revalidate")
        .header("server", "UploadServer"))
}
