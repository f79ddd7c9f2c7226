//! Reading at any place of a file, under one budget.
//!
//! Owns: the budget of bytes, which bounds every walk over a file's structures. Invariant: no read outside the file or the region
//! asked for; nothing larger than asked for is ever held. A fault of the disk reads as the end of the file.
//! May import: nothing. Tests: below.

use std::io::{Read, Seek, SeekFrom};

/// The most bytes that are read of one file. Metadata of real files needs some hundred KiB at most.
pub const READ_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Small reads come from a block of this size, bytes.
const BLOCK_BYTES: usize = 1024;

/// What can be read at any place.
pub(crate) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    /// Its first byte, counted from the file's beginning.
    pub(crate) start: u64,
    /// Its bytes.
    pub(crate) length: u64,
}

impl Region {
    /// The part of `length` bytes at `offset`; none if it does not lie wholly inside.
    pub(crate) fn part(self, offset: u64, length: u64) -> Option<Self> {
        let end = offset.checked_add(length)?;
        (end <= self.length).then_some(Self { start: self.start + offset, length })
    }

    /// All from `offset` on.
    pub(crate) fn after(self, offset: u64) -> Option<Self> {
        self.part(offset, self.length.checked_sub(offset)?)
    }
}

/// A file under its budget.
pub(crate) struct Source<'a> {
    reader: &'a mut dyn ReadSeek,
    length: u64,
    budget: u64,
    block: Vec<u8>,
    block_at: u64,
}

impl<'a> Source<'a> {
    /// The file behind `reader`; none if its length cannot be told.
    pub(crate) fn open(reader: &'a mut dyn ReadSeek) -> Option<Self> {
        let length = reader.seek(SeekFrom::End(0)).ok()?;
        Some(Self { reader, length, budget: READ_BYTES_MAX, block: Vec::new(), block_at: 0 })
    }

    /// The region of all bytes.
    pub(crate) fn whole(&self) -> Region {
        Region { start: 0, length: self.length }
    }

    /// `length` bytes at `offset` of `region`.
    pub(crate) fn bytes(&mut self, region: Region, offset: u64, length: usize) -> Option<Vec<u8>> {
        let part = region.part(offset, u64::try_from(length).ok()?)?;
        if part.length > self.budget && length > BLOCK_BYTES {
            return None;
        }
        let mut bytes = vec![0; length];
        self.fill(part, &mut bytes)?;
        Some(bytes)
    }

    /// All bytes of `region`, but at most its first `most`.
    pub(crate) fn head(&mut self, region: Region, most: usize) -> Option<Vec<u8>> {
        let length = usize::try_from(region.length).unwrap_or(usize::MAX).min(most);
        self.bytes(region, 0, length)
    }

    /// `N` bytes at `offset` of `region`.
    pub(crate) fn array<const N: usize>(&mut self, region: Region, offset: u64) -> Option<[u8; N]> {
        let part = region.part(offset, u64::try_from(N).ok()?)?;
        let mut bytes = [0; N];
        self.fill(part, &mut bytes)?;
        Some(bytes)
    }

    /// The big-endian number of two bytes at `offset`.
    pub(crate) fn be16(&mut self, region: Region, offset: u64) -> Option<u16> {
        self.array(region, offset).map(u16::from_be_bytes)
    }

    /// The big-endian number of four bytes at `offset`.
    pub(crate) fn be32(&mut self, region: Region, offset: u64) -> Option<u32> {
        self.array(region, offset).map(u32::from_be_bytes)
    }

    /// The big-endian number of eight bytes at `offset`.
    pub(crate) fn be64(&mut self, region: Region, offset: u64) -> Option<u64> {
        self.array(region, offset).map(u64::from_be_bytes)
    }

    /// Fills `into` from `part`, which has just its length.
    fn fill(&mut self, part: Region, into: &mut [u8]) -> Option<()> {
        if into.len() > BLOCK_BYTES {
            self.spend(part.length)?;
            self.reader.seek(SeekFrom::Start(part.start)).ok()?;
            return self.reader.read_exact(into).ok();
        }
        if self.cached(part, into).is_none() {
            self.load(part.start)?;
            self.cached(part, into)?;
        }
        Some(())
    }

    /// Fills `into` from the block, if it holds all of `part`.
    fn cached(&self, part: Region, into: &mut [u8]) -> Option<()> {
        let from = usize::try_from(part.start.checked_sub(self.block_at)?).ok()?;
        let bytes = self.block.get(from..from.checked_add(into.len())?)?;
        into.copy_from_slice(bytes);
        Some(())
    }

    /// Makes the block begin at `start`.
    fn load(&mut self, start: u64) -> Option<()> {
        let left = self.length.checked_sub(start)?;
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(BLOCK_BYTES);
        self.spend(u64::try_from(wanted).ok()?)?;
        self.block.clear();
        self.block.resize(wanted, 0);
        self.block_at = start;
        let read =
            self.reader.seek(SeekFrom::Start(start)).and_then(|_| self.reader.read_exact(&mut self.block));
        if read.is_err() {
            self.block.clear();
        }
        read.ok()
    }

    fn spend(&mut self, bytes: u64) -> Option<()> {
        self.budget = self.budget.checked_sub(bytes)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use crate::embedded::source::{READ_BYTES_MAX, Region, Source};
    use std::io::Cursor;

    #[test]
    fn a_part_never_reaches_over_its_region() {
        let region = Region { start: 10, length: 20 };
        assert_eq!(region.part(5, 15), Some(Region { start: 15, length: 15 }));
        assert_eq!(region.part(5, 16), None);
        assert_eq!(region.part(u64::MAX, 2), None);
        assert_eq!(region.after(20), Some(Region { start: 30, length: 0 }));
        assert_eq!(region.after(21), None);
    }

    #[test]
    fn reads_give_what_stands_there_in_any_order() {
        let data: Vec<u8> = (0..=255u8).cycle().take(5000).collect();
        let mut cursor = Cursor::new(data.clone());
        let mut source = Source::open(&mut cursor).unwrap();
        let whole = source.whole();
        for at in [0, 4990, 1020, 3, 2047, 4992] {
            let read: [u8; 8] = source.array(whole, at).unwrap();
            let at = usize::try_from(at).unwrap();
            assert_eq!(read, data[at..at + 8]);
        }
        assert_eq!(source.bytes(whole, 100, 3000).unwrap(), data[100..3100]);
        assert_eq!(source.array::<8>(whole, 4993), None);
    }

    #[test]
    fn the_budget_ends_every_walk() {
        let length = 3 * READ_BYTES_MAX;
        let mut cursor = Cursor::new(vec![7; usize::try_from(length).unwrap()]);
        let mut source = Source::open(&mut cursor).unwrap();
        let whole = source.whole();
        let steps =
            (0..length / 2048).take_while(|step| source.array::<4>(whole, step * 2048).is_some()).count();
        assert_eq!(steps, 4096);
        assert_eq!(source.bytes(whole, 0, 5000), None);
    }
}
