//! Motion photos: how a still shows that it has a clip, and how the clip is named.
//!
//! Google tells nowhere whether a photo has a clip, so it is read off the file: the XMP marks that phones write
//! (`MotionPhoto`, the older `MicroVideo`), the names that phones give, and for Apple, whose photos carry no mark, any
//! HEIC from its cameras. A guess costs one request; only a mark is certain. Invariant: pure. May import: `media`, `names`.
//! Tests: below.

use memchr::memmem;

use crate::media::{MediaItem, MediaKind};
use crate::names::FileName;

/// How much of a still's beginning is searched for marks, bytes: XMP stands in the first segments of a JPEG.
pub(crate) const MARKS_WITHIN_BYTES: usize = 64 * 1024;

/// The names of the two marks.
const MARKS: [&[u8]; 2] = [b"MotionPhoto", b"MicroVideo"];

/// Texts that follow the names of the two marks, as an XMP attribute and as an XMP element.
const SET: [&[u8]; 3] = [b"=\"1\"", b"='1'", b">1<"];

/// Whether the beginning of a still says that it has a clip.
pub(crate) fn has_motion_mark(head: &[u8]) -> bool {
    let head = &head[..head.len().min(MARKS_WITHIN_BYTES)];
    MARKS.iter().any(|mark| {
        memmem::find_iter(head, mark).any(|at| {
            let after = &head[at + mark.len()..];
            SET.iter().any(|set| after.starts_with(set))
        })
    })
}

/// Whether what is listed of an item makes a clip likely.
pub(crate) fn is_likely_motion(item: &MediaItem) -> bool {
    let named = item.filename.as_deref().is_some_and(has_motion_name);
    item.kind == MediaKind::Photo && (named || is_apple_heic(item))
}

/// Whether the camera's own name says so: `MVIMG_20190101.jpg`, `PXL_20240101.MP.jpg`, `PXL_20240101.MP~2.jpg`.
fn has_motion_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("mvimg_") || name.contains(".mp.") || name.contains(".mp~")
}

/// Apple's Live Photos are HEIC files without a mark.
fn is_apple_heic(item: &MediaItem) -> bool {
    let heic = matches!(item.mime.as_deref(), Some("image/heic" | "image/heif"));
    heic && item.camera_make.as_deref().is_some_and(|make| make.trim().eq_ignore_ascii_case("apple"))
}

/// Folder and name for the clip of the still at `path`: `photos/2024/05/PXL_1.MP.jpg` gives `PXL_1.MP.mp4` beside it.
pub(crate) fn clip_name(path: &str) -> (String, FileName) {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        Some(_) | None => name,
    };
    (dir.to_owned(), FileName { stem: stem.to_owned(), ext: ".mp4".to_owned() })
}

#[cfg(test)]
mod tests {
    use crate::job::motion::{MARKS_WITHIN_BYTES, clip_name, has_motion_mark, is_likely_motion};
    use crate::media::{MediaId, MediaItem, MediaKind};
    use proptest::prelude::*;

    fn item(filename: &str, mime: &str, make: Option<&str>, kind: MediaKind) -> MediaItem {
        MediaItem {
            id: MediaId("m".to_owned()),
            filename: Some(filename.to_owned()),
            mime: Some(mime.to_owned()),
            created: None,
            kind,
            description: None,
            product_url: None,
            width: None,
            height: None,
            camera_make: make.map(str::to_owned),
            camera_model: None,
            base_url: None,
        }
    }

    #[test]
    fn marks_are_found_as_attribute_and_as_element() {
        let table: [(&str, bool); 9] = [
            ("<rdf GCamera:MotionPhoto=\"1\" />", true),
            ("<rdf GCamera:MicroVideo=\"1\"/>", true),
            ("<rdf Camera:MotionPhoto='1'/>", true),
            ("<GCamera:MotionPhoto>1</GCamera:MotionPhoto>", true),
            ("MMotionPhoto=\"1\"", true),
            ("<rdf GCamera:MotionPhoto=\"0\"/>", false),
            ("<rdf GCamera:MotionPhotoVersion=\"1\"/>", false),
            ("MotionPhoto", false),
            ("", false),
        ];
        for (text, expected) in table {
            assert_eq!(has_motion_mark(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_mark_beyond_the_head_does_not_count() {
        let mut bytes = vec![b'M'; MARKS_WITHIN_BYTES];
        bytes.extend_from_slice(b"MotionPhoto=\"1\"");
        assert!(!has_motion_mark(&bytes));
    }

    #[test]
    fn names_and_apple_cameras_make_a_clip_likely() {
        use MediaKind::{Photo, Video};
        let table = [
            ("MVIMG_20190101.jpg", "image/jpeg", None, Photo, true),
            ("PXL_20240101_1.MP.jpg", "image/jpeg", None, Photo, true),
            ("PXL_1.MP~2.jpg", "image/jpeg", None, Photo, true),
            ("IMG_1.HEIC", "image/heic", Some("Apple"), Photo, true),
            ("IMG_1.HEIC", "image/heif", Some("apple "), Photo, true),
            ("IMG_1.HEIC", "image/heic", Some("Canon"), Photo, false),
            ("IMG_1.JPG", "image/jpeg", Some("Apple"), Photo, false),
            ("a.MP.mp4", "video/mp4", None, Video, false),
            ("holiday.mp3.jpg", "image/jpeg", None, Photo, false),
        ];
        for (name, mime, make, kind, expected) in table {
            assert_eq!(is_likely_motion(&item(name, mime, make, kind)), expected, "{name}");
        }
    }

    #[test]
    fn a_clip_is_named_after_its_still() {
        let table = [
            ("photos/2024/05/PXL_1.MP.jpg", "photos/2024/05", "PXL_1.MP"),
            ("photos/2024/05/IMG_1 (2).HEIC", "photos/2024/05", "IMG_1 (2)"),
            ("a/noext", "a", "noext"),
            ("a/.hidden", "a", ".hidden"),
        ];
        for (path, dir, stem) in table {
            let (found_dir, name) = clip_name(path);
            assert_eq!(
                (found_dir.as_str(), name.stem.as_str(), name.ext.as_str()),
                (dir, stem, ".mp4"),
                "{path}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_mark_is_found_wherever_it_stands_in_the_head(mut before in proptest::collection::vec(any::<u8>(), 0..300)) {
            before.extend_from_slice(b"GCamera:MicroVideo=\"1\"");
            prop_assert!(has_motion_mark(&before));
        }
    }
}
