//! An XMP packet inside a media file.
//!
//! It is searched as text for the few properties that count, by the prefixes that all writers use; a parser of RDF would read no
//! more of them. Invariant: pure but for the reading of the packet. Source: XMP parts 1 and 2. May import: nothing. Tests: below.

use memchr::{memchr, memmem};

use crate::embedded::date::parse_moment;
use crate::embedded::draft::Draft;
use crate::embedded::source::{Region, Source};
use crate::embedded::{Position, Taken, TakenOrigin};

/// The most of a packet that is searched, bytes.
const PACKET_BYTES_MAX: usize = 256 * 1024;
/// Appearances of one name that are looked at.
const TRIES_MAX: usize = 8;
/// The properties that tell when a picture was taken, the best first.
const DATES: [&str; 4] =
    ["exif:DateTimeOriginal", "photoshop:DateCreated", "exif:DateTimeDigitized", "xmp:CreateDate"];

/// Reads the packet that fills `region`.
pub(crate) fn read_packet(source: &mut Source<'_>, region: Region, draft: &mut Draft) {
    if let Some(packet) = source.head(region, PACKET_BYTES_MAX) {
        take_packet(&packet, draft);
    }
}

/// Takes what `packet` says.
pub(crate) fn take_packet(packet: &[u8], draft: &mut Draft) {
    // Only the best one that is there counts: where it has no time of day, a worse one tells of the editing.
    let date = || DATES.iter().find_map(|name| value_of(packet, name)).and_then(parse_moment);
    draft.xmp =
        draft.xmp.or_else(|| date().map(|(local, offset)| Taken { local, offset, origin: TakenOrigin::Xmp }));
    draft.gps = draft.gps.or_else(|| position(packet));
    if let Some(text) = first_alternative(packet, b"<dc:description") {
        draft.set_description(text);
    }
    let stars = value_of(packet, "xmp:Rating").map_or(&b""[..], <[u8]>::trim_ascii);
    draft.has_rating |= !matches!(stars, b"" | b"0");
}

fn position(packet: &[u8]) -> Option<Position> {
    let latitude = coordinate(value_of(packet, "exif:GPSLatitude")?, b'N', b'S')?;
    let longitude = coordinate(value_of(packet, "exif:GPSLongitude")?, b'E', b'W')?;
    Position::try_new(latitude, longitude, None)
}

/// `48,51.462N` or `48,51,27N` as degrees.
fn coordinate(text: &[u8], positive: u8, negative: u8) -> Option<f64> {
    let (direction, numbers) = text.trim_ascii().split_last()?;
    let sign = match direction {
        _ if *direction == positive => 1.0,
        _ if *direction == negative => -1.0,
        _ => return None,
    };
    let (mut degrees, mut unit) = (0.0, 1.0);
    for number in std::str::from_utf8(numbers).ok()?.split(',').take(3) {
        degrees += number.trim().parse::<f64>().ok().filter(|number| *number >= 0.0)? / unit;
        unit *= 60.0;
    }
    Some(degrees * sign)
}

/// The value of a simple property, whether it is an attribute or an element.
fn value_of<'p>(packet: &'p [u8], name: &str) -> Option<&'p [u8]> {
    memmem::find_iter(packet, name).take(TRIES_MAX).find_map(|at| {
        let before = at.checked_sub(1).and_then(|at| packet.get(at))?;
        let rest = packet[at + name.len()..].trim_ascii_start();
        let (mark, rest) = rest.split_first()?;
        match mark {
            b'=' if before.is_ascii_whitespace() => {
                let (quote, rest) = rest.trim_ascii_start().split_first()?;
                let is_quote = matches!(quote, b'"' | b'\'');
                memchr(*quote, rest).filter(|_| is_quote).map(|end| &rest[..end])
            }
            b'>' if *before == b'<' => memchr(b'<', rest).map(|end| &rest[..end]),
            _ => None,
        }
    })
}

/// The first text of the alternatives in the element that begins with `start`.
fn first_alternative<'p>(packet: &'p [u8], start: &[u8]) -> Option<&'p [u8]> {
    let rest = &packet[memmem::find(packet, start)?..];
    let rest = &rest[memmem::find(rest, b"<rdf:li")?..];
    let rest = &rest[memchr(b'>', rest)? + 1..];
    memchr(b'<', rest).map(|end| rest[..end].trim_ascii())
}

#[cfg(test)]
mod tests {
    use crate::embedded::draft::Draft;
    use crate::embedded::packet::take_packet;
    use proptest::prelude::*;

    fn draft_of(packet: &str) -> Draft {
        let mut draft = Draft::default();
        take_packet(packet.as_bytes(), &mut draft);
        draft
    }

    #[test]
    fn properties_are_read_as_attributes_and_as_elements() {
        let attributes = "<rdf:Description xmp:CreateDate=\"2020-01-01T00:00:00\"\n photoshop:DateCreated='2019-03-04T05:06:07+01:00' \
                          exif:GPSLatitude=\"48,30.5N\" exif:GPSLongitude='2,15,30W' xmp:Rating=\"4\"/>";
        let elements = "<xmp:CreateDate>2020-01-01T00:00:00</xmp:CreateDate><photoshop:DateCreated>2019-03-04T05:06:07+01:00\
                        </photoshop:DateCreated><exif:GPSLatitude>48,30.5N</exif:GPSLatitude><exif:GPSLongitude>2,15,30W\
                        </exif:GPSLongitude><xmp:Rating>4</xmp:Rating>";
        for packet in [attributes, elements] {
            let draft = draft_of(packet);
            let taken = draft.xmp.unwrap();
            assert_eq!(taken.local.to_string(), "2019-03-04 05:06:07", "{packet}");
            assert_eq!(taken.offset.unwrap().local_minus_utc(), 3600);
            let gps = draft.gps.unwrap();
            assert!(
                (gps.latitude - 48.508_333).abs() < 1e-5 && (gps.longitude + 2.258_333).abs() < 1e-5,
                "{gps:?}"
            );
            assert!(draft.has_rating && !draft.has_description);
        }
    }

    #[test]
    fn a_day_without_a_time_gives_no_way_to_a_later_date() {
        let packet =
            "<rdf:Description xmp:CreateDate='2005-12-17T22:03:32Z' photoshop:DateCreated='2003-08-31'/>";
        assert_eq!(draft_of(packet).xmp, None);
    }

    #[test]
    fn an_empty_description_is_none() {
        let with = |text: &str| {
            draft_of(&format!("<dc:description>\n <rdf:Alt>\n<rdf:li xml:lang=\"x-default\">{text}</rdf:li></rdf:Alt></dc:description>"))
                .has_description
        };
        assert!(with("Anna") && !with(" \n ") && !with(""));
    }

    #[test]
    fn a_packet_that_says_nothing_gives_nothing() {
        let draft = draft_of(
            "<x:xmpmeta><rdf:RDF xmp:Rating=\"0\" exif:GPSLatitude=\"0,0N\" exif:GPSLongitude=\"0,0E\"/></x:xmpmeta>",
        );
        assert!(draft.xmp.is_none() && draft.gps.is_none() && !draft.has_rating);
    }

    proptest! {
        #[test]
        fn no_packet_makes_the_search_panic(
            pieces in proptest::collection::vec(prop_oneof![
                Just("exif:DateTimeOriginal"), Just("exif:GPSLatitude"), Just("exif:GPSLongitude"), Just("xmp:Rating"), Just("<dc:description"),
                Just("<rdf:li"), Just(">"), Just("<"), Just("="), Just("\""), Just(" "), Just("1,2,3N"), Just("N"), Just("é")
            ], 0..40)
        ) {
            let _ = draft_of(&pieces.concat());
        }
    }
}
