//! The pace of downloaded bytes, all libraries together.
//!
//! Owns: `bytes-per-second` as a counter that drains at that rate: who adds bytes waits until they have drained, so
//! late timers even out and a changed rate reaches everybody who waits. Invariant: without a rate nobody waits; an
//! idle line saves up at most [`BURST_SECS`]. May import: `clock`. Tests: in this file.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock::mono_now;

/// How much of unused rate may be used later: enough to hide the millisecond grain of timers.
const BURST_SECS: f64 = 0.05;
/// The longest single sleep; after it the rate is looked at, and the wait computed anew.
pub(crate) const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Drain {
    /// Bytes per second; none: not limited.
    rate: Option<f64>,
    /// Bytes added so far.
    added: f64,
    /// Bytes drained so far; ahead of `added` by what is saved up.
    drained: f64,
    at: Instant,
}

impl Drain {
    fn advance(&mut self, now: Instant) {
        let secs = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        if let Some(rate) = self.rate {
            self.drained = (self.drained + rate * secs).min(self.added + rate * BURST_SECS);
        }
    }

    /// How long until all bytes up to `mark` have drained; none if they have.
    fn wait_for(&mut self, mark: f64, now: Instant) -> Option<Duration> {
        self.advance(now);
        let secs = (mark - self.drained) / self.rate?;
        // Below a microsecond a timer would return without any time gone by.
        (secs > 1e-6).then(|| Duration::from_secs_f64(secs.min(LOOK_AGAIN_AFTER.as_secs_f64())))
    }
}

/// The pace of downloaded bytes.
#[derive(Debug)]
pub(crate) struct BytePace {
    drain: Mutex<Drain>,
    changed: Notify,
}

impl BytePace {
    /// A pace of `rate` bytes per second; none: not limited.
    pub(crate) fn new(rate: Option<u64>) -> Self {
        let drain = Drain { rate: rate.map(per_sec), added: 0.0, drained: 0.0, at: mono_now() };
        Self { drain: Mutex::new(drain), changed: Notify::new() }
    }

    /// Waits until `bytes` more bytes fit the pace; `look` may change the rate, and is called before each wait. Dropping the
    /// future keeps the bytes counted, for they were received.
    pub(crate) async fn spend(&self, bytes: usize, look: impl Fn()) {
        look();
        let mark = {
            let mut drain = self.lock();
            drain.advance(mono_now());
            if drain.rate.is_none() {
                return;
            }
            drain.added += bytes as f64;
            drain.added
        };
        loop {
            look();
            let changed = self.changed.notified();
            let Some(wait) = self.lock().wait_for(mark, mono_now()) else { return };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = changed => {}
            }
        }
    }

    /// Changes the rate; who waits obeys at once.
    pub(crate) fn set_rate(&self, rate: Option<u64>) {
        {
            let mut drain = self.lock();
            drain.advance(mono_now());
            if drain.rate.is_none() {
                drain.drained = drain.added;
            }
            drain.rate = rate.map(per_sec);
            let burst = drain.rate.map_or(0.0, |rate| rate * BURST_SECS);
            drain.drained = drain.drained.min(drain.added + burst);
        }
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Drain> {
        self.drain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A rate of zero would wait for ever.
fn per_sec(rate: u64) -> f64 {
    rate.max(1) as f64
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use crate::clock::mono_now;
    use crate::limiter::bytes::BytePace;

    #[tokio::test(start_paused = true)]
    async fn ten_chunks_take_the_time_that_the_rate_asks_for() {
        let pace = BytePace::new(Some(1_000_000));
        let start = mono_now();
        for _ in 0..100 {
            pace.spend(50_000, || {}).await;
        }
        let secs = start.elapsed().as_secs_f64();
        assert!((4.9..5.1).contains(&secs), "{secs}");
    }

    #[tokio::test(start_paused = true)]
    async fn eight_downloads_share_one_rate() {
        let pace = Arc::new(BytePace::new(Some(1_000_000)));
        let start = mono_now();
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let pace = Arc::clone(&pace);
                tokio::spawn(async move {
                    for _ in 0..50 {
                        pace.spend(10_000, || {}).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let secs = start.elapsed().as_secs_f64();
        assert!((3.9..4.1).contains(&secs), "{secs}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nobody_waits() {
        let pace = BytePace::new(None);
        let start = mono_now();
        pace.spend(usize::MAX, || {}).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_changed_rate_reaches_who_waits() {
        let pace = Arc::new(BytePace::new(Some(1)));
        let start = mono_now();
        let waiting = tokio::spawn({
            let pace = Arc::clone(&pace);
            async move { pace.spend(1_000, || {}).await }
        });
        tokio::time::sleep(Duration::from_secs(10)).await;
        pace.set_rate(Some(990));
        waiting.await.unwrap();
        assert!((10.9..11.1).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_hour_saves_up_no_burst() {
        let pace = BytePace::new(Some(1_000_000));
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        let start = mono_now();
        pace.spend(1_000_000, || {}).await;
        assert!((0.9..1.01).contains(&start.elapsed().as_secs_f64()));
    }
}
