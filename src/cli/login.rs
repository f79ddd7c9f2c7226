//! `login LIBRARY`: a person's consent, and the token file that comes of it.
//!
//! Owns: the dialogue on the terminal. Invariant: nothing is written before every scope is granted and a refresh token is
//! there, so a login that fails leaves the token of before; codes and tokens are never shown.
//! May import: `auth`, `google` (its HTTP client), `config`, `limiter`, `media`, `clock`, `exit`. Tests: `login/tests.rs`.

mod error;
mod terminal;

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::{Access, access};
use rustix::io::Errno;
use std::io::{BufRead, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use url::Url;

use crate::auth::{
    Browser, ClientSecret, ClientSecretError, Consent, ConsentError, Listener, TOKEN_FILE_NAME, TokenAnswer,
    TokenEndpoint, TokenFile, ask_patiently, give_to_folder_owner, missing_scopes, parse_paste, scopes_for,
    shell_word,
};
use crate::cli::login::error::LoginError;
use crate::cli::login::terminal::lines_of;
pub(crate) use crate::cli::login::terminal::say;
use crate::clock::wall_now;
use crate::config::{Config, Library};
use crate::daemon::DEFAULT_CONFIG;
use crate::exit::Exit;
use crate::google::Transport;
use crate::limiter::Limiter;
use crate::media::LibraryName;
use crate::secret::Secret;
use crate::systemd::Credential;

/// How often an address may be pasted before the login is given up.
const PASTES_MAX: u32 = 3;
/// Tokens of a consent screen in "Testing" live 7 days; what lives hardly longer is taken for one, days.
const TESTING_DAYS_MAX: i64 = 8;
/// Where a pasted login sends the browser: no program listens there and browsers do not ask it, so the code goes nowhere.
const REDIRECT_NOWHERE: &str = "http://127.0.0.1:1/";

/// Ask Google for access to a library's photos.
///
/// Prints an address to open in a browser, waits for the answer, and writes the library's token file.
/// A running daemon notices the new token by itself.
#[derive(Clone, Debug, clap::Args)]
pub struct LoginArgs {
    /// Library to log in, as named in the configuration
    #[arg(value_name = "LIBRARY", value_parser = LibraryName::try_new)]
    pub library: LibraryName,
    /// Port of 127.0.0.1 that the browser brings the answer to [default: any free one]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub port: u16,
    /// Paste the address that the browser ended on, instead of listening for it
    #[arg(long)]
    pub manual: bool,
    /// Time to wait for the answer
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
}

/// What the commands about credentials work with.
pub struct Context<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The value of `--client-secret`.
    pub client_secret: Option<&'a Path>,
    /// The value of `$CREDENTIALS_DIRECTORY`.
    pub credentials_dir: Option<PathBuf>,
    /// The HTTP client, which follows no redirects.
    pub http: reqwest::Client,
    /// The limiter.
    pub limiter: Limiter,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
}

// === impl Context ===

impl<'a> Context<'a> {
    /// The process's own surroundings.
    ///
    /// # Errors
    /// What keeps TLS or the limiter from being set up, as text.
    pub fn of_process(
        config: &'a Config,
        client_secret: Option<&'a Path>,
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
    ) -> Result<Self, String> {
        let credentials_dir = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let http = Transport::new(&config.google.endpoints, &config.limits)?.json();
        // No state directory: the day budgets do not count requests to the token endpoint.
        let limiter = Limiter::open(&config.limits, None).map_err(|error| error.to_string())?;
        Ok(Self { config, client_secret, credentials_dir, http, limiter, out, err })
    }

    /// The OAuth application; `command` is what a person would run to give this command the one in systemd's keeping.
    pub(crate) fn load_client_secret(&self, command: &str) -> Result<ClientSecret, ClientSecretError> {
        let found = ClientSecret::find(self.client_secret, self.config, self.credentials_dir.as_deref());
        let path = found.map_err(|error| {
            error.or_kept(Credential::installed(), |kept| self.with_credential(kept, command))
        })?;
        ClientSecret::load(&path)
    }

    /// The hint to run `command` with the credential that the service has.
    fn with_credential(&self, kept: &Credential, command: &str) -> String {
        let (setting, name, file) = (kept.setting, kept.name(), shell_word(&kept.file));
        let config = if self.config.path == Path::new(DEFAULT_CONFIG) {
            String::new()
        } else {
            format!(" --config {}", shell_word(&self.config.path))
        };
        format!(
            "borrow it as the service does: sudo systemd-run --pipe --wait --quiet -p {setting}={name}:{file} gphotos-syncd{config} {command}"
        )
    }
}

/// Runs `login`; `input` is standard input, which only `--manual` reads.
pub async fn run(args: &LoginArgs, context: &mut Context<'_>, input: Box<dyn BufRead + Send>) -> Exit {
    match log_in(args, context, input).await {
        Ok(()) => Exit::Done,
        Err(error) => {
            say(context.err, &format!("error: {error}"));
            error.exit()
        }
    }
}

/// What one login needs to know.
struct Login<'a> {
    library: &'a Library,
    token_path: PathBuf,
    scopes: Vec<&'static str>,
    secret: Arc<ClientSecret>,
    endpoint: TokenEndpoint,
}

async fn log_in(
    args: &LoginArgs,
    context: &mut Context<'_>,
    input: Box<dyn BufRead + Send>,
) -> Result<(), LoginError> {
    let library = find_library(context.config, &args.library)?;
    if !library.needs_google() {
        return Err(LoginError::NotNeeded { library: library.name.clone() });
    }
    check_root(library)?;
    let secret = Arc::new(context.load_client_secret(&format!("login {} --manual", library.name))?);
    let endpoint = TokenEndpoint::new(
        library.name.clone(),
        Arc::clone(&secret),
        context.http.clone(),
        context.limiter.clone(),
    );
    let scopes = scopes_for(&library.sources);
    let login = Login { library, token_path: library.root.join(TOKEN_FILE_NAME), scopes, secret, endpoint };
    let token = if args.manual {
        by_paste(args, &login, context.out, context.err, input).await?
    } else {
        by_browser(args, &login, context.out).await?
    };
    congratulate(&login, &token, context.out, context.err);
    Ok(())
}

/// The library named `name`.
pub(crate) fn find_library<'a>(config: &'a Config, name: &LibraryName) -> Result<&'a Library, LoginError> {
    config.libraries.get(name).ok_or_else(|| LoginError::UnknownLibrary {
        library: name.clone(),
        known: config.libraries.keys().cloned().collect(),
        config: config.path.clone(),
    })
}

/// Finds out before the person goes to the browser that the token could not be written.
fn check_root(library: &Library) -> Result<(), LoginError> {
    let (path, name) = (library.root.clone(), library.name.clone());
    let meta = match std::fs::metadata(&path) {
        Ok(meta) if meta.is_dir() => meta,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Err(LoginError::RootDenied { path, library: name, owner: None });
        }
        Ok(_) | Err(_) => return Err(LoginError::RootMissing { path, library: name }),
    };
    match access(&path, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Ok(()),
        Err(Errno::ROFS) => Err(LoginError::RootReadOnly { path, library: name }),
        Err(_) => Err(LoginError::RootDenied { path, library: name, owner: Some(meta.uid()) }),
    }
}

/// The loopback way.
async fn by_browser(
    args: &LoginArgs,
    login: &Login<'_>,
    out: &mut dyn Write,
) -> Result<TokenFile, LoginError> {
    let listener = Listener::bind(args.port).await?;
    let consent = Consent::begin(&login.secret, listener.redirect(), &login.scopes);
    let port = listener.port();
    say(
        out,
        &format!(
            "Open this address in a browser to log in library `{}`:\n\n  {}\n",
            login.library.name,
            consent.url()
        ),
    );
    say(
        out,
        &format!(
            "If the browser is on another machine, first run there:\n\n  ssh -L {port}:127.0.0.1:{port} {}\n\n\
             or use `gphotos-syncd login {} --manual` here. Waiting up to {} for the browser on 127.0.0.1 port {port} ...",
            ssh_target(),
            login.library.name,
            humantime::format_duration(args.timeout)
        ),
    );
    let waited = timeout(args.timeout, listener.wait(&consent)).await;
    let (answer, browser) =
        waited.map_err(|_| LoginError::TimedOut { after: args.timeout, manual: false })??;
    let result = match answer {
        Ok(code) => login.finish(&consent, &code).await,
        Err(why) => Err(LoginError::Refused { why }),
    };
    show_page(&result, browser, login).await;
    result
}

/// `USER@HOST` as far as it is known, for a person to complete.
fn ssh_target() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let known = !host.is_empty() && host.chars().all(plain);
    format!("USER@{}", if known { host } else { "HOST" })
}

async fn show_page(result: &Result<TokenFile, LoginError>, browser: Browser, login: &Login<'_>) {
    match result {
        Ok(_) => {
            let text = format!("Library {} is logged in. You can close this page.", login.library.name);
            browser.answer(true, "Logged in", &text).await;
        }
        Err(error) => {
            let text = format!("{} See the terminal for more.", error.in_short());
            browser.answer(false, "Not logged in", &text).await;
        }
    }
}

/// The way without a listener.
async fn by_paste(
    args: &LoginArgs,
    login: &Login<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    input: Box<dyn BufRead + Send>,
) -> Result<TokenFile, LoginError> {
    let nowhere =
        if args.port == 0 { REDIRECT_NOWHERE.to_owned() } else { format!("http://127.0.0.1:{}/", args.port) };
    let redirect = Url::parse(&nowhere).map_err(|_| LoginError::PastesSpent { tries: 0 })?;
    let consent = Consent::begin(&login.secret, &redirect, &login.scopes);
    say(
        out,
        &format!(
            "Open this address in a browser, on any machine, to log in library `{}`:\n\n  {}\n\n\
             At the end the browser shows an error, because nothing listens at {redirect}: that is as it should be.\n\
             Copy the whole address that it ended on, paste it here, and press Enter:",
            login.library.name,
            consent.url()
        ),
    );
    let pasted = timeout(args.timeout, read_code(&consent, input, err)).await;
    let code = pasted.map_err(|_| LoginError::TimedOut { after: args.timeout, manual: true })??;
    login.finish(&consent, &code).await
}

/// The code in what a person pastes, in a few tries.
async fn read_code(
    consent: &Consent,
    input: Box<dyn BufRead + Send>,
    err: &mut dyn Write,
) -> Result<Secret, LoginError> {
    let mut lines = lines_of(input);
    for left in (0..PASTES_MAX).rev() {
        let line = lines.recv().await.ok_or(LoginError::InputEnded)?;
        let fault = match parse_paste(line.expose()).map(|query| consent.code_in(query)) {
            Some(Ok(code)) => return Ok(code),
            Some(Err(why @ ConsentError::Refused { .. })) => return Err(LoginError::Refused { why }),
            Some(Err(error @ (ConsentError::Stray | ConsentError::WrongState))) => error.to_string(),
            None => "that is not the address that the browser ended on: it has neither `code` nor `error`"
                .to_owned(),
        };
        if left > 0 {
            say(
                err,
                &format!("{fault}\nPaste the whole address again, beginning with http:// ({left} left):"),
            );
        }
    }
    Err(LoginError::PastesSpent { tries: PASTES_MAX })
}

// === impl Login ===

impl Login<'_> {
    /// Takes the code to Google, and writes the token file if all is granted.
    async fn finish(&self, consent: &Consent, code: &Secret) -> Result<TokenFile, LoginError> {
        let ask = || self.endpoint.exchange(code, consent.verifier(), consent.redirect());
        let rest_for = |throttle: &_| self.endpoint.limiter().rest_for(throttle);
        let answer = ask_patiently(rest_for, ask).await.map_err(|error| LoginError::Exchange {
            reason: error.reason_for(&self.library.name, &self.secret.path),
            later: !error.is_final(),
        })?;
        let token = self.judge(&answer, wall_now())?;
        token.write(&self.token_path).map_err(|fault| LoginError::Write { fault })?;
        give_to_folder_owner(&self.token_path).map_err(|error| LoginError::HandOver {
            path: self.token_path.clone(),
            cause: error.to_string(),
        })?;
        Ok(token)
    }

    /// The token file's content, if the answer grants all that is needed.
    fn judge(&self, answer: &TokenAnswer, now: DateTime<Utc>) -> Result<TokenFile, LoginError> {
        let missing = missing_scopes(&self.scopes, answer.scope.as_deref());
        if !missing.is_empty() {
            return Err(LoginError::ScopesMissing { missing, library: self.library.name.clone() });
        }
        TokenFile::from_answer(answer, &self.scopes, now)
            .ok_or_else(|| LoginError::NoRefreshToken { library: self.library.name.clone() })
    }
}

/// Tells how it ended, and loudly if the token will not live long.
fn congratulate(login: &Login<'_>, token: &TokenFile, out: &mut dyn Write, err: &mut dyn Write) {
    let (name, path) = (&login.library.name, login.token_path.display());
    say(
        out,
        &format!(
            "Library `{name}` is logged in; its token is in `{path}`. A running daemon notices it by itself."
        ),
    );
    let Some(dies_at) = token.dies_at() else { return };
    let day = dies_at.format("%Y-%m-%d %H:%M UTC");
    if dies_at - wall_now() <= TimeDelta::days(TESTING_DAYS_MAX) {
        say(
            err,
            &format!(
                "warning: THIS TOKEN DIES ON {day}: the project's consent screen is in \"Testing\", whose tokens live 7 days\n\
                 hint: press \"Publish app\" at https://console.cloud.google.com/auth/audience, then run gphotos-syncd login {name}"
            ),
        );
    } else {
        say(
            err,
            &format!(
                "warning: access was granted for a limited time, until {day}; after that, run gphotos-syncd login {name}"
            ),
        );
    }
}

#[cfg(test)]
mod tests;
