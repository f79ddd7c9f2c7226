//! Tests of `auth/authorizer`.

use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::auth::authorizer::Authorizer;
use crate::auth::client_secret::ClientSecret;
use crate::auth::tests::{
    Scripted, TokenServer, alice, http, limiter, read_json, reply, tokens, write_token, write_with_mode,
};
use crate::auth::token_file::TOKEN_FILE_NAME;
use crate::auth::{AuthError, Bearer};
use crate::clock::wall_now;
use crate::status::TokenHealth;

/// A library with a token file and a scripted token endpoint.
struct Stage {
    dir: tempfile::TempDir,
    path: PathBuf,
    server: TokenServer,
    auth: Authorizer,
}

/// The content of a file whose access token expires in `secs` seconds.
fn file(access: &str, refresh: &str, secs: i64) -> Value {
    let expires_at = wall_now().timestamp() as f64 + secs as f64;
    json!({ "access_token": access, "refresh_token": refresh, "token_type": "Bearer", "scope": ["s"],
        "expires_at": expires_at, "mine": [1, 2] })
}

async fn stage(content: Value, script: Vec<Scripted>) -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let server = TokenServer::start(script).await;
    let client = Arc::new(ClientSecret::load(&server.client_secret_in(dir.path())).unwrap());
    let path = dir.path().join(TOKEN_FILE_NAME);
    write_token(&path, &content);
    let auth = Authorizer::new(alice(), path.clone(), client, http(), limiter());
    Stage { dir, path, server, auth }
}

fn token(bearer: &Bearer) -> &str {
    bearer.token.expose()
}

fn needs_login(result: Result<Bearer, AuthError>) -> String {
    match result {
        Err(AuthError::NeedsLogin { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

fn revoked() -> Scripted {
    reply(400, &json!({"error":"invalid_grant","error_description":"Token has been expired or revoked."}))
}

#[tokio::test]
async fn a_token_that_is_still_good_is_given_out_without_a_request() {
    let stage = stage(file("ya29.old", "1//r", 3000), vec![]).await;
    let first = stage.auth.bearer().await.unwrap();
    assert_eq!((token(&first), stage.auth.bearer().await.unwrap().issue), ("ya29.old", first.issue));
    assert!(stage.server.asked().is_empty());
}

#[tokio::test]
async fn a_token_about_to_expire_is_refreshed_once_for_all_who_wait() {
    let stage = stage(file("ya29.old", "1//r", 200), vec![tokens("ya29.new", &json!({}))]).await;
    let all = futures_util::future::join_all((0..20).map(|_| stage.auth.bearer())).await;
    let all: Vec<Bearer> = all.into_iter().map(Result::unwrap).collect();
    assert!(all.iter().all(|bearer| token(bearer) == "ya29.new" && bearer.issue == all[0].issue));
    let asked = stage.server.asked();
    assert_eq!(asked.len(), 1);
    for part in [
        "/token ",
        "grant_type=refresh_token",
        "refresh_token=1%2F%2Fr",
        "client_id=client-1",
        "client_secret=GOCSPX-s",
    ] {
        assert!(asked[0].contains(part), "{part} in {}", asked[0]);
    }
    let written = read_json(&stage.path);
    assert_eq!(
        (&written["access_token"], &written["refresh_token"], &written["mine"]),
        (&json!("ya29.new"), &json!("1//r"), &json!([1, 2]))
    );
    let left = written["expires_at"].as_f64().unwrap() - wall_now().timestamp() as f64;
    assert!((3590.0..3601.0).contains(&left), "{left}");
    assert_eq!(std::fs::metadata(&stage.path).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[tokio::test]
async fn a_rotated_refresh_token_is_kept_and_used_next_time() {
    let script = vec![
        tokens("a2", &json!({"refresh_token":"1//two"})),
        tokens("a3", &json!({"refresh_token_expires_in":604_799})),
    ];
    let stage = stage(file("a1", "1//one", 0), script).await;
    let before = stage.auth.fingerprint();
    let second = stage.auth.bearer().await.unwrap();
    assert_eq!(read_json(&stage.path)["refresh_token"], "1//two");
    assert_ne!(stage.auth.fingerprint(), before);
    assert_eq!(stage.auth.health(), TokenHealth::Good { dies_at: None, unsaved: None });
    let third = stage.auth.renew(&second).await.unwrap();
    assert_eq!(token(&third), "a3");
    assert!(stage.server.asked()[1].contains("refresh_token=1%2F%2Ftwo"));
    let TokenHealth::Good { dies_at: Some(dies_at), .. } = stage.auth.health() else { panic!() };
    assert!((604_790..604_801).contains(&(dies_at - wall_now()).num_seconds()));
}

#[tokio::test]
async fn a_401_is_answered_by_one_refresh_however_many_met_it() {
    let stage = stage(file("a1", "1//r", 3000), vec![tokens("a2", &json!({}))]).await;
    let old = stage.auth.bearer().await.unwrap();
    let all = futures_util::future::join_all((0..10).map(|_| stage.auth.renew(&old))).await;
    assert!(all.iter().all(|bearer| token(bearer.as_ref().unwrap()) == "a2"));
    assert_eq!(stage.server.asked().len(), 1);
    assert!(all[0].as_ref().unwrap().issue > old.issue);
}

#[tokio::test]
async fn a_dead_token_is_not_asked_for_again_until_its_file_changes() {
    let stage = stage(file("a1", "1//dead", 0), vec![revoked(), tokens("a2", &json!({}))]).await;
    let reason = needs_login(stage.auth.bearer().await);
    assert!(reason.contains("gphotos-syncd login alice") && reason.contains("invalid_grant"), "{reason}");
    assert_eq!(needs_login(stage.auth.bearer().await), reason);
    assert_eq!(stage.auth.health(), TokenHealth::Dead { reason });
    assert_eq!(stage.server.asked().len(), 1);
    write_token(&stage.path, &file("gone", "1//fresh", 0));
    assert_eq!(stage.auth.health(), TokenHealth::Good { dies_at: None, unsaved: None });
    assert_eq!(token(&stage.auth.bearer().await.unwrap()), "a2");
    assert!(stage.server.asked()[1].contains("refresh_token=1%2F%2Ffresh"));
}

#[tokio::test]
async fn a_login_during_a_refresh_wins_over_the_answer_to_the_old_token() {
    for answer in [tokens("stale", &json!({})), revoked()] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(TOKEN_FILE_NAME);
        let (target, fresh) = (path.clone(), file("fresh", "1//fresh", 3600));
        let server = TokenServer::start(vec![answer.after(move || write_token(&target, &fresh))]).await;
        let client = Arc::new(ClientSecret::load(&server.client_secret_in(dir.path())).unwrap());
        write_token(&path, &file("old", "1//old", 0));
        let auth = Authorizer::new(alice(), path.clone(), client, http(), limiter());
        assert_eq!(token(&auth.bearer().await.unwrap()), "fresh");
        assert_eq!(read_json(&path)["refresh_token"], "1//fresh");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_login_is_noticed_though_the_old_token_is_still_good() {
    let stage = stage(file("a1", "1//one", 3000), vec![]).await;
    let old = stage.auth.bearer().await.unwrap();
    write_token(&stage.path, &file("b1", "1//two", 3000));
    let new = stage.auth.bearer().await.unwrap();
    assert_eq!(token(&new), "b1");
    assert!(new.issue > old.issue);
    assert_eq!(token(&stage.auth.renew(&old).await.unwrap()), "b1", "the rejected token is gone already");
    assert!(stage.server.asked().is_empty());
}

#[tokio::test]
async fn a_logout_during_a_refresh_leaves_no_file_behind() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(TOKEN_FILE_NAME);
    let target = path.clone();
    let gone = tokens("a2", &json!({})).after(move || std::fs::remove_file(target).unwrap());
    let server = TokenServer::start(vec![gone]).await;
    let client = Arc::new(ClientSecret::load(&server.client_secret_in(dir.path())).unwrap());
    write_token(&path, &file("a1", "1//r", 0));
    let auth = Authorizer::new(alice(), path.clone(), client, http(), limiter());
    assert!(needs_login(auth.bearer().await).contains("not logged in"));
    assert!(!path.exists());
    assert_eq!((auth.health(), auth.fingerprint()), (TokenHealth::Missing, None));
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_break_off_the_refresh() {
    let (told, tell) = tokio::sync::oneshot::channel();
    let answer = tokens("a2", &json!({"refresh_token":"1//two"})).after(move || told.send(()).unwrap());
    let stage = stage(file("a1", "1//one", 0), vec![answer]).await;
    tokio::select! {
        _ = stage.auth.bearer() => panic!("the answer was not sent yet"),
        _ = tell => {}
    }
    assert_eq!(token(&stage.auth.bearer().await.unwrap()), "a2");
    assert_eq!(read_json(&stage.path)["refresh_token"], "1//two");
}

#[tokio::test]
async fn a_file_that_others_can_read_is_refused_without_a_request() {
    let stage = stage(file("a1", "1//r", 3000), vec![]).await;
    write_with_mode(&stage.path, file("a1", "1//r", 3000).to_string().as_bytes(), 0o644);
    let Err(AuthError::TokenFile { reason }) = stage.auth.bearer().await else { panic!() };
    assert!(reason.contains("hint: chmod 600 "), "{reason}");
    assert!(matches!(stage.auth.health(), TokenHealth::Unusable { .. }));
    assert!(stage.server.asked().is_empty());
}

#[tokio::test]
async fn a_token_that_cannot_be_saved_is_used_all_the_same_and_saved_later() {
    if rustix::process::geteuid().is_root() {
        return; // Nothing is forbidden to root.
    }
    let script = vec![tokens("a2", &json!({"refresh_token":"1//two"})), tokens("a3", &json!({}))];
    let stage = stage(file("a1", "1//one", 0), script).await;
    let lock =
        |mode| std::fs::set_permissions(stage.dir.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    lock(0o500);
    let second = stage.auth.bearer().await.unwrap();
    assert_eq!(token(&second), "a2");
    assert_eq!(token(&stage.auth.bearer().await.unwrap()), "a2");
    assert_eq!(read_json(&stage.path)["refresh_token"], "1//one");
    lock(0o700);
    assert_eq!(token(&stage.auth.renew(&second).await.unwrap()), "a3");
    assert!(stage.server.asked()[1].contains("refresh_token=1%2F%2Ftwo"));
    assert_eq!(read_json(&stage.path)["refresh_token"], "1//two");
}

#[tokio::test]
async fn no_error_and_no_debug_output_shows_a_token() {
    let echo = json!({"error":"invalid_grant","error_description":"1//secret-refresh-token-that-is-long"});
    let stage =
        stage(file("ya29.secret", "1//secret-refresh-token-that-is-long", 0), vec![reply(400, &echo)]).await;
    let reason = needs_login(stage.auth.bearer().await);
    let shown = format!("{reason} {:?} {:?}", stage.auth, stage.auth.health());
    assert!(
        !shown.contains("secret-refresh") && !shown.contains("ya29") && !shown.contains("GOCSPX"),
        "{shown}"
    );
}
