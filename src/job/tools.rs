//! What every part of one run works with: the handles, the claims, the counts.
//!
//! Owns: the counts of a run and the progress made of them. Invariant: lives for one run; no lock is held over an
//! await. May import: every module below `job`. Tests: `tests/it`.

use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

use crate::config::Library;
use crate::fs::{FsError, Root};
use crate::google::GoogleClient;
use crate::job::Outcome;
use crate::job::claims::Claims;
use crate::job::faults::{end_of_fs, text_of};
use crate::job::partial::Leftover;
use crate::media::MediaItem;
use crate::names::file_name_for;
use crate::shutdown::Stop;
use crate::source::Source;
use crate::status::Progress;
use crate::store::{NewItem, Rebuild, Store};

/// What every part of one run works with.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) library: Arc<Library>,
    pub(crate) source: Source,
    /// The way to the account's Drive, if exports are fetched from there.
    pub(crate) drive: Option<GoogleClient>,
    pub(crate) store: Store,
    pub(crate) root: Root,
    pub(crate) room: Room,
    /// Leave to download, for all libraries together.
    pub(crate) downloads: Arc<Semaphore>,
    /// How many downloads this run has under way at most.
    pub(crate) at_once: usize,
    /// The first rest of a file after a passing fault.
    pub(crate) rest_after_fault: Duration,
    pub(crate) stop: Stop,
    /// When the run began.
    pub(crate) started: DateTime<Utc>,
    /// Failed files whose next try is due by then are tried: when the run began, or all if a person asked.
    pub(crate) due_until: DateTime<Utc>,
    /// How many items a person allowed to go to the trash in this run at most.
    pub(crate) deletions_allowed: u64,
    /// Number of the run.
    pub(crate) run: u64,
    /// How far the rebuild of a lost index was when the run began.
    pub(crate) rebuild: Option<Rebuild>,
    pub(crate) claims: Mutex<Claims>,
    /// What earlier runs left of large files, by key.
    pub(crate) leftovers: Mutex<HashMap<String, Leftover>>,
    pub(crate) counts: Arc<Mutex<Counts>>,
    pub(crate) board: watch::Sender<Progress>,
}

/// What a run has done so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) phase: &'static str,
    pub(crate) waiting: &'static str,
    pub(crate) listed: u64,
    pub(crate) new: u64,
    pub(crate) wanted: u64,
    pub(crate) downloaded: u64,
    pub(crate) bytes: u64,
    pub(crate) failed: u64,
    /// Entries of listings that had no id.
    pub(crate) malformed: u64,
    /// Album links that could not be made or removed.
    pub(crate) links_failed: u64,
    /// Whether a full listing was gone through to its end.
    pub(crate) full: bool,
    /// Files moved to the trash.
    pub(crate) trashed: u64,
    /// Files that came back from the trash, by Google or by a person.
    pub(crate) returned: u64,
    /// Files removed from the trash.
    pub(crate) purged: u64,
    /// The first thing other than a file that was left undone (an album, a link, a sidecar, an entry that was no item), as a
    /// phrase without names of items.
    pub(crate) undone: Option<String>,
}

impl Tools {
    /// Changes the counts and shows them.
    pub(crate) fn count(&self, change: impl FnOnce(&mut Counts)) {
        self.meter().count(change);
    }

    /// What counts from another thread.
    pub(crate) fn meter(&self) -> Meter {
        Meter { run: self.run, counts: Arc::clone(&self.counts), board: self.board.clone() }
    }

    /// Remembers that something other than a file was left undone.
    pub(crate) fn leave_undone(&self, what: String) {
        self.count(|counts| {
            counts.undone.get_or_insert(what);
        });
    }

    /// Ends the run's work if a stop has begun.
    ///
    /// # Errors
    /// [`Outcome::Interrupted`].
    pub(crate) fn check_stop(&self) -> Result<(), Outcome> {
        if self.stop.is_begun() { Err(Outcome::Interrupted) } else { Ok(()) }
    }

    /// The counts as they are.
    pub(crate) fn counts(&self) -> Counts {
        lock(&self.counts).clone()
    }

    /// An item with the folder and name that its file should have.
    pub(crate) fn new_item(&self, item: MediaItem) -> NewItem {
        let portable = self.library.portable_names;
        NewItem {
            dir: self.library.layout.dir_for(item.created),
            name: file_name_for(item.filename.as_deref(), &item.id.0, item.mime.as_deref(), portable),
            item,
        }
    }
}

/// The counts of a run, and the board where people read them; clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    run: u64,
    counts: Arc<Mutex<Counts>>,
    board: watch::Sender<Progress>,
}

impl Meter {
    /// Changes the counts and shows them.
    pub(crate) fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = lock(&self.counts);
        change(&mut counts);
        let progress = Progress {
            run: self.run,
            phase: counts.phase.to_owned(),
            listed: counts.listed,
            wanted: counts.wanted,
            downloaded: counts.downloaded,
            bytes: counts.bytes,
            failed: counts.failed,
            waiting: counts.waiting.to_owned(),
        };
        drop(counts);
        self.board.send_replace(progress);
    }
}

/// The room that must stay free on the root's file system.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    root: Root,
    least_bytes: u64,
}

/// Why there is no room.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoomError {
    /// Too little would stay free.
    #[error(
        "{} free below `{root}` and {} to write would leave less than `min-free-space`, {}\nhint: df -h {root}",
        bytesize::ByteSize(*.free), bytesize::ByteSize(*.extra), bytesize::ByteSize(*.least)
    )]
    Short {
        /// The root.
        root: String,
        /// Free, bytes.
        free: u64,
        /// To be written, bytes.
        extra: u64,
        /// To stay free, bytes.
        least: u64,
    },
    /// The file system does not tell.
    #[error(transparent)]
    Fs(#[from] FsError),
}

impl Room {
    pub(crate) fn new(root: Root, least_bytes: u64) -> Self {
        Self { root, least_bytes }
    }

    /// Whether `extra` more bytes may be written; blocks.
    pub(crate) fn check(&self, extra: u64) -> Result<(), RoomError> {
        let free = self.root.free_bytes()?;
        if free.saturating_sub(extra) >= self.least_bytes {
            return Ok(());
        }
        let root = self.root.path().display().to_string();
        Err(RoomError::Short { root, free, extra, least: self.least_bytes })
    }
}

/// How a run ends for want of room.
pub(crate) fn room_end(error: &RoomError) -> Outcome {
    match error {
        RoomError::Short { .. } => Outcome::DiskFull(text_of(error)),
        RoomError::Fs(error) => end_of_fs(error),
    }
}

/// Locks `mutex`; what a panicked holder left is plain counts and sets, good enough to end a run with.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs blocking work on a thread for it.
///
/// # Errors
/// [`Outcome::Failed`] if the work broke, which is a bug.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T, Outcome>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|error| Outcome::Failed(format!("a step of the run broke off: {error}")))
}
