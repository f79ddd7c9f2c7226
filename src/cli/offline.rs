//! A status without a daemon: what the disk alone tells.
//!
//! Owns: the reading of indexes and token files for `status`. Invariant: changes nothing on disk and asks nobody.
//! May import: `auth`, `config`, `job`, `limiter`, `store`, `status`. Tests: below, of the pure part.

use chrono::{DateTime, Local, Utc};
use rustix::process::geteuid;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::auth::{TOKEN_FILE_NAME, TokenFile, TokenFileError};
use crate::config::{Config, Library};
use crate::job::{Refused, read_deletions, read_exports, read_verify, read_watch};
use crate::limiter::Limiter;
use crate::status::{
    ClassStatus, DaemonStatus, DeletionStatus, ExportStatus, FAILURES_SHOWN, LibraryState, LibraryStatus,
    RunEnd, RunSummary, SpeedStatus, TokenHealth, VerifyStatus,
};
use crate::store::{Store, StoreError, Totals};
use crate::supervisor::describe::{detail_for, reason_of_token, with_rebuild};
use crate::takeout::rhythm::Notice;

/// The index in its folder.
const INDEX_NAME: &str = "index.sqlite";

/// The index's folder in a root, unless the configuration names another.
const INDEX_DIR: &str = ".gphotos-syncd";

/// The limiter's word for a class whose day budget is spent.
const DAY_SPENT: &str = "day-spent";

/// What an index tells.
#[derive(Default)]
struct Indexed {
    totals: Totals,
    failures: Vec<crate::status::FailureStatus>,
    last_run: Option<RunSummary>,
    last_complete: Option<DateTime<Utc>>,
    refused: Option<Refused>,
    is_rebuilding: bool,
    exports: Vec<ExportStatus>,
    notices: Vec<Notice>,
    verify: Option<VerifyStatus>,
    deletions: DeletionStatus,
}

/// Every library as the disk tells at `now`.
pub(crate) async fn read_status(config: &Config, state_dir: &Path, now: DateTime<Utc>) -> DaemonStatus {
    let (limits, speed) = read_limits(config, state_dir);
    let spent =
        limits.iter().filter(|class| class.mode == DAY_SPENT).filter_map(|class| class.parked_until).max();
    let mut libraries = Vec::with_capacity(config.libraries.len());
    for library in config.libraries.values() {
        libraries.push(read_library(library, spent, now).await);
    }
    let path = std::fs::canonicalize(&config.path).unwrap_or_else(|_| config.path.clone());
    DaemonStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config: path,
        pid: None,
        started: None,
        libraries,
        limits,
        speed,
    }
}

/// The day budgets and the speed of downloads, if this user may read them; a state folder that is not there is not created.
fn read_limits(config: &Config, state_dir: &Path) -> (Vec<ClassStatus>, Option<SpeedStatus>) {
    if !state_dir.is_dir() {
        return (Vec::new(), None);
    }
    match Limiter::open(&config.limits, Some(state_dir)) {
        Ok(limiter) => (limiter.status(), limiter.speed()),
        Err(error) => {
            tracing::debug!(%error, "the day budgets cannot be read");
            (Vec::new(), None)
        }
    }
}

async fn read_library(library: &Library, spent: Option<DateTime<Utc>>, now: DateTime<Utc>) -> LibraryStatus {
    let (indexed, fault) = match read_index(library, now).await {
        Ok(indexed) => (indexed, None),
        Err(error) if error.is_denied() && is_of_another(library) => {
            (Indexed::default(), Some((LibraryState::Unknown, not_readable(library))))
        }
        Err(error) => (Indexed::default(), Some((LibraryState::Failed, crate::daemon::told(&error)))),
    };
    let token = health_of(library, indexed.refused.as_ref());
    let (state, reason) = decide_state(&token, indexed.last_run.as_ref(), spent, fault);
    let next_run = library.schedule.next_after(&now.with_timezone(&Local)).map(|due| due.to_utc());
    LibraryStatus {
        name: library.name.clone(),
        root: library.root.clone(),
        state,
        detail: with_rebuild(detail_for(state, &reason, &library.name), indexed.is_rebuilding),
        until: spent.filter(|_| state == LibraryState::QuotaSpent),
        last_run: indexed.last_run,
        last_complete: indexed.last_complete,
        next_run,
        items: indexed.totals.items,
        files: indexed.totals.files,
        bytes: indexed.totals.bytes,
        wanted: indexed.totals.wanted,
        failed: indexed.totals.failed,
        failures: indexed.failures,
        token,
        progress: None,
        exports: indexed.exports,
        sources: library.sources.iter().map(|source| source.word().to_owned()).collect(),
        notices: indexed.notices,
        verify: indexed.verify,
        rebuilding: indexed.is_rebuilding,
        deletions: indexed.deletions,
    }
}

async fn read_index(library: &Library, now: DateTime<Utc>) -> Result<Indexed, StoreError> {
    let dir = library.index_dir.clone().unwrap_or_else(|| library.root.join(INDEX_DIR));
    let Some(store) = Store::open_read_only(&dir.join(INDEX_NAME))? else { return Ok(Indexed::default()) };
    let (last_run, last_complete) = store.last_run().await?;
    let failures_max = u32::try_from(FAILURES_SHOWN).unwrap_or(u32::MAX);
    Ok(Indexed {
        totals: store.totals().await?,
        failures: store.failures(failures_max).await?,
        last_run,
        last_complete,
        refused: Refused::read(&store).await?,
        is_rebuilding: store.rebuild().await?.is_some(),
        exports: read_exports(&store).await?,
        notices: read_watch(&store, library, now).await?.notices,
        verify: read_verify(&store).await?,
        deletions: read_deletions(&store, library).await?,
    })
}

fn health_of(library: &Library, refused: Option<&Refused>) -> TokenHealth {
    if !library.needs_google() {
        return TokenHealth::NotNeeded;
    }
    match TokenFile::read(&library.root.join(TOKEN_FILE_NAME), &library.name) {
        Ok(file) => match refused.filter(|refused| refused.token == file.fingerprint()) {
            Some(refused) => TokenHealth::Dead { reason: refused.reason.clone() },
            None => TokenHealth::Good { dies_at: file.dies_at(), unsaved: None },
        },
        Err(TokenFileError::Missing { .. }) => TokenHealth::Missing,
        Err(TokenFileError::Denied { .. }) if is_of_another(library) => TokenHealth::Unreadable,
        Err(error) => TokenHealth::Unusable { reason: error.to_string() },
    }
}

/// The user to whom a library belongs, where that can be seen.
fn owner_of(library: &Library) -> Option<u32> {
    std::fs::metadata(&library.root).ok().map(|found| found.uid())
}

/// Whether it is no wonder that this user may not read the library; its own user's lack of rights is a fault.
fn is_of_another(library: &Library) -> bool {
    owner_of(library) != Some(geteuid().as_raw())
}

fn not_readable(library: &Library) -> String {
    let user = owner_of(library).map_or_else(String::new, |uid| format!(" -u '#{uid}'"));
    format!(
        "not readable by this user\nhint: ask as the daemon's user, sudo{user} gphotos-syncd status, or as a member of its group"
    )
}

/// The state that the disk implies, and why. `spent`: until when a day budget is spent; `index_fault`: what the lack of an index
/// implies.
fn decide_state(
    token: &TokenHealth,
    last_run: Option<&RunSummary>,
    spent: Option<DateTime<Utc>>,
    index_fault: Option<(LibraryState, String)>,
) -> (LibraryState, String) {
    if let Some(fault) = index_fault {
        return fault;
    }
    match token {
        TokenHealth::Missing | TokenHealth::Unusable { .. } | TokenHealth::Dead { .. } => {
            return (LibraryState::NeedsLogin, reason_of_token(token));
        }
        TokenHealth::Good { .. } | TokenHealth::NotNeeded | TokenHealth::Unreadable => {}
    }
    let Some(run) = last_run else { return (LibraryState::Idle, String::new()) };
    // With a good token, somebody has logged in since.
    let needs_login = run.end == RunEnd::NeedsLogin && *token == TokenHealth::Unreadable;
    let state = match run.end {
        RunEnd::NeedsLogin if needs_login => LibraryState::NeedsLogin,
        RunEnd::Complete | RunEnd::Incomplete | RunEnd::Interrupted | RunEnd::NeedsLogin => {
            LibraryState::Idle
        }
        RunEnd::Throttled if spent.is_some() => LibraryState::QuotaSpent,
        RunEnd::Throttled | RunEnd::Transient => LibraryState::BackingOff,
        RunEnd::DiskFull => LibraryState::DiskFull,
        RunEnd::Failed => LibraryState::Failed,
    };
    let reason = run.reason.clone().filter(|_| run.end != RunEnd::NeedsLogin || needs_login);
    (state, reason.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::cli::offline::decide_state;
    use crate::status::{LibraryState, RunEnd, RunSummary, TokenHealth};

    fn run(end: RunEnd) -> RunSummary {
        RunSummary {
            run: 1,
            started: "2026-11-22T16:00:00Z".parse().expect("legal"),
            finished: "2026-11-22T16:01:00Z".parse().expect("legal"),
            end,
            reason: Some("why".to_owned()),
            full: false,
            listed: 0,
            new: 0,
            downloaded: 0,
            bytes: 0,
            failed: 0,
            trashed: 0,
            returned: 0,
            purged: 0,
            api_requests: 0,
            media_requests: 0,
        }
    }

    #[test]
    fn the_disk_implies_one_state() {
        let good = || TokenHealth::Good { dies_at: None, unsaved: None };
        let dead = || TokenHealth::Dead { reason: "refused".to_owned() };
        let table = [
            (good(), None, LibraryState::Idle),
            (good(), Some(RunEnd::Complete), LibraryState::Idle),
            (good(), Some(RunEnd::Incomplete), LibraryState::Idle),
            (good(), Some(RunEnd::Interrupted), LibraryState::Idle),
            (good(), Some(RunEnd::NeedsLogin), LibraryState::Idle),
            (good(), Some(RunEnd::Throttled), LibraryState::BackingOff),
            (good(), Some(RunEnd::Transient), LibraryState::BackingOff),
            (good(), Some(RunEnd::DiskFull), LibraryState::DiskFull),
            (good(), Some(RunEnd::Failed), LibraryState::Failed),
            (dead(), Some(RunEnd::Complete), LibraryState::NeedsLogin),
            (TokenHealth::Missing, None, LibraryState::NeedsLogin),
            (TokenHealth::Unreadable, None, LibraryState::Idle),
            (TokenHealth::Unreadable, Some(RunEnd::DiskFull), LibraryState::DiskFull),
            (TokenHealth::Unreadable, Some(RunEnd::NeedsLogin), LibraryState::NeedsLogin),
        ];
        for (token, end, expected) in table {
            let last = end.map(run);
            assert_eq!(decide_state(&token, last.as_ref(), None, None).0, expected, "{token:?} {end:?}");
        }
        let throttled = run(RunEnd::Throttled);
        let spent = decide_state(&good(), Some(&throttled), Some(throttled.finished), None);
        assert_eq!(spent.0, LibraryState::QuotaSpent);
        let fault = decide_state(&good(), None, None, Some((LibraryState::Failed, "bad index".to_owned())));
        assert_eq!(fault, (LibraryState::Failed, "bad index".to_owned()));
    }
}
