//! A part of an export in Drive as an archive's bytes.
//!
//! Owns: the way from a blocking reader to the ranges of Drive. As long as an archive is read from front to back, one answer is read on;
//! a jump opens another range, a small step forward reads over what lies between. Invariant: runs on a blocking thread only; memory
//! is one piece of an answer; a stop ends a read at once. May import: `google`, `archive`, `shutdown`. Tests: `drive/tests.rs`.

use std::future::Future;
use std::io;
use std::sync::{Mutex, PoisonError};

use bytes::{Buf as _, Bytes};
use tokio::runtime::Handle;

use crate::archive;
use crate::google::{ApiError, DriveFile, DriveStream, GoogleClient};
use crate::shutdown::Stop;

#[cfg(test)]
pub(crate) mod tests;

/// A step forward up to this is read over, bytes: a new range costs a request and about as much that was on its way.
const STEP_MAX: u64 = 8 << 20;
/// How much an archive asks for at once, bytes; the range behind it is far longer.
const PIECE: usize = 1 << 20;

/// Why the bytes of a part in Drive did not come. An [`io::Error`] of [`DriveReader`] has one inside.
#[derive(Debug, thiserror::Error)]
pub enum DriveFault {
    /// A stop was asked for.
    #[error("stopped")]
    Stopped,
    /// Google did not give them.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl DriveFault {
    /// The fault at the bottom of `error`, if it is one of Drive's.
    pub fn find<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Self> {
        let mut at = Some(error);
        while let Some(error) = at {
            // What an `io::Error` carries is none of its sources.
            let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            let here = inner.and_then(|inner| inner.downcast_ref::<Self>());
            if let Some(fault) = here.or_else(|| error.downcast_ref::<Self>()) {
                return Some(fault);
            }
            at = error.source();
        }
        None
    }
}

impl From<DriveFault> for io::Error {
    /// Never of the kind `Interrupted`, which readers take for an invitation to try again.
    fn from(fault: DriveFault) -> Self {
        Self::other(fault)
    }
}

/// A part in Drive that an archive is read from.
pub struct DriveReader {
    client: GoogleClient,
    file: DriveFile,
    handle: Handle,
    stop: Stop,
    /// Held while bytes are waited for: an archive has one reader.
    state: Mutex<State>,
}

struct State {
    stream: DriveStream,
    /// The newest bytes of the stream that were not yet asked for: they end where the stream stands.
    held: Bytes,
}

impl DriveReader {
    /// A reader of `file`, whose requests run on the runtime of `handle`; nothing is asked for before the first read.
    pub fn new(client: GoogleClient, file: DriveFile, handle: Handle, stop: Stop) -> Self {
        let stream = client.read_drive(&file, 0..file.bytes);
        let state = Mutex::new(State { stream, held: Bytes::new() });
        Self { client, file, handle, stop, state }
    }

    /// The length of the part, bytes.
    pub fn bytes(&self) -> u64 {
        self.file.bytes
    }
}

impl archive::Source for DriveReader {
    /// A passing fault is mended here as far as that goes; see [`DriveFault::find`] for the rest. A later read tries again.
    fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
        if buf.is_empty() || at >= self.file.bytes {
            return Ok(0);
        }
        let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = state.stream.at() - state.held.len() as u64;
        if at < begins || at > state.stream.at().saturating_add(STEP_MAX) {
            state.held = Bytes::new();
            state.stream = self.client.read_drive(&self.file, at..self.file.bytes);
        }
        loop {
            // Ends: each piece has bytes, and the stream comes to `at` or to its end.
            let behind = state.stream.at();
            if at < behind {
                let begins = behind - state.held.len() as u64;
                state.held.advance(usize::try_from(at - begins).unwrap_or(usize::MAX).min(state.held.len()));
                let count = buf.len().min(state.held.len());
                state.held.copy_to_slice(&mut buf[..count]);
                return Ok(count);
            }
            state.held = Bytes::new();
            match wait_for(&self.handle, &self.stop, state.stream.chunk())? {
                Some(bytes) => state.held = bytes,
                None => return Ok(0),
            }
        }
    }

    fn piece(&self) -> usize {
        PIECE
    }
}

/// What `answer` gives, unless a stop is asked for before. Blocks.
pub(crate) fn wait_for<T>(
    handle: &Handle,
    stop: &Stop,
    answer: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, DriveFault> {
    handle.block_on(async {
        tokio::select! {
            biased;
            () = stop.begun() => Err(DriveFault::Stopped),
            answer = answer => Ok(answer?),
        }
    })
}
