//! An index begun anew over a library's files: each is known again where the evidence is good, and not fetched a second time.
//!
//! Owns: the steps of a rebuild: rows of damaged indexes are salvaged, what they claim is held against the disk, and once everything is
//! listed, what is still wanted is looked for. Each step is idempotent and commits as it goes, so a rebuild that is cut off goes on in
//! the next run. Invariant: no file on disk is changed; a file is believed only as `evidence` says, and hashed before the index is told;
//! what is not known again is fetched, and then known by its hash. May import: `store`, `fs`. Tests: `tests/it/index_damage.rs`.

use std::collections::HashSet;

use crate::config::{Library, SourceKind};
use crate::fs::{Entry, EntryKind};
use crate::job::Outcome;
use crate::job::evidence::{Found, Read, candidates, fits, is_rival, names_item, read_whole};
use crate::job::faults::{end_of_fs, end_of_store, text_of};
use crate::job::motion::{clip_name, is_likely_motion};
use crate::job::open::index_path;
use crate::job::tools::{Tools, blocking};
use crate::job::verify::look::spoilt_as;
use crate::media::MediaId;
use crate::shutdown::Stop;
use crate::store::{self, Claim, FilePart, Lookout, Rebuild, Store, StoreError, Stored, kept_aside};

/// Files looked at in one step.
const FILES_AT_ONCE: u32 = 64;

/// What a file on disk is believed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// The sidecar beside it names the item.
    Sidecar,
    /// Its name and its time, and nothing that contradicts.
    NameAndTime,
}

/// Takes over what damaged indexes held, and tells how far the rebuild is then; none: none is under way.
///
/// # Errors
/// Why no run can begin.
pub(crate) async fn salvage(
    store: &Store,
    library: &Library,
    stop: &Stop,
) -> Result<Option<Rebuild>, Outcome> {
    let stage = store.rebuild().await.map_err(|error| end_of_store(&error))?;
    if stage != Some(Rebuild::Begun) {
        return Ok(stage);
    }
    for kept in kept_aside(&index_path(library)) {
        let goes_on = stop.clone();
        let salvaged =
            store.salvage(kept, move || !goes_on.is_begun()).await.map_err(|error| end_of_store(&error))?;
        let Some(salvaged) = salvaged else { return Err(Outcome::Interrupted) };
        tracing::info!(rows = salvaged.rows, lost = salvaged.lost, "rows of a damaged index were taken over");
    }
    store.set_rebuild(Some(Rebuild::Salvaged)).await.map_err(|error| end_of_store(&error))?;
    Ok(Some(Rebuild::Salvaged))
}

/// Holds what damaged indexes claimed against the files. Before anything else of a run, so that nothing is taken for new.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn begin_rebuild(tools: &Tools) -> Result<(), Outcome> {
    if tools.rebuild.is_none() {
        return Ok(());
    }
    tools.count(|counts| counts.phase = "recognising");
    let root = tools.root.clone();
    // Who named a file and was killed may not have made its name durable.
    blocking(move || root.sync_fs()).await?.map_err(|error| end_of_fs(&error))?;
    settle_claims(tools).await
}

/// Whether the rebuild is over: the whole library was listed and looked for, or there is nothing that lists it.
///
/// # Errors
/// See [`StoreError`].
pub(crate) async fn end_rebuild(tools: &Tools, outcome: &Outcome) -> Result<(), StoreError> {
    if tools.rebuild.is_none() || !matches!(outcome, Outcome::Complete | Outcome::Incomplete) {
        return Ok(());
    }
    let is_listed = !tools.library.sources.contains(&SourceKind::LibraryApi)
        || tools.store.last_full_listing().await?.is_some();
    if is_listed {
        tools.store.set_rebuild(None).await?;
        tracing::info!("the index is complete again");
    }
    Ok(())
}

/// What `verify` calls the file that lies where a claim says, and has other bytes; none if nothing of use lies there. Such a file is known
/// as it was before, and told of: taken for good by its name and time, what the disk spoilt would never be noticed again.
fn spoilt_claim(stored: &Stored, entry: &Entry) -> Option<store::Found> {
    let is_of_use = entry.kind == EntryKind::File && entry.bytes > 0;
    is_of_use.then(|| spoilt_as(stored.bytes, stored.mtime, entry))
}

/// Claims are borne out by the file's length and digest; what else lies there is known as spoilt; where nothing does, they are dropped.
async fn settle_claims(tools: &Tools) -> Result<(), Outcome> {
    let mut after = 0;
    // Ends: `after` grows with each page, and the index has an end.
    loop {
        let page = tools.store.claims(after, FILES_AT_ONCE).await.map_err(|error| end_of_store(&error))?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.number;
        let (root, stop) = (tools.root.clone(), tools.stop.clone());
        let looked = blocking(move || {
            let look = |claim: Claim| {
                let path = &claim.stored.path;
                let read = read_whole(&root, path, Some(claim.stored.bytes)).unwrap_or_else(|error| {
                    tracing::debug!(path, error = %text_of(&error), "a file could not be looked at");
                    None
                });
                let read = read.filter(|read| read.sha256 == claim.stored.sha256);
                let entry = if read.is_none() { root.entry(path).unwrap_or(None) } else { None };
                let spoilt = entry.and_then(|entry| spoilt_claim(&claim.stored, &entry));
                (claim, read, spoilt)
            };
            page.into_iter().map_while(|claim| (!stop.is_begun()).then(|| look(claim))).collect::<Vec<_>>()
        });
        let (mut known, mut clips, mut refused, mut spoilt) = (vec![], vec![], vec![], vec![]);
        for (Claim { number, stored }, read, found) in looked.await? {
            match (read, found) {
                (Some(read), _) => {
                    if stored.part == FilePart::Main && read.has_motion_mark {
                        clips.push((stored.id.clone(), stored.path.clone()));
                    }
                    known.push(stored);
                }
                (None, Some(found)) => {
                    spoilt.push((number, stored.part, Some(found)));
                    known.push(stored);
                }
                (None, None) => refused.push((stored.id, stored.part)),
            }
        }
        tools.store.commit_stored(known).await.map_err(|error| end_of_store(&error))?;
        // After a kill before this the next verification finds it, for the digest is the one that was stored.
        tools.store.set_found(spoilt).await.map_err(|error| end_of_store(&error))?;
        tools.store.drop_claims(refused).await.map_err(|error| end_of_store(&error))?;
        want_clips(tools, clips).await?;
        if tools.stop.is_begun() {
            return Err(Outcome::Interrupted);
        }
    }
}

/// Looks on disk for what is still wanted, after everything is listed, so that it is known who else could claim a file.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn look_for_wanted(tools: &Tools) -> Result<(), Outcome> {
    tools.count(|counts| counts.phase = "recognising");
    look_by(tools, Rule::Sidecar).await?;
    // A still that is known again may have a clip, which is looked for in its turn.
    look_by(tools, Rule::NameAndTime).await?;
    look_by(tools, Rule::NameAndTime).await
}

async fn look_by(tools: &Tools, rule: Rule) -> Result<(), Outcome> {
    let mut after = 0;
    // Ends: `after` grows with each page, and the index has an end.
    loop {
        let page = tools.store.lookouts(after, FILES_AT_ONCE).await.map_err(|error| end_of_store(&error))?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.number;
        let (root, stop) = (tools.root.clone(), tools.stop.clone());
        let looked = blocking(move || {
            let look = |lookout: Lookout| {
                let paths = candidates(&root, &lookout).unwrap_or_else(|error| {
                    tracing::debug!(path = lookout.path, error = %text_of(&error), "a folder could not be looked at");
                    Vec::new()
                });
                let is_named =
                    |path: &String| rule != Rule::Sidecar || names_item(&root, path, &lookout.item.id);
                let paths: Vec<String> = paths.into_iter().filter(is_named).collect();
                (lookout, paths)
            };
            page.into_iter().map_while(|one| (!stop.is_begun()).then(|| look(one))).collect::<Vec<_>>()
        });
        let found = only_candidates(tools, looked.await?, rule).await?;
        settle_found(tools, found).await?;
        if tools.stop.is_begun() {
            return Err(Outcome::Interrupted);
        }
    }
}

/// Those of which exactly one file could be theirs, with that file, which could be nobody else's.
async fn only_candidates(
    tools: &Tools,
    looked: Vec<(Lookout, Vec<String>)>,
    rule: Rule,
) -> Result<Vec<Found>, Outcome> {
    let (mut found, mut taken): (Vec<Found>, HashSet<String>) = (Vec::new(), HashSet::new());
    for (lookout, paths) in looked {
        let mut open = Vec::new();
        for path in paths {
            if !tools.store.is_settled_path(path.clone()).await.map_err(|error| end_of_store(&error))? {
                open.push(path);
            }
        }
        let [path] = &open[..] else { continue };
        let is_alone = rule == Rule::Sidecar
            || lookout.rivals.iter().filter(|r| is_rival(r, &lookout.path)).count() <= 1;
        if is_alone && taken.insert(path.clone()) {
            found.push(Found { path: path.clone(), lookout });
        }
    }
    Ok(found)
}

/// Hashes what was found, and tells the index.
async fn settle_found(tools: &Tools, found: Vec<Found>) -> Result<(), Outcome> {
    let (root, stop) = (tools.root.clone(), tools.stop.clone());
    let looked = blocking(move || {
        let look = |found: Found| {
            let read = fits(&root, &found)
                .and_then(|fits| if fits { read_whole(&root, &found.path, None) } else { Ok(None) });
            let read = read.unwrap_or_else(|error| {
                tracing::debug!(path = found.path, error = %text_of(&error), "a file could not be looked at");
                None
            });
            (found, read)
        };
        found.into_iter().map_while(|one| (!stop.is_begun()).then(|| look(one))).collect::<Vec<_>>()
    });
    let (mut known, mut clips) = (Vec::new(), Vec::new());
    for (Found { path, lookout }, read) in looked.await? {
        let Some(Read { bytes, sha256, has_motion_mark }) = read else { continue };
        let is_main = lookout.part == FilePart::Main;
        if is_main && (has_motion_mark || is_likely_motion(&lookout.item)) {
            clips.push((lookout.item.id.clone(), path.clone()));
        }
        let mtime = lookout.item.created.map(|at| at.timestamp());
        known.push(Stored { id: lookout.item.id, part: lookout.part, path, bytes, sha256, mtime });
    }
    tools.store.commit_stored(known).await.map_err(|error| end_of_store(&error))?;
    want_clips(tools, clips).await
}

/// Asks the index for the clips of stills that are known again: they are looked for, or fetched.
async fn want_clips(tools: &Tools, stills: Vec<(MediaId, String)>) -> Result<(), Outcome> {
    for (id, path) in stills {
        let (dir, name) = clip_name(&path);
        tools
            .store
            .want_motion(id, name, dir, tools.library.portable_names)
            .await
            .map_err(|error| end_of_store(&error))?;
    }
    Ok(())
}
