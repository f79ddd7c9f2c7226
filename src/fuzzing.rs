//! What comes from outside, against what its readers promise: the bodies of the fuzz targets.
//!
//! Owns: the table of the targets. Each takes any bytes, does with them what the program does, and panics where a promise is broken.
//! Invariant: no release has any of it: it is built for tests and with `--cfg fuzzing` alone. What only a module can see of itself is
//! checked by a `fuzzing` of its own. May import: everything. Tests: `fuzzing/tests.rs`, with the corpus that is committed; `fuzz/run`
//! runs the targets for long.

mod archive;
mod embedded;
mod takeout;
#[cfg(test)]
mod tests;

use crate::{auth, config, control, google, job, names};

/// A target: its name, the same as of its corpus and its program in `fuzz/`, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, in the order of the ways in.
pub const TARGETS: &[Target] = &[
    ("config", config::fuzzing::text),
    ("client_secret", auth::fuzzing::client_secret),
    ("token_file", auth::fuzzing::token_file),
    ("api_json", google::fuzzing::api_json),
    ("error_json", google::fuzzing::error_json),
    ("drive_json", google::fuzzing::drive_json),
    ("file_names", names::fuzzing::file_names),
    ("album_titles", job::fuzzing::album_titles),
    ("sidecar_json", takeout::sidecar_json),
    ("takeout_names", takeout::takeout_names),
    ("archive", archive::archive),
    ("embedded", embedded::embedded),
    ("control_lines", control::fuzzing::lines),
];

/// Runs the target called `name` on `data`; an unknown name does nothing.
pub fn run(name: &str, data: &[u8]) {
    if let Some((_, target)) = TARGETS.iter().find(|(known, _)| *known == name) {
        target(data);
    }
}
