//! The APP1 segments of a JPEG: EXIF as a TIFF structure, and the XMP packet of a motion photo.
//!
//! Owns: their bytes, written by hand. Invariant: little-endian, two directories, values over four
//! bytes after the directory they belong to. May import: `media`. Tests: `media/tests.rs`.

use crate::media::Recipe;

const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const UNDEFINED: u16 = 7;

/// One entry of a directory: tag, type, count, value bytes.
struct Entry(u16, u16, u32, Vec<u8>);

impl Entry {
    fn text(tag: u16, text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        Self(tag, ASCII, len32(&bytes), bytes)
    }
}

fn len32(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// The EXIF segment, with `Exif\0\0` before it.
pub(crate) fn app1(recipe: &Recipe) -> Vec<u8> {
    let taken = recipe.taken.format("%Y:%m:%d %H:%M:%S").to_string();
    let main = |sub_at: u32| {
        vec![
            Entry::text(0x010f, &recipe.make),
            Entry::text(0x0110, &recipe.model),
            Entry(0x0112, SHORT, 1, recipe.orientation.to_le_bytes().to_vec()),
            Entry::text(0x0132, &taken),
            Entry(0x8769, LONG, 1, sub_at.to_le_bytes().to_vec()),
        ]
    };
    let sub = [
        Entry(0x9000, UNDEFINED, 4, b"0232".to_vec()),
        Entry::text(0x9003, &taken),
        Entry::text(0x9004, &taken),
        Entry::text(0x9011, "+00:00"),
    ];
    let sub_at = 8 + len32(&directory(8, &main(0)));
    let mut out = b"Exif\0\0II*\0\x08\0\0\0".to_vec();
    out.extend(directory(8, &main(sub_at)));
    out.extend(directory(sub_at, &sub));
    out
}

/// A directory that begins `at` bytes after the TIFF header's first byte.
fn directory(at: u32, entries: &[Entry]) -> Vec<u8> {
    let count = u16::try_from(entries.len()).unwrap_or(0);
    let mut table = count.to_le_bytes().to_vec();
    let mut values = Vec::new();
    let values_at = at + 2 + 12 * u32::from(count) + 4;
    for Entry(tag, kind, number, value) in entries {
        table.extend(tag.to_le_bytes());
        table.extend(kind.to_le_bytes());
        table.extend(number.to_le_bytes());
        if value.len() <= 4 {
            let mut inline = value.clone();
            inline.resize(4, 0);
            table.extend(inline);
        } else {
            table.extend((values_at + len32(&values)).to_le_bytes());
            values.extend_from_slice(value);
            if values.len() % 2 == 1 {
                values.push(0);
            }
        }
    }
    table.extend([0; 4]);
    table.extend(values);
    table
}

/// The XMP segment that says: a clip of `clip_bytes` follows the picture.
pub(crate) fn motion_xmp(clip_bytes: usize) -> Vec<u8> {
    let packet = format!(
        r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" xmlns:Container="http://ns.google.com/photos/1.0/container/" xmlns:Item="http://ns.google.com/photos/1.0/container/item/" GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1" GCamera:MotionPhotoPresentationTimestampUs="500000"><Container:Directory><rdf:Seq><rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="image/jpeg" Item:Semantic="Primary" Item:Length="0" Item:Padding="0"/></rdf:li><rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="video/mp4" Item:Semantic="MotionPhoto" Item:Length="{clip_bytes}" Item:Padding="0"/></rdf:li></rdf:Seq></Container:Directory></rdf:Description></rdf:RDF></x:xmpmeta>"#
    );
    let mut out = b"http://ns.adobe.com/xap/1.0/\0".to_vec();
    out.extend_from_slice(packet.as_bytes());
    out
}
