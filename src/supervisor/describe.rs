//! A worker in words: the status that people and monitors read.
//!
//! Owns: the sentence of each state. Invariant: pure; no secret and no item name. May import: `job`, `status`.
//! Tests: below.

use chrono::{DateTime, Utc};
use std::path::PathBuf;

use crate::job::{Facts, Outcome, RunReport};
use crate::media::LibraryName;
use crate::status::{DeletionStatus, FAILURES_SHOWN, LibraryState, LibraryStatus, Progress, TokenHealth};
use crate::store::Totals;
use crate::supervisor::state::WorkerState;

/// What a status is made of.
#[derive(Debug)]
pub(crate) struct View<'a> {
    /// Whose.
    pub(crate) name: &'a LibraryName,
    /// Its root folder.
    pub(crate) root: &'a PathBuf,
    /// Its state.
    pub(crate) state: &'a WorkerState,
    /// Why it is in that state; empty if there is nothing to say.
    pub(crate) reason: &'a str,
    /// What is known from the index and the token file.
    pub(crate) facts: &'a Facts,
    /// The run under way.
    pub(crate) progress: Option<Progress>,
    /// When the next run is due.
    pub(crate) next_run: Option<DateTime<Utc>>,
}

/// Facts of a library that has not been looked at yet.
pub(crate) fn facts_unknown() -> Facts {
    Facts {
        totals: Totals::default(),
        failures: Vec::new(),
        last_run: None,
        last_complete: None,
        has_open_run: false,
        is_rebuilding: false,
        token: TokenHealth::Missing,
        exports: Vec::new(),
        sources: Vec::new(),
        verify: None,
        watch: None,
        deletions: DeletionStatus::default(),
    }
}

/// The status of one library.
pub(crate) fn describe(view: View<'_>) -> LibraryStatus {
    let facts = view.facts;
    let state = view.state.shown();
    LibraryStatus {
        name: view.name.clone(),
        root: view.root.clone(),
        state,
        detail: with_rebuild(detail_for(state, view.reason, view.name), facts.is_rebuilding),
        until: view.state.until(),
        last_run: facts.last_run.clone(),
        last_complete: facts.last_complete,
        next_run: view.next_run,
        items: facts.totals.items,
        files: facts.totals.files,
        bytes: facts.totals.bytes,
        wanted: facts.totals.wanted,
        failed: facts.totals.failed,
        failures: facts.failures.iter().take(FAILURES_SHOWN).cloned().collect(),
        token: facts.token.clone(),
        progress: if state == LibraryState::Running { view.progress } else { None },
        exports: facts.exports.clone(),
        sources: facts.sources.iter().map(|source| source.word().to_owned()).collect(),
        notices: facts.watch.as_ref().map_or_else(Vec::new, |watch| watch.notices.clone()),
        verify: facts.verify.clone(),
        rebuilding: facts.is_rebuilding,
        deletions: facts.deletions.clone(),
    }
}

/// Why a run left its library in the state it is in; empty if there is nothing to say.
pub fn reason_for(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Complete | Outcome::Interrupted => String::new(),
        Outcome::Incomplete => {
            "some items could not be fetched; they are tried again; see `gphotos-syncd status`".to_owned()
        }
        Outcome::Throttled { day: true, .. } => "the day's quota of the project is spent, but for what is kept for libraries that used little of it"
                .to_owned(),
        Outcome::Throttled { day: false, .. } => "Google asks for a long rest".to_owned(),
        Outcome::NeedsLogin(reason)
        | Outcome::DiskFull(reason)
        | Outcome::Locked(reason)
        | Outcome::Denied(reason)
        | Outcome::Unusable(reason)
        | Outcome::Transient(reason)
        | Outcome::Failed(reason) => reason.clone(),
    }
}

/// The same of a whole report: a run that left something undone says in its record what.
pub fn reason_of_run(report: &RunReport) -> String {
    let told = report.summary.as_ref().and_then(|run| run.reason.clone());
    told.filter(|told| report.outcome == Outcome::Incomplete && !told.is_empty())
        .unwrap_or_else(|| reason_for(&report.outcome))
}

/// A run that ended by a bug, as a report.
pub(crate) fn crash_report(bug: &impl std::fmt::Display) -> RunReport {
    let reason = format!("the run ended by a bug: {bug}\nhint: see the journal, and report it");
    RunReport { outcome: Outcome::Failed(reason), summary: None }
}

/// Why a library is parked from the start, from what its token file tells.
pub fn reason_of_token(token: &TokenHealth) -> String {
    match token {
        TokenHealth::Good { .. } | TokenHealth::NotNeeded => String::new(),
        TokenHealth::Missing => "there is no token file".to_owned(),
        TokenHealth::Unreadable => "the token file is not readable by this user".to_owned(),
        TokenHealth::Unusable { reason } | TokenHealth::Dead { reason } => reason.clone(),
    }
}

/// The sentence of a state; a library that needs a login is told the command.
pub fn detail_for(state: LibraryState, reason: &str, name: &LibraryName) -> String {
    match state {
        LibraryState::NeedsLogin => with_login_command(reason, name),
        LibraryState::Idle
        | LibraryState::Running
        | LibraryState::BackingOff
        | LibraryState::QuotaSpent
        | LibraryState::DiskFull
        | LibraryState::Failed
        | LibraryState::Unknown => reason.to_owned(),
    }
}

/// `detail`, and on a line after it that the index is made anew.
pub fn with_rebuild(detail: String, is_rebuilding: bool) -> String {
    if !is_rebuilding {
        return detail;
    }
    let told =
        "the index was lost or damaged and is made anew from the files; what is there is not fetched again";
    if detail.is_empty() { told.to_owned() } else { format!("{detail}\n{told}") }
}

/// `reason` with the login command, unless it names it already.
pub fn with_login_command(reason: &str, name: &LibraryName) -> String {
    let command = format!("gphotos-syncd login {name}");
    match reason {
        "" => format!("run `{command}`"),
        // A reason with a hint of its own, such as a `chmod`, is not mended by a login.
        reason if reason.contains(&command) || reason.contains("hint: ") => reason.to_owned(),
        reason => format!("{reason}; run `{command}`"),
    }
}

#[cfg(test)]
mod tests {
    use crate::media::LibraryName;
    use crate::status::LibraryState;
    use crate::supervisor::describe::detail_for;

    #[test]
    fn a_dead_token_is_told_with_the_command_once() {
        let alice = LibraryName::try_new("alice").expect("legal");
        let table = [
            ("", "run `gphotos-syncd login alice`"),
            ("the token is dead", "the token is dead; run `gphotos-syncd login alice`"),
            ("dead\nhint: gphotos-syncd login alice", "dead\nhint: gphotos-syncd login alice"),
            ("mode 0644\nhint: chmod 600 /x", "mode 0644\nhint: chmod 600 /x"),
        ];
        for (reason, expected) in table {
            assert_eq!(detail_for(LibraryState::NeedsLogin, reason, &alice), expected);
        }
        assert_eq!(detail_for(LibraryState::DiskFull, "no room", &alice), "no room");
    }
}
