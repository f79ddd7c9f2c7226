//! Tests of `takeout`.

mod exports;
mod layout;
mod naming;

use crate::takeout::{EntryRole, ExportTruth};

/// The paths of a role, without `Takeout/`.
fn paths(truth: &ExportTruth, role: EntryRole) -> Vec<&str> {
    truth.entries.iter().filter(|e| e.role == role).map(|e| &e.path["Takeout/".len()..]).collect()
}
