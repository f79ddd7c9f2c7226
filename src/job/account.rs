//! Whether the token still is of the account that the library was first synced with.
//!
//! The token's fingerprint is remembered, in the index and in a file for the day when that is lost; when it has changed, known items are asked for: ids are only good inside their account.
//! Invariant: nothing is listed or written before this is answered. May import: `auth`, `source`, `store`. Tests:
//! the decision below, the rest in `tests/it`.

use crate::auth::Authorizer;
use crate::clock::wall_now;
use crate::google::{ApiError, BatchEntry};
use crate::job::Outcome;
use crate::job::faults::{end_of_api, end_of_fs, end_of_store};
use crate::job::queue::RESOLVE_IDS_MAX;
use crate::job::tools::{Tools, blocking};
use crate::job::witness::read_witness;
use crate::media::MediaId;
use crate::store::StoreError;

/// The fact that remembers the token.
const FINGERPRINT_FACT: &str = "token-fingerprint";
/// The fact that remembers which items Google shows to the login.
const SIGHT_FACT: &str = "login-sight";
/// A person puts this file below the root to say that a refused token is of the right account after all: where every
/// known item was deleted at Google, or an older scope showed others, no answer of Google's can prove it.
const ACCEPT_FILE: &str = ".gphotos-syncd/accept-account";
/// `google.rpc.Code` for an id that is no id of this account.
const CODE_INVALID_ARGUMENT: i32 = 3;
/// `google.rpc.Code` for an item that does not exist.
const CODE_NOT_FOUND: i32 = 5;
/// `google.rpc.Code` for an item of somebody else.
const CODE_PERMISSION_DENIED: i32 = 7;

/// What the answers for known items say of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Same,
    Other,
    Unclear,
}

/// Checks the account if the token changed.
///
/// # Errors
/// [`Outcome::NeedsLogin`] if the token is of another account; why the run must end, if that cannot be told.
pub(crate) async fn check_account(tools: &Tools, auth: &Authorizer) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let Some(present) = auth.fingerprint() else { return Ok(()) };
    note_sight(tools, auth).await?;
    let mut remembered = tools.store.fact(FINGERPRINT_FACT).await.map_err(fault)?;
    let mut witness = None;
    if remembered.is_none() {
        witness = read_witness(tools).await?;
        remembered = witness.as_ref().map(|witness| witness.token.clone());
    }
    if remembered.is_some() && remembered != Some(present.clone()) {
        let limit = u32::try_from(RESOLVE_IDS_MAX).unwrap_or(u32::MAX);
        let mut ids = tools.store.sample_ids(limit).await.map_err(fault)?;
        if ids.is_empty() {
            ids = witness.map_or_else(Vec::new, |witness| witness.items.into_iter().map(MediaId).collect());
        }
        if !ids.is_empty() {
            let verdict = match tools.source.resolve(&ids).await {
                Ok(entries) => decide_account(&entries),
                Err(ApiError::NotFound { .. } | ApiError::Fatal { .. }) => Verdict::Other,
                Err(error) => return Err(end_of_api(&error, wall_now())),
            };
            if verdict != Verdict::Same && is_accepted(tools).await? {
                tracing::info!(library = %tools.library.name, "the token's account is taken on a person's word");
                // No listing of this login can miss what no listing of it ever had.
                tools.store.forget_sightings().await.map_err(fault)?;
            } else {
                refuse_unless_same(tools, verdict)?;
            }
        }
    }
    if tools.store.fact(FINGERPRINT_FACT).await.map_err(fault)? == Some(present.clone()) {
        return Ok(());
    }
    tools.store.set_fact(FINGERPRINT_FACT, Some(present)).await.map_err(fault)
}

/// A login of another OAuth application or other scopes is shown other items: no listing of it can miss what it was never shown.
async fn note_sight(tools: &Tools, auth: &Authorizer) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let (sight, remembered) = (auth.sight(), tools.store.fact(SIGHT_FACT).await.map_err(fault)?);
    if sight == remembered {
        return Ok(());
    }
    // In this order: a kill between the two costs two more listings, and no file.
    tools.store.forget_sightings().await.map_err(fault)?;
    tools.store.set_fact(SIGHT_FACT, sight).await.map_err(fault)
}

/// Whether the token is still the one that was checked; a login may come in the middle of a run.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn is_same_login(tools: &Tools, auth: &Authorizer) -> Result<bool, Outcome> {
    let checked = tools.store.fact(FINGERPRINT_FACT).await.map_err(|error| end_of_store(&error))?;
    Ok(checked == auth.fingerprint())
}

/// Whether a person vouched for the account; their word counts once.
async fn is_accepted(tools: &Tools) -> Result<bool, Outcome> {
    let root = tools.root.clone();
    let taken = blocking(move || {
        let is_there = root.entry(ACCEPT_FILE)?.is_some();
        root.remove_file(ACCEPT_FILE).map(|()| is_there)
    });
    taken.await?.map_err(|error| end_of_fs(&error))
}

fn refuse_unless_same(tools: &Tools, verdict: Verdict) -> Result<(), Outcome> {
    let name = &tools.library.name;
    let accept = tools.root.path().join(ACCEPT_FILE);
    match verdict {
        Verdict::Same => Ok(()),
        Verdict::Other => Err(Outcome::NeedsLogin(format!(
            "the token is of another account than the one that library `{name}` was first synced with\n\
             hint: log in with the first account: gphotos-syncd login {name}; for the other account configure another library \
             with its own root; if it is the first account, whose items of then are gone at Google: touch '{}'",
            accept.display()
        ))),
        Verdict::Unclear => Err(Outcome::Transient(
            "Google does not tell whether the new token is of the same account".to_owned(),
        )),
    }
}

/// One item that is given proves the account; only answers that all say "not here" disprove it.
fn decide_account(entries: &[BatchEntry]) -> Verdict {
    let (mut foreign, mut unclear) = (false, false);
    for entry in entries {
        match entry {
            BatchEntry::Found(_) => return Verdict::Same,
            BatchEntry::Refused { code, .. } => match *code {
                CODE_INVALID_ARGUMENT | CODE_NOT_FOUND | CODE_PERMISSION_DENIED => foreign = true,
                _ => unclear = true,
            },
        }
    }
    if foreign && !unclear { Verdict::Other } else { Verdict::Unclear }
}

#[cfg(test)]
mod tests {
    use crate::google::BatchEntry;
    use crate::job::account::{Verdict, decide_account};
    use crate::media::{MediaId, MediaItem, MediaKind};

    fn refused(code: i32) -> BatchEntry {
        BatchEntry::Refused { id: MediaId("m".to_owned()), code, message: String::new() }
    }

    fn found() -> BatchEntry {
        BatchEntry::Found(Box::new(MediaItem {
            id: MediaId("m".to_owned()),
            filename: None,
            mime: None,
            created: None,
            kind: MediaKind::Photo,
            description: None,
            product_url: None,
            width: None,
            height: None,
            camera_make: None,
            camera_model: None,
            base_url: None,
        }))
    }

    #[test]
    fn one_known_item_proves_the_account_and_only_strangers_disprove_it() {
        assert_eq!(decide_account(&[refused(5), found(), refused(13)]), Verdict::Same);
        assert_eq!(decide_account(&[refused(5), refused(3)]), Verdict::Other);
        assert_eq!(decide_account(&[refused(5), refused(13)]), Verdict::Unclear);
        assert_eq!(decide_account(&[]), Verdict::Unclear);
    }
}
