//! Tests of `fs`: lock.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::fs::tests::text;
use crate::fs::{Lock, LockError};

#[test]
fn a_held_lock_is_refused_with_its_holder() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let held = Lock::take(&path).unwrap();
    let Err(LockError::Held { holder, .. }) = Lock::take(&path) else { panic!("taken twice") };
    assert_eq!(holder, Some(std::process::id()));
    let message = Lock::take(&path).unwrap_err().to_string();
    assert_eq!(message, format!("`{}` is locked by process {}", path.display(), std::process::id()));
    drop(held);
    drop(Lock::take(&path).unwrap());
    assert_eq!(text(&path), format!("{}\n", std::process::id()), "the file stays");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_longer_number_of_a_former_holder_leaves_no_digits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    std::fs::write(&path, "99999999999999999999").unwrap();
    let _held = Lock::take(&path).unwrap();
    assert_eq!(text(&path), format!("{}\n", std::process::id()));
}

#[test]
fn a_link_is_no_lock_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("victim"), "theirs").unwrap();
    symlink("victim", dir.path().join("lock")).unwrap();
    assert!(matches!(Lock::take(&dir.path().join("lock")), Err(LockError::Fs(_))));
    assert!(matches!(Lock::take(&dir.path().join("none/lock")), Err(LockError::Fs(_))));
    assert_eq!(text(&dir.path().join("victim")), "theirs");
}
