//! Which archives and folders make an export set.
//!
//! Invariant: blocks where it looks at the disk, decides nothing there; sets are made of names alone, because one export's parts must
//! never be mixed with another's. May import: `takeout`. Tests: below.

use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::google::DriveFile;
use crate::takeout::part_name::PartName;

/// An archive or folder that may be a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its name.
    pub(crate) name: String,
    /// When it was changed last.
    pub(crate) changed: Option<DateTime<Utc>>,
    /// When it came to lie there, at the latest: the time of its inode's last change, which nobody can set.
    pub(crate) placed: Option<DateTime<Utc>>,
    /// Whether it is a folder.
    pub(crate) is_folder: bool,
    /// The file in Drive that it is, if it lies there.
    pub(crate) drive: Option<Box<DriveFile>>,
}

/// The parts of one export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExportSet {
    /// What the names of its parts have in common; of a folder, its own path.
    pub(crate) name: String,
    /// When Google made it, where the name tells.
    pub(crate) stamp: Option<DateTime<Utc>>,
    /// Its parts, by number.
    pub(crate) parts: Vec<(Option<u32>, Found)>,
}

/// What lies in an inbox.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// The archives, and folders that were unpacked there.
    pub(crate) found: Vec<Found>,
    /// Links by the name of a part. Whoever may put files into an inbox need not have the right to read what a link leads to.
    pub(crate) links: Vec<PathBuf>,
}

/// What lies in an inbox; hidden things and half-fetched downloads are no parts.
///
/// # Errors
/// Why it cannot be read, with a hint.
pub(crate) fn list_inbox(inbox: &Path) -> Result<Inbox, String> {
    let shown = inbox.display();
    let entries = std::fs::read_dir(inbox)
        .map_err(|error| format!("the inbox `{shown}` cannot be read: {error}\nhint: ls -ld {shown}"))?;
    let mut listed = Inbox::default();
    for entry in entries {
        let entry = entry.map_err(|error| format!("the inbox `{shown}` cannot be read: {error}"))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !is_part(&name, &entry.path()) {
            continue;
        }
        if entry.path().is_symlink() {
            listed.links.push(entry.path());
        } else {
            listed.found.extend(look_at(&entry.path()));
        }
    }
    Ok(listed)
}

/// What a person named: archives, unpacked folders, and folders with archives in them.
///
/// # Errors
/// What is not there, or nothing that could be imported.
pub(crate) fn find_named(paths: &[PathBuf]) -> Result<Vec<Found>, String> {
    let mut all = Vec::new();
    for path in paths {
        let shown = path.display();
        let Some(found) = look_at(path) else {
            return Err(format!(
                "there is no `{shown}`\nhint: name the parts of the export, or the folder they are in"
            ));
        };
        if found.is_folder {
            let Inbox { found: inside, links } = list_inbox(path)?;
            let linked = links.iter().filter_map(|link| look_at(link));
            let archives: Vec<Found> =
                inside.into_iter().chain(linked).filter(|part| !part.is_folder).collect();
            if archives.is_empty() { all.push(found) } else { all.extend(archives) }
        } else {
            all.push(found);
        }
    }
    Ok(all)
}

/// Export sets, oldest first, each with its parts in order.
pub(crate) fn find_sets(found: Vec<Found>) -> Vec<ExportSet> {
    let mut sets: BTreeMap<String, ExportSet> = BTreeMap::new();
    for part in found {
        let parsed = if part.is_folder { None } else { PartName::parse(&part.name) };
        let (name, stamp, number) = match parsed {
            Some(parsed) => (parsed.export, parsed.stamp, Some(parsed.number)),
            None => (part.path.display().to_string(), None, None),
        };
        let set = sets.entry(name.clone()).or_insert_with(|| ExportSet { name, stamp, parts: Vec::new() });
        set.parts.push((number, part));
    }
    let mut sets: Vec<ExportSet> = sets.into_values().collect();
    for set in &mut sets {
        set.parts.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
    }
    sets.sort_by(|a, b| (a.stamp, &a.name).cmp(&(b.stamp, &b.name)));
    sets
}

fn is_part(name: &str, path: &Path) -> bool {
    let is_archive = [".zip", ".tgz", ".tar.gz"].iter().any(|ext| name.to_ascii_lowercase().ends_with(ext));
    let is_unpacked = || name.to_ascii_lowercase().starts_with("takeout") && path.is_dir();
    !name.starts_with('.') && (is_archive || is_unpacked())
}

fn look_at(path: &Path) -> Option<Found> {
    let found = std::fs::metadata(path).ok()?;
    let absolute = std::path::absolute(path).ok()?;
    let name = absolute.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Some(Found {
        path: absolute,
        name,
        changed: found.modified().ok().map(DateTime::<Utc>::from),
        placed: placed_at(&found),
        is_folder: found.is_dir(),
        drive: None,
    })
}

fn placed_at(found: &Metadata) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(found.ctime(), u32::try_from(found.ctime_nsec()).ok()?)
}

#[cfg(test)]
mod tests {
    use crate::job::import::parts::{Found, find_named, find_sets, list_inbox};
    use std::path::PathBuf;

    fn found(path: &str) -> Found {
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        Found { path: PathBuf::from(path), name, changed: None, placed: None, is_folder: false, drive: None }
    }

    #[test]
    fn parts_of_two_exports_are_never_one_set() {
        let sets = find_sets(vec![
            found("/in/takeout-20260808T142729Z-3-002.zip"),
            found("/in/takeout-20260608T142729Z-3-001.zip"),
            found("/in/takeout-20260808T142729Z-3-001.zip"),
            found("/in/photos.zip"),
        ]);
        let shape: Vec<(usize, Vec<Option<u32>>)> =
            sets.iter().map(|set| (set.parts.len(), set.parts.iter().map(|part| part.0).collect())).collect();
        assert_eq!(shape, [(1, vec![None]), (1, vec![Some(1)]), (2, vec![Some(1), Some(2)])]);
        assert!(sets[1].stamp < sets[2].stamp);
    }

    #[test]
    fn an_inbox_shows_archives_and_unpacked_exports_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["takeout-20260808T142729Z-001.zip", "a.TGZ", "b.zip.part", ".c.zip", "notes.txt"] {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(dir.path().join("Takeout 3")).unwrap();
        std::fs::create_dir(dir.path().join("imported")).unwrap();
        std::os::unix::fs::symlink("/etc", dir.path().join("takeout-links")).unwrap();
        let listed = list_inbox(dir.path()).unwrap();
        assert_eq!(listed.links, [dir.path().join("takeout-links")]);
        let mut names: Vec<String> = listed.found.into_iter().map(|found| found.name).collect();
        names.sort();
        assert_eq!(names, ["Takeout 3", "a.TGZ", "takeout-20260808T142729Z-001.zip"]);
        assert!(list_inbox(&dir.path().join("no")).unwrap_err().contains("hint: "));
    }

    #[test]
    fn a_named_folder_is_its_archives_if_it_has_some_and_else_an_export_itself() {
        let dir = tempfile::tempdir().unwrap();
        let folder = vec![dir.path().to_owned()];
        let as_export = find_named(&folder).unwrap();
        assert!(as_export.len() == 1 && as_export[0].is_folder);
        std::fs::write(dir.path().join("a.zip"), "x").unwrap();
        let archives = find_named(&folder).unwrap();
        assert!(archives.len() == 1 && archives[0].name == "a.zip");
        assert!(find_named(&[dir.path().join("b.zip")]).unwrap_err().contains("there is no"));
    }
}
