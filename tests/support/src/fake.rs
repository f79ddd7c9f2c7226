//! [`FakeGoogle`]: what tests hold in their hands.
//!
//! Owns: starting, stopping, and every knob. Invariant: works without any async runtime of the caller.
//! May import: `world`, `server`, `tls`, `user`. Tests: `tests/`.

use chrono::{DateTime, Utc};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use crate::data::{Synthetic, Truth};
use crate::faults::{Fault, FaultId};
use crate::oauth::Consent;
use crate::server::Server;
use crate::settings::{SCOPE_APP_CREATED, Settings};
use crate::stats::Stats;
use crate::tls::Tls;
use crate::user::User;
use crate::world::{Origins, World};

/// A running simulator; dropping it closes its sockets.
#[derive(Debug)]
pub struct FakeGoogle {
    world: Arc<World>,
    ca_pem: Option<String>,
    url: String,
    _server: Server,
}

impl FakeGoogle {
    /// Starts a simulator; it answers when this returns.
    ///
    /// # Panics
    /// If it cannot listen.
    pub async fn start(settings: Settings) -> Self {
        std::future::ready(Self::start_blocking(settings)).await
    }

    /// The same without async.
    ///
    /// # Panics
    /// If it cannot listen.
    pub fn start_blocking(settings: Settings) -> Self {
        Self::try_start(settings).unwrap_or_else(|e| panic!("cannot start the fake Google: {e}"))
    }

    /// The same with an error instead of a panic.
    ///
    /// # Errors
    /// If it cannot listen or make its certificate.
    pub fn try_start(settings: Settings) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let tls = if settings.tls { Some(Tls::make()?) } else { None };
        let scheme = if settings.tls { "https" } else { "http" };
        let listener = listen(settings.listen)?;
        let url = format!("{scheme}://{}", listener.local_addr()?);
        let mut listeners = vec![listener];
        let api = settings.api_origin.clone().unwrap_or_else(|| url.clone());
        let mut media = settings.media_origin.clone().unwrap_or_else(|| api.clone());
        if settings.media_port && settings.media_origin.is_none() {
            let second = listen((settings.listen.ip(), 0).into())?;
            media = format!("{scheme}://{}", second.local_addr()?);
            listeners.push(second);
        }
        let world = Arc::new(World::new(settings, Origins { api, media }));
        let (acceptor, ca_pem) = tls.map(|tls| (tls.acceptor, tls.ca_pem)).unzip();
        let server = Server::start(Arc::clone(&world), listeners, acceptor)?;
        Ok(Self { world, ca_pem, url, _server: server })
    }

    /// Where it listens, such as `http://127.0.0.1:4711`; no slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What base URLs begin with.
    pub fn media_url(&self) -> &str {
        &self.world.origins.media
    }

    /// The certificate authority to trust, in PEM; none without TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// The `client_secret.json` of the one OAuth application, of kind "installed".
    pub fn client_secret_json(&self) -> String {
        self.world.client_secret().to_string()
    }

    /// A token file for `account` with an access token and a refresh token, as after a login, of the
    /// scope for app-created data.
    pub fn token_json(&self, account: &str) -> String {
        self.token_json_with(account, &[SCOPE_APP_CREATED])
    }

    /// The same with these scopes.
    pub fn token_json_with(&self, account: &str, scopes: &[&str]) -> String {
        let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        self.world.token_file(account, &scopes).to_string()
    }

    /// The account of that name; an empty one is made if there is none.
    pub fn account(&self, name: &str) -> User {
        self.synthetic_account(name, Synthetic::photos(0))
    }

    /// The account of that name; one with made-up items is made if there is none.
    pub fn synthetic_account(&self, name: &str, items: Synthetic) -> User {
        self.world.add_account(name, items);
        User::new(Arc::clone(&self.world), name)
    }

    /// Everything in an account. A million items are a million entries.
    ///
    /// # Panics
    /// If there is no such account.
    pub fn truth(&self, account: &str) -> Truth {
        User::new(Arc::clone(&self.world), account).truth()
    }

    /// Opens an authorization URL as a browser, and acts as the person before the consent page.
    /// Gives the address that the browser is sent to, with code and state.
    ///
    /// # Errors
    /// Google's error page in words, if the request is refused.
    pub fn consent(&self, auth_url: &str, consent: &Consent) -> Result<String, String> {
        self.world.consent(auth_url, consent)
    }

    /// Puts a fault in force.
    pub fn fault(&self, fault: Fault) -> FaultId {
        self.world.faults().add(fault)
    }

    /// How often a fault fired.
    pub fn fired(&self, id: FaultId) -> u64 {
        self.world.faults().fired(id)
    }

    /// Ends a fault.
    pub fn remove_fault(&self, id: FaultId) {
        self.world.faults().remove(id);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.world.faults().clear();
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        self.world.stats().clone()
    }

    /// Counts from 0 again.
    pub fn reset_stats(&self) {
        *self.world.stats() = Stats::default();
    }

    /// Lets time pass for tokens, URLs and quotas, without waiting.
    pub fn advance_clock(&self, by: Duration) {
        self.world.clock.advance(by);
    }

    /// The virtual time.
    pub fn now(&self) -> DateTime<Utc> {
        self.world.clock.now()
    }

    /// Changes settings from the next request on; addresses, TLS, seed and start time stay.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        self.world.configure(change);
    }
}

fn listen(at: std::net::SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(at)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
