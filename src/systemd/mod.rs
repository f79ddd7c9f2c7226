//! systemd: notifications to the service manager, the journal, and the identifiers of messages.
//!
//! Owns: all that the daemon says to systemd. Invariant: works the same outside systemd, where nobody listens.
//! May import: `status`. Tests: beside each part.

mod journal;
mod messages;
mod notify;

pub use crate::systemd::journal::{Logs, init_logs};
pub use crate::systemd::messages::Message;
pub use crate::systemd::notify::{Notifier, grouped, sentence_for};
