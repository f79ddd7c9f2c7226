//! The JSON files of an export, recognised by what they hold.
//!
//! Owns: the facts of an item and of an album as Google writes them, and the telling apart of the other files. Invariant: pure; every
//! field is optional, unknown ones are tolerated, a field of a wrong type is a missing one, and every text and list is bounded.
//! Names of files play no part: they are translated. May import: nothing. Tests: `src/takeout/sidecar/tests.rs`.

#[cfg(test)]
mod tests;
mod value;

use serde_json::{Map, Value};

use crate::takeout::sidecar::value::{count, flag, geo, list, moment, text};

/// The most bytes of one JSON file that are looked at; those of items have about one KiB.
pub const JSON_BYTES_MAX: usize = 1024 * 1024;

/// The most names of people that are kept of one item.
pub const PEOPLE_MAX: usize = 1_000;

/// The most comments, texts and places that are kept of one album.
pub const ENRICHMENTS_MAX: usize = 10_000;

/// What a JSON file of an export is.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// The sidecar of a photo or video.
    Item(Box<ItemFacts>),
    /// The file of an album.
    Album(Box<AlbumFacts>),
    /// Another file of Google's, or of unknown kind: kept, and read no further.
    Other(OtherJson),
    /// Not JSON, or not readable: why.
    Broken(String),
}

/// Files that are neither an item's nor an album's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OtherJson {
    /// Titles of memories, `user-generated-memory-titles.json`.
    MemoryTitles,
    /// Comments in shared albums, `shared_album_comments.json`.
    SharedAlbumComments,
    /// Subscriptions to prints, `print-subscriptions.json`.
    PrintSubscriptions,
    /// Sound JSON of no known kind.
    Unknown,
}

impl OtherJson {
    /// The kind in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MemoryTitles => "titles of memories",
            Self::SharedAlbumComments => "comments in shared albums",
            Self::PrintSubscriptions => "subscriptions to prints",
            Self::Unknown => "JSON of an unknown kind",
        }
    }
}

/// A place on earth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geo {
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// Metres above the sea; none if Google tells 0, which stands for unknown.
    pub altitude: Option<f64>,
}

/// What a sidecar says of its item.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own in Google's JSON")]
pub struct ItemFacts {
    /// The name it was uploaded with; the best name there is, but not yet safe for any disk.
    pub title: Option<String>,
    /// The caption.
    pub description: Option<String>,
    /// When the picture was taken, seconds since 1970, UTC; may be negative. None if missing, empty or 0.
    pub taken: Option<i64>,
    /// When it came into Google Photos; other copies of the item, in albums, may have another moment.
    pub created: Option<i64>,
    /// When it was last changed there.
    pub modified: Option<i64>,
    /// Where, as people see and edit it in Google Photos.
    pub geo: Option<Geo>,
    /// Where, as the file itself said.
    pub geo_exif: Option<Geo>,
    /// Names of the people in it, as labelled by the user, without duplicates.
    pub people: Vec<String>,
    /// Its page in Google Photos.
    pub url: Option<String>,
    /// Whether it is a favourite.
    pub favorited: bool,
    /// Whether it is archived.
    pub archived: bool,
    /// Whether it is in the trash.
    pub trashed: bool,
    /// Whether it is in the locked folder.
    pub locked: bool,
    /// How often it was seen by others.
    pub views: Option<u64>,
    /// How it came into Google Photos: the key that Google gives, such as `mobileUpload` or `fromPartnerSharing`.
    pub origin: Option<String>,
    /// The kind of device that uploaded it, such as `ANDROID_PHONE`.
    pub device_type: Option<String>,
    /// The folder on the device, where it is told.
    pub device_folder: Option<String>,
    /// The app on the device that it came from, such as `com.whatsapp`.
    pub app: Option<String>,
}

/// What the file of an album says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlbumFacts {
    /// The title; none or empty for an untitled album.
    pub title: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// Who can see it: `protected`, `shared`, ...
    pub access: Option<String>,
    /// Its date, seconds since 1970, UTC.
    pub date: Option<i64>,
    /// Where it is.
    pub geo: Option<Geo>,
    /// Texts and names of places between its photos, in order.
    pub texts: Vec<String>,
    /// Comments, in order.
    pub comments: Vec<Comment>,
}

/// A comment in a shared album.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comment {
    /// What was written.
    pub text: Option<String>,
    /// By whom.
    pub by: Option<String>,
    /// When, seconds since 1970, UTC.
    pub at: Option<i64>,
    /// Whether it is a mark of liking instead of a text.
    pub liked: bool,
}

impl Json {
    /// Reads the content of one JSON file.
    pub fn parse(bytes: &[u8]) -> Self {
        if bytes.len() > JSON_BYTES_MAX {
            return Self::Broken(format!("it has more than {JSON_BYTES_MAX} bytes: {}", bytes.len()));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match serde_json::from_slice::<Value>(bytes) {
            Ok(Value::Object(object)) => of_object(&object),
            Ok(_) => Self::Other(OtherJson::Unknown),
            Err(error) => Self::Broken(error.to_string()),
        }
    }
}

fn of_object(object: &Map<String, Value>) -> Json {
    if let Some(Value::Object(album)) = object.get("albumData") {
        return Json::Album(Box::new(album_facts(album)));
    }
    let has = |key: &str| object.contains_key(key);
    let is_mostly = |marks: &[&str]| marks.iter().any(|mark| has(mark));
    // The file of comments has them at the top and no title; an album has a title, and may have comments.
    if is_mostly(&["photoTakenTime"])
        || (has("title") && is_mostly(&["creationTime", "url", "googlePhotosOrigin"]))
    {
        return Json::Item(Box::new(item_facts(object)));
    }
    if is_mostly(&["printSubscriptions", "printSubscription", "subscriptions"]) && !has("title") {
        return Json::Other(OtherJson::PrintSubscriptions);
    }
    if is_mostly(&["memoryTitles", "userGeneratedMemoryTitles", "memories"]) && !has("title") {
        return Json::Other(OtherJson::MemoryTitles);
    }
    if is_mostly(&["sharedAlbumComments", "albumComments"]) && !has("title") {
        return Json::Other(OtherJson::SharedAlbumComments);
    }
    if has("title") || (is_mostly(&["access", "enrichments"]) && has("date")) {
        return Json::Album(Box::new(album_facts(object)));
    }
    Json::Other(OtherJson::Unknown)
}

fn item_facts(object: &Map<String, Value>) -> ItemFacts {
    let (origin, device_type, device_folder) = origin_facts(object.get("googlePhotosOrigin"));
    let modified =
        moment(object.get("photoLastModifiedTime")).or_else(|| moment(object.get("modificationTime")));
    ItemFacts {
        title: text(object.get("title")),
        description: text(object.get("description")),
        taken: moment(object.get("photoTakenTime")),
        created: moment(object.get("creationTime")),
        modified,
        geo: geo(object.get("geoData")),
        geo_exif: geo(object.get("geoDataExif")),
        people: people(object.get("people")),
        url: text(object.get("url")),
        favorited: flag(object.get("favorited")),
        archived: flag(object.get("archived")),
        trashed: flag(object.get("trashed")),
        locked: flag(object.get("inLockedFolder")) || flag(object.get("locked")),
        views: count(object.get("imageViews")),
        origin,
        device_type,
        device_folder,
        app: object.get("appSource").and_then(|app| text(app.get("androidPackageName"))),
    }
}

/// Origin, kind of device and folder on it. The origin is the one key of the object; more than one are joined.
fn origin_facts(origin: Option<&Value>) -> (Option<String>, Option<String>, Option<String>) {
    let Some(Value::Object(origin)) = origin else { return (None, None, None) };
    let keys: Vec<&str> = origin.keys().map(String::as_str).take(8).collect();
    let origin_name = text(Some(&Value::String(keys.join(" "))));
    let upload = origin.values().find_map(Value::as_object);
    let device_type = upload.and_then(|upload| text(upload.get("deviceType")));
    let folder = upload.and_then(|upload| upload.get("deviceFolder"));
    (origin_name, device_type, folder.and_then(|folder| text(folder.get("localFolderName"))))
}

fn people(people: Option<&Value>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for name in list(people).iter().take(PEOPLE_MAX).filter_map(|person| text(person.get("name"))) {
        if seen.insert(name.clone()) {
            names.push(name);
        }
    }
    names
}

fn album_facts(object: &Map<String, Value>) -> AlbumFacts {
    let comments = list(object.get("sharedAlbumComments")).iter().take(ENRICHMENTS_MAX).map(comment);
    AlbumFacts {
        title: text(object.get("title")),
        description: text(object.get("description")),
        access: text(object.get("access")),
        date: moment(object.get("date")),
        geo: geo(object.get("geoData")),
        texts: list(object.get("enrichments")).iter().flat_map(texts).take(ENRICHMENTS_MAX).collect(),
        comments: comments.collect(),
    }
}

fn comment(comment: &Value) -> Comment {
    Comment {
        text: text(comment.get("text")),
        by: text(comment.get("contentOwnerName")),
        at: moment(comment.get("creationTime")),
        liked: flag(comment.get("liked")),
    }
}

/// The texts of one enrichment: a narrative, or places with names and descriptions.
fn texts(enrichment: &Value) -> Vec<String> {
    let narrative = enrichment.get("narrativeEnrichment").and_then(|narrative| text(narrative.get("text")));
    let places = enrichment.get("locationEnrichment").and_then(|enrichment| enrichment.get("location"));
    let of_place = |place: &Value| [text(place.get("name")), text(place.get("description"))];
    narrative.into_iter().chain(list(places).iter().flat_map(of_place).flatten()).collect()
}

/// Whether a file is the page that Google puts beside the products, or another page: by its first bytes.
pub fn is_html(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let starts = |mark: &[u8]| head.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    starts(b"<!doctype html") || starts(b"<html")
}
