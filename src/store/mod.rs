//! The index of one library: one SQLite file, one thread, typed requests.
//!
//! Owns: what is known of a library's items, files, albums, exports and runs. Invariant: an answer is given after its commit (synchronous=FULL),
//! so that what a caller was told survives a power cut; a path once given never goes to another item; a file once stored stays
//! stored; memory does not grow with the library. Sees no file but its own. May import: `media`, `names`, `status`.
//! Tests: in `store/tests/`.

mod absences;
mod albums;
mod columns;
mod damage;
mod entries;
mod error;
mod export_values;
mod exports;
mod facts;
mod files;
mod items;
mod links;
mod listing;
mod paths;
mod rebuild;
mod runs;
mod salvage;
mod schema;
#[cfg(test)]
mod tests;
mod told;
mod trash;
mod trash_values;
mod twins;
mod values;
mod verify;

pub use crate::store::damage::{find_damage, kept_aside, set_aside};
pub use crate::store::error::StoreError;
pub use crate::store::export_values::{
    EntryKey, EntryOutcome, EntryRole, FolderEntry, HeldEntry, ItemTold, KnownExport, KnownPart, NewEntry,
    NewPart, PairedEntry, PartState, RefusedEntry, SeenPart, StagedEntry, Telling, Twin, UntoldEntry,
};
pub use crate::store::rebuild::{Claim, Lookout, Rebuild};
pub use crate::store::salvage::Salvaged;
pub use crate::store::trash_values::{
    Absent, Answered, Away, Doomed, DoomedFile, Fate, InTrash, Settling, Stays, Throwing, Wave,
};
pub use crate::store::values::{
    AlbumEntry, AlbumLink, FailedTry, FilePart, FullListing, KnownAlbum, Listing, ListingKind, NewItem,
    PageRecord, Recorded, Stored, StoredItem, Totals, Wanted,
};
pub use crate::store::verify::{Found, FoundCounts, HeldFile};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait for the thread; who comes later waits to hand his in.
const REQUESTS_MAX: usize = 16;

/// What the thread does with its connection; it sends the answer itself.
type Request = Box<dyn FnOnce(&mut Connection) + Send>;

/// What an index is begun for, where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// A library that was never synced.
    Library,
    /// A library that had an index, whose files must be known again.
    Rebuild,
}

/// A handle of the index; clones share the thread, which ends with the last of them.
#[derive(Clone, Debug)]
pub struct Store {
    requests: mpsc::Sender<Request>,
    path: Arc<PathBuf>,
    /// The value of the change counter that [`Store::links_are_stale`] saw last.
    looked_at: Arc<AtomicI64>,
}

impl Store {
    /// Opens or creates the index (WAL, migrations forward only), mode 0640, in an existing folder; blocks.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_or_begin(path, Begin::Library)
    }

    /// As [`Self::open`]; an index that is begun anew remembers what for.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open_or_begin(path: &Path, begin: Begin) -> Result<Self, StoreError> {
        Self::serve(schema::open(path, begin)?, path)
    }

    /// Opens an existing index for reading alone; none if there is no file, or none of this version's schema yet.
    /// A request that writes fails.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open_read_only(path: &Path) -> Result<Option<Self>, StoreError> {
        schema::open_read_only(path)?.map(|connection| Self::serve(connection, path)).transpose()
    }

    /// Whether an existing index has ever been one, of whatever version.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn has_schema(path: &Path) -> Result<bool, StoreError> {
        schema::has_schema(path)
    }

    fn serve(mut connection: Connection, path: &Path) -> Result<Self, StoreError> {
        let (requests, mut inbox) = mpsc::channel::<Request>(REQUESTS_MAX);
        let serve = move || {
            while let Some(request) = inbox.blocking_recv() {
                request(&mut connection);
            }
        };
        std::thread::Builder::new()
            .name("index".to_owned())
            .spawn(serve)
            .map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
        let looked_at = Arc::new(AtomicI64::new(schema::NEVER_LOOKED));
        Ok(Self { requests, path: Arc::new(path.to_owned()), looked_at })
    }

    /// Asks the thread; `what` names the operation in an error.
    async fn read<T: Send + 'static>(
        &self,
        what: &'static str,
        ask: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let request: Request = Box::new(move |connection| {
            // Who asked may have stopped waiting.
            let _ = reply.send(ask(connection));
        });
        self.requests.send(request).await.map_err(|_| StoreError::Closed)?;
        let answer = answer.await.map_err(|_| StoreError::Closed)?;
        if let Err(source) = &answer
            && error::is_damage(source)
        {
            damage::suspect(&self.path);
        }
        answer.map_err(|source| StoreError::Sqlite { what, source })
    }

    /// As [`Store::read`], in one transaction that is durable when this returns, and undone on any error.
    async fn write<T: Send + 'static>(
        &self,
        what: &'static str,
        ask: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let in_transaction = move |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = ask(&transaction)?;
            transaction.commit().map(|()| answer)
        };
        self.read(what, in_transaction).await
    }
}
