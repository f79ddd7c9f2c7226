//! One album's plan carried out on disk: links, hard links or copies removed and made.
//!
//! Owns: the proof that a thing on disk is ours before it is removed: a link with our text, a second name of the file,
//! or a copy of its length and time. Invariant: blocks; never follows a link, never replaces or removes what it cannot
//! prove. May import: `fs`, `config`. Tests: `tests/it`.

use std::collections::HashSet;
use std::io::{Read, Write};

use crate::config::AlbumMode;
use crate::fs::{Entry, EntryKind, FsError, Placed, Root};
use crate::job::Outcome;
use crate::job::faults::{end_of_fs, fs_fault, reason_of_fs, text_of};
use crate::job::links::{ALBUMS_DIR, WantedLink, numbered_link, relative_link};
use crate::job::partial::{PARTIAL_DIR, PIECE_BYTES, short_digest};
use crate::job::tools::{Room, RoomError};
use crate::shutdown::Stop;
use crate::store::AlbumLink;

/// How many names are tried for one link where foreign things are in the way.
const NAMES_TRIED_MAX: u32 = 16;

/// Makes and removes the links of one album.
#[derive(Clone, Debug)]
pub(crate) struct LinkMaker {
    pub(crate) root: Root,
    pub(crate) room: Room,
    pub(crate) mode: AlbumMode,
    pub(crate) file_mode: u32,
    pub(crate) stop: Stop,
}

/// What was done of a step of a plan.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// Links that are no longer ours, by path.
    pub(crate) removed: Vec<String>,
    /// Links made.
    pub(crate) added: Vec<AlbumLink>,
    /// Links that could not be made or removed.
    pub(crate) failed: u64,
    /// Where and why the first of them could not, without names of items.
    pub(crate) reason: Option<String>,
    /// The disk is full or read-only: the run must end.
    pub(crate) halt: Option<Outcome>,
    /// A stop came before the end.
    pub(crate) is_stopped: bool,
}

/// How the making of one link ended.
enum Made {
    /// It is at this path.
    At(String),
    /// Every name tried is taken by something foreign.
    NoName,
    /// There is no room for a copy.
    NoRoom(RoomError),
}

impl LinkMaker {
    /// Removes `links`, which comes before the making of others, because a new link may need an old one's name.
    pub(crate) fn remove_all(&self, links: Vec<AlbumLink>) -> Applied {
        let mut applied = Applied::default();
        for link in links {
            if self.is_at_end(&mut applied) {
                return applied;
            }
            match self.remove(&link) {
                Ok(()) => applied.removed.push(link.path),
                Err(error) => note(&mut applied, &error, &link.path, folder_of(&link.path)),
            }
        }
        applied
    }

    /// Those of `links` whose names are free: what [`Self::add_all`] will make just there.
    pub(crate) fn free(&self, links: &[WantedLink]) -> Vec<AlbumLink> {
        let is_free =
            |want: &&WantedLink| self.root.entry(&want.link.path).is_ok_and(|entry| entry.is_none());
        links.iter().filter(is_free).map(|want| want.link.clone()).collect()
    }

    /// Makes the links to add, and those to keep that are not there.
    pub(crate) fn add_all(&self, add: Vec<WantedLink>, keep: Vec<WantedLink>) -> Applied {
        let mut applied = Applied::default();
        let missing =
            keep.into_iter().filter(|want| self.root.entry(&want.link.path).is_ok_and(|e| e.is_none()));
        let missing: Vec<WantedLink> = missing.collect();
        let mut ready = HashSet::new();
        for want in add.into_iter().chain(missing) {
            if self.is_at_end(&mut applied) {
                return applied;
            }
            self.add(want, &mut ready, &mut applied);
        }
        applied
    }

    /// Removes those of `folders` that are empty now, and what is empty then above them.
    pub(crate) fn remove_empty(&self, folders: &[String]) -> Applied {
        let mut applied = Applied::default();
        for folder in folders {
            if let Err(error) = self.root.remove_empty_dirs(folder, ALBUMS_DIR) {
                note(&mut applied, &error, folder, folder);
            }
        }
        applied
    }

    fn is_at_end(&self, applied: &mut Applied) -> bool {
        applied.is_stopped = self.stop.is_begun();
        applied.is_stopped || applied.halt.is_some()
    }

    /// Removes a link that still is what was made; what is not is left, and no longer counts as ours.
    fn remove(&self, link: &AlbumLink) -> Result<(), FsError> {
        if self.is_ours(link)? { self.root.remove_file(&link.path) } else { Ok(()) }
    }

    /// Whether what is at the link's path is what this program makes for its target, in any mode.
    fn is_ours(&self, link: &AlbumLink) -> Result<bool, FsError> {
        let Some(entry) = self.root.entry(&link.path)? else { return Ok(false) };
        match entry.kind {
            EntryKind::Link => {
                let text = self.root.read_link(&link.path)?;
                Ok(text.as_deref() == Some(relative_link(&link.path, &link.target).as_str()))
            }
            EntryKind::File => self.is_file_of(&link.path, &entry, &link.target),
            EntryKind::Dir | EntryKind::Other => Ok(false),
        }
    }

    /// Whether the file at `path` is another name of `target`, or a copy of it by length and time.
    fn is_file_of(&self, path: &str, entry: &Entry, target: &str) -> Result<bool, FsError> {
        let Some(of) = self.root.entry(target)? else { return Ok(false) };
        let looks_like_copy =
            of.kind == EntryKind::File && of.bytes == entry.bytes && of.mtime == entry.mtime;
        Ok(looks_like_copy || (of.kind == EntryKind::File && self.root.same_file(path, target)?))
    }

    fn add(&self, want: WantedLink, ready: &mut HashSet<String>, applied: &mut Applied) {
        let dir = folder_of(&want.link.path);
        if !ready.contains(dir) {
            if let Err(error) = self.root.create_dir_all(dir) {
                return note(applied, &error, dir, dir);
            }
            ready.insert(dir.to_owned());
        }
        match self.make(&want) {
            Ok(Made::At(path)) => applied.added.push(AlbumLink { path, target: want.link.target }),
            Ok(Made::NoName) => {
                applied.failed += 1;
                let reason =
                    || format!("every name tried for a link in `{dir}` is taken by something foreign");
                applied.reason.get_or_insert_with(reason);
            }
            Ok(Made::NoRoom(error)) => applied.halt = Some(Outcome::DiskFull(text_of(&error))),
            Err(error) => note(applied, &error, &want.link.path, dir),
        }
    }

    /// Makes a link at its path or, where something foreign is, at the next numbered one; one of ours that is there already is
    /// taken over, because a crash came before it was recorded.
    fn make(&self, want: &WantedLink) -> Result<Made, FsError> {
        let target = want.link.target.as_str();
        for n in 1..=NAMES_TRIED_MAX {
            let path = if n == 1 { want.link.path.clone() } else { numbered_link(&want.link.path, n) };
            let placed = match self.mode {
                AlbumMode::Symlink => self.symlink(target, &path, want)?,
                AlbumMode::Hardlink => self.root.hardlink(target, &path)?,
                AlbumMode::Copy => match self.copy(target, &path)? {
                    Ok(placed) => placed,
                    Err(error) => return Ok(Made::NoRoom(error)),
                },
                AlbumMode::None => return Ok(Made::NoName),
            };
            let is_mine = placed == Placed::Done || self.is_made(&path, target)?;
            if is_mine {
                return Ok(Made::At(path));
            }
        }
        Ok(Made::NoName)
    }

    /// Whether what is at `path` is just what the present mode makes.
    fn is_made(&self, path: &str, target: &str) -> Result<bool, FsError> {
        let is_link = self.root.entry(path)?.is_some_and(|entry| entry.kind == EntryKind::Link);
        let link = AlbumLink { path: path.to_owned(), target: target.to_owned() };
        Ok(is_link == (self.mode == AlbumMode::Symlink) && self.is_ours(&link)?)
    }

    fn symlink(&self, target: &str, path: &str, want: &WantedLink) -> Result<Placed, FsError> {
        let placed = self.root.symlink(&relative_link(path, target), path)?;
        if placed == Placed::Done
            && let Some(at) = want.created
            && self.root.set_mtime(path, at.timestamp()).is_err()
        {
            tracing::trace!("the file system refuses the link's time");
        }
        Ok(placed)
    }

    /// Copies the file by way of `partial/`; the copy's time is the file's own, by which it is known again.
    fn copy(&self, target: &str, path: &str) -> Result<Result<Placed, RoomError>, FsError> {
        if self.root.entry(path)?.is_some() {
            return Ok(Ok(Placed::Taken));
        }
        let missing = || fs_fault(&self.root, "copy", target, std::io::ErrorKind::NotFound.into());
        let entry = self.root.entry(target)?.ok_or_else(missing)?;
        if let Err(error) = self.room.check(entry.bytes) {
            return Ok(Err(error));
        }
        let partial = format!("{PARTIAL_DIR}/{}.copy", short_digest(path));
        let copied = self.copy_bytes(target, &partial, entry.mtime);
        let placed = copied.and_then(|()| self.root.place(&partial, path));
        if !matches!(placed, Ok(Placed::Done)) {
            self.root.remove_file(&partial)?;
        }
        placed.map(Ok)
    }

    fn copy_bytes(&self, target: &str, partial: &str, mtime: i64) -> Result<(), FsError> {
        let fault = |source| fs_fault(&self.root, "copy", target, source);
        let Some(mut from) = self.root.open_file(target)? else {
            return Err(fault(std::io::ErrorKind::NotFound.into()));
        };
        let mut to = self.root.open_partial(partial, self.file_mode, false)?;
        let mut piece = vec![0; PIECE_BYTES];
        // Ends: the file has an end.
        loop {
            let got = from.read(&mut piece).map_err(fault)?;
            if got == 0 {
                break;
            }
            to.write_all(&piece[..got]).map_err(fault)?;
        }
        to.sync_data().map_err(fault)?;
        self.root.set_mtime(partial, mtime)
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// A fault with one link: a full or read-only disk ends the work, anything else is counted.
fn note(applied: &mut Applied, error: &FsError, path: &str, dir: &str) {
    tracing::debug!(path, error = %text_of(error), "an album link could not be made or removed");
    if error.is_of_the_disk() {
        applied.halt = Some(end_of_fs(error));
    } else {
        applied.failed += 1;
        let reason =
            || format!("an album link could not be made or removed in `{dir}`: {}", reason_of_fs(error));
        applied.reason.get_or_insert_with(reason);
    }
}
