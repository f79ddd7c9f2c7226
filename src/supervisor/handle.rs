//! The supervisor seen from outside: asked for statuses and runs, told of changes.
//!
//! Owns: the senders' ends of its channels. Invariant: nothing here waits for a run; after the supervisor's end every call does
//! nothing. May import: `media`, `status`. Tests: `tests.rs`.

use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::media::LibraryName;
use crate::status::LibraryStatus;
use crate::supervisor::sentence::{Quotas, sentence};
use crate::supervisor::slot::Slot;
use crate::supervisor::state::{Activation, Cause};
use crate::supervisor::{Changes, Slots, statuses};

/// Asks the supervisor; clones ask the same one.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) commands: mpsc::Sender<Changes>,
    pub(crate) slots: watch::Receiver<Slots>,
    pub(crate) note: watch::Sender<String>,
    pub(crate) quotas: Quotas,
}

/// A wish that was handed to a worker.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Whose.
    pub name: LibraryName,
    /// Its worker.
    pub slot: Slot,
    /// The wish's number, to be found in [`Answered`](crate::supervisor::Answered).
    pub number: u64,
}

// === impl Handle ===

impl Handle {
    /// Every library's status, in name order.
    pub fn libraries(&self) -> Vec<LibraryStatus> {
        statuses(&self.slots.borrow())
    }

    /// Asks for a run of each of `names` (none: of all) on a person's behalf, who allows so many `deletions` in each; unknown names
    /// are left out.
    pub fn ask(&self, names: &[LibraryName], full: bool, deletions: u64) -> Vec<Ticket> {
        let wish = Activation { cause: Cause::Person, full, deletions };
        let slots = self.slots.borrow();
        let wanted = slots.iter().filter(|(name, _)| names.is_empty() || names.contains(name));
        wanted
            .map(|(name, slot)| Ticket {
                name: name.clone(),
                slot: slot.clone(),
                number: slot.activator.poke(wish),
            })
            .collect()
    }

    /// The worker of one library, if it is configured.
    pub fn slot(&self, name: &LibraryName) -> Option<Slot> {
        self.slots.borrow().get(name).cloned()
    }

    /// Tells every worker that the limits were changed.
    pub fn limits_changed(&self) {
        let wish = Activation { cause: Cause::LimitsChanged, full: false, deletions: 0 };
        for slot in self.slots.borrow().values() {
            slot.activator.poke(wish);
        }
    }

    /// Changes the set of libraries; nothing happens if the supervisor has ended.
    pub async fn apply(&self, changes: Changes) {
        if self.commands.send(changes).await.is_err() {
            tracing::debug!("the supervisor has ended; the change of libraries is dropped");
        }
    }

    /// A remark that goes before the status sentence until it is taken back with an empty one.
    pub fn set_note(&self, note: String) {
        self.note.send_replace(note);
    }

    /// The status sentence at this moment.
    pub fn sentence(&self) -> String {
        sentence(&self.note.borrow(), &self.libraries(), &self.quotas)
    }

    /// Waits until every library was looked at, at most `patience`.
    pub async fn ready(&self, patience: Duration) {
        let slots: Vec<Slot> = self.slots.borrow().values().cloned().collect();
        let all = async {
            for mut slot in slots {
                if slot.published.wait_for(|published| published.ready).await.is_err() {
                    tracing::debug!("a worker ended before it was ready");
                }
            }
        };
        if timeout(patience, all).await.is_err() {
            tracing::warn!("some libraries do not answer yet; they are served as soon as they do");
        }
    }
}
