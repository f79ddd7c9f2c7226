//! EXIF, which is a TIFF: in a JPEG, a HEIF, a PNG, or as the whole file.
//!
//! Owns: the walk over the directories. Invariant: each of at most three directories is read once, in a fixed order, so no chain
//! of pointers can make it loop; maker notes and thumbnails are never looked at. Source: TIFF 6.0 and EXIF 3.0 (CIPA DC-008).
//! May import: nothing. Tests: `tests`.

use chrono::{FixedOffset, NaiveDateTime, Timelike};

use crate::embedded::date::{fraction, parse_moment, parse_offset};
use crate::embedded::draft::Draft;
use crate::embedded::packet;
use crate::embedded::source::{Region, Source};
use crate::embedded::{Position, Taken, TakenOrigin};

/// Entries looked at in one directory; real ones have fewer than a hundred.
const ENTRIES_MAX: u16 = 1024;
/// The most of a text that is read, bytes.
const TEXT_BYTES_MAX: usize = 1024;

/// Which directory the first one is: CR3 keeps each in a TIFF of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Directory {
    /// IFD0, with pointers to the other two.
    Main,
    /// The EXIF directory.
    Exif,
    /// The GPS directory.
    Gps,
}

/// The order of bytes of one TIFF.
#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }
}

/// One TIFF in a file.
#[derive(Clone, Copy)]
struct Tiff {
    region: Region,
    order: Order,
}

/// One entry of a directory.
struct Entry {
    tag: u16,
    type_: u16,
    count: u32,
    /// The value itself or where it stands.
    value: [u8; 4],
}

/// The parts of one date, which stand in three tags.
#[derive(Default)]
struct Stamp {
    local: Option<NaiveDateTime>,
    offset: Option<FixedOffset>,
    nanos: u32,
}

impl Stamp {
    fn taken(&self) -> Option<Taken> {
        let local = self.local?;
        let local = local.with_nanosecond(self.nanos).unwrap_or(local);
        Some(Taken { local, offset: self.offset, origin: TakenOrigin::Exif })
    }
}

/// The parts of a position.
#[derive(Default)]
struct Gps {
    latitude: Option<f64>,
    south: Option<bool>,
    longitude: Option<f64>,
    west: Option<bool>,
    altitude: Option<f64>,
    below: bool,
}

impl Gps {
    fn position(&self) -> Option<Position> {
        let signed = |value: f64, is_negative: bool| if is_negative { -value } else { value };
        let latitude = signed(self.latitude?, self.south?);
        let longitude = signed(self.longitude?, self.west?);
        Position::try_new(latitude, longitude, self.altitude.map(|metres| signed(metres, self.below)))
    }
}

/// All that the directories say.
#[derive(Default)]
struct Found {
    original: Stamp,
    digitized: Stamp,
    gps: Gps,
    width: Option<u32>,
    height: Option<u32>,
    exif_at: Option<u32>,
    gps_at: Option<u32>,
}

/// Reads the TIFF that fills `region`, whose first directory is `first`.
pub(crate) fn read_tiff(source: &mut Source<'_>, region: Region, first: Directory, draft: &mut Draft) {
    let Some(head) = source.array::<8>(region, 0) else { return };
    let order = match &head[..2] {
        b"II" => Order::Little,
        b"MM" => Order::Big,
        _ => return,
    };
    let tiff = Tiff { region, order };
    let mut found = Found::default();
    let at = order.u32([head[4], head[5], head[6], head[7]]);
    tiff.walk(source, at, first, &mut found, draft);
    if first == Directory::Main {
        if let Some(at) = found.exif_at {
            tiff.walk(source, at, Directory::Exif, &mut found, draft);
        }
        if let Some(at) = found.gps_at {
            tiff.walk(source, at, Directory::Gps, &mut found, draft);
        }
    }
    draft.exif = draft.exif.or_else(|| found.original.taken()).or_else(|| found.digitized.taken());
    draft.gps = draft.gps.or_else(|| found.gps.position());
    if let (Some(width), Some(height)) = (found.width, found.height) {
        draft.set_size(width, height);
    }
}

impl Tiff {
    fn walk(
        self,
        source: &mut Source<'_>,
        at: u32,
        directory: Directory,
        found: &mut Found,
        draft: &mut Draft,
    ) {
        let at = u64::from(at);
        let Some(count) = source.array(self.region, at).map(|bytes| self.order.u16(bytes)) else { return };
        for index in 0..u64::from(count.min(ENTRIES_MAX)) {
            let Some(bytes) = source.array::<12>(self.region, at + 2 + index * 12) else { return };
            let [t0, t1, y0, y1, c0, c1, c2, c3, value @ ..] = bytes;
            let entry = Entry {
                tag: self.order.u16([t0, t1]),
                type_: self.order.u16([y0, y1]),
                count: self.order.u32([c0, c1, c2, c3]),
                value,
            };
            match directory {
                Directory::Main => self.take_main(source, &entry, found, draft),
                Directory::Exif => self.take_exif(source, &entry, found),
                Directory::Gps => self.take_gps(source, &entry, &mut found.gps),
            }
        }
    }

    fn take_main(self, source: &mut Source<'_>, entry: &Entry, found: &mut Found, draft: &mut Draft) {
        match entry.tag {
            0x0100 => found.width = found.width.or_else(|| self.integer(entry)),
            0x0101 => found.height = found.height.or_else(|| self.integer(entry)),
            0x010e => draft.set_description(&self.text(source, entry)),
            0x010f => draft.set_make(&self.text(source, entry)),
            0x0110 => draft.set_model(&self.text(source, entry)),
            // A packet as a tag: its type is that of bytes.
            0x02bc => {
                let packet = self.region.part(u64::from(self.order.u32(entry.value)), u64::from(entry.count));
                if let Some(packet) = packet {
                    packet::read_packet(source, packet, draft);
                }
            }
            0x4746 => draft.has_rating |= self.integer(entry).is_some_and(|stars| stars > 0),
            0x8769 => found.exif_at = self.integer(entry),
            0x8825 => found.gps_at = self.integer(entry),
            // TIFF/EP and DNG have the dates here.
            _ => self.take_exif(source, entry, found),
        }
    }

    fn take_exif(self, source: &mut Source<'_>, entry: &Entry, found: &mut Found) {
        let local = |text: &[u8]| parse_moment(text).map(|(local, _)| local);
        match entry.tag {
            0x9003 => found.original.local = local(&self.text(source, entry)),
            0x9004 => found.digitized.local = local(&self.text(source, entry)),
            0x9011 => found.original.offset = parse_offset(&self.text(source, entry)),
            0x9012 => found.digitized.offset = parse_offset(&self.text(source, entry)),
            0x9291 => found.original.nanos = fraction(&self.text(source, entry)),
            0x9292 => found.digitized.nanos = fraction(&self.text(source, entry)),
            0xa002 => found.width = self.integer(entry),
            0xa003 => found.height = self.integer(entry),
            _ => {}
        }
    }

    fn take_gps(self, source: &mut Source<'_>, entry: &Entry, gps: &mut Gps) {
        let first = entry.value[0].to_ascii_uppercase();
        let is = |negative, positive| match first {
            _ if first == negative => Some(true),
            _ if first == positive => Some(false),
            _ => None,
        };
        match entry.tag {
            1 => gps.south = is(b'S', b'N'),
            2 => gps.latitude = self.degrees(source, entry),
            3 => gps.west = is(b'W', b'E'),
            4 => gps.longitude = self.degrees(source, entry),
            5 => gps.below = first == 1,
            6 => gps.altitude = self.rational(source, entry, 0),
            _ => {}
        }
    }

    /// A number of one, two or four bytes.
    fn integer(self, entry: &Entry) -> Option<u32> {
        let [a, b, ..] = entry.value;
        match (entry.type_, entry.count) {
            (1, 1) => Some(u32::from(a)),
            (3, 1) => Some(u32::from(self.order.u16([a, b]))),
            // IFD (13) is a pointer, written as a number.
            (4 | 13, 1) => Some(self.order.u32(entry.value)),
            _ => None,
        }
    }

    /// The bytes of a text, its beginning if it is very long; empty if it is none.
    fn text(self, source: &mut Source<'_>, entry: &Entry) -> Vec<u8> {
        // Bytes, ASCII, undefined and UTF-8: all are used for texts.
        if !matches!(entry.type_, 1 | 2 | 7 | 129) {
            return Vec::new();
        }
        let length = usize::try_from(entry.count).unwrap_or(usize::MAX).min(TEXT_BYTES_MAX);
        if length <= 4 {
            return entry.value[..length].to_vec();
        }
        source.bytes(self.region, u64::from(self.order.u32(entry.value)), length).unwrap_or_default()
    }

    /// Degrees, minutes and seconds as one number of degrees.
    fn degrees(self, source: &mut Source<'_>, entry: &Entry) -> Option<f64> {
        let part = |source: &mut Source<'_>, index| {
            if u64::from(entry.count) > index { self.rational(source, entry, index) } else { Some(0.0) }
        };
        let degrees = self.rational(source, entry, 0)?;
        Some(degrees + part(source, 1)? / 60.0 + part(source, 2)? / 3600.0)
    }

    /// The rational number at `index` of the entry; zero by zero, which some write for zero, is zero.
    fn rational(self, source: &mut Source<'_>, entry: &Entry, index: u64) -> Option<f64> {
        if !matches!(entry.type_, 5 | 10) || index >= u64::from(entry.count) {
            return None;
        }
        let at = u64::from(self.order.u32(entry.value)) + index * 8;
        let [n0, n1, n2, n3, d0, d1, d2, d3] = source.array::<8>(self.region, at)?;
        match (self.order.u32([n0, n1, n2, n3]), self.order.u32([d0, d1, d2, d3])) {
            (0, 0) if index > 0 => Some(0.0),
            (_, 0) => None,
            (above, below) => Some(f64::from(above) / f64::from(below)),
        }
    }
}
