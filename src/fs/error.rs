//! What a failed call on the file system tells, and what a person can do about it.
//!
//! Owns: [`FsError`] and its hint. Invariant: the hint looks at the disk only when it is asked for, and changes nothing.
//! May import: `fs::fence`. Tests: in `fs/tests/errors.rs`.

use rustix::fs::{Access, AtFlags, CWD, FileType};
use rustix::io::Errno;
use std::path::{Path, PathBuf};

use crate::fs::fence;

/// A call on the file system that failed: operation, path, cause.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} `{}`", .path.display())]
pub struct FsError {
    /// The operation as a verb phrase, e.g. `create the folder`.
    pub what: &'static str,
    /// On what.
    pub path: PathBuf,
    /// The cause.
    #[source]
    pub source: std::io::Error,
}

impl FsError {
    /// Whether the disk is full (ENOSPC, EDQUOT).
    pub fn is_full(&self) -> bool {
        matches!(Errno::from_io_error(&self.source), Some(Errno::NOSPC | Errno::DQUOT))
    }

    /// Whether the disk as a whole is at fault, so that every other file would fail too: it is full, or read-only (EROFS).
    pub fn is_of_the_disk(&self) -> bool {
        self.is_full() || Errno::from_io_error(&self.source) == Some(Errno::ROFS)
    }

    /// Whether the device could not read or write this file (EIO); others may do well.
    pub fn is_of_the_device(&self) -> bool {
        Errno::from_io_error(&self.source) == Some(Errno::IO)
    }

    /// Whether rights are missing (EACCES, EPERM, EROFS).
    pub fn is_denied(&self) -> bool {
        matches!(Errno::from_io_error(&self.source), Some(Errno::ACCESS | Errno::PERM | Errno::ROFS))
    }

    /// What a person can do about it, with the facts that decide (path, owner, mode) and a command where there is
    /// one; without the word `hint:`. None if the cause speaks for itself.
    pub fn hint(&self) -> Option<String> {
        let errno = Errno::from_io_error(&self.source)?;
        let path = self.path.display();
        if errno == Errno::ROFS {
            return Some(format!(
                "the file system is read-only for this process; if the unit's sandbox is why, it needs a drop-in with `ReadWritePaths={path}`, and `gphotos-syncd check` prints it ready to paste"
            ));
        }
        if self.is_full() {
            return Some(full_hint(&self.path, errno));
        }
        if errno == Errno::XDEV {
            return Some(format!(
                "a whole file is moved to its name from `.gphotos-syncd/partial`, so the root must be one file system: `findmnt -T '{path}'` shows what is mounted on the way; mount it elsewhere, or give it a library of its own"
            ));
        }
        if matches!(errno, Errno::NOTDIR | Errno::LOOP) {
            return in_the_way_hint(&self.path);
        }
        if !self.is_denied() {
            return None;
        }
        if fence::denied(&self.path) {
            return Some(format!(
                "`{path}` was not there, or on another disk, when this process began, and since then it may write only to what was; begin it anew: systemctl restart gphotos-syncd"
            ));
        }
        denied_hint(&self.path)
    }
}

/// What is spent: bytes, or the number of files that the file system can hold. Asked of the nearest folder that is there.
fn full_hint(path: &Path, errno: Errno) -> String {
    let there = path.ancestors().find(|path| rustix::fs::lstat(*path).is_ok()).unwrap_or(path);
    let shown = there.display();
    let has_inodes = |room: rustix::fs::StatVfs| room.f_files == 0 || room.f_favail > 0;
    if errno == Errno::NOSPC && !rustix::fs::statvfs(there).map_or(true, has_inodes) {
        return format!("the file system can hold no more files, whatever their size: see `df -i '{shown}'`");
    }
    format!("see what is left with `df -h '{shown}'` and `quota`")
}

/// Names what stands on `path` where a folder must be: the deepest component that is there and is none.
fn in_the_way_hint(path: &Path) -> Option<String> {
    let kind_of = |path: &Path| rustix::fs::lstat(path).map(|stat| FileType::from_raw_mode(stat.st_mode));
    let (culprit, kind) = path
        .ancestors()
        .filter_map(|path| Some((path, kind_of(path).ok()?)))
        .find(|(_, kind)| *kind != FileType::Directory)?;
    let (shown, kind) = (culprit.display(), if kind == FileType::Symlink { "link" } else { "file" });
    Some(format!(
        "a {kind} is where a folder must be, and nothing is written through it; move it away: mv '{shown}' '{shown}.old'"
    ))
}

/// Names the component of `path` that refuses this process, with its owner and mode, and the command that grants it.
fn denied_hint(path: &Path) -> Option<String> {
    let culprit = culprit_of(path)?;
    let stat = rustix::fs::lstat(culprit).ok()?;
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let kind = if FileType::from_raw_mode(stat.st_mode) == FileType::Directory { "folder" } else { "file" };
    let rights = if kind == "folder" { "rwx" } else { "rw" };
    let shown = culprit.display();
    Some(format!(
        "the {kind} `{shown}` has mode {:04o} and belongs to {}:{}, and this process runs as {uid}:{gid}; grant it with `setfacl -m u:{uid}:{rights} '{shown}'`",
        stat.st_mode & 0o7777,
        stat.st_uid,
        stat.st_gid,
    ))
}

/// The first folder on the way that cannot be searched; else the path itself if it is there and not readable and
/// writable; else the folder that it would be created in.
fn culprit_of(path: &Path) -> Option<&Path> {
    let mut above: Vec<&Path> = path.ancestors().skip(1).filter(|dir| !dir.as_os_str().is_empty()).collect();
    above.reverse();
    if let Some(closed) = above.iter().find(|dir| allows(dir, Access::EXEC_OK) == Err(Errno::ACCESS)) {
        return Some(closed);
    }
    match allows(path, Access::READ_OK | Access::WRITE_OK) {
        Err(Errno::ACCESS) => Some(path),
        Ok(()) | Err(_) => above.into_iter().rev().find(|dir| rustix::fs::lstat(*dir).is_ok()),
    }
}

fn allows(path: &Path, access: Access) -> rustix::io::Result<()> {
    rustix::fs::accessat(CWD, path, access, AtFlags::EACCESS)
}
