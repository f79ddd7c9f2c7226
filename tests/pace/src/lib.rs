//! Simulated servers with quotas, and the policies by which a client may pace its requests, on virtual time.
//!
//! Owns: the comparison of our pace with others. A server ([`server`]) admits a request if its quotas ([`quota`]) do; programs
//! with workers ([`sim`]) are paced by policies ([`policies`]), one of them the very code of the daemon; what was admitted and
//! refused ([`record`]) gives the figures of the table ([`table`]) and the plots ([`plot`]). `examples/pace.rs` prints them;
//! `tests/` holds ours to its bars.
//!
//! Invariant: no clock is read and no socket opened; equal seeds give equal figures.

#![forbid(unsafe_code)]

pub mod plot;
pub mod policies;
pub mod policy;
pub mod quota;
pub mod random;
pub mod record;
pub mod scenario;
pub mod server;
pub mod sim;
pub mod table;

/// A day, seconds. Days begin at 0.
pub const DAY_SECS: f64 = 86_400.0;
