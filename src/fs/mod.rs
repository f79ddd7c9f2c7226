//! Files, safely: atomic writes, locks, and a root that nothing escapes.
//!
//! Owns: every change on disk but SQLite's. Invariant: below a [`Root`] no symbolic link is followed and no `..` obeyed
//! (openat2 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, with a component-wise O_NOFOLLOW fallback); no call replaces an existing file
//! except `write_atomic`. All calls block. Paths given to Root are relative, `/`-separated; where a folder is asked for, the
//! empty path is the root itself. May import: nothing. Tests: in `fs/tests/`.

mod atomic;
mod beneath;
mod error;
pub mod fence;
mod folders;
mod links;
mod lock;
mod place;
#[cfg(test)]
mod tests;

pub use crate::fs::atomic::write_atomic;
pub use crate::fs::error::FsError;
pub use crate::fs::lock::{Lock, LockError};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, StatxFlags, Timespec, Timestamps, statx};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fs::beneath::Beneath;

/// Where [`Root::write_atomic`] puts its temporary files.
const PARTIAL_DIR: &str = ".gphotos-syncd/partial";

/// How a placement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// The file is at its name.
    Done,
    /// Something is at that name already; nothing was changed.
    Taken,
}

/// What is at a path, without following a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Kind of thing.
    pub kind: EntryKind,
    /// Length in bytes.
    pub bytes: u64,
    /// Modification time, seconds since 1970.
    pub mtime: i64,
}

/// Kind of thing at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Dir,
    /// A symbolic link.
    Link,
    /// Anything else.
    Other,
}

/// A library's root folder, held open; clones share it.
///
/// The folders that were used last stay open between calls, until [`Root::sync_fs`]: a folder that somebody moves
/// meanwhile takes the files of that batch with it.
#[derive(Clone, Debug)]
pub struct Root {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    beneath: Beneath,
}

impl Root {
    /// Opens an existing folder; never creates it.
    ///
    /// # Errors
    /// If it is not there, not a folder, or not readable.
    pub fn open(path: &Path) -> Result<Self, FsError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(CWD, path, flags, Mode::empty()).map_err(|errno| FsError {
            what: "open the root folder",
            path: path.to_owned(),
            source: errno.into(),
        })?;
        Ok(Self { shared: Arc::new(Shared { path: path.to_owned(), beneath: Beneath::new(fd) }) })
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Opens a file for writing from its start, created with `mode`, truncated if `keep` is false, else kept for resuming.
    /// It can be read too, so that a resumed hash can be taken again. A file that has a second name is never written: it is
    /// a placed file whose first name a crash left behind, so that name is given up and a new file made.
    ///
    /// # Errors
    /// See [`FsError`]; also if something other than a regular file is there.
    pub fn open_partial(&self, path: &str, mode: u32, keep: bool) -> Result<File, FsError> {
        const WHAT: &str = "open the partial file";
        let (dir, name) = self.at(WHAT, path)?;
        let file = match open_writable(&dir, name, mode) {
            // The name leads to a placed file, or to a partial one made with a mode that forbids writing.
            Ok(None) | Err(Errno::ACCESS) => {
                rustix::fs::unlinkat(&dir, name, AtFlags::empty()).map_err(|e| self.error(WHAT, path, e))?;
                open_writable(&dir, name, mode)
            }
            answer => answer,
        };
        let file = file.and_then(|found| found.ok_or(Errno::BUSY)).map_err(|e| self.error(WHAT, path, e))?;
        // Cutting even an empty file makes ext4 write it out when it is closed, one file at a time.
        let fault = |source| self.io_error(WHAT, path, source);
        if !keep && file.metadata().map_err(fault)?.len() > 0 {
            file.set_len(0).map_err(fault)?;
        }
        Ok(file)
    }

    /// Opens an existing regular file for reading; none if nothing is there.
    ///
    /// # Errors
    /// See [`FsError`]; also if something other than a regular file is there.
    pub fn open_file(&self, path: &str) -> Result<Option<File>, FsError> {
        const WHAT: &str = "open the file";
        let Some((dir, name)) = self.at_existing(WHAT, path)? else { return Ok(None) };
        // A pipe would make the open wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = match rustix::fs::openat(&dir, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            answer => answer.map_err(|e| self.error(WHAT, path, e))?,
        };
        let stat = rustix::fs::fstat(&fd).map_err(|e| self.error(WHAT, path, e))?;
        if kind_of(&stat) == EntryKind::File {
            Ok(Some(File::from(fd)))
        } else {
            Err(self.irregular(WHAT, path))
        }
    }

    /// What is at `path`; none if nothing. Does not follow a link.
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn entry(&self, path: &str) -> Result<Option<Entry>, FsError> {
        let stat = self.stat("look at", path)?;
        Ok(stat.map(|stat| Entry {
            kind: kind_of(&stat),
            bytes: u64::try_from(stat.st_size).unwrap_or(0),
            mtime: stat.st_mtime,
        }))
    }

    /// Whether a regular file is at `path`. Does not follow a link.
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn is_file(&self, path: &str) -> Result<bool, FsError> {
        Ok(self.entry(path)?.is_some_and(|entry| entry.kind == EntryKind::File))
    }

    /// Sets a file's modification time, seconds since 1970 (the link's own, if it is a link).
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn set_mtime(&self, path: &str, mtime: i64) -> Result<(), FsError> {
        const WHAT: &str = "set the time of";
        let (dir, name) = self.at(WHAT, path)?;
        let times = Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
            last_modification: Timespec { tv_sec: mtime, tv_nsec: 0 },
        };
        rustix::fs::utimensat(&dir, name, &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|e| self.error(WHAT, path, e))
    }

    /// Removes a file or link (not a folder); fine if nothing is there.
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn remove_file(&self, path: &str) -> Result<(), FsError> {
        const WHAT: &str = "remove the file";
        let Some((dir, name)) = self.at_existing(WHAT, path)? else { return Ok(()) };
        match rustix::fs::unlinkat(&dir, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            answer => answer.map_err(|e| self.error(WHAT, path, e)),
        }
    }

    /// Writes a whole file: temp file in `.gphotos-syncd/partial`, fsync, rename over `path`, fsync of the folder.
    ///
    /// # Errors
    /// See [`FsError`]; the old file is left as it was.
    pub fn write_atomic(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), FsError> {
        const WHAT: &str = "write the file";
        let (dir, name) = self.at(WHAT, path)?;
        let dir = readable(&dir).map_err(|e| self.error(WHAT, path, e))?;
        self.create_dir_all(PARTIAL_DIR)?;
        let temp_dir = self.folder(WHAT, PARTIAL_DIR)?;
        atomic::replace(&*temp_dir, &dir, Path::new(name), bytes, mode)
            .map_err(|e| self.io_error(WHAT, path, e))
    }

    /// Makes all that was written to the root's file system durable (syncfs).
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn sync_fs(&self) -> Result<(), FsError> {
        self.shared.beneath.forget_all();
        rustix::fs::syncfs(self.shared.beneath.root())
            .map_err(|e| self.error("sync the file system of", "", e))
    }

    /// Whether `dir` is on the same mount as the root, so that files can be moved between the two; yes where the kernel does not tell.
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn is_same_mount(&self, dir: &str) -> Result<bool, FsError> {
        const WHAT: &str = "look at";
        let folder = self.folder(WHAT, dir)?;
        let mount_of = |fd: &OwnedFd| match statx(fd, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID) {
            Ok(found) if found.stx_mask & StatxFlags::MNT_ID.bits() != 0 => Ok(Some(found.stx_mnt_id)),
            Ok(_) | Err(Errno::NOSYS | Errno::PERM) => Ok(None),
            Err(errno) => Err(self.error(WHAT, dir, errno)),
        };
        let (of_root, of_dir) = (mount_of(self.shared.beneath.root())?, mount_of(&folder)?);
        Ok(of_root == of_dir)
    }

    /// Room that this process may use, bytes.
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn free_bytes(&self) -> Result<u64, FsError> {
        let room = rustix::fs::fstatvfs(self.shared.beneath.root())
            .map_err(|e| self.error("ask for the free space of", "", e))?;
        Ok(room.f_bavail.saturating_mul(room.f_frsize))
    }

    /// The folder of `path`, and the name in it.
    fn at<'p>(&self, what: &'static str, path: &'p str) -> Result<(Arc<OwnedFd>, &'p str), FsError> {
        if !beneath::is_plain(path) {
            return Err(not_plain(what, path));
        }
        let (dir, name) = beneath::split(path);
        let dir = self.shared.beneath.folder(dir).map_err(|e| self.error(what, path, e))?;
        Ok((dir, name))
    }

    /// As [`Root::at`]; none if the folder is not there.
    fn at_existing<'p>(
        &self,
        what: &'static str,
        path: &'p str,
    ) -> Result<Option<(Arc<OwnedFd>, &'p str)>, FsError> {
        match self.at(what, path) {
            Err(error) if Errno::from_io_error(&error.source) == Some(Errno::NOENT) => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// The folder `dir`; empty: the root.
    fn folder(&self, what: &'static str, dir: &str) -> Result<Arc<OwnedFd>, FsError> {
        if !dir.is_empty() && !beneath::is_plain(dir) {
            return Err(not_plain(what, dir));
        }
        self.shared.beneath.folder(dir).map_err(|e| self.error(what, dir, e))
    }

    /// What the kernel tells of `path` itself; none if nothing is there.
    fn stat(&self, what: &'static str, path: &str) -> Result<Option<Stat>, FsError> {
        let Some((dir, name)) = self.at_existing(what, path)? else { return Ok(None) };
        match rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(None),
            answer => answer.map(Some).map_err(|e| self.error(what, path, e)),
        }
    }

    fn error(&self, what: &'static str, path: &str, errno: Errno) -> FsError {
        self.io_error(what, path, errno.into())
    }

    fn io_error(&self, what: &'static str, path: &str, source: std::io::Error) -> FsError {
        let path = if path.is_empty() { self.path().to_owned() } else { self.path().join(path) };
        FsError { what, path, source }
    }

    fn irregular(&self, what: &'static str, path: &str) -> FsError {
        let kind = std::io::ErrorKind::InvalidInput;
        self.io_error(what, path, std::io::Error::new(kind, "it is not a regular file"))
    }
}

fn not_plain(what: &'static str, path: &str) -> FsError {
    let kind = std::io::ErrorKind::InvalidInput;
    let source =
        std::io::Error::new(kind, "the path is not relative, or has an empty, `.` or `..` component");
    FsError { what, path: PathBuf::from(path), source }
}

/// Opens or creates a regular file; none if it has a second name. Its mode is `mode` whatever the umask, where the file system has modes.
fn open_writable(dir: &OwnedFd, name: &str, mode: u32) -> rustix::io::Result<Option<File>> {
    // A pipe would make the open wait for a reader; its answer without waiting is an error.
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(dir, name, flags, Mode::from_raw_mode(mode))?;
    let stat = rustix::fs::fstat(&fd)?;
    if kind_of(&stat) != EntryKind::File {
        return Err(Errno::INVAL);
    }
    if stat.st_nlink > 1 {
        return Ok(None);
    }
    if stat.st_mode & 0o7777 != mode {
        // Photos are no secret of the file system's making: one without modes shows what its mount options say.
        let _ = atomic::set_mode(&fd, mode);
    }
    Ok(Some(File::from(fd)))
}

/// A folder held with `O_PATH`, opened for reading and fsync.
fn readable(dir: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(dir, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn kind_of(stat: &Stat) -> EntryKind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Dir,
        FileType::Symlink => EntryKind::Link,
        FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => EntryKind::Other,
    }
}
