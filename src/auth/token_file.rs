//! The token file of one library, `.gphotos.token`, as gphotos-sync writes it too.
//!
//! Owns: its reading, its checks, and its rewriting. Invariant: keys that this program does not know, and the form of
//! `scope`, survive a rewrite; no message carries a value of the file. May import: `fs`, `media`, `secret`.
//! Tests: `token_file/tests.rs`.

use chrono::{DateTime, Utc};
use rustix::fs::OFlags;
use serde_json::{Map, Value, json};
use std::fmt;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::auth::endpoint::TokenAnswer;
use crate::auth::wording::shell_word;
use crate::fs::{FsError, write_atomic};
use crate::media::LibraryName;
use crate::secret::Secret;

/// The file's name in a library's root, the same as gphotos-sync's.
pub const TOKEN_FILE_NAME: &str = ".gphotos.token";
/// Nobody but the owner may see it.
const TOKEN_FILE_MODE: u32 = 0o600;
/// The permission bits of group and others.
const OTHERS: u32 = 0o077;
/// A real file has about 1 KiB; more than this, bytes, is something else.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The content of a token file, whole: also the keys that this program does not know.
#[derive(Clone, PartialEq)]
pub struct TokenFile {
    fields: Map<String, Value>,
}

/// Which state of the file on disk something was read from: changes whenever somebody writes, replaces or chmods it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    dev: u64,
    ino: u64,
    bytes: u64,
    mtime: (i64, i64),
    ctime: (i64, i64),
}

/// Why a token file cannot be used; `Display` has the path and a hint.
#[derive(Debug, thiserror::Error)]
pub enum TokenFileError {
    /// There is none.
    #[error("library `{library}` is not logged in: there is no token file `{}`\nhint: gphotos-syncd login {library}", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// Its library.
        library: LibraryName,
    },
    /// Its content is of no use; a login writes a new one.
    #[error("the token file `{}` is {what}\nhint: gphotos-syncd login {library}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Its library.
        library: LibraryName,
        /// What is wrong with it, without any value.
        what: String,
    },
    /// Others could read or write it.
    #[error("the token file `{}` has mode {mode:04o}: others could read or change it\nhint: chmod 600 {}", .path.display(), shell_word(.path))]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is a link, a folder or a device.
    #[error("the token file `{}` is {what}, not a regular file\nhint: replace it by the file itself, with mode 600", .path.display())]
    NotRegular {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The rights do not suffice.
    #[error("permission denied reading the token file `{}`{}\nhint: give it to the user that runs gphotos-syncd: chown {} {}", .path.display(), .owner.map_or_else(String::new, |uid| format!(", which belongs to user id {uid}")), rustix::process::geteuid().as_raw(), shell_word(.path))]
    Denied {
        /// The file.
        path: PathBuf,
        /// Whose it is, where that can be seen.
        owner: Option<u32>,
    },
    /// It cannot be read for another reason.
    #[error("cannot read the token file `{}`: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
}

impl TokenFileError {
    /// Whether a login is the cure.
    pub fn needs_login(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Content { .. } => true,
            Self::Exposed { .. }
            | Self::NotRegular { .. }
            | Self::Denied { .. }
            | Self::Unreadable { .. } => false,
        }
    }
}

impl fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenFile").field("keys", &self.fields.keys().collect::<Vec<_>>()).finish()
    }
}

// === impl TokenFile ===

impl TokenFile {
    /// Reads the file at `path`, which belongs to `library`.
    ///
    /// # Errors
    /// Each fault by its own variant of [`TokenFileError`].
    pub fn read(path: &Path, library: &LibraryName) -> Result<Self, TokenFileError> {
        Self::read_stamped(path, library).map(|(token, _)| token)
    }

    /// As [`Self::read`], with the stamp of what was read.
    pub(crate) fn read_stamped(path: &Path, library: &LibraryName) -> Result<(Self, Stamp), TokenFileError> {
        let file = open(path, library)?;
        let unreadable = |error: std::io::Error| TokenFileError::Unreadable {
            path: path.to_owned(),
            cause: error.to_string(),
        };
        let meta = file.metadata().map_err(unreadable)?;
        check_kind(path, &meta)?;
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        let content =
            |what| TokenFileError::Content { path: path.to_owned(), library: library.clone(), what };
        Ok((Self::parse(&bytes).map_err(content)?, Stamp::of(&meta)))
    }

    /// The scopes that were granted, sorted.
    pub fn scopes(&self) -> Vec<String> {
        let mut scopes: Vec<String> = match self.fields.get("scope") {
            Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(_) | None => Vec::new(),
        };
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }

    /// A short digest of the refresh token, to see that it was replaced; not a secret.
    pub fn fingerprint(&self) -> String {
        self.refresh_token().fingerprint()
    }

    /// The content of `bytes`; the error says what is wrong, without any value.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err("larger than 64 KiB".to_owned());
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err("empty".to_owned());
        }
        let value: Value = serde_json::from_slice(bytes).map_err(|error| {
            let what = if error.is_eof() { "cut short" } else { "not JSON" };
            format!("{what}: line {}, column {}", error.line(), error.column())
        })?;
        let Value::Object(fields) = value else { return Err("no JSON object".to_owned()) };
        let token = Self { fields };
        if token.refresh_token().is_empty() {
            return Err("without a `refresh_token`".to_owned());
        }
        Ok(token)
    }

    /// A new file's content from the answer to a login; none if the answer has no refresh token.
    pub(crate) fn from_answer(answer: &TokenAnswer, asked: &[&str], now: DateTime<Utc>) -> Option<Self> {
        answer.refresh_token.as_ref()?;
        let scope = answer.scope.clone().unwrap_or_else(|| asked.iter().map(|s| (*s).to_owned()).collect());
        let mut token = Self { fields: Map::from_iter([("scope".to_owned(), json!(scope))]) };
        token.apply(answer, now);
        Some(token)
    }

    /// Takes over the answer to a refresh: what the answer does not tell stays as it is.
    pub(crate) fn apply(&mut self, answer: &TokenAnswer, now: DateTime<Utc>) {
        let now_secs = secs_of(now);
        self.set("access_token", json!(answer.access_token.expose()));
        self.set("token_type", json!("Bearer"));
        if let Some(secs) = answer.expires_in {
            self.set("expires_in", json!(secs));
        }
        let lifetime = crate::auth::validity::lifetime_of(answer.expires_in);
        self.set("expires_at", json!(now_secs + lifetime.as_secs_f64()));
        if let Some(refresh) = &answer.refresh_token {
            let rotated = refresh != &self.refresh_token();
            self.set("refresh_token", json!(refresh.expose()));
            if rotated {
                // What was known of the old one's end does not hold for the new one.
                self.fields.remove("refresh_token_expires_in");
                self.fields.remove("refresh_token_expires_at");
            }
        }
        if let Some(secs) = answer.refresh_token_expires_in {
            self.set("refresh_token_expires_in", json!(secs));
            self.set("refresh_token_expires_at", json!(now_secs + secs as f64));
        }
        if let Some(scope) = &answer.scope {
            let as_text = self.fields.get("scope").is_some_and(Value::is_string);
            self.set("scope", if as_text { json!(scope.join(" ")) } else { json!(scope) });
        }
    }

    /// Puts the content at `path`, mode 0600 from the first instant; a failure leaves the old file.
    ///
    /// # Errors
    /// See [`write_atomic`].
    pub fn write(&self, path: &Path) -> Result<(), FsError> {
        write_atomic(path, &self.to_bytes(), TOKEN_FILE_MODE)
    }

    /// The content as JSON.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        Value::Object(self.fields.clone()).to_string().into_bytes()
    }

    /// The access token, if there is one that can be sent.
    pub fn access_token(&self) -> Option<Secret> {
        self.fields.get("access_token").and_then(Value::as_str).filter(|t| is_sendable(t)).map(Secret::new)
    }

    /// The refresh token, never empty in a file that was read.
    pub fn refresh_token(&self) -> Secret {
        Secret::new(self.fields.get("refresh_token").and_then(Value::as_str).unwrap_or_default())
    }

    /// When the access token expires, seconds since 1970.
    pub fn expires_at(&self) -> Option<f64> {
        self.number("expires_at")
    }

    /// The access token's lifetime when it was issued, seconds.
    pub fn expires_in(&self) -> Option<u64> {
        self.fields.get("expires_in").and_then(Value::as_u64)
    }

    /// When the refresh token dies, where Google told it.
    ///
    /// gphotos-sync keeps only the span, which counts from the moment the access token was issued.
    pub fn dies_at(&self) -> Option<DateTime<Utc>> {
        let told = self.number("refresh_token_expires_at");
        let counted = || {
            let issued = self.expires_at()? - self.number("expires_in")?;
            Some(issued + self.number("refresh_token_expires_in")?)
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float cast saturates, and chrono refuses what is too far"
        )]
        told.or_else(counted).and_then(|secs| DateTime::from_timestamp(secs as i64, 0))
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.fields.get(key).and_then(Value::as_f64)
    }

    fn set(&mut self, key: &str, value: Value) {
        self.fields.insert(key.to_owned(), value);
    }
}

impl Stamp {
    /// The stamp of the file at `path`; none if nothing is there or it cannot be seen.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        std::fs::symlink_metadata(path).ok().map(|meta| Self::of(&meta))
    }

    fn of(meta: &Metadata) -> Self {
        Self {
            dev: meta.dev(),
            ino: meta.ino(),
            bytes: meta.len(),
            mtime: (meta.mtime(), meta.mtime_nsec()),
            ctime: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

/// Opens without following a link and without waiting for the writer of a FIFO.
fn open(path: &Path, library: &LibraryName) -> Result<File, TokenFileError> {
    #[expect(
        clippy::cast_possible_wrap,
        reason = "the flags are small bits that the system takes as a C int"
    )]
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits() as i32;
    OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| {
        let seen = std::fs::symlink_metadata(path).ok();
        let path = path.to_owned();
        if error.kind() == ErrorKind::NotFound && !path.parent().is_some_and(Path::is_dir) {
            let cause = "its folder is not there\nhint: mount its disk, or create the folder".to_owned();
            TokenFileError::Unreadable { path, cause }
        } else if error.kind() == ErrorKind::NotFound {
            TokenFileError::Missing { path, library: library.clone() }
        } else if seen.as_ref().is_some_and(Metadata::is_symlink) {
            TokenFileError::NotRegular { path, what: "a symbolic link" }
        } else if error.kind() == ErrorKind::PermissionDenied {
            TokenFileError::Denied { path, owner: seen.map(|meta| meta.uid()) }
        } else {
            TokenFileError::Unreadable { path, cause: error.to_string() }
        }
    })
}

fn check_kind(path: &Path, meta: &Metadata) -> Result<(), TokenFileError> {
    if !meta.is_file() {
        let what = if meta.is_dir() { "a folder" } else { "a device or pipe" };
        return Err(TokenFileError::NotRegular { path: path.to_owned(), what });
    }
    let mode = meta.permissions().mode() & 0o7777;
    if mode & OTHERS == 0 { Ok(()) } else { Err(TokenFileError::Exposed { path: path.to_owned(), mode }) }
}

/// Whether it is an access token by RFC 6749, appendix A.12; any other character has no place in a header.
pub(crate) fn is_sendable(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
}

fn secs_of(time: DateTime<Utc>) -> f64 {
    time.timestamp_millis() as f64 / 1000.0
}

#[cfg(test)]
mod tests;
