//! The fence: this process gives up the right to write anywhere but below the folders that it needs (Landlock).
//!
//! Owns: the one irrevocable restriction of the process. Invariant: only ever narrows; reading is not touched; without the
//! kernel's help everything works as before. Threads that begin after [`raise`] inherit it, earlier ones do not: it is raised before
//! the runtime is built. May import: nothing. Tests: `tests/it/fence.rs`, of the built binary.

use landlock::{
    ABI, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus,
};
use rustix::fs::{Access as Rights, AtFlags, CWD, accessat};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What is asked for at least: without `refer` (Linux 5.19) no file could be renamed from one folder to another.
const LEAST: ABI = ABI::V2;

/// What is asked for at most: truncation (Linux 6.2) and device calls (Linux 6.10) come on top. Fixed, so that a newer library brings no
/// limit that was never tried.
const MOST: ABI = ABI::V5;

/// The folders that may be written to, once the fence is up.
static FENCE: OnceLock<Vec<FileId>> = OnceLock::new();

/// Device and inode.
type FileId = (u64, u64);

/// What became of the wish for a fence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raised {
    /// Writing is limited to these many folders.
    InForce {
        /// How many.
        folders: usize,
        /// Whether the kernel knows every limit that was asked for; an older one lets files elsewhere be truncated.
        whole: bool,
    },
    /// The kernel does not help; nothing is limited.
    Absent {
        /// Its reason.
        why: String,
    },
}

/// Gives up new privileges and the right to write anywhere but below `folders`, for this thread and those that it starts from now
/// on. A folder that is not there is left out.
pub fn raise(folders: &[PathBuf]) -> Raised {
    if let Err(errno) = rustix::thread::set_no_new_privs(true) {
        return Raised::Absent { why: format!("new privileges cannot be given up: {errno}") };
    }
    let Ok(ruleset) = limits() else {
        let why = "Landlock is not in this kernel (Linux 5.19 or later has what it takes), or it is switched off or forbidden";
        return Raised::Absent { why: why.to_owned() };
    };
    match restrict(ruleset, folders) {
        Ok((status, ids)) if status != RulesetStatus::NotEnforced => {
            let count = ids.len();
            // A second call would only narrow what the first one left; nobody makes one.
            let _ = FENCE.set(ids);
            Raised::InForce { folders: count, whole: status == RulesetStatus::FullyEnforced }
        }
        Ok(_) => Raised::Absent { why: "the kernel did not take it".to_owned() },
        Err(error) => Raised::Absent { why: error.to_string() },
    }
}

/// What is asked of the kernel.
fn limits() -> Result<Ruleset, RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_write(LEAST))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_write(MOST))
}

fn restrict(ruleset: Ruleset, folders: &[PathBuf]) -> Result<(RulesetStatus, Vec<FileId>), RulesetError> {
    let mut ruleset = ruleset.create()?;
    let mut ids = Vec::new();
    for folder in folders {
        let (Ok(open), Some(id)) = (PathFd::new(folder), id_of(folder)) else { continue };
        ruleset = ruleset.add_rule(PathBeneath::new(open, AccessFs::from_write(MOST)))?;
        ids.push(id);
    }
    Ok((ruleset.restrict_self()?.ruleset, ids))
}

/// Whether the fence is up and `folder` lies outside it: it was not there, or on another disk, when the process began.
///
/// A missing folder is judged by the one that it would be created in.
pub fn keeps_out(folder: &Path) -> bool {
    let Some(inside) = FENCE.get() else { return false };
    let Some(there) = folder.ancestors().find_map(|path| std::fs::canonicalize(path).ok()) else {
        return false;
    };
    !there.ancestors().any(|above| id_of(above).is_some_and(|id| inside.contains(&id)))
}

/// Whether a call on `path` that was denied was denied by the fence: owner and mode would have allowed it.
pub(crate) fn denied(path: &Path) -> bool {
    let allows = |path: &Path| accessat(CWD, path, Rights::WRITE_OK, AtFlags::EACCESS).is_ok();
    let there = path.ancestors().find(|path| rustix::fs::lstat(*path).is_ok());
    FENCE.get().is_some() && there.is_some_and(allows)
}

fn id_of(path: &Path) -> Option<FileId> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}
