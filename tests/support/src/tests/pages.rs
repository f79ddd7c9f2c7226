//! Tests of `tests/pages`.

use serde_json::{Value, json};
use std::time::Duration;

use super::{Visit, names};
use crate::{ItemSpec, Settings, Synthetic};

async fn all_names(visit: &Visit, size: u32) -> Vec<String> {
    let (mut all, mut token) = (Vec::new(), String::new());
    for _ in 0..1000 {
        let (status, page) = visit.json(&format!("/v1/mediaItems?pageSize={size}&pageToken={token}")).await;
        assert_eq!(status, 200, "{page}");
        all.extend(names(&page).into_iter().map(str::to_owned));
        match page["nextPageToken"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => return all,
        }
    }
    panic!("the listing does not end")
}

async fn visit_with(count: u64) -> Visit {
    let mut visit = Visit::start(Settings::default()).await;
    visit.alice = visit.google.synthetic_account("bob", Synthetic::photos(count));
    visit.bearer = super::bearer_of(&visit.google.token_json("bob"));
    visit
}

fn count(page: &Value) -> usize {
    page["mediaItems"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn pages_together_are_the_whole_library_newest_first() {
    let visit = visit_with(57).await;
    for size in [1, 7, 57, 100] {
        let all = all_names(&visit, size).await;
        let expected: Vec<String> = (0..57).rev().map(|n| format!("IMG_{n:06}.jpg")).collect();
        assert_eq!(all, expected);
    }
}

#[tokio::test]
async fn page_sizes_have_googles_defaults_and_caps() {
    let visit = visit_with(300).await;
    for (size, expected) in [("", 25), ("pageSize=0", 25), ("pageSize=10", 10), ("pageSize=1000", 100)] {
        assert_eq!(count(&visit.json(&format!("/v1/mediaItems?{size}")).await.1), expected, "{size}");
    }
    for size in ["pageSize=-1", "pageSize=x"] {
        assert_eq!(visit.json(&format!("/v1/mediaItems?{size}")).await.0, 400);
    }
    visit.alice.spread_albums(60, 3);
    for (size, expected) in [("", 20), ("pageSize=1000", 50)] {
        let (_, page) = visit.json(&format!("/v1/albums?{size}")).await;
        assert_eq!(page["albums"].as_array().unwrap().len(), expected);
    }
    let (_, first) = visit.json("/v1/albums?pageSize=50").await;
    let token = first["nextPageToken"].as_str().unwrap();
    let (_, second) = visit.json(&format!("/v1/albums?pageSize=50&pageToken={token}")).await;
    assert_eq!(second["albums"][0]["title"], "Album 051");
    assert!(second.get("nextPageToken").is_none());
}

#[tokio::test]
async fn inserts_and_removals_do_not_shift_later_pages() {
    let visit = visit_with(10).await;
    let (_, first) = visit.json("/v1/mediaItems?pageSize=4").await;
    visit.alice.add_photo(ItemSpec::named("head.jpg").created("2030-01-01T00:00:00Z"));
    visit.alice.add_photo(ItemSpec::named("tail.jpg").created("1999-01-01T00:00:00Z"));
    let last_seen = first["mediaItems"][3]["id"].as_str().unwrap();
    visit.alice.remove_item(last_seen);
    let token = first["nextPageToken"].as_str().unwrap();
    let (_, second) = visit.json(&format!("/v1/mediaItems?pageSize=100&pageToken={token}")).await;
    let expected: Vec<String> =
        (0..6).rev().map(|n| format!("IMG_{n:06}.jpg")).chain(["tail.jpg".to_owned()]).collect();
    assert_eq!(names(&second), expected);
}

#[tokio::test]
async fn a_page_token_is_good_for_its_own_query_and_account_only() {
    let mut visit = visit_with(10).await;
    let (_, page) = visit.json("/v1/mediaItems?pageSize=4").await;
    let token = page["nextPageToken"].as_str().unwrap();
    assert_eq!(visit.search(json!({"pageToken": token})).await.0, 400);
    assert_eq!(visit.json(&format!("/v1/albums?pageToken={token}")).await.0, 400);
    let (_, page) = visit.search(json!({"pageSize": 2, "filters": {"includeArchivedMedia": true}})).await;
    let other = page["nextPageToken"].as_str().unwrap();
    assert_eq!(visit.search(json!({"pageToken": other, "filters": {}})).await.0, 400);
    assert_eq!(
        visit.search(json!({"pageToken": other, "filters": {"includeArchivedMedia": true}})).await.0,
        200
    );
    visit.bearer = super::bearer_of(&visit.google.token_json("alice"));
    assert_eq!(visit.json(&format!("/v1/mediaItems?pageToken={token}")).await.0, 400);
}

#[tokio::test]
async fn a_page_token_expires_if_the_settings_say_so() {
    let visit = visit_with(10).await;
    visit.google.configure(|settings| settings.page_token_life = Some(Duration::from_secs(60)));
    let (_, page) = visit.json("/v1/mediaItems?pageSize=4").await;
    let path = format!("/v1/mediaItems?pageToken={}", page["nextPageToken"].as_str().unwrap());
    assert_eq!(visit.json(&path).await.0, 200);
    visit.google.advance_clock(Duration::from_secs(61));
    assert_eq!(visit.json(&path).await.0, 400);
}

#[tokio::test]
async fn a_page_deep_in_a_million_items_is_made_up_on_the_spot() {
    let visit = visit_with(1_000_000).await;
    let dates = json!({"dates": [{"year": 2020, "month": 6, "day": 15}]});
    let (_, page) = visit.search(json!({"pageSize": 100, "filters": {"dateFilter": dates}})).await;
    assert_eq!(count(&page), 100);
    let (_, rest) = visit
        .search(
            json!({"pageSize": 100, "filters": {"dateFilter": dates}, "pageToken": page["nextPageToken"]}),
        )
        .await;
    assert_eq!(count(&rest), 44);
}
