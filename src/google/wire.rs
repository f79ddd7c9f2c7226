//! Google's JSON as values.
//!
//! Invariant: pure; every field is optional, numbers may be texts, unknown fields are passed over; an entry that
//! cannot be read never fails its page, but a page that cannot be read is never taken for an empty one.
//! May import: `media`, `secret`. Tests: `wire/tests.rs`.

use chrono::{DateTime, Datelike, Utc};
use serde_json::Value;

use crate::google::text::clean;
use crate::google::{AlbumPage, BatchEntry, MediaItemPage};
use crate::media::{Album, AlbumId, BaseUrl, MediaId, MediaItem, MediaKind};
use crate::secret::Secret;

#[cfg(test)]
mod tests;

/// The years in which a picture can have been taken: photography begins in the 1820s, and what lies far ahead is
/// a camera's fault that file systems and folders need not bear.
const YEARS: std::ops::RangeInclusive<i32> = 1820..=2199;

/// `google.rpc.Code` for what the answer does not tell.
const CODE_UNKNOWN: i32 = 2;

/// A page of `mediaItems.list` or `.search`, asked for with `sent`.
pub(crate) fn item_page(answer: &Value, sent: Option<&str>) -> Result<MediaItemPage, &'static str> {
    let entries = list(answer, "mediaItems")?;
    let next = next_token(answer, sent)?;
    let items: Vec<MediaItem> = entries.iter().filter_map(item).collect();
    let malformed = (entries.len() - items.len()) as u64;
    Ok(MediaItemPage { items, next, malformed })
}

/// A page of `albums.list`, asked for with `sent`.
pub(crate) fn album_page(answer: &Value, sent: Option<&str>) -> Result<AlbumPage, &'static str> {
    let entries = list(answer, "albums")?;
    let next = next_token(answer, sent)?;
    let albums: Vec<Album> = entries.iter().filter_map(album).collect();
    let malformed = (entries.len() - albums.len()) as u64;
    Ok(AlbumPage { albums, next, malformed })
}

/// The answer of `mediaItems.batchGet` for the `asked` ids: one entry for each, in their order.
pub(crate) fn batch(answer: &Value, asked: &[&MediaId]) -> Result<Vec<BatchEntry>, &'static str> {
    let entries = list(answer, "mediaItemResults")?;
    let mut found: Vec<MediaItem> =
        entries.iter().filter_map(|entry| entry.get("mediaItem")).filter_map(item).collect();
    let aligned = entries.len() == asked.len();
    let entry_for = |(place, id): (usize, &&MediaId)| {
        if let Some(at) = found.iter().position(|item| item.id == **id) {
            return BatchEntry::Found(Box::new(found.swap_remove(at)));
        }
        // A refusal does not name its id: only its place does, and only if every id has a place.
        refusal((*id).clone(), entries.get(place).filter(|_| aligned))
    };
    Ok(asked.iter().enumerate().map(entry_for).collect())
}

fn refusal(id: MediaId, entry: Option<&Value>) -> BatchEntry {
    let status = entry.and_then(|entry| entry.get("status"));
    let code = status.and_then(|status| number(status, "code")).and_then(|code| i32::try_from(code).ok());
    let message = status.and_then(|status| text(status, "message"));
    BatchEntry::Refused {
        id,
        // Code 0 would mean success, yet there is no item.
        code: code.filter(|code| *code != 0).unwrap_or(CODE_UNKNOWN),
        message: message
            .map_or_else(|| "the answer does not tell why".to_owned(), |words| clean(&words, None)),
    }
}

/// One item; none without an id.
pub(crate) fn item(entry: &Value) -> Option<MediaItem> {
    let null = Value::Null;
    let metadata = entry.get("mediaMetadata").unwrap_or(&null);
    let camera = metadata.get("photo").or(metadata.get("video")).unwrap_or(&null);
    let mime = text(entry, "mimeType");
    Some(MediaItem {
        id: MediaId(text(entry, "id")?),
        filename: text(entry, "filename"),
        kind: kind_of(mime.as_deref(), metadata),
        mime,
        created: text(metadata, "creationTime").and_then(|time| parse_time(&time)),
        description: text(entry, "description"),
        product_url: text(entry, "productUrl"),
        width: pixels(metadata, "width"),
        height: pixels(metadata, "height"),
        camera_make: text(camera, "cameraMake"),
        camera_model: text(camera, "cameraModel"),
        base_url: text(entry, "baseUrl").map(|url| BaseUrl(Secret::new(url))),
    })
}

/// One album; none without an id.
pub(crate) fn album(entry: &Value) -> Option<Album> {
    Some(Album {
        id: AlbumId(text(entry, "id")?),
        title: text(entry, "title").unwrap_or_default(),
        items_count: number(entry, "mediaItemsCount").unwrap_or_default(),
        cover: text(entry, "coverPhotoMediaItemId").map(MediaId),
    })
}

/// The type decides; where it does not, the metadata that is there.
fn kind_of(mime: Option<&str>, metadata: &Value) -> MediaKind {
    let video = metadata.get("video").filter(|video| video.is_object());
    let mime = mime.unwrap_or_default().to_ascii_lowercase();
    let is_video = mime.starts_with("video/") || (!mime.starts_with("image/") && video.is_some());
    if !is_video {
        return MediaKind::Photo;
    }
    match video.and_then(|video| text(video, "status")).as_deref() {
        Some("PROCESSING") => MediaKind::VideoProcessing,
        Some("FAILED") => MediaKind::VideoFailed,
        Some(_) | None => MediaKind::Video,
    }
}

/// A moment in RFC 3339 that a file system can bear.
pub(crate) fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    YEARS.contains(&time.year()).then_some(time)
}

/// The entries of a page; a list that is left out is empty.
pub(crate) fn list<'a>(answer: &'a Value, key: &str) -> Result<&'a [Value], &'static str> {
    let Some(fields) = answer.as_object() else { return Err("the answer was not a page") };
    if fields.contains_key("error") {
        return Err("the answer has an error in it");
    }
    match fields.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(entries)) => Ok(entries),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            Err("the answer was not a page")
        }
    }
}

/// The next page's token; the one just sent would lead round in a circle.
pub(crate) fn next_token(answer: &Value, sent: Option<&str>) -> Result<Option<String>, &'static str> {
    match answer.get("nextPageToken") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(token)) if token.is_empty() => Ok(None),
        Some(Value::String(token)) if Some(token.as_str()) == sent => {
            Err("the next page is the same page again")
        }
        Some(Value::String(token)) => Ok(Some(token.clone())),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err("the answer was not a page")
        }
    }
}

/// A text that is there and not empty.
pub(crate) fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned)
}

/// A number, or a text with one: int64 travels as text.
pub(crate) fn number(value: &Value, key: &str) -> Option<u64> {
    let value = value.get(key)?;
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn pixels(metadata: &Value, key: &str) -> Option<u32> {
    number(metadata, key).and_then(|pixels| u32::try_from(pixels).ok()).filter(|pixels| *pixels > 0)
}
