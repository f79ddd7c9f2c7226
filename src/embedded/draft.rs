//! What has been read of one file so far.
//!
//! Owns: which of several statements counts. Invariant: the first statement of a kind stays; later ones never replace it.
//! May import: nothing. Tests: `tests`.

use crate::embedded::{Embedded, Kind, Position, Taken};

/// The most characters kept of a name of a maker or a model.
const NAME_CHARS_MAX: usize = 128;

/// Descriptions that cameras and programs write of themselves, lower case; no person's words.
const MACHINE_WORDS: &[&str] = &[
    "olympus digital camera",
    "sony dsc",
    "dcim\\",
    "digital camera",
    "minolta dsc",
    "konica minolta digital camera",
    "kodak digital still camera",
    "samsung digital camera",
    "default",
    "exif_jpeg_picture",
    "jpeg_picture",
    "screenshot",
    "charset=",
    "cof",
    "dav",
];

/// Statements of one file, by where they stand.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) exif: Option<Taken>,
    pub(crate) xmp: Option<Taken>,
    pub(crate) png_text: Option<Taken>,
    pub(crate) quicktime_date: Option<Taken>,
    pub(crate) quicktime_header: Option<Taken>,
    pub(crate) gps: Option<Position>,
    pub(crate) has_description: bool,
    pub(crate) has_rating: bool,
    size: Option<(u32, u32)>,
    make: Option<String>,
    model: Option<String>,
}

impl Draft {
    /// Takes a size; of several the largest counts, because the others are those of thumbnails and tiles.
    pub(crate) fn set_size(&mut self, width: u32, height: u32) {
        let area = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
        if area((width, height)) > self.size.map_or(0, area) {
            self.size = Some((width, height));
        }
    }

    /// Takes the maker's name.
    pub(crate) fn set_make(&mut self, text: &[u8]) {
        if self.make.is_none() {
            self.make = name(text);
        }
    }

    /// Takes the model's name.
    pub(crate) fn set_model(&mut self, text: &[u8]) {
        if self.model.is_none() {
            self.model = name(text);
        }
    }

    /// Takes the words about the picture.
    pub(crate) fn set_description(&mut self, text: &[u8]) {
        self.has_description |= are_persons_words(text);
    }

    /// What all statements come to.
    pub(crate) fn finish(self, kind: Kind) -> Embedded {
        let taken =
            self.exif.or(self.xmp).or(self.png_text).or(self.quicktime_date).or(self.quicktime_header);
        Embedded {
            kind,
            taken,
            gps: self.gps,
            width: self.size.map(|(width, _)| width),
            height: self.size.map(|(_, height)| height),
            make: self.make,
            model: self.model,
            has_description: self.has_description,
            has_rating: self.has_rating,
        }
    }
}

/// A name up to its first NUL, without blanks around it; none if nothing is left.
fn name(text: &[u8]) -> Option<String> {
    let text = text.split(|byte| *byte == 0).next()?;
    let text: String = String::from_utf8_lossy(text).trim().chars().take(NAME_CHARS_MAX).collect();
    (!text.is_empty()).then_some(text)
}

/// Whether a description was written by a person.
fn are_persons_words(text: &[u8]) -> bool {
    let Some(text) = name(text) else { return false };
    let text = text.to_lowercase();
    !MACHINE_WORDS.iter().any(|word| text == *word || (word.ends_with(['\\', '=']) && text.starts_with(word)))
}

#[cfg(test)]
mod tests {
    use crate::embedded::draft::{are_persons_words, name};

    #[test]
    fn what_cameras_write_of_themselves_is_no_description() {
        for text in
            ["", "   ", "\0\0\0", "OLYMPUS DIGITAL CAMERA         ", "SONY DSC", "DCIM\\100GOPRO", "dav"]
        {
            assert!(!are_persons_words(text.as_bytes()), "{text:?}");
        }
        for text in ["Anna at the lake", "Davos", "screenshots of mine", "日の出"] {
            assert!(are_persons_words(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn a_name_ends_at_its_first_nul() {
        assert_eq!(name(b" NIKON  \0junk").as_deref(), Some("NIKON"));
        assert_eq!(name(b"\xffx").as_deref(), Some("\u{fffd}x"));
        assert_eq!(name(b"\0"), None);
    }
}
