//! `client_secret.json`: where it is looked for, and what is said when it is of no use.

use crate::context::{Home, Ran, skipped};
use fake_google::Settings;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The user `nobody`, who owns nothing.
const NOBODY: &str = "65534";
/// What every message about an unusable file must offer.
const HINT: &str = "hint: make an OAuth client of type \"Desktop app\"";

/// A command of this installation as a user without rights; none, with the reason printed, where that cannot be.
pub(crate) fn as_nobody(home: &Home, args: &[&str]) -> Option<Ran> {
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    mode(home.dir.path(), 0o755).expect("own folder");
    let binary = home.path("gphotos-syncd");
    let built = env!("CARGO_BIN_EXE_gphotos-syncd");
    // Never over a file that is there: it may be the built binary itself, by a second name.
    if !binary.exists() && fs::hard_link(built, &binary).is_err() {
        fs::copy(built, &binary).expect("room for a copy");
    }
    for folder in ["run", "state"] {
        fs::create_dir_all(home.path(folder)).expect("writable");
        mode(&home.path(folder), 0o777).expect("own folder");
    }
    let plain = home.command();
    let mut command = Command::new("setpriv");
    command
        .args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"])
        .arg(&binary)
        .args(plain.get_args())
        .args(args)
        .env_clear()
        .envs(plain.get_envs().filter_map(|(key, value)| Some((key, value?))))
        .env("RUST_LOG", "trace");
    let output = command.output().ok()?;
    let ran = Ran::watched(output);
    if ran.code == 127 || ran.err.contains("setpriv:") {
        skipped("rights cannot be dropped here");
        return None;
    }
    Some(ran)
}

/// A library and, in place of the client secret, `text`.
fn home_with(text: &str) -> Home {
    let home = Home::with(&["alice"]);
    fs::write(home.path("client_secret.json"), text).expect("writable");
    home
}

/// The good file, changed.
fn changed(home: &Home, change: impl FnOnce(&mut Value)) -> String {
    let mut json: Value = serde_json::from_str(&home.google.client_secret_json()).expect("JSON");
    change(&mut json);
    json.to_string()
}

#[test]
fn without_a_client_secret_every_command_names_all_places_it_looked_at() {
    let home = Home::with(&["alice"]);
    let beside = home.path("client_secret.json");
    fs::remove_file(&beside).expect("it was there");
    let credentials = home.path("credentials");
    for args in [&["sync"][..], &["run"], &["login", "alice"], &["logout", "alice"]] {
        let command = |with: bool| {
            let mut command = home.command();
            if with {
                command.env("CREDENTIALS_DIRECTORY", &credentials);
            }
            Ran::watched(command.env("RUST_LOG", "trace").args(args).output().expect("it starts"))
        };
        let place = format!("`{}`", beside.display());
        command(false).assert(78, &["no client secret found", &place, HINT]);
        let first = format!("`{}`, {place}", credentials.join("client_secret.json").display());
        command(true).assert(78, &["no client secret found; looked for ", &first, HINT]);
    }
    assert!(home.paths("alice").is_empty());
    assert!(
        home.root("alice").join(".gphotos.token").exists(),
        "logout removed a token that it could not revoke"
    );
}

#[test]
fn a_secret_that_systemd_keeps_for_the_service_is_told_with_the_command_that_borrows_it() {
    let home = Home::with(&["alice"]);
    fs::rename(home.path("client_secret.json"), home.path("sealed.json")).expect("it was there");
    let sealed = home.path("sealed.json");
    let units = home.path("units");
    fs::create_dir(&units).expect("writable");
    let line = format!("LoadCredentialEncrypted=client_secret.json:{}", sealed.display());
    fs::write(units.join("gphotos-syncd.service"), format!("[Service]\n{line}\n")).expect("writable");
    let run = |args: &[&str]| {
        let output = home.command().env("SYSTEMD_UNIT_PATH", &units).args(args).output();
        Ran::watched(output.expect("it starts"))
    };
    let kept = format!("systemd keeps it for the service alone, in `{}`", sealed.display());
    let config = home.path("config.toml");
    for (args, command) in
        [(["login", "alice"], "login alice --manual"), (["logout", "alice"], "logout alice")]
    {
        let hint = format!(
            "hint: borrow it as the service does: sudo systemd-run --pipe --wait --quiet -p {line} gphotos-syncd --config {} {command}\n",
            config.display()
        );
        run(&args).assert(78, &["no client secret found; looked for ", &kept, &hint]);
    }
    for args in [&["sync"][..], &["run"]] {
        run(args).assert(78, &[&kept, &format!("[Service] section has `{line}`: sudo systemctl edit")]);
    }
    assert!(home.root("alice").join(".gphotos.token").exists(), "logout removed what it could not revoke");

    // The service itself is given it by systemd.
    fs::create_dir(home.path("credentials")).expect("writable");
    fs::copy(&sealed, home.path("credentials/client_secret.json")).expect("writable");
    let mut command = home.command();
    command.env("SYSTEMD_UNIT_PATH", &units).env("CREDENTIALS_DIRECTORY", home.path("credentials"));
    Ran::watched(command.arg("sync").output().expect("it starts")).assert(0, &["alice"]);
}

#[test]
fn the_flag_goes_before_the_config_which_goes_before_the_credentials_directory_and_the_configs_folder() {
    let home = home_with("{}");
    home.write_raw_config(&format!(
        "[google]\nclient-secret = \"keyed.json\"\n{}[library.alice]\nroot = \"alice\"\n",
        home.endpoints()
    ));
    fs::create_dir(home.path("credentials")).expect("writable");
    let place = |name: &str| home.path(name);
    let (flagged, keyed) = (place("flagged.json"), place("keyed.json"));
    let credited = place("credentials/client_secret.json");
    for path in [&flagged, &keyed, &credited] {
        fs::write(path, "{}").expect("writable");
    }
    let blamed = |flag: bool, args: &[&str]| {
        let mut command = home.command();
        command.env("CREDENTIALS_DIRECTORY", place("credentials")).args(args);
        if flag {
            command.arg("--client-secret").arg(&flagged);
        }
        let ran = Ran::watched(command.output().expect("it starts"));
        ran.assert(78, &["is no client secret: it has no key `installed`", HINT]);
        let first = ran.err.split('`').nth(1).expect("a path is named");
        PathBuf::from(first)
    };
    for args in [&["sync"][..], &["login", "alice"]] {
        assert_eq!(blamed(true, args), flagged);
        assert_eq!(blamed(false, args), keyed);
    }
    home.write_config("[library.alice]\nroot = \"alice\"\n");
    assert_eq!(blamed(false, &["sync"]), credited);
    fs::remove_file(&credited).expect("it was there");
    assert_eq!(blamed(false, &["sync"]), place("client_secret.json"));
}

#[test]
fn a_named_file_that_is_missing_is_not_replaced_by_another() {
    let home = Home::with(&["alice"]);
    let gone = home.path("gone.json");
    let path = format!("`{}`", gone.display());
    let gone = gone.display().to_string();
    let flagged = home.run_watched(&["sync", "--client-secret", &gone]);
    flagged.assert(
        78,
        &[&path, "named by `--client-secret`, does not exist", "hint: correct `--client-secret`"],
    );
    home.write_raw_config(&format!(
        "[google]\nclient-secret = \"gone.json\"\n{}[library.alice]\nroot = \"alice\"\n",
        home.endpoints()
    ));
    let keyed = home.run_watched(&["sync"]);
    keyed.assert(78, &[&path, "named by `[google] client-secret`, does not exist"]);
    assert_eq!(home.google.stats().requests(fake_google::Endpoint::MediaItemsList), 0);
}

#[test]
fn googles_own_name_of_the_download_is_found_beside_the_config_if_there_is_one_only() {
    let home = Home::with(&["alice"]);
    let download = home.path("client_secret_123-abc.apps.googleusercontent.com.json");
    fs::rename(home.path("client_secret.json"), &download).expect("writable");
    home.run_ok(&["sync"]);
    fs::copy(&download, home.path("client_secret_456.json")).expect("writable");
    let ran = home.run_watched(&["sync"]);
    ran.assert(
        78,
        &["several client secrets in one folder", "client_secret_456.json", "[google] client-secret ="],
    );
}

#[test]
fn a_file_that_may_not_be_read_is_a_matter_of_rights_not_of_configuration() {
    let home = Home::with(&["alice"]);
    let path = home.path("client_secret.json");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("own file");
    let root = home.root("alice");
    fs::set_permissions(&root, fs::Permissions::from_mode(0o777)).expect("own folder");
    for args in [&["sync"][..], &["run"], &["login", "alice"]] {
        let Some(ran) = as_nobody(&home, args) else { return };
        ran.assert(
            77,
            &[
                "permission denied reading the client secret",
                &path.display().to_string(),
                "hint: let root and the daemon alone read it: sudo chown root:gphotos-syncd ",
                " && sudo chmod 0640 ",
            ],
        );
    }
    // The same rights as in the README, so that who follows both goes round in no circle.
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    let readme = readme.expect("readable");
    assert!(readme.contains("sudo install -m 0640 -g gphotos-syncd client_secret_*.json"));
}

#[test]
fn a_check_by_a_user_who_may_not_look_at_the_secret_says_so_and_not_to_download_another() {
    let home = home_with("");
    fs::create_dir(home.path("secret")).expect("writable");
    fs::rename(home.path("client_secret.json"), home.path("secret/client_secret.json")).expect("own file");
    fs::set_permissions(home.path("secret"), fs::Permissions::from_mode(0o700)).expect("own folder");
    let root = home.root("alice").display().to_string();
    home.write_raw_config(&format!(
        "[google]\nclient-secret = \"secret/client_secret.json\"\n[library.alice]\nroot = \"{root}\"\n"
    ));
    let Some(ran) = as_nobody(&home, &["check"]) else { return };
    ran.assert(0, &["cannot be looked at", "ask with `sudo`", "group gphotos-syncd and mode 0640"]);
    assert!(!ran.says("download it"), "{}", ran.out);
}

#[test]
fn a_client_of_the_kind_web_is_told_how_to_make_the_right_kind() {
    let home = home_with("");
    let web = changed(&home, |json| {
        let installed = json["installed"].take();
        *json = json!({ "web": installed });
    });
    fs::write(home.path("client_secret.json"), web).expect("writable");
    for args in [&["sync"][..], &["run"], &["login", "alice"]] {
        let ran = home.run_watched(args);
        ran.assert(
            78,
            &["of type \"Web application\" (key `web`)", HINT, "https://console.cloud.google.com"],
        );
    }
}

#[test]
fn what_is_wrong_with_the_file_is_said_without_its_content() {
    let home = Home::bare(Settings::default());
    let whole = home.google.client_secret_json();
    let token = home.google.token_json("alice");
    let half = &whole[..whole.len() / 2];
    let table: [(&str, &str); 8] = [
        (half, "is cut short: line 1, column "),
        ("", "is empty"),
        ("client_id = GOCSPX-oops\n", "is not JSON: line 1, column 1"),
        ("[1, 2]", "it is no JSON object"),
        ("{\"installed\": \"GOCSPX-oops\"}", "it has no key `installed`"),
        (&token, "it looks like a token file"),
        ("{\"type\": \"service_account\", \"private_key\": \"GOCSPX-oops\"}", "the key of a service account"),
        ("{\"installed\": {\"client_id\": 7}}", "lacks `installed.client_id`"),
    ];
    for (text, words) in table {
        let home = home_with(text);
        let path = home.path("client_secret.json").display().to_string();
        home.run_watched(&["sync"]).assert(78, &["error: ", &path, words, HINT]);
    }
}

#[test]
fn each_key_that_is_missing_is_named() {
    for key in ["client_id", "client_secret", "auth_uri", "token_uri"] {
        let home = Home::with(&["alice"]);
        let text = changed(&home, |json| {
            json["installed"].as_object_mut().expect("an object").remove(key);
        });
        fs::write(home.path("client_secret.json"), text).expect("writable");
        home.run_watched(&["sync"]).assert(78, &[&format!("lacks `installed.{key}`"), HINT]);
    }
}

#[test]
fn an_endpoint_that_would_send_secrets_in_the_clear_is_refused() {
    for key in ["auth_uri", "token_uri"] {
        let home = Home::with(&["alice"]);
        let text = changed(&home, |json| json["installed"][key] = "http://example.com/token".into());
        fs::write(home.path("client_secret.json"), text).expect("writable");
        home.run_watched(&["sync"]).assert(78, &[&format!("unusable `installed.{key}`"), "https"]);
    }
}

#[test]
fn a_folder_in_the_files_place_is_said_to_be_one() {
    let home = Home::with(&["alice"]);
    fs::remove_file(home.path("client_secret.json")).expect("it was there");
    fs::create_dir(home.path("client_secret.json")).expect("writable");
    home.run_watched(&["sync"]).assert(78, &["client_secret.json` is no regular file", HINT]);
}

#[test]
fn a_byte_order_mark_and_unknown_keys_do_no_harm() {
    let home = Home::with(&["alice"]);
    let text = changed(&home, |json| json["installed"]["javascript_origins"] = json!(["http://localhost"]));
    fs::write(home.path("client_secret.json"), format!("\u{feff}{text}\n")).expect("writable");
    home.run_ok(&["sync"]);
}
