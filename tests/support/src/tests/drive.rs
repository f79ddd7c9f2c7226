//! The Drive API seen from outside.

use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use std::time::Duration;

use super::{bearer_of, http, read};
use crate::content::{Content, Magic};
use crate::{
    Class, Drive, DriveFile, Effect, Endpoint, FakeGoogle, Fault, Quota, SCOPE_APP_CREATED, SCOPE_DRIVE,
    SCOPE_DRIVE_FILE, SCOPE_DRIVE_METADATA, SCOPE_DRIVE_READONLY, Settings, Window,
};

const PART: &str = "takeout-20260408T142729Z-3-001.zip";

/// A simulator with one part of 10,000 bytes in alice's Drive.
struct Scene {
    google: FakeGoogle,
    drive: Drive,
    http: Client,
    bearer: String,
    id: String,
}

fn noise(seed: u64, len: u64) -> Content {
    Content::Noise { seed, len, magic: Magic::Jpeg }
}

impl Scene {
    async fn start(scope: &str) -> Self {
        let google = FakeGoogle::start(Settings::default()).await;
        let drive = google.account("alice").drive();
        let id = drive.add(DriveFile::named(PART).content(noise(1, 10_000)));
        let bearer = bearer_of(&google.token_json_with("alice", &[scope]));
        Self { google, drive, http: http(), bearer, id }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let url = format!("{}/drive/v3/{path}", self.google.url());
        let request = self.http.get(url).bearer_auth(&self.bearer);
        headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value))
            .send()
            .await
            .unwrap()
    }

    async fn json(&self, path: &str) -> (u16, Value) {
        read(self.get(path, &[]).await).await
    }

    /// The status and the reason that the API gives.
    async fn reason(&self, path: &str) -> (u16, String) {
        let (status, body) = self.json(path).await;
        assert_eq!(body["error"]["code"], status, "{body}");
        (status, body["error"]["errors"][0]["reason"].as_str().unwrap().to_owned())
    }

    fn media(&self) -> String {
        format!("files/{}?alt=media", self.id)
    }
}

#[tokio::test]
async fn a_part_is_found_by_name_and_described_as_far_as_was_asked() {
    let scene = Scene::start(SCOPE_DRIVE_READONLY).await;
    scene.drive.add(DriveFile::named("holiday.jpg").in_root());
    let search = "files?q=name+contains+'takeout-'+and+trashed+%3D+false";
    let (status, page) = scene.json(search).await;
    assert_eq!(status, 200);
    assert_eq!(page["files"].as_array().unwrap().len(), 1);
    let plain = serde_json::json!({
        "kind": "drive#file", "id": scene.id, "name": PART, "mimeType": "application/zip",
    });
    assert_eq!(page["files"][0], plain, "without `fields` no more than this");
    let fields = "fields=nextPageToken,incompleteSearch,files(id,name,mimeType,size,md5Checksum,sha1Checksum,\
                  sha256Checksum,createdTime,modifiedTime,parents,trashed,headRevisionId,ownedByMe,\
                  capabilities/canDownload)";
    let (_, page) = scene.json(&format!("{search}&{fields}")).await;
    let (file, truth) = (&page["files"][0], &scene.drive.files()[0]);
    assert_eq!(file["size"], "10000");
    assert_eq!(file["md5Checksum"], truth.md5.as_str());
    assert_eq!(file["sha256Checksum"], noise(1, 10_000).sha256());
    assert_eq!(file["headRevisionId"], truth.revision.as_str());
    assert_eq!(file["parents"][0], scene.drive.folder("Takeout"));
    let (_, one) = scene.json(&format!("files/{}?fields=*", scene.id)).await;
    assert_eq!((&one["size"], &one["version"]), (&"10000".into(), &"1".into()));
    assert_eq!(scene.reason("files?q=nonsense").await, (400, "invalid".into()));
    assert_eq!(scene.reason("files?fields=files(colour)").await, (400, "invalidParameter".into()));
    assert_eq!(scene.reason("files/1nothing").await, (404, "notFound".into()));
}

#[tokio::test]
async fn a_list_comes_in_pages_and_in_the_order_that_was_asked() {
    let scene = Scene::start(SCOPE_DRIVE_READONLY).await;
    for number in 2..=5 {
        scene.drive.add(DriveFile::named(format!("takeout-20260408T142729Z-3-00{number}.zip")));
    }
    let list = "files?q=name+contains+'takeout-'+and+mimeType+!%3D+'application/vnd.google-apps.folder'\
                &pageSize=2&orderBy=name+desc";
    let (mut names, mut token) = (Vec::new(), String::new());
    for left in [3, 1, 0] {
        let (_, page) = scene.json(&format!("{list}&pageToken={token}")).await;
        let files = page["files"].as_array().unwrap();
        names.extend(files.iter().map(|file| file["name"].as_str().unwrap()[27..30].to_owned()));
        assert_eq!(page["nextPageToken"].is_string(), left > 0);
        token = page["nextPageToken"].as_str().unwrap_or("").to_owned();
    }
    assert_eq!(names, ["005", "004", "003", "002", "001"]);
    assert_eq!(scene.reason("files?pageToken=x").await, (400, "invalid".into()));
    assert_eq!(scene.reason("files?pageSize=1001").await, (400, "invalidParameter".into()));
    assert_eq!(scene.reason("files?orderBy=colour").await, (400, "invalid".into()));
}

#[tokio::test]
async fn bytes_come_whole_or_in_ranges_of_one_revision() {
    let scene = Scene::start(SCOPE_DRIVE_READONLY).await;
    let bytes = noise(1, 10_000).bytes();
    let whole = scene.get(&scene.media(), &[]).await;
    assert_eq!((whole.status(), whole.content_length()), (StatusCode::OK, Some(10_000)));
    let tag = whole.headers()["etag"].to_str().unwrap().to_owned();
    assert!(whole.bytes().await.unwrap() == bytes);
    let part = scene.get(&scene.media(), &[("range", "bytes=9000-"), ("if-range", &tag)]).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["content-range"], "bytes 9000-9999/10000");
    assert!(part.bytes().await.unwrap() == bytes[9000..]);
    let beyond = scene.get(&scene.media(), &[("range", "bytes=10000-")]).await;
    assert_eq!(
        (beyond.status().as_u16(), &beyond.headers()["content-range"]),
        (416, &"bytes */10000".parse().unwrap())
    );
    assert!(scene.drive.replace(&scene.id, noise(2, 12_000)));
    let changed = scene.get(&scene.media(), &[("range", "bytes=9000-"), ("if-range", &tag)]).await;
    assert_eq!((changed.status(), changed.content_length()), (StatusCode::OK, Some(12_000)));
    assert!(changed.bytes().await.unwrap() == noise(2, 12_000).bytes());
    scene.google.configure(|settings| settings.range = crate::RangeMode::Ignored);
    assert_eq!(scene.get(&scene.media(), &[("range", "bytes=1-2")]).await.status(), StatusCode::OK);
    let stats = scene.google.stats();
    assert_eq!(stats.requests(Endpoint::DriveDownload), 5);
    assert!(stats.bytes(Endpoint::DriveDownload) >= 10_000 + 1_000 + 12_000);
}

#[tokio::test]
async fn a_file_on_disk_is_served_without_being_held_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(PART);
    std::fs::write(&path, noise(3, 3_000_000).bytes()).unwrap();
    std::fs::create_dir(dir.path().join("folder")).unwrap();
    let scene = Scene::start(SCOPE_DRIVE_READONLY).await;
    let ids = scene.drive.add_all_of(dir.path()).unwrap();
    assert_eq!(ids.len(), 1);
    let answer =
        scene.get(&format!("files/{}?alt=media", ids[0]), &[("range", "bytes=1000000-2999998")]).await;
    assert!(answer.bytes().await.unwrap() == noise(3, 3_000_000).bytes()[1_000_000..2_999_999]);
}

#[tokio::test]
async fn changes_tell_each_file_once_and_what_is_gone() {
    let scene = Scene::start(SCOPE_DRIVE_READONLY).await;
    let (_, start) = scene.json("changes/startPageToken").await;
    let token = start["startPageToken"].as_str().unwrap().to_owned();
    let fields = "fields=newStartPageToken,nextPageToken,changes(changeType,fileId,removed,time,file(id,name,size,trashed))";
    let (_, none) = scene.json(&format!("changes?pageToken={token}&{fields}")).await;
    assert_eq!(
        (&none["changes"], &none["newStartPageToken"]),
        (&serde_json::json!([]), &token.as_str().into())
    );
    let later = scene.google.now() + chrono::Duration::hours(1);
    let second = scene.drive.add(DriveFile::named("takeout-20260408T142729Z-3-002.zip"));
    let third = scene.drive.add(DriveFile::named("takeout-20260408T142729Z-3-003.zip").appears_at(later));
    scene.drive.replace(&second, noise(2, 500));
    scene.drive.remove(&scene.id);
    let list = format!("changes?pageToken={token}&{fields}");
    let (_, page) = scene.json(&list).await;
    let changes = page["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2, "{page}");
    assert_eq!(
        (&changes[0]["fileId"], &changes[0]["file"]["size"]),
        (&second.as_str().into(), &"500".into())
    );
    assert_eq!((&changes[1]["fileId"], &changes[1]["removed"]), (&scene.id.as_str().into(), &true.into()));
    assert_eq!(
        scene.json(&format!("{list}&includeRemoved=false")).await.1["changes"].as_array().unwrap().len(),
        1
    );
    let (_, first) = scene.json(&format!("{list}&pageSize=1")).await;
    let next = first["nextPageToken"].as_str().unwrap();
    assert!(first["newStartPageToken"].is_null());
    assert_eq!(
        scene.json(&format!("changes?pageToken={next}")).await.1["changes"].as_array().unwrap().len(),
        1
    );
    assert_eq!(scene.reason(&format!("files/{third}")).await, (404, "notFound".into()));
    scene.google.advance_clock(Duration::from_secs(3000));
    assert_eq!(scene.reason("changes").await, (400, "required".into()));
    assert_eq!(scene.reason("changes?pageToken=99").await, (400, "invalid".into()));
}

#[tokio::test]
async fn a_part_appears_when_its_time_has_come() {
    let scene = Scene::start(SCOPE_DRIVE_READONLY).await;
    let later = scene.google.now() + chrono::Duration::minutes(30);
    let id = scene.drive.add(DriveFile::named("takeout-20260408T142729Z-3-002.zip").appears_at(later));
    assert_eq!(scene.json(&format!("files/{id}")).await.0, 404);
    scene.google.advance_clock(Duration::from_secs(31 * 60));
    assert_eq!(scene.json(&format!("files/{id}")).await.0, 200);
}

#[tokio::test]
async fn the_storage_is_told_to_those_who_ask_for_it() {
    let scene = Scene::start(SCOPE_DRIVE_READONLY).await;
    scene.drive.set_storage(Some(100_000), 30_000);
    let (_, about) = scene.json("about?fields=storageQuota").await;
    let wanted = serde_json::json!({
        "limit": "100000", "usage": "40000", "usageInDrive": "10000", "usageInDriveTrash": "0",
    });
    assert_eq!(about["storageQuota"], wanted);
    scene.drive.set_trashed(&scene.id, true);
    scene.drive.set_storage(None, 0);
    let (_, about) = scene.json("about?fields=storageQuota(limit,usageInDriveTrash)").await;
    assert_eq!(about["storageQuota"], serde_json::json!({"usageInDriveTrash": "10000"}));
    assert_eq!(scene.reason("about").await, (400, "required".into()));
}

#[tokio::test]
async fn each_scope_shows_what_it_shows_at_google() {
    let table = [
        (SCOPE_DRIVE_READONLY, 200, 1, 200),
        (SCOPE_DRIVE, 200, 1, 200),
        (SCOPE_DRIVE_METADATA, 200, 1, 403),
        (SCOPE_DRIVE_FILE, 200, 0, 403),
        (SCOPE_APP_CREATED, 403, 0, 403),
    ];
    for (scope, list, files, bytes) in table {
        let scene = Scene::start(scope).await;
        let (status, page) = scene.json("files?q=name+contains+'takeout-'").await;
        let found =
            page["files"].as_array().map_or(0, |all| all.iter().filter(|file| file["name"] == PART).count());
        assert_eq!((status, found), (list, files), "{scope}");
        let answer = scene.get(&scene.media(), &[]).await;
        assert_eq!(answer.status().as_u16(), bytes, "{scope}");
        if bytes == 403 {
            assert_eq!(scene.reason(&scene.media()).await.1, "insufficientPermissions", "{scope}");
        }
    }
}

#[tokio::test]
async fn a_missing_or_dead_token_is_a_401() {
    let mut scene = Scene::start(SCOPE_DRIVE_READONLY).await;
    let bare = scene.http.get(format!("{}/drive/v3/files", scene.google.url())).send().await.unwrap();
    assert_eq!(read(bare).await.1["error"]["errors"][0]["reason"], "required");
    scene.google.account("alice").expire_access_tokens();
    assert_eq!(scene.reason("files").await, (401, "authError".into()));
    scene.bearer = "nonsense".to_owned();
    assert_eq!(scene.reason(&scene.media()).await, (401, "authError".into()));
}

#[tokio::test]
async fn every_error_of_drive_can_be_had_and_hits_one_file_by_name() {
    let scene = Scene::start(SCOPE_DRIVE_READONLY).await;
    let other = scene.drive.add(DriveFile::named("other.zip"));
    for (reason, status) in [
        ("userRateLimitExceeded", 403),
        ("rateLimitExceeded", 403),
        ("dailyLimitExceeded", 403),
        ("downloadQuotaExceeded", 403),
        ("cannotDownloadAbusiveFile", 403),
        ("accessNotConfigured", 403),
        ("notFound", 404),
        ("authError", 401),
        ("internalError", 500),
        ("backendError", 503),
    ] {
        scene.google.fault(Fault::on(&[Endpoint::DriveDownload], Effect::drive(reason)).item(PART).once());
        assert_eq!(scene.json(&format!("files/{other}")).await.0, 200);
        assert_eq!(scene.reason(&scene.media()).await, (status, reason.into()));
    }
    assert_eq!(scene.google.stats().class(Class::Drive).throttled, 3);
    scene.google.fault(Fault::on(&[Endpoint::DriveFilesList], Effect::status(429)).once());
    assert_eq!(scene.reason("files").await, (429, "rateLimitExceeded".into()));
    scene.google.fault(Fault::on(&[Endpoint::DriveDownload], Effect::Truncate { bytes: 100 }).once());
    assert!(scene.get(&scene.media(), &[]).await.bytes().await.is_err());
}

#[tokio::test]
async fn a_file_taken_for_malware_comes_only_when_the_risk_is_acknowledged() {
    let scene = Scene::start(SCOPE_DRIVE_READONLY).await;
    assert!(scene.drive.set_abusive(&scene.id, true));
    assert_eq!(scene.reason(&scene.media()).await, (403, "cannotDownloadAbusiveFile".into()));
    assert_eq!(
        scene.get(&format!("{}&acknowledgeAbuse=true", scene.media()), &[]).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn quota_units_are_counted_and_a_spent_minute_is_a_403() {
    let scene = Scene::start(SCOPE_DRIVE_READONLY).await;
    let minute = |limit, per_account| {
        let quota = Quota::new(Class::Drive, Window::Sliding { limit, every_secs: 60 });
        vec![Quota { per_account, ..quota }]
    };
    scene.google.configure(|settings| settings.quotas = minute(305, true));
    assert_eq!(scene.json("files").await.0, 200);
    assert_eq!(scene.get(&scene.media(), &[]).await.status(), StatusCode::OK);
    assert_eq!(scene.json(&format!("files/{}", scene.id)).await.0, 200);
    assert_eq!(scene.reason("about?fields=*").await, (403, "userRateLimitExceeded".into()));
    scene.google.configure(|settings| settings.quotas = minute(50, false));
    assert_eq!(scene.reason("changes?pageToken=1").await, (403, "rateLimitExceeded".into()));
    let day = vec![Quota::new(Class::Drive, Window::Day { limit: 1 })];
    scene.google.configure(|settings| settings.quotas = day);
    assert_eq!(scene.reason("files").await, (403, "dailyLimitExceeded".into()));
    assert_eq!(scene.google.stats().class(Class::Drive).throttled, 3);
}

#[tokio::test]
async fn whatever_could_change_the_drive_is_counted_and_refused() {
    let scene = Scene::start(SCOPE_DRIVE).await;
    let url = format!("{}/drive/v3/files/{}", scene.google.url(), scene.id);
    for request in
        [scene.http.delete(&url), scene.http.patch(&url).body("{}"), scene.http.post(&url).body("{}")]
    {
        assert_eq!(request.bearer_auth(&scene.bearer).send().await.unwrap().status().as_u16(), 403);
    }
    assert_eq!(scene.google.stats().requests(Endpoint::DriveWrite), 3);
    assert_eq!(scene.drive.files().len(), 1);
}

#[tokio::test]
async fn shell_scripts_can_add_and_remove_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(PART);
    std::fs::write(&path, b"PK").unwrap();
    let scene = Scene::start(SCOPE_DRIVE_READONLY).await;
    let control = format!("{}/_control/drive", scene.google.url());
    let body = serde_json::json!({"account": "alice", "path": path, "folder": "Backup"});
    let (status, added) = read(scene.http.post(&control).json(&body).send().await.unwrap()).await;
    assert_eq!((status, &added["bytes"]), (200, &2.into()));
    let id = added["id"].as_str().unwrap();
    assert_eq!(scene.json(&format!("files/{id}")).await.0, 200);
    let gone = scene.http.delete(format!("{control}?account=alice&id={id}")).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::OK);
    assert_eq!(scene.json(&format!("files/{id}")).await.0, 404);
}
