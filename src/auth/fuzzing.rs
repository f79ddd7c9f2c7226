//! The two files of credentials from any bytes.
//!
//! Invariant: see `crate::fuzzing`: no message and no `Debug` has a value of a file. May import: nothing. Tests:
//! `src/fuzzing/tests.rs`.

use serde_json::Value;
use std::path::Path;

use crate::auth::TokenFile;
use crate::auth::client_secret::parse;

/// What tells a secret from the words of a message, in any seed.
const MARKS: [&str; 3] = ["GOCSPX-", "ya29.", "1//0"];
/// Shorter texts are in messages by chance.
const SECRET_BYTES_MIN: usize = 12;

/// The text of a `client_secret.json`: it is refused, or leads to hosts that may have secrets.
pub(crate) fn client_secret(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse(Path::new("/nowhere/client_secret.json"), text) {
        Ok(client) => {
            assert!(!client.id.is_empty() && !client.secret.is_empty());
            for url in [&client.auth_uri, &client.token_uri, &client.revoke_uri()] {
                let host = url.host_str().unwrap_or_default();
                let is_here = host == "localhost" || host.starts_with("127.") || host == "[::1]";
                assert!(url.scheme() == "https" || is_here, "a secret would go to {url} in the clear");
            }
            assert_silent(&format!("{client:?}"), data);
        }
        Err(error) => assert_silent(&format!("{error} {error:?}"), data),
    }
}

/// A token file: it is refused, or read, and a rewrite loses nothing.
pub(crate) fn token_file(data: &[u8]) {
    match TokenFile::parse(data) {
        Ok(token) => {
            assert!(!token.refresh_token().is_empty());
            let _ = (token.access_token(), token.expires_at(), token.expires_in(), token.dies_at());
            let again = TokenFile::parse(&token.to_bytes());
            assert!(again.is_ok_and(|again| again == token), "a rewrite changed the file");
            assert_silent(&format!("{token:?}"), data);
        }
        Err(error) => assert_silent(&error, data),
    }
}

/// Panics if `message` has one of the secrets in the JSON of `data`.
fn assert_silent(message: &str, data: &[u8]) {
    if let Ok(value) = serde_json::from_slice(data) {
        each_text(&value, &mut |text| {
            let is_secret = text.len() >= SECRET_BYTES_MIN && MARKS.iter().any(|mark| text.starts_with(mark));
            assert!(!(is_secret && message.contains(text)), "{text:?} is in {message:?}");
        });
    }
}

/// Every text that is a value, not a key; JSON is nested 128 deep at most.
fn each_text(value: &Value, see: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(values) => values.iter().for_each(|value| each_text(value, see)),
        Value::Object(fields) => fields.values().for_each(|value| each_text(value, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
