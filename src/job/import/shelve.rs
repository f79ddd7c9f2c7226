//! From `partial/` to the name: every file of an export gets its place.
//!
//! Invariant: main files before what stands beside them; the index is told of a file only after its name is durable; bytes that are
//! stored already are not stored twice. May import: `store`, `fs`, `embedded`, `takeout`. Tests: `tests/it`.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use crate::clock::wall_now;
use crate::config::Sidecar;
use crate::fs::Root;
use crate::job::Outcome;
use crate::job::faults::{end_of_fs, end_of_store};
use crate::job::import::inside::read_inside;
use crate::job::import::name::{companion_name, date_of, facts_in, item_of, own_name};
use crate::job::import::packed::unpack;
use crate::job::import::stage::staged_path;
use crate::job::import::tell::{dated_by, offset_minutes};
use crate::job::place::{Piece, SidecarRule, make_names_durable, place_group};
use crate::job::ticket::Whole;
use crate::job::tools::{Tools, blocking, lock};
use crate::media::MediaId;
use crate::store::{EntryKey, EntryOutcome, EntryRole, FilePart, NewItem, StagedEntry, Stored, Wanted};

/// Files named in one step.
const FILES_AT_ONCE: u32 = 256;
/// How many names are tried for one file before it stays where it is.
const NAMES_TRIED_MAX: u32 = 64;

/// One file with the item that it is.
struct Shelved {
    entry: StagedEntry,
    id: MediaId,
    part: FilePart,
    path: String,
    created: Option<chrono::DateTime<chrono::Utc>>,
}

/// Names every staged file of a set.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn shelve(tools: &Tools, export: i64) -> Result<(), Outcome> {
    tools.count(|counts| counts.phase = "naming");
    let seen = Arc::new(Mutex::new(HashSet::new()));
    for role in [EntryRole::Main, EntryRole::Edited, EntryRole::Motion] {
        // Files that stay where they are come first in what is asked for next.
        let mut stay = 0;
        // Ends: every round settles all that it took but those that it passes over from then on, or ends the run.
        loop {
            if tools.stop.is_begun() {
                return Err(Outcome::Interrupted);
            }
            let staged = tools.store.staged(export, Some(role), stay, FILES_AT_ONCE).await;
            let mut staged = staged.map_err(|error| end_of_store(&error))?;
            if staged.is_empty() {
                break;
            }
            // A main file that is stored twice gives two rows.
            staged.dedup_by_key(|entry| entry.key);
            let known = settle_known(tools, staged).await?;
            stay += shelve_some(tools, known, &seen).await?;
        }
    }
    Ok(())
}

/// Settles those files whose bytes are stored and whose file is there; returns the others.
async fn settle_known(tools: &Tools, staged: Vec<StagedEntry>) -> Result<Vec<StagedEntry>, Outcome> {
    let fault = |error: crate::store::StoreError| end_of_store(&error);
    let (mut others, mut had, mut restored) = (Vec::new(), Vec::new(), Vec::new());
    let mut brought: HashSet<[u8; 32]> = HashSet::new();
    for entry in staged {
        let path = tools.store.path_of_digest(entry.sha256).await.map_err(fault)?;
        match path {
            Some(path) => {
                let (root, from, bytes) = (tools.root.clone(), staged_path(entry.key), entry.bytes);
                let to = path.clone();
                let is_back = blocking(move || put_back(&root, &from, &to, bytes)).await?;
                if is_back.map_err(|error| end_of_fs(&error))? {
                    tools.store.note_back(path).await.map_err(fault)?;
                    restored.push(entry.key);
                } else {
                    had.push(entry.key);
                }
            }
            // The first of two that came together brings the file; the other is looked at again when that one is stored.
            None if brought.insert(entry.sha256) => others.push(entry),
            None => had.push(entry.key),
        }
    }
    tools.store.settle_entries(had, EntryOutcome::Had, None).await.map_err(fault)?;
    tools.store.settle_entries(restored, EntryOutcome::Stored, None).await.map_err(fault)?;
    Ok(others)
}

/// Puts a file back where it was; if there is one of its length already, a crash came between its naming and the index, or another
/// entry brought it. Whether it was put back.
fn put_back(root: &Root, from: &str, to: &str, bytes: u64) -> Result<bool, crate::fs::FsError> {
    let is_there = root.entry(to)?.is_some_and(|entry| entry.bytes == bytes);
    if is_there || root.entry(from)?.is_none() {
        return root.remove_file(from).map(|()| false);
    }
    let dir = to.rsplit_once('/').map_or("", |(dir, _)| dir);
    root.create_dir_all(dir)?;
    match root.place(from, to)? {
        crate::fs::Placed::Done => root.sync_dir(dir).map(|()| true),
        // Something of the user's is there: it is left, and the export's bytes are kept in the archive alone.
        crate::fs::Placed::Taken => root.remove_file(from).map(|()| false),
    }
}

/// Gives these files their names; how many stay where they are.
async fn shelve_some(
    tools: &Tools,
    staged: Vec<StagedEntry>,
    seen: &Arc<Mutex<HashSet<String>>>,
) -> Result<u32, Outcome> {
    if staged.is_empty() {
        return Ok(0);
    }
    let asked = staged.len();
    let shelved = give_paths(tools, staged).await?;
    let keys: HashMap<(MediaId, FilePart), EntryKey> =
        shelved.iter().map(|file| ((file.id.clone(), file.part), file.entry.key)).collect();
    let placed = place(tools, shelved, seen).await?;
    let entries: Vec<EntryKey> =
        placed.iter().filter_map(|whole| keys.get(&(whole.id.clone(), whole.part)).copied()).collect();
    let (count, bytes) = (placed.len() as u64, placed.iter().map(|whole| whole.bytes).sum::<u64>());
    let stored: Vec<Stored> = placed.into_iter().map(stored_of).collect();
    tools.store.commit_stored(stored).await.map_err(|error| end_of_store(&error))?;
    let settled = tools.store.settle_entries(entries, EntryOutcome::Stored, None).await;
    settled.map_err(|error| end_of_store(&error))?;
    tools.count(|counts| {
        counts.new += count;
        counts.downloaded += count;
        counts.bytes += bytes;
    });
    Ok(u32::try_from(asked).unwrap_or(u32::MAX).saturating_sub(u32::try_from(count).unwrap_or(0)))
}

/// Gives every file its path in the index.
async fn give_paths(tools: &Tools, staged: Vec<StagedEntry>) -> Result<Vec<Shelved>, Outcome> {
    let now = wall_now();
    let (mut own, mut shelved, mut clips) = (Vec::new(), Vec::new(), Vec::new());
    let mut datings = Vec::new();
    for entry in staged {
        let json = entry.json.as_deref().and_then(unpack);
        let (read, facts) = (read_inside(entry.embedded.as_deref()), facts_in(json.as_deref()));
        let dated = date_of(&read.embedded, facts.as_deref(), entry.mtime, now);
        let item = item_of(&entry, &read, facts.as_deref(), &dated);
        datings.push((item.id.clone(), dated_by(&dated), offset_minutes(&dated)));
        let mut new = NewItem {
            dir: tools.library.layout.dir_for(item.created),
            name: own_name(&item, tools.library.portable_names),
            item,
        };
        if let Some((main_name, main_path, _)) = &entry.main {
            new.name = companion_name(&entry.name, main_name, main_path);
            new.dir = main_path.rsplit_once('/').map_or_else(String::new, |(dir, _)| dir.to_owned());
        }
        if entry.role == EntryRole::Motion && entry.main.is_some() {
            clips.push((entry, new));
        } else {
            own.push((entry, new));
        }
    }
    for (entry, new) in clips {
        match want_clip(tools, &entry, &new).await? {
            Some(wanted) => shelved.push(Shelved {
                created: new.item.created,
                id: wanted.id,
                part: wanted.part,
                path: wanted.path,
                entry,
            }),
            // The photo has a clip of other bytes: this one stands for itself.
            None => own.push((entry, new)),
        }
    }
    let fold_case = tools.library.portable_names;
    let items: Vec<NewItem> = own.iter().map(|(_, new)| new.clone()).collect();
    let recorded =
        tools.store.record_imported(items, fold_case).await.map_err(|error| end_of_store(&error))?;
    tools.store.record_dating(datings).await.map_err(|error| end_of_store(&error))?;
    let mut paths: HashMap<MediaId, Wanted> =
        recorded.wanted.into_iter().map(|wanted| (wanted.id.clone(), wanted)).collect();
    for (entry, new) in own {
        if let Some(wanted) = paths.remove(&new.item.id) {
            let (created, id) = (new.item.created, wanted.id);
            shelved.push(Shelved { created, id, part: FilePart::Main, path: wanted.path, entry });
        }
    }
    Ok(shelved)
}

/// The clip's own file among those of its photo; none if the photo has another clip.
async fn want_clip(tools: &Tools, entry: &StagedEntry, new: &NewItem) -> Result<Option<Wanted>, Outcome> {
    let Some((_, _, main)) = &entry.main else { return Ok(None) };
    let fold_case = tools.library.portable_names;
    let asked = tools.store.want_motion(MediaId(main.clone()), new.name.clone(), new.dir.clone(), fold_case);
    asked.await.map_err(|error| end_of_store(&error))
}

/// Moves the files to their names; those whose name is taken by something foreign get the next one, round by round. A file that
/// cannot be moved is said and costs no other its place.
async fn place(
    tools: &Tools,
    shelved: Vec<Shelved>,
    seen: &Arc<Mutex<HashSet<String>>>,
) -> Result<Vec<Whole>, Outcome> {
    let rule = SidecarRule { kind: Sidecar::None, mode: tools.library.file_mode };
    let mut pieces: Vec<Piece> = shelved.into_iter().map(piece_of).collect();
    let (mut placed, mut dirs) = (Vec::new(), BTreeSet::new());
    for _ in 0..NAMES_TRIED_MAX {
        let root = tools.root.clone();
        let work = move || {
            set_times(&root, &pieces);
            place_group(&root, pieces, rule)
        };
        let mut done = blocking(work).await?.map_err(|error| end_of_fs(&error))?;
        placed.append(&mut done.placed);
        dirs.append(&mut done.dirs);
        for (whole, reason) in done.failed {
            tracing::debug!(path = %whole.path, reason, "a file could not be placed");
            tools.leave_undone(format!("a file of the export could not be placed: {reason}"));
        }
        pieces = done.taken;
        if pieces.is_empty() {
            break;
        }
        for piece in &mut pieces {
            let whole = &mut piece.whole;
            let renumbered = tools.store.renumber(whole.id.clone(), whole.part, tools.library.portable_names);
            whole.path = renumbered.await.map_err(|error| end_of_store(&error))?;
        }
    }
    if let Some(piece) = pieces.first() {
        tracing::debug!(path = %piece.whole.path, "every name tried is taken");
        tools.leave_undone("every name tried for a file of the export is taken by a foreign file".to_owned());
    }
    let (root, seen) = (tools.root.clone(), Arc::clone(seen));
    let named = blocking(move || make_names_durable(&root, &dirs, &mut lock(&seen))).await?;
    named.map_err(|error| end_of_fs(&error))?;
    Ok(placed)
}

/// A file system that refuses a time must not cost the file.
fn set_times(root: &Root, pieces: &[Piece]) {
    for piece in pieces {
        let Some(created) = piece.whole.created else { continue };
        if root.set_mtime(&piece.whole.partial, created.timestamp()).is_err() {
            tracing::trace!("the file system refuses the file's time");
        }
    }
}

fn piece_of(file: Shelved) -> Piece {
    let whole = Whole {
        id: file.id,
        part: file.part,
        path: file.path,
        created: file.created,
        tries: 0,
        is_replacement: false,
        partial: staged_path(file.entry.key),
        bytes: file.entry.bytes,
        sha256: file.entry.sha256,
        clip: None,
    };
    Piece { whole, sidecar: None }
}

fn stored_of(whole: Whole) -> Stored {
    Stored {
        id: whole.id,
        part: whole.part,
        path: whole.path,
        bytes: whole.bytes,
        sha256: whole.sha256,
        mtime: whole.created.map(|at| at.timestamp()),
    }
}
