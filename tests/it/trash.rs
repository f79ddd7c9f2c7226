//! Deletions at Google: what goes to the trash and when, what stays, and how it comes back.

pub(crate) mod ground;
mod holds;
mod kills;
mod moves;
mod proofs;
mod returns;
