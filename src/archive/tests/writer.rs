//! Writers of zip and tar from the rules of the formats, able to lie where a test wants them to.

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};
use std::fmt::Write as _;
use std::io::Write;

/// Bytes that do not compress, the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

pub(crate) fn deflate(content: &[u8]) -> Vec<u8> {
    deflate_as(content, Compression::fast())
}

/// As small as deflate gets.
pub(crate) fn deflate_well(content: &[u8]) -> Vec<u8> {
    deflate_as(content, Compression::best())
}

fn deflate_as(content: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), level);
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn crc(content: &[u8]) -> u32 {
    let mut sum = Crc::new();
    sum.update(content);
    sum.sum()
}

/// One entry to write; the fields are what the headers say.
#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) name: Vec<u8>,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    /// Date and time as MS-DOS packs them.
    pub(crate) date: (u16, u16),
    pub(crate) crc: u32,
    pub(crate) packed: u64,
    pub(crate) bytes: u64,
    pub(crate) extra: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) data: Vec<u8>,
    pub(crate) is_zip64: bool,
}

impl Item {
    pub(crate) fn stored(name: &str, content: &[u8]) -> Self {
        let bytes = content.len() as u64;
        Self {
            name: name.as_bytes().to_vec(),
            flags: 1 << 11,
            method: 0,
            date: (0x2a6e, 0x792d),
            crc: crc(content),
            packed: bytes,
            bytes,
            extra: Vec::new(),
            mode: 0o100_644,
            data: content.to_vec(),
            is_zip64: false,
        }
    }

    pub(crate) fn deflated(name: &str, content: &[u8]) -> Self {
        let data = deflate(content);
        Self { method: 8, packed: data.len() as u64, data, ..Self::stored(name, content) }
    }

    /// With its lengths behind the data.
    pub(crate) fn late(self) -> Self {
        Self { flags: self.flags | 8, ..self }
    }

    pub(crate) fn zip64(self) -> Self {
        Self { is_zip64: true, ..self }
    }
}

/// A zip that grows.
#[derive(Default)]
pub(crate) struct ZipWriter {
    pub(crate) out: Vec<u8>,
    pub(crate) directory: Vec<u8>,
    pub(crate) count: u64,
}

fn put(out: &mut Vec<u8>, fields: &[(u64, usize)]) {
    for (value, width) in fields {
        out.extend_from_slice(&value.to_le_bytes()[..*width]);
    }
}

impl ZipWriter {
    pub(crate) fn of(items: &[Item]) -> Self {
        let mut zip = Self::default();
        for item in items {
            zip.add(item);
        }
        zip
    }

    pub(crate) fn add(&mut self, item: &Item) {
        let at = self.out.len() as u64;
        self.local(item);
        self.record(item, at);
    }

    /// Header, data and, if the flag says so, descriptor.
    pub(crate) fn local(&mut self, item: &Item) {
        let is_late = item.flags & 8 != 0;
        let told = |value: u64| if is_late { 0 } else { value };
        let mut extra = item.extra.clone();
        let mut sizes = [told(item.packed), told(item.bytes)];
        if item.is_zip64 {
            put(&mut extra, &[(1, 2), (16, 2), (sizes[1], 8), (sizes[0], 8)]);
            sizes = [0xffff_ffff; 2];
        }
        self.out.extend_from_slice(b"PK\x03\x04");
        self.common(item, [told(item.crc.into()), sizes[0], sizes[1]], extra.len(), false);
        self.out.extend_from_slice(&item.name);
        self.out.extend_from_slice(&extra);
        self.out.extend_from_slice(&item.data);
        if is_late {
            let width = if item.is_zip64 { 8 } else { 4 };
            self.out.extend_from_slice(b"PK\x07\x08");
            put(&mut self.out, &[(item.crc.into(), 4), (item.packed, width), (item.bytes, width)]);
        }
    }

    fn common(&mut self, item: &Item, [crc, packed, bytes]: [u64; 3], extra: usize, in_directory: bool) {
        let out = if in_directory { &mut self.directory } else { &mut self.out };
        put(
            out,
            &[
                (45, 2),
                (item.flags.into(), 2),
                (item.method.into(), 2),
                (item.date.1.into(), 2),
                (item.date.0.into(), 2),
                (crc, 4),
                (packed, 4),
                (bytes, 4),
                (item.name.len() as u64, 2),
                (extra as u64, 2),
            ],
        );
    }

    /// The directory's record of an entry whose header stands at `at`.
    pub(crate) fn record(&mut self, item: &Item, at: u64) {
        self.count += 1;
        let mut extra = item.extra.clone();
        let mut fields = [item.packed, item.bytes];
        let mut place = at;
        if item.is_zip64 {
            put(&mut extra, &[(1, 2), (24, 2), (item.bytes, 8), (item.packed, 8), (at, 8)]);
            fields = [0xffff_ffff; 2];
            place = 0xffff_ffff;
        }
        self.directory.extend_from_slice(b"PK\x01\x02");
        put(&mut self.directory, &[(0x032d, 2)]);
        self.common(item, [item.crc.into(), fields[0], fields[1]], extra.len(), true);
        let mode = u64::from(item.mode) << 16;
        put(&mut self.directory, &[(0, 2), (0, 2), (0, 2), (mode, 4), (place, 4)]);
        self.directory.extend_from_slice(&item.name);
        self.directory.extend_from_slice(&extra);
    }

    /// The archive, with its directory and end record.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.close(false)
    }

    pub(crate) fn finish_zip64(self) -> Vec<u8> {
        self.close(true)
    }

    fn close(mut self, is_zip64: bool) -> Vec<u8> {
        let at = self.out.len() as u64;
        let length = self.directory.len() as u64;
        self.out.append(&mut self.directory);
        let mut told = [self.count & 0xffff, length, at];
        if is_zip64 {
            let end = self.out.len() as u64;
            self.out.extend_from_slice(b"PK\x06\x06");
            let count = self.count;
            put(
                &mut self.out,
                &[(44, 8), (45, 2), (45, 2), (0, 4), (0, 4), (count, 8), (count, 8), (length, 8), (at, 8)],
            );
            self.out.extend_from_slice(b"PK\x06\x07");
            put(&mut self.out, &[(0, 4), (end, 8), (1, 4)]);
            told = [0xffff, 0xffff_ffff, 0xffff_ffff];
        }
        self.out.extend_from_slice(b"PK\x05\x06");
        put(&mut self.out, &[(0, 2), (0, 2), (told[0], 2), (told[0], 2), (told[1], 4), (told[2], 4), (0, 2)]);
        self.out
    }
}

/// A tar that grows.
#[derive(Default)]
pub(crate) struct TarWriter {
    pub(crate) out: Vec<u8>,
}

impl TarWriter {
    /// A header of the ustar form for `bytes` bytes, cut at 100 bytes of name.
    pub(crate) fn header(&mut self, name: &[u8], kind: u8, bytes: u64) {
        let mut block = [0_u8; 512];
        let short = &name[..name.len().min(100)];
        block[..short.len()].copy_from_slice(short);
        block[100..108].copy_from_slice(b"0000644\0");
        block[124..136].copy_from_slice(format!("{bytes:011o}\0").as_bytes());
        block[136..148].copy_from_slice(b"14370000000\0");
        block[148..156].fill(b' ');
        block[156] = kind;
        if matches!(kind, b'1' | b'2') {
            block[157..168].copy_from_slice(b"/etc/passwd");
        }
        block[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.out.extend_from_slice(&block);
    }

    pub(crate) fn data(&mut self, content: &[u8]) {
        self.out.extend_from_slice(content);
        self.out.resize(self.out.len().next_multiple_of(512), 0);
    }

    pub(crate) fn add(&mut self, name: &[u8], kind: u8, content: &[u8]) {
        self.header(name, kind, content.len() as u64);
        self.data(content);
    }

    pub(crate) fn file(&mut self, name: &str, content: &[u8]) {
        self.add(name.as_bytes(), b'0', content);
    }

    /// A pax header for the next member.
    pub(crate) fn pax(&mut self, records: &[(&str, &str)]) {
        let mut text = String::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let digits = (1..6).find(|digits| (rest + digits).to_string().len() == *digits).unwrap();
            writeln!(text, "{} {key}={value}", rest + digits).unwrap();
        }
        self.add(b"PaxHeaders/x", b'x', text.as_bytes());
    }

    /// The tar with the mark at its end.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.out.resize(self.out.len() + 1024, 0);
        self.out
    }
}
