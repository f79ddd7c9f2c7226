//! Files to the trash, back from it, and out of it when their time is over.
//!
//! Owns: `.gphotos-syncd/trash`, where a file lies at `DAY/its path`. The order makes a kill harmless: the index remembers where a
//! file is about to go; the albums' links to it are removed while it can still be compared with them; then it is moved, never onto
//! anything; when the move is durable, the index remembers it as done. The next run finds each thing where it is, at its place or in the
//! trash, and takes it from there. Invariant: a file whose bytes are not those that were stored is never moved nor removed; what
//! nobody recorded is never touched. May import: `store`, `fs`, `config`. Tests: `tests/it/trash*.rs`; the decisions in `gone`.

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use crate::config::Sidecar;
use crate::fs::{EntryKind, FsError, Placed, Root};
use crate::job::Outcome;
use crate::job::digest::digest_of;
use crate::job::faults::{end_of_fs, end_of_store, fs_fault, text_of};
use crate::job::gone::{Look, Step, Thing, decide_thing};
use crate::job::linking::link_albums;
use crate::job::open::TRASH_DIR;
use crate::job::place::{Beside, sidecar_on_disk};
use crate::job::tools::{Tools, blocking};
use crate::store::{Doomed, Fate, InTrash, Settling, Stays, StoreError, Throwing};

/// Things dealt with in one step.
pub(crate) const AT_ONCE: u32 = 50;
/// How many folders of one day are tried: a path may go twice on the same day.
const DAYS_TRIED_MAX: u32 = 64;

/// What a look at an item's files found.
enum Verdict {
    /// These go.
    Goes(Vec<Throwing>),
    /// They stay: somebody changed or removed them.
    Stays,
    /// It cannot be told now.
    Unclear,
}

/// Finds everything of the trash where it is: what a kill cut short, what a person put back, what Google lists again.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn settle_trash(tools: &Tools) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let mut after = String::new();
    // Ends: `after` grows, and the trash has an end.
    loop {
        tools.check_stop()?;
        let page = tools.store.in_trash(false, after, AT_ONCE).await.map_err(fault)?;
        let Some(last) = page.last() else { break };
        after = last.what.path.clone();
        let root = tools.root.clone();
        let settled = blocking(move || settle_page(&root, &page)).await?;
        let (found, back) = settled.map_err(|error| end_of_fs(&error))?;
        tools.count(|counts| counts.returned += back);
        if !found.is_empty() {
            tools.store.settle_trash(found).await.map_err(fault)?;
        }
    }
    let wanted = tools.store.want_returned().await.map_err(fault)?;
    if wanted > 0 {
        tracing::info!(count = wanted, "items are back at Google; their files are fetched again");
    }
    Ok(())
}

/// What has changed of a page of the trash, and how many files came back from it; moves back what Google lists again.
fn settle_page(root: &Root, page: &[InTrash]) -> Result<(Vec<Settling>, u64), FsError> {
    let (mut found, mut back) = (Vec::new(), 0);
    for one in page {
        match settle_one(root, one) {
            Ok(step) if is_news(one, step) => {
                back += u64::from(one.is_there && step.fate == Fate::Stored && one.what.part.is_some());
                found.push(Settling {
                    path: one.what.path.clone(),
                    number: one.what.number,
                    part: one.what.part,
                    is_there: step.is_there,
                    fate: step.fate,
                    stays: step.stays,
                });
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(path = one.what.path, error = %text_of(&error), "a thing of the trash cannot be looked at");
            }
        }
    }
    if !found.is_empty() {
        root.sync_fs()?;
    }
    Ok((found, back))
}

/// Whether there is anything to record; always of what is not in the trash, which is forgotten.
fn is_news(one: &InTrash, step: Step) -> bool {
    !(one.is_there && step.is_there) || step.fate != Fate::Same || step.stays.is_some()
}

fn settle_one(root: &Root, one: &InTrash) -> Result<Step, FsError> {
    let what = &one.what;
    let place = in_trash(&what.path);
    // Bytes are compared only where something follows from it.
    let mut home = look(root, &what.home, what, one.is_gone)?;
    let mut trash = look(root, &place, what, one.is_back)?;
    if is_left_behind(root, one)? && move_one(root, what, &place)? {
        (home, trash) = (Look::Nothing, Look::Same);
    }
    let (is_there, is_gone, is_back) = (one.is_there, one.is_gone, one.is_back);
    let mut thing = Thing { is_there, is_gone, is_back, home, trash };
    let step = decide_thing(thing);
    if !step.moves_back {
        return Ok(step);
    }
    root.create_dir_all(dir_of(&what.home))?;
    if root.place(&place, &what.home)? == Placed::Done {
        root.remove_empty_dirs(dir_of(&place), TRASH_DIR)?;
        return Ok(step);
    }
    thing.home = Look::Other;
    Ok(decide_thing(thing))
}

/// Whether it is a sidecar of a file that a kill came after.
fn is_left_behind(root: &Root, one: &InTrash) -> Result<bool, FsError> {
    match &one.goes_with {
        Some(file) if !one.is_there => Ok(root.entry(&in_trash(file))?.is_some()),
        Some(_) | None => Ok(false),
    }
}

/// Marks the files of `doomed` items as gone and remembers where they go; what somebody changed stays. How many items go.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn mark(tools: &Tools, doomed: Vec<Doomed>) -> Result<u64, Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let (root, day) = (tools.root.clone(), tools.started.format("%Y-%m-%d").to_string());
    let judged = blocking(move || {
        let judge = |item: Doomed| (item.number, judge(&root, &item, &day));
        doomed.into_iter().map(judge).collect::<Vec<_>>()
    });
    let (mut going, mut items) = (Vec::new(), 0);
    for (number, verdict) in judged.await? {
        match verdict {
            Ok(Verdict::Goes(mut things)) => {
                items += 1;
                going.append(&mut things);
            }
            Ok(Verdict::Stays) => tools.store.keep_absent(number, Stays::Changed).await.map_err(fault)?,
            Ok(Verdict::Unclear) => tools.leave_undone("a file could not be moved to the trash".to_owned()),
            Err(error) => {
                tracing::debug!(error = %text_of(&error), "a file that is gone at Google cannot be looked at");
                tools.leave_undone("a file that is gone at Google could not be looked at".to_owned());
            }
        }
    }
    if !going.is_empty() {
        tools.store.throw(going, tools.started).await.map_err(fault)?;
    }
    Ok(items)
}

/// What becomes of an item's files, all or none.
fn judge(root: &Root, item: &Doomed, day: &str) -> Result<Verdict, FsError> {
    let mut things = Vec::new();
    for file in &item.files {
        let what = Throwing {
            number: item.number,
            part: Some(file.part),
            home: file.path.clone(),
            path: String::new(),
            bytes: file.bytes,
            sha256: file.sha256,
        };
        match look(root, &file.path, &what, true)? {
            Look::Same => things.push(what),
            Look::Nothing => {}
            Look::Other => return Ok(Verdict::Stays),
        }
    }
    if things.is_empty() {
        return Ok(Verdict::Stays);
    }
    for file in &item.files {
        things.extend(sidecar_of(root, &file.path, item)?);
    }
    for n in 1..=DAYS_TRIED_MAX {
        let day = if n == 1 { day.to_owned() } else { format!("{day}.{n}") };
        for thing in &mut things {
            thing.path = format!("{day}/{}", thing.home);
        }
        let mut free = true;
        for thing in &things {
            free &= root.entry(&in_trash(&thing.path))?.is_none();
        }
        if free {
            return Ok(Verdict::Goes(things));
        }
    }
    Ok(Verdict::Unclear)
}

/// The sidecars beside a file that we wrote and that nobody has changed.
fn sidecar_of(root: &Root, path: &str, item: &Doomed) -> Result<Vec<Throwing>, FsError> {
    let of = Beside { path, key: "", id: &item.id, created: None, written: &[] };
    let mut found = Vec::new();
    for kind in [Sidecar::Json, Sidecar::Xmp] {
        if let Some((home, text)) = sidecar_on_disk(root, &of, kind)? {
            let sha256 = Sha256::digest(text.as_bytes()).into();
            let bytes = text.len() as u64;
            found.push(Throwing {
                number: item.number,
                part: None,
                home,
                path: String::new(),
                bytes,
                sha256,
            });
        }
    }
    Ok(found)
}

/// Moves what was marked, once no album leads to it any more; what cannot be moved stays where it is.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn move_marked(tools: &Tools) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    link_albums(tools).await?;
    let (mut after, mut left) = (String::new(), 0);
    // Ends: `after` grows, and the trash has an end.
    loop {
        tools.check_stop()?;
        let page = tools.store.in_trash(true, after, AT_ONCE).await.map_err(fault)?;
        let Some(last) = page.last() else { break };
        after = last.what.path.clone();
        left += page.len();
        let root = tools.root.clone();
        let moved = blocking(move || move_page(&root, page)).await?.map_err(|error| end_of_fs(&error))?;
        let files = moved.iter().filter(|one| one.part.is_some()).count() as u64;
        tools.count(|counts| counts.trashed += files);
        left -= moved.len();
        tools.store.settle_trash(moved).await.map_err(fault)?;
    }
    if left == 0 {
        return Ok(());
    }
    tools.leave_undone("some files that are gone at Google could not be moved to the trash".to_owned());
    settle_trash(tools).await
}

/// Moves a page of files; what cannot be moved is found by the next run where it is.
fn move_page(root: &Root, page: Vec<InTrash>) -> Result<Vec<Settling>, FsError> {
    let mut moved = Vec::new();
    for one in page {
        let place = in_trash(&one.what.path);
        match move_one(root, &one.what, &place) {
            Ok(true) => {
                let Throwing { path, number, part, .. } = one.what;
                moved.push(Settling { path, number, part, is_there: true, fate: Fate::Same, stays: None });
            }
            Ok(false) => tracing::debug!(path = one.what.path, "a file stays out of the trash"),
            Err(error) if error.is_full() => return Err(error),
            Err(error) => {
                tracing::debug!(error = %text_of(&error), "a file could not be moved to the trash");
            }
        }
    }
    root.sync_fs()?;
    Ok(moved)
}

/// Whether it was moved; not if somebody changed it meanwhile, or something is in the trash at that path.
fn move_one(root: &Root, what: &Throwing, place: &str) -> Result<bool, FsError> {
    if look(root, &what.home, what, true)? != Look::Same {
        return Ok(false);
    }
    root.create_dir_all(dir_of(place))?;
    Ok(root.place(&what.home, place)? == Placed::Done)
}

/// Removes from the trash what has been there for its time. What somebody changed there is no longer ours.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn purge(tools: &Tools) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let keep = TimeDelta::from_std(tools.library.trash_keep).unwrap_or(TimeDelta::MAX);
    let mut after = String::new();
    // Ends: `after` grows, and the trash has an end.
    loop {
        tools.check_stop()?;
        let page = tools.store.overdue(keep, after, AT_ONCE).await.map_err(fault)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.what.path.clone();
        let root = tools.root.clone();
        let (removed, files) =
            blocking(move || purge_page(&root, page)).await?.map_err(|error| end_of_fs(&error))?;
        tools.count(|counts| counts.purged += files);
        tools.store.settle_trash(removed).await.map_err(fault)?;
    }
}

fn purge_page(root: &Root, page: Vec<InTrash>) -> Result<(Vec<Settling>, u64), FsError> {
    let (mut removed, mut files) = (Vec::new(), 0);
    for one in page {
        match purge_one(root, &one.what) {
            Ok(is_removed) => files += u64::from(is_removed && one.what.part.is_some()),
            Err(error) => {
                tracing::debug!(error = %text_of(&error), "a file cannot be removed from the trash");
                continue;
            }
        }
        let Throwing { path, number, part, .. } = one.what;
        removed.push(Settling { path, number, part, is_there: false, fate: Fate::Same, stays: None });
    }
    root.sync_fs()?;
    Ok((removed, files))
}

/// Whether it was removed; not if somebody changed or removed it.
fn purge_one(root: &Root, what: &Throwing) -> Result<bool, FsError> {
    let place = in_trash(&what.path);
    if look(root, &place, what, true)? != Look::Same {
        return Ok(false);
    }
    root.remove_file(&place)?;
    root.remove_empty_dirs(dir_of(&place), TRASH_DIR)?;
    Ok(true)
}

/// What lies at `path`, compared with `what` by length, and if `deep` by its bytes.
fn look(root: &Root, path: &str, what: &Throwing, deep: bool) -> Result<Look, FsError> {
    let Some(entry) = root.entry(path)? else { return Ok(Look::Nothing) };
    if entry.kind != EntryKind::File || entry.bytes != what.bytes {
        return Ok(Look::Other);
    }
    if !deep {
        return Ok(Look::Same);
    }
    let Some(mut file) = root.open_file(path)? else { return Ok(Look::Nothing) };
    let digest = digest_of(&mut file, |_| true).map_err(|source| fs_fault(root, "read", path, source))?;
    Ok(if digest.is_some_and(|digest| digest.sha256 == what.sha256) { Look::Same } else { Look::Other })
}

/// A path of the trash as one below the root.
fn in_trash(path: &str) -> String {
    format!("{TRASH_DIR}/{path}")
}

fn dir_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}
