//! Album links that lie on disk and that no index knows: found again, so that those which are no longer wanted can go.
//!
//! Invariant: only a symbolic link is taken for ours, and only if both its text and its name are those that this program
//! gives to a link to a file that the index knows; hard links and copies prove nothing. May import: `fs`, `store`. Tests:
//! `tests/it/index_damage.rs`.

use crate::fs::{EntryKind, FsError, Root};
use crate::job::Outcome;
use crate::job::faults::{end_of_fs, end_of_store};
use crate::job::links::{ALBUMS_DIR, is_link_name, relative_link, target_of};
use crate::job::tools::{Tools, blocking};
use crate::store::AlbumLink;

/// How deep links lie below the folder of albums: year, album.
const DEPTH: u32 = 2;

/// Records the links found below the folder of albums as those of albums that are gone: the linking removes them, and makes what is
/// wanted anew.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn find_links(tools: &Tools) -> Result<(), Outcome> {
    let root = tools.root.clone();
    let folders = blocking(move || folders_below(&root, ALBUMS_DIR, DEPTH)).await?;
    for folder in folders.map_err(|error| end_of_fs(&error))? {
        if tools.stop.is_begun() {
            return Err(Outcome::Interrupted);
        }
        let root = tools.root.clone();
        let links = blocking(move || links_in(&root, &folder)).await?.map_err(|error| end_of_fs(&error))?;
        let mut ours = Vec::new();
        for link in links {
            let is_ours = tools.store.is_settled_path(link.target.clone()).await;
            if is_ours.map_err(|error| end_of_store(&error))? {
                ours.push(link);
            }
        }
        tools.store.adopt_links(ours).await.map_err(|error| end_of_store(&error))?;
    }
    Ok(())
}

/// The folders at just this depth below `dir`; no link is followed.
fn folders_below(root: &Root, dir: &str, depth: u32) -> Result<Vec<String>, FsError> {
    if root.entry(dir)?.is_none_or(|entry| entry.kind != EntryKind::Dir) {
        return Ok(Vec::new());
    }
    if depth == 0 {
        return Ok(vec![dir.to_owned()]);
    }
    let mut folders = Vec::new();
    for name in root.list(dir)? {
        folders.append(&mut folders_below(root, &format!("{dir}/{name}"), depth - 1)?);
    }
    Ok(folders)
}

/// The links in a folder that have the text and the name of ours.
fn links_in(root: &Root, folder: &str) -> Result<Vec<AlbumLink>, FsError> {
    let mut links = Vec::new();
    for name in root.list(folder)? {
        let path = format!("{folder}/{name}");
        // A name that is no UTF-8 was not given here, and what it stands for in the list is not there.
        let Some(text) = root.read_link(&path)? else { continue };
        let Some(target) = target_of(&path, &text) else { continue };
        if relative_link(&path, &target) == text && is_link_name(&name, &target) {
            links.push(AlbumLink { path, target });
        }
    }
    Ok(links)
}
