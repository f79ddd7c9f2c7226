//! What a file says of itself, as the index keeps it.
//!
//! Invariant: pure; a text that cannot be read says nothing. May import: `embedded`. Tests: below.

use chrono::{FixedOffset, NaiveDateTime};
use serde::{Deserialize, Serialize};

use crate::embedded::{Embedded, Position, Taken, TakenOrigin};

/// The JSON form; short names, for there is one for every file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Inside {
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    taken: Option<(NaiveDateTime, Option<i32>, u8)>,
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    gps: Option<(f64, f64, Option<f64>)>,
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    make: Option<String>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(rename = "d", default)]
    has_description: bool,
    #[serde(rename = "r", default)]
    has_rating: bool,
    #[serde(rename = "v", default)]
    is_video: bool,
}

/// What a file says, and whether its bytes are those of a moving picture.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// What it says.
    pub(crate) embedded: Embedded,
    /// Whether it is a moving picture.
    pub(crate) is_video: bool,
}

/// For the index.
pub(crate) fn write_inside(embedded: &Embedded) -> Option<String> {
    let offset = |taken: &Taken| taken.offset.map(|offset| offset.local_minus_utc());
    let inside = Inside {
        taken: embedded.taken.as_ref().map(|taken| (taken.local, offset(taken), number_of(taken.origin))),
        gps: embedded.gps.map(|gps| (gps.latitude, gps.longitude, gps.altitude)),
        width: embedded.width,
        height: embedded.height,
        make: embedded.make.clone(),
        model: embedded.model.clone(),
        has_description: embedded.has_description,
        has_rating: embedded.has_rating,
        is_video: embedded.kind.is_video(),
    };
    serde_json::to_string(&inside).ok()
}

/// From the index.
pub(crate) fn read_inside(text: Option<&str>) -> Read {
    let inside: Inside = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let taken = inside.taken.map(|(local, offset, origin)| Taken {
        local,
        offset: offset.and_then(FixedOffset::east_opt),
        origin: origin_of(origin),
    });
    let embedded = Embedded {
        taken,
        gps: inside
            .gps
            .and_then(|(latitude, longitude, altitude)| Position::try_new(latitude, longitude, altitude)),
        width: inside.width,
        height: inside.height,
        make: inside.make,
        model: inside.model,
        has_description: inside.has_description,
        has_rating: inside.has_rating,
        ..Embedded::default()
    };
    Read { embedded, is_video: inside.is_video }
}

fn number_of(origin: TakenOrigin) -> u8 {
    match origin {
        TakenOrigin::Exif => 0,
        TakenOrigin::Xmp => 1,
        TakenOrigin::PngText => 2,
        TakenOrigin::QuickTimeDate => 3,
        TakenOrigin::QuickTimeHeader => 4,
    }
}

fn origin_of(number: u8) -> TakenOrigin {
    match number {
        1 => TakenOrigin::Xmp,
        2 => TakenOrigin::PngText,
        3 => TakenOrigin::QuickTimeDate,
        4 => TakenOrigin::QuickTimeHeader,
        _ => TakenOrigin::Exif,
    }
}

#[cfg(test)]
mod tests {
    use crate::embedded::{Embedded, Position, Taken, TakenOrigin};
    use crate::job::import::inside::{read_inside, write_inside};
    use chrono::{FixedOffset, NaiveDate};

    #[test]
    fn what_is_kept_is_what_the_file_said() {
        let origins = [
            TakenOrigin::Exif,
            TakenOrigin::Xmp,
            TakenOrigin::PngText,
            TakenOrigin::QuickTimeDate,
            TakenOrigin::QuickTimeHeader,
        ];
        for origin in origins {
            let local = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap().and_hms_opt(23, 59, 58).unwrap();
            let embedded = Embedded {
                taken: Some(Taken { local, offset: FixedOffset::east_opt(-3600 * 5), origin }),
                gps: Position::try_new(48.5, -2.25, Some(12.0)),
                width: Some(4000),
                make: Some("Canon \"x\"".to_owned()),
                has_description: true,
                ..Embedded::default()
            };
            let text = write_inside(&embedded).unwrap();
            assert_eq!(read_inside(Some(&text)).embedded, embedded, "{text}");
        }
        assert_eq!(read_inside(Some("rubbish")).embedded, Embedded::default());
        assert_eq!(read_inside(None).embedded, Embedded::default());
    }
}
