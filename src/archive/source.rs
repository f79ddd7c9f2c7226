//! Where the bytes of a part come from: a file, or anything that can be read at a place.
//!
//! Owns: [`Source`], the file behind it, the remembered tail of a part, and the window through which its data is read in large
//! pieces. Invariant: in an archive whose entries lie in the order of its directory each byte is asked for once; memory is one piece
//! and one tail. May import: nothing of the crate. Tests: in `archive/tests/reads.rs`.

use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// How much of a file is read at once, in bytes.
const FILE_PIECE: usize = 256 * 1024;
/// The longest tail that is kept in memory, in bytes: it holds the directory of 20,000 to 40,000 entries.
const TAIL_MAX: u64 = 4 * 1024 * 1024;
/// How much is read from the end at first, in bytes: the longest comment and the directory of some thousand entries.
pub(crate) const TAIL_FIRST: u64 = 1024 * 1024;
/// The least that is read after a jump backwards, in bytes.
const JUMP_MIN: usize = 64 * 1024;
/// The most that one read asks for, in bytes, whatever a source prefers: the bound of the window's memory.
const PIECE_MAX: usize = 64 * 1024 * 1024;

/// Bytes that can be read at any place: a file, or a file of Drive by Range.
pub trait Source: Send + Sync {
    /// Reads up to `buf.len()` bytes that stand at `at`; 0 only at the end or for an empty `buf`. Fewer bytes than asked for are
    /// no fault: the rest is asked for again.
    ///
    /// # Errors
    /// Whatever the disk or network says. It ends the reading of the part.
    fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize>;

    /// The length in bytes in which reading is cheapest, taken between 256 KiB and 64 MiB. Data is read in pieces of this
    /// length, from front to back; one piece of data and one of a zip's directory are in memory.
    fn piece(&self) -> usize {
        FILE_PIECE
    }
}

impl Source for File {
    fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
        FileExt::read_at(self, buf, at)
    }
}

impl Source for Vec<u8> {
    fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
        let from = usize::try_from(at).unwrap_or(usize::MAX).min(self.len());
        let count = buf.len().min(self.len() - from);
        buf[..count].copy_from_slice(&self[from..from + count]);
        Ok(count)
    }
}

/// Opens a regular file, never waiting for the other end of a pipe that lies under its name.
pub(crate) fn open_file(path: &Path) -> io::Result<(File, u64)> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is neither a file nor a folder"));
    }
    Ok((file, facts.len()))
}

/// Reads at `at` until `buf` is full or the source ends.
pub(crate) fn read_full(source: &dyn Source, buf: &mut [u8], at: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < buf.len() {
        match source.read_at(&mut buf[got..], at + got as u64) {
            Ok(0) => break,
            Ok(count) => got += count,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}

/// A source of known length whose last bytes are remembered, because a zip is read from its end.
pub(crate) struct Tailed {
    source: Box<dyn Source>,
    bytes: u64,
    tail: Vec<u8>,
    tail_at: u64,
}

impl Tailed {
    pub(crate) fn new(source: Box<dyn Source>, bytes: u64) -> Self {
        Self { source, bytes, tail: Vec::new(), tail_at: bytes }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn piece(&self) -> usize {
        self.source.piece().clamp(FILE_PIECE, PIECE_MAX)
    }

    /// Remembers everything from `from` on, if that is little enough.
    pub(crate) fn remember(&mut self, from: u64) -> io::Result<()> {
        let from = from.min(self.tail_at);
        if self.bytes - from > TAIL_MAX || from == self.tail_at {
            return Ok(());
        }
        let missing = usize::try_from(self.tail_at - from).unwrap_or(0);
        let mut grown = vec![0; missing];
        let got = read_full(&*self.source, &mut grown, from)?;
        if got < missing {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read"));
        }
        grown.extend_from_slice(&self.tail);
        self.tail = grown;
        self.tail_at = from;
        Ok(())
    }

    /// Reads up to `buf.len()` bytes at `at`, from the tail if they are there.
    pub(crate) fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
        let left = usize::try_from(self.bytes.saturating_sub(at)).unwrap_or(usize::MAX);
        let want = buf.len().min(left);
        if let Some(skip) = at.checked_sub(self.tail_at) {
            let from = usize::try_from(skip).unwrap_or(usize::MAX).min(self.tail.len());
            let count = want.min(self.tail.len() - from);
            buf[..count].copy_from_slice(&self.tail[from..from + count]);
            return Ok(count);
        }
        let before_tail = usize::try_from(self.tail_at - at).unwrap_or(usize::MAX);
        let count = want.min(before_tail);
        if count == 0 { Ok(0) } else { read_full(&*self.source, &mut buf[..count], at) }
    }
}

impl rawzip::ReaderAt for Tailed {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        Self::read_at(self, buf, offset)
    }
}

/// The stretch of a part that is in memory while its data is read.
pub(crate) struct Window {
    buf: Vec<u8>,
    at: u64,
    len: usize,
    /// Where the data ends and something else begins, so that no read goes beyond.
    end: u64,
}

impl Window {
    pub(crate) fn new(end: u64) -> Self {
        Self { buf: Vec::new(), at: 0, len: 0, end }
    }

    /// The bytes from `at` on: at least `need`, or fewer where the part ends. `hint` is how many are going to be asked for.
    pub(crate) fn fetch(&mut self, source: &Tailed, at: u64, need: usize, hint: u64) -> io::Result<&[u8]> {
        let window_end = self.at + self.len as u64;
        let is_inside = self.at <= at && at <= window_end;
        let is_back = at < self.at;
        if is_inside {
            let skip = usize::try_from(at - self.at).unwrap_or(0);
            if self.len - skip < need {
                self.buf.copy_within(skip..self.len, 0);
                self.len -= skip;
                self.at = at;
                self.fill(source, need, source.piece())?;
            }
        } else {
            self.at = at;
            self.len = 0;
            let hinted = usize::try_from(hint).unwrap_or(usize::MAX).saturating_add(JUMP_MIN);
            let most = if is_back { hinted.min(source.piece()) } else { source.piece() };
            self.fill(source, need, most)?;
        }
        let skip = usize::try_from(at - self.at).unwrap_or(0).min(self.len);
        Ok(&self.buf[skip..self.len])
    }

    fn fill(&mut self, source: &Tailed, need: usize, most: usize) -> io::Result<()> {
        let from = self.at + self.len as u64;
        let end = if from < self.end { self.end } else { source.bytes() };
        let room = usize::try_from(end.saturating_sub(from)).unwrap_or(usize::MAX);
        let target = self.len + most.max(need).min(room);
        if self.buf.len() < target {
            self.buf.resize(target, 0);
        }
        while self.len < target {
            let got = source.read_at(&mut self.buf[self.len..target], self.at + self.len as u64)?;
            if got == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "it became shorter while it was read",
                ));
            }
            self.len += got;
        }
        Ok(())
    }
}
