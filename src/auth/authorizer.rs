//! The bearer of one library: read from its token file, refreshed ahead of expiry, one refresh at a time.
//!
//! Owns: when to read, refresh and rewrite the token file. Invariant: one refresh at a time, which a caller that goes away
//! does not break off (a rotated refresh token would be lost); a file that somebody replaced is never overwritten with
//! tokens of the old one. May import: `limiter`, `status`, `media`, `secret`, `clock`. Tests: `authorizer/tests.rs`.

mod held;
mod unsaved;

use chrono::TimeDelta;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::auth::authorizer::held::Held;
use crate::auth::authorizer::unsaved::{Saves, Unsaved};
use crate::auth::client_secret::ClientSecret;
use crate::auth::endpoint::{EndpointError, TokenAnswer, TokenEndpoint};
use crate::auth::ownership::give_to_folder_owner;
use crate::auth::patience::ask_patiently;
use crate::auth::refusal::Refusal;
use crate::auth::token_file::{Stamp, TokenFile, TokenFileError};
use crate::auth::validity::Moment;
use crate::auth::{AuthError, Bearer};
use crate::clock::{mono_now, wall_now};
use crate::limiter::{Limiter, Parked};
use crate::media::LibraryName;
use crate::status::TokenHealth;

/// After a failed refresh ahead of expiry, the old token serves on for this long before the next try, seconds.
const EARLY_RETRY_SECS: u64 = 30;
/// A token that could not be saved is tried again after this, seconds.
const SAVE_RETRY_SECS: u64 = 60;
/// A refresh is begun again this often when the file is replaced meanwhile.
const ROUNDS_MAX: u32 = 3;

/// Gives out the bearer of one library; clones share it.
#[derive(Clone, Debug)]
pub struct Authorizer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    library: LibraryName,
    path: PathBuf,
    endpoint: TokenEndpoint,
    /// Held for as long as a refresh takes: that makes it the only one.
    held: Arc<AsyncMutex<Held>>,
    /// The refresh token that Google declared dead; apart, so that [`Authorizer::health`] need not wait for a refresh.
    dead: Mutex<Option<Dead>>,
    saves: Saves,
    /// Refreshes that have ended in failure: who waited during one shares its outcome.
    failures: AtomicU64,
}

#[derive(Clone, Debug)]
struct Dead {
    stamp: Stamp,
    reason: String,
}

// === impl Authorizer ===

impl Authorizer {
    /// An authorizer over the token file at `path`; reads nothing yet.
    pub fn new(
        library: LibraryName,
        path: PathBuf,
        client: Arc<ClientSecret>,
        http: reqwest::Client,
        limiter: Limiter,
    ) -> Self {
        let endpoint = TokenEndpoint::new(library.clone(), client, http, limiter);
        let (held, dead, saves) = (Arc::default(), Mutex::default(), Saves::default());
        Self(Arc::new(Inner { library, path, endpoint, held, dead, saves, failures: AtomicU64::new(0) }))
    }

    /// A bearer that is good for a while: from the file, refreshed ahead of expiry, one refresh at a time.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub async fn bearer(&self) -> Result<Bearer, AuthError> {
        self.give(None).await
    }

    /// A fresh bearer after Google answered 401 to `rejected`; refreshes only if nobody did since.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub async fn renew(&self, rejected: &Bearer) -> Result<Bearer, AuthError> {
        self.give(Some(rejected.clone())).await
    }

    /// What the file tells, and whether it is behind what is in memory, without asking Google.
    pub fn health(&self) -> TokenHealth {
        if let Some(reason) = self.0.dead_reason(Stamp::at(&self.0.path)) {
            return TokenHealth::Dead { reason };
        }
        match TokenFile::read(&self.0.path, &self.0.library) {
            Ok(file) => {
                TokenHealth::Good { dies_at: file.dies_at(), unsaved: self.0.saves.told(&self.0.library) }
            }
            Err(TokenFileError::Missing { .. }) => TokenHealth::Missing,
            Err(error) => TokenHealth::Unusable { reason: error.to_string() },
        }
    }

    /// A short digest of the refresh token in the file, to see that it was replaced; not a secret (SHA-256, cut to 16 hex digits).
    pub fn fingerprint(&self) -> Option<String> {
        let file = TokenFile::read(&self.0.path, &self.0.library).ok()?;
        Some(file.fingerprint())
    }

    /// What decides over which items Google shows to this login: the OAuth application and the scopes that were granted; not a secret.
    pub fn sight(&self) -> Option<String> {
        let file = TokenFile::read(&self.0.path, &self.0.library).ok()?;
        Some(format!("{} {}", self.client_fingerprint(), file.scopes().join(" ")))
    }

    /// The same of the OAuth application that the token is used with.
    pub fn client_fingerprint(&self) -> String {
        self.0.endpoint.client().fingerprint()
    }

    async fn give(&self, rejected: Option<Bearer>) -> Result<Bearer, AuthError> {
        let failures = self.0.failures.load(Ordering::Acquire);
        let mut held = Arc::clone(&self.0.held).lock_owned().await;
        self.0.look(&mut held).await?;
        let now = moment();
        if let Some(bearer) = held.usable(now, rejected.as_ref()) {
            return Ok(bearer);
        }
        if failures != self.0.failures.load(Ordering::Acquire)
            && let Some(reason) = held.failure()
        {
            return Err(AuthError::Transient { reason });
        }
        let inner = Arc::clone(&self.0);
        // A task of its own, because a caller that goes away must not lose a rotated refresh token.
        let refresh = tokio::spawn(async move { inner.refresh(held, rejected.as_ref()).await });
        refresh.await.map_err(|_| AuthError::Transient { reason: "the refresh was broken off".to_owned() })?
    }
}

// === impl Inner ===

impl Inner {
    /// Brings `held` up to date with the file on disk.
    async fn look(&self, held: &mut Held) -> Result<(), AuthError> {
        let stamp = self.stamp().await;
        if let Some(reason) = self.dead_reason(stamp) {
            return Err(AuthError::NeedsLogin { reason });
        }
        if stamp.is_some() && stamp == held.stamp() {
            if held.is_save_due(mono_now(), Duration::from_secs(SAVE_RETRY_SECS)) {
                self.save(held).await;
            }
            return Ok(());
        }
        let (path, library) = (self.path.clone(), self.library.clone());
        let read = blocking(move || TokenFile::read_stamped(&path, &library)).await?;
        match read {
            Ok((file, stamp)) => {
                held.load(file, stamp, moment());
                self.saves.settled(&self.library);
                Ok(())
            }
            Err(error) => {
                if error.needs_login() {
                    held.forget();
                    self.saves.forget();
                }
                Err(error.into())
            }
        }
    }

    /// Asks Google for a new access token, whatever the present one is.
    async fn refresh(
        &self,
        mut held: OwnedMutexGuard<Held>,
        rejected: Option<&Bearer>,
    ) -> Result<Bearer, AuthError> {
        for _ in 0..ROUNDS_MAX {
            let Some(token) = held.refresh_token() else { break };
            let limiter = self.endpoint.limiter();
            let ask = || self.endpoint.refresh(&token);
            let result = ask_patiently(|throttle| limiter.rest_for(throttle), ask).await;
            if self.stamp().await != held.stamp() {
                // Somebody logged in or out meanwhile; what was asked for with the old token is void.
                self.look(&mut held).await?;
                if let Some(bearer) = held.usable(moment(), rejected) {
                    return Ok(bearer);
                }
                continue;
            }
            return match result {
                Ok(answer) => Ok(self.accept(&mut held, &answer).await),
                Err(error) => self.fail(&mut held, error, rejected),
            };
        }
        Err(AuthError::Transient { reason: "the token file keeps changing".to_owned() })
    }

    async fn accept(&self, held: &mut Held, answer: &TokenAnswer) -> Bearer {
        let bearer = held.accept(answer, moment());
        tracing::debug!(library = %self.library, issue = bearer.issue, "access token refreshed");
        self.save(held).await;
        bearer
    }

    /// Writes what is held; a failure is told once for each cause, and tried again later.
    async fn save(&self, held: &mut Held) {
        let Some(file) = held.file() else { return };
        let (path, library, content) = (self.path.clone(), self.library.clone(), file.clone());
        let written = blocking(move || {
            content.write(&path).map_err(|error| {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                format!("{error}: {}", source.unwrap_or_default())
            })?;
            // Where root runs a sync by hand, the daemon's user must still be able to read its token.
            give_to_folder_owner(&path)
                .map_err(|error| format!("cannot give it to its folder's owner: {error}"))?;
            // Read back, so that a file that a login put there at the same moment is not taken for this one.
            let ours = TokenFile::parse(&content.to_bytes()).ok();
            let read_back = TokenFile::read_stamped(&path, &library).ok();
            Ok::<_, String>(read_back.filter(|(file, _)| Some(file) == ours.as_ref()).map(|(_, stamp)| stamp))
        })
        .await;
        match written {
            Ok(Ok(stamp)) => {
                held.saved(stamp);
                self.saves.settled(&self.library);
            }
            Ok(Err(cause)) => self.save_failed(held, cause),
            Err(_) => self.save_failed(held, "the write was broken off".to_owned()),
        }
    }

    fn save_failed(&self, held: &mut Held, cause: String) {
        held.save_failed(mono_now());
        self.saves.failed(&self.library, Unsaved { cause, is_rotated: held.is_rotated() });
    }

    fn fail(
        &self,
        held: &mut Held,
        error: EndpointError,
        rejected: Option<&Bearer>,
    ) -> Result<Bearer, AuthError> {
        let error = match error {
            EndpointError::Refused(refusal) => return Err(self.declare_dead(held, &refusal)),
            EndpointError::Transient { reason, .. } => AuthError::Transient { reason },
            EndpointError::Parked(parked) => AuthError::Parked(parked),
            EndpointError::Throttled(throttle) => {
                let rest = throttle.retry_after.unwrap_or_default();
                let rest = TimeDelta::from_std(rest).unwrap_or(TimeDelta::MAX);
                let until =
                    wall_now().checked_add_signed(rest).unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC);
                AuthError::Parked(Parked { until, day: false })
            }
        };
        let now = moment();
        if let Some(bearer) = held.spare(now, Duration::from_secs(EARLY_RETRY_SECS), rejected) {
            tracing::warn!(library = %self.library, "{error}; the present access token serves on");
            return Ok(bearer);
        }
        if let AuthError::Transient { reason } = &error {
            held.failed(reason.clone());
            self.failures.fetch_add(1, Ordering::Release);
        }
        Err(error)
    }

    fn declare_dead(&self, held: &mut Held, refusal: &Refusal) -> AuthError {
        let reason = refusal.reason(&self.library, &self.endpoint.client().path);
        if let Some(stamp) = held.stamp() {
            let dead = Dead { stamp, reason: reason.clone() };
            *self.dead.lock().unwrap_or_else(PoisonError::into_inner) = Some(dead);
        }
        held.forget();
        self.saves.forget();
        AuthError::NeedsLogin { reason }
    }

    /// Why the file with `stamp` is of no use, if Google said so.
    fn dead_reason(&self, stamp: Option<Stamp>) -> Option<String> {
        let dead = self.dead.lock().unwrap_or_else(PoisonError::into_inner);
        dead.as_ref().filter(|dead| Some(dead.stamp) == stamp).map(|dead| dead.reason.clone())
    }

    async fn stamp(&self) -> Option<Stamp> {
        let path = self.path.clone();
        blocking(move || Stamp::at(&path)).await.ok().flatten()
    }
}

fn moment() -> Moment {
    Moment { mono: mono_now(), wall: wall_now() }
}

/// Runs what touches the disk off the runtime's own threads: a library's root may be on a slow network share.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AuthError> {
    let broken =
        |_| AuthError::Transient { reason: "the access to the token file was broken off".to_owned() };
    tokio::task::spawn_blocking(work).await.map_err(broken)
}

#[cfg(test)]
mod tests;
