//! Tests of `cli/logout`.

use serde_json::json;
use std::path::PathBuf;

use crate::auth::TOKEN_FILE_NAME;
use crate::auth::tests::{Scripted, TokenServer, alice, http, limiter, reply, write_token, write_with_mode};
use crate::cli::login::Context;
use crate::cli::logout::{LogoutArgs, run};
use crate::config::Config;
use crate::exit::Exit;

struct Stage {
    dir: tempfile::TempDir,
    token: PathBuf,
    server: TokenServer,
}

async fn stage(script: Vec<Scripted>) -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let server = TokenServer::start(script).await;
    server.client_secret_in(dir.path());
    let root = dir.path().join("alice");
    std::fs::create_dir(&root).unwrap();
    let token = root.join(TOKEN_FILE_NAME);
    write_token(&token, &json!({"refresh_token":"1//secret"}));
    Stage { dir, token, server }
}

impl Stage {
    /// Logs out; returns the exit code and all that was shown.
    async fn logout(&self, force: bool) -> (Exit, String) {
        let path = self.dir.path().join("config.toml");
        let root = self.token.parent().unwrap().display();
        std::fs::write(&path, format!("[library.alice]\nroot = \"{root}\"\n")).unwrap();
        let config = Config::load(&path).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut context = Context {
            config: &config,
            client_secret: None,
            credentials_dir: None,
            http: http(),
            limiter: limiter(),
            out: &mut out,
            err: &mut err,
        };
        let exit = run(&LogoutArgs { library: alice(), force }, &mut context).await;
        let shown = format!("{}{}", String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap());
        assert!(!shown.contains("1//secret"), "{shown}");
        (exit, shown)
    }
}

#[tokio::test]
async fn a_logout_revokes_the_refresh_token_and_removes_the_file() {
    let stage = stage(vec![reply(200, &json!({}))]).await;
    let (exit, shown) = stage.logout(false).await;
    assert_eq!(exit, Exit::Done, "{shown}");
    assert!(!stage.token.exists() && shown.contains("revoked"), "{shown}");
    assert_eq!(stage.server.asked(), ["/revoke token=1%2F%2Fsecret"]);
    let (exit, shown) = stage.logout(false).await;
    assert!(exit == Exit::Done && shown.contains("is not logged in"), "{shown}");
    assert_eq!(stage.server.asked().len(), 1);
}

#[tokio::test]
async fn a_token_that_was_revoked_before_counts_as_done() {
    let stage = stage(vec![reply(
        400,
        &json!({"error":"invalid_token","error_description":"Token expired or revoked"}),
    )])
    .await;
    let (exit, shown) = stage.logout(false).await;
    assert!(exit == Exit::Done && shown.contains("had been revoked"), "{shown}");
    assert!(!stage.token.exists());
}

#[tokio::test]
async fn a_token_that_cannot_be_revoked_keeps_its_file_unless_forced() {
    let refusal = || reply(400, &json!({"error":"invalid_request"}));
    let stage = stage(vec![refusal(), refusal()]).await;
    let (exit, shown) = stage.logout(false).await;
    assert_eq!(exit, Exit::NoPermission, "{shown}");
    assert!(stage.token.exists() && shown.contains("logout alice --force"), "{shown}");
    let (exit, shown) = stage.logout(true).await;
    assert!(exit == Exit::Done && shown.contains("NOT revoked"), "{shown}");
    assert!(!stage.token.exists());
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_removed_only_when_forced() {
    let stage = stage(vec![]).await;
    write_with_mode(&stage.token, b"{", 0o600);
    let (exit, shown) = stage.logout(false).await;
    assert!(exit == Exit::NoPermission && stage.token.exists(), "{shown}");
    assert_eq!(stage.logout(true).await.0, Exit::Done);
    assert!(!stage.token.exists() && stage.server.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_the_network_the_file_is_kept_and_a_later_try_may_do() {
    let stage = stage(vec![]).await;
    let path = stage.dir.path().join("client_secret.json");
    let text = std::fs::read_to_string(&path).unwrap();
    // A listener that was closed again has a port that refuses.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    std::fs::write(&path, text.replace(&stage.server.origin, &format!("http://{port}"))).unwrap();
    let (exit, shown) = stage.logout(false).await;
    assert_eq!(exit, Exit::TryLater, "{shown}");
    assert!(stage.token.exists() && shown.contains("was kept"), "{shown}");
    assert!(shown.contains("logout alice --force"), "{shown}");
}
