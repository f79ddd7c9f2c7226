//! Whether a root is the library's own folder, or the empty one that is seen while its disk is not mounted.
//!
//! A root that a run has once begun in holds a marker, the file `.gphotos-syncd/library`. Without it, a root is a new one only if
//! nothing says otherwise. Invariant: looks and changes nothing, so that an empty mount point stays empty and unmarked. May import:
//! `store`, `config`, `auth`. Tests: `tests/it`.

use crate::auth::{TOKEN_FILE_NAME, TokenFile, TokenFileError};
use crate::config::Library;
use crate::job::Outcome;
use crate::job::faults::{end_of_store, text_of};
use crate::job::open::{MARKER, index_path};
use crate::job::tools::blocking;
use crate::store::Store;

/// Refuses a root without a marker of which the index, kept elsewhere, knows files; and, if `needs_token`, one without a token: nothing can
/// be done in it but mark it as the library's.
///
/// # Errors
/// [`Outcome::Unusable`], [`Outcome::NeedsLogin`]; why the index cannot be read.
pub(crate) async fn refuse_unmounted(library: &Library, needs_token: bool) -> Result<(), Outcome> {
    let root = library.root.clone();
    if !blocking(move || root.is_dir() && !root.join(MARKER).exists()).await? {
        return Ok(());
    }
    if library.index_dir.is_some() && knows_files(library).await? {
        let (root, index) = (library.root.display(), index_path(library));
        return Err(Outcome::Unusable(format!(
            "the index `{0}` knows files of this library, and the root `{root}` is none that it was ever synced to: it has no `{MARKER}`\n\
             hint: see whether the disk is mounted: findmnt -T '{root}'; to begin anew in this root: mv '{0}' '{0}.old'",
            index.display()
        )));
    }
    if !needs_token {
        return Ok(());
    }
    let (token, name) = (library.root.join(TOKEN_FILE_NAME), library.name.clone());
    match blocking(move || TokenFile::read(&token, &name)).await? {
        Err(error @ TokenFileError::Missing { .. }) => Err(Outcome::NeedsLogin(text_of(&error))),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Whether the index knows a file on disk; an index of another version counts as one that does.
async fn knows_files(library: &Library) -> Result<bool, Outcome> {
    let path = index_path(library);
    let opened = blocking(move || path.exists().then(|| Store::open_read_only(&path))).await?;
    match opened {
        None => Ok(false),
        Some(Ok(None)) => {
            let path = index_path(library);
            blocking(move || Store::has_schema(&path)).await?.map_err(|error| end_of_store(&error))
        }
        Some(Ok(Some(store))) => Ok(store.totals().await.map_err(|error| end_of_store(&error))?.files > 0),
        Some(Err(error)) => Err(end_of_store(&error)),
    }
}
