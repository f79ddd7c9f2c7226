//! What one that waits at a class is told, and what is remembered of a request that was let go.
//!
//! Invariant: plain values. May import: `media`. Tests: in `limiter/tests`.

use chrono::NaiveDate;
use std::time::Duration;

use crate::limiter::Parked;
use crate::media::LibraryName;

/// A request that was let go.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// When, seconds since the limiter's epoch.
    pub(crate) at: f64,
    /// The day that it counts for.
    pub(crate) date: NaiveDate,
    /// Whose it is.
    pub(crate) library: LibraryName,
}

/// What one that waits is to do.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Send.
    Go(Sent),
    /// Do not wait here.
    Park(Parked),
    /// Ask again at this moment, or when woken.
    Sleep(Duration),
    /// Ask again when woken.
    Wait,
    /// Write a larger reserve, then ask again.
    Save,
}

/// What a refusal leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    /// It must be on disk at once.
    pub(crate) is_urgent: bool,
    /// The ceiling that Google told, requests per second, if that is lower than the one before.
    pub(crate) lowered: Option<f64>,
}
