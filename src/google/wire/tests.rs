//! Tests of `google/wire`.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn created(text: &str) -> Option<String> {
    parse_time(text).map(|time| time.to_rfc3339())
}

#[test]
fn a_whole_item_is_read() {
    let item = item(&json!({
        "id": "ID1", "description": "Day one", "productUrl": "https://photos.google.com/lr/photo/ID1",
        "baseUrl": "https://lh3.googleusercontent.com/lr/AA", "mimeType": "image/jpeg", "filename": "a/b \u{1f4f7}.jpg",
        "contributorInfo": {"displayName": "x"}, "future": [1],
        "mediaMetadata": {"creationTime": "2014-10-02T15:01:23.045123456Z", "width": "4032", "height": 3024,
            "photo": {"cameraMake": "Google", "cameraModel": "Pixel", "isoEquivalent": 50}}
    }))
    .unwrap();
    assert_eq!((item.id.0.as_str(), item.filename.as_deref()), ("ID1", Some("a/b \u{1f4f7}.jpg")));
    assert_eq!((item.width, item.height, item.kind), (Some(4032), Some(3024), MediaKind::Photo));
    assert_eq!(item.created.unwrap().to_rfc3339(), "2014-10-02T15:01:23.045123456+00:00");
    assert_eq!(item.camera_make.as_deref(), Some("Google"));
    assert_eq!(item.base_url.as_ref().unwrap().0.expose(), "https://lh3.googleusercontent.com/lr/AA");
    assert!(!format!("{item:?}").contains("googleusercontent"));
}

#[test]
fn an_item_needs_nothing_but_its_id() {
    for entry in [
        json!({"id": "A"}),
        json!({"id": "A", "filename": 5, "mimeType": null, "mediaMetadata": "none", "description": "", "baseUrl": ""}),
        json!({"id": "A", "mediaMetadata": {"creationTime": 7, "width": "-1", "height": 1e9, "photo": []}}),
    ] {
        let item = item(&entry).unwrap();
        assert_eq!(item.kind, MediaKind::Photo, "{entry}");
        assert!(item.created.is_none() && item.width.is_none() && item.base_url.is_none(), "{entry}");
    }
}

#[test]
fn the_kind_is_read_from_the_type_or_guessed_from_the_metadata() {
    for (mime, metadata, want) in [
        (json!("image/heif"), json!({"photo": {}}), MediaKind::Photo),
        (json!("image/jpeg"), json!({"video": {"status": "PROCESSING"}}), MediaKind::Photo),
        (json!("video/mp4"), json!({"video": {"status": "READY"}}), MediaKind::Video),
        (json!("video/mp4"), json!({}), MediaKind::Video),
        (json!("VIDEO/MP4"), json!({"video": {"status": "UNSPECIFIED"}}), MediaKind::Video),
        (json!("video/mp4"), json!({"video": {"status": "PROCESSING"}}), MediaKind::VideoProcessing),
        (json!(null), json!({"video": {"status": "FAILED"}}), MediaKind::VideoFailed),
        (json!("application/octet-stream"), json!({"video": {}}), MediaKind::Video),
        (json!(null), json!({"photo": {}}), MediaKind::Photo),
    ] {
        let entry = json!({"id": "A", "mimeType": mime, "mediaMetadata": metadata});
        assert_eq!(item(&entry).unwrap().kind, want, "{entry}");
    }
}

#[test]
fn times_are_utc_and_absurd_ones_are_none() {
    for (text, want) in [
        ("2026-01-01T00:30:00Z", Some("2026-01-01T00:30:00+00:00")),
        ("2026-01-01T00:30:00+02:00", Some("2025-12-31T22:30:00+00:00")),
        ("1970-01-01T00:00:00Z", Some("1970-01-01T00:00:00+00:00")),
        ("1826-06-01T00:00:00.5Z", Some("1826-06-01T00:00:00.500+00:00")),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("2026-02-30T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
    ] {
        assert_eq!(created(text).as_deref(), want, "{text}");
    }
}

#[test]
fn entries_without_an_id_are_counted_and_repeated_ones_pass() {
    let answer = json!({"mediaItems": [{"id": "A"}, {"filename": "x"}, null, "text", {"id": ""}, {"id": 5}, {"id": "A"}],
        "nextPageToken": "T2"});
    let page = item_page(&answer, Some("T1")).unwrap();
    assert_eq!((page.items.len(), page.malformed, page.next.as_deref()), (2, 5, Some("T2")));
}

#[test]
fn an_empty_page_is_a_page() {
    for answer in [json!({}), json!({"mediaItems": []}), json!({"mediaItems": null, "nextPageToken": ""})] {
        let page = item_page(&answer, None).unwrap();
        assert!(page.items.is_empty() && page.next.is_none() && page.malformed == 0);
    }
}

#[test]
fn what_is_no_page_is_never_an_empty_one() {
    for answer in [
        json!(null),
        json!([]),
        json!("x"),
        json!({"error": {"code": 500}}),
        json!({"mediaItems": {}, "albums": {}}),
        json!({"nextPageToken": 7}),
    ] {
        assert!(item_page(&answer, None).is_err(), "{answer}");
        assert!(album_page(&answer, None).is_err(), "{answer}");
    }
}

#[test]
fn the_token_just_sent_is_no_next_page() {
    let answer = json!({"mediaItems": [{"id": "A"}], "nextPageToken": "T1"});
    assert!(item_page(&answer, Some("T1")).is_err());
    assert!(item_page(&answer, None).is_ok());
}

#[test]
fn albums_are_read_with_counts_as_text_or_number() {
    let answer = json!({"albums": [{"id": "A", "title": "T", "mediaItemsCount": "12", "coverPhotoMediaItemId": "C"},
        {"id": "B", "mediaItemsCount": 3}, {"title": "lost"}]});
    let page = album_page(&answer, None).unwrap();
    let [a, b] = page.albums.as_slice() else { panic!("{page:?}") };
    assert_eq!(
        (a.title.as_str(), a.items_count, a.cover.as_ref().map(|id| id.0.as_str())),
        ("T", 12, Some("C"))
    );
    assert_eq!((b.title.as_str(), b.items_count, b.cover.is_none()), ("", 3, true));
}

fn shown(answer: &Value) -> Vec<String> {
    let ids: Vec<MediaId> = ["A", "B", "C"].map(|id| MediaId(id.to_owned())).into();
    let show = |entry: &BatchEntry| match entry {
        BatchEntry::Found(item) => format!("{} found", item.id),
        BatchEntry::Refused { id, code, message } => format!("{id} {code} {message}"),
    };
    batch(answer, &ids.iter().collect::<Vec<_>>()).unwrap().iter().map(show).collect()
}

#[test]
fn a_batch_answers_every_asked_id_once_in_its_order() {
    let full = json!({"mediaItemResults": [{"mediaItem": {"id": "A"}},
        {"status": {"code": 5, "message": "gone\nfor https://x"}}, {"mediaItem": {"id": "C"}}]});
    assert_eq!(shown(&full), ["A found", "B 5 gone for <url>", "C found"]);
    let short =
        json!({"mediaItemResults": [{"status": {"code": 5, "message": "gone"}}, {"mediaItem": {"id": "B"}}]});
    let unknown = "2 the answer does not tell why";
    assert_eq!(shown(&short), [format!("A {unknown}"), "B found".to_owned(), format!("C {unknown}")]);
    let odd = json!({"mediaItemResults": [{}, {"mediaItem": {"filename": "x"}}, {"status": {"code": 0}}]});
    assert_eq!(shown(&odd), ["A", "B", "C"].map(|id| format!("{id} {unknown}")));
    let others = json!({"mediaItemResults": [{"mediaItem": {"id": "C"}}, {"mediaItem": {"id": "X"}}, {"mediaItem": {"id": "A"}}]});
    assert_eq!(shown(&others), ["A found".to_owned(), format!("B {unknown}"), "C found".to_owned()]);
    assert_eq!(shown(&json!({})).len(), 3);
}

proptest! {
    #[test]
    fn no_json_breaks_the_reader(id in ".*", time in ".*", width in any::<i64>(), next in ".*") {
        let answer = json!({"mediaItems": [{"id": id, "mediaMetadata": {"creationTime": time, "width": width}}, [id]],
            "nextPageToken": next});
        if let Ok(page) = item_page(&answer, Some("sent")) {
            prop_assert_eq!(page.items.len() as u64 + page.malformed, 2);
        }
    }
}
