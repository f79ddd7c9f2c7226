//! The OAuth application: where its file is looked for, and what must be in it.
//!
//! Owns: `client_secret.json` of the kind "Desktop app", read only. Invariant: no message carries anything of the file's
//! content but names of keys. May import: `config`, `secret`, `systemd`. Tests: `client_secret/tests.rs`.

use serde_json::{Map, Value};
use std::io::Read;
use std::path::{Path, PathBuf};
use url::{Host, Url};

use crate::auth::wording::shell_word;
use crate::config::Config;
use crate::secret::Secret;
use crate::systemd::Credential;

/// The name that the file has when a person gives it one.
const FILE_NAME: &str = "client_secret.json";
/// Google names the download `client_secret_CLIENT-ID.json`.
const DOWNLOAD_PREFIX: &str = "client_secret_";
/// A real file has under 1 KiB; more than this, bytes, is something else.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Google's own endpoint for revocation.
const GOOGLE_REVOKE: &str = "https://oauth2.googleapis.com/revoke";
/// Where a client of the right kind is made, as a phrase for hints.
const MAKE_ONE: &str = "make an OAuth client of type \"Desktop app\" at https://console.cloud.google.com/auth/clients and download its JSON (Google shows it only once)";

/// The OAuth application (`client_secret.json`, kind "Desktop app").
#[derive(Clone, Debug)]
pub struct ClientSecret {
    pub(crate) path: PathBuf,
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) auth_uri: Url,
    pub(crate) token_uri: Url,
}

/// Why there is no usable client secret; `Display` has the path and a hint.
#[derive(Debug, thiserror::Error)]
pub enum ClientSecretError {
    /// A file that was named is not there.
    #[error("the client secret `{}`, named by {by}, does not exist\nhint: correct {by}, or {MAKE_ONE}", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What named it.
        by: &'static str,
    },
    /// Nobody named a file, and none is where it is looked for.
    #[error("no client secret found; looked for {}\nhint: {MAKE_ONE}, then save it as {}", list(.looked), .looked.last().map_or_else(String::new, |p| format!("`{}`", p.display())))]
    NotFound {
        /// The files that were looked for, in order.
        looked: Vec<PathBuf>,
    },
    /// Nobody named a file, and systemd has it for the service alone.
    #[error("no client secret found; looked for {}; systemd keeps it for the service alone, in `{}`\nhint: {hint}", list(.looked), .kept.display())]
    Kept {
        /// The files that were looked for, in order.
        looked: Vec<PathBuf>,
        /// The file that systemd reads.
        kept: PathBuf,
        /// What to do, with the command to run.
        hint: String,
    },
    /// More than one download lies beside the configuration.
    #[error("several client secrets in one folder: {}\nhint: name one in the configuration: [google] client-secret = \"{}\"", list(.found), .found.first().map_or_else(String::new, |p| p.display().to_string()))]
    Ambiguous {
        /// The candidates.
        found: Vec<PathBuf>,
    },
    /// The rights do not suffice.
    #[error("permission denied reading the client secret `{0}`\nhint: let root and the daemon alone read it: sudo chown root:gphotos-syncd {1} && sudo chmod 0640 {1}", .path.display(), shell_word(.path))]
    Denied {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read for another reason.
    #[error("cannot read the client secret `{}`: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// It is no regular file, or far too large.
    #[error("the client secret `{}` is {what}\nhint: {MAKE_ONE}", .path.display())]
    NotThat {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        what: &'static str,
    },
    /// It ends too early.
    #[error("the client secret `{}` is cut short: line {line}, column {column}\nhint: {MAKE_ONE}", .path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// It is not JSON.
    #[error("the client secret `{}` is not JSON: line {line}, column {column}: {what}\nhint: {MAKE_ONE}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The parser's words, without content.
        what: String,
    },
    /// It is of the kind "Web application".
    #[error("the client secret `{}` is of type \"Web application\" (key `web`), which cannot log in on this machine\nhint: {MAKE_ONE}", .path.display())]
    Web {
        /// The file.
        path: PathBuf,
    },
    /// It is some other JSON.
    #[error("the file `{}` is no client secret: it has no key `installed`{}\nhint: {MAKE_ONE}", .path.display(), .instead.map_or_else(String::new, |w| format!(" ({w})")))]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        instead: Option<&'static str>,
    },
    /// A key is missing, empty or no text.
    #[error("the client secret `{}` lacks `installed.{key}`\nhint: {MAKE_ONE}", .path.display())]
    Lacks {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
    },
    /// An address that no secret may be sent to.
    #[error("the client secret `{}` has an unusable `installed.{key}`: it must be an https address (http for loopback only)\nhint: {MAKE_ONE}", .path.display())]
    BadUri {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
    },
}

impl ClientSecretError {
    /// Whether it is a matter of rights, not of the file or its name.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Denied { .. })
    }

    /// Where nothing was found: leads to the one in systemd's keeping, if there is one, with what `hint` says of it.
    #[must_use]
    pub fn or_kept(self, kept: Option<Credential>, hint: impl FnOnce(&Credential) -> String) -> Self {
        match (self, kept) {
            (Self::NotFound { looked }, Some(kept)) => {
                let hint = hint(&kept);
                Self::Kept { looked, kept: kept.file, hint }
            }
            (other, _) => other,
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|p| format!("`{}`", p.display())).collect();
    names.join(", ")
}

// === impl ClientSecret ===

impl ClientSecret {
    /// A short digest of the application, to see that it was replaced; not a secret.
    pub(crate) fn fingerprint(&self) -> String {
        Secret::new(format!("{} {}", self.id, self.secret.expose())).fingerprint()
    }

    /// Where the file is: `flag`, then `[google] client-secret`, then `client_secret.json` in `credentials_dir`
    /// (`$CREDENTIALS_DIRECTORY`), then beside the configuration, there also under the one name Google gives the download.
    ///
    /// # Errors
    /// If a file that was named is not there, nothing is found, or several downloads are.
    pub fn find(
        flag: Option<&Path>,
        config: &Config,
        credentials_dir: Option<&Path>,
    ) -> Result<PathBuf, ClientSecretError> {
        if let Some(path) = flag {
            return named(path, "`--client-secret`");
        }
        if let Some(path) = &config.google.client_secret {
            return named(path, "`[google] client-secret`");
        }
        let beside = config.path.parent().unwrap_or_else(|| Path::new("."));
        let looked: Vec<PathBuf> =
            credentials_dir.into_iter().chain([beside]).map(|dir| dir.join(FILE_NAME)).collect();
        if let Some(found) = looked.iter().find(|path| may_exist(path)) {
            return Ok(found.clone());
        }
        let mut found = downloads_in(beside);
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(last), false) => {
                found.push(last);
                Err(ClientSecretError::Ambiguous { found })
            }
            (None, _) => Err(ClientSecretError::NotFound { looked }),
        }
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// Each fault by its own variant of [`ClientSecretError`].
    pub fn load(path: &Path) -> Result<Self, ClientSecretError> {
        parse(path, &read_text(path)?)
    }

    /// The address that revokes tokens: Google's own where `token_uri` is Google's, else `revoke` beside `token`.
    pub fn revoke_uri(&self) -> Url {
        if is_google(&self.token_uri)
            && let Ok(google) = Url::parse(GOOGLE_REVOKE)
        {
            return google;
        }
        let mut uri = self.token_uri.clone();
        uri.set_query(None);
        uri.set_fragment(None);
        let path =
            uri.path().strip_suffix("/token").map_or_else(|| "/revoke".to_owned(), |p| format!("{p}/revoke"));
        uri.set_path(&path);
        uri
    }
}

/// Whether something may be at `path`: a folder that cannot be searched counts, so that reading tells of it.
fn may_exist(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

fn named(path: &Path, by: &'static str) -> Result<PathBuf, ClientSecretError> {
    if may_exist(path) {
        Ok(path.to_owned())
    } else {
        Err(ClientSecretError::Missing { path: path.to_owned(), by })
    }
}

/// The files in `dir` that are named as Google names the download, in name order.
fn downloads_in(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let is_download = |name: &str| {
        name.starts_with(DOWNLOAD_PREFIX)
            && Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case("json"))
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(is_download))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

fn read_text(path: &Path) -> Result<String, ClientSecretError> {
    let fault = |error: std::io::Error| {
        let path = path.to_owned();
        if error.kind() == std::io::ErrorKind::PermissionDenied {
            ClientSecretError::Denied { path }
        } else {
            ClientSecretError::Unreadable { path, cause: error.to_string() }
        }
    };
    let not_that = |what| ClientSecretError::NotThat { path: path.to_owned(), what };
    // The kind is looked at before opening, because opening a FIFO would wait for a writer.
    if !std::fs::metadata(path).map_err(fault)?.is_file() {
        return Err(not_that("no regular file"));
    }
    let file = std::fs::File::open(path).map_err(fault)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(fault)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(not_that("larger than 64 KiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| not_that("no UTF-8 text"))?;
    // Some Windows editors put a byte order mark before the text.
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() { Err(not_that("empty")) } else { Ok(text.to_owned()) }
}

pub(crate) fn parse(path: &Path, text: &str) -> Result<ClientSecret, ClientSecretError> {
    // Untyped first: serde's messages about types quote the values, which may be secrets.
    let value: Value = serde_json::from_str(text).map_err(|error| syntax(path, &error))?;
    let foreign = |instead| ClientSecretError::Foreign { path: path.to_owned(), instead };
    let Value::Object(top) = value else { return Err(foreign(Some("it is no JSON object"))) };
    let Some(Value::Object(installed)) = top.get("installed") else {
        return Err(if top.contains_key("web") {
            ClientSecretError::Web { path: path.to_owned() }
        } else if top.get("type").and_then(Value::as_str) == Some("service_account") {
            foreign(Some("it is the key of a service account, which Google Photos does not support"))
        } else if top.contains_key("refresh_token") {
            foreign(Some("it looks like a token file"))
        } else {
            foreign(None)
        });
    };
    Ok(ClientSecret {
        path: path.to_owned(),
        id: text_of(path, installed, "client_id")?,
        secret: Secret::new(text_of(path, installed, "client_secret")?),
        auth_uri: uri_of(path, installed, "auth_uri")?,
        token_uri: uri_of(path, installed, "token_uri")?,
    })
}

fn syntax(path: &Path, error: &serde_json::Error) -> ClientSecretError {
    let (path, line, column) = (path.to_owned(), error.line(), error.column());
    if error.is_eof() {
        return ClientSecretError::Truncated { path, line, column };
    }
    let words = error.to_string();
    let what = words.split(" at line ").next().unwrap_or("syntax error").to_owned();
    ClientSecretError::Syntax { path, line, column, what }
}

fn text_of(path: &Path, map: &Map<String, Value>, key: &'static str) -> Result<String, ClientSecretError> {
    let text = map.get(key).and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty());
    text.map(str::to_owned).ok_or_else(|| ClientSecretError::Lacks { path: path.to_owned(), key })
}

fn uri_of(path: &Path, map: &Map<String, Value>, key: &'static str) -> Result<Url, ClientSecretError> {
    let text = text_of(path, map, key)?;
    let uri = Url::parse(&text).ok().filter(may_get_secrets);
    uri.ok_or_else(|| ClientSecretError::BadUri { path: path.to_owned(), key })
}

/// Whether a secret may be sent to `uri`: https, or http that stays on this machine.
fn may_get_secrets(uri: &Url) -> bool {
    let plain = uri.username().is_empty() && uri.password().is_none();
    let loopback = match uri.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    plain && (uri.scheme() == "https" && uri.has_host() || uri.scheme() == "http" && loopback)
}

fn is_google(uri: &Url) -> bool {
    let host = uri.host_str().unwrap_or_default();
    ["googleapis.com", "google.com"]
        .iter()
        .any(|g| host.strip_suffix(g).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

#[cfg(test)]
mod tests;
