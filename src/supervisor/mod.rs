//! The supervisor: one worker for each library, started, watched, replaced and drained.
//!
//! Owns: the workers' tasks and the sign of life to the service manager. Invariant: a fault of one worker never touches
//! another; `WATCHDOG=1` is sent by this loop alone, and only while every worker shows that it lives.
//! May import: `job`, `media`, `shutdown`, `status`, `systemd`, `clock`. Tests: `tests.rs`, with a fake job.

mod announce;
pub mod backoff;
pub mod describe;
mod handle;
pub mod schedule;
mod sentence;
mod slot;
pub mod state;
mod tasks;
pub mod ticker;
mod worker;

use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use crate::clock::mono_now;
use crate::job::{Job, Outcome};
use crate::media::LibraryName;
use crate::shutdown::Stop;
use crate::status::LibraryStatus;
use crate::supervisor::announce::log;
pub use crate::supervisor::handle::{Handle, Ticket};
use crate::supervisor::schedule::DueAfter;
pub use crate::supervisor::sentence::Quotas;
use crate::supervisor::sentence::sentence;
pub use crate::supervisor::slot::{Activator, Answered, Published, Slot};
use crate::supervisor::state::{EndFacts, WorkerState};
use crate::supervisor::ticker::Reading;
use crate::supervisor::worker::Worker;
use crate::systemd::{Message, Notifier};

/// The longest a stop may take, seconds: less than `TimeoutStopSec=90` of the unit, so that the daemon ends by itself.
pub const GRACE_SECS: u64 = 60;

/// A worker that has not answered a tick for this long is stalled: two ticks, each of which may be late.
const BEAT_AGE_MAX: Duration = Duration::from_secs(30);

/// How soon a stalled worker is looked at again, where a sign of life is due.
const STALLED_LOOK_PERIOD: Duration = Duration::from_secs(1);

/// At least this long between two status sentences that differ in progress alone.
const SENTENCE_PERIOD: Duration = Duration::from_secs(5);

/// How long a worker that died of a bug rests before it is started again; less than [`BEAT_AGE_MAX`].
const RESTART_REST: Duration = Duration::from_secs(5);

/// Changes of the set of libraries that may wait; a reload sends one.
const COMMANDS_MAX: usize = 4;

/// One library as the supervisor needs it.
pub struct Spec {
    /// Its name.
    pub name: LibraryName,
    /// Its root folder.
    pub root: PathBuf,
    /// Makes the function that tells when runs are due.
    pub due_after: Box<dyn Fn() -> DueAfter + Send + Sync>,
    /// A run begins within this after it is due.
    pub splay: Duration,
    /// What it does.
    pub job: Arc<dyn Job>,
}

/// A change of the set of libraries.
#[derive(Debug, Default)]
pub struct Changes {
    /// New libraries, and those whose settings changed: their workers are replaced once no run is under way.
    pub start: Vec<Arc<Spec>>,
    /// Libraries that are no longer configured: their workers end once no run is under way.
    pub end: Vec<LibraryName>,
}

type Slots = BTreeMap<LibraryName, Slot>;

/// Starts, watches and drains the workers.
pub struct Supervisor {
    ticks: watch::Receiver<Reading>,
    news: Arc<Notify>,
    notifier: Notifier,
    commands: mpsc::Receiver<Changes>,
    slots: watch::Sender<Slots>,
    note: watch::Receiver<String>,
    quotas: Quotas,
    workers: JoinSet<()>,
    present: BTreeMap<LibraryName, (Id, Arc<Spec>)>,
    pending: BTreeMap<LibraryName, Option<Arc<Spec>>>,
    sentence: (String, Instant),
    watchdog_sent: Instant,
    stalled: Option<LibraryName>,
}

// === impl Supervisor ===

impl Supervisor {
    /// A supervisor with a worker for each of `specs`, and its handle. `ticks` holds the newest reading of the clocks;
    /// `quotas` is for the status sentence.
    pub fn start(
        specs: Vec<Arc<Spec>>,
        ticks: watch::Receiver<Reading>,
        notifier: Notifier,
        quotas: Quotas,
    ) -> (Self, Handle) {
        let (sender, commands) = mpsc::channel(COMMANDS_MAX);
        let (slots, slots_seen) = watch::channel(Slots::new());
        let (note, note_seen) = watch::channel(String::new());
        let mut supervisor = Self {
            ticks,
            news: Arc::default(),
            notifier,
            commands,
            slots,
            note: note_seen,
            quotas: quotas.clone(),
            workers: JoinSet::new(),
            present: BTreeMap::new(),
            pending: BTreeMap::new(),
            sentence: (String::new(), mono_now()),
            watchdog_sent: mono_now(),
            stalled: None,
        };
        for spec in specs {
            supervisor.spawn(spec);
        }
        (supervisor, Handle { commands: sender, slots: slots_seen, note, quotas })
    }

    /// Watches the workers until `stop`, then drains them within [`GRACE_SECS`]. True if every worker ended by itself.
    pub async fn run(mut self, stop: Stop) -> bool {
        let mut deadline: Option<Instant> = None;
        loop {
            if deadline.is_some() && self.workers.is_empty() {
                return true;
            }
            #[cfg(debug_assertions)]
            hang_on_request().await;
            let look = self.next_look();
            tokio::select! {
                tick = self.ticks.changed() => match tick {
                    Ok(()) => self.look(deadline.is_some()),
                    Err(_) => return false,
                },
                () = sleep_until(look) => self.look(deadline.is_some()),
                () = self.news.notified(), if deadline.is_none() => self.tell_status(mono_now()),
                Some(ended) = self.workers.join_next_with_id() => self.on_worker_ended(ended, deadline.is_some()),
                Some(changes) = self.commands.recv(), if deadline.is_none() => self.apply(changes),
                () = stop.begun(), if deadline.is_none() => {
                    deadline = Some(mono_now() + Duration::from_secs(GRACE_SECS));
                    self.begin_drain();
                }
                () = sleep_until(deadline) => {
                    tracing::warn!(workers = self.workers.len(), "workers did not end within the grace; they are left");
                    return false;
                }
            }
        }
    }

    fn spawn(&mut self, spec: Arc<Spec>) {
        self.spawn_in(spec, WorkerState::Idle, String::new(), Duration::ZERO);
    }

    fn spawn_in(&mut self, spec: Arc<Spec>, state: WorkerState, reason: String, rest: Duration) {
        let name = spec.name.clone();
        let (worker, slot) =
            Worker::new(Arc::clone(&spec), state, reason, self.ticks.clone(), Arc::clone(&self.news));
        let work = async move {
            tokio::time::sleep(rest).await;
            worker.work().await;
        };
        let id = self.workers.spawn(work).id();
        self.present.insert(name.clone(), (id, spec));
        self.slots.send_modify(|slots| {
            slots.insert(name, slot);
        });
    }

    fn apply(&mut self, changes: Changes) {
        let ending = changes.end.into_iter().map(|name| (name, None));
        let starting = changes.start.into_iter().map(|spec| (spec.name.clone(), Some(spec)));
        for (name, spec) in ending.chain(starting).collect::<Vec<_>>() {
            let present = self.slots.borrow().get(&name).map(|slot| slot.leave.clone());
            match (present, spec) {
                (Some(leave), spec) => {
                    leave.begin();
                    self.pending.insert(name, spec);
                }
                (None, Some(spec)) => self.spawn(spec),
                (None, None) => {}
            }
        }
    }

    fn begin_drain(&mut self) {
        self.pending.clear();
        self.notifier.stopping("stopping: files under way are finished or left resumable");
        for slot in self.slots.borrow().values() {
            slot.leave.begin();
            slot.stop.begin();
        }
    }

    fn on_worker_ended(&mut self, ended: Result<(Id, ()), JoinError>, draining: bool) {
        let (id, crash) = match ended {
            Ok((id, ())) => (id, None),
            Err(error) => (error.id(), Some(error)),
        };
        let Some((name, spec)) = self.take(id) else { return };
        let successor = self.pending.remove(&name);
        if draining {
            return;
        }
        match (successor, crash) {
            (Some(Some(next)), _) => self.spawn(next),
            (Some(None), _) => {
                self.slots.send_modify(|slots| {
                    slots.remove(&name);
                });
            }
            (None, Some(error)) => {
                let reason = format!("its worker ended by a bug: {error}");
                log(Message::WorkerCrashed, &name, &reason);
                let state = failed_from(&reason, self.ticks.borrow().wall_at(mono_now()));
                self.spawn_in(spec, state, reason, RESTART_REST);
            }
            (None, None) => tracing::error!(library = %name, "a worker ended unasked"),
        }
    }

    fn take(&mut self, id: Id) -> Option<(LibraryName, Arc<Spec>)> {
        let name = self.present.iter().find(|(_, (of, _))| *of == id).map(|(name, _)| name.clone())?;
        let (_, spec) = self.present.remove(&name)?;
        Some((name, spec))
    }

    /// When a sign of life is due; a stalled worker withholds it.
    fn next_look(&self) -> Option<Instant> {
        let due = self.watchdog_sent + self.notifier.watchdog_period()?;
        Some(if self.stalled.is_none() { due } else { due.max(mono_now() + STALLED_LOOK_PERIOD) })
    }

    /// Looks whether every worker lives, and says so to the service manager when it is time.
    fn look(&mut self, draining: bool) {
        let now = mono_now();
        let stalled = stalled_worker(&self.slots.borrow(), now);
        if let Some(name) = &stalled
            && self.stalled.as_ref() != Some(name)
        {
            log(Message::WorkerStalled, name, "");
        }
        self.stalled = stalled;
        let due = self.notifier.watchdog_period().is_some_and(|period| now - self.watchdog_sent >= period);
        if due && (self.stalled.is_none() || draining) {
            self.notifier.alive();
            self.watchdog_sent = now;
        }
        if !draining {
            self.tell_status(now);
        }
    }

    /// Sends the sentence when a state changed, and at most each few seconds when only numbers did.
    fn tell_status(&mut self, now: Instant) {
        let sentence = sentence(&self.note.borrow(), &statuses(&self.slots.borrow()), &self.quotas);
        let rested = now - self.sentence.1 >= SENTENCE_PERIOD;
        let same_words = without_digits(&sentence) == without_digits(&self.sentence.0);
        if sentence != self.sentence.0 && (rested || !same_words) {
            self.notifier.status(&sentence);
            self.sentence = (sentence, now);
        }
    }
}

/// Debug builds hang here for ever once the file is there that `GPHOTOS_SYNCD_DEBUG_HANG_FILE` names, so that a test can see the
/// watchdog bite.
#[cfg(debug_assertions)]
async fn hang_on_request() {
    let file = std::env::var_os("GPHOTOS_SYNCD_DEBUG_HANG_FILE").map(PathBuf::from);
    if file.is_some_and(|file| file.exists()) {
        std::future::pending::<()>().await;
    }
}

fn statuses(slots: &Slots) -> Vec<LibraryStatus> {
    slots.values().map(|slot| slot.published.borrow().status.clone()).collect()
}

/// The first worker that has not ticked lately.
fn stalled_worker(slots: &Slots, now: Instant) -> Option<LibraryName> {
    let late = |slot: &Slot| now.saturating_duration_since(*slot.beat.borrow()) > BEAT_AGE_MAX;
    slots.iter().find(|(_, slot)| late(slot)).map(|(name, _)| name.clone())
}

fn failed_from(reason: &str, now: DateTime<Utc>) -> WorkerState {
    let ran = WorkerState::Running { full: false, again: None, failures: 0, leaving: false };
    let facts = EndFacts { now, jitter: rand::random(), stamp: None };
    ran.finished(&Outcome::Failed(reason.to_owned()), facts).unwrap_or(WorkerState::Idle)
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit() && *c != ',').collect()
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spec").field("name", &self.name).field("root", &self.root).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod watchdog_tests;
