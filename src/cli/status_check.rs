//! `status --check`: one line and an exit status for monitors.
//!
//! Critical (2): the disk changed stored files; a library needs a login, has no room on disk or has failed, or nothing of it is readable by who asks; or no daemon runs although a library has a schedule.
//! Warning (1): a library's newest run is incomplete, it is backing off or waits for the day's quota; its token dies within two
//! days, or cannot be saved; stored files are missing, changed or not readable; the index is being made anew; the watch over its exports has something to say; deletions at Google wait for a person's word; its newest complete run is older than two days and than two periods of its schedule, or there is none and no run
//! is under way; the daemon serves on although its configuration is broken by now. A library whose schedule is `manual` is never stale, and needs no daemon. Everything else is good (0).
//!
//! Owns: that decision. Invariant: pure. May import: `status`. Tests: below.

use chrono::{DateTime, TimeDelta, Utc};

use crate::cli::output::{moment, span};
use crate::media::LibraryName;
use crate::status::{DaemonStatus, LibraryState, LibraryStatus, RunEnd, TokenHealth};

/// A token that dies within this is warned of.
pub(crate) const TOKEN_WARNING: TimeDelta = TimeDelta::days(2);

/// A complete run may be this old whatever the schedule says.
const STALE_AFTER_MIN: TimeDelta = TimeDelta::days(2);

/// Complete runs may be missed this often.
const STALE_PERIODS: i32 = 2;

/// How bad it is; the number is the exit status that monitors expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Level {
    /// Nothing to do.
    Ok = 0,
    /// Worth a look.
    Warning = 1,
    /// A person is needed.
    Critical = 2,
}

/// The level and the line of the whole; `period_of` gives the time between two due runs, none for `manual`, and for every library
/// if the configuration cannot be used (`is_config_broken`).
pub(crate) fn decide_check(
    status: &DaemonStatus,
    period_of: impl Fn(&LibraryName) -> Option<TimeDelta>,
    is_config_broken: bool,
    now: DateTime<Utc>,
) -> (Level, String) {
    let mut found: Vec<(Level, String)> = Vec::new();
    let is_scheduled = status.libraries.iter().any(|library| period_of(&library.name).is_some());
    if status.pid.is_none() && is_scheduled {
        found.push((Level::Critical, "the daemon does not run".to_owned()));
    }
    if is_config_broken {
        let finding = "the configuration cannot be used, the daemon goes on with the old settings";
        found.push((Level::Warning, finding.to_owned()));
    }
    for library in &status.libraries {
        for (level, finding) in judge(library, period_of(&library.name), now) {
            found.push((level, format!("{}: {finding}", library.name)));
        }
    }
    found.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
    let level = found.first().map_or(Level::Ok, |(level, _)| *level);
    let word = match level {
        Level::Ok => "OK",
        Level::Warning => "WARNING",
        Level::Critical => "CRITICAL",
    };
    let findings: Vec<String> = found.into_iter().map(|(_, finding)| finding.replace('\n', " ")).collect();
    let text = if findings.is_empty() { counts(status) } else { findings.join("; ") };
    (level, format!("{word} - {text}"))
}

fn counts(status: &DaemonStatus) -> String {
    match status.libraries.as_slice() {
        [] => "no libraries are configured".to_owned(),
        [one] => format!("{} is {}", one.name, one.state.word()),
        many => format!("{} libraries are well", many.len()),
    }
}

fn judge(library: &LibraryStatus, period: Option<TimeDelta>, now: DateTime<Utc>) -> Vec<(Level, String)> {
    let mut found = Vec::new();
    let word = library.state.word();
    let with_detail = || match library.detail.lines().next().unwrap_or_default() {
        "" => word.to_owned(),
        detail => format!("{word}, {detail}"),
    };
    match library.state {
        LibraryState::NeedsLogin | LibraryState::DiskFull | LibraryState::Failed | LibraryState::Unknown => {
            found.push((Level::Critical, with_detail()));
        }
        LibraryState::BackingOff | LibraryState::QuotaSpent => found.push((Level::Warning, with_detail())),
        LibraryState::Idle | LibraryState::Running => {}
    }
    let last = library.last_run.as_ref().map(|run| run.end);
    if last == Some(RunEnd::Incomplete) {
        found.push((Level::Warning, format!("{} items could not be fetched", library.failed)));
    } else if library.state == LibraryState::Idle && was_cut_off(last, library.wanted) {
        let wanted = library.wanted;
        found.push((
            Level::Warning,
            format!("its last run was cut off, {wanted} known files are not here yet"),
        ));
    }
    if let TokenHealth::Good { dies_at, unsaved } = &library.token {
        if let Some(dies_at) = dies_at.filter(|dies_at| *dies_at - now <= TOKEN_WARNING) {
            found.push((Level::Warning, format!("its token dies at {}", moment(dies_at))));
        }
        found.extend(unsaved.clone().map(|unsaved| (Level::Warning, unsaved)));
    }
    found.extend(library.notices.iter().map(|notice| (Level::Warning, notice.sentence().to_owned())));
    if let Some((verify, finding)) = library.verify.as_ref().and_then(|it| Some((it, it.finding()?))) {
        // What a person removed or changed may be meant so; what the disk forgot is not.
        found.push((if verify.damaged > 0 { Level::Critical } else { Level::Warning }, finding));
    }
    if library.rebuilding {
        found.push((
            Level::Warning,
            "its index is being made anew, and does not know all files yet".to_owned(),
        ));
    }
    if library.deletions.held > 0 {
        let held = library.deletions.held;
        found.push((
            Level::Warning,
            format!("{held} items are gone at Google, their files wait for a person's word"),
        ));
    }
    if let Some(stale) = staleness(library, period, now) {
        found.push((Level::Warning, stale));
    }
    found
}

/// Whether the newest run did not get to its end: it says so, or it was killed and could not. Videos that Google still processes are
/// wanted after a complete run too.
fn was_cut_off(last: Option<RunEnd>, wanted: u64) -> bool {
    last == Some(RunEnd::Interrupted) || (last != Some(RunEnd::Complete) && wanted > 0)
}

fn staleness(library: &LibraryStatus, period: Option<TimeDelta>, now: DateTime<Utc>) -> Option<String> {
    let allowed = (period? * STALE_PERIODS).max(STALE_AFTER_MIN);
    match library.last_complete {
        Some(at) if now - at > allowed => Some(format!("its last complete run was {} ago", span(now - at))),
        None if library.state != LibraryState::Running => Some("no run was ever complete".to_owned()),
        Some(_) | None => None,
    }
}

#[cfg(test)]
#[path = "status_check_tests.rs"]
mod tests;
