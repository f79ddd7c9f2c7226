//! The simulator as a program: prints its URL, then serves until standard input closes or SIGTERM.

#![forbid(unsafe_code)]

mod args;
mod export;

use clap::Parser as _;
use fake_google::{FakeGoogle, Quota, RangeMode, Settings, Synthetic, User};
use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Args;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            let _ = writeln!(std::io::stderr(), "error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    if let Some(folder) = &args.export.write_export {
        return export::write(&args.export, args.seed, folder);
    }
    let google = FakeGoogle::try_start(settings(args))?;
    for account in &args.accounts {
        let mut items = Synthetic::photos(account.items);
        items.bytes = account.bytes.clone();
        items.video_every = args.video_every;
        items.real = args.real;
        google.synthetic_account(&account.name, items);
    }
    for albums in &args.albums {
        let user: User = google.account(&albums.account);
        user.spread_albums(albums.albums, albums.each);
    }
    for (account, folder) in &args.drive {
        google.account(account).drive().add_all_of(folder)?;
    }
    write_files(args, &google)?;
    writeln!(std::io::stdout(), "{}", google.url())?;
    std::io::stdout().flush()?;
    wait(args.no_stdin)
}

fn settings(args: &Args) -> Settings {
    let mut settings = Settings {
        listen: args.listen,
        tls: args.tls,
        api_origin: args.api_origin.clone(),
        media_origin: args.media_origin.clone(),
        seed: args.seed,
        legacy_scopes_work: args.legacy_scopes,
        latency: std::time::Duration::from_millis(args.latency_ms),
        ..Settings::default()
    };
    if args.no_range {
        settings.range = RangeMode::Ignored;
    }
    if !args.no_quota {
        settings.quotas = Quota::google();
        settings.quotas.extend(Quota::google_drive());
    }
    settings.quotas.extend(args.quotas.iter().cloned());
    settings
}

fn write_files(args: &Args, google: &FakeGoogle) -> Result<(), Failure> {
    if let Some(path) = &args.write_client_secret {
        std::fs::write(path, google.client_secret_json())?;
    }
    let scopes: Vec<&str> = args.scopes.iter().map(String::as_str).collect();
    for (account, path) in &args.write_token {
        write_private(path, &google.token_json_with(account, &scopes))?;
    }
    if let Some(path) = &args.write_ca {
        std::fs::write(path, google.ca_pem().unwrap_or_default())?;
    }
    if let Some(path) = &args.url_file {
        let partial = path.with_extension("partial");
        std::fs::write(&partial, google.url())?;
        std::fs::rename(partial, path)?;
    }
    Ok(())
}

/// A token file is 0600 from its first moment, as clients insist.
fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

fn wait(no_stdin: bool) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (closed, stdin_closed) = tokio::sync::oneshot::channel::<()>();
    if no_stdin {
        std::mem::forget(closed);
    } else {
        std::thread::spawn(move || {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            drop(closed);
        });
    }
    runtime.block_on(async {
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
            _ = stdin_closed => {}
        }
        Ok(())
    })
}
