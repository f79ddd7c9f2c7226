//! What goes over the control socket: one JSON object a line, each with the protocol's version.
//!
//! Owns: the words of the protocol. Invariant: plain data; fields are added, never renamed; no secret has a field here.
//! May import: `media`, `status`. Tests: `tests.rs`.

use serde::{Deserialize, Serialize};

use crate::media::LibraryName;
use crate::status::{DaemonStatus, LibraryStatus, RunSummary};

/// Version of the protocol; a line of another version is refused.
pub(crate) const PROTOCOL_VERSION: u32 = 1;

/// One line from a client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RequestLine {
    /// The client's [`PROTOCOL_VERSION`].
    pub(crate) version: u32,
    /// What it asks.
    pub(crate) request: Request,
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ask")]
pub enum Request {
    /// The daemon at this moment; answered with [`Reply::Status`].
    Status,
    /// A run now; answered with [`Reply::Library`] as it goes, and [`Reply::Ended`].
    Sync {
        /// Which libraries; none: all.
        #[serde(default)]
        libraries: Vec<LibraryName>,
        /// Whether the whole library is listed.
        #[serde(default)]
        full: bool,
        /// How many items of each library may go to the trash, however large a part of it they are.
        #[serde(default)]
        deletions: u64,
    },
    /// The token file of a library has changed; answered with [`Reply::Library`] once it was looked at.
    Look {
        /// Which library.
        library: LibraryName,
    },
}

/// One line from the daemon.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ReplyLine {
    /// The daemon's [`PROTOCOL_VERSION`].
    pub(crate) version: u32,
    /// What it answers.
    pub(crate) reply: Reply,
}

/// What the daemon answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum Reply {
    /// The daemon at this moment.
    Status {
        /// All of it.
        status: Box<DaemonStatus>,
    },
    /// One library at this moment.
    Library {
        /// All of it.
        status: Box<LibraryStatus>,
    },
    /// The runs that were asked for have ended.
    Ended {
        /// Each library's end.
        ends: Vec<LibraryEnd>,
    },
    /// The request is refused.
    Refused {
        /// Why, for a person.
        reason: String,
    },
}

/// How a run ended for those who asked for it: finer than the history's words, for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncResult {
    /// Everything listed is on disk.
    Complete,
    /// Went to its end, but items failed.
    Incomplete,
    /// Stopped by a person or a shutdown.
    Interrupted,
    /// Google asks for a long rest.
    Throttled,
    /// The day's quota of the project is spent.
    QuotaSpent,
    /// A person must log in.
    NeedsLogin,
    /// No room on disk.
    DiskFull,
    /// Another run or process holds the root.
    Locked,
    /// Rights on the root are missing.
    Denied,
    /// The root cannot be used.
    Unusable,
    /// A passing fault of network or server.
    Transient,
    /// Any other fault.
    Failed,
}

/// The end of one library's run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LibraryEnd {
    /// Whose.
    pub name: LibraryName,
    /// How it ended.
    pub result: SyncResult,
    /// Why, and what to do; empty if there is nothing to say.
    pub note: String,
    /// What the run did; none if it did not get far enough.
    pub summary: Option<RunSummary>,
}

// === impl SyncResult ===

impl SyncResult {
    /// The word that people read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Interrupted => "interrupted",
            Self::Throttled => "throttled",
            Self::QuotaSpent => "quota-spent",
            Self::NeedsLogin => "needs-login",
            Self::DiskFull => "disk-full",
            Self::Locked => "locked",
            Self::Denied => "denied",
            Self::Unusable => "unusable",
            Self::Transient => "transient",
            Self::Failed => "failed",
        }
    }
}
