//! What was tried becomes known: whole files get their names, and the index is told of them and of failures.
//!
//! Owns: the batch. Invariant: the index is told of a file only after its name is durable; one batch is settled at a
//! time. May import: `store`, `fs`. Tests: below for the batch; the rest in `tests/it`.

use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

use crate::clock::wall_now;
use crate::config::Sidecar;
use crate::job::Outcome;
use crate::job::beside::look_again;
use crate::job::claims::Key;
use crate::job::faults::{end_of_fs, end_of_store};
use crate::job::place::{Piece, SidecarRule, make_contents_durable, make_names_durable, place_group};
use crate::job::recognise::recognise;
use crate::job::retry::next_try_for;
use crate::job::sidecar::sidecar_text;
use crate::job::ticket::Whole;
use crate::job::tools::{Tools, blocking, lock};
use crate::store::{FailedTry, FilePart, Stored};

/// A batch is settled when it has this many files.
const BATCH_FILES: usize = 256;
/// A batch is settled when its files have this many bytes together.
const BATCH_BYTES: u64 = 64 * 1024 * 1024;
/// A batch is settled at the latest this long after its first file.
const BATCH_AGE_MAX: Duration = Duration::from_millis(500);
/// How many names are tried for one file before it counts as failed.
const NAMES_TRIED_MAX: u32 = 64;

/// Folders whose parents are known to be durable.
pub(crate) type SeenDirs = Arc<Mutex<HashSet<String>>>;

/// What has ended and is not in the index yet.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) files: Vec<Whole>,
    pub(crate) failures: Vec<FailedTry>,
    bytes: u64,
    since: Option<Instant>,
}

/// A batch that is in the index.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Files stored.
    pub(crate) stored: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Files that failed, those that could not be placed among them.
    pub(crate) failed: u64,
    /// Files that could not be placed.
    pub(crate) unplaced: u64,
    /// Why the last of them could not.
    pub(crate) reason: String,
    /// Why a sidecar could not be written, if one could not.
    pub(crate) sidecar_fault: Option<String>,
    /// What is no longer in hand.
    pub(crate) keys: Vec<Key>,
    /// The run must end.
    pub(crate) halt: Option<Outcome>,
}

impl Batch {
    /// Takes in a whole file at `now`.
    pub(crate) fn add(&mut self, whole: Whole, now: Instant) {
        self.bytes += whole.bytes;
        self.files.push(whole);
        self.since.get_or_insert(now);
    }

    /// Takes in a failed try at `now`.
    pub(crate) fn add_failure(&mut self, failure: FailedTry, now: Instant) {
        self.failures.push(failure);
        self.since.get_or_insert(now);
    }

    /// When it must be settled at the latest; none: it is empty.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + BATCH_AGE_MAX)
    }

    /// Whether it should be settled at `now`; `is_quiet`: nothing more is about to join it.
    pub(crate) fn is_due(&self, now: Instant, is_quiet: bool) -> bool {
        let is_full = self.files.len() + self.failures.len() >= BATCH_FILES || self.bytes >= BATCH_BYTES;
        self.due().is_some_and(|due| is_quiet || is_full || now >= due)
    }

    /// Whether more may join: a second batch may gather while the first is settled, but not a third.
    pub(crate) fn has_room(&self) -> bool {
        self.files.len() < 2 * BATCH_FILES
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.since.is_none()
    }
}

/// The try of a file that failed, with the moment of the next one.
pub(crate) fn failed_try(key: Key, tries_before: u32, reason: String, now: DateTime<Utc>) -> FailedTry {
    let next_try = next_try_for(tries_before.saturating_add(1), now, rand::random());
    FailedTry { id: key.0, part: key.1, reason, next_try }
}

/// Settles a batch.
pub(crate) async fn settle(tools: &Tools, batch: Batch, seen: SeenDirs) -> Settled {
    let mut settled = Settled::default();
    if let Err(halt) = settle_all(tools, batch, seen, &mut settled).await {
        settled.halt = Some(halt);
    }
    settled
}

async fn settle_all(
    tools: &Tools,
    batch: Batch,
    seen: SeenDirs,
    settled: &mut Settled,
) -> Result<(), Outcome> {
    let mut failures = batch.failures;
    if !batch.files.is_empty() {
        let (placed, unplaced) = place_all(tools, batch.files, seen, settled).await?;
        if settled.sidecar_fault.is_some() {
            look_again(tools).await?;
        }
        settled.unplaced = unplaced.len() as u64;
        for (whole, reason) in unplaced {
            tracing::debug!(path = %whole.path, reason, "a file could not be placed");
            settled.reason.clone_from(&reason);
            failures.push(failed_try(whole.key(), whole.tries, reason, wall_now()));
        }
        commit_placed(tools, placed, settled).await?;
    }
    if !failures.is_empty() {
        settled.failed = failures.len() as u64;
        let keys: Vec<Key> = failures.iter().map(|failure| (failure.id.clone(), failure.part)).collect();
        tools.store.commit_failed(failures).await.map_err(|error| end_of_store(&error))?;
        settled.keys.extend(keys);
    }
    Ok(())
}

async fn commit_placed(tools: &Tools, placed: Vec<Whole>, settled: &mut Settled) -> Result<(), Outcome> {
    if placed.is_empty() {
        return Ok(());
    }
    let keys: Vec<Key> = placed.iter().map(Whole::key).collect();
    let bytes = placed.iter().map(|whole| whole.bytes).sum();
    let stored: Vec<Stored> = placed.into_iter().map(stored_of).collect();
    let count = stored.len() as u64;
    tools.store.commit_stored(stored).await.map_err(|error| end_of_store(&error))?;
    settled.stored = count;
    settled.bytes = bytes;
    settled.keys.extend(keys);
    Ok(())
}

fn stored_of(whole: Whole) -> Stored {
    Stored {
        id: whole.id,
        part: whole.part,
        path: whole.path,
        bytes: whole.bytes,
        sha256: whole.sha256,
        mtime: whole.created.map(|at| at.timestamp()),
    }
}

/// Places the files durably; those whose name is taken by something foreign get the next one, round by round.
async fn place_all(
    tools: &Tools,
    files: Vec<Whole>,
    seen: SeenDirs,
    settled: &mut Settled,
) -> Result<(Vec<Whole>, Vec<(Whole, String)>), Outcome> {
    let rule = SidecarRule { kind: tools.library.sidecar, mode: tools.library.file_mode };
    let mut pieces = with_sidecars(tools, files).await?;
    let (mut placed, mut failed, mut dirs) = (Vec::new(), Vec::new(), BTreeSet::new());
    for round in 0..NAMES_TRIED_MAX {
        pieces = recognise(tools, pieces).await?;
        let root = tools.root.clone();
        let work = move || {
            let unwritten = if round == 0 {
                let (durable, unwritten) = make_contents_durable(&root, pieces)?;
                pieces = durable;
                unwritten
            } else {
                Vec::new()
            };
            let mut placement = place_group(&root, pieces, rule)?;
            placement.failed.extend(unwritten);
            Ok(placement)
        };
        let mut done = blocking(work).await?.map_err(|error| end_of_fs(&error))?;
        placed.append(&mut done.placed);
        failed.append(&mut done.failed);
        dirs.append(&mut done.dirs);
        settled.sidecar_fault = settled.sidecar_fault.take().or(done.sidecar_fault);
        pieces = done.taken;
        if pieces.is_empty() {
            break;
        }
        for piece in &mut pieces {
            let whole = &mut piece.whole;
            let renumbered = tools.store.renumber(whole.id.clone(), whole.part, tools.library.portable_names);
            whole.path = renumbered.await.map_err(|error| end_of_store(&error))?;
        }
    }
    let reason = "every name tried for it is taken by a foreign file";
    failed.extend(pieces.into_iter().map(|piece| (piece.whole, reason.to_owned())));
    let root = tools.root.clone();
    let named = blocking(move || make_names_durable(&root, &dirs, &mut lock(&seen))).await?;
    named.map_err(|error| end_of_fs(&error))?;
    Ok((placed, failed))
}

/// What is to be written beside each file.
async fn with_sidecars(tools: &Tools, files: Vec<Whole>) -> Result<Vec<Piece>, Outcome> {
    let kind = tools.library.sidecar;
    let mut pieces = Vec::with_capacity(files.len());
    for whole in files {
        let mut sidecar = None;
        if kind != Sidecar::None && whole.part == FilePart::Main {
            let item = tools.store.item(whole.id.clone()).await.map_err(|error| end_of_store(&error))?;
            sidecar = item.and_then(|item| sidecar_text(kind, &item));
        }
        pieces.push(Piece { whole, sidecar });
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use crate::clock::mono_now;
    use crate::job::settle::{BATCH_AGE_MAX, BATCH_BYTES, BATCH_FILES, Batch};
    use crate::job::ticket::Whole;
    use crate::media::MediaId;
    use crate::store::FilePart;

    fn whole(bytes: u64) -> Whole {
        Whole {
            id: MediaId("m".to_owned()),
            part: FilePart::Main,
            path: "p/a.jpg".to_owned(),
            created: None,
            tries: 0,
            is_replacement: false,
            partial: "q".to_owned(),
            bytes,
            sha256: [0; 32],
            clip: None,
        }
    }

    #[test]
    fn a_batch_is_due_when_full_or_large_or_old_or_when_all_is_quiet() {
        let now = mono_now();
        let mut batch = Batch::default();
        assert!(batch.is_empty() && !batch.is_due(now, true), "an empty batch is never due");
        batch.add(whole(1), now);
        assert!(!batch.is_due(now, false) && batch.is_due(now, true));
        assert!(batch.is_due(now + BATCH_AGE_MAX, false));
        batch.add(whole(BATCH_BYTES), now);
        assert!(batch.is_due(now, false));
        let mut many = Batch::default();
        for _ in 0..BATCH_FILES {
            assert!(!many.is_due(now, false));
            many.add(whole(1), now);
        }
        assert!(many.is_due(now, false) && many.has_room());
    }
}
