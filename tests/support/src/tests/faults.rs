//! Tests of `tests/faults`.

use serde_json::json;
use std::time::Duration;

use super::{Visit, names};
use crate::{Effect, Endpoint, Fault, Field, ItemSpec, Settings};

async fn visit() -> (Visit, String) {
    let visit = Visit::start(Settings::default()).await;
    let id = visit.alice.add_photo(ItemSpec::named("a.jpg").len(100_000));
    (visit, id)
}

fn media(effect: Effect) -> Fault {
    Fault::on(&[Endpoint::Media], effect)
}

/// Status and body, or how far the body came before it broke.
async fn fetch(visit: &Visit, id: &str) -> Result<(u16, usize, bool), usize> {
    let url = format!("{}=d", visit.base_url(id).await);
    let Ok(mut response) = visit.http.get(url).send().await else { return Err(0) };
    let announced = response.headers().get("content-length").is_some();
    let mut got = 0;
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => got += chunk.len(),
            Ok(None) => return Ok((response.status().as_u16(), got, announced)),
            Err(_) => return Err(got),
        }
    }
}

#[tokio::test]
async fn a_status_can_be_asked_for_by_item_and_count() {
    let (visit, id) = visit().await;
    let other = visit.alice.add_photo(ItemSpec::named("b.jpg"));
    let fault = visit.google.fault(media(Effect::status(503)).item("a.jpg").times(2));
    assert_eq!(visit.bytes(&other, "=d").await.status(), 200);
    for status in [503, 503, 200] {
        assert_eq!(visit.bytes(&id, "=d").await.status(), status);
    }
    assert_eq!(visit.google.fired(fault), 2);
    let retry = Effect::Status { status: 429, retry_after: Some("7".to_owned()) };
    visit.google.fault(Fault::on(&[Endpoint::MediaItemsList], retry));
    let response = visit.get("/v1/mediaItems").send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(super::read(response).await.1["error"]["status"], "RESOURCE_EXHAUSTED");
}

#[tokio::test]
async fn a_connection_breaks_before_or_within_the_answer() {
    let (visit, id) = visit().await;
    visit.google.fault(media(Effect::Reset).once());
    assert_eq!(fetch(&visit, &id).await, Err(0));
    visit.google.fault(media(Effect::ResetAfter { bytes: 5_000 }).once());
    assert_eq!(fetch(&visit, &id).await, Err(5_000));
    visit.google.fault(media(Effect::Truncate { bytes: 7_000 }).once());
    assert_eq!(fetch(&visit, &id).await, Err(7_000));
    assert_eq!(fetch(&visit, &id).await, Ok((200, 100_000, true)));
    assert_eq!(visit.google.stats().log.iter().filter(|entry| entry.status == 0).count(), 1);
}

#[tokio::test]
async fn a_body_can_lie_about_itself() {
    let (visit, id) = visit().await;
    for (effect, bytes) in [(Effect::Shorten { by: 10 }, 99_990), (Effect::Lengthen { by: 10 }, 100_010)] {
        visit.google.fault(media(effect).once());
        assert_eq!(fetch(&visit, &id).await, Ok((200, bytes, true)));
    }
    visit.google.fault(media(Effect::EmptyOk).once());
    assert_eq!(fetch(&visit, &id).await, Ok((200, 0, true)));
    for effect in [Effect::HtmlOk, Effect::ContentType { value: "text/html".to_owned() }] {
        visit.google.fault(media(effect).once());
        let response = visit.bytes(&id, "=d").await;
        assert_eq!(response.status(), 200);
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    }
    visit.google.fault(media(Effect::GzipMedia).once());
    let plain = reqwest::Client::builder().no_proxy().no_gzip().build().unwrap();
    let zipped = plain.get(format!("{}=d", visit.base_url(&id).await)).send().await.unwrap();
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    assert_eq!(zipped.bytes().await.unwrap()[..2], [0x1f, 0x8b]);
    visit.google.fault(media(Effect::Redirect { location: "https://example.com/".to_owned() }).once());
    assert_eq!(visit.bytes(&id, "=d").await.status(), 302);
}

#[tokio::test]
async fn a_body_can_stall_drip_or_never_end() {
    let (visit, id) = visit().await;
    visit.google.fault(media(Effect::Stall { bytes: 3_000 }).once());
    let mut response = visit.bytes(&id, "=d").await;
    assert_eq!(response.headers()["content-length"], "100000");
    let mut got = 0;
    while let Ok(Ok(Some(chunk))) = tokio::time::timeout(Duration::from_millis(200), response.chunk()).await {
        got += chunk.len();
    }
    assert_eq!(got, 3_000);
    visit.google.fault(media(Effect::Drip { bytes: 40_000, every_ms: 1 }).once());
    assert_eq!(fetch(&visit, &id).await, Ok((200, 100_000, true)));
    visit.google.fault(media(Effect::Endless).once());
    let mut response = visit.bytes(&id, "=d").await;
    assert!(response.headers().get("content-length").is_none());
    let mut got = 0;
    while got < 5_000_000 {
        got += response.chunk().await.unwrap().unwrap().len();
    }
    visit.google.fault(media(Effect::Hang).once());
    let hung = tokio::time::timeout(Duration::from_millis(100), fetch(&visit, &id)).await;
    assert!(hung.is_err());
}

#[tokio::test]
async fn listings_can_be_cut_repeated_emptied_or_refused() {
    let (visit, _) = visit().await;
    visit.alice.add_photo(ItemSpec::named("b.jpg"));
    let list = |effect| Fault::on(&[Endpoint::MediaItemsList], effect).once();
    visit.google.fault(list(Effect::TruncatedJson));
    let text = visit.get("/v1/mediaItems").send().await.unwrap().text().await.unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&text).is_err());
    visit.google.fault(list(Effect::RepeatItem));
    assert_eq!(names(&visit.json("/v1/mediaItems").await.1), ["b.jpg", "a.jpg", "b.jpg"]);
    visit.google.fault(list(Effect::EmptyPage));
    let (_, page) = visit.json("/v1/mediaItems").await;
    assert!(names(&page).is_empty());
    let next = page["nextPageToken"].as_str().unwrap();
    assert_eq!(names(&visit.json(&format!("/v1/mediaItems?pageToken={next}")).await.1), ["b.jpg", "a.jpg"]);
    visit.google.fault(list(Effect::RepeatPage));
    let (_, page) = visit.json("/v1/mediaItems?pageSize=1").await;
    assert_eq!(names(&page), ["b.jpg"]);
    let again = format!("/v1/mediaItems?pageSize=1&pageToken={}", page["nextPageToken"].as_str().unwrap());
    let (_, page) = visit.json(&again).await;
    assert_eq!(names(&page), ["b.jpg"], "the page comes again");
    visit.google.fault(list(Effect::MoveUp { entries: 1 }));
    let rest = format!("/v1/mediaItems?pageToken={}", page["nextPageToken"].as_str().unwrap());
    assert!(names(&visit.json(&rest).await.1).is_empty(), "the entry has moved to the page before");
    visit.google.fault(list(Effect::ExpirePageToken));
    assert_eq!(visit.json("/v1/mediaItems").await.0, 200);
    let path = format!("/v1/mediaItems?pageToken={next}");
    assert_eq!(visit.json(&path).await.0, 400);
    assert_eq!(visit.json(&path).await.0, 200);
}

#[tokio::test]
async fn entries_of_a_batch_or_a_page_can_be_spoiled_one_by_one() {
    let (visit, id) = visit().await;
    let other = visit.alice.add_photo(ItemSpec::named("b.jpg"));
    let path = format!("/v1/mediaItems:batchGet?mediaItemIds={id}&mediaItemIds={other}");
    let batch = |effect| Fault::on(&[Endpoint::MediaItemsBatchGet], effect).item(&id).once();
    visit.google.fault(batch(Effect::BatchNull));
    assert!(visit.json(&path).await.1["mediaItemResults"][0].is_null());
    visit.google.fault(batch(Effect::BatchEmpty));
    let (_, body) = visit.json(&path).await;
    assert_eq!(body["mediaItemResults"][0], json!({}));
    assert_eq!(body["mediaItemResults"][1]["mediaItem"]["filename"], "b.jpg");
    visit.google.fault(batch(Effect::status(500)));
    assert_eq!(visit.json(&path).await.0, 500);
    assert_eq!(visit.json(&path).await.0, 200);
    visit
        .google
        .fault(Fault::on(&[Endpoint::MediaItemsList], Effect::Omit { field: Field::Filename }).item("a.jpg"));
    assert_eq!(names(&visit.json("/v1/mediaItems").await.1), ["b.jpg", "?"]);
}

#[tokio::test]
async fn the_token_endpoint_can_fail_in_its_own_words() {
    let (visit, _) = visit().await;
    visit.google.fault(Fault::on(&[Endpoint::Token], Effect::invalid_grant()).once());
    visit.google.fault(Fault::on(&[Endpoint::Token], Effect::status(503)).once());
    let url = format!("{}/token", visit.google.url());
    let (status, body) = super::read(visit.http.post(&url).send().await.unwrap()).await;
    assert_eq!((status, &body["error"]), (400, &"invalid_grant".into()));
    assert_eq!(visit.http.post(&url).send().await.unwrap().status(), 503);
}

#[tokio::test]
async fn a_fault_can_be_one_accounts_own() {
    let (visit, id) = visit().await;
    visit.google.fault(media(Effect::status(500)).account("bob"));
    assert_eq!(visit.bytes(&id, "=d").await.status(), 200);
    visit.google.fault(media(Effect::status(500)).account("alice"));
    assert_eq!(visit.bytes(&id, "=d").await.status(), 500);
    visit.google.clear_faults();
    assert_eq!(visit.bytes(&id, "=d").await.status(), 200);
}

#[tokio::test]
async fn bytes_beyond_the_announced_length_follow_the_body() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (visit, id) = visit().await;
    visit.google.fault(media(Effect::Surplus { bytes: 5 }).once());
    let url = format!("{}=d", visit.base_url(&id).await);
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let ask = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut got = Vec::new();
    stream.read_to_end(&mut got).await.unwrap();
    assert!(got.ends_with(b"#####"), "{:?}", &got[got.len() - 8..]);
    let head = got.windows(4).position(|part| part == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(got.len() - head, 100_005);
}
