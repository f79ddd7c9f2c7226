//! Zip, by PKWARE's APPNOTE.TXT 6.3.10.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::{self, Write};

use crate::archive::Counted;
use crate::content::Content;

/// Signatures (4.3.7 to 4.3.16).
const LOCAL: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END64: u32 = 0x0606_4b50;
const END64_LOCATOR: u32 = 0x0706_4b50;
/// General purpose flags (4.4.4).
const FLAG_ENCRYPTED: u16 = 1;
const FLAG_DESCRIPTOR: u16 = 1 << 3;
const FLAG_UTF8: u16 = 1 << 11;
/// The zip64 extra field (4.5.3).
const EXTRA_ZIP64: u16 = 1;
/// Contents this long are written as zip64, with room for what deflate may add.
const ZIP64_BYTES_MIN: u64 = 0xf000_0000;
/// Stands for "see the zip64 field".
const SEE_ZIP64: u32 = u32::MAX;

/// How an entry's bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// As they are: method 0.
    Stored,
    /// Deflate: method 8.
    Deflated,
    /// As they are, though the headers name this method.
    Other(u16),
}

impl Method {
    fn number(self) -> u16 {
        match self {
            Self::Stored => 0,
            Self::Deflated => 8,
            Self::Other(number) => number,
        }
    }
}

/// One entry to write; fields that lie are lies on purpose.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct ZipEntry {
    /// The name, byte for byte; one that ends in `/` is a folder.
    pub name: Vec<u8>,
    /// How its bytes are packed.
    pub method: Method,
    /// Its time, as DOS keeps it: even seconds from 1980 on.
    pub mtime: DateTime<Utc>,
    /// Says that the name is UTF-8.
    pub utf8: bool,
    /// Checksum and lengths follow the bytes, as a writer does that cannot go back.
    pub descriptor: bool,
    /// Lengths stand in the zip64 field even where 32 bits would do.
    pub zip64: bool,
    /// Says that it is encrypted, which it is not.
    pub encrypted: bool,
    /// Tells a wrong CRC-32.
    pub wrong_crc: bool,
    /// Tells this length in place of the true one.
    pub told_bytes: Option<u64>,
    /// Permissions and type as Unix keeps them, such as `0o120777` for a link.
    pub unix_mode: Option<u16>,
}

impl ZipEntry {
    /// A deflated file with a descriptor and a UTF-8 name.
    pub fn new(name: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            method: Method::Deflated,
            mtime: DateTime::UNIX_EPOCH,
            utf8: true,
            descriptor: true,
            zip64: false,
            encrypted: false,
            wrong_crc: false,
            told_bytes: None,
            unix_mode: None,
        }
    }

    /// Stored, with its lengths before its bytes.
    pub fn stored(name: impl Into<Vec<u8>>) -> Self {
        Self { method: Method::Stored, descriptor: false, ..Self::new(name) }
    }

    fn flags(&self) -> u16 {
        let mut flags = 0;
        for (set, flag) in
            [(self.encrypted, FLAG_ENCRYPTED), (self.descriptor, FLAG_DESCRIPTOR), (self.utf8, FLAG_UTF8)]
        {
            if set {
                flags |= flag;
            }
        }
        flags
    }
}

/// What both headers tell of an entry.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    crc: u32,
    packed: u64,
    plain: u64,
}

/// Writes a zip archive forward.
#[derive(Debug)]
pub struct ZipWriter<W: Write> {
    out: Counted<W>,
    central: Vec<u8>,
    entries: u64,
    last: Option<(ZipEntry, Figures, u64)>,
}

impl<W: Write> ZipWriter<W> {
    /// An archive that begins at the next byte of `out`.
    pub fn new(out: W) -> Self {
        Self { out: Counted { inner: out, at: 0 }, central: Vec::new(), entries: 0, last: None }
    }

    /// How many bytes were written so far.
    pub fn written(&self) -> u64 {
        self.out.at
    }

    /// Writes one entry. Without a descriptor the content is read twice.
    ///
    /// # Errors
    /// Those of the output.
    pub fn add(&mut self, entry: &ZipEntry, content: &Content) -> io::Result<()> {
        let at = self.out.at;
        let wide = entry.zip64 || content.len() >= ZIP64_BYTES_MIN;
        let figures = if entry.descriptor {
            self.local(entry, Figures::default(), wide)?;
            let figures = pack(entry, content, &mut self.out)?;
            self.describe(figures, wide)?;
            figures
        } else {
            let figures = pack(entry, content, &mut io::sink())?;
            self.local(entry, figures, wide)?;
            pack(entry, content, &mut self.out)?
        };
        self.list(entry, figures, at);
        self.last = Some((entry.clone(), figures, at));
        Ok(())
    }

    /// Lists the last entry's bytes once more under another name: two entries that overlap.
    pub fn add_alias(&mut self, name: impl Into<Vec<u8>>) {
        if let Some((entry, figures, at)) = self.last.clone() {
            self.list(&ZipEntry { name: name.into(), ..entry }, figures, at);
        }
    }

    fn local(&mut self, entry: &ZipEntry, figures: Figures, wide: bool) -> io::Result<()> {
        let mut head = Vec::with_capacity(64 + entry.name.len());
        head.extend(LOCAL.to_le_bytes());
        put16(&mut head, &[if wide { 45 } else { 20 }, entry.flags(), entry.method.number()]);
        head.extend(dos_time(entry.mtime));
        head.extend(figures.crc.to_le_bytes());
        if wide {
            head.extend([0xff; 8]);
        } else {
            head.extend(low32(figures.packed).to_le_bytes());
            head.extend(low32(figures.plain).to_le_bytes());
        }
        put16(&mut head, &[low16(entry.name.len()), if wide { 20 } else { 0 }]);
        head.extend(&entry.name);
        if wide {
            put16(&mut head, &[EXTRA_ZIP64, 16]);
            head.extend(figures.plain.to_le_bytes());
            head.extend(figures.packed.to_le_bytes());
        }
        self.out.write_all(&head)
    }

    fn describe(&mut self, figures: Figures, wide: bool) -> io::Result<()> {
        let mut tail = Vec::with_capacity(24);
        tail.extend(DESCRIPTOR.to_le_bytes());
        tail.extend(figures.crc.to_le_bytes());
        if wide {
            tail.extend(figures.packed.to_le_bytes());
            tail.extend(figures.plain.to_le_bytes());
        } else {
            tail.extend(low32(figures.packed).to_le_bytes());
            tail.extend(low32(figures.plain).to_le_bytes());
        }
        self.out.write_all(&tail)
    }

    fn list(&mut self, entry: &ZipEntry, figures: Figures, at: u64) {
        let mut extra = Vec::new();
        let mut narrow = |value: u64| {
            if entry.zip64 || value >= u64::from(SEE_ZIP64) {
                extra.extend(value.to_le_bytes());
                SEE_ZIP64
            } else {
                low32(value)
            }
        };
        // The field holds the values in this order (4.5.3).
        let (plain, packed, at) = (narrow(figures.plain), narrow(figures.packed), narrow(at));
        let extra_bytes = if extra.is_empty() { 0 } else { extra.len() + 4 };
        let needed = if extra.is_empty() { 20 } else { 45 };
        let made_by = needed | if entry.unix_mode.is_some() { 3 << 8 } else { 0 };
        let out = &mut self.central;
        out.extend(CENTRAL.to_le_bytes());
        put16(out, &[made_by, needed, entry.flags(), entry.method.number()]);
        out.extend(dos_time(entry.mtime));
        out.extend(figures.crc.to_le_bytes());
        out.extend(packed.to_le_bytes());
        out.extend(plain.to_le_bytes());
        put16(out, &[low16(entry.name.len()), low16(extra_bytes), 0, 0, 0]);
        let folder = u32::from(entry.name.ends_with(b"/")) << 4;
        out.extend(((u32::from(entry.unix_mode.unwrap_or(0)) << 16) | folder).to_le_bytes());
        out.extend(at.to_le_bytes());
        out.extend(&entry.name);
        if !extra.is_empty() {
            put16(out, &[EXTRA_ZIP64, low16(extra.len())]);
            out.extend(extra);
        }
        self.entries += 1;
    }

    /// Writes the directory and gives the output back.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<W> {
        let (at, bytes) = (self.out.at, u64::try_from(self.central.len()).unwrap_or(0));
        self.out.write_all(&self.central)?;
        let wide = self.entries >= u64::from(u16::MAX) || at + bytes >= u64::from(u32::MAX);
        let mut tail = Vec::with_capacity(98);
        if wide {
            tail.extend(END64.to_le_bytes());
            tail.extend(44_u64.to_le_bytes());
            put16(&mut tail, &[45, 45]);
            tail.extend([0; 8]);
            for value in [self.entries, self.entries, bytes, at] {
                tail.extend(value.to_le_bytes());
            }
            tail.extend(END64_LOCATOR.to_le_bytes());
            tail.extend([0; 4]);
            tail.extend((at + bytes).to_le_bytes());
            tail.extend([1, 0, 0, 0]);
        }
        let entries = if wide { u16::MAX } else { u16::try_from(self.entries).unwrap_or(u16::MAX) };
        tail.extend(END.to_le_bytes());
        put16(&mut tail, &[0, 0, entries, entries]);
        for value in [bytes, at] {
            tail.extend(if wide { SEE_ZIP64 } else { low32(value) }.to_le_bytes());
        }
        put16(&mut tail, &[0]);
        self.out.write_all(&tail)?;
        self.out.flush()?;
        Ok(self.out.inner)
    }
}

/// Packs `content` into `out`; gives what is told of it.
fn pack(entry: &ZipEntry, content: &Content, out: &mut impl Write) -> io::Result<Figures> {
    let mut crc = Crc::new();
    let mut counted = Counted { inner: out, at: 0 };
    let source = content.open();
    if entry.method == Method::Deflated {
        let mut packer = DeflateEncoder::new(&mut counted, Compression::fast());
        source.try_each(|piece| {
            crc.update(piece);
            packer.write_all(piece)
        })?;
        packer.finish()?;
    } else {
        source.try_each(|piece| {
            crc.update(piece);
            counted.write_all(piece)
        })?;
    }
    let crc = if entry.wrong_crc { !crc.sum() } else { crc.sum() };
    Ok(Figures { crc, packed: counted.at, plain: entry.told_bytes.unwrap_or(source.len()) })
}

fn put16(out: &mut Vec<u8>, values: &[u16]) {
    for value in values {
        out.extend(value.to_le_bytes());
    }
}

fn low16(value: usize) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

fn low32(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Time, then date (4.4.6).
fn dos_time(at: DateTime<Utc>) -> [u8; 4] {
    let year = u32::try_from(at.year()).unwrap_or(0).clamp(1980, 2107);
    let (month, day) = if at.year() < 1980 { (1, 1) } else { (at.month(), at.day()) };
    let date = ((year - 1980) << 9) | (month << 5) | day;
    let time = (at.hour() << 11) | (at.minute() << 5) | (at.second() / 2);
    ((date << 16) | time).to_le_bytes()
}
