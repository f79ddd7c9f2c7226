//! Items and albums as the API writes them: empty fields left out, 64-bit numbers as text.

use serde_json::{Map, Value, json};

use crate::data::{Album, Field, Item};
use crate::library::{Call, MediaUrl, Sight};

/// One item, with a fresh base URL.
pub(crate) fn item(call: &Call<'_>, item: &Item) -> Value {
    let mut out = Map::new();
    let mut put = |lacking: Field, key: &str, value: String| {
        if !item.lacks(lacking) && !value.is_empty() {
            out.insert(key.to_owned(), value.into());
        }
    };
    put(Field::Id, "id", item.id.clone());
    put(Field::Filename, "filename", item.filename.clone());
    put(Field::MimeType, "mimeType", item.mime.clone());
    put(Field::BaseUrl, "baseUrl", base_url(call, item.number));
    if !item.description.is_empty() {
        out.insert("description".to_owned(), item.description.clone().into());
    }
    out.insert("productUrl".to_owned(), format!("https://photos.google.com/lr/photo/{}", item.id).into());
    if !item.lacks(Field::MediaMetadata) {
        out.insert("mediaMetadata".to_owned(), metadata(item));
    }
    Value::Object(out)
}

/// Where the bytes of item `number` are from now on.
pub(crate) fn base_url(call: &Call<'_>, number: u64) -> String {
    let url = MediaUrl { account: call.account.seed, number, issued_ms: call.now };
    format!("{}/lh3/{}", call.media_origin, url.write(call.seed))
}

fn metadata(item: &Item) -> Value {
    let mut out = json!({ "width": item.size.0.to_string(), "height": item.size.1.to_string() });
    if !item.lacks(Field::CreationTime) {
        // Google drops a fraction of zero and keeps milliseconds otherwise.
        let format = if item.created.timestamp_subsec_millis() == 0 {
            "%Y-%m-%dT%H:%M:%SZ"
        } else {
            "%Y-%m-%dT%H:%M:%S%.3fZ"
        };
        out["creationTime"] = item.created.format(format).to_string().into();
    }
    if item.is_video() {
        out["video"] = json!({
            "cameraMake": "Fake", "cameraModel": "Simulator 1", "fps": 30.0, "status": item.status.word(),
        });
    } else {
        out["photo"] = json!({
            "cameraMake": "Fake", "cameraModel": "Simulator 1", "focalLength": 4.25,
            "apertureFNumber": 1.8, "isoEquivalent": 100, "exposureTime": "0.008s",
        });
    }
    out
}

/// One album.
pub(crate) fn album(call: &Call<'_>, album: &Album) -> Value {
    let mut out = json!({
        "id": album.id,
        "productUrl": format!("https://photos.google.com/lr/album/{}", album.id),
    });
    if !album.title.is_empty() {
        out["title"] = album.title.clone().into();
    }
    if !album.foreign {
        out["isWriteable"] = true.into();
    }
    let seen = |number: &&u64| call.sees_number(**number);
    let count = match call.sight {
        Sight::All => album.items.len(),
        Sight::AppCreated => album.items.iter().filter(seen).count(),
    };
    if count > 0 {
        out["mediaItemsCount"] = count.to_string().into();
    }
    if let Some(cover) = album.items.iter().find(seen).and_then(|&n| call.account.item_by_number(n)) {
        out["coverPhotoBaseUrl"] = base_url(call, cover.number).into();
        out["coverPhotoMediaItemId"] = cover.id.clone().into();
    }
    out
}
