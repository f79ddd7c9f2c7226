//! What a Google Takeout export means: part names, folders, sidecars, pairing, and the rhythm of deliveries.
//!
//! Google documents none of it; the rules are those that published exports follow. Invariant: pure, no I/O and no clock; work and
//! memory are linear in what is given, and what cannot be known is said to be unknown. May import: nothing.
//! Tests: beside each module.

pub mod folder;
pub mod matcher;
pub mod part_name;
pub mod rhythm;
pub mod sidecar;
