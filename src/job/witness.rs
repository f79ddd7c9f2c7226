//! What proves the account of a library when its index is lost: kept beside the index's folder, in a file of its own.
//!
//! Owns: `.gphotos-syncd/account`. Invariant: no secret is kept: the token's fingerprint, and ids of items, which are good in
//! their account alone. May import: `auth`, `fs`, `store`. Tests: `tests/it/index_damage.rs`.

use serde::{Deserialize, Serialize};
use std::io::Read as _;

use crate::auth::Authorizer;
use crate::fs::{EntryKind, FsError, Root};
use crate::job::Outcome;
use crate::job::faults::{end_of_fs, fs_fault, text_of};
use crate::job::queue::RESOLVE_IDS_MAX;
use crate::job::tools::{Tools, blocking};
use crate::store::StoreError;

/// The file, below the root.
const FILE: &str = ".gphotos-syncd/account";
/// Its mode: it names items.
const MODE: u32 = 0o600;
/// The most that is read of it: an id has about 100 bytes.
const BYTES_MAX: u64 = 64 * 1024;

/// The account that the library was last synced with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Witness {
    /// Fingerprint of its refresh token.
    pub(crate) token: String,
    /// Some of its items.
    pub(crate) items: Vec<String>,
}

/// What the file says; none if there is none that can be read.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn read_witness(tools: &Tools) -> Result<Option<Witness>, Outcome> {
    let root = tools.root.clone();
    blocking(move || read(&root)).await?.map_err(|error| end_of_fs(&error))
}

/// Writes what the index knows of the account, if the file does not say as much already.
///
/// # Errors
/// See [`StoreError`].
pub(crate) async fn keep_witness(tools: &Tools, auth: &Authorizer) -> Result<(), StoreError> {
    let Some(token) = auth.fingerprint() else { return Ok(()) };
    let limit = u32::try_from(RESOLVE_IDS_MAX).unwrap_or(u32::MAX);
    let items = tools.store.sample_ids(limit).await?.into_iter().map(|id| id.0).collect();
    let witness = Witness { token, items };
    if witness.items.is_empty() {
        return Ok(());
    }
    let root = tools.root.clone();
    let kept = blocking(move || {
        let says_as_much =
            |old: &Witness| old.token == witness.token && old.items.len() >= witness.items.len();
        if read(&root)?.as_ref().is_some_and(says_as_much) {
            return Ok(());
        }
        let text = serde_json::to_string(&witness).unwrap_or_default();
        root.write_atomic(FILE, format!("{text}\n").as_bytes(), MODE)
    });
    if let Ok(Err(error)) = kept.await {
        // It matters only once the index is lost, and the next run tries again.
        tracing::debug!(error = %text_of(&error), "what proves the account could not be written");
    }
    Ok(())
}

fn read(root: &Root) -> Result<Option<Witness>, FsError> {
    // Whatever else lies there proves nothing, and the next file goes in its place.
    if root.entry(FILE)?.is_none_or(|entry| entry.kind != EntryKind::File) {
        return Ok(None);
    }
    let Some(file) = root.open_file(FILE)? else { return Ok(None) };
    let mut text = Vec::new();
    let read = file.take(BYTES_MAX).read_to_end(&mut text);
    read.map_err(|source| fs_fault(root, "read", FILE, source))?;
    Ok(serde_json::from_slice(&text).ok())
}
