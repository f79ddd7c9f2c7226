//! The side of `status` and `sync`: asks the daemon, if one serves the same configuration.
//!
//! Owns: one connection a request. Invariant: a daemon of another configuration counts as none; no answer is waited for
//! without a bound. May import: `media`, `status`. Tests: `tests.rs`.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::time::timeout;

use crate::control::framing::{read_line, write_line};
use crate::control::wire::{PROTOCOL_VERSION, Reply, ReplyLine, Request, RequestLine};
use crate::media::LibraryName;
use crate::status::DaemonStatus;

/// The longest reply, bytes: the status of a thousand libraries with their failures.
const REPLY_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How long the daemon may take to accept and to read a request.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// How long the daemon may be silent: it repeats a library's status well within this.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// How long a status may take: the daemon has it at hand, and monitors lose their own patience after ten seconds.
const STATUS_PATIENCE: Duration = Duration::from_secs(8);

/// A conversation with the daemon: one request, its replies.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<OwnedReadHalf>,
}

/// The daemon cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The socket is there, but the connection fails.
    #[error("cannot talk to the daemon at `{}`", .path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Error,
    },
    /// The daemon refuses.
    #[error("the daemon refuses: {0}")]
    Refused(String),
}

// === impl Client ===

impl Client {
    /// The status of the daemon at `path`, if one is there and serves the configuration `config`; none otherwise.
    ///
    /// # Errors
    /// If a daemon is there but cannot be asked, for want of rights say.
    pub async fn status(path: &Path, config: &Path) -> Result<Option<DaemonStatus>, ClientError> {
        let Some(mut client) = Self::ask(path, Request::Status).await? else { return Ok(None) };
        let answer = timeout(STATUS_PATIENCE, client.next()).await;
        match answer.unwrap_or_else(|_| Err(no_answer())).map_err(fault(path))? {
            Some(Reply::Status { status }) => {
                Ok(Some(*status).filter(|status| is_same(&status.config, config)))
            }
            Some(Reply::Refused { reason }) => Err(ClientError::Refused(reason)),
            Some(Reply::Library { .. } | Reply::Ended { .. }) | None => {
                Err(fault(path)(Error::new(ErrorKind::InvalidData, "it did not answer the question")))
            }
        }
    }

    /// Tells the daemon at `path` that the token file of `library` has changed; it has looked at it when this ends.
    ///
    /// # Errors
    /// If a daemon is there but cannot be told, or does not know the library.
    pub async fn look(path: &Path, library: &LibraryName) -> Result<(), ClientError> {
        let Some(mut client) = Self::ask(path, Request::Look { library: library.clone() }).await? else {
            return Ok(());
        };
        let answer = timeout(STATUS_PATIENCE, client.next()).await;
        match answer.unwrap_or_else(|_| Err(no_answer())).map_err(fault(path))? {
            Some(Reply::Refused { reason }) => Err(ClientError::Refused(reason)),
            Some(Reply::Status { .. } | Reply::Library { .. } | Reply::Ended { .. }) | None => Ok(()),
        }
    }

    /// Sends `request` to the daemon at `path`; none if no daemon is there.
    ///
    /// # Errors
    /// If a daemon is there but cannot be asked.
    pub async fn ask(path: &Path, request: Request) -> Result<Option<Self>, ClientError> {
        let connected = timeout(CONNECT_PATIENCE, UnixStream::connect(path)).await;
        let stream = match connected.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())) {
            Ok(stream) => stream,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(fault(path)(error)),
        };
        let (reader, mut writer) = stream.into_split();
        let line = RequestLine { version: PROTOCOL_VERSION, request };
        match write_line(&mut writer, &line, CONNECT_PATIENCE).await {
            // A busy daemon says so and closes, without waiting for what it is asked.
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {}
            written => written.map_err(fault(path))?,
        }
        // The half that is kept keeps the connection; the daemon reads no second request.
        writer.forget();
        Ok(Some(Self { reader: BufReader::new(reader) }))
    }

    /// The next reply; none when the daemon has ended the conversation.
    ///
    /// # Errors
    /// If the connection breaks, the daemon is silent for too long, or speaks another version.
    pub async fn next(&mut self) -> Result<Option<Reply>, Error> {
        let line = read_line::<ReplyLine>(&mut self.reader, REPLY_BYTES_MAX, SILENCE_MAX).await?;
        match line {
            Some(line) if line.version != PROTOCOL_VERSION => {
                Err(Error::new(ErrorKind::InvalidData, format!("the daemon speaks version {}", line.version)))
            }
            line => Ok(line.map(|line| line.reply)),
        }
    }
}

/// A daemon that holds its socket and does not answer, as one that hangs until its watchdog ends it.
fn no_answer() -> Error {
    let secs = STATUS_PATIENCE.as_secs();
    Error::new(
        ErrorKind::TimedOut,
        format!("no answer within {secs} seconds; the daemon hangs, or the machine is overloaded"),
    )
}

/// No socket, a stale one, no folder, or a path that no socket can have: nobody serves.
fn is_absent(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::ConnectionRefused
            | ErrorKind::NotADirectory
            | ErrorKind::InvalidInput
    )
}

/// Whether both paths lead to one file, however they are written.
fn is_same(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    a == b || real(a) == real(b)
}

fn fault(path: &Path) -> impl FnOnce(Error) -> ClientError {
    let path = path.to_owned();
    move |source| ClientError::Io { path, source }
}
