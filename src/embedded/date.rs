//! Dates as EXIF, XMP and QuickTime write them.
//!
//! Owns: their parsing. Invariant: pure; a date without a time of day is none, because midnight would be invented.
//! May import: nothing. Tests: below.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};

/// The range of real offsets from UTC, minutes.
const OFFSET_MINUTES: std::ops::RangeInclusive<i32> = -12 * 60..=14 * 60;
/// Seconds from 1904-01-01, where ISO/IEC 14496-12 counts from, to 1970-01-01.
const SECONDS_1904_TO_1970: u64 = 2_082_844_800;
/// The longest text that is looked at, bytes.
const TEXT_BYTES_MAX: usize = 64;

/// A local time and its offset from UTC, if told.
pub(crate) type Moment = (NaiveDateTime, Option<FixedOffset>);

/// `2024:05:01 23:59:59` of EXIF, `2024-05-01T23:59:59.25+02:00` of XMP, `2024-05-01T23:59:59+0200` of QuickTime.
///
/// Any one character may part the numbers, as real files have it, and blanks may stand for leading zeros. The seconds may be
/// missing, as XMP allows.
pub(crate) fn parse_moment(text: &[u8]) -> Option<Moment> {
    let text = text.get(..text.len().min(TEXT_BYTES_MAX))?.trim_ascii_start();
    let year = i32::try_from(number(text, 0, 4)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(text, 5, 2)?, number(text, 8, 2)?)?;
    let are_parted = [4, 7, 10, 13].iter().all(|at| text.get(*at).is_some_and(|byte| !byte.is_ascii_digit()));
    let (hour, minute) = (number(text, 11, 2)?, number(text, 14, 2)?);
    let (second, mut rest) = match text.get(16) {
        Some(b':') => (number(text, 17, 2)?, text.get(19..)?),
        _ => (0, text.get(16..)?),
    };
    let mut nanos = 0;
    if let Some(b'.' | b',') = rest.first() {
        let digits = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        nanos = fraction(&rest[1..=digits]);
        rest = &rest[1 + digits..];
    }
    // Sixty is a leap second, which no calendar type holds.
    let local = date.and_hms_nano_opt(hour, minute, second.min(59), nanos).filter(|_| second <= 60)?;
    are_parted.then_some((local, parse_offset(rest)))
}

/// `+02:00`, `+0200`, `+02` or `Z`; none if it is anything else or no clock on earth is so far from UTC.
pub(crate) fn parse_offset(text: &[u8]) -> Option<FixedOffset> {
    let text = text.split(|byte| *byte == 0).next()?.trim_ascii();
    if text == b"Z" {
        return FixedOffset::east_opt(0);
    }
    let sign = match text.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = match text.len() {
        3 => (number(text, 1, 2)?, 0),
        5 => (number(text, 1, 2)?, number(text, 3, 2)?),
        6 if text[3] == b':' => (number(text, 1, 2)?, number(text, 4, 2)?),
        _ => return None,
    };
    let minutes = i32::try_from(hours * 60 + minutes).ok().filter(|_| minutes < 60)? * sign;
    OFFSET_MINUTES.contains(&minutes).then(|| FixedOffset::east_opt(minutes * 60)).flatten()
}

/// Nanoseconds of the digits after a decimal point; what is no digit ends them.
pub(crate) fn fraction(digits: &[u8]) -> u32 {
    let mut nanos = 0;
    let mut unit = 100_000_000;
    for byte in digits.iter().take(9).take_while(|byte| byte.is_ascii_digit()) {
        nanos += u32::from(byte - b'0') * unit;
        unit /= 10;
    }
    nanos
}

/// The time of a movie header, seconds since 1904; zero is none.
///
/// Some programs count from 1970. No movie is older than that, so what would be, is read in their way, as exiftool does.
pub(crate) fn from_1904(seconds: u64) -> Option<NaiveDateTime> {
    if seconds == 0 {
        return None;
    }
    let since_1970 = seconds.checked_sub(SECONDS_1904_TO_1970).unwrap_or(seconds);
    DateTime::from_timestamp(i64::try_from(since_1970).ok()?, 0).map(|at| at.naive_utc())
}

/// The number of `width` digits at `at`; leading blanks stand for zeros.
fn number(text: &[u8], at: usize, width: usize) -> Option<u32> {
    let digits = text.get(at..at + width)?.trim_ascii_start();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use crate::embedded::date::{from_1904, parse_moment, parse_offset};
    use proptest::prelude::*;

    fn shown(text: &str) -> Option<String> {
        parse_moment(text.as_bytes()).map(|(local, offset)| {
            let offset = offset.map_or_else(|| "?".to_owned(), |offset| offset.to_string());
            format!("{} {offset}", local.format("%Y-%m-%d %H:%M:%S%.f"))
        })
    }

    #[test]
    fn dates_are_read_as_files_have_them() {
        let table = [
            ("2024:05:01 23:59:59", Some("2024-05-01 23:59:59 ?")),
            ("2024:05:01 23:59:59\0", Some("2024-05-01 23:59:59 ?")),
            ("2024-05-01T23:59:59.250+02:00", Some("2024-05-01 23:59:59.250 +02:00")),
            ("2024-05-01T23:59:59-0330", Some("2024-05-01 23:59:59 -03:30")),
            ("2024-05-01T23:59:59Z", Some("2024-05-01 23:59:59 +00:00")),
            ("2024-05-01T23:59Z", Some("2024-05-01 23:59:00 +00:00")),
            ("2004: 5: 1  9: 2: 3", Some("2004-05-01 09:02:03 ?")),
            ("2004/05/01 09:02:03", Some("2004-05-01 09:02:03 ?")),
            ("2000:02:29 00:00:00", Some("2000-02-29 00:00:00 ?")),
            ("2016:12:31 23:59:60", Some("2016-12-31 23:59:59 ?")),
            ("1900:02:29 00:00:00", None),
            ("2023:02:29 00:00:00", None),
            ("0000:00:00 00:00:00", None),
            ("    :  :     :  :  ", None),
            ("2024:05:01 24:00:00", None),
            ("2024:05:01 23:60:00", None),
            ("2024:05:01 23:59:61", None),
            ("2024:05:01", None),
            ("2024-05", None),
            ("20240501T235959Z000", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(shown(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn only_offsets_of_this_earth_are_read() {
        let table = [
            ("+02:00", Some(7200)),
            ("-12:00", Some(-43_200)),
            ("+14:00\0", Some(50_400)),
            ("+0545", Some(20_700)),
            ("-03", Some(-10_800)),
            ("Z", Some(0)),
            ("+14:15", None),
            ("-12:15", None),
            ("+02:60", None),
            ("02:00", None),
            ("   :  ", None),
            ("", None),
        ];
        for (text, expected) in table {
            let read = parse_offset(text.as_bytes()).map(|offset| offset.local_minus_utc());
            assert_eq!(read, expected, "{text:?}");
        }
    }

    #[test]
    fn a_movie_header_counts_from_1904_or_by_mistake_from_1970() {
        let shown = |seconds| from_1904(seconds).map(|at| at.to_string());
        assert_eq!(shown(0), None);
        assert_eq!(shown(3_797_452_800).as_deref(), Some("2024-05-02 00:00:00"));
        assert_eq!(shown(1_714_607_999).as_deref(), Some("2024-05-01 23:59:59"));
        assert_eq!(shown(u64::MAX), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse_moment(&text);
            let _ = parse_offset(&text);
        }

        #[test]
        fn every_moment_is_read_back(
            seconds in -4_000_000_000i64..4_000_000_000, quarters in -48i32..=56
        ) {
            let offset = chrono::FixedOffset::east_opt(quarters * 900).unwrap();
            let at = chrono::DateTime::from_timestamp(seconds, 0).unwrap().with_timezone(&offset);
            let read = parse_moment(at.to_rfc3339().as_bytes());
            prop_assert_eq!(read, Some((at.naive_local(), Some(offset))));
        }
    }
}
