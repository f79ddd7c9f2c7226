//! Where the daemon keeps its state and its control socket.
//!
//! Owns: the choice of folders. Invariant: pure but for the environment; creates nothing. May import: `control`.
//! Tests: below.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::control::SOCKET_NAME;

/// The configuration if nothing else is named.
pub const DEFAULT_CONFIG: &str = "/etc/gphotos-syncd/config.toml";

/// The state folder of the default configuration: `StateDirectory=` of the unit.
const DEFAULT_STATE_DIR: &str = "/var/lib/gphotos-syncd";

/// The folder of the control socket of the default configuration: `RuntimeDirectory=` of the unit.
const DEFAULT_RUNTIME_DIR: &str = "/run/gphotos-syncd";

/// Folders and files of one configuration's daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Where state is kept: the day budgets.
    pub state_dir: PathBuf,
    /// The socket that a daemon started here binds.
    pub socket: PathBuf,
    /// Every socket where a daemon of this configuration may be asked: this process may have another environment.
    pub sockets: Vec<PathBuf>,
}

// === impl Places ===

impl Places {
    /// The places of the configuration at `config`, in this process's environment.
    pub fn find(config: &Path) -> Self {
        Self::plan(config, std::env::var_os("STATE_DIRECTORY"), std::env::var_os("RUNTIME_DIRECTORY"))
    }

    /// A configuration away from the default has its state in `state` beside it, and its socket in there too,
    /// so that two daemons with two configurations never meet.
    fn plan(config: &Path, state: Option<OsString>, runtime: Option<OsString>) -> Self {
        let is_default = config == Path::new(DEFAULT_CONFIG);
        let beside = || {
            let config = std::path::absolute(config).unwrap_or_else(|_| config.to_owned());
            config.parent().unwrap_or(Path::new("/")).join("state")
        };
        let state_dir = first(state)
            .unwrap_or_else(|| if is_default { PathBuf::from(DEFAULT_STATE_DIR) } else { beside() });
        let own_dir = if is_default { PathBuf::from(DEFAULT_RUNTIME_DIR) } else { beside() };
        let socket = first(runtime).unwrap_or_else(|| own_dir.clone()).join(SOCKET_NAME);
        let mut sockets = vec![socket.clone()];
        for dir in [own_dir, PathBuf::from(DEFAULT_RUNTIME_DIR)] {
            let other = dir.join(SOCKET_NAME);
            if !sockets.contains(&other) {
                sockets.push(other);
            }
        }
        Self { state_dir, socket, sockets }
    }
}

/// systemd separates several folders by colons; the first is ours.
fn first(value: Option<OsString>) -> Option<PathBuf> {
    let text = value?.into_string().ok()?;
    text.split(':').next().filter(|dir| !dir.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use crate::daemon::paths::{DEFAULT_CONFIG, Places};
    use std::path::{Path, PathBuf};

    #[test]
    fn the_environment_goes_before_the_configurations_own_folders() {
        let table = [
            (DEFAULT_CONFIG, None, None, "/var/lib/gphotos-syncd", "/run/gphotos-syncd/control.sock"),
            ("/srv/c.toml", None, None, "/srv/state", "/srv/state/control.sock"),
            ("/srv/c.toml", Some("/s:/t"), Some("/r:/q"), "/s", "/r/control.sock"),
            ("/srv/c.toml", Some(""), Some(""), "/srv/state", "/srv/state/control.sock"),
        ];
        for (config, state, runtime, state_dir, socket) in table {
            let places = Places::plan(Path::new(config), state.map(Into::into), runtime.map(Into::into));
            assert_eq!(places.state_dir, PathBuf::from(state_dir), "{config} {state:?}");
            assert_eq!(places.socket, PathBuf::from(socket), "{config} {runtime:?}");
        }
    }

    #[test]
    fn a_client_without_the_units_environment_finds_the_units_socket() {
        let places = Places::plan(Path::new("/srv/c.toml"), None, None);
        assert!(places.sockets.contains(&PathBuf::from("/run/gphotos-syncd/control.sock")));
        assert_eq!(Places::plan(Path::new(DEFAULT_CONFIG), None, None).sockets.len(), 1);
    }
}
