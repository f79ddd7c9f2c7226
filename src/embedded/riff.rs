//! The chunks of a WebP that hold metadata.
//!
//! Source: RFC 9649. May import: nothing. Tests: `tests`.

use crate::embedded::draft::Draft;
use crate::embedded::packet;
use crate::embedded::source::{Region, Source};
use crate::embedded::tiff::{Directory, read_tiff};

/// Chunks looked at; an animation has one for each frame.
const CHUNKS_MAX: u32 = 65_536;

/// Reads the WebP that fills `region`.
pub(crate) fn read_webp(source: &mut Source<'_>, region: Region, draft: &mut Draft) {
    let mut at = 12;
    for _ in 0..CHUNKS_MAX {
        let Some([n0, n1, n2, n3, length @ ..]) = source.array::<8>(region, at) else { return };
        let length = u64::from(u32::from_le_bytes(length));
        let Some(body) = region.part(at + 8, length) else { return };
        match &[n0, n1, n2, n3] {
            b"VP8X" | b"VP8 " | b"VP8L" => {
                if let Some((width, height)) = size_of(source, body, n3) {
                    draft.set_size(width, height);
                }
            }
            b"EXIF" => read_exif(source, body, draft),
            b"XMP " => packet::read_packet(source, body, draft),
            _ => {}
        }
        // Chunks begin at even places.
        at += 8 + length + length % 2;
    }
}

/// Some writers put the JPEG segment's mark before the TIFF.
fn read_exif(source: &mut Source<'_>, body: Region, draft: &mut Draft) {
    let skip = if source.array::<6>(body, 0) == Some(*b"Exif\0\0") { 6 } else { 0 };
    if let Some(tiff) = body.after(skip) {
        read_tiff(source, tiff, Directory::Main, draft);
    }
}

/// Width and height of the chunk `VP8X`, `VP8 ` or `VP8L`, told by the last letter of its name.
fn size_of(source: &mut Source<'_>, body: Region, letter: u8) -> Option<(u32, u32)> {
    match letter {
        b'X' => {
            let [w0, w1, w2, h0, h1, h2] = source.array::<6>(body, 4)?;
            Some((u32::from_le_bytes([w0, w1, w2, 0]) + 1, u32::from_le_bytes([h0, h1, h2, 0]) + 1))
        }
        b'L' => {
            let bits = u32::from_le_bytes(source.array::<4>(body, 1)?);
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        _ => {
            let [w0, w1, h0, h1] = source.array::<4>(body, 6)?;
            let side = |bytes| u32::from(u16::from_le_bytes(bytes) & 0x3fff);
            Some((side([w0, w1]), side([h0, h1])))
        }
    }
}
