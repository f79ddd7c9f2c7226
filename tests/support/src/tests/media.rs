//! Tests of `tests/media`.

use reqwest::header::RANGE;
use std::time::Duration;

use super::Visit;
use crate::{FakeGoogle, ItemSpec, RangeMode, Settings, VideoStatus};

#[tokio::test]
async fn an_item_is_served_whole_with_its_type_length_and_name() {
    let visit = Visit::start(Settings::default()).await;
    let id = visit.alice.add_photo(ItemSpec::named("a.jpg").len(3_000_000));
    let response = visit.bytes(&id, "=d").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "image/jpeg");
    assert_eq!(response.headers()["content-length"], "3000000");
    assert_eq!(response.headers()["content-disposition"], "attachment;filename=\"a.jpg\"");
    let truth = visit.alice.truth();
    assert_eq!(response.bytes().await.unwrap(), truth.item("a.jpg").unwrap().bytes());
}

#[tokio::test]
async fn a_bare_expired_or_invented_url_is_refused_in_html() {
    let visit = Visit::start(Settings::default()).await;
    let id = visit.alice.add_photo(ItemSpec::default());
    let url = visit.base_url(&id).await;
    let status = async |suffix: &str| {
        let response = visit.http.get(format!("{url}{suffix}")).send().await.unwrap();
        let html = response.headers()["content-type"].to_str().unwrap().starts_with("text/html");
        (response.status().as_u16(), html)
    };
    assert_eq!(status("").await, (403, true));
    assert_eq!(status("=nonsense").await, (400, true));
    assert_eq!(status("x=d").await, (400, true));
    assert_eq!(status("=d").await, (200, false));
    visit.google.advance_clock(Duration::from_secs(59 * 60));
    assert_eq!(status("=d").await, (200, false));
    visit.google.advance_clock(Duration::from_secs(60));
    assert_eq!(status("=d").await, (403, true));
}

#[tokio::test]
async fn a_range_is_honoured_or_ignored_as_the_settings_say() {
    let visit = Visit::start(Settings::default()).await;
    let id = visit.alice.add_photo(ItemSpec::named("a.jpg").len(1000));
    let whole = visit.alice.truth().item("a.jpg").unwrap().bytes();
    let url = format!("{}=d", visit.base_url(&id).await);
    let get = async |range: &str| visit.http.get(&url).header(RANGE, range).send().await.unwrap();
    let part = get("bytes=990-").await;
    assert_eq!(
        (part.status().as_u16(), &part.headers()["content-range"]),
        (206, &"bytes 990-999/1000".parse().unwrap())
    );
    assert_eq!(part.bytes().await.unwrap(), whole[990..]);
    let beyond = get("bytes=1000-").await;
    assert_eq!(
        (beyond.status().as_u16(), &beyond.headers()["content-range"]),
        (416, &"bytes */1000".parse().unwrap())
    );
    visit.google.configure(|settings| settings.range = RangeMode::Ignored);
    let all = get("bytes=990-").await;
    assert_eq!(all.status(), 200);
    assert!(all.headers().get("accept-ranges").is_none());
    assert_eq!(all.bytes().await.unwrap(), whole);
}

#[tokio::test]
async fn head_tells_the_length_and_sends_nothing() {
    let visit = Visit::start(Settings::default()).await;
    let id = visit.alice.add_photo(ItemSpec::default().len(12_345));
    let url = format!("{}=d", visit.base_url(&id).await);
    let response = visit.http.head(url).send().await.unwrap();
    assert_eq!(response.headers()["content-length"], "12345");
    assert!(response.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn videos_motion_photos_and_thumbnails_have_their_suffixes() {
    let visit = Visit::start(Settings::default()).await;
    let photo = visit.alice.add_photo(ItemSpec::named("p.jpg").real());
    let video = visit.alice.add_video(ItemSpec::named("v.mp4").real());
    let motion = visit.alice.add_motion_photo(ItemSpec::named("m.jpg"));
    let truth = visit.alice.truth();
    let content_type =
        |response: &reqwest::Response| response.headers()["content-type"].to_str().unwrap().to_owned();

    assert_eq!(visit.bytes(&photo, "=dv").await.status(), 404);
    let still = visit.bytes(&photo, "=d").await.bytes().await.unwrap();
    assert_eq!(still, truth.item("p.jpg").unwrap().bytes());
    let small = visit.bytes(&photo, "=w100-h100").await.bytes().await.unwrap();
    assert!(small.starts_with(&[0xff, 0xd8]) && small.len() < still.len());

    let film = visit.bytes(&video, "=dv").await;
    assert_eq!(content_type(&film), "video/mp4");
    assert_eq!(film.bytes().await.unwrap(), truth.item("v.mp4").unwrap().bytes());
    assert_eq!(content_type(&visit.bytes(&video, "=w100-no").await), "image/jpeg");
    assert_eq!(content_type(&visit.bytes(&video, "=d").await), "image/jpeg");

    let still = visit.bytes(&motion, "=d").await;
    assert_eq!(content_type(&still), "image/jpeg");
    let clip = visit.bytes(&motion, "=dv").await;
    assert_eq!(content_type(&clip), "video/mp4");
    let (still, clip) = (still.bytes().await.unwrap(), clip.bytes().await.unwrap());
    assert_eq!(clip[4..8], *b"ftyp");
    assert!(still.ends_with(&clip));
}

#[tokio::test]
async fn a_video_that_is_not_ready_has_no_bytes() {
    let visit = Visit::start(Settings::default()).await;
    let id = visit.alice.add_video(ItemSpec::default().status(VideoStatus::Processing));
    assert_eq!(visit.bytes(&id, "=dv").await.status(), 403);
    visit.alice.set_status(&id, VideoStatus::Failed);
    assert_eq!(visit.bytes(&id, "=dv").await.status(), 404);
    visit.alice.set_status(&id, VideoStatus::Ready);
    assert_eq!(visit.bytes(&id, "=dv").await.status(), 200);
}

#[tokio::test]
async fn media_can_have_a_port_of_its_own_and_want_a_bearer() {
    let visit =
        Visit::start(Settings { media_port: true, media_needs_bearer: true, ..Settings::default() }).await;
    let id = visit.alice.add_photo(ItemSpec::default());
    let url = visit.base_url(&id).await;
    assert!(url.starts_with(visit.google.media_url()) && visit.google.media_url() != visit.google.url());
    assert_eq!(visit.bytes(&id, "=d").await.status(), 403);
    let with = visit.http.get(format!("{url}=d")).bearer_auth(&visit.bearer).send().await.unwrap();
    assert_eq!(with.status(), 200);
    assert_eq!(visit.google.stats().media_with_bearer, 1);
}

#[test]
fn it_works_without_async_and_closes_its_port_when_dropped() {
    let google = FakeGoogle::start_blocking(Settings::default());
    let address = google.url().strip_prefix("http://").unwrap().to_owned();
    assert!(std::net::TcpStream::connect(&address).is_ok());
    drop(google);
    assert!(std::net::TcpStream::connect(&address).is_err());
}
