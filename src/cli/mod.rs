//! The command line: what can be asked, and who answers.
//!
//! Owns: arguments, logging's default levels, exit codes. Invariant: results go to standard output, everything else to standard
//! error or the journal. May import: everything below. Tests: below, of the arguments; the rest in `tests/it`.

pub mod check;
mod deletion_text;
mod find_daemon;
mod import;
pub mod login;
pub mod logout;
mod offline;
mod output;
mod progress;
mod status;
mod status_check;
mod status_text;
mod sync;
mod sync_table;
mod verify;

use clap::{CommandFactory, Parser, Subcommand};
use std::future::Future;
use std::io::{BufReader, Write, stderr, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::cli::find_daemon::ask_to_look;
use crate::cli::output::{Watched, complain, emit, is_loss};
use crate::config::Config;
use crate::daemon::{DEFAULT_CONFIG, Options, raise_fence, run as run_daemon};
use crate::exit::Exit;
use crate::media::LibraryName;
use crate::systemd::{Logs, init_logs};

/// Threads of the runtime: the work waits for network and disk, and memory is bounded.
const WORKER_THREADS: usize = 2;

/// How long tasks that still run at the end may take: their work is safe to leave at any moment.
const LEAVE_PATIENCE: Duration = Duration::from_secs(1);

/// Keeps a complete, verified, browsable copy of Google Photos libraries on local disk.
#[derive(Debug, Parser)]
#[command(name = "gphotos-syncd", version, about, max_term_width = 100)]
pub struct Cli {
    /// Main configuration file
    #[arg(long, global = true, value_name = "FILE", env = "GPHOTOS_SYNCD_CONFIG", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    /// OAuth client secret (client_secret.json), instead of the one that the configuration names
    #[arg(long, global = true, value_name = "FILE")]
    client_secret: Option<PathBuf>,
    /// What is logged: error, warn, info, debug, trace, or a filter as in RUST_LOG
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The daemon, in the foreground, as systemd starts it
    Run,
    /// One run now, then exit; a running daemon is asked, and followed
    Sync(SyncArgs),
    /// Lets a library's owner consent in a browser, and keeps the token
    Login(login::LoginArgs),
    /// Revokes a library's token at Google and removes it
    Logout(logout::LogoutArgs),
    /// Every library: state, runs, items, errors, token, pace, quota
    Status(StatusArgs),
    /// Reads the whole configuration; touches no network, creates nothing
    Check,
    /// Hashes stored files again: bit rot, missing and foreign files
    Verify(verify::VerifyArgs),
    /// Takes in Google Takeout archives (zip or tgz) or an unpacked folder
    Import(import::ImportArgs),
    /// Prints the completions of a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Arguments of `sync`.
#[derive(Debug, clap::Args)]
pub(crate) struct SyncArgs {
    /// Libraries to sync; all if none is named
    #[arg(value_name = "LIBRARY", value_parser = LibraryName::try_new)]
    pub(crate) libraries: Vec<LibraryName>,
    /// List the whole library, whatever the period of full listings says
    #[arg(long)]
    pub(crate) full: bool,
    /// Let up to N items that are gone at Google go to the trash, however large a part of the library they are
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, requires = "libraries")]
    pub(crate) allow_deletions: u64,
}

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// Only this library
    #[arg(value_name = "LIBRARY", value_parser = LibraryName::try_new)]
    pub(crate) library: Option<LibraryName>,
    /// As JSON
    #[arg(long, conflicts_with = "check")]
    pub(crate) json: bool,
    /// One line for monitors; exits 0 (good), 1 (warning) or 2 (critical)
    #[arg(long)]
    pub(crate) check: bool,
}

/// Reads the command line, does what it asks, and tells how it ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    let default_level = match cli.command {
        Command::Run => "info",
        Command::Sync(_)
        | Command::Verify(_)
        | Command::Import(_)
        | Command::Login(_)
        | Command::Logout(_)
        | Command::Status(_)
        | Command::Check
        | Command::Completions { .. } => "warn",
    };
    if let Err(reason) = init_logs(&Logs { level: cli.log_level.clone(), default_level }) {
        complain(&mut stderr(), &format!("the log level cannot be understood: {reason}"));
        return Exit::Usage.into();
    }
    dispatch(cli)
}

/// Help and version go to standard output with 0; everything else is a fault of usage.
fn explain(error: &clap::Error) -> ExitCode {
    let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
    match error.print() {
        Err(lost) if is_loss(&lost) && exit == Exit::Done => {
            complain(&mut stderr(), &format!("cannot write the output: {lost}"));
            Exit::Incomplete.into()
        }
        Ok(()) | Err(_) => exit.into(),
    }
}

fn dispatch(cli: Cli) -> ExitCode {
    let options = Options { config: cli.config, client_secret: cli.client_secret };
    // Before the runtime's threads begin: they inherit it.
    match &cli.command {
        Command::Run => raise_fence(&options, &[], &[]),
        Command::Sync(args) => raise_fence(&options, &args.libraries, &[]),
        Command::Verify(args) => raise_fence(&options, &args.libraries, &[]),
        Command::Import(args) => raise_fence(&options, std::slice::from_ref(&args.library), &args.paths),
        Command::Login(_)
        | Command::Logout(_)
        | Command::Status(_)
        | Command::Check
        | Command::Completions { .. } => {}
    }
    let mut out = Watched::new(stdout());
    let exit = answer(cli.command, &options, &mut out, &mut stderr());
    out.verdict(exit, &mut stderr())
}

/// Does what the command asks; results go to `out`.
fn answer(command: Command, options: &Options, out: &mut dyn Write, err: &mut dyn Write) -> ExitCode {
    match command {
        Command::Run => block_on(async { run_daemon(options).await.into() }),
        Command::Sync(args) => block_on(async { sync::run(&args, options, out, err).await.into() }),
        Command::Verify(args) => block_on(async { verify::run(&args, options, out, err).await.into() }),
        Command::Import(args) => block_on(async { import::run(&args, options, out, err).await.into() }),
        Command::Status(args) => block_on(async { status::run(&args, options, out, err).await }),
        Command::Check => {
            let (text, exit) = check::run(&options.config);
            let stream: &mut dyn Write = if exit == Exit::Done { out } else { err };
            emit(stream, &text);
            exit.into()
        }
        Command::Login(args) => block_on(log_in(&args, options, out, err)),
        Command::Logout(args) => block_on(log_out(&args, options, out, err)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "gphotos-syncd", &mut script);
            emit(out, &String::from_utf8_lossy(&script));
            Exit::Done.into()
        }
    }
}

async fn log_in(
    args: &login::LoginArgs,
    options: &Options,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> ExitCode {
    let config = match load(options, err) {
        Ok(config) => config,
        Err(exit) => return exit.into(),
    };
    match login::Context::of_process(&config, options.client_secret.as_deref(), out, err) {
        Ok(mut context) => {
            let exit = login::run(args, &mut context, Box::new(BufReader::new(stdin()))).await;
            if exit == Exit::Done {
                ask_to_look(&options.config, &args.library).await;
            }
            exit.into()
        }
        Err(reason) => unequipped(&reason),
    }
}

async fn log_out(
    args: &logout::LogoutArgs,
    options: &Options,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> ExitCode {
    let config = match load(options, err) {
        Ok(config) => config,
        Err(exit) => return exit.into(),
    };
    match login::Context::of_process(&config, options.client_secret.as_deref(), out, err) {
        Ok(mut context) => {
            let exit = logout::run(args, &mut context).await;
            if exit == Exit::Done {
                ask_to_look(&options.config, &args.library).await;
            }
            exit.into()
        }
        Err(reason) => unequipped(&reason),
    }
}

fn unequipped(reason: &str) -> ExitCode {
    complain(&mut stderr(), reason);
    Exit::Config.into()
}

/// The configuration; what is wrong with it is told on `err`.
fn load(options: &Options, err: &mut dyn Write) -> Result<Config, Exit> {
    Config::load(&options.config).map_err(|error| {
        complain(err, &error.to_string());
        error.exit()
    })
}

/// The configuration, if it has all of these libraries; what is wrong is told on `err`.
fn load_with<'a>(
    names: impl IntoIterator<Item = &'a LibraryName>,
    options: &Options,
    err: &mut dyn Write,
) -> Result<Config, Exit> {
    let config = load(options, err)?;
    if all_known(names, &config, err) { Ok(config) } else { Err(Exit::Usage) }
}

/// Tells of a library that is not configured, with those that are; true if all are.
fn all_known<'a>(
    names: impl IntoIterator<Item = &'a LibraryName>,
    config: &Config,
    err: &mut dyn Write,
) -> bool {
    let known: Vec<&LibraryName> = config.libraries.keys().collect();
    all_among(names, &known, &config.path, err)
}

/// As [`all_known`], where the configuration at `config` has the libraries `known`.
fn all_among<'a>(
    names: impl IntoIterator<Item = &'a LibraryName>,
    known: &[&LibraryName],
    config: &Path,
    err: &mut dyn Write,
) -> bool {
    let Some(unknown) = names.into_iter().find(|name| !known.contains(name)) else {
        return true;
    };
    let hint = if known.is_empty() {
        format!("no library is configured; add `[library.{unknown}]` to `{}`", config.display())
    } else {
        let known: Vec<&str> = known.iter().map(|name| name.as_str()).collect();
        format!("known libraries: {}", known.join(", "))
    };
    complain(err, &format!("there is no library `{unknown}`\nhint: {hint}"));
    false
}

fn block_on(task: impl Future<Output = ExitCode>) -> ExitCode {
    let built =
        tokio::runtime::Builder::new_multi_thread().worker_threads(WORKER_THREADS).enable_all().build();
    match built {
        Ok(runtime) => {
            let exit = runtime.block_on(task);
            runtime.shutdown_timeout(LEAVE_PATIENCE);
            exit
        }
        Err(error) => {
            complain(&mut stderr(), &format!("cannot start the runtime: {error}"));
            Exit::Bug.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::{Cli, Command};
    use clap::{CommandFactory, Parser};
    use std::path::PathBuf;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_and_after_the_command() {
        for line in [["x", "--config", "/c.toml", "run"], ["x", "run", "--config", "/c.toml"]] {
            let cli = Cli::try_parse_from(line).expect("legal");
            assert_eq!(cli.config, PathBuf::from("/c.toml"));
            assert!(matches!(cli.command, Command::Run));
        }
    }

    #[test]
    fn usage_faults_are_told_apart_from_help() {
        let table: [(&[&str], bool); 6] = [
            (&["x"], true),
            (&["x", "dance"], true),
            (&["x", "sync", "no/such"], true),
            (&["x", "status", "--json", "--check"], true),
            (&["x", "--help"], false),
            (&["x", "--version"], false),
        ];
        for (line, is_fault) in table {
            let error = Cli::try_parse_from(line).expect_err("does not run");
            // clap shows the help for a bare command, on standard error.
            assert_eq!(error.use_stderr(), is_fault, "{line:?}");
        }
    }
}
