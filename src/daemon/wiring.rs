//! From a configuration to jobs: what all libraries share, and the chain of each one.
//!
//! Owns: the one limiter, the one HTTP transport and the one client secret. Invariant: opens nothing of a library; a root that
//! is gone fails its own run only. May import: everything below the supervisor. Tests: in `tests/it`.

use rustix::process::geteuid;
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Semaphore;

use crate::auth::{Authorizer, ClientSecret, ClientSecretError, TOKEN_FILE_NAME};
use crate::config::{Config, Library, SourceKind};
use crate::daemon::confine::STATE_DIR_MODE;
use crate::daemon::told;
use crate::exit::Exit;
use crate::fs::{Lock, LockError};
use crate::google::{GoogleClient, Transport};
use crate::job::{Job, Shared, SyncJob};
use crate::limiter::{Limiter, LimiterError};
use crate::secret::Secret;
use crate::source::Source;
use crate::supervisor::Spec;
use crate::supervisor::schedule::DueAfter;
use crate::systemd::Credential;

/// The file whose lock says which process sends requests for the state folder's quotas.
const LOCK_NAME: &str = "limiter.lock";

/// What all libraries of one configuration share.
pub struct Engine {
    /// The configuration.
    pub config: Config,
    /// The limiter of all requests.
    pub limiter: Limiter,
    /// Leave to download, for all libraries together.
    downloads: Arc<Semaphore>,
    google: Option<GoogleSide>,
    /// Two limiters over one state would each let the whole quota through.
    lock: Arc<Lock>,
}

/// What it takes to talk to Google; a configuration whose libraries live on exports alone needs none of it.
#[derive(Clone)]
pub(crate) struct GoogleSide {
    client: Arc<ClientSecret>,
    transport: Transport,
    /// The file as it was read, to see whether a reload brings another.
    pub(crate) content: Secret,
}

/// The parts that all libraries share cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No usable client secret; the text has the path and a hint.
    #[error(transparent)]
    ClientSecret(#[from] ClientSecretError),
    /// The state folder cannot be made, or nothing can be written in it.
    #[error("cannot keep the daemon's state in `{}`", .path.display())]
    StateDir {
        /// Where.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// Root is to work with another user's state.
    #[error("the state in `{}` belongs to another user, and what root writes there and in the libraries would shut that user's daemon out\n{}",
        .path.display(), hint_to_become(*.owner))]
    OfAnother {
        /// Where.
        path: PathBuf,
        /// The number of the user to whom it belongs.
        owner: u32,
    },
    /// Root is to write in another user's library.
    #[error("the library in `{}` belongs to another user, whose daemon could not read what root writes there\nhint: be that user: sudo -u '#{owner}' gphotos-syncd import ...", .path.display())]
    LibraryOfAnother {
        /// Its root.
        path: PathBuf,
        /// The number of the user to whom it belongs.
        owner: u32,
    },
    /// Another process sends requests.
    #[error("another gphotos-syncd{} sends requests already, and the quota is one for all libraries\nhint: wait for its end, or name several libraries in one command: `gphotos-syncd sync alice bob`",
        .holder.map_or_else(String::new, |pid| format!(" (process {pid})")))]
    Busy {
        /// Its process id, where it is readable.
        holder: Option<u32>,
    },
    /// No limiter.
    #[error("cannot keep the limiter's state in `{}`", .path.display())]
    Limiter {
        /// Where.
        path: PathBuf,
        /// The cause.
        #[source]
        source: LimiterError,
    },
    /// No TLS.
    #[error("cannot set up HTTPS: {0}")]
    Transport(String),
}

// === impl BuildError ===

impl BuildError {
    /// How the program ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::StateDir { source, .. } => Exit::of_io(source),
            Self::Limiter { source, .. } => Exit::of_io(&source.source),
            Self::OfAnother { .. } | Self::LibraryOfAnother { .. } => Exit::NoPermission,
            Self::ClientSecret(error) if error.is_denied() => Exit::NoPermission,
            Self::Busy { .. } => Exit::TryLater,
            Self::ClientSecret(_) | Self::Transport(_) => Exit::Config,
        }
    }

    /// The error with its causes, and with what a person can do where the state belongs to another user.
    pub fn told(&self) -> String {
        let denied = match self {
            Self::StateDir { path, source } => Some((path, source)),
            Self::Limiter { path, source } => Some((path, &source.source)),
            Self::ClientSecret(_)
            | Self::OfAnother { .. }
            | Self::LibraryOfAnother { .. }
            | Self::Busy { .. }
            | Self::Transport(_) => None,
        }
        .filter(|(_, source)| source.kind() == std::io::ErrorKind::PermissionDenied);
        match denied.and_then(|(path, _)| other_owner(path)) {
            Some(owner) => format!("{}\n{}", told(self), hint_to_become(owner)),
            None => told(self),
        }
    }
}

/// The user to whom `folder` belongs; none if that is this process's own, or cannot be told.
fn other_owner(folder: &Path) -> Option<u32> {
    let owner = std::fs::metadata(folder).ok()?.uid();
    (owner != geteuid().as_raw()).then_some(owner)
}

fn hint_to_become(owner: u32) -> String {
    format!(
        "hint: start the daemon, which does it then: sudo systemctl start gphotos-syncd; or be that user: sudo -u '#{owner}' gphotos-syncd sync"
    )
}

/// Root may write everywhere, and leaves files behind that the daemon's own user may not even read; so it keeps its hands off the
/// state of another.
fn refuse_root(state_dir: &Path) -> Result<(), BuildError> {
    match other_owner(state_dir).filter(|_| geteuid().is_root()) {
        Some(owner) => Err(BuildError::OfAnother { path: state_dir.to_owned(), owner }),
        None => Ok(()),
    }
}

fn locked(error: LockError, state_dir: &Path) -> BuildError {
    match error {
        LockError::Held { holder, .. } => BuildError::Busy { holder },
        LockError::None { source, .. } | LockError::Fs(crate::fs::FsError { source, .. }) => {
            BuildError::StateDir { path: state_dir.to_owned(), source }
        }
    }
}

// === impl Engine ===

impl Engine {
    /// Makes what all libraries of `config` share; the state folder is created (mode 0700) if need be.
    ///
    /// # Errors
    /// See [`BuildError`]; a missing client secret is one only if a library asks Google.
    pub fn build(config: Config, secret_flag: Option<&Path>, state_dir: &Path) -> Result<Self, BuildError> {
        let google = GoogleSide::open(&config, secret_flag)?;
        let made = DirBuilder::new().recursive(true).mode(STATE_DIR_MODE).create(state_dir);
        made.map_err(|source| BuildError::StateDir { path: state_dir.to_owned(), source })?;
        refuse_root(state_dir)?;
        let lock = Lock::take(&state_dir.join(LOCK_NAME)).map_err(|error| locked(error, state_dir))?;
        let limiter = Limiter::open(&config.limits, Some(state_dir))
            .map_err(|source| BuildError::Limiter { path: state_dir.to_owned(), source })?;
        limiter.set_libraries(config.libraries.len());
        let downloads = Arc::new(Semaphore::new(config.limits.downloads));
        Ok(Self { config, limiter, downloads, google, lock: Arc::new(lock) })
    }

    /// The same limiter under another configuration; what was open stays open until its last user is done.
    ///
    /// # Errors
    /// See [`BuildError`]; nothing is changed then.
    pub(crate) fn rebuild(&self, config: Config, secret_flag: Option<&Path>) -> Result<Self, BuildError> {
        let google = GoogleSide::open(&config, secret_flag)?;
        let downloads = if config.limits.downloads == self.config.limits.downloads {
            Arc::clone(&self.downloads)
        } else {
            Arc::new(Semaphore::new(config.limits.downloads))
        };
        let lock = Arc::clone(&self.lock);
        Ok(Self { config, limiter: self.limiter.clone(), downloads, google, lock })
    }

    /// Whether the jobs of both are given the same things besides their library's own settings: application, endpoints,
    /// and those limits that a job keeps for itself.
    pub(crate) fn equips_as(&self, other: &Self) -> bool {
        let content = |engine: &Self| engine.google.as_ref().map(|google| google.content.clone());
        let kept = |engine: &Self| {
            let limits = &engine.config.limits;
            (limits.downloads, limits.min_free_space, limits.rest_after_fault, limits.stall_timeout)
        };
        self.config.google.endpoints == other.config.google.endpoints
            && content(self) == content(other)
            && kept(self) == kept(other)
    }

    /// Every library for the supervisor.
    pub fn specs(&self) -> Vec<Arc<Spec>> {
        self.config.libraries.values().filter_map(|library| self.spec(library)).collect()
    }

    /// One library for the supervisor.
    pub(crate) fn spec(&self, library: &Library) -> Option<Arc<Spec>> {
        let schedule = library.schedule.clone();
        Some(Arc::new(Spec {
            name: library.name.clone(),
            root: library.root.clone(),
            due_after: Box::new(move || {
                let schedule = schedule.clone();
                let due_after: DueAfter = Box::new(move |now| {
                    schedule.next_after(&now.with_timezone(&chrono::Local)).map(|due| due.to_utc())
                });
                due_after
            }),
            splay: library.splay,
            job: self.job(library)?,
        }))
    }

    /// The job of one library; none without what it takes to talk to Google, which any library that asks Google brings.
    pub fn job(&self, library: &Library) -> Option<Arc<dyn Job>> {
        let (source, drive, auth) = match &self.google {
            _ if !library.needs_google() => (Source::Offline, None, None),
            Some(google) => self.way_to_google(google, library),
            None => return None,
        };
        let shared = Shared {
            source,
            drive,
            auth,
            limiter: self.limiter.clone(),
            downloads: Arc::clone(&self.downloads),
            downloads_at_once: self.config.limits.downloads,
            min_free_space: self.config.limits.min_free_space,
            rest_after_fault: self.config.limits.rest_after_fault,
        };
        Some(Arc::new(SyncJob::new(Arc::new(library.clone()), shared)))
    }

    fn way_to_google(
        &self,
        google: &GoogleSide,
        library: &Library,
    ) -> (Source, Option<GoogleClient>, Option<Authorizer>) {
        let name = library.name.clone();
        let auth = Authorizer::new(
            name.clone(),
            library.root.join(TOKEN_FILE_NAME),
            Arc::clone(&google.client),
            google.transport.json(),
            self.limiter.clone(),
        );
        let client = GoogleClient::new(
            name,
            google.transport.clone(),
            self.config.google.endpoints.clone(),
            auth.clone(),
            self.limiter.clone(),
        );
        let has = |source| library.sources.contains(&source);
        let drive = has(SourceKind::Drive).then(|| client.clone());
        let source = if has(SourceKind::LibraryApi) { Source::from(client) } else { Source::Offline };
        (source, drive, Some(auth))
    }
}

/// What to do about a client secret that is in systemd's keeping, and is not handed over.
fn let_the_unit_load(kept: &Credential) -> String {
    format!(
        "the daemon gets it if the unit's [Service] section has `{}={}:{}`: sudo systemctl edit gphotos-syncd, then sudo systemctl \
         restart gphotos-syncd",
        kept.setting,
        kept.name(),
        kept.file.display()
    )
}

/// A job over `library` that can take in exports and verify, and nothing else: it needs no secret and asks nobody.
///
/// # Errors
/// See [`BuildError`]: root keeps its hands off another user's library.
pub fn offline_job(config: &Config, library: &Library) -> Result<SyncJob, BuildError> {
    if let Some(owner) = other_owner(&library.root).filter(|_| geteuid().is_root()) {
        return Err(BuildError::LibraryOfAnother { path: library.root.clone(), owner });
    }
    let limiter = Limiter::open(&config.limits, None)
        .map_err(|source| BuildError::Limiter { path: config.path.clone(), source })?;
    let shared = Shared {
        source: Source::Offline,
        drive: None,
        auth: None,
        limiter,
        downloads: Arc::new(Semaphore::new(config.limits.downloads)),
        downloads_at_once: config.limits.downloads,
        min_free_space: config.limits.min_free_space,
        rest_after_fault: config.limits.rest_after_fault,
    };
    Ok(SyncJob::new(Arc::new(library.clone()), shared))
}

// === impl GoogleSide ===

impl GoogleSide {
    fn open(config: &Config, secret_flag: Option<&Path>) -> Result<Option<Self>, BuildError> {
        if !config.libraries.values().any(Library::needs_google) {
            return Ok(None);
        }
        let credentials_dir = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let path = ClientSecret::find(secret_flag, config, credentials_dir.as_deref())
            .map_err(|error| error.or_kept(Credential::installed(), let_the_unit_load))?;
        let client = ClientSecret::load(&path)?;
        let content = std::fs::read_to_string(&path)
            .map_err(|error| ClientSecretError::Unreadable { path, cause: error.to_string() })?;
        let transport =
            Transport::new(&config.google.endpoints, &config.limits).map_err(BuildError::Transport)?;
        Ok(Some(Self { client: Arc::new(client), transport, content: Secret::new(content) }))
    }
}
