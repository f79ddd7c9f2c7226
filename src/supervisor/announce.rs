//! What is worth a line in the journal when a run has ended: each change once, never each repetition.
//!
//! Owns: which conditions of a library were announced and not yet called off. Invariant: the plan is pure; a condition is
//! announced once until it ends; a notice about exports once, whatever restarts come between, for the index remembers it.
//! May import: `job`, `media`, `status`, `systemd`, `takeout`. Tests: below.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinHandle;

use crate::job::{Facts, Job, Outcome, RunReport, Watch};
use crate::media::LibraryName;
use crate::status::{TokenHealth, VerifyStatus};
use crate::supervisor::describe::with_login_command;
use crate::systemd::Message;
use crate::takeout::rhythm::{Notice, NoticeKey, NoticeKind};

/// Rests of a token's life at which it is warned of, hours, longest first.
const TOKEN_WARNINGS_HOURS: [i64; 2] = [48, 12];

/// A lasting condition of a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Condition {
    /// The token file with this stamp was refused.
    NeedsLogin(Option<u64>),
    /// The day's quota is spent.
    Quota,
    /// No room.
    Disk,
    /// A fault that waiting hardly mends.
    Fault,
    /// A passing fault.
    Passing,
}

/// Remembers what was announced of one library.
#[derive(Debug)]
pub(crate) struct Announcer {
    name: LibraryName,
    open: BTreeSet<Condition>,
    token_warned: Option<(DateTime<Utc>, i64)>,
    /// Which notices were said; none: what the index remembers.
    said: Option<BTreeSet<NoticeKey>>,
    remembering: Option<JoinHandle<()>>,
    /// What was said of files that are not as they were stored.
    found_said: Option<String>,
}

// === impl Announcer ===

impl Announcer {
    pub(crate) fn new(name: LibraryName) -> Self {
        Self {
            name,
            open: BTreeSet::new(),
            token_warned: None,
            said: None,
            remembering: None,
            found_said: None,
        }
    }

    /// A run ended. `stamp` is that of the token file it used.
    pub(crate) fn run_ended(&mut self, outcome: &Outcome, stamp: Option<u64>, reason: &str) {
        for message in plan_messages(&mut self.open, outcome, stamp) {
            log(message, &self.name, reason);
        }
    }

    /// The library was looked at.
    pub(crate) fn facts_seen(&mut self, facts: &Facts, job: &Arc<dyn Job>, now: DateTime<Utc>) {
        self.token_seen(&facts.token, now);
        self.files_seen(facts.verify.as_ref().and_then(VerifyStatus::finding));
        if let Some(watch) = &facts.watch {
            self.watch_seen(watch, job);
        }
    }

    /// Ends when what was said is remembered.
    pub(crate) async fn settle(&mut self) {
        if let Some(Err(error)) = ended(self.remembering.take()).await {
            tracing::error!(library = %self.name, %error, "a bug in the remembering of what was said");
        }
    }

    /// Says what is new, and has the index remember it: in this order, since twice is better than never.
    fn watch_seen(&mut self, watch: &Watch, job: &Arc<dyn Job>) {
        let (due, said) = plan_notices(self.said.as_ref().unwrap_or(&watch.said), &watch.notices);
        for notice in due {
            log(message_of(notice.kind), &self.name, &notice.text);
        }
        if said != watch.said {
            let (job, said, before) = (Arc::clone(job), said.clone(), self.remembering.take());
            self.remembering = Some(tokio::spawn(async move {
                ended(before).await;
                job.remember_said(said).await;
            }));
        }
        self.said = Some(said);
    }

    /// Says what is the matter with the files when it is another matter than before.
    fn files_seen(&mut self, finding: Option<String>) {
        if let Some(finding) = finding.as_ref().filter(|_| finding != self.found_said) {
            let hint = format!("{finding}\nhint: gphotos-syncd verify {} --repair", self.name);
            log(Message::FilesDamaged, &self.name, &hint);
        }
        self.found_said = finding;
    }

    fn token_seen(&mut self, token: &TokenHealth, now: DateTime<Utc>) {
        let warned = self.token_warned;
        if let Some(due) = plan_token_warning(warned, token, now) {
            self.token_warned = Some(due);
            let dies = due.0.format("%Y-%m-%d %H:%M UTC");
            let reason = with_login_command(&format!("the refresh token dies at {dies}"), &self.name);
            log(Message::TokenDiesSoon, &self.name, &reason);
        }
    }
}

async fn ended(task: Option<JoinHandle<()>>) -> Option<Result<(), tokio::task::JoinError>> {
    Some(task?.await)
}

/// The notices that were not said yet, and all that stand, which then were.
fn plan_notices<'n>(
    said: &BTreeSet<NoticeKey>,
    notices: &'n [Notice],
) -> (Vec<&'n Notice>, BTreeSet<NoticeKey>) {
    let due = notices.iter().filter(|notice| !said.contains(&notice.key())).collect();
    (due, notices.iter().map(Notice::key).collect())
}

fn message_of(kind: NoticeKind) -> Message {
    match kind {
        NoticeKind::Late => Message::ExportLate,
        NoticeKind::PartMissing => Message::ExportPartMissing,
        NoticeKind::Unfetched => Message::ExportPartWaits,
        NoticeKind::QuotaShort => Message::ExportRoomShort,
        NoticeKind::RenewSoon | NoticeKind::YearOver => Message::ExportsEnd,
    }
}

/// The messages that the end of a run makes due, in order; `open` is brought up to date.
fn plan_messages(open: &mut BTreeSet<Condition>, outcome: &Outcome, stamp: Option<u64>) -> Vec<Message> {
    let mut messages = Vec::new();
    open.retain(|condition| {
        let ends = is_called_off(*condition, outcome);
        if let (true, Some(message)) = (ends, all_clear(*condition)) {
            messages.push(message);
        }
        !ends
    });
    let (condition, message) = match outcome {
        Outcome::Complete => (None, Some(Message::RunComplete)),
        Outcome::Incomplete => (None, Some(Message::RunIncomplete)),
        Outcome::Interrupted => (None, None),
        Outcome::Throttled { day: true, .. } => (Some(Condition::Quota), Some(Message::QuotaSpent)),
        Outcome::Throttled { day: false, .. } | Outcome::Transient(_) => {
            (Some(Condition::Passing), Some(Message::BackingOff))
        }
        Outcome::NeedsLogin(_) => (Some(Condition::NeedsLogin(stamp)), Some(Message::NeedsLogin)),
        Outcome::DiskFull(_) => (Some(Condition::Disk), Some(Message::DiskFull)),
        Outcome::Locked(_) | Outcome::Denied(_) | Outcome::Unusable(_) | Outcome::Failed(_) => {
            (Some(Condition::Fault), Some(Message::RunFailed))
        }
    };
    let is_new = condition.is_none_or(|condition| open.insert(condition));
    messages.extend(message.filter(|_| is_new));
    messages
}

/// Whether a run that ended so proves that the condition is over.
fn is_called_off(condition: Condition, outcome: &Outcome) -> bool {
    let went_through = matches!(outcome, Outcome::Complete | Outcome::Incomplete);
    match condition {
        Condition::NeedsLogin(_) => {
            went_through || matches!(outcome, Outcome::Throttled { .. } | Outcome::DiskFull(_))
        }
        Condition::Quota => went_through || matches!(outcome, Outcome::DiskFull(_)),
        Condition::Disk | Condition::Fault | Condition::Passing => went_through,
    }
}

fn all_clear(condition: Condition) -> Option<Message> {
    match condition {
        Condition::NeedsLogin(_) => Some(Message::LoginRestored),
        Condition::Quota => Some(Message::QuotaBack),
        Condition::Disk => Some(Message::DiskHasRoom),
        Condition::Fault => Some(Message::RunRecovered),
        Condition::Passing => None,
    }
}

/// The warning that is due for a token: when it dies and which of the warnings it is; each once for each token.
fn plan_token_warning(
    warned: Option<(DateTime<Utc>, i64)>,
    token: &TokenHealth,
    now: DateTime<Utc>,
) -> Option<(DateTime<Utc>, i64)> {
    let TokenHealth::Good { dies_at: Some(dies_at), .. } = token else { return None };
    let left = *dies_at - now;
    let hours = TOKEN_WARNINGS_HOURS.into_iter().rev().find(|hours| left <= TimeDelta::hours(*hours))?;
    let told = warned.is_some_and(|(died_at, told)| died_at == *dies_at && told <= hours);
    (!told).then_some((*dies_at, hours))
}

/// One line for the end of a run.
pub(crate) fn log_end(library: &LibraryName, report: &RunReport) {
    let Some(run) = &report.summary else { return };
    tracing::info!(
        %library,
        run = run.run,
        listed = run.listed,
        new = run.new,
        downloaded = run.downloaded,
        bytes = run.bytes,
        failed = run.failed,
        "run {} of library {library} ended: {} listed, {} downloaded, {} failed",
        run.run, run.listed, run.downloaded, run.failed,
    );
}

/// One line in the journal, under the message's identifier.
pub(crate) fn log(message: Message, library: &LibraryName, reason: &str) {
    let message_id = message.id();
    match message {
        Message::NeedsLogin => {
            let what = with_login_command(reason, library);
            tracing::error!(%library, message_id, "library {library} is parked, it needs a login: {what}");
        }
        Message::LoginRestored => {
            tracing::info!(%library, message_id, "library {library} is logged in again");
        }
        Message::TokenDiesSoon
        | Message::ExportLate
        | Message::ExportPartMissing
        | Message::ExportPartWaits
        | Message::ExportRoomShort
        | Message::ExportsEnd
        | Message::FilesDamaged
        | Message::DeletionsHeld
        | Message::IndexDamaged => tracing::warn!(%library, message_id, "library {library}: {reason}"),
        Message::QuotaSpent => {
            tracing::warn!(%library, message_id, "library {library} rests until the quota's reset: {reason}");
        }
        Message::QuotaBack => {
            tracing::info!(%library, message_id, "library {library} goes on: there is quota again");
        }
        Message::DiskFull => {
            tracing::error!(%library, message_id, "library {library} has no room on disk: {reason}");
        }
        Message::DiskHasRoom => {
            tracing::info!(%library, message_id, "library {library} has room on disk again");
        }
        Message::RunFailed => {
            tracing::error!(%library, message_id, "a run of library {library} failed: {reason}");
        }
        Message::RunRecovered => tracing::info!(%library, message_id, "library {library} works again"),
        Message::BackingOff => {
            tracing::warn!(%library, message_id, "a run of library {library} ended early, it is tried again: {reason}");
        }
        Message::RunIncomplete => {
            tracing::warn!(%library, message_id, "a run of library {library} ended with items missing: {reason}");
        }
        Message::RunComplete => {
            tracing::info!(%library, message_id, "a run of library {library} is complete");
        }
        Message::WorkerCrashed => {
            tracing::error!(%library, message_id, "a bug ended the work on library {library}, it is tried again: {reason}");
        }
        Message::WorkerStalled => {
            tracing::error!(%library, message_id, "the worker of library {library} shows no sign of life");
        }
        Message::ConfigRefused | Message::ConfigApplied | Message::RestartNeeded => {
            tracing::info!(%library, message_id, "the settings of library {library} were looked at: {reason}");
        }
    }
}

#[cfg(test)]
#[path = "announce_tests.rs"]
mod tests;
