//! From an archive to `partial/` and the index, entry by entry.
//!
//! Invariant: an archive's bytes are read once and in order; what is committed is not read again; a fault of one entry costs that
//! entry alone. Files lie in `partial/` as `t-PART-ORDINAL` until they are named. May import: `archive`, `takeout`, `store`, `fs`.
//! Tests: `tests/it`.

use std::sync::mpsc::{SyncSender, sync_channel};
use tokio::runtime::Handle;

use crate::archive::{ArchiveError, Body, Ending, Entry, Flow, Format, Part, Proof, Wholeness};
use crate::fs::Root;
use crate::job::Outcome;
use crate::job::faults::{end_of_fs, end_of_store, text_of};
use crate::job::import::drive::end_of_read;
use crate::job::import::intake::{Halt, Intake, Taken};
use crate::job::import::look::{know_part, look_at_parts, open_found};
use crate::job::import::packed::Packer;
use crate::job::import::parts::ExportSet;
use crate::job::partial::{PARTIAL_DIR, STAGED_PREFIX};
use crate::job::tools::{Meter, Room, Tools, blocking};
use crate::shutdown::Stop;
use crate::source::DriveFault;
use crate::store::{EntryKey, EntryOutcome, KnownPart, NewEntry, PartState, Store};

/// A batch is committed when it has this many entries,
const BATCH_ENTRIES: usize = 512;
/// or its files this many bytes together,
const BATCH_BYTES: u64 = 128 * 1024 * 1024;
/// or its JSON files this many, compressed.
const BATCH_JSON_BYTES: usize = 4 * 1024 * 1024;
/// Stored files looked at in one step.
const HELD_AT_ONCE: u32 = 512;

/// What staging found.
#[derive(Debug, Default)]
pub(crate) struct StagedSet {
    /// The set in the index; none: no part of it can be read yet.
    pub(crate) export: Option<i64>,
    /// Whether every part was known and read to its end before.
    pub(crate) is_known: bool,
    /// Parts that cannot be read yet or at all, and why.
    pub(crate) unread: Vec<(String, String)>,
}

/// What it takes to read one part.
struct Stager {
    root: Root,
    room: Room,
    store: Store,
    stop: Stop,
    runtime: Handle,
    file_mode: u32,
    known: KnownPart,
    /// Ordinals that must be read again although an outcome is committed, in their order.
    again: Vec<u64>,
    meter: Meter,
}

/// Entries that were read and are not committed yet.
#[derive(Default)]
struct Batch {
    entries: Vec<NewEntry>,
    bytes: u64,
    json_bytes: usize,
}

/// Why the reading of a part ends before its end.
enum Broken {
    /// The run must end.
    Halt(Outcome),
    /// What was read can no longer be committed; the committing thread says why.
    Uncommitted,
    /// The archive cannot be read on.
    Archive(String),
}

impl From<ArchiveError> for Broken {
    fn from(error: ArchiveError) -> Self {
        if DriveFault::find(&error).is_some() {
            Self::Halt(end_of_read(&error))
        } else {
            Self::Archive(text_of(&error))
        }
    }
}

impl Broken {
    /// How the reading of the part ends: why it could not be read on, or why the run must end.
    fn ended(self) -> Result<Option<String>, Outcome> {
        match self {
            Self::Halt(halt) => Err(halt),
            Self::Uncommitted => Err(Outcome::Failed("the committing of an export ended".to_owned())),
            Self::Archive(why) => Ok(Some(why)),
        }
    }
}

/// Removes what an import left in `partial/` that the index does not know of.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn sweep_staged(tools: &Tools) -> Result<(), Outcome> {
    let root = tools.root.clone();
    let listed = blocking(move || root.list(PARTIAL_DIR)).await?.map_err(|error| end_of_fs(&error))?;
    for name in listed {
        let Some(key) = parse_staged(&name) else { continue };
        let is_staged = tools.store.is_staged(key).await.map_err(|error| end_of_store(&error))?;
        if !is_staged {
            let (root, path) = (tools.root.clone(), staged_path(key));
            let removed = blocking(move || root.remove_file(&path)).await?;
            removed.map_err(|error| end_of_fs(&error))?;
        }
    }
    Ok(())
}

/// Where the bytes of an entry lie until they are named.
pub(crate) fn staged_path((part, ordinal): EntryKey) -> String {
    format!("{PARTIAL_DIR}/{STAGED_PREFIX}{part}-{ordinal}")
}

fn parse_staged(name: &str) -> Option<EntryKey> {
    let (part, ordinal) = name.strip_prefix(STAGED_PREFIX)?.split_once('-')?;
    Some((part.parse().ok()?, ordinal.parse().ok()?))
}

/// Reads what has not been read of a set's parts; `is_named`: a person named them, so that none is still on its way.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn stage_set(tools: &Tools, set: &ExportSet, is_named: bool) -> Result<StagedSet, Outcome> {
    let mut export = None;
    let (seen, unread) = look_at_parts(tools, set, is_named, &mut export).await?;
    let mut staged = StagedSet { export, is_known: unread.is_empty(), unread };
    let present: Vec<[u8; 32]> = seen.iter().map(|part| part.new.fingerprint).collect();
    for part in &seen {
        let (known, is_anew) = know_part(tools, part, &present, is_named).await?;
        staged.export = Some(known.export);
        staged.is_known &= !is_anew;
        let again = missing_files(tools, &known).await?;
        if known.state != PartState::Reading && again.is_empty() {
            continue;
        }
        staged.is_known = false;
        tracing::info!(part = known.name, bytes = known.bytes, "reading a part of an export");
        let (reader, fingerprint) = (Stager::new(tools, known, again), part.new.fingerprint);
        let read = match open_found(tools, &part.found).await? {
            Ok(part) => blocking(move || reader.read(part, fingerprint)).await??,
            Err(why) => Some(why),
        };
        staged.unread.extend(read.map(|why| (part.found.name.clone(), why)));
    }
    Ok(staged)
}

/// The ordinals of a part's entries whose file is no longer where the index says: they are read again.
pub(crate) async fn missing_files(tools: &Tools, part: &KnownPart) -> Result<Vec<u64>, Outcome> {
    let (mut missing, mut after) = (Vec::new(), None);
    // Ends: `after` grows with each step, and a part has an end.
    loop {
        let held = tools.store.held_entries(part.n, after, HELD_AT_ONCE).await;
        let held = held.map_err(|error| end_of_store(&error))?;
        let Some(last) = held.last() else { return Ok(missing) };
        after = Some(last.key.1);
        let root = tools.root.clone();
        let gone = blocking(move || {
            let is_gone = |path: &str, bytes| {
                !root.entry(path).is_ok_and(|found| found.is_some_and(|f| f.bytes == bytes))
            };
            let gone = held.into_iter().filter(|entry| match &entry.path {
                _ if entry.outcome == EntryOutcome::Staged => is_gone(&staged_path(entry.key), entry.bytes),
                path => path.as_ref().is_some_and(|path| is_gone(path, entry.bytes)),
            });
            gone.map(|entry| entry.key.1).collect::<Vec<_>>()
        });
        missing.extend(gone.await?);
    }
}

impl Stager {
    fn new(tools: &Tools, known: KnownPart, again: Vec<u64>) -> Self {
        Self {
            root: tools.root.clone(),
            room: tools.room.clone(),
            store: tools.store.clone(),
            stop: tools.stop.clone(),
            runtime: Handle::current(),
            file_mode: tools.library.file_mode,
            known,
            again,
            meter: tools.meter(),
        }
    }

    /// Reads the part to its end, or as far as it goes; why it could not be read on, if so. While one batch is made durable and
    /// committed, the next one is read.
    fn read(&self, mut part: Part, fingerprint: [u8; 32]) -> Result<Option<String>, Outcome> {
        if let Err(broken) = check_same(&mut part, fingerprint) {
            return broken.ended();
        }
        let (sender, batches) = sync_channel(1);
        let (ended, committed) = std::thread::scope(|scope| {
            let committing = scope.spawn(|| batches.into_iter().try_for_each(|batch| self.commit(batch)));
            let ended = self.read_batches(&mut part, &sender);
            drop(sender);
            (ended, committing.join())
        });
        committed
            .unwrap_or_else(|_| Err(Outcome::Failed("the committing of an export broke off".to_owned())))?;
        let ending = match ended {
            Ok(ending) => ending,
            Err(broken) => return broken.ended(),
        };
        let (state, fault) = judge(&ending, part.format());
        let closed = self.store.close_part(self.known.n, state, ending.entries, fault);
        self.runtime.block_on(closed).map_err(|error| end_of_store(&error))?;
        Ok(None)
    }

    /// Hands what is read to `sender`, batch by batch, the last one too however the reading ends.
    fn read_batches(&self, part: &mut Part, sender: &SyncSender<Batch>) -> Result<Ending, Broken> {
        let (mut batch, mut packer) = (Batch::default(), Packer::new());
        // To pass entries a tgz is unpacked all the same; they are looked at so that a stop is heeded.
        let is_skipping = self.again.is_empty() && part.format() != Format::Tgz;
        let from = if is_skipping { self.known.last } else { None };
        let ended = part.read_entries(from, &mut |entry, body| {
            if let Some(taken) = self.visit(entry, body, &mut packer)? {
                batch.add(taken);
            }
            if batch.is_full() {
                sender.send(std::mem::take(&mut batch)).map_err(|_| Broken::Uncommitted)?;
            }
            Ok(Flow::GoOn)
        });
        let sent = sender.send(batch).map_err(|_| Broken::Uncommitted);
        ended.and_then(|ending| sent.map(|()| ending))
    }

    /// Takes in an entry, unless that was done before.
    fn visit(
        &self,
        entry: &Entry,
        body: &mut Body<'_>,
        packer: &mut Packer,
    ) -> Result<Option<Taken>, Broken> {
        if self.stop.is_begun() {
            return Err(Broken::Halt(Outcome::Interrupted));
        }
        let is_done = self.known.last.is_some_and(|last| entry.ordinal <= last);
        let is_missing = self.again.binary_search(&entry.ordinal).is_ok();
        if is_done && !is_missing {
            return Ok(None);
        }
        let intake = Intake {
            root: &self.root,
            room: &self.room,
            stop: &self.stop,
            path: staged_path((self.known.n, entry.ordinal)),
            file_mode: self.file_mode,
            is_missing,
        };
        intake.take(entry, body, packer).map(Some).map_err(|halt| match halt {
            Halt::Run(outcome) => Broken::Halt(outcome),
            Halt::Source(why) => Broken::Archive(why),
        })
    }

    /// Makes a batch durable, then tells the index; bytes that were there already are removed.
    fn commit(&self, batch: Batch) -> Result<(), Outcome> {
        if batch.entries.is_empty() {
            return Ok(());
        }
        if batch.bytes > 0 {
            self.root.sync_fs().map_err(|error| end_of_fs(&error))?;
        }
        let ordinals: Vec<u64> = batch.entries.iter().map(|entry| entry.ordinal).collect();
        let committed = self.store.commit_entries(self.known.export, self.known.n, batch.entries);
        let outcomes = self.runtime.block_on(committed).map_err(|error| end_of_store(&error))?;
        self.meter.count(|counts| counts.listed += outcomes.len() as u64);
        for (ordinal, outcome) in ordinals.into_iter().zip(outcomes) {
            if outcome == EntryOutcome::Had {
                let path = staged_path((self.known.n, ordinal));
                self.root.remove_file(&path).map_err(|error| end_of_fs(&error))?;
            }
        }
        Ok(())
    }
}

impl Batch {
    fn add(&mut self, taken: Taken) {
        self.bytes += taken.bytes_written;
        self.json_bytes += taken.entry.json.as_ref().map_or(0, Vec::len);
        self.entries.push(taken.entry);
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= BATCH_ENTRIES
            || self.bytes >= BATCH_BYTES
            || self.json_bytes >= BATCH_JSON_BYTES
    }
}

/// Refuses a part that is no longer the one that was looked at.
fn check_same(part: &mut Part, fingerprint: [u8; 32]) -> Result<(), Broken> {
    if part.fingerprint()? == fingerprint {
        return Ok(());
    }
    Err(Broken::Archive("it changes while it is looked at".to_owned()))
}

/// How the reading of a part is recorded: whole only if the archive itself says so, and its checksums vouch for the bytes.
fn judge(ending: &Ending, format: Format) -> (PartState, Option<String>) {
    let told = |why: &str| Some(if why.is_empty() { ending.faults.join("; ") } else { why.to_owned() });
    match &ending.wholeness {
        Wholeness::Whole if format != Format::Folder && ending.proof == Proof::None => {
            (PartState::Damaged, told("no checksum vouches for its bytes"))
        }
        Wholeness::Whole => (PartState::Whole, None),
        Wholeness::Unfinished(why) | Wholeness::Damaged(why) => (PartState::Damaged, told(why)),
        Wholeness::Unknown => (PartState::Damaged, told("")),
    }
}

#[cfg(test)]
mod tests {
    use crate::job::import::stage::{parse_staged, staged_path};

    #[test]
    fn a_staged_name_tells_which_entry_it_is() {
        let path = staged_path((7, 4_000_000_000));
        assert_eq!(parse_staged(path.rsplit('/').next().unwrap()), Some((7, 4_000_000_000)));
        for other in ["t-7", "t-x-1", "0123456789abcdef-m", "t--1"] {
            assert_eq!(parse_staged(other), None, "{other}");
        }
    }
}
