//! The limits that keep a hostile archive from costing more than its bytes are worth.
//!
//! Owns: the ratio of unpacked to packed bytes, and the stretches of a zip that entries have laid claim to. Invariant: pure, and
//! its memory is bounded. May import: `archive::fault`. Tests: beside the types.

use std::collections::BTreeMap;

use crate::archive::fault::EntryFault;

/// Deflate never does better than 1032:1 (zlib's technical details), so a header that promises more lies.
const DEFLATE_RATIO_MAX: u64 = 1032;
/// Unpacked bytes for each packed byte above which an entry is a bomb. Photos and videos stay below 2, JSON below 30, a blank
/// uncompressed picture may pass it but not while it is small.
const RATIO_MAX: u64 = 200;
/// Unpacked bytes of one entry that are taken whatever the ratio.
const ENTRY_FREE: u64 = 256 * 1024 * 1024;
/// Unpacked bytes of all entries together that are taken whatever the ratio.
const PART_FREE: u64 = 1024 * 1024 * 1024;
/// Packed bytes that a reader may hold without having used them, so that a count of them runs ahead or behind.
const SLACK: u64 = 1024 * 1024;
/// How many separate stretches are remembered, about 3 MiB. Beyond it the sum of all lengths still shows overlaps that matter.
const STRETCHES_MAX: usize = 65_536;

/// Counts unpacked and packed bytes, of one entry and of the whole part.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    entry: (u64, u64),
    part: (u64, u64),
}

impl Guard {
    /// Begins the next entry.
    pub(crate) fn begin(&mut self) {
        self.entry = (0, 0);
    }

    /// Counts; a fault if it is too much for what was spent.
    pub(crate) fn add(&mut self, unpacked: u64, packed: u64) -> Result<(), EntryFault> {
        for count in [&mut self.entry, &mut self.part] {
            count.0 = count.0.saturating_add(unpacked);
            count.1 = count.1.saturating_add(packed);
        }
        let too_much = is_bomb(self.entry, ENTRY_FREE) || is_bomb(self.part, PART_FREE);
        if too_much { Err(EntryFault::Bomb) } else { Ok(()) }
    }
}

fn is_bomb((unpacked, packed): (u64, u64), free: u64) -> bool {
    unpacked > free && unpacked > packed.saturating_add(SLACK).saturating_mul(RATIO_MAX)
}

/// Whether the lengths of a header alone tell a bomb.
pub(crate) fn declares_bomb(unpacked: u64, packed: u64) -> bool {
    let possible = packed.saturating_add(1).saturating_mul(DEFLATE_RATIO_MAX);
    unpacked > possible || is_bomb((unpacked, packed), ENTRY_FREE)
}

/// The stretches of a part that entries have laid claim to. Entries that share bytes are how a small zip unpacks to a
/// huge one (David Fifield, "A better zip bomb", 2019).
#[derive(Debug)]
pub(crate) struct Claims {
    stretches: BTreeMap<u64, u64>,
    sum: u64,
    bytes: u64,
}

impl Claims {
    /// No claims yet on a part of `bytes` bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        Self { stretches: BTreeMap::new(), sum: 0, bytes }
    }

    /// Claims `start..end`; false if it is known to share bytes with an earlier claim.
    pub(crate) fn claim(&mut self, start: u64, end: u64) -> bool {
        self.sum = self.sum.saturating_add(end.saturating_sub(start));
        let before = self.stretches.range(..end).next_back().map(|(start, end)| (*start, *end));
        if self.sum > self.bytes || before.is_some_and(|(_, known_end)| known_end > start) {
            return false;
        }
        let touches_before = before.filter(|(_, known_end)| *known_end == start);
        if touches_before.is_none() && self.stretches.len() >= STRETCHES_MAX {
            return true;
        }
        let from = touches_before.map_or(start, |(known_start, _)| known_start);
        let until = self.stretches.remove(&end).unwrap_or(end);
        self.stretches.insert(from, until);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_that_shares_a_byte_with_an_earlier_one_is_refused() {
        let mut claims = Claims::new(1000);
        assert!(claims.claim(100, 200));
        assert!(claims.claim(0, 100), "a neighbour shares nothing");
        assert!(claims.claim(300, 400));
        for (start, end) in [(199, 201), (0, 1), (50, 60), (250, 301), (250, 500), (399, 400)] {
            assert!(
                !Claims { stretches: claims.stretches.clone(), ..Claims::new(1000) }.claim(start, end),
                "{start}..{end}"
            );
        }
        assert!(claims.claim(200, 300), "it fills the gap");
        assert_eq!(claims.stretches.len(), 1, "neighbours are one stretch: {claims:?}");
    }

    #[test]
    fn more_bytes_than_the_part_has_are_an_overlap_even_if_the_stretches_are_forgotten() {
        let mut claims = Claims::new(1000);
        assert!(claims.claim(0, 600));
        claims.stretches.clear();
        assert!(!claims.claim(0, 600));
    }

    #[test]
    fn memory_for_claims_is_bounded() {
        let mut claims = Claims::new(u64::MAX);
        for n in 0..200_000 {
            assert!(claims.claim(n * 100, n * 100 + 50));
        }
        assert_eq!(claims.stretches.len(), STRETCHES_MAX);
    }

    #[test]
    fn a_ratio_above_the_limit_is_taken_only_while_it_is_small() {
        let mut guard = Guard::default();
        guard.add(ENTRY_FREE, 1).unwrap();
        guard.begin();
        guard.add(ENTRY_FREE / 2, 1).unwrap();
        assert_eq!(guard.add(ENTRY_FREE, 1), Err(EntryFault::Bomb));
    }

    #[test]
    fn many_entries_that_each_stay_below_the_limit_are_a_bomb_together() {
        let mut guard = Guard::default();
        let outcome = (0..10).try_for_each(|_| {
            guard.begin();
            guard.add(ENTRY_FREE, 1000)
        });
        assert_eq!(outcome, Err(EntryFault::Bomb));
    }

    #[test]
    fn a_header_that_promises_more_than_deflate_can_is_a_bomb() {
        assert!(declares_bomb(10_000_000_000, 10_000));
        assert!(!declares_bomb(1_000_000, 1_000));
        assert!(!declares_bomb(50_000_000_000, 49_000_000_000));
        assert!(!declares_bomb(0, 0));
    }
}
