//! The one limiter: every request to Google by any library passes it.
//!
//! Owns: leave to send, for five classes of requests with a quota each. A request of a class waits in a fair queue
//! (`queue`, `comeback`) for a place in the adaptive schedule (`pace`), under a fixed ceiling (`bucket`), within the day's
//! budget (`budget`, kept over a restart by `ledger`), and with no more at once than Google takes (`concurrency`);
//! `lane` asks them in that order. Drive's bytes have a day's budget of their own (`egress`). Downloaded bytes are paced apart (`bytes`), at the `speed` of the hour. A refusal on one class slows that
//! class alone.
//!
//! A class starts at its configured ceiling, because that is the operator's statement of what is allowed and a
//! small library should not wait for a slow start; its first refusal cuts 30 %. After a restart it goes on from
//! the rate that was learnt before, if that is under a day old.
//!
//! Invariant: nothing waits here without a bound: leave that is further away than [`Limiter::PARK_AFTER`] is
//! refused with the moment to come back. No lock is held across a wait. May import: `config`, `media`, `status`,
//! `clock`, `fs`. Tests: `tests.rs`, and beside each part.

mod bucket;
pub mod budget;
mod bytes;
mod class;
mod comeback;
mod concurrency;
mod egress;
mod lane;
mod ledger;
mod moment;
pub mod pace;
mod permit;
mod queue;
mod speed;
#[cfg(test)]
mod tests;
mod told;
mod verdict;

use chrono::{DateTime, Local, NaiveDateTime, Utc};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

use crate::clock::{mono_now, wall_now};
use crate::config::Limits;
use crate::limiter::bytes::BytePace;
pub use crate::limiter::class::Class;
use crate::limiter::egress::{Claim, Egress};
use crate::limiter::lane::{Lane, bounded, reset_jitter};
use crate::limiter::ledger::{ClassRecord, Ledger};
use crate::limiter::moment::Moment;
use crate::limiter::permit::Place;
pub use crate::limiter::permit::{Charge, Permit};
use crate::limiter::speed::Speed;
use crate::limiter::verdict::Verdict;
use crate::media::LibraryName;
use crate::status::{ClassStatus, SpeedStatus};

/// The most by which a rest after a refusal is lengthened at random, so that refused requests do not come back in step.
const REST_SPREAD: f64 = 0.2;
/// The pause before a reserve is asked for again that could not even be tried.
const SAVE_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The limiter; clones are handles of the same one.
#[derive(Clone)]
pub struct Limiter {
    shared: Arc<Shared>,
}

/// What an answer that refuses for quota says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Throttle {
    /// The server's own wish (`Retry-After`, `RetryInfo`).
    pub retry_after: Option<Duration>,
    /// Which quota is spent.
    pub window: Window,
    /// The quota's value where the answer tells it, requests per `window`.
    pub limit: Option<u64>,
    /// Each user of the project has such a quota.
    pub per_user: bool,
}

/// The span of the quota that is spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// The answer does not tell.
    #[default]
    Unknown,
    /// A quota per minute (or another short span).
    Minute,
    /// A quota per day.
    Day,
    /// Too many at once.
    Concurrent,
}

/// No leave before a moment so far away that waiting in place makes no sense.
#[derive(Clone, Debug, thiserror::Error)]
#[error("parked until {until}: {}", if *.day { "the day's quota of the project is spent" } else { "Google asks for a long rest" })]
pub struct Parked {
    /// When to try again.
    pub until: DateTime<Utc>,
    /// Whether a daily quota is the cause.
    pub day: bool,
}

/// The day budgets cannot be kept on disk.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the limiter's state `{}`", .path.display())]
pub struct LimiterError {
    /// The file that keeps them.
    pub path: PathBuf,
    /// The cause.
    #[source]
    pub source: std::io::Error,
}

/// Reads the wall clock; a test sets its own.
type WallClock = Box<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What the clock on the wall shows here at that moment.
fn local(moment: DateTime<Utc>) -> NaiveDateTime {
    moment.with_timezone(&Local).naive_local()
}

/// What all handles share.
pub(crate) struct Shared {
    lanes: [Lane; 5],
    /// The bytes of [`Class::Drive`].
    egress: Egress,
    ledger: Ledger,
    speed: Speed,
    /// How fast stored files are hashed again, all libraries together.
    verifying: BytePace,
    rest_after_429: Mutex<Duration>,
    epoch: Instant,
    wall: WallClock,
}

impl Limiter {
    /// Leave that is further away than this is refused at once: the caller has better things to do than to wait.
    /// Short closures of the gate, which last up to a minute, are waited for in place.
    pub const PARK_AFTER: Duration = Duration::from_secs(120);

    /// A limiter for `limits`, which keeps the day budgets below `state_dir` (none: in memory only).
    ///
    /// # Errors
    /// If the state directory cannot be used.
    pub fn open(limits: &Limits, state_dir: Option<&Path>) -> Result<Self, LimiterError> {
        Self::open_at(limits, state_dir, Box::new(wall_now))
    }

    fn open_at(limits: &Limits, state_dir: Option<&Path>, wall: WallClock) -> Result<Self, LimiterError> {
        let (ledger, mut records) = Ledger::open(state_dir, wall())?;
        let epoch = mono_now();
        let now = Moment { mono: Duration::ZERO, wall: wall() };
        let bytes = records.get_mut(Class::Drive.word()).and_then(|record| record.bytes.take());
        let egress = Egress::new(limits.drive_bytes_per_day, bytes, ledger.on_disk(), reset_jitter());
        let lanes = Class::ALL.map(|class| {
            Lane::new(class, now, class.allowed(limits), records.remove(class.word()), ledger.on_disk())
        });
        let shared = Shared {
            lanes,
            egress,
            ledger,
            speed: Speed::new(limits, local(now.wall)),
            verifying: BytePace::new(limits.verify_bytes_per_second),
            rest_after_429: Mutex::new(limits.rest_after_429),
            epoch,
            wall,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Waits for leave to send one request of `class` for `library`; first come first served within a library,
    /// fair between libraries. Dropping the future gives the place up.
    ///
    /// # Errors
    /// [`Parked`] at once if no leave can come within [`Self::PARK_AFTER`].
    pub async fn acquire(&self, class: Class, library: &LibraryName) -> Result<Permit, Parked> {
        let mut place = Place::take(&self.shared, class, library);
        loop {
            let now = self.shared.now();
            if self.shared.ledger.take_due(now.mono) {
                self.shared.save_ahead().await;
            }
            match self.shared.lane(class).decide(self.shared.now(), library, place.ticket) {
                Verdict::Go(sent) => {
                    place.is_left = true;
                    self.shared.ledger.mark_counted();
                    return Ok(Permit { shared: Arc::clone(&self.shared), class, sent: Some(sent) });
                }
                Verdict::Park(parked) => return Err(parked),
                Verdict::Save => self.shared.save_ahead().await,
                Verdict::Wait => place.wake.notified().await,
                Verdict::Sleep(until) => tokio::select! {
                    () = tokio::time::sleep_until(self.shared.epoch + until) => {}
                    () = place.wake.notified() => {}
                },
            }
        }
    }

    /// Counts `bytes` that `library` is about to ask Drive for against the day's budget of bytes.
    ///
    /// # Errors
    /// [`Parked`] until the reset if the day has none left.
    pub async fn claim_bytes(&self, library: &LibraryName, bytes: u64) -> Result<Charge, Parked> {
        let shared = &self.shared;
        loop {
            // Ends: a written reserve holds what was claimed, and each claim of others that takes it is granted.
            match shared.egress.claim(shared.now().wall, library, bytes) {
                Claim::Granted(date) => {
                    shared.ledger.mark_counted();
                    let (shared, library) = (Arc::clone(shared), library.clone());
                    return Ok(Charge { shared, library, date, left: bytes });
                }
                Claim::Spent(until) => return Err(Parked { until, day: true }),
                Claim::Save => shared.save_ahead().await,
            }
        }
    }

    /// Paces `bytes` downloaded bytes against the speed in force; returns at once if there is none.
    pub async fn spend_bytes(&self, bytes: usize) {
        let clocks = || {
            let now = self.shared.now();
            (now.mono, local(now.wall))
        };
        self.shared.speed.spend(bytes, clocks).await;
    }

    /// Paces `bytes` read from the disk to be hashed again, so that a verification leaves it to others too.
    pub async fn spend_verified(&self, bytes: usize) {
        self.shared.verifying.spend(bytes, || ()).await;
    }

    /// The speed of all downloads together at this moment; none if there is no limit.
    pub fn speed(&self) -> Option<SpeedStatus> {
        self.shared.speed.status(local(self.shared.now().wall))
    }

    /// How long a request answered with `throttle` rests before it may ask again: as long as the server asks
    /// for, else a random 100 to 120 % of the least rest.
    pub fn rest_for(&self, throttle: &Throttle) -> Duration {
        let least = *self.shared.rest_after_429.lock().unwrap_or_else(PoisonError::into_inner);
        throttle
            .retry_after
            .filter(|after| !after.is_zero())
            .map_or_else(|| least.mul_f64(1.0 + rand::random_range(0.0..REST_SPREAD)), bounded)
    }

    /// Takes over changed limits without a burst; waiting requests obey at once.
    pub fn apply(&self, limits: &Limits) {
        for class in Class::ALL {
            self.shared.lane(class).apply(self.shared.now(), class.allowed(limits));
        }
        self.shared.egress.set_limit(limits.drive_bytes_per_day);
        self.shared.speed.apply(limits, local(self.shared.now().wall));
        self.shared.verifying.set_rate(limits.verify_bytes_per_second);
        *self.shared.rest_after_429.lock().unwrap_or_else(PoisonError::into_inner) = limits.rest_after_429;
    }

    /// The number of libraries that share a day's budgets: its last part is kept for those that used little of it.
    pub fn set_libraries(&self, number: usize) {
        self.shared.lanes.iter().for_each(|lane| lane.set_libraries(number));
        self.shared.egress.set_libraries(number);
    }

    /// Each class at this moment.
    pub fn status(&self) -> Vec<ClassStatus> {
        let now = self.shared.now();
        let status = |class: Class| {
            let mut status = self.shared.lane(class).status(now);
            if class == Class::Drive {
                self.shared.egress.add_to(&mut status, now.wall);
            }
            status
        };
        Class::ALL.map(status).into()
    }

    /// Requests of `class` sent for `library` since the start.
    pub fn sent_by(&self, class: Class, library: &LibraryName) -> u64 {
        self.shared.lane(class).sent_by(library)
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").finish_non_exhaustive()
    }
}

impl Shared {
    fn lane(&self, class: Class) -> &Lane {
        let [api, media, token, picker, drive] = &self.lanes;
        match class {
            Class::Api => api,
            Class::Media => media,
            Class::Token => token,
            Class::Picker => picker,
            Class::Drive => drive,
        }
    }

    fn now(&self) -> Moment {
        Moment { mono: mono_now().saturating_duration_since(self.epoch), wall: (self.wall)() }
    }

    /// Writes the counts with a reserve, off the asynchronous threads; whoever asked may go away meanwhile.
    async fn save_ahead(self: &Arc<Self>) {
        let shared = Arc::clone(self);
        if tokio::task::spawn_blocking(move || shared.save(true)).await.is_err() {
            // The runtime shuts down, or the write hit a bug: without a reserve nothing may leave, so ask again later.
            tokio::time::sleep(SAVE_AGAIN_AFTER).await;
        }
    }

    fn save(&self, ahead: bool) {
        let now = self.now();
        let record = |class: Class| {
            let bytes = (class == Class::Drive).then(|| self.egress.record(ahead));
            (class.word().to_owned(), ClassRecord { bytes, ..self.lane(class).record(now, ahead) })
        };
        let records = || Class::ALL.map(record).into_iter().collect::<BTreeMap<String, ClassRecord>>();
        self.ledger.write(now.mono, now.wall, records, |written| {
            for class in Class::ALL {
                if let Some(record) = written.get(class.word()) {
                    self.lane(class).on_written(&record.day);
                    record.bytes.iter().for_each(|bytes| self.egress.on_written(bytes));
                }
            }
        });
        if ahead {
            // The file tells a reserve, so the exact counts are still to be written.
            self.ledger.mark_counted();
        }
    }
}

impl Drop for Shared {
    /// The exact counts, in place of the last reserve.
    fn drop(&mut self) {
        if self.ledger.is_behind() {
            self.save(false);
        }
    }
}
