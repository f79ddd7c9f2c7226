//! Tests of `google`.

pub(crate) mod server;

use tokio::net::TcpListener;
use url::Url;

use crate::google::client::{Ask, Link, read_json};
use crate::google::error::Failure;
use crate::google::media::open;
use crate::google::tests::server::{Answer, Server, bearer, http, json};
use crate::google::{ApiError, GoogleClient, MediaStream, Part};
use crate::limiter::Window;
use crate::media::{BaseUrl, LibraryName};
use crate::secret::Secret;

async fn ask_json(link: &Link, ask: &Ask) -> Result<serde_json::Value, Failure> {
    read_json(ask.what, link.send(ask, Some(&bearer())).await?).await
}

impl Server {
    async fn ask_json(&self) -> Result<serde_json::Value, Failure> {
        ask_json(&self.link(), &self.ask()).await
    }

    async fn open(&self, from: u64) -> Result<MediaStream, ApiError> {
        let url = BaseUrl(Secret::new(format!("{}media/s3cret", self.url)));
        open(&self.link(), &url, Part::Still, from).await
    }
}

async fn drain(stream: &mut MediaStream) -> Result<Vec<u8>, ApiError> {
    let mut all = Vec::new();
    while let Some(chunk) = stream.chunk().await? {
        all.extend_from_slice(&chunk);
    }
    Ok(all)
}

fn reason(failure: Failure) -> String {
    failure.into_error("test", &LibraryName::try_new("alice").unwrap()).to_string()
}

#[tokio::test]
async fn an_api_call_carries_the_bearer_and_names_the_program() {
    let server = Server::start(vec![json(200, r#"{"mediaItems":[]}"#)]).await;
    assert!(server.ask_json().await.unwrap().is_object());
    let head = server.heads().remove(0);
    assert!(head.starts_with("get /v1/mediaitems?pagesize=100 http/1.1\r\n"), "{head}");
    for line in ["authorization: bearer opaque-bearer", "user-agent: gphotos-syncd/", "accept-encoding: gzip"]
    {
        assert!(head.contains(line), "{head}");
    }
}

#[tokio::test]
async fn a_search_goes_by_post() {
    let server = Server::start(vec![json(200, "{}")]).await;
    let mut ask = server.ask();
    (ask.method, ask.body) = (reqwest::Method::POST, Some(serde_json::json!({"albumId": "A"})));
    ask_json(&server.link(), &ask).await.unwrap();
    let head = server.heads().remove(0);
    assert!(head.starts_with("post ") && head.contains("content-type: application/json"), "{head}");
}

#[tokio::test]
async fn a_broken_api_answer_is_a_passing_fault() {
    for (answer, want) in [
        (json(200, "{\"mediaItems\": ["), "test: the answer was not JSON"),
        (http(200, "Content-Type: text/html\r\n", "<html>"), "test: the answer was not JSON"),
        (
            json(503, r#"{"error":{"message":"The service is currently unavailable."}}"#),
            "test: status 503: The service is currently unavailable.",
        ),
        (
            Answer::Close("HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{".to_owned()),
            "test: the connection broke in the middle of the answer: ",
        ),
        (Answer::Reset, "test: the connection broke: "),
        (
            Answer::Close(
                "HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}".to_owned(),
            ),
            "test: the connection broke in the middle of the answer: ",
        ),
    ] {
        let server = Server::start(vec![answer]).await;
        let failure = server.ask_json().await.unwrap_err();
        assert!(matches!(failure, Failure::Passing { .. }), "{want}: {failure:?}");
        let text = reason(failure);
        assert!(text.starts_with(want), "{text}");
        assert!(!text.contains("127.0.0.1"), "{text}");
    }
}

#[tokio::test]
async fn a_server_out_of_reach_is_told_by_its_host() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let server = Server::gone(url);
    let text = reason(server.ask_json().await.unwrap_err());
    assert!(text.starts_with("test: cannot connect to 127.0.0.1:") && !text.contains("://"), "{text}");
}

#[tokio::test]
async fn a_redirect_of_an_api_call_is_not_followed() {
    let target = Server::start(vec![json(200, "{}")]).await;
    let server = Server::start(vec![http(302, &format!("Location: {}\r\n", target.url), "")]).await;
    let failure = server.ask_json().await.unwrap_err();
    assert!(matches!(&failure, Failure::Final(ApiError::Fatal { .. })), "{failure:?}");
    assert!(target.heads().is_empty());
}

#[tokio::test]
async fn refusals_and_credential_faults_keep_their_class() {
    let per_day = r#"{"error":{"message":"limit 'All requests per day' of x"}}"#;
    let server = Server::start(vec![json(429, per_day)]).await;
    assert!(matches!(server.ask_json().await, Err(Failure::Refused { window: Window::Day, .. })));
    let server = Server::start(vec![json(401, "{}")]).await;
    assert!(matches!(server.ask_json().await, Err(Failure::Stale)));
    let server = Server::start(vec![json(
        403,
        r#"{"error":{"message":"Request had insufficient authentication scopes."}}"#,
    )])
    .await;
    let text = reason(server.ask_json().await.unwrap_err());
    assert!(
        text.contains("photoslibrary.readonly.appcreateddata`, without which Google does not serve this\nhint: gphotos-syncd login alice"),
        "{text}"
    );
}

#[tokio::test]
async fn a_json_answer_beyond_the_bound_is_refused() {
    let head = "HTTP/1.1 200 X\r\nContent-Length: 17000000\r\nConnection: close\r\n\r\n";
    let server = Server::start(vec![Answer::Close(format!("{head}{}", " ".repeat(17_000_000)))]).await;
    let text = reason(server.ask_json().await.unwrap_err());
    assert_eq!(text, "mediaItems.list: the answer is longer than 16 MiB");
}

#[tokio::test]
async fn the_bearer_never_travels_over_plain_http_to_another_machine() {
    let server = Server::start(vec![]).await;
    let mut ask = server.ask();
    ask.url = Url::parse("http://192.0.2.1/v1/mediaItems").unwrap();
    let text = reason(ask_json(&server.link(), &ask).await.unwrap_err());
    assert_eq!(text, "mediaItems.list: plain http is for loopback only");
}

#[tokio::test]
async fn bytes_come_whole_without_bearer_and_uncompressed() {
    let server = Server::start(vec![http(200, "Content-Type: image/jpeg\r\n", "0123456789")]).await;
    let mut stream = server.open(0).await.unwrap();
    assert_eq!((stream.offset(), stream.total(), stream.content_type()), (0, Some(10), Some("image/jpeg")));
    assert_eq!(drain(&mut stream).await.unwrap(), b"0123456789");
    assert!(!format!("{stream:?}").contains("s3cret"), "{stream:?}");
    let head = server.heads().remove(0);
    assert!(head.starts_with("get /media/s3cret=d http/1.1\r\n"), "{head}");
    for name in ["authorization", "accept-encoding", "range:", "referer"] {
        assert!(!head.contains(name), "{head}");
    }
}

#[tokio::test]
async fn a_server_may_obey_the_range_or_not() {
    let partial = http(206, "Content-Range: bytes 4-9/10\r\n", "456789");
    let server = Server::start(vec![partial]).await;
    let mut stream = server.open(4).await.unwrap();
    assert_eq!((stream.offset(), stream.total()), (4, Some(10)));
    assert_eq!(drain(&mut stream).await.unwrap(), b"456789");
    assert!(server.heads()[0].contains("range: bytes=4-\r\n"));
    let server = Server::start(vec![http(200, "", "0123456789")]).await;
    let mut stream = server.open(4).await.unwrap();
    assert_eq!((stream.offset(), drain(&mut stream).await.unwrap().len()), (0, 10));
}

#[tokio::test]
async fn a_range_that_is_not_served_is_fetched_from_its_start() {
    let refused = http(416, "Content-Range: bytes */10\r\n", "");
    let server = Server::start(vec![refused, http(200, "", "0123456789")]).await;
    let mut stream = server.open(99).await.unwrap();
    assert_eq!((stream.offset(), drain(&mut stream).await.unwrap().len()), (0, 10));
    assert!(!server.heads()[1].contains("range:"));
}

#[tokio::test]
async fn bytes_that_end_early_or_stall_are_a_passing_fault() {
    let head = "HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\n0123";
    let partial = "HTTP/1.1 206 X\r\nContent-Range: bytes 4-6/10\r\nContent-Length: 3\r\n\r\n456";
    for (answer, from, want) in [
        (
            Answer::Close(head.to_owned()),
            0,
            "media bytes: the connection broke in the middle of the answer: ",
        ),
        (Answer::Stall(head.to_owned()), 0, "media bytes: no bytes came for "),
        (Answer::Close(partial.to_owned()), 4, "media bytes: the bytes ended at 7 of 10"),
        (
            Answer::Close("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n".to_owned()),
            0,
            "media bytes: the connection broke in the middle",
        ),
        (
            Answer::Close("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned()),
            0,
            "media bytes: the answer was empty",
        ),
    ] {
        let server = Server::start(vec![answer]).await;
        let mut stream = server.open(from).await.unwrap();
        let error = drain(&mut stream).await.unwrap_err();
        assert!(matches!(error, ApiError::Transient { .. }), "{error:?}");
        assert!(error.to_string().starts_with(want), "{error}");
    }
}

#[tokio::test]
async fn the_faults_of_media_hosts_keep_their_class() {
    let html = "Content-Type: text/html\r\n";
    let open = |answer| async { Server::start(vec![answer]).await.open(0).await.unwrap_err() };
    assert!(matches!(open(http(403, html, "<!DOCTYPE html>Error 403")).await, ApiError::Expired));
    assert!(matches!(open(http(410, html, "")).await, ApiError::Expired));
    assert!(matches!(open(http(404, html, "")).await, ApiError::NotFound { .. }));
    assert!(matches!(open(http(429, html, "<html>")).await, ApiError::Throttled { .. }));
    assert!(matches!(open(http(500, html, "")).await, ApiError::Transient { .. }));
    assert!(matches!(open(http(200, html, "<html>")).await, ApiError::Transient { .. }));
}

#[tokio::test]
async fn bytes_follow_a_few_redirects_to_allowed_hosts_only() {
    let target = Server::start(vec![http(200, "", "bytes")]).await;
    let server = Server::start(vec![http(302, &format!("Location: {}x\r\n", target.url), "")]).await;
    assert_eq!(drain(&mut server.open(0).await.unwrap()).await.unwrap(), b"bytes");
    assert!(!target.heads()[0].contains("s3cret"), "{:?}", target.heads());
    let server = Server::start(vec![http(302, "Location: https://evil.example/x\r\n", "")]).await;
    let error = server.open(0).await.unwrap_err();
    assert!(matches!(error, ApiError::Fatal { .. }) && !error.to_string().contains("evil"), "{error}");
    let round = vec![http(302, "Location: /again\r\n", ""); 10];
    let server = Server::start(round).await;
    assert!(matches!(server.open(0).await, Err(ApiError::Fatal { .. })));
    assert_eq!(server.heads().len(), 6);
}

#[tokio::test]
async fn bytes_elsewhere_are_refused_before_any_request() {
    let server = Server::start(vec![]).await;
    let link = server.link_to("https://photoslibrary.googleapis.com");
    let url = BaseUrl(Secret::new(format!("{}media/s3cret", server.url)));
    let error = open(&link, &url, Part::Video, 0).await.unwrap_err();
    assert!(matches!(error, ApiError::Fatal { .. }) && !error.to_string().contains("127"), "{error}");
    assert!(server.heads().is_empty());
}

#[test]
fn calls_can_be_made_from_any_thread() {
    fn assert_send<T: Send>(_: &T) {}
    fn calls(client: &GoogleClient, url: &BaseUrl) {
        assert_send(&client.list_media_items(None));
        assert_send(&client.list_albums(None));
        assert_send(&client.batch_get(&[]));
        assert_send(&client.open_media(url, Part::Still, 0));
        assert_send(&client.drive_news("1"));
    }
    let _ = calls;
}
