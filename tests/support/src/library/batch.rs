//! `mediaItems.get` and `mediaItems.batchGet`.

use serde_json::{Value, json};
use std::collections::HashSet;

use crate::library::{Call, wire};
use crate::reply::ApiError;

/// Most identifiers in one `batchGet`.
const BATCH_MAX: usize = 50;
/// `google.rpc.Code`.
const CODE_INVALID_ARGUMENT: u32 = 3;
const CODE_NOT_FOUND: u32 = 5;

/// `mediaItems.get`.
pub(crate) fn get_item(call: &Call<'_>, id: &str) -> Result<Value, ApiError> {
    match call.account.item_by_id(id).filter(|item| call.sees(item)) {
        Some(item) => Ok(wire::item(call, &item)),
        None if call.account.knows_id(id) => Err(ApiError::not_found()),
        None => Err(ApiError::invalid("Invalid media item ID.")),
    }
}

/// `mediaItems.batchGet`: one entry for each id, in their order.
pub(crate) fn batch_get(call: &Call<'_>) -> Result<Value, ApiError> {
    let ids: Vec<&str> =
        call.query.iter().filter(|(key, _)| key == "mediaItemIds").map(|(_, id)| id.as_str()).collect();
    let distinct: HashSet<&&str> = ids.iter().collect();
    if ids.is_empty() || ids.len() > BATCH_MAX || distinct.len() != ids.len() {
        return Err(ApiError::invalid("Request contains an invalid argument."));
    }
    let results: Vec<Value> = ids.iter().map(|id| entry(call, id)).collect();
    Ok(json!({ "mediaItemResults": results }))
}

fn entry(call: &Call<'_>, id: &str) -> Value {
    match call.account.item_by_id(id).filter(|item| call.sees(item)) {
        Some(item) => json!({ "mediaItem": wire::item(call, &item) }),
        None if call.account.knows_id(id) => {
            json!({"status": {"code": CODE_NOT_FOUND, "message": "Requested entity was not found."}})
        }
        None => json!({"status": {"code": CODE_INVALID_ARGUMENT, "message": "Invalid media item ID."}}),
    }
}
