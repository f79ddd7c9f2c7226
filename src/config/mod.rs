//! The configuration: read, merged, checked, and from then on only typed values.
//!
//! Owns: the file's keys, their defaults and limits, and the errors a person reads when they are wrong.
//! Invariant: loading touches no network and creates nothing; a [`Config`] that exists is valid.
//! May import: `media`, `secret`, `names`. Tests: `src/config/tests/` and beside each setting.

mod drive;
mod fault;
mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod google;
mod hours;
mod layout;
mod library;
mod limits;
mod parse;
mod raw;
mod read;
mod roots;
mod schedule;
mod takeout;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use crate::config::drive::{Drive, Spool};
use crate::config::fault::{Fault, Faults, SourceFile};
use crate::config::file::Merged;
pub use crate::config::google::{Endpoints, Google};
pub use crate::config::hours::{SpeedWindow, SpeedWindows};
pub use crate::config::layout::{BadLayout, Layout};
pub use crate::config::library::{AlbumMode, Library, OnRemoteDelete, Sidecar, SourceKind};
pub use crate::config::limits::Limits;
use crate::config::raw::Leaf;
use crate::config::roots::Placed;
pub use crate::config::schedule::Schedule;
pub use crate::config::takeout::{AfterImport, ExportSchedule, LesserCopy, Takeout};
use crate::exit::Exit;
use crate::media::LibraryName;

/// The whole configuration, valid.
#[derive(Clone, Debug)]
pub struct Config {
    /// The main file that it was read from, absolute.
    pub path: PathBuf,
    /// What concerns Google's side.
    pub google: Google,
    /// The limits that all libraries share.
    pub limits: Limits,
    /// The libraries, by name.
    pub libraries: BTreeMap<LibraryName, Library>,
}

/// Every fault of a configuration; `Display` is the whole report that a person reads.
#[derive(Debug, thiserror::Error)]
#[error("{report}")]
pub struct ConfigError {
    /// The report, several lines.
    pub report: String,
    /// Whether this user may not read it, and nothing else is known to be wrong.
    pub is_denied: bool,
}

impl ConfigError {
    fn of(faults: &Faults, files: &[SourceFile]) -> Self {
        Self { report: faults.report(files), is_denied: faults.are_denials() }
    }

    /// How a program ends that cannot go on without the configuration.
    pub fn exit(&self) -> Exit {
        if self.is_denied { Exit::NoPermission } else { Exit::Config }
    }
}

impl Config {
    /// Reads the main file at `path` and its drop-ins (`config.d/*.toml` beside it, in name order).
    ///
    /// # Errors
    /// Every fault found, each with file, line, caret and hint.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let (built, files) = Built::read(path)?;
        built.finish(&files)
    }

    /// As [`Config::load`], and looks at the folders and files that it names: for `check`.
    ///
    /// Also answers with warnings, each of several lines, about what may be meant so: a folder that is not mounted.
    ///
    /// # Errors
    /// Every fault found, each with file, line, caret and hint; also of a root that is not a folder.
    pub fn examine(path: &Path) -> Result<(Self, Vec<String>), ConfigError> {
        let (mut built, files) = Built::read(path)?;
        let mut warnings = Faults::default();
        roots::look_at(&built.libraries, &mut built.faults, &mut warnings);
        built.look_at_client_secret(&mut warnings);
        Ok((built.finish(&files)?, warnings.warnings(&files)))
    }
}

/// A configuration on its way, with the faults found so far.
struct Built {
    path: PathBuf,
    google: Option<Google>,
    client_secret: Option<Leaf>,
    limits: Limits,
    libraries: Vec<Placed>,
    faults: Faults,
}

impl Built {
    /// Everything but the final verdict; fails early if a file cannot be read, since what it sets is then unknown.
    fn read(path: &Path) -> Result<(Self, Vec<SourceFile>), ConfigError> {
        let mut faults = Faults::default();
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let files = read::read_all(&path, &mut faults);
        Self::of_files(path, files, faults)
    }

    /// As [`Built::read`], of files that were read.
    fn of_files(
        path: PathBuf,
        files: Vec<SourceFile>,
        mut faults: Faults,
    ) -> Result<(Self, Vec<SourceFile>), ConfigError> {
        let mut readable = faults.is_empty();
        let mut merged = Merged::default();
        for (number, file) in files.iter().enumerate() {
            if faults.has_in(number) {
                // It is no text: what it seems to say would only be noise.
                continue;
            }
            match parse::parse(&file.text, number, &mut faults) {
                Some(raw) => merged.overlay(raw, number),
                None => readable = false,
            }
        }
        if !readable {
            return Err(ConfigError::of(&faults, &files));
        }
        Ok((Self::build(path, &merged, &files, faults), files))
    }

    fn build(path: PathBuf, merged: &Merged, files: &[SourceFile], mut faults: Faults) -> Self {
        let google = google::build(&merged.google, files, &mut faults);
        let windows = hours::build(&merged.windows, &mut faults);
        let limits = Limits { windows, ..limits::build(&merged.limits, &mut faults) };
        library::check_defaults(&merged.defaults, files, &mut faults);
        let mut libraries = Vec::new();
        for (name, (named, own)) in &merged.libraries {
            let raw = merged.with_defaults(own);
            let Some(library) = library::build(name, named, &raw, files, &mut faults) else { continue };
            let place = |leaf: Option<&Leaf>| leaf.map_or_else(|| named.clone(), |leaf| leaf.place.clone());
            let root = place(raw.root.as_ref());
            let index_dir = raw.index_dir.as_ref().map_or_else(|| root.clone(), |leaf| leaf.place.clone());
            let inbox = raw.inbox.as_ref().map_or_else(|| root.clone(), |leaf| leaf.place.clone());
            libraries.push(Placed { library, root, index_dir, inbox });
        }
        roots::check_apart(&libraries, &mut faults);
        Self { path, google, client_secret: merged.google.client_secret.clone(), limits, libraries, faults }
    }

    fn look_at_client_secret(&self, warnings: &mut Faults) {
        let file = self.google.as_ref().and_then(|google| google.client_secret.as_ref());
        let (Some(file), Some(leaf)) = (file, &self.client_secret) else { return };
        if let Err(error) = std::fs::metadata(file) {
            let title = format!("the client secret file `{}` cannot be looked at", file.display());
            let hint = if error.kind() == std::io::ErrorKind::PermissionDenied {
                "ask with `sudo`; the daemon needs its folder's x right, and the file with group gphotos-syncd and mode 0640"
            } else {
                "download it from the Google Cloud console: an OAuth client of the type \"Desktop app\""
            };
            warnings.push(Fault::at(leaf.place.clone(), title, error.to_string()).hint(hint));
        }
    }

    fn finish(self, files: &[SourceFile]) -> Result<Config, ConfigError> {
        let Self { path, google, limits, libraries, faults, .. } = self;
        match google {
            Some(google) if faults.is_empty() => {
                let by_name = |placed: Placed| (placed.library.name.clone(), placed.library);
                Ok(Config { path, google, limits, libraries: libraries.into_iter().map(by_name).collect() })
            }
            _ => Err(ConfigError::of(&faults, files)),
        }
    }
}
