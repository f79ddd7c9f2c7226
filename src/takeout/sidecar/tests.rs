//! Sidecars and other JSON as exports of several years have them.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::takeout::sidecar::{
    Comment, Geo, ItemFacts, JSON_BYTES_MAX, Json, OtherJson, PEOPLE_MAX, is_html,
};

fn parse(value: &Value) -> Json {
    Json::parse(value.to_string().as_bytes())
}

fn item(value: &Value) -> ItemFacts {
    let parsed = parse(value);
    let Json::Item(facts) = parsed else { panic!("no item: {parsed:?}") };
    *facts
}

#[test]
fn every_fact_of_an_item_is_read() {
    let facts = item(&json!({
        "title": "IMG_1.HEIC", "description": "Zoo", "imageViews": "4",
        "creationTime": {"timestamp": "1697872351", "formatted": "21 oct. 2023, 07:12:31 UTC"},
        "photoTakenTime": {"timestamp": "1696574349", "formatted": "?"},
        "geoData": {"latitude": 48.85, "longitude": 2.29, "altitude": 35.5, "latitudeSpan": 0.0, "longitudeSpan": 0.0},
        "geoDataExif": {"latitude": -33.0, "longitude": 151.0, "altitude": 0.0},
        "people": [{"name": "Anna"}, {"name": "Ben"}, {"name": "Anna"}, {}, {"name": ""}],
        "url": "https://photos.google.com/photo/AF1Qip",
        "googlePhotosOrigin": {"mobileUpload": {"deviceFolder": {"localFolderName": "Camera"}, "deviceType": "ANDROID_PHONE"}},
        "photoLastModifiedTime": {"timestamp": "1700000000"},
        "favorited": true, "archived": true, "trashed": true, "inLockedFolder": true,
        "appSource": {"androidPackageName": "com.whatsapp"},
        "somethingNew": [1, {"a": null}]
    }));
    let expected = ItemFacts {
        title: Some("IMG_1.HEIC".to_owned()),
        description: Some("Zoo".to_owned()),
        taken: Some(1_696_574_349),
        created: Some(1_697_872_351),
        modified: Some(1_700_000_000),
        geo: Some(Geo { latitude: 48.85, longitude: 2.29, altitude: Some(35.5) }),
        geo_exif: Some(Geo { latitude: -33.0, longitude: 151.0, altitude: None }),
        people: vec!["Anna".to_owned(), "Ben".to_owned()],
        url: Some("https://photos.google.com/photo/AF1Qip".to_owned()),
        favorited: true,
        archived: true,
        trashed: true,
        locked: true,
        views: Some(4),
        origin: Some("mobileUpload".to_owned()),
        device_type: Some("ANDROID_PHONE".to_owned()),
        device_folder: Some("Camera".to_owned()),
        app: Some("com.whatsapp".to_owned()),
    };
    assert_eq!(facts, expected);
}

#[test]
fn moments_are_texts_or_numbers_and_zero_is_none() {
    for (value, seconds) in [
        (json!("-86400"), Some(-86_400)),
        (json!(-86400), Some(-86_400)),
        (json!(1.9), Some(1)),
        (json!("0"), None),
        (json!(0), None),
        (json!(""), None),
        (json!("soon"), None),
        (json!(null), None),
        (json!([1]), None),
        (json!(1e300), None),
        (json!("99999999999999999999"), None),
    ] {
        assert_eq!(item(&json!({"photoTakenTime": {"timestamp": value.clone()}})).taken, seconds, "{value}");
    }
    assert_eq!(item(&json!({"photoTakenTime": "5"})).taken, Some(5));
}

#[test]
fn places_without_sense_are_none() {
    for geo in [
        json!({"latitude": 0.0, "longitude": 0.0, "altitude": 0.0}),
        json!({"latitude": 91.0, "longitude": 0.0}),
        json!({"latitude": 1.0, "longitude": -181.0}),
        json!({"latitude": 1.0}),
        json!("nowhere"),
        json!(null),
    ] {
        assert_eq!(item(&json!({"photoTakenTime": {}, "geoData": geo.clone()})).geo, None, "{geo}");
    }
    let equator = json!({"photoTakenTime": {}, "geoData": {"latitude": "0", "longitude": 10}});
    assert_eq!(item(&equator).geo, Some(Geo { latitude: 0.0, longitude: 10.0, altitude: None }));
}

#[test]
fn origins_are_told_by_their_key() {
    for (origin, name) in [
        (json!({"fromPartnerSharing": {}}), Some("fromPartnerSharing")),
        (json!({"webUpload": {"computerUpload": {}}}), Some("webUpload")),
        (json!({"composition": {"type": "AUTO"}}), Some("composition")),
        (json!({}), None),
        (json!("x"), None),
    ] {
        assert_eq!(
            item(&json!({"photoTakenTime": {}, "googlePhotosOrigin": origin})).origin.as_deref(),
            name
        );
    }
}

#[test]
fn albums_are_known_in_the_old_form_and_the_new() {
    let flat = json!({
        "title": "Rome", "description": "spring", "access": "protected",
        "date": {"timestamp": "1600000000", "formatted": "x"}, "location": "",
        "geoData": {"latitude": 41.9, "longitude": 12.5, "altitude": 0.0},
        "enrichments": [
            {"narrativeEnrichment": {"text": "Arrival"}},
            {"locationEnrichment": {"location": [{"name": "Forum", "description": "old", "latitudeE7": 1, "longitudeE7": 2}]}}
        ],
        "sharedAlbumComments": [
            {"text": "nice", "creationTime": {"timestamp": "1600000001"}, "contentOwnerName": "Ben"}, {"liked": true}
        ]
    });
    let Json::Album(album) = parse(&flat) else { panic!("no album") };
    assert_eq!(parse(&json!({"albumData": flat})), Json::Album(album.clone()));
    assert_eq!(album.title.as_deref(), Some("Rome"));
    assert_eq!((album.access.as_deref(), album.date), (Some("protected"), Some(1_600_000_000)));
    assert_eq!(album.texts, ["Arrival", "Forum", "old"]);
    let comment = Comment {
        text: Some("nice".to_owned()),
        by: Some("Ben".to_owned()),
        at: Some(1_600_000_001),
        liked: false,
    };
    assert_eq!(album.comments, [comment, Comment { liked: true, ..Comment::default() }]);
    for value in [json!({"title": "Rome"}), json!({"title": ""}), json!({"date": {}, "access": "shared"})] {
        assert!(matches!(parse(&value), Json::Album(_)), "{value}");
    }
}

#[test]
fn other_files_are_told_by_their_content() {
    for (value, kind) in [
        (json!({"memoryTitles": []}), OtherJson::MemoryTitles),
        (json!({"sharedAlbumComments": [{"text": "x"}]}), OtherJson::SharedAlbumComments),
        (json!({"printSubscriptions": []}), OtherJson::PrintSubscriptions),
        (json!({}), OtherJson::Unknown),
        (json!([1]), OtherJson::Unknown),
        (json!("x"), OtherJson::Unknown),
    ] {
        assert_eq!(parse(&value), Json::Other(kind), "{value}");
        assert!(!kind.as_str().is_empty());
    }
    assert!(is_html(b"\xef\xbb\xbf\n <!DOCTYPE html><html>") && is_html(b"<HTML lang=de>"));
    assert!(!is_html(b"{\"a\": 1}") && !is_html(b"") && !is_html(b"<htm"));
}

#[test]
fn what_is_not_json_says_why() {
    for bytes in [&b""[..], b"{", b"\xff\xfe", b"{\"title\": \"\xff\"}", b"{} x"] {
        assert!(matches!(Json::parse(bytes), Json::Broken(why) if !why.is_empty()), "{bytes:?}");
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(Json::parse(deep.as_bytes()), Json::Broken(_)), "nesting is bounded");
    let long = vec![b' '; JSON_BYTES_MAX + 1];
    assert!(matches!(Json::parse(&long), Json::Broken(_)));
    assert!(
        matches!(Json::parse(b"\xef\xbb\xbf{\"title\": \"x\"}"), Json::Album(_)),
        "a byte-order mark is no fault"
    );
}

#[test]
fn lists_and_texts_are_bounded() {
    let people: Vec<Value> = (0..PEOPLE_MAX + 5).map(|n| json!({"name": format!("p{n}")})).collect();
    assert_eq!(item(&json!({"photoTakenTime": {}, "people": people})).people.len(), PEOPLE_MAX);
    let description = "é".repeat(100_000);
    let kept = item(&json!({"photoTakenTime": {}, "description": description})).description.unwrap();
    assert_eq!(kept.len(), 64 * 1024);
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        Json::parse(&bytes);
        is_html(&bytes);
    }

    #[test]
    fn a_field_of_any_type_never_breaks_an_item(
        key in prop::sample::select(vec![
            "title", "description", "creationTime", "geoData", "geoDataExif", "people", "url", "googlePhotosOrigin",
            "photoLastModifiedTime", "favorited", "imageViews", "appSource",
        ]),
        value in prop::sample::select(vec![
            json!(null), json!(true), json!(-1), json!(1.5), json!("x"), json!([]), json!([[], 1, null]), json!({"name": 1}),
            json!({"timestamp": {}}), json!({"latitude": [], "longitude": null}), json!({"mobileUpload": 3}),
        ]),
    ) {
        let mut object = json!({"photoTakenTime": {"timestamp": "7"}});
        object[key] = value;
        prop_assert_eq!(item(&object).taken, Some(7));
    }
}
