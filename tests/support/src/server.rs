//! Sockets: a thread with its own runtime, accepting until it is told to stop.
//!
//! Owns: listeners, connections, TLS and resets. Invariant: nothing outlives [`Server`]; the caller's
//! runtime and its clock are never used. May import: `front`, `body`, `tls`, `world`. Tests: `tests/`.

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::io;
use std::net::TcpListener as StdListener;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::body::Wire;
use crate::front;
use crate::world::World;

/// A running server; dropping it closes every socket.
#[derive(Debug)]
pub(crate) struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `world` on `listeners`.
    pub(crate) fn start(
        world: Arc<World>,
        listeners: Vec<StdListener>,
        tls: Option<TlsAcceptor>,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("fake-google".to_owned()).spawn(move || {
            runtime.block_on(async {
                for listener in listeners {
                    if let Ok(listener) = TcpListener::from_std(listener) {
                        tokio::spawn(accept(listener, Arc::clone(&world), tls.clone()));
                    }
                }
                let _ = stopped.await;
            });
            runtime.shutdown_background();
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, world: Arc<World>, tls: Option<TlsAcceptor>) {
    // Ends when the runtime is dropped.
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (wire, world, tls) = (Arc::new(Wire::default()), Arc::clone(&world), tls.clone());
        let stream = Resettable { stream, wire: Arc::clone(&wire) };
        tokio::spawn(async move {
            match tls {
                None => serve(stream, world, wire).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, world, wire).await;
                    }
                }
            }
        });
    }
}

async fn serve<S>(stream: S, world: Arc<World>, wire: Arc<Wire>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| front::answer(Arc::clone(&world), Arc::clone(&wire), request));
    let builder = auto::Builder::new(TokioExecutor::new());
    // A client that goes away, or a fault, ends the connection with an error that nobody needs.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

/// A stream that ends in a TCP RST if a fault asked for one.
struct Resettable {
    stream: TcpStream,
    wire: Arc<Wire>,
}

impl Resettable {
    fn check(&self) -> io::Result<()> {
        if self.wire.is_reset() { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Drop for Resettable {
    fn drop(&mut self) {
        if self.wire.is_reset() {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Resettable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Resettable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        // What the answer has of bytes was handed to the socket before it is flushed.
        let surplus = self.wire.take_surplus();
        if surplus > 0 {
            let junk = vec![b'#'; usize::try_from(surplus).unwrap_or(0)];
            // A socket that is full takes some of it, which is as good.
            let _ = Pin::new(&mut self.stream).poll_write(cx, &junk)?;
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
