//! The daemon as a story: what is opened in which order, what it waits for, and how it ends.
//!
//! Owns: the wiring of all modules below it. Invariant: ready means that the configuration is valid, the client secret is
//! there, every library was looked at and the control socket answers. May import: everything below. Tests: of the pure
//! parts beside them; the whole daemon in `tests/it`.

mod calls;
mod confine;
mod paths;
mod reload;
#[cfg(test)]
mod unit_tests;
mod wiring;

use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::clock::wall_now;
use crate::config::Config;
use crate::control::{BindError, Call, Server};
use crate::exit::Exit;
use crate::shutdown::Shutdown;
use crate::supervisor::ticker::Ticker;
use crate::supervisor::{Quotas, Supervisor};
use crate::systemd::Notifier;

pub use crate::daemon::calls::{Desk, end_of};
pub use crate::daemon::confine::raise_fence;
pub(crate) use crate::daemon::confine::{needs_of, told_needs};
pub use crate::daemon::paths::{DEFAULT_CONFIG, Places};
pub use crate::daemon::wiring::{BuildError, Engine, offline_job};

/// How long the libraries may take to be looked at before the daemon is ready without them: a slow disk spins up in ten seconds.
const READY_PATIENCE: Duration = Duration::from_secs(20);

/// Requests of the control socket that wait to be answered.
const CALLS_MAX: usize = 16;

/// What the command line tells the daemon.
#[derive(Clone, Debug)]
pub struct Options {
    /// The main configuration file.
    pub config: PathBuf,
    /// The client secret that the command line names.
    pub client_secret: Option<PathBuf>,
}

/// The signals that end the daemon.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

/// Serves until it is told to stop; says on standard error or in the journal why it cannot.
pub async fn run(options: &Options) -> Exit {
    match serve(options).await {
        Ok(exit) => exit,
        Err((exit, reason)) => {
            tracing::error!("{reason}");
            exit
        }
    }
}

async fn serve(options: &Options) -> Result<Exit, (Exit, String)> {
    // 1. Signals first: a reload that comes early must not kill the daemon.
    let deaf = |error| (Exit::Bug, format!("cannot listen to signals: {error}"));
    let mut signals = StopSignals::listen().map_err(deaf)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(deaf)?;
    let notifier = Notifier::from_env();

    // 2. The configuration.
    let config = Config::load(&options.config).map_err(|error| (error.exit(), error.to_string()))?;
    let places = Places::find(&options.config);
    if let Some(shut_out) = confine::shut_out(&config, notifier.is_heard()) {
        tracing::error!("{shut_out}");
    }

    // 3. The control socket: it tells that another daemon serves already. Then what all libraries share.
    let server = Server::bind(&places.socket).map_err(|error| (exit_of(&error), told(&error)))?;
    let engine = Engine::build(config, options.client_secret.as_deref(), &places.state_dir)
        .map_err(|error| (error.exit(), error.told()))?;

    // 4. The supervisor with a worker for each library, and the tick that drives them.
    let (ticker, ticks) = Ticker::start().await.map_err(|error| (Exit::Bug, told(&error)))?;
    let (shutdown, stop) = Shutdown::new();
    let limiter = engine.limiter.clone();
    let quotas = Quotas::new(move || limiter.status());
    let (supervisor, handle) = Supervisor::start(engine.specs(), ticks, notifier.clone(), quotas);
    let mut supervisor = tokio::spawn(supervisor.run(stop.clone()));

    // 5. Requests are answered, and everything is ready, unless a stop comes first: a slow disk must not hold it up.
    let (sender, calls) = mpsc::channel(CALLS_MAX);
    let desk = Desk::new(handle.clone(), engine.limiter.clone(), options.config.clone(), wall_now());
    let answering = tokio::spawn(answer_calls(calls, desk));
    let serving = tokio::spawn(server.serve(sender, stop));
    let mut is_told_to_stop = tokio::select! {
        () = handle.ready(READY_PATIENCE) => false,
        () = signals.stop() => true,
    };
    if !is_told_to_stop {
        notifier.ready(&handle.sentence());
        tracing::info!(libraries = handle.libraries().len(), "ready");
    }

    // 6. Work until a signal ends it; a reload changes the settings in place.
    let mut reloader = reload::Reloader::new(options.clone(), engine, handle, notifier);
    let mut stalled = None;
    while stalled.is_none() && !is_told_to_stop {
        tokio::select! {
            () = signals.stop() => is_told_to_stop = true,
            _ = hangup.recv() => reloader.reload().await,
            ended = &mut supervisor => stalled = Some(ended),
        }
    }

    // 7. Drain within the grace; a second signal ends it at once.
    shutdown.begin();
    let exit = match stalled {
        Some(_) => Exit::Bug,
        None => drain(supervisor, &mut signals).await,
    };

    // 8. Nothing is left but the socket and the tick.
    ticker.stop().await;
    answering.abort();
    if let Err(error) = serving.await {
        tracing::debug!(%error, "the control socket ended by a bug");
    }
    tracing::info!("stopped");
    Ok(exit)
}

async fn drain(mut supervisor: JoinHandle<bool>, signals: &mut StopSignals) -> Exit {
    tracing::info!("stopping: files under way are finished or left resumable");
    tokio::select! {
        drained = &mut supervisor => match drained {
            Ok(true) => Exit::Done,
            Ok(false) => Exit::Incomplete,
            Err(error) => {
                tracing::error!(%error, "the supervisor ended by a bug");
                Exit::Bug
            }
        },
        () = signals.stop() => {
            tracing::warn!("a second signal: ending at once");
            supervisor.abort();
            Exit::Incomplete
        }
    }
}

/// Each request is answered in a task of its own; the socket bounds how many there are.
async fn answer_calls(mut calls: mpsc::Receiver<Call>, desk: Desk) {
    while let Some(call) = calls.recv().await {
        let desk = desk.clone();
        tokio::spawn(async move { desk.answer(call).await });
    }
}

// === impl StopSignals ===

impl StopSignals {
    /// Listens from now on.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Ends when the daemon is told to stop.
    pub async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn exit_of(error: &BindError) -> Exit {
    match error {
        BindError::Alive { .. } => Exit::TryLater,
        BindError::TooLong { .. } => Exit::Config,
        BindError::Io { source, .. } => Exit::of_io(source),
    }
}

/// An error with all its causes, in one line.
pub fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text.push_str(": ");
        text.push_str(&source.to_string());
        cause = source.source();
    }
    text
}
