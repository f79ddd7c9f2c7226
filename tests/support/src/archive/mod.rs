//! Writers of zip and tar archives, from the formats' own rules, well formed or not as a test asks.
//!
//! Owns: [`ZipWriter`] and [`TarWriter`]. Invariant: they only write forward, so that an archive of any
//! size costs no memory but the zip's directory; they share no code with what the daemon reads with.
//! May import: `content`. Tests: `archive/tests.rs`.

mod tar;
mod zip;

pub use crate::archive::tar::{TarEntry, TarKind, TarWriter};
pub use crate::archive::zip::{Method, ZipEntry, ZipWriter};

use std::io::{self, Write};

/// Counts the bytes that pass through.
#[derive(Debug)]
struct Counted<W> {
    inner: W,
    at: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buf)?;
        self.at += u64::try_from(written).unwrap_or(0);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests;
