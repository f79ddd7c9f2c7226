//! The members of a tar, read from front to back.
//!
//! Owns: [`TarWalk`]: headers, the long names of GNU and pax, the mark at the end. Invariant: memory is bounded whatever a
//! header says; a header whose checksum is wrong ends the walk. May import: the rest of `archive`. Tests: in `archive/tests/tgz.rs`.

use tar::Header;

use crate::archive::fault::{EntryFault, Trouble};
use crate::archive::tgz::Gunzip;
use crate::archive::{EntryKind, EntryName};

/// The unit of a tar in bytes.
const BLOCK: usize = 512;
/// The longest extended header that is read, in bytes: a hundred times what the longest path needs.
const EXTENSION_MAX: u64 = 1024 * 1024;
/// How much is passed over at once, in bytes.
const SCRATCH: usize = 128 * 1024;

/// One member.
pub(crate) struct Member {
    pub(crate) name: EntryName,
    pub(crate) kind: EntryKind,
    /// The bytes that follow its header.
    pub(crate) bytes: u64,
    pub(crate) mtime: Option<i64>,
}

/// What pax says about the next member (POSIX pax, "pax Extended Header").
#[derive(Default)]
struct Pax {
    path: Option<Vec<u8>>,
    size: Option<u64>,
    mtime: Option<i64>,
    is_sparse: bool,
}

impl Pax {
    /// Takes records of the form `LENGTH KEY=VALUE\n`, in which the length counts the whole record.
    fn take(&mut self, mut records: &[u8]) -> Result<(), EntryFault> {
        let broken = || EntryFault::Broken("a pax header is damaged".into());
        while !records.is_empty() {
            let space = records.iter().position(|byte| *byte == b' ').ok_or_else(broken)?;
            let length =
                number(&records[..space]).and_then(|n| usize::try_from(n).ok()).ok_or_else(broken)?;
            if length <= space + 1 || length > records.len() || records[length - 1] != b'\n' {
                return Err(broken());
            }
            let (record, rest) = records.split_at(length);
            let record = &record[space + 1..length - 1];
            let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(broken)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"size" => self.size = Some(number(value).ok_or_else(broken)?),
                b"mtime" => self.mtime = seconds(value),
                _ => self.is_sparse |= key.starts_with(b"GNU.sparse."),
            }
            records = rest;
        }
        Ok(())
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Whole seconds of a time like `1700000000.25`.
fn seconds(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.split('.').next()?.parse().ok()
}

/// The walk over the members.
pub(crate) struct TarWalk<'a> {
    gunzip: Gunzip<'a>,
    /// Unpacked bytes passed.
    at: u64,
    /// Blocks of zeros in a row; two are the mark at the end.
    zeros: u64,
    has_garbage: bool,
    scratch: Vec<u8>,
}

impl<'a> TarWalk<'a> {
    pub(crate) fn new(gunzip: Gunzip<'a>) -> Self {
        Self { gunzip, at: 0, zeros: 0, has_garbage: false, scratch: vec![0; SCRATCH] }
    }

    /// What was odd about a tar that could be read to its end.
    pub(crate) fn oddities(&self) -> Vec<String> {
        let garbage = self.has_garbage.then(|| "data that is no tar follows the mark at its end".to_owned());
        let trailing = self.gunzip.trailing();
        let trailing =
            (trailing > 0).then(|| format!("{trailing} bytes follow the end of the compressed data"));
        garbage.into_iter().chain(trailing).collect()
    }

    /// The next member; its bytes are read or passed through [`TarWalk::feed`]. None at the end, which was reached by reading all.
    pub(crate) fn next(&mut self) -> Result<Option<Member>, Trouble> {
        let mut pax = Pax::default();
        let mut long_name = None;
        self.gunzip.begin();
        loop {
            let mut header = Header::new_old();
            if !self.block(header.as_mut_bytes())? {
                return if self.zeros > 0 { Ok(None) } else { Err(EntryFault::Short.into()) };
            }
            if header.as_bytes().iter().all(|byte| *byte == 0) {
                self.zeros += 1;
                continue;
            }
            if !has_right_sum(&header) {
                if self.zeros < 2 {
                    let why = format!("at byte {} of the tar stands no header", self.at - BLOCK as u64);
                    return Err(EntryFault::Broken(why).into());
                }
                self.has_garbage = true;
                while self.fill(BLOCK)? > 0 {}
                return Ok(None);
            }
            self.zeros = 0;
            let size = header
                .entry_size()
                .map_err(|e| EntryFault::Broken(format!("a tar header is damaged: {e}")))?;
            match header.entry_type().as_byte() {
                b'x' | b'X' => pax.take(&self.extension(size)?)?,
                b'L' => long_name = Some(self.extension(size)?),
                b'K' | b'g' => drop(self.extension(size)?),
                _ => return self.member(&header, size, pax, long_name).map(Some),
            }
        }
    }

    fn member(
        &mut self,
        header: &Header,
        size: u64,
        pax: Pax,
        long_name: Option<Vec<u8>>,
    ) -> Result<Member, Trouble> {
        let raw = pax.path.or(long_name.map(trimmed)).unwrap_or_else(|| header.path_bytes().into_owned());
        let name = EntryName::of_utf8(&raw);
        let size = pax.size.unwrap_or(size);
        let (kind, bytes) = match header.entry_type().as_byte() {
            _ if pax.is_sparse => (EntryKind::Other("sparse file"), size),
            b'0' | b'7' if name.ends_in_slash() => (EntryKind::Folder, size),
            b'0' | b'7' => (EntryKind::File, size),
            // The size field of these says nothing about bytes that follow: old writers put there what they liked.
            b'5' => (EntryKind::Folder, 0),
            b'2' => (EntryKind::Other("symbolic link"), 0),
            b'3' | b'4' => (EntryKind::Other("device"), 0),
            b'6' => (EntryKind::Other("named pipe"), 0),
            b'1' => (EntryKind::Other("hard link"), pax.size.unwrap_or(0)),
            b'S' => {
                self.pass_sparse_headers(header)?;
                (EntryKind::Other("sparse file"), size)
            }
            _ => (EntryKind::Other("special entry of a tar"), size),
        };
        let mtime = pax.mtime.or_else(|| header.mtime().ok().and_then(|mtime| i64::try_from(mtime).ok()));
        Ok(Member { name, kind, bytes, mtime })
    }

    /// The bytes of the member that [`TarWalk::next`] gave last.
    pub(crate) fn feed<'w>(&'w mut self, member: &Member) -> TarFeed<'w, 'a> {
        let padding = member.bytes.wrapping_neg() % BLOCK as u64;
        TarFeed { walk: self, left: member.bytes, padding }
    }

    fn pass_sparse_headers(&mut self, header: &Header) -> Result<(), Trouble> {
        let mut goes_on = header.as_gnu().is_some_and(tar::GnuHeader::is_extended);
        while goes_on {
            let mut block = [0; BLOCK];
            if !self.block(&mut block)? {
                return Err(EntryFault::Short.into());
            }
            goes_on = block[504] == 1;
        }
        Ok(())
    }

    fn extension(&mut self, size: u64) -> Result<Vec<u8>, Trouble> {
        if size > EXTENSION_MAX {
            return Err(EntryFault::Broken(format!("an extended tar header claims {size} bytes")).into());
        }
        let padded = usize::try_from(size.next_multiple_of(BLOCK as u64)).unwrap_or(0);
        let mut content = vec![0; padded];
        for block in content.chunks_exact_mut(BLOCK) {
            if !self.block(block)? {
                return Err(EntryFault::Short.into());
            }
        }
        content.truncate(usize::try_from(size).unwrap_or(0));
        Ok(content)
    }

    /// Reads one block; false if the stream ends before it.
    fn block(&mut self, block: &mut [u8]) -> Result<bool, Trouble> {
        let mut got = 0;
        while got < block.len() {
            match self.gunzip.read(&mut block[got..])? {
                0 if got == 0 => return Ok(false),
                0 => return Err(EntryFault::Short.into()),
                count => got += count,
            }
        }
        self.at += got as u64;
        Ok(true)
    }

    fn fill(&mut self, most: usize) -> Result<usize, Trouble> {
        let most = most.min(self.scratch.len());
        let count = self.gunzip.read(&mut self.scratch[..most])?;
        self.at += count as u64;
        Ok(count)
    }
}

/// A long name of GNU ends in a NUL that is not part of it.
fn trimmed(mut name: Vec<u8>) -> Vec<u8> {
    if name.last() == Some(&0) {
        name.pop();
    }
    name
}

/// Compares the sum of a header with the one that it tells; the field of the sum counts as spaces.
fn has_right_sum(header: &Header) -> bool {
    let bytes = header.as_bytes();
    let sum: u32 = bytes[..148].iter().chain(&bytes[156..]).map(|byte| u32::from(*byte)).sum();
    header.cksum().is_ok_and(|told| told == sum + 8 * u32::from(b' '))
}

/// The bytes of one member.
pub(crate) struct TarFeed<'w, 'a> {
    walk: &'w mut TarWalk<'a>,
    left: u64,
    padding: u64,
}

impl TarFeed<'_, '_> {
    /// Bytes not read yet.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Fills the front of `out`; 0 at the member's end.
    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<usize, Trouble> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        if most == 0 {
            return Ok(0);
        }
        let count = self.walk.gunzip.read(&mut out[..most])?;
        if count == 0 {
            return Err(EntryFault::Short.into());
        }
        self.left -= count as u64;
        self.walk.at += count as u64;
        Ok(count)
    }

    /// Passes what is left of the member, and the zeros that fill its last block.
    pub(crate) fn pass(self) -> Result<(), Trouble> {
        let mut left = self.left.saturating_add(self.padding);
        while left > 0 {
            match self.walk.fill(usize::try_from(left).unwrap_or(usize::MAX))? {
                0 => return Err(EntryFault::Short.into()),
                count => left -= count as u64,
            }
        }
        Ok(())
    }
}
