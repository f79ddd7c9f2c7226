//! JSON as the index keeps it: compressed, because a library has one for every item.
//!
//! Invariant: pure; bounded when unpacked, for an index may be damaged. May import: nothing. Tests: below.

use flate2::read::ZlibDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};
use std::io::Read;

/// The longest JSON that is unpacked, bytes.
const UNPACKED_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// What a pack may be longer than its text, bytes: text that does not compress gains a few.
const OVERHEAD_BYTES: usize = 128;

/// What compresses. It is one for a whole archive: its state has hundreds of KiB, and one for each of a hundred thousand texts
/// would leave the memory in pieces.
pub(crate) struct Packer(Compress);

impl Packer {
    /// One to begin with.
    pub(crate) fn new() -> Self {
        Self(Compress::new(Compression::default(), true))
    }

    /// Compresses; none if that does not come to its end, which is a bug.
    pub(crate) fn pack(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.0.reset();
        let mut packed = Vec::with_capacity(bytes.len() + bytes.len() / 1000 + OVERHEAD_BYTES);
        let ended = self.0.compress_vec(bytes, &mut packed, FlushCompress::Finish).ok()?;
        packed.shrink_to_fit();
        (ended == Status::StreamEnd).then_some(packed)
    }
}

/// The bytes that were packed; none if they are no longer readable.
pub(crate) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    ZlibDecoder::new(packed).take(UNPACKED_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use crate::job::import::packed::{Packer, unpack};

    #[test]
    fn what_is_packed_comes_back_and_rubbish_does_not() {
        let text = "{\"title\": \"IMG_1.jpg\"}".repeat(100);
        let mut packer = Packer::new();
        let noise: Vec<u8> =
            (0..25_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        for bytes in [text.as_bytes(), b"", &noise, text.as_bytes()] {
            assert_eq!(unpack(&packer.pack(bytes).unwrap()).unwrap(), bytes);
        }
        assert!(packer.pack(text.as_bytes()).unwrap().len() < text.len() / 4);
        assert!(unpack(b"rubbish").is_none());
    }
}
