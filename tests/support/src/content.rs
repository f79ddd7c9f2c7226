//! The bytes of items: made up from a seed, given, read from a file, or encoded when asked for.
//!
//! Owns: [`Content`] and how it is cut into pieces. Invariant: noise costs one 64-byte header for each
//! item; all else is a slice of one shared pool, so that a million items need no memory.
//! May import: `rng`, `media`. Tests: `content/tests.rs`.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use crate::media::Recipe;
use crate::rng;

/// Size of the shared pool: more than most made-up items, so that they are one slice or two.
const POOL_BYTES: usize = 1 << 20;
const POOL_BYTES_U64: u64 = 1 << 20;
/// Longest piece that is read from a file at once.
const DISK_PIECE_BYTES: usize = 1 << 20;
/// Size of an item's own first bytes.
const HEAD_BYTES: usize = 64;
/// The end-of-image marker of a JPEG.
const JPEG_TAIL: &[u8] = &[0xff, 0xd9];

static POOL: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(rng::bytes(0x1234_5678, POOL_BYTES)));

/// What made-up bytes begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Magic {
    /// `FF D8 FF E0`, a JFIF header, and `FF D9` at the end.
    Jpeg,
    /// An `ftyp` box of brand `mp42`, and an `mdat` box round the rest.
    Mp4,
    /// An `ftyp` box of brand `heic`.
    Heic,
    /// The PNG signature.
    Png,
}

/// What an item's bytes are.
#[derive(Clone, Debug)]
pub enum Content {
    /// Pseudo-random bytes that begin as the type demands.
    Noise {
        /// Which bytes.
        seed: u64,
        /// How many.
        len: u64,
        /// How they begin.
        magic: Magic,
    },
    /// Exactly these.
    Bytes(Bytes),
    /// Those of a file, read at each request.
    File(PathBuf),
    /// A real picture or clip, encoded at each request.
    Made(Recipe),
}

impl Content {
    /// All bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let source = self.open();
        let mut out = Vec::with_capacity(usize::try_from(source.len()).unwrap_or(0));
        source.each(|piece| out.extend_from_slice(piece));
        out
    }

    /// Their SHA-256 in lower-case hexadecimal, without holding them.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        self.open().each(|piece| hash.update(piece));
        rng::hex(&hash.finalize())
    }

    /// How many they are.
    pub fn len(&self) -> u64 {
        self.open().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ready to be cut into pieces. An unreadable file is empty.
    pub(crate) fn open(&self) -> Source {
        match self {
            Self::Noise { seed, len, magic } => Source::noise(*seed, *len, *magic),
            Self::Bytes(bytes) => Source::Whole(bytes.clone()),
            Self::File(path) => Source::disk(path).unwrap_or(Source::Whole(Bytes::new())),
            Self::Made(recipe) => Source::Whole(recipe.render().into()),
        }
    }
}

/// Bytes that can be read at any place.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// All in memory.
    Whole(Bytes),
    /// A file, read piece by piece.
    Disk { file: Arc<File>, len: u64 },
    /// A head of its own, then the pool over and over from `offset`, then `tail`.
    Noise { head: Bytes, offset: u64, len: u64, tail: &'static [u8] },
}

impl Source {
    fn noise(seed: u64, len: u64, magic: Magic) -> Self {
        let head = head_of(seed, len, magic);
        let head = head.slice(..usize::try_from(len).unwrap_or(HEAD_BYTES).min(HEAD_BYTES));
        let with_tail = magic == Magic::Jpeg && len >= 66;
        let tail: &[u8] = if with_tail { JPEG_TAIL } else { &[] };
        Self::Noise { head, offset: rng::below(seed ^ 0x5a5a, POOL_BYTES_U64), len, tail }
    }

    fn disk(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Self::Disk { file: Arc::new(file), len })
    }

    /// `len` bytes of nothing in particular.
    pub(crate) fn filler(len: u64) -> Self {
        Self::Noise { head: Bytes::new(), offset: 0, len, tail: &[] }
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Whole(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::Noise { len, .. } | Self::Disk { len, .. } => *len,
        }
    }

    /// The longest piece at `at` that ends before `end` and costs no more than a copy of 1 MiB; empty at
    /// or past the end, and where a file has become shorter.
    pub(crate) fn piece(&self, at: u64, end: u64) -> Bytes {
        let end = end.min(self.len());
        if at >= end {
            return Bytes::new();
        }
        let want = usize::try_from(end - at).unwrap_or(usize::MAX);
        match self {
            Self::Whole(bytes) => cut(bytes, at, want),
            Self::Disk { file, .. } => {
                let mut piece = vec![0; want.min(DISK_PIECE_BYTES)];
                let read = file.read_at(&mut piece, at).unwrap_or(0);
                piece.truncate(read);
                piece.into()
            }
            Self::Noise { head, offset, len, tail } => {
                let tail_at = len - u64::try_from(tail.len()).unwrap_or(0);
                if at < u64::try_from(head.len()).unwrap_or(0) {
                    cut(head, at, want)
                } else if at >= tail_at && !tail.is_empty() {
                    cut(&Bytes::from_static(tail), at - tail_at, want)
                } else {
                    let to_tail = usize::try_from(tail_at - at).unwrap_or(usize::MAX);
                    cut(&POOL, (offset + at) % POOL_BYTES_U64, want.min(to_tail))
                }
            }
        }
    }

    fn each(&self, mut take: impl FnMut(&[u8])) {
        let whole: Result<(), std::convert::Infallible> = self.try_each(|piece| {
            take(piece);
            Ok(())
        });
        let Ok(()) = whole;
    }

    /// Hands over all bytes in order, until `take` fails.
    pub(crate) fn try_each<E>(&self, mut take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut at = 0;
        while at < self.len() {
            let piece = self.piece(at, u64::MAX);
            if piece.is_empty() {
                break;
            }
            take(&piece)?;
            at += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        }
        Ok(())
    }
}

fn cut(bytes: &Bytes, at: u64, want: usize) -> Bytes {
    let from = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    bytes.slice(from..from.saturating_add(want).min(bytes.len()))
}

/// The first 64 bytes: what the type demands, and enough of the seed to make each item's bytes unique.
fn head_of(seed: u64, len: u64, magic: Magic) -> Bytes {
    let own = rng::bytes(seed ^ 0xdead, HEAD_BYTES);
    let mut head = Vec::with_capacity(HEAD_BYTES);
    match magic {
        Magic::Jpeg => {
            head.extend_from_slice(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00");
            head.extend_from_slice(b"\xff\xfe\x00\x2a");
        }
        Magic::Mp4 | Magic::Heic => {
            let brand: &[u8; 4] = if magic == Magic::Mp4 { b"mp42" } else { b"heic" };
            head.extend_from_slice(b"\x00\x00\x00\x18ftyp");
            head.extend_from_slice(brand);
            head.extend_from_slice(b"\x00\x00\x00\x00mp42");
            head.extend_from_slice(brand);
            head.extend_from_slice(b"\x00\x00\x00\x18free");
            head.extend_from_slice(&own[..16]);
            head.extend_from_slice(b"\x00\x00\x00\x01mdat");
            head.extend_from_slice(&len.saturating_sub(48).to_be_bytes());
        }
        Magic::Png => head.extend_from_slice(b"\x89PNG\r\n\x1a\n"),
    }
    let have = head.len();
    head.extend_from_slice(&own[have..]);
    Bytes::from(head)
}

#[cfg(test)]
mod tests;
