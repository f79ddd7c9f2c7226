//! `POST /token` and `POST /revoke`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::HashMap;

use crate::clock::Millis;
use crate::oauth::{OAuth, Refresh, info};
use crate::reply::Reply;
use crate::settings::OAuthSettings;

/// An error of RFC 6749: status, code, description.
type Refusal = (u16, &'static str, String);

fn refuse<T>(status: u16, error: &'static str, description: impl Into<String>) -> Result<T, Refusal> {
    Err((status, error, description.into()))
}

/// The form of a token request.
#[derive(Debug)]
pub(crate) struct TokenForm(HashMap<String, String>);

impl TokenForm {
    /// Reads the body, and the client from `authorization` if it is Basic.
    pub(crate) fn read(body: &[u8], authorization: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(body);
        let mut form: HashMap<String, String> =
            pairs.map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
        let basic = authorization
            .and_then(|value| value.strip_prefix("Basic "))
            .and_then(|text| STANDARD.decode(text.trim()).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some((id, secret)) = basic.as_deref().and_then(|pair| pair.split_once(':')) {
            let plain = |text: &str| {
                let pair = format!("x={text}");
                url::form_urlencoded::parse(pair.as_bytes()).map(|(_, v)| v.into_owned()).collect::<String>()
            };
            form.insert("client_id".to_owned(), plain(id));
            form.insert("client_secret".to_owned(), plain(secret));
        }
        Self(form)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn need(&self, key: &str) -> Result<&str, Refusal> {
        self.get(key).ok_or_else(|| (400, "invalid_request", format!("Missing required parameter: {key}")))
    }
}

impl OAuth {
    /// Whose token request this is, as far as the form tells.
    pub(crate) fn account_of(&self, form: &TokenForm) -> Option<String> {
        let by_code = form.get("code").and_then(|code| self.codes.get(code)).map(|code| &code.account);
        let by_refresh = || {
            form.get("refresh_token")
                .or(form.get("token"))
                .and_then(|token| self.refresh.get(token))
                .map(|r| &r.account)
        };
        by_code.or_else(by_refresh).cloned()
    }

    /// Answers a token request.
    pub(crate) fn token(&mut self, form: &TokenForm, now: Millis, settings: &OAuthSettings) -> Reply {
        let answer = check_client(form, settings).and_then(|()| match form.need("grant_type")? {
            "authorization_code" => self.exchange(form, now, settings),
            "refresh_token" => self.renew(form, now, settings),
            other => refuse(400, "unsupported_grant_type", format!("Invalid grant_type: {other}")),
        });
        match answer {
            Ok(body) => {
                Reply::json(body).header("cache-control", "no-cache, no-store, max-age=0, must-revalidate")
            }
            Err((status, error, description)) => Reply::oauth_error(status, error, &description),
        }
    }

    fn exchange(
        &mut self,
        form: &TokenForm,
        now: Millis,
        settings: &OAuthSettings,
    ) -> Result<Value, Refusal> {
        let text = form.need("code")?.to_owned();
        let Some(code) = self.codes.get(&text).cloned().filter(|code| code.expires_ms > now) else {
            return refuse(400, "invalid_grant", "Bad Request");
        };
        if form.need("redirect_uri")? != code.redirect_uri {
            return refuse(400, "redirect_uri_mismatch", "Bad Request");
        }
        if let Some(challenge) = &code.challenge {
            match form.get("code_verifier") {
                None => return refuse(400, "invalid_grant", "Missing code verifier."),
                Some(verifier) if !challenge.accepts(verifier) => {
                    return refuse(400, "invalid_grant", "Invalid code verifier.");
                }
                Some(_) => {}
            }
        }
        self.codes.remove(&text);
        let access = self.issue_access(&code.account, &code.scopes, now, settings);
        let mut body = token_body(&access, &code.scopes, settings);
        if code.offline {
            let life = settings.refresh_token_life;
            let expires = life.map(|life| now + crate::clock::millis(life));
            body["refresh_token"] = self.issue_refresh(&code.account, &code.scopes, expires).into();
            if let Some(life) = life {
                body["refresh_token_expires_in"] = life.as_secs().saturating_sub(1).into();
            }
        }
        if code.scopes.iter().any(|scope| scope == "openid") {
            body["id_token"] = info::id_token(&code.account, &settings.client_id, now).into();
        }
        Ok(body)
    }

    fn renew(&mut self, form: &TokenForm, now: Millis, settings: &OAuthSettings) -> Result<Value, Refusal> {
        let text = form.need("refresh_token")?.to_owned();
        let alive = |refresh: &Refresh| refresh.expires_ms.is_none_or(|at| at > now);
        let Some(refresh) = self.refresh.get(&text).cloned().filter(alive) else {
            return refuse(400, "invalid_grant", "Token has been expired or revoked.");
        };
        let mut scopes = refresh.scopes.clone();
        if let Some(narrow) = form.get("scope") {
            let narrow: Vec<String> = narrow.split_whitespace().map(str::to_owned).collect();
            if !narrow.iter().all(|scope| scopes.contains(scope)) {
                return refuse(400, "invalid_scope", "Some requested scopes were not granted.");
            }
            scopes = narrow;
        }
        let access = self.issue_access(&refresh.account, &scopes, now, settings);
        let mut body = token_body(&access, &scopes, settings);
        if let Some(at) = refresh.expires_ms {
            body["refresh_token_expires_in"] = ((at - now) / 1000).into();
        }
        if settings.rotate_refresh_tokens {
            self.refresh.remove(&text);
            let next = self.issue_refresh(&refresh.account, &refresh.scopes, refresh.expires_ms);
            body["refresh_token"] = next.into();
        }
        Ok(body)
    }

    /// Answers `POST /revoke`: the whole grant of the token's account ends.
    pub(crate) fn revoke(&mut self, token: Option<&str>) -> Reply {
        let known = token.and_then(|token| {
            let refresh = self.refresh.get(token).map(|refresh| refresh.account.clone());
            refresh.or_else(|| self.access.get(token).map(|access| access.account.clone()))
        });
        let Some(account) = known else {
            return Reply::oauth_error(400, "invalid_token", "Token expired or revoked");
        };
        self.revoke_account(&account);
        Reply::json(json!({}))
    }
}

fn token_body(access: &str, scopes: &[String], settings: &OAuthSettings) -> Value {
    json!({
        "access_token": access,
        "expires_in": settings.access_token_life.as_secs(),
        "scope": scopes.join(" "),
        "token_type": "Bearer",
    })
}

fn check_client(form: &TokenForm, settings: &OAuthSettings) -> Result<(), Refusal> {
    let Some(id) = form.get("client_id") else {
        return refuse(400, "invalid_request", "Could not determine client ID from request.");
    };
    if id != settings.client_id {
        return refuse(401, "invalid_client", "The OAuth client was not found.");
    }
    match form.get("client_secret") {
        None => refuse(400, "invalid_request", "client_secret is missing."),
        Some(secret) if secret == settings.client_secret => Ok(()),
        Some(_) => refuse(401, "invalid_client", "The provided client secret is invalid."),
    }
}
