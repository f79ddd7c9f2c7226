//! Faults inside an answer's JSON.

use serde_json::{Value, json};

use crate::data::Field;
use crate::faults::{Drawn, Effect};

/// Changes `body` as the fault says.
pub(crate) fn edit_json(body: &mut Value, drawn: &Drawn) {
    if let Effect::BatchRefuse { code, message } = &drawn.effect {
        each_result(body, drawn, &json!({"status": {"code": code, "message": message}}));
    } else if let Effect::Omit { field } = &drawn.effect {
        omit(body, drawn, *field);
    } else if drawn.effect == Effect::RepeatItem {
        repeat(body, drawn);
    } else if drawn.effect == Effect::BatchNull {
        each_result(body, drawn, &Value::Null);
    } else if drawn.effect == Effect::BatchEmpty {
        each_result(body, drawn, &json!({}));
    }
}

fn is_hit(item: &Value, drawn: &Drawn) -> bool {
    drawn
        .item
        .as_deref()
        .is_none_or(|name| item["id"] == name || item["filename"] == name || item["name"] == name)
}

fn repeat(body: &mut Value, drawn: &Drawn) {
    for list in ["mediaItems", "albums", "files"] {
        if let Some(entries) = body.get_mut(list).and_then(Value::as_array_mut)
            && let Some(again) = entries.iter().find(|item| is_hit(item, drawn)).cloned()
        {
            entries.push(again);
        }
    }
}

fn each_result(body: &mut Value, drawn: &Drawn, instead: &Value) {
    let Some(results) = body.get_mut("mediaItemResults").and_then(Value::as_array_mut) else { return };
    for result in results.iter_mut().filter(|result| is_hit(&result["mediaItem"], drawn)) {
        *result = instead.clone();
    }
}

fn omit(body: &mut Value, drawn: &Drawn, field: Field) {
    if body.get("mediaItems").is_none() && body.get("mediaItemResults").is_none() {
        if is_hit(body, drawn) {
            omit_field(body, field);
        }
        return;
    }
    for list in ["mediaItems", "mediaItemResults"] {
        let Some(entries) = body.get_mut(list).and_then(Value::as_array_mut) else { continue };
        for entry in entries {
            let item = if list == "mediaItems" { entry } else { &mut entry["mediaItem"] };
            if is_hit(item, drawn) {
                omit_field(item, field);
            }
        }
    }
}

fn omit_field(item: &mut Value, field: Field) {
    let (within, key) = match field {
        Field::Id => (None, "id"),
        Field::Filename => (None, "filename"),
        Field::MimeType => (None, "mimeType"),
        Field::BaseUrl => (None, "baseUrl"),
        Field::MediaMetadata => (None, "mediaMetadata"),
        Field::CreationTime => (Some("mediaMetadata"), "creationTime"),
    };
    let holder = match within {
        Some(name) => item.get_mut(name),
        None => Some(item),
    };
    if let Some(holder) = holder.and_then(Value::as_object_mut) {
        holder.remove(key);
    }
}
