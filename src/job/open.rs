//! A library's root made ready for a run: folder, lock, marker, index.
//!
//! Owns: what is in `.gphotos-syncd` besides the index's content. Invariant: blocks; the root itself is never created, because a
//! missing root is often a disk that is not mounted; nothing is written before the root is known to be ours. The
//! index stays open between runs, the lock does not. May import: `fs`, `store`, `config`. Tests: `tests/it`.

use chrono::{DateTime, Utc};
use rustix::fs::{Access, access};
use std::collections::HashMap;
use std::fs::DirBuilder;
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::config::Library;
use crate::fs::{FsError, Lock, LockError, Root};
use crate::job::Outcome;
use crate::job::faults::{LOCKS_HINT, end_of_fs, end_of_root, end_of_store, text_of};
use crate::job::partial::{Leftover, PARTIAL_DIR, sweep};
use crate::job::tools::lock;
use crate::store::{Begin, Store, StoreError, find_damage, set_aside};
use crate::systemd::Message;

/// The folder that is ours alone, below the root.
const STATE_DIR: &str = ".gphotos-syncd";
/// The folder of files that are gone at Google, below the root.
pub(crate) const TRASH_DIR: &str = ".gphotos-syncd/trash";
/// The file that holds the name of the library that the root belongs to.
pub(crate) const MARKER: &str = ".gphotos-syncd/library";
/// The lock's file name.
const LOCK: &str = "lock";
/// The index's file name.
const INDEX: &str = "index.sqlite";
/// The longest marker that is read, bytes.
const MARKER_BYTES_MAX: u64 = 256;
/// Mode of the marker.
const MARKER_MODE: u32 = 0o644;
/// Mode of a new folder for an index outside the root.
const INDEX_DIR_MODE: u32 = 0o750;

/// A root that is ready; the lock is held as long as this lives.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) root: Root,
    pub(crate) store: Store,
    pub(crate) leftovers: HashMap<String, Leftover>,
    pub(crate) lock: Lock,
}

/// The index of the newest run, with the file that it is; open while somebody needs it.
#[derive(Debug)]
pub(crate) struct OpenIndex {
    path: PathBuf,
    file: (u64, u64),
    store: Option<Store>,
}

/// Where the index of `library` is.
pub(crate) fn index_path(library: &Library) -> PathBuf {
    library.index_dir.clone().unwrap_or_else(|| library.root.join(STATE_DIR)).join(INDEX)
}

/// Makes the root ready and takes its lock.
///
/// # Errors
/// Why no run can begin: [`Outcome::Unusable`], [`Outcome::Denied`], [`Outcome::Locked`], [`Outcome::DiskFull`] or [`Outcome::Failed`].
pub(crate) fn open_site(
    library: &Library,
    open_index: &Mutex<Option<OpenIndex>>,
    now: DateTime<Utc>,
) -> Result<Site, Outcome> {
    let refuse = |error: FsError| end_of_root(&error, &library.root);
    let root = Root::open(&library.root).map_err(refuse)?;
    check_writable(&library.root).map_err(refuse)?;
    refuse_vanished_index(library, open_index)?;
    for dir in [STATE_DIR, PARTIAL_DIR, TRASH_DIR] {
        root.create_dir_all(dir).map_err(refuse)?;
    }
    refuse_mounted_partial(&root)?;
    let lock = take_lock(&root, library)?;
    let is_marked = check_marker(&root, library)?;
    let leftovers = sweep(&root, now).map_err(|error| end_of_fs(&error))?;
    let begin = if is_marked { Begin::Rebuild } else { Begin::Library };
    let store = open_store(library, open_index, begin, now)?;
    if !is_marked {
        // After the index, for a marked root without one has lost it.
        let text = format!("{}\n", library.name);
        root.write_atomic(MARKER, text.as_bytes(), MARKER_MODE).map_err(|error| end_of_fs(&error))?;
    }
    Ok(Site { root, store, leftovers, lock })
}

/// The index as it is open, or none.
pub(crate) fn store_if_open(library: &Library, open_index: &Mutex<Option<OpenIndex>>) -> Option<Store> {
    let path = index_path(library);
    let open = lock(open_index);
    open.as_ref()
        .filter(|open| open.path == path && file_id(&path) == Some(open.file))
        .and_then(|open| open.store.clone())
}

/// Closes the index once its last user is done, and remembers which one it was: an idle library costs neither a thread nor memory.
pub(crate) fn close_index(open_index: &Mutex<Option<OpenIndex>>) {
    if let Some(open) = lock(open_index).as_mut() {
        open.store = None;
    }
}

/// A root that can be read but not written would fail at every file.
fn check_writable(root: &Path) -> Result<(), FsError> {
    let allowed = access(root, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK);
    allowed.map_err(|errno| FsError { what: "write in", path: root.to_path_buf(), source: errno.into() })
}

/// An index that was open and whose file is gone means that the disk went away: nothing may be begun anew on the empty mount
/// point.
fn refuse_vanished_index(library: &Library, open_index: &Mutex<Option<OpenIndex>>) -> Result<(), Outcome> {
    let path = index_path(library);
    let open = lock(open_index);
    if open.as_ref().is_some_and(|open| open.path == path) && file_id(&path).is_none() {
        let (shown, root) = (path.display(), library.root.display());
        return Err(Outcome::Unusable(format!(
            "the index `{shown}` has vanished while in use\nhint: see whether the disk is mounted: findmnt -T {root}; to begin a new \
             index: systemctl restart gphotos-syncd"
        )));
    }
    Ok(())
}

/// A file system of its own in the place where files arrive: no file could be moved to its name from there.
fn refuse_mounted_partial(root: &Root) -> Result<(), Outcome> {
    if root.is_same_mount(PARTIAL_DIR).map_err(|error| end_of_fs(&error))? {
        return Ok(());
    }
    let partial = root.path().join(PARTIAL_DIR);
    Err(Outcome::Unusable(format!(
        "`{0}` is on another mount than the root, and a whole file could not be moved from there to its name\nhint: umount '{0}'",
        partial.display()
    )))
}

/// The lock lies in the root, so that whoever works there finds it; where the root's file system has no locks, beside the index.
fn take_lock(root: &Root, library: &Library) -> Result<Lock, Outcome> {
    let taken = match (Lock::take(&root.path().join(STATE_DIR).join(LOCK)), &library.index_dir) {
        (Err(LockError::None { .. }), Some(dir)) => {
            make_index_dir(dir)?;
            Lock::take(&dir.join(LOCK))
        }
        (taken, _) => taken,
    };
    taken.map_err(|error| match error {
        LockError::Held { .. } => Outcome::Locked(text_of(&error)),
        LockError::None { .. } => Outcome::Unusable(format!("{error}\nhint: {LOCKS_HINT}")),
        LockError::Fs(error) => end_of_root(&error, root.path()),
    })
}

/// Whether the root is marked as this library's; not if it is marked as nobody's.
fn check_marker(root: &Root, library: &Library) -> Result<bool, Outcome> {
    let fault = |error: FsError| end_of_fs(&error);
    let name = library.name.as_str();
    let Some(file) = root.open_file(MARKER).map_err(fault)? else { return Ok(false) };
    let mut found = String::new();
    let read = file.take(MARKER_BYTES_MAX).read_to_string(&mut found);
    let path = root.path().join(MARKER);
    read.map_err(|source| fault(FsError { what: "read", path: path.clone(), source }))?;
    let found = found.trim();
    if found == name {
        return Ok(true);
    }
    let (shown, path) = (root.path().display(), path.display());
    Err(Outcome::Unusable(format!(
        "the root `{shown}` belongs to library `{}`, not to `{name}`\nhint: give each library its own root; if the library was only \
         renamed: rm {path}",
        found.escape_debug()
    )))
}

/// The index that is open, or the one on disk; opened anew if the file is another one. A damaged one is moved aside, and a new one begun.
fn open_store(
    library: &Library,
    open_index: &Mutex<Option<OpenIndex>>,
    begin: Begin,
    now: DateTime<Utc>,
) -> Result<Store, Outcome> {
    if let Some(store) = store_if_open(library, open_index) {
        return Ok(store);
    }
    let path = index_path(library);
    if let Some(dir) = &library.index_dir {
        make_index_dir(dir)?;
    }
    let mut open = lock(open_index);
    *open = None;
    let opened = match find_damage(&path).and_then(|()| Store::open_or_begin(&path, begin)) {
        Err(error @ StoreError::Damaged { .. }) => {
            let aside = set_aside(&path, now).map_err(|error| end_of_store(&error))?;
            say_damaged(library, &error, &aside);
            Store::open_or_begin(&path, Begin::Rebuild)
        }
        opened => opened,
    };
    let store = opened.map_err(|error| end_of_store(&error))?;
    *open = file_id(&path).map(|file| OpenIndex { path, file, store: Some(store.clone()) });
    Ok(store)
}

fn make_index_dir(dir: &Path) -> Result<(), Outcome> {
    let made = DirBuilder::new().recursive(true).mode(INDEX_DIR_MODE).create(dir);
    made.map_err(|source| end_of_fs(&FsError { what: "create the folder", path: dir.to_owned(), source }))
}

/// Once for each damage, and loudly.
fn say_damaged(library: &Library, error: &StoreError, aside: &Path) {
    let (library, message_id) = (&library.name, Message::IndexDamaged.id());
    let reason = error.to_string();
    let reason = reason.lines().next().unwrap_or_default();
    tracing::warn!(
        %library, message_id,
        "{reason}; it is kept as `{}`, and a new one is made from the files, which are not fetched again",
        aside.display()
    );
}

/// Device and inode of a file; none if it is not there.
fn file_id(path: &Path) -> Option<(u64, u64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}
