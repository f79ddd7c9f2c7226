//! One worker seen from outside: how to wake it, and what it publishes.
//!
//! Owns: the channels between a worker, the supervisor and those who ask. Invariant: every channel holds one value, so
//! nothing piles up. May import: `job`, `media`, `shutdown`, `status`. Tests: `tests.rs`.

use tokio::sync::watch;
use tokio::time::Instant;

use crate::job::RunReport;
use crate::shutdown::Shutdown;
use crate::status::LibraryStatus;
use crate::supervisor::state::{Activation, Cause};

/// Wakes one worker; wishes that it has not yet taken are one wish.
#[derive(Clone, Debug)]
pub struct Activator {
    asked: watch::Sender<Asked>,
}

/// What was wished and not yet taken.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    ticket: u64,
    wish: Option<Activation>,
}

/// What a worker publishes.
#[derive(Clone, Debug)]
pub struct Published {
    /// For people and monitors.
    pub status: LibraryStatus,
    /// Whether the index and the token file have been looked at.
    pub ready: bool,
    /// The newest look asked for that the status takes into account.
    pub look: u64,
}

/// The newest wish that a worker has answered, and how.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// Every wish up to this number is answered.
    pub ticket: u64,
    /// The end of the run that answered it; none before the first.
    pub report: Option<RunReport>,
}

/// A worker's outside.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Wakes it.
    pub activator: Activator,
    /// Counts the looks that were asked for.
    pub(crate) looks: watch::Sender<u64>,
    /// What it publishes.
    pub published: watch::Receiver<Published>,
    /// Which wishes it has answered.
    pub answered: watch::Receiver<Answered>,
    /// When it last showed that it lives.
    pub beat: watch::Receiver<Instant>,
    /// Ends it once no run is under way.
    pub leave: Shutdown,
    /// Interrupts its run.
    pub stop: Shutdown,
}

// === impl Slot ===

impl Slot {
    /// Has the worker look at its disk now, and gives its status from then; that of now, if the worker ends first.
    pub async fn look(&self) -> LibraryStatus {
        let mut number = 0;
        self.looks.send_modify(|newest| {
            *newest += 1;
            number = *newest;
        });
        let mut published = self.published.clone();
        let seen =
            published.wait_for(|published| published.look >= number).await.map(|seen| seen.status.clone());
        seen.unwrap_or_else(|_| self.published.borrow().status.clone())
    }
}

// === impl Activator ===

impl Activator {
    /// An activator without a wish, and the side that the worker waits on.
    pub fn new() -> (Self, Wishes) {
        let (asked, waiting) = watch::channel(Asked::default());
        (Self { asked: asked.clone() }, Wishes { asked, waiting })
    }

    /// Wishes for a run; the number tells in [`Answered`] when it has been answered.
    pub fn poke(&self, wish: Activation) -> u64 {
        let mut ticket = 0;
        self.asked.send_modify(|asked| {
            asked.ticket += 1;
            ticket = asked.ticket;
            asked.wish = Some(asked.wish.map_or(wish, |earlier| merge(earlier, wish)));
        });
        ticket
    }
}

/// The wishes as their worker takes them.
#[derive(Debug)]
pub struct Wishes {
    asked: watch::Sender<Asked>,
    waiting: watch::Receiver<Asked>,
}

impl Wishes {
    /// Ends when there is a wish; taking it is [`Self::take`]'s.
    pub async fn arrived(&mut self) {
        if self.waiting.wait_for(|asked| asked.wish.is_some()).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Takes what was wished, as one.
    pub fn take(&mut self) -> Option<Activation> {
        let mut wish = None;
        self.asked.send_if_modified(|asked| {
            wish = asked.wish.take();
            false
        });
        wish
    }

    /// The number of the newest wish.
    pub fn newest(&self) -> u64 {
        self.asked.borrow().ticket
    }
}

/// Two wishes as one: the stronger cause, a full listing if either asks for it, and the more that may go to the trash.
fn merge(a: Activation, b: Activation) -> Activation {
    let rank = |cause| match cause {
        Cause::LimitsChanged => 0,
        Cause::Schedule => 1,
        Cause::Person => 2,
    };
    let cause = if rank(a.cause) >= rank(b.cause) { a.cause } else { b.cause };
    Activation { cause, full: a.full || b.full, deletions: a.deletions.max(b.deletions) }
}
