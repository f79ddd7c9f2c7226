//! `[library.NAME]` and `[defaults]`: one library's settings.
//!
//! Owns: the defaults of a library and the limits of its values. Invariant: pure.
//! May import: `media`. Tests: `src/config/tests/`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::drive::{self, Drive};
use crate::config::fault::{Fault, Faults, Place, SourceFile, nearest, shown};
use crate::config::file::RawLibrary;
use crate::config::layout::{Layout, layout};
use crate::config::raw::{Leaf, Raw};
use crate::config::schedule::{Schedule, schedule};
use crate::config::takeout::{Takeout, check_inbox, takeout};
use crate::config::value::{Wrong, choice, file_mode, path, read, text, time, truth};
use crate::media::LibraryName;

/// How long a run may wait for its random moment at most: a day, or it would meet the next one.
const SPLAY_MAX: Duration = Duration::from_secs(24 * 3600);
/// A full listing of a large library takes an hour by itself.
const FULL_SCAN_MIN: Duration = Duration::from_secs(3600);
/// Past a year, a full listing is as good as none.
const FULL_SCAN_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// Hashing a library twice in an hour tells nothing new.
const VERIFY_MIN: Duration = Duration::from_secs(3600);
/// Disks forget within years.
const VERIFY_MAX: Duration = Duration::from_secs(5 * 366 * 24 * 3600);

const SPLAY_DEFAULT: Duration = Duration::from_secs(10 * 60);
const FULL_SCAN_DEFAULT: Duration = Duration::from_secs(7 * 24 * 3600);
const VERIFY_DEFAULT: Duration = Duration::from_secs(30 * 24 * 3600);
/// In less than a day nobody notices what is gone.
const TRASH_KEEP_MIN: Duration = Duration::from_secs(24 * 3600);
/// Past ten years, a trash is an archive.
const TRASH_KEEP_MAX: Duration = Duration::from_secs(3653 * 24 * 3600);
/// As long as a month of holidays.
const TRASH_KEEP_DEFAULT: Duration = Duration::from_secs(30 * 24 * 3600);
const SCHEDULE_DEFAULT: &str = "0 0 */6 * * *";
const FILE_MODE_DEFAULT: u32 = 0o640;

/// One library's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Library {
    /// Its name.
    pub name: LibraryName,
    /// Its root folder, absolute.
    pub root: PathBuf,
    /// When its runs are due.
    pub schedule: Schedule,
    /// A run begins at a random moment within this time after it is due; default 10 min.
    pub splay: Duration,
    /// Where its items come from.
    pub sources: Vec<SourceKind>,
    /// How albums appear on disk.
    pub albums: AlbumMode,
    /// The folder of a file.
    pub layout: Layout,
    /// What is written beside a file.
    pub sidecar: Sidecar,
    /// What happens to the file of an item that is gone at Google.
    pub on_remote_delete: OnRemoteDelete,
    /// How long a file stays in the trash; default 30 days.
    pub trash_keep: Duration,
    /// Permission bits of media files and sidecars; default 0640.
    pub file_mode: u32,
    /// The index's folder; none: `.gphotos-syncd` in the root.
    pub index_dir: Option<PathBuf>,
    /// How often the whole library is listed; default 7 days.
    pub full_scan_every: Duration,
    /// How often all stored files are hashed again by the runs; none: never; default 30 days.
    pub verify_every: Option<Duration>,
    /// Whether names must be legal on Windows too, and distinct without regard to case.
    pub portable_names: bool,
    /// How the parts of a Takeout export are taken in.
    pub takeout: Takeout,
    /// What the source `drive` is told.
    pub drive: Drive,
}

impl Library {
    /// Whether any of its sources is Google itself, so that a login is needed.
    pub fn needs_google(&self) -> bool {
        self.sources.iter().any(|source| match source {
            SourceKind::LibraryApi | SourceKind::Drive => true,
            SourceKind::Takeout => false,
        })
    }
}

/// Where items come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// The Library API: what the app itself uploaded (or all, where the legacy scope still works).
    LibraryApi,
    /// The parts of Takeout exports that are dropped into the inbox.
    Takeout,
    /// Exports that Google delivers to the account's Drive.
    Drive,
}

/// How albums appear on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlbumMode {
    /// Relative symbolic links.
    Symlink,
    /// Hard links.
    Hardlink,
    /// Copies.
    Copy,
    /// Not at all.
    None,
}

/// What is written beside a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sidecar {
    /// Nothing.
    None,
    /// `NAME.EXT.json` with what Google tells.
    Json,
    /// `NAME.EXT.xmp` with what Google tells.
    Xmp,
}

/// What happens to the file of an item that is gone at Google.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRemoteDelete {
    /// It stays.
    Keep,
    /// It goes to `.gphotos-syncd/trash`, and is removed from there in time.
    Trash,
}

impl OnRemoteDelete {
    /// The word of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Trash => "trash",
        }
    }
}

/// The name of a source, and the source if this version has it.
const SOURCES: [(&str, Option<SourceKind>); 4] = [
    ("library-api", Some(SourceKind::LibraryApi)),
    ("takeout", Some(SourceKind::Takeout)),
    ("drive", Some(SourceKind::Drive)),
    ("picker", None),
];

impl SourceKind {
    /// The word of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::LibraryApi => "library-api",
            Self::Takeout => "takeout",
            Self::Drive => "drive",
        }
    }

    /// Whether it can prove that an item is gone: it lists the whole library, and answers for one item.
    pub fn proves_absence(self) -> bool {
        match self {
            Self::LibraryApi => true,
            Self::Takeout | Self::Drive => false,
        }
    }
}

/// The settings of a library that `raw` makes, if it has a name and a root; `named` is where it is named first.
pub(crate) fn build(
    name: &str,
    named: &Place,
    raw: &RawLibrary,
    files: &[SourceFile],
    faults: &mut Faults,
) -> Option<Library> {
    let valid_name = LibraryName::try_new(name);
    if let Err(error) = &valid_name {
        let title = format!("bad name of a library: {}", shown(name));
        faults.push(
            Fault::at(named.clone(), title, "this name")
                .allowed(error.to_string())
                .hint("rename the table, as in `[library.alice]`"),
        );
    }
    let root = root(name, named, raw.root.as_ref(), files, faults);
    // A faulty library goes by another name to its check, so that the faults of its other keys show too.
    let any_name = valid_name.as_ref().ok().cloned().or_else(|| LibraryName::try_new("unnamed").ok())?;
    let library = settings(any_name, root.clone().unwrap_or_default(), raw, files, faults);
    check_inbox(&library.sources, &library.takeout, raw, faults);
    check_trash(&library, raw, faults);
    (valid_name.is_ok() && root.is_some()).then_some(library)
}

/// Checks the keys of `[defaults]` by themselves, so that their faults show even without a library.
pub(crate) fn check_defaults(raw: &RawLibrary, files: &[SourceFile], faults: &mut Faults) {
    if let Ok(name) = LibraryName::try_new("defaults") {
        settings(name, PathBuf::new(), raw, files, faults);
    }
    read("root", raw.root.as_ref(), None, faults, |value| path_of(value, raw.root.as_ref(), files).map(Some));
}

fn root(
    name: &str,
    named: &Place,
    leaf: Option<&Leaf>,
    files: &[SourceFile],
    faults: &mut Faults,
) -> Option<PathBuf> {
    let example = LibraryName::try_new(name).map_or_else(|_| "alice".to_owned(), String::from);
    if leaf.is_none() {
        let fault =
            Fault::at(named.clone(), format!("the library {} has no `root`", shown(name)), "this library");
        faults.push(fault.hint(format!("add its folder: `root = \"/srv/photos/{example}\"`")));
    }
    read("root", leaf, None, faults, |value| {
        let root = path_of(value, leaf, files)?;
        if root == Path::new("/") {
            return Err(Wrong::new(
                "a library cannot have the whole file system as its root",
                "a folder of its own",
            )
            .hint(format!("write `root = \"/srv/photos/{example}\"`")));
        }
        Ok(Some(root))
    })
}

/// The path that `value` means, relative to the file that `leaf` stands in.
pub(crate) fn path_of(value: &Raw, leaf: Option<&Leaf>, files: &[SourceFile]) -> Result<PathBuf, Wrong> {
    let file = leaf.and_then(|leaf| files.get(leaf.place.file));
    path(value, file.and_then(|file| file.path.parent()).unwrap_or(Path::new("/")))
}

/// The library of `name` and `root` with the settings of `raw`, defaults for the rest.
fn settings(
    name: LibraryName,
    root: PathBuf,
    raw: &RawLibrary,
    files: &[SourceFile],
    faults: &mut Faults,
) -> Library {
    let default_schedule = Schedule::Cron(SCHEDULE_DEFAULT.to_owned());
    Library {
        name,
        root,
        schedule: read("schedule", raw.schedule.as_ref(), default_schedule, faults, schedule),
        splay: read("splay", raw.splay.as_ref(), SPLAY_DEFAULT, faults, |v| {
            time(v, Duration::ZERO, SPLAY_MAX)
        }),
        sources: read("sources", raw.sources.as_ref(), vec![SourceKind::LibraryApi], faults, sources),
        albums: read("albums", raw.albums.as_ref(), AlbumMode::Symlink, faults, albums),
        layout: read("layout", raw.layout.as_ref(), Layout::default(), faults, layout),
        sidecar: read("sidecar", raw.sidecar.as_ref(), Sidecar::None, faults, sidecar),
        on_remote_delete: read(
            "on-remote-delete",
            raw.on_remote_delete.as_ref(),
            OnRemoteDelete::Keep,
            faults,
            on_remote_delete,
        ),
        trash_keep: read("trash-keep", raw.trash_keep.as_ref(), TRASH_KEEP_DEFAULT, faults, |value| {
            time(value, TRASH_KEEP_MIN, TRASH_KEEP_MAX)
        }),
        file_mode: read("file-mode", raw.file_mode.as_ref(), FILE_MODE_DEFAULT, faults, file_mode),
        index_dir: read("index-dir", raw.index_dir.as_ref(), None, faults, |value| {
            path_of(value, raw.index_dir.as_ref(), files).map(Some)
        }),
        full_scan_every: read(
            "full-scan-every",
            raw.full_scan_every.as_ref(),
            FULL_SCAN_DEFAULT,
            faults,
            |value| time(value, FULL_SCAN_MIN, FULL_SCAN_MAX),
        ),
        verify_every: read(
            "verify-every",
            raw.verify_every.as_ref(),
            Some(VERIFY_DEFAULT),
            faults,
            verify_every,
        ),
        portable_names: read("portable-names", raw.portable_names.as_ref(), false, faults, truth),
        takeout: takeout(raw, files, faults),
        drive: drive::build(raw, faults),
    }
}

fn verify_every(raw: &Raw) -> Result<Option<Duration>, Wrong> {
    if matches!(raw, Raw::Text(text) if text.trim() == "never") {
        return Ok(None);
    }
    time(raw, VERIFY_MIN, VERIFY_MAX)
        .map(Some)
        .map_err(|wrong| wrong.or_hint("write `\"never\"` to have it done by `gphotos-syncd verify` alone"))
}

fn albums(raw: &Raw) -> Result<AlbumMode, Wrong> {
    use AlbumMode::{Copy, Hardlink, None, Symlink};
    choice(raw, &[("symlink", Symlink), ("hardlink", Hardlink), ("copy", Copy), ("none", None)])
}

fn sidecar(raw: &Raw) -> Result<Sidecar, Wrong> {
    choice(raw, &[("none", Sidecar::None), ("json", Sidecar::Json), ("xmp", Sidecar::Xmp)])
}

fn on_remote_delete(raw: &Raw) -> Result<OnRemoteDelete, Wrong> {
    choice(raw, &[("keep", OnRemoteDelete::Keep), ("trash", OnRemoteDelete::Trash)])
}

/// An export holds what was there when it was made; that an item is not in the next one proves nothing.
fn check_trash(library: &Library, raw: &RawLibrary, faults: &mut Faults) {
    if library.on_remote_delete != OnRemoteDelete::Trash
        || library.sources.iter().copied().any(SourceKind::proves_absence)
    {
        return;
    }
    if let Some(leaf) = &raw.on_remote_delete {
        let title = format!("no source of the library `{}` can prove that an item is gone", library.name);
        let fault = Fault::at(leaf.place.clone(), title, "this needs such a proof");
        let fault = fault.allowed("\"keep\", or \"trash\" with the source `library-api`");
        let fault = match &raw.sources {
            Some(sources) => fault.also(sources.place.clone(), "exports cannot tell what was deleted"),
            None => fault,
        };
        faults.push(fault.hint("write `on-remote-delete = \"keep\"` in the library's table"));
    }
}

fn sources(raw: &Raw) -> Result<Vec<SourceKind>, Wrong> {
    let allowed = "a list of sources, in brackets: [\"library-api\"] or [\"takeout\"]";
    let Raw::List(items) = raw else {
        return Err(Wrong::new(format!("this is {}, not a list", raw.kind()), allowed)
            .hint("write `sources = [\"library-api\"]`"));
    };
    let mut kinds = Vec::new();
    for item in items {
        let kind = source(&item.raw, allowed).map_err(|wrong| wrong.at(item.place.clone()))?;
        if kinds.contains(&kind) {
            return Err(Wrong::new("this source is named twice", allowed).at(item.place.clone()));
        }
        kinds.push(kind);
    }
    if kinds.is_empty() {
        return Err(Wrong::new("this list is empty, so nothing would ever be fetched", allowed));
    }
    Ok(kinds)
}

fn source(raw: &Raw, allowed: &str) -> Result<SourceKind, Wrong> {
    let given = text(raw, allowed)?;
    match SOURCES.iter().find(|(word, _)| *word == given) {
        Some((_, Some(kind))) => Ok(*kind),
        Some((word, None)) => {
            Err(Wrong::new(format!("the source `{word}` is not yet in this version"), allowed)
                .hint("write `sources = [\"library-api\"]`"))
        }
        None => {
            let wrong = Wrong::new(format!("{} is not a source", shown(given)), allowed);
            Err(match nearest(given, &SOURCES.map(|(word, _)| word)) {
                Some(near) => wrong.hint(format!("did you mean \"{near}\"?")),
                None => wrong,
            })
        }
    }
}
