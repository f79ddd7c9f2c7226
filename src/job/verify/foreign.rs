//! What lies below the root and is not the library's.
//!
//! Invariant: reads only; follows no link; memory grows with the folders of the library, not with its files. May import: `fs`, `store`. Tests: below
//! for the names; the rest in `tests/it/verify.rs`.

use tokio::runtime::Handle;

use crate::fs::{EntryKind, FsError, Root};
use crate::job::Outcome;
use crate::job::faults::{end_of_store, reason_of_fs};
use crate::job::tools::{Tools, blocking};
use crate::job::verify::NAMED_MAX;
use crate::shutdown::Stop;
use crate::store::{Store, StoreError};

/// Paths asked for at once.
const PATHS_AT_ONCE: usize = 512;
/// What is at the top of a root and is nobody's photo: our own folder and token, and what a file system keeps for itself.
const APART: [&str; 3] = [".gphotos-syncd", ".gphotos.token", "lost+found"];
/// The names of sidecars end so.
const SIDECAR_SUFFIXES: [&str; 2] = [".json", ".xmp"];

/// What is not the library's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Foreign {
    pub(crate) count: u64,
    /// The first of them.
    pub(crate) named: Vec<String>,
    /// Folders that could not be looked into.
    pub(crate) unread: u64,
    /// The first of them, and why.
    pub(crate) unread_named: Vec<(String, String)>,
}

/// Why the walk ended before its end.
enum Broken {
    Stopped,
    Store(StoreError),
}

struct Walk {
    root: Root,
    store: Store,
    stop: Stop,
    runtime: Handle,
    foreign: Foreign,
    asked: Vec<String>,
}

/// Goes through all folders below the root.
///
/// # Errors
/// Why it must end.
pub(crate) async fn count_foreign(tools: &Tools) -> Result<Foreign, Outcome> {
    let mut walk = Walk {
        root: tools.root.clone(),
        store: tools.store.clone(),
        stop: tools.stop.clone(),
        runtime: Handle::current(),
        foreign: Foreign::default(),
        asked: Vec::new(),
    };
    let walked = blocking(move || walk.go().map(|()| walk.foreign)).await?;
    walked.map_err(|broken| match broken {
        Broken::Stopped => Outcome::Interrupted,
        Broken::Store(error) => end_of_store(&error),
    })
}

impl Walk {
    fn go(&mut self) -> Result<(), Broken> {
        let mut folders = vec![String::new()];
        // Ends: each folder is listed once, and no link is followed.
        while let Some(folder) = folders.pop() {
            if self.stop.is_begun() {
                return Err(Broken::Stopped);
            }
            let (root, mut broken) = (self.root.clone(), None);
            let visited = root.visit(&folder, |name| {
                broken = self.take(&folder, &name, &mut folders).err();
                broken.is_none()
            });
            if let Some(broken) = broken {
                return Err(broken);
            }
            if let Err(error) = visited {
                self.skip(folder, &error);
            }
        }
        self.ask()
    }

    fn take(&mut self, folder: &str, name: &str, folders: &mut Vec<String>) -> Result<(), Broken> {
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        if folder.is_empty() && APART.contains(&name) {
            return Ok(());
        }
        match self.root.entry(&path) {
            Ok(Some(entry)) if entry.kind == EntryKind::Dir => folders.push(path),
            Ok(_) => {
                self.asked.push(path);
                if self.asked.len() >= PATHS_AT_ONCE {
                    self.ask()?;
                }
            }
            Err(error) => self.skip(path, &error),
        }
        Ok(())
    }

    fn skip(&mut self, path: String, error: &FsError) {
        self.foreign.unread += 1;
        if self.foreign.unread_named.len() < NAMED_MAX {
            let shown = if path.is_empty() { ".".to_owned() } else { path };
            self.foreign.unread_named.push((shown, reason_of_fs(error)));
        }
    }

    /// Asks the index whose the gathered paths are.
    fn ask(&mut self) -> Result<(), Broken> {
        let asked = std::mem::take(&mut self.asked);
        let unknown = self.unknown(asked)?;
        let (sidecars, others): (Vec<String>, Vec<String>) =
            unknown.into_iter().partition(|path| beside(path).is_some());
        let known =
            self.known(sidecars.iter().filter_map(|path| beside(path)).map(str::to_owned).collect())?;
        let alone = sidecars.into_iter().zip(known).filter(|(_, is_known)| !is_known).map(|(path, _)| path);
        for path in others.into_iter().chain(alone) {
            self.foreign.count += 1;
            if self.foreign.named.len() < NAMED_MAX {
                self.foreign.named.push(path);
            }
        }
        Ok(())
    }

    fn unknown(&self, paths: Vec<String>) -> Result<Vec<String>, Broken> {
        let known = self.known(paths.clone())?;
        Ok(paths.into_iter().zip(known).filter(|(_, is_known)| !is_known).map(|(path, _)| path).collect())
    }

    fn known(&self, paths: Vec<String>) -> Result<Vec<bool>, Broken> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        self.runtime.block_on(self.store.known_paths(paths)).map_err(Broken::Store)
    }
}

/// The path of the file whose sidecar this is by its name.
fn beside(path: &str) -> Option<&str> {
    SIDECAR_SUFFIXES.iter().find_map(|suffix| path.strip_suffix(suffix))
}

#[cfg(test)]
mod tests {
    use crate::job::verify::foreign::beside;

    #[test]
    fn a_sidecar_is_known_by_the_name_of_its_file() {
        let table = [
            ("photos/a.jpg.json", Some("photos/a.jpg")),
            ("photos/a.jpg.xmp", Some("photos/a.jpg")),
            ("photos/a.jpg", None),
        ];
        for (path, of) in table {
            assert_eq!(beside(path), of, "{path}");
        }
    }
}
