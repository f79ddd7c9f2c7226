//! Which date an item is filed under.
//!
//! Owns: the rule. Invariant: pure; no time is shifted: a local time gets its offset only where a second source proves it.
//! May import: nothing. Tests: below.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDateTime, TimeDelta, Utc};

use crate::embedded::{Taken, TakenOrigin};

/// When an item was taken, as far as can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dated {
    /// The moment; none if nothing tells it. Without a known offset the embedded local time is taken as UTC.
    pub at: Option<DateTime<Utc>>,
    /// How far the local clock was ahead of UTC, if that is known.
    pub offset: Option<FixedOffset>,
    /// What told it.
    pub origin: DateOrigin,
}

/// What a date was taken from, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrigin {
    /// The file's own metadata.
    Embedded,
    /// `photoTakenTime` of the JSON beside it.
    Sidecar,
    /// The time of the entry in the archive, or of the file in an unpacked folder.
    Entry,
    /// Nothing.
    None,
}

impl DateOrigin {
    /// The word for it in the index and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Sidecar => "sidecar",
            Self::Entry => "entry",
            Self::None => "none",
        }
    }
}

/// The year of the oldest photograph that is left.
const YEAR_MIN: i32 = 1826;
/// How far clocks and time zones may put an honest date ahead of now.
const AHEAD_MAX: TimeDelta = TimeDelta::days(1);
/// How far two records of one moment may differ beside the offset, seconds: they round differently.
const SLACK_SECS: i64 = 3;
/// Offsets of the world's clocks are whole quarters of an hour, seconds.
const QUARTER_SECS: i64 = 900;
/// The least and the greatest of them, quarters of an hour.
const QUARTERS: std::ops::RangeInclusive<i64> = -48..=56;

/// Days that devices write which know no date: the zeros of Unix, of QuickTime and of FAT, each also as seen from a zone west of it.
///
/// 1979-11-30 is what the date of all zero bits in a zip comes to.
const DEFAULT_DAYS: &[(i32, u32, u32)] =
    &[(1903, 12, 31), (1904, 1, 1), (1969, 12, 31), (1970, 1, 1), (1979, 11, 30), (1980, 1, 1)];

/// Whether `local` cannot be when a picture was taken: it lies before photography or after `now`, or is a clock's default.
pub fn is_absurd(local: NaiveDateTime, now: DateTime<Utc>) -> bool {
    let is_ahead = now.naive_utc().checked_add_signed(AHEAD_MAX).is_some_and(|latest| local > latest);
    is_ahead || local.year() < YEAR_MIN || DEFAULT_DAYS.contains(&(local.year(), local.month(), local.day()))
}

/// When an item was taken: by the file, unless that is absurd; else by the sidecar; else by the entry.
///
/// `sidecar_taken` and `entry_mtime` are seconds since 1970, UTC. A local time without an offset that differs from the sidecar's
/// moment by whole quarters of an hour is the same moment, and the difference is the offset. A movie's header should be UTC, so
/// one that equals the sidecar's moment tells no offset, and one that differs by quarters was written by a camera in local time.
pub fn decide_date(
    embedded: Option<Taken>,
    sidecar_taken: Option<i64>,
    entry_mtime: Option<i64>,
    now: DateTime<Utc>,
) -> Dated {
    let sidecar = sidecar_taken.and_then(|seconds| moment(seconds, now));
    if let Some(taken) = embedded.filter(|taken| !is_absurd(taken.local, now)) {
        return by_file(taken, sidecar);
    }
    let by = |at, origin| Dated { at: Some(at), offset: None, origin };
    if let Some(at) = sidecar {
        return by(at, DateOrigin::Sidecar);
    }
    match entry_mtime.and_then(|seconds| moment(seconds, now)) {
        Some(at) if !is_absurd(at.naive_utc(), now) => by(at, DateOrigin::Entry),
        _ => Dated { at: None, offset: None, origin: DateOrigin::None },
    }
}

/// The moment `seconds` after 1970, unless it is the zero that stands for none, or out of the range of photographs.
///
/// Unlike a file's own, such a date may be any other second of a default's day: a person can have set it.
fn moment(seconds: i64, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let at = DateTime::from_timestamp(seconds, 0).filter(|_| seconds != 0)?;
    let latest = now.checked_add_signed(AHEAD_MAX)?;
    (at.year() >= YEAR_MIN && at <= latest).then_some(at)
}

fn by_file(taken: Taken, sidecar: Option<DateTime<Utc>>) -> Dated {
    let by =
        |at: NaiveDateTime, offset| Dated { at: Some(at.and_utc()), offset, origin: DateOrigin::Embedded };
    if let Some(offset) = taken.offset {
        let at = taken.local.checked_sub_offset(offset).unwrap_or(taken.local);
        return by(at, Some(offset));
    }
    let same = sidecar.and_then(|at| Some((at.naive_utc(), offset_between(taken.local, at.naive_utc())?)));
    match same {
        Some((at, offset)) => {
            let is_utc = taken.origin == TakenOrigin::QuickTimeHeader && offset.local_minus_utc() == 0;
            by(at, Some(offset).filter(|_| !is_utc))
        }
        None => by(taken.local, None),
    }
}

/// How far `local` is ahead of `utc`, if that can be an offset from UTC.
fn offset_between(local: NaiveDateTime, utc: NaiveDateTime) -> Option<FixedOffset> {
    let seconds = local.signed_duration_since(utc).num_seconds();
    let quarters = seconds.checked_add(QUARTER_SECS / 2)?.div_euclid(QUARTER_SECS);
    let is_near = (seconds - quarters * QUARTER_SECS).abs() <= SLACK_SECS;
    let offset = i32::try_from(quarters * QUARTER_SECS).ok().and_then(FixedOffset::east_opt)?;
    (is_near && QUARTERS.contains(&quarters)).then_some(offset)
}

#[cfg(test)]
mod tests {
    use crate::embedded::{DateOrigin, Dated, Taken, TakenOrigin, decide_date, is_absurd};
    use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
    use proptest::prelude::*;

    fn utc(text: &str) -> DateTime<Utc> {
        local(text).and_utc()
    }

    fn local(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    fn now() -> DateTime<Utc> {
        utc("2026-11-22 12:00:00")
    }

    fn taken(text: &str, offset_minutes: Option<i32>, origin: TakenOrigin) -> Taken {
        let offset = offset_minutes.map(|minutes| FixedOffset::east_opt(minutes * 60).unwrap());
        Taken { local: local(text), offset, origin }
    }

    fn shown(dated: Dated) -> String {
        let at = dated.at.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S").to_string());
        let offset = dated.offset.map_or_else(|| "?".to_owned(), |offset| offset.to_string());
        format!("{at} {offset} {}", dated.origin.as_str())
    }

    /// Asserts what comes of a file's date without an offset and a sidecar's.
    fn assert_decided(origin: TakenOrigin, table: &[(&str, Option<&str>, &str)]) {
        for (file, sidecar, expected) in table {
            let file = taken(file, None, origin);
            let sidecar = sidecar.map(|text| utc(text).timestamp());
            let dated = decide_date(Some(file), sidecar, Some(1_000_000_000), now());
            assert_eq!(shown(dated), format!("{expected} embedded"), "{file:?} {sidecar:?}");
        }
    }

    #[test]
    fn an_offset_that_the_file_tells_stands() {
        let file = taken("2024-05-01 23:59:59", Some(120), TakenOrigin::Exif);
        for sidecar in [None, Some(utc("2020-01-01 00:00:00").timestamp()), Some(0)] {
            let dated = decide_date(Some(file), sidecar, None, now());
            assert_eq!(shown(dated), "2024-05-01 21:59:59 +02:00 embedded");
        }
    }

    #[test]
    fn whole_quarters_to_the_sidecar_are_the_offset() {
        let table = [
            ("2024-05-01 23:59:59", Some("2024-05-01 21:59:59"), "2024-05-01 21:59:59 +02:00"),
            ("2024-05-01 23:59:59", Some("2024-05-01 18:15:00"), "2024-05-01 18:15:00 +05:45"),
            ("2024-02-28 20:30:00", Some("2024-02-29 00:00:02"), "2024-02-29 00:00:02 -03:30"),
            ("2024-05-01 12:00:00", Some("2024-05-01 12:00:00"), "2024-05-01 12:00:00 +00:00"),
            ("2024-05-01 14:00:00", Some("2024-05-01 00:00:00"), "2024-05-01 00:00:00 +14:00"),
            ("2024-05-01 00:00:00", Some("2024-05-01 12:00:00"), "2024-05-01 12:00:00 -12:00"),
            // Before 1970, where seconds are negative.
            ("1955-06-01 12:00:00", Some("1955-06-01 11:00:00"), "1955-06-01 11:00:00 +01:00"),
            ("1960-02-29 00:30:00", Some("1960-02-28 23:30:01"), "1960-02-28 23:30:01 +01:00"),
        ];
        assert_decided(TakenOrigin::Exif, &table);
    }

    #[test]
    fn any_other_difference_leaves_the_local_time_as_it_is() {
        let table = [
            ("2024-05-01 14:15:00", Some("2024-05-01 00:00:00"), "2024-05-01 14:15:00 ?"),
            ("2024-05-01 00:00:00", Some("2024-05-01 12:15:00"), "2024-05-01 00:00:00 ?"),
            ("2024-05-01 12:00:00", Some("2024-05-01 11:00:04"), "2024-05-01 12:00:00 ?"),
            ("2024-05-01 12:00:00", Some("2019-05-01 12:00:00"), "2024-05-01 12:00:00 ?"),
            ("2024-05-01 12:00:00", None, "2024-05-01 12:00:00 ?"),
        ];
        assert_decided(TakenOrigin::Exif, &table);
    }

    #[test]
    fn a_movie_header_is_utc_unless_the_sidecar_shows_a_local_time() {
        let table = [
            ("2024-05-01 12:00:00", Some("2024-05-01 12:00:01"), "2024-05-01 12:00:01 ?"),
            ("2024-05-01 12:00:00", Some("2024-05-01 10:00:00"), "2024-05-01 10:00:00 +02:00"),
            ("2024-05-01 12:00:00", Some("2024-05-01 10:07:00"), "2024-05-01 12:00:00 ?"),
            ("2024-05-01 12:00:00", None, "2024-05-01 12:00:00 ?"),
        ];
        assert_decided(TakenOrigin::QuickTimeHeader, &table);
    }

    #[test]
    fn absurd_dates_of_files_give_way() {
        let absurd = [
            "1825-12-31 23:59:59",
            "0001-01-01 00:00:00",
            "1904-01-01 00:00:00",
            "1903-12-31 19:00:00",
            "1970-01-01 00:00:00",
            "1970-01-01 01:00:00",
            "1969-12-31 16:00:00",
            "1980-01-01 00:00:09",
            "2026-11-23 12:00:01",
            "2107-01-01 00:00:00",
            "9999-12-31 23:59:59",
        ];
        for text in absurd {
            assert!(is_absurd(local(text), now()), "{text}");
            let file = Some(taken(text, None, TakenOrigin::Exif));
            assert_eq!(
                shown(decide_date(file, Some(1_500_000_000), Some(1), now())),
                "2017-07-14 02:40:00 ? sidecar",
                "{text}"
            );
            assert_eq!(
                shown(decide_date(file, None, Some(1_600_000_000), now())),
                "2020-09-13 12:26:40 ? entry",
                "{text}"
            );
            assert_eq!(shown(decide_date(file, None, None, now())), "never ? none", "{text}");
        }
        for text in [
            "1826-01-01 00:00:00",
            "1970-01-02 00:00:00",
            "1980-01-02 00:00:00",
            "2000-01-01 00:00:00",
            "2026-11-23 12:00:00",
        ] {
            assert!(!is_absurd(local(text), now()), "{text}");
        }
    }

    #[test]
    fn a_zero_or_impossible_second_is_none() {
        let at = |text: &str| Some(utc(text).timestamp());
        let table = [
            (Some(0), Some(0), "never ? none"),
            (Some(-1), None, "1969-12-31 23:59:59 ? sidecar"),
            (at("1970-01-01 12:00:00"), None, "1970-01-01 12:00:00 ? sidecar"),
            (at("1930-07-01 12:00:00"), None, "1930-07-01 12:00:00 ? sidecar"),
            (at("1825-07-01 12:00:00"), at("2024-05-01 12:00:00"), "2024-05-01 12:00:00 ? entry"),
            (at("2026-11-24 12:00:00"), at("2024-05-01 12:00:00"), "2024-05-01 12:00:00 ? entry"),
            (Some(i64::MAX), at("1980-01-01 00:00:00"), "never ? none"),
            (Some(i64::MIN), at("1979-11-30 00:00:00"), "never ? none"),
            (None, Some(-1), "never ? none"),
        ];
        for (sidecar, entry, expected) in table {
            assert_eq!(shown(decide_date(None, sidecar, entry, now())), expected, "{sidecar:?} {entry:?}");
        }
    }

    #[test]
    fn every_origin_has_its_word() {
        let all = [DateOrigin::Embedded, DateOrigin::Sidecar, DateOrigin::Entry, DateOrigin::None];
        assert_eq!(all.map(DateOrigin::as_str), ["embedded", "sidecar", "entry", "none"]);
    }

    proptest! {
        #[test]
        fn every_offset_on_earth_is_found_whatever_the_rounding(
            seconds in -4_500_000_000i64..1_700_000_000, quarters in -48i32..=56, slip in -3i64..=3
        ) {
            let offset = FixedOffset::east_opt(quarters * 900).unwrap();
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            let file = Taken { local: at.with_timezone(&offset).naive_local(), offset: None, origin: TakenOrigin::Exif };
            prop_assume!(!is_absurd(file.local, now()) && seconds + slip != 0);
            let dated = decide_date(Some(file), Some(seconds + slip), None, now());
            prop_assert_eq!(dated.at.unwrap().timestamp(), seconds + slip);
            prop_assert_eq!(dated.offset, Some(offset));
        }

        #[test]
        fn no_date_is_ever_before_photography_or_in_the_future(
            seconds in any::<i64>(), entry in any::<i64>(), file in proptest::option::of(-70_000_000_000i64..300_000_000_000), ahead in -840i32..=840
        ) {
            let offset = FixedOffset::east_opt(ahead * 60);
            let file = file.map(|at| Taken {
                local: DateTime::from_timestamp(at, 0).unwrap().naive_utc(), offset: offset.filter(|_| ahead % 2 == 0), origin: TakenOrigin::Xmp,
            });
            let dated = decide_date(file, Some(seconds), Some(entry), now());
            prop_assert_eq!(dated.at.is_none(), dated.origin == DateOrigin::None);
            if let Some(at) = dated.at {
                prop_assert!(at >= utc("1825-12-31 00:00:00") && at <= utc("2026-11-25 00:00:00"), "{}", at);
            }
            if let (Some(file), Some(at), DateOrigin::Embedded) = (file, dated.at, dated.origin) {
                let shift = dated.offset.map_or(0, |offset| i64::from(offset.local_minus_utc()));
                prop_assert!((at.timestamp() + shift - file.local.and_utc().timestamp()).abs() <= 3);
            }
        }
    }
}
