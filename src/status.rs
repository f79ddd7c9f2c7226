//! What a person or a monitor may read of the daemon: plain data, with its JSON form.
//!
//! Owns: the words of `status`, of the control socket and of `systemctl status`. Invariant: no secret
//! and no item name has a field here; fields are added, never renamed. May import: `media`, `takeout`.

mod parts;

pub use crate::status::parts::{DeletionStatus, ExportStatus};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

use crate::media::LibraryName;
use crate::takeout::rhythm::Notice;

/// The one state that a library is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LibraryState {
    /// Waiting for its next run.
    Idle,
    /// A run is under way.
    Running,
    /// The last run ended early for a passing reason; it is tried again by itself.
    BackingOff,
    /// The day's quota of the project is spent; work goes on after the reset.
    QuotaSpent,
    /// The token is missing, dead or refused; a person must run `login`.
    NeedsLogin,
    /// No room on disk; work goes on by itself when there is.
    DiskFull,
    /// A fault that waiting alone does not mend.
    Failed,
    /// No daemon runs, and whoever asks may not read what it left on disk; never a daemon's word.
    Unknown,
}

impl LibraryState {
    /// The word that people read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Running => "running",
            Self::BackingOff => "backing-off",
            Self::QuotaSpent => "quota-spent",
            Self::NeedsLogin => "needs-login",
            Self::DiskFull => "disk-full",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// The whole daemon at one moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DaemonStatus {
    /// Version of the program that made this.
    pub version: String,
    /// The configuration that it serves.
    pub config: PathBuf,
    /// The daemon's process id; none if `status` read the disk because no daemon runs.
    pub pid: Option<u32>,
    /// When the daemon started.
    pub started: Option<DateTime<Utc>>,
    /// Every configured library, in name order.
    pub libraries: Vec<LibraryStatus>,
    /// Every class of requests that the limiter paces.
    pub limits: Vec<ClassStatus>,
    /// The speed of all downloads together; none if it is not limited at any time.
    #[serde(default)]
    pub speed: Option<SpeedStatus>,
}

/// The speed of all downloads together at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeedStatus {
    /// Bytes per second; none: not limited now.
    pub bytes_per_second: Option<u64>,
    /// The window of `[limits.schedule]` that holds; none: the constant of `[limits]` does.
    pub window: Option<String>,
}

/// One library at one moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LibraryStatus {
    /// Its name in the configuration.
    pub name: LibraryName,
    /// Its root folder.
    pub root: PathBuf,
    /// Its state.
    pub state: LibraryState,
    /// Why it is in that state and what to do, as a sentence; empty if there is nothing to say.
    pub detail: String,
    /// When the state ends by itself, where that is known.
    pub until: Option<DateTime<Utc>>,
    /// The newest run that has ended.
    pub last_run: Option<RunSummary>,
    /// When the newest run that found and fetched everything ended.
    pub last_complete: Option<DateTime<Utc>>,
    /// When the next run is due; none if the schedule is `manual`.
    pub next_run: Option<DateTime<Utc>>,
    /// Items known.
    pub items: u64,
    /// Files on disk.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
    /// Items that are wanted but not on disk yet.
    pub wanted: u64,
    /// Items whose last try failed; they are among `wanted`.
    pub failed: u64,
    /// The newest failing items' reasons, at most [`FAILURES_SHOWN`].
    pub failures: Vec<FailureStatus>,
    /// What is known of its token.
    pub token: TokenHealth,
    /// The run under way.
    pub progress: Option<Progress>,
    /// The Takeout exports that were imported, newest first, at most [`EXPORTS_SHOWN`].
    #[serde(default)]
    pub exports: Vec<ExportStatus>,
    /// Where its items come from, in the words of the configuration; empty until that was looked at.
    #[serde(default)]
    pub sources: Vec<String>,
    /// What a person should know of its exports: late, incomplete, waiting, about to end.
    #[serde(default)]
    pub notices: Vec<Notice>,
    /// What the looks at the stored files found; none: they were never looked at.
    #[serde(default)]
    pub verify: Option<VerifyStatus>,
    /// What is gone at Google, and what became of its files.
    #[serde(default)]
    pub deletions: DeletionStatus,
    /// Whether its index was lost or damaged, and is being made anew.
    #[serde(default)]
    pub rebuilding: bool,
}

/// What hashing the stored files again found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyStatus {
    /// When the newest pass over all files came to its end.
    pub finished: Option<DateTime<Utc>>,
    /// Files that it looked at.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that it found below the root and that are not the library's.
    pub foreign: u64,
    /// Files and folders that it could not look at.
    #[serde(default)]
    pub unknown: u64,
    /// Files that are not there.
    pub missing: u64,
    /// Files that somebody changed.
    pub changed: u64,
    /// Files that the disk changed.
    pub damaged: u64,
    /// When the pass under way began.
    pub begun: Option<DateTime<Utc>>,
    /// Files that it has looked at so far.
    pub begun_files: u64,
}

impl VerifyStatus {
    /// What is the matter with the files, as a phrase; none: nothing.
    pub fn finding(&self) -> Option<String> {
        let kinds = [
            (self.damaged, "damaged"),
            (self.missing, "missing"),
            (self.changed, "changed"),
            (self.unknown, "not readable"),
        ];
        let told: Vec<String> = kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        (!told.is_empty()).then(|| format!("files on disk: {}", told.join(", ")))
    }
}

/// How many exports a status shows.
pub const EXPORTS_SHOWN: usize = 12;

/// The [`ClassStatus::mode`] of a class whose quota or budget of the day is spent.
pub const DAY_SPENT: &str = "day-spent";

/// The [`ClassStatus::mode`] of a class that Google refuses for now.
pub const BLOCKED: &str = "blocked";

/// How many failing items a status shows.
pub const FAILURES_SHOWN: usize = 20;

/// One item that could not be fetched.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FailureStatus {
    /// Where its file will be, below the root.
    pub path: String,
    /// Tries so far.
    pub tries: u32,
    /// What went wrong last.
    pub reason: String,
    /// When it is tried again at the earliest.
    pub next_try: Option<DateTime<Utc>>,
}

/// What is known of a library's token without asking Google.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum TokenHealth {
    /// No source of the library asks Google.
    NotNeeded,
    /// No token file.
    Missing,
    /// A token file that cannot be used, and why.
    Unusable {
        /// The reason, without any secret.
        reason: String,
    },
    /// A token file that whoever asks may not read, which says nothing of the token; never a daemon's word.
    Unreadable,
    /// A usable token.
    Good {
        /// When the refresh token dies, where Google told it (7 days with a "Testing" consent screen).
        dies_at: Option<DateTime<Utc>>,
        /// Why the newest token is in the daemon's memory alone, as a sentence without any secret; none: it is in its file.
        #[serde(default)]
        unsaved: Option<String>,
    },
    /// Google refused the refresh token.
    Dead {
        /// The reason, without any secret.
        reason: String,
    },
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunEnd {
    /// Everything listed is on disk.
    Complete,
    /// The run went to its end, but items failed.
    Incomplete,
    /// Stopped by a person or a shutdown.
    Interrupted,
    /// Parked: a quota is spent, or Google asks for a long rest.
    Throttled,
    /// Ended for want of a login.
    NeedsLogin,
    /// Ended for want of room on disk.
    DiskFull,
    /// Ended early by a passing fault of network or server.
    Transient,
    /// Ended by another fault.
    Failed,
}

impl RunEnd {
    /// Every end.
    pub const ALL: [Self; 8] = [
        Self::Complete,
        Self::Incomplete,
        Self::Interrupted,
        Self::Throttled,
        Self::NeedsLogin,
        Self::DiskFull,
        Self::Transient,
        Self::Failed,
    ];

    /// The word that people read, and that the index keeps.
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Interrupted => "interrupted",
            Self::Throttled => "throttled",
            Self::NeedsLogin => "needs-login",
            Self::DiskFull => "disk-full",
            Self::Transient => "transient",
            Self::Failed => "failed",
        }
    }
}

/// What a run did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunSummary {
    /// Its running number in the library.
    pub run: u64,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub finished: DateTime<Utc>,
    /// How it ended.
    pub end: RunEnd,
    /// Why, where it did not end complete.
    pub reason: Option<String>,
    /// Whether it listed the whole library.
    pub full: bool,
    /// Items listed.
    pub listed: u64,
    /// Items never seen before.
    pub new: u64,
    /// Files downloaded.
    pub downloaded: u64,
    /// Bytes downloaded.
    pub bytes: u64,
    /// Items that failed in this run.
    pub failed: u64,
    /// Files moved to the trash.
    #[serde(default)]
    pub trashed: u64,
    /// Files that came back from the trash, by Google or by a person.
    #[serde(default)]
    pub returned: u64,
    /// Files removed from the trash.
    #[serde(default)]
    pub purged: u64,
    /// Requests to the API hosts.
    pub api_requests: u64,
    /// Requests to the media hosts.
    pub media_requests: u64,
}

/// A run under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Running number of the run.
    pub run: u64,
    /// What it does now: `listing`, `albums`, `finishing`.
    pub phase: String,
    /// Items listed so far.
    pub listed: u64,
    /// Items known to be wanted so far in this run, done or not.
    pub wanted: u64,
    /// Files downloaded so far.
    pub downloaded: u64,
    /// Bytes downloaded so far.
    pub bytes: u64,
    /// Items failed so far.
    pub failed: u64,
    /// What it waits for, as a phrase; empty if it does not wait.
    pub waiting: String,
}

/// One class of requests at the limiter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClassStatus {
    /// Its name: `api`, `media`, `token`, `picker`, `drive`.
    pub class: String,
    /// The present rate, requests per second.
    pub pace: f64,
    /// The rate that the pace never passes.
    pub ceiling: f64,
    /// Whether that ceiling is a quota's size that Google told, below the configured one.
    #[serde(default)]
    pub ceiling_told: bool,
    /// `slow-start`, `steady`, `window`, `blocked` or `day-spent`.
    pub mode: String,
    /// Requests counted today (America/Los_Angeles).
    pub day_used: u64,
    /// The day's budget; none if it is not counted.
    pub day_budget: Option<u64>,
    /// Bytes fetched today, for a class whose bytes are counted.
    #[serde(default)]
    pub day_bytes: u64,
    /// The day's budget of bytes; none if they are not counted.
    #[serde(default)]
    pub day_bytes_budget: Option<u64>,
    /// Until when nothing is sent, where that is known.
    pub parked_until: Option<DateTime<Utc>>,
    /// Requests sent since the start.
    pub sent: u64,
    /// Answers 429 since the start.
    pub throttled: u64,
}

impl ClassStatus {
    /// What is left of the day's budget; nothing if Google says that the day is spent, whatever was counted here: others may use
    /// the same project.
    pub fn left_today(&self) -> Option<u64> {
        let left = self.day_budget?.saturating_sub(self.day_used);
        Some(if self.mode == DAY_SPENT { 0 } else { left })
    }

    /// Bytes that are left of the day's budget.
    pub fn bytes_left_today(&self) -> Option<u64> {
        Some(self.day_bytes_budget?.saturating_sub(self.day_bytes))
    }
}
