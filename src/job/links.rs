//! Albums as folders of links: names, targets, and what must change.
//!
//! Owns: the names below `albums/`. Invariant: pure; a path made here stays below `albums/`, and each of its parts is at most
//! [`NAME_BYTES_MAX`] bytes. May import: `names`, `store` for its plain types. Tests: in `links/tests.rs`.

use chrono::{DateTime, Datelike, Utc};
use std::collections::{HashMap, HashSet};

use crate::names::{NAME_BYTES_MAX, folder_name_for};
use crate::store::AlbumLink;

/// The folder that all albums lie in, below the root.
pub(crate) const ALBUMS_DIR: &str = "albums";
/// How an album without a title is called.
const UNTITLED: &str = "Untitled";
/// The folder of albums of which no item has a date, below [`ALBUMS_DIR`].
const UNDATED_DIR: &str = "undated";
/// The longest extension that is kept when a name is cut, bytes with the dot.
const EXT_BYTES_MAX: usize = 16;

/// A link as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WantedLink {
    /// Where it is and where it leads.
    pub(crate) link: AlbumLink,
    /// When the item was taken.
    pub(crate) created: Option<DateTime<Utc>>,
}

/// What must change in one album.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LinkPlan {
    /// Links that we made and that are no longer wanted; removed first.
    pub(crate) remove: Vec<AlbumLink>,
    /// Links to make.
    pub(crate) add: Vec<WantedLink>,
    /// Links that are as wanted, where they are.
    pub(crate) keep: Vec<WantedLink>,
}

/// Folder wished for an album, below [`ALBUMS_DIR`]: `YYYY/MMDD TITLE` from the date of its newest item, UTC.
pub(crate) fn album_dir_for(title: &str, newest: Option<DateTime<Utc>>, portable: bool) -> String {
    let title = if title.trim().is_empty() { UNTITLED } else { title.trim() };
    match newest {
        Some(at) => {
            let name = folder_name_for(&format!("{:02}{:02} {title}", at.month(), at.day()), portable);
            format!("{:04}/{}", at.year(), cut(&name, NAME_BYTES_MAX))
        }
        None => format!("{UNDATED_DIR}/{}", cut(&folder_name_for(title, portable), NAME_BYTES_MAX)),
    }
}

/// Whether an album that wishes for the folder `wish` may stay in `dir`: its own wish, or a numbered form of it.
pub(crate) fn may_keep_dir(dir: &str, wish: &str) -> bool {
    dir == wish || number_at_end(dir).is_some_and(|n| numbered_dir(wish, n) == dir)
}

/// The first form of `wish` (` (2)`, ` (3)`, ...) that `is_taken` does not know.
pub(crate) fn free_dir(wish: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(wish) {
        return wish.to_owned();
    }
    // Ends: each number gives another name, and only so many can be taken.
    (2..=u32::MAX)
        .map(|n| numbered_dir(wish, n))
        .find(|dir| !is_taken(dir))
        .unwrap_or_else(|| wish.to_owned())
}

/// Name of a link: place in the album from 0, at least four digits, then the file's name, cut to what a file system takes.
pub(crate) fn link_name(index: usize, file_name: &str) -> String {
    let prefix = format!("{index:04}_");
    let room = NAME_BYTES_MAX.saturating_sub(prefix.len());
    let (stem, ext) = split_ext(file_name);
    format!("{prefix}{}{ext}", cut(stem, room.saturating_sub(ext.len())))
}

/// The `n`-th form of a link's path, because something that is not ours is at the first.
pub(crate) fn numbered_link(path: &str, n: u32) -> String {
    let (dir, name) = split_dir(path);
    let (stem, ext) = split_ext(name);
    let suffix = format!(" ({n}){ext}");
    let room = NAME_BYTES_MAX.saturating_sub(suffix.len());
    let numbered = format!("{dir}{}{suffix}", cut(stem, room));
    // A long name with such a number at the cut would meet its own form.
    if numbered == path { format!("{dir}{}{suffix}", cut(stem, room.saturating_sub(1))) } else { numbered }
}

/// The text of a symbolic link at `link` that leads to `target`, both below the same root.
pub(crate) fn relative_link(link: &str, target: &str) -> String {
    let from: Vec<&str> = split_dir(link).0.split('/').filter(|part| !part.is_empty()).collect();
    let to: Vec<&str> = target.split('/').filter(|part| !part.is_empty()).collect();
    let folders = to.len().saturating_sub(1);
    let common = from.iter().zip(&to[..folders]).take_while(|(a, b)| a == b).count();
    let ups = std::iter::repeat_n("..", from.len() - common);
    ups.chain(to[common..].iter().copied()).collect::<Vec<_>>().join("/")
}

/// Where a symbolic link at `link` with the text `text` leads, below the same root; none if it leads out of it.
pub(crate) fn target_of(link: &str, text: &str) -> Option<String> {
    let mut at: Vec<&str> = split_dir(link).0.split('/').filter(|part| !part.is_empty()).collect();
    for part in text.split('/') {
        match part {
            "" | "." => return None,
            ".." => drop(at.pop()?),
            part => at.push(part),
        }
    }
    (!at.is_empty()).then(|| at.join("/"))
}

/// Whether `name` is what a link to `target` is called at some place of an album, plain or numbered.
pub(crate) fn is_link_name(name: &str, target: &str) -> bool {
    let Some(index) = name.split_once('_').and_then(|(index, _)| index.parse().ok()) else { return false };
    is_form_of(name, &link_name(index, split_dir(target).1))
}

/// What must change so that the links `have`, all made by us, become `wanted`.
///
/// A link that stands at a numbered form of its wanted path, because something foreign had that path, stays there.
pub(crate) fn plan_links(wanted: Vec<WantedLink>, have: Vec<AlbumLink>) -> LinkPlan {
    let mut plan = LinkPlan::default();
    let mut by_target: HashMap<String, Vec<String>> = HashMap::new();
    for link in have {
        by_target.entry(link.target).or_default().push(link.path);
    }
    for mut want in wanted {
        let paths = by_target.get_mut(&want.link.target);
        let found = paths.and_then(|paths| {
            let at = paths.iter().position(|path| is_form_of(path, &want.link.path))?;
            Some(paths.swap_remove(at))
        });
        if let Some(path) = found {
            want.link.path = path;
            plan.keep.push(want);
        } else {
            plan.add.push(want);
        }
    }
    let left = by_target.into_iter();
    plan.remove = left
        .flat_map(|(target, paths)| {
            paths.into_iter().map(move |path| AlbumLink { path, target: target.clone() })
        })
        .collect();
    plan.remove.sort_unstable();
    plan
}

/// The distinct folders of `paths`, sorted.
pub(crate) fn folders_of<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    let distinct: HashSet<&str> = paths.map(|path| split_dir(path).0.trim_end_matches('/')).collect();
    let mut folders: Vec<String> = distinct.into_iter().map(str::to_owned).collect();
    folders.sort_unstable();
    folders
}

/// Whether `path` is `wanted` or a numbered form of it.
fn is_form_of(path: &str, wanted: &str) -> bool {
    if path == wanted {
        return true;
    }
    let (stem, _) = split_ext(split_dir(path).1);
    number_at_end(stem).is_some_and(|n| numbered_link(wanted, n) == path)
}

/// The number in ` (N)` at the end of `text`, from 2 on.
fn number_at_end(text: &str) -> Option<u32> {
    let (_, number) = text.strip_suffix(')')?.rsplit_once(" (")?;
    number.parse().ok().filter(|n| *n >= 2)
}

fn numbered_dir(wish: &str, n: u32) -> String {
    let (parent, name) = split_dir(wish);
    let suffix = format!(" ({n})");
    format!("{parent}{}{suffix}", cut(name, NAME_BYTES_MAX.saturating_sub(suffix.len())).trim_end())
}

/// Folder with its slash, and name.
fn split_dir(path: &str) -> (&str, &str) {
    path.rfind('/').map_or(("", path), |at| path.split_at(at + 1))
}

/// Name without extension, and the extension with its dot; a very long one counts as part of the name.
fn split_ext(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= EXT_BYTES_MAX => name.split_at(at),
        Some(_) | None => (name, ""),
    }
}

/// `text` cut to at most `bytes` bytes between two characters.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;
