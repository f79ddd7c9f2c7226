//! Lines of the control socket from any bytes.
//!
//! Invariant: see `crate::fuzzing`. May import: nothing. Tests: `src/fuzzing/tests.rs`.

use std::time::Duration;
use tokio::runtime::Builder;

use crate::control::framing::{read_line, write_line};
use crate::control::wire::{ReplyLine, Request, RequestLine};

/// Nobody is slow here.
const PATIENCE: Duration = Duration::from_secs(60);
/// A short bound, so that inputs pass it.
const LINE_BYTES_MAX: u64 = 4096;

/// What a client sends, and what a daemon answers: refused, or read within the bound.
pub(crate) fn lines(data: &[u8]) {
    let Ok(runtime) = Builder::new_current_thread().enable_time().build() else { return };
    runtime.block_on(async {
        let mut reader = data;
        while let Ok(Some(line)) = read_line::<RequestLine>(&mut reader, LINE_BYTES_MAX, PATIENCE).await {
            check(line).await;
        }
        let taken = (data.len() - reader.len()) as u64;
        let lines = data.split(|byte| *byte == b'\n').count() as u64;
        assert!(taken <= LINE_BYTES_MAX * lines, "{taken} bytes of {lines} lines");
        let _ = read_line::<ReplyLine>(&mut &data[..], LINE_BYTES_MAX, PATIENCE).await;
    });
}

async fn check(line: RequestLine) {
    if let Request::Sync { libraries, .. } = &line.request {
        for name in libraries {
            assert!(!name.as_str().starts_with('.') && !name.as_str().contains('/'), "{name}");
        }
    }
    let mut written = Vec::new();
    let is_written = write_line(&mut written, &line, PATIENCE).await.is_ok();
    let again = read_line::<RequestLine>(&mut &written[..], u64::MAX, PATIENCE).await;
    let is_same = again.is_ok_and(|again| again.is_some_and(|again| again.request == line.request));
    assert!(is_written && is_same, "a line does not survive being written: {line:?}");
}
