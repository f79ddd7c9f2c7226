//! The walk over a zip whose directory is missing or broken, by the header before each entry.
//!
//! Owns: that walk. Invariant: it ends where the place of the next entry is not certain, rather than guess: what looks like a
//! header may be the content of an entry. Without the directory links cannot be told from files. May import: the rest of `archive`.
//! Tests: in `archive/tests/cuts.rs`.

use crate::archive::body::{Feed, Refused};
use crate::archive::fault::{EntryFault, Trouble};
use crate::archive::zip::Lane;
use crate::archive::zip::entry::{Found, LOCAL_BYTES, LOCAL_MARK, u16_at};
use crate::archive::zip::feed::Length;
use crate::archive::{ArchiveError, Body, EntryKind, Flow, Run, Wholeness};

/// How what follows the entries begins: the records of the directory, its end, and what may stand between (APPNOTE 4.3.6).
const AFTER_ENTRIES: [&[u8]; 5] = [b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x06\x08"];
/// The mark before the first entry of a zip that was written for several disks (APPNOTE 8.5.3).
const SPANNED_MARK: &[u8] = b"PK\x07\x08";
/// How much of a body that nobody reads is unpacked at once, in bytes.
const SCRATCH: usize = 128 * 1024;

/// What stands at a place.
enum Step {
    Entry(Box<Found>),
    /// The end of what can be read, and why.
    End(Wholeness),
}

/// Gives the entries from the header at `last` on, that one excluded, or from the beginning. `missing` says what is wrong with the
/// directory; it is returned if all entries before the directory could be walked.
pub(crate) fn walk<E: From<ArchiveError>>(
    lane: &mut Lane<'_>,
    run: &mut Run<'_, E>,
    last: Option<u64>,
    missing: Wholeness,
) -> Result<Wholeness, E> {
    let mut at = match last {
        Some(at) => at,
        None => start(lane).map_err(|error| run.failed(error))?,
    };
    let mut is_known = last.is_some();
    loop {
        let found = match step(lane, at, &missing).map_err(|error| run.failed(error))? {
            Step::Entry(found) => found,
            Step::End(wholeness) => return Ok(wholeness),
        };
        let next = match (found.packed, is_known) {
            (Some(packed), _) => {
                if !is_known && lane.visit(&found, run)? == Flow::Stop {
                    return Ok(Wholeness::Unknown);
                }
                Ok(found.offset.saturating_add(found.header).saturating_add(packed))
            }
            (None, _) => match late(lane, &found, run, is_known)? {
                Late::Stopped => return Ok(Wholeness::Unknown),
                Late::Ends(at) => Ok(at),
                Late::Lost(fault) => Err(fault),
            },
        };
        is_known = false;
        at = match next {
            Ok(end) if end > lane.source.bytes() => {
                run.note(format!("`{}` is cut: the archive ends within it", found.name));
                return Ok(missing);
            }
            Ok(end) => skip_descriptor(lane, &found, end).map_err(|error| run.failed(error))?,
            Err(EntryFault::Short) => return Ok(missing),
            Err(fault) => {
                return Ok(Wholeness::Damaged(format!(
                    "it has no usable directory, and where the entry after `{}` begins is lost: {fault}",
                    found.name
                )));
            }
        };
    }
}

fn start(lane: &mut Lane<'_>) -> std::io::Result<u64> {
    let head = lane.window.fetch(lane.source, 0, SPANNED_MARK.len(), 0)?;
    Ok(if head.starts_with(SPANNED_MARK) { SPANNED_MARK.len() as u64 } else { 0 })
}

fn step(lane: &mut Lane<'_>, at: u64, missing: &Wholeness) -> std::io::Result<Step> {
    let head = lane.window.fetch(lane.source, at, LOCAL_BYTES, 0)?;
    let head = &head[..head.len().min(LOCAL_BYTES)];
    let is_end =
        AFTER_ENTRIES.iter().any(|mark| head.starts_with(mark)) || head.iter().all(|byte| *byte == 0);
    let Ok(fixed) = <[u8; LOCAL_BYTES]>::try_from(head) else { return Ok(Step::End(missing.clone())) };
    if is_end {
        return Ok(Step::End(missing.clone()));
    }
    if !fixed.starts_with(LOCAL_MARK) {
        let why = format!("it has no usable directory, and at byte {at} stands no header of an entry");
        return Ok(Step::End(Wholeness::Damaged(why)));
    }
    let (names, extras) = (usize::from(u16_at(&fixed, 26)), usize::from(u16_at(&fixed, 28)));
    let rest = lane.window.fetch(lane.source, at, LOCAL_BYTES + names + extras, 0)?;
    let Some((name, extra)) =
        rest.get(LOCAL_BYTES..LOCAL_BYTES + names + extras).map(|rest| rest.split_at(names))
    else {
        return Ok(Step::End(missing.clone()));
    };
    Ok(Step::Entry(Box::new(Found::of_local(at, &fixed, name, extra))))
}

/// How an entry ended whose length stands behind it.
enum Late {
    Stopped,
    Ends(u64),
    Lost(EntryFault),
}

/// Gives an entry whose length stands behind it; it must be unpacked to find its end, whether anybody reads it or not.
fn late<E: From<ArchiveError>>(
    lane: &mut Lane<'_>,
    found: &Found,
    run: &mut Run<'_, E>,
    is_known: bool,
) -> Result<Late, E> {
    let (ordinal, is_wanted) = if is_known { (0, false) } else { run.next_ordinal() };
    let entry = found.entry(ordinal);
    let mut scratch = vec![0; SCRATCH];
    let fault = match found.method {
        _ if found.is_encrypted => Some(EntryFault::Encrypted),
        0 | 8 => None,
        other => Some(EntryFault::Method(other)),
    };
    let mut refused = fault.map(Refused);
    let mut zip = lane.feed(found, Length::Late);
    let feed: &mut dyn Feed = match &mut refused {
        Some(refused) => refused,
        None => &mut zip,
    };
    let mut body = Body::new(feed, None, None);
    let mut flow = Flow::GoOn;
    if is_wanted && entry.kind == EntryKind::File {
        flow = run.give(&entry, &mut body)?;
    } else if is_wanted {
        let mut none = crate::archive::body::Nothing;
        flow = run.give(&entry, &mut Body::new(&mut none, None, None))?;
    }
    if flow == Flow::Stop {
        run.settle(&entry, body)?;
        return Ok(Late::Stopped);
    }
    body.drain(&mut scratch);
    match body.into_trouble() {
        Some(Trouble::Source(error)) => Err(run.failed(error)),
        Some(Trouble::Fault(fault)) => {
            if is_wanted {
                run.note(format!("entry {ordinal} `{}`: {fault}", entry.name));
            }
            Ok(zip.end().map_or(Late::Lost(fault), Late::Ends))
        }
        None => Ok(zip.end().map_or(Late::Lost(EntryFault::Short), Late::Ends)),
    }
}

/// Passes a data descriptor that repeats lengths which the header told: it is where the next header is not.
fn skip_descriptor(lane: &mut Lane<'_>, found: &Found, end: u64) -> std::io::Result<u64> {
    if found.packed.is_none() {
        return Ok(end);
    }
    let data = lane.window.fetch(lane.source, end, 28, 0)?;
    let is_next = |at: usize| {
        data.get(at..at + 4).is_some_and(|mark| mark == LOCAL_MARK || AFTER_ENTRIES.contains(&mark))
    };
    let skipped = [0, 12, 16, 20, 24].into_iter().find(|at| is_next(*at)).unwrap_or(0);
    Ok(end + skipped as u64)
}
