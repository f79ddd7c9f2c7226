//! Stored files hashed again and compared with the index: bit rot, missing and foreign files; and their repair.
//!
//! Owns: passes over all files, by a person's `verify` in one go or by the runs a part at a time. Invariant: reads only, but for a
//! repair that a person asked for, and even then nothing is removed: a spoilt file is put aside, and not before its new copy is
//! whole, but for what only an export can bring; how far a pass got is committed with what it found. Memory does not grow with the library. May import: `store`, `fs`,
//! `config`, `limiter`. Tests: beside the pure parts; the whole in `tests/it/verify.rs`.
//!
//! The parts: `pass` (what is due, how far it got; pure), `look` (one file), `foreign` (what is not the library's), `aside` (spoilt files
//! kept), `repair` (what is wanted again).

pub(crate) mod aside;
mod foreign;
pub(crate) mod look;
mod pass;
mod repair;

use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::clock::{mono_now, wall_now};
use crate::config::Library;
use crate::fs::Root;
use crate::job::Outcome;
use crate::job::faults::{end_of_fs, end_of_root, end_of_store};
use crate::job::linking::link_albums;
use crate::job::open::{MARKER, index_path};
use crate::job::tools::{Tools, blocking};
use crate::job::verify::foreign::count_foreign;
use crate::job::verify::look::{Look, look_at};
pub use crate::job::verify::pass::Pass;
use crate::job::verify::pass::{Due, Whose, due_by_person, due_in_run};
pub use crate::job::verify::repair::Repair;
use crate::job::verify::repair::repair;
use crate::limiter::Limiter;
use crate::status::VerifyStatus;
use crate::store::{Found, FoundCounts, HeldFile, Store, StoreError};

/// Files taken from the index at once.
const FILES_AT_ONCE: u32 = 256;
/// What was found is committed at least this often: a kill costs no more of a pass.
const STEP_TIME: Duration = Duration::from_secs(5);
/// How long a run goes on with a pass: the runs after it do the rest, and a sync that is due waits no longer than this.
const SLICE_TIME: Duration = Duration::from_secs(20 * 60);
/// Files of each kind that are named; the others are counted.
pub(crate) const NAMED_MAX: usize = 100;
/// The fact that remembers since when runs look whether a pass is due.
const SINCE_FACT: &str = "verify-since";

/// What a person's `verify` is told.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The pass, at its end.
    pub pass: Pass,
    /// Whether it went on with one that was left before.
    pub is_taken_up: bool,
    /// How many files are not as they were stored.
    pub counts: FoundCounts,
    /// The first of them.
    pub found: Vec<(Found, String)>,
    /// The first of the files that could not be looked at, and why.
    pub unknown: Vec<(String, String)>,
    /// The first of the files that are not the library's.
    pub foreign: Vec<String>,
    /// What was done about it, if it was asked for.
    pub repair: Option<Repair>,
}

/// What the index remembers of passes, for `status`.
///
/// # Errors
/// See [`StoreError`].
pub async fn read_verify(store: &Store) -> Result<Option<VerifyStatus>, StoreError> {
    let mut passes = Vec::new();
    for whose in [Whose::Person, Whose::Runs] {
        passes.extend(store.fact(whose.fact()).await?.as_deref().and_then(Pass::parse));
    }
    let counts = store.found_counts().await?;
    let last = passes.iter().filter(|pass| pass.finished.is_some()).max_by_key(|pass| pass.finished);
    let open = passes.iter().filter(|pass| pass.finished.is_none()).max_by_key(|pass| pass.started);
    if last.is_none() && open.is_none() && counts.sum() == 0 {
        return Ok(None);
    }
    Ok(Some(VerifyStatus {
        finished: last.and_then(|pass| pass.finished),
        files: last.map_or(0, |pass| pass.files),
        bytes: last.map_or(0, |pass| pass.bytes),
        foreign: last.map_or(0, |pass| pass.foreign),
        unknown: last.map_or(0, |pass| pass.unknown),
        missing: counts.missing,
        changed: counts.changed,
        damaged: counts.damaged,
        begun: open.map(|pass| pass.started),
        begun_files: open.map_or(0, |pass| pass.files),
    }))
}

/// A person's pass over all files, and the repair of what is not as it was stored, if that is asked for.
///
/// # Errors
/// Why it must end; what was looked at is committed, and the next one goes on from there.
pub(crate) async fn verify(tools: &Tools, limiter: &Limiter, is_repair: bool) -> Result<Verified, Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    tools.count(|counts| counts.phase = "verifying");
    let totals = tools.store.totals().await.map_err(fault)?;
    let last = tools.store.fact(Whose::Person.fact()).await.map_err(fault)?;
    let (pass, is_taken_up) = match due_by_person(last.as_deref().and_then(Pass::parse), tools.started) {
        Due::Rest(pass) => (pass, true),
        Due::Anew | Due::Nothing => (Pass::begin(tools.started), false),
    };
    tools.count(|counts| counts.wanted = totals.files);
    let mut round =
        Round { tools, limiter, whose: Whose::Person, pass, unknown: Vec::new(), is_counted: true };
    round.go_on(None).await?;
    let foreign = round.finish().await?;
    let Round { pass, unknown, .. } = round;
    let counts = tools.store.found_counts().await.map_err(fault)?;
    let named = tools.store.files_found(None, u32::try_from(NAMED_MAX).unwrap_or(u32::MAX)).await;
    let found = named.map_err(fault)?.into_iter().filter_map(|held| Some((held.found?, held.path))).collect();
    let repair = if is_repair { Some(repair(tools).await?) } else { None };
    if repair.is_some_and(|repair| repair.wanted == 0) {
        // No run follows that would do it.
        link_albums(tools).await?;
    }
    Ok(Verified { pass, is_taken_up, counts, found, unknown, foreign, repair })
}

/// The part of a pass that a run does when one is due; a fault of it is said and costs the run nothing.
pub(crate) async fn verify_some(tools: &Tools, limiter: &Limiter) {
    match slice(tools, limiter).await {
        Ok(()) | Err(Outcome::Interrupted) => {}
        Err(outcome) => {
            tracing::warn!(
                ?outcome,
                "the stored files could not be hashed again; the next run goes on with it"
            );
        }
    }
}

async fn slice(tools: &Tools, limiter: &Limiter) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let last = tools.store.fact(Whose::Runs.fact()).await.map_err(fault)?;
    let since = tools.store.fact(SINCE_FACT).await.map_err(fault)?;
    let since = since.and_then(|text| text.parse().ok());
    if since.is_none() {
        tools.store.set_fact(SINCE_FACT, Some(tools.started.to_rfc3339())).await.map_err(fault)?;
    }
    let last = last.as_deref().and_then(Pass::parse);
    let pass = match due_in_run(last, since, tools.library.verify_every, tools.started) {
        Due::Nothing => return Ok(()),
        Due::Anew => Pass::begin(tools.started),
        Due::Rest(pass) => pass,
    };
    tools.count(|counts| counts.phase = "verifying");
    let mut round =
        Round { tools, limiter, whose: Whose::Runs, pass, unknown: Vec::new(), is_counted: false };
    if round.go_on(Some(mono_now() + SLICE_TIME)).await? {
        round.finish().await?;
        let Pass { files, bytes, unknown, foreign, .. } = round.pass;
        tracing::info!(files, bytes, unknown, foreign, "all stored files were hashed again");
    }
    Ok(())
}

/// A pass on its way.
struct Round<'a> {
    tools: &'a Tools,
    limiter: &'a Limiter,
    whose: Whose,
    pass: Pass,
    unknown: Vec<(String, String)>,
    /// Whether the progress that people see counts its files.
    is_counted: bool,
}

impl Round<'_> {
    /// Looks at files until none is left, or `until`; whether none is left.
    async fn go_on(&mut self, until: Option<Instant>) -> Result<bool, Outcome> {
        let tools = self.tools;
        // Ends: the pass moves on with each step, and the index has an end.
        loop {
            if tools.stop.is_begun() {
                return Err(Outcome::Interrupted);
            }
            if until.is_some_and(|until| mono_now() >= until) {
                return Ok(false);
            }
            let files = tools.store.files_after(self.pass.after(), FILES_AT_ONCE).await;
            let files = files.map_err(|error| end_of_store(&error))?;
            if files.is_empty() {
                return Ok(true);
            }
            self.look_at_some(files).await?;
        }
    }

    async fn look_at_some(&mut self, files: Vec<HeldFile>) -> Result<(), Outcome> {
        let tools = self.tools;
        let (root, stop, limiter) = (tools.root.clone(), tools.stop.clone(), self.limiter.clone());
        let runtime = Handle::current();
        let looked = blocking(move || {
            let until = mono_now() + STEP_TIME;
            let mut looked = Vec::new();
            for held in files {
                let look = look_at(&root, &held, |bytes| {
                    runtime.block_on(async {
                        tokio::select! {
                            () = stop.begun() => false,
                            () = limiter.spend_verified(bytes) => true,
                        }
                    })
                });
                if look == Look::Ended {
                    break;
                }
                looked.push((held, look));
                if stop.is_begun() || mono_now() >= until {
                    break;
                }
            }
            looked
        });
        self.commit(looked.await?).await
    }

    async fn commit(&mut self, looked: Vec<(HeldFile, Look)>) -> Result<(), Outcome> {
        let mut records = Vec::new();
        for (held, look) in looked {
            self.pass.move_past(held.item, held.part, held.bytes);
            if self.is_counted {
                self.tools.count(|counts| {
                    counts.downloaded += 1;
                    counts.bytes += held.bytes;
                });
            }
            match look {
                Look::AsStored => records.push((held.item, held.part, None)),
                Look::Not(found) => {
                    tracing::debug!(path = held.path, found = found.word(), "a file is not as it was stored");
                    records.push((held.item, held.part, Some(found)));
                }
                Look::Unknown(why) => {
                    self.pass.unknown += 1;
                    if self.unknown.len() < NAMED_MAX {
                        self.unknown.push((held.path, why));
                    }
                }
                Look::Ended => {}
            }
        }
        let progress = (self.whose.fact(), self.pass.text());
        self.tools.store.record_looks(records, progress).await.map_err(|error| end_of_store(&error))
    }

    /// Looks for what is not the library's, and ends the pass.
    async fn finish(&mut self) -> Result<Vec<String>, Outcome> {
        let foreign = count_foreign(self.tools).await?;
        self.pass.foreign = foreign.count;
        self.pass.unknown += foreign.unread;
        self.unknown.extend(foreign.unread_named);
        self.pass.finished = Some(wall_now());
        let progress = (self.whose.fact(), self.pass.text());
        let kept = self.tools.store.record_looks(Vec::new(), progress).await;
        kept.map_err(|error| end_of_store(&error)).map(|()| foreign.named)
    }
}

/// Whether a library has anything that could be verified: an index. Blocks.
///
/// # Errors
/// Its root cannot be opened; or it was synced once, and its index is gone.
pub(crate) fn has_index(library: &Library) -> Result<bool, Outcome> {
    let root = Root::open(&library.root).map_err(|error| end_of_root(&error, &library.root))?;
    if index_path(library).exists() {
        return Ok(true);
    }
    if root.entry(MARKER).map_err(|error| end_of_fs(&error))?.is_none() {
        return Ok(false);
    }
    let name = &library.name;
    Err(Outcome::Failed(format!(
        "its index is gone; the next run makes it anew\nhint: gphotos-syncd sync {name}"
    )))
}
