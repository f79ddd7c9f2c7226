//! A folder that somebody unpacked, read as a part.
//!
//! Owns: the walk in a stable order. Invariant: every step goes from an open folder to a name in it without following a link, so
//! nothing outside is read whatever happens to the tree meanwhile; memory is bounded however many files a folder has. May import:
//! the rest of `archive`. Tests: in `archive/tests/folder.rs`.

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, openat, statat};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use crate::archive::body::{Feed, Nothing};
use crate::archive::fault::{EntryFault, Trouble};
use crate::archive::{ArchiveError, Body, Ending, Entry, EntryKind, EntryName, Flow, Proof, Run, Wholeness};

/// How many names of one folder are sorted at once; a larger folder is listed several times.
const NAMES_MAX: usize = 16_384;
/// How deep the walk goes. Takeout has three levels.
const DEPTH_MAX: usize = 64;
/// How folders are opened.
const FOLDER_FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A folder.
pub(crate) struct FolderPart {
    root: OwnedFd,
}

impl FolderPart {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = FOLDER_FLAGS.difference(OFlags::NOFOLLOW);
        Ok(Self { root: openat(CWD, path, flags, Mode::empty())? })
    }

    /// The digest of all paths, lengths and times.
    pub(crate) fn fingerprint(&self) -> io::Result<[u8; 32]> {
        let mut digest = Sha256::new();
        digest.update(b"folder");
        let mut walk = Walk::new(&self.root)?;
        while let Some(step) = walk.next()? {
            let Step::Found(found) = step else { continue };
            digest.update((found.path.len() as u64).to_le_bytes());
            digest.update(&found.path);
            digest.update(found.stat.st_mode.to_le_bytes());
            digest.update(found.bytes().to_le_bytes());
            if found.kind() == EntryKind::File {
                digest.update(found.stat.st_mtime.to_le_bytes());
                digest.update(found.stat.st_mtime_nsec.to_le_bytes());
            }
        }
        Ok(digest.finalize().into())
    }

    pub(crate) fn count(&self) -> io::Result<u64> {
        let mut walk = Walk::new(&self.root)?;
        let mut count = 0;
        while let Some(step) = walk.next()? {
            count += u64::from(matches!(step, Step::Found(_)));
        }
        Ok(count)
    }

    pub(crate) fn read_entries<E: From<ArchiveError>>(&self, mut run: Run<'_, E>) -> Result<Ending, E> {
        let mut walk = Walk::new(&self.root).map_err(|error| run.failed(error))?;
        let mut unread = 0_u64;
        while let Some(step) = walk.next().map_err(|error| run.failed(error))? {
            let found = match step {
                Step::Found(found) => found,
                Step::Unread(why) => {
                    unread += 1;
                    run.note(why);
                    continue;
                }
            };
            let (ordinal, is_wanted) = run.next_ordinal();
            if is_wanted && visit(&walk, &found, ordinal, &mut run)? == Flow::Stop {
                return Ok(run.end(Wholeness::Unknown, Proof::None));
            }
        }
        let wholeness = match unread {
            0 => Wholeness::Whole,
            count => Wholeness::Damaged(format!("{count} of its folders or names cannot be read")),
        };
        Ok(run.end(wholeness, Proof::None))
    }
}

fn visit<E: From<ArchiveError>>(
    walk: &Walk,
    found: &Found,
    ordinal: u64,
    run: &mut Run<'_, E>,
) -> Result<Flow, E> {
    let kind = found.kind();
    let entry = Entry {
        ordinal,
        name: EntryName::of_utf8(&found.path),
        kind,
        bytes: Some(found.bytes()),
        mtime: Some(found.stat.st_mtime),
    };
    let mut nothing = Nothing;
    let mut file;
    let (feed, bytes): (&mut dyn Feed, _) = match (kind, walk.folder()) {
        (EntryKind::File, Some(folder)) => {
            file = FileFeed { folder, name: found.name(), opened: None };
            (&mut file, Some(found.bytes()))
        }
        _ => (&mut nothing, None),
    };
    let mut body = Body::new(feed, bytes, None);
    let flow = run.give(&entry, &mut body)?;
    run.settle(&entry, body)?;
    Ok(flow)
}

/// The bytes of one file. It is opened when they are asked for.
struct FileFeed<'a> {
    folder: BorrowedFd<'a>,
    name: &'a [u8],
    opened: Option<File>,
}

impl Feed for FileFeed<'_> {
    /// A file that cannot be read is a fault of its own: those beside it are read all the same.
    fn fill(&mut self, out: &mut [u8]) -> Result<usize, Trouble> {
        let fault =
            |error: io::Error| Trouble::Fault(EntryFault::Broken(format!("it cannot be read: {error}")));
        let file = match &mut self.opened {
            Some(file) => file,
            none => none.insert(open_regular(self.folder, self.name).map_err(fault)?),
        };
        loop {
            match file.read(out) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other.map_err(fault),
            }
        }
    }
}

fn open_regular(folder: BorrowedFd<'_>, name: &[u8]) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(openat(folder, name, flags, Mode::empty())?);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no longer a file"))
    }
}

/// One name of the tree.
struct Found {
    /// From the root, with slashes.
    path: Vec<u8>,
    name_at: usize,
    stat: Stat,
}

impl Found {
    fn name(&self) -> &[u8] {
        &self.path[self.name_at..]
    }

    fn bytes(&self) -> u64 {
        if self.kind() == EntryKind::File { u64::try_from(self.stat.st_size).unwrap_or(0) } else { 0 }
    }

    fn kind(&self) -> EntryKind {
        match FileType::from_raw_mode(self.stat.st_mode) {
            FileType::RegularFile => EntryKind::File,
            FileType::Directory => EntryKind::Folder,
            FileType::Symlink => EntryKind::Other("symbolic link"),
            FileType::Fifo => EntryKind::Other("named pipe"),
            FileType::Socket => EntryKind::Other("socket"),
            FileType::CharacterDevice | FileType::BlockDevice => EntryKind::Other("device"),
            FileType::Unknown => EntryKind::Other("unknown"),
        }
    }
}

enum Step {
    Found(Found),
    /// What could not be looked at, and why.
    Unread(String),
}

/// The walk: each folder before what is in it, the names of a folder in the order of their bytes.
struct Walk {
    levels: Vec<Level>,
    /// A folder that was given and is entered next.
    enter: Option<(Vec<u8>, usize)>,
}

struct Level {
    folder: OwnedFd,
    /// The path of the folder, with a slash at its end unless it is the root.
    prefix: Vec<u8>,
    /// The next names, the first at the end.
    names: Vec<Vec<u8>>,
    /// The last name of the batch, if there may be more after it.
    resume: Option<Vec<u8>>,
}

impl Level {
    fn new(folder: OwnedFd, prefix: Vec<u8>) -> io::Result<Self> {
        let mut level = Self { folder, prefix, names: Vec::new(), resume: None };
        level.list(None)?;
        Ok(level)
    }

    fn list(&mut self, after: Option<&[u8]>) -> io::Result<()> {
        let mut smallest = BinaryHeap::new();
        let mut is_full = false;
        for entry in Dir::read_from(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." || after.is_some_and(|after| name <= after) {
                continue;
            }
            smallest.push(name.to_vec());
            if smallest.len() > NAMES_MAX {
                smallest.pop();
                is_full = true;
            }
        }
        self.names = smallest.into_sorted_vec();
        self.resume = self.names.last().filter(|_| is_full).cloned();
        self.names.reverse();
        Ok(())
    }

    fn next_name(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.names.is_empty()
            && let Some(last) = self.resume.take()
        {
            self.list(Some(&last))?;
        }
        Ok(self.names.pop())
    }
}

impl Walk {
    fn new(root: &OwnedFd) -> io::Result<Self> {
        let own = openat(root, ".", FOLDER_FLAGS, Mode::empty())?;
        Ok(Self { levels: vec![Level::new(own, Vec::new())?], enter: None })
    }

    /// The folder of what was found last.
    fn folder(&self) -> Option<BorrowedFd<'_>> {
        self.levels.last().map(|level| level.folder.as_fd())
    }

    fn next(&mut self) -> io::Result<Option<Step>> {
        if let Some((path, name_at)) = self.enter.take()
            && let Err(error) = self.descend(&path, name_at)
        {
            let why = format!("the folder `{}` cannot be read: {error}", EntryName::of_utf8(&path));
            return Ok(Some(Step::Unread(why)));
        }
        while let Some(level) = self.levels.last_mut() {
            let Some(name) = level.next_name()? else {
                self.levels.pop();
                continue;
            };
            let mut path = level.prefix.clone();
            let name_at = path.len();
            path.extend_from_slice(&name);
            return Ok(Some(match statat(&level.folder, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => {
                    let found = Found { path, name_at, stat };
                    if found.kind() == EntryKind::Folder {
                        self.enter = Some((found.path.clone(), name_at));
                    }
                    Step::Found(found)
                }
                Err(error) => {
                    Step::Unread(format!("`{}` cannot be looked at: {error}", EntryName::of_utf8(&path)))
                }
            }));
        }
        Ok(None)
    }

    fn descend(&mut self, path: &[u8], name_at: usize) -> io::Result<()> {
        let Some(parent) = self.levels.last() else { return Ok(()) };
        if self.levels.len() >= DEPTH_MAX {
            return Err(Errno::NAMETOOLONG.into());
        }
        let folder = openat(&parent.folder, &path[name_at..], FOLDER_FLAGS, Mode::empty())?;
        let mut prefix = path.to_vec();
        prefix.push(b'/');
        self.levels.push(Level::new(folder, prefix)?);
        Ok(())
    }
}
