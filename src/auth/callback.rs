//! The loopback listener that a browser brings the answer of a consent to.
//!
//! Owns: a tiny HTTP server on 127.0.0.1 and its pages. Invariant: it listens on loopback only, serves nothing but its own
//! two pages, and every size, count and wait is bounded; requests without this consent's `state` change nothing.
//! May import: `secret`. Tests: `callback/tests.rs`.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use url::Url;

use crate::auth::consent::{Consent, ConsentError};
use crate::secret::Secret;

/// A browser's request for a redirected address has about 2 KiB, bytes.
const REQUEST_BYTES_MAX: usize = 16 * 1024;
/// Browsers open a few connections ahead and leave them silent.
const CONNECTIONS_MAX: usize = 16;
/// A connection that has not asked by then is closed, seconds.
const CONNECTION_SECS_MAX: u64 = 10;
/// Failures of accepting one connection; more mean that the socket itself ails.
const ACCEPT_FAILURES_MAX: u32 = 100;
/// The only path that is answered.
const PATH: &str = "/";

/// The listener on 127.0.0.1.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    redirect: Url,
    port: u16,
}

/// The browser that brought the answer and still waits for a page.
#[derive(Debug)]
pub(crate) struct Browser(TcpStream);

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallbackError {
    /// Somebody else has the port.
    #[error(
        "port {port} of 127.0.0.1 is taken by another program\nhint: choose another with --port, or leave --port out to get a free one"
    )]
    Taken {
        /// The port.
        port: u16,
    },
    /// The port needs more rights.
    #[error(
        "permission denied listening on port {port} of 127.0.0.1\nhint: choose a port from 1024 on with --port"
    )]
    Denied {
        /// The port.
        port: u16,
    },
    /// The network does not let us.
    #[error("cannot listen on port {port} of 127.0.0.1: {cause}\nhint: use --manual, which needs no port")]
    Listen {
        /// The port.
        port: u16,
        /// The system's words.
        cause: String,
    },
}

/// What a connection brought: the code, or why not, and the browser to answer.
type Brought = (Result<Secret, ConsentError>, Browser);

// === impl Listener ===

impl Listener {
    /// Listens on `port` of 127.0.0.1; 0 takes any free one.
    ///
    /// # Errors
    /// See [`CallbackError`].
    pub(crate) async fn bind(port: u16) -> Result<Self, CallbackError> {
        let fault = |error: io::Error| {
            if error.kind() == io::ErrorKind::AddrInUse {
                CallbackError::Taken { port }
            } else if error.kind() == io::ErrorKind::PermissionDenied {
                CallbackError::Denied { port }
            } else {
                CallbackError::Listen { port, cause: error.to_string() }
            }
        };
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(fault)?;
        let port = socket.local_addr().map_err(fault)?.port();
        let redirect = Url::parse(&format!("http://127.0.0.1:{port}{PATH}"))
            .map_err(|error| CallbackError::Listen { port, cause: error.to_string() })?;
        Ok(Self { socket, redirect, port })
    }

    /// The port it got.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address that the browser is to be sent to.
    pub(crate) fn redirect(&self) -> &Url {
        &self.redirect
    }

    /// Waits, as long as the caller lets it, for the browser with the answer to `consent`.
    ///
    /// # Errors
    /// If the socket ails. A refused consent is among the values.
    pub(crate) async fn wait(&self, consent: &Consent) -> Result<Brought, CallbackError> {
        let consent = Arc::new(consent.clone());
        let mut connections: JoinSet<Option<Brought>> = JoinSet::new();
        let mut failures = 0;
        // Ends with the answer, with too many failures, or by the caller's time-out.
        loop {
            tokio::select! {
                accepted = self.socket.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve_in_time(stream, Arc::clone(&consent)));
                    }
                    Err(error) => {
                        failures += 1;
                        if failures > ACCEPT_FAILURES_MAX {
                            return Err(CallbackError::Listen { port: self.port, cause: error.to_string() });
                        }
                    }
                },
                Some(ended) = connections.join_next() => {
                    if let Ok(Some(brought)) = ended {
                        return Ok(brought);
                    }
                }
            }
        }
    }
}

async fn serve_in_time(stream: TcpStream, consent: Arc<Consent>) -> Option<Brought> {
    timeout(Duration::from_secs(CONNECTION_SECS_MAX), serve(stream, &consent)).await.ok().flatten()
}

/// Reads one request; a stray one is answered and forgotten.
async fn serve(mut stream: TcpStream, consent: &Consent) -> Option<Brought> {
    let head = read_head(&mut stream).await?;
    let answer = match query_of(&head) {
        Some(query) => consent.code_in(&query),
        None => Err(ConsentError::Stray),
    };
    let browser = Browser(stream);
    match answer {
        Ok(_) | Err(ConsentError::Refused { .. }) => Some((answer, browser)),
        Err(ConsentError::Stray | ConsentError::WrongState) => {
            let text = "This address does not belong to the login that is under way. Please use the address that the terminal shows.";
            browser.answer(false, "Not this one", text).await;
            None
        }
    }
}

/// The head of a request, up to its empty line; none if it is too long, or the connection ends.
async fn read_head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    let mut chunk = [0; 4096];
    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        let read = stream.read(&mut chunk).await.ok()?;
        if read == 0 || head.len() + read > REQUEST_BYTES_MAX {
            return None;
        }
        head.extend_from_slice(&chunk[..read]);
    }
    Some(head)
}

/// The query of a GET of [`PATH`].
fn query_of(head: &[u8]) -> Option<String> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let (path, query) = target.split_once('?')?;
    (method == "GET" && path == PATH && version.starts_with("HTTP/1.")).then(|| query.to_owned())
}

// === impl Browser ===

impl Browser {
    /// Shows the page and closes the connection. A browser that went away is not missed: the terminal says the same.
    pub(crate) async fn answer(mut self, good: bool, title: &str, text: &str) {
        let page = page_of(good, title, text);
        let sent = timeout(Duration::from_secs(CONNECTION_SECS_MAX), async {
            self.0.write_all(page.as_bytes()).await?;
            self.0.shutdown().await
        });
        if !matches!(sent.await, Ok(Ok(()))) {
            tracing::debug!("the browser did not take the page");
        }
    }
}

/// The whole answer: a page that loads nothing from anywhere, and that no cache or next page learns the address of.
fn page_of(good: bool, title: &str, text: &str) -> String {
    let (status, colour) = if good { ("200 OK", "#1a7f37") } else { ("400 Bad Request", "#b42318") };
    let (title, text) = (escape(title), escape(text));
    let body = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>gphotos-syncd: {title}</title><style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem}}\
         h1{{font-size:1.4rem;color:{colour}}}@media(prefers-color-scheme:dark){{body{{background:#161616;color:#eee}}}}</style></head>\
         <body><h1>{title}</h1><p>{text}</p></body></html>\n"
    );
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\nReferrer-Policy: no-referrer\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests;
