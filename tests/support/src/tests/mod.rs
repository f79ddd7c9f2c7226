//! The simulator seen from outside, over its sockets.

mod control;
mod drive;
mod faults;
mod library;
mod media;
mod oauth;
mod pages;
mod quota;
mod tls;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;

use crate::{FakeGoogle, Settings, User};

/// A simulator, an HTTP client, and a token for `alice`.
struct Visit {
    google: FakeGoogle,
    alice: User,
    http: Client,
    bearer: String,
}

/// Whether Python is there to read what was written; says so if it is not.
pub(crate) fn has_python() -> bool {
    let found = std::process::Command::new("python3").arg("--version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: there is no python3 to read the archive");
    }
    found
}

fn http() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

fn bearer_of(token_file: &str) -> String {
    let file: Value = serde_json::from_str(token_file).unwrap();
    file["access_token"].as_str().unwrap().to_owned()
}

impl Visit {
    async fn start(settings: Settings) -> Self {
        let google = FakeGoogle::start(settings).await;
        let alice = google.account("alice");
        let bearer = bearer_of(&google.token_json("alice"));
        Self { google, alice, http: http(), bearer }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.google.url())).bearer_auth(&self.bearer)
    }

    async fn json(&self, path: &str) -> (u16, Value) {
        read(self.get(path).send().await.unwrap()).await
    }

    async fn search(&self, body: Value) -> (u16, Value) {
        let url = format!("{}/v1/mediaItems:search", self.google.url());
        read(self.http.post(url).bearer_auth(&self.bearer).json(&body).send().await.unwrap()).await
    }

    /// The base URL of an item.
    async fn base_url(&self, id: &str) -> String {
        let (status, item) = self.json(&format!("/v1/mediaItems/{id}")).await;
        assert_eq!(status, 200, "{item}");
        item["baseUrl"].as_str().unwrap().to_owned()
    }

    /// Fetches an item's bytes, without a bearer.
    async fn bytes(&self, id: &str, suffix: &str) -> Response {
        let url = format!("{}{suffix}", self.base_url(id).await);
        self.http.get(url).send().await.unwrap()
    }
}

async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

/// The filenames of a page.
fn names(page: &Value) -> Vec<&str> {
    let Some(items) = page["mediaItems"].as_array() else { return Vec::new() };
    items.iter().map(|item| item["filename"].as_str().unwrap_or("?")).collect()
}
