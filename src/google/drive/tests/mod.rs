//! Tests of `google/drive`, over real loopback sockets.

mod bytes;
mod wire;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::google::tests::server::{Answer, Server, http, json, no_limits};

/// A client, the server that plays `script` to it, and the folder of its files.
async fn client(script: Vec<Answer>) -> (GoogleClient, Server, TempDir) {
    let server = Server::start(script).await;
    let dir = tempfile::tempdir().unwrap();
    let client = server.client(dir.path(), &no_limits());
    (client, server, dir)
}

/// A part of `length` bytes.
fn part(length: u64) -> DriveFile {
    let entry = json!({"id": "F/1", "name": "takeout-1-001.zip", "size": length.to_string(),
        "md5Checksum": "0cc175b9c0f1b6a831c399e269772661", "headRevisionId": "R1"});
    crate::google::drive::wire::file(&entry).unwrap()
}

/// The part as `files.get` tells it, with a change.
fn told(key: &str, value: &serde_json::Value) -> Answer {
    let mut entry = json!({"id": "F/1", "name": "takeout-1-001.zip", "size": "10",
        "md5Checksum": "0cc175b9c0f1b6a831c399e269772661", "headRevisionId": "R1"});
    entry[key] = value.clone();
    json(200, &entry.to_string())
}

/// The query of a request as its pairs.
fn query(head: &str) -> Vec<(String, String)> {
    let target = head.split(' ').nth(1).unwrap();
    let url = url::Url::parse(&format!("http://h{target}")).unwrap();
    url.query_pairs().into_owned().collect()
}

fn value(head: &str, key: &str) -> String {
    query(head).into_iter().find(|(name, _)| name == key).map(|(_, value)| value).unwrap_or_default()
}

#[tokio::test]
async fn parts_are_searched_by_name_anywhere_or_in_folders() {
    let page = json(200, r#"{"files":[{"id":"A","name":"takeout-1.zip","size":"7"}],"nextPageToken":"p2"}"#);
    let (client, server, _dir) = client(vec![page, json(200, "{}")]).await;
    let page = client.find_drive_parts(&[], None).await.unwrap();
    assert_eq!((page.files.len(), page.next.as_deref(), page.malformed), (1, Some("p2"), 0));
    let folders = [DriveId("F1".to_owned()), DriveId("it's".to_owned())];
    let page = client.find_drive_parts(&folders, Some("p2")).await.unwrap();
    assert!(page.files.is_empty() && page.next.is_none());
    let heads = server.heads();
    assert!(heads[0].starts_with("get /drive/v3/files?q="), "{}", heads[0]);
    assert!(heads[0].contains("authorization: bearer opaque-bearer"), "{}", heads[0]);
    assert_eq!(value(&heads[0], "q"), "name contains 'takeout-' and trashed = false");
    assert_eq!(
        (value(&heads[0], "pagesize"), value(&heads[0], "pagetoken")),
        ("1000".to_owned(), String::new())
    );
    assert_eq!(
        value(&heads[1], "q"),
        "name contains 'takeout-' and trashed = false and ('f1' in parents or 'it\\'s' in parents)"
    );
    assert!(heads[1].contains("pagetoken=p2") && heads[1].contains("pagesize=1000"), "{}", heads[1]);
}

#[tokio::test]
async fn folders_of_a_name_are_found_over_all_pages_and_are_not_too_many() {
    let many: Vec<_> = (0..51).map(|n| json!({"id": format!("F{n}")})).collect();
    let (client, server, _dir) = client(vec![
        json(200, r#"{"files":[{"id":"A"}],"nextPageToken":"p2"}"#),
        json(200, r#"{"files":[{"id":"B"}]}"#),
        json(200, &json!({ "files": many }).to_string()),
    ])
    .await;
    let found = client.find_drive_folders("Alice's \\ Takeout").await.unwrap();
    assert_eq!(found, [DriveId("A".to_owned()), DriveId("B".to_owned())]);
    assert_eq!(
        value(&server.heads()[0], "q"),
        "name = 'alice\\'s \\\\ takeout' and mimetype = 'application/vnd.google-apps.folder' and trashed = false"
    );
    let error = client.find_drive_folders("x").await.unwrap_err();
    assert!(error.to_string().contains("more than 50 folders"), "{error}");
}

#[tokio::test]
async fn one_file_is_looked_at_by_its_id() {
    let (client, server, _dir) = client(vec![told("size", &json!("12")), json(404, "{}")]).await;
    let id = DriveId("F/1".to_owned());
    assert_eq!(client.drive_file(&id).await.unwrap().bytes, 12);
    assert!(server.heads()[0].starts_with("get /drive/v3/files/f%2f1?fields="), "{:?}", server.heads());
    assert!(matches!(client.drive_file(&id).await, Err(ApiError::NotFound { .. })));
    let climbs = client.drive_file(&DriveId("..".to_owned())).await;
    assert!(matches!(climbs, Err(ApiError::NotFound { .. })));
    assert_eq!(server.heads().len(), 2);
}

#[tokio::test]
async fn the_room_of_the_account_is_told() {
    let about = r#"{"storageQuota":{"limit":"100","usage":"60","usageInDriveTrash":"5"},"user":{"permissionId":"42"}}"#;
    let (client, server, _dir) = client(vec![json(200, about)]).await;
    let want = DriveAbout { limit: Some(100), usage: 60, in_trash: 5, account: Some("42".to_owned()) };
    assert_eq!(client.drive_about().await.unwrap(), want);
    assert!(server.heads()[0].starts_with("get /drive/v3/about?fields="), "{:?}", server.heads());
}

#[tokio::test]
async fn news_are_read_to_their_end() {
    let (client, server, _dir) = client(vec![
        json(200, r#"{"startPageToken":"7"}"#),
        json(200, r#"{"newStartPageToken":"7"}"#),
        json(200, r#"{"changes":[{"file":{"name":"notes.txt"}}],"nextPageToken":"8"}"#),
        json(200, r#"{"changes":[{"file":{"name":"Takeout-1.zip"}}],"newStartPageToken":"9"}"#),
    ])
    .await;
    let token = client.drive_news_token().await.unwrap();
    let quiet = client.drive_news(&token).await.unwrap();
    assert_eq!(quiet, DriveNews { is_worth_a_look: false, token: "7".to_owned() });
    let news = client.drive_news(&quiet.token).await.unwrap();
    assert_eq!(news, DriveNews { is_worth_a_look: true, token: "9".to_owned() });
    let heads = server.heads();
    assert!(
        heads[1].contains("/drive/v3/changes?pagetoken=7&") && heads[3].contains("pagetoken=8&"),
        "{heads:?}"
    );
}

#[tokio::test]
async fn a_token_that_google_has_forgotten_is_news() {
    let (client, _server, _dir) =
        client(vec![json(400, "{}"), json(200, r#"{"startPageToken":"100"}"#)]).await;
    let news = client.drive_news("1").await.unwrap();
    assert_eq!(news, DriveNews { is_worth_a_look: true, token: "100".to_owned() });
}

#[tokio::test]
async fn a_refusal_by_403_rests_and_costs_no_try() {
    let refused = json(403, r#"{"error":{"errors":[{"reason":"userRateLimitExceeded"}],"code":403}}"#);
    let mut script = vec![refused; 12];
    script.push(json(200, r#"{"startPageToken":"7"}"#));
    let server = Server::start(script).await;
    let dir = tempfile::tempdir().unwrap();
    let limits = crate::config::Limits { rest_after_429: std::time::Duration::from_millis(1), ..no_limits() };
    let client = server.client(dir.path(), &limits);
    assert_eq!(client.drive_news_token().await.unwrap(), "7");
    assert_eq!(server.heads().len(), 13, "passing faults are tried eight times only");
}

#[tokio::test]
async fn a_missing_scope_names_drives() {
    let body = r#"{"error":{"errors":[{"reason":"insufficientPermissions"}],"code":403,"message":"Insufficient Permission"}}"#;
    let (client, _server, _dir) = client(vec![json(403, body)]).await;
    let error = client.drive_about().await.unwrap_err();
    assert!(matches!(&error, ApiError::ScopeMissing { scope, .. } if scope == SCOPE_DRIVE_READONLY));
    assert!(error.to_string().contains("gphotos-syncd login alice"), "{error}");
}

#[tokio::test]
async fn a_bearer_that_is_not_taken_is_renewed_once() {
    let renewed = json(200, r#"{"access_token":"second","expires_in":3599,"token_type":"Bearer"}"#);
    let (client, server, _dir) = client(vec![
        json(401, "{}"),
        renewed.clone(),
        json(200, r#"{"startPageToken":"7"}"#),
        json(401, "{}"),
        renewed,
        json(401, "{}"),
    ])
    .await;
    assert_eq!(client.drive_news_token().await.unwrap(), "7");
    assert!(server.heads()[2].contains("authorization: bearer second"), "{:?}", server.heads());
    let error = client.drive_news_token().await.unwrap_err();
    assert!(matches!(error, ApiError::Transient { .. }), "{error:?}");
    assert_eq!(server.heads().len(), 6);
}

#[tokio::test]
async fn nothing_but_get_ever_goes_to_drive() {
    let (client, server, _dir) = client(vec![]).await;
    for method in ["POST", "PUT", "PATCH", "DELETE", "HEAD"] {
        for host in [Host::Drive, Host::DriveBytes] {
            let mut ask = client.drive_ask("files.get", &["files", "A"]).unwrap();
            (ask.host, ask.method) = (host, method.parse().unwrap());
            let Err(failure) = client.send(&ask).await else { panic!("{method} was sent") };
            assert!(matches!(failure, Failure::Final(ApiError::Fatal { .. })), "{failure:?}");
        }
    }
    assert!(server.heads().is_empty(), "{:?}", server.heads());
}
