//! The JSON beside the media, in Google's order of keys.
//!
//! Numbers in times are strings; `formatted` is for people and depends on the language.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use crate::rng;
use crate::takeout::export::{AlbumForm, SidecarForm};
use crate::takeout::item::{Geo, Origin, Place, TakeoutItem};
use crate::takeout::language::Language;
use crate::takeout::library::TakeoutLibrary;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemJson<'a> {
    title: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_views: Option<String>,
    creation_time: Time,
    photo_taken_time: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    geo_data: Option<GeoJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    geo_data_exif: Option<GeoJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    people: Vec<Value>,
    #[serde(flatten)]
    marks: Marks,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    google_photos_origin: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    photo_last_modified_time: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_source: Option<Value>,
}

/// Said only when true.
#[derive(Serialize)]
struct Marks {
    #[serde(skip_serializing_if = "is_false")]
    favorited: bool,
    #[serde(skip_serializing_if = "is_false")]
    archived: bool,
    #[serde(skip_serializing_if = "is_false")]
    trashed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[derive(Serialize)]
struct Time {
    timestamp: String,
    formatted: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GeoJson {
    latitude: f64,
    longitude: f64,
    altitude: f64,
    latitude_span: f64,
    longitude_span: f64,
}

impl Time {
    fn of(at: Option<DateTime<Utc>>, language: &Language) -> Self {
        let at = at.unwrap_or(DateTime::UNIX_EPOCH);
        // English has a narrow no-break space before AM and PM.
        let form = if *language == Language::ENGLISH {
            "%b %-d, %Y, %-I:%M:%S\u{202f}%p UTC"
        } else {
            "%d.%m.%Y, %H:%M:%S UTC"
        };
        Self { timestamp: at.timestamp().to_string(), formatted: at.format(form).to_string() }
    }
}

impl GeoJson {
    /// What is said of `geo`: zeros for "nowhere", or nothing in newer exports.
    fn of(geo: Option<Geo>, form: SidecarForm) -> Option<Self> {
        let nowhere = Geo { latitude: 0.0, longitude: 0.0, altitude: 0.0 };
        let geo = match form {
            SidecarForm::Until2024 => geo.unwrap_or(nowhere),
            SidecarForm::Since2024 => geo?,
        };
        Some(Self {
            latitude: geo.latitude,
            longitude: geo.longitude,
            altitude: geo.altitude,
            latitude_span: 0.0,
            longitude_span: 0.0,
        })
    }
}

/// The address of an item in Google Photos.
pub(crate) fn url_of(library: &TakeoutLibrary, item: usize) -> String {
    let seed = rng::mix2(library.seed ^ 0xaf1, u64::try_from(item).unwrap_or(0));
    format!("https://photos.google.com/photo/AF1Qip{}", rng::base64url(&rng::bytes(seed, 28)))
}

/// The JSON of an item, for its year's folder or for an album's, whose times of creation differ.
pub(crate) fn item_json(
    library: &TakeoutLibrary,
    number: usize,
    album: Option<usize>,
    form: SidecarForm,
) -> Vec<u8> {
    let item = &library.items[number];
    if let Some(text) = &item.sidecar {
        return text.clone().into_bytes();
    }
    let later = album.map_or(0, |album| i64::try_from(album).unwrap_or(0) + 1);
    let created = item.added + chrono::Duration::seconds(later);
    let language = &library.language;
    let old = form == SidecarForm::Until2024;
    let json = ItemJson {
        title: &item.title,
        description: &item.description,
        image_views: old.then(|| (number % 17).to_string()),
        creation_time: Time::of(Some(created), language),
        photo_taken_time: Time::of(item.taken, language),
        geo_data: GeoJson::of(item.geo, form),
        geo_data_exif: GeoJson::of(item.geo_exif, form),
        people: item.people.iter().map(|name| json!({ "name": name })).collect(),
        marks: Marks {
            favorited: item.favourite,
            archived: item.place == Place::Archive,
            trashed: item.place == Place::Trash,
        },
        url: url_of(library, number),
        google_photos_origin: origin(item),
        photo_last_modified_time: item.modified.map(|at| Time::of(Some(at), language)),
        app_source: item.app.as_ref().map(|app| json!({ "androidPackageName": app })),
    };
    pretty(&json)
}

fn origin(item: &TakeoutItem) -> Option<Value> {
    Some(match &item.origin {
        Origin::Mobile(folder) => json!({"mobileUpload": {
            "deviceFolder": {"localFolderName": folder}, "deviceType": "ANDROID_PHONE",
        }}),
        Origin::Web => json!({"webUpload": {"computerUpload": {}}}),
        Origin::Partner => json!({"fromPartnerSharing": {}}),
        Origin::SharedAlbum => json!({"fromSharedAlbum": {}}),
        Origin::Composition(kind) => json!({"composition": {"type": kind}}),
        Origin::Unsaid => return None,
    })
}

/// The facts of an album; none if the export has no such file.
pub(crate) fn album_json(library: &TakeoutLibrary, number: usize, form: AlbumForm) -> Option<Vec<u8>> {
    let album = &library.albums[number];
    let newest = album.items.iter().filter_map(|&item| library.items[item].taken).max();
    let facts = || {
        let date = Time::of(newest, &library.language);
        let mut facts = json!({
            "title": album.title,
            "description": album.description,
            "access": "protected",
            "date": date,
            "location": "",
            "geoData": GeoJson::of(None, SidecarForm::Until2024),
        });
        if !album.notes.is_empty() {
            let note = |text: &String| json!({"narrativeEnrichment": {"text": text}});
            facts["enrichments"] = album.notes.iter().map(note).collect();
        }
        if !album.comments.is_empty() {
            facts["sharedAlbumComments"] = comments(&album.comments, newest, &library.language);
        }
        facts
    };
    Some(match form {
        AlbumForm::Absent => return None,
        AlbumForm::Wrapped => pretty(&json!({ "albumData": facts() })),
        AlbumForm::Full => pretty(&facts()),
        AlbumForm::TitleOnly => pretty(&json!({ "title": album.title })),
    })
}

fn comments(comments: &[(String, String)], at: Option<DateTime<Utc>>, language: &Language) -> Value {
    let comment = |(who, what): &(String, String)| {
        json!({
            "text": what,
            "creationTime": Time::of(at, language),
            "contentOwnerName": who,
            "liked": false,
        })
    };
    comments.iter().map(comment).collect()
}

/// The files that stand beside the folders: name and text.
pub(crate) fn product_files(library: &TakeoutLibrary) -> Vec<(&'static str, Vec<u8>)> {
    let memory = |title: &String| json!({ "title": title, "fileName": [] });
    let memories: Value = library.memories.iter().map(memory).collect();
    let all = library.albums.iter().flat_map(|album| &album.comments).cloned().collect::<Vec<_>>();
    vec![
        (library.language.memories_file, pretty(&json!({ "memories": memories }))),
        (
            "shared_album_comments.json",
            pretty(&json!({ "sharedAlbumComments": comments(&all, None, &library.language) })),
        ),
        ("print-subscriptions.json", pretty(&json!({ "printSubscriptions": [] }))),
    ]
}

/// The page that leads a person through the export.
pub(crate) fn browser_page(library: &TakeoutLibrary, files: usize) -> Vec<u8> {
    let product = library.language.product;
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Google Takeout</title></head>\n\
         <body><h1>Google Takeout</h1><h2>{product}</h2><p>{files} files</p></body></html>\n"
    )
    .into_bytes()
}

fn pretty(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).unwrap_or_default()
}
