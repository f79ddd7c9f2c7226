//! Answers to the control socket: the daemon's status, and runs that are asked for and followed.
//!
//! Owns: nothing; it joins what the supervisor and the limiter know. Invariant: a client that goes away ends the following,
//! never the run. May import: everything below the daemon. Tests: below, of the pure part.

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;

use crate::control::{Call, LibraryEnd, Reply, Request, SyncResult};
use crate::job::{Outcome, RunReport};
use crate::limiter::Limiter;
use crate::media::LibraryName;
use crate::status::DaemonStatus;
use crate::supervisor::describe::{reason_of_run, with_login_command};
use crate::supervisor::{Handle, Ticket};

/// A followed library's status is repeated after this, so that the client knows that the daemon lives.
const REPEAT_PERIOD: Duration = Duration::from_secs(10);

/// Where requests are answered; clones share everything.
#[derive(Clone, Debug)]
pub struct Desk {
    handle: Handle,
    limiter: Limiter,
    config: PathBuf,
    started: DateTime<Utc>,
}

// === impl Desk ===

impl Desk {
    /// A desk of the daemon that serves `config` since `started`.
    pub fn new(handle: Handle, limiter: Limiter, config: PathBuf, started: DateTime<Utc>) -> Self {
        let config = std::fs::canonicalize(&config).unwrap_or(config);
        Self { handle, limiter, config, started }
    }

    /// Answers one request to its end.
    pub async fn answer(&self, call: Call) {
        let last = match call.request {
            Request::Status => Reply::Status { status: Box::new(self.status()) },
            Request::Look { library } => self.look(&library).await,
            Request::Sync { libraries, full, deletions } => {
                self.sync(&libraries, full, deletions, &call.replies).await
            }
        };
        if call.replies.send(last).await.is_err() {
            tracing::debug!("the client went away before the end");
        }
    }

    fn status(&self) -> DaemonStatus {
        DaemonStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config: self.config.clone(),
            pid: Some(std::process::id()),
            started: Some(self.started),
            libraries: self.handle.libraries(),
            limits: self.limiter.status(),
            speed: self.limiter.speed(),
        }
    }

    async fn look(&self, name: &LibraryName) -> Reply {
        match self.handle.slot(name) {
            Some(slot) => Reply::Library { status: Box::new(slot.look().await) },
            None => unknown_library(name),
        }
    }

    async fn sync(
        &self,
        names: &[LibraryName],
        full: bool,
        deletions: u64,
        replies: &mpsc::Sender<Reply>,
    ) -> Reply {
        let known = self.handle.libraries();
        if let Some(unknown) = names.iter().find(|name| !known.iter().any(|library| library.name == **name)) {
            return unknown_library(unknown);
        }
        let tickets = self.handle.ask(names, full, deletions);
        let ends = join_all(tickets.into_iter().map(|ticket| follow(ticket, replies))).await;
        Reply::Ended { ends }
    }
}

fn unknown_library(name: &LibraryName) -> Reply {
    let hint = "hint: run `systemctl reload gphotos-syncd` if it is new";
    Reply::Refused { reason: format!("it does not know the library `{name}`\n{hint}") }
}

/// Follows one library until its wish is answered, or nobody listens any more.
async fn follow(mut ticket: Ticket, replies: &mpsc::Sender<Reply>) -> LibraryEnd {
    let name = ticket.name;
    let mut published = ticket.slot.published.clone();
    loop {
        tokio::select! {
            answered = ticket.slot.answered.wait_for(|answered| answered.ticket >= ticket.number) => {
                let report = answered.ok().and_then(|answered| answered.report.clone());
                return report.map_or_else(|| cut_off(name.clone()), |report| end_of(name.clone(), &report));
            }
            changed = published.changed() => if changed.is_err() {
                return cut_off(name);
            },
            () = tokio::time::sleep(REPEAT_PERIOD) => {}
            () = replies.closed() => return cut_off(name),
        }
        let status = Box::new(published.borrow_and_update().status.clone());
        if replies.send(Reply::Library { status }).await.is_err() {
            return cut_off(name);
        }
    }
}

fn cut_off(name: LibraryName) -> LibraryEnd {
    let note = "the daemon stopped or began the library anew".to_owned();
    LibraryEnd { name, result: SyncResult::Interrupted, note, summary: None }
}

/// The end of a run for those who asked for it.
pub fn end_of(name: LibraryName, report: &RunReport) -> LibraryEnd {
    let reason = reason_of_run(report);
    let (result, note) = match &report.outcome {
        Outcome::Complete => (SyncResult::Complete, reason),
        Outcome::Incomplete => (SyncResult::Incomplete, reason),
        Outcome::Interrupted => (SyncResult::Interrupted, reason),
        Outcome::Throttled { day: true, until } => (SyncResult::QuotaSpent, with_moment(&reason, *until)),
        Outcome::Throttled { day: false, until } => (SyncResult::Throttled, with_moment(&reason, *until)),
        Outcome::NeedsLogin(_) => (SyncResult::NeedsLogin, with_login_command(&reason, &name)),
        Outcome::DiskFull(_) => (SyncResult::DiskFull, reason),
        Outcome::Locked(_) => (SyncResult::Locked, reason),
        Outcome::Denied(_) => (SyncResult::Denied, reason),
        Outcome::Unusable(_) => (SyncResult::Unusable, reason),
        Outcome::Transient(_) => (SyncResult::Transient, reason),
        Outcome::Failed(_) => (SyncResult::Failed, reason),
    };
    LibraryEnd { name, result, note, summary: report.summary.clone() }
}

fn with_moment(reason: &str, until: DateTime<Utc>) -> String {
    format!("{reason}; again at {}", until.with_timezone(&chrono::Local).format("%Y-%m-%d %H:%M"))
}

#[cfg(test)]
mod tests {
    use crate::control::SyncResult;
    use crate::daemon::calls::end_of;
    use crate::job::{Outcome, RunReport};
    use crate::media::LibraryName;

    #[test]
    fn a_refused_token_is_told_with_the_command_to_run() {
        let alice = LibraryName::try_new("alice").expect("a legal name");
        let report = RunReport { outcome: Outcome::NeedsLogin("refused".to_owned()), summary: None };
        let end = end_of(alice, &report);
        assert_eq!(end.result, SyncResult::NeedsLogin);
        assert_eq!(end.note, "refused; run `gphotos-syncd login alice`");
    }
}
