//! A group of whole files from `partial/` to their names, durably.
//!
//! Owns: the order that makes a crash harmless: contents durable, then names, then the names' folders durable; only
//! after that may the index be told. Invariant: blocks; replaces nothing; a file that cannot be placed costs no other
//! its place. May import: `fs`, `config` for plain types. Tests: `tests/it`.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashSet};
use std::io::{ErrorKind, Read};

use crate::config::Sidecar;
use crate::fs::{EntryKind, FsError, Placed, Root};
use crate::job::digest::digest_of;
use crate::job::faults::{fs_fault, reason_of_fs, text_of};
use crate::job::partial::{PARTIAL_DIR, set_time};
use crate::job::sidecar::{SIDECAR_BYTES_MAX, is_our_sidecar, sidecar_path};
use crate::job::ticket::Whole;
use crate::job::verify::aside::put_aside;
use crate::job::xmp::is_untouched;
use crate::media::MediaId;

/// Up to this many folders are made durable one by one; for more, the whole file system at once is cheaper.
const DIRS_ONE_BY_ONE_MAX: usize = 4;

/// A whole file on its way to its name.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) whole: Whole,
    /// What is to be written beside it.
    pub(crate) sidecar: Option<String>,
}

/// Files that the device could not write, and why.
pub(crate) type Unwritten = Vec<(Whole, String)>;

/// What came of a group.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    /// At their names.
    pub(crate) placed: Vec<Whole>,
    /// Something else is at their names; they need others.
    pub(crate) taken: Vec<Piece>,
    /// Cannot be placed, and why.
    pub(crate) failed: Vec<(Whole, String)>,
    /// Folders that changed.
    pub(crate) dirs: BTreeSet<String>,
    /// Why a sidecar could not be written, if one could not.
    pub(crate) sidecar_fault: Option<String>,
}

/// How sidecars are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SidecarRule {
    pub(crate) kind: Sidecar,
    pub(crate) mode: u32,
}

/// The file that a sidecar is written beside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beside<'a> {
    /// Its path.
    pub(crate) path: &'a str,
    /// Its name in `partial/`.
    pub(crate) key: &'a str,
    /// Its item.
    pub(crate) id: &'a MediaId,
    /// When the item was taken.
    pub(crate) created: Option<DateTime<Utc>>,
    /// SHA-256 of texts that were written beside it earlier, where the text itself does not name the item.
    pub(crate) written: &'a [[u8; 32]],
}

fn beside(whole: &Whole) -> Beside<'_> {
    let key = whole.partial.rsplit('/').next().unwrap_or_default();
    Beside { path: &whole.path, key, id: &whole.id, created: whole.created, written: &[] }
}

/// Makes the contents of the group durable: one large file by itself, more with one call for the file system. What the device could not
/// write is taken out of the group, with the reason, and removed: nobody knows what of it is on disk.
pub(crate) fn make_contents_durable(
    root: &Root,
    group: Vec<Piece>,
) -> Result<(Vec<Piece>, Unwritten), FsError> {
    if group.len() > 1 {
        match root.sync_fs() {
            Ok(()) => return Ok((group, Vec::new())),
            // Some file could not be written, perhaps another program's: each is asked by itself.
            Err(error) if error.is_of_the_device() => {}
            Err(error) => return Err(error),
        }
    }
    let (mut durable, mut broken) = (Vec::with_capacity(group.len()), Vec::new());
    for piece in group {
        match make_content_durable(root, &piece.whole.partial) {
            Ok(()) => durable.push(piece),
            Err(error) if error.is_of_the_device() => {
                root.remove_file(&piece.whole.partial)?;
                broken.push((piece.whole, reason_of_fs(&error)));
            }
            Err(error) => return Err(error),
        }
    }
    Ok((durable, broken))
}

fn make_content_durable(root: &Root, path: &str) -> Result<(), FsError> {
    match root.open_file(path)? {
        Some(file) => file.sync_all().map_err(|source| fs_fault(root, "make durable", path, source)),
        None => Ok(()),
    }
}

/// Gives every file of the group its name; fails as a whole only where the disk is full or read-only.
pub(crate) fn place_group(root: &Root, group: Vec<Piece>, rule: SidecarRule) -> Result<Placement, FsError> {
    let mut placement = Placement::default();
    for piece in group {
        match place_one(root, &piece.whole) {
            Ok(true) => {
                if let Some(text) = &piece.sidecar
                    && let Err(error) = place_sidecar(root, &beside(&piece.whole), text, rule)
                {
                    tracing::debug!(path = %piece.whole.path, error = %text_of(&error), "a sidecar could not be written");
                    let dir = dir_of(&piece.whole.path);
                    let cause = text_of(&error.source);
                    placement
                        .sidecar_fault
                        .get_or_insert_with(|| format!("a sidecar could not be written in `{dir}`: {cause}"));
                }
                placement.dirs.insert(dir_of(&piece.whole.path).to_owned());
                placement.placed.push(piece.whole);
            }
            Ok(false) => placement.taken.push(piece),
            Err(error) if error.is_of_the_disk() => return Err(error),
            Err(error) => placement.failed.push((piece.whole, reason_of_fs(&error))),
        }
    }
    Ok(placement)
}

/// Makes the names durable: the folders that changed and, once in a run (`seen`), those above them, which may be new.
pub(crate) fn make_names_durable(
    root: &Root,
    dirs: &BTreeSet<String>,
    seen: &mut HashSet<String>,
) -> Result<(), FsError> {
    let mut all: BTreeSet<&str> = dirs.iter().map(String::as_str).collect();
    for dir in dirs.iter().filter(|dir| !seen.contains(*dir)) {
        all.extend(dir.match_indices('/').map(|(at, _)| &dir[..at]));
        all.insert("");
    }
    if all.len() > DIRS_ONE_BY_ONE_MAX {
        root.sync_fs()?;
    } else {
        all.into_iter().try_for_each(|dir| root.sync_dir(dir))?;
    }
    seen.extend(dirs.iter().cloned());
    Ok(())
}

/// Whether the file is at its name now; if not, something else is.
fn place_one(root: &Root, whole: &Whole) -> Result<bool, FsError> {
    root.create_dir_all(dir_of(&whole.path))?;
    let placed = match root.place(&whole.partial, &whole.path) {
        // A crash came between the naming and the index, and whoever comes again knows the file by its name in `partial/` alone.
        Err(error) if error.source.kind() == ErrorKind::NotFound && is_same_file(root, whole)? => {
            return Ok(true);
        }
        placed => placed?,
    };
    match placed {
        Placed::Done => Ok(true),
        Placed::Taken if is_same_file(root, whole)? => {
            // A crash came between the naming and the index, or a person put the file back.
            root.remove_file(&whole.partial)?;
            Ok(true)
        }
        Placed::Taken if whole.is_replacement && root.is_file(&whole.path)? => {
            put_aside(root, &whole.path)?;
            Ok(root.place(&whole.partial, &whole.path)? == Placed::Done)
        }
        Placed::Taken => Ok(false),
    }
}

/// Whether the very file is at its name already; one that the disk no longer gives is another one.
fn is_same_file(root: &Root, whole: &Whole) -> Result<bool, FsError> {
    match is_same(root, whole, &whole.path) {
        Err(error) if error.is_of_the_device() => Ok(false),
        answer => answer,
    }
}

/// Whether the file at `path` has the same length and digest; if so, it is durable then.
pub(crate) fn is_same(root: &Root, whole: &Whole, path: &str) -> Result<bool, FsError> {
    let entry = root.entry(path)?;
    if entry.is_none_or(|entry| entry.kind != EntryKind::File || entry.bytes != whole.bytes) {
        return Ok(false);
    }
    let Some(mut file) = root.open_file(path)? else { return Ok(false) };
    let digest = digest_of(&mut file, |_| true).map_err(|source| fs_fault(root, "read", path, source))?;
    if digest.is_none_or(|digest| digest.sha256 != whole.sha256) {
        return Ok(false);
    }
    // It may have been written by another process only just now.
    let synced = file.sync_all();
    synced.map_err(|source| fs_fault(root, "make durable", path, source))?;
    Ok(true)
}

/// Writes the sidecar; one that we wrote earlier is replaced, a foreign file of that name is left alone, and so is one that
/// another program has changed.
pub(crate) fn place_sidecar(
    root: &Root,
    of: &Beside<'_>,
    text: &str,
    rule: SidecarRule,
) -> Result<(), FsError> {
    let Some(path) = sidecar_path(rule.kind, of.path) else { return Ok(()) };
    let partial = format!("{PARTIAL_DIR}/{}.side", of.key);
    write_partial(root, &partial, text, rule.mode, of.created)?;
    if root.place(&partial, &path)? == Placed::Done {
        return Ok(());
    }
    root.remove_file(&partial)?;
    match our_sidecar(root, &path, of, rule.kind)? {
        Some(found) if found != text => root.write_atomic(&path, text.as_bytes(), rule.mode),
        Some(_) | None => Ok(()),
    }
}

/// Removes the sidecar, if it is one that we wrote and that nobody has changed.
pub(crate) fn remove_sidecar(root: &Root, of: &Beside<'_>, kind: Sidecar) -> Result<(), FsError> {
    match sidecar_on_disk(root, of, kind)? {
        Some((path, _)) => root.remove_file(&path),
        None => Ok(()),
    }
}

/// Path and text of the sidecar, if it is one that we wrote and that nobody has changed.
pub(crate) fn sidecar_on_disk(
    root: &Root,
    of: &Beside<'_>,
    kind: Sidecar,
) -> Result<Option<(String, String)>, FsError> {
    let Some(path) = sidecar_path(kind, of.path) else { return Ok(None) };
    Ok(our_sidecar(root, &path, of, kind)?.map(|text| (path, text)))
}

/// The text at `path`, if it is a sidecar that we wrote and that nobody has changed.
fn our_sidecar(root: &Root, path: &str, of: &Beside<'_>, kind: Sidecar) -> Result<Option<String>, FsError> {
    if root.entry(path)?.is_none_or(|entry| entry.kind != EntryKind::File) {
        return Ok(None);
    }
    let Some(file) = root.open_file(path)? else { return Ok(None) };
    let mut found = String::new();
    if file.take(SIDECAR_BYTES_MAX).read_to_string(&mut found).is_err() {
        return Ok(None);
    }
    let is_ours = is_our_sidecar(kind, &found, of.id) && (kind != Sidecar::Xmp || is_untouched(&found));
    let is_known = || of.written.contains(&Sha256::digest(found.as_bytes()).into());
    Ok((is_ours || is_known()).then_some(found))
}

fn write_partial(
    root: &Root,
    path: &str,
    text: &str,
    mode: u32,
    created: Option<DateTime<Utc>>,
) -> Result<(), FsError> {
    use std::io::Write;
    let mut file = root.open_partial(path, mode, false)?;
    let fault = |source| fs_fault(root, "write", path, source);
    file.write_all(text.as_bytes()).map_err(fault)?;
    set_time(&file, created);
    file.sync_data().map_err(fault)
}

fn dir_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}
