//! One run, phase by phase.
//!
//! Owns: the order of the phases, and what is said and recorded of a run. Invariant: a run that got a number is recorded, however it
//! ends. May import: what lies below `job`. Tests: `tests/it`.

use chrono::{DateTime, Utc};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tracing::Instrument;

use crate::auth::Authorizer;
use crate::clock::wall_now;
use crate::config::SourceKind;
use crate::fs::Lock;
use crate::job::absent::settle_deletions;
use crate::job::account::check_account;
use crate::job::beside::add_sidecars;
use crate::job::faults::{end_of_store, reason_of, run_end, text_of};
use crate::job::feed::feed;
use crate::job::import::{Balance, import_drive, import_inbox, import_paths};
use crate::job::linking::link_albums;
use crate::job::mounted::refuse_unmounted;
use crate::job::open::{Site, open_site};
use crate::job::pump::pump;
use crate::job::rebuild::{begin_rebuild, end_rebuild, salvage};
use crate::job::refused::remember;
use crate::job::sync::SyncJob;
use crate::job::tools::{Counts, Room, Tools, blocking};
use crate::job::twins::settle_twins;
use crate::job::verify::verify_some;
use crate::job::witness::keep_witness;
use crate::job::{Outcome, RunReport};
use crate::limiter::{Class, Limiter};
use crate::media::LibraryName;
use crate::shutdown::Stop;
use crate::status::RunSummary;
use crate::store::{Rebuild, StoreError};

/// Pages that may wait between the listing and the downloads: one is listed while the one before is fetched.
const PAGES_AHEAD: usize = 1;

/// Requests sent for the library so far.
#[derive(Clone, Copy, Debug)]
struct Sent {
    api: u64,
    media: u64,
}

/// What a run is for.
#[derive(Debug)]
pub(crate) enum Task<'a> {
    /// What the sources have; `full`: a full listing whatever the period says.
    Sync {
        /// Whether to list the whole library.
        full: bool,
    },
    /// The parts of exports that a person names.
    Import {
        /// Archives and folders.
        paths: Vec<PathBuf>,
        /// Where the balance of each export set goes.
        balances: &'a mut Vec<Balance>,
    },
}

/// One run: opens the root, works, and leaves a record.
pub(crate) async fn run(job: &SyncJob, mut task: Task<'_>, stop: Stop) -> RunReport {
    let started = wall_now();
    let sent = Sent::by(&job.shared.limiter, &job.library.name);
    let (site, number, rebuild) = match open(job, &task, started, &stop).await {
        Ok(opened) => opened,
        Err(outcome) => {
            say_not_begun(&job.library.name, &outcome);
            return RunReport { outcome, summary: None };
        }
    };
    let (tools, _held) = equip(job, Opened { site, run: number, rebuild, started }, stop);
    let span = tracing::info_span!("run", library = %job.library.name, run = number);
    let report = async {
        tracing::info!(full = matches!(task, Task::Sync { full: true }), "run started");
        tools.count(|counts| counts.phase = "starting");
        let ended = work(&tools, job, &mut task).await;
        let outcome = outcome_of(&tools, ended).await;
        if let Err(error) = keep_knowledge(&tools, job, &outcome).await {
            tracing::warn!(error = %text_of(&error), "what the run learned could not be recorded");
        }
        finish(&tools, outcome, sent, &job.shared.limiter).await
    };
    report.instrument(span).await
}

/// A root that is ready for a run.
pub(crate) struct Opened {
    pub(crate) site: Site,
    /// Number of the run; 0: none is kept of it.
    pub(crate) run: u64,
    /// How far a rebuild of the index is.
    pub(crate) rebuild: Option<Rebuild>,
    pub(crate) started: DateTime<Utc>,
}

/// What the parts of a run work with, and the lock that it holds.
pub(crate) fn equip(job: &SyncJob, opened: Opened, stop: Stop) -> (Tools, Lock) {
    let Opened { site, run, rebuild, started } = opened;
    let is_hastened = job.is_hastened.swap(false, Ordering::Relaxed);
    let Site { root, store, leftovers, lock } = site;
    let tools = Tools {
        library: job.library.clone(),
        source: job.shared.source.clone(),
        drive: job.shared.drive.clone(),
        store,
        room: Room::new(root.clone(), job.shared.min_free_space),
        root,
        downloads: job.shared.downloads.clone(),
        at_once: job.shared.downloads_at_once.max(1),
        rest_after_fault: job.shared.rest_after_fault,
        stop,
        started,
        due_until: if is_hastened { DateTime::<Utc>::MAX_UTC } else { started },
        deletions_allowed: job.deletions_allowed.swap(0, Ordering::Relaxed),
        run,
        rebuild,
        claims: Mutex::default(),
        leftovers: Mutex::new(leftovers),
        counts: Arc::default(),
        board: job.progress.clone(),
    };
    (tools, lock)
}

/// What the end of a run says of the login, the account and the index.
async fn keep_knowledge(tools: &Tools, job: &SyncJob, outcome: &Outcome) -> Result<(), StoreError> {
    if let Some(auth) = &job.shared.auth {
        remember(&tools.store, auth, outcome).await?;
        if matches!(outcome, Outcome::Complete | Outcome::Incomplete) {
            keep_witness(tools, auth).await?;
        }
    }
    end_rebuild(tools, outcome).await
}

/// The root made ready, the run's number, and how far a rebuild of the index is.
async fn open(
    job: &SyncJob,
    task: &Task<'_>,
    now: DateTime<Utc>,
    stop: &Stop,
) -> Result<(Site, u64, Option<Rebuild>), Outcome> {
    if stop.is_begun() {
        return Err(Outcome::Interrupted);
    }
    let is_import = matches!(task, Task::Import { .. });
    let needs_token = !is_import && !job.library.sources.contains(&SourceKind::Takeout);
    refuse_unmounted(&job.library, needs_token).await?;
    let (library, index) = (job.library.clone(), job.index.clone());
    let site = blocking(move || open_site(&library, &index, now)).await??;
    // Before the run has its number, for numbers go on from those of the damaged index.
    let rebuild = salvage(&site.store, &job.library, stop).await?;
    let number = site.store.next_run_number().await.map_err(|error| end_of_store(&error))?;
    Ok((site, number, rebuild))
}

/// The phases: what a lost index knew; exports; account, sidecars wished since, then backlog, listing and albums with their downloads; deletions;
/// the links.
async fn work(tools: &Tools, job: &SyncJob, task: &mut Task<'_>) -> Result<(), Outcome> {
    begin_rebuild(tools).await?;
    let full = match task {
        Task::Sync { full } => *full,
        Task::Import { paths, balances } => {
            **balances = import_paths(tools, std::mem::take(paths)).await?;
            settle_twins(tools).await?;
            return link_albums(tools).await;
        }
    };
    let has = |source| job.library.sources.contains(&source);
    let imported = import_exports(tools, has(SourceKind::Takeout)).await;
    if let Err(halt @ (Outcome::Interrupted | Outcome::DiskFull(_))) = imported {
        return Err(halt);
    }
    let asked = match &job.shared.auth {
        Some(auth) if has(SourceKind::LibraryApi) => ask_google(tools, auth, full).await,
        Some(_) | None => Ok(()),
    };
    // What exports brought gets its links whatever Google says.
    if has(SourceKind::Takeout) || has(SourceKind::Drive) || asked.is_ok() {
        settle_twins(tools).await?;
        link_albums(tools).await?;
    }
    imported.and(asked)?;
    // Last, and only where all went well: what may be left for later.
    verify_some(tools, &job.shared.limiter).await;
    Ok(())
}

/// Exports from the inbox, and from Drive.
async fn import_exports(tools: &Tools, has_inbox: bool) -> Result<(), Outcome> {
    if has_inbox {
        import_inbox(tools).await?;
    }
    import_drive(tools).await
}

/// What the library's sources list at Google, and its files.
async fn ask_google(tools: &Tools, auth: &Authorizer, full: bool) -> Result<(), Outcome> {
    tokio::select! {
        biased;
        () = tools.stop.begun() => return Err(Outcome::Interrupted),
        checked = check_account(tools, auth) => checked?,
    }
    add_sidecars(tools).await?;
    let (pages, waiting) = mpsc::channel(PAGES_AHEAD);
    match pump(tools, feed(tools, pages, full), waiting).await {
        Some(halt) => Err(halt),
        None => settle_deletions(tools, auth).await,
    }
}

/// A run that went to its end is complete only if nothing failed, now or earlier, and nothing was left undone.
async fn outcome_of(tools: &Tools, ended: Result<(), Outcome>) -> Outcome {
    if let Err(halt) = ended {
        return halt;
    }
    let counts = tools.counts();
    match tools.store.totals().await {
        Ok(totals) if totals.failed == 0 && counts.failed == 0 && counts.undone.is_none() => {
            Outcome::Complete
        }
        Ok(_) => Outcome::Incomplete,
        Err(error) => end_of_store(&error),
    }
}

/// Records the run and says how it ended.
async fn finish(tools: &Tools, outcome: Outcome, before: Sent, limiter: &Limiter) -> RunReport {
    tools.count(|counts| counts.phase = "finishing");
    let counts = tools.counts();
    let missing = match tools.store.totals().await {
        Ok(totals) => totals.failed.max(counts.failed),
        Err(_) => counts.failed,
    };
    let sent = Sent::by(limiter, &tools.library.name);
    let summary = summary_of(tools, &outcome, &counts, missing, before, sent);
    if let Err(error) = tools.store.record_run(summary.clone()).await {
        tracing::warn!(error = %text_of(&error), "the run could not be recorded");
    }
    say_undone(&counts, missing);
    say_ended(&summary);
    RunReport { outcome, summary: Some(summary) }
}

fn summary_of(
    tools: &Tools,
    outcome: &Outcome,
    counts: &Counts,
    missing: u64,
    before: Sent,
    after: Sent,
) -> RunSummary {
    RunSummary {
        run: tools.run,
        started: tools.started,
        finished: wall_now(),
        end: run_end(outcome),
        reason: reason_of(outcome, missing, counts.undone.as_deref()),
        full: counts.full,
        listed: counts.listed,
        new: counts.new,
        downloaded: counts.downloaded,
        bytes: counts.bytes,
        failed: counts.failed,
        trashed: counts.trashed,
        returned: counts.returned,
        purged: counts.purged,
        api_requests: after.api.saturating_sub(before.api),
        media_requests: after.media.saturating_sub(before.media),
    }
}

/// What a run left undone, a line for each kind: never one for each item, page or album, of which there may be a million.
fn say_undone(counts: &Counts, missing: u64) {
    if missing > 0 {
        tracing::warn!(count = missing, "files could not be fetched; they are tried again in later runs");
    }
    if counts.malformed > 0 {
        tracing::warn!(count = counts.malformed, "Google listed entries without an id");
    }
    if counts.links_failed > 0 {
        let reason = counts.undone.as_deref().unwrap_or_default();
        tracing::warn!(count = counts.links_failed, reason, "album links could not be made or removed");
    }
}

fn say_ended(summary: &RunSummary) {
    tracing::info!(
        end = ?summary.end,
        reason = summary.reason.as_deref().unwrap_or_default(),
        full = summary.full,
        listed = summary.listed,
        new = summary.new,
        downloaded = summary.downloaded,
        bytes = summary.bytes,
        failed = summary.failed,
        trashed = summary.trashed,
        returned = summary.returned,
        purged = summary.purged,
        api_requests = summary.api_requests,
        media_requests = summary.media_requests,
        seconds = (summary.finished - summary.started).num_seconds(),
        "run finished"
    );
}

fn say_not_begun(library: &LibraryName, outcome: &Outcome) {
    let reason = reason_of(outcome, 0, None).unwrap_or_default();
    tracing::warn!(%library, reason, "a run could not begin");
}

impl Sent {
    fn by(limiter: &Limiter, library: &LibraryName) -> Self {
        Self { api: limiter.sent_by(Class::Api, library), media: limiter.sent_by(Class::Media, library) }
    }
}
