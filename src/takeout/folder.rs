//! Where in an export an entry lies: which folder of Google Photos, and what kind of folder that is.
//!
//! Owns: the reading of a path, the names of folders that hold one year's photos, and of those that are neither year nor album.
//! Invariant: pure; a folder whose name is not known is an album. Names are matched whole, so that an album called "Trash of 2019"
//! stays one. May import: nothing. Tests: below.

mod words;

use crate::takeout::folder::words::{ARCHIVE, BEFORE, BEHIND, FAILED, LOCKED, PRODUCT, TRASH, is_one_of};
use crate::takeout::matcher::composed;

/// What a folder of Google Photos holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FolderKind {
    /// All items of one year.
    Year(u16),
    /// The items of an album; its title is in its JSON, the folder's name is only a safe form of it.
    Album,
    /// Items that were deleted and not yet purged.
    Trash,
    /// Items that are hidden from the main view.
    Archive,
    /// Items of the locked folder.
    Locked,
    /// Videos that Google could not process.
    FailedVideos,
    /// No folder: beside the folders lie files about the whole library.
    Root,
}

/// The place of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The folder of the product, `Google Photos` in the user's language; empty if the path has none.
    pub product: String,
    /// The folder in it, such as `Photos from 2023`; folders in folders with `/`; empty at the root.
    pub folder: String,
    /// What that is.
    pub kind: FolderKind,
    /// The last part of the path.
    pub name: String,
    /// How many folders the path has, `Takeout` and the product's among them.
    pub depth: usize,
}

impl Location {
    /// The place of an entry by its path, parts separated by `/`.
    ///
    /// The folder `Takeout` may be missing, or stand below others: people unpack parts in folders of their own.
    pub fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let (name, folders) = parts.split_last().map_or(("", &[][..]), |(name, folders)| (*name, folders));
        let product_at = match folders.iter().rposition(|folder| is_product(folder)) {
            Some(at) => Some(at),
            None => folders.iter().position(|folder| *folder == "Takeout").map(|at| at + 1),
        };
        let (product, inner) = match product_at.filter(|at| *at < folders.len()) {
            Some(at) => (folders[at], &folders[at + 1..]),
            // `Takeout/archive_browser.html`, or a folder of a user's own.
            None if product_at.is_some() => ("", &[][..]),
            None => ("", folders),
        };
        Self {
            product: product.to_owned(),
            folder: inner.join("/"),
            kind: inner.last().map_or(FolderKind::Root, |folder| kind_of_folder(folder)),
            name: name.to_owned(),
            depth: folders.len(),
        }
    }
}

/// Whether this is the folder of Google Photos; in every known language its name has "Google" and one word more.
fn is_product(folder: &str) -> bool {
    let lower = composed(folder).to_lowercase();
    let rest = lower.strip_prefix("google").or_else(|| lower.strip_suffix("google"));
    rest.is_some_and(|rest| is_one_of(rest.trim(), PRODUCT))
}

/// What a folder of this name holds. A folder that has the JSON of an album is one whatever its name.
pub fn kind_of_folder(folder: &str) -> FolderKind {
    if let Some(year) = year_of_folder(folder) {
        return FolderKind::Year(year);
    }
    let name = composed(folder.trim()).to_lowercase();
    let tables = [
        (TRASH, FolderKind::Trash),
        (ARCHIVE, FolderKind::Archive),
        (LOCKED, FolderKind::Locked),
        (FAILED, FolderKind::FailedVideos),
    ];
    tables.iter().find(|(words, _)| is_one_of(&name, words)).map_or(FolderKind::Album, |(_, kind)| *kind)
}

/// The year of a folder such as `Photos from 2023`; none if it is no folder of a year.
///
/// In most languages Google writes it in English. The others are those that importers met or translate.
pub fn year_of_folder(folder: &str) -> Option<u16> {
    let name = composed(folder.trim()).to_lowercase();
    let end = name.get(name.len().saturating_sub(4)..).filter(|end| is_four_digits(end));
    let (digits, is_year) = if let Some(end) = end {
        (end, is_one_of(name[..name.len() - 4].trim_end(), BEFORE))
    } else {
        let start = name.get(..4).filter(|start| is_four_digits(start))?;
        (start, is_one_of(name[4..].trim_start(), BEHIND))
    };
    // The first photograph is of 1826.
    let year = digits.parse().ok().filter(|year| (1826..=2999).contains(year));
    year.filter(|_| is_year)
}

fn is_four_digits(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use crate::takeout::folder::{FolderKind, Location, kind_of_folder, year_of_folder};
    use proptest::prelude::*;

    #[test]
    fn year_folders_are_known_in_many_languages() {
        for (folder, year) in [
            ("Photos from 2023", Some(2023)),
            ("Fotos von 2021", Some(2021)),
            ("Fotos del 1999", Some(1999)),
            ("Photos de 2016", Some(2016)),
            ("Foto's uit 2020", Some(2020)),
            ("2020年の写真", Some(2020)),
            ("2020 年の写真", Some(2020)),
            ("2023년의 사진", Some(2023)),
            ("2023年的照片", Some(2023)),
            ("Φωτογραφίες από 2020", Some(2020)),
            ("Photos from 0123", None),
            ("Photos from abcd", None),
            ("Summer 2023", None),
            ("2023", None),
            ("2023 Rome", None),
            ("Photos from Rome 2023", None),
            ("", None),
            ("é", None),
        ] {
            assert_eq!(year_of_folder(folder), year, "{folder}");
        }
    }

    #[test]
    fn special_folders_are_no_albums() {
        for (folder, kind) in [
            ("Trash", FolderKind::Trash),
            ("Papierkorb", FolderKind::Trash),
            ("ゴミ箱", FolderKind::Trash),
            ("Archive", FolderKind::Archive),
            ("Archiv", FolderKind::Archive),
            ("Locked Folder", FolderKind::Locked),
            ("Dossier verrouillé", FolderKind::Locked),
            ("Failed Videos", FolderKind::FailedVideos),
            ("Photos from 2023", FolderKind::Year(2023)),
            ("Trash of 2019", FolderKind::Album),
            ("Trash(1)", FolderKind::Album),
            ("Untitled(3)", FolderKind::Album),
        ] {
            assert_eq!(kind_of_folder(folder), kind, "{folder}");
        }
    }

    #[test]
    fn a_path_is_taken_apart_wherever_it_was_unpacked() {
        let of = |path: &str| {
            let place = Location::of(path);
            (place.product, place.folder, place.kind, place.name, place.depth)
        };
        let place = |product: &str, folder: &str, kind, name: &str, depth| {
            (product.to_owned(), folder.to_owned(), kind, name.to_owned(), depth)
        };
        assert_eq!(
            of("Takeout/Google Photos/Photos from 2023/a.jpg"),
            place("Google Photos", "Photos from 2023", FolderKind::Year(2023), "a.jpg", 3)
        );
        assert_eq!(
            of("Takeout/Google Фото/Рим/a.jpg"),
            place("Google Фото", "Рим", FolderKind::Album, "a.jpg", 3)
        );
        assert_eq!(of("Fotky Google/Rím/a.jpg"), place("Fotky Google", "Rím", FolderKind::Album, "a.jpg", 2));
        assert_eq!(
            of("./old/Takeout/Unknown Product/Rome/a.jpg"),
            place("Unknown Product", "Rome", FolderKind::Album, "a.jpg", 4)
        );
        assert_eq!(
            of("Takeout/Google Photos/print-subscriptions.json"),
            place("Google Photos", "", FolderKind::Root, "print-subscriptions.json", 2)
        );
        assert_eq!(
            of("Takeout/archive_browser.html"),
            place("", "", FolderKind::Root, "archive_browser.html", 1)
        );
        assert_eq!(
            of("Photos from 2023/a.jpg"),
            place("", "Photos from 2023", FolderKind::Year(2023), "a.jpg", 1)
        );
        assert_eq!(of("a.jpg"), place("", "", FolderKind::Root, "a.jpg", 0));
        assert_eq!(of(""), place("", "", FolderKind::Root, "", 0));
        assert_eq!(
            of("Takeout/Google Photos/Google Photos/a.jpg").1,
            "",
            "an album of the product's name cannot be told from the product"
        );
    }

    proptest! {
        #[test]
        fn any_path_is_answered(path in "(\\PC{0,6}/?){0,6}") {
            let place = Location::of(&path);
            prop_assert!(place.depth <= path.matches('/').count());
            year_of_folder(&path);
        }
    }
}
