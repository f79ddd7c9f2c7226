//! What happens to tokens: refreshed in time, rotated, refused, dying.

use crate::context::Home;
use crate::served::{launch_command, serve};
use crate::token::{edit, home_with_photos, mode_of, now_secs, path_of, read};
use fake_google::{
    Effect, Endpoint, Fault, ItemSpec, OAuthSettings, SCOPE_APP_CREATED, SCOPE_FULL, SCOPE_READONLY, Settings,
};
use serde_json::json;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::time::Duration;

/// A simulator whose OAuth application is set up in another way.
fn oauth(change: impl FnOnce(&mut OAuthSettings)) -> Settings {
    let mut settings = Settings::default();
    change(&mut settings.oauth);
    settings
}

fn refreshes(home: &Home) -> u64 {
    home.google.stats().requests(Endpoint::Token)
}

#[test]
fn a_token_that_is_good_for_long_is_not_refreshed_and_not_rewritten() {
    let home = home_with_photos(&["alice"]);
    let before = fs::read(path_of(&home, "alice")).expect("readable");
    home.run_ok(&["sync"]);
    assert_eq!(refreshes(&home), 0);
    assert_eq!(fs::read(path_of(&home, "alice")).expect("readable"), before);
}

#[test]
fn a_token_that_soon_expires_is_refreshed_once_before_it_is_used() {
    let home = home_with_photos(&["alice"]);
    edit(&home, "alice", |json| json["expires_at"] = json!(now_secs(&home) + 100.0));
    home.run_ok(&["sync"]);
    let log = home.google.stats().log;
    assert_eq!(log[0].endpoint, Endpoint::Token, "{log:?}");
    assert_eq!(refreshes(&home), 1);
    assert!(log.iter().all(|entry| entry.status == 200), "{log:?}");
}

#[test]
fn an_access_token_that_no_request_can_carry_is_refreshed_before_any_is_sent() {
    let home = home_with_photos(&["alice"]);
    edit(&home, "alice", |json| json["access_token"] = json!("a\nb"));
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let log = home.google.stats().log;
    assert_eq!((log[0].endpoint, refreshes(&home)), (Endpoint::Token, 1), "{log:?}");
    assert!(log.iter().all(|entry| entry.status == 200), "{log:?}");
}

#[test]
fn a_bearer_that_the_server_refuses_is_refreshed_exactly_once() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for number in 0..150 {
        alice.add_photo(ItemSpec::named(format!("{number}.jpg")).len(500));
    }
    alice.expire_access_tokens();
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let stats = home.google.stats();
    assert_eq!((stats.statuses.get(&401), refreshes(&home)), (Some(&1), 1));
    assert_eq!(mode_of(&home, "alice"), 0o600);
}

#[test]
fn a_server_that_refuses_even_a_new_bearer_is_not_asked_for_ever() {
    let home = home_with_photos(&["alice"]);
    home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::status(401)));
    let ran = home.run_watched(&["sync"]);
    ran.assert(1, &["refuses even a new access token", "gphotos-syncd login alice"]);
    assert!(refreshes(&home) <= 2, "{}", refreshes(&home));
}

#[test]
fn a_server_that_refuses_good_bearers_for_a_while_parks_no_library_and_is_asked_at_growing_gaps() {
    let home = home_with_photos(&["alice"]);
    home.write_config("[library.alice]\nroot = \"alice\"\nschedule = \"0 0 0 1 1 *\"\nsplay = \"0s\"\n");
    let fault = home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::status(401)));
    let mut served = serve(&home);
    // The refresh changes the token file, which must not be taken for a login of a person.
    let alice = served.wait_state(&home, "alice", "backing-off");
    assert!(alice["detail"].as_str().is_some_and(|it| it.contains("even a new access token")), "{alice}");
    assert!(refreshes(&home) <= 2, "{}", refreshes(&home));
    home.google.remove_fault(fault);
    home.run_ok(&["sync"]);
    served.stop();
    home.assert_complete("alice");
}

#[test]
fn a_rotated_refresh_token_is_kept_on_disk() {
    let home = Home::with_settings(&["alice"], oauth(|oauth| oauth.rotate_refresh_tokens = true));
    home.google.account("alice").add_photo(ItemSpec::named("a.jpg"));
    let mut seen = vec![read(&home, "alice")["refresh_token"].clone()];
    for _ in 0..3 {
        home.google.account("alice").expire_access_tokens();
        home.run_ok(&["sync"]);
        let now = read(&home, "alice")["refresh_token"].clone();
        assert!(!seen.contains(&now), "the new refresh token was not kept");
        seen.push(now);
        assert_eq!(mode_of(&home, "alice"), 0o600);
    }
    home.assert_complete("alice");
}

#[test]
fn a_token_that_cannot_be_saved_is_told_once_and_stands_in_the_status() {
    let settings = oauth(|oauth| oauth.access_token_life = Duration::from_secs(1));
    let home = Home::with_settings(&["alice"], settings);
    let alice = home.google.account("alice");
    let photo = alice.add_photo(ItemSpec::named("a.jpg"));
    for number in 0..400 {
        alice.add_album(&format!("Album {number}"), std::slice::from_ref(&photo));
    }
    // A long run, with a refresh each second.
    home.google.fault(Fault::on(&[Endpoint::MediaItemsSearch], Effect::Delay { ms: 100 }));
    home.write_config("[library.alice]\nroot = \"alice\"\nschedule = \"0 0 0 1 1 *\"\nsplay = \"0s\"\n");
    home.open_to_all();
    let Some(command) = home.command_as_nobody() else { return };
    let root = home.root("alice");
    for path in [&root, &path_of(&home, "alice")] {
        chown(path, Some(65_534), Some(65_534)).expect("root may do so");
    }
    let close = |mode| fs::set_permissions(&root, fs::Permissions::from_mode(mode)).expect("own folder");

    let mut served = launch_command(&home, command, |_| {});
    served.until("the albums", |_| home.google.stats().requests(Endpoint::MediaItemsSearch) > 0);
    close(0o500);
    served.until("the warning", |served| served.logged(&["alice", "cannot be saved"]) > 0);
    let before = refreshes(&home);
    let unsaved = served.wait_library(&home, "alice", |alice| alice["token"]["unsaved"].is_string());
    let told = unsaved["token"]["unsaved"].as_str().unwrap_or_default();
    assert!(told.contains("cannot be saved") && told.contains("Permission denied"), "{unsaved}");
    assert_eq!(unsaved["token"]["state"], "good", "{unsaved}");
    home.run(&["status"]).assert(0, &["token: good, but the refreshed access token cannot be saved"]);
    served.until("more refreshes", |_| refreshes(&home) > before + 2);
    assert_eq!(served.logged(&["cannot be saved"]), 1, "{}", served.log());

    close(0o700);
    served.until("the all-clear", |served| served.logged(&["alice", "is up to date again"]) > 0);
    assert_eq!(served.logged(&["cannot be saved"]), 1, "{}", served.log());
    served.stop();
}

#[test]
fn a_dead_refresh_token_needs_a_login_and_the_other_library_completes() {
    let home = home_with_photos(&["alice", "bob"]);
    let alice = home.google.account("alice");
    alice.kill_refresh_tokens();
    alice.expire_access_tokens();
    let ran = home.run_watched(&["sync"]);
    ran.assert(
        77,
        &[
            "Google refuses the refresh token of library `alice`: `invalid_grant`",
            "hint: gphotos-syncd login alice",
        ],
    );
    home.assert_complete("bob");
    assert_eq!(refreshes(&home), 1, "a dead token was sent again");
    let status = home.status();
    assert_eq!(status["libraries"][0]["state"], "needs-login");
    assert_eq!(status["libraries"][0]["token"]["state"], "dead", "{status}");
    home.run_watched(&["status", "--check"]).assert(2, &["alice"]);
    home.put_token("alice", &home.google.token_json("alice"));
    assert_eq!(home.status()["libraries"][0]["state"], "idle");
    home.run_ok(&["sync", "alice"]);
    home.assert_complete("alice");
}

#[test]
fn access_that_is_withdrawn_in_the_middle_of_a_run_ends_it_with_the_command_to_run() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for number in 0..120 {
        alice.add_photo(ItemSpec::named(format!("{number}.jpg")).len(500));
    }
    home.run_ok(&["sync"]);
    let before = home.tree("alice");
    alice.add_photo(ItemSpec::named("new.jpg"));
    alice.revoke_grant();
    home.run_watched(&["sync"]).assert(77, &["`invalid_grant`", "hint: gphotos-syncd login alice"]);
    assert_eq!(home.tree("alice"), before);
    home.put_token("alice", &home.google.token_json("alice"));
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_token_endpoint_that_ails_is_asked_again() {
    let home = home_with_photos(&["alice"]);
    edit(&home, "alice", |json| json["expires_at"] = json!(0.0));
    let fault = home.google.fault(Fault::on(&[Endpoint::Token], Effect::status(500)).once());
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    assert_eq!((home.google.fired(fault), refreshes(&home)), (1, 2));
}

#[test]
fn a_page_of_a_captive_portal_is_not_taken_for_an_answer_of_the_token_endpoint() {
    let home = home_with_photos(&["alice"]);
    edit(&home, "alice", |json| json["expires_at"] = json!(0.0));
    let before = read(&home, "alice");
    home.google.fault(Fault::on(&[Endpoint::Token], Effect::HtmlOk).once());
    home.run_ok(&["sync"]);
    assert_eq!(read(&home, "alice")["refresh_token"], before["refresh_token"]);
    home.assert_complete("alice");
}

#[test]
fn a_changed_client_secret_is_told_apart_from_a_dead_token() {
    let home = home_with_photos(&["alice"]);
    edit(&home, "alice", |json| json["expires_at"] = json!(0.0));
    home.google.configure(|settings| "GOCSPX-another".clone_into(&mut settings.oauth.client_secret));
    let path = home.path("client_secret.json").display().to_string();
    let ran = home.run_watched(&["sync"]);
    ran.assert(77, &["Google does not accept the client secret", &path, "`invalid_client`", "hint: "]);
}

#[test]
fn a_token_of_a_scope_that_google_no_longer_serves_is_told_which_one_is_missing() {
    let home = home_with_photos(&["alice", "bob"]);
    home.put_token("alice", &home.google.token_json_with("alice", &[SCOPE_READONLY]));
    let ran = home.run_watched(&["sync"]);
    let words = format!("lacks the scope `{SCOPE_APP_CREATED}`");
    ran.assert(77, &[&words, "hint: gphotos-syncd login alice"]);
    home.assert_complete("bob");
    assert!(home.paths("alice").is_empty());
    assert_eq!(refreshes(&home), 0, "a refresh brings no scope");
    assert_eq!(home.status()["libraries"][0]["state"], "needs-login");
}

#[test]
fn where_the_old_scopes_still_work_they_bring_the_whole_library() {
    for scope in [SCOPE_READONLY, SCOPE_FULL] {
        let settings = Settings { legacy_scopes_work: true, ..Settings::default() };
        let home = Home::with_settings(&["alice"], settings);
        let alice = home.google.account("alice");
        alice.add_photo(ItemSpec::named("own.jpg"));
        alice.add_photo(ItemSpec::named("foreign.jpg").foreign());
        home.put_token("alice", &home.google.token_json_with("alice", &[scope]));
        home.run_ok(&["sync"]);
        home.assert_complete("alice");
    }
}

#[test]
fn the_end_of_a_refresh_token_is_kept_shown_and_warned_of() {
    let week = Duration::from_secs(7 * 86_400);
    let home = Home::with_settings(&["alice"], oauth(|oauth| oauth.refresh_token_life = Some(week)));
    home.google.account("alice").add_photo(ItemSpec::named("a.jpg"));
    edit(&home, "alice", |json| json["expires_at"] = json!(0.0));
    home.run_ok(&["sync"]);
    let token = read(&home, "alice");
    let told = token["refresh_token_expires_in"].as_f64().expect("kept");
    assert!((6.9 * 86_400.0..=7.0 * 86_400.0).contains(&told), "{told}");
    let dies = home.google.now() + week;
    let day = dies.format("%Y-%m-%d").to_string();
    let status = home.run_watched(&["status"]);
    status.assert(0, &["token: good, dies at ", &day, "\"Testing\" consent screens give 7 days"]);
    let json = home.status();
    assert!(
        json["libraries"][0]["token"]["dies_at"].as_str().is_some_and(|at| at.starts_with(&day)),
        "{json}"
    );
}

#[test]
fn a_refresh_token_that_dies_soon_is_a_warning_for_monitors_and_at_each_sync() {
    let home = home_with_photos(&["alice"]);
    home.run_ok(&["sync"]);
    edit(&home, "alice", |json| {
        json["expires_at"] = json!(now_secs(&home) + 3599.0);
        json["refresh_token_expires_in"] = json!(20 * 3600);
    });
    home.run_watched(&["status", "--check"]).assert(1, &["alice: its token dies at "]);
    let ran = home.run_watched(&["sync"]);
    ran.assert(
        0,
        &["warning: the refresh token of library `alice` dies at ", "hint: gphotos-syncd login alice"],
    );
}

#[test]
fn no_trace_of_a_run_full_of_faults_shows_a_secret() {
    let home = home_with_photos(&["alice"]);
    let alice = home.google.account("alice");
    for number in 0..20 {
        alice.add_photo(ItemSpec::named(format!("{number}.jpg")).len(5_000));
    }
    edit(&home, "alice", |json| json["expires_at"] = json!(0.0));
    for (on, effect) in [
        (Endpoint::Token, Effect::TruncatedJson),
        (Endpoint::MediaItemsList, Effect::status(401)),
        (Endpoint::Media, Effect::status(403)),
        (Endpoint::Media, Effect::HtmlOk),
        (Endpoint::Media, Effect::Redirect { location: "https://example.com/lh3-elsewhere".to_owned() }),
        (Endpoint::Media, Effect::Truncate { bytes: 100 }),
    ] {
        home.google.fault(Fault::on(&[on], effect).once());
    }
    home.run_watched(&["sync"]);
    home.run_watched(&["status", "--json"]);
    home.run_watched(&["sync"]);
}
