//! Tests of `auth/client_secret`.

use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::auth::client_secret::{ClientSecret, ClientSecretError};
use crate::config::Config;

const GOOD: &str = r#"{"installed":{"client_id":"id","client_secret":"GOCSPX-x","auth_uri":"https://accounts.google.com/o/oauth2/auth","token_uri":"https://oauth2.googleapis.com/token"}}"#;

fn installed(key: &str, value: &str) -> String {
    let mut all: serde_json::Value = serde_json::from_str(GOOD).unwrap();
    all["installed"][key] = json!(value);
    all.to_string()
}

fn load(text: &str) -> Result<ClientSecret, ClientSecretError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("client_secret.json");
    std::fs::write(&path, text).unwrap();
    ClientSecret::load(&path)
}

#[test]
fn each_fault_of_the_file_has_its_own_message_with_path_and_hint() {
    let lacking = |key: &str| {
        let mut all: serde_json::Value = serde_json::from_str(GOOD).unwrap();
        all["installed"].as_object_mut().unwrap().remove(key);
        all.to_string()
    };
    let table: Vec<(String, &str)> = vec![
        (String::new(), "is empty"),
        (" \n ".to_owned(), "is empty"),
        (GOOD[..40].to_owned(), "cut short: line 1, column 40"),
        ("{\n  \"installed\": oops }".to_owned(), "not JSON: line 2, column 16: expected value"),
        ("[]".to_owned(), "is no client secret"),
        (GOOD.replace("installed", "web"), "Web application"),
        (r#"{"type":"service_account","private_key":"k"}"#.to_owned(), "service account"),
        (r#"{"refresh_token":"1//x"}"#.to_owned(), "token file"),
        (r#"{"installed":"GOCSPX-x"}"#.to_owned(), "no key `installed`"),
        (lacking("client_id"), "lacks `installed.client_id`"),
        (lacking("client_secret"), "lacks `installed.client_secret`"),
        (lacking("token_uri"), "lacks `installed.token_uri`"),
        (installed("client_id", "  "), "lacks `installed.client_id`"),
        (installed("token_uri", "http://evil.example/token"), "unusable `installed.token_uri`"),
        (installed("token_uri", "https://u:p@oauth2.googleapis.com/token"), "unusable `installed.token_uri`"),
        (installed("auth_uri", "javascript:alert(1)"), "unusable `installed.auth_uri`"),
        ("x".repeat(70_000), "larger than 64 KiB"),
    ];
    for (text, words) in table {
        let message = load(&text).unwrap_err().to_string();
        assert!(message.contains(words), "wanted {words:?} in: {message}");
        assert!(message.contains("client_secret.json") && message.contains("\nhint: "), "{message}");
        assert!(!message.contains("GOCSPX"), "{message}");
    }
}

#[test]
fn a_good_file_is_read_and_its_addresses_are_honoured() {
    for text in
        [GOOD.to_owned(), format!("\u{feff}{GOOD}"), installed("token_uri", "http://127.0.0.1:8080/token")]
    {
        let secret = load(&text).unwrap();
        assert_eq!(secret.id, "id");
        assert!(!format!("{secret:?}").contains("GOCSPX"));
    }
    assert_eq!(load(GOOD).unwrap().auth_uri.as_str(), "https://accounts.google.com/o/oauth2/auth");
}

#[test]
fn the_revocation_address_is_googles_or_beside_the_token_address() {
    for (token_uri, revoke_uri) in [
        ("https://oauth2.googleapis.com/token", "https://oauth2.googleapis.com/revoke"),
        ("https://accounts.google.com/o/oauth2/token", "https://oauth2.googleapis.com/revoke"),
        ("https://www.googleapis.com/oauth2/v4/token", "https://oauth2.googleapis.com/revoke"),
        ("http://127.0.0.1:99/token", "http://127.0.0.1:99/revoke"),
        ("http://localhost:99/a/b/token?x=1", "http://localhost:99/a/b/revoke"),
        ("https://auth.notgoogle.com/token", "https://auth.notgoogle.com/revoke"),
        ("https://proxy.example/oauth", "https://proxy.example/revoke"),
    ] {
        let secret = load(&installed("token_uri", token_uri)).unwrap();
        assert_eq!(secret.revoke_uri().as_str(), revoke_uri);
    }
}

#[test]
fn a_file_that_may_not_be_read_is_told_apart_from_one_that_is_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("client_secret.json");
    std::fs::write(&path, GOOD).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if !rustix::process::geteuid().is_root() {
        assert!(matches!(ClientSecret::load(&path), Err(ClientSecretError::Denied { .. })));
    }
    assert!(matches!(ClientSecret::load(dir.path()), Err(ClientSecretError::NotThat { .. })));
    assert!(matches!(ClientSecret::load(&dir.path().join("no")), Err(ClientSecretError::Unreadable { .. })));
}

/// A configuration in `dir`, with the lines `google` in `[google]`.
fn config_in(dir: &Path, google: &str) -> Config {
    let path = dir.join("config.toml");
    let root = dir.join("root");
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(&path, format!("[google]\n{google}\n[library.alice]\nroot = \"{}\"\n", root.display()))
        .unwrap();
    Config::load(&path).unwrap()
}

#[test]
fn the_file_is_looked_for_in_the_documented_order() {
    let dir = tempfile::tempdir().unwrap();
    let (at, credentials) = (|name: &str| dir.path().join(name), dir.path().join("credentials"));
    std::fs::create_dir(&credentials).unwrap();
    let find = |flag: Option<&Path>, google: &str| {
        ClientSecret::find(flag, &config_in(dir.path(), google), Some(&credentials))
    };
    let message = find(None, "").unwrap_err().to_string();
    assert!(
        message.contains("credentials/client_secret.json`, `") && message.contains("\nhint: "),
        "{message}"
    );

    let touch = |path: PathBuf| {
        std::fs::write(&path, GOOD).unwrap();
        path
    };
    let download = touch(at("client_secret_1.apps.googleusercontent.com.json"));
    assert_eq!(find(None, "").unwrap(), download);
    touch(at("client_secret_2.apps.googleusercontent.com.json"));
    let message = find(None, "").unwrap_err().to_string();
    assert!(
        message.contains("several") && message.contains("client_secret_1") && message.contains("_2"),
        "{message}"
    );
    let plain = touch(at("client_secret.json"));
    assert_eq!(find(None, "").unwrap(), plain);
    let given = touch(credentials.join("client_secret.json"));
    assert_eq!(find(None, "").unwrap(), given);
    let configured = touch(at("mine.json"));
    assert_eq!(find(None, "client-secret = \"mine.json\"").unwrap(), configured);
    let flagged = touch(at("flag.json"));
    assert_eq!(find(Some(&flagged), "client-secret = \"mine.json\"").unwrap(), flagged);
}

#[test]
fn a_named_file_that_is_missing_is_an_error_though_others_are_there() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("client_secret.json"), GOOD).unwrap();
    let missing = dir.path().join("gone.json");
    let message =
        ClientSecret::find(Some(&missing), &config_in(dir.path(), ""), None).unwrap_err().to_string();
    assert!(message.contains("gone.json") && message.contains("--client-secret"), "{message}");
    let config = config_in(dir.path(), "client-secret = \"gone.json\"");
    let message = ClientSecret::find(None, &config, None).unwrap_err().to_string();
    assert!(message.contains("gone.json") && message.contains("[google] client-secret"), "{message}");
}
