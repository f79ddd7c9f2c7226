//! Tests of `fs`: errors.

use rustix::io::Errno;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::fs::FsError;

fn failed(path: &Path, errno: Errno) -> FsError {
    FsError { what: "create the folder", path: path.to_owned(), source: errno.into() }
}

#[test]
fn the_message_tells_operation_and_path_and_not_the_cause() {
    let error = failed(Path::new("/srv/photos"), Errno::ACCESS);
    assert_eq!(error.to_string(), "cannot create the folder `/srv/photos`");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn causes_are_told_apart() {
    let table = [
        (Errno::NOSPC, true, false, true),
        (Errno::DQUOT, true, false, true),
        (Errno::ACCESS, false, true, false),
        (Errno::PERM, false, true, false),
        (Errno::ROFS, false, true, true),
        (Errno::IO, false, false, false),
        (Errno::NOENT, false, false, false),
    ];
    for (errno, full, denied, disk) in table {
        let error = failed(Path::new("/srv"), errno);
        let found = (error.is_full(), error.is_denied(), error.is_of_the_disk());
        assert_eq!(found, (full, denied, disk), "{errno:?}");
        assert_eq!(error.is_of_the_device(), errno == Errno::IO);
    }
}

#[test]
fn a_denied_path_is_explained_with_owner_mode_and_command() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o750)).unwrap();
    let hint = failed(&dir.path().join("none/deeper"), Errno::ACCESS).hint().unwrap();
    let shown = dir.path().display();
    assert!(hint.starts_with(&format!("the folder `{shown}` has mode 0750 and belongs to ")), "{hint}");
    assert!(hint.contains("this process runs as ") && hint.contains("`setfacl -m u:"), "{hint}");
    assert!(hint.ends_with(&format!(":rwx '{shown}'`")), "{hint}");
}

#[test]
fn other_causes_have_a_hint_only_where_a_command_helps() {
    let path = Path::new("/srv/photos");
    assert!(failed(path, Errno::ROFS).hint().unwrap().contains("ReadWritePaths=/srv/photos"));
    assert!(failed(path, Errno::NOSPC).hint().unwrap().contains("`df -h '/"));
    assert!(failed(path, Errno::XDEV).hint().unwrap().contains("findmnt -T '/srv/photos'"));
    assert_eq!(failed(path, Errno::NOENT).hint(), None);
}
