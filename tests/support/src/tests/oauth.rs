//! Tests of `tests/oauth`.

use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;
use url::Url;

use super::{Visit, bearer_of};
use crate::rng::base64url;
use crate::{Consent, OAuthSettings, SCOPE_APP_CREATED, SCOPE_READONLY, Settings};
use sha2::{Digest as _, Sha256};

const REDIRECT: &str = "http://127.0.0.1:39999/callback";
const VERIFIER: &str = "0123456789012345678901234567890123456789abcdef";

fn auth_url(visit: &Visit, more: &[(&str, &str)]) -> String {
    let secret: Value = serde_json::from_str(&visit.google.client_secret_json()).unwrap();
    let challenge = base64url(&Sha256::digest(VERIFIER));
    let mut url = Url::parse(secret["installed"]["auth_uri"].as_str().unwrap()).unwrap();
    let mut query: HashMap<&str, &str> = HashMap::from([
        ("client_id", secret["installed"]["client_id"].as_str().unwrap()),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", SCOPE_APP_CREATED),
        ("state", "xyz"),
        ("access_type", "offline"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    query.extend(more.iter().copied());
    url.query_pairs_mut().extend_pairs(query.iter().filter(|(_, value)| !value.is_empty()));
    url.into()
}

fn query_of(location: &str) -> HashMap<String, String> {
    Url::parse(location).unwrap().query_pairs().into_owned().collect()
}

async fn token(visit: &Visit, form: &[(&str, &str)]) -> (u16, Value) {
    let secret: Value = serde_json::from_str(&visit.google.client_secret_json()).unwrap();
    let mut all: HashMap<&str, &str> = HashMap::from([
        ("client_id", secret["installed"]["client_id"].as_str().unwrap()),
        ("client_secret", secret["installed"]["client_secret"].as_str().unwrap()),
    ]);
    all.extend(form.iter().copied());
    all.retain(|_, value| !value.is_empty());
    let url = secret["installed"]["token_uri"].as_str().unwrap();
    super::read(visit.http.post(url).form(&all).send().await.unwrap()).await
}

async fn exchange(visit: &Visit, code: &str, more: &[(&str, &str)]) -> (u16, Value) {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    form.extend(more);
    token(visit, &form).await
}

async fn login(visit: &Visit, more: &[(&str, &str)]) -> Value {
    let location = visit.google.consent(&auth_url(visit, more), &Consent::allow("alice")).unwrap();
    let (status, body) = exchange(visit, &query_of(&location)["code"], &[]).await;
    assert_eq!(status, 200, "{body}");
    body
}

async fn refresh(visit: &Visit, token_text: &str) -> (u16, Value) {
    token(visit, &[("grant_type", "refresh_token"), ("refresh_token", token_text)]).await
}

#[tokio::test]
async fn a_login_gives_tokens_that_open_the_library() {
    let visit = Visit::start(Settings::default()).await;
    let location = visit.google.consent(&auth_url(&visit, &[]), &Consent::allow("alice")).unwrap();
    assert!(location.starts_with(REDIRECT));
    let query = query_of(&location);
    assert_eq!((query["state"].as_str(), query["scope"].as_str()), ("xyz", SCOPE_APP_CREATED));
    let (status, body) = exchange(&visit, &query["code"], &[]).await;
    assert_eq!((status, &body["expires_in"], &body["token_type"]), (200, &3599.into(), &"Bearer".into()));
    assert!(body.get("refresh_token_expires_in").is_none());
    let bearer = body["access_token"].as_str().unwrap();
    let url = format!("{}/v1/mediaItems", visit.google.url());
    let listing = visit.http.get(url).bearer_auth(bearer).send().await.unwrap();
    assert_eq!(super::read(listing).await, (200, serde_json::json!({})));
}

#[tokio::test]
async fn a_code_works_once_and_only_with_its_redirect_and_verifier() {
    let visit = Visit::start(Settings::default()).await;
    let location = visit.google.consent(&auth_url(&visit, &[]), &Consent::allow("alice")).unwrap();
    let code = query_of(&location)["code"].clone();
    let error = |body: &Value| body["error"].as_str().unwrap().to_owned();
    let (status, body) = exchange(&visit, &code, &[("redirect_uri", "http://127.0.0.1:1/")]).await;
    assert_eq!((status, error(&body).as_str()), (400, "redirect_uri_mismatch"));
    let wrong = "1123456789012345678901234567890123456789abcdef";
    for (verifier, say) in [(wrong, "Invalid code verifier."), ("", "Missing code verifier.")] {
        let (status, body) = exchange(&visit, &code, &[("code_verifier", verifier)]).await;
        assert_eq!((status, &body["error_description"]), (400, &say.into()));
    }
    let (status, body) = exchange(&visit, &code, &[("client_secret", "")]).await;
    assert_eq!((status, &body["error_description"]), (400, &"client_secret is missing.".into()));
    let (status, body) = exchange(&visit, &code, &[("client_secret", "no")]).await;
    assert_eq!((status, error(&body).as_str()), (401, "invalid_client"));
    assert_eq!(exchange(&visit, &code, &[]).await.0, 200);
    let (status, body) = exchange(&visit, &code, &[]).await;
    assert_eq!((status, error(&body).as_str()), (400, "invalid_grant"));
    let location = visit.google.consent(&auth_url(&visit, &[]), &Consent::allow("alice")).unwrap();
    visit.google.advance_clock(Duration::from_secs(11 * 60));
    assert_eq!(exchange(&visit, &query_of(&location)["code"], &[]).await.0, 400);
}

#[tokio::test]
async fn a_refresh_token_comes_with_the_first_consent_or_when_asked_for() {
    let visit = Visit::start(Settings::default()).await;
    visit.google.account("bob");
    visit.alice.revoke_grant();
    assert!(login(&visit, &[("access_type", "")]).await.get("refresh_token").is_none());
    visit.alice.revoke_grant();
    assert!(login(&visit, &[]).await.get("refresh_token").is_some());
    assert!(login(&visit, &[]).await.get("refresh_token").is_none());
    assert!(login(&visit, &[("prompt", "consent")]).await.get("refresh_token").is_some());
}

#[tokio::test]
async fn a_refresh_gives_a_new_access_token_until_the_grant_ends() {
    let visit = Visit::start(Settings::default()).await;
    let first = login(&visit, &[("prompt", "consent")]).await;
    let text = first["refresh_token"].as_str().unwrap();
    let (status, second) = refresh(&visit, text).await;
    assert_eq!(status, 200);
    assert_ne!(first["access_token"], second["access_token"]);
    assert!(second.get("refresh_token").is_none());
    let url = format!("{}/revoke", visit.google.url());
    let revoke = || visit.http.post(&url).form(&[("token", text)]).send();
    assert_eq!(revoke().await.unwrap().status(), 200);
    assert_eq!(revoke().await.unwrap().status(), 400);
    let (status, body) = refresh(&visit, text).await;
    assert_eq!((status, &body["error"]), (400, &"invalid_grant".into()));
    assert_eq!(body["error_description"], "Token has been expired or revoked.");
}

#[tokio::test]
async fn a_project_in_testing_tells_how_long_its_refresh_token_lives() {
    let week = Duration::from_secs(7 * 24 * 3600);
    let oauth = OAuthSettings { refresh_token_life: Some(week), ..OAuthSettings::default() };
    let visit = Visit::start(Settings { oauth, ..Settings::default() }).await;
    let first = login(&visit, &[("prompt", "consent")]).await;
    assert_eq!(first["refresh_token_expires_in"], 604_799);
    let text = first["refresh_token"].as_str().unwrap();
    visit.google.advance_clock(Duration::from_secs(24 * 3600));
    let left = refresh(&visit, text).await.1["refresh_token_expires_in"].as_u64().unwrap();
    assert!((518_000..=518_400).contains(&left), "{left}");
    visit.google.advance_clock(week);
    assert_eq!(refresh(&visit, text).await.0, 400);
}

#[tokio::test]
async fn rotation_ends_the_old_refresh_token() {
    let oauth = OAuthSettings { rotate_refresh_tokens: true, ..OAuthSettings::default() };
    let visit = Visit::start(Settings { oauth, ..Settings::default() }).await;
    let first = login(&visit, &[("prompt", "consent")]).await["refresh_token"].as_str().unwrap().to_owned();
    let (_, body) = refresh(&visit, &first).await;
    assert_eq!(refresh(&visit, &first).await.0, 400);
    assert_eq!(refresh(&visit, body["refresh_token"].as_str().unwrap()).await.0, 200);
}

#[tokio::test]
async fn a_person_can_untick_scopes_or_refuse() {
    let visit = Visit::start(Settings::default()).await;
    let both = format!("{SCOPE_APP_CREATED} {SCOPE_READONLY}");
    let url = auth_url(&visit, &[("scope", &both)]);
    let some = visit.google.consent(&url, &Consent::allow_only("alice", &[SCOPE_READONLY])).unwrap();
    assert_eq!(query_of(&some)["scope"], SCOPE_READONLY);
    let none = query_of(&visit.google.consent(&url, &Consent::deny()).unwrap());
    assert_eq!((none["error"].as_str(), none["state"].as_str()), ("access_denied", "xyz"));
    assert!(!none.contains_key("code"));
}

#[tokio::test]
async fn a_bad_authorization_request_gets_googles_error_page() {
    let visit = Visit::start(Settings::default()).await;
    let table = [
        ("redirect_uri", "http://example.com/", 400),
        ("redirect_uri", "https://127.0.0.1/", 400),
        ("redirect_uri", "urn:ietf:wg:oauth:2.0:oob", 400),
        ("client_id", "someone-else", 401),
        ("scope", "https://www.googleapis.com/auth/nonsense", 400),
        ("response_type", "token", 400),
        ("code_challenge_method", "S512", 400),
    ];
    for (key, value, status) in table {
        let response = visit.http.get(auth_url(&visit, &[(key, value)])).send().await.unwrap();
        assert_eq!(response.status(), status, "{key}={value}");
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    }
    for redirect in ["http://localhost:5/x", "http://[::1]:5/", "http://127.0.0.1:1"] {
        let url = auth_url(&visit, &[("redirect_uri", redirect)]);
        assert_eq!(visit.http.get(url).send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn the_consent_page_is_a_form_that_a_browser_can_send() {
    let visit = Visit::start(Settings::default()).await;
    let url = auth_url(&visit, &[]);
    let page = visit.http.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains(r#"type="radio" name="account" value="alice" checked"#), "{page}");
    assert!(page.contains(&format!(r#"name="scope" value="{SCOPE_APP_CREATED}" checked"#)));
    let query = url.split_once('?').unwrap().1;
    let form = [("request", query), ("account", "alice"), ("scope", SCOPE_APP_CREATED), ("choice", "allow")];
    let target = format!("{}/o/oauth2/consent", visit.google.url());
    let sent = visit.http.post(target).form(&form).send().await.unwrap();
    assert_eq!(sent.status(), 302);
    let location = sent.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(exchange(&visit, &query_of(&location)["code"], &[]).await.0, 200);
}

#[tokio::test]
async fn a_token_file_is_one_that_gphotos_sync_would_accept() {
    let visit = Visit::start(Settings::default()).await;
    let file: Value = serde_json::from_str(&visit.google.token_json("alice")).unwrap();
    assert_eq!(file["scope"], serde_json::json!([SCOPE_APP_CREATED]));
    let life = file["expires_at"].as_f64().unwrap() - visit.google.now().timestamp() as f64;
    assert!((3595.0..3601.0).contains(&life), "{life}");
    assert_eq!(refresh(&visit, file["refresh_token"].as_str().unwrap()).await.0, 200);
}

#[tokio::test]
async fn tokens_die_in_each_of_the_ways_they_can() {
    let visit = Visit::start(Settings::default()).await;
    let status = async |bearer: &str| {
        let url = format!("{}/v1/mediaItems", visit.google.url());
        visit.http.get(url).bearer_auth(bearer).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(&visit.bearer).await, 200);
    visit.google.advance_clock(Duration::from_secs(3600));
    assert_eq!(status(&visit.bearer).await, 401);
    let bearer = bearer_of(&visit.google.token_json("alice"));
    visit.alice.kill_refresh_tokens();
    assert_eq!(status(&bearer).await, 200);
    visit.alice.expire_access_tokens();
    assert_eq!(status(&bearer).await, 401);
}
