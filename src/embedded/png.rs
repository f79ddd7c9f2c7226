//! The chunks of a PNG that hold metadata.
//!
//! Source: PNG 1.2 and its extension `eXIf`, RFC 2083 for the text keywords, XMP part 3. Compressed texts are not read.
//! May import: nothing. Tests: `tests`.

use chrono::DateTime;
use memchr::memchr;

use crate::embedded::date::{Moment, parse_moment};
use crate::embedded::draft::Draft;
use crate::embedded::packet;
use crate::embedded::source::{Region, Source};
use crate::embedded::tiff::{Directory, read_tiff};
use crate::embedded::{Taken, TakenOrigin};

/// Chunks looked at; encoders cut the picture into pieces of 8 KiB and more.
const CHUNKS_MAX: u32 = 65_536;
/// The most of a text that is read, bytes.
const TEXT_BYTES_MAX: usize = 4096;
/// What XMP's text begins with: keyword, no compression, no language, no translation.
const XMP: &[u8] = b"XML:com.adobe.xmp\0\0\0\0\0";

/// Reads the PNG that fills `region`.
pub(crate) fn read_png(source: &mut Source<'_>, region: Region, draft: &mut Draft) {
    let mut at = 8;
    for _ in 0..CHUNKS_MAX {
        let Some([l0, l1, l2, l3, name @ ..]) = source.array::<8>(region, at) else { return };
        let length = u64::from(u32::from_be_bytes([l0, l1, l2, l3]));
        let Some(body) = region.part(at + 8, length) else { return };
        match &name {
            b"IHDR" => {
                if let (Some(width), Some(height)) = (source.be32(body, 0), source.be32(body, 4)) {
                    draft.set_size(width, height);
                }
            }
            b"eXIf" => read_tiff(source, body, Directory::Main, draft),
            b"tEXt" => read_text(source, body, draft),
            b"iTXt" => read_international(source, body, draft),
            b"IEND" => return,
            _ => {}
        }
        at += 12 + length;
    }
}

fn read_text(source: &mut Source<'_>, body: Region, draft: &mut Draft) {
    let Some(bytes) = source.head(body, TEXT_BYTES_MAX) else { return };
    if let Some(end) = memchr(0, &bytes) {
        take_text(&bytes[..end], &bytes[end + 1..], draft);
    }
}

/// An `iTXt` chunk: keyword, flag and method of compression, language, translated keyword, text.
fn read_international(source: &mut Source<'_>, body: Region, draft: &mut Draft) {
    let Some(bytes) = source.head(body, TEXT_BYTES_MAX) else { return };
    if bytes.starts_with(XMP) {
        if let Some(packet) = body.after(22) {
            packet::read_packet(source, packet, draft);
        }
        return;
    }
    let Some(end) = memchr(0, &bytes) else { return };
    let (keyword, rest) = bytes.split_at(end);
    // Flag 0 is no compression; the language and the translated keyword each end with a NUL.
    if rest.get(1) == Some(&0)
        && let Some(text) = rest.get(3..).and_then(|rest| rest.splitn(3, |byte| *byte == 0).nth(2))
    {
        take_text(keyword, text, draft);
    }
}

fn take_text(keyword: &[u8], text: &[u8], draft: &mut Draft) {
    match keyword {
        b"Description" => draft.set_description(text),
        // The second is what ImageMagick makes of the EXIF of another format.
        b"Creation Time" | b"exif:DateTimeOriginal" => {
            draft.png_text = draft.png_text.or_else(|| {
                let (local, offset) = parse_creation_time(text)?;
                Some(Taken { local, offset, origin: TakenOrigin::PngText })
            });
        }
        _ => {}
    }
}

/// PNG recommends the dates of mail; many write those of EXIF or ISO 8601.
fn parse_creation_time(text: &[u8]) -> Option<Moment> {
    parse_moment(text).or_else(|| {
        let at = DateTime::parse_from_rfc2822(std::str::from_utf8(text).ok()?.trim()).ok()?;
        Some((at.naive_local(), Some(*at.offset())))
    })
}
