//! The opening of an archive, wherever it lies.
//!
//! Invariant: a part in Drive that was read to its end is not opened again. May import: `archive`, `source` by way of `drive`, `store`.
//! Tests: `tests/it`.

use crate::archive::{ArchiveError, Part, Wholeness};
use crate::job::Outcome;
use crate::job::faults::{end_of_store, text_of};
use crate::job::import::drive::{Unopened, end_of_read, is_unchanged, open_part, origin_of};
use crate::job::import::parts::Found;
use crate::job::import::stage::{StagedSet, missing_files};
use crate::job::tools::{Tools, blocking};
use crate::store::PartState;

/// What is known of an archive before its entries are read.
pub(crate) type Opened = (Part, [u8; 32], u64, Wholeness);

/// The archive, wherever it lies; the text says why it is left for a later run.
pub(crate) async fn open_found(tools: &Tools, found: &Found) -> Result<Result<Opened, String>, Outcome> {
    let part = match &found.drive {
        None => {
            let path = found.path.clone();
            blocking(move || Part::open(&path)).await?.map_err(|error| text_of(&error))
        }
        Some(file) => match open_part(tools, file).await {
            Ok(part) => Ok(part),
            Err(Unopened::Left(why)) => Err(why),
            Err(Unopened::Halt(halt)) => return Err(halt),
        },
    };
    match part {
        Ok(part) => match blocking(move || survey(part)).await? {
            Ok(opened) => Ok(Ok(opened)),
            Err(error) if found.drive.is_some() => Err(end_of_read(&error)),
            Err(error) => Ok(Err(text_of(&error))),
        },
        Err(why) => Ok(Err(why)),
    }
}

fn survey(mut part: Part) -> Result<Opened, ArchiveError> {
    let fingerprint = part.fingerprint()?;
    let (bytes, wholeness) = (part.bytes().unwrap_or(0), part.wholeness()?);
    Ok((part, fingerprint, bytes, wholeness))
}

/// A part that was replaced in Drive while it was read is read anew in a later run.
pub(crate) async fn check_unchanged(
    tools: &Tools,
    found: &Found,
    part: i64,
    staged: &mut StagedSet,
) -> Result<(), Outcome> {
    let Some(file) = &found.drive else { return Ok(()) };
    if is_unchanged(tools, file).await? {
        return Ok(());
    }
    staged.unread.push((found.name.clone(), "it was replaced in Drive while it was read".to_owned()));
    tools.store.reopen_part(part).await.map_err(|error| end_of_store(&error))
}

/// Whether a part in Drive was read to its end before; then it is not opened at all, unless a file of it is gone.
pub(crate) async fn is_read_from_drive(
    tools: &Tools,
    found: &Found,
    staged: &mut StagedSet,
) -> Result<bool, Outcome> {
    let Some(file) = &found.drive else { return Ok(false) };
    let known = tools.store.part_of_origin(origin_of(file)).await.map_err(|error| end_of_store(&error))?;
    let Some(known) = known.filter(|known| known.state != PartState::Reading) else { return Ok(false) };
    if !missing_files(tools, &known).await?.is_empty() {
        return Ok(false);
    }
    staged.export = Some(known.export);
    Ok(true)
}
