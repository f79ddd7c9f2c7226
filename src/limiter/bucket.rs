//! The fixed ceiling of one class: governor's token bucket behind the adaptive pace.
//!
//! Owns: the configured requests per second as a bound that no error in the rate law can pass. The exact distance
//! between two requests is the pace's (`pace`), because its schedule survives a changed rate without a burst or a
//! stall; governor would do the same work a second time if it followed every step of the rate, so it holds the
//! ceiling alone. A governor limiter has one quota for life. A changed ceiling therefore means a new limiter over
//! the same stored arrival time, which counts from a fixed epoch, not from the limiter's birth: the new one owes
//! what the old one owed, scaled to the new rate.
//!
//! The bucket holds two requests, and at high rates as many as fall due in [`LATE_MAX`]: a timer that wakes late may
//! be followed by one that wakes in time, and the pace lets both go.
//!
//! Invariant: reads no clock; in any span it passes at most ceiling times span, plus the bucket.
//! May import: nothing. Tests: in this file.

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How late a timer may wake; the arrears in it may leave at once.
const LATE_MAX: Duration = Duration::from_millis(4);

/// A clock that shows what it was set to.
#[derive(Clone, Debug, Default)]
struct SetClock(Arc<AtomicU64>);

impl SetClock {
    fn set(&self, now: Duration) {
        self.0.store(nanos(now), Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    type Instant = Nanos;
    fn now(&self) -> Nanos {
        Nanos::from(self.0.load(Ordering::Relaxed))
    }
}

/// The theoretical arrival time of the next request, nanoseconds since the epoch; 0: none yet.
#[derive(Clone, Debug, Default)]
struct Arrival(Arc<AtomicU64>);

impl StateStore for Arrival {
    type Key = NotKeyed;
    fn measure_and_replace<T, F, E>(&self, _key: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // The gate is used behind one lock, so nobody else writes in between.
        let old = self.0.load(Ordering::Relaxed);
        let (outcome, next) = decide((old > 0).then(|| Nanos::from(old)))?;
        self.0.store(next.as_u64(), Ordering::Relaxed);
        Ok(outcome)
    }
}

type Bucket = RateLimiter<NotKeyed, Arrival, SetClock, NoOpMiddleware<Nanos>>;

/// The fixed ceiling of one class.
#[derive(Debug)]
pub(crate) struct Gate {
    limiter: Bucket,
    clock: SetClock,
    arrival: Arrival,
    ceiling: f64,
}

impl Gate {
    /// A gate that passes `ceiling` requests per second.
    pub(crate) fn new(ceiling: f64) -> Self {
        let (clock, arrival) = (SetClock::default(), Arrival::default());
        Self { limiter: limiter(ceiling, &arrival, &clock), clock, arrival, ceiling }
    }

    /// Lets one request through `now` (since the epoch), or tells how long it must wait.
    pub(crate) fn check(&self, now: Duration) -> Result<(), Duration> {
        self.clock.set(now);
        self.limiter.check().map_err(|refused| refused.wait_time_from(Nanos::from(nanos(now))))
    }

    /// Takes over another ceiling without a burst; a debt is paid off in as many requests as before.
    pub(crate) fn set_ceiling(&mut self, now: Duration, ceiling: f64) {
        let owed = Duration::from_nanos(self.arrival.0.load(Ordering::Relaxed)).saturating_sub(now);
        if !owed.is_zero() {
            let scaled = duration(owed.as_secs_f64() * self.ceiling / ceiling);
            self.arrival.0.store(nanos(now + scaled), Ordering::Relaxed);
        }
        self.ceiling = ceiling;
        // The limiter counts from what its clock shows when it is made: the epoch.
        self.clock.set(Duration::ZERO);
        self.limiter = limiter(ceiling, &self.arrival, &self.clock);
    }
}

fn limiter(ceiling: f64, arrival: &Arrival, clock: &SetClock) -> Bucket {
    let gap = duration(1.0 / ceiling).max(Duration::from_nanos(1));
    let late = u32::try_from(LATE_MAX.as_nanos() / gap.as_nanos()).unwrap_or(u32::MAX).saturating_add(2);
    let burst = NonZeroU32::new(late).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(gap).unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN));
    RateLimiter::new(quota.allow_burst(burst), arrival.clone(), clock.clone())
}

fn duration(secs: f64) -> Duration {
    /// Longer than any wait here; a rate so low is as good as none.
    const LONGEST: Duration = Duration::from_secs(86_400);
    Duration::try_from_secs_f64(secs).unwrap_or(LONGEST).min(LONGEST)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::limiter::bucket::Gate;

    const MS: Duration = Duration::from_millis(1);

    /// Requests that pass in `span` from `from`, asked for every millisecond.
    fn passed(gate: &Gate, from: Duration, span: Duration) -> u32 {
        let steps = u32::try_from(span.as_millis()).unwrap();
        (0..steps).map(|step| u32::from(gate.check(from + MS * step).is_ok())).sum()
    }

    #[test]
    fn ten_seconds_pass_the_ceiling_and_the_bucket() {
        let gate = Gate::new(10.0);
        assert!((100..=102).contains(&passed(&gate, Duration::from_secs(5), Duration::from_secs(10))));
    }

    #[test]
    fn a_changed_ceiling_gives_no_burst_and_no_stall() {
        let mut gate = Gate::new(10.0);
        let hour = Duration::from_secs(3_600);
        passed(&gate, hour, Duration::from_secs(100));
        let now = hour + Duration::from_secs(100);
        gate.set_ceiling(now, 20.0);
        assert!((18..=22).contains(&passed(&gate, now, Duration::from_secs(1))));
    }

    #[test]
    fn a_debt_at_a_low_rate_shrinks_with_the_rate() {
        let mut gate = Gate::new(0.02);
        let now = Duration::from_secs(10);
        while gate.check(now).is_ok() {}
        gate.set_ceiling(now, 10.0);
        assert!(gate.check(now).unwrap_err() <= Duration::from_millis(200));
    }

    #[test]
    fn at_high_rates_what_fell_due_while_a_timer_slept_may_go_at_once() {
        let gate = Gate::new(20_000.0);
        let second = |n: u32| Duration::from_secs(1) + MS * n;
        let mut total = 0;
        for step in 0..1_000 {
            while gate.check(second(step)).is_ok() {
                total += 1;
            }
        }
        assert!((19_980..=20_100).contains(&total), "{total}");
    }
}
