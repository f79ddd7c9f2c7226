//! Copies for which an original stands: put aside, or removed if that is wished.
//!
//! Invariant: blocks where it touches the disk; nothing is moved or removed before the original is seen on disk with its length, and
//! the copy with its own bytes: where both are said to be the same they are compared byte by byte. May import: `store`, `fs`, `config`.
//! Tests: `tests/it`.

use sha2::{Digest, Sha256};
use std::io::Read;

use crate::config::{LesserCopy, Sidecar};
use crate::fs::{EntryKind, FsError, Placed, Root};
use crate::job::Outcome;
use crate::job::faults::{end_of_fs, end_of_store, fs_fault};
use crate::job::place::{Beside, remove_sidecar};
use crate::job::tools::{Tools, blocking};
use crate::store::{StoreError, Twin};

/// The folder of copies for which an original stands, below the root.
const ASIDE_DIR: &str = ".gphotos-syncd/aside";
/// The fact that remembers up to where copies were looked for.
const LOOKED_FACT: &str = "twins-looked";
/// Twins dealt with in one step.
const TWINS_AT_ONCE: u32 = 256;
/// How many names are tried for one copy.
const NAMES_TRIED_MAX: u32 = 64;
/// Bytes compared at once.
const PIECE_BYTES: usize = 256 * 1024;

/// What became of a copy.
enum Done {
    /// It is out of the way.
    Aside,
    /// It stays: the original is not where it should be, or the bytes differ.
    Stays,
}

/// Puts copies aside for which an imported original stands.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn settle_twins(tools: &Tools) -> Result<(), Outcome> {
    let wish = tools.library.takeout.lesser_copy;
    if !tools.store.has_imported().await.map_err(|error| end_of_store(&error))? {
        return Ok(());
    }
    let fault = |error: StoreError| end_of_store(&error);
    let looked = tools.store.fact(LOOKED_FACT).await.map_err(fault)?;
    if looked.as_deref() == Some(looked_at(tools, wish).await?.as_str()) {
        return Ok(());
    }
    let (mut aside, mut stay) = (0_u64, 0);
    // Ends: every round deals with twins for good, or passes them over from then on.
    loop {
        if tools.stop.is_begun() {
            return Err(Outcome::Interrupted);
        }
        let twins = tools.store.twins(wish == LesserCopy::Keep, stay, TWINS_AT_ONCE).await;
        let twins = twins.map_err(|error| end_of_store(&error))?;
        if twins.is_empty() {
            break;
        }
        for twin in twins {
            let (root, one, sidecar) = (tools.root.clone(), twin.clone(), tools.library.sidecar);
            let done = blocking(move || settle(&root, &one, wish, sidecar)).await?;
            match done.map_err(|error| end_of_fs(&error))? {
                Done::Aside => {
                    let recorded = tools.store.record_twin(twin.copy, twin.original).await;
                    recorded.map_err(|error| end_of_store(&error))?;
                    aside += 1;
                }
                Done::Stays => {
                    tracing::debug!(path = twin.copy_path, "a copy stays beside its original");
                    stay += 1;
                }
            }
        }
    }
    let seen = looked_at(tools, wish).await?;
    tools.store.set_fact(LOOKED_FACT, Some(seen)).await.map_err(fault)?;
    if aside > 0 {
        tracing::info!(count = aside, "copies of the Library API gave way to originals of an export");
    }
    Ok(())
}

/// Up to which change of the index copies were looked for, and under which wish.
async fn looked_at(tools: &Tools, wish: LesserCopy) -> Result<String, Outcome> {
    let changes = tools.store.changes().await.map_err(|error| end_of_store(&error))?;
    Ok(format!("{changes} {wish:?}"))
}

/// Deals with a copy and with the sidecar that we wrote beside it.
fn settle(root: &Root, twin: &Twin, wish: LesserCopy, sidecar: Sidecar) -> Result<Done, FsError> {
    let done = settle_file(root, twin, wish)?;
    if matches!(done, Done::Aside) {
        let of = Beside { path: &twin.copy_path, key: "", id: &twin.copy, created: None, written: &[] };
        remove_sidecar(root, &of, sidecar)?;
    }
    Ok(done)
}

fn settle_file(root: &Root, twin: &Twin, wish: LesserCopy) -> Result<Done, FsError> {
    let original = root.entry(&twin.original_path)?;
    if original.is_none_or(|entry| entry.kind != EntryKind::File || entry.bytes != twin.original_bytes) {
        return Ok(Done::Stays);
    }
    let Some(copy) = root.entry(&twin.copy_path)? else { return Ok(Done::Aside) };
    if copy.kind != EntryKind::File || copy.bytes != twin.copy_bytes {
        // Not the file that was stored: a person's work.
        return Ok(Done::Stays);
    }
    if twin.is_same {
        if !are_same(root, &twin.original_path, &twin.copy_path)? {
            return Ok(Done::Stays);
        }
        return root.remove_file(&twin.copy_path).map(|()| Done::Aside);
    }
    if !is_as_stored(root, twin)? {
        return Ok(Done::Stays);
    }
    match wish {
        LesserCopy::Keep => Ok(Done::Stays),
        LesserCopy::Replace => root.remove_file(&twin.copy_path).map(|()| Done::Aside),
        LesserCopy::Aside => put_aside(root, &twin.copy_path),
    }
}

fn put_aside(root: &Root, path: &str) -> Result<Done, FsError> {
    let to = format!("{ASIDE_DIR}/{path}");
    let dir = to.rsplit_once('/').map_or(ASIDE_DIR, |(dir, _)| dir);
    root.create_dir_all(dir)?;
    for n in 1..=NAMES_TRIED_MAX {
        let name = if n == 1 { to.clone() } else { format!("{to}.{n}") };
        if root.place(path, &name)? == Placed::Done {
            root.sync_dir(dir)?;
            return Ok(Done::Aside);
        }
    }
    Ok(Done::Stays)
}

/// Whether the copy still has the bytes that were stored.
fn is_as_stored(root: &Root, twin: &Twin) -> Result<bool, FsError> {
    let path = &twin.copy_path;
    let Some(mut file) = root.open_file(path)? else { return Ok(false) };
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    // Ends: the file has an end.
    loop {
        match file.read(&mut piece).map_err(|source| fs_fault(root, "read", path, source))? {
            0 => return Ok(<[u8; 32]>::from(hasher.finalize()) == twin.copy_sha256),
            got => hasher.update(&piece[..got]),
        }
    }
}

/// Whether two files have the same bytes.
fn are_same(root: &Root, one: &str, other: &str) -> Result<bool, FsError> {
    let (Some(mut first), Some(mut second)) = (root.open_file(one)?, root.open_file(other)?) else {
        return Ok(false);
    };
    let (mut piece, mut piece_too) = (vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]);
    // Ends: the files have an end.
    loop {
        let got = first.read(&mut piece).map_err(|source| fs_fault(root, "read", one, source))?;
        let read = second.read_exact(&mut piece_too[..got]);
        if read.is_err() || piece[..got] != piece_too[..got] {
            return Ok(false);
        }
        if got == 0 {
            let more = second.read(&mut piece_too).map_err(|source| fs_fault(root, "read", other, source))?;
            return Ok(more == 0);
        }
    }
}
