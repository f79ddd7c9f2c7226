//! What a movie says of itself: its header, Apple's keys, and user data.
//!
//! Invariant: boxes are entered along fixed paths. Source: Apple's QuickTime File Format Specification, ISO/IEC 14496-12,
//! ISO 6709 for positions. May import: nothing. Tests: `tests`.

use crate::embedded::bmff::{Atom, each_box, read_uuid};
use crate::embedded::date::{from_1904, parse_moment};
use crate::embedded::draft::Draft;
use crate::embedded::packet;
use crate::embedded::source::{Region, Source};
use crate::embedded::{Position, Taken, TakenOrigin};

/// Keys looked at; phones write about ten.
const KEYS_MAX: u32 = 256;
/// The most of a text that is read, bytes.
const TEXT_BYTES_MAX: usize = 1024;

/// Reads the movie in `moov`.
pub(crate) fn read_movie(source: &mut Source<'_>, moov: Region, draft: &mut Draft) {
    each_box(source, moov, |source, atom| {
        match &atom.name {
            b"mvhd" => read_header(source, atom.body, draft),
            b"meta" => read_meta(source, atom.body, draft),
            b"udta" => read_user_data(source, atom.body, draft),
            b"trak" => read_track(source, atom.body, draft),
            b"uuid" => read_uuid(source, atom.body, draft),
            _ => {}
        }
        true
    });
}

/// When the movie was made: four bytes in version 0, eight in version 1.
fn read_header(source: &mut Source<'_>, body: Region, draft: &mut Draft) {
    let seconds = match source.array::<1>(body, 0) {
        Some([0]) => source.be32(body, 4).map(u64::from),
        Some([1]) => source.be64(body, 4),
        _ => None,
    };
    if let Some(local) = seconds.and_then(from_1904) {
        let header = Taken { local, offset: None, origin: TakenOrigin::QuickTimeHeader };
        draft.quicktime_header = draft.quicktime_header.or(Some(header));
    }
}

/// The size of a track stands at the end of its header, with 16 bits of fraction.
fn read_track(source: &mut Source<'_>, body: Region, draft: &mut Draft) {
    each_box(source, body, |source, atom| {
        if &atom.name != b"tkhd" {
            return true;
        }
        let from_end = |bytes| atom.body.length.checked_sub(bytes);
        if let (Some(width_at), Some(height_at)) = (from_end(8), from_end(4))
            && let (Some(width), Some(height)) =
                (source.be32(atom.body, width_at), source.be32(atom.body, height_at))
        {
            draft.set_size(width >> 16, height >> 16);
        }
        false
    });
}

/// Keys with their values, as Apple's and Android's phones write them.
fn read_meta(source: &mut Source<'_>, body: Region, draft: &mut Draft) {
    // In QuickTime `meta` holds boxes, in MP4 a version comes first.
    let is_plain = source.array::<4>(body, 4) == Some(*b"hdlr");
    let Some(list) = body.after(if is_plain { 0 } else { 4 }) else { return };
    let mut keys = Vec::new();
    each_box(source, list, |source, atom| {
        match &atom.name {
            b"keys" => keys = read_keys(source, atom.body),
            b"ilst" => read_values(source, atom.body, &keys, draft),
            _ => {}
        }
        true
    });
}

/// What a key means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Date,
    Position,
    Make,
    Model,
    Description,
    Rating,
    Other,
}

fn read_keys(source: &mut Source<'_>, body: Region) -> Vec<Key> {
    let (Some(count), Some(list)) = (source.be32(body, 4), body.after(8)) else { return Vec::new() };
    let mut keys = Vec::new();
    each_box(source, list, |source, atom| {
        let name = source.head(atom.body, TEXT_BYTES_MAX).unwrap_or_default();
        keys.push(match name.strip_prefix(b"com.apple.quicktime.").unwrap_or_default() {
            b"creationdate" => Key::Date,
            b"location.ISO6709" => Key::Position,
            b"make" => Key::Make,
            b"model" => Key::Model,
            b"description" | b"comment" => Key::Description,
            b"rating.user" => Key::Rating,
            _ => Key::Other,
        });
        keys.len() < usize::try_from(count.min(KEYS_MAX)).unwrap_or(0)
    });
    keys
}

/// The values: each box is named by its key's number, from one, or, in the way of iTunes, by a name like `©day`.
fn read_values(source: &mut Source<'_>, body: Region, keys: &[Key], draft: &mut Draft) {
    each_box(source, body, |source, atom| {
        let index = usize::try_from(u32::from_be_bytes(atom.name)).unwrap_or(0);
        let key = index.checked_sub(1).and_then(|index| keys.get(index).copied());
        let key = key.unwrap_or_else(|| key_of_name(atom.name));
        if key != Key::Other {
            each_box(source, atom.body, |source, data| {
                if &data.name == b"data"
                    && let Some(value) = data.body.after(8)
                {
                    take_value(key, &source.head(value, TEXT_BYTES_MAX).unwrap_or_default(), draft);
                }
                true
            });
        }
        true
    });
}

fn key_of_name(name: [u8; 4]) -> Key {
    match &name {
        b"\xa9day" => Key::Date,
        b"\xa9xyz" => Key::Position,
        b"\xa9mak" => Key::Make,
        b"\xa9mod" => Key::Model,
        b"\xa9des" | b"\xa9cmt" | b"desc" => Key::Description,
        _ => Key::Other,
    }
}

/// User data: international texts, each with two bytes of length and two of language; XMP; and `meta` again.
fn read_user_data(source: &mut Source<'_>, body: Region, draft: &mut Draft) {
    each_box(source, body, |source, Atom { name, body }| {
        match &name {
            b"meta" => read_meta(source, body, draft),
            b"XMP_" => packet::read_packet(source, body, draft),
            [0xa9, ..] => {
                let length = source.be16(body, 0).map_or(0, u64::from);
                if let Some(text) = body.part(4, length) {
                    let text = source.head(text, TEXT_BYTES_MAX).unwrap_or_default();
                    take_value(key_of_name(name), &text, draft);
                }
            }
            _ => {}
        }
        true
    });
}

fn take_value(key: Key, text: &[u8], draft: &mut Draft) {
    match key {
        // Music has a year here and some converters a date without a zone, which nothing says the zone of.
        Key::Date => {
            draft.quicktime_date = draft.quicktime_date.or_else(|| {
                let (local, offset) = parse_moment(text)?;
                offset.map(|_| Taken { local, offset, origin: TakenOrigin::QuickTimeDate })
            });
        }
        Key::Position => draft.gps = draft.gps.or_else(|| parse_iso6709(text)),
        Key::Make => draft.set_make(text),
        Key::Model => draft.set_model(text),
        Key::Description => draft.set_description(text),
        Key::Rating => draft.has_rating |= text.iter().any(|byte| *byte != 0),
        Key::Other => {}
    }
}

/// `+48.8577+002.2950+035.000/`; degrees with a fraction only, which is all that phones write.
fn parse_iso6709(text: &[u8]) -> Option<Position> {
    let text = std::str::from_utf8(text).ok()?.trim_end_matches(['\0', '/', ' ']);
    let text = text.split_once("CRS").map_or(text, |(numbers, _)| numbers);
    let starts: Vec<usize> = text.match_indices(['+', '-']).map(|(at, _)| at).take(4).collect();
    let number = |index: usize| {
        let from = *starts.get(index)?;
        let to = starts.get(index + 1).copied().unwrap_or(text.len());
        text.get(from..to)?.parse::<f64>().ok()
    };
    Position::try_new(number(0)?, number(1)?, number(2))
}

#[cfg(test)]
mod tests {
    use crate::embedded::quicktime::parse_iso6709;

    #[test]
    fn positions_are_read_as_phones_write_them() {
        let shown = |text: &str| {
            parse_iso6709(text.as_bytes())
                .map(|at| format!("{} {} {:?}", at.latitude, at.longitude, at.altitude))
        };
        assert_eq!(shown("+48.8577+002.2950+035.125/").as_deref(), Some("48.8577 2.295 Some(35.125)"));
        assert_eq!(shown("-33.8568+151.2153/").as_deref(), Some("-33.8568 151.2153 None"));
        assert_eq!(shown("+00.0000+000.0000/"), None);
        assert_eq!(shown("+4851+00217/"), None);
        assert_eq!(shown("+é+2/"), None);
        assert_eq!(shown(""), None);
    }
}
