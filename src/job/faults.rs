//! What a fault means for a run: which faults end it, and how.
//!
//! Invariant: pure; every error is classed here once and nowhere else; no reason has a secret, because no error has.
//! May import: `auth`, `google`, `store`, `fs`, `status`. Tests: below.

use chrono::{DateTime, TimeDelta, Utc};
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use crate::auth::AuthError;
use crate::fs::{FsError, Root};
use crate::google::ApiError;
use crate::job::Outcome;
use crate::limiter::Parked;
use crate::status::RunEnd;
use crate::store::StoreError;

/// An error and all its causes in one line.
pub(crate) fn text_of(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a String does not fail.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// A call on an open file below `root` that failed.
pub(crate) fn fs_fault(root: &Root, what: &'static str, path: &str, source: std::io::Error) -> FsError {
    FsError { what, path: root.path().join(path), source }
}

/// An error of the file system with what a person can do about it, on a line of its own.
fn text_with_hint(error: &FsError) -> String {
    match error.hint() {
        Some(hint) => format!("{}\nhint: {hint}", text_of(error)),
        None => text_of(error),
    }
}

/// The same in one line, as the reason of one file or link.
pub(crate) fn reason_of_fs(error: &FsError) -> String {
    text_with_hint(error).replace("\nhint: ", "; ")
}

/// How a run ends for a fault of the file system.
pub(crate) fn end_of_fs(error: &FsError) -> Outcome {
    let text = text_with_hint(error);
    if error.is_full() {
        Outcome::DiskFull(text)
    } else if error.is_denied() {
        Outcome::Denied(text)
    } else {
        Outcome::Failed(text)
    }
}

/// What helps where the root's file system has no locks.
pub(crate) const LOCKS_HINT: &str = "keep the index, and with it the lock, on a local disk: set `index-dir` of the library, such as \"/var/lib/gphotos-syncd/NAME\"";

/// How a run ends for a fault of the index.
pub(crate) fn end_of_store(error: &StoreError) -> Outcome {
    let text = text_of(error);
    if matches!(error, StoreError::TooNew { .. } | StoreError::NotAnIndex { .. } | StoreError::NoLocks { .. })
    {
        Outcome::Unusable(text)
    } else if error.lacks_locks() {
        Outcome::Unusable(format!("{text}\nhint: {LOCKS_HINT}"))
    } else if error.is_busy() {
        // Where NFS has no lock daemon, SQLite says the same.
        Outcome::Locked(format!(
            "{text}: another process keeps it for itself\nhint: if there is none, its file system has no working locks: {LOCKS_HINT}"
        ))
    } else if error.is_damaged() {
        Outcome::Failed(format!(
            "{text}\nhint: the next run looks through the index, and makes a new one from the files if it is damaged"
        ))
    } else if error.is_full() {
        Outcome::DiskFull(text)
    } else {
        Outcome::Failed(text)
    }
}

/// How a run ends for a call to Google that failed where the run cannot go on without its answer.
pub(crate) fn end_of_api(error: &ApiError, now: DateTime<Utc>) -> Outcome {
    let text = text_of(error);
    match error {
        ApiError::Throttled { rest } => {
            let rest = TimeDelta::from_std(*rest).unwrap_or(TimeDelta::hours(1));
            Outcome::Throttled { until: now + rest, day: false }
        }
        ApiError::Parked(parked) => end_of_parking(parked),
        ApiError::Auth(error) => end_of_auth(error),
        ApiError::ScopeMissing { .. } => Outcome::NeedsLogin(text),
        ApiError::FileRests { rest, .. } => {
            let rest = TimeDelta::from_std(*rest).unwrap_or(TimeDelta::hours(24));
            Outcome::Throttled { until: now + rest, day: false }
        }
        ApiError::Transient { .. } | ApiError::Changed { .. } => Outcome::Transient(text),
        ApiError::Expired
        | ApiError::NotFound { .. }
        | ApiError::BadPageToken { .. }
        | ApiError::FileRefused { .. }
        | ApiError::Fatal { .. } => Outcome::Failed(text),
    }
}

/// How a run ends for want of a bearer.
pub(crate) fn end_of_auth(error: &AuthError) -> Outcome {
    match error {
        // A token file that must be mended by hand parks the library until it changes, as one that Google refuses.
        AuthError::NeedsLogin { reason } | AuthError::TokenFile { reason } => {
            Outcome::NeedsLogin(reason.clone())
        }
        AuthError::Transient { .. } => Outcome::Transient(text_of(error)),
        AuthError::Parked(parked) => end_of_parking(parked),
    }
}

/// How a run ends because its root cannot be opened: precise, and with the command that mends it.
pub(crate) fn end_of_root(error: &FsError, root: &Path) -> Outcome {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    let shown = root.display();
    let kind = error.source.kind();
    if error.is_full() || error.is_of_the_device() {
        return end_of_fs(error);
    }
    if error.is_denied() {
        let hint = error.hint().unwrap_or_else(|| format!("chown -R gphotos-syncd '{shown}'"));
        return Outcome::Denied(format!(
            "the root `{shown}` cannot be read and written: {}\nhint: {hint}",
            text_of(error)
        ));
    }
    Outcome::Unusable(if kind == NotFound {
        format!(
            "the root `{shown}` does not exist\nhint: install -d -m 0750 -o gphotos-syncd -g gphotos-syncd '{shown}'"
        )
    } else if kind == NotADirectory && error.path == root {
        format!(
            "the root `{shown}` is not a folder\nhint: set `root` to a folder, or move the file away: mv '{shown}' '{shown}.old'"
        )
    } else {
        text_with_hint(error)
    })
}

/// The word for `outcome` in a run's record.
pub(crate) fn run_end(outcome: &Outcome) -> RunEnd {
    match outcome {
        Outcome::Complete => RunEnd::Complete,
        Outcome::Incomplete => RunEnd::Incomplete,
        Outcome::Interrupted => RunEnd::Interrupted,
        Outcome::Throttled { .. } => RunEnd::Throttled,
        Outcome::NeedsLogin(_) => RunEnd::NeedsLogin,
        Outcome::DiskFull(_) => RunEnd::DiskFull,
        Outcome::Transient(_) => RunEnd::Transient,
        Outcome::Locked(_) | Outcome::Denied(_) | Outcome::Unusable(_) | Outcome::Failed(_) => RunEnd::Failed,
    }
}

/// Why a run did not end complete, for its record; `failed` files are known to be missing, `undone` is what else was left.
pub(crate) fn reason_of(outcome: &Outcome, failed: u64, undone: Option<&str>) -> Option<String> {
    match outcome {
        Outcome::Complete => None,
        Outcome::Incomplete => {
            let files = match failed {
                0 => None,
                1 => Some("1 file could not be fetched".to_owned()),
                more => Some(format!("{more} files could not be fetched")),
            };
            let left: Vec<String> = files.into_iter().chain(undone.map(str::to_owned)).collect();
            let left =
                if left.is_empty() { "not everything could be done".to_owned() } else { left.join("; ") };
            Some(format!("{left}; later runs try again"))
        }
        Outcome::Interrupted => Some("stopped".to_owned()),
        Outcome::Throttled { until, day: true } => {
            Some(format!("the day's quota is spent until {}", until.to_rfc3339()))
        }
        Outcome::Throttled { until, day: false } => {
            Some(format!("Google asks for a rest until {}", until.to_rfc3339()))
        }
        Outcome::NeedsLogin(reason)
        | Outcome::DiskFull(reason)
        | Outcome::Locked(reason)
        | Outcome::Denied(reason)
        | Outcome::Unusable(reason)
        | Outcome::Transient(reason)
        | Outcome::Failed(reason) => Some(reason.clone()),
    }
}

fn end_of_parking(parked: &Parked) -> Outcome {
    Outcome::Throttled { until: parked.until, day: parked.day }
}

#[cfg(test)]
mod tests {
    use crate::auth::AuthError;
    use crate::google::ApiError;
    use crate::job::Outcome;
    use crate::job::faults::{end_of_api, reason_of, run_end, text_of};
    use crate::limiter::Parked;
    use crate::status::RunEnd;
    use chrono::{DateTime, TimeDelta, Utc};
    use std::time::Duration;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    #[test]
    fn each_fault_of_google_ends_a_run_in_its_own_way() {
        let parked = || Parked { until: now() + TimeDelta::hours(5), day: true };
        let login = || AuthError::NeedsLogin { reason: "dead".to_owned() };
        let table = [
            (ApiError::Throttled { rest: Duration::from_secs(60) }, RunEnd::Throttled),
            (ApiError::Parked(parked()), RunEnd::Throttled),
            (ApiError::Auth(AuthError::Parked(parked())), RunEnd::Throttled),
            (ApiError::Auth(login()), RunEnd::NeedsLogin),
            (ApiError::Transient { what: "list", reason: "503".to_owned() }, RunEnd::Transient),
            (ApiError::Fatal { what: "list", reason: "400".to_owned() }, RunEnd::Failed),
            (ApiError::FileRests { what: "bytes", rest: Duration::from_secs(60) }, RunEnd::Throttled),
            (ApiError::FileRefused { what: "bytes", reason: "abusive".to_owned() }, RunEnd::Failed),
            (ApiError::Changed { what: "bytes" }, RunEnd::Transient),
        ];
        for (error, expected) in table {
            assert_eq!(run_end(&end_of_api(&error, now())), expected, "{error:?}");
        }
        let rest = end_of_api(&ApiError::Throttled { rest: Duration::from_secs(60) }, now());
        assert_eq!(rest, Outcome::Throttled { until: now() + TimeDelta::minutes(1), day: false });
    }

    #[test]
    fn only_a_complete_run_has_no_reason() {
        assert_eq!(reason_of(&Outcome::Complete, 0, None), None);
        assert_eq!(
            reason_of(&Outcome::Incomplete, 3, None).as_deref(),
            Some("3 files could not be fetched; later runs try again")
        );
        assert_eq!(
            reason_of(&Outcome::Incomplete, 1, Some("an album is odd")).as_deref(),
            Some("1 file could not be fetched; an album is odd; later runs try again")
        );
        assert_eq!(reason_of(&Outcome::Failed("x".to_owned()), 0, None).as_deref(), Some("x"));
    }

    #[test]
    fn a_text_names_every_cause_once() {
        let inner = std::io::Error::other("gone");
        let error = crate::fs::FsError { what: "open", path: "a".into(), source: inner };
        assert_eq!(text_of(&error), "cannot open `a`: gone");
    }
}
