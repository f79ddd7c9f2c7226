//! The names of an export's parts.
//!
//! `takeout-20260408T142729Z-3-001.zip`: the moment of the export, since 2025 a small number of unknown meaning, and the number of the
//! part. How many parts there are is told nowhere. Owns: the reading of such a name. Invariant: pure; any text is answered.
//! May import: nothing. Tests: below.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// The most digits of a part's number; parts have three.
const PART_DIGITS_MAX: usize = 6;

/// How a part is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartFormat {
    /// A zip archive of its own: parts are not volumes of one archive.
    Zip,
    /// A tar archive in gzip.
    Tgz,
}

/// What the name of a part says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartName {
    /// What all parts of one export share: the name up to before the number of the part, in lower case.
    pub export: String,
    /// When the export was made, UTC; none if the name holds no real moment: such were seen.
    pub stamp: Option<DateTime<Utc>>,
    /// The number of the part, from 1.
    pub number: u32,
    /// How it is packed, as the name says.
    pub format: PartFormat,
}

impl PartName {
    /// Reads the last part of a path; none if it is no name of a part.
    ///
    /// What browsers and file managers put behind a second copy, ` (1)` or `(1)` before the extension, is left off:
    /// it is the same part.
    pub fn parse(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let (stem, format) =
            [(".zip", PartFormat::Zip), (".tgz", PartFormat::Tgz), (".tar.gz", PartFormat::Tgz)]
                .iter()
                .find_map(|(ext, format)| Some((lower.strip_suffix(ext)?, *format)))?;
        let (export, number) = without_copy_mark(stem).rsplit_once('-')?;
        let is_number = (3..=PART_DIGITS_MAX).contains(&number.len()) && is_digits(number);
        let mut words = export.split('-');
        let (Some("takeout"), Some(stamp)) = (words.next(), words.next()) else { return None };
        let service = words.next();
        let is_known = service.is_none_or(|service| (1..=9).contains(&service.len()) && is_digits(service));
        if !is_number || !is_known || words.next().is_some() || !is_stamp(stamp) {
            return None;
        }
        let number = number.parse().ok().filter(|number| *number > 0)?;
        Some(Self { export: export.to_owned(), stamp: moment(stamp), number, format })
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Eight digits, `t`, six or seven digits, `z`: seven were seen.
fn is_stamp(text: &str) -> bool {
    let Some((date, time)) = text.strip_suffix('z').and_then(|text| text.split_once('t')) else {
        return false;
    };
    date.len() == 8 && is_digits(date) && (6..=7).contains(&time.len()) && is_digits(time)
}

fn moment(stamp: &str) -> Option<DateTime<Utc>> {
    if let Ok(local) = NaiveDateTime::parse_from_str(stamp, "%Y%m%dt%H%M%Sz") {
        return Some(local.and_utc());
    }
    // Of a time of day that is none, the day is still good enough for the rhythm of exports.
    let day = NaiveDate::parse_from_str(stamp.get(..8)?, "%Y%m%d").ok()?;
    Some(day.and_time(chrono::NaiveTime::MIN).and_utc())
}

fn without_copy_mark(stem: &str) -> &str {
    let mark = stem.strip_suffix(')').and_then(|inner| inner.rsplit_once('('));
    match mark {
        Some((before, digits)) if is_digits(digits) && digits.len() <= 3 => before.trim_end_matches(' '),
        Some(_) | None => stem,
    }
}

#[cfg(test)]
mod tests {
    use crate::takeout::part_name::{PartFormat, PartName};
    use proptest::prelude::*;

    #[test]
    fn both_forms_of_a_name_are_read() {
        for (name, export, stamp, number, format) in [
            (
                "takeout-20260408T142729Z-3-001.zip",
                "takeout-20260408t142729z-3",
                "2026-04-08T14:27:29Z",
                1,
                PartFormat::Zip,
            ),
            (
                "takeout-20230101T000000Z-012.tgz",
                "takeout-20230101t000000z",
                "2023-01-01T00:00:00Z",
                12,
                PartFormat::Tgz,
            ),
            (
                "Takeout-20260408T142729Z-3-1000.TAR.GZ",
                "takeout-20260408t142729z-3",
                "2026-04-08T14:27:29Z",
                1000,
                PartFormat::Tgz,
            ),
            (
                "takeout-20260408T142729Z-3-001 (1).zip",
                "takeout-20260408t142729z-3",
                "2026-04-08T14:27:29Z",
                1,
                PartFormat::Zip,
            ),
            (
                "takeout-20240612T1994402Z-001.zip",
                "takeout-20240612t1994402z",
                "2024-06-12T00:00:00Z",
                1,
                PartFormat::Zip,
            ),
        ] {
            let found = PartName::parse(name).unwrap();
            assert_eq!(
                (found.export.as_str(), found.number, found.format),
                (export, number, format),
                "{name}"
            );
            assert_eq!(found.stamp, Some(stamp.parse().unwrap()), "{name}");
        }
        let odd = PartName::parse("takeout-20261399T142729Z-001.zip").unwrap();
        assert_eq!(odd.stamp, None, "no such day");
    }

    #[test]
    fn other_names_are_no_parts() {
        for name in [
            "",
            "takeout.zip",
            "takeout-20260408T142729Z.zip",
            "takeout-20260408T142729Z-3.zip",
            "takeout-20260408T142729Z-3-01.zip",
            "takeout-20260408T142729Z-3-000.zip",
            "takeout-20260408T142729Z-3-4-001.zip",
            "takeout-20260408T142729Z--001.zip",
            "takeout-20260408-3-001.zip",
            "takeout-20260408T142729Z-3-001.zip.part",
            "takeout-20260408T142729Z-3-001.rar",
            "xtakeout-20260408T142729Z-3-001.zip",
            "takeout-２0260408T142729Z-3-001.zip",
        ] {
            assert_eq!(PartName::parse(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(name in "\\PC{0,40}", tail in "[-0-9tzTZ()]{0,24}") {
            PartName::parse(&name);
            PartName::parse(&format!("takeout-{tail}.zip"));
        }
    }
}
