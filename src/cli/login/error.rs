//! Why a login came to nothing.
//!
//! Owns: the words for each case, with the command that mends it, and the exit code. Invariant: pure; no code, token or
//! secret in any of them. May import: `auth`, `fs`, `media`, `exit`. Tests: `login/tests.rs`.

use std::path::PathBuf;
use std::time::Duration;

use crate::auth::{CallbackError, ClientSecretError, ConsentError, scope_box, shell_word};
use crate::exit::Exit;
use crate::fs::FsError;
use crate::media::LibraryName;

/// Why a login came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginError {
    /// No such library.
    #[error("there is no library `{library}` in `{}`; {}\nhint: add [library.{library}] to the configuration, or correct the name", .config.display(), named(.known))]
    UnknownLibrary {
        /// The name given.
        library: LibraryName,
        /// The names there are.
        known: Vec<LibraryName>,
        /// The configuration.
        config: PathBuf,
    },
    /// No source of the library asks Google.
    #[error(
        "library `{library}` takes its items from exports alone and needs no login\nhint: to fetch from Google too, add a source in [library.{library}]: sources = [\"library-api\", \"takeout\"]"
    )]
    NotNeeded {
        /// The name.
        library: LibraryName,
    },
    /// The library's folder is not there.
    #[error("the root of library `{library}` is not an existing folder: `{}`\nhint: create it, or mount it, or correct `root` in [library.{library}]", .path.display())]
    RootMissing {
        /// The root.
        path: PathBuf,
        /// Its library.
        library: LibraryName,
    },
    /// The token could not be written there.
    #[error("permission denied writing to the root of library `{library}`: `{}`\nhint: run the login as the user that the folder belongs to: sudo -u {} gphotos-syncd login {library}", .path.display(), .owner.map_or_else(|| "USER".to_owned(), |uid| format!("'#{uid}'")))]
    RootDenied {
        /// The root.
        path: PathBuf,
        /// Its library.
        library: LibraryName,
        /// Whose it is.
        owner: Option<u32>,
    },
    /// Nothing at all can be written there.
    #[error("the root of library `{library}` is on a read-only file system: `{}`\nhint: see why, and mount it writable: findmnt -T {}", .path.display(), shell_word(.path))]
    RootReadOnly {
        /// The root.
        path: PathBuf,
        /// Its library.
        library: LibraryName,
    },
    /// The client secret is of no use.
    #[error(transparent)]
    ClientSecret(#[from] ClientSecretError),
    /// Nothing can be listened on.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// Nobody answered.
    #[error("no answer came within {}\nhint: {}", humantime::format_duration(*.after), if *.manual { "start again, and give more time with --timeout 30m" } else { "start again with --manual if the browser is on another machine, or give more time with --timeout 30m" })]
    TimedOut {
        /// How long was waited.
        after: Duration,
        /// Whether it was to be pasted.
        manual: bool,
    },
    /// Google, or the person, said no.
    #[error("{}", refused(.why))]
    Refused {
        /// How.
        why: ConsentError,
    },
    /// Nothing usable was pasted.
    #[error(
        "no usable address after {tries} tries\nhint: start again, and paste the whole address from the browser's address bar"
    )]
    PastesSpent {
        /// How many tries there were.
        tries: u32,
    },
    /// There is nothing more to read.
    #[error(
        "standard input ended before an address was pasted\nhint: run the login in a terminal, or pipe the address in"
    )]
    InputEnded,
    /// The token endpoint gave no tokens.
    #[error("cannot get the token: {reason}")]
    Exchange {
        /// Why.
        reason: String,
        /// Whether it may work later.
        later: bool,
    },
    /// A box was left unticked.
    #[error("not everything was allowed, so nothing was written; the box that was left unticked: {}\nhint: run gphotos-syncd login {library} again and tick every box", boxes(.missing))]
    ScopesMissing {
        /// The scopes.
        missing: Vec<&'static str>,
        /// The library.
        library: LibraryName,
    },
    /// Only an access token came.
    #[error(
        "Google gave no refresh token, without which access ends in an hour\nhint: remove the app at https://myaccount.google.com/permissions, then run gphotos-syncd login {library} again"
    )]
    NoRefreshToken {
        /// The library.
        library: LibraryName,
    },
    /// The token file could not be written.
    #[error("{fault}: {}\nhint: the consent was given; mend this, then run the login again", .fault.source)]
    Write {
        /// What could not be done.
        fault: FsError,
    },
    /// Root wrote the file, and could not give it away.
    #[error("the token file `{}` was written, but cannot be given to the owner of its folder: {cause}\nhint: chown it to the user that runs gphotos-syncd", .path.display())]
    HandOver {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
}

fn named(known: &[LibraryName]) -> String {
    let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "it names none".to_owned() } else { format!("it names {}", names.join(", ")) }
}

fn boxes(missing: &[&'static str]) -> String {
    let boxes: Vec<String> =
        missing.iter().map(|scope| format!("\"{}\" (`{scope}`)", scope_box(scope))).collect();
    boxes.join(", ")
}

fn refused(error: &ConsentError) -> String {
    let ConsentError::Refused { code } = error else { return error.to_string() };
    match code.as_str() {
        "access_denied" => {
            "access was denied at Google, so nothing was written: `access_denied`\nhint: start again and press \"Continue\"; if the page said that the app is being tested, add the account as a test user, or press \"Publish app\", at https://console.cloud.google.com/auth/audience".to_owned()
        }
        "admin_policy_enforced" | "org_internal" => format!(
            "the administrator of the account's organisation does not let this app in: `{code}`\nhint: ask the administrator to trust the OAuth client, or use another account"
        ),
        _ => format!("{error}\nhint: start again; if it stays, make a new \"Desktop app\" client at https://console.cloud.google.com/auth/clients"),
    }
}

// === impl LoginError ===

impl LoginError {
    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::UnknownLibrary { .. } | Self::NotNeeded { .. } => Exit::Usage,
            Self::ClientSecret(error) if error.is_denied() => Exit::NoPermission,
            Self::RootMissing { .. } | Self::ClientSecret(_) => Exit::Config,
            Self::Callback(CallbackError::Taken { .. } | CallbackError::Listen { .. })
            | Self::TimedOut { .. }
            | Self::Exchange { later: true, .. } => Exit::TryLater,
            Self::Write { fault } if fault.is_full() => Exit::TryLater,
            Self::Callback(CallbackError::Denied { .. })
            | Self::RootDenied { .. }
            | Self::RootReadOnly { .. }
            | Self::Refused { .. }
            | Self::PastesSpent { .. }
            | Self::InputEnded
            | Self::Exchange { later: false, .. }
            | Self::ScopesMissing { .. }
            | Self::NoRefreshToken { .. }
            | Self::Write { .. }
            | Self::HandOver { .. } => Exit::NoPermission,
        }
    }

    /// One sentence for the browser's page, without paths of this machine.
    pub(crate) fn in_short(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "Access was denied.",
            Self::ScopesMissing { .. } => "A box was left unticked: please start again and tick every box.",
            Self::NoRefreshToken { .. } => "Google gave no lasting access.",
            Self::Exchange { .. } => "Google did not give the token.",
            Self::Write { .. } | Self::HandOver { .. } => "The token could not be saved.",
            Self::UnknownLibrary { .. }
            | Self::NotNeeded { .. }
            | Self::RootMissing { .. }
            | Self::RootDenied { .. }
            | Self::RootReadOnly { .. }
            | Self::ClientSecret(_)
            | Self::Callback(_)
            | Self::TimedOut { .. }
            | Self::PastesSpent { .. }
            | Self::InputEnded => "The login failed.",
        }
    }
}
