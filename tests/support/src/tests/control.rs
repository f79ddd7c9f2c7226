//! Tests of `tests/control`.

use reqwest::Method;
use serde_json::{Value, json};

use super::Visit;
use crate::Settings;

async fn call(visit: &Visit, method: Method, what: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/_control/{what}", visit.google.url());
    super::read(visit.http.request(method, url).json(&body).send().await.unwrap()).await
}

#[tokio::test]
async fn everything_can_be_done_over_http_too() {
    let visit = Visit::start(Settings::default()).await;
    let post = async |what: &str, body: Value| call(&visit, Method::POST, what, body).await;
    assert_eq!(post("accounts", json!({"name": "bob", "items": 5, "bytes": [10, 20]})).await.0, 200);
    let (_, made) =
        post("items", json!({"account": "bob", "filename": "x.jpg", "len": 9, "archived": true})).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let (_, album) = post("albums", json!({"account": "bob", "title": "T", "items": [id]})).await;
    let change = json!({"account": "bob", "id": album["id"], "title": "U"});
    assert_eq!(call(&visit, Method::PATCH, "albums", change).await.0, 200);
    let (_, truth) = call(&visit, Method::GET, "truth?account=bob&sha256=1", Value::Null).await;
    assert_eq!(truth["items"].as_array().unwrap().len(), 6);
    assert_eq!(truth["albums"][0]["title"], "U");
    let item = truth["items"].as_array().unwrap().iter().find(|item| item["id"] == id).unwrap();
    assert_eq!((&item["bytes"], &item["archived"]), (&9.into(), &true.into()));
    assert_eq!(call(&visit, Method::DELETE, &format!("items?account=bob&id={id}"), Value::Null).await.0, 200);
    assert_eq!(call(&visit, Method::DELETE, &format!("items?account=bob&id={id}"), Value::Null).await.0, 404);
    assert_eq!(post("items", json!({"account": "nobody"})).await.0, 404);
    assert_eq!(post("items", json!(3)).await.0, 400);
}

#[tokio::test]
async fn faults_clock_tokens_and_consent_can_be_driven_over_http() {
    let visit = Visit::start(Settings::default()).await;
    let post = async |what: &str, body: Value| call(&visit, Method::POST, what, body).await;
    let fault = json!({"on": ["media-items-list"], "times": 1, "effect": {"kind": "status", "status": 500}});
    let (_, made) = post("faults", fault).await;
    assert_eq!(visit.json("/v1/mediaItems").await.0, 500);
    let (_, fired) = call(&visit, Method::GET, &format!("faults?id={}", made["id"]), Value::Null).await;
    assert_eq!(fired["fired"], 1);
    let (_, stats) = call(&visit, Method::GET, "stats", Value::Null).await;
    assert_eq!((&stats["endpoints"]["media-items-list"], &stats["statuses"]["500"]), (&1.into(), &1.into()));
    let (_, token) = call(&visit, Method::GET, "token?account=alice", Value::Null).await;
    assert!(token["refresh_token"].is_string());
    assert_eq!(post("tokens", json!({"account": "alice", "action": "revoke"})).await.0, 200);
    assert_eq!(visit.json("/v1/mediaItems").await.0, 401);
    assert_eq!(post("clock", json!({"advance_secs": 60})).await.0, 200);
    let (_, secret) = call(&visit, Method::GET, "client-secret", Value::Null).await;
    let url = format!(
        "{}?client_id={}&response_type=code&redirect_uri=http://127.0.0.1:9/&scope=openid&state=s",
        secret["installed"]["auth_uri"].as_str().unwrap(),
        secret["installed"]["client_id"].as_str().unwrap()
    );
    let (_, answer) = post("consent", json!({"url": url, "account": "alice"})).await;
    assert!(answer["redirect"].as_str().unwrap().starts_with("http://127.0.0.1:9/?state=s&"));
    assert_eq!(post("consent", json!({"url": "http://x/?", "account": "alice"})).await.0, 400);
}
