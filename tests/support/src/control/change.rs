//! Changes over the simulator's own interface.

use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

use crate::control::{Query, Refusal, read, unknown};
use crate::data::{ItemKind, ItemSpec, Synthetic};
use crate::drive::DriveFile;
use crate::faults::Fault;
use crate::oauth::Consent;
use crate::stats::Stats;
use crate::user::User;
use crate::world::World;

#[derive(Deserialize)]
struct NewAccount {
    name: String,
    #[serde(default)]
    items: u64,
    bytes: Option<(u64, u64)>,
    #[serde(default)]
    real: bool,
    #[serde(default)]
    video_every: u64,
}

#[derive(Deserialize)]
struct NewItem {
    account: String,
    kind: Option<ItemKind>,
    filename: Option<String>,
    created: Option<String>,
    mime: Option<String>,
    #[serde(default)]
    description: String,
    len: Option<u64>,
    #[serde(flatten)]
    marks: Marks,
}

#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the JSON")]
struct Marks {
    #[serde(default)]
    real: bool,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    favourite: bool,
    #[serde(default)]
    foreign: bool,
}

#[derive(Deserialize)]
struct AlbumChange {
    account: String,
    id: Option<String>,
    title: Option<String>,
    items: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct NewFile {
    account: String,
    path: std::path::PathBuf,
    name: Option<String>,
    folder: Option<String>,
}

#[derive(Deserialize)]
struct Clock {
    advance_secs: u64,
}

#[derive(Deserialize)]
struct Consenting {
    url: String,
    #[serde(flatten)]
    consent: Consent,
}

#[derive(Deserialize)]
struct Tokens {
    account: String,
    action: String,
}

/// `POST` and `PATCH`.
pub(crate) fn change(world: &Arc<World>, method: &str, what: &str, body: &[u8]) -> Result<Value, Refusal> {
    match (method, what) {
        ("POST", "accounts") => Ok(add_account(world, &read(body)?)),
        ("POST", "items") => add_item(world, read(body)?),
        ("POST", "albums") => add_album(world, read(body)?),
        ("POST", "drive") => add_file(world, read(body)?),
        ("PATCH", "albums") => change_album(world, &read(body)?),
        ("POST", "faults") => Ok(json!({ "id": world.faults().add(read::<Fault>(body)?) })),
        ("POST", "clock") => {
            world.clock.advance(Duration::from_secs(read::<Clock>(body)?.advance_secs));
            Ok(json!({ "now": world.clock.now() }))
        }
        ("POST", "consent") => {
            let asked: Consenting = read(body)?;
            let redirect = world.consent(&asked.url, &asked.consent).map_err(|say| (400, say))?;
            Ok(json!({ "redirect": redirect }))
        }
        ("POST", "tokens") => end_tokens(world, &read(body)?),
        _ => Err(unknown(what)),
    }
}

/// `DELETE`.
pub(crate) fn delete(world: &Arc<World>, what: &str, query: &Query) -> Result<Value, Refusal> {
    let found = match what {
        "faults" => {
            world.faults().clear();
            true
        }
        "stats" => {
            *world.stats() = Stats::default();
            true
        }
        "items" => user(world, query.need("account")?)?.remove_item(query.need("id")?),
        "albums" => user(world, query.need("account")?)?.remove_album(query.need("id")?),
        "drive" => user(world, query.need("account")?)?.drive().remove(query.need("id")?),
        _ => false,
    };
    if found { Ok(json!({})) } else { Err(unknown(what)) }
}

fn user(world: &Arc<World>, name: &str) -> Result<User, Refusal> {
    if world.state().accounts.contains_key(name) {
        Ok(User::new(Arc::clone(world), name))
    } else {
        Err((404, format!("no account `{name}`")))
    }
}

fn add_account(world: &World, asked: &NewAccount) -> Value {
    let mut items = Synthetic::photos(asked.items);
    if let Some((min, max)) = asked.bytes {
        items.bytes = min..=max.max(min);
    }
    items.real = asked.real;
    items.video_every = asked.video_every;
    world.add_account(&asked.name, items);
    json!({})
}

fn add_item(world: &Arc<World>, asked: NewItem) -> Result<Value, Refusal> {
    let user = user(world, &asked.account)?;
    let mut spec =
        ItemSpec { filename: asked.filename, mime: asked.mime, len: asked.len, ..ItemSpec::default() };
    spec.description = asked.description;
    spec.real = asked.marks.real;
    spec.marks.archived = asked.marks.archived;
    spec.marks.favourite = asked.marks.favourite;
    spec.marks.foreign = asked.marks.foreign;
    if let Some(created) = asked.created {
        spec.created = Some(created.parse().map_err(|e| (400, format!("`{created}`: {e}")))?);
    }
    let id = user.add(spec, asked.kind.unwrap_or(ItemKind::Photo));
    Ok(json!({ "id": id }))
}

fn add_file(world: &Arc<World>, asked: NewFile) -> Result<Value, Refusal> {
    let user = user(world, &asked.account)?;
    let bytes = asked.path.metadata().map_err(|e| (400, format!("`{}`: {e}", asked.path.display())))?.len();
    let mut file = DriveFile::part(&asked.path);
    if let Some(name) = asked.name {
        file.name = name;
    }
    if let Some(folder) = asked.folder {
        file = file.folder(folder);
    }
    Ok(json!({ "id": user.drive().add(file), "bytes": bytes }))
}

fn known_items(world: &World, account: &str, items: &[String]) -> Result<(), Refusal> {
    let state = world.state();
    let account = state.accounts.get(account);
    let unknown = items.iter().find(|id| account.is_none_or(|account| account.item_by_id(id).is_none()));
    unknown.map_or(Ok(()), |id| Err((400, format!("no item `{id}`"))))
}

fn add_album(world: &Arc<World>, asked: AlbumChange) -> Result<Value, Refusal> {
    let items = asked.items.unwrap_or_default();
    known_items(world, &asked.account, &items)?;
    let id = user(world, &asked.account)?.add_album(&asked.title.unwrap_or_default(), &items);
    Ok(json!({ "id": id }))
}

fn change_album(world: &Arc<World>, asked: &AlbumChange) -> Result<Value, Refusal> {
    let user = user(world, &asked.account)?;
    let id = asked.id.as_deref().ok_or((400, "`id` is missing".to_owned()))?;
    let mut found = true;
    if let Some(items) = &asked.items {
        known_items(world, &asked.account, items)?;
        found &= user.set_album_items(id, items);
    }
    if let Some(title) = &asked.title {
        found &= user.rename_album(id, title);
    }
    if found { Ok(json!({})) } else { Err((404, format!("no album `{id}`"))) }
}

fn end_tokens(world: &Arc<World>, asked: &Tokens) -> Result<Value, Refusal> {
    let user = user(world, &asked.account)?;
    match asked.action.as_str() {
        "revoke" => user.revoke_grant(),
        "expire-access" => user.expire_access_tokens(),
        "kill-refresh" => user.kill_refresh_tokens(),
        other => return Err((400, format!("no action `{other}`"))),
    }
    Ok(json!({}))
}
