//! Sign-in and tokens, as accounts.google.com and oauth2.googleapis.com answer.
//!
//! Owns: the grants, codes and tokens of the one OAuth application. Invariant: a code works once, for
//! the client, redirect and verifier it was made for; a token never outlives its grant.
//! May import: `reply`, `settings`, `clock`, `rng`. Tests: `tests/oauth.rs`.

mod authorize;
mod consent;
mod info;
mod token;

pub(crate) use crate::oauth::authorize::AuthRequest;
pub use crate::oauth::consent::Consent;
pub(crate) use crate::oauth::consent::{page, read_form};
pub(crate) use crate::oauth::info::{openid_configuration, token_info, user_info};
pub(crate) use crate::oauth::token::TokenForm;

use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

use crate::clock::{Millis, millis};
use crate::rng;
use crate::settings::OAuthSettings;

/// All that the authorization server remembers.
#[derive(Debug, Default)]
pub(crate) struct OAuth {
    seed: u64,
    made: u64,
    codes: HashMap<String, Code>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    /// What each account has consented to, over all logins.
    granted: HashMap<String, BTreeSet<String>>,
}

/// An authorization code on its way back.
#[derive(Clone, Debug)]
struct Code {
    account: String,
    scopes: Vec<String>,
    redirect_uri: String,
    challenge: Option<authorize::Challenge>,
    expires_ms: Millis,
    /// Whether the exchange gives a refresh token.
    offline: bool,
}

/// An access token.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) account: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_ms: Millis,
}

impl Access {
    pub(crate) fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|have| have == scope)
    }
}

#[derive(Clone, Debug)]
struct Refresh {
    account: String,
    scopes: Vec<String>,
    expires_ms: Option<Millis>,
}

impl OAuth {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed: rng::mix(seed ^ 0x0a07), ..Self::default() }
    }

    /// A text that nobody guesses, of `bytes` before Base64.
    fn fresh(&mut self, prefix: &str, bytes: usize) -> String {
        self.made += 1;
        format!("{prefix}{}", rng::base64url(&rng::bytes(rng::mix2(self.seed, self.made), bytes)))
    }

    /// The access token `token`, whether or not it has expired.
    pub(crate) fn access(&self, token: &str) -> Option<&Access> {
        self.access.get(token)
    }

    fn issue_access(
        &mut self,
        account: &str,
        scopes: &[String],
        now: Millis,
        settings: &OAuthSettings,
    ) -> String {
        let token = self.fresh("ya29.a0", 150);
        let expires_ms = now + millis(settings.access_token_life);
        let access = Access { account: account.to_owned(), scopes: scopes.to_vec(), expires_ms };
        self.access.insert(token.clone(), access);
        token
    }

    fn issue_refresh(&mut self, account: &str, scopes: &[String], expires_ms: Option<Millis>) -> String {
        let token = self.fresh("1//0", 72);
        let refresh = Refresh { account: account.to_owned(), scopes: scopes.to_vec(), expires_ms };
        self.refresh.insert(token.clone(), refresh);
        token
    }

    /// A token file as gphotos-sync writes it, after a login that needed no browser.
    pub(crate) fn token_file(
        &mut self,
        account: &str,
        scopes: &[String],
        now: Millis,
        settings: &OAuthSettings,
    ) -> Value {
        self.granted.entry(account.to_owned()).or_default().extend(scopes.iter().cloned());
        let access = self.issue_access(account, scopes, now, settings);
        let expires = settings.refresh_token_life.map(|life| now + millis(life));
        let refresh = self.issue_refresh(account, scopes, expires);
        let life = settings.access_token_life.as_secs_f64();
        json!({
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "scope": scopes,
            "expires_in": settings.access_token_life.as_secs(),
            "expires_at": crate::clock::at(now).timestamp_micros() as f64 / 1e6 + life,
        })
    }

    /// The user withdraws consent on the account page.
    pub(crate) fn revoke_account(&mut self, account: &str) {
        self.granted.remove(account);
        self.access.retain(|_, access| access.account != account);
        self.refresh.retain(|_, refresh| refresh.account != account);
        self.codes.retain(|_, code| code.account != account);
    }

    /// Every access token of the account expires now; refresh tokens stay.
    pub(crate) fn expire_access(&mut self, account: &str) {
        for access in self.access.values_mut().filter(|access| access.account == account) {
            access.expires_ms = Millis::MIN;
        }
    }

    /// Every refresh token of the account dies; access tokens live on until they expire.
    pub(crate) fn kill_refresh(&mut self, account: &str) {
        self.refresh.retain(|_, refresh| refresh.account != account);
    }
}
