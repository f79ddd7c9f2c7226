//! `login` where the token cannot be written.

use crate::client_secret::as_nobody;
use crate::context::{Home, skipped};
use crate::login::{Dialogue, consented, logged_out, token_of};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

/// Gives the rest of the command line a small, full file system in place of the root `$1`, with an old token in it.
const FULL_DISK: &str = "mount -t tmpfs -o size=64k tmpfs \"$1\" || exit 99\n\
                         umask 077; echo old > \"$1/.gphotos.token\"\n\
                         cat /dev/zero > \"$1/filler\" 2>/dev/null\n\
                         after() { cat \"$1/.gphotos.token\"; ls -A \"$1\"; }\n\
                         root=$1; shift; \"$@\"; code=$?; after \"$root\"; exit $code";

#[test]
fn a_root_that_may_not_be_written_to_is_said_before_anybody_opens_a_browser() {
    let home = logged_out();
    let secret = home.path("client_secret.json");
    fs::set_permissions(secret, fs::Permissions::from_mode(0o644)).expect("own file");
    fs::set_permissions(home.root("alice"), fs::Permissions::from_mode(0o755)).expect("own folder");
    let Some(ran) = as_nobody(&home, &["login", "alice"]) else { return };
    let root = home.root("alice").display().to_string();
    ran.assert(
        77,
        &[
            "permission denied writing to the root of library `alice`",
            &root,
            "hint: run the login as",
            "sudo -u '#0' gphotos-syncd login alice",
        ],
    );
    assert!(!ran.says("/o/oauth2/"));
}

/// The rest of the command line with a read-only root `$1`.
const READ_ONLY: &str =
    "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" || exit 99; shift; exec \"$@\"";

/// `login alice --manual` below `script` in a mount namespace of its own; none where that is not allowed.
fn in_own_mounts(home: &Home, script: &str) -> Option<Command> {
    let may = Command::new("unshare").args(["-m", "true"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        skipped("no mount namespace of one's own here");
        return None;
    }
    let plain = home.command();
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(home.root("alice"))
        .arg(plain.get_program())
        .args(plain.get_args())
        .args(["login", "alice", "--manual"])
        .env_clear()
        .envs(plain.get_envs().filter_map(|(key, value)| Some((key, value?))));
    Some(command)
}

#[test]
fn a_full_disk_leaves_the_old_token_and_says_so() {
    let home = logged_out();
    let Some(command) = in_own_mounts(&home, FULL_DISK) else { return };
    let mut login = Dialogue::over(command);
    let address = login.address();
    let end = consented(&home, &address);
    login.paste(&end);
    let ran = login.end();
    ran.assert(75, &["cannot write the file", ".gphotos.token", "hint: the consent was given; mend this"]);
    assert!(ran.out.ends_with("old\n.gphotos.token\nfiller\n"), "the old token or a leftover: {}", ran.out);
    assert!(token_of(&home).is_none());
}

#[test]
fn a_read_only_disk_is_said_to_be_one_before_anybody_opens_a_browser() {
    let home = logged_out();
    let Some(command) = in_own_mounts(&home, READ_ONLY) else { return };
    let ran = Dialogue::over(command).end();
    let root = home.root("alice").display().to_string();
    ran.assert(77, &["is on a read-only file system", &root, &format!("findmnt -T {root}")]);
    assert!(!ran.says("/o/oauth2/"));
}
