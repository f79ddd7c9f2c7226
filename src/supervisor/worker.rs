//! One library's worker: waits for wishes, its next moment and the end of its run, and publishes what it does.
//!
//! Owns: the job of one library. Invariant: the loop never awaits the job itself nor the disk; they run in tasks of their
//! own, so that the worker ticks on and a panic in them is an event like any other. May import: `job`, `media`, `shutdown`,
//! `status`, `systemd`. Tests: `tests.rs`.

use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;

use crate::clock::mono_now;
use crate::job::{Facts, Outcome};
use crate::shutdown::{Shutdown, Stop};
use crate::status::TokenHealth;
use crate::supervisor::announce::{Announcer, log, log_end};
use crate::supervisor::describe::{
    View, crash_report, describe, facts_unknown, reason_of_run, reason_of_token,
};
use crate::supervisor::schedule::{LastSeen, STEP_BACK_MAX, Timetable};
use crate::supervisor::slot::{Activator, Answered, Published, Slot, Wishes};
use crate::supervisor::state::{Activation, Cause, EndFacts, WorkerState};
use crate::supervisor::tasks::{RunEnded, begin_run, ended, read_facts};
use crate::supervisor::ticker::Reading;
use crate::supervisor::{Spec, sleep_until};
use crate::systemd::Message;

/// Between two looks at the token file of a parked library: a person who logged in waits for it.
const TOKEN_LOOK_PERIOD: Duration = Duration::from_secs(3);

/// Between two publications of a run's progress.
const PROGRESS_PERIOD: Duration = Duration::from_secs(1);

/// Between two readings of the index during a run: the totals grow.
const FACTS_RUNNING_PERIOD: Duration = Duration::from_secs(10);

/// Between two readings of the index and the token otherwise: others may change them.
const FACTS_IDLE_PERIOD: Duration = Duration::from_secs(300);

/// One library's worker.
pub(crate) struct Worker {
    spec: Arc<Spec>,
    ticks: watch::Receiver<Reading>,
    /// The newest reading that was taken in.
    read: Reading,
    news: Arc<Notify>,
    wishes: Wishes,
    /// Counts the looks that were asked for.
    looks: watch::Receiver<u64>,
    published: watch::Sender<Published>,
    answered: watch::Sender<Answered>,
    beat: watch::Sender<Instant>,
    leave: Stop,
    stop: Stop,
    state: WorkerState,
    timetable: Timetable,
    announcer: Announcer,
    facts: Facts,
    reason: String,
    ready: bool,
    looked: Instant,
    facts_began: Instant,
    /// The newest look asked for that `facts_read`, or what it has read, answers.
    look: u64,
    serving: u64,
    run: Option<JoinHandle<RunEnded>>,
    facts_read: Option<JoinHandle<Facts>>,
    token_look: Option<JoinHandle<Option<u64>>>,
}

// === impl Worker ===

impl Worker {
    /// A worker over `spec` in `state`, and its outside. `ticks` holds the newest reading of the clocks; `news` is told of each
    /// publication.
    pub(crate) fn new(
        spec: Arc<Spec>,
        state: WorkerState,
        reason: String,
        ticks: watch::Receiver<Reading>,
        news: Arc<Notify>,
    ) -> (Self, Slot) {
        let read = *ticks.borrow();
        let now = read.wall_at(mono_now());
        let timetable = Timetable::new((spec.due_after)(), spec.splay, now, random());
        let facts = facts_unknown();
        let first = first_status(&spec, &state, &reason, &facts, timetable.next());
        let (activator, wishes) = Activator::new();
        let (looks, looks_seen) = watch::channel(0);
        let (published, published_seen) = watch::channel(first);
        let (answered, answered_seen) = watch::channel(Answered::default());
        let (beat, beat_seen) = watch::channel(mono_now());
        let (leave, leave_seen) = Shutdown::new();
        let (stop, stop_seen) = Shutdown::new();
        let slot = Slot {
            activator,
            looks,
            published: published_seen,
            answered: answered_seen,
            beat: beat_seen,
            leave,
            stop,
        };
        let worker = Self {
            announcer: Announcer::new(spec.name.clone()),
            facts_read: Some(read_facts(&spec.job)),
            spec,
            ticks,
            read,
            news,
            wishes,
            looks: looks_seen,
            published,
            answered,
            beat,
            leave: leave_seen,
            stop: stop_seen,
            state,
            timetable,
            facts,
            reason,
            ready: false,
            looked: mono_now(),
            facts_began: mono_now(),
            look: 0,
            serving: 0,
            run: None,
            token_look: None,
        };
        (worker, slot)
    }

    /// Works until it is told to leave and no run is under way. Ends too when the ticks end.
    pub(crate) async fn work(mut self) {
        let leave = self.leave.clone();
        while self.state != WorkerState::Stopped {
            let moment = self.next_moment();
            let is_leaving = matches!(self.state, WorkerState::Running { leaving: true, .. });
            tokio::select! {
                tick = self.ticks.changed() => match tick {
                    Ok(()) => {
                        self.beat.send_replace(mono_now());
                        self.on_moment();
                    }
                    Err(_) => break,
                },
                () = sleep_until(moment) => self.on_moment(),
                () = self.wishes.arrived() => self.on_wish(),
                Ok(()) = self.looks.changed() => self.look_again(),
                ended = ended(&mut self.run) => self.on_run_ended(ended),
                facts = ended(&mut self.facts_read) => self.on_facts(facts),
                stamp = ended(&mut self.token_look) => self.on_token_look(stamp),
                () = leave.begun(), if !is_leaving => self.enter(WorkerState::leave_began),
            }
        }
        self.publish();
        self.announcer.settle().await;
    }

    /// The wall clock now, as far as the newest tick tells.
    fn now(&self) -> DateTime<Utc> {
        self.ticks.borrow().wall_at(mono_now())
    }

    /// When something is to be looked at next, if nothing happens before; the slow tick comes in any case.
    fn next_moment(&self) -> Option<Instant> {
        let due = [self.timetable.next(), self.state.until()].into_iter().flatten().min();
        let due = due.and_then(|due| self.ticks.borrow().mono_at(due));
        let period = match self.state {
            WorkerState::Running { .. } => Some(PROGRESS_PERIOD),
            WorkerState::NeedsLogin { .. } => Some(TOKEN_LOOK_PERIOD),
            WorkerState::Idle
            | WorkerState::BackingOff { .. }
            | WorkerState::QuotaSpent { .. }
            | WorkerState::DiskFull { .. }
            | WorkerState::Failed { .. }
            | WorkerState::Stopped => None,
        };
        [due, period.map(|period| self.looked + period)].into_iter().flatten().min()
    }

    fn on_moment(&mut self) {
        let read = *self.ticks.borrow_and_update();
        let set_back = self.read.wall_at(read.mono) - read.wall;
        self.read = read;
        let (now, next) = (self.now(), self.timetable.next());
        if set_back > STEP_BACK_MAX {
            self.enter(|state| state.clock_set_back(set_back, now));
        }
        if self.timetable.tick(now, random()) {
            let wish = Activation { cause: Cause::Schedule, full: false, deletions: 0 };
            self.enter(|state| state.activated(wish));
        }
        self.enter(|state| state.time_passed(now));
        self.look_around();
        // A clock that was set back moves the next run, and nothing else.
        if self.state.is_running() || self.timetable.next() != next {
            self.publish();
        }
    }

    /// Begins those looks at disk that are due; at most one of each is under way.
    fn look_around(&mut self) {
        let now = mono_now();
        let period = if self.state.is_running() { FACTS_RUNNING_PERIOD } else { FACTS_IDLE_PERIOD };
        if self.facts_read.is_none() && now - self.facts_began >= period {
            self.facts_began = now;
            self.facts_read = Some(read_facts(&self.spec.job));
        }
        let parked = matches!(self.state, WorkerState::NeedsLogin { .. });
        if parked && self.token_look.is_none() && now - self.looked >= TOKEN_LOOK_PERIOD {
            let job = Arc::clone(&self.spec.job);
            self.token_look = Some(tokio::task::spawn_blocking(move || job.token_stamp()));
        }
        let period = if parked { TOKEN_LOOK_PERIOD } else { PROGRESS_PERIOD };
        if now - self.looked >= period {
            self.looked = now;
        }
    }

    /// Somebody knows of a change on disk: a look that began before it may have missed it, so another one begins.
    fn look_again(&mut self) {
        self.look = *self.looks.borrow_and_update();
        self.facts_began = mono_now();
        self.facts_read = Some(read_facts(&self.spec.job));
    }

    fn on_wish(&mut self) {
        if let Some(wish) = self.wishes.take() {
            if wish.cause == Cause::Person {
                self.spec.job.hasten();
                self.spec.job.allow_deletions(wish.deletions);
            }
            self.enter(|state| state.activated(wish));
            if !self.state.is_running() {
                self.answer_all();
            }
        }
    }

    fn on_token_look(&mut self, look: Result<Option<u64>, JoinError>) {
        self.token_look = None;
        match look {
            Ok(stamp) => self.enter(|state| state.token_seen(stamp)),
            Err(error) => tracing::error!(library = %self.spec.name, %error, "cannot look at the token file"),
        }
    }

    fn on_facts(&mut self, facts: Result<Facts, JoinError>) {
        self.facts_read = None;
        match facts {
            Ok(facts) => self.facts = facts,
            Err(error) => {
                log(Message::WorkerCrashed, &self.spec.name, &format!("reading its index: {error}"));
            }
        }
        let now = self.now();
        self.announcer.facts_seen(&self.facts, &self.spec.job, now);
        if !self.ready {
            self.ready = true;
            self.begin(now);
        }
        self.park_if_logged_out();
        self.publish();
    }

    /// The first facts are there: parks the library, or plans its first run.
    fn begin(&mut self, now: DateTime<Utc>) {
        let parked_or_idle = WorkerState::at_start(&self.facts.token, None);
        let has_token = parked_or_idle == WorkerState::Idle;
        // A run that is this worker's own, by a wish that came before the facts, is not cut off.
        let has_open_run = self.facts.has_open_run && !self.state.is_running();
        let seen = LastSeen { last_run: self.facts.last_run.as_ref(), has_open_run, has_token };
        self.timetable.begin(&seen, now, random());
        if has_token || self.state != WorkerState::Idle {
            return;
        }
        let stamp = self.spec.job.token_stamp();
        self.reason = reason_of_token(&self.facts.token);
        self.announcer.run_ended(&Outcome::NeedsLogin(self.reason.clone()), stamp, &self.reason);
        self.enter(|_| WorkerState::NeedsLogin { stamp });
    }

    /// A library that rests and has no token file waits for a login, instead of finding that out in its next run.
    fn park_if_logged_out(&mut self) {
        let parked = self.state.clone().logged_out();
        if self.facts.token != TokenHealth::Missing || parked == self.state {
            return;
        }
        self.reason = reason_of_token(&self.facts.token);
        self.announcer.run_ended(&Outcome::NeedsLogin(self.reason.clone()), None, &self.reason);
        self.enter(|_| parked);
    }

    fn on_run_ended(&mut self, ended: Result<RunEnded, JoinError>) {
        self.run = None;
        let crashed = |error| RunEnded { stamp: None, report: crash_report(&error), facts: None };
        let RunEnded { stamp, report, facts } = ended.unwrap_or_else(crashed);
        let reason = reason_of_run(&report);
        self.announcer.run_ended(&report.outcome, stamp, &reason);
        log_end(&self.spec.name, &report);
        self.reason = reason;
        self.answered.send_replace(Answered { ticket: self.serving, report: Some(report.clone()) });
        let has_facts = facts.is_some();
        if let Some(facts) = facts {
            self.facts = facts;
        }
        if report.summary.is_some() {
            self.facts.last_run.clone_from(&report.summary);
        }
        let facts = EndFacts { now: self.now(), jitter: random(), stamp };
        self.enter(|state| match state.clone().finished(&report.outcome, facts) {
            Ok(next) => next,
            Err(illegal) => {
                tracing::error!(%illegal, "a worker's state is wrong");
                state
            }
        });
        if !self.state.is_running() {
            self.answer_all();
        }
        // A look that began during the run would bring older facts than the run did; after a crash there are none but a new look's.
        self.facts_read = if has_facts { None } else { Some(read_facts(&self.spec.job)) };
        let now = self.now();
        self.announcer.facts_seen(&self.facts, &self.spec.job, now);
        if has_facts {
            self.park_if_logged_out();
        }
        self.publish();
    }

    /// Moves to the next state; a run begins if the move led to one.
    fn enter(&mut self, event: impl FnOnce(WorkerState) -> WorkerState) {
        let before = self.state.clone();
        self.state = event(before.clone());
        if self.state == before {
            return;
        }
        if self.run.is_none()
            && let WorkerState::Running { full, .. } = self.state
        {
            self.start_run(full);
        }
        self.publish();
    }

    fn start_run(&mut self, full: bool) {
        self.serving = self.wishes.newest();
        self.reason.clear();
        let job = Arc::clone(&self.spec.job);
        let stop = self.stop.clone();
        tracing::info!(library = %self.spec.name, full, "a run of library {} begins", self.spec.name);
        self.run = Some(begin_run(job, full, stop));
    }

    /// Answers every wish there is: no run follows that could answer it better.
    fn answer_all(&self) {
        let ticket = self.wishes.newest();
        self.answered.send_modify(|answered| answered.ticket = ticket);
    }

    fn publish(&self) {
        // Until the run under way has a number, the job still shows the progress of the one before.
        let last = self.facts.last_run.as_ref().map_or(0, |run| run.run);
        let progress = Some(self.spec.job.progress()).filter(|progress| progress.run > last);
        let status = describe(View {
            name: &self.spec.name,
            root: &self.spec.root,
            state: &self.state,
            reason: &self.reason,
            facts: &self.facts,
            progress,
            next_run: self.timetable.next(),
        });
        self.published.send_replace(Published { status, ready: self.ready, look: self.look });
        self.news.notify_one();
    }
}

fn first_status(
    spec: &Spec,
    state: &WorkerState,
    reason: &str,
    facts: &Facts,
    next_run: Option<DateTime<Utc>>,
) -> Published {
    let view = View { name: &spec.name, root: &spec.root, state, reason, facts, progress: None, next_run };
    Published { status: describe(view), ready: false, look: 0 }
}

fn random() -> f64 {
    rand::random()
}
