//! `status`: every library in words, as JSON, or as one line for monitors; from the daemon, or from the disk without it.
//!
//! Owns: where the status comes from. Invariant: changes nothing. May import: everything below.
//! Tests: `status_check.rs`, `status_text.rs`, `offline.rs`; the rest in `tests/it`.

use chrono::{DateTime, Local, TimeDelta, Utc};
use std::io::Write;
use std::process::ExitCode;

use crate::cli::find_daemon::find_daemon;
use crate::cli::offline::read_status;
use crate::cli::output::{complain, emit};
use crate::cli::status_check::{Level, decide_check};
use crate::cli::status_text::text_of;
use crate::cli::{StatusArgs, all_known};
use crate::clock::wall_now;
use crate::config::Config;
use crate::daemon::{Options, Places};
use crate::exit::Exit;
use crate::media::LibraryName;
use crate::status::DaemonStatus;

/// Does what `status` asks.
pub(crate) async fn run(
    args: &StatusArgs,
    options: &Options,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> ExitCode {
    let config = match Config::load(&options.config) {
        Ok(config) => config,
        Err(error) => {
            complain(err, &error.to_string());
            return give_up(args, "the configuration cannot be used", Exit::Config, out);
        }
    };
    if !all_known(&args.library, &config, err) {
        return Exit::Usage.into();
    }
    let now = wall_now();
    let places = Places::find(&options.config);
    let mut status = match find_daemon(&options.config, &places).await {
        Ok(Some(found)) => found.status,
        Ok(None) => read_status(&config, &places.state_dir, now).await,
        Err((exit, reason)) => {
            complain(err, &reason);
            return give_up(args, "the daemon cannot be asked", exit, out);
        }
    };
    if let Some(wanted) = &args.library {
        status.libraries.retain(|library| library.name == *wanted);
    }
    if args.check {
        let (level, line) = decide_check(&status, |name| period_of(&config, name, now), now);
        emit(out, &format!("{line}\n"));
        return ExitCode::from(level as u8);
    }
    show(args, &status, now, out, err).into()
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
