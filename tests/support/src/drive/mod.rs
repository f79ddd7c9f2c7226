//! The Drive API v3, as far as archives are found and fetched through it.
//!
//! Owns: each account's files, their changes, the calls that read them, and Drive's errors, which have
//! the older shape of Google's APIs. Invariant: no request changes anything; one that tries is counted
//! as [`Endpoint::DriveWrite`](crate::Endpoint::DriveWrite) and refused.
//! May import: `content`, `data`, `oauth`, `reply`, `settings`, `rng`, `clock`. Tests: `tests/drive.rs`, `drive/tests.rs`.

mod call;
mod error;
mod fields;
mod file;
mod handle;
mod list;
mod query;
mod store;
mod wire;

pub(crate) use crate::drive::call::{Call, answer};
pub(crate) use crate::drive::error::{DriveError, is_throttle};
pub use crate::drive::file::DriveFile;
pub use crate::drive::handle::{Drive, DriveTruth};
pub(crate) use crate::drive::store::DriveStore;

#[cfg(test)]
mod tests;
