//! Takeout exports taken into a library: from the parts of an export set to files, albums and a balance.
//!
//! Owns: the order of an import. Invariant: the bytes of each archive are read once; an entry's outcome is committed as it is
//! made, so that a kill costs one batch; nothing of an archive is unpacked anywhere but to its file in `partial/`; every entry of every part
//! has exactly one outcome, and only then is a set called complete. May import: `archive`, `takeout`, `embedded`, `store`, `fs`.
//! Tests: beside the pure parts; the whole flow in `tests/it`.
//!
//! The parts, in the order of an import: `parts` (what is an export set), `drive` (those in Drive), `look` (what lies there of it), `stage` (archive to `partial/` and index, by `intake`), `pair` (what belongs
//! together), `name` (which folder and name), `shelve` (from `partial/` to the name), `tell` (what sidecars say), `collect` (albums),
//! `prove` (every file hashed again), `balance` (the sum), `dispose` (what becomes of the archives).

mod balance;
mod collect;
mod dispose;
mod drive;
mod inside;
mod intake;
mod look;
mod name;
mod packed;
mod pair;
mod parts;
mod prove;
mod shelve;
mod stage;
mod tell;

use std::path::PathBuf;

pub use crate::job::import::balance::{Balance, read_exports};
pub(crate) use crate::job::import::drive::import_drive;
pub(crate) use crate::job::import::parts::{find_sets, list_inbox};

use crate::clock::wall_now;
use crate::config::SourceKind;
use crate::job::Outcome;
use crate::job::faults::end_of_store;
use crate::job::import::balance::{Against, Setting, draw_balance};
use crate::job::import::collect::collect_albums;
use crate::job::import::dispose::dispose_of;
use crate::job::import::look::changed_parts;
use crate::job::import::pair::pair_folders;
use crate::job::import::parts::{ExportSet, Inbox};
use crate::job::import::prove::prove;
use crate::job::import::shelve::shelve;
use crate::job::import::stage::{stage_set, sweep_staged};
use crate::job::import::tell::{tell_anew, tell_facts};
use crate::job::tools::{Tools, blocking};
use crate::job::watch::note_delivered;

/// Takes in what lies in the library's inbox.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn import_inbox(tools: &Tools) -> Result<(), Outcome> {
    let Some(inbox) = tools.library.takeout.inbox.clone() else { return Ok(()) };
    tools.count(|counts| counts.phase = "importing");
    tell_anew(tools).await?;
    let looked = blocking(move || list_inbox(&inbox)).await?;
    let Inbox { found, links } = match looked {
        Ok(listed) => listed,
        Err(reason) => {
            tracing::warn!(library = %tools.library.name, reason, "the inbox cannot be read");
            tools.leave_undone(reason);
            return Ok(());
        }
    };
    for link in links {
        let (name, link) = (&tools.library.name, link.display());
        tracing::warn!(library = %name, %link, "a link in the inbox is not followed");
        tools.leave_undone(format!(
            "`{link}` is a link, and none in an inbox is followed\nhint: gphotos-syncd import {name} '{link}'"
        ));
    }
    if !found.is_empty() {
        note_delivered(tools, SourceKind::Takeout).await?;
    }
    for set in find_sets(found) {
        import_set(tools, set, Setting::Inbox).await?;
    }
    Ok(())
}

/// Takes in these parts and folders, which a person named; the balance of each export set.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn import_paths(tools: &Tools, paths: Vec<PathBuf>) -> Result<Vec<Balance>, Outcome> {
    tools.count(|counts| counts.phase = "importing");
    tell_anew(tools).await?;
    let looked = blocking(move || parts::find_named(&paths)).await?;
    let found = looked.map_err(Outcome::Unusable)?;
    let mut balances = Vec::new();
    for set in find_sets(found) {
        balances.extend(import_set(tools, set, Setting::Named).await?);
    }
    Ok(balances)
}

/// Takes in one export set as far as its parts are there; none: no part of it can be read yet.
async fn import_set(tools: &Tools, set: ExportSet, setting: Setting) -> Result<Option<Balance>, Outcome> {
    sweep_staged(tools).await?;
    let staged = stage_set(tools, &set, setting == Setting::Named).await?;
    let Some(export) = staged.export else {
        for (part, why) in &staged.unread {
            tracing::warn!(library = %tools.library.name, part, why, "a part of an export cannot be read");
            tools.leave_undone(format!("the part `{part}` cannot be read: {why}"));
        }
        return Ok(None);
    };
    if staged.is_known && !is_new_balance_due(tools, export, setting).await? {
        let last = balance::last_balance(tools, export).await?;
        match &last {
            // A kill may have come between the proof and what was to become of the archives.
            Some(balance) if balance.is_safe => dispose_of(tools, &set, balance).await?,
            Some(balance) => balance::leave_unproven(tools, balance),
            None => {}
        }
        return Ok(last);
    }
    pair_folders(tools, export).await?;
    shelve(tools, export).await?;
    sweep_staged(tools).await?;
    tell_facts(tools, export, set.stamp).await?;
    collect_albums(tools, export).await?;
    let proof = prove(tools, export).await?;
    let against =
        Against { unread: staged.unread, changed: changed_parts(tools, export, &set).await?, proof };
    let balance = draw_balance(tools, export, against, setting, wall_now()).await?;
    balance::tell_balance(tools, &balance);
    if balance.is_safe {
        dispose_of(tools, &set, &balance).await?;
    }
    Ok(Some(balance))
}

/// Whether a set whose parts are all known needs another balance: the last one was not complete, and its reasons may have passed.
async fn is_new_balance_due(tools: &Tools, export: i64, setting: Setting) -> Result<bool, Outcome> {
    let last = balance::last_balance(tools, export).await?;
    let unpaired = tools.store.unpaired_folders(export, 1).await.map_err(|error| end_of_store(&error))?;
    Ok(!unpaired.is_empty() || last.is_none_or(|last| !last.is_safe && last.may_change(setting, wall_now())))
}
