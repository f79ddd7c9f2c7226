//! Tests of `tests/tls`.

use reqwest::{Certificate, Client, Version};

use super::http;
use crate::{FakeGoogle, Settings, Synthetic};

#[tokio::test]
async fn https_offers_http_2_and_http_1_to_who_trusts_its_authority() {
    let google = FakeGoogle::start(Settings { tls: true, ..Settings::default() }).await;
    google.synthetic_account("alice", Synthetic::photos(3));
    let bearer = super::bearer_of(&google.token_json("alice"));
    assert!(http().get(google.url()).send().await.is_err());
    let ca = Certificate::from_pem(google.ca_pem().unwrap().as_bytes()).unwrap();
    let url = format!("{}/v1/mediaItems", google.url());
    let build = || Client::builder().no_proxy().tls_certs_only([ca.clone()]);
    for (client, version) in [(build(), Version::HTTP_2), (build().http1_only(), Version::HTTP_11)] {
        let client = client.build().unwrap();
        let response = client.get(&url).bearer_auth(&bearer).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, version));
        let page: serde_json::Value = response.json().await.unwrap();
        let base_url = page["mediaItems"][0]["baseUrl"].as_str().unwrap();
        let media = client.get(format!("{base_url}=d")).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(media, google.truth("alice").items[0].bytes());
    }
}

#[tokio::test]
async fn plain_http_also_speaks_http_2_to_who_knows() {
    let google = FakeGoogle::start(Settings::default()).await;
    let _ = http();
    let client = Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let response = client.get(google.url()).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (404, Version::HTTP_2));
}
