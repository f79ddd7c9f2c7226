//! What a name in an export says of its file: still, raw, video or unknown; and the suffixes of edited copies.
//!
//! Owns: the two tables. Invariant: pure; an unknown extension is an unknown kind, never a refusal. May import: nothing.
//! Tests: below.

/// What kind of file an extension stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Still,
    Raw,
    Video,
    Unknown,
}

const STILLS: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "png", "gif", "webp", "heic", "heif", "avif", "bmp", "tif", "tiff", "ico",
    "jp2", "jxl",
];

const RAWS: &[&str] = &[
    "3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "iiq", "kdc", "mef", "mrw", "nef", "nrw", "orf",
    "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f",
];

const VIDEOS: &[&str] = &[
    "3g2", "3gp", "asf", "avi", "divx", "m2t", "m2ts", "m4v", "mkv", "mmv", "mod", "mov", "mp", "mp4",
    "mpeg", "mpg", "mts", "mv", "tod", "webm", "wmv",
];

/// Extensions that the moving part of a live or motion photo has.
const CLIPS: &[&str] = &["m4v", "mov", "mp", "mp4", "mv"];

/// Suffixes that Google puts behind the stem of a copy without a sidecar of its own, lower case, composed.
///
/// The first seven are English in every language. Collected from public importers: GooglePhotosTakeoutHelper's
/// `extra_formats.dart`, the notes of immich-go, Timelinize; the other languages as Google Photos translates "edited".
const EDITED: &[&str] = &[
    "-edited",
    "-effects",
    "-motion",
    "-animation",
    "-smile",
    "-collage",
    "-mix",
    "-bearbeitet",
    "-bewerkt",
    "-düzenlendi",
    "-editada",
    "-editado",
    "-editat",
    "-editováno",
    "-edytowane",
    "-ha editado",
    "-modificata",
    "-modificato",
    "-modifié",
    "-modifiée",
    "-muokattu",
    "-redigerad",
    "-redigerat",
    "-redigeret",
    "-redigert",
    "-szerkesztett",
    "-upravené",
    "-upraveno",
    "-đã chỉnh sửa",
    "-επεξεργασμένο",
    "-измененный",
    "-отредактировано",
    "-редактирано",
    "-відредаговано",
    "-编辑",
    "-已編輯",
    "-已编辑",
    "-編集済み",
    "-편집됨",
    "-수정됨",
];

/// The kind of a file with the extension `ext` (with its dot, or empty); copies of motion clips are told as `.MP~2`.
pub(crate) fn kind_of(ext: &str) -> Kind {
    let plain = plain(ext);
    let is_in = |table: &[&str]| table.contains(&plain.as_str());
    match () {
        () if is_in(STILLS) => Kind::Still,
        () if is_in(RAWS) => Kind::Raw,
        () if is_in(VIDEOS) => Kind::Video,
        () => Kind::Unknown,
    }
}

/// Whether a file with this extension may be the moving part of a photo of the same stem.
pub(crate) fn is_clip(ext: &str) -> bool {
    CLIPS.contains(&plain(ext).as_str()) && !ext.contains('~')
}

/// Whether a file with this extension may be the moving part of a photo called like it with an extension more.
pub(crate) fn is_bare_clip(ext: &str) -> bool {
    matches!(plain(ext).as_str(), "mp" | "mv") || kind_of(ext) == Kind::Unknown
}

fn plain(ext: &str) -> String {
    let plain = ext.strip_prefix('.').unwrap_or(ext).to_ascii_lowercase();
    match plain.split_once('~') {
        Some((before, n)) if !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) => before.to_owned(),
        Some(_) | None => plain,
    }
}

/// What stands before an edited copy's suffix in `stem`; none if it has none.
///
/// `is_cut`: the stem has the length at which Google cuts, so its end may be the beginning of a suffix.
pub(crate) fn base_of_edited(stem: &str, is_cut: bool) -> Option<&str> {
    // Every suffix has one dash, its first character.
    let at = stem.rfind('-').filter(|at| *at > 0)?;
    let tail = stem[at..].to_lowercase();
    let is_suffix = EDITED.iter().any(|suffix| *suffix == tail || (is_cut && suffix.starts_with(&tail)));
    is_suffix.then(|| &stem[..at])
}

#[cfg(test)]
mod tests {
    use crate::takeout::matcher::kind::{EDITED, Kind, base_of_edited, is_bare_clip, is_clip, kind_of};

    #[test]
    fn kinds_are_read_off_the_extension_in_any_case() {
        for (ext, kind) in [
            (".JPG", Kind::Still),
            (".heic", Kind::Still),
            (".DNG", Kind::Raw),
            (".MP4", Kind::Video),
            (".MP", Kind::Video),
            (".MP~2", Kind::Video),
            (".MP~x", Kind::Unknown),
            ("", Kind::Unknown),
            (".xyz", Kind::Unknown),
        ] {
            assert_eq!(kind_of(ext), kind, "{ext}");
        }
        assert!(is_clip(".MOV") && is_clip(".MP") && !is_clip(".MP~2") && !is_clip(".avi") && !is_clip(""));
        assert!(is_bare_clip(".MP") && is_bare_clip(".MP~2") && is_bare_clip("") && !is_bare_clip(".MP4"));
    }

    #[test]
    fn a_suffix_is_known_whole_and_where_names_are_cut_also_in_part() {
        assert_eq!(base_of_edited("IMG_1-edited", false), Some("IMG_1"));
        assert_eq!(base_of_edited("IMG_1-HA EDITADO", false), Some("IMG_1"));
        assert_eq!(base_of_edited("a-b-modifié", false), Some("a-b"));
        assert_eq!(base_of_edited("IMG_1-EFFECTS-edited", false), Some("IMG_1-EFFECTS"));
        assert_eq!(base_of_edited("IMG_1-edi", false), None);
        assert_eq!(base_of_edited("IMG_1-edi", true), Some("IMG_1"));
        assert_eq!(base_of_edited("IMG_1-", true), Some("IMG_1"));
        assert_eq!(base_of_edited("-edited", false), None);
        assert_eq!(base_of_edited("IMG-1", true), None);
    }

    #[test]
    fn suffixes_are_written_as_they_are_compared() {
        for suffix in EDITED {
            assert_eq!(suffix.to_lowercase(), **suffix);
            assert_eq!(crate::takeout::matcher::name::composed(suffix), **suffix);
            assert_eq!(suffix.matches('-').count(), 1, "{suffix}");
        }
    }
}
