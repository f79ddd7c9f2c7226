//! Tar, by POSIX.1-2001: ustar headers, and pax records for names and lengths that do not fit.

use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write};

use crate::content::Content;

const BLOCK: usize = 512;
const BLOCK_U64: u64 = 512;
/// Bytes of the header's name field.
const NAME_BYTES_MAX: usize = 100;
/// Largest length that eleven octal digits hold.
const OCTAL_MAX: u64 = 0o777_7777_7777;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TarKind {
    /// An ordinary file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    SymbolicLink,
    /// Another name of an earlier entry.
    HardLink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A named pipe.
    Fifo,
}

impl TarKind {
    fn flag(self) -> u8 {
        match self {
            Self::File => b'0',
            Self::HardLink => b'1',
            Self::SymbolicLink => b'2',
            Self::CharDevice => b'3',
            Self::BlockDevice => b'4',
            Self::Folder => b'5',
            Self::Fifo => b'6',
        }
    }
}

/// One entry to write.
#[derive(Clone, Debug)]
pub struct TarEntry {
    /// The name, byte for byte.
    pub name: Vec<u8>,
    /// What it is; all but a file are written without content.
    pub kind: TarKind,
    /// Its time.
    pub mtime: DateTime<Utc>,
    /// Where a link leads, at most 100 bytes.
    pub link: Vec<u8>,
    /// Permissions.
    pub mode: u32,
}

impl TarEntry {
    /// An ordinary file.
    pub fn new(name: impl Into<Vec<u8>>) -> Self {
        let (kind, mtime) = (TarKind::File, DateTime::UNIX_EPOCH);
        Self { name: name.into(), kind, mtime, link: Vec::new(), mode: 0o644 }
    }

    /// A link of `kind` to `link`.
    pub fn link(name: impl Into<Vec<u8>>, kind: TarKind, link: impl Into<Vec<u8>>) -> Self {
        Self { kind, link: link.into(), ..Self::new(name) }
    }
}

/// Writes a tar archive forward.
#[derive(Debug)]
pub struct TarWriter<W: Write> {
    out: W,
}

impl<W: Write> TarWriter<GzEncoder<W>> {
    /// A gzipped archive.
    pub fn gzipped(out: W) -> Self {
        Self::new(GzEncoder::new(out, Compression::fast()))
    }

    /// Ends the archive and the gzip stream; gives the output back.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish_gzip(self) -> io::Result<W> {
        self.finish()?.finish()
    }
}

impl<W: Write> TarWriter<W> {
    /// An archive that begins at the next byte of `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    /// Writes one entry.
    ///
    /// # Errors
    /// Those of the output.
    pub fn add(&mut self, entry: &TarEntry, content: &Content) -> io::Result<()> {
        let source = content.open();
        let bytes = if entry.kind == TarKind::File { source.len() } else { 0 };
        let mut records = Vec::new();
        if entry.name.len() > NAME_BYTES_MAX {
            records.extend(pax_record(b"path", &entry.name));
        }
        if bytes > OCTAL_MAX {
            records.extend(pax_record(b"size", bytes.to_string().as_bytes()));
        }
        if !records.is_empty() {
            let head = TarEntry { link: Vec::new(), ..entry.clone() };
            self.out.write_all(&header(&head, b"PaxHeaders/entry", b'x', len64(&records)))?;
            self.out.write_all(&records)?;
            self.fill(len64(&records))?;
        }
        self.out.write_all(&header(entry, &entry.name, entry.kind.flag(), bytes))?;
        if bytes > 0 {
            source.try_each(|piece| self.out.write_all(piece))?;
            self.fill(bytes)?;
        }
        Ok(())
    }

    /// Fills up the block after `bytes`.
    fn fill(&mut self, bytes: u64) -> io::Result<()> {
        let over = usize::try_from(bytes % BLOCK_U64).unwrap_or(0);
        if over == 0 { Ok(()) } else { self.out.write_all(&[0; BLOCK][over..]) }
    }

    /// Ends the archive; gives the output back.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        self.out.flush()?;
        Ok(self.out)
    }
}

fn len64(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// `LENGTH KEY=VALUE\n`, where the length counts itself.
fn pax_record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut total = rest + 1;
    while total != rest + total.to_string().len() {
        total = rest + total.to_string().len();
    }
    [total.to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat()
}

fn header(entry: &TarEntry, name: &[u8], flag: u8, bytes: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, most: usize, value: &[u8]| {
        let value = &value[..value.len().min(most)];
        block[at..at + value.len()].copy_from_slice(value);
    };
    let seconds = u64::try_from(entry.mtime.timestamp()).unwrap_or(0).min(OCTAL_MAX);
    put(0, NAME_BYTES_MAX, name);
    put(100, 8, format!("{:07o}", entry.mode & 0o7777).as_bytes());
    put(108, 8, b"0000000");
    put(116, 8, b"0000000");
    put(124, 12, format!("{:011o}", bytes.min(OCTAL_MAX)).as_bytes());
    put(136, 12, format!("{seconds:011o}").as_bytes());
    put(148, 8, b"        ");
    put(156, 1, &[flag]);
    put(157, 100, &entry.link);
    put(257, 8, b"ustar\x0000");
    put(329, 8, b"0000000");
    put(337, 8, b"0000000");
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}
