//! Waiting for something that another process or thread brings about.
//!
//! Invariant: bounded, and the thread is never put to sleep: the waiting is tokio's. May use: `context`.

use crate::context::Home;
use fake_google::FaultId;
use std::time::Duration;

/// How often a condition is looked at.
const LOOKS_MAX: u32 = 4_000;
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until `is_so`; fails after 20 s.
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl FnMut() -> bool) {
    assert!(comes_true_within(PAUSE * LOOKS_MAX, is_so), "waited in vain for {what}");
}

/// Whether `is_so` comes true in about this time.
pub(crate) fn comes_true_within(time: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    for _ in 0..time.as_millis() / PAUSE.as_millis() {
        if is_so() {
            return true;
        }
        runtime.block_on(async { tokio::time::sleep(PAUSE).await });
    }
    false
}

/// Waits until a fault has hit a request.
#[track_caller]
pub(crate) fn until_fired(home: &Home, fault: FaultId) {
    until("the fault to hit a request", || home.google.fired(fault) > 0);
}
