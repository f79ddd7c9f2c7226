//! The slow tick of the daemon: every few seconds, the wall clock's reading goes to every worker.
//!
//! Owns: the only use of `tokio-cron-scheduler`. It keeps a fixed offset from UTC for each cron expression, which is wrong
//! after a change to summer time, and it may start overlapping runs; so it drives one tick only, and `schedule.rs` decides
//! what is due. It looks at the wall clock each half second, which its interface does not let anybody change; but it does so only
//! while its runtime is driven. So it has one of its own, on a thread of its own, which is driven for a moment every few seconds.
//! Invariant: never starts a run; ticks whatever is done to the wall clock.
//! May import: `clock`. Tests: below, and by the workers, which take any tick.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::clock::{mono_now, wall_now};

/// Every ten seconds: how soon a jump of the wall clock is noticed, and how often a worker shows that it lives.
const TICK_CRON: &str = "*/10 * * * * *";

/// The time between two ticks.
pub const TICK_PERIOD: Duration = Duration::from_secs(10);

/// The thread rests this long, then lets the scheduler look at the clock.
const REST: Duration = Duration::from_secs(5);

/// For so long: enough for a look and for the tick that it makes due.
const LOOK: Duration = Duration::from_millis(5);

/// A tick that is late by this much beyond its period waits for a moment of the wall clock that was moved away.
const TICK_LATE_MAX: Duration = Duration::from_secs(7);

/// Both clocks, read at the same moment; the wall clock between two readings follows from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The wall clock.
    pub wall: DateTime<Utc>,
    /// The monotonic clock.
    pub mono: Instant,
}

/// Ticks while it lives.
#[derive(Debug)]
pub struct Ticker {
    /// Ends the thread when it is dropped.
    stop: mpsc::SyncSender<()>,
    thread: JoinHandle<()>,
}

/// The tick does not start.
#[derive(Debug, thiserror::Error)]
pub enum TickerError {
    /// The system gives no thread or no timer.
    #[error("cannot start the thread of the tick")]
    Thread(#[source] std::io::Error),
    /// The scheduler refuses.
    #[error("cannot start the scheduler's tick")]
    Scheduler(#[source] JobSchedulerError),
    /// The thread ended before it ticked.
    #[error("the thread of the tick ended by a bug")]
    Ended,
}

// === impl Reading ===

impl Reading {
    /// Both clocks now.
    pub fn take() -> Self {
        Self { wall: wall_now(), mono: mono_now() }
    }

    /// The wall clock when the monotonic one shows `mono`, unless it was set since.
    pub fn wall_at(&self, mono: Instant) -> DateTime<Utc> {
        let since = TimeDelta::from_std(mono.saturating_duration_since(self.mono)).unwrap_or(TimeDelta::MAX);
        self.wall.checked_add_signed(since).unwrap_or(self.wall)
    }

    /// The monotonic clock when the wall clock shows `wall`; a moment that is past is the reading's own.
    pub fn mono_at(&self, wall: DateTime<Utc>) -> Option<Instant> {
        let ahead = (wall - self.wall).to_std().unwrap_or(Duration::ZERO);
        self.mono.checked_add(ahead)
    }
}

// === impl Ticker ===

impl Ticker {
    /// Starts the tick; the receiver holds the newest reading of the clocks.
    ///
    /// # Errors
    /// If the thread or the scheduler refuses to start.
    pub async fn start() -> Result<(Self, watch::Receiver<Reading>), TickerError> {
        let (sender, receiver) = watch::channel(Reading::take());
        let (stop, stopped) = mpsc::sync_channel(1);
        let (report, started) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_time().build().map_err(TickerError::Thread)?;
        let work = move || tick(&runtime, &Arc::new(sender), &stopped, report);
        let thread = std::thread::Builder::new().name("tick".to_owned()).spawn(work);
        let thread = thread.map_err(TickerError::Thread)?;
        started.await.map_err(|_| TickerError::Ended)??;
        Ok((Self { stop, thread }, receiver))
    }

    /// Ends the tick.
    pub async fn stop(self) {
        drop(self.stop);
        let joined = tokio::task::spawn_blocking(move || self.thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::debug!("the thread of the tick ended by a bug");
        }
    }
}

/// The thread's whole life; the start is reported to who waits for it.
fn tick(
    runtime: &Runtime,
    sender: &Arc<watch::Sender<Reading>>,
    stopped: &mpsc::Receiver<()>,
    report: oneshot::Sender<Result<(), TickerError>>,
) {
    // Nobody is left to hear the report only when the daemon is ending.
    let (mut scheduler, mut tick) = match runtime.block_on(begin(sender)) {
        Ok(begun) => {
            let _ = report.send(Ok(()));
            begun
        }
        Err(error) => {
            let _ = report.send(Err(error));
            return;
        }
    };
    while stopped.recv_timeout(REST) == Err(mpsc::RecvTimeoutError::Timeout) {
        runtime.block_on(async {
            tokio::time::sleep(LOOK).await;
            keep_ticking(&scheduler, &mut tick, sender).await;
        });
    }
    if let Err(error) = runtime.block_on(scheduler.shutdown()) {
        tracing::debug!(%error, "the scheduler did not stop cleanly");
    }
}

async fn begin(sender: &Arc<watch::Sender<Reading>>) -> Result<(JobScheduler, Job), TickerError> {
    let scheduler = JobScheduler::new().await.map_err(TickerError::Scheduler)?;
    let tick = add_tick(&scheduler, sender).await?;
    scheduler.start().await.map_err(TickerError::Scheduler)?;
    Ok((scheduler, tick))
}

async fn add_tick(
    scheduler: &JobScheduler,
    sender: &Arc<watch::Sender<Reading>>,
) -> Result<Job, TickerError> {
    let sender = Arc::clone(sender);
    let tick = Job::new(TICK_CRON, move |_, _| {
        sender.send_replace(Reading::take());
    })
    .map_err(TickerError::Scheduler)?;
    scheduler.add(tick.clone()).await.map_err(TickerError::Scheduler)?;
    Ok(tick)
}

/// The scheduler waits for a moment of the wall clock. After the clock was set back that moment is far away, and the tick is
/// arranged anew.
async fn keep_ticking(scheduler: &JobScheduler, tick: &mut Job, sender: &Arc<watch::Sender<Reading>>) {
    let due = sender.borrow().mono + TICK_PERIOD + TICK_LATE_MAX;
    if mono_now() < due {
        return;
    }
    sender.send_replace(Reading::take());
    tracing::debug!("the wall clock was set back, or this machine slept; the tick is arranged anew");
    if let Err(error) = scheduler.remove(&tick.guid()).await {
        tracing::debug!(%error, "the old tick is not there");
    }
    match add_tick(scheduler, sender).await {
        Ok(added) => *tick = added,
        Err(error) => tracing::debug!(%error, "the tick is late; it is looked at again"),
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::{mono_now, wall_now};
    use crate::supervisor::ticker::{Reading, TICK_LATE_MAX, TICK_PERIOD, begin, keep_ticking};
    use chrono::{DateTime, TimeDelta};
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::sync::watch;
    use tokio::time::advance;

    /// To the scheduler a wall clock that was set back is one that stands still while time goes on: so it is here, where the time of
    /// the runtime is moved by hand.
    #[tokio::test(start_paused = true)]
    async fn a_tick_that_waits_for_a_moment_that_was_moved_away_is_arranged_anew() {
        let sender = Arc::new(watch::channel(Reading::take()).0);
        let (mut scheduler, mut tick) = begin(&sender).await.expect("it starts");
        let first = tick.guid();

        // As late as an ordinary tick may be: nothing is done.
        sender.send_replace(Reading::take());
        let before = *sender.borrow();
        advance(TICK_PERIOD).await;
        keep_ticking(&scheduler, &mut tick, &sender).await;
        assert_eq!((tick.guid(), *sender.borrow()), (first, before));

        advance(TICK_LATE_MAX).await;
        keep_ticking(&scheduler, &mut tick, &sender).await;
        let reading = *sender.borrow();
        assert!(reading.mono >= before.mono + TICK_PERIOD + TICK_LATE_MAX, "the workers are ticked at once");
        assert_ne!(tick.guid(), first);
        let old = scheduler.next_tick_for_job(first).await.expect("it answers");
        let next = scheduler.next_tick_for_job(tick.guid()).await.expect("it answers");
        assert_eq!(old, None, "the old tick would come a second time");
        let ahead = next.expect("the new tick is armed") - wall_now();
        assert!(ahead <= TimeDelta::seconds(10), "{ahead}");

        // It was late once, and is not again.
        let renewed = tick.guid();
        keep_ticking(&scheduler, &mut tick, &sender).await;
        assert_eq!(tick.guid(), renewed);
        scheduler.shutdown().await.expect("it stops");
    }

    #[test]
    fn between_two_readings_the_wall_clock_follows_the_other() {
        let wall = DateTime::from_timestamp(1_800_000_000, 0).expect("a legal time");
        let reading = Reading { wall, mono: mono_now() };
        let later = Duration::from_millis(2_500);
        assert_eq!(reading.wall_at(reading.mono + later), wall + TimeDelta::milliseconds(2_500));
        assert_eq!(reading.mono_at(wall + TimeDelta::milliseconds(2_500)), Some(reading.mono + later));
        assert_eq!(reading.mono_at(wall - TimeDelta::hours(1)), Some(reading.mono));
    }
}
