//! One library's job, as the supervisor holds it.
//!
//! Owns: what outlives a run: the settings, the handles and the open index. Invariant: made without touching disk or
//! network, so that a library whose root is missing has a job that says so. May import: what lies below `job`.
//! Tests: `tests/it`.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::{Semaphore, watch};

use crate::auth::Authorizer;
use crate::clock::wall_now;
use crate::config::Library;
use crate::google::GoogleClient;
use crate::job::absent::read_deletions;
use crate::job::faults::{end_of_store, text_of};
use crate::job::import::{Balance, read_exports};
use crate::job::mounted::refuse_unmounted;
use crate::job::open::{OpenIndex, close_index, index_path, open_site, store_if_open};
use crate::job::refused::Refused;
use crate::job::run::{self, Opened, Task, equip};
use crate::job::tools::blocking;
use crate::job::verify::{Verified, has_index, read_verify, verify};
use crate::job::waiting::plan_waiting;
use crate::job::watch::{read_watch, remember_said};
use crate::job::{Facts, Job, Outcome, RunReport};
use crate::limiter::Limiter;
use crate::shutdown::Stop;
use crate::source::Source;
use crate::status::{DeletionStatus, FAILURES_SHOWN, Progress, TokenHealth};
use crate::store::{Store, StoreError, Totals};
use crate::takeout::rhythm::NoticeKey;

/// The token file's name in a library's root.
const TOKEN_FILE: &str = ".gphotos.token";

/// What a library's job is given by the daemon.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The library's way to its items.
    pub source: Source,
    /// The way to the account's Drive, if exports are fetched from there.
    pub drive: Option<GoogleClient>,
    /// The library's token; none: no source of it asks Google.
    pub auth: Option<Authorizer>,
    /// The limiter of the process, for the counts of requests.
    pub limiter: Limiter,
    /// Leave to download, for all libraries together.
    pub downloads: Arc<Semaphore>,
    /// How many downloads one run has under way at most; the number of permits of `downloads`.
    pub downloads_at_once: usize,
    /// Room that must stay free on the root's file system, bytes.
    pub min_free_space: u64,
    /// The first rest of a file after a passing fault.
    pub rest_after_fault: std::time::Duration,
}

/// One library's job.
#[derive(Debug)]
pub struct SyncJob {
    pub(crate) library: Arc<Library>,
    pub(crate) shared: Shared,
    pub(crate) index: Arc<Mutex<Option<OpenIndex>>>,
    pub(crate) progress: watch::Sender<Progress>,
    /// Whether the next run tries what failed earlier without waiting for the end of its gap.
    pub(crate) is_hastened: AtomicBool,
    /// How many items a person allowed to go to the trash in the next run.
    pub(crate) deletions_allowed: AtomicU64,
    /// Whether a run is under way, which needs the index.
    is_running: AtomicBool,
    /// Whether the index could not be read when it was last looked at, which is said once.
    is_unreadable: AtomicBool,
}

impl SyncJob {
    /// A job over `library`; opens nothing yet.
    pub fn new(library: Arc<Library>, shared: Shared) -> Self {
        Self {
            library,
            shared,
            index: Arc::default(),
            progress: watch::Sender::default(),
            is_hastened: AtomicBool::default(),
            deletions_allowed: AtomicU64::default(),
            is_running: AtomicBool::default(),
            is_unreadable: AtomicBool::default(),
        }
    }

    /// Takes in the parts of Takeout exports at `paths`: a run of its own kind, and the balance of each export set.
    pub async fn import(&self, paths: Vec<PathBuf>, stop: Stop) -> (RunReport, Vec<Balance>) {
        let mut balances = Vec::new();
        self.is_running.store(true, Ordering::Release);
        let report = run::run(self, Task::Import { paths, balances: &mut balances }, stop).await;
        self.is_running.store(false, Ordering::Release);
        (report, balances)
    }

    /// Looks at every stored file; with `is_repair`, has what is not as it was stored fetched by the next run.
    /// None: the library has no index yet, so there is nothing to look at.
    ///
    /// # Errors
    /// Why it ended before its end; the next one goes on from there.
    pub async fn verify(&self, is_repair: bool, stop: Stop) -> Result<Option<Verified>, Outcome> {
        let (library, index, started) = (self.library.clone(), self.index.clone(), wall_now());
        refuse_unmounted(&library, false).await?;
        let looked_at = library.clone();
        if !blocking(move || has_index(&looked_at)).await?? {
            return Ok(None);
        }
        let site = blocking(move || open_site(&library, &index, started)).await??;
        let rebuild = site.store.rebuild().await.map_err(|error| end_of_store(&error))?;
        if rebuild.is_some() {
            let name = &self.library.name;
            let reason = "its index is being made anew, and does not know all files yet";
            return Err(Outcome::Failed(format!("{reason}\nhint: gphotos-syncd sync {name}")));
        }
        let (tools, _held) = equip(self, Opened { site, run: 0, rebuild, started }, stop);
        let verified = verify(&tools, &self.shared.limiter, is_repair).await;
        close_index(&self.index);
        verified.map(Some)
    }

    /// What is known of the library, from the index as far as there is one.
    async fn known(&self) -> Facts {
        let mut facts = Facts {
            totals: Totals::default(),
            failures: Vec::new(),
            last_run: None,
            last_complete: None,
            has_open_run: false,
            is_rebuilding: false,
            exports: Vec::new(),
            sources: self.library.sources.clone(),
            verify: None,
            watch: None,
            deletions: DeletionStatus::default(),
            token: self.shared.auth.as_ref().map_or(TokenHealth::NotNeeded, Authorizer::health),
        };
        let read = match self.store_to_read().await {
            Ok(Some(store)) => self.read_facts(&store, &mut facts).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        // It is looked at every few seconds or minutes.
        let was_unreadable = self.is_unreadable.swap(read.is_err(), Ordering::Relaxed);
        if let (Err(error), false) = (read, was_unreadable) {
            tracing::warn!(library = %self.library.name, error = %text_of(&error), "the index cannot be read");
        }
        if !self.is_running.load(Ordering::Acquire) {
            close_index(&self.index);
        }
        facts
    }

    async fn read_facts(&self, store: &Store, facts: &mut Facts) -> Result<(), StoreError> {
        facts.totals = store.totals().await?;
        facts.failures = store.failures(u32::try_from(FAILURES_SHOWN).unwrap_or(u32::MAX)).await?;
        (facts.last_run, facts.last_complete) = store.last_run().await?;
        facts.has_open_run = store.has_open_run().await?;
        facts.is_rebuilding = store.rebuild().await?.is_some();
        facts.exports = read_exports(store).await?;
        facts.verify = read_verify(store).await?;
        facts.deletions = read_deletions(store, &self.library).await?;
        facts.watch = Some(read_watch(store, &self.library, wall_now()).await?);
        if matches!(facts.token, TokenHealth::Good { .. })
            && let Some(refused) = Refused::read(store).await?
            && self.shared.auth.as_ref().is_some_and(|auth| refused.is_of(auth))
        {
            facts.token = TokenHealth::Dead { reason: refused.reason };
        }
        Ok(())
    }

    /// Writes between runs too. It needs no lock of the library for it: one fact is one transaction, whoever else is at work.
    async fn keep_said(&self, said: BTreeSet<NoticeKey>) {
        let (library, index) = (self.library.clone(), self.index.clone());
        let found = blocking(move || match store_if_open(&library, &index) {
            Some(store) => Ok(Some(store)),
            // One that is not there, or not whole yet, is left to a run: its disk may be gone.
            None => match Store::open_read_only(&index_path(&library))? {
                Some(_) => Store::open(&index_path(&library)).map(Some),
                None => Ok(None),
            },
        });
        let kept = match found.await.unwrap_or(Ok(None)) {
            Ok(Some(store)) => remember_said(&store, &said).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            let (library, error) = (&self.library.name, text_of(&error));
            tracing::debug!(%library, error, "what was said of exports is not remembered; it is said again after a restart");
        }
    }

    /// The open index, else the one on disk for reading alone; none if there is none, or if the look at it was broken off.
    async fn store_to_read(&self) -> Result<Option<Store>, StoreError> {
        let (library, index) = (self.library.clone(), self.index.clone());
        let found = blocking(move || match store_if_open(&library, &index) {
            Some(store) => Ok(Some(store)),
            None => Store::open_read_only(&index_path(&library)),
        });
        found.await.unwrap_or(Ok(None))
    }
}

impl Job for SyncJob {
    fn run<'a>(&'a self, full: bool, stop: Stop) -> Pin<Box<dyn Future<Output = RunReport> + Send + 'a>> {
        Box::pin(async move {
            self.is_running.store(true, Ordering::Release);
            let report = run::run(self, Task::Sync { full }, stop).await;
            self.is_running.store(false, Ordering::Release);
            report
        })
    }

    fn hasten(&self) {
        self.is_hastened.store(true, Ordering::Relaxed);
    }

    fn allow_deletions(&self, items: u64) {
        self.deletions_allowed.fetch_max(items, Ordering::Relaxed);
    }

    fn facts<'a>(&'a self) -> Pin<Box<dyn Future<Output = Facts> + Send + 'a>> {
        Box::pin(self.known())
    }

    fn remember_said<'a>(
        &'a self,
        said: BTreeSet<NoticeKey>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(self.keep_said(said))
    }

    fn progress(&self) -> Progress {
        let mut progress = self.progress.borrow().clone();
        // Nothing is counted while nothing may be sent, so the limiter is asked at each look.
        if let Some(waiting) = plan_waiting(&self.shared.limiter.status(), &self.library.sources, wall_now())
        {
            progress.waiting = waiting;
        }
        progress
    }

    fn token_stamp(&self) -> Option<u64> {
        let found = std::fs::metadata(self.library.root.join(TOKEN_FILE)).ok()?;
        let mut hasher = DefaultHasher::new();
        // The change time too: a token file that others could read is mended by `chmod`, which changes nothing else.
        (found.mtime(), found.mtime_nsec(), found.ino(), found.len()).hash(&mut hasher);
        (found.ctime(), found.ctime_nsec()).hash(&mut hasher);
        Some(hasher.finish())
    }
}
