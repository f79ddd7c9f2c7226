//! `import LIBRARY PATH...`: Takeout archives and unpacked folders taken in, in this process.
//!
//! Owns: the following of the import and the balance on paper. Invariant: touches no network; a running daemon is not asked, for the
//! library's lock keeps both apart. May import: everything below. Tests: below; the rest in `tests/it`.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

use crate::cli::load_with;
use crate::cli::output::{complain, emit, size};
use crate::cli::progress::Display;
use crate::cli::sync_table::worst_of;
use crate::config::{Config, Library};
use crate::daemon::{Options, StopSignals, end_of, offline_job};
use crate::exit::Exit;
use crate::job::{Balance, Job, RunReport, SyncJob};
use crate::media::LibraryName;
use crate::shutdown::{Shutdown, Stop};
use crate::systemd::grouped;

/// How often the shown progress follows the true one.
const REFRESH_PERIOD: Duration = Duration::from_millis(250);
/// Entries that are named of each kind; the report names more.
const NAMED_HERE: usize = 10;

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// Library to import into
    #[arg(value_name = "LIBRARY", value_parser = LibraryName::try_new)]
    pub(crate) library: LibraryName,
    /// Parts of Takeout exports (zip or tgz), folders with parts in them, or unpacked folders
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// The balance as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Does what `import` asks.
pub(crate) async fn run(
    args: &ImportArgs,
    options: &Options,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let config = match load_with([&args.library], options, err) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let Some(library) = config.libraries.get(&args.library) else { return Exit::Usage };
    let (mut signals, job) = match equip(&config, library) {
        Ok(equipped) => equipped,
        Err((exit, reason)) => {
            complain(err, &reason);
            return exit;
        }
    };
    let (shutdown, stop) = Shutdown::new();
    let (report, balances) = match follow(&job, args, &mut signals, &shutdown, stop).await {
        Ok(ended) => ended,
        Err(reason) => {
            complain(err, &reason);
            return Exit::Incomplete;
        }
    };
    let end = end_of(args.library.clone(), &report);
    if args.json {
        emit(out, &format!("{}\n", serde_json::to_string_pretty(&balances).unwrap_or_default()));
    } else {
        emit(out, &balances.iter().map(|balance| text_of(&args.library, balance)).collect::<String>());
    }
    if !end.note.is_empty() {
        complain(err, &end.note);
    }
    worst_of(&[end])
}

fn equip(config: &Config, library: &Library) -> Result<(StopSignals, SyncJob), (Exit, String)> {
    let deaf = |error| (Exit::Bug, format!("cannot listen to signals: {error}"));
    let signals = StopSignals::listen().map_err(deaf)?;
    let job = offline_job(config, library).map_err(|error| (error.exit(), error.told()))?;
    Ok((signals, job))
}

async fn follow(
    job: &SyncJob,
    args: &ImportArgs,
    signals: &mut StopSignals,
    shutdown: &Shutdown,
    stop: Stop,
) -> Result<(RunReport, Vec<Balance>), String> {
    let mut display = Display::new();
    let mut refresh = interval(REFRESH_PERIOD);
    refresh.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut importing = std::pin::pin!(job.import(args.paths.clone(), stop.clone()));
    loop {
        tokio::select! {
            ended = &mut importing => {
                display.finish(&args.library, "import ended");
                return Ok(ended);
            }
            _ = refresh.tick() => display.update(&args.library, &job.progress(), ""),
            () = signals.stop() => {
                if stop.is_begun() {
                    return Err("stopped at once; the same command goes on where this one was".to_owned());
                }
                display.tell("stopping: what was read is kept, and the same command goes on from there");
                shutdown.begin();
            }
        }
    }
}

/// The balance on paper.
fn text_of(library: &LibraryName, balance: &Balance) -> String {
    let total = &balance.total;
    let mut lines = vec![format!(
        "{library}: export {}, {} parts, {} entries",
        balance.name,
        balance.parts.len(),
        grouped(total.sum())
    )];
    let kinds = [
        ("stored", total.stored),
        ("already had", total.had),
        ("sidecars", total.sidecars),
        ("album data", total.albums),
        ("other known", total.other),
        ("sidecars without a file", total.unpaired),
        ("refused", total.refused),
        ("waiting", total.waiting),
    ];
    for (word, count) in kinds.into_iter().filter(|(_, count)| *count > 0) {
        lines.push(format!("  {:>12}  {word}", grouped(count)));
    }
    for (what, named, count) in
        [("refused", &balance.refused, total.refused), ("no file for", &balance.unpaired, total.unpaired)]
    {
        for entry in named.iter().take(NAMED_HERE) {
            lines.push(format!("  {what}: {} in {}: {}", entry.name, entry.part, entry.reason));
        }
        if count > NAMED_HERE as u64 {
            lines.push(format!("  {what}: {} more", grouped(count - NAMED_HERE as u64)));
        }
    }
    let (files, bytes) = (grouped(balance.verified_files), size(balance.verified_bytes));
    lines.push(format!("  verified: {files} files ({bytes}) hashed again from the disk"));
    if balance.is_safe {
        lines.push("  complete: every entry is accounted for; the archives are safe to delete".to_owned());
    } else {
        lines.push("  NOT proven complete, keep the archives:".to_owned());
        lines.extend(balance.reasons.iter().map(|reason| format!("  - {reason}")));
    }
    lines.join("\n") + "\n"
}
