//! How the program ends: one documented set of exit codes, from product rules and `sysexits.h`.
//!
//! May import: nothing. The unit file's `RestartPreventExitStatus` names 77 and 78.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done and complete.
    Done = 0,
    /// A run ended with something missing: failed items, a throttled or interrupted run.
    Incomplete = 1,
    /// The command line is wrong (`EX_USAGE`).
    Usage = 64,
    /// A bug (`EX_SOFTWARE`).
    Bug = 70,
    /// Try again later: locked, or the quota is spent (`EX_TEMPFAIL`).
    TryLater = 75,
    /// A library needs login, or permission is denied (`EX_NOPERM`).
    NoPermission = 77,
    /// The configuration is wrong (`EX_CONFIG`).
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
