//! `.gphotos.token` as a file: its forms, its faults, and whose it is. What happens to its tokens: `token/refresh.rs`; who sees it while it is written: `token/race.rs`.

mod race;
mod refresh;

use crate::client_secret::as_nobody;
use crate::context::{Home, skipped};
use fake_google::{Endpoint, ItemSpec};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::PathBuf;

/// Libraries of these names, each with one photo.
fn home_with_photos(libraries: &[&str]) -> Home {
    let home = Home::with(libraries);
    for name in libraries {
        home.google.account(name).add_photo(ItemSpec::named(format!("{name}.jpg")));
    }
    home
}

fn path_of(home: &Home, library: &str) -> PathBuf {
    home.root(library).join(".gphotos.token")
}

fn read(home: &Home, library: &str) -> Value {
    serde_json::from_slice(&fs::read(path_of(home, library)).expect("readable")).expect("JSON")
}

/// Changes a library's token file in place.
fn edit(home: &Home, library: &str, change: impl FnOnce(&mut Value)) {
    let mut json = read(home, library);
    change(&mut json);
    home.put_token(library, &json.to_string());
}

fn mode_of(home: &Home, library: &str) -> u32 {
    fs::metadata(path_of(home, library)).expect("it is there").permissions().mode() & 0o7777
}

/// What lies in a root besides the known: leftovers of a write.
fn strays(home: &Home, library: &str) -> Vec<String> {
    let known = [".gphotos.token", ".gphotos-syncd", "photos", "albums"];
    let names = fs::read_dir(home.root(library)).expect("readable").flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| !known.contains(&name.as_str())).collect()
}

/// Seconds since 1970, by the simulator's clock, which is the real one unless a test moves it.
fn now_secs(home: &Home) -> f64 {
    home.google.now().timestamp_millis() as f64 / 1000.0
}

#[test]
fn a_library_without_a_token_is_told_to_log_in_and_the_other_one_completes() {
    let home = home_with_photos(&["alice", "bob"]);
    fs::remove_file(path_of(&home, "alice")).expect("it was there");
    let ran = home.run_watched(&["sync"]);
    let path = path_of(&home, "alice").display().to_string();
    ran.assert(77, &["library `alice` is not logged in", &path, "hint: gphotos-syncd login alice"]);
    home.assert_complete("bob");
    assert!(home.paths("alice").is_empty());
    assert_eq!(home.google.stats().of("alice", fake_google::Class::Auth).requests, 0);
    let status = home.status();
    assert_eq!(status["libraries"][0]["state"], "needs-login", "{status}");
    assert_eq!(status["libraries"][1]["state"], "idle", "{status}");
    home.run_watched(&["status"]).assert(0, &["gphotos-syncd login alice"]);
}

#[test]
fn a_token_file_that_others_could_read_is_refused_until_it_is_mended() {
    let home = home_with_photos(&["alice"]);
    let path = path_of(&home, "alice");
    let set = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("own file");
    for mode in [0o644, 0o640, 0o604, 0o620, 0o602] {
        set(mode);
        let words = format!("has mode {mode:04o}: others could read or change it");
        let ran = home.run_watched(&["sync"]);
        ran.assert(77, &[&words, &format!("hint: chmod 600 {}", path.display())]);
        assert!(!ran.says("login alice"), "a login is not the cure: {}", ran.err);
        assert_eq!(mode_of(&home, "alice"), mode, "the file was touched");
    }
    let status = home.run_watched(&["status", "alice"]);
    status.assert(0, &["needs-login", "hint: chmod 600"]);
    assert_eq!(home.google.stats().requests(Endpoint::MediaItemsList), 0);
    set(0o600);
    assert_eq!(home.status()["libraries"][0]["state"], "idle", "the mended file is still refused");
    home.run_ok(&["sync"]);
    set(0o400);
    home.run_ok(&["sync"]);
}

#[test]
fn a_token_file_that_is_no_use_is_described_and_kept() {
    let home = home_with_photos(&["alice"]);
    let good = read(&home, "alice").to_string();
    let without = |key: &str| {
        let mut json: Value = serde_json::from_str(&good).expect("JSON");
        json.as_object_mut().expect("an object").remove(key);
        json.to_string()
    };
    let mut empty: Value = serde_json::from_str(&good).expect("JSON");
    empty["refresh_token"] = json!("");
    let huge = " ".repeat(70_000);
    let table = [
        (good[..good.len() / 2].to_owned(), "cut short: line 1"),
        (String::new(), "empty"),
        ("\0".repeat(512), "not JSON"),
        ("[]".to_owned(), "no JSON object"),
        ("ya29.oops".to_owned(), "not JSON: line 1"),
        (without("refresh_token"), "without a `refresh_token`"),
        (empty.to_string(), "without a `refresh_token`"),
        (huge, "larger than 64 KiB"),
    ];
    for (text, words) in table {
        home.put_token("alice", &text);
        let ran = home.run_watched(&["sync"]);
        ran.assert(
            77,
            &["the token file `", ".gphotos.token` is ", words, "hint: gphotos-syncd login alice"],
        );
        assert_eq!(fs::read_to_string(path_of(&home, "alice")).expect("readable"), text);
        home.run_watched(&["status", "alice"]).assert(0, &["needs-login", words]);
    }
    assert_eq!(home.google.stats().requests(Endpoint::Token), 0);
}

#[test]
fn a_link_or_a_folder_in_the_token_files_place_is_refused() {
    let home = home_with_photos(&["alice"]);
    let path = path_of(&home, "alice");
    fs::rename(&path, home.path("elsewhere")).expect("writable");
    symlink(home.path("elsewhere"), &path).expect("writable");
    home.run_watched(&["sync"]).assert(77, &["is a symbolic link, not a regular file", "hint: "]);
    fs::remove_file(&path).expect("it was there");
    fs::create_dir(&path).expect("writable");
    home.run_watched(&["sync"]).assert(77, &["is a folder, not a regular file", "hint: "]);
}

#[test]
fn a_token_file_of_another_user_is_a_matter_of_rights() {
    let home = home_with_photos(&["alice"]);
    fs::set_permissions(home.path("client_secret.json"), fs::Permissions::from_mode(0o644))
        .expect("own file");
    fs::set_permissions(home.root("alice"), fs::Permissions::from_mode(0o777)).expect("own folder");
    let Some(ran) = as_nobody(&home, &["sync"]) else { return };
    let chown = format!(
        "hint: give it to the user that runs gphotos-syncd: chown 65534 {}",
        path_of(&home, "alice").display()
    );
    ran.assert(77, &["permission denied reading the token file", "belongs to user id 0", &chown]);
}

#[test]
fn a_token_that_root_refreshes_by_hand_stays_the_property_of_the_folders_owner() {
    let home = home_with_photos(&["alice"]);
    if chown(home.root("alice"), Some(65534), Some(65534)).is_err() {
        skipped("owners cannot be changed here");
        return;
    }
    chown(path_of(&home, "alice"), Some(65534), Some(65534)).expect("allowed before");
    edit(&home, "alice", |json| json["expires_at"] = json!(0.0));
    home.run_ok(&["sync"]);
    let found = fs::metadata(path_of(&home, "alice")).expect("it is there");
    assert_eq!((found.uid(), found.mode() & 0o7777), (65534, 0o600));
    assert!(read(&home, "alice")["expires_at"].as_f64() > Some(0.0), "it was not refreshed");
}

#[test]
fn a_token_of_another_account_is_refused_and_the_first_accounts_own_works_again() {
    let home = home_with_photos(&["alice"]);
    home.run_ok(&["sync"]);
    let (before, own) = (home.tree("alice"), read(&home, "alice"));
    home.google.account("bob").add_photo(ItemSpec::named("foreign.jpg"));
    home.google.account("alice").add_photo(ItemSpec::named("later.jpg"));
    home.put_token("alice", &home.google.token_json("bob"));
    for _ in 0..2 {
        let ran = home.run_watched(&["sync"]);
        ran.assert(
            77,
            &[
                "of another account than the one that library `alice` was first synced with",
                "hint: log in with the first account: gphotos-syncd login alice",
            ],
        );
        assert_eq!(home.tree("alice"), before);
        assert_eq!(home.google.stats().of("bob", fake_google::Class::Media).requests, 0);
    }
    home.run_watched(&["status"]).assert(0, &["needs-login", "another account"]);
    home.put_token("alice", &own.to_string());
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    assert_eq!(home.status()["libraries"][0]["state"], "idle");
}

#[test]
fn a_person_may_vouch_once_for_an_account_whose_known_items_are_all_gone() {
    let home = home_with_photos(&["alice"]);
    home.run_ok(&["sync"]);
    let before = home.tree("alice");
    let alice = home.google.account("alice");
    for item in home.google.truth("alice").items {
        alice.remove_item(&item.id);
    }
    home.put_token("alice", &home.google.token_json("alice"));
    let accept = home.root("alice").join(".gphotos-syncd/accept-account");
    let command = format!("touch '{}'", accept.display());
    home.run_watched(&["sync"]).assert(77, &["of another account", &command]);
    fs::write(&accept, "").expect("writable");
    home.run_ok(&["sync", "--full"]);
    assert_eq!(home.tree("alice"), before, "files went with the items at Google");
    assert!(!accept.exists(), "the word counts more than once");
}

#[test]
fn a_new_token_of_the_same_account_goes_on_where_the_old_one_was() {
    let home = home_with_photos(&["alice"]);
    home.run_ok(&["sync"]);
    home.put_token("alice", &home.google.token_json("alice"));
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    let stats = home.google.stats();
    assert_eq!((stats.requests(Endpoint::MediaItemsBatchGet), stats.requests(Endpoint::Media)), (1, 0));
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    assert_eq!(
        home.google.stats().requests(Endpoint::MediaItemsBatchGet),
        0,
        "the account was asked for again"
    );
}

#[test]
fn the_file_of_gphotos_sync_is_taken_as_it_is_and_rewritten_in_its_form() {
    let home = home_with_photos(&["alice"]);
    edit(&home, "alice", |json| {
        json["expires_at"] = json!(now_secs(&home) - 86_400.25);
        json["id_token"] = json!("kept");
        json["x-mine"] = json!({"deep": [1, 2.5, null]});
    });
    let (before, inode) = (read(&home, "alice"), fs::metadata(path_of(&home, "alice")).expect("there").ino());
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let after = read(&home, "alice");
    for key in ["refresh_token", "scope", "token_type", "id_token", "x-mine"] {
        assert_eq!(after[key], before[key], "`{key}` changed");
    }
    assert!(after["scope"].is_array());
    assert_ne!(after["access_token"], before["access_token"]);
    let left = after["expires_at"].as_f64().expect("a float of seconds") - now_secs(&home);
    assert!((3500.0..=3600.0).contains(&left), "{left}");
    assert_eq!(mode_of(&home, "alice"), 0o600);
    assert_ne!(fs::metadata(path_of(&home, "alice")).expect("there").ino(), inode, "written in place");
    assert_eq!(strays(&home, "alice"), Vec::<String>::new());
}

#[test]
fn a_refresh_token_alone_is_enough_and_a_scope_in_one_text_stays_one() {
    let home = home_with_photos(&["alice", "bob"]);
    let scope = fake_google::SCOPE_APP_CREATED;
    edit(&home, "alice", |json| *json = json!({"refresh_token": json["refresh_token"]}));
    edit(&home, "bob", |json| {
        let (access, refresh) = (json["access_token"].take(), json["refresh_token"].take());
        *json = json!({"access_token": access, "refresh_token": refresh, "scope": scope, "expires_at": 1.5});
    });
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    home.assert_complete("bob");
    assert_eq!(read(&home, "bob")["scope"], json!(scope));
    assert_eq!(home.google.stats().requests(Endpoint::Token), 2);
}
