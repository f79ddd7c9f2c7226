//! The XMP sidecar of a file whose facts came apart from it: only what the file itself lacks.
//!
//! Owns: which facts are written, and in which properties they are read again. Invariant: pure; a fact that the file holds is
//! never written, because readers let a sidecar win over the file; no time is shifted and no zone invented; where the file lacks
//! nothing, there is no sidecar. May import: `media`, `names`. Tests: below; `tests/it/xmp.rs` reads the text with exiftool.
//!
//! What is written, and who reads it. The lists of tags are those of Immich's `metadata.service.ts`, digiKam's
//! `dmetadatasettingscontainer.cpp` and `metaengine_item.cpp`, and darktable's `exif.cc`:
//!
//! | fact | property | Immich | digiKam | darktable |
//! |---|---|---|---|---|
//! | date | `exif:DateTimeOriginal` | yes | yes | yes, without its zone |
//! | | `photoshop:DateCreated` | no | yes: it believes two that agree at once | if the other is missing |
//! | place | `exif:GPSLatitude`, `exif:GPSLongitude` | yes | yes | yes |
//! | | `exif:GPSAltitude` with its `Ref` | no | yes | yes |
//! | description | `dc:description` | yes | yes | yes |
//! | | `tiff:ImageDescription` | yes, before the other: a camera's own words in the file would win over it | if the other is missing | no |
//! | people | `digiKam:TagsList` | yes | yes | no |
//! | | `lr:hierarchicalSubject` | if the other is missing | if the other is missing | yes |
//! | | `dc:subject` | no | if the others are missing | if the other is missing |
//! | | `Iptc4xmpExt:PersonInImage` | no | no | no; it is the standard's own |
//! | favourite | `xmp:Rating` of 5 | yes | yes | yes |
//! | title | `dc:title` | no | yes | yes |
//!
//! exiv2, by which digiKam and darktable read, makes EXIF of a sidecar too; there it gives a moment in the zone of the machine it
//! runs on. That is the same moment, seen from there.

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::job::sidecar::{TOOLKIT, alternatives, escape, identifier_element, packet};
use crate::media::MediaId;
use crate::names::{FileName, case_key};

/// What is known of a file from elsewhere, and what it holds itself.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Facts<'a> {
    /// The item's id in the index; it names the sidecar's owner, as in every sidecar of this program.
    pub id: &'a str,
    /// The file's name without its folder.
    pub file_name: &'a str,
    /// The name or title that the source tells.
    pub title: Option<&'a str>,
    /// When it was taken.
    pub taken: Option<DateTime<Utc>>,
    /// How far the local clock was ahead of UTC then, if known.
    pub offset: Option<FixedOffset>,
    /// Latitude and longitude, degrees, north and east positive; zero and zero is none.
    pub latitude_longitude: Option<(f64, f64)>,
    /// Metres above the sea; zero is none, as in Takeout.
    pub altitude: Option<f64>,
    /// A person's words about it.
    pub description: Option<&'a str>,
    /// Names of the people in it.
    pub people: &'a [String],
    /// Whether a person marked it as a favourite.
    pub is_favourite: bool,
    /// Whether the file holds a date that can be believed.
    pub has_date: bool,
    /// Whether the file holds a position.
    pub has_position: bool,
    /// Whether the file holds a person's description.
    pub has_description: bool,
    /// Whether the file holds a rating.
    pub has_rating: bool,
}

/// The stars that stand for a favourite.
const FAVOURITE_STARS: u8 = 5;
/// Nearer to zero and zero than this (about a metre) a position is none, degrees.
const NULL_DEGREES: f64 = 1e-5;
/// The tag under which people stand, in digiKam's words.
const PEOPLE: &str = "People";

const NAMESPACES: &[(&str, &str)] = &[
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("xmp", "http://ns.adobe.com/xap/1.0/"),
    ("photoshop", "http://ns.adobe.com/photoshop/1.0/"),
    ("tiff", "http://ns.adobe.com/tiff/1.0/"),
    ("exif", "http://ns.adobe.com/exif/1.0/"),
    ("lr", "http://ns.adobe.com/lightroom/1.0/"),
    ("digiKam", "http://www.digikam.org/ns/1.0/"),
    ("Iptc4xmpExt", "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"),
];

/// The sidecar for `facts`, to be written as `photo.jpg.xmp`; none if the file lacks none of them.
pub fn xmp_of_lacking(facts: &Facts<'_>) -> Option<String> {
    let mut elements = Vec::new();
    if !facts.has_date {
        elements.extend(date_elements(facts));
    }
    if !facts.has_position {
        elements.extend(position_elements(facts));
    }
    if !facts.has_description {
        elements.extend(description_elements(facts));
    }
    elements.extend(people_elements(facts));
    if facts.is_favourite && !facts.has_rating {
        elements.push(("xmp:Rating", FAVOURITE_STARS.to_string()));
    }
    elements.extend(title_element(facts));
    if elements.is_empty() {
        return None;
    }
    let mut body = format!("   {}\n", identifier_element(&MediaId(facts.id.to_owned())));
    for (name, value) in elements {
        // Writing to a String does not fail.
        let _ = writeln!(body, "   <{name}>{value}</{name}>");
    }
    Some(packet(NAMESPACES, &body))
}

/// Whether `content` is a sidecar as this program wrote it, which no other program has changed since.
pub fn is_untouched(content: &str) -> bool {
    content.contains(TOOLKIT)
}

/// A property's name and its value as XML.
type Element = (&'static str, String);

/// The local time with its offset where that is known; else the moment in UTC, which `Z` says.
fn date_elements(facts: &Facts<'_>) -> Vec<Element> {
    let Some(at) = facts.taken else { return Vec::new() };
    let text = match facts.offset {
        Some(offset) => at.with_timezone(&offset).to_rfc3339_opts(SecondsFormat::AutoSi, false),
        None => at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    };
    vec![("exif:DateTimeOriginal", text.clone()), ("photoshop:DateCreated", text)]
}

fn position_elements(facts: &Facts<'_>) -> Vec<Element> {
    let Some((latitude, longitude)) = facts.latitude_longitude else { return Vec::new() };
    let is_on_globe = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    let is_null = latitude.abs() < NULL_DEGREES && longitude.abs() < NULL_DEGREES;
    if !is_on_globe || is_null {
        return Vec::new();
    }
    let mut elements = vec![
        ("exif:GPSLatitude", coordinate(latitude, "N", "S")),
        ("exif:GPSLongitude", coordinate(longitude, "E", "W")),
    ];
    if let Some(metres) = facts.altitude.filter(|metres| metres.is_finite() && *metres != 0.0) {
        elements.push(("exif:GPSAltitudeRef", if metres < 0.0 { "1" } else { "0" }.to_owned()));
        elements.push(("exif:GPSAltitude", format!("{:.0}/100", metres.abs() * 100.0)));
    }
    elements
}

/// `48,51.462000N`: degrees and minutes, as XMP part 2 writes EXIF's positions; the last digit is 2 mm.
fn coordinate(value: f64, positive: &str, negative: &str) -> String {
    let (mut degrees, mut minutes) = (value.abs().trunc(), (value.abs().fract() * 60e6).round() / 1e6);
    if minutes >= 60.0 {
        (degrees, minutes) = (degrees + 1.0, 0.0);
    }
    format!("{degrees:.0},{minutes:.6}{}", if value < 0.0 { negative } else { positive })
}

fn description_elements(facts: &Facts<'_>) -> Vec<Element> {
    let Some(text) = facts.description.filter(|text| !text.trim().is_empty()) else { return Vec::new() };
    let value = alternatives(text);
    vec![("dc:description", value.clone()), ("tiff:ImageDescription", value)]
}

/// Each person once. The marks that part the levels of a tag are replaced in it, so that a name makes no level of its own.
fn people_elements(facts: &Facts<'_>) -> Vec<Element> {
    let people: BTreeSet<&str> =
        facts.people.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
    if people.is_empty() {
        return Vec::new();
    }
    let list = |kind: &str, text: &dyn Fn(&str) -> String| {
        let items: Vec<String> =
            people.iter().map(|name| format!("<rdf:li>{}</rdf:li>", escape(&text(name)))).collect();
        format!("<rdf:{kind}>{}</rdf:{kind}>", items.concat())
    };
    let leaf = |name: &str| name.replace(['/', '|'], "-");
    vec![
        ("dc:subject", list("Bag", &str::to_owned)),
        ("lr:hierarchicalSubject", list("Bag", &|name| format!("{PEOPLE}|{}", leaf(name)))),
        ("digiKam:TagsList", list("Seq", &|name| format!("{PEOPLE}/{}", leaf(name)))),
        ("Iptc4xmpExt:PersonInImage", list("Bag", &str::to_owned)),
    ]
}

/// The title, unless it is the file's name, with or without its extension and the number of a namesake.
fn title_element(facts: &Facts<'_>) -> Option<Element> {
    let title = facts.title.map(str::trim).filter(|title| !title.is_empty())?;
    let FileName { stem, ext } = FileName::split(facts.file_name);
    let plain = without_number(&stem);
    let names = [facts.file_name.to_owned(), format!("{plain}{ext}"), stem.clone(), plain.to_owned()];
    let is_name = names.iter().any(|name| case_key(name) == case_key(title));
    (!is_name).then(|| ("dc:title", alternatives(title)))
}

/// `IMG_1 (2)` without its number.
fn without_number(stem: &str) -> &str {
    match stem.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")) {
        Some((plain, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            plain
        }
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use crate::job::xmp::{Facts, coordinate, is_untouched, xmp_of_lacking};
    use chrono::{DateTime, FixedOffset};
    use proptest::prelude::*;

    /// Facts of everything, for a file that holds nothing.
    fn all(people: &[String]) -> Facts<'_> {
        Facts {
            id: "AF1Qip-1",
            file_name: "IMG_1 (2).jpg",
            title: Some("The lake"),
            taken: DateTime::from_timestamp(1_714_607_999, 0),
            offset: FixedOffset::east_opt(7200),
            latitude_longitude: Some((48.8577, -2.295)),
            altitude: Some(-35.125),
            description: Some("Anna & <Ben>\nat the lake"),
            people,
            is_favourite: true,
            ..Facts::default()
        }
    }

    fn people() -> Vec<String> {
        ["Anna", "Ben / Bob", "Anna", "  "].map(str::to_owned).to_vec()
    }

    #[test]
    fn all_that_a_file_lacks_is_told() {
        let people = people();
        let text = xmp_of_lacking(&all(&people)).unwrap();
        for expected in [
            "<dc:identifier>AF1Qip-1</dc:identifier>",
            "<exif:DateTimeOriginal>2024-05-02T01:59:59+02:00</exif:DateTimeOriginal>",
            "<photoshop:DateCreated>2024-05-02T01:59:59+02:00</photoshop:DateCreated>",
            "<exif:GPSLatitude>48,51.462000N</exif:GPSLatitude>",
            "<exif:GPSLongitude>2,17.700000W</exif:GPSLongitude>",
            "<exif:GPSAltitudeRef>1</exif:GPSAltitudeRef>",
            "<exif:GPSAltitude>3512/100</exif:GPSAltitude>",
            "Anna &amp; &lt;Ben&gt;\nat the lake</rdf:li></rdf:Alt></dc:description>",
            "<dc:subject><rdf:Bag><rdf:li>Anna</rdf:li><rdf:li>Ben / Bob</rdf:li></rdf:Bag></dc:subject>",
            "<digiKam:TagsList><rdf:Seq><rdf:li>People/Anna</rdf:li><rdf:li>People/Ben - Bob</rdf:li></rdf:Seq>",
            "<rdf:li>People|Ben - Bob</rdf:li>",
            "<xmp:Rating>5</xmp:Rating>",
            "<dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">The lake</rdf:li></rdf:Alt></dc:title>",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        assert!(is_untouched(&text));
        assert!(!is_untouched(&text.replace("gphotos-syncd", "XMP Core 4.4.0-Exiv2")));
    }

    #[test]
    fn a_file_that_lacks_nothing_gets_none() {
        let holds_all = Facts {
            has_date: true,
            has_position: true,
            has_description: true,
            has_rating: true,
            title: Some("img_1.JPG"),
            ..all(&[])
        };
        assert_eq!(xmp_of_lacking(&holds_all), None);
        let empty = Facts {
            latitude_longitude: Some((0.0, 0.0)),
            altitude: Some(0.0),
            description: Some(" \n"),
            title: Some(""),
            ..Facts::default()
        };
        assert_eq!(xmp_of_lacking(&empty), None);
    }

    #[test]
    fn what_the_file_holds_is_not_told_again() {
        let people = people();
        let with = |change: fn(&mut Facts<'_>)| {
            let mut facts = all(&people);
            change(&mut facts);
            xmp_of_lacking(&facts).unwrap()
        };
        assert!(!with(|facts| facts.has_date = true).contains("<exif:DateTimeOriginal"));
        assert!(!with(|facts| facts.has_date = true).contains("<photoshop:DateCreated"));
        assert!(!with(|facts| facts.has_position = true).contains("<exif:GPS"));
        assert!(!with(|facts| facts.has_description = true).contains("Description>Anna"));
        assert!(!with(|facts| facts.has_rating = true).contains("<xmp:Rating"));
        assert!(!with(|facts| facts.is_favourite = false).contains("<xmp:Rating"));
        assert!(!with(|facts| facts.people = &[]).contains("rdf:Bag"));
    }

    #[test]
    fn an_unknown_zone_is_not_invented() {
        let text = xmp_of_lacking(&Facts { offset: None, ..all(&[]) }).unwrap();
        assert!(
            text.contains("<exif:DateTimeOriginal>2024-05-01T23:59:59Z</exif:DateTimeOriginal>"),
            "{text}"
        );
        let text = xmp_of_lacking(&Facts { offset: FixedOffset::east_opt(0), ..all(&[]) }).unwrap();
        assert!(text.contains(">2024-05-01T23:59:59+00:00<"), "{text}");
    }

    #[test]
    fn a_title_that_is_the_name_is_no_title() {
        let is_told = |title, file_name| {
            xmp_of_lacking(&Facts { title: Some(title), file_name, ..Facts::default() }).is_some()
        };
        for (title, file_name) in [
            ("IMG_1.jpg", "IMG_1.jpg"),
            ("IMG_1.jpg", "IMG_1 (12).jpg"),
            ("IMG_1 (12).jpg", "IMG_1 (12).jpg"),
            ("img_1.JPG", "IMG_1.jpg"),
            ("IMG_1", "IMG_1.jpg"),
            ("IMG_1", "IMG_1 (2).jpg"),
        ] {
            assert!(!is_told(title, file_name), "{title} {file_name}");
        }
        for (title, file_name) in
            [("a/b.jpg", "a_b.jpg"), ("The lake", "IMG_1.jpg"), ("IMG.jpg", "IMG (lake).jpg")]
        {
            assert!(is_told(title, file_name), "{title} {file_name}");
        }
    }

    #[test]
    fn coordinates_never_have_sixty_minutes() {
        assert_eq!(coordinate(12.999_999_999_99, "N", "S"), "13,0.000000N");
        assert_eq!(coordinate(-0.5, "E", "W"), "0,30.000000W");
        assert_eq!(coordinate(180.0, "E", "W"), "180,0.000000E");
    }

    #[test]
    fn a_position_off_the_globe_is_none() {
        for place in [(90.1, 0.0), (0.0, 180.5), (f64::NAN, 1.0), (1.0, f64::INFINITY)] {
            let facts =
                Facts { latitude_longitude: Some(place), altitude: Some(f64::NAN), ..Facts::default() };
            assert_eq!(xmp_of_lacking(&facts), None, "{place:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_balanced_xml(title in "\\PC{1,40}", description in any::<String>(), name in any::<String>()) {
            let people = [name];
            let facts = Facts { title: Some(&title), description: Some(&description), ..all(&people) };
            let text = xmp_of_lacking(&facts).unwrap();
            prop_assert_eq!(text.matches('<').count(), text.matches('>').count());
            prop_assert!(text.chars().all(|c| c >= ' ' || "\n\t\r".contains(c)));
        }

        #[test]
        fn a_coordinate_is_read_back_to_the_millimetre(value in -180.0f64..=180.0) {
            let text = coordinate(value, "E", "W");
            let (degrees, minutes) = text.trim_end_matches(['E', 'W']).split_once(',').unwrap();
            let (degrees, minutes): (f64, f64) = (degrees.parse().unwrap(), minutes.parse().unwrap());
            let sign = if text.ends_with('W') { -1.0 } else { 1.0 };
            prop_assert!(minutes < 60.0);
            prop_assert!((sign * (degrees + minutes / 60.0) - value).abs() < 1e-8, "{} {}", text, value);
        }
    }
}
