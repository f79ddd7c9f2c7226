//! Which folder and name a file of an export gets, and what item it is.
//!
//! Invariant: pure; an edited copy or a clip stands beside its main file under that one's name. May import: `takeout`, `embedded`,
//! `names`, `media`, `store` for plain types. Tests: below.

use chrono::{DateTime, Utc};
use std::fmt::Write as _;

use crate::embedded::{Dated, Embedded, decide_date};
use crate::job::import::inside::Read;
use crate::media::{MediaId, MediaItem, MediaKind};
use crate::names::{FileName, file_name_for};
use crate::store::StagedEntry;
use crate::takeout::sidecar::{ItemFacts, Json};

/// Extensions of moving pictures, lower case.
const VIDEO_EXTENSIONS: [&str; 18] = [
    "mp4", "mov", "m4v", "avi", "mpg", "mpeg", "mts", "m2ts", "mkv", "webm", "3gp", "3g2", "wmv", "asf",
    "mod", "tod", "mp", "divx",
];

/// The id of an item that exports alone brought: by its bytes, so that the same bytes are the same item for ever.
pub(crate) fn id_of(sha256: &[u8; 32]) -> MediaId {
    let mut id = "takeout:".to_owned();
    for byte in sha256 {
        // Writing to a String does not fail.
        let _ = write!(id, "{byte:02x}");
    }
    MediaId(id)
}

/// What the sidecar says; none if there is none, or none of an item.
pub(crate) fn facts_in(json: Option<&[u8]>) -> Option<Box<ItemFacts>> {
    match Json::parse(json?) {
        Json::Item(facts) => Some(facts),
        Json::Album(_) | Json::Other(_) | Json::Broken(_) => None,
    }
}

/// When the picture was taken, and by what that is known.
pub(crate) fn date_of(
    embedded: &Embedded,
    facts: Option<&ItemFacts>,
    mtime: Option<i64>,
    now: DateTime<Utc>,
) -> Dated {
    decide_date(embedded.taken, facts.and_then(|facts| facts.taken), mtime, now)
}

/// The item that a file of an export is.
pub(crate) fn item_of(
    entry: &StagedEntry,
    read: &Read,
    facts: Option<&ItemFacts>,
    dated: &Dated,
) -> MediaItem {
    let embedded = &read.embedded;
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    MediaItem {
        id: id_of(&entry.sha256),
        filename: Some(original_name(&entry.name, facts.and_then(|facts| facts.title.as_deref()))),
        mime: None,
        created: dated.at,
        kind: if read.is_video || is_video(&entry.name) { MediaKind::Video } else { MediaKind::Photo },
        description: facts.and_then(|facts| text(&facts.description)),
        product_url: facts.and_then(|facts| text(&facts.url)),
        width: embedded.width,
        height: embedded.height,
        camera_make: text(&embedded.make),
        camera_model: text(&embedded.model),
        base_url: None,
    }
}

/// The name of a file that stands for itself.
pub(crate) fn own_name(item: &MediaItem, portable: bool) -> FileName {
    file_name_for(item.filename.as_deref(), &item.id.0, None, portable)
}

/// The name of an edited copy or a clip called `name` in the export, beside the file at `main_path` that is called `main_name` there.
pub(crate) fn companion_name(name: &str, main_name: &str, main_path: &str) -> FileName {
    let own = FileName::split(name);
    let main_stem = FileName::split(main_name).stem;
    let file = main_path.rsplit('/').next().unwrap_or(main_path);
    let given = FileName::split(file).stem;
    let tail = own.stem.strip_prefix(&main_stem).unwrap_or_default();
    // `X.MP` is the clip of `X.MP.jpg`: what looks like its extension is the end of the common name.
    if own.ext.is_empty() || main_stem.ends_with(&own.ext) {
        return FileName { stem: given, ext: ".mp4".to_owned() };
    }
    FileName { stem: format!("{given}{}", tail.replace('/', "_")), ext: own.ext }
}

/// The full original name: Google's own, with the extension that the file has in the export.
fn original_name(name: &str, title: Option<&str>) -> String {
    let Some(title) = title.filter(|title| !title.trim().is_empty()) else { return name.to_owned() };
    let (titled, found) = (FileName::split(title), FileName::split(name));
    if found.ext.is_empty() || titled.ext.eq_ignore_ascii_case(&found.ext) {
        return title.to_owned();
    }
    let stem = if titled.ext.is_empty() { title } else { &titled.stem };
    format!("{stem}{}", found.ext)
}

fn is_video(name: &str) -> bool {
    let ext = FileName::split(name).ext.trim_start_matches('.').to_ascii_lowercase();
    VIDEO_EXTENSIONS.contains(&ext.as_str())
}

#[cfg(test)]
mod tests {
    use crate::job::import::name::{companion_name, id_of, original_name};

    #[test]
    fn the_full_title_names_a_file_and_the_export_its_extension() {
        let table = [
            ("IMG_0001.jpg", Some("IMG_0001.JPG"), "IMG_0001.JPG"),
            ("a very long na.jpg", Some("a very long name indeed.jpg"), "a very long name indeed.jpg"),
            ("IMG_1.MP4", Some("IMG_1.MOV"), "IMG_1.MP4"),
            ("2234.jpg", Some("2234"), "2234.jpg"),
            ("Dr. No.jpg", Some("Dr. No"), "Dr. No.jpg"),
            ("x.jpg", Some("  "), "x.jpg"),
            ("x.jpg", None, "x.jpg"),
        ];
        for (name, title, expected) in table {
            assert_eq!(original_name(name, title), expected);
        }
    }

    #[test]
    fn what_belongs_to_a_file_goes_under_the_name_that_it_was_given() {
        let table = [
            ("IMG_1-edited.jpg", "IMG_1.jpg", "photos/IMG_1 (2).jpg", "IMG_1 (2)-edited.jpg"),
            ("IMG_1.MP4", "IMG_1.HEIC", "photos/IMG_1.HEIC", "IMG_1.MP4"),
            ("PXL_1.MP", "PXL_1.MP.jpg", "p/PXL_1.MP.jpg", "PXL_1.MP.mp4"),
            ("MVIMG_1", "MVIMG_1.jpg", "p/MVIMG_1 (3).jpg", "MVIMG_1 (3).mp4"),
            (
                "cut off-bearbeitet.jpg",
                "cut off.jpg",
                "p/cut off in the middle.jpg",
                "cut off in the middle-bearbeitet.jpg",
            ),
        ];
        for (name, main, path, expected) in table {
            let given = companion_name(name, main, path);
            assert_eq!(format!("{}{}", given.stem, given.ext), expected);
        }
    }

    #[test]
    fn the_same_bytes_are_the_same_item() {
        let id = id_of(&[0xab; 32]).0;
        assert!(id.starts_with("takeout:abab") && id.len() == 8 + 64, "{id}");
    }
}
