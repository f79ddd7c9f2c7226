//! The boxes of ISO/IEC 14496-12: HEIF, AVIF, JPEG XL, CR3, MP4 and QuickTime.
//!
//! Owns: the walk over boxes, and the items of a HEIF. Invariant: boxes are entered by name along fixed paths, so the depth is
//! fixed; every list has a named bound. Source: ISO/IEC 14496-12, 23008-12, 18181-2; for CR3, what its reverse engineers published.
//! May import: nothing. Tests: `tests`.

use crate::embedded::draft::Draft;
use crate::embedded::packet;
use crate::embedded::quicktime;
use crate::embedded::source::{Region, Source};
use crate::embedded::tiff::{Directory, read_tiff};

/// Boxes looked at in one list.
const BOXES_MAX: u32 = 4096;
/// Items looked at in a HEIF; a photo of 48 megapixels has about a hundred tiles.
const ITEMS_MAX: u32 = 4096;

/// The extended type of XMP's box (XMP part 3).
const XMP_UUID: [u8; 16] = *b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac";
/// The extended type of the box in which CR3 keeps its TIFFs.
const CR3_UUID: [u8; 16] = *b"\x85\xc0\xb6\x87\x82\x0f\x11\xe0\x81\x11\xf4\xce\x46\x2b\x6a\x48";

/// One box: its name and what is in it.
#[derive(Clone, Copy)]
pub(crate) struct Atom {
    pub(crate) name: [u8; 4],
    pub(crate) body: Region,
}

/// Hands each box of `region` to `each`, until it has enough and says so by `false`.
pub(crate) fn each_box(
    source: &mut Source<'_>,
    region: Region,
    mut each: impl FnMut(&mut Source<'_>, Atom) -> bool,
) {
    let mut at = 0;
    for _ in 0..BOXES_MAX {
        let Some([s0, s1, s2, s3, name @ ..]) = source.array::<8>(region, at) else { return };
        let (head, length) = match u32::from_be_bytes([s0, s1, s2, s3]) {
            0 => (8, Some(region.length - at)),
            1 => (16, source.be64(region, at + 8)),
            length => (8, Some(u64::from(length))),
        };
        let Some(length) = length.filter(|length| *length >= head) else { return };
        // The last box of a file that was cut off is still looked at as far as it goes.
        let length = length.min(region.length - at);
        let Some(body) = length.checked_sub(head).and_then(|body| region.part(at + head, body)) else {
            return;
        };
        if !each(source, Atom { name, body }) {
            return;
        }
        at += length;
    }
}

/// Reads the file that fills `region`.
pub(crate) fn read_bmff(source: &mut Source<'_>, region: Region, draft: &mut Draft) {
    each_box(source, region, |source, atom| {
        match &atom.name {
            b"meta" => read_items(source, region, atom.body, draft),
            b"moov" => quicktime::read_movie(source, atom.body, draft),
            b"Exif" => read_exif(source, atom.body, draft),
            b"uuid" => read_uuid(source, atom.body, draft),
            b"xml " => packet::read_packet(source, atom.body, draft),
            _ => {}
        }
        true
    });
}

/// A box whose type is a UUID, in the file or in its movie.
pub(crate) fn read_uuid(source: &mut Source<'_>, body: Region, draft: &mut Draft) {
    let (Some(uuid), Some(rest)) = (source.array::<16>(body, 0), body.after(16)) else { return };
    if uuid == XMP_UUID {
        packet::read_packet(source, rest, draft);
    } else if uuid == CR3_UUID {
        each_box(source, rest, |source, atom| {
            match &atom.name {
                b"CMT1" => read_tiff(source, atom.body, Directory::Main, draft),
                b"CMT2" => read_tiff(source, atom.body, Directory::Exif, draft),
                b"CMT4" => read_tiff(source, atom.body, Directory::Gps, draft),
                _ => {}
            }
            true
        });
    }
}

/// EXIF as an item or box: where the TIFF begins, counted from after this number, then the rest.
fn read_exif(source: &mut Source<'_>, body: Region, draft: &mut Draft) {
    let Some(skip) = source.be32(body, 0) else { return };
    if let Some(tiff) = body.after(4 + u64::from(skip)) {
        read_tiff(source, tiff, Directory::Main, draft);
    }
}

/// What the `meta` box of a HEIF holds of use here.
#[derive(Default)]
struct Items {
    exif: Option<u32>,
    xmp: Option<u32>,
    /// The `iloc` box.
    places: Option<Region>,
    /// The `idat` box.
    data: Option<Region>,
}

/// Reads the items of a HEIF whose `meta` box is `meta`; `file` is what their places count from.
fn read_items(source: &mut Source<'_>, file: Region, meta: Region, draft: &mut Draft) {
    let Some(list) = meta.after(4) else { return };
    let mut items = Items::default();
    each_box(source, list, |source, atom| {
        match &atom.name {
            b"iinf" => read_names(source, atom.body, &mut items),
            b"iloc" => items.places = Some(atom.body),
            b"idat" => items.data = Some(atom.body),
            b"iprp" => read_sizes(source, atom.body, draft),
            _ => {}
        }
        true
    });
    let Some(places) = items.places else { return };
    let find = |source: &mut Source<'_>, id: Option<u32>| {
        let place = place_of(source, places, id?)?;
        let within = if place.is_in_data { items.data? } else { file };
        within.part(place.offset, place.length)
    };
    if let Some(item) = find(source, items.exif) {
        read_exif(source, item, draft);
    }
    if let Some(item) = find(source, items.xmp) {
        packet::read_packet(source, item, draft);
    }
}

/// Finds the numbers of the items that are EXIF and XMP.
fn read_names(source: &mut Source<'_>, body: Region, items: &mut Items) {
    let head = match source.array::<1>(body, 0) {
        Some([0]) => 6,
        Some(_) => 8,
        None => return,
    };
    let Some(list) = body.after(head) else { return };
    each_box(source, list, |source, atom| {
        let id_and_kind = match source.array::<1>(atom.body, 0) {
            Some([2]) => source
                .be16(atom.body, 4)
                .and_then(|id| Some((u32::from(id), source.array::<4>(atom.body, 8)?, 12))),
            Some([3]) => {
                source.be32(atom.body, 4).and_then(|id| Some((id, source.array::<4>(atom.body, 10)?, 14)))
            }
            _ => None,
        };
        match id_and_kind {
            Some((id, kind, _)) if &kind == b"Exif" => items.exif = items.exif.or(Some(id)),
            Some((id, kind, end)) if &kind == b"mime" && is_xmp(source, atom.body, end) => {
                items.xmp = items.xmp.or(Some(id));
            }
            _ => {}
        }
        items.exif.is_none() || items.xmp.is_none()
    });
}

/// Whether the type after the item's name, which ends with a NUL, is that of XMP.
fn is_xmp(source: &mut Source<'_>, body: Region, name_at: u64) -> bool {
    let rest = body.after(name_at).and_then(|rest| source.head(rest, 256)).unwrap_or_default();
    rest.split(|byte| *byte == 0).nth(1) == Some(&b"application/rdf+xml"[..])
}

/// The size of the picture is the largest of those told.
fn read_sizes(source: &mut Source<'_>, body: Region, draft: &mut Draft) {
    each_box(source, body, |source, container| {
        if &container.name == b"ipco" {
            each_box(source, container.body, |source, atom| {
                if &atom.name == b"ispe"
                    && let (Some(width), Some(height)) =
                        (source.be32(atom.body, 4), source.be32(atom.body, 8))
                {
                    draft.set_size(width, height);
                }
                true
            });
        }
        true
    });
}

/// Where an item's bytes are.
struct Place {
    is_in_data: bool,
    offset: u64,
    length: u64,
}

/// Finds item `wanted` in an `iloc` box; of an item in pieces, the first one.
fn place_of(source: &mut Source<'_>, places: Region, wanted: u32) -> Option<Place> {
    let [version, _, _, _, s0, s1] = source.array::<6>(places, 0)?;
    let (offset_bytes, length_bytes) = (s0 >> 4, s0 & 15);
    let (base_bytes, index_bytes) = (s1 >> 4, if version > 0 { s1 & 15 } else { 0 });
    let id_bytes = if version < 2 { 2 } else { 4 };
    let mut at = 6;
    let count = take(source, places, &mut at, id_bytes)?;
    for _ in 0..count.min(u64::from(ITEMS_MAX)) {
        let id = take(source, places, &mut at, id_bytes)?;
        let method = if version > 0 { take(source, places, &mut at, 2)? & 15 } else { 0 };
        let _data_reference = take(source, places, &mut at, 2)?;
        let base = take(source, places, &mut at, base_bytes)?;
        let extents = take(source, places, &mut at, 2)?;
        let extent_bytes = u64::from(index_bytes) + u64::from(offset_bytes) + u64::from(length_bytes);
        if id == u64::from(wanted) && extents > 0 && method < 2 {
            at += u64::from(index_bytes);
            let offset = base.checked_add(take(source, places, &mut at, offset_bytes)?)?;
            let length = take(source, places, &mut at, length_bytes)?;
            return Some(Place { is_in_data: method == 1, offset, length });
        }
        at += extents * extent_bytes;
    }
    None
}

/// The number of `bytes` bytes at `at`, which is moved behind it; one of no bytes is zero.
fn take(source: &mut Source<'_>, region: Region, at: &mut u64, bytes: u8) -> Option<u64> {
    let number = match bytes {
        0 => 0,
        2 => u64::from(source.be16(region, *at)?),
        4 => u64::from(source.be32(region, *at)?),
        8 => source.be64(region, *at)?,
        _ => return None,
    };
    *at += u64::from(bytes);
    Some(number)
}
