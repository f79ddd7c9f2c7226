//! Media files made from their formats' rules, as small as they can be.

/// One entry of a TIFF directory: tag, type, count, value.
pub(crate) type Field = (u16, u16, u32, Vec<u8>);

/// A field that is a text.
pub(crate) fn text(tag: u16, text: &str) -> Field {
    let bytes = [text.as_bytes(), b"\0"].concat();
    (tag, 2, u32::try_from(bytes.len()).unwrap(), bytes)
}

/// A writer of TIFFs in one order of bytes.
#[derive(Clone, Copy)]
pub(crate) struct Writer {
    pub(crate) is_big: bool,
}

impl Writer {
    pub(crate) fn u16(self, value: u16) -> Vec<u8> {
        if self.is_big { value.to_be_bytes().to_vec() } else { value.to_le_bytes().to_vec() }
    }

    pub(crate) fn u32(self, value: u32) -> Vec<u8> {
        if self.is_big { value.to_be_bytes().to_vec() } else { value.to_le_bytes().to_vec() }
    }

    pub(crate) fn long(self, tag: u16, value: u32) -> Field {
        (tag, 4, 1, self.u32(value))
    }

    pub(crate) fn rationals(self, tag: u16, values: &[(u32, u32)]) -> Field {
        let bytes =
            values.iter().flat_map(|(above, below)| [self.u32(*above), self.u32(*below)].concat()).collect();
        (tag, 5, u32::try_from(values.len()).unwrap(), bytes)
    }

    fn head(self) -> Vec<u8> {
        [if self.is_big { b"MM".to_vec() } else { b"II".to_vec() }, self.u16(42), self.u32(8)].concat()
    }

    /// A directory that begins at `at`, with its values behind it.
    fn directory(self, at: u32, fields: &[Field]) -> Vec<u8> {
        let entries = u32::try_from(fields.len()).unwrap();
        let (mut table, mut values) = (self.u16(u16::try_from(entries).unwrap()), Vec::new());
        for (tag, type_, count, bytes) in fields {
            table.extend([self.u16(*tag), self.u16(*type_), self.u32(*count)].concat());
            if bytes.len() <= 4 {
                table.extend(bytes.iter().copied().chain([0; 4]).take(4));
            } else {
                table.extend(self.u32(at + 6 + entries * 12 + u32::try_from(values.len()).unwrap()));
                values.extend(bytes);
            }
        }
        [table, self.u32(0), values].concat()
    }

    /// A TIFF of one directory.
    pub(crate) fn single(self, fields: &[Field]) -> Vec<u8> {
        [self.head(), self.directory(8, fields)].concat()
    }

    /// A TIFF with IFD0 and, where they have fields, the directories of EXIF and GPS.
    pub(crate) fn tiff(self, main: &[Field], exif: &[Field], gps: &[Field]) -> Vec<u8> {
        let with_pointers = |exif_at, gps_at| {
            let mut main = main.to_vec();
            main.extend((!exif.is_empty()).then(|| self.long(0x8769, exif_at)));
            main.extend((!gps.is_empty()).then(|| self.long(0x8825, gps_at)));
            self.directory(8, &main)
        };
        let exif_at = 8 + u32::try_from(with_pointers(0, 0).len()).unwrap();
        let exif_bytes = self.directory(exif_at, exif);
        let gps_at = exif_at + u32::try_from(exif_bytes.len()).unwrap();
        [self.head(), with_pointers(exif_at, gps_at), exif_bytes, self.directory(gps_at, gps)].concat()
    }
}

/// The EXIF of a photo taken in Nepal, with everything that is read.
pub(crate) fn nepal(is_big: bool) -> Vec<u8> {
    let w = Writer { is_big };
    w.tiff(
        &[text(0x010e, "Anna at the lake"), text(0x010f, "Maker"), text(0x0110, "Model X")],
        &[
            text(0x9003, "2019:03:04 05:06:07"),
            text(0x9004, "2020:03:04 05:06:07"),
            text(0x9011, "+05:45"),
            text(0x9291, "25"),
            w.long(0xa002, 64),
            w.long(0xa003, 48),
        ],
        &[
            text(1, "N"),
            w.rationals(2, &[(27, 1), (30, 1), (36, 1)]),
            text(3, "E"),
            w.rationals(4, &[(85, 1), (15, 1), (0, 0)]),
            (5, 1, 1, vec![0]),
            w.rationals(6, &[(13_005, 10)]),
        ],
    )
}

pub(crate) fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], body].concat()
}

/// A JPEG of these segments and a frame of 640 by 480.
pub(crate) fn jpeg(segments: &[Vec<u8>]) -> Vec<u8> {
    let frame = segment(0xc0, &[8, 1, 224, 2, 128, 1, 1, 0x11, 0]);
    [&b"\xff\xd8"[..], &segments.concat(), &frame, &segment(0xda, &[1, 1, 0, 0, 63, 0]), b"picture\xff\xd9"]
        .concat()
}

pub(crate) fn jpeg_with_exif(tiff: &[u8]) -> Vec<u8> {
    jpeg(&[segment(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"), segment(0xe1, &[b"Exif\0\0", tiff].concat())])
}

pub(crate) fn chunk(name: &[u8], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    // The sum is not looked at.
    [&length[..], name, body, &[0; 4]].concat()
}

/// A PNG of 64 by 48 with these chunks.
pub(crate) fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    let head = chunk(b"IHDR", &[0, 0, 0, 64, 0, 0, 0, 48, 8, 2, 0, 0, 0]);
    [b"\x89PNG\r\n\x1a\n".to_vec(), head, chunk(b"IDAT", b"picture"), chunks.concat(), chunk(b"IEND", b"")]
        .concat()
}

/// A WebP of these chunks.
pub(crate) fn webp(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, bytes) in chunks {
        body.extend([&name[..], &u32::try_from(bytes.len()).unwrap().to_le_bytes(), bytes].concat());
        body.resize(body.len().next_multiple_of(2), 0);
    }
    [&b"RIFF"[..], &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
}

pub(crate) fn atom(name: &[u8], body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len() + 8).unwrap().to_be_bytes()[..], name, body].concat()
}

pub(crate) fn ftyp(brand: &[u8]) -> Vec<u8> {
    atom(b"ftyp", &[brand, &[0; 4], brand].concat())
}

/// A HEIF of 4000 by 3000 whose items 1 (a tile), 2 (EXIF) and 3 (XMP) lie in the file or in `idat`.
pub(crate) fn heif(tiff: &[u8], xmp: &[u8], is_in_idat: bool) -> Vec<u8> {
    let exif = [&6u32.to_be_bytes()[..], b"Exif\0\0", tiff].concat();
    let infe = |id: u8, kind: &[u8; 4], rest: &[u8]| {
        atom(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], &kind[..], rest].concat())
    };
    let names =
        [infe(1, b"hvc1", b"\0"), infe(2, b"Exif", b"\0"), infe(3, b"mime", b"\0application/rdf+xml\0")]
            .concat();
    let size = |w: u32, h: u32| atom(b"ispe", &[[0; 4], w.to_be_bytes(), h.to_be_bytes()].concat());
    let sizes = atom(b"iprp", &atom(b"ipco", &[size(512, 512), size(4000, 3000), size(320, 240)].concat()));
    let iinf = atom(b"iinf", &[&[0, 0, 0, 0, 0, 3][..], &names].concat());
    let meta_with = |base: u32| {
        let mut iloc = vec![1, 0, 0, 0, 0x44, 0x00, 0, 3];
        let places =
            [(1, 7, 0), (2, base, exif.len()), (3, base + u32::try_from(exif.len()).unwrap(), xmp.len())];
        for (id, offset, length) in places {
            iloc.extend([0, id, 0, u8::from(is_in_idat), 0, 0, 0, 1]);
            iloc.extend([offset.to_be_bytes(), u32::try_from(length).unwrap().to_be_bytes()].concat());
        }
        let data = if is_in_idat { atom(b"idat", &[&exif[..], xmp].concat()) } else { Vec::new() };
        atom(
            b"meta",
            &[vec![0; 4], atom(b"hdlr", &[0; 24]), sizes.clone(), iinf.clone(), atom(b"iloc", &iloc), data]
                .concat(),
        )
    };
    let head = ftyp(b"heic");
    let behind = u32::try_from(head.len() + meta_with(0).len() + 8).unwrap();
    let meta = meta_with(if is_in_idat { 0 } else { behind });
    [head, meta, atom(b"mdat", &[&exif[..], xmp].concat())].concat()
}

/// A movie's header; the time in seconds since 1904.
pub(crate) fn mvhd(version: u8, seconds: u64) -> Vec<u8> {
    let time = if version == 0 {
        u32::try_from(seconds).unwrap().to_be_bytes().to_vec()
    } else {
        seconds.to_be_bytes().to_vec()
    };
    atom(b"mvhd", &[&[version, 0, 0, 0][..], &time, &time, &[0; 88]].concat())
}

/// Apple's keys with their values.
pub(crate) fn keys(pairs: &[(&str, &str)]) -> Vec<u8> {
    let count = u32::try_from(pairs.len()).unwrap();
    let mut names = [[0; 4], count.to_be_bytes()].concat();
    let mut values = Vec::new();
    for (index, (key, value)) in (1u32..).zip(pairs) {
        names.extend(atom(b"mdta", key.as_bytes()));
        let data = atom(b"data", &[&[0, 0, 0, 1, 0, 0, 0, 0], value.as_bytes()].concat());
        values.extend(atom(&index.to_be_bytes(), &data));
    }
    atom(b"meta", &[atom(b"hdlr", &[0; 24]), atom(b"keys", &names), atom(b"ilst", &values)].concat())
}

/// A movie whose `moov`, with these boxes, stands behind its media.
pub(crate) fn movie(brand: &[u8], boxes: &[Vec<u8>]) -> Vec<u8> {
    // The media's length is told in 64 bits, as for files over 4 GiB.
    let media = [&[0, 0, 0, 1], &b"mdat"[..], &116u64.to_be_bytes(), &[7; 100]].concat();
    [ftyp(brand), media, atom(b"moov", &boxes.concat())].concat()
}
