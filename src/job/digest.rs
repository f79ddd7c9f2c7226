//! The digest of a file as it lies on the disk.
//!
//! Invariant: blocks; memory is one piece. May import: nothing. Tests: below.

use sha2::{Digest as _, Sha256};
use std::io::{Error, ErrorKind, Read};

/// Bytes read at once.
const PIECE_BYTES: usize = 1024 * 1024;

/// What was read of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    /// Its length.
    pub(crate) bytes: u64,
    /// SHA-256.
    pub(crate) sha256: [u8; 32],
}

/// The digest of what is left of `file`; none if `goes_on`, told the length of each piece, ended the reading before.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn digest_of(
    file: &mut impl Read,
    mut goes_on: impl FnMut(usize) -> bool,
) -> Result<Option<Digest>, Error> {
    let (mut hasher, mut piece, mut bytes) = (Sha256::new(), vec![0; PIECE_BYTES], 0);
    // Ends: the file has an end.
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(Some(Digest { bytes, sha256: hasher.finalize().into() })),
            Ok(got) => {
                hasher.update(&piece[..got]);
                bytes += got as u64;
                if !goes_on(got) {
                    return Ok(None);
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::job::digest::{PIECE_BYTES, digest_of};
    use sha2::{Digest as _, Sha256};

    #[test]
    fn a_digest_is_of_all_bytes_and_can_be_ended_between_two_pieces() {
        let bytes = vec![7; PIECE_BYTES * 2 + 1];
        let digest = digest_of(&mut &bytes[..], |_| true).expect("readable").expect("whole");
        assert_eq!((digest.bytes, digest.sha256), (bytes.len() as u64, Sha256::digest(&bytes).into()));
        let mut seen = 0;
        let ended = digest_of(&mut &bytes[..], |got| {
            seen += got;
            false
        });
        assert_eq!((ended.expect("readable"), seen), (None, PIECE_BYTES));
    }
}
