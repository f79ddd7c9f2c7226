//! How Google names media files and their sidecars in an export, read backwards.
//!
//! ```text
//! media    cut(stem, 47) [(n)] .ext
//! sidecar  cut(stem.ext + ".supplemental-metadata", 46) [(n)] .json      until about 2024 without the suffix
//! ```
//! Lengths count UTF-16 code units. Owns: the rule and every reading of a name. Invariant: pure; a name that allows two readings
//! has both. May import: nothing. Tests: below, and those of the matcher.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Where a sidecar's name is cut, before its counter and `.json`, UTF-16 units. Measured on published exports.
pub(crate) const SIDECAR_UNITS_MAX: usize = 46;

/// Names up to this length leave enough of what follows them to be seen whole in the sidecar's name; longer ones may share it with
/// others, and with it its counters. UTF-16 units.
pub(crate) const WHOLE_UNITS_MAX: usize = 44;

/// Where a media file's stem is cut, before its counter and extension, UTF-16 units. Measured by Timelinize.
pub(crate) const STEM_UNITS_MAX: usize = 47;

/// What stands behind the media name in a sidecar's name since about 2024.
const SUFFIX: &str = ".supplemental-metadata";

/// The most digits of a counter; longer ones are part of somebody's name.
const COUNTER_DIGITS_MAX: usize = 6;

/// `text` in the composed form of Unicode (NFC): archives mix both forms.
pub(crate) fn composed(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

/// `text` in the composed form, and in the decomposed form where that differs: cuts count the form that Google had.
fn forms(text: &str) -> Vec<String> {
    if text.is_ascii() {
        return vec![text.to_owned()];
    }
    let nfc = composed(text);
    let nfd = DecomposingNormalizerBorrowed::new_nfd().normalize(text).into_owned();
    if nfd == nfc { vec![nfc] } else { vec![nfc, nfd] }
}

/// Length as Google counts it.
pub(crate) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Whether `text`, in either form of Unicode, is longer than `units_max`.
pub(crate) fn is_longer(text: &str, units_max: usize) -> bool {
    forms(text).iter().any(|form| units(form) > units_max)
}

/// `text` cut after `units_max` units, composed; every way in which half a character at the cut may have been written.
pub(crate) fn cuts(text: &str, units_max: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for form in forms(text) {
        let mut count = 0;
        let mut end = form.len();
        for (at, c) in form.char_indices() {
            if count + c.len_utf16() > units_max {
                end = at;
                break;
            }
            count += c.len_utf16();
        }
        let whole = &form[..end];
        found.push(composed(whole));
        if end < form.len() && count < units_max {
            found.push(composed(&format!("{whole}\u{fffd}")));
            found.push(composed(&format!("{whole}?")));
        }
    }
    found.dedup();
    found
}

/// Stem, and extension with its dot; the extension is empty if there is none.
pub(crate) fn split_ext(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && at + 1 < name.len() => name.split_at(at),
        Some(_) | None => (name, ""),
    }
}

/// What stands before a counter at the end of `text`, and the counter.
fn split_counter(text: &str) -> Option<(&str, u32)> {
    let inner = text.strip_suffix(')')?;
    let (before, digits) = inner.rsplit_once('(')?;
    let is_counter = (1..=COUNTER_DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
        && !before.is_empty();
    if is_counter { Some((before, digits.parse().ok()?)) } else { None }
}

/// One way to read a media file's name; all texts composed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Stem and extension without the counter.
    pub(crate) full: String,
    /// Everything before the extension.
    pub(crate) stem: String,
    /// The extension with its dot, or empty.
    pub(crate) ext: String,
    /// The counter that Google gave; 0: none.
    pub(crate) n: u32,
}

impl Reading {
    fn new(stem: &str, ext: &str, n: u32) -> Self {
        Self { full: format!("{stem}{ext}"), stem: stem.to_owned(), ext: ext.to_owned(), n }
    }

    /// Whether the stem has the length at which Google cuts, so that its end may be missing.
    pub(crate) fn is_stem_cut(&self) -> bool {
        is_longer(&self.stem, STEM_UNITS_MAX - 1)
    }
}

/// The readings of a composed media name: as it stands, then with a number in brackets at its end taken for a counter.
pub(crate) fn readings(name: &str) -> Vec<Reading> {
    let (stem, ext) = split_ext(name);
    let mut found = vec![Reading::new(stem, ext, 0)];
    if let Some((before, n)) = split_counter(name) {
        let (stem, ext) = split_ext(before);
        found.push(Reading::new(stem, ext, n));
    } else if let Some((before, n)) = split_counter(stem) {
        found.push(Reading::new(before, ext, n));
    }
    found
}

/// The name of a sidecar without `.json`, read both ways: what is left of its media file's name, and the counter.
pub(crate) fn sidecar_readings(name: &str) -> Vec<(String, u32)> {
    let at = name.len().saturating_sub(".json".len());
    let has_ext = name.is_char_boundary(at) && name[at..].eq_ignore_ascii_case(".json");
    let body = if has_ext { &name[..at] } else { name };
    let mut found = vec![(body.to_owned(), 0)];
    found.extend(split_counter(body).map(|(before, n)| (before.to_owned(), n)));
    found
}

/// `rest` without the beginning of `.supplemental-metadata` at its end; none if it has none.
pub(crate) fn without_suffix(rest: &str) -> Option<&str> {
    let at = rest.rfind('.').filter(|at| *at > 0)?;
    SUFFIX.starts_with(&rest[at..]).then(|| &rest[..at])
}

/// The names that the sidecar of a long `full` may share with others, without counter and `.json`; none of a short one.
pub(crate) fn shared_bodies(full: &str) -> Vec<String> {
    if is_longer(full, WHOLE_UNITS_MAX) {
        cuts(&format!("{full}{SUFFIX}"), SIDECAR_UNITS_MAX)
    } else {
        Vec::new()
    }
}

/// The names that the sidecar of `full` may have, without counter and `.json`, by today's rule and the older one.
pub(crate) fn sidecar_bodies(full: &str) -> Vec<String> {
    let mut found = cuts(&format!("{full}{SUFFIX}"), SIDECAR_UNITS_MAX);
    for body in cuts(full, SIDECAR_UNITS_MAX) {
        if !found.contains(&body) {
            found.push(body);
        }
    }
    found
}

/// `text` with every character that Google replaces in names as `_`; for comparing a title with a name.
pub(crate) fn folded(text: &str) -> String {
    let is_replaced = |c: char| c.is_control() || "\"*/:<>?\\|&%#'".contains(c);
    text.chars().map(|c| if is_replaced(c) { '_' } else { c }).collect()
}

/// What a sidecar's title says of the media file's name: the title that the sidecar's own name was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The names, without counter, that the media file may have; folded.
    pub(crate) fulls: Vec<String>,
    /// The same without extensions, for an original that had none.
    pub(crate) stems: Vec<String>,
    /// The counter of the sidecar.
    pub(crate) n: u32,
    /// Whether the title is so long that sidecars of other titles may have the same name.
    pub(crate) is_cut: bool,
}

impl Claim {
    /// Whether the title may be that of a file read so.
    pub(crate) fn speaks_of(&self, reading: &Reading) -> bool {
        self.fulls.contains(&folded(&reading.full)) || self.stems.contains(&folded(&reading.stem))
    }
}

/// The claim of a sidecar, if its name follows from its title; a title that its name does not follow from says nothing.
pub(crate) fn claim(readings: &[(String, u32)], title: &str) -> Option<Claim> {
    let title = composed(&folded(title));
    let bodies = sidecar_bodies(&title);
    let follows = |rest: &str| {
        let rest = folded(rest);
        bodies.iter().any(|body| folded(body) == rest) || without_suffix(&rest) == Some(title.as_str())
    };
    let (_, n) = readings.iter().find(|(rest, _)| follows(rest))?;
    let (stem, ext) = split_ext(&title);
    let fulls = cuts(stem, STEM_UNITS_MAX).iter().map(|stem| folded(&format!("{stem}{ext}"))).collect();
    let stems = cuts(&title, STEM_UNITS_MAX).iter().map(|stem| folded(stem)).collect();
    Some(Claim { fulls, stems, n: *n, is_cut: is_longer(&title, WHOLE_UNITS_MAX) })
}

#[cfg(test)]
mod tests {
    use crate::takeout::matcher::name::{
        claim, cuts, readings, sidecar_bodies, sidecar_readings, without_suffix,
    };

    #[test]
    fn a_media_name_is_read_as_it_stands_and_with_its_counter() {
        let read = |name: &str| -> Vec<(String, u32)> {
            readings(name).into_iter().map(|reading| (reading.full, reading.n)).collect()
        };
        let pairs = |pairs: &[(&str, u32)]| -> Vec<(String, u32)> {
            pairs.iter().map(|(full, n)| ((*full).to_owned(), *n)).collect()
        };
        assert_eq!(read("a.jpg"), pairs(&[("a.jpg", 0)]));
        assert_eq!(read("a(1).jpg"), pairs(&[("a(1).jpg", 0), ("a.jpg", 1)]));
        assert_eq!(read("a (2).jpg"), pairs(&[("a (2).jpg", 0), ("a .jpg", 2)]));
        assert_eq!(read("a(1)(2).jpg"), pairs(&[("a(1)(2).jpg", 0), ("a(1).jpg", 2)]));
        assert_eq!(read("X.MP(3)"), pairs(&[("X.MP(3)", 0), ("X.MP", 3)]));
        for name in [
            "a(0).jpg",
            "a(01).jpg",
            "(1).jpg",
            "a(x).jpg",
            "a().jpg",
            "a(1234567).jpg",
            "a(1)b.jpg",
            ".json",
        ] {
            assert_eq!(read(name).len(), 1, "{name}");
        }
    }

    #[test]
    fn a_sidecar_name_follows_the_rule_of_published_exports() {
        for (full, body) in [
            ("IMG_1159.HEIC", "IMG_1159.HEIC.supplemental-metadata"),
            ("PXL_20241231_151646544.MP.jpg", "PXL_20241231_151646544.MP.jpg.supplemental-met"),
            ("PXL_20240827_094331806.PORTRAIT.jpg", "PXL_20240827_094331806.PORTRAIT.jpg.supplement"),
            (
                "PXL_20240506_142610305.LONG_EXPOSURE-01.COVER.jpg",
                "PXL_20240506_142610305.LONG_EXPOSURE-01.COVER.",
            ),
            (
                "PXL_20211120_223243932.MOTION-02.ORIGINAL.jpg",
                "PXL_20211120_223243932.MOTION-02.ORIGINAL.jpg.",
            ),
            (
                "PXL_20230809_203449253.LONG_EXPOSURE-02.ORIGINA.jpg",
                "PXL_20230809_203449253.LONG_EXPOSURE-02.ORIGIN",
            ),
            (
                "13039_327707840323_537645323_9470255_27214_n.jpg",
                "13039_327707840323_537645323_9470255_27214_n.j",
            ),
            (
                "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_P.jpg",
                "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_",
            ),
            (
                "😀😃😄😁😆😅😂🤣🥲☺️😊😇🙂🙃😉😌😍🥰😘😗😙😚😋😛.jpg",
                "😀😃😄😁😆😅😂🤣🥲☺️😊😇🙂🙃😉😌😍🥰😘😗😙😚😋",
            ),
        ] {
            assert_eq!(sidecar_bodies(full).first().map(String::as_str), Some(body));
        }
        assert_eq!(sidecar_bodies("a.jpg"), ["a.jpg.supplemental-metadata", "a.jpg"]);
    }

    #[test]
    fn a_cut_through_half_a_character_has_every_spelling() {
        assert_eq!(cuts("ab😀", 3), ["ab", "ab\u{fffd}", "ab?"]);
        assert_eq!(cuts("ab😀", 4), ["ab😀"]);
        assert_eq!(cuts("aé", 2), ["aé", "ae"], "the decomposed form is cut earlier");
    }

    #[test]
    fn any_beginning_of_the_suffix_is_taken_off() {
        for rest in ["a.jpg.supplemental-metadata", "a.jpg.supple", "a.jpg.s", "a.jpg."] {
            assert_eq!(without_suffix(rest), Some("a.jpg"), "{rest}");
        }
        for rest in ["a.jpg", ".supple", "a.jpg.supplemental-metadata2", ""] {
            assert_eq!(without_suffix(rest), None, "{rest}");
        }
    }

    #[test]
    fn a_title_counts_only_where_the_sidecars_name_follows_from_it() {
        let claimed = |name: &str, title: &str| {
            claim(&sidecar_readings(name), title).map(|claim| (claim.fulls[0].clone(), claim.n))
        };
        assert_eq!(claimed("a.jpg.supplemental-metadata(1).json", "a.jpg"), Some(("a.jpg".to_owned(), 1)));
        assert_eq!(claimed("a_b.jpg.json", "a&b.jpg"), Some(("a_b.jpg".to_owned(), 0)));
        assert_eq!(claimed("a(1).json", "a(1)"), Some(("a(1)".to_owned(), 0)));
        assert_eq!(claimed("a.jpg.supplemental-metadata.json", "b.jpg"), None);
        let long = "x".repeat(60);
        let name = format!("{}.json", "x".repeat(46));
        assert_eq!(claimed(&name, &format!("{long}.jpg")), Some((format!("{}.jpg", "x".repeat(47)), 0)));
        assert_eq!(claimed("", "a.jpg"), None);
    }
}
