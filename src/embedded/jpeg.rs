//! The segments of a JPEG that hold metadata.
//!
//! Invariant: the walk ends where the picture begins. Source: ITU-T T.81 annex B, EXIF 3.0, XMP part 3, IPTC-IIM 4.2.
//! May import: nothing. Tests: `tests`.

use memchr::memmem;

use crate::embedded::draft::Draft;
use crate::embedded::packet;
use crate::embedded::source::{Region, Source};
use crate::embedded::tiff::{Directory, read_tiff};

/// Segments looked at; a file with colour profiles and maps in pieces has some dozens.
const SEGMENTS_MAX: u32 = 2048;
/// What the segments begin with.
const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";
/// The marker of IPTC's caption, dataset 2:120; two bytes of length follow.
const IPTC_CAPTION: &[u8] = &[0x1c, 2, 120];
/// The most of a segment that is searched for the caption, bytes: no segment is longer.
const SEGMENT_BYTES_MAX: usize = 64 * 1024;

/// Reads the JPEG that fills `region`.
pub(crate) fn read_jpeg(source: &mut Source<'_>, region: Region, draft: &mut Draft) {
    let mut at = 2;
    for _ in 0..SEGMENTS_MAX {
        let Some([mark, marker, l0, l1]) = source.array::<4>(region, at) else { return };
        if mark != 0xff {
            return;
        }
        // Any number of 0xff may stand before a marker.
        if marker == 0xff {
            at += 1;
            continue;
        }
        // Markers without a segment: TEM and the restarts.
        if matches!(marker, 0x01 | 0xd0..=0xd7) {
            at += 2;
            continue;
        }
        let length = u64::from(u16::from_be_bytes([l0, l1]));
        let Some(body) = length.checked_sub(2).and_then(|length| region.part(at + 4, length)) else { return };
        match marker {
            0xd9 | 0xda => return,
            0xe1 => read_app1(source, body, draft),
            0xed => read_caption(source, body, draft),
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                if let (Some(height), Some(width)) = (source.be16(body, 1), source.be16(body, 3)) {
                    draft.set_size(u32::from(width), u32::from(height));
                }
            }
            _ => {}
        }
        at += 2 + length;
    }
}

fn read_app1(source: &mut Source<'_>, body: Region, draft: &mut Draft) {
    let Some(head) = source.head(body, XMP.len()) else { return };
    if head.starts_with(EXIF) {
        if let Some(tiff) = body.after(6) {
            read_tiff(source, tiff, Directory::Main, draft);
        }
    } else if head == XMP
        && let Some(packet) = body.after(29)
    {
        packet::read_packet(source, packet, draft);
    }
}

fn read_caption(source: &mut Source<'_>, body: Region, draft: &mut Draft) {
    let Some(bytes) = source.head(body, SEGMENT_BYTES_MAX) else { return };
    if !bytes.starts_with(PHOTOSHOP) {
        return;
    }
    let Some(at) = memmem::find(&bytes, IPTC_CAPTION) else { return };
    let rest = &bytes[at + IPTC_CAPTION.len()..];
    if let Some(([l0, l1], text)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        draft.set_description(&text[..length.min(text.len())]);
    }
}
