//! The supervisor with a fake job, under paused tokio time.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{interval, sleep};

use crate::clock::mono_now;
use crate::job::{Facts, Job, Outcome, RunReport};
use crate::media::LibraryName;
use crate::shutdown::{Shutdown, Stop};
use crate::status::{LibraryState, LibraryStatus, Progress, TokenHealth};
use crate::supervisor::describe::facts_unknown;
use crate::supervisor::schedule::DueAfter;
use crate::supervisor::ticker::{Reading, TICK_PERIOD};
use crate::supervisor::{Changes, GRACE_SECS, Handle, Quotas, Spec, Supervisor};
use crate::systemd::Notifier;
use crate::takeout::rhythm::NoticeKey;

/// How one fake run goes.
#[derive(Clone)]
pub(super) enum Script {
    End(Outcome),
    Panic,
    /// Ends only when it is told to stop.
    UntilStopped,
    /// Does not even heed a stop.
    Never,
}

pub(super) struct FakeJob {
    scripts: Mutex<VecDeque<Script>>,
    runs: AtomicUsize,
    at_once: AtomicUsize,
    token: TokenHealth,
    stamp: AtomicU64,
}

const RUN_SECS: u64 = 60;

impl FakeJob {
    /// Runs of a minute: first those of `scripts`, then complete ones.
    pub(super) fn new(scripts: Vec<Script>) -> Arc<Self> {
        Self::with_token(scripts, TokenHealth::Good { dies_at: None, unsaved: None })
    }

    fn with_token(scripts: Vec<Script>, token: TokenHealth) -> Arc<Self> {
        Arc::new(Self {
            scripts: Mutex::new(scripts.into()),
            runs: AtomicUsize::new(0),
            at_once: AtomicUsize::new(0),
            token,
            stamp: AtomicU64::new(1),
        })
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }

    async fn play(&self, stop: Stop) -> RunReport {
        self.runs.fetch_add(1, Ordering::SeqCst);
        assert_eq!(self.at_once.fetch_add(1, Ordering::SeqCst), 0, "two runs at once");
        let script = self.scripts.lock().expect("no panic holds it").pop_front();
        let outcome = match script.unwrap_or(Script::End(Outcome::Complete)) {
            Script::End(outcome) => {
                sleep(Duration::from_secs(RUN_SECS)).await;
                outcome
            }
            Script::Panic => {
                self.at_once.fetch_sub(1, Ordering::SeqCst);
                panic!("a bug in the run");
            }
            Script::UntilStopped => {
                stop.begun().await;
                Outcome::Interrupted
            }
            Script::Never => std::future::pending().await,
        };
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        RunReport { outcome, summary: None }
    }
}

impl Job for FakeJob {
    fn run<'a>(&'a self, _full: bool, stop: Stop) -> Pin<Box<dyn Future<Output = RunReport> + Send + 'a>> {
        Box::pin(self.play(stop))
    }
    fn hasten(&self) {}
    fn allow_deletions(&self, _: u64) {}
    fn facts<'a>(&'a self) -> Pin<Box<dyn Future<Output = Facts> + Send + 'a>> {
        let token = self.token_stamp().map_or(TokenHealth::Missing, |_| self.token.clone());
        Box::pin(async { Facts { token, ..facts_unknown() } })
    }
    fn remember_said<'a>(&'a self, _: BTreeSet<NoticeKey>) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(std::future::ready(()))
    }
    fn progress(&self) -> Progress {
        Progress::default()
    }
    fn token_stamp(&self) -> Option<u64> {
        match self.stamp.load(Ordering::SeqCst) {
            0 => None,
            666 => panic!("a bug in the look at the token"),
            stamp => Some(stamp),
        }
    }
}

pub(super) fn library(text: &str) -> LibraryName {
    LibraryName::try_new(text).expect("a legal name")
}

fn start_time() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a legal time")
}

pub(super) fn spec(name: &str, job: &Arc<FakeJob>, period: Option<TimeDelta>) -> Arc<Spec> {
    Arc::new(Spec {
        name: library(name),
        root: PathBuf::from("/srv").join(name),
        due_after: Box::new(move || {
            let due_after: DueAfter = Box::new(move |now| period.map(|period| now + period));
            due_after
        }),
        splay: Duration::ZERO,
        job: Arc::clone(job) as Arc<dyn Job>,
    })
}

struct Running {
    handle: Handle,
    shutdown: Shutdown,
    task: tokio::task::JoinHandle<bool>,
    /// Seconds by which somebody has set the wall clock forward since the start.
    set_by: Arc<AtomicI64>,
}

/// A tick that somebody must drive.
pub(super) fn ticking() -> (watch::Sender<Reading>, watch::Receiver<Reading>) {
    watch::channel(Reading { wall: start_time(), mono: mono_now() })
}

/// A supervisor whose wall clock goes with tokio's paused time.
async fn start(specs: Vec<Arc<Spec>>) -> Running {
    let (sender, ticks) = ticking();
    let set_by = Arc::new(AtomicI64::new(0));
    let is_set_by = Arc::clone(&set_by);
    tokio::spawn(async move {
        let mut ticks = interval(TICK_PERIOD);
        let began = *sender.borrow();
        while !sender.is_closed() {
            let mono = ticks.tick().await;
            let wall = began.wall_at(mono) + TimeDelta::seconds(is_set_by.load(Ordering::SeqCst));
            sender.send_replace(Reading { wall, mono });
        }
    });
    let (supervisor, handle) = Supervisor::start(specs, ticks, Notifier::from_env(), Quotas::new(Vec::new));
    let (shutdown, stop) = Shutdown::new();
    let task = tokio::spawn(supervisor.run(stop));
    handle.ready(Duration::from_secs(10)).await;
    Running { handle, shutdown, task, set_by }
}

impl Running {
    fn status(&self, name: &str) -> LibraryStatus {
        let libraries = self.handle.libraries();
        libraries.into_iter().find(|status| status.name == library(name)).expect("a known library")
    }

    fn state(&self, name: &str) -> LibraryState {
        self.status(name).state
    }

    fn poke(&self, name: &str) {
        assert_eq!(self.handle.ask(&[library(name)], false, 0).len(), 1);
    }
}

async fn pass(secs: u64) {
    sleep(Duration::from_secs(secs)).await;
}

#[tokio::test(start_paused = true)]
async fn a_poke_during_a_run_starts_exactly_one_more() {
    let job = FakeJob::new(vec![]);
    let daemon = start(vec![spec("alice", &job, None)]).await;
    daemon.poke("alice");
    pass(5).await;
    assert_eq!(daemon.state("alice"), LibraryState::Running);
    for _ in 0..5 {
        daemon.poke("alice");
        pass(1).await;
    }
    pass(10 * RUN_SECS).await;
    assert_eq!(job.runs(), 2);
    assert_eq!(daemon.state("alice"), LibraryState::Idle);
}

#[tokio::test(start_paused = true)]
async fn a_ticket_is_answered_by_a_run_that_began_after_it() {
    let failed = Outcome::Failed("first".to_owned());
    let job = FakeJob::new(vec![Script::End(Outcome::Incomplete), Script::End(failed.clone())]);
    let daemon = start(vec![spec("alice", &job, None)]).await;
    daemon.poke("alice");
    pass(5).await;
    let mut ticket = daemon.handle.ask(&[], false, 0).remove(0);
    let number = ticket.number;
    let answered = ticket.slot.answered.wait_for(|a| a.ticket >= number).await.expect("alive").clone();
    assert_eq!(answered.report.expect("a run").outcome, failed);
    assert_eq!(job.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_was_set_back_by_a_year_costs_no_run() {
    const YEAR_SECS: i64 = 365 * 86_400;
    let job = FakeJob::new(vec![]);
    let daemon = start(vec![spec("alice", &job, Some(TimeDelta::hours(1)))]).await;
    pass(2 * RUN_SECS).await;
    assert_eq!(job.runs(), 1, "the first run comes soon after the start");
    daemon.set_by.store(-YEAR_SECS, Ordering::SeqCst);
    pass(2 * TICK_PERIOD.as_secs()).await;
    let next = daemon.status("alice").next_run.expect("it has a schedule");
    let ahead = next - (start_time() - TimeDelta::seconds(YEAR_SECS));
    assert!(ahead < TimeDelta::hours(2), "{next}");
    pass(3_600).await;
    assert_eq!(job.runs(), 2);
    pass(3_600).await;
    assert_eq!(job.runs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_job_does_not_touch_the_other() {
    let bad = FakeJob::new(vec![Script::Panic]);
    let good = FakeJob::new(vec![]);
    let hourly = Some(TimeDelta::hours(1));
    let daemon = start(vec![spec("bad", &bad, hourly), spec("good", &good, hourly)]).await;
    pass(10).await;
    assert_eq!(daemon.state("bad"), LibraryState::Failed);
    assert!(daemon.status("bad").detail.contains("bug"), "{}", daemon.status("bad").detail);
    assert_eq!(daemon.state("good"), LibraryState::Running);
    pass(150).await;
    assert_eq!((bad.runs(), good.runs()), (2, 1), "a failed library is tried again by itself");
    assert_eq!(daemon.state("bad"), LibraryState::Idle);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_dies_itself_is_started_again_as_failed() {
    let bad = FakeJob::with_token(vec![], TokenHealth::Missing);
    bad.stamp.store(666, Ordering::SeqCst);
    let good = FakeJob::new(vec![]);
    let daemon = start(vec![spec("bad", &bad, None), spec("good", &good, None)]).await;
    assert_eq!(daemon.state("bad"), LibraryState::Failed);
    assert_eq!(daemon.state("good"), LibraryState::Idle);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_interrupts_runs_and_ends_within_the_grace() {
    let job = FakeJob::new(vec![Script::UntilStopped]);
    let daemon = start(vec![spec("alice", &job, None), spec("idle", &FakeJob::new(vec![]), None)]).await;
    daemon.poke("alice");
    pass(5).await;
    let before = mono_now();
    daemon.shutdown.begin();
    assert!(daemon.task.await.expect("no panic"));
    assert!(before.elapsed() < Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_leaves_a_run_that_heeds_nothing_after_the_grace() {
    let job = FakeJob::new(vec![Script::Never]);
    let daemon = start(vec![spec("alice", &job, None)]).await;
    daemon.poke("alice");
    pass(5).await;
    let before = mono_now();
    daemon.shutdown.begin();
    assert!(!daemon.task.await.expect("no panic"));
    assert_eq!(before.elapsed().as_secs(), GRACE_SECS);
}

#[tokio::test(start_paused = true)]
async fn a_parked_library_wakes_when_its_token_file_changes() {
    let refused = Outcome::NeedsLogin("refused".to_owned());
    let job = FakeJob::new(vec![Script::End(refused)]);
    let daemon = start(vec![spec("alice", &job, Some(TimeDelta::hours(1)))]).await;
    pass(3 * 3_600).await;
    assert_eq!((job.runs(), daemon.state("alice")), (1, LibraryState::NeedsLogin));
    assert_eq!(daemon.status("alice").detail, "refused; run `gphotos-syncd login alice`");
    job.stamp.store(0, Ordering::SeqCst);
    pass(60).await;
    assert_eq!(daemon.state("alice"), LibraryState::NeedsLogin);
    job.stamp.store(2, Ordering::SeqCst);
    pass(10).await;
    assert_eq!((job.runs(), daemon.state("alice")), (2, LibraryState::Running));
}

#[tokio::test(start_paused = true)]
async fn a_library_without_a_token_is_parked_from_the_start() {
    let job = FakeJob::with_token(vec![], TokenHealth::Missing);
    job.stamp.store(0, Ordering::SeqCst);
    let daemon = start(vec![spec("alice", &job, Some(TimeDelta::hours(1)))]).await;
    pass(3 * 3_600).await;
    assert_eq!((job.runs(), daemon.state("alice")), (0, LibraryState::NeedsLogin));
    job.stamp.store(9, Ordering::SeqCst);
    pass(10).await;
    assert_eq!(job.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_library_whose_token_file_goes_is_parked_before_its_next_run() {
    let job = FakeJob::new(vec![]);
    let daemon = start(vec![spec("alice", &job, Some(TimeDelta::hours(9)))]).await;
    pass(3_600).await;
    assert_eq!((job.runs(), daemon.state("alice")), (1, LibraryState::Idle));
    job.stamp.store(0, Ordering::SeqCst);
    pass(310).await;
    assert_eq!((job.runs(), daemon.state("alice")), (1, LibraryState::NeedsLogin));
}

#[tokio::test(start_paused = true)]
async fn a_spent_day_quota_holds_even_a_person_until_its_reset_or_new_limits() {
    let until = start_time() + TimeDelta::hours(5);
    let spent = Script::End(Outcome::Throttled { until, day: true });
    let job = FakeJob::new(vec![spent.clone(), spent]);
    let daemon = start(vec![spec("alice", &job, Some(TimeDelta::hours(1)))]).await;
    pass(3_600).await;
    assert_eq!((job.runs(), daemon.state("alice")), (1, LibraryState::QuotaSpent));
    let mut ticket = daemon.handle.ask(&[], false, 0).remove(0);
    let number = ticket.number;
    ticket.slot.answered.wait_for(|a| a.ticket >= number).await.expect("answered at once");
    assert_eq!(job.runs(), 1);
    daemon.handle.limits_changed();
    pass(120).await;
    assert_eq!((job.runs(), daemon.state("alice")), (2, LibraryState::QuotaSpent));
    pass(5 * 3_600).await;
    assert!(job.runs() >= 3);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_looked_at_again_every_few_minutes_by_any_clock() {
    let full = Script::End(Outcome::DiskFull("no room".to_owned()));
    let job = FakeJob::new(vec![full.clone(), full]);
    let daemon = start(vec![spec("alice", &job, None)]).await;
    daemon.poke("alice");
    pass(RUN_SECS + 10).await;
    assert_eq!(daemon.state("alice"), LibraryState::DiskFull);
    daemon.set_by.store(-86_400, Ordering::SeqCst);
    pass(2 * (300 + RUN_SECS) + 20).await;
    assert_eq!((job.runs(), daemon.state("alice")), (3, LibraryState::Idle));
}

#[tokio::test(start_paused = true)]
async fn a_schedule_runs_once_for_each_due_moment() {
    let job = FakeJob::new(vec![]);
    let daemon = start(vec![spec("alice", &job, Some(TimeDelta::hours(1)))]).await;
    pass(3 * 3_600 + 1_800).await;
    assert_eq!(job.runs(), 4, "one at the start, for it never ran, and three by the schedule");
    assert!(daemon.status("alice").next_run.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_changed_library_is_replaced_only_after_its_run_and_others_are_untouched() {
    let old = FakeJob::new(vec![]);
    let other = FakeJob::new(vec![Script::UntilStopped]);
    let new = FakeJob::new(vec![]);
    let added = FakeJob::new(vec![]);
    let daemon = start(vec![
        spec("alice", &old, None),
        spec("bob", &other, None),
        spec("carol", &FakeJob::new(vec![]), None),
    ])
    .await;
    daemon.poke("alice");
    daemon.poke("bob");
    pass(5).await;
    let replaced = Arc::new(Spec { root: PathBuf::from("/new"), ..unshare(spec("alice", &new, None)) });
    let changes = Changes { start: vec![replaced, spec("dora", &added, None)], end: vec![library("carol")] };
    daemon.handle.apply(changes).await;
    pass(5).await;
    assert_eq!(daemon.state("alice"), LibraryState::Running, "the run goes on");
    assert_eq!(daemon.status("alice").root, PathBuf::from("/srv/alice"));
    pass(RUN_SECS).await;
    assert_eq!(daemon.status("alice").root, PathBuf::from("/new"));
    daemon.poke("alice");
    pass(5).await;
    assert_eq!((old.runs(), new.runs(), other.runs()), (1, 1, 1));
    let names: Vec<String> = daemon.handle.libraries().iter().map(|l| l.name.to_string()).collect();
    assert_eq!(names, ["alice", "bob", "dora"]);
    assert_eq!(daemon.state("bob"), LibraryState::Running);
}

fn unshare(spec: Arc<Spec>) -> Spec {
    Arc::into_inner(spec).expect("nobody else has it")
}
