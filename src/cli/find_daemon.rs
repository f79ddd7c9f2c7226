//! Which daemon, if any, serves the configuration that a command is for.
//!
//! Owns: the difference between no daemon and one that cannot be asked. Invariant: asks for no run.
//! May import: `control`, `daemon`, `exit`, `media`, `status`. Tests: in `tests/it`.

use std::path::{Path, PathBuf};

use crate::control::{Client, ClientError};
use crate::daemon::{Places, told};
use crate::exit::Exit;
use crate::media::LibraryName;
use crate::status::DaemonStatus;

/// A daemon that serves the configuration.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where it is asked.
    pub(crate) socket: PathBuf,
    /// What it answered.
    pub(crate) status: DaemonStatus,
}

/// The daemon of the configuration `config`; none if there is none.
///
/// # Errors
/// If a daemon is at this configuration's own socket but cannot be asked: doing its work beside it would be wrong. At any
/// other socket it most likely serves another configuration.
pub(crate) async fn find_daemon(config: &Path, places: &Places) -> Result<Option<Found>, (Exit, String)> {
    for socket in &places.sockets {
        match Client::status(socket, config).await {
            Ok(Some(status)) => return Ok(Some(Found { socket: socket.clone(), status })),
            Ok(None) => {}
            Err(error) if *socket == places.socket => return Err(refusal(&error)),
            Err(error) => tracing::debug!("{}", told(&error)),
        }
    }
    Ok(None)
}

/// Has the daemon, if one serves the configuration `config`, look at `library` now: its token file has changed, or what is known of its
/// files. One that cannot be told looks by itself, only later.
pub(crate) async fn ask_to_look(config: &Path, library: &LibraryName) {
    let told = match find_daemon(config, &Places::find(config)).await {
        Ok(Some(found)) => Client::look(&found.socket, library).await.map_err(|error| told(&error)),
        Ok(None) => Ok(()),
        Err((_, reason)) => Err(reason),
    };
    if let Err(reason) = told {
        tracing::debug!(%library, "the daemon was not told to look: {reason}");
    }
}

fn refusal(error: &ClientError) -> (Exit, String) {
    match error {
        ClientError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            let hint = "hint: run the command with `sudo`, or as a member of the group `gphotos-syncd`";
            (Exit::NoPermission, format!("{}\n{hint}", told(error)))
        }
        ClientError::Io { .. } | ClientError::Refused(_) => (Exit::TryLater, told(error)),
    }
}
