//! Seeded numbers that are the same on every run.
//!
//! Owns: the mixing function behind all made-up bytes, ids and sizes. Invariant: no state, no clock.
//! May import: nothing. Tests: here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// One step of splitmix64: a well mixed number for any input.
pub(crate) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Mixes two numbers into one.
pub(crate) fn mix2(a: u64, b: u64) -> u64 {
    mix(mix(a) ^ b.rotate_left(17))
}

/// A number for a text, the same on every run.
pub(crate) fn mix_text(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| mix(hash ^ u64::from(byte)))
}

/// A number in `0..bound`; 0 if `bound` is 0.
pub(crate) fn below(seed: u64, bound: u64) -> u64 {
    if bound == 0 { 0 } else { mix(seed) % bound }
}

/// A share in `0.0..1.0`.
pub(crate) fn share(seed: u64) -> f64 {
    let high = u32::try_from(mix(seed) >> 32).unwrap_or(u32::MAX);
    f64::from(high) / (f64::from(u32::MAX) + 1.0)
}

/// `len` bytes grown from `seed`.
pub(crate) fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(len + 8);
    let mut at = seed;
    while out.len() < len {
        at = at.wrapping_add(0x9e37_79b9_7f4a_7c15);
        out.extend_from_slice(&mix(at).to_le_bytes());
    }
    out.truncate(len);
    out
}

/// URL-safe Base64 without padding.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads [`base64url`] back.
pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::{below, bytes, share};

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_a_longer_run_begins_alike() {
        assert_eq!(bytes(7, 100), bytes(7, 1000)[..100]);
        assert_ne!(bytes(7, 100), bytes(8, 100));
    }

    #[test]
    fn numbers_keep_their_bounds() {
        for seed in 0..1000 {
            assert!(below(seed, 10) < 10);
            assert!((0.0..1.0).contains(&share(seed)));
        }
        assert_eq!(below(1, 0), 0);
    }
}
