//! The person before the consent page: what they choose, and the page itself.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

use crate::clock::{Millis, millis};
use crate::oauth::{AuthRequest, Code, OAuth};
use crate::reply::Reply;
use crate::settings::OAuthSettings;

/// What the person at the consent page does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The account chosen.
    pub account: String,
    /// The scopes left ticked; none: all that are asked for.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// "Cancel" instead of "Continue".
    #[serde(default)]
    pub deny: bool,
}

impl Consent {
    /// Allows everything asked for.
    pub fn allow(account: &str) -> Self {
        Self { account: account.to_owned(), scopes: None, deny: false }
    }

    /// Leaves only `scopes` ticked.
    pub fn allow_only(account: &str, scopes: &[&str]) -> Self {
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        Self { account: account.to_owned(), scopes: Some(scopes), deny: false }
    }

    /// Presses "Cancel".
    pub fn deny() -> Self {
        Self { account: String::new(), scopes: None, deny: true }
    }
}

impl OAuth {
    /// Carries out the person's choice; gives the address that the browser is sent to.
    pub(crate) fn decide(
        &mut self,
        request: &AuthRequest,
        consent: &Consent,
        now: Millis,
        settings: &OAuthSettings,
    ) -> String {
        let ticked = |scope: &&String| consent.scopes.as_ref().is_none_or(|only| only.contains(scope));
        let mut scopes: Vec<String> = request.scopes.iter().filter(ticked).cloned().collect();
        if consent.deny || scopes.is_empty() {
            return request.location(&[("error", "access_denied")]);
        }
        let granted = self.granted.entry(consent.account.clone()).or_default();
        let first = !scopes.iter().all(|scope| granted.contains(scope));
        if request.include_granted {
            let more: Vec<String> = granted.iter().filter(|s| !scopes.contains(s)).cloned().collect();
            scopes.extend(more);
        }
        granted.extend(scopes.iter().cloned());
        let code = Code {
            account: consent.account.clone(),
            scopes: scopes.clone(),
            redirect_uri: request.redirect_uri.clone(),
            challenge: request.challenge.clone(),
            expires_ms: now + millis(settings.code_life),
            offline: request.offline && (first || request.prompt_consent),
        };
        let text = self.fresh("4/0A", 60);
        self.codes.insert(text.clone(), code);
        request.location(&[
            ("iss", "https://accounts.google.com"),
            ("code", &text),
            ("scope", &scopes.join(" ")),
        ])
    }
}

/// The page: an account to choose, boxes to untick, two buttons.
pub(crate) fn page(query: &str, request: &AuthRequest, accounts: &[String]) -> Reply {
    let mut form = String::new();
    for (index, name) in accounts.iter().enumerate() {
        let hinted = request
            .login_hint
            .as_deref()
            .map_or(index == 0, |hint| hint == name || hint.split('@').next() == Some(name.as_str()));
        let (name, checked) = (escape(name), if hinted { " checked" } else { "" });
        let _ = writeln!(
            form,
            r#"<label><input type="radio" name="account" value="{name}"{checked}> {name}@example.com</label><br>"#
        );
    }
    for scope in &request.scopes {
        let scope = escape(scope);
        let _ = writeln!(
            form,
            r#"<label><input type="checkbox" name="scope" value="{scope}" checked> {scope}</label><br>"#
        );
    }
    let query = escape(query);
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en><meta charset=utf-8><title>Sign in - Google Accounts</title>\n\
         <h1>gphotos wants access to your Google Account</h1>\n\
         <form method=\"post\" action=\"/o/oauth2/consent\">\n\
         <input type=\"hidden\" name=\"request\" value=\"{query}\">\n{form}\
         <button name=\"choice\" value=\"allow\">Continue</button>\n\
         <button name=\"choice\" value=\"deny\">Cancel</button>\n</form></html>\n"
    );
    Reply::html(StatusCode::OK, page)
}

/// Reads the page's form: the request's query and the choice.
pub(crate) fn read_form(body: &[u8]) -> (String, Consent) {
    let mut request = String::new();
    let mut scopes = Vec::new();
    let mut consent = Consent::allow("");
    for (key, value) in url::form_urlencoded::parse(body) {
        match key.as_ref() {
            "request" => request = value.into_owned(),
            "account" => consent.account = value.into_owned(),
            "scope" => scopes.push(value.into_owned()),
            "choice" => consent.deny = value == "deny",
            _ => {}
        }
    }
    consent.scopes = Some(scopes);
    (request, consent)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
