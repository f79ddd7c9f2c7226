//! Whose a token file is when root logs in for the daemon's user.
//!
//! Invariant: nothing but a regular file with a single name changes its owner, so that a user of the folder cannot have
//! another file given to them. May import: nothing. Tests: beside it; they
//! do something only where root runs them.

use rustix::fs::OFlags;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

/// Gives the file at `path` to the owner of the folder it is in, if this process is root and that owner is not.
///
/// # Errors
/// If the system refuses, or the file is not what it should be.
pub(crate) fn give_to_folder_owner(path: &Path) -> io::Result<()> {
    let folder = path.parent().map_or_else(|| Err(io::ErrorKind::NotFound.into()), std::fs::metadata)?;
    if !rustix::process::geteuid().is_root() || folder.uid() == 0 {
        return Ok(());
    }
    #[expect(
        clippy::cast_possible_wrap,
        reason = "the flags are small bits that the system takes as a C int"
    )]
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits() as i32;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() || meta.nlink() != 1 {
        return Err(io::Error::other("it is not the file that was just written"));
    }
    fchown(&file, Some(folder.uid()), Some(folder.gid()))
}

#[cfg(test)]
mod tests {
    use crate::auth::ownership::give_to_folder_owner;
    use std::os::unix::fs::{MetadataExt, chown};

    #[test]
    fn a_token_that_root_wrote_goes_to_the_folders_owner_unless_it_has_a_second_name() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("token"), "x").unwrap();
        if !rustix::process::geteuid().is_root() {
            return give_to_folder_owner(&at("token")).unwrap();
        }
        chown(dir.path(), Some(65534), Some(65534)).unwrap();
        give_to_folder_owner(&at("token")).unwrap();
        assert_eq!(std::fs::metadata(at("token")).unwrap().uid(), 65534);
        std::fs::write(at("other"), "x").unwrap();
        std::fs::hard_link(at("other"), at("second")).unwrap();
        std::os::unix::fs::symlink(at("other"), at("link")).unwrap();
        assert!(give_to_folder_owner(&at("second")).is_err());
        assert!(give_to_folder_owner(&at("link")).is_err());
        assert_eq!(std::fs::metadata(at("other")).unwrap().uid(), 0);
    }
}
