//! Sidecars for files that were stored before sidecars of this kind were wished.
//!
//! Invariant: a file that is at a sidecar's name is left as it is; once all files have been gone through, a fact says so, and
//! from then on each file gets its sidecar when it is placed; where that fails, the fact is taken back. May import: `store`, `fs`. Tests: `tests/it`.

use crate::config::Sidecar;
use crate::fs::{FsError, Root};
use crate::job::Outcome;
use crate::job::faults::{end_of_fs, end_of_store, text_of};
use crate::job::partial::key_for;
use crate::job::place::{Beside, SidecarRule, place_sidecar};
use crate::job::sidecar::{sidecar_path, sidecar_text};
use crate::job::tools::{Tools, blocking};
use crate::store::{FilePart, StoreError, StoredItem};

/// The fact that remembers the kind of sidecars that every stored file has.
const KIND_FACT: &str = "sidecars";
/// Files looked at in one step.
const STEP_FILES: u32 = 256;

/// Writes the sidecars that stored files lack, if the kind that is wished has changed.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn add_sidecars(tools: &Tools) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let kind = tools.library.sidecar;
    let made = tools.store.fact(KIND_FACT).await.map_err(fault)?;
    if made.as_deref().unwrap_or(word(Sidecar::None)) == word(kind) {
        return Ok(());
    }
    if kind != Sidecar::None
        && !went_through(tools, SidecarRule { kind, mode: tools.library.file_mode }).await?
    {
        return Ok(());
    }
    tools.store.set_fact(KIND_FACT, Some(word(kind).to_owned())).await.map_err(fault)
}

/// Lets the next run look for files without sidecars, because one could not be written beside a file that is about to be stored.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn look_again(tools: &Tools) -> Result<(), Outcome> {
    tools.store.set_fact(KIND_FACT, None).await.map_err(|error| end_of_store(&error))
}

/// Whether every file that lacked a sidecar has one now.
async fn went_through(tools: &Tools, rule: SidecarRule) -> Result<bool, Outcome> {
    tools.count(|counts| counts.phase = "sidecars");
    let (mut after, mut is_whole) = (0, true);
    // Ends: `after` grows with each step, and the index has an end.
    loop {
        if tools.stop.is_begun() {
            return Err(Outcome::Interrupted);
        }
        let step = tools.store.stored_items(after, STEP_FILES).await.map_err(|error| end_of_store(&error))?;
        let Some(last) = step.last() else { return Ok(is_whole) };
        after = last.number;
        let root = tools.root.clone();
        if let Some(reason) = blocking(move || add_some(&root, &step, rule)).await?? {
            is_whole = false;
            tools.leave_undone(reason);
        }
    }
}

/// Writes the sidecars of some files; why one could not be written, if one could not.
fn add_some(root: &Root, items: &[StoredItem], rule: SidecarRule) -> Result<Option<String>, Outcome> {
    let mut fault = None;
    for stored in items {
        match add_one(root, stored, rule) {
            Ok(()) => {}
            Err(error) if error.is_of_the_disk() => return Err(end_of_fs(&error)),
            Err(error) => {
                tracing::debug!(path = stored.path, error = %text_of(&error), "a sidecar could not be written");
                let dir = stored.path.rsplit_once('/').map_or("", |(dir, _)| dir);
                let cause = text_of(&error.source);
                fault.get_or_insert_with(|| format!("a sidecar could not be written in `{dir}`: {cause}"));
            }
        }
    }
    Ok(fault)
}

fn add_one(root: &Root, stored: &StoredItem, rule: SidecarRule) -> Result<(), FsError> {
    let wished = sidecar_path(rule.kind, &stored.path).zip(sidecar_text(rule.kind, &stored.item));
    let Some((path, text)) = wished else { return Ok(()) };
    let is_there = root.is_file(&stored.path)?;
    if !is_there || root.entry(&path)?.is_some() {
        return Ok(());
    }
    let key = key_for(&stored.item.id, FilePart::Main);
    let of = Beside {
        path: &stored.path,
        key: &key,
        id: &stored.item.id,
        created: stored.item.created,
        written: &[],
    };
    place_sidecar(root, &of, &text, rule)
}

fn word(kind: Sidecar) -> &'static str {
    match kind {
        Sidecar::None => "none",
        Sidecar::Json => "json",
        Sidecar::Xmp => "xmp",
    }
}
