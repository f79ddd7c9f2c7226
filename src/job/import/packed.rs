//! JSON as the index keeps it: compressed, because a library has one for every item.
//!
//! Invariant: pure; bounded when unpacked, for an index may be damaged. May import: nothing. Tests: below.

use flate2::Compression;
use flate2::read::{ZlibDecoder, ZlibEncoder};
use std::io::Read;

/// The longest JSON that is unpacked, bytes.
const UNPACKED_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Compresses.
pub(crate) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    // Reading from memory into memory does not fail.
    let _ = ZlibEncoder::new(bytes, Compression::default()).read_to_end(&mut packed);
    packed
}

/// The bytes that were packed; none if they are no longer readable.
pub(crate) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    ZlibDecoder::new(packed).take(UNPACKED_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use crate::job::import::packed::{pack, unpack};

    #[test]
    fn what_is_packed_comes_back_and_rubbish_does_not() {
        let text = "{\"title\": \"IMG_1.jpg\"}".repeat(100);
        assert_eq!(unpack(&pack(text.as_bytes())).unwrap(), text.as_bytes());
        assert!(pack(text.as_bytes()).len() < text.len() / 4);
        assert!(unpack(b"rubbish").is_none());
    }
}
