//! Tests of `tests/library`.

use serde_json::json;

use super::{Visit, names};
use crate::{Field, ItemSpec, SCOPE_READONLY, Settings, Synthetic, VideoStatus};

#[tokio::test]
async fn an_item_is_written_as_google_writes_it() {
    let visit = Visit::start(Settings::default()).await;
    let spec =
        ItemSpec::named("a.jpg").created("2024-05-06T07:08:09Z").description("hello").dimensions(10, 20);
    let id = visit.alice.add_photo(spec);
    let (status, item) = visit.json(&format!("/v1/mediaItems/{id}")).await;
    assert_eq!(status, 200);
    assert_eq!((&item["id"], &item["filename"]), (&id.into(), &"a.jpg".into()));
    assert_eq!((&item["mimeType"], &item["description"]), (&"image/jpeg".into(), &"hello".into()));
    assert_eq!(item["mediaMetadata"]["creationTime"], "2024-05-06T07:08:09Z");
    assert_eq!(
        (&item["mediaMetadata"]["width"], &item["mediaMetadata"]["height"]),
        (&"10".into(), &"20".into())
    );
    assert!(item["mediaMetadata"]["photo"].is_object());
    assert!(item["baseUrl"].as_str().unwrap().starts_with(&format!("{}/lh3/", visit.google.url())));
    let video = visit.alice.add_video(ItemSpec::default().status(VideoStatus::Processing));
    let (_, video) = visit.json(&format!("/v1/mediaItems/{video}")).await;
    assert_eq!(
        (&video["mimeType"], &video["mediaMetadata"]["video"]["status"]),
        (&"video/mp4".into(), &"PROCESSING".into())
    );
}

#[tokio::test]
async fn hostile_names_and_missing_fields_are_told_as_they_are() {
    let visit = Visit::start(Settings::default()).await;
    let name = "../../etc/\u{0}passwd\n\u{202e}.jpg";
    visit.alice.add_photo(ItemSpec::named(name).without(Field::CreationTime).without(Field::MimeType));
    visit.alice.add_photo(ItemSpec::named("x").without(Field::Id).without(Field::MediaMetadata));
    visit
        .alice
        .add_photo(ItemSpec::named("y").without(Field::Filename).without(Field::BaseUrl).id("mine/../id"));
    let (_, page) = visit.json("/v1/mediaItems").await;
    let items = page["mediaItems"].as_array().unwrap();
    assert_eq!(items[2]["filename"], name);
    assert!(items[2].get("mimeType").is_none() && items[2]["mediaMetadata"].get("creationTime").is_none());
    assert!(items[1].get("id").is_none() && items[1].get("mediaMetadata").is_none());
    assert!(items[0].get("filename").is_none() && items[0].get("baseUrl").is_none());
    assert_eq!(items[0]["id"], "mine/../id");
}

#[tokio::test]
async fn a_search_filters_by_date_type_star_and_archive() {
    let visit = Visit::start(Settings::default()).await;
    visit.alice.add_photo(ItemSpec::named("old").created("2019-01-01T00:00:00Z"));
    visit.alice.add_photo(ItemSpec::named("new").created("2024-01-01T00:00:00Z").favourite());
    visit.alice.add_video(ItemSpec::named("film").created("2023-01-01T00:00:00Z"));
    visit.alice.add_photo(ItemSpec::named("attic").created("2022-01-01T00:00:00Z").archived());
    let table = [
        (json!({}), vec!["new", "film", "old"]),
        (json!({"filters": {"includeArchivedMedia": true}}), vec!["new", "film", "attic", "old"]),
        (json!({"filters": {"mediaTypeFilter": {"mediaTypes": ["VIDEO"]}}}), vec!["film"]),
        (json!({"filters": {"mediaTypeFilter": {"mediaTypes": ["PHOTO"]}}}), vec!["new", "old"]),
        (json!({"filters": {"featureFilter": {"includedFeatures": ["FAVORITES"]}}}), vec!["new"]),
        (json!({"filters": {"featureFilter": {"includedFeatures": ["NONE"]}}}), vec!["new", "film", "old"]),
        (
            json!({"filters": {"dateFilter": {"dates": [{"year": 2019}, {"year": 2023, "month": 1}]}}}),
            vec!["film", "old"],
        ),
        (
            json!({"filters": {"dateFilter": {"ranges": [{"startDate": {"year": 2019, "month": 1, "day": 1},
                "endDate": {"year": 2023, "month": 1, "day": 1}}]}}, "orderBy": "MediaMetadata.creation_time"}),
            vec!["old", "film"],
        ),
    ];
    for (body, expected) in table {
        let (status, page) = visit.search(body.clone()).await;
        assert_eq!((status, names(&page)), (200, expected), "{body}");
    }
    assert_eq!(names(&visit.json("/v1/mediaItems").await.1), ["new", "film", "attic", "old"]);
}

#[tokio::test]
async fn impossible_searches_are_refused() {
    let visit = Visit::start(Settings::default()).await;
    let album = visit.alice.add_album::<&str>("x", &[]);
    let bodies = [
        json!({"albumId": album, "filters": {}}),
        json!({"orderBy": "MediaMetadata.creation_time"}),
        json!({"filters": {"dateFilter": {"dates": [{"day": 3}]}}}),
        json!({"filters": {"mediaTypeFilter": {"mediaTypes": ["PHOTO", "VIDEO"]}}}),
        json!({"filters": {"mediaTypeFilter": {"mediaTypes": ["SMELL"]}}}),
        json!({"pageSize": -1}),
        json!({"pageToken": "nonsense"}),
    ];
    for body in bodies {
        let (status, answer) = visit.search(body.clone()).await;
        assert_eq!((status, &answer["error"]["status"]), (400, &"INVALID_ARGUMENT".into()), "{body}");
    }
    assert_eq!(visit.search(json!({"albumId": "unknown"})).await.0, 404);
}

#[tokio::test]
async fn a_batch_answers_for_each_id_in_order() {
    let visit = Visit::start(Settings::default()).await;
    let ids: Vec<String> = (0..3).map(|n| visit.alice.add_photo(ItemSpec::named(format!("{n}")))).collect();
    visit.alice.remove_item(&ids[1]);
    let query: Vec<String> =
        ids.iter().map(String::as_str).chain(["bad"]).map(|id| format!("mediaItemIds={id}")).collect();
    let (status, body) = visit.json(&format!("/v1/mediaItems:batchGet?{}", query.join("&"))).await;
    assert_eq!(status, 200);
    let results = body["mediaItemResults"].as_array().unwrap();
    assert_eq!(results[0]["mediaItem"]["filename"], "0");
    assert_eq!(results[1]["status"]["code"], 5);
    assert_eq!(results[2]["mediaItem"]["filename"], "2");
    assert_eq!(results[3]["status"]["code"], 3);
    let many: Vec<String> = (0..51).map(|n| format!("mediaItemIds={n}")).collect();
    for query in ["", "mediaItemIds=a&mediaItemIds=a", &many.join("&")] {
        assert_eq!(visit.json(&format!("/v1/mediaItems:batchGet?{query}")).await.0, 400);
    }
    assert_eq!(visit.json(&format!("/v1/mediaItems/{}", ids[1])).await.0, 404);
    assert_eq!(visit.json("/v1/mediaItems/nonsense").await.0, 400);
}

#[tokio::test]
async fn albums_are_listed_searched_and_changed() {
    let visit = Visit::start(Settings::default()).await;
    assert_eq!(visit.json("/v1/albums").await, (200, json!({})));
    let ids: Vec<String> = (0..5).map(|n| visit.alice.add_photo(ItemSpec::named(format!("{n}")))).collect();
    let album = visit.alice.add_album("Ferien/\u{1F3D6}", &[&ids[3], &ids[1], &ids[2]]);
    visit.alice.add_album::<&str>("empty", &[]);
    let (_, list) = visit.json("/v1/albums?pageSize=50").await;
    let first = &list["albums"][0];
    assert_eq!((&first["title"], &first["mediaItemsCount"]), (&"Ferien/\u{1F3D6}".into(), &"3".into()));
    assert_eq!(first["coverPhotoMediaItemId"].as_str(), Some(ids[3].as_str()));
    assert!(list["albums"][1].get("mediaItemsCount").is_none());
    let (_, page) = visit.search(json!({"albumId": album, "pageSize": 2})).await;
    assert_eq!(names(&page), ["3", "1"]);
    visit.alice.set_album_items(&album, &[&ids[0], &ids[1], &ids[4]]);
    let (_, rest) =
        visit.search(json!({"albumId": album, "pageSize": 2, "pageToken": page["nextPageToken"]})).await;
    assert_eq!(names(&rest), ["4"]);
    assert!(rest.get("nextPageToken").is_none());
    assert!(visit.alice.rename_album(&album, "Other"));
    assert_eq!(visit.json(&format!("/v1/albums/{album}")).await.1["title"], "Other");
    assert!(visit.alice.remove_album(&album));
    assert_eq!(visit.json(&format!("/v1/albums/{album}")).await.0, 404);
}

#[tokio::test]
async fn scopes_decide_what_is_seen() {
    let mut visit = Visit::start(Settings::default()).await;
    visit.alice.add_photo(ItemSpec::named("own").created("2024-01-01T00:00:00Z"));
    let foreign = visit.alice.add_photo(ItemSpec::named("foreign").created("2023-01-01T00:00:00Z").foreign());
    visit.alice.add_foreign_album("foreign", &[&foreign]);
    assert_eq!(names(&visit.json("/v1/mediaItems").await.1), ["own"]);
    assert_eq!(visit.json(&format!("/v1/mediaItems/{foreign}")).await.0, 404);
    assert_eq!(visit.json("/v1/albums").await.1, json!({}));
    visit.bearer = super::bearer_of(&visit.google.token_json_with("alice", &[SCOPE_READONLY]));
    let (status, body) = visit.json("/v1/mediaItems").await;
    let error = json!({"error": {"code": 403, "message": "Request had insufficient authentication scopes.", "status": "PERMISSION_DENIED"}});
    assert_eq!((status, body), (403, error));
    visit.google.configure(|settings| settings.legacy_scopes_work = true);
    assert_eq!(names(&visit.json("/v1/mediaItems").await.1), ["own", "foreign"]);
    assert_eq!(visit.json("/v1/sharedAlbums").await.0, 403);
}

#[tokio::test]
async fn a_bad_bearer_gets_googles_401() {
    let mut visit = Visit::start(Settings::default()).await;
    visit.bearer = "nonsense".to_owned();
    let (status, body) = visit.json("/v1/mediaItems").await;
    assert_eq!((status, &body["error"]["status"]), (401, &"UNAUTHENTICATED".into()));
    let say = body["error"]["message"].as_str().unwrap();
    assert!(say.starts_with("Request had invalid authentication credentials. Expected OAuth 2 access token"));
    let url = format!("{}/v1/mediaItems", visit.google.url());
    assert_eq!(visit.http.get(url).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let mut visit = Visit::start(Settings::default()).await;
    let id = visit.alice.add_photo(ItemSpec::named("a"));
    visit.google.synthetic_account("bob", Synthetic::photos(2));
    visit.bearer = super::bearer_of(&visit.google.token_json("bob"));
    assert_eq!(visit.json("/v1/mediaItems").await.1["mediaItems"].as_array().unwrap().len(), 2);
    assert_eq!(visit.json(&format!("/v1/mediaItems/{id}")).await.0, 400);
}

#[tokio::test]
async fn the_discovery_document_leads_back_here() {
    let visit = Visit::start(Settings::default()).await;
    let (_, body) = visit.json("/$discovery/rest?version=v1").await;
    assert_eq!(body["baseUrl"], format!("{}/", visit.google.url()));
    assert_eq!(body["resources"]["mediaItems"]["methods"]["batchGet"]["path"], "v1/mediaItems:batchGet");
}

#[tokio::test]
async fn json_is_gzipped_when_the_client_can_read_it() {
    let visit = Visit::start(Settings::default()).await;
    visit.google.synthetic_account("bob", Synthetic::photos(10));
    let bearer = super::bearer_of(&visit.google.token_json("bob"));
    let url = format!("{}/v1/mediaItems", visit.google.url());
    let plain = reqwest::Client::builder().no_proxy().no_gzip().build().unwrap();
    let zipped = plain.get(&url).bearer_auth(&bearer).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    let bare = plain.get(&url).bearer_auth(&bearer).send().await.unwrap();
    assert!(bare.headers().get("content-encoding").is_none());
    assert_eq!(bare.json::<serde_json::Value>().await.unwrap()["mediaItems"].as_array().unwrap().len(), 10);
}
