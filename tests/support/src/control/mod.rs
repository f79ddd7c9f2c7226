//! The simulator's own interface over HTTP, for shell scripts and foreign clients' tests.
//!
//! Owns: `/_control/...`, JSON in and out. Invariant: does only what the Rust interface does.
//! May import: `world`, `data`, `faults`, `oauth`, `reply`. Tests: `tests/`.
//!
//! | request | body or query | answer |
//! |---|---|---|
//! | `POST accounts` | `{name, items?, bytes?: [min, max], real?, video_every?}` | `{}` |
//! | `POST items` | `{account, kind?, filename?, created?, mime?, description?, len?, real?, archived?, favourite?, foreign?}` | `{id}` |
//! | `DELETE items` | `?account=&id=` | `{}` or 404 |
//! | `POST albums` | `{account, title, items: [id]}` | `{id}` |
//! | `PATCH albums` | `{account, id, title?, items?}` | `{}` or 404 |
//! | `DELETE albums` | `?account=&id=` | `{}` or 404 |
//! | `POST drive` | `{account, path, name?, folder?}`: a file on this machine | `{id, bytes}` |
//! | `DELETE drive` | `?account=&id=` | `{}` or 404 |
//! | `GET truth` | `?account=&sha256=1` | items and albums |
//! | `POST faults` | a fault | `{id}` |
//! | `GET faults` | `?id=` | `{fired}` |
//! | `DELETE faults` | | `{}` |
//! | `POST clock` | `{advance_secs}` | `{now}` |
//! | `GET stats`, `DELETE stats` | | all counts |
//! | `POST consent` | `{url, account, scopes?, deny?}` | `{redirect}` |
//! | `GET token` | `?account=&scope=` | a token file |
//! | `POST tokens` | `{account, action: revoke, expire-access or kill-refresh}` | `{}` |
//! | `GET client-secret` | | `client_secret.json` |

mod change;

use http::{Method, StatusCode, Uri};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::data::Truth;
use crate::faults::FaultId;
use crate::library::read_query;
use crate::reply::Reply;
use crate::settings::SCOPE_APP_CREATED;
use crate::stats::Stats;
use crate::world::World;

/// Why a request is refused: status and words.
type Refusal = (u16, String);

/// Answers a request.
pub(crate) fn answer(world: &Arc<World>, method: &Method, uri: &Uri, body: &[u8]) -> Reply {
    let query = Query(read_query(uri.query().unwrap_or("")));
    let what = uri.path().strip_prefix("/_control/").unwrap_or("");
    let answer = match (method.as_str(), what) {
        ("GET", _) => look(world, what, &query),
        ("DELETE", _) => change::delete(world, what, &query),
        _ => change::change(world, method.as_str(), what, body),
    };
    match answer {
        Ok(value) => Reply::json(value),
        Err((status, say)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            Reply::json_with(status, json!({ "error": say }))
        }
    }
}

/// Query parameters.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| (400, format!("`{name}` is missing")))
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|e| (400, e.to_string()))
}

fn unknown(what: &str) -> Refusal {
    (404, format!("nothing at `{what}`"))
}

fn look(world: &World, what: &str, query: &Query) -> Result<Value, Refusal> {
    match what {
        "stats" => Ok(stats(&world.stats())),
        "truth" => truth(world, query.need("account")?, query.get("sha256").is_some()),
        "token" => {
            let scopes = query.get("scope").unwrap_or(SCOPE_APP_CREATED);
            let scopes: Vec<String> = scopes.split_whitespace().map(str::to_owned).collect();
            Ok(world.token_file(query.need("account")?, &scopes))
        }
        "client-secret" => Ok(world.client_secret()),
        "faults" => {
            let id = query.need("id")?.parse().map_err(|_| (400, "`id` is no number".to_owned()))?;
            Ok(json!({ "fired": world.faults().fired(FaultId(id)) }))
        }
        _ => Err(unknown(what)),
    }
}

fn stats(stats: &Stats) -> Value {
    serde_json::to_value(stats).unwrap_or_default()
}

fn truth(world: &World, account: &str, sha256: bool) -> Result<Value, Refusal> {
    let truth = {
        let state = world.state();
        let account = state.accounts.get(account).ok_or_else(|| (404, format!("no account `{account}`")))?;
        Truth::of(account)
    };
    let items: Vec<Value> = truth
        .items
        .iter()
        .map(|item| {
            let mut out = json!({
                "id": item.id, "filename": item.filename, "created": item.created, "kind": item.kind,
                "mime": item.mime, "archived": item.archived, "app_created": item.app_created,
                "status": item.status,
            });
            if sha256 {
                out["sha256"] = item.sha256().into();
                out["bytes"] = item.content.len().into();
            }
            out
        })
        .collect();
    let album = |album: &crate::data::TruthAlbum| json!({"id": album.id, "title": album.title, "items": album.items, "app_created": album.app_created});
    Ok(json!({"items": items, "albums": truth.albums.iter().map(album).collect::<Vec<_>>()}))
}
