//! What nothing may show: every output of every black-box test, and every file that the daemon leaves, is searched for it.
//!
//! Owns: the marks of the simulator's secrets, and where they may be. Invariant: whatever a test looks at passes here: `Ran` (the output of
//! a command), `Served` (the log and the notifications of a daemon), `ask` (the control socket), the journal of `units.rs`, and at a
//! test's end the folder of its `Home`. A login's address is shown by design: it has the client's id and the state, and no secret.
//! May use: nothing.

use std::fs;
use std::path::Path;

/// What the simulator's secrets begin with: client secret, access token, refresh token, code (plain and in an address), and
/// the path of base URLs. `every_secret_of_the_simulator_has_a_mark` holds it to them.
pub(crate) const MARKS: &[&str] = &["GOCSPX-", "ya29.", "1//0", "1%2F%2F0", "4/0A", "4%2F0A", "/lh3/"];

/// Of them those that chance does not put into compressed or hashed bytes.
const LONG_MARKS: &[&str] = &["GOCSPX-", "ya29.a0", "/lh3/", "1%2F%2F0"];

/// Larger files are media.
const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Fails if `text`, which `what` said, has a secret.
#[track_caller]
pub(crate) fn assert_kept(what: &str, text: &str) {
    for mark in MARKS {
        assert!(!text.contains(mark), "`{mark}...` is shown by {what}:\n{text}");
    }
}

/// Fails if a file that the daemon wrote below `dir` has a secret, but for the token files, whose place they are.
pub(crate) fn assert_kept_below(dir: &Path) {
    search(dir, Path::new(""));
}

fn search(dir: &Path, below: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, below) = (entry.path(), below.join(entry.file_name()));
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            search(&path, &below);
        } else if kind.is_file()
            && is_ours(&below)
            && entry.metadata().is_ok_and(|m| m.len() <= FILE_BYTES_MAX)
        {
            let bytes = fs::read(&path).unwrap_or_default();
            for mark in if is_text(&below) { MARKS } else { LONG_MARKS } {
                let is_there = bytes.windows(mark.len()).any(|part| part == mark.as_bytes());
                assert!(!is_there, "`{mark}...` is in {}", below.display());
            }
        }
    }
}

/// Whether the daemon writes a file of this path for itself: state, index, log, socket; not what comes from Google.
fn is_ours(path: &Path) -> bool {
    let has = |name: &str| path.iter().any(|part| part == name);
    let is_media = has("partial") || has("trash");
    has(".gphotos-syncd") && !is_media
        || path.starts_with("state")
        || path.starts_with("run")
        || is_text(path)
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "log" || ext == "json" && path.starts_with("state"))
}

#[test]
fn every_secret_of_the_simulator_has_a_mark() {
    use crate::context::Home;
    use fake_google::{Consent, ItemSpec};
    let home = Home::with(&["alice"]);
    home.google.account("alice").add_photo(ItemSpec::named("a.jpg"));
    let of = |json: &str, path: &str| -> String {
        let value: serde_json::Value = serde_json::from_str(json).expect("JSON");
        value.pointer(path).and_then(serde_json::Value::as_str).expect("a text").to_owned()
    };
    let token = home.google.token_json("alice");
    let url = home.google.url();
    let client = home.google.client_secret_json();
    let id = of(&client, "/installed/client_id");
    let asked = format!(
        "{url}/o/oauth2/auth?client_id={id}&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2F&response_type=code&state=s\
         &scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fphotoslibrary.readonly.appcreateddata"
    );
    let answered = home.google.consent(&asked, &Consent::allow("alice")).expect("Google asks");
    for secret in [
        of(&token, "/access_token"),
        of(&token, "/refresh_token"),
        of(&client, "/installed/client_secret"),
        answered,
    ] {
        assert!(MARKS.iter().any(|mark| secret.contains(mark)), "{secret} has no mark");
    }
}

#[test]
#[should_panic(expected = "is shown by a test")]
fn a_secret_in_an_output_fails_the_test() {
    assert_kept("a test", "Authorization: Bearer ya29.a0abc");
}

#[test]
fn a_secret_in_a_file_of_the_daemons_fails_the_test_and_the_token_files_do_not() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let put = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    };
    put("alice/.gphotos.token", "ya29.a0abc");
    put("alice/photos/2020/01/a.jpg", "/lh3/");
    put("client_secret.json", "GOCSPX-abc");
    assert_kept_below(dir.path());
    for path in ["alice/.gphotos-syncd/index.sqlite", "state/quota.json", "daemon.log"] {
        put(path, "https://lh3.googleusercontent.com/lh3/x");
        let found = std::panic::catch_unwind(|| assert_kept_below(dir.path()));
        assert!(found.is_err(), "{path} was not searched");
        fs::remove_file(dir.path().join(path)).expect("written above");
    }
}
