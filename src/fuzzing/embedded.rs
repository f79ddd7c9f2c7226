//! What media files say of themselves, from any bytes.
//!
//! Invariant: see `crate::fuzzing`. May import: `embedded`, `config`, `names`. Tests: `fuzzing/tests.rs`.

use chrono::DateTime;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use crate::config::Layout;
use crate::embedded::{READ_BYTES_MAX, decide_date, read};
use crate::names::fuzzing::assert_below;

/// When the inputs are looked at, seconds since 1970.
const NOW: i64 = 1_790_000_000;
/// Bytes beyond the budget that small reads may ask for: the last block.
const BLOCK_BYTES: u64 = 64 * 1024;

/// Counts what is read.
struct Counted<'a> {
    inner: Cursor<&'a [u8]>,
    bytes: &'a mut u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        *self.bytes += count as u64;
        Ok(count)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// A media file: read within its budget, its place on the globe, its date one that folders can have.
pub(crate) fn embedded(data: &[u8]) {
    let mut bytes = 0;
    let found = read(Counted { inner: Cursor::new(data), bytes: &mut bytes });
    assert!(bytes <= READ_BYTES_MAX + BLOCK_BYTES, "{bytes} bytes were read");
    if let Some(place) = found.gps {
        assert!((-90.0..=90.0).contains(&place.latitude) && (-180.0..=180.0).contains(&place.longitude));
        assert!(place.altitude.is_none_or(f64::is_finite));
    }
    for text in [&found.make, &found.model].into_iter().flatten() {
        assert!(!text.is_empty() && text.len() <= 4096, "{text:?}");
    }
    let now = DateTime::from_timestamp(NOW, 0).unwrap_or_default();
    for sidecar in [None, Some(1_500_000_000)] {
        let dated = decide_date(found.taken, sidecar, Some(1_600_000_000), now);
        assert_below(&Layout::default().dir_for(dated.at));
    }
}
