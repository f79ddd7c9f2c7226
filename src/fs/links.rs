//! Links below a root, symbolic and hard: made and read, never followed.
//!
//! May import: `fs`. Tests: in `fs/tests/links.rs`.

use rustix::fs::AtFlags;
use rustix::io::{Errno, Result};

use crate::fs::{EntryKind, FsError, Placed, Root, kind_of};

impl Root {
    /// Makes a symbolic link at `path` with the text `target`; [`Placed::Taken`] if something is there.
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn symlink(&self, target: &str, path: &str) -> std::result::Result<Placed, FsError> {
        const WHAT: &str = "make the link";
        let (dir, name) = self.at(WHAT, path)?;
        taken_or(rustix::fs::symlinkat(target, &dir, name)).map_err(|e| self.error(WHAT, path, e))
    }

    /// The text of the link at `path`; none if no link is there. A text that is not UTF-8 comes with replacement characters.
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn read_link(&self, path: &str) -> std::result::Result<Option<String>, FsError> {
        const WHAT: &str = "read the link";
        let Some((dir, name)) = self.at_existing(WHAT, path)? else { return Ok(None) };
        match rustix::fs::readlinkat(&dir, name, Vec::new()) {
            Ok(text) => Ok(Some(text.to_string_lossy().into_owned())),
            Err(Errno::NOENT | Errno::INVAL) => Ok(None),
            Err(errno) => Err(self.error(WHAT, path, errno)),
        }
    }

    /// Makes a second name `path` for the file `existing`; [`Placed::Taken`] if something is there.
    ///
    /// # Errors
    /// See [`FsError`]; also if `existing` is not a regular file.
    pub fn hardlink(&self, existing: &str, path: &str) -> std::result::Result<Placed, FsError> {
        const WHAT: &str = "make the hard link";
        let (from_dir, from_name) = self.at(WHAT, existing)?;
        let (to_dir, to_name) = self.at(WHAT, path)?;
        let stat = rustix::fs::statat(&from_dir, from_name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|e| self.error("link to the file", existing, e))?;
        if kind_of(&stat) != EntryKind::File {
            return Err(self.irregular("link to the file", existing));
        }
        taken_or(rustix::fs::linkat(&from_dir, from_name, &to_dir, to_name, AtFlags::empty()))
            .map_err(|e| self.error(WHAT, path, e))
    }

    /// Whether two paths are names of one file (same device and inode); not if nothing is at one of them.
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn same_file(&self, a: &str, b: &str) -> std::result::Result<bool, FsError> {
        let (a, b) = (self.stat("look at", a)?, self.stat("look at", b)?);
        Ok(a.zip(b).is_some_and(|(a, b)| (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)))
    }
}

fn taken_or(made: Result<()>) -> Result<Placed> {
    match made {
        Ok(()) => Ok(Placed::Done),
        Err(Errno::EXIST) => Ok(Placed::Taken),
        Err(errno) => Err(errno),
    }
}
