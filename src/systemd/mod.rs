//! systemd: notifications to the service manager, the journal, the identifiers of messages, and the unit as it is installed.
//!
//! Owns: all that the daemon says to systemd. Invariant: works the same outside systemd, where nobody listens.
//! May import: `status`. Tests: beside each part.

mod credential;
mod journal;
mod messages;
mod notify;
mod sandbox;
mod unit_files;

pub use crate::systemd::credential::Credential;
pub use crate::systemd::journal::{Logs, init_logs};
pub use crate::systemd::messages::Message;
pub use crate::systemd::notify::{Notifier, grouped, sentence_for};
pub use crate::systemd::sandbox::{Need, Sandbox, drop_in_for, is_hidden_by_default};
