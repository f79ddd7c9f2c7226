//! One wanted file on its way through a run, and how a try at it ended.
//!
//! Invariant: plain data. May import: `media`, `store` for its plain types. Tests: none, there is nothing to decide here.

use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio::time::Instant;

use crate::job::Outcome;
use crate::job::claims::Key;
use crate::job::partial::Partial;
use crate::media::{BaseUrl, MediaId};
use crate::store::{FilePart, Wanted};

/// One wanted file.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) wanted: Wanted,
    /// Where its bytes are; none: Google must be asked.
    pub(crate) address: Option<Address>,
    /// Whether an address was refused in this run already.
    pub(crate) refused_once: bool,
    /// For a still: whether its listing makes a clip likely.
    pub(crate) likely_motion: bool,
    /// For a clip: whether the still itself says that there is one.
    pub(crate) certain_clip: bool,
    /// Tries in this run that broke.
    pub(crate) attempts: u32,
    /// What a broken try left to go on from.
    pub(crate) partial: Option<Box<Partial>>,
}

/// The address of a file's bytes and when it was told.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) url: BaseUrl,
    pub(crate) told: Instant,
}

/// A try that has ended.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) ticket: Ticket,
    pub(crate) end: End,
}

/// How a try ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The file lies whole in `partial/`.
    Whole(Box<Whole>),
    /// The clip that was guessed does not exist.
    NoClip,
    /// A video that Google is still processing.
    Processing,
    /// Refused for quota: it costs no try.
    Throttled(Duration),
    /// A passing fault; the reason has no secret.
    Broken(String),
    /// The address has expired.
    Stale,
    /// Trying again in this run does not mend it.
    Refused(String),
    /// The run is being stopped.
    Stopped,
    /// The whole run must end.
    Halt(Outcome),
}

/// A file that lies whole in `partial/`.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) id: MediaId,
    pub(crate) part: FilePart,
    /// Its final path below the root.
    pub(crate) path: String,
    pub(crate) created: Option<DateTime<Utc>>,
    /// Failed tries so far, for the gap if placing fails.
    pub(crate) tries: u32,
    /// Whether what lies at its path now is a spoilt copy, to be put aside for it.
    pub(crate) is_replacement: bool,
    /// Where it lies, below the root.
    pub(crate) partial: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: [u8; 32],
    /// The clip that must be fetched too.
    pub(crate) clip: Option<Clip>,
}

/// A motion photo's clip.
#[derive(Debug)]
pub(crate) struct Clip {
    pub(crate) wanted: Wanted,
    /// Whether the still itself says that there is one.
    pub(crate) certain: bool,
}

impl Ticket {
    /// A ticket for a file that the index wants.
    pub(crate) fn new(wanted: Wanted, address: Option<Address>, likely_motion: bool) -> Self {
        let certain_clip = wanted.part == FilePart::Motion;
        Self { wanted, address, refused_once: false, likely_motion, certain_clip, attempts: 0, partial: None }
    }

    /// Which file it is.
    pub(crate) fn key(&self) -> Key {
        (self.wanted.id.clone(), self.wanted.part)
    }
}

impl Whole {
    /// Which file it is.
    pub(crate) fn key(&self) -> Key {
        (self.id.clone(), self.part)
    }
}
