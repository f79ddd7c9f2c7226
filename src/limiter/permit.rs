//! Leave that was given, and places of those that wait for it: what must be told or given back, whatever happens.
//!
//! Invariant: a permit, a charge or a place that is dropped leaves nothing counted or queued that is not. May import: `media`.
//! Tests: in `limiter/tests`.

use chrono::NaiveDate;
use std::fmt;
use std::sync::Arc;
use tokio::sync::Notify;

use crate::limiter::verdict::Sent;
use crate::limiter::{Class, Shared, Throttle};
use crate::media::LibraryName;

/// Leave to send one request; tell it how the request was answered. Dropped untold, the outcome is unknown.
#[must_use]
pub struct Permit {
    pub(crate) shared: Arc<Shared>,
    pub(crate) class: Class,
    /// None once the outcome was told.
    pub(crate) sent: Option<Sent>,
}

/// Bytes that may be fetched from Drive and are counted; dropped, it gives back what did not come.
#[must_use]
pub struct Charge {
    pub(crate) shared: Arc<Shared>,
    pub(crate) library: LibraryName,
    pub(crate) date: NaiveDate,
    /// What has not come yet, bytes.
    pub(crate) left: u64,
}

impl Charge {
    /// `bytes` of them came.
    pub fn came(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes as u64);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if self.left > 0 {
            self.shared.egress.give_back(&self.library, self.date, self.left);
            self.shared.ledger.mark_counted();
        }
    }
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charge").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Permit {
    /// The quota let the request in (any answer but a throttle, 5xx included).
    pub fn admitted(mut self) {
        if let Some(sent) = self.sent.take() {
            self.shared.lane(self.class).admitted(self.shared.now(), &sent);
        }
    }

    /// The server refused for quota.
    pub fn throttled(mut self, throttle: &Throttle) {
        if let Some(sent) = self.sent.take() {
            let refused = self.shared.lane(self.class).throttled(self.shared.now(), &sent, throttle);
            self.shared.ledger.mark_changed(refused.is_urgent);
            if let Some(per_sec) = refused.lowered {
                tell_lowered(self.class, per_sec);
            }
        }
    }

    /// The request never left the machine: it counts against no day.
    pub fn unsent(mut self) {
        if let Some(sent) = self.sent.take() {
            self.shared.lane(self.class).unsent(self.shared.now(), &sent);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(sent) = self.sent.take() {
            self.shared.lane(self.class).unknown(self.shared.now(), &sent);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("class", &self.class).finish_non_exhaustive()
    }
}

/// Google's own word lowers a ceiling for a day, so the operator should know; it happens once for each value.
fn tell_lowered(class: Class, per_sec: f64) {
    let (class, per_minute) = (class.word(), per_sec * 60.0);
    tracing::warn!(
        class,
        "Google tells a quota of {per_minute:.0} {class} requests per minute, which is the ceiling for a day now; another value in `[limits]` ends that"
    );
}

/// A place in a class's queue; dropped, it is given up.
pub(crate) struct Place<'a> {
    shared: &'a Shared,
    class: Class,
    library: &'a LibraryName,
    pub(crate) ticket: u64,
    pub(crate) wake: Arc<Notify>,
    pub(crate) is_left: bool,
}

impl<'a> Place<'a> {
    /// Takes one.
    pub(crate) fn take(shared: &'a Shared, class: Class, library: &'a LibraryName) -> Self {
        let wake = Arc::new(Notify::new());
        let ticket = shared.lane(class).enter(shared.now(), library, Arc::clone(&wake));
        Self { shared, class, library, ticket, wake, is_left: false }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.is_left {
            self.shared.lane(self.class).leave(self.shared.now(), self.library, self.ticket);
        }
    }
}
