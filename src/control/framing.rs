//! Lines on a socket: bounded in length and in time.
//!
//! Owns: reading and writing one JSON line. Invariant: never holds more than the bound of a line.
//! May import: nothing. Tests: `tests.rs`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{Error, ErrorKind};
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// Reads one line of at most `bytes_max` and parses it; none at the end of the stream.
pub(crate) async fn read_line<T: DeserializeOwned>(
    reader: &mut (impl AsyncBufRead + Unpin),
    bytes_max: u64,
    patience: Duration,
) -> Result<Option<T>, Error> {
    let mut line = Vec::new();
    let mut bounded = reader.take(bytes_max);
    let read =
        timeout(patience, bounded.read_until(b'\n', &mut line)).await.map_err(|_| ErrorKind::TimedOut)??;
    if read == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        return Err(Error::new(ErrorKind::InvalidData, "a line is cut off or longer than allowed"));
    }
    serde_json::from_slice(&line).map(Some).map_err(|error| Error::new(ErrorKind::InvalidData, error))
}

/// Writes `value` as one line.
pub(crate) async fn write_line(
    writer: &mut (impl AsyncWrite + Unpin),
    value: &impl Serialize,
    patience: Duration,
) -> Result<(), Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    timeout(patience, writer.write_all(&line)).await.map_err(|_| ErrorKind::TimedOut)?
}
