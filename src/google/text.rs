//! Foreign words made fit for an error: short, one line, without secrets.
//!
//! Invariant: pure; what comes out has no control character, no address but the host that could not be reached, and no credential.
//! May import: `auth`, `secret`. Tests: here.

use url::Url;

use crate::auth::hint_of_distrust;
use crate::google::transport::may_pass_proxy;
use crate::secret::Secret;

/// The longest foreign message in an error, characters: enough for Google's own, harmless in a status line.
const MESSAGE_CHARS_MAX: usize = 300;

/// How Google's credentials begin: access token, refresh token, authorization code, client secret.
const CREDENTIAL_MARKS: [&str; 4] = ["ya29.", "1//", "4/0", "GOCSPX-"];

/// What a person looks at if a proxy is set and there is no connection.
const HINT_PROXY: &str =
    "\nhint: `HTTPS_PROXY` names a proxy; see that it is up, or name this host in `NO_PROXY`";

/// `text` on one line of at most [`MESSAGE_CHARS_MAX`] characters, with addresses, credentials and `secret` masked.
pub(crate) fn clean(text: &str, secret: Option<&Secret>) -> String {
    let masked = match secret {
        Some(secret) if !secret.is_empty() => text.replace(secret.expose(), "****"),
        Some(_) | None => text.to_owned(),
    };
    let words = masked.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.map(mask_word).collect::<Vec<_>>().join(" ");
    cut(line)
}

fn mask_word(word: &str) -> String {
    if let Some(at) = word.find("://") {
        let scheme = word[..at].bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
        // What stands before the first address has none: this ends.
        return format!("{}<url>", mask_word(&word[..at - scheme]));
    }
    if word.to_ascii_lowercase().contains("googleusercontent.com") {
        return "<url>".to_owned();
    }
    if CREDENTIAL_MARKS.iter().any(|mark| word.contains(mark)) { "****".to_owned() } else { word.to_owned() }
}

fn cut(line: String) -> String {
    if line.chars().count() <= MESSAGE_CHARS_MAX {
        return line;
    }
    let mut short: String = line.chars().take(MESSAGE_CHARS_MAX - 1).collect();
    short.push('…');
    short
}

/// Why the network failed, from the end of the error's chain, where the operating system or TLS speaks.
pub(crate) fn network_reason(error: reqwest::Error) -> String {
    let host = error.url().map(host_of).unwrap_or_default();
    let by_proxy = error.is_connect() && error.url().is_some_and(may_pass_proxy);
    let error = error.without_url();
    let kind = if error.is_timeout() {
        "timed out".to_owned()
    } else if error.is_connect() {
        format!("cannot connect{host}")
    } else if error.is_body() || error.is_decode() {
        "the connection broke in the middle of the answer".to_owned()
    } else {
        "the connection broke".to_owned()
    };
    let mut last: &dyn std::error::Error = &error;
    while let Some(source) = last.source() {
        last = source;
    }
    let mut hint = hint_of_distrust(&error);
    if hint.is_empty() && by_proxy {
        hint = HINT_PROXY;
    }
    format!("{kind}: {}{hint}", clean(&last.to_string(), None))
}

/// ` to HOST:PORT`; of a media host only that it is one.
fn host_of(url: &Url) -> String {
    let Some(host) = url.host_str() else { return String::new() };
    if host.to_ascii_lowercase().ends_with("googleusercontent.com") {
        return " to the media host".to_owned();
    }
    url.port().map_or_else(|| format!(" to {host}"), |port| format!(" to {host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_credentials_and_control_characters_are_masked() {
        let bearer = Secret::new("opaque-bearer");
        for (text, want) in [
            ("plain words", "plain words"),
            ("two\r\nlines\u{1b}[31m", "two lines [31m"),
            ("see (https://lh3.googleusercontent.com/lr/AA=d) now", "see (<url> now"),
            ("HTTPS://x/y", "<url>"),
            ("token=ya29.a0Af,https://x/y", "****<url>"),
            ("GOCSPX-abc://x", "****<url>"),
            ("lh3.GoogleUserContent.com/lr/AA", "<url>"),
            ("got ya29.a0Af", "got ****"),
            ("refresh 1//0abc", "refresh ****"),
            ("Bearer opaque-bearer!", "Bearer ****!"),
            ("", ""),
        ] {
            assert_eq!(clean(text, Some(&bearer)), want, "{text}");
        }
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let cut = clean(&"ä".repeat(1000), None);
        assert_eq!(cut.chars().count(), MESSAGE_CHARS_MAX);
        assert!(cut.ends_with('…'));
    }

    proptest! {
        #[test]
        fn nothing_that_comes_out_is_long_or_has_an_address(text in "\\PC{0,400}|.{0,80}https?://.{0,80}") {
            let out = clean(&text, None);
            prop_assert!(out.chars().count() <= MESSAGE_CHARS_MAX);
            prop_assert!(!out.contains("://"));
            prop_assert!(!out.chars().any(char::is_control));
        }
    }
}
