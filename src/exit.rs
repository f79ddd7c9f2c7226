//! How the program ends: one documented set of exit codes, from product rules and `sysexits.h`.
//!
//! May import: nothing. Tests: below. The unit file's `RestartPreventExitStatus` names 77 and 78.

use std::io::{Error, ErrorKind};
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

// === impl Exit ===

impl Exit {
    /// How the program ends if its own files cannot be used because of `error`.
    ///
    /// The service manager starts a daemon again after all but a missing right and a wrong configuration. So those two are named
    /// only where no waiting mends it: a full disk has room tomorrow, and then nobody is there to start the daemon.
    #[must_use]
    pub fn of_io(error: &Error) -> Self {
        let kind = error.kind();
        if matches!(kind, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) {
            return Self::NoPermission;
        }
        let is_wrong_path = matches!(
            kind,
            ErrorKind::NotFound
                | ErrorKind::AlreadyExists
                | ErrorKind::NotADirectory
                | ErrorKind::IsADirectory
                | ErrorKind::InvalidInput
                | ErrorKind::InvalidFilename
        );
        if is_wrong_path { Self::Config } else { Self::TryLater }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use crate::exit::Exit;
    use rustix::io::Errno;

    #[test]
    fn what_waiting_may_mend_is_no_fault_of_the_configuration() {
        let table = [
            (Errno::NOSPC, Exit::TryLater),
            (Errno::DQUOT, Exit::TryLater),
            (Errno::IO, Exit::TryLater),
            (Errno::MFILE, Exit::TryLater),
            (Errno::STALE, Exit::TryLater),
            (Errno::ACCESS, Exit::NoPermission),
            (Errno::PERM, Exit::NoPermission),
            (Errno::ROFS, Exit::NoPermission),
            (Errno::NOTDIR, Exit::Config),
            (Errno::ISDIR, Exit::Config),
            (Errno::NOENT, Exit::Config),
            (Errno::NAMETOOLONG, Exit::Config),
        ];
        for (errno, expected) in table {
            assert_eq!(Exit::of_io(&errno.into()), expected, "{errno:?}");
        }
    }
}
