//! What the process may write to: the folders of its configuration, its state and its socket, and nothing else.
//!
//! Owns: the list of those folders, and what is said of roots that it does not cover. Invariant: nothing here stops the daemon; a
//! library whose root cannot be written fails by itself. May import: everything below the daemon. Tests: below, and
//! `tests/it/fence.rs`.

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::config::{AfterImport, Config, Library};
use crate::daemon::{Options, Places};
use crate::fs::fence::{Raised, keeps_out, raise};
use crate::media::LibraryName;
use crate::systemd::{Need, drop_in_for, is_hidden_by_default};

/// Mode of the state folder.
pub(crate) const STATE_DIR_MODE: u32 = 0o700;

/// Takes from this process the right to write anywhere but where these libraries of the configuration of `options` (all, if none
/// is named) need it, beside `archives` too if imported ones are to be moved or deleted, and all ways to gain privileges. Threads that run already keep theirs, so this comes before the runtime is built.
///
/// A configuration that cannot be read limits nothing: the command that follows says what is wrong with it, and ends.
pub fn raise_fence(options: &Options, names: &[LibraryName], archives: &[PathBuf]) {
    let Ok(config) = Config::load(&options.config) else { return };
    let places = Places::find(&options.config);
    // A fault is left to whoever needs the folder next: it knows what to say.
    let made = DirBuilder::new().recursive(true).mode(STATE_DIR_MODE).create(&places.state_dir);
    if let Err(error) = made {
        tracing::debug!(%error, "the state folder is not there");
    }
    let mut folders = writable(&config, names, &places);
    let may_move = |library: &Library| {
        names.contains(&library.name) && library.takeout.after_import != AfterImport::Keep
    };
    if config.libraries.values().any(may_move) {
        folders.extend(archives.iter().filter_map(|path| folder_of(path)));
    }
    match raise(&folders) {
        Raised::InForce { folders, whole } => tracing::info!(
            folders,
            "writing is limited to {folders} folders{}",
            if whole { "" } else { ", as far as this kernel can" }
        ),
        Raised::Absent { why } => {
            tracing::info!("writing is not limited to the libraries' folders by the daemon itself: {why}");
        }
    }
}

fn writable(config: &Config, names: &[LibraryName], places: &Places) -> Vec<PathBuf> {
    let own = [Some(places.state_dir.as_path()), places.socket.parent()].into_iter().flatten();
    let chosen =
        config.libraries.values().filter(|library| names.is_empty() || names.contains(&library.name));
    let roots = chosen.clone().map(|library| library.root.as_path());
    let inboxes = chosen.clone().filter_map(changed_inbox).filter(|inbox| inbox.is_dir());
    let indexes = chosen.filter_map(|library| library.index_dir.as_deref());
    // A missing root is never created, but the folders of the socket and of an index are: where they will be is granted.
    let made = own.chain(indexes).filter_map(nearest);
    made.chain(roots).chain(inboxes).map(Path::to_owned).collect()
}

/// The folder itself, or the deepest one above it that is there; none, if that is the root of all.
fn nearest(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|path| path.is_dir()).filter(|path| path.parent().is_some())
}

/// The folders that a library's runs write to.
fn folders_of(library: &Library) -> impl Iterator<Item = &Path> {
    std::iter::once(library.root.as_path()).chain(library.index_dir.as_deref()).chain(changed_inbox(library))
}

/// The inbox, if imported archives are moved within it or deleted from it.
fn changed_inbox(library: &Library) -> Option<&Path> {
    let is_changed = library.takeout.after_import != AfterImport::Keep;
    library.takeout.inbox.as_deref().filter(|_| is_changed)
}

/// The folder that holds an archive; a folder that holds archives is that itself.
fn folder_of(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    if path.is_dir() { Some(path) } else { path.parent().map(Path::to_owned) }
}

/// Libraries whose folders lie outside the fence: they were not there, or not configured, when the process began.
pub(crate) fn kept_out(config: &Config) -> Vec<LibraryName> {
    let outside = |library: &&Library| folders_of(library).any(|dir| dir.is_dir() && keeps_out(dir));
    config.libraries.values().filter(outside).map(|library| library.name.clone()).collect()
}

/// What the runs of all libraries do with which folders, of other folders than the daemon's own.
pub(crate) fn needs_of(config: &Config) -> Vec<Need<'_>> {
    config.libraries.values().flat_map(needs_of_one).collect()
}

fn needs_of_one(library: &Library) -> impl Iterator<Item = Need<'_>> {
    let is_read = library.takeout.after_import == AfterImport::Keep;
    let read = library.takeout.inbox.as_deref().filter(|_| is_read);
    folders_of(library).map(Need::Write).chain(read.map(Need::Read))
}

/// The folders of `needs` by what is done with them, as in "write to `/srv/a`, `/srv/b`, nor read `/home/c`"; none if there are none.
pub(crate) fn told_needs(needs: &[Need<'_>], write: &str, and: &str, read: &str) -> Option<String> {
    let named = |word: &str, is_write: bool| {
        let folders = needs.iter().filter(|need| need.is_write() == is_write);
        let names: Vec<String> = folders.map(|need| format!("`{}`", need.folder().display())).collect();
        (!names.is_empty()).then(|| format!("{word} {}", names.join(", ")))
    };
    let told: Vec<String> = [named(write, true), named(read, false)].into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join(and))
}

/// What to say at the start of folders that the unit's sandbox shuts out, with the drop-in to paste; none if it shuts out none, or
/// if the service manager did not start this process.
pub(crate) fn shut_out(config: &Config, by_service_manager: bool) -> Option<String> {
    let needs = needs_of(config);
    let is_out = |need: &&Need<'_>| is_shut(need.folder(), fault_of(need), by_service_manager);
    let shut: Vec<Need<'_>> = needs.iter().filter(is_out).copied().collect();
    let inside = "from inside the unit's sandbox:";
    let (write, read) = (format!("be written {inside}"), format!("be read {inside}"));
    let told = told_needs(&shut, &write, "; nor ", &read)?;
    Some(format!("cannot {told}\n{}", drop_in_for(&needs)))
}

/// A read-only view of a folder is the sandbox's doing, or the disk's; a home that is away is the sandbox's.
fn is_shut(folder: &Path, fault: Option<Errno>, by_service_manager: bool) -> bool {
    by_service_manager
        && match fault {
            Some(Errno::ROFS) => true,
            Some(Errno::NOENT | Errno::ACCESS) => is_hidden_by_default(folder),
            Some(_) | None => false,
        }
}

fn fault_of(need: &Need<'_>) -> Option<Errno> {
    let right = if need.is_write() { Access::WRITE_OK } else { Access::READ_OK | Access::EXEC_OK };
    accessat(CWD, need.folder(), right, AtFlags::EACCESS).err()
}

#[cfg(test)]
mod tests {
    use crate::daemon::confine::is_shut;
    use rustix::io::Errno;
    use std::path::Path;

    #[test]
    fn only_what_a_sandbox_does_is_laid_at_its_door() {
        let table = [
            ("/srv/photos", Some(Errno::ROFS), true, true),
            ("/srv/photos", Some(Errno::ROFS), false, false),
            ("/srv/photos", Some(Errno::NOENT), true, false),
            ("/srv/photos", Some(Errno::ACCESS), true, false),
            ("/home/alice/Photos", Some(Errno::NOENT), true, true),
            ("/home/alice/Photos", Some(Errno::ACCESS), true, true),
            ("/home/alice/Photos", None, true, false),
        ];
        for (folder, fault, by_service_manager, expected) in table {
            assert_eq!(is_shut(Path::new(folder), fault, by_service_manager), expected, "{folder} {fault:?}");
        }
    }
}
