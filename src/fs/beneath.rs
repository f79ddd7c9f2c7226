//! From a relative path to an open folder, without ever leaving the root.
//!
//! Owns: the rule of what a path may look like, and the folders recently used. Invariant: every folder given out was
//! reached from the root through folders alone: no link, no `..`, no mount magic. May import: nothing.
//! Tests: in `fs/tests/root.rs`, each with and without `openat2`.

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::{Errno, Result};
use std::collections::VecDeque;
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Folders held open. A run works in the months of one page or two at a time; more would only pin file descriptors.
const FOLDERS_HELD_MAX: usize = 32;

/// Folders are held without the right to read them: search permission is all that working in them needs.
const FOLDER_FLAGS: OFlags =
    OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The root's descriptor with the folders recently reached from it.
pub(crate) struct Beneath {
    root: Arc<OwnedFd>,
    /// Set once `openat2` turned out to be missing (Linux before 5.6) or forbidden (a seccomp filter).
    by_component: AtomicBool,
    /// The most recently used last.
    recent: Mutex<VecDeque<(String, Arc<OwnedFd>)>>,
}

impl fmt::Debug for Beneath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beneath").field("root", &self.root).finish_non_exhaustive()
    }
}

/// Whether `path` is one or more plain components: not empty, not absolute, without `.` and `..`.
pub(crate) fn is_plain(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// The folder (empty: the root) and the last component of a plain path.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

impl Beneath {
    pub(crate) fn new(root: OwnedFd) -> Self {
        Self { root: Arc::new(root), by_component: AtomicBool::new(false), recent: Mutex::default() }
    }

    /// The root itself.
    pub(crate) fn root(&self) -> &OwnedFd {
        &self.root
    }

    /// Goes component by component from now on, as where `openat2` is missing.
    pub(crate) fn go_by_component(&self) {
        self.by_component.store(true, Ordering::Relaxed);
    }

    /// The folder `dir`, which is plain or empty (the root).
    pub(crate) fn folder(&self, dir: &str) -> Result<Arc<OwnedFd>> {
        if dir.is_empty() {
            return Ok(Arc::clone(&self.root));
        }
        if let Some(held) = self.held(dir) {
            return Ok(held);
        }
        let fd = Arc::new(self.resolve(dir)?);
        let mut recent = self.lock();
        if recent.len() >= FOLDERS_HELD_MAX {
            recent.pop_front();
        }
        recent.push_back((dir.to_owned(), Arc::clone(&fd)));
        Ok(fd)
    }

    /// Lets go of every held folder, so that one which was moved meanwhile is looked up by its name again.
    pub(crate) fn forget_all(&self) {
        self.lock().clear();
    }

    /// A held folder, if it has not been removed since: a removed folder has no link left.
    fn held(&self, dir: &str) -> Option<Arc<OwnedFd>> {
        let mut recent = self.lock();
        let at = recent.iter().position(|(name, _)| name == dir)?;
        let found = recent.remove(at)?;
        let alive = rustix::fs::fstat(&found.1).is_ok_and(|stat| stat.st_nlink > 0);
        if !alive {
            return None;
        }
        let fd = Arc::clone(&found.1);
        recent.push_back(found);
        Some(fd)
    }

    fn resolve(&self, dir: &str) -> Result<OwnedFd> {
        if self.by_component.load(Ordering::Relaxed) {
            return self.resolve_by_component(dir);
        }
        let rules = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(&*self.root, dir, FOLDER_FLAGS, Mode::empty(), rules) {
            Err(Errno::NOSYS | Errno::PERM) => {
                self.go_by_component();
                self.resolve_by_component(dir)
            }
            answer => answer,
        }
    }

    /// With `O_PATH | O_NOFOLLOW | O_DIRECTORY`, opening a link fails with ENOTDIR.
    fn resolve_by_component(&self, dir: &str) -> Result<OwnedFd> {
        let mut at: Option<OwnedFd> = None;
        for part in dir.split('/') {
            let above = at.as_ref().unwrap_or(&self.root);
            at = Some(rustix::fs::openat(above, part, FOLDER_FLAGS, Mode::empty())?);
        }
        at.ok_or(Errno::INVAL)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(String, Arc<OwnedFd>)>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
