//! What a media file itself says: when and where it was taken, with what, and what kind of file it is.
//!
//! Owns: the bounded reading of EXIF, XMP and QuickTime metadata, and the choice of the date that an item is filed under.
//! Invariant: reading never fails and never panics, whatever the bytes are; it costs at most [`READ_BYTES_MAX`] and a small,
//! fixed amount of memory. A file that cannot be understood says nothing. No file is ever written.
//! May import: nothing. Tests: `tests`, and beside the parsers.

mod bmff;
mod date;
mod decide;
mod draft;
mod jpeg;
mod kind;
mod packet;
mod png;
mod quicktime;
mod riff;
mod source;
mod tiff;

#[cfg(test)]
mod tests;

use chrono::{FixedOffset, NaiveDateTime};
use std::io::{Read, Seek};

pub use crate::embedded::decide::{DateOrigin, Dated, decide_date, is_absurd};
pub use crate::embedded::kind::Kind;
pub use crate::embedded::source::READ_BYTES_MAX;

use crate::embedded::draft::Draft;
use crate::embedded::source::{Region, Source};

/// What a file says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embedded {
    /// What the first bytes show the file to be, whatever its name says.
    pub kind: Kind,
    /// When it was taken. It may be absurd: [`decide_date`] judges that.
    pub taken: Option<Taken>,
    /// Where it was taken; a position of zero and zero is none.
    pub gps: Option<Position>,
    /// Width in pixels as coded, before any turning.
    pub width: Option<u32>,
    /// Height in pixels as coded, before any turning.
    pub height: Option<u32>,
    /// Maker of the camera.
    pub make: Option<String>,
    /// Model of the camera.
    pub model: Option<String>,
    /// Whether a person's words about the picture are in it; what some cameras write there of themselves does not count.
    pub has_description: bool,
    /// Whether it holds a rating in stars.
    pub has_rating: bool,
}

/// When a file says that it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What the clock on the wall showed; for [`TakenOrigin::QuickTimeHeader`] what should be UTC.
    pub local: NaiveDateTime,
    /// How far that clock was ahead of UTC, if the file tells.
    pub offset: Option<FixedOffset>,
    /// Which part of the file says so.
    pub origin: TakenOrigin,
}

/// Which part of a file tells its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenOrigin {
    /// EXIF `DateTimeOriginal`, else `DateTimeDigitized`.
    Exif,
    /// An XMP packet inside the file.
    Xmp,
    /// A text chunk of a PNG.
    PngText,
    /// QuickTime's `com.apple.quicktime.creationdate` or `©day`: local time, with its offset.
    QuickTimeDate,
    /// The movie header (`mvhd`): UTC by ISO/IEC 14496-12, though some cameras write local time there.
    QuickTimeHeader,
}

/// A place on earth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Degrees, north is positive, -90 to 90.
    pub latitude: f64,
    /// Degrees, east is positive, -180 to 180.
    pub longitude: f64,
    /// Metres above the sea.
    pub altitude: Option<f64>,
}

impl Position {
    /// The position, unless it lies outside the globe or is zero and zero, which is how devices write that they knew none.
    pub fn try_new(latitude: f64, longitude: f64, altitude: Option<f64>) -> Option<Self> {
        let is_on_globe = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        let is_null = latitude.abs() < NULL_DEGREES && longitude.abs() < NULL_DEGREES;
        let altitude = altitude.filter(|metres| metres.is_finite() && metres.abs() < ALTITUDE_METRES_MAX);
        (is_on_globe && !is_null).then_some(Self { latitude, longitude, altitude })
    }
}

/// Nearer to zero and zero than this (about a metre) a position is none.
const NULL_DEGREES: f64 = 1e-5;
/// No camera was higher than this; greater figures are faults of writing.
const ALTITUDE_METRES_MAX: f64 = 1e6;

/// Reads what the file says. It fails never: what cannot be read is simply not told.
///
/// Formats: JPEG and TIFF (with the raw formats built on it) by EXIF 3.0 and TIFF 6.0; HEIF, AVIF, MP4, QuickTime, CR3 and JPEG XL
/// by ISO/IEC 14496-12 and 23008-12 and Apple's QuickTime File Format; PNG 1.2 with `eXIf`; WebP; RAF. The others are known by kind
/// only.
pub fn read(mut reader: impl Read + Seek) -> Embedded {
    let Some(mut source) = Source::open(&mut reader) else { return Embedded::default() };
    let whole = source.whole();
    let kind = kind::sniff(&mut source);
    let mut draft = Draft::default();
    match kind {
        Kind::Jpeg => jpeg::read_jpeg(&mut source, whole, &mut draft),
        Kind::Tiff => tiff::read_tiff(&mut source, whole, tiff::Directory::Main, &mut draft),
        Kind::Raf => read_raf(&mut source, &mut draft),
        Kind::Png => png::read_png(&mut source, whole, &mut draft),
        Kind::Webp => riff::read_webp(&mut source, whole, &mut draft),
        Kind::Gif => read_gif(&mut source, &mut draft),
        Kind::Heif | Kind::Avif | Kind::Jxl | Kind::Cr3 | Kind::Mp4 | Kind::QuickTime => {
            bmff::read_bmff(&mut source, whole, &mut draft);
        }
        Kind::Bmp | Kind::Avi | Kind::Matroska | Kind::MpegStream | Kind::Unknown => {}
    }
    draft.finish(kind)
}

/// Fujifilm's raw files hold a whole JPEG with all metadata; where, stands at byte 84 (length at 88), big-endian.
fn read_raf(source: &mut Source<'_>, draft: &mut Draft) {
    let whole = source.whole();
    let (Some(start), Some(length)) = (source.be32(whole, 84), source.be32(whole, 88)) else { return };
    if let Some(jpeg) = whole.part(u64::from(start), u64::from(length)) {
        jpeg::read_jpeg(source, jpeg, draft);
    }
}

/// A GIF tells its size, little-endian, and nothing else.
fn read_gif(source: &mut Source<'_>, draft: &mut Draft) {
    let whole: Region = source.whole();
    if let Some([w0, w1, h0, h1]) = source.array(whole, 6) {
        draft.set_size(u32::from(u16::from_le_bytes([w0, w1])), u32::from(u16::from_le_bytes([h0, h1])));
    }
}
