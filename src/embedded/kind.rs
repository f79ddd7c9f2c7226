//! What a file is, by its first bytes.
//!
//! Owns: the signatures. Invariant: a name is never looked at. May import: nothing. Tests: below and in `tests`.

use crate::embedded::source::{Region, Source};

/// What the first bytes show a file to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
    /// HEIF with any codec but AV1: HEIC.
    Heif,
    /// HEIF with AV1.
    Avif,
    /// JPEG XL, in its container or bare.
    Jxl,
    /// TIFF, and the raw formats that are built on it: DNG, CR2, NEF, ARW, ORF, RW2, PEF.
    Tiff,
    /// Canon's CR3.
    Cr3,
    /// Fujifilm's RAF.
    Raf,
    /// Windows bitmap.
    Bmp,
    /// MP4 and its kin: M4V, 3GP.
    Mp4,
    /// QuickTime movie.
    QuickTime,
    /// AVI.
    Avi,
    /// Matroska and WebM.
    Matroska,
    /// MPEG programme or transport stream.
    MpegStream,
    /// None of these.
    #[default]
    Unknown,
}

impl Kind {
    /// Whether it is a moving picture.
    pub fn is_video(self) -> bool {
        matches!(self, Self::Mp4 | Self::QuickTime | Self::Avi | Self::Matroska | Self::MpegStream)
    }

    /// The usual extension without a dot, where one fits every file of the kind.
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::Jpeg => Some("jpg"),
            Self::Png => Some("png"),
            Self::Gif => Some("gif"),
            Self::Webp => Some("webp"),
            Self::Heif => Some("heic"),
            Self::Avif => Some("avif"),
            Self::Jxl => Some("jxl"),
            Self::Cr3 => Some("cr3"),
            Self::Raf => Some("raf"),
            Self::Bmp => Some("bmp"),
            Self::Mp4 => Some("mp4"),
            Self::QuickTime => Some("mov"),
            Self::Avi => Some("avi"),
            Self::Matroska => Some("mkv"),
            Self::Tiff | Self::MpegStream | Self::Unknown => None,
        }
    }
}

/// Signatures that stand at the very beginning.
const SIGNATURES: &[(&[u8], Kind)] = &[
    (b"\xff\xd8\xff", Kind::Jpeg),
    (b"\x89PNG\r\n\x1a\n", Kind::Png),
    (b"GIF87a", Kind::Gif),
    (b"GIF89a", Kind::Gif),
    (b"FUJIFILMCCD-RAW", Kind::Raf),
    (b"II*\0", Kind::Tiff),
    (b"MM\0*", Kind::Tiff),
    // Olympus and Panasonic put their own number where TIFF has 42.
    (b"IIRO", Kind::Tiff),
    (b"IIRS", Kind::Tiff),
    (b"MMOR", Kind::Tiff),
    (b"IIU\0", Kind::Tiff),
    (b"\xff\x0a", Kind::Jxl),
    (b"\x1a\x45\xdf\xa3", Kind::Matroska),
    (b"\0\0\x01\xba", Kind::MpegStream),
    (b"\0\0\x01\xb3", Kind::MpegStream),
    (b"BM", Kind::Bmp),
];

/// The brands of ISO/IEC 14496-12 files; what is not listed is an MP4. Source: mp4ra.org.
const BRANDS: &[(&[u8; 4], Kind)] = &[
    (b"avif", Kind::Avif),
    (b"avis", Kind::Avif),
    (b"heic", Kind::Heif),
    (b"heix", Kind::Heif),
    (b"heim", Kind::Heif),
    (b"heis", Kind::Heif),
    (b"hevc", Kind::Heif),
    (b"hevx", Kind::Heif),
    (b"crx ", Kind::Cr3),
    (b"jxl ", Kind::Jxl),
    (b"qt  ", Kind::QuickTime),
];

/// Boxes that begin a QuickTime movie made before there was `ftyp`.
const OLD_QUICKTIME: &[&[u8; 4]] = &[b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];
/// Brands looked at.
const BRANDS_MAX: u64 = 32;
/// The length of a packet of an MPEG transport stream, each of which begins with `G`.
const TRANSPORT_PACKET_BYTES: u64 = 188;

/// What the file is.
pub(crate) fn sniff(source: &mut Source<'_>) -> Kind {
    let whole = source.whole();
    let Some(head) = source.head(whole, 16) else { return Kind::Unknown };
    if let Some((_, kind)) = SIGNATURES.iter().find(|(mark, _)| head.starts_with(mark)) {
        return *kind;
    }
    match (head.get(..4), head.get(4..8), head.get(8..12)) {
        (Some(b"RIFF"), _, Some(b"WEBP")) => Kind::Webp,
        (Some(b"RIFF"), _, Some(b"AVI ")) => Kind::Avi,
        (_, Some(b"ftyp"), _) => brand(source, whole),
        (_, Some(b"JXL "), _) => Kind::Jxl,
        (_, Some(name), _) if OLD_QUICKTIME.iter().any(|old| name == *old) => Kind::QuickTime,
        _ if is_transport_stream(source, whole) => Kind::MpegStream,
        _ => Kind::Unknown,
    }
}

/// The kind by the first known brand: the major one, else the compatible ones.
fn brand(source: &mut Source<'_>, whole: Region) -> Kind {
    let length = source.be32(whole, 0).map_or(0, u64::from);
    let mut has_heif = false;
    // The minor version, which stands between the major and the compatible brands, is no brand.
    for at in (8..length.min(8 + 4 * BRANDS_MAX)).step_by(4).filter(|at| *at != 12) {
        let Some(name) = source.array::<4>(whole, at) else { break };
        if let Some((_, kind)) = BRANDS.iter().find(|(brand, _)| **brand == name) {
            return *kind;
        }
        has_heif |= matches!(&name, b"mif1" | b"msf1" | b"mif2");
    }
    if has_heif { Kind::Heif } else { Kind::Mp4 }
}

fn is_transport_stream(source: &mut Source<'_>, whole: Region) -> bool {
    (0..4).all(|packet| source.array::<1>(whole, packet * TRANSPORT_PACKET_BYTES) == Some(*b"G"))
}

#[cfg(test)]
mod tests {
    use crate::embedded::kind::{Kind, sniff};
    use crate::embedded::source::Source;
    use std::io::Cursor;

    #[test]
    fn a_file_is_known_by_its_first_bytes() {
        let table: &[(&[u8], Kind)] = &[
            (b"", Kind::Unknown),
            (b"\xff\xd8\xff\xe0", Kind::Jpeg),
            (b"GIF89a\x01\x02", Kind::Gif),
            (b"RIFF\0\0\0\0WEBPVP8 ", Kind::Webp),
            (b"RIFF\0\0\0\0AVI LIST", Kind::Avi),
            (b"RIFF\0\0\0\0WAVEfmt ", Kind::Unknown),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Kind::Heif),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", Kind::Avif),
            (b"\0\0\0\x14ftypmif1\0\0\0\0mif1", Kind::Heif),
            (b"\0\0\0\x14ftypisom\0\0\0\0mp42", Kind::Mp4),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", Kind::QuickTime),
            (b"\0\0\0\x08wide\0\0\0\x08mdat", Kind::QuickTime),
            (b"II*\0\x08\0\0\0", Kind::Tiff),
            (b"{\"title\": \"x\"}    ", Kind::Unknown),
        ];
        for (bytes, kind) in table {
            let mut cursor = Cursor::new(*bytes);
            assert_eq!(sniff(&mut Source::open(&mut cursor).unwrap()), *kind, "{bytes:?}");
        }
    }

    #[test]
    fn a_transport_stream_is_known_by_its_packets() {
        let mut bytes = vec![0; 1000];
        for packet in 0..4 {
            bytes[packet * 188] = b'G';
        }
        let mut cursor = Cursor::new(bytes);
        assert_eq!(sniff(&mut Source::open(&mut cursor).unwrap()), Kind::MpegStream);
    }
}
