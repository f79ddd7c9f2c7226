//! Archives from any bytes.
//!
//! Invariant: see `crate::fuzzing`. May import: `archive`, `names`. Tests: `fuzzing/tests.rs`.

use std::io::Read as _;

use crate::archive::{ArchiveError, Body, Entry, EntryKind, Flow, Part};

/// The most that deflate unpacks of a byte (zlib's technical details).
const DEFLATE_RATIO_MAX: u64 = 1032;
/// Bytes that one input may unpack to whatever its length.
const UNPACKED_FREE: u64 = 64 * 1024;

/// A zip or tgz: entries in order and counted, bodies as declared, names below a folder or called unsafe, and no bomb.
pub(crate) fn archive(data: &[u8]) {
    let bytes = data.len() as u64;
    let Ok(mut part) = Part::over(Box::new(data.to_vec()), bytes, "a part") else { return };
    let (_, _, count) = (part.wholeness(), part.fingerprint(), part.entries_count());
    let (mut unpacked, mut seen) = (0, 0);
    let ending = part.read_entries::<ArchiveError>(None, &mut |entry, body| {
        assert_eq!(entry.ordinal, seen);
        seen += 1;
        check_name(entry);
        unpacked += check_body(entry, body);
        Ok(Flow::GoOn)
    });
    let Ok(ending) = ending else { return };
    assert_eq!(ending.entries, seen);
    assert!(ending.faults.len() <= 100 && ending.faults.len() as u64 <= ending.faults_count);
    if let (Ok(Some(count)), true) = (count, ending.is_whole()) {
        assert_eq!(count, seen, "a whole part has another number of entries than it says");
    }
    assert!(unpacked <= (bytes + 1) * DEFLATE_RATIO_MAX + UNPACKED_FREE, "{unpacked} of {bytes} bytes");
}

fn check_name(entry: &Entry) {
    let (name, text) = (&entry.name, entry.name.text());
    assert!(!text.contains('\0') && !text.starts_with('/') && !text.ends_with('/'), "{name:?}");
    if name.is_safe() {
        let is_way_out = |part: &str| matches!(part, "" | "." | "..");
        assert!(!text.split('/').any(is_way_out) && !text.contains('\\'), "{name:?}");
    }
}

/// Reads a body to its end or its fault; its bytes.
fn check_body(entry: &Entry, body: &mut Body<'_>) -> u64 {
    let (mut piece, mut given) = ([0; 4096], 0);
    // Ends: each turn takes bytes of the input, or is the last.
    loop {
        match body.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(count) => given += count as u64,
        }
    }
    // Bytes that a check withheld are counted too.
    assert!(given <= body.given() && (given == body.given() || !body.is_read()));
    if body.is_read() {
        assert!(entry.bytes.is_none_or(|bytes| bytes == given || entry.kind != EntryKind::File));
    }
    given
}
