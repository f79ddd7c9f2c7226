//! The one tick of the daemon: each second, the wall clock's reading goes to every worker.
//!
//! Owns: the only use of `tokio-cron-scheduler`. It keeps a fixed offset from UTC for each cron expression, which is wrong
//! after a change to summer time, and it may start overlapping runs; so it drives one tick only, and `schedule.rs` decides
//! what is due. Invariant: never starts a run. May import: `clock`. Tests: by the workers, which take any tick.

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::clock::wall_now;

/// A tick each second: the finest step of a cron expression.
const TICK_CRON: &str = "* * * * * *";

/// Ticks while it lives.
pub struct Ticker {
    scheduler: JobScheduler,
}

/// The tick does not start.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the scheduler's tick")]
pub struct TickerError(#[source] JobSchedulerError);

impl Ticker {
    /// Starts the tick; the receiver holds the newest reading of the wall clock.
    ///
    /// # Errors
    /// If the scheduler refuses to start.
    pub async fn start() -> Result<(Self, watch::Receiver<DateTime<Utc>>), TickerError> {
        let (sender, receiver) = watch::channel(wall_now());
        let scheduler = JobScheduler::new().await.map_err(TickerError)?;
        let tick = Job::new(TICK_CRON, move |_, _| {
            sender.send_replace(wall_now());
        })
        .map_err(TickerError)?;
        scheduler.add(tick).await.map_err(TickerError)?;
        scheduler.start().await.map_err(TickerError)?;
        Ok((Self { scheduler }, receiver))
    }

    /// Ends the tick.
    pub async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::debug!(%error, "the scheduler did not stop cleanly");
        }
    }
}

impl std::fmt::Debug for Ticker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticker")
    }
}
