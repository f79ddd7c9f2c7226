//! Bytes of a file over real sockets: ranges, breaks, and files that change meanwhile.

use reqwest::header::{CONTENT_RANGE, HeaderMap, HeaderValue};
use serde_json::json;

use super::*;
use crate::google::drive::bytes::{Head, read_head};

/// A partial answer with `body` from `from` on, of a file of `total` bytes.
fn partial(from: u64, body: &str, total: u64) -> Answer {
    let last = from + body.len() as u64 - 1;
    http(
        206,
        &format!("Content-Type: application/zip\r\nContent-Range: bytes {from}-{last}/{total}\r\n"),
        body,
    )
}

/// The head of a partial answer of the whole file, with less than its bytes behind it.
fn torn(body: &str) -> String {
    format!("HTTP/1.1 206 X\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\n{body}")
}

async fn read(client: &GoogleClient, range: std::ops::Range<u64>) -> Result<Vec<u8>, ApiError> {
    let mut stream = client.read_drive(&part(10), range);
    let mut all = Vec::new();
    while let Some(bytes) = stream.chunk().await? {
        all.extend_from_slice(&bytes);
    }
    Ok(all)
}

/// What a read of the whole file ends with if the server plays `script`.
async fn error(script: Vec<Answer>) -> (ApiError, usize) {
    let (client, server, _dir) = client(script).await;
    (read(&client, 0..10).await.unwrap_err(), server.heads().len())
}

#[tokio::test]
async fn a_stretch_is_asked_for_by_its_range() {
    let (client, server, _dir) = client(vec![partial(4, "4567", 10), partial(8, "89", 10)]).await;
    assert_eq!(read(&client, 4..8).await.unwrap(), b"4567");
    assert_eq!(read(&client, 8..99).await.unwrap(), b"89", "nothing lies behind the end");
    assert_eq!(read(&client, 10..99).await.unwrap(), b"");
    let heads = server.heads();
    assert!(heads[0].starts_with("get /drive/v3/files/f%2f1?alt=media http/1.1\r\n"), "{}", heads[0]);
    assert!(heads[0].contains("range: bytes=4-7\r\n") && heads[1].contains("range: bytes=8-9\r\n"));
    assert!(heads[0].contains("authorization: bearer opaque-bearer"), "{}", heads[0]);
    assert!(!heads[0].contains("accept-encoding"), "{}", heads[0]);
    assert_eq!(heads.len(), 2);
}

#[tokio::test]
async fn a_server_may_give_less_than_the_range_and_is_asked_for_the_rest() {
    let (client, server, _dir) = client(vec![partial(0, "012", 10), partial(3, "3456789", 10)]).await;
    assert_eq!(read(&client, 0..10).await.unwrap(), b"0123456789");
    assert!(server.heads()[1].contains("range: bytes=3-9\r\n"));
}

#[tokio::test]
async fn a_stream_that_breaks_or_stalls_goes_on_where_it_was() {
    for broken in [Answer::Close(torn("0123")), Answer::Stall(torn("0123"))] {
        let (client, server, _dir) =
            client(vec![broken, Answer::Reset, json(503, "{}"), partial(4, "456789", 10)]).await;
        assert_eq!(read(&client, 0..10).await.unwrap(), b"0123456789");
        assert!(server.heads()[3].contains("range: bytes=4-9\r\n"), "{:?}", server.heads());
    }
}

#[tokio::test]
async fn a_whole_answer_is_not_taken_for_a_range() {
    let (client, server, _dir) = client(vec![http(200, "", "0123456789"), partial(4, "456789", 10)]).await;
    assert_eq!(read(&client, 4..10).await.unwrap(), b"456789");
    assert_eq!(server.heads().len(), 2);
}

#[tokio::test]
async fn a_file_of_another_length_is_looked_at_again() {
    let longer = partial(0, "0123456789", 11);
    let (found, asked) = error(vec![longer.clone(), told("headRevisionId", &json!("R2"))]).await;
    assert!(matches!(found, ApiError::Changed { .. }) && asked == 2, "{found:?}");
    let (found, _) = error(vec![longer.clone(), told("size", &json!("11"))]).await;
    assert!(matches!(found, ApiError::Changed { .. }), "{found:?}");
    let (found, _) = error(vec![longer.clone(), told("trashed", &json!(true))]).await;
    assert!(matches!(found, ApiError::NotFound { .. }), "{found:?}");
    let (found, _) = error(vec![longer.clone(), json(404, "{}")]).await;
    assert!(matches!(found, ApiError::NotFound { .. }), "{found:?}");
    // The file is as it was listed, so the answer was a passing fault.
    let (client, _server, _dir) =
        client(vec![longer, told("size", &json!("10")), partial(0, "0123456789", 10)]).await;
    assert_eq!(read(&client, 0..10).await.unwrap().len(), 10);
}

#[tokio::test]
async fn a_range_that_is_not_served_is_looked_into() {
    for status in [412, 416] {
        let (found, asked) = error(vec![json(status, "{}"), told("size", &json!("5"))]).await;
        assert!(matches!(found, ApiError::Changed { .. }) && asked == 2, "{status}: {found:?}");
    }
}

#[tokio::test]
async fn the_faults_of_a_file_keep_their_class() {
    let refusal = |reason: &str| json(403, &json!({"error": {"errors": [{"reason": reason}]}}).to_string());
    let (found, asked) = error(vec![refusal("downloadQuotaExceeded")]).await;
    assert!(matches!(found, ApiError::FileRests { .. }) && asked == 1, "{found:?}");
    assert!(found.to_string().contains("rests for 6 h"), "{found}");
    let (found, asked) = error(vec![refusal("cannotDownloadAbusiveFile")]).await;
    assert!(matches!(found, ApiError::FileRefused { .. }) && asked == 1, "{found:?}");
    let (found, _) = error(vec![json(404, "{}")]).await;
    assert!(matches!(found, ApiError::NotFound { .. }), "{found:?}");
    let (found, asked) = error(vec![refusal("dailyLimitExceeded")]).await;
    assert!(matches!(&found, ApiError::Parked(parked) if parked.day) && asked == 1, "{found:?}");
}

#[tokio::test]
async fn a_redirect_never_takes_the_bearer_along_and_leads_to_media_hosts_only() {
    let target = Server::start(vec![partial(0, "0123456789", 10)]).await;
    let away = http(302, &format!("Location: {}x\r\n", target.url), "");
    let server = Server::start(vec![away.clone()]).await;
    let dir = tempfile::tempdir().unwrap();
    let client = server.client(dir.path(), &no_limits());
    let found = read(&client, 0..10).await.unwrap_err();
    assert!(matches!(found, ApiError::Fatal { .. }), "{found:?}");
    assert!(target.heads().is_empty(), "the Library API's address allows no other host");
    let server = Server::start(vec![away]).await;
    let link = server.link();
    let mut ask = server.ask();
    (ask.host, ask.until) = (Host::DriveBytes, Some(10));
    link.send(&ask, Some(&crate::google::tests::server::bearer())).await.unwrap();
    assert!(server.heads()[0].contains("authorization") && !target.heads()[0].contains("authorization"));
}

#[tokio::test]
async fn a_spent_day_of_bytes_parks_before_anything_is_asked_and_refusals_cost_nothing() {
    let server = Server::start(vec![json(404, "{}"), partial(0, "0123456789", 10)]).await;
    let dir = tempfile::tempdir().unwrap();
    let limits = crate::config::Limits { drive_bytes_per_day: 10, ..no_limits() };
    let client = server.client(dir.path(), &limits);
    assert!(matches!(read(&client, 0..10).await, Err(ApiError::NotFound { .. })));
    assert_eq!(read(&client, 0..10).await.unwrap().len(), 10);
    let found = read(&client, 0..10).await.unwrap_err();
    assert!(matches!(&found, ApiError::Parked(parked) if parked.day), "{found:?}");
    assert_eq!(server.heads().len(), 2);
}

#[test]
fn a_head_must_fit_the_question() {
    let of = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_RANGE, HeaderValue::from_str(text).unwrap());
        read_head(&headers, &(4..8), 10)
    };
    assert_eq!(of("bytes 4-7/10"), Ok(Head::Until(8)));
    assert_eq!(of("bytes 4-5/*"), Ok(Head::Until(6)));
    assert_eq!(of("bytes 4-7/11"), Ok(Head::OtherFile));
    for wrong in ["bytes 4-8/10", "bytes 3-7/10", "bytes 5-7/10", "bytes 7-4/10", "bytes */10", "x"] {
        assert!(of(wrong).is_err(), "{wrong}");
    }
    assert!(read_head(&HeaderMap::new(), &(4..8), 10).is_err());
}
