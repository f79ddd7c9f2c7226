//! A refused login, remembered over a restart: it is known without asking Google again.
//!
//! Owns: the fact `needs-login` of the index. Invariant: it binds only the credentials that were refused; a new token or a new
//! client secret makes it void; no secret is kept, only fingerprints. May import: `auth`, `store`. Tests: `tests/it/daemon.rs`.

use serde::{Deserialize, Serialize};

use crate::auth::Authorizer;
use crate::job::Outcome;
use crate::store::{Store, StoreError};

/// The fact that remembers it.
const REFUSED_FACT: &str = "needs-login";

/// A refused login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Fingerprint of the refresh token.
    pub token: String,
    /// Fingerprint of the OAuth application that it was used with.
    pub client: String,
    /// Why, with the command to run.
    pub reason: String,
}

impl Refused {
    /// What the index remembers; none if the newest login was not refused.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn read(store: &Store) -> Result<Option<Self>, StoreError> {
        // A text that cannot be read is as good as none: the next run asks Google.
        Ok(store.fact(REFUSED_FACT).await?.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Whether it is about the credentials that `auth` has now.
    pub(crate) fn is_of(&self, auth: &Authorizer) -> bool {
        self.client == auth.client_fingerprint() && auth.fingerprint().as_ref() == Some(&self.token)
    }
}

/// Remembers what the end of a run says of the login. A run that ended for another reason proves nothing.
pub(crate) async fn remember(store: &Store, auth: &Authorizer, outcome: &Outcome) -> Result<(), StoreError> {
    let refused = match outcome {
        Outcome::NeedsLogin(reason) => {
            // Without a token file there is nothing that was refused; `status` sees that it is missing.
            let Some(token) = auth.fingerprint() else { return Ok(()) };
            Some(Refused { token, client: auth.client_fingerprint(), reason: reason.clone() })
        }
        Outcome::Complete | Outcome::Incomplete => None,
        Outcome::Interrupted
        | Outcome::Throttled { .. }
        | Outcome::DiskFull(_)
        | Outcome::Locked(_)
        | Outcome::Denied(_)
        | Outcome::Unusable(_)
        | Outcome::Transient(_)
        | Outcome::Failed(_) => return Ok(()),
    };
    if Refused::read(store).await? == refused {
        return Ok(());
    }
    let text = refused.and_then(|refused| serde_json::to_string(&refused).ok());
    store.set_fact(REFUSED_FACT, text).await
}
