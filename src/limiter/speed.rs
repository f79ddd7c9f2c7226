//! How fast all downloads together may be, now: the constant of `[limits]`, or that of the window of the week that holds.
//!
//! Owns: which speed is in force, and the byte pace that keeps it. Nobody watches the clock for it: whoever downloads looks once
//! a second, and whoever waits for the pace at least every [`crate::limiter::bytes::LOOK_AGAIN_AFTER`]; so a window's edge is
//! kept in the middle of a transfer, after a clock change and after a sleep of the machine alike.
//!
//! Invariant: the speed in force is that of the last look; a change is logged once. May import: `config`, `status`.
//! Tests: in this file.

use bytesize::ByteSize;
use chrono::NaiveDateTime;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::config::{Limits, SpeedWindow, SpeedWindows};
use crate::limiter::bytes::BytePace;
use crate::status::SpeedStatus;

/// Looks at the clock are at least this far apart, milliseconds.
const LOOK_GAP_MS: u64 = 1_000;

#[derive(Debug)]
struct Plan {
    /// The speed outside all windows, bytes per second; none: not limited.
    constant: Option<u64>,
    windows: SpeedWindows,
    /// The window in force.
    window: Option<SpeedWindow>,
}

impl Plan {
    fn speed(&self) -> Option<u64> {
        self.window.as_ref().map_or(self.constant, |window| window.bytes_per_second)
    }
}

/// The speed of all downloads together.
#[derive(Debug)]
pub(crate) struct Speed {
    pace: BytePace,
    plan: Mutex<Plan>,
    /// Milliseconds of the monotonic clock at the last look, plus one; 0: never looked.
    looked_ms: AtomicU64,
}

impl Speed {
    /// The speed that `limits` allow when the clock on the wall shows `local`.
    pub(crate) fn new(limits: &Limits, local: NaiveDateTime) -> Self {
        let windows = limits.windows.clone();
        let window = windows.at(local).cloned();
        let plan = Plan { constant: limits.bytes_per_second, windows, window };
        Self { pace: BytePace::new(plan.speed()), plan: Mutex::new(plan), looked_ms: AtomicU64::new(0) }
    }

    /// Waits until `bytes` more bytes fit the speed in force; `clocks` gives the time since the limiter's epoch and what the
    /// clock on the wall shows. Dropping the future keeps them counted, for they were received.
    pub(crate) async fn spend(&self, bytes: usize, clocks: impl Fn() -> (Duration, NaiveDateTime)) {
        self.pace.spend(bytes, || self.look(&clocks)).await;
    }

    /// Takes over changed limits; transfers under way obey at once.
    pub(crate) fn apply(&self, limits: &Limits, local: NaiveDateTime) {
        let speed = {
            let mut plan = self.lock();
            plan.constant = limits.bytes_per_second;
            plan.windows = limits.windows.clone();
            plan.window = plan.windows.at(local).cloned();
            plan.speed()
        };
        self.pace.set_rate(speed);
    }

    /// The speed at `local`; none if there is neither a constant nor a window.
    pub(crate) fn status(&self, local: NaiveDateTime) -> Option<SpeedStatus> {
        self.follow(local);
        let plan = self.lock();
        let window = plan.window.as_ref().map(|window| window.name.clone());
        (plan.constant.is_some() || window.is_some())
            .then(|| SpeedStatus { bytes_per_second: plan.speed(), window })
    }

    fn look(&self, clocks: impl Fn() -> (Duration, NaiveDateTime)) {
        if self.lock().windows.is_empty() {
            return;
        }
        let (mono, local) = clocks();
        let now_ms = u64::try_from(mono.as_millis()).unwrap_or(u64::MAX - 1) + 1;
        let looked_ms = self.looked_ms.load(Ordering::Relaxed);
        if looked_ms == 0 || now_ms.saturating_sub(looked_ms) >= LOOK_GAP_MS {
            self.looked_ms.store(now_ms, Ordering::Relaxed);
            self.follow(local);
        }
    }

    /// Puts the window of `local` in force.
    fn follow(&self, local: NaiveDateTime) {
        let mut plan = self.lock();
        let window = plan.windows.at(local);
        if window == plan.window.as_ref() {
            return;
        }
        plan.window = window.cloned();
        let speed = plan.speed();
        tell(plan.window.as_ref(), speed);
        drop(plan);
        self.pace.set_rate(speed);
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A speed for people, such as `limited to 100 KiB/s`.
fn words(speed: Option<u64>) -> String {
    let Some(speed) = speed else { return "not limited".to_owned() };
    let size = ByteSize::b(speed).display().iec().to_string();
    format!("limited to {}/s", size.replace(".0 ", " "))
}

fn tell(window: Option<&SpeedWindow>, speed: Option<u64>) {
    let speed = words(speed);
    if let Some(window) = window {
        tracing::info!(window = window.name, "downloads are {speed}: the window `{}` begins", window.name);
    } else {
        tracing::info!("downloads are {speed}: the window of `[limits.schedule]` is over");
    }
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDateTime, TimeDelta};
    use std::time::Duration;
    use tokio::time::Instant;

    use crate::clock::mono_now;
    use crate::config::Config;
    use crate::limiter::speed::{Speed, words};

    /// Limits as a file gives them: 1 kB/s, and from 18:00 to 19:00 ten times that.
    fn limits() -> crate::config::Limits {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        let text = "[limits]\nbytes-per-second = \"10 KB\"\n[limits.schedule]\n\
                    fast = { from = \"18:00\", to = \"19:00\", bytes-per-second = \"100 KB\" }\n";
        std::fs::write(&file, text).unwrap();
        Config::load(&file).unwrap().limits
    }

    /// Both clocks; the one on the wall showed `from` at `start`.
    fn clocks(start: Instant, from: &str) -> impl Fn() -> (Duration, NaiveDateTime) {
        let from: NaiveDateTime = from.parse().unwrap();
        move || (start.elapsed(), from + TimeDelta::from_std(start.elapsed()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_transfer_changes_its_speed_at_the_edges_of_a_window() {
        let clocks = clocks(mono_now(), "2025-01-06T17:58:20");
        let speed = Speed::new(&limits(), clocks().1);
        let mut sent = [0_u32; 3];
        while clocks().1 < "2025-01-06T19:01:40".parse().unwrap() {
            speed.spend(5_000, &clocks).await;
            let minute = (clocks().1 - "2025-01-06T18:00:00".parse::<NaiveDateTime>().unwrap()).num_seconds();
            sent[if minute < 0 { 0 } else { usize::from(minute >= 3_600) + 1 }] += 5_000;
        }
        for (bytes, want) in sent.into_iter().zip([1_000_000_u32, 360_000_000, 1_000_000]) {
            assert!(bytes.abs_diff(want) <= want / 25, "{bytes} of {want}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_the_pace_hears_of_a_window_too() {
        let start = mono_now();
        let clocks = clocks(start, "2025-01-06T17:59:00");
        let speed = Speed::new(&limits(), clocks().1);
        // A minute at 10 kB/s, then 5.4 MB at 100 kB/s.
        speed.spend(6_000_000, &clocks).await;
        let secs = start.elapsed().as_secs_f64();
        assert!((110.0..150.0).contains(&secs), "{secs}");
    }

    #[test]
    fn a_speed_is_logged_in_the_units_of_the_configuration() {
        let table = [
            (None, "not limited"),
            (Some(102_400), "limited to 100 KiB/s"),
            (Some(1_572_864), "limited to 1.5 MiB/s"),
            (Some(20 << 20), "limited to 20 MiB/s"),
        ];
        for (speed, expected) in table {
            assert_eq!(words(speed), expected);
        }
    }

    #[test]
    fn the_status_tells_the_speed_and_its_window() {
        let at = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        let speed = Speed::new(&limits(), at("2025-01-06T12:00:00"));
        let of = |time| speed.status(at(time)).map(|status| (status.bytes_per_second, status.window));
        assert_eq!(of("2025-01-06T12:00:00"), Some((Some(10_000), None)));
        assert_eq!(of("2025-01-06T18:30:00"), Some((Some(100_000), Some("fast".to_owned()))));
        speed.apply(&crate::config::Limits::default(), at("2025-01-06T18:30:00"));
        assert_eq!(of("2025-01-06T18:30:00"), None);
    }
}
