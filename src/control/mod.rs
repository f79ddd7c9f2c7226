//! The control socket: how `status` and `sync` reach the daemon of the same configuration.
//!
//! Owns: the socket file, its lock and its protocol. Invariant: requests, connections and waits are bounded; the socket is for
//! its owner and group alone. May import: `media`, `shutdown`, `status`. Tests: `tests.rs`, over a real socket.

mod client;
mod framing;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod server;
mod wire;

pub use crate::control::client::{Client, ClientError};
pub use crate::control::server::{BindError, Call, REPLIES_WAITING_MAX, Server};
pub use crate::control::wire::{LibraryEnd, Reply, Request, SyncResult};

/// Name of the socket in its folder.
pub const SOCKET_NAME: &str = "control.sock";

#[cfg(test)]
mod tests;
