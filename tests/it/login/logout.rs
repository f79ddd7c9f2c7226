//! `logout`: the token is dead at Google before its file goes.

use crate::context::Home;
use crate::login::token_of;
use crate::served::{library_of, serve};
use fake_google::{Effect, Endpoint, Fault};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn a_logout_revokes_the_token_and_removes_its_file_and_may_be_repeated() {
    let home = Home::with(&["alice", "bob"]);
    let token = fs::read_to_string(home.root("alice").join(".gphotos.token")).expect("readable");
    let path = home.root("alice").join(".gphotos.token").display().to_string();
    let ran = home.run_watched(&["logout", "alice"]);
    ran.assert(0, &["Library `alice` is logged out: the token was revoked at Google", &path]);
    assert!(token_of(&home).is_none());
    assert_eq!(home.google.stats().requests(Endpoint::Revoke), 1);
    home.run_watched(&["logout", "alice"]).assert(0, &["Library `alice` is not logged in", &path]);
    assert_eq!(home.google.stats().requests(Endpoint::Revoke), 1);
    // A copy of the file is worth nothing now.
    home.put_token("alice", &token);
    home.run_watched(&["sync"]).assert(77, &["`invalid_grant`", "hint: gphotos-syncd login alice"]);
    home.run_watched(&["logout", "alice"]).assert(0, &["had been revoked at Google before"]);
    assert!(token_of(&home).is_none());
    home.run_ok(&["sync", "bob"]);
}

#[test]
fn a_revocation_that_google_refuses_keeps_the_file_unless_it_is_forced() {
    let home = Home::with(&["alice"]);
    let refusal =
        Effect::OAuthError { status: 400, error: "invalid_request".to_owned(), description: "no".to_owned() };
    home.google.fault(Fault::on(&[Endpoint::Revoke], refusal));
    let ran = home.run_watched(&["logout", "alice"]);
    ran.assert(
        77,
        &[
            "cannot revoke the token at Google",
            "was kept",
            "hint: try again",
            "gphotos-syncd logout alice --force",
        ],
    );
    assert!(token_of(&home).is_some());
    let ran = home.run_watched(&["logout", "alice", "--force"]);
    ran.assert(
        0,
        &[
            "warning: cannot revoke the token at Google",
            "the token was NOT revoked",
            "https://myaccount.google.com/permissions",
        ],
    );
    assert!(token_of(&home).is_none());
}

#[test]
fn a_token_file_that_cannot_be_read_is_kept_and_told_of() {
    let home = Home::with(&["alice"]);
    let path = home.root("alice").join(".gphotos.token");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("own file");
    home.run_watched(&["logout", "alice"]).assert(77, &["has mode 0644", "hint: chmod 600"]);
    assert!(path.exists());
    home.run_watched(&["logout", "carol"]).assert(64, &["there is no library `carol`", "hint: "]);
}

#[test]
fn a_daemon_parks_a_library_that_is_logged_out_at_once_and_says_so_once() {
    let home = Home::with(&["alice", "bob"]);
    let mut served = serve(&home);
    assert_eq!(library_of(&home, "bob")["token"]["state"], "good");
    home.run_watched(&["logout", "bob"]).assert(0, &["was revoked"]);
    let bob = library_of(&home, "bob");
    assert_eq!((&bob["state"], &bob["token"]["state"]), (&"needs-login".into(), &"missing".into()), "{bob}");
    home.run(&["status"]).assert(0, &["gphotos-syncd login bob"]);
    home.run_watched(&["logout", "bob"]).assert(0, &["is not logged in"]);
    assert_eq!(library_of(&home, "alice")["state"], "idle");
    home.put_token("bob", &home.google.token_json("bob"));
    served.wait_complete(&home, "bob", 1);
    assert_eq!(served.logged(&["library bob is parked"]), 1, "{}", served.log());
    served.stop();
}
