//! Errors of the Drive API: `error.errors[].reason` tells them apart, and a spent rate is a 403.
//!
//! Reasons, statuses and words are those of the guide "Resolve errors" of the Drive API.

use http::StatusCode;
use serde_json::{Value, json};

use crate::reply::Reply;

/// Reason, status, domain, words.
const KNOWN: &[(&str, u16, &str, &str)] = &[
    ("badRequest", 400, "global", "Bad Request"),
    ("invalid", 400, "global", "Invalid Value"),
    ("invalidParameter", 400, "global", "Invalid value"),
    ("authError", 401, "global", "Invalid Credentials"),
    ("required", 401, "global", "Login Required"),
    ("dailyLimitExceeded", 403, "usageLimits", "Daily Limit Exceeded"),
    ("userRateLimitExceeded", 403, "usageLimits", "User Rate Limit Exceeded"),
    ("rateLimitExceeded", 403, "usageLimits", "Rate Limit Exceeded"),
    ("downloadQuotaExceeded", 403, "usageLimits", "The download quota for this file has been exceeded."),
    (
        "accessNotConfigured",
        403,
        "usageLimits",
        "Access Not Configured. Google Drive API has not been used in project 844831818923 before or it is \
         disabled.",
    ),
    (
        "cannotDownloadAbusiveFile",
        403,
        "global",
        "This file has been identified as malware or spam and cannot be downloaded.",
    ),
    ("cannotDownloadFile", 403, "global", "This file cannot be downloaded by the user."),
    (
        "insufficientPermissions",
        403,
        "global",
        "Insufficient Permission: Request had insufficient authentication scopes.",
    ),
    (
        "insufficientFilePermissions",
        403,
        "global",
        "The user does not have sufficient permissions for this file.",
    ),
    ("appNotAuthorizedToFile", 403, "global", "The user has not granted the app access to the file."),
    ("storageQuotaExceeded", 403, "global", "The user's Drive storage quota has been exceeded."),
    ("notFound", 404, "global", "File not found."),
    ("internalError", 500, "global", "Internal Error"),
    ("backendError", 503, "global", "Backend Error"),
];

/// One error.
#[derive(Clone, Debug)]
pub(crate) struct DriveError {
    code: u16,
    reason: String,
    domain: &'static str,
    message: String,
    /// Kind and name of what is wrong in the request.
    location: Option<(&'static str, String)>,
}

impl DriveError {
    /// The error of that reason; one that is not known is a 403.
    pub(crate) fn of(reason: &str) -> Self {
        let known = KNOWN.iter().find(|(name, ..)| *name == reason);
        let (_, code, domain, message) = known.copied().unwrap_or(("", 403, "global", "Forbidden"));
        let location =
            matches!(reason, "authError" | "required").then(|| ("header", "Authorization".to_owned()));
        Self { code, reason: reason.to_owned(), domain, message: message.to_owned(), location }
    }

    /// What is said with a bare status.
    pub(crate) fn of_status(code: u16) -> Self {
        let reason = match code {
            400 => "badRequest",
            401 => "authError",
            403 => "insufficientFilePermissions",
            404 => "notFound",
            429 => "rateLimitExceeded",
            500 => "internalError",
            _ => "backendError",
        };
        Self { code, ..Self::of(reason) }
    }

    /// A parameter that is wrong.
    pub(crate) fn parameter(name: &str) -> Self {
        Self::of("invalid").at(name)
    }

    /// A file that is not there, or not for this user.
    pub(crate) fn no_file(id: &str) -> Self {
        let error = Self::of("notFound").at("fileId");
        Self { message: format!("File not found: {id}."), ..error }
    }

    /// The same with other words.
    pub(crate) fn say(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// The same with this status.
    pub(crate) fn code(mut self, code: u16) -> Self {
        self.code = code;
        self
    }

    /// The same about this parameter.
    pub(crate) fn at(mut self, parameter: &str) -> Self {
        self.location = Some(("parameter", parameter.to_owned()));
        self
    }
}

impl From<DriveError> for Reply {
    fn from(error: DriveError) -> Self {
        let mut entry = json!({"domain": error.domain, "reason": error.reason, "message": error.message});
        if let Some((kind, location)) = error.location {
            entry["locationType"] = kind.into();
            entry["location"] = location.into();
        }
        let body = json!({"error": {"errors": [entry], "code": error.code, "message": error.message}});
        let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let reply = Self::json_with(status, body);
        match error.reason.as_str() {
            "authError" | "required" => {
                reply.header("www-authenticate", r#"Bearer realm="https://accounts.google.com/""#)
            }
            "insufficientPermissions" => reply.header(
                "www-authenticate",
                r#"Bearer realm="https://accounts.google.com/", error="insufficient_scope""#,
            ),
            _ => reply,
        }
    }
}

/// Whether a body says that too much was asked in a time.
pub(crate) fn is_throttle(body: &Value) -> bool {
    let reason = body["error"]["errors"][0]["reason"].as_str();
    matches!(reason, Some("userRateLimitExceeded" | "rateLimitExceeded" | "dailyLimitExceeded"))
}
