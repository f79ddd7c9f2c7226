//! Tests of `tests/quota`.

use std::time::Duration;

use super::Visit;
use crate::{Class, ItemSpec, Quota, RetryAfter, Settings, Window};

#[tokio::test]
async fn a_spent_api_quota_is_told_in_googles_json() {
    let quotas = vec![Quota::new(Class::Api, Window::Day { limit: 2 })];
    let visit = Visit::start(Settings { quotas, ..Settings::default() }).await;
    for status in [200, 200, 429] {
        assert_eq!(visit.json("/v1/mediaItems").await.0, status);
    }
    let response = visit.get("/v1/albums").send().await.unwrap();
    assert!(response.headers().get("retry-after").is_none());
    let (_, body) = super::read(response).await;
    let error = &body["error"];
    assert_eq!((&error["code"], &error["status"]), (&429.into(), &"RESOURCE_EXHAUSTED".into()));
    assert!(error["message"].as_str().unwrap().contains("limit 'All requests per day'"));
    assert_eq!(error["errors"][0]["reason"], "rateLimitExceeded");
    assert_eq!(error["details"][0]["metadata"]["quota_limit"], "ApiCallsPerProjectPerDay");
    assert_eq!(error["details"][0]["metadata"]["quota_limit_value"], "2");
    visit.google.advance_clock(Duration::from_secs(25 * 3600));
    visit.google.configure(|settings| settings.oauth.access_token_life = Duration::from_secs(3600));
    let bearer = super::bearer_of(&visit.google.token_json("alice"));
    let url = format!("{}/v1/mediaItems", visit.google.url());
    assert_eq!(visit.http.get(url).bearer_auth(bearer).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn media_has_a_quota_of_its_own_told_in_html() {
    let window = Window::Sliding { limit: 1, every_secs: 60 };
    let quotas = vec![Quota::new(Class::Media, window).retry_after(RetryAfter::Exact)];
    let visit = Visit::start(Settings { quotas, ..Settings::default() }).await;
    let id = visit.alice.add_photo(ItemSpec::default());
    assert_eq!(visit.bytes(&id, "=d").await.status(), 200);
    let refused = visit.bytes(&id, "=d").await;
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((58..=60).contains(&wait), "{wait}");
    assert!(refused.text().await.unwrap().contains("Error 429"));
    visit.google.advance_clock(Duration::from_secs(wait));
    assert_eq!(visit.bytes(&id, "=d").await.status(), 200);
    let media = visit.google.stats().of("alice", Class::Media);
    assert_eq!((media.requests, media.throttled, media.gaps_after_429_ms.len()), (3, 1, 1));
    assert!(media.gaps_after_429_ms[0] >= 58_000);
}

#[tokio::test]
async fn the_server_counts_bytes_and_requests() {
    let visit = Visit::start(Settings::default()).await;
    let id = visit.alice.add_photo(ItemSpec::default().len(50_000));
    visit.bytes(&id, "=d").await.bytes().await.unwrap();
    let stats = visit.google.stats();
    assert_eq!(stats.class(Class::Media).bytes, 50_000);
    assert_eq!(stats.requests(crate::Endpoint::MediaItemsGet), 1);
    assert_eq!(stats.statuses[&200], 2);
    assert_eq!(stats.log[1].item.as_deref(), Some(id.as_str()));
    visit.google.reset_stats();
    assert_eq!(visit.google.stats().class(Class::Media).requests, 0);
}

#[tokio::test]
async fn a_request_that_a_quota_refuses_does_not_use_up_a_fault() {
    let quotas = vec![Quota::new(Class::Media, Window::Sliding { limit: 1, every_secs: 60 })];
    let visit = Visit::start(Settings { quotas, ..Settings::default() }).await;
    let id = visit.alice.add_photo(ItemSpec::default());
    assert_eq!(visit.bytes(&id, "=d").await.status(), 200);
    visit.google.fault(crate::Fault::on(&[crate::Endpoint::Media], crate::Effect::status(500)).once());
    assert_eq!(visit.bytes(&id, "=d").await.status(), 429);
    visit.google.advance_clock(Duration::from_secs(60));
    assert_eq!(visit.bytes(&id, "=d").await.status(), 500);
}
