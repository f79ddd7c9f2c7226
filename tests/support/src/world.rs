//! Everything that the simulator remembers, behind locks that are held for moments.
//!
//! Owns: [`World`]. Invariant: no lock is held across an await, and never two at once except `state`
//! before any other. May import: all but `front`, `server`, `control`. Tests: where it is used.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use url::Url;

use crate::clock::{Clock, Millis};
use crate::data::{Account, Synthetic};
use crate::drive::DriveStore;
use crate::faults::Faults;
use crate::oauth::{AuthRequest, Consent, OAuth};
use crate::quota::Quotas;
use crate::settings::Settings;
use crate::stats::Stats;

/// Where the simulator says it is.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    pub(crate) api: String,
    pub(crate) media: String,
}

/// Users and their tokens.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) drives: BTreeMap<String, DriveStore>,
    pub(crate) oauth: OAuth,
}

/// The whole of the simulated Google.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) origins: Origins,
    pub(crate) seed: u64,
    settings: Mutex<Arc<Settings>>,
    state: Mutex<State>,
    faults: Mutex<Faults>,
    quotas: Mutex<Quotas>,
    stats: Mutex<Stats>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(crate) fn new(settings: Settings, origins: Origins) -> Self {
        let seed = settings.seed;
        Self {
            clock: Clock::starting_at(settings.start_time),
            origins,
            seed,
            settings: Mutex::new(Arc::new(settings)),
            state: Mutex::new(State {
                accounts: BTreeMap::new(),
                drives: BTreeMap::new(),
                oauth: OAuth::new(seed),
            }),
            faults: Mutex::default(),
            quotas: Mutex::default(),
            stats: Mutex::default(),
        }
    }

    pub(crate) fn now(&self) -> Millis {
        self.clock.now_ms()
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&lock(&self.settings))
    }

    /// Changes the settings from the next request on. What is decided at the start stays as it is.
    pub(crate) fn configure(&self, change: impl FnOnce(&mut Settings)) {
        let mut held = lock(&self.settings);
        let mut settings = Settings::clone(&held);
        change(&mut settings);
        *held = Arc::new(settings);
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(crate) fn quotas(&self) -> MutexGuard<'_, Quotas> {
        lock(&self.quotas)
    }

    pub(crate) fn stats(&self) -> MutexGuard<'_, Stats> {
        lock(&self.stats)
    }

    /// Adds an account, or leaves the one of that name as it is.
    pub(crate) fn add_account(&self, name: &str, synthetic: Synthetic) {
        let seed = self.seed;
        let mut state = self.state();
        state.accounts.entry(name.to_owned()).or_insert_with(|| Account::new(name, seed, synthetic));
    }
}

// === what the Rust and the HTTP interface share ===

impl World {
    /// The `client_secret.json` that leads clients here.
    pub(crate) fn client_secret(&self) -> Value {
        let (oauth, api) = (self.settings().oauth.clone(), &self.origins.api);
        json!({"installed": {
            "client_id": oauth.client_id,
            "project_id": "fake-google",
            "auth_uri": format!("{api}/o/oauth2/auth"),
            "token_uri": format!("{api}/token"),
            "auth_provider_x509_cert_url": format!("{api}/oauth2/v1/certs"),
            "client_secret": oauth.client_secret,
            "redirect_uris": ["http://localhost"],
        }})
    }

    /// A token file for `account`, which is made if there is none.
    pub(crate) fn token_file(&self, account: &str, scopes: &[String]) -> Value {
        self.add_account(account, Synthetic::photos(0));
        let settings = self.settings();
        self.state().oauth.token_file(account, scopes, self.now(), &settings.oauth)
    }

    /// Acts as the person whose browser opened `auth_url`.
    pub(crate) fn consent(&self, auth_url: &str, consent: &Consent) -> Result<String, String> {
        let url = Url::parse(auth_url).map_err(|e| format!("`{auth_url}`: {e}"))?;
        let settings = self.settings();
        let request = AuthRequest::read(url.query().unwrap_or(""), &settings.oauth)
            .map_err(|page| format!("Error {}: {}: {}", page.status, page.error, page.say))?;
        let mut state = self.state();
        if !consent.deny && !state.accounts.contains_key(&consent.account) {
            return Err(format!("no account `{}`", consent.account));
        }
        Ok(state.oauth.decide(&request, consent, self.now(), &settings.oauth))
    }
}

impl State {
    /// The Drive of `account`; an empty one is made if there is none.
    pub(crate) fn drive(&mut self, account: &str, seed: u64) -> &mut DriveStore {
        self.drives.entry(account.to_owned()).or_insert_with(|| DriveStore::new(account, seed))
    }

    /// The account grown from `seed`.
    pub(crate) fn account_of_seed(&self, seed: u64) -> Option<&Account> {
        self.accounts.values().find(|account| account.seed == seed)
    }
}
