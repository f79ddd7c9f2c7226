//! What is done about files that are not as they were stored, when a person asks for it.
//!
//! Invariant: nothing is removed but a second name of bytes that stay; a good copy that an album has is taken before Google is asked; a
//! spoilt file leaves its name only for a copy that is whole. May import: `store`, `fs`. Tests: `tests/it/verify.rs`.

use crate::config::{AlbumMode, SourceKind};
use crate::fs::{FsError, Placed, Root};
use crate::job::Outcome;
use crate::job::digest::digest_of;
use crate::job::faults::{end_of_fs, end_of_store, text_of};
use crate::job::tools::{Tools, blocking};
use crate::job::verify::aside::put_aside;
use crate::store::{Found, HeldFile, StoreError};

/// Files dealt with at once.
const FILES_AT_ONCE: u32 = 256;

/// What a repair did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repair {
    /// Files that are fetched again by the next run.
    pub wanted: u64,
    /// Files whose good copy lay in an album's folder and is at its place again.
    pub restored: u64,
    /// Files that only an export can bring again; spoilt ones of them were put aside.
    pub from_exports: u64,
    /// Files that stay as they are: somebody changed them and only an export could bring the old ones, or the disk refused.
    pub left: u64,
}

/// What becomes of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Restored,
    Wanted,
    FromExport,
    Left,
}

/// Deals with every file that is not as it was stored.
///
/// # Errors
/// Why it must end; what was not dealt with is still known as it was found.
pub(crate) async fn repair(tools: &Tools) -> Result<Repair, Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    tools.count(|counts| counts.phase = "repairing");
    let (mut done, mut after) = (Repair::default(), None);
    // Ends: `after` grows with each step, and the index has an end.
    loop {
        if tools.stop.is_begun() {
            return Err(Outcome::Interrupted);
        }
        let files = tools.store.files_found(after, FILES_AT_ONCE).await.map_err(fault)?;
        let Some(last) = files.last() else { break };
        after = Some((last.item, last.part));
        let mut with_links = Vec::with_capacity(files.len());
        for mut held in files {
            held.is_askable &= tools.library.sources.contains(&SourceKind::LibraryApi);
            let links = match tools.library.albums {
                AlbumMode::Hardlink | AlbumMode::Copy => {
                    tools.store.links_to(held.path.clone()).await.map_err(fault)?
                }
                // Links are no copies.
                AlbumMode::Symlink | AlbumMode::None => Vec::new(),
            };
            with_links.push((held, links));
        }
        let root = tools.root.clone();
        let turned = blocking(move || turn_all(&root, with_links)).await?;
        record(tools, turned.map_err(|error| end_of_fs(&error))?, &mut done).await?;
    }
    // Links that somebody removed are made again with the next run.
    tools.store.want_again(Vec::new()).await.map_err(fault)?;
    Ok(done)
}

async fn record(tools: &Tools, turned: Vec<(HeldFile, Turn)>, done: &mut Repair) -> Result<(), Outcome> {
    let (mut wanted, mut found) = (Vec::new(), Vec::new());
    for (held, turn) in turned {
        match turn {
            Turn::Restored => {
                done.restored += 1;
                found.push((held.item, held.part, None));
            }
            Turn::Wanted => {
                done.wanted += 1;
                wanted.push((held.item, held.part));
            }
            Turn::FromExport => {
                done.from_exports += 1;
                found.push((held.item, held.part, Some(Found::Missing)));
            }
            Turn::Left => done.left += 1,
        }
    }
    tools.store.set_found(found).await.map_err(|error| end_of_store(&error))?;
    tools.store.want_again(wanted).await.map_err(|error| end_of_store(&error))
}

fn turn_all(root: &Root, files: Vec<(HeldFile, Vec<String>)>) -> Result<Vec<(HeldFile, Turn)>, FsError> {
    let mut turned = Vec::with_capacity(files.len());
    for (held, links) in files {
        let turn = match turn_one(root, &held, &links) {
            Err(error) if error.is_of_the_disk() => return Err(error),
            Err(error) => {
                tracing::debug!(path = held.path, error = %text_of(&error), "a file could not be repaired");
                Turn::Left
            }
            Ok(turn) => turn,
        };
        turned.push((held, turn));
    }
    Ok(turned)
}

fn turn_one(root: &Root, held: &HeldFile, links: &[String]) -> Result<Turn, FsError> {
    let found = held.found.unwrap_or(Found::Missing);
    for link in links {
        // A copy that the disk does not give is no copy.
        if is_whole(root, held, link).unwrap_or(false) && take_from(root, held, link)? {
            return Ok(Turn::Restored);
        }
        // A second name of the spoilt file: the album's link is made anew, to the new copy.
        if root.same_file(link, &held.path)? {
            root.remove_file(link)?;
        }
    }
    match found {
        _ if held.is_askable => Ok(Turn::Wanted),
        Found::Missing => Ok(Turn::FromExport),
        Found::Damaged if root.is_file(&held.path)? => {
            // An export that is imported again looks whether there is a file of the length.
            put_aside(root, &held.path)?;
            Ok(Turn::FromExport)
        }
        // What somebody changed on purpose stays until there is something better.
        Found::Changed | Found::Damaged => Ok(Turn::Left),
    }
}

/// Whether the album's file at `link` has the bytes that were stored.
fn is_whole(root: &Root, held: &HeldFile, link: &str) -> Result<bool, FsError> {
    if !root.is_file(link)? || root.same_file(link, &held.path)? {
        return Ok(false);
    }
    let Some(mut file) = root.open_file(link)? else { return Ok(false) };
    let fault = |source| FsError { what: "read", path: root.path().join(link), source };
    let digest = digest_of(&mut file, |_| true).map_err(fault)?;
    Ok(digest.is_some_and(|digest| (digest.bytes, digest.sha256) == (held.bytes, held.sha256)))
}

/// Moves the album's file to the place of the spoilt one, which is put aside; the album's link is made anew.
fn take_from(root: &Root, held: &HeldFile, link: &str) -> Result<bool, FsError> {
    if root.is_file(&held.path)? {
        put_aside(root, &held.path)?;
    }
    let dir = held.path.rsplit_once('/').map_or("", |(dir, _)| dir);
    root.create_dir_all(dir)?;
    let placed = root.place(link, &held.path)?;
    root.sync_dir(dir)?;
    Ok(placed == Placed::Done)
}
