//! Which files an export holds, and where: folders, copies, names.

use chrono::{DateTime, Datelike as _, Utc};
use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::content::Content;
use crate::takeout::export::{EntryFault, EntryTimes, Export};
use crate::takeout::item::Place;
use crate::takeout::library::TakeoutLibrary;
use crate::takeout::naming::FolderNames;
use crate::takeout::sidecar;
use crate::takeout::truth::{EntryRole, EntryTruth, ExportTruth, ItemTruth};

/// One file to write.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) path: String,
    pub(crate) role: EntryRole,
    pub(crate) item: Option<usize>,
    pub(crate) content: Content,
    pub(crate) bytes: u64,
    pub(crate) mtime: DateTime<Utc>,
    pub(crate) fault: Option<EntryFault>,
}

/// All files of an export.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) entries: Vec<Planned>,
}

/// Plans the export of `library`.
pub(crate) fn entries(library: &TakeoutLibrary, export: &Export) -> Plan {
    let mut planner = Planner { library, export, entries: Vec::new(), folders: FolderNames::default() };
    planner.product_files();
    planner.years();
    planner.albums();
    let language = &library.language;
    planner.special(language.archive, Place::Archive);
    planner.special(language.trash, Place::Trash);
    planner.special("Locked Folder", Place::Locked);
    planner.special("Failed Videos", Place::Failed);
    let page = sidecar::browser_page(library, planner.entries.len());
    let page = planner.text("Takeout/archive_browser.html".to_owned(), EntryRole::Other, None, page);
    planner.entries.insert(0, page);
    Plan { entries: planner.entries }
}

struct Planner<'a> {
    library: &'a TakeoutLibrary,
    export: &'a Export,
    entries: Vec<Planned>,
    folders: FolderNames,
}

impl Planner<'_> {
    fn root(&self) -> String {
        format!("Takeout/{}", self.library.language.product)
    }

    fn text(&self, path: String, role: EntryRole, item: Option<usize>, text: Vec<u8>) -> Planned {
        let bytes = u64::try_from(text.len()).unwrap_or(0);
        let content = Content::Bytes(text.into());
        Planned { path, role, item, content, bytes, mtime: self.export.stamp, fault: None }
    }

    fn media(&self, path: String, role: EntryRole, item: usize, content: Content) -> Planned {
        let taken = self.library.items[item].taken;
        let mtime = match self.export.times {
            EntryTimes::Export => self.export.stamp,
            EntryTimes::Taken => taken.unwrap_or(self.export.stamp),
        };
        Planned { path, role, item: Some(item), bytes: content.len(), content, mtime, fault: None }
    }

    fn product_files(&mut self) {
        for (name, text) in sidecar::product_files(self.library) {
            let path = format!("{}/{name}", self.root());
            self.entries.push(self.text(path, EntryRole::Other, None, text));
        }
    }

    fn is_exported(&self, item: usize) -> bool {
        self.library.items[item].is_news(self.export.since)
    }

    fn years(&mut self) {
        let mut years: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for (number, item) in self.library.items.iter().enumerate() {
            let here = matches!(item.place, Place::Library | Place::Archive);
            if here && self.is_exported(number) {
                years.entry(item.taken.unwrap_or(item.added).year()).or_default().push(number);
            }
        }
        for (year, items) in years {
            let folder = self.folders.folder(&format!("{}{year}", self.library.language.year_prefix));
            self.files(&folder, &mut FolderNames::default(), &items, None);
        }
    }

    fn special(&mut self, title: &str, place: Place) {
        let items: Vec<usize> = (0..self.library.items.len())
            .filter(|&item| self.library.items[item].place == place && self.is_exported(item))
            .collect();
        if !items.is_empty() {
            let folder = self.folders.folder(title);
            self.files(&folder, &mut FolderNames::default(), &items, None);
        }
    }

    fn albums(&mut self) {
        for number in 0..self.library.albums.len() {
            let items = album_items(self.library, self.export, number);
            if items.is_empty() && self.export.since.is_some() {
                continue;
            }
            let title = &self.library.albums[number].title;
            let language = &self.library.language;
            let folder = self.folders.folder(if title.is_empty() { language.untitled } else { title });
            let mut names = FolderNames::default();
            if let Some(json) = sidecar::album_json(self.library, number, self.export.albums) {
                let name = names.json(language.album_file.trim_end_matches(".json"), 0);
                let path = format!("{}/{folder}/{name}", self.root());
                self.entries.push(self.text(path, EntryRole::AlbumData, None, json));
            }
            self.files(&folder, &mut names, &items, Some(number));
        }
    }

    /// The files of `items` in one folder.
    fn files(&mut self, folder: &str, names: &mut FolderNames, items: &[usize], album: Option<usize>) {
        let root = format!("{}/{folder}", self.root());
        let json_only = album.is_some_and(|album| self.library.albums[album].json_only);
        for &number in items {
            let item = &self.library.items[number];
            let main = names.main(&item.title);
            let mut files = vec![(main.clone(), EntryRole::Main, self.library.content(number))];
            if let Some(content) = self.library.edited_content(number) {
                files.push((names.edited(&main, self.library.language.edited), EntryRole::Edited, content));
            }
            if let (Some(content), Some(clip)) = (self.library.clip_content(number), &item.clip) {
                files.push((names.clip(&main, clip.extension.as_deref()), EntryRole::Clip, content));
            }
            for (name, role, content) in files.into_iter().filter(|_| !json_only) {
                let planned = self.media(format!("{root}/{name}"), role, number, content);
                self.entries.push(planned);
            }
            if item.has_sidecar {
                let name = names.sidecar(&main, self.export.sidecars);
                let json = sidecar::item_json(self.library, number, album, self.export.sidecars);
                self.entries.push(self.text(
                    format!("{root}/{name}"),
                    EntryRole::Sidecar,
                    Some(number),
                    json,
                ));
            }
        }
    }
}

/// The items of an album that this export holds in the album's folder.
fn album_items(library: &TakeoutLibrary, export: &Export, album: usize) -> Vec<usize> {
    let here = |item: &&usize| {
        let item = &library.items[**item];
        item.is_news(export.since)
            && matches!(item.place, Place::Library | Place::Archive | Place::AlbumsOnly)
    };
    library.albums[album].items.iter().filter(here).copied().collect()
}

impl Plan {
    /// What is true of the written export.
    pub(crate) fn truth(
        self,
        library: &TakeoutLibrary,
        export: &Export,
        parts: &[Vec<Planned>],
        paths: Vec<PathBuf>,
    ) -> ExportTruth {
        let mut items: BTreeMap<usize, ItemTruth> = BTreeMap::new();
        let mut entries = Vec::with_capacity(self.entries.len());
        for (part, planned) in (1..).zip(parts) {
            for entry in planned {
                if let Some(number) = entry.item {
                    let item = items.entry(number).or_insert_with(|| item_truth(library, number));
                    match entry.role {
                        EntryRole::Main => item.paths.push(entry.path.clone()),
                        EntryRole::Sidecar => item.sidecars.push(entry.path.clone()),
                        EntryRole::Edited | EntryRole::Clip | EntryRole::AlbumData | EntryRole::Other => {}
                    }
                }
                let (path, role, item, bytes) = (entry.path.clone(), entry.role, entry.item, entry.bytes);
                entries.push(EntryTruth { part, path, role, item, bytes });
            }
        }
        for (number, album) in library.albums.iter().enumerate() {
            for item in album_items(library, export, number) {
                if let Some(item) = items.get_mut(&item) {
                    item.albums.push(album.title.clone());
                }
            }
        }
        ExportTruth { export: export.name(), parts: paths, entries, items: items.into_values().collect() }
    }
}

fn item_truth(library: &TakeoutLibrary, number: usize) -> ItemTruth {
    let item = &library.items[number];
    ItemTruth {
        number,
        title: item.title.clone(),
        taken: item.taken,
        description: item.description.clone(),
        people: item.people.clone(),
        geo: item.geo,
        favourite: item.favourite,
        place: item.place,
        url: sidecar::url_of(library, number),
        content: library.content(number),
        edited: library.edited_content(number),
        clip: library.clip_content(number),
        albums: Vec::new(),
        paths: Vec::new(),
        sidecars: Vec::new(),
    }
}
