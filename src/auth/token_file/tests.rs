//! Tests of `auth/token_file`.

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::path::Path;

use crate::auth::endpoint::TokenAnswer;
use crate::auth::tests::{alice, write_with_mode};
use crate::auth::token_file::{Stamp, TOKEN_FILE_NAME, TokenFile, TokenFileError};
use crate::secret::Secret;

/// What gphotos-sync writes at a first login, and after a refresh.
const FIRST_LOGIN: &str = r#"{"access_token":"ya29.a","refresh_token":"1//r","token_type":"Bearer","scope":["s1","s2"],"expires_at":1700003600.25}"#;
const REFRESHED: &str = r#"{"access_token":"ya29.a","expires_in":3599,"scope":"s1 s2","token_type":"Bearer","expires_at":1700003600.25,"refresh_token":"1//r","refresh_token_expires_in":604799}"#;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_800_000_000_500).unwrap()
}

fn answer() -> TokenAnswer {
    TokenAnswer {
        access_token: Secret::new("ya29.new"),
        refresh_token: None,
        expires_in: Some(3599),
        refresh_token_expires_in: None,
        scope: Some(vec!["s1".to_owned(), "s2".to_owned()]),
    }
}

fn parse(text: &str) -> TokenFile {
    TokenFile::parse(text.as_bytes()).unwrap()
}

fn value_of(token: &TokenFile) -> Value {
    serde_json::from_slice(&token.to_bytes()).unwrap()
}

fn read(bytes: &[u8], mode: u32) -> Result<TokenFile, TokenFileError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(TOKEN_FILE_NAME);
    write_with_mode(&path, bytes, mode);
    TokenFile::read(&path, &alice())
}

#[test]
fn the_files_of_gphotos_sync_are_accepted_as_they_are() {
    let first = parse(FIRST_LOGIN);
    assert_eq!(
        (first.expires_at(), first.expires_in(), first.dies_at()),
        (Some(1_700_003_600.25), None, None)
    );
    assert_eq!(first.access_token(), Some(Secret::new("ya29.a")));
    let refreshed = parse(REFRESHED);
    assert_eq!(refreshed.refresh_token(), Secret::new("1//r"));
    assert_eq!(refreshed.dies_at().unwrap().timestamp(), 1_700_003_600 - 3599 + 604_799);
}

#[test]
fn an_access_token_that_no_header_can_carry_is_none() {
    let table = [
        ("", None),
        ("a\nb", None),
        ("a\u{0}", None),
        ("a\u{7f}", None),
        ("ya29.ä", None),
        ("ya29.a-_~+/=", Some("ya29.a-_~+/=")),
    ];
    for (text, expected) in table {
        let file = parse(&json!({"access_token": text, "refresh_token": "1//r"}).to_string());
        assert_eq!(file.access_token(), expected.map(Secret::new), "{text:?}");
    }
}

#[test]
fn each_fault_of_the_file_has_its_own_message_with_path_and_hint() {
    let table: Vec<(&[u8], u32, &str, &str)> = vec![
        (FIRST_LOGIN.as_bytes(), 0o644, "mode 0644", "hint: chmod 600 /"),
        (FIRST_LOGIN.as_bytes(), 0o640, "mode 0640", "hint: chmod 600 /"),
        (FIRST_LOGIN.as_bytes(), 0o620, "mode 0620", "hint: chmod 600 /"),
        (b"", 0o600, "empty", "hint: gphotos-syncd login alice"),
        (b"{\"refresh_token\":\n \"1//", 0o600, "cut short: line 2, column 5", "login alice"),
        (b"{\"refresh_token\" 1}", 0o600, "not JSON: line 1, column 18", "login alice"),
        (b"[1]", 0o600, "no JSON object", "login alice"),
        (b"\"ya29.secret\"", 0o600, "no JSON object", "login alice"),
        (b"{\"access_token\":\"ya29.a\"}", 0o600, "without a `refresh_token`", "login alice"),
        (b"{\"refresh_token\":\"\"}", 0o600, "without a `refresh_token`", "login alice"),
        (b"{\"refresh_token\":7}", 0o600, "without a `refresh_token`", "login alice"),
        (&[b' '; 70_000], 0o600, "larger than 64 KiB", "login alice"),
    ];
    for (bytes, mode, words, hint) in table {
        let error = read(bytes, mode).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains(words) && message.contains(hint),
            "wanted {words:?}, {hint:?} in: {message}"
        );
        assert!(message.contains(TOKEN_FILE_NAME) && !message.contains("ya29"), "{message}");
        assert_eq!(error.needs_login(), mode == 0o600, "{message}");
    }
    assert!(read(FIRST_LOGIN.as_bytes(), 0o400).is_ok());
}

#[test]
fn what_is_not_a_regular_file_is_refused_and_a_missing_one_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let read = |path: &Path| TokenFile::read(path, &alice()).unwrap_err();
    assert!(matches!(read(&at("none")), TokenFileError::Missing { .. }));
    assert!(matches!(read(dir.path()), TokenFileError::NotRegular { what: "a folder", .. }));
    write_with_mode(&at("real"), FIRST_LOGIN.as_bytes(), 0o600);
    std::os::unix::fs::symlink(at("real"), at("link")).unwrap();
    assert!(matches!(read(&at("link")), TokenFileError::NotRegular { what: "a symbolic link", .. }));
    rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    assert!(matches!(read(&at("fifo")), TokenFileError::NotRegular { what: "a device or pipe", .. }));
    if !rustix::process::geteuid().is_root() {
        write_with_mode(&at("closed"), FIRST_LOGIN.as_bytes(), 0);
        assert!(matches!(read(&at("closed")), TokenFileError::Denied { owner: Some(_), .. }));
    }
}

#[test]
fn a_stamp_changes_with_every_replacement_and_chmod() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(TOKEN_FILE_NAME);
    assert_eq!(Stamp::at(&path), None);
    write_with_mode(&path, FIRST_LOGIN.as_bytes(), 0o600);
    let first = Stamp::at(&path);
    assert_eq!(first, Stamp::at(&path));
    write_with_mode(&path, FIRST_LOGIN.as_bytes(), 0o600);
    assert_ne!(first, Stamp::at(&path));
}

#[test]
fn a_refresh_keeps_the_old_refresh_token_and_a_rotated_one_replaces_it() {
    let mut token = parse(REFRESHED);
    token.apply(&answer(), now());
    assert_eq!(
        value_of(&token),
        json!({"access_token":"ya29.new","expires_in":3599,"scope":"s1 s2","token_type":"Bearer",
            "expires_at":1_800_003_599.5,"refresh_token":"1//r","refresh_token_expires_in":604_799})
    );
    let rotated = TokenAnswer { refresh_token: Some(Secret::new("1//new")), ..answer() };
    token.apply(&rotated, now());
    assert_eq!(token.refresh_token(), Secret::new("1//new"));
    assert_eq!(token.dies_at(), None, "the old token's end is not the new one's");
}

#[test]
fn the_end_of_the_refresh_token_is_stored_as_a_moment_too() {
    let mut token = parse(FIRST_LOGIN);
    token.apply(&TokenAnswer { refresh_token_expires_in: Some(604_799), ..answer() }, now());
    assert_eq!(token.dies_at().unwrap().timestamp(), 1_800_604_799);
    let value = value_of(&token);
    assert_eq!(value["refresh_token_expires_in"], json!(604_799));
    assert!(value["refresh_token_expires_at"].is_f64() && value["expires_at"].is_f64());
    for absurd in [u64::MAX, 1 << 62] {
        token.apply(
            &TokenAnswer { refresh_token_expires_in: Some(absurd), expires_in: Some(absurd), ..answer() },
            now(),
        );
        assert_eq!(token.dies_at(), None);
    }
}

#[test]
fn a_login_writes_what_gphotos_sync_reads_and_nothing_shows_the_tokens() {
    assert!(TokenFile::from_answer(&answer(), &["s"], now()).is_none(), "no refresh token, no file");
    let full = TokenAnswer { refresh_token: Some(Secret::new("1//r")), scope: None, ..answer() };
    let token = TokenFile::from_answer(&full, &["s"], now()).unwrap();
    assert_eq!(
        value_of(&token),
        json!({"access_token":"ya29.new","expires_in":3599,"scope":["s"],"token_type":"Bearer",
            "expires_at":1_800_003_599.5,"refresh_token":"1//r"})
    );
    let shown = format!("{token:?}");
    assert!(!shown.contains("ya29") && !shown.contains("1//"), "{shown}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(".{0,6}", inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_rewrite_keeps_unknown_keys_and_the_form_of_scope(
        unknown in prop::collection::hash_map("x_[a-z]{1,8}", any_json(), 0..6),
        scopes in prop::collection::vec("[a-z:/.]{1,20}", 1..4),
        as_text: bool,
        granted in prop::option::of(prop::collection::vec("[a-z:/.]{1,20}", 1..4)),
    ) {
        let mut fields: Map<String, Value> = unknown.clone().into_iter().collect();
        fields.insert("refresh_token".to_owned(), json!("1//r"));
        fields.insert("scope".to_owned(), if as_text { json!(scopes.join(" ")) } else { json!(scopes) });
        let mut token = TokenFile::parse(Value::Object(fields).to_string().as_bytes()).unwrap();
        token.apply(&TokenAnswer { scope: granted.clone(), ..answer() }, now());
        let after = value_of(&token);
        for (key, value) in &unknown {
            prop_assert_eq!(&after[key], value);
        }
        prop_assert_eq!(after["scope"].is_string(), as_text);
        let expected = granted.unwrap_or(scopes);
        prop_assert_eq!(&after["scope"], &if as_text { json!(expected.join(" ")) } else { json!(expected) });
        prop_assert_eq!(&after["refresh_token"], "1//r");
        prop_assert!(TokenFile::parse(&token.to_bytes()).unwrap() == token);
    }

    #[test]
    fn no_content_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = TokenFile::parse(&bytes);
    }
}
