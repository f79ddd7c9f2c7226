//! What is read of whole files, each made here from its format's rules.

mod build;
mod hostile;

use crate::embedded::tests::build::{
    Writer, atom, chunk, ftyp, heif, jpeg, jpeg_with_exif, keys, movie, mvhd, nepal, png, segment, text, webp,
};
use crate::embedded::{Embedded, Kind, TakenOrigin, read};
use std::io::Cursor;

/// 2024-05-02T00:00:00Z, seconds since 1904.
const MAY_2: u64 = 3_797_452_800;
const XMP: &str = "<x:xmpmeta><rdf:RDF><rdf:Description exif:DateTimeOriginal='2011-02-03T04:05:06+01:00' xmp:Rating='3' \
                   exif:GPSLatitude='48,30.0N' exif:GPSLongitude='2,15.0W'/></rdf:RDF></x:xmpmeta>";

fn read_bytes(bytes: &[u8]) -> Embedded {
    read(Cursor::new(bytes))
}

fn date(embedded: &Embedded) -> String {
    embedded.taken.map_or_else(String::new, |taken| {
        let offset = taken.offset.map_or_else(|| "?".to_owned(), |offset| offset.to_string());
        format!("{} {offset} {:?}", taken.local, taken.origin)
    })
}

/// Asserts all that [`nepal`] says.
fn assert_nepal(embedded: &Embedded, kind: Kind) {
    assert_eq!(embedded.kind, kind);
    assert_eq!(date(embedded), "2019-03-04 05:06:07.250 +05:45 Exif", "{kind:?}");
    let gps = embedded.gps.unwrap();
    assert!((gps.latitude - 27.51).abs() < 1e-9 && (gps.longitude - 85.25).abs() < 1e-9, "{gps:?}");
    assert_eq!(gps.altitude, Some(1300.5));
    assert_eq!((embedded.make.as_deref(), embedded.model.as_deref()), (Some("Maker"), Some("Model X")));
    assert!(embedded.has_description);
}

#[test]
fn exif_is_read_from_every_kind_of_still_in_both_orders() {
    for is_big in [false, true] {
        let tiff = nepal(is_big);
        assert_nepal(&read_bytes(&tiff), Kind::Tiff);
        assert_nepal(&read_bytes(&jpeg_with_exif(&tiff)), Kind::Jpeg);
        assert_nepal(&read_bytes(&png(&[chunk(b"eXIf", &tiff)])), Kind::Png);
        assert_nepal(&read_bytes(&webp(&[(b"VP8X", vec![0; 10]), (b"EXIF", tiff.clone())])), Kind::Webp);
        let marked = [b"Exif\0\0", &tiff[..]].concat();
        assert_nepal(&read_bytes(&webp(&[(b"ICCP", vec![1; 3]), (b"EXIF", marked)])), Kind::Webp);
        assert_nepal(&read_bytes(&heif(&tiff, b"", false)), Kind::Heif);
        assert_nepal(&read_bytes(&heif(&tiff, b"", true)), Kind::Heif);
        let jxl =
            [atom(b"JXL ", b"\r\n\x87\n"), ftyp(b"jxl "), atom(b"Exif", &[&[0; 4], &tiff[..]].concat())];
        assert_nepal(&read_bytes(&jxl.concat()), Kind::Jxl);
    }
}

#[test]
fn nothing_is_read_behind_the_picture_of_a_jpeg() {
    let exif = segment(0xe1, &[b"Exif\0\0", &nepal(true)[..]].concat());
    for end in [segment(0xda, &[1, 1, 0, 0, 63, 0]), segment(0xd9, b"")] {
        assert_eq!(read_bytes(&[&b"\xff\xd8"[..], &end, &exif].concat()).taken, None);
        assert_eq!(
            read_bytes(&[&b"\xff\xd8"[..], &exif, &end].concat()).taken.map(|taken| taken.origin),
            Some(TakenOrigin::Exif)
        );
    }
}

#[test]
fn a_raf_is_read_through_the_jpeg_in_it() {
    let jpeg = jpeg_with_exif(&nepal(false));
    let mut raf = b"FUJIFILMCCD-RAW 0201".to_vec();
    raf.resize(84, 0);
    raf.extend([100u32.to_be_bytes(), u32::try_from(jpeg.len()).unwrap().to_be_bytes()].concat());
    raf.resize(100, 0);
    raf.extend(jpeg);
    assert_nepal(&read_bytes(&raf), Kind::Raf);
}

#[test]
fn a_cr3_keeps_its_directories_in_tiffs_of_their_own() {
    let w = Writer { is_big: false };
    let uuid = b"\x85\xc0\xb6\x87\x82\x0f\x11\xe0\x81\x11\xf4\xce\x46\x2b\x6a\x48".to_vec();
    let gps = [text(1, "S"), w.rationals(2, &[(33, 1)]), text(3, "W"), w.rationals(4, &[(70, 1), (30, 1)])];
    let tiffs = [
        uuid,
        atom(b"CMT1", &w.single(&[text(0x010f, "Canon")])),
        atom(b"CMT2", &w.single(&[text(0x9003, "2019:03:04 05:06:07")])),
        atom(b"CMT4", &w.single(&gps)),
    ];
    let moov = atom(b"moov", &[atom(b"uuid", &tiffs.concat()), mvhd(0, MAY_2)].concat());
    let read = read_bytes(&[ftyp(b"crx "), moov].concat());
    assert_eq!((read.kind, date(&read).as_str()), (Kind::Cr3, "2019-03-04 05:06:07 ? Exif"));
    let gps = read.gps.unwrap();
    assert!((gps.latitude + 33.0).abs() < 1e-9 && (gps.longitude + 70.5).abs() < 1e-9, "{gps:?}");
    assert_eq!(read.make.as_deref(), Some("Canon"));
}

#[test]
fn a_missing_or_empty_original_date_gives_way_to_the_digitized_one() {
    let w = Writer { is_big: true };
    for original in ["0000:00:00 00:00:00", "    :  :     :  :  ", "", "2019:03:04"] {
        let digitized = [text(0x9003, original), text(0x9004, "2020:03:04 05:06:07"), text(0x9012, "-03:30")];
        let read = read_bytes(&jpeg_with_exif(&w.tiff(&[], &digitized, &[])));
        assert_eq!(date(&read), "2020-03-04 05:06:07 -03:30 Exif", "{original:?}");
    }
    let modified = w.tiff(&[text(0x0132, "2020:03:04 05:06:07")], &[], &[]);
    assert_eq!(
        date(&read_bytes(&jpeg_with_exif(&modified))),
        "",
        "the date of an editing is not that of the picture"
    );
}

#[test]
fn a_position_needs_its_directions_and_is_not_null() {
    let w = Writer { is_big: false };
    let zero = [text(1, "N"), w.rationals(2, &[(0, 1); 3]), text(3, "E"), w.rationals(4, &[(0, 1); 3])];
    let bare = [w.rationals(2, &[(10, 1); 3]), w.rationals(4, &[(10, 1); 3])];
    let endless = [text(1, "N"), w.rationals(2, &[(10, 0); 3]), text(3, "E"), w.rationals(4, &[(10, 1); 3])];
    let beyond = [text(1, "N"), w.rationals(2, &[(91, 1)]), text(3, "E"), w.rationals(4, &[(10, 1)])];
    let lame = [w.rationals(2, &[(10, 1)]), text(3, "E"), w.rationals(4, &[(10, 1)])];
    for gps in [&zero[..], &bare, &lame, &endless, &beyond] {
        assert_eq!(read_bytes(&jpeg_with_exif(&w.tiff(&[], &[], gps))).gps, None);
    }
}

#[test]
fn xmp_speaks_where_exif_is_silent() {
    let segments = [segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", XMP.as_bytes()].concat())];
    let itxt = chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", XMP.as_bytes()].concat());
    let uuid = b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac";
    let boxed = [movie(b"isom", &[mvhd(0, 0)]), atom(b"uuid", &[uuid, XMP.as_bytes()].concat())].concat();
    let w = Writer { is_big: false };
    let tag = w.single(&[(0x02bc, 1, u32::try_from(XMP.len()).unwrap(), XMP.as_bytes().to_vec())]);
    let files = [
        jpeg(&segments),
        png(&[itxt]),
        webp(&[(b"XMP ", XMP.as_bytes().to_vec())]),
        heif(b"", XMP.as_bytes(), false),
        boxed,
        tag,
    ];
    for file in files {
        let read = read_bytes(&file);
        assert_eq!(date(&read), "2011-02-03 04:05:06 +01:00 Xmp", "{:?}", read.kind);
        assert!(read.has_rating && !read.has_description, "{:?}", read.kind);
        assert!((read.gps.unwrap().latitude - 48.5).abs() < 1e-9);
    }
    let both = [segments.to_vec(), vec![segment(0xe1, &[b"Exif\0\0", &nepal(true)[..]].concat())]].concat();
    assert_eq!(read_bytes(&jpeg(&both)).taken.unwrap().origin, TakenOrigin::Exif);
}

#[test]
fn captions_of_iptc_count_as_descriptions() {
    let with = |caption: &[u8]| {
        let length = u16::try_from(caption.len()).unwrap().to_be_bytes();
        let body =
            [b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x20\x1c\x02\x78", &length[..], caption].concat();
        read_bytes(&jpeg(&[segment(0xed, &body)])).has_description
    };
    assert!(with(b"Anna") && !with(b"  "));
}

#[test]
fn texts_of_a_png_tell_its_date_and_description() {
    let table: &[(&[u8], &str)] = &[
        (b"2012:05:06 07:08:09", "2012-05-06 07:08:09 ? PngText"),
        (b"2012-05-06T07:08:09+02:00", "2012-05-06 07:08:09 +02:00 PngText"),
        (b"Sun, 06 May 2012 07:08:09 +0200", "2012-05-06 07:08:09 +02:00 PngText"),
        (b"yesterday", ""),
    ];
    for (text, expected) in table {
        let short = chunk(b"tEXt", &[b"Creation Time\0", *text].concat());
        let long = chunk(b"iTXt", &[b"Creation Time\0\0\0en\0Zeit\0", *text].concat());
        for date_chunk in [short, long] {
            let read = read_bytes(&png(&[date_chunk, chunk(b"tEXt", b"Description\0Anna")]));
            assert_eq!(date(&read), *expected);
            assert!(read.has_description);
        }
    }
}

#[test]
fn a_movie_tells_its_date_by_key_else_by_its_header() {
    let apple = keys(&[
        ("com.apple.quicktime.make", "Apple"),
        ("com.android.version", "9"),
        ("com.apple.quicktime.creationdate", "2024-05-02T02:00:00+0200"),
        ("com.apple.quicktime.location.ISO6709", "+48.8577+002.2950+035.000/"),
        ("com.apple.quicktime.description", "Anna"),
    ]);
    let read = read_bytes(&movie(b"qt  ", &[mvhd(0, MAY_2), apple]));
    assert_eq!(read.kind, Kind::QuickTime);
    assert_eq!(date(&read), "2024-05-02 02:00:00 +02:00 QuickTimeDate");
    assert_eq!((read.make.as_deref(), read.has_description), (Some("Apple"), true));
    assert_eq!(read.gps.unwrap().altitude, Some(35.0));
    for version in [0, 1] {
        let read = read_bytes(&movie(b"isom", &[mvhd(version, MAY_2)]));
        assert_eq!((read.kind, date(&read).as_str()), (Kind::Mp4, "2024-05-02 00:00:00 ? QuickTimeHeader"));
    }
    assert_eq!(read_bytes(&movie(b"isom", &[mvhd(0, 0)])).taken, None);
}

#[test]
fn user_data_of_a_movie_tells_place_and_date() {
    let international = |text: &str| {
        [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], &[0x15, 0xc7], text.as_bytes()].concat()
    };
    let mut track = vec![0; 84];
    track[76..78].copy_from_slice(&1920u16.to_be_bytes());
    track[80..82].copy_from_slice(&1080u16.to_be_bytes());
    let with_day = |day: &str| {
        let user =
            [atom(b"\xa9xyz", &international("-33.8568+151.2153/")), atom(b"\xa9day", &international(day))]
                .concat();
        let track = atom(b"trak", &atom(b"tkhd", &track));
        read_bytes(&movie(b"isom", &[mvhd(0, MAY_2), track, atom(b"udta", &user)]))
    };
    let read = with_day("2024-05-02T10:00:00+1000");
    assert_eq!(date(&read), "2024-05-02 10:00:00 +10:00 QuickTimeDate");
    assert_eq!(read.gps.map(|gps| gps.altitude), Some(None));
    assert_eq!((read.width, read.height), (Some(1920), Some(1080)));
    for day in ["2024", "2024-05-02T10:00:00"] {
        assert_eq!(date(&with_day(day)), "2024-05-02 00:00:00 ? QuickTimeHeader");
    }
}

#[test]
fn sizes_are_those_of_the_picture() {
    let size = |bytes: &[u8]| {
        let read = read_bytes(bytes);
        (read.width.unwrap_or(0), read.height.unwrap_or(0))
    };
    assert_eq!(size(&jpeg_with_exif(&nepal(false))), (640, 480));
    assert_eq!(size(&png(&[])), (64, 48));
    assert_eq!(size(&heif(b"", b"", false)), (4000, 3000));
    assert_eq!(size(b"GIF89a\x02\x01\x03\x00\0\0\0\0\0\0"), (258, 3));
    assert_eq!(size(&webp(&[(b"VP8X", vec![0, 0, 0, 0, 9, 1, 0, 4, 0, 0])])), (266, 5));
    assert_eq!(size(&webp(&[(b"VP8L", vec![0x2f, 0x3f, 0xc0, 0x0b, 0])])), (64, 48));
    assert_eq!(size(&webp(&[(b"VP8 ", vec![0, 0, 0, 0x9d, 1, 0x2a, 64, 0, 48, 0])])), (64, 48));
}

#[test]
fn a_file_without_metadata_says_only_its_kind() {
    let read = read_bytes(b"RIFF\0\0\0\0AVI LIST");
    assert_eq!(read, Embedded { kind: Kind::Avi, ..Embedded::default() });
    assert_eq!(read_bytes(b""), Embedded::default());
    assert_eq!(read_bytes(b"{\"title\": \"IMG_1.jpg\"}"), Embedded::default());
}
