//! `verify [LIBRARY]...`: stored files hashed again, in this process, and repaired if that is asked for.
//!
//! Owns: the following of the passes and what they found on paper. Invariant: asks nobody; a running daemon is not asked for the looks,
//! for the library's lock keeps both apart, but for the fetching that a repair needs, and told of what was found. May import: everything below. Tests: below;
//! the rest in `tests/it/verify.rs`.

use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

use crate::cli::find_daemon::ask_to_look;
use crate::cli::output::{complain, emit, size};
use crate::cli::progress::Display;
use crate::cli::sync_table::exit_for;
use crate::cli::{SyncArgs, load_with, sync};
use crate::config::{Config, Library};
use crate::daemon::{Options, StopSignals, end_of, offline_job};
use crate::exit::Exit;
use crate::job::{Job, Outcome, Repair, RunReport, SyncJob, Verified};
use crate::media::LibraryName;
use crate::shutdown::{Shutdown, Stop};
use crate::store::Found;
use crate::systemd::grouped;

/// How often the shown progress follows the true one.
const REFRESH_PERIOD: Duration = Duration::from_millis(250);
/// Files that are named of each kind; `--json` names more.
const NAMED_HERE: usize = 10;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Libraries to verify; all if none is named
    #[arg(value_name = "LIBRARY", value_parser = LibraryName::try_new)]
    pub(crate) libraries: Vec<LibraryName>,
    /// Fetch files again that are missing, changed or damaged; what lies in their place is kept in .gphotos-syncd/damaged
    #[arg(long)]
    pub(crate) repair: bool,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What came of each library.
type Results = BTreeMap<LibraryName, Verified>;

/// Does what `verify` asks.
pub(crate) async fn run(
    args: &VerifyArgs,
    options: &Options,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let config = match load_with(&args.libraries, options, err) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let (results, mut worst) = match verify_all(args, &config, err).await {
        Ok(ended) => ended,
        Err((exit, reason)) => {
            complain(err, &reason);
            return exit;
        }
    };
    if args.json {
        let all: Vec<_> = results.iter().map(|(name, verified)| json_of(name, verified)).collect();
        emit(out, &format!("{}\n", serde_json::to_string_pretty(&all).unwrap_or_default()));
    } else {
        emit(out, &results.iter().map(|(name, verified)| text_of(name, verified)).collect::<String>());
    }
    for name in results.keys() {
        // A daemon looks at a resting library's index every few minutes only, and monitors ask the daemon.
        ask_to_look(&options.config, name).await;
    }
    let wanted = results.iter().filter(|(_, it)| it.repair.is_some_and(|repair| repair.wanted > 0));
    let libraries: Vec<LibraryName> = wanted.map(|(name, _)| name.clone()).collect();
    if !libraries.is_empty() {
        let fetch = SyncArgs { libraries, full: false, allow_deletions: 0 };
        worst = worst.max(sync::run(&fetch, options, &mut std::io::sink(), err).await);
    }
    for (name, verified) in &results {
        worst = worst.max(verdict(name, verified, &config, err).await);
    }
    worst
}

/// One library after the other: they may share a disk.
async fn verify_all(
    args: &VerifyArgs,
    config: &Config,
    err: &mut dyn Write,
) -> Result<(Results, Exit), (Exit, String)> {
    let deaf = |error| (Exit::Bug, format!("cannot listen to signals: {error}"));
    let mut signals = StopSignals::listen().map_err(deaf)?;
    let (shutdown, stop) = Shutdown::new();
    let (mut results, mut worst) = (Results::new(), Exit::Done);
    let is_wanted = |name: &LibraryName| args.libraries.is_empty() || args.libraries.contains(name);
    for (name, library) in config.libraries.iter().filter(|(name, _)| is_wanted(name)) {
        let job = offline_job(config, library).map_err(|error| (error.exit(), error.told()))?;
        match follow(&job, args, library, &mut signals, &shutdown, stop.clone()).await? {
            Ok(Some(verified)) => {
                results.insert(name.clone(), verified);
            }
            Ok(None) => {
                complain(err, &format!("{name}: nothing was stored yet, so there is nothing to verify"));
            }
            Err(outcome) => {
                let end = end_of(name.clone(), &RunReport { outcome, summary: None });
                let why = if end.note.is_empty() { end.result.word() } else { &end.note };
                complain(err, &format!("{name}: not verified to the end: {why}"));
                worst = worst.max(exit_for(end.result));
            }
        }
        if stop.is_begun() {
            break;
        }
    }
    Ok((results, worst))
}

async fn follow(
    job: &SyncJob,
    args: &VerifyArgs,
    library: &Library,
    signals: &mut StopSignals,
    shutdown: &Shutdown,
    stop: Stop,
) -> Result<Result<Option<Verified>, Outcome>, (Exit, String)> {
    let mut display = Display::new();
    let mut refresh = interval(REFRESH_PERIOD);
    refresh.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut verifying = std::pin::pin!(job.verify(args.repair, stop.clone()));
    loop {
        tokio::select! {
            ended = &mut verifying => {
                display.finish(&library.name, if ended.is_ok() { "looked at" } else { "not looked at" });
                return Ok(ended);
            }
            _ = refresh.tick() => display.update(&library.name, &job.progress(), ""),
            () = signals.stop() => {
                if stop.is_begun() {
                    let reason = "stopped at once; the same command goes on where this one was".to_owned();
                    return Err((Exit::Incomplete, reason));
                }
                display.tell("stopping: what was looked at is kept, and the same command goes on from there");
                shutdown.begin();
            }
        }
    }
}

/// Whether a library is in order now; after a repair, what could not be put in order is told.
async fn verdict(name: &LibraryName, verified: &Verified, config: &Config, err: &mut dyn Write) -> Exit {
    let is_whole = verified.pass.unknown == 0;
    let left = match (&verified.repair, config.libraries.get(name)) {
        (Some(_), Some(library)) => match offline_job(config, library) {
            Ok(job) => job.facts().await.verify.and_then(|verify| verify.finding()),
            Err(error) => Some(error.told()),
        },
        _ if verified.counts.sum() > 0 => return Exit::Incomplete,
        _ => None,
    };
    match left {
        Some(left) => {
            complain(err, &format!("{name}: not all could be repaired: {left}"));
            Exit::Incomplete
        }
        None if is_whole => Exit::Done,
        None => Exit::Incomplete,
    }
}

/// A library on paper.
fn text_of(name: &LibraryName, verified: &Verified) -> String {
    let (pass, counts) = (&verified.pass, &verified.counts);
    let since = if verified.is_taken_up { ", with what an earlier one had looked at" } else { "" };
    let mut lines =
        vec![format!("{name}: {} files ({}) hashed again{since}", grouped(pass.files), size(pass.bytes))];
    let kinds = [
        (Found::Damaged, counts.damaged, "damaged: other bytes under the old time and length"),
        (Found::Missing, counts.missing, "missing"),
        (Found::Changed, counts.changed, "changed by somebody since they were stored"),
    ];
    for (kind, count, words) in kinds.into_iter().filter(|(_, count, _)| *count > 0) {
        lines.push(format!("  {:>12}  {words}", grouped(count)));
        let paths = verified.found.iter().filter(|(found, _)| *found == kind).map(|(_, path)| path.clone());
        lines.extend(named(paths, count));
    }
    if pass.unknown > 0 {
        lines.push(format!("  {:>12}  could not be looked at", grouped(pass.unknown)));
        lines
            .extend(named(verified.unknown.iter().map(|(path, why)| format!("{path}: {why}")), pass.unknown));
    }
    if pass.foreign > 0 {
        lines.push(format!("  {:>12}  not the library's; they are left alone", grouped(pass.foreign)));
        lines.extend(named(verified.foreign.iter().cloned(), pass.foreign));
    }
    match &verified.repair {
        Some(repair) => lines.extend(repair_lines(name, repair)),
        None if counts.sum() > 0 => lines.push(format!("  hint: gphotos-syncd verify {name} --repair")),
        None => {}
    }
    lines.join("\n") + "\n"
}

fn repair_lines(name: &LibraryName, repair: &Repair) -> Vec<String> {
    let mut lines = Vec::new();
    if repair.restored > 0 {
        lines.push(format!("  {:>12}  taken from an album's own copy", grouped(repair.restored)));
    }
    if repair.wanted > 0 {
        let words = "to be fetched again; spoilt copies are kept in .gphotos-syncd/damaged";
        lines.push(format!("  {:>12}  {words}", grouped(repair.wanted)));
    }
    if repair.from_exports > 0 {
        let words = "came from an export, which alone can bring them again";
        lines.push(format!("  {:>12}  {words}", grouped(repair.from_exports)));
        lines.push(format!("  hint: gphotos-syncd import {name} takeout-*.zip"));
    }
    if repair.left > 0 {
        let words = "left as they are: changed by somebody, or not to be mended on this disk";
        lines.push(format!("  {:>12}  {words}", grouped(repair.left)));
    }
    lines
}

/// The first of some files, and how many more there are.
fn named(lines: impl Iterator<Item = String>, count: u64) -> Vec<String> {
    let mut named: Vec<String> =
        lines.take(NAMED_HERE).map(|line| format!("                {line}")).collect();
    let more = count.saturating_sub(named.len() as u64);
    if more > 0 {
        named.push(format!("                and {} more", grouped(more)));
    }
    named
}

fn json_of(name: &LibraryName, verified: &Verified) -> serde_json::Value {
    let (pass, counts) = (&verified.pass, &verified.counts);
    let found = verified.found.iter().map(|(found, path)| json!({ "path": path, "found": found }));
    let unknown = verified.unknown.iter().map(|(path, why)| json!({ "path": path, "reason": why }));
    let repair = verified.repair.map(|repair| {
        json!({ "wanted": repair.wanted, "restored": repair.restored, "from_exports": repair.from_exports, "left": repair.left })
    });
    json!({
        "library": name,
        "files": pass.files,
        "bytes": pass.bytes,
        "missing": counts.missing,
        "changed": counts.changed,
        "damaged": counts.damaged,
        "unknown": pass.unknown,
        "foreign": pass.foreign,
        "found": found.collect::<Vec<_>>(),
        "not_looked_at": unknown.collect::<Vec<_>>(),
        "foreign_files": verified.foreign,
        "repair": repair,
    })
}

#[cfg(test)]
mod tests {
    use crate::cli::verify::named;

    #[test]
    fn the_first_files_are_named_and_the_others_counted() {
        let paths = |n: u64| (0..n).map(|n| n.to_string());
        assert_eq!(named(paths(2), 2).len(), 2);
        let many = named(paths(50), 1_234);
        assert_eq!((many.len(), many[10].trim()), (11, "and 1,224 more"));
    }
}
