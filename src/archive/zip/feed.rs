//! The unpacked bytes of one entry of a zip.
//!
//! Owns: [`ZipFeed`]: stored and deflated data, of a length known beforehand or told behind it. Invariant: never reads beyond the
//! packed length of the entry. May import: the rest of `archive`. Tests: in `archive/tests/zip*.rs`.

use flate2::{Decompress, FlushDecompress, Status};
use memchr::memmem;

use crate::archive::body::{Feed, Verdict};
use crate::archive::fault::{EntryFault, Trouble};
use crate::archive::guard::Guard;
use crate::archive::source::{Tailed, Window};
use crate::archive::zip::entry::{Found, LOCAL_BYTES, LOCAL_MARK, u16_at, u32_at, u64_at};

/// How a data descriptor begins, if it has a mark (APPNOTE 4.3.9.3).
const DESCRIPTOR_MARK: &[u8] = b"PK\x07\x08";
/// The longest data descriptor: mark, CRC-32 and two lengths of 64 bits.
const DESCRIPTOR_BYTES_MAX: usize = 24;

/// How many packed bytes an entry has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// So many.
    Known(u64),
    /// The stream or a data descriptor behind it tells.
    Late,
}

/// The bytes of one entry.
pub(crate) struct ZipFeed<'a> {
    source: &'a Tailed,
    window: &'a mut Window,
    inflate: &'a mut Decompress,
    guard: &'a mut Guard,
    header_at: u64,
    body_at: Option<u64>,
    method: u16,
    length: Length,
    taken: u64,
    given: u64,
    is_ended: bool,
    /// The length of the data descriptor, once it was read.
    descriptor: u64,
}

impl<'a> ZipFeed<'a> {
    pub(crate) fn new(
        source: &'a Tailed,
        window: &'a mut Window,
        inflate: &'a mut Decompress,
        guard: &'a mut Guard,
        found: &Found,
        length: Length,
    ) -> Self {
        Self {
            source,
            window,
            inflate,
            guard,
            header_at: found.offset,
            body_at: None,
            method: found.method,
            length,
            taken: 0,
            given: 0,
            is_ended: false,
            descriptor: 0,
        }
    }

    /// Where the entry ends, data descriptor included, once all of it was read.
    pub(crate) fn end(&self) -> Option<u64> {
        let body_at = self.body_at.filter(|_| self.is_ended)?;
        Some(body_at + self.taken + self.descriptor)
    }

    fn left(&self) -> u64 {
        match self.length {
            Length::Known(packed) => packed - self.taken,
            Length::Late => u64::MAX,
        }
    }

    /// Passes the local header; only its length counts, the directory tells the rest.
    fn open(&mut self) -> Result<u64, Trouble> {
        if let Some(at) = self.body_at {
            return Ok(at);
        }
        let broken =
            |why: &str| EntryFault::Broken(format!("at byte {} of the archive {why}", self.header_at));
        if self.header_at >= self.source.bytes() {
            return Err(EntryFault::Short.into());
        }
        let left = match self.length {
            Length::Known(packed) => packed,
            Length::Late => 0,
        };
        let head = self.window.fetch(self.source, self.header_at, LOCAL_BYTES, left)?;
        if head.len() < LOCAL_BYTES {
            return Err(EntryFault::Short.into());
        }
        if !head.starts_with(LOCAL_MARK) {
            return Err(broken("stands no header of an entry").into());
        }
        let names = u64::from(u16_at(head, 26)) + u64::from(u16_at(head, 28));
        let at = self.header_at + LOCAL_BYTES as u64 + names;
        self.body_at = Some(at);
        Ok(at)
    }

    fn stored(&mut self, at: u64, out: &mut [u8]) -> Result<usize, Trouble> {
        let left = self.left();
        let data = self.window.fetch(self.source, at + self.taken, 1, left)?;
        let count = data.len().min(usize::try_from(left).unwrap_or(usize::MAX)).min(out.len());
        if count == 0 {
            return Err(EntryFault::Short.into());
        }
        out[..count].copy_from_slice(&data[..count]);
        self.taken += count as u64;
        Ok(count)
    }

    /// Stored data of unknown length ends where a descriptor stands that tells just the length that was passed, twice.
    fn stored_until_descriptor(&mut self, at: u64, out: &mut [u8]) -> Result<usize, Trouble> {
        let data = self.window.fetch(self.source, at + self.taken, DESCRIPTOR_BYTES_MAX, 0)?;
        let is_last = data.len() < DESCRIPTOR_BYTES_MAX;
        let mut count =
            if is_last { data.len() } else { data.len() - DESCRIPTOR_BYTES_MAX + 1 }.min(out.len());
        for found in
            memmem::find_iter(&data[..(count + DESCRIPTOR_MARK.len()).min(data.len())], DESCRIPTOR_MARK)
        {
            let passed = self.taken + found as u64;
            let rest = &data[found..];
            let short = [u64::from(u32_at(rest, 8)), u64::from(u32_at(rest, 12))];
            let long = [u64_at(rest, 8), u64_at(rest, 16)];
            if rest.len() >= 16
                && (short == [passed; 2] || (rest.len() >= DESCRIPTOR_BYTES_MAX && long == [passed; 2]))
            {
                count = found;
                self.is_ended = true;
                break;
            }
        }
        if count == 0 && !self.is_ended {
            return Err(EntryFault::Short.into());
        }
        out[..count].copy_from_slice(&data[..count]);
        self.taken += count as u64;
        Ok(count)
    }

    fn inflated(&mut self, at: u64, out: &mut [u8]) -> Result<usize, Trouble> {
        loop {
            let left = self.left();
            let data = self.window.fetch(self.source, at + self.taken, 1, left)?;
            let data = &data[..data.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
            let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(data, out, FlushDecompress::None);
            let status =
                status.map_err(|e| EntryFault::Broken(format!("its packed data is damaged: {e}")))?;
            let taken = self.inflate.total_in() - before_in;
            let count = self.inflate.total_out() - before_out;
            let is_empty = data.is_empty();
            self.taken += taken;
            self.guard.add(count, taken)?;
            self.is_ended = status == Status::StreamEnd;
            if count > 0 || self.is_ended {
                return Ok(usize::try_from(count).unwrap_or(0));
            }
            if is_empty {
                return Err(EntryFault::Short.into());
            }
            if taken == 0 {
                return Err(EntryFault::Broken("its packed data is damaged: it leads nowhere".into()).into());
            }
        }
    }
}

impl Feed for ZipFeed<'_> {
    fn fill(&mut self, out: &mut [u8]) -> Result<usize, Trouble> {
        let at = self.open()?;
        if self.is_ended || (self.method == 0 && self.left() == 0) {
            self.is_ended = true;
            return Ok(0);
        }
        let count = match (self.method, self.length) {
            (0, Length::Known(_)) => self.stored(at, out),
            (0, Length::Late) => self.stored_until_descriptor(at, out),
            (8, _) => self.inflated(at, out),
            (other, _) => Err(EntryFault::Method(other).into()),
        }?;
        self.given += count as u64;
        Ok(count)
    }

    fn verdict(&mut self) -> Result<Option<Verdict>, Trouble> {
        if self.length != Length::Late {
            return Ok(None);
        }
        let at = self.body_at.unwrap_or(self.header_at) + self.taken;
        let data = self.window.fetch(self.source, at, DESCRIPTOR_BYTES_MAX, 0)?;
        let mark = if data.starts_with(DESCRIPTOR_MARK) { DESCRIPTOR_MARK.len() } else { 0 };
        let rest = &data[mark..];
        let crc = u32_at(rest, 0);
        for (width, packed, bytes) in [
            (4, u64::from(u32_at(rest, 4)), u64::from(u32_at(rest, 8))),
            (8, u64_at(rest, 4), u64_at(rest, 12)),
        ] {
            if rest.len() >= 4 + 2 * width && packed == self.taken && bytes == self.given {
                self.descriptor = (mark + 4 + 2 * width) as u64;
                return Ok(Some(Verdict { crc, bytes }));
            }
        }
        if data.len() < DESCRIPTOR_BYTES_MAX {
            return Err(EntryFault::Short.into());
        }
        Err(EntryFault::Broken("the lengths behind its data are not those of its data".into()).into())
    }
}
