//! Folders below a root: made, listed, made durable, tidied away when empty.
//!
//! Invariant: a folder that holds anything is never removed. May import: `fs`. Tests: in `fs/tests/root.rs`.

use rustix::fs::{AtFlags, Dir, Mode};
use rustix::io::Errno;

use crate::fs::beneath::{is_plain, split};
use crate::fs::{FsError, Root, not_plain, readable};

/// Narrowed by the umask, as every folder that a person makes.
const FOLDER_MODE: u32 = 0o777;

impl Root {
    /// Creates a folder and its parents below the root (mode 0777 & ~umask); existing ones are fine. Remembers what it made: cheap when repeated.
    ///
    /// # Errors
    /// Also if a component is a link or a file.
    pub fn create_dir_all(&self, dir: &str) -> Result<(), FsError> {
        const WHAT: &str = "create the folder";
        match self.folder(WHAT, dir) {
            Err(error) if Errno::from_io_error(&error.source) == Some(Errno::NOENT) => {}
            answer => return answer.map(|_| ()),
        }
        let ends = dir.match_indices('/').map(|(at, _)| at).chain([dir.len()]);
        for path in ends.filter_map(|end| dir.get(..end)) {
            let (above, name) = self.at(WHAT, path)?;
            match rustix::fs::mkdirat(&above, name, Mode::from_raw_mode(FOLDER_MODE)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(self.error(WHAT, path, errno)),
            }
        }
        // What was in the way of the new name may have been a link or a file.
        self.folder(WHAT, dir).map(|_| ())
    }

    /// The names in a folder, sorted; empty if it is not there. A name that is not UTF-8 comes with replacement characters.
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn list(&self, dir: &str) -> Result<Vec<String>, FsError> {
        let mut names = Vec::new();
        self.visit(dir, |name| {
            names.push(name);
            true
        })?;
        names.sort_unstable();
        Ok(names)
    }

    /// As [`Root::list`], name by name and in no order, for folders that may hold a whole library: hands the names to `each`, until it
    /// answers no.
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn visit(&self, dir: &str, mut each: impl FnMut(String) -> bool) -> Result<(), FsError> {
        const WHAT: &str = "list the folder";
        let folder = match self.folder(WHAT, dir) {
            Err(error) if Errno::from_io_error(&error.source) == Some(Errno::NOENT) => return Ok(()),
            answer => answer?,
        };
        let entries =
            readable(&folder).and_then(|fd| Dir::read_from(&fd)).map_err(|e| self.error(WHAT, dir, e))?;
        for entry in entries {
            let entry = entry.map_err(|e| self.error(WHAT, dir, e))?;
            let name = entry.file_name().to_string_lossy();
            if !matches!(&*name, "." | "..") && !each(name.into_owned()) {
                break;
            }
        }
        Ok(())
    }

    /// Removes `dir` if it is empty, then its parents up to but not including `stop_at`; a folder that is not empty stays.
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn remove_empty_dirs(&self, dir: &str, stop_at: &str) -> Result<(), FsError> {
        const WHAT: &str = "remove the empty folder";
        if !stop_at.is_empty() && !is_plain(stop_at) {
            return Err(not_plain(WHAT, stop_at));
        }
        let mut dir = dir;
        while is_inside(dir, stop_at) {
            if let Some((above, name)) = self.at_existing(WHAT, dir)? {
                match rustix::fs::unlinkat(&above, name, AtFlags::REMOVEDIR) {
                    Ok(()) | Err(Errno::NOENT) => {}
                    Err(Errno::NOTEMPTY | Errno::EXIST) => return Ok(()),
                    Err(errno) => return Err(self.error(WHAT, dir, errno)),
                }
            }
            dir = split(dir).0;
        }
        Ok(())
    }

    /// Makes a folder's entries durable (fsync of the folder).
    ///
    /// # Errors
    /// See [`FsError`].
    pub fn sync_dir(&self, dir: &str) -> Result<(), FsError> {
        const WHAT: &str = "sync the folder";
        let folder = self.folder(WHAT, dir)?;
        readable(&folder).and_then(rustix::fs::fsync).map_err(|e| self.error(WHAT, dir, e))
    }
}

/// Whether `dir` is a folder strictly below `above` (empty: the root).
fn is_inside(dir: &str, above: &str) -> bool {
    if above.is_empty() {
        return !dir.is_empty();
    }
    dir.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}
