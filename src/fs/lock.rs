//! One process at a time: a lock on a file that a crash releases by itself.
//!
//! Invariant: never waits; the lock file is never removed, so that two processes cannot hold two files of one name.
//! May import: `fs`. Tests: in `fs/tests/lock.rs`.

use rustix::fs::{CWD, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::fs::FsError;

/// The most that is read of a lock file, bytes: a process id has at most 10 digits.
const PID_BYTES_MAX: u64 = 16;

/// A lock on a file (flock, exclusive, not waiting), held until dropped; the file keeps the holder's process id as text.
#[derive(Debug)]
pub struct Lock {
    /// Held open: the lock goes with the descriptor.
    _file: File,
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else holds it.
    #[error("`{}` is locked by process {}", .path.display(), .holder.map_or_else(|| "unknown".to_owned(), |p| p.to_string()))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// The holder's process id, where it is readable.
        holder: Option<u32>,
    },
    /// The file system has no locks.
    #[error("cannot lock the file `{}`, because its file system has no locks: {source}", .path.display())]
    None {
        /// The lock file.
        path: PathBuf,
        /// The cause, which is in the text.
        source: std::io::Error,
    },
    /// It cannot be taken for another reason.
    #[error(transparent)]
    Fs(#[from] FsError),
}

impl Lock {
    /// Takes the lock at once or not at all; creates the file (mode 0600) if it is not there.
    ///
    /// # Errors
    /// See [`LockError`].
    pub fn take(path: &Path) -> Result<Self, LockError> {
        let fail = |source: std::io::Error| FsError { what: "lock the file", path: path.to_owned(), source };
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd =
            rustix::fs::openat(CWD, path, flags, Mode::from_raw_mode(0o600)).map_err(|e| fail(e.into()))?;
        let mut file = File::from(fd);
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                return Err(LockError::Held { path: path.to_owned(), holder: read_pid(&file) });
            }
            Err(errno @ (Errno::NOLCK | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL)) => {
                return Err(LockError::None { path: path.to_owned(), source: errno.into() });
            }
            Err(errno) => return Err(fail(errno.into()).into()),
        }
        let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(fail)?;
        Ok(Self { _file: file })
    }
}

/// None between the holder's taking the lock and its writing its number, which is no reason to wait.
fn read_pid(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(PID_BYTES_MAX).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
