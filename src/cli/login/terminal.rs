//! The terminal, or the pipes in its place.
//!
//! Invariant: every line read is bounded and a secret, because it may hold a code. May import: `secret`, `auth`.
//! Tests: `login/tests.rs`.

use std::io::{BufRead, Read, Write};
use tokio::sync::mpsc;

use crate::auth::PASTE_BYTES_MAX;
use crate::secret::Secret;

/// Empty lines are skipped, but not for ever.
const LINES_MAX: u32 = 64;

/// Writes `text` and a line's end, at once: the other end may be a pipe that somebody reads from.
pub(crate) fn say(out: &mut dyn Write, text: &str) {
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
        tracing::debug!("cannot write to the terminal: {error}");
    }
}

/// The lines of `input` that are not empty.
///
/// They are read by a thread that nobody waits for, because nothing can break off a read from a terminal.
pub(crate) fn lines_of(mut input: Box<dyn BufRead + Send>) -> mpsc::Receiver<Secret> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        for _ in 0..LINES_MAX {
            let mut line = Vec::new();
            // One byte more than is looked at, so that a line that is too long is refused, not cut.
            let read = input.by_ref().take(PASTE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line);
            if !matches!(read, Ok(1..)) {
                return;
            }
            let line = String::from_utf8_lossy(&line);
            if !line.trim().is_empty() && sender.blocking_send(Secret::new(line)).is_err() {
                return;
            }
        }
    });
    receiver
}
