//! `status` for people: a table of all libraries, then what there is to say of each one.
//!
//! Owns: the words. Invariant: pure; shows no secret. May import: `status`. Tests: below.

use chrono::{DateTime, Utc};

use crate::cli::deletion_text::{deletion_lines, trash_words};
use crate::cli::output::{Align, moment, moment_or_dash, size, span, table};
use crate::media::LibraryName;
use crate::status::{
    ClassStatus, DaemonStatus, ExportStatus, LibraryState, LibraryStatus, RunEnd, RunSummary, SpeedStatus,
    TokenHealth, VerifyStatus,
};
use crate::systemd::grouped;
use crate::takeout::rhythm::Notice;

/// Failing items that are shown without `--json`.
const FAILURES_SHOWN_HERE: usize = 5;

/// What the user of exports should not rely on them for.
const EXPORTS_CANNOT_TELL: &str = "exports cannot tell what was deleted at Google, nor surely that an old item joined an album; what is here stays";

/// The sources that bring exports.
const SOURCES_OF_EXPORTS: [&str; 2] = ["takeout", "drive"];

/// How many imported exports a person is shown of one library.
const EXPORTS_SHOWN_HERE: usize = 3;

/// The whole status as text at `now`.
pub(crate) fn text_of(status: &DaemonStatus, now: DateTime<Utc>) -> String {
    let mut lines = vec![daemon_line(status)];
    if status.libraries.is_empty() {
        lines.push("no libraries are configured".to_owned());
    } else {
        lines.push(String::new());
        lines.push(libraries_table(&status.libraries).trim_end().to_owned());
    }
    for library in &status.libraries {
        lines.push(String::new());
        lines.push(format!("{}: {}", library.name, library.root.display()));
        lines.extend(details(library, now).into_iter().map(|line| format!("  {line}")));
    }
    if !status.limits.is_empty() {
        lines.push(String::new());
        lines.extend(status.limits.iter().map(class_line));
    }
    lines.extend(status.speed.as_ref().map(speed_line));
    lines.push(String::new());
    lines.join("\n")
}

fn daemon_line(status: &DaemonStatus) -> String {
    let config = status.config.display();
    match (status.pid, status.started) {
        (Some(pid), Some(started)) => {
            format!("daemon {} of {config}: process {pid}, since {}", status.version, moment(started))
        }
        (Some(pid), None) => format!("daemon {} of {config}: process {pid}", status.version),
        (None, _) => format!("no daemon of {config} runs; this is what the disk tells"),
    }
}

fn libraries_table(libraries: &[LibraryStatus]) -> String {
    let head = [
        ("LIBRARY", Align::Left),
        ("STATE", Align::Left),
        ("LAST RUN", Align::Left),
        ("NEXT RUN", Align::Left),
        ("ITEMS", Align::Right),
        ("FILES", Align::Right),
        ("SIZE", Align::Right),
        ("WANTED", Align::Right),
        ("FAILED", Align::Right),
    ];
    let row = |library: &LibraryStatus| {
        vec![
            library.name.to_string(),
            library.state.word().to_owned(),
            moment_or_dash(library.last_run.as_ref().map(|run| run.finished)),
            moment_or_dash(library.next_run),
            grouped(library.items),
            grouped(library.files),
            size(library.bytes),
            grouped(library.wanted),
            grouped(library.failed),
        ]
    };
    table(&head, &libraries.iter().map(row).collect::<Vec<_>>())
}

fn details(library: &LibraryStatus, now: DateTime<Utc>) -> Vec<String> {
    let until = library.until.map_or(String::new(), |until| format!(" until {}", moment(until)));
    let mut lines = vec![format!("state: {}{until}", library.state.word())];
    lines.extend(library.detail.lines().map(str::to_owned));
    if let (LibraryState::Running, Some(progress)) = (library.state, &library.progress) {
        let (done, wanted) = (grouped(progress.downloaded), grouped(progress.wanted));
        let (listed, bytes) = (grouped(progress.listed), size(progress.bytes));
        let mut line = format!("now: {listed} items listed, {done} of {wanted} files, {bytes}");
        if !progress.waiting.is_empty() {
            line.push_str(", waits for ");
            line.push_str(&progress.waiting);
        }
        lines.push(line);
    }
    lines.push(library.last_run.as_ref().map_or_else(|| "last run: never".to_owned(), run_line));
    if library.last_run.as_ref().is_some_and(|run| run.end != RunEnd::Complete) {
        lines.push(format!("last complete run: {}", moment_or_dash(library.last_complete)));
    }
    lines.push(token_line(&library.token, now));
    for failure in library.failures.iter().take(FAILURES_SHOWN_HERE) {
        let next = failure.next_try.map_or(String::new(), |next| format!(", again after {}", moment(next)));
        lines.push(format!("failed: {}: {} ({} tries{next})", failure.path, failure.reason, failure.tries));
    }
    if library.failures.len() > FAILURES_SHOWN_HERE {
        lines.push("failed: more with `status --json`".to_owned());
    }
    lines.extend(library.verify.iter().flat_map(|verify| verify_lines(verify, &library.name)));
    lines.extend(library.notices.iter().flat_map(notice_lines));
    lines.extend(deletion_lines(library));
    if library.sources.iter().any(|source| SOURCES_OF_EXPORTS.contains(&source.as_str())) {
        lines.push(EXPORTS_CANNOT_TELL.to_owned());
    }
    lines.extend(library.exports.iter().take(EXPORTS_SHOWN_HERE).flat_map(export_lines));
    lines
}

/// When the files were looked at last, and what to do about what was found.
fn verify_lines(verify: &VerifyStatus, name: &LibraryName) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(finished) = verify.finished {
        let (files, bytes) = (grouped(verify.files), size(verify.bytes));
        lines.push(format!("verified: {files} files ({bytes}) hashed again, at {}", moment(finished)));
    }
    if let Some(begun) = verify.begun {
        let files = grouped(verify.begun_files);
        lines.push(format!("verifying: {files} files hashed again so far, since {}", moment(begun)));
    }
    if let Some(finding) = verify.finding() {
        lines.push(format!("warning: {finding}"));
        lines.push(format!("  hint: gphotos-syncd verify {name} --repair"));
    }
    lines
}

/// What is the matter, and what to do.
fn notice_lines(notice: &Notice) -> Vec<String> {
    let mut lines = vec![format!("warning: {}", notice.sentence())];
    lines.extend(notice.text.lines().skip(1).map(|line| format!("  {line}")));
    lines
}

/// What an export brought, and whether its archives may go.
fn export_lines(export: &ExportStatus) -> Vec<String> {
    let verdict = if export.complete {
        "proven complete, its archives are safe to delete"
    } else {
        "NOT proven complete"
    };
    let mut lines = vec![format!(
        "export {}: {verdict}; {} entries in {} parts: {} stored, {} already had, {} refused",
        export.name,
        grouped(export.entries),
        grouped(export.parts),
        grouped(export.stored),
        grouped(export.had),
        grouped(export.refused),
    )];
    lines.extend(export.reasons.iter().map(|reason| format!("  {reason}")));
    lines
}

fn run_line(run: &RunSummary) -> String {
    let word = run.end.word();
    let trash = trash_words(run).map_or_else(String::new, |words| format!(", {words}"));
    let reason = run.reason.as_deref().and_then(|reason| reason.lines().next());
    let why =
        reason.filter(|reason| !reason.is_empty()).map_or(String::new(), |reason| format!(": {reason}"));
    format!(
        "last run: {word} at {} after {}, {} listed, {} new, {} downloaded ({}), {} failed{trash}{why}",
        moment(run.finished),
        span(run.finished - run.started),
        grouped(run.listed),
        grouped(run.new),
        grouped(run.downloaded),
        size(run.bytes),
        grouped(run.failed),
    )
}

fn token_line(token: &TokenHealth, now: DateTime<Utc>) -> String {
    match token {
        TokenHealth::NotNeeded => "token: not needed".to_owned(),
        TokenHealth::Missing => "token: missing".to_owned(),
        TokenHealth::Unreadable => "token: not readable by this user".to_owned(),
        TokenHealth::Unusable { reason } | TokenHealth::Dead { reason } => {
            let word = if matches!(token, TokenHealth::Dead { .. }) { "dead" } else { "unusable" };
            format!("token: {word}: {}", reason.lines().next().unwrap_or_default())
        }
        TokenHealth::Good { dies_at, unsaved } => {
            let dies = dies_at.map_or_else(String::new, |dies_at| {
                let (at, left) = (moment(dies_at), span(dies_at - now));
                format!(", dies at {at} (in {left}; Google's \"Testing\" consent screens give 7 days)")
            });
            let unsaved = unsaved.as_ref().map_or_else(String::new, |unsaved| format!(", but {unsaved}"));
            format!("token: good{dies}{unsaved}")
        }
    }
}

fn class_line(class: &ClassStatus) -> String {
    let today = match class.left_today().zip(class.day_budget) {
        Some((left, budget)) => format!("{} of {} left today", grouped(left), grouped(budget)),
        None => format!("{} today", grouped(class.day_used)),
    };
    let bytes = class
        .bytes_left_today()
        .zip(class.day_bytes_budget)
        .map_or(String::new(), |(left, budget)| format!(", {} of {} left today", size(left), size(budget)));
    let (pace, unit) = rates(class.pace, class.ceiling);
    let told = if class.ceiling_told { ", as Google told" } else { "" };
    let parked =
        class.parked_until.map_or(String::new(), |until| format!(", parked until {}", moment(until)));
    format!(
        "{}: {pace} {unit}{told} ({}), {today}{bytes}, {} throttled of {} sent{parked}",
        class.class,
        class.mode,
        grouped(class.throttled),
        grouped(class.sent),
    )
}

/// A pace and its ceiling in the unit in which the ceiling has a digit before the point.
fn rates(pace: f64, ceiling: f64) -> (String, &'static str) {
    let (factor, unit) = if ceiling < 0.95 { (60.0, "requests/min") } else { (1.0, "requests/s") };
    (format!("{:.1} of at most {:.1}", pace * factor, ceiling * factor), unit)
}

fn speed_line(speed: &SpeedStatus) -> String {
    let limit =
        speed.bytes_per_second.map_or_else(|| "not limited".to_owned(), |n| format!("at most {}/s", size(n)));
    let window = speed.window.as_ref().map_or(String::new(), |name| format!(" (window `{name}`)"));
    format!("downloads: {limit}{window}")
}

#[cfg(test)]
#[path = "status_text_tests.rs"]
mod tests;
