//! The daemon's side of the control socket.
//!
//! Owns: the socket file and the lock beside it. Invariant: the lock is held as long as the server lives, so a socket without
//! a held lock is stale; what is asked is answered by whoever receives the [`Call`]s. May import: `shutdown`.
//! Tests: `tests.rs`.

use std::fs::{DirBuilder, File, Permissions, TryLockError};
use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::BufReader;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};

use crate::control::framing::{read_line, write_line};
use crate::control::wire::{PROTOCOL_VERSION, Reply, ReplyLine, Request, RequestLine};
use crate::shutdown::Stop;

/// The longest request, bytes: room for a thousand library names.
const REQUEST_BYTES_MAX: u64 = 65_536;

/// Connections at once: some monitors and a few persons.
const CONNECTIONS_MAX: usize = 16;

/// Replies that wait for a slow client, for each request.
pub const REPLIES_WAITING_MAX: usize = 16;

/// How long a client may take for its request, and for reading one reply.
const CLIENT_PATIENCE: Duration = Duration::from_secs(10);

/// The rest after a failed accept (no file descriptors left, say).
const ACCEPT_REST: Duration = Duration::from_secs(1);

/// The longest path of a socket, bytes: `sun_path` of unix(7) less its end.
const PATH_BYTES_MAX: usize = 107;

/// A request and the way back. The last reply's sender, dropped, ends the connection.
#[derive(Debug)]
pub struct Call {
    /// What is asked.
    pub request: Request,
    /// Where the answers go; closed when the client is gone.
    pub replies: mpsc::Sender<Reply>,
}

/// The bound control socket.
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
    _lock: File,
}

/// The control socket cannot be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another daemon serves it.
    #[error(
        "another daemon, process {}, serves `{}`",
        .pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string()), .path.display()
    )]
    Alive {
        /// The other's process id, where it is known.
        pid: Option<u32>,
        /// The socket.
        path: PathBuf,
    },
    /// No socket can have a path that long.
    #[error(
        "the path of the control socket `{}` has {} bytes, and a socket's path has at most {PATH_BYTES_MAX}\n\
         hint: set RUNTIME_DIRECTORY to a folder with a shorter path, such as /run/gphotos-syncd",
        .path.display(), .path.as_os_str().len()
    )]
    TooLong {
        /// The socket.
        path: PathBuf,
    },
    /// The file system refuses.
    #[error("cannot {what} `{}`", .path.display())]
    Io {
        /// The operation.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Error,
    },
}

// === impl Server ===

impl Server {
    /// Binds the socket at `path` (mode 0660), creating its folder (mode 0750) and removing a stale socket.
    ///
    /// # Errors
    /// See [`BindError`].
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        if path.as_os_str().len() > PATH_BYTES_MAX {
            return Err(BindError::TooLong { path: path.to_owned() });
        }
        let dir = path.parent().unwrap_or(Path::new("."));
        let created = DirBuilder::new().recursive(true).mode(0o750).create(dir);
        created.map_err(fault("create the folder", dir))?;
        let lock = take_lock(path)?;
        // Bound under another name first, so that nobody meets it before its mode is right.
        let fresh = path.with_extension("new");
        remove_if_there(&fresh).map_err(fault("remove", &fresh))?;
        let listener = UnixListener::bind(&fresh).map_err(fault("bind", &fresh))?;
        let mode = Permissions::from_mode(0o660);
        std::fs::set_permissions(&fresh, mode).map_err(fault("set the mode of", &fresh))?;
        std::fs::rename(&fresh, path).map_err(fault("move the socket to", path))?;
        Ok(Self { listener, path: path.to_owned(), _lock: lock })
    }

    /// Serves until `stop`, handing every request to `calls`; the socket goes with the server.
    pub async fn serve(self, calls: mpsc::Sender<Call>, stop: Stop) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        // What ails is said once until it is over: clients that try again and again must not fill the journal.
        let (mut is_deaf, mut is_full) = (false, false);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.begun() => break,
            };
            let stream = match accepted {
                Ok((stream, _)) => {
                    is_deaf = false;
                    stream
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_deaf, true) {
                        tracing::warn!(%error, "the control socket does not accept");
                    }
                    tokio::time::sleep(ACCEPT_REST).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                if !std::mem::replace(&mut is_full, true) {
                    tracing::warn!("the control socket has {CONNECTIONS_MAX} connections; more are refused");
                }
                if let Err(error) = turn_away(stream) {
                    tracing::debug!(%error, "a control connection was turned away without a word");
                }
                continue;
            };
            is_full = false;
            let calls = calls.clone();
            tokio::spawn(async move {
                if let Err(error) = converse(stream, calls).await {
                    tracing::debug!(%error, "a control connection ended early");
                }
                drop(place);
            });
        }
    }
}

/// Says that the daemon is busy. The line fits into the socket's buffer, so nothing waits for the client.
fn turn_away(stream: UnixStream) -> Result<(), Error> {
    let reason =
        format!("it is busy, with {CONNECTIONS_MAX} connections at once\nhint: try again in some seconds");
    let line = ReplyLine { version: PROTOCOL_VERSION, reply: Reply::Refused { reason } };
    let mut bytes = serde_json::to_vec(&line)?;
    bytes.push(b'\n');
    stream.into_std()?.write_all(&bytes)
}

/// One connection: one request, its replies, the end.
async fn converse(stream: UnixStream, calls: mpsc::Sender<Call>) -> Result<(), Error> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let line = read_line::<RequestLine>(&mut reader, REQUEST_BYTES_MAX, CLIENT_PATIENCE).await;
    let request = match line {
        Ok(None) => return Ok(()),
        Ok(Some(line)) if line.version == PROTOCOL_VERSION => line.request,
        Ok(Some(line)) => {
            let reason = format!("the daemon speaks version {PROTOCOL_VERSION}, not {}", line.version);
            return refuse(&mut writer, reason).await;
        }
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            return refuse(&mut writer, format!("the request cannot be understood: {error}")).await;
        }
        Err(error) => return Err(error),
    };
    let (sender, mut replies) = mpsc::channel(REPLIES_WAITING_MAX);
    if calls.send(Call { request, replies: sender }).await.is_err() {
        return refuse(&mut writer, "the daemon is stopping".to_owned()).await;
    }
    while let Some(reply) = replies.recv().await {
        write_line(&mut writer, &ReplyLine { version: PROTOCOL_VERSION, reply }, CLIENT_PATIENCE).await?;
    }
    Ok(())
}

async fn refuse(writer: &mut tokio::net::unix::OwnedWriteHalf, reason: String) -> Result<(), Error> {
    let reply = Reply::Refused { reason };
    write_line(writer, &ReplyLine { version: PROTOCOL_VERSION, reply }, CLIENT_PATIENCE).await
}

/// Takes the lock beside the socket, and leaves this process's id in it.
fn take_lock(path: &Path) -> Result<File, BindError> {
    let lock_path = path.with_extension("lock");
    let opened = File::options().read(true).write(true).create(true).truncate(false).open(&lock_path);
    let mut lock = opened.map_err(fault("open", &lock_path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = std::fs::read_to_string(&lock_path).unwrap_or_default();
            return Err(BindError::Alive { pid: holder.trim().parse().ok(), path: path.to_owned() });
        }
        Err(TryLockError::Error(source)) => return Err(fault("lock", &lock_path)(source)),
    }
    let written = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
    written.map_err(fault("write", &lock_path))?;
    Ok(lock)
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = remove_if_there(&self.path) {
            tracing::debug!(%error, "cannot remove the control socket");
        }
    }
}

fn remove_if_there(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn fault(what: &'static str, path: &Path) -> impl FnOnce(Error) -> BindError {
    let path = path.to_owned();
    move |source| BindError::Io { what, path, source }
}
