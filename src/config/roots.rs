//! No two libraries on one folder: roots and index folders kept apart.
//!
//! Invariant: folders that exist are compared as the disk knows them, through symbolic links.
//! May import: `media`. Tests: `src/config/tests/`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::fault::{Fault, Faults, Place};
use crate::config::library::Library;

/// The folder of an index without a setting of its own, below the root.
const INDEX_FOLDER: &str = ".gphotos-syncd";

/// One library with the places that its folders are set at.
#[derive(Debug)]
pub(crate) struct Placed {
    /// The library.
    pub(crate) library: Library,
    /// Where `root` is set.
    pub(crate) root: Place,
    /// Where `index-dir` is set; where `root` is, if it is not.
    pub(crate) index_dir: Place,
    /// Where `inbox` is set; where `root` is, if it is not.
    pub(crate) inbox: Place,
}

/// Reports libraries that share a root, whose roots lie in each other, or that share an index folder.
pub(crate) fn check_apart(libraries: &[Placed], faults: &mut Faults) {
    let real: Vec<(PathBuf, PathBuf)> = libraries.iter().map(|placed| folders(&placed.library)).collect();
    for (later, placed) in libraries.iter().enumerate() {
        let (root, index) = &real[later];
        for (earlier, other) in libraries.iter().enumerate().take(later) {
            let (other_root, other_index) = &real[earlier];
            if let Some(fault) = root_fault(placed, root, other, other_root) {
                faults.push(fault);
            } else if index == other_index {
                faults.push(index_fault(placed, other));
            }
        }
        for (other, (other_root, _)) in libraries.iter().zip(&real) {
            if let Some(fault) = inbox_fault(placed, other, other_root) {
                faults.push(fault);
            }
        }
    }
}

/// An inbox in a root, or one for two libraries: whose parts they are could not be told.
fn inbox_fault(placed: &Placed, other: &Placed, other_root: &Path) -> Option<Fault> {
    let inbox = real(placed.library.takeout.inbox.as_deref()?);
    let (name, other_name) = (&placed.library.name, &other.library.name);
    let hint = format!("give it a folder of its own: `inbox = \"/srv/takeout/{name}\"`");
    if inbox.starts_with(other_root) || other_root.starts_with(&inbox) {
        let title =
            format!("the inbox of the library `{name}` and the root of `{other_name}` lie in each other");
        let fault = Fault::at(placed.inbox.clone(), title, format!("inbox of `{name}`"));
        return Some(fault.also(other.root.clone(), format!("root of `{other_name}`")).hint(hint));
    }
    let is_shared =
        name > other_name && other.library.takeout.inbox.as_deref().is_some_and(|other| real(other) == inbox);
    is_shared.then(|| {
        let title = format!("the libraries `{other_name}` and `{name}` have the same inbox");
        let fault = Fault::at(placed.inbox.clone(), title, format!("inbox of `{name}`"));
        fault.also(other.inbox.clone(), format!("inbox of `{other_name}`")).hint(hint)
    })
}

fn root_fault(placed: &Placed, root: &Path, other: &Placed, other_root: &Path) -> Option<Fault> {
    let (name, other_name) = (&placed.library.name, &other.library.name);
    let title = if root == other_root {
        format!("the libraries `{other_name}` and `{name}` have the same root")
    } else if root.starts_with(other_root) {
        format!("the root of the library `{name}` lies inside the root of `{other_name}`")
    } else if other_root.starts_with(root) {
        format!("the root of the library `{other_name}` lies inside the root of `{name}`")
    } else {
        return None;
    };
    let fault = Fault::at(placed.root.clone(), title, format!("root of `{name}`"));
    Some(
        fault
            .also(other.root.clone(), format!("root of `{other_name}`"))
            .allowed("one folder for each library, none inside another")
            .hint("give each library a folder of its own, side by side"),
    )
}

fn index_fault(placed: &Placed, other: &Placed) -> Fault {
    let (name, other_name) = (&placed.library.name, &other.library.name);
    let title = format!("the libraries `{other_name}` and `{name}` have the same index folder");
    Fault::at(placed.index_dir.clone(), title, format!("index of `{name}`"))
        .also(other.index_dir.clone(), format!("index of `{other_name}`"))
        .allowed("one index folder for each library")
        .hint(format!("write `index-dir = \"/var/lib/gphotos-syncd/{name}\"`"))
}

fn folders(library: &Library) -> (PathBuf, PathBuf) {
    let index = library.index_dir.clone().unwrap_or_else(|| library.root.join(INDEX_FOLDER));
    (real(&library.root), real(&index))
}

/// `path` as the disk knows it, as far as it exists there.
fn real(path: &Path) -> PathBuf {
    for existing in path.ancestors() {
        if let Ok(real) = fs::canonicalize(existing) {
            return path.strip_prefix(existing).map_or_else(|_| path.to_owned(), |rest| real.join(rest));
        }
    }
    path.to_owned()
}

/// Looks at the roots on disk: faults for those that are no folders, warnings for those that do not exist.
pub(crate) fn look_at(libraries: &[Placed], faults: &mut Faults, warnings: &mut Faults) {
    for Placed { library, root, .. } in libraries {
        let name = &library.name;
        match fs::metadata(&library.root) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                let title = format!("the root of the library `{name}` is not a folder");
                let hint =
                    format!("name a folder, or move this file away: `ls -ld '{}'`", library.root.display());
                faults.push(Fault::at(root.clone(), title, "a file of another kind is there").hint(hint));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
                let title =
                    format!("the root of the library `{name}` lies below something that is not a folder");
                faults.push(Fault::at(root.clone(), title, error.to_string()).hint("correct the path"));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let title = format!("the root of the library `{name}` does not exist yet");
                let hint = format!(
                    "mount its disk, or create it for the daemon's user: `install -d -m 0750 -o gphotos-syncd -g gphotos-syncd '{}'`",
                    library.root.display()
                );
                warnings.push(Fault::at(root.clone(), title, "no such folder").hint(hint));
            }
            Err(error) => {
                let title = format!("the root of the library `{name}` cannot be looked at");
                warnings.push(
                    Fault::at(root.clone(), title, error.to_string()).hint("run this as the daemon's user"),
                );
            }
        }
    }
}
