//! `status`: every library in words, as JSON, or as one line for monitors; from the daemon, or from the disk without it.
//!
//! Owns: where the status comes from: a running daemon answers whatever has become of the configuration; without one it is needed.
//! Invariant: changes nothing. May import: everything below.
//! Tests: `status_check.rs`, `status_text.rs`, `offline.rs`; the rest in `tests/it`.

use chrono::{DateTime, Local, TimeDelta, Utc};
use std::io::Write;
use std::process::ExitCode;

use crate::cli::find_daemon::find_daemon;
use crate::cli::offline::read_status;
use crate::cli::output::{complain, emit};
use crate::cli::status_check::{Level, decide_check};
use crate::cli::status_text::text_of;
use crate::cli::{StatusArgs, all_among, all_known};
use crate::clock::wall_now;
use crate::config::Config;
use crate::daemon::{Options, Places};
use crate::exit::Exit;
use crate::media::LibraryName;
use crate::status::{DaemonStatus, LibraryState};

/// What a person is told beside the error of the configuration.
const SERVES_ON: &str = "warning: the daemon goes on with the settings that it took over last; its status follows\n\
                         hint: mend the configuration, then: systemctl reload gphotos-syncd\n";

/// Does what `status` asks.
pub(crate) async fn run(
    args: &StatusArgs,
    options: &Options,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> ExitCode {
    let loaded = Config::load(&options.config);
    if let Ok(config) = &loaded
        && !all_known(&args.library, config, err)
    {
        return Exit::Usage.into();
    }
    let now = wall_now();
    let places = Places::find(&options.config);
    let found = find_daemon(&options.config, &places).await;
    let mut status = match (found, &loaded) {
        (Ok(Some(found)), Ok(_)) => found.status,
        // The daemon goes on with the settings that it took over last, and what it does is to be seen.
        (Ok(Some(found)), Err(error)) => {
            complain(err, &error.to_string());
            emit(err, SERVES_ON);
            let known: Vec<&LibraryName> =
                found.status.libraries.iter().map(|library| &library.name).collect();
            if !all_among(&args.library, &known, &options.config, err) {
                return Exit::Usage.into();
            }
            found.status
        }
        (Ok(None), Ok(config)) => read_status(config, &places.state_dir, now).await,
        (Err((exit, reason)), Ok(_)) => {
            complain(err, &reason);
            return give_up(args, "the daemon cannot be asked", exit, out);
        }
        (Ok(None) | Err(_), Err(error)) => {
            complain(err, &error.to_string());
            return give_up(args, "the configuration cannot be used", error.exit(), out);
        }
    };
    if let Some(wanted) = &args.library {
        status.libraries.retain(|library| library.name == *wanted);
    }
    if args.check {
        let config = loaded.as_ref().ok();
        let period_of = |name: &LibraryName| period_of(config?, name, now);
        let (level, line) = decide_check(&status, period_of, loaded.is_err(), now);
        emit(out, &format!("{line}\n"));
        return ExitCode::from(level as u8);
    }
    let shown = show(args, &status, now, out, err);
    let is_unknown = status.libraries.iter().any(|library| library.state == LibraryState::Unknown);
    if shown == Exit::Done && is_unknown { Exit::NoPermission.into() } else { shown.into() }
}

/// There is no status: a monitor is told so in its own terms.
fn give_up(args: &StatusArgs, why: &str, exit: Exit, out: &mut dyn Write) -> ExitCode {
    if !args.check {
        return exit.into();
    }
    emit(out, &format!("CRITICAL - {why}\n"));
    ExitCode::from(Level::Critical as u8)
}

fn show(
    args: &StatusArgs,
    status: &DaemonStatus,
    now: DateTime<Utc>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    if !args.json {
        emit(out, &text_of(status, now));
        return Exit::Done;
    }
    match serde_json::to_string_pretty(status) {
        Ok(json) => {
            emit(out, &format!("{json}\n"));
            Exit::Done
        }
        Err(error) => {
            complain(err, &format!("cannot write the status as JSON: {error}"));
            Exit::Bug
        }
    }
}

/// The time between the next two due runs; none if the schedule is `manual`.
fn period_of(config: &Config, name: &LibraryName, now: DateTime<Utc>) -> Option<TimeDelta> {
    let schedule = &config.libraries.get(name)?.schedule;
    let first = schedule.next_after(&now.with_timezone(&Local))?;
    let second = schedule.next_after(&first)?;
    Some(second - first)
}
