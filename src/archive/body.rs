//! The bytes of one entry, checked while they are read.
//!
//! Owns: [`Body`]. Invariant: a body that was read to its end without an error has its declared length, and its declared
//! CRC-32 if the archive has one; the last bytes of a body with a known length are given only after that check.
//! May import: `archive::fault`. Tests: in `archive/tests`.

use flate2::Crc;
use std::io::{self, Read};

use crate::archive::fault::{EntryFault, Trouble, copy_of};

/// What an archive says about the bytes of an entry after them.
pub(crate) struct Verdict {
    pub(crate) crc: u32,
    pub(crate) bytes: u64,
}

/// Unpacked bytes of one entry, unchecked.
pub(crate) trait Feed {
    /// Fills the front of `out`, which is not empty; 0 at the end.
    fn fill(&mut self, out: &mut [u8]) -> Result<usize, Trouble>;

    /// What stands behind the bytes, asked once after their end.
    fn verdict(&mut self) -> Result<Option<Verdict>, Trouble> {
        Ok(None)
    }
}

/// Bytes that cannot be had at all.
pub(crate) struct Refused(pub(crate) EntryFault);

impl Feed for Refused {
    fn fill(&mut self, _: &mut [u8]) -> Result<usize, Trouble> {
        Err(Trouble::Fault(self.0.clone()))
    }
}

/// What an entry without bytes gives: folders, links, devices.
pub(crate) struct Nothing;

impl Feed for Nothing {
    fn fill(&mut self, _: &mut [u8]) -> Result<usize, Trouble> {
        Ok(0)
    }
}

/// The bytes of one entry. Reading it checks it; leaving it unread is fine, and in a zip nothing is unpacked then.
///
/// A read that fails gives an [`io::Error`]: with an [`EntryFault`] inside if the entry is at fault (see [`EntryFault::of`]),
/// without one if the source failed. All later reads fail in the same way.
pub struct Body<'a> {
    feed: &'a mut dyn Feed,
    bytes: Option<u64>,
    crc: Option<u32>,
    sum: Crc,
    given: u64,
    is_ended: bool,
    trouble: Option<Trouble>,
}

impl<'a> Body<'a> {
    pub(crate) fn new(feed: &'a mut dyn Feed, bytes: Option<u64>, crc: Option<u32>) -> Self {
        Self { feed, bytes, crc, sum: Crc::new(), given: 0, is_ended: false, trouble: None }
    }

    /// Bytes read so far; those that a check withheld are counted too.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// Whether the body was read to its end and is what the archive says of it.
    pub fn is_read(&self) -> bool {
        self.is_ended && self.trouble.is_none()
    }

    /// What stopped the reading, if anything did.
    pub(crate) fn into_trouble(self) -> Option<Trouble> {
        self.trouble
    }

    /// Reads what the visitor left, for its length only.
    pub(crate) fn drain(&mut self, scratch: &mut [u8]) {
        while matches!(self.read(scratch), Ok(count) if count > 0) {}
    }

    fn next(&mut self, buf: &mut [u8]) -> Result<usize, Trouble> {
        let left = self.bytes.map_or(u64::MAX, |bytes| bytes - self.given);
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        if want == 0 {
            self.finish()?;
            return Ok(0);
        }
        let count = self.feed.fill(&mut buf[..want])?;
        if self.crc.is_some() || self.bytes.is_none() {
            self.sum.update(&buf[..count]);
        }
        self.given += count as u64;
        if count == 0 || self.bytes == Some(self.given) {
            self.finish()?;
        }
        Ok(count)
    }

    fn finish(&mut self) -> Result<(), Trouble> {
        self.is_ended = true;
        if self.bytes.is_some_and(|bytes| self.given < bytes) {
            return Err(EntryFault::Short.into());
        }
        if self.bytes.is_some() && self.feed.fill(&mut [0])? > 0 {
            return Err(EntryFault::TooLong.into());
        }
        if let Some(verdict) = self.feed.verdict()? {
            self.crc = Some(verdict.crc);
            if verdict.bytes != self.given {
                return Err(
                    if verdict.bytes > self.given { EntryFault::Short } else { EntryFault::TooLong }.into()
                );
            }
        }
        if self.crc.is_some_and(|crc| crc != self.sum.sum()) { Err(EntryFault::Crc.into()) } else { Ok(()) }
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match &self.trouble {
            Some(Trouble::Fault(fault)) => return Err(fault.clone().into()),
            Some(Trouble::Source(error)) => return Err(copy_of(error)),
            None if self.is_ended || buf.is_empty() => return Ok(0),
            None => {}
        }
        self.next(buf).map_err(|trouble| {
            let error = match &trouble {
                Trouble::Fault(fault) => fault.clone().into(),
                Trouble::Source(error) => copy_of(error),
            };
            self.trouble = Some(trouble);
            error
        })
    }
}
