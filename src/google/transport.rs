//! The two HTTP clients of the process, and what is shared by all requests.
//!
//! Owns: TLS, proxies, pools and time-outs. Invariant: plain http, which goes to loopback only, never passes a
//! proxy; redirects of API calls are not followed; those of bytes go to media hosts only.
//! May import: `config`. Tests: here and `tests.rs`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect;
use reqwest::{Client, ClientBuilder, NoProxy, Proxy};
use url::Url;

use crate::config::{self, Endpoints};
use crate::google::hosts::media_host_allowed;
use crate::google::retry::RetryBudget;

/// How the program names itself to servers.
const USER_AGENT: &str = concat!("gphotos-syncd/", env!("CARGO_PKG_VERSION"));

/// The longest wait for a connection, name lookup and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// How long an unused connection is kept: longer than the pause between two pages, shorter than NAT tables.
const POOL_IDLE: Duration = Duration::from_secs(60);

/// Unused connections kept to one host: twice the default of `downloads`.
const POOL_IDLE_PER_HOST_MAX: usize = 16;

/// How often a silent connection under use is probed, so that a dead one is left before [`Limits::answer`].
const KEEPALIVE: Duration = Duration::from_secs(20);

/// The most redirects of one fetch of bytes; Google needs one at most.
const REDIRECTS_MAX: usize = 5;

/// The two HTTP clients of the process: JSON (gzip) and media (identity).
#[derive(Clone)]
pub struct Transport {
    json: Client,
    media: Client,
    budget: Arc<RetryBudget>,
    limits: Limits,
}

/// How long an answer may take, and what follows if it takes longer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// A JSON answer as a whole, and the head of an answer that brings bytes.
    pub(crate) answer: Duration,
    /// Between two chunks of bytes.
    pub(crate) stall: Duration,
    /// The first wait after a passing fault.
    pub(crate) rest: Duration,
}

impl Transport {
    /// Both clients, from the system's trust store (`SSL_CERT_FILE`, `SSL_CERT_DIR`) and proxies
    /// (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
    ///
    /// # Errors
    /// If TLS or the proxy cannot be set up, as text.
    pub fn new(endpoints: &Endpoints, limits: &config::Limits) -> Result<Self, String> {
        let (stall, rest) = (limits.stall_timeout, limits.rest_after_fault);
        Self::with_limits(endpoints, Limits { answer: stall, stall, rest })
    }

    /// [`Self::new`] with these time-outs.
    pub(crate) fn with_limits(endpoints: &Endpoints, limits: Limits) -> Result<Self, String> {
        // An error says that a provider is installed already, which is just as well.
        rustls::crypto::ring::default_provider().install_default().ok();
        let json = shared_settings()?.gzip(true).redirect(redirect::Policy::none());
        // One connection for each transfer: with HTTP/2 a slow one would hold back the flow window of all.
        let media = shared_settings()?.gzip(false).http1_only().redirect(media_redirects(endpoints));
        Ok(Self {
            json: build(json)?,
            media: build(media)?,
            budget: Arc::new(RetryBudget::default()),
            limits,
        })
    }

    /// The client for JSON, which `auth` uses too.
    pub fn json(&self) -> Client {
        self.json.clone()
    }

    /// The client for bytes: a bearer passes it to the Drive API's own host, and never follows a redirect from there.
    pub(crate) fn media(&self) -> &Client {
        &self.media
    }

    /// The retries that the whole process may still make.
    pub(crate) fn budget(&self) -> &RetryBudget {
        &self.budget
    }

    /// The time-outs.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }
}

impl fmt::Debug for Transport {
    /// Shows nothing of the clients: a proxy's address may have a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("limits", &self.limits).finish_non_exhaustive()
    }
}

fn shared_settings() -> Result<ClientBuilder, String> {
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(POOL_IDLE_PER_HOST_MAX)
        .tcp_keepalive(KEEPALIVE)
        .http2_keep_alive_interval(KEEPALIVE)
        .http2_keep_alive_timeout(KEEPALIVE)
        .http2_keep_alive_while_idle(false)
        // The address that a redirect leaves may be a secret.
        .referer(false)
        // The environment's `HTTP_PROXY` must not see what is meant for loopback.
        .no_proxy();
    match proxy_address(|name| std::env::var(name).ok()) {
        Some(address) => Ok(builder.proxy(https_proxy(&address)?)),
        None => Ok(builder),
    }
}

/// The proxy for https as the environment names it; `lookup` reads one variable.
fn proxy_address(lookup: impl Fn(&str) -> Option<String>) -> Option<String> {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .find_map(lookup)
        .filter(|address| !address.trim().is_empty())
}

/// Whether a request to `url` passes a proxy, unless `NO_PROXY` names its host.
pub(crate) fn may_pass_proxy(url: &Url) -> bool {
    url.scheme() == "https" && proxy_address(|name| std::env::var(name).ok()).is_some()
}

fn https_proxy(address: &str) -> Result<Proxy, String> {
    // The address is left out of the error, because it may have a password.
    Proxy::https(address)
        .map(|proxy| proxy.no_proxy(NoProxy::from_env()))
        .map_err(|_| "cannot read the address in `HTTPS_PROXY`\nhint: write `http://HOST:PORT`".to_owned())
}

fn build(builder: ClientBuilder) -> Result<Client, String> {
    builder.build().map_err(|error| {
        let mut text = "cannot set up TLS".to_owned();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        format!("{text}\nhint: install the system's CA certificates, or name them in `SSL_CERT_FILE`")
    })
}

/// Follows to media hosts; elsewhere, or after [`REDIRECTS_MAX`], the redirect itself is the answer.
fn media_redirects(endpoints: &Endpoints) -> redirect::Policy {
    let endpoints = endpoints.clone();
    redirect::Policy::custom(move |attempt| {
        let few = attempt.previous().len() <= REDIRECTS_MAX;
        if few && media_host_allowed(attempt.url(), &endpoints) { attempt.follow() } else { attempt.stop() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_for_https_is_read_as_curl_does() {
        for (set, want) in [
            (vec![], None),
            (vec![("HTTPS_PROXY", "http://a:1"), ("ALL_PROXY", "http://b:1")], Some("http://a:1")),
            (vec![("https_proxy", "http://a:1")], Some("http://a:1")),
            (vec![("ALL_PROXY", "http://b:1")], Some("http://b:1")),
            (vec![("HTTP_PROXY", "http://c:1")], None),
            (vec![("HTTPS_PROXY", "")], None),
        ] {
            let found = proxy_address(|name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(found.as_deref(), want, "{set:?}");
        }
    }

    #[test]
    fn a_bad_proxy_address_is_told_without_showing_it() {
        let error = https_proxy("http://user:hunter2@[").unwrap_err();
        assert!(error.contains("HTTPS_PROXY") && !error.contains("hunter2"), "{error}");
    }
}
