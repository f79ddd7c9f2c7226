//! `sync`: one run of each library now, by the daemon if there is one, else in this process.
//!
//! Owns: the following of runs and their end. Invariant: SIGINT and SIGTERM stop it nicely, a second one at once; runs of the
//! daemon are never stopped from here. May import: everything below. Tests: `sync_table.rs`; the rest in `tests/it`.

use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

use crate::auth::{TOKEN_FILE_NAME, TokenFile};
use crate::cli::find_daemon::find_daemon;
use crate::cli::output::{complain, emit, moment};
use crate::cli::progress::Display;
use crate::cli::status_check::TOKEN_WARNING;
use crate::cli::sync_table::{summary, worst_of};
use crate::cli::{SyncArgs, load_with};
use crate::clock::wall_now;
use crate::config::{Config, Library};
use crate::control::{Client, LibraryEnd, Reply, Request, SyncResult};
use crate::daemon::{Engine, Options, Places, StopSignals, end_of, told};
use crate::exit::Exit;
use crate::job::{Job, RunReport};
use crate::media::LibraryName;
use crate::shutdown::Shutdown;
use crate::status::{LibraryState, LibraryStatus};

/// How often the shown progress follows the true one.
const REFRESH_PERIOD: Duration = Duration::from_millis(250);

/// Does what `sync` asks.
pub(crate) async fn run(
    args: &SyncArgs,
    options: &Options,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let config = match load_with(&args.libraries, options, err) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    if config.libraries.is_empty() {
        let hint = format!("hint: add `[library.NAME]` with its `root` to `{}`", config.path.display());
        complain(err, &format!("no library is configured\n{hint}"));
        return Exit::Config;
    }
    let mut signals = match StopSignals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            complain(err, &format!("cannot listen to signals: {error}"));
            return Exit::Bug;
        }
    };
    let places = Places::find(&options.config);
    let result = match ask_daemon(args, options, &places).await {
        Ok(Some(client)) => follow_daemon(client, &mut signals).await,
        Err(fault) => Err(fault),
        Ok(None) => run_here(args, config, options, &places, &mut signals).await,
    };
    match result {
        Ok(ends) => {
            emit(out, &summary(&ends));
            worst_of(&ends)
        }
        Err((exit, reason)) => {
            complain(err, &reason);
            exit
        }
    }
}

/// A conversation with the daemon of this configuration about the run; none if there is no daemon.
async fn ask_daemon(
    args: &SyncArgs,
    options: &Options,
    places: &Places,
) -> Result<Option<Client>, (Exit, String)> {
    let Some(found) = find_daemon(&options.config, places).await? else { return Ok(None) };
    let request =
        Request::Sync { libraries: args.libraries.clone(), full: args.full, deletions: args.allow_deletions };
    Client::ask(&found.socket, request).await.map_err(|error| (Exit::TryLater, told(&error)))
}

type Ends = Result<Vec<LibraryEnd>, (Exit, String)>;

async fn follow_daemon(mut client: Client, signals: &mut StopSignals) -> Ends {
    let mut display = Display::new();
    display.tell("the daemon does the run; this follows it");
    loop {
        let reply = tokio::select! {
            reply = client.next() => reply,
            () = signals.stop() => {
                let reason = "no longer followed; the daemon goes on with the run".to_owned();
                return Err((Exit::Incomplete, reason));
            }
        };
        match reply {
            Ok(Some(Reply::Library { status })) => show(&mut display, &status),
            Ok(Some(Reply::Ended { ends })) => {
                for end in &ends {
                    display.finish(&end.name, end.result.word());
                }
                return Ok(ends);
            }
            Ok(Some(Reply::Refused { reason })) => {
                return Err((Exit::TryLater, format!("the daemon refuses: {reason}")));
            }
            Ok(Some(Reply::Status { .. })) => {}
            Ok(None) => return Err((Exit::Incomplete, "the daemon ended before the run did".to_owned())),
            Err(error) => return Err((Exit::Incomplete, format!("the daemon was lost: {error}"))),
        }
    }
}

fn show(display: &mut Display, status: &LibraryStatus) {
    let progress = status.progress.clone().unwrap_or_default();
    let note = match status.state {
        LibraryState::Idle | LibraryState::Running => "",
        LibraryState::BackingOff
        | LibraryState::QuotaSpent
        | LibraryState::NeedsLogin
        | LibraryState::DiskFull
        | LibraryState::Failed
        | LibraryState::Unknown => status.state.word(),
    };
    display.update(&status.name, &progress, note);
}

/// The runs of this process.
struct Runs {
    jobs: BTreeMap<LibraryName, Arc<dyn Job>>,
    names: BTreeMap<Id, LibraryName>,
    tasks: JoinSet<RunReport>,
}

async fn run_here(
    args: &SyncArgs,
    config: Config,
    options: &Options,
    places: &Places,
    signals: &mut StopSignals,
) -> Ends {
    let engine = Engine::build(config, options.client_secret.as_deref(), &places.state_dir)
        .map_err(|error| (error.exit(), error.told()))?;
    let (shutdown, stop) = Shutdown::new();
    let mut runs = Runs { jobs: BTreeMap::new(), names: BTreeMap::new(), tasks: JoinSet::new() };
    for (name, library) in &engine.config.libraries {
        let is_wanted = args.libraries.is_empty() || args.libraries.contains(name);
        if let (true, Some(job)) = (is_wanted, engine.job(library)) {
            job.allow_deletions(args.allow_deletions);
            runs.start(name, job, args.full, &stop);
        }
    }
    let mut display = Display::new();
    let mut refresh = interval(REFRESH_PERIOD);
    refresh.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut ends = Vec::new();
    while !runs.tasks.is_empty() {
        tokio::select! {
            Some(ended) = runs.tasks.join_next_with_id() => {
                if let Some(end) = runs.end(ended) {
                    display.finish(&end.name, end.result.word());
                    ends.push(end);
                }
            }
            _ = refresh.tick() => runs.show(&mut display),
            () = signals.stop() => {
                if stop.is_begun() {
                    return Err((Exit::Incomplete, "stopped at once; the next run goes on where this one was".to_owned()));
                }
                display.tell("stopping: files under way are finished or left resumable");
                shutdown.begin();
            }
        }
    }
    ends.sort_by(|a, b| a.name.cmp(&b.name));
    for end in &ends {
        if let Some(library) = engine.config.libraries.get(&end.name)
            && let Some(warning) = death_warning(library, wall_now())
        {
            display.tell(&warning);
        }
    }
    Ok(ends)
}

/// The warning that is due for a token that dies soon; without a daemon nobody else gives it.
fn death_warning(library: &Library, now: DateTime<Utc>) -> Option<String> {
    let token = TokenFile::read(&library.root.join(TOKEN_FILE_NAME), &library.name).ok()?;
    let dies_at = token.dies_at().filter(|dies_at| *dies_at > now && *dies_at - now <= TOKEN_WARNING)?;
    let name = &library.name;
    Some(format!(
        "warning: the refresh token of library `{name}` dies at {}\nhint: gphotos-syncd login {name}",
        moment(dies_at)
    ))
}

// === impl Runs ===

impl Runs {
    fn start(&mut self, name: &LibraryName, job: Arc<dyn Job>, full: bool, stop: &crate::shutdown::Stop) {
        job.hasten();
        let (working, stop) = (Arc::clone(&job), stop.clone());
        let task = self.tasks.spawn(async move { working.run(full, stop).await });
        self.names.insert(task.id(), name.clone());
        self.jobs.insert(name.clone(), job);
    }

    fn end(&mut self, ended: Result<(Id, RunReport), JoinError>) -> Option<LibraryEnd> {
        let (id, report) = match ended {
            Ok((id, report)) => (id, Ok(report)),
            Err(error) => (error.id(), Err(error)),
        };
        let name = self.names.remove(&id)?;
        self.jobs.remove(&name);
        Some(match report {
            Ok(report) => end_of(name, &report),
            Err(error) => {
                let note = format!("the run ended by a bug: {error}");
                LibraryEnd { name, result: SyncResult::Failed, note, summary: None }
            }
        })
    }

    fn show(&self, display: &mut Display) {
        for (name, job) in &self.jobs {
            display.update(name, &job.progress(), "");
        }
    }
}
