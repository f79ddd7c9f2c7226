//! Files that were cut, changed or made to do harm.

use crate::embedded::tests::build::{
    atom, chunk, ftyp, heif, jpeg, jpeg_with_exif, keys, movie, mvhd, nepal, png, segment, webp,
};
use crate::embedded::tests::{MAY_2, XMP, read_bytes};
use crate::embedded::{READ_BYTES_MAX, read};
use proptest::prelude::*;
use std::io::{Cursor, Error, Read, Result, Seek, SeekFrom};

/// One whole file of each kind that is read.
fn files() -> Vec<Vec<u8>> {
    let tiff = nepal(true);
    let xmp = segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", XMP.as_bytes()].concat());
    let apple = keys(&[
        ("com.apple.quicktime.creationdate", "2024-05-02T02:00:00+0200"),
        ("com.apple.quicktime.location.ISO6709", "+48.8577+002.2950+035.000/"),
    ]);
    vec![
        tiff.clone(),
        nepal(false),
        jpeg_with_exif(&tiff),
        jpeg(&[xmp, segment(0xed, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x20\x1c\x02\x78\0\x04Anna")]),
        png(&[chunk(b"eXIf", &tiff), chunk(b"tEXt", b"Creation Time\x002012:05:06 07:08:09")]),
        webp(&[(b"VP8X", vec![0; 10]), (b"EXIF", tiff.clone()), (b"XMP ", XMP.as_bytes().to_vec())]),
        heif(&tiff, XMP.as_bytes(), false),
        heif(&tiff, XMP.as_bytes(), true),
        movie(b"qt  ", &[mvhd(1, MAY_2), apple]),
    ]
}

/// A file of which every read is counted.
struct Counted<R> {
    inner: R,
    bytes: u64,
    reads: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let read = self.inner.read(into)?;
        self.bytes += u64::try_from(read).unwrap();
        self.reads += 1;
        Ok(read)
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.inner.seek(to)
    }
}

fn cost(bytes: Vec<u8>) -> (u64, u64) {
    let mut file = Counted { inner: Cursor::new(bytes), bytes: 0, reads: 0 };
    let _ = read(&mut file);
    (file.bytes, file.reads)
}

#[test]
fn a_file_cut_at_any_byte_is_read_as_far_as_it_goes() {
    for file in files() {
        for length in 0..file.len() {
            let _ = read_bytes(&file[..length]);
        }
    }
}

#[test]
fn a_disk_that_fails_reads_as_a_file_that_says_nothing() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> Result<usize> {
            Err(Error::other("unreadable"))
        }
    }
    impl Seek for Broken {
        fn seek(&mut self, _: SeekFrom) -> Result<u64> {
            Ok(1000)
        }
    }
    assert_eq!(read(Broken), crate::embedded::Embedded::default());
}

#[test]
fn directories_that_point_at_each_other_are_read_once() {
    // IFD0 is its own EXIF and GPS directory.
    let pointer = |tag: u16| [&tag.to_be_bytes()[..], &[0, 4, 0, 0, 0, 1, 0, 0, 0, 8]].concat();
    let tiff = [&b"MM\0*\0\0\0\x08\0\x02"[..], &pointer(0x8769), &pointer(0x8825), &[0, 0, 0, 8]].concat();
    let (bytes, reads) = cost(jpeg_with_exif(&tiff));
    assert!(bytes < 16 * 1024 && reads < 16, "{bytes} bytes in {reads} reads");
}

#[test]
fn declared_lengths_cost_nothing() {
    // A text of 4 GiB, a packet of 4 GiB, and boxes that say they are larger than the file.
    let field = |tag: u16, kind: u8| {
        [&tag.to_be_bytes()[..], &[0, kind, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 8]].concat()
    };
    let tiff = [&b"MM\0*\0\0\0\x08\0\x02"[..], &field(0x010e, 2), &field(0x02bc, 1), &[0; 4]].concat();
    let boxes =
        [ftyp(b"isom"), [&u32::MAX.to_be_bytes()[..], b"moov", &u32::MAX.to_be_bytes(), b"udta"].concat()];
    let long = [ftyp(b"isom"), [&1u32.to_be_bytes()[..], b"moov", &u64::MAX.to_be_bytes()].concat()];
    for file in [jpeg_with_exif(&tiff), boxes.concat(), long.concat()] {
        let (bytes, reads) = cost(file);
        assert!(bytes < 16 * 1024 && reads < 16, "{bytes} bytes in {reads} reads");
    }
}

#[test]
fn endless_lists_end_at_the_budget() {
    let far = usize::try_from(3 * READ_BYTES_MAX).unwrap();
    let chunks = png(&vec![chunk(b"IDAT", &[0; 2000]); far / 2012]);
    let boxes = [ftyp(b"isom"), atom(b"free", &[0; 2000]).repeat(far / 2008)].concat();
    let packets =
        png(&vec![
            chunk(b"iTXt", &[&b"XML:com.adobe.xmp\0\0\0\0\0"[..], &b"x".repeat(300_000)].concat());
            40
        ]);
    let frames = webp(&vec![(b"ANMF", vec![0; 2000]); far / 2008]);
    for file in [chunks, boxes, packets, frames] {
        let (bytes, reads) = cost(file);
        assert!(bytes <= READ_BYTES_MAX && bytes > READ_BYTES_MAX / 2, "{bytes} bytes in {reads} reads");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_make_the_reader_panic(mark in 0usize..12, rest in proptest::collection::vec(any::<u8>(), 0..400)) {
        let marks: [&[u8]; 12] = [
            b"", b"\xff\xd8\xff\xe1", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"FUJIFILMCCD-RAW ",
            b"\0\0\0\x10ftypheic\0\0\0\0\0\0\x01\0meta\0\0\0\0", b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\0moov", b"\0\0\0\x10ftypcrx \0\0\0\0", b"GIF89a",
            b"\0\0\0\x10ftypqt  \0\0\0\0\0\0\x02\0moov\0\0\x01\xf0meta",
        ];
        let _ = read_bytes(&[marks[mark], &rest].concat());
    }

    #[test]
    fn no_change_to_a_real_file_makes_the_reader_panic_or_read_on_and_on(
        which in 0usize..9, changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), cut in proptest::option::of(any::<prop::sample::Index>())
    ) {
        let mut file = files().swap_remove(which);
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        let length = u64::try_from(file.len()).unwrap();
        let (bytes, _) = cost(file);
        prop_assert!(bytes <= READ_BYTES_MAX, "{} bytes of {}", bytes, length);
    }
}
