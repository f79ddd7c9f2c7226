//! The users' libraries: accounts, items, albums.
//!
//! Owns: what exists at the simulated Google and in which order it is listed. Invariant: a million
//! synthetic items are a formula, never rows. May import: `content`, `media`, `rng`, `clock`, `settings`.
//! Tests: `data/tests.rs`.

mod account;
mod album;
mod id;
mod item;
mod spec;
mod synthetic;
mod truth;

pub(crate) use crate::data::account::{Account, Order, Position};
pub(crate) use crate::data::album::Album;
pub(crate) use crate::data::item::Item;
pub use crate::data::spec::{Field, ItemKind, ItemSpec, VideoStatus};
pub use crate::data::synthetic::Synthetic;
pub use crate::data::truth::{Truth, TruthAlbum, TruthItem};

#[cfg(test)]
mod tests;
