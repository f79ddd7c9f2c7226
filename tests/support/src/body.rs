//! Bodies on the wire, well behaved or not.
//!
//! Owns: [`FakeBody`]: pieces of a source, paced, cut off or never ended as a fault says.
//! Invariant: no copy of the bytes; ends at a bound even when "endless" or stalled.
//! May import: `content`. Tests: `tests/`.

use bytes::Bytes;
use http_body::{Body, Frame};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

use crate::content::Source;

/// Longest piece handed over at once.
const PIECE_BYTES_MAX: u64 = 1 << 20;
/// How long a stalled body keeps its connection.
pub(crate) const STALL_MAX: Duration = Duration::from_secs(10 * 60);
/// Lets what was sent leave before the connection is reset.
const FLUSH: Duration = Duration::from_millis(30);

/// What the connection under a request shall do.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    /// Reset it: with a TCP RST, not an orderly end.
    reset: AtomicBool,
    /// Bytes to send that belong to no answer.
    surplus: AtomicU64,
}

impl Wire {
    pub(crate) fn reset(&self) {
        self.reset.store(true, Ordering::Release);
    }

    /// Sends `bytes` more once what is under way is sent.
    pub(crate) fn add_surplus(&self, bytes: u64) {
        self.surplus.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Takes what is to be sent beyond the answers.
    pub(crate) fn take_surplus(&self) -> u64 {
        self.surplus.swap(0, Ordering::AcqRel)
    }

    pub(crate) fn is_reset(&self) -> bool {
        self.reset.load(Ordering::Acquire)
    }
}

/// What happens when the last byte to send is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The body ends.
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing comes any more.
    Stall,
    /// The body ends, and so many bytes follow it.
    Surplus(u64),
}

/// Which bytes are sent, and how.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) source: Source,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) ending: Ending,
    /// Bytes in a piece, and the pause before each.
    pub(crate) drip: Option<(u64, Duration)>,
}

impl Script {
    pub(crate) fn plain(source: Source, from: u64, to: u64) -> Self {
        Self { source, from, to, ending: Ending::Close, drip: None }
    }
}

/// Called with the number of bytes when the body ends or is dropped.
pub(crate) type OnEnd = Box<dyn FnOnce(u64) + Send>;

/// A body.
pub(crate) struct FakeBody {
    script: Script,
    at: u64,
    pause: Option<Pin<Box<Sleep>>>,
    wire: Arc<Wire>,
    on_end: Option<OnEnd>,
}

impl FakeBody {
    pub(crate) fn new(script: Script, wire: Arc<Wire>, on_end: OnEnd) -> Self {
        Self { at: script.from, script, pause: None, wire, on_end: Some(on_end) }
    }

    fn rest(&mut self, cx: &mut Context<'_>, length: Duration) -> Poll<()> {
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(length)));
        ready!(pause.as_mut().poll(cx));
        self.pause = None;
        Poll::Ready(())
    }

    fn end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.script.ending {
            Ending::Close | Ending::Surplus(_) => Poll::Ready(None),
            Ending::Stall => {
                ready!(self.rest(cx, STALL_MAX));
                Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())))
            }
            Ending::Reset => {
                ready!(self.rest(cx, FLUSH));
                self.wire.reset();
                Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
            }
        }
    }
}

impl Body for FakeBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        if this.at >= this.script.to {
            return this.end(cx);
        }
        let mut most = PIECE_BYTES_MAX;
        if let Some((bytes, every)) = this.script.drip {
            ready!(this.rest(cx, every));
            most = bytes.max(1);
        }
        let piece = this.script.source.piece(this.at, this.script.to.min(this.at + most));
        if piece.is_empty() {
            this.at = this.script.to;
            return this.end(cx);
        }
        this.at += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.script.to && self.script.ending == Ending::Close
    }
}

impl Drop for FakeBody {
    fn drop(&mut self) {
        // A body of known length is dropped at its last byte, and flushed after that.
        if let Ending::Surplus(bytes) = self.script.ending {
            self.wire.add_surplus(bytes);
        }
        if let Some(on_end) = self.on_end.take() {
            on_end(self.at - self.script.from);
        }
    }
}
