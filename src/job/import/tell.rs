//! What the sidecars of an export say goes to the index, and beside the files if that is wished.
//!
//! Invariant: Google's JSON is kept as it is, every version of it; media files are never changed, nor is a sidecar that somebody
//! else wrote or changed. May import: `takeout`, `embedded`,
//! `store`, `fs`. Tests: `tests/it`.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::clock::wall_now;
use crate::config::Sidecar;
use crate::embedded::{DateOrigin, Dated, Embedded};
use crate::fs::{FsError, Root};
use crate::job::Outcome;
use crate::job::faults::{end_of_fs, end_of_store, text_of};
use crate::job::import::inside::read_inside;
use crate::job::import::name::{date_of, facts_in};
use crate::job::import::packed::unpack;
use crate::job::place::{Beside, SidecarRule, place_sidecar, remove_sidecar};
use crate::job::tools::{Tools, blocking};
use crate::job::xmp::{Facts, xmp_of_lacking};
use crate::media::MediaId;
use crate::store::{EntryRole, ItemTold, StoreError, Telling, UntoldEntry};
use crate::takeout::sidecar::ItemFacts;

/// Files told of in one step.
const FILES_AT_ONCE: u32 = 256;

/// The fact that remembers for which kind of sidecars everything was told.
const KIND_FACT: &str = "sidecars-of-exports";

/// A sidecar to be written, or with no text to be removed.
struct Beneath {
    id: MediaId,
    path: String,
    key: String,
    created: Option<DateTime<Utc>>,
    text: Option<String>,
    written: Vec<[u8; 32]>,
}

/// Writes the sidecars of files that were imported before sidecars of this kind were wished.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn tell_anew(tools: &Tools) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let word = match tools.library.sidecar {
        Sidecar::None => "none",
        Sidecar::Json => "json",
        Sidecar::Xmp => "xmp",
    };
    if tools.store.fact(KIND_FACT).await.map_err(fault)?.as_deref().unwrap_or("none") == word {
        return Ok(());
    }
    if tools.library.sidecar != Sidecar::None {
        tools.store.untell().await.map_err(fault)?;
        let mut is_whole = true;
        for export in tools.store.exports().await.map_err(fault)? {
            is_whole &= tell_facts(tools, export.n, export.stamp).await?;
        }
        if !is_whole {
            return Ok(());
        }
    }
    tools.store.set_fact(KIND_FACT, Some(word.to_owned())).await.map_err(fault)
}

/// Writes what the sidecars of a set say; whether all of it could be written. What could not is told anew by the next run.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn tell_facts(
    tools: &Tools,
    export: i64,
    stamp: Option<DateTime<Utc>>,
) -> Result<bool, Outcome> {
    let mut is_whole = true;
    let now = wall_now();
    let rule = SidecarRule { kind: tools.library.sidecar, mode: tools.library.file_mode };
    // Ends: every round tells of files for good, and an export has an end.
    loop {
        if tools.stop.is_begun() {
            return Err(Outcome::Interrupted);
        }
        let untold = tools.store.untold(export, FILES_AT_ONCE).await.map_err(|error| end_of_store(&error))?;
        if untold.is_empty() {
            return Ok(is_whole);
        }
        let (mut tellings, mut sidecars) = (Vec::new(), Vec::new());
        for entry in untold {
            let (telling, sidecar) = tell(entry, stamp.unwrap_or(now), now, rule.kind);
            tellings.push(telling);
            sidecars.extend(sidecar);
        }
        if rule.kind == Sidecar::Json {
            // Google's JSON does not name our item, so it is known by its bytes.
            for sidecar in &mut sidecars {
                let known = tools.store.revisions(sidecar.id.clone()).await;
                sidecar.written = known.map_err(|error| end_of_store(&error))?;
            }
        }
        let root = tools.root.clone();
        if let Some(reason) = blocking(move || write_sidecars(&root, &sidecars, rule)).await?? {
            is_whole = false;
            tools.leave_undone(reason);
            tools.store.set_fact(KIND_FACT, None).await.map_err(|error| end_of_store(&error))?;
        }
        tools.store.record_told(tellings).await.map_err(|error| end_of_store(&error))?;
    }
}

fn tell(
    entry: UntoldEntry,
    stamp: DateTime<Utc>,
    now: DateTime<Utc>,
    kind: Sidecar,
) -> (Telling, Option<Beneath>) {
    let json = unpack(&entry.json).unwrap_or_default();
    let embedded = read_inside(entry.embedded.as_deref()).embedded;
    let facts = facts_in(Some(&json)).unwrap_or_default();
    let dated = date_of(&embedded, Some(&facts), entry.mtime, now);
    let text = match kind {
        Sidecar::None => None,
        // Of an edited copy the original's JSON would say another title.
        Sidecar::Json if entry.role != EntryRole::Main => None,
        Sidecar::Json => Some(String::from_utf8_lossy(&json).into_owned()),
        Sidecar::Xmp => xmp_of_lacking(&lacking(&entry, &embedded, &facts, &dated)),
    };
    // An older export may come after a newer one, whose words stay.
    let is_newest = entry.told.is_none_or(|told| told <= stamp);
    let is_beside = text.is_some() || kind == Sidecar::Xmp;
    let sidecar = (is_newest && is_beside).then(|| Beneath {
        id: entry.id.clone(),
        path: entry.path.clone(),
        key: format!("side-{}-{}", entry.key.0, entry.key.1),
        created: dated.at,
        text,
        written: Vec::new(),
    });
    let telling = Telling {
        key: entry.key,
        id: entry.id,
        stamp,
        digest: Sha256::digest(&json).into(),
        json: entry.json,
        told: told_of(&facts, &dated, entry.role),
    };
    (telling, sidecar)
}

/// What is known of a file, and what it holds itself. The place is the one that Google Photos shows, for a person may have set it.
fn lacking<'a>(
    entry: &'a UntoldEntry,
    embedded: &Embedded,
    facts: &'a ItemFacts,
    dated: &Dated,
) -> Facts<'a> {
    let geo = facts.geo.as_ref().or(facts.geo_exif.as_ref());
    Facts {
        id: &entry.id.0,
        file_name: entry.path.rsplit('/').next().unwrap_or_default(),
        // It names the original, which an edited copy is not.
        title: facts.title.as_deref().filter(|_| entry.role == EntryRole::Main),
        taken: dated.at,
        offset: dated.offset,
        latitude_longitude: geo.map(|geo| (geo.latitude, geo.longitude)),
        altitude: geo.and_then(|geo| geo.altitude),
        description: facts.description.as_deref(),
        people: &facts.people,
        is_favourite: facts.favorited,
        has_date: dated.origin == DateOrigin::Embedded,
        has_position: embedded.gps.is_some(),
        has_description: embedded.has_description,
        has_rating: embedded.has_rating,
    }
}

/// What the index keeps; a title names the original alone, for by it files are found.
fn told_of(facts: &ItemFacts, dated: &Dated, role: EntryRole) -> ItemTold {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let geo = facts.geo.as_ref().or(facts.geo_exif.as_ref());
    ItemTold {
        title: text(&facts.title).filter(|_| role == EntryRole::Main),
        description: text(&facts.description),
        taken: facts.taken,
        geo: geo.map(|geo| (geo.latitude, geo.longitude, geo.altitude)),
        people: if facts.people.is_empty() { None } else { serde_json::to_string(&facts.people).ok() },
        url: text(&facts.url),
        favorited: facts.favorited,
        archived: facts.archived,
        trashed: facts.trashed,
        origin: text(&facts.origin),
        dated_by: dated_by(dated),
        offset_minutes: offset_minutes(dated),
    }
}

/// What dated an item, as the index has it.
pub(crate) fn dated_by(dated: &Dated) -> u8 {
    match dated.origin {
        DateOrigin::Embedded => 0,
        DateOrigin::Sidecar => 1,
        DateOrigin::Entry => 2,
        DateOrigin::None => 3,
    }
}

/// How far local time was ahead of UTC, minutes.
pub(crate) fn offset_minutes(dated: &Dated) -> Option<i32> {
    dated.offset.map(|offset| offset.local_minus_utc() / 60)
}

/// Writes the sidecars; why one could not be written, if one could not.
fn write_sidecars(root: &Root, sidecars: &[Beneath], rule: SidecarRule) -> Result<Option<String>, Outcome> {
    let mut fault = None;
    for sidecar in sidecars {
        let Beneath { id, path, key, created, text, written } = sidecar;
        let of = Beside { path, key, id, created: *created, written };
        let done = match text {
            Some(text) => place_sidecar(root, &of, text, rule),
            None => remove_sidecar(root, &of, rule.kind),
        };
        match done {
            Ok(()) => {}
            Err(error) if error.is_of_the_disk() => return Err(end_of_fs(&error)),
            Err(error) => note(&error, path, &mut fault),
        }
    }
    Ok(fault)
}

fn note(error: &FsError, path: &str, fault: &mut Option<String>) {
    tracing::debug!(path, error = %text_of(error), "a sidecar could not be written");
    let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
    let cause = text_of(&error.source);
    fault.get_or_insert_with(|| format!("a sidecar could not be written in `{dir}`: {cause}"));
}
