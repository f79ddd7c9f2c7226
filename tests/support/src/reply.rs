//! Answers before they go on the wire, in the shapes that Google uses.
//!
//! Owns: [`Reply`], Google's JSON errors, the HTML errors of media hosts and of sign-in.
//! Invariant: no socket, no state. May import: `content`. Tests: here and in `tests/`.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::content::Source;

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
}

/// What an answer carries.
#[derive(Debug)]
pub(crate) enum Payload {
    /// JSON, still open to faults.
    Json(Value),
    /// Text or HTML.
    Bytes(Bytes),
    /// Media from `from` up to `to`.
    Media { source: Source, from: u64, to: u64 },
}

impl Reply {
    fn new(status: StatusCode, content_type: &'static str, payload: Payload) -> Self {
        let mut headers = HeaderMap::with_capacity(12);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, payload }
    }

    /// JSON with 200.
    pub(crate) fn json(value: Value) -> Self {
        Self::json_with(StatusCode::OK, value)
    }

    pub(crate) fn json_with(status: StatusCode, value: Value) -> Self {
        Self::new(status, "application/json; charset=UTF-8", Payload::Json(value))
            .header("cache-control", "private")
            .header("server", "ESF")
            .header("vary", "Origin, X-Origin, Referer")
            .header("x-content-type-options", "nosniff")
    }

    pub(crate) fn html(status: StatusCode, page: impl Into<Bytes>) -> Self {
        Self::new(status, "text/html; charset=UTF-8", Payload::Bytes(page.into()))
            .header("referrer-policy", "no-referrer")
    }

    pub(crate) fn media(status: StatusCode, source: Source, from: u64, to: u64) -> Self {
        let payload = Payload::Media { source, from, to };
        Self { status, headers: HeaderMap::with_capacity(12), payload }
    }

    pub(crate) fn redirect(location: &str) -> Self {
        Self::html(StatusCode::FOUND, "<html><body>Moved</body></html>").header("location", location)
    }

    /// Sets a header; a value that no header can carry is left out.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// An error of a Google API.
    pub(crate) fn api_error(error: ApiError) -> Self {
        let mut body = json!({"code": error.code, "message": error.message, "status": error.status});
        if let Value::Array(details) = &error.details
            && !details.is_empty()
        {
            body["details"] = error.details;
        }
        let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let reply = Self::json_with(status, json!({ "error": body }));
        if error.code == 401 {
            return reply.header("www-authenticate", r#"Bearer realm="https://accounts.google.com/""#);
        }
        reply
    }

    /// An error of the token endpoint.
    pub(crate) fn oauth_error(status: u16, error: &str, description: &str) -> Self {
        let mut body = json!({ "error": error });
        if !description.is_empty() {
            body["error_description"] = description.into();
        }
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Self::json_with(status, body)
            .header("cache-control", "no-cache, no-store, max-age=0, must-revalidate")
    }

    /// The page that Google's front ends show for an error.
    pub(crate) fn html_error(status: u16, say: &str) -> Self {
        let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let name = code.canonical_reason().unwrap_or("Error");
        let page = format!(
            "<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n<meta name=viewport \
             content=\"initial-scale=1, minimum-scale=1, width=device-width\">\n\
             <title>Error {status} ({name})!!1</title>\n<p><b>{status}.</b> \
             <ins>That’s an error.</ins>\n<p>{say} <ins>That’s all we know.</ins>\n"
        );
        Self::html(code, page)
    }

    /// How many bytes it carries; none for JSON, which has yet to be written.
    pub(crate) fn is_media(&self) -> bool {
        matches!(self.payload, Payload::Media { .. })
    }
}

/// The parts of a Google API's error.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) code: u16,
    pub(crate) status: &'static str,
    pub(crate) message: String,
    pub(crate) details: Value,
}

impl ApiError {
    pub(crate) fn new(code: u16, status: &'static str, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into(), details: Value::Null }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_ARGUMENT", message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "Requested entity was not found.")
    }

    pub(crate) fn scope() -> Self {
        Self::new(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.")
    }

    pub(crate) fn denied() -> Self {
        Self::new(403, "PERMISSION_DENIED", "The caller does not have permission")
    }

    pub(crate) fn no_credentials() -> Self {
        Self::new(
            401,
            "UNAUTHENTICATED",
            "Request is missing required authentication credential. Expected OAuth 2 access token, login \
             cookie or other valid authentication credential. See \
             https://developers.google.com/identity/sign-in/web/devconsole-project.",
        )
    }

    pub(crate) fn bad_credentials() -> Self {
        Self::new(
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or \
             other valid authentication credential. See \
             https://developers.google.com/identity/sign-in/web/devconsole-project.",
        )
    }

    /// What Google says with a bare status, as front ends do when a service ails.
    pub(crate) fn of_status(code: u16) -> Self {
        match code {
            400 => Self::invalid("Request contains an invalid argument."),
            401 => Self::bad_credentials(),
            403 => Self::denied(),
            404 => Self::not_found(),
            429 => Self::new(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
            500 => Self::new(500, "INTERNAL", "Internal error encountered."),
            503 => Self::new(503, "UNAVAILABLE", "The service is currently unavailable."),
            504 => Self::new(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
            _ => Self::new(code, "UNKNOWN", "Unknown error."),
        }
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        Self::api_error(error)
    }
}
