//! The file that carries the day's counts and the learnt paces over a restart: `limiter.json`.
//!
//! Owns: its form, and when it is due. It is written in whole, atomically: before a count passes its reserve, at
//! once when Google calls a day spent, and otherwise at most once a second. A file that cannot be understood is
//! reported and taken for none: at worst Google refuses what was already used, which the limiter handles.
//!
//! Invariant: only [`Ledger::write`] writes, one writer at a time. May import: `fs`. Tests: in `limiter/tests`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::fs::{FsError, write_atomic};
use crate::limiter::LimiterError;
use crate::limiter::budget::DayRecord;
use crate::limiter::told::Told;

/// The file's name in the state directory.
const FILE_NAME: &str = "limiter.json";
/// The form of the file.
const VERSION: u32 = 1;
/// Changes that can wait are written at most this often.
const WRITE_GAP: Duration = Duration::from_secs(1);
/// A learnt pace older than this says little about the quota.
const PACE_AGE_MAX: TimeDelta = TimeDelta::hours(24);
/// The file is a few hundred bytes; a larger one than this, in bytes, is not ours.
const BYTES_MAX: u64 = 1 << 20;
/// Only the daemon's user has business with it.
const MODE: u32 = 0o600;

/// What is kept of one class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClassRecord {
    /// The day's count.
    pub(crate) day: DayRecord,
    /// The anchor of the pace, requests per second, once one was learnt.
    #[serde(default)]
    pub(crate) pace: Option<f64>,
    /// What Google told of the quotas' sizes.
    #[serde(default)]
    pub(crate) told: Told,
    /// The day's bytes, for a class whose bytes are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<DayRecord>,
    /// Until when the gate is closed.
    #[serde(default)]
    pub(crate) closed_until: Option<DateTime<Utc>>,
}

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    version: u32,
    saved: DateTime<Utc>,
    classes: BTreeMap<String, ClassRecord>,
}

/// The file, and whether it is due.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    path: Option<PathBuf>,
    /// Something changed that the file does not tell.
    changed: AtomicBool,
    /// Something changed that must not wait.
    urgent: AtomicBool,
    /// Requests were counted since the last write, within their reserve.
    counted: AtomicBool,
    /// Milliseconds since the epoch of the limiter.
    written_ms: AtomicU64,
    writing: Mutex<()>,
    /// The last write failed, and that was said.
    failing: AtomicBool,
}

impl Ledger {
    /// The ledger in `state_dir`, which is created if need be, and what it says at `wall`.
    ///
    /// # Errors
    /// If the directory or the file cannot be read.
    pub(crate) fn open(
        state_dir: Option<&Path>,
        wall: DateTime<Utc>,
    ) -> Result<(Self, BTreeMap<String, ClassRecord>), LimiterError> {
        let Some(dir) = state_dir else { return Ok((Self::default(), BTreeMap::new())) };
        let path = dir.join(FILE_NAME);
        let classes = std::fs::create_dir_all(dir)
            .and_then(|()| read(&path))
            .map_err(|source| LimiterError { path: path.clone(), source })?;
        let classes = classes.map_or_else(BTreeMap::new, |text| understand(&path, &text, wall));
        Ok((Self { path: Some(path), ..Self::default() }, classes))
    }

    /// Whether anything is kept on disk.
    pub(crate) fn on_disk(&self) -> bool {
        self.path.is_some()
    }

    /// Something changed; `urgent`: it must be on disk before the next request.
    pub(crate) fn mark_changed(&self, urgent: bool) {
        self.changed.store(true, Ordering::Relaxed);
        if urgent {
            self.urgent.store(true, Ordering::Relaxed);
        }
    }

    /// A request was counted that a reserve covers.
    pub(crate) fn mark_counted(&self) {
        self.counted.store(true, Ordering::Relaxed);
    }

    /// Whether the caller is to write, `now` since the epoch; says so to one caller only.
    pub(crate) fn take_due(&self, now: Duration) -> bool {
        let rested = millis(now).saturating_sub(self.written_ms.load(Ordering::Relaxed)) >= millis(WRITE_GAP);
        self.on_disk()
            && (self.urgent.load(Ordering::Relaxed) || rested && self.changed.load(Ordering::Relaxed))
            && {
                self.urgent.store(false, Ordering::Relaxed);
                self.changed.swap(false, Ordering::Relaxed)
            }
    }

    /// Whether the file does not tell exactly what is.
    pub(crate) fn is_behind(&self) -> bool {
        self.on_disk() && (self.changed.load(Ordering::Relaxed) || self.counted.load(Ordering::Relaxed))
    }

    /// Writes what `records` gives, `now` since the epoch; `written` is told of it whether or not it worked, for the
    /// work goes on without a disk. The first failure of a row is logged. Blocks.
    pub(crate) fn write(
        &self,
        now: Duration,
        wall: DateTime<Utc>,
        records: impl FnOnce() -> BTreeMap<String, ClassRecord>,
        written: impl FnOnce(&BTreeMap<String, ClassRecord>),
    ) {
        let Some(path) = &self.path else { return };
        let _one_writer = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.changed.store(false, Ordering::Relaxed);
        self.counted.store(false, Ordering::Relaxed);
        self.written_ms.store(millis(now), Ordering::Relaxed);
        let state = State { version: VERSION, saved: wall, classes: records() };
        let outcome = serde_json::to_vec_pretty(&state)
            .map_err(|source| FsError { what: "write", path: path.clone(), source: source.into() })
            .and_then(|text| write_atomic(path, &text, MODE));
        written(&state.classes);
        let failed_before = self.failing.swap(outcome.is_err(), Ordering::Relaxed);
        if let (Err(error), false) = (&outcome, failed_before) {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "the limiter's state is not on disk; after a crash the day's count begins too low"
            );
        }
    }
}

/// The file's text; none if there is none.
fn read(path: &Path) -> std::io::Result<Option<String>> {
    let length = match std::fs::metadata(path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if length > BYTES_MAX {
        return Ok(Some(String::new()));
    }
    std::fs::read(path).map(|bytes| Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// What the file says of each class.
fn understand(path: &Path, text: &str, wall: DateTime<Utc>) -> BTreeMap<String, ClassRecord> {
    match serde_json::from_str::<State>(text) {
        Ok(state) if state.version == VERSION => {
            let fresh = (wall - state.saved).abs() <= PACE_AGE_MAX;
            let aged = |record: ClassRecord| ClassRecord {
                pace: record.pace.filter(|pace| fresh && pace.is_finite() && *pace > 0.0),
                ..record
            };
            state.classes.into_iter().map(|(class, record)| (class, aged(record))).collect()
        }
        Ok(state) => {
            let version = state.version;
            tracing::warn!(path = %path.display(), version, "the limiter's state has an unknown form; counting begins anew");
            BTreeMap::new()
        }
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the limiter's state is damaged; counting begins anew");
            BTreeMap::new()
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
