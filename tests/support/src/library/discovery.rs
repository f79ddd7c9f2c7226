//! The discovery document, as far as generated clients need it to read.

use serde_json::{Value, json};

/// The document for an API at `origin`.
pub(crate) fn discovery(origin: &str, auth_origin: &str) -> Value {
    json!({
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": "photoslibrary:v1",
        "name": "photoslibrary",
        "version": "v1",
        "revision": "20251221",
        "title": "Photos Library API",
        "description": "Manage photos, videos, and albums in Google Photos",
        "ownerDomain": "google.com",
        "ownerName": "Google",
        "protocol": "rest",
        "rootUrl": format!("{origin}/"),
        "baseUrl": format!("{origin}/"),
        "servicePath": "",
        "basePath": "",
        "batchPath": "batch",
        "documentationLink": "https://developers.google.com/photos/",
        "auth": {"oauth2": {"scopes": {}, "authUri": format!("{auth_origin}/o/oauth2/auth")}},
        "parameters": global_parameters(),
        "schemas": schemas(),
        "resources": {
            "mediaItems": {"methods": {
                "list": method("mediaItems.list", "GET", "v1/mediaItems", &["pageSize", "pageToken"], None),
                "get": method("mediaItems.get", "GET", "v1/mediaItems/{+mediaItemId}", &["mediaItemId"], None),
                "batchGet": method("mediaItems.batchGet", "GET", "v1/mediaItems:batchGet", &["mediaItemIds"], None),
                "search": method("mediaItems.search", "POST", "v1/mediaItems:search", &[], Some("SearchMediaItemsRequest")),
            }},
            "albums": {"methods": {
                "list": method("albums.list", "GET", "v1/albums", &["pageSize", "pageToken", "excludeNonAppCreatedData"], None),
                "get": method("albums.get", "GET", "v1/albums/{+albumId}", &["albumId"], None),
            }},
            "sharedAlbums": {"methods": {
                "list": method("sharedAlbums.list", "GET", "v1/sharedAlbums", &["pageSize", "pageToken", "excludeNonAppCreatedData"], None),
                "get": method("sharedAlbums.get", "GET", "v1/sharedAlbums/{+shareToken}", &["shareToken"], None),
            }},
        },
    })
}

fn method(id: &str, http: &str, path: &str, parameters: &[&str], request: Option<&str>) -> Value {
    let named: serde_json::Map<String, Value> =
        parameters.iter().map(|&name| (name.to_owned(), parameter(name))).collect();
    let order: Vec<&&str> = parameters.iter().filter(|name| is_path(name)).collect();
    let mut out = json!({
        "id": format!("photoslibrary.{id}"),
        "httpMethod": http,
        "path": path,
        "flatPath": path.replace("{+", "{"),
        "parameters": named,
        "parameterOrder": order,
        "response": {"$ref": "Anything"},
        "scopes": [],
    });
    if let Some(schema) = request {
        out["request"] = json!({ "$ref": schema });
    }
    out
}

fn is_path(name: &str) -> bool {
    ["mediaItemId", "albumId", "shareToken"].contains(&name)
}

fn parameter(name: &str) -> Value {
    match name {
        "pageSize" => json!({"type": "integer", "format": "int32", "location": "query"}),
        "excludeNonAppCreatedData" => json!({"type": "boolean", "location": "query"}),
        "mediaItemIds" => json!({"type": "string", "location": "query", "repeated": true}),
        _ if is_path(name) => {
            json!({"type": "string", "location": "path", "required": true, "pattern": "^[^/]+$"})
        }
        _ => json!({"type": "string", "location": "query"}),
    }
}

fn global_parameters() -> Value {
    let text = || json!({"type": "string", "location": "query"});
    json!({
        "alt": {"type": "string", "location": "query", "default": "json", "enum": ["json"]},
        "fields": text(), "key": text(), "quotaUser": text(), "access_token": text(),
        "prettyPrint": {"type": "boolean", "location": "query", "default": "true"},
    })
}

fn schemas() -> Value {
    let text = || json!({"type": "string"});
    json!({
        "Anything": {"id": "Anything", "type": "object", "properties": {}},
        "SearchMediaItemsRequest": {
            "id": "SearchMediaItemsRequest",
            "type": "object",
            "properties": {
                "albumId": text(), "pageToken": text(), "orderBy": text(),
                "pageSize": {"type": "integer", "format": "int32"},
                "filters": {"type": "object", "additionalProperties": {"type": "any"}},
            },
        },
    })
}
