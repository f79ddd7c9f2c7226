//! A spoilt file put aside, so that another copy can have its name.
//!
//! Invariant: blocks; nothing is replaced or removed: what is put aside is kept under its own path below [`DAMAGED_DIR`] for a person to
//! look at. May import: `fs`, `names`. Tests: `tests/it/verify.rs`.

use crate::fs::{FsError, Placed, Root};
use crate::names::FileName;

/// The folder of spoilt files, below the root.
pub(crate) const DAMAGED_DIR: &str = ".gphotos-syncd/damaged";
/// How many spoilt files of one name are kept; one more waits until a person has tidied up.
const KEPT_MAX: u32 = 1000;

/// Moves the file at `path` aside, durably; answers with where it is now.
///
/// # Errors
/// See [`FsError`]; the file is where it was then.
pub(crate) fn put_aside(root: &Root, path: &str) -> Result<String, FsError> {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let to_dir = format!("{DAMAGED_DIR}/{dir}");
    let to_dir = to_dir.trim_end_matches('/');
    let file_name = FileName::split(name);
    root.create_dir_all(to_dir)?;
    for n in 1..=KEPT_MAX {
        let to = format!("{to_dir}/{}", file_name.numbered(n));
        if root.place(path, &to)? == Placed::Done {
            root.sync_dir(to_dir)?;
            root.sync_dir(dir)?;
            return Ok(to);
        }
    }
    let source = std::io::Error::new(std::io::ErrorKind::AlreadyExists, "too many spoilt copies are kept");
    Err(FsError { what: "put aside", path: root.path().join(path), source })
}
