//! The one step that makes a file visible at its name.
//!
//! Invariant: what is at the name already stays, whatever it is. May import: `fs`. Tests: in `fs/tests/place.rs`.

use rustix::fs::{AtFlags, RenameFlags};
use rustix::io::{Errno, Result};
use std::os::fd::OwnedFd;

use crate::fs::{FsError, Placed, Root};

/// How a file gets a new name without replacing what is there; each way is for file systems that lack the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// `renameat2` with `RENAME_NOREPLACE`: atomic.
    Rename,
    /// A second name, then the first removed: never replaces; a crash between leaves both, which the next try mends.
    Link,
    /// A look, then a plain rename: for file systems with neither (some FUSE and SMB). Another process that makes a file of
    /// that name in the instant between would lose it; ours do not, for the root is locked.
    Check,
}

/// A name in an open folder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'a> {
    pub(crate) dir: &'a OwnedFd,
    pub(crate) name: &'a str,
}

impl Root {
    /// Moves `from` to `to` without ever replacing (renameat2 RENAME_NOREPLACE; link + unlink where that is not supported).
    /// If both are names of one file, a former move was cut short: it is finished.
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn place(&self, from: &str, to: &str) -> std::result::Result<Placed, FsError> {
        const WHAT: &str = "move the file into place at";
        let (from_dir, from_name) = self.at("move the file", from)?;
        let (to_dir, to_name) = self.at(WHAT, to)?;
        let from = Name { dir: &from_dir, name: from_name };
        place_by(Way::Rename, from, Name { dir: &to_dir, name: to_name }).map_err(|e| self.error(WHAT, to, e))
    }
}

/// Tries `way`, then the ways after it where the file system lacks it.
pub(crate) fn place_by(way: Way, from: Name<'_>, to: Name<'_>) -> Result<Placed> {
    let (done, next) = match way {
        Way::Rename => {
            let flags = RenameFlags::NOREPLACE;
            (rustix::fs::renameat_with(from.dir, from.name, to.dir, to.name, flags), Some(Way::Link))
        }
        Way::Link => (link_then_unlink(from, to), Some(Way::Check)),
        Way::Check => (check_then_rename(from, to), None),
    };
    match (done, next) {
        (Ok(()), _) => Ok(Placed::Done),
        (Err(Errno::EXIST), _) => finish_if_same(from, to),
        (Err(errno), Some(next)) if lacks(way, errno) => place_by(next, from, to),
        (Err(errno), _) => Err(errno),
    }
}

/// Whether `errno` says that the file system does not know this way at all.
fn lacks(way: Way, errno: Errno) -> bool {
    let unknown = matches!(errno, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP);
    match way {
        Way::Rename => unknown,
        // `link` answers EPERM where there are no hard links, EMLINK where a file cannot have two names.
        Way::Link => unknown || matches!(errno, Errno::PERM | Errno::MLINK),
        Way::Check => false,
    }
}

fn link_then_unlink(from: Name<'_>, to: Name<'_>) -> Result<()> {
    rustix::fs::linkat(from.dir, from.name, to.dir, to.name, AtFlags::empty())?;
    rustix::fs::unlinkat(from.dir, from.name, AtFlags::empty())
}

fn check_then_rename(from: Name<'_>, to: Name<'_>) -> Result<()> {
    match rustix::fs::statat(to.dir, to.name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => rustix::fs::renameat(from.dir, from.name, to.dir, to.name),
        Ok(_) => Err(Errno::EXIST),
        Err(errno) => Err(errno),
    }
}

/// The name is taken: by the very file that should go there, if a crash came between link and unlink.
/// The first name goes only if the kernel counts two, so that no folder with one name in two spellings loses it.
fn finish_if_same(from: Name<'_>, to: Name<'_>) -> Result<Placed> {
    let there = rustix::fs::statat(to.dir, to.name, AtFlags::SYMLINK_NOFOLLOW)?;
    let here = rustix::fs::statat(from.dir, from.name, AtFlags::SYMLINK_NOFOLLOW)?;
    let same = (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino);
    if !same || here.st_nlink < 2 || is_one_name(from, to)? {
        return Ok(Placed::Taken);
    }
    rustix::fs::unlinkat(from.dir, from.name, AtFlags::empty())?;
    Ok(Placed::Done)
}

fn is_one_name(from: Name<'_>, to: Name<'_>) -> Result<bool> {
    let (a, b) = (rustix::fs::fstat(from.dir)?, rustix::fs::fstat(to.dir)?);
    Ok((a.st_dev, a.st_ino) == (b.st_dev, b.st_ino) && from.name.to_lowercase() == to.name.to_lowercase())
}
