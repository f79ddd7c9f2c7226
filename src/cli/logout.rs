//! `logout LIBRARY`: ends the consent at Google and removes the token file.
//!
//! Owns: the order of the two: the file goes only when the token is dead, or the person insists. May import: `auth`, `fs`,
//! `media`, `exit`, and `cli::login` for what both share. Tests: `logout/tests.rs`.

use std::path::Path;
use std::sync::Arc;

use crate::auth::{
    ClientSecretError, Revoked, TOKEN_FILE_NAME, TokenEndpoint, TokenFile, TokenFileError, ask_patiently,
};
use crate::cli::login::{Context, find_library, say};
use crate::config::Library;
use crate::exit::Exit;
use crate::fs::Root;
use crate::media::LibraryName;
use crate::secret::Secret;

/// Revoke a library's token at Google and remove its file.
#[derive(Clone, Debug, clap::Args)]
pub struct LogoutArgs {
    /// Library to log out, as named in the configuration
    #[arg(value_name = "LIBRARY", value_parser = LibraryName::try_new)]
    pub library: LibraryName,
    /// Remove the token file even if the token cannot be revoked
    #[arg(long)]
    pub force: bool,
}

/// Why the token is not revoked.
#[derive(Debug, thiserror::Error)]
enum RevokeError {
    #[error(transparent)]
    TokenFile(#[from] TokenFileError),
    #[error(transparent)]
    ClientSecret(#[from] ClientSecretError),
    #[error("cannot revoke the token at Google: {reason}")]
    Endpoint { reason: String, later: bool },
}

/// Runs `logout`.
pub async fn run(args: &LogoutArgs, context: &mut Context<'_>) -> Exit {
    let library = match find_library(context.config, &args.library) {
        Ok(library) => library,
        Err(error) => {
            say(context.err, &format!("error: {error}"));
            return error.exit();
        }
    };
    let path = library.root.join(TOKEN_FILE_NAME);
    let done = match revoke(library, &path, context).await {
        Ok(Revoked::Now) => "the token was revoked at Google",
        Ok(Revoked::Before) => "the token had been revoked at Google before",
        Err(RevokeError::TokenFile(TokenFileError::Missing { .. })) => {
            say(
                context.out,
                &format!("Library `{}` is not logged in: there is no `{}`.", library.name, path.display()),
            );
            return Exit::Done;
        }
        Err(error) if args.force => {
            say(context.err, &format!("warning: {error}"));
            "the token was NOT revoked; to revoke it, remove the app at https://myaccount.google.com/permissions"
        }
        Err(error) => return refuse(&error, &path, &args.library, context),
    };
    remove(library, &path, done, context)
}

/// Ends the consent at Google.
async fn revoke(library: &Library, path: &Path, context: &Context<'_>) -> Result<Revoked, RevokeError> {
    let token: Secret = TokenFile::read(path, &library.name)?.refresh_token();
    let client = Arc::new(context.load_client_secret(&format!("logout {}", library.name))?);
    let endpoint = TokenEndpoint::new(
        library.name.clone(),
        Arc::clone(&client),
        context.http.clone(),
        context.limiter.clone(),
    );
    let result =
        ask_patiently(|throttle| endpoint.limiter().rest_for(throttle), || endpoint.revoke(&token)).await;
    result.map_err(|error| RevokeError::Endpoint { reason: error.to_string(), later: !error.is_final() })
}

fn refuse(error: &RevokeError, path: &Path, library: &LibraryName, context: &mut Context<'_>) -> Exit {
    let text = format!(
        "error: {error}\nThe token file `{}` was kept.\nhint: try again, or remove it all the same: gphotos-syncd logout {library} --force",
        path.display()
    );
    say(context.err, &text);
    match error {
        RevokeError::Endpoint { later: true, .. } => Exit::TryLater,
        RevokeError::ClientSecret(error) if error.is_denied() => Exit::NoPermission,
        RevokeError::TokenFile(_) | RevokeError::Endpoint { later: false, .. } => Exit::NoPermission,
        RevokeError::ClientSecret(_) => Exit::Config,
    }
}

fn remove(library: &Library, path: &Path, done: &str, context: &mut Context<'_>) -> Exit {
    match Root::open(&library.root).and_then(|root| root.remove_file(TOKEN_FILE_NAME)) {
        Ok(()) => {
            let text = format!(
                "Library `{}` is logged out: {done}; `{}` was removed.",
                library.name,
                path.display()
            );
            say(context.out, &text);
            Exit::Done
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            say(context.err, &format!("error: {done}, but the file stays: {error}: {cause}"));
            if error.is_denied() { Exit::NoPermission } else { Exit::Incomplete }
        }
    }
}

#[cfg(test)]
mod tests;
