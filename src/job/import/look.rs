//! What lies there of an export set: each part looked at, before its entries are read and once more after.
//!
//! Invariant: no archive stays open; which parts are told apart by their fingerprints alone. May import: `archive`, `store`. Tests:
//! `tests/it`.

use chrono::{DateTime, TimeDelta, Utc};

use crate::archive::{ArchiveError, Part, Wholeness};
use crate::clock::wall_now;
use crate::job::Outcome;
use crate::job::faults::{end_of_store, text_of};
use crate::job::import::drive::{Unopened, end_of_read, is_unchanged, open_part, origin_of};
use crate::job::import::parts::{ExportSet, Found};
use crate::job::import::stage::missing_files;
use crate::job::tools::{Tools, blocking};
use crate::store::{KnownPart, NewPart, PartState};

/// A cut archive that changed within this time is still on its way.
const GROWS_WITHIN: TimeDelta = TimeDelta::minutes(30);

/// A part that can be read.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Where it lies.
    pub(crate) found: Found,
    /// What the index is told of it.
    pub(crate) new: NewPart,
}

/// The parts of a set that can be read now, and the others with the reason; `is_named`: a person named them, so that none is still on
/// its way.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn look_at_parts(
    tools: &Tools,
    set: &ExportSet,
    is_named: bool,
    export: &mut Option<i64>,
) -> Result<(Vec<Seen>, Vec<(String, String)>), Outcome> {
    let (mut all, mut unread) = (Vec::new(), Vec::new());
    for (number, found) in &set.parts {
        if let Some(known) = read_from_drive(tools, found).await? {
            *export = Some(known.export);
            continue;
        }
        let why = match look_at(tools, found).await? {
            // What is cut and was written to just now is on its way still; later it is read as far as it goes.
            Ok((_, _, Wholeness::Unfinished(why))) if !is_named && is_young(found) => {
                format!("it is not all there yet ({why})")
            }
            Ok((fingerprint, bytes, _)) => {
                let new = NewPart {
                    export: set.name.clone(),
                    stamp: set.stamp,
                    name: found.name.clone(),
                    number: *number,
                    fingerprint,
                    bytes,
                    origin: found.drive.as_deref().map(origin_of),
                };
                all.push(Seen { found: found.clone(), new });
                continue;
            }
            Err(why) => why,
        };
        tracing::debug!(part = found.name, why, "a part cannot be read now");
        unread.push((found.name.clone(), why));
    }
    Ok((all, unread))
}

fn is_young(found: &Found) -> bool {
    found.changed.is_some_and(|changed| wall_now() - changed < GROWS_WITHIN)
}

/// Fingerprint, length, and how whole it looks.
type Look = ([u8; 32], u64, Wholeness);

/// A look at an archive, wherever it lies; the text says why it is left for a later run.
async fn look_at(tools: &Tools, found: &Found) -> Result<Result<Look, String>, Outcome> {
    let part = match open_found(tools, found).await? {
        Ok(part) => part,
        Err(why) => return Ok(Err(why)),
    };
    match blocking(move || survey(part)).await? {
        Ok(look) => Ok(Ok(look)),
        Err(error) if found.drive.is_some() => Err(end_of_read(&error)),
        Err(error) => Ok(Err(text_of(&error))),
    }
}

fn survey(mut part: Part) -> Result<Look, ArchiveError> {
    Ok((part.fingerprint()?, part.bytes().unwrap_or(0), part.wholeness()?))
}

/// The archive, opened; the text says why it is left for a later run.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn open_found(tools: &Tools, found: &Found) -> Result<Result<Part, String>, Outcome> {
    let Some(file) = &found.drive else {
        let path = found.path.clone();
        return Ok(blocking(move || Part::open(&path)).await?.map_err(|error| text_of(&error)));
    };
    match open_part(tools, file).await {
        Ok(part) => Ok(Ok(part)),
        Err(Unopened::Left(why)) => Ok(Err(why)),
        Err(Unopened::Halt(halt)) => Err(halt),
    }
}

/// A part in Drive that was read to its end before: it is not opened at all, unless a file of it is gone.
async fn read_from_drive(tools: &Tools, found: &Found) -> Result<Option<KnownPart>, Outcome> {
    let Some(file) = &found.drive else { return Ok(None) };
    let known = tools.store.part_of_origin(origin_of(file)).await.map_err(|error| end_of_store(&error))?;
    let Some(known) = known.filter(|known| known.state != PartState::Reading) else { return Ok(None) };
    let is_whole = missing_files(tools, &known).await?.is_empty();
    Ok(is_whole.then_some(known))
}

/// The part as the index knows it. Damaged ones that it takes the place of are forgotten, unless they are among `present`; so is what
/// was read of itself, if something was wrong with it and it may have come anew. Whether anything was forgotten.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn know_part(
    tools: &Tools,
    seen: &Seen,
    present: &[[u8; 32]],
    is_named: bool,
) -> Result<(KnownPart, bool), Outcome> {
    let fault = |error: crate::store::StoreError| end_of_store(&error);
    let forgotten = tools.store.forget_replaced(seen.new.clone(), present.to_vec()).await.map_err(fault)?;
    let known = tools.store.open_part(seen.new.clone(), wall_now()).await.map_err(fault)?;
    let is_flawless = tools.store.is_flawless(known.n).await.map_err(fault)?;
    if is_flawless || known.state == PartState::Reading {
        return Ok((known, forgotten));
    }
    // A fingerprint does not tell whether bytes in the middle were mended by fetching the part again.
    if !is_named && !came_since(&seen.found, last_balanced(tools, known.export).await?) {
        return Ok((known, forgotten));
    }
    tools.store.reopen_part(known.n).await.map_err(fault)?;
    let known = tools.store.open_part(seen.new.clone(), wall_now()).await.map_err(fault)?;
    Ok((known, true))
}

fn came_since(found: &Found, balanced: Option<DateTime<Utc>>) -> bool {
    balanced.zip(found.placed).is_some_and(|(balanced, placed)| placed > balanced)
}

async fn last_balanced(tools: &Tools, export: i64) -> Result<Option<DateTime<Utc>>, Outcome> {
    let exports = tools.store.exports().await.map_err(|error| end_of_store(&error))?;
    Ok(exports.into_iter().find(|known| known.n == export).and_then(|known| known.balanced))
}

/// The parts that are no longer those that were read.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn changed_parts(
    tools: &Tools,
    export: i64,
    set: &ExportSet,
) -> Result<Vec<String>, Outcome> {
    let known = tools.store.fingerprints(export).await.map_err(|error| end_of_store(&error))?;
    let mut changed = Vec::new();
    for (_, found) in &set.parts {
        let is_same = match &found.drive {
            Some(file) => is_unchanged(tools, file).await?,
            None => look_at(tools, found).await?.is_ok_and(|(fingerprint, ..)| known.contains(&fingerprint)),
        };
        if !is_same {
            changed.push(found.name.clone());
        }
    }
    Ok(changed)
}
