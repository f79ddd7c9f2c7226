//! What one run over a library is, and the run itself.
//!
//! Owns: the order of a run (open, check the account, backlog, listing, albums, links, record) and every decision in
//! it; [`Job`] is all that the supervisor sees of it. Invariant: a run is idempotent, remembers nothing but the index,
//! and never retries itself; a file is visible only when it is whole, durable and in its place; item names and
//! ids are logged at DEBUG only. May import: `source`, `google`, `auth`, `store`, `limiter` and what lies below them.
//! Tests: beside the pure parts; the whole flow in `tests/it`.
//!
//! The parts, in the order of a run: `sync` (the job), `open` (root, lock, index), `run` (the phases), `account`,
//! `rebuild` (what a lost index knew; with `evidence`, `found_links`, `witness`), `import` (Takeout exports), `watch` (whether they come as they should), `beside` (sidecars wished late), `feed` and `albums` (pages of wanted files, in order), `pump` (all that goes on at once) with `fetch`, `partial`,
//! `renew`, `settle`, `recognise` and `place` (one file's way to its name), `absent` and `trash` (what is gone at Google), `linking` and `apply` (the albums' folders),
//! `verify` (stored files hashed again).
//! Pure: `gone`, `plan`, `retry`, `claims`, `queue`, `motion`, `body`, `links`, `sidecar`, `xmp`, `faults`, `waiting`.

mod absent;
mod account;
mod albums;
mod apply;
mod beside;
mod body;
mod claims;
mod digest;
mod drive_look;
mod evidence;
mod faults;
mod feed;
mod fetch;
mod found_links;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod gone;
mod import;
mod linking;
mod links;
mod motion;
mod mounted;
mod open;
mod partial;
mod place;
mod plan;
mod pump;
mod queue;
mod rebuild;
mod recognise;
mod refused;
mod renew;
mod retry;
mod run;
mod settle;
mod sidecar;
mod sync;
mod ticket;
mod tools;
mod trash;
mod twins;
mod verify;
mod waiting;
mod watch;
mod witness;
pub mod xmp;

use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use crate::config::SourceKind;
pub use crate::job::absent::{held_text, read_deletions};
pub use crate::job::import::{Balance, read_exports};
pub use crate::job::refused::Refused;
pub use crate::job::sync::{Shared, SyncJob};
pub use crate::job::verify::{Pass, Repair, Verified, read_verify};
pub use crate::job::watch::{Watch, read_watch};
use crate::shutdown::Stop;
use crate::status::{
    DeletionStatus, ExportStatus, FailureStatus, Progress, RunSummary, TokenHealth, VerifyStatus,
};
use crate::store::Totals;
use crate::takeout::rhythm::NoticeKey;

/// How a run ended, for the supervisor's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything listed is on disk.
    Complete,
    /// Went to its end, but some items failed.
    Incomplete,
    /// Stopped by a person or a shutdown.
    Interrupted,
    /// Parked until a moment; `day`: the day's quota is spent.
    Throttled {
        /// When to go on.
        until: DateTime<Utc>,
        /// Whether a daily quota is the cause.
        day: bool,
    },
    /// A person must log in; the reason has no secret.
    NeedsLogin(String),
    /// No room on disk.
    DiskFull(String),
    /// Another process is at work in the root (exit code 75); the reason says which.
    Locked(String),
    /// This process lacks rights on the root (exit code 77).
    Denied(String),
    /// The root belongs to another library or cannot be used: a fault of the configuration (exit code 78).
    Unusable(String),
    /// A passing fault of network or server ended the run early.
    Transient(String),
    /// Any other fault.
    Failed(String),
}

/// What a run leaves behind.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// For the supervisor.
    pub outcome: Outcome,
    /// For people; none if the run did not get far enough to have a number.
    pub summary: Option<RunSummary>,
}

/// What is known of a library without a run.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Totals of the index.
    pub totals: Totals,
    /// Newest failing items.
    pub failures: Vec<FailureStatus>,
    /// Newest run.
    pub last_run: Option<RunSummary>,
    /// When the newest complete run ended.
    pub last_complete: Option<DateTime<Utc>>,
    /// Whether a run began after the newest one that has ended: it was cut off with its process, or it is under way.
    pub has_open_run: bool,
    /// Of the token.
    pub token: TokenHealth,
    /// Exports that were imported, newest first.
    pub exports: Vec<ExportStatus>,
    /// Where its items come from.
    pub sources: Vec<SourceKind>,
    /// What the looks at the stored files found; none: they were never looked at.
    pub verify: Option<VerifyStatus>,
    /// Whether its index was lost or damaged and is being made anew.
    pub is_rebuilding: bool,
    /// Of the watch over its exports; none: the index could not be looked at.
    pub watch: Option<Watch>,
    /// What is gone at Google, and the trash.
    pub deletions: DeletionStatus,
}

/// One library's work, as the supervisor sees it: idempotent, without memory of what changed, never retrying itself.
pub trait Job: Send + Sync + 'static {
    /// One run. `full` asks for a full listing whatever the period says.
    fn run<'a>(&'a self, full: bool, stop: Stop) -> Pin<Box<dyn Future<Output = RunReport> + Send + 'a>>;
    /// A person asks: the next run tries what failed earlier at once, without waiting for the end of its gap.
    fn hasten(&self);
    /// A person allows so many items at most to go to the trash in the next run.
    fn allow_deletions(&self, items: u64);
    /// What is known without a run.
    fn facts<'a>(&'a self) -> Pin<Box<dyn Future<Output = Facts> + Send + 'a>>;
    /// Remembers which notices were said in the journal, in the index if there is one.
    fn remember_said<'a>(
        &'a self,
        said: BTreeSet<NoticeKey>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
    /// The progress of the run under way, and what it waits for at this moment.
    fn progress(&self) -> Progress;
    /// A value that changes when the token file changes (mtime, inode, length); none: no file.
    fn token_stamp(&self) -> Option<u64>;
}
