//! What the token endpoint's refusals mean, and what a person can do.
//!
//! Owns: the words for each OAuth error of Google's. Invariant: pure; a reason never repeats a value that may be a secret.
//! May import: `media`. Tests: beside it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

use crate::auth::wording::harmless;
use crate::media::LibraryName;

/// An OAuth error answer, with Google's additional `error_subtype`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    error: String,
    #[serde(default)]
    error_subtype: Option<String>,
    #[serde(default)]
    error_description: Option<String>,
}

impl oauth2::ErrorResponse for Refusal {}

/// What follows from a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Asking again with the same credentials is useless.
    NeedsLogin,
    /// Too many requests.
    Throttled,
    /// It may pass.
    Passing,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.code())?;
        match self.error_description.as_deref().and_then(harmless) {
            Some(text) => write!(f, " ({})", text.trim_end_matches('.')),
            None => Ok(()),
        }
    }
}

// === impl Refusal ===

impl Refusal {
    /// The error code, or `unknown` if it is no code at all.
    pub(crate) fn code(&self) -> &str {
        let is_code = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if self.error.chars().all(is_code) { harmless(&self.error).unwrap_or("unknown") } else { "unknown" }
    }

    /// What follows.
    pub(crate) fn verdict(&self) -> Verdict {
        match self.code() {
            "invalid_grant"
            | "invalid_client"
            | "deleted_client"
            | "disabled_client"
            | "restricted_client"
            | "unauthorized_client"
            | "org_internal"
            | "admin_policy_enforced"
            | "invalid_rapt"
            | "rapt_required"
            | "invalid_scope"
            | "invalid_request"
            | "unsupported_grant_type"
            | "access_denied"
            | "account_disabled" => Verdict::NeedsLogin,
            "rate_limit_exceeded" | "slow_down" => Verdict::Throttled,
            _ => Verdict::Passing,
        }
    }

    /// Whether a revocation is refused only because the token is dead already.
    pub(crate) fn is_already_revoked(&self) -> bool {
        matches!(self.code(), "invalid_token" | "invalid_grant")
    }

    /// Why `library` has no bearer, with the command to run; `client` is the client secret's file.
    pub(crate) fn reason(&self, library: &LibraryName, client: &Path) -> String {
        let login = format!("gphotos-syncd login {library}");
        let client = client.display();
        let subtype = self.error_subtype.as_deref().unwrap_or_default();
        let new_session = matches!(subtype, "invalid_rapt" | "rapt_required");
        match self.code() {
            "invalid_grant" | "invalid_rapt" | "rapt_required"
                if new_session || self.code() != "invalid_grant" =>
            {
                format!(
                    "Google asks for a new sign-in, because the account's organisation limits how long sessions last: `invalid_rapt`\nhint: {login}"
                )
            }
            "invalid_grant" => format!(
                "Google refuses the refresh token of library `{library}`: {self}; it was revoked, unused for 6 months, issued to another client secret, or came from a consent screen in \"Testing\", whose tokens live 7 days\nhint: {login}"
            ),
            "invalid_client" => format!(
                "Google does not accept the client secret `{client}`: {self}; the client or its secret is not, or no longer, known there\nhint: download the JSON of a \"Desktop app\" client at https://console.cloud.google.com/auth/clients, restart gphotos-syncd, then run {login}"
            ),
            "deleted_client" | "disabled_client" | "restricted_client" => format!(
                "the OAuth client of `{client}` was deleted or disabled at Google: {self}\nhint: restore it, or make a new \"Desktop app\" client, at https://console.cloud.google.com/auth/clients, restart gphotos-syncd, then run {login}"
            ),
            "unauthorized_client" => format!(
                "the token of library `{library}` was not issued to the OAuth client of `{client}`: {self}\nhint: use the client secret that it was issued to, or run {login}"
            ),
            "admin_policy_enforced" | "org_internal" => format!(
                "the administrator of the account's organisation does not let this app in: {self}\nhint: ask the administrator to trust the OAuth client of `{client}`, then run {login}"
            ),
            "invalid_scope" | "access_denied" => format!(
                "Google does not grant library `{library}` the rights asked for: {self}\nhint: {login}"
            ),
            _ => format!(
                "Google refuses to issue an access token for library `{library}`: {self}\nhint: {login}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::auth::refusal::{Refusal, Verdict};
    use crate::media::LibraryName;
    use std::path::Path;

    fn refusal(json: &str) -> Refusal {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn every_known_error_has_its_verdict_and_its_own_reason_with_the_command() {
        let table = [
            (
                r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
                "revoked",
            ),
            (
                r#"{"error":"invalid_grant","error_subtype":"invalid_rapt","error_description":"reauth related error (invalid_rapt)"}"#,
                "organisation limits",
            ),
            (r#"{"error":"invalid_rapt"}"#, "organisation limits"),
            (
                r#"{"error":"invalid_client","error_description":"The OAuth client was not found."}"#,
                "does not accept the client secret `/c.json`",
            ),
            (r#"{"error":"deleted_client"}"#, "deleted or disabled"),
            (r#"{"error":"unauthorized_client"}"#, "was not issued to the OAuth client"),
            (r#"{"error":"admin_policy_enforced"}"#, "administrator"),
            (r#"{"error":"invalid_scope"}"#, "rights asked for"),
            (
                r#"{"error":"invalid_request","error_description":"client_secret is missing."}"#,
                "client_secret is missing",
            ),
        ];
        let library = LibraryName::try_new("alice").unwrap();
        for (json, words) in table {
            let refusal = refusal(json);
            assert_eq!(refusal.verdict(), Verdict::NeedsLogin, "{json}");
            let reason = refusal.reason(&library, Path::new("/c.json"));
            assert!(reason.contains(words), "{reason}");
            assert!(reason.contains("gphotos-syncd login alice") && reason.contains("\nhint: "), "{reason}");
        }
    }

    #[test]
    fn an_unknown_error_is_taken_as_passing() {
        for code in
            ["internal_failure", "temporarily_unavailable", "server_error", "something_new", "", "<b>"]
        {
            assert_eq!(refusal(&format!("{{\"error\":\"{code}\"}}")).verdict(), Verdict::Passing, "{code}");
        }
        assert_eq!(refusal(r#"{"error":"rate_limit_exceeded"}"#).verdict(), Verdict::Throttled);
    }

    #[test]
    fn a_description_that_echoes_a_token_is_not_repeated() {
        let echo = refusal(
            r#"{"error":"invalid_grant","error_description":"bad 1//0gABCDEFGHIJKLMNOPQRSTUVWXYZ0123"}"#,
        );
        let reason = echo.reason(&LibraryName::try_new("a").unwrap(), Path::new("/c"));
        assert!(!reason.contains("ABCDEFG"), "{reason}");
        let odd = refusal(r#"{"error":"ya29.abcdefghijklmnopqrstuvwxyz0123456789"}"#);
        assert_eq!(odd.to_string(), "`unknown`");
    }
}
