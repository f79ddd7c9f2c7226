//! The albums' folders brought to what the index knows.
//!
//! Owns: every change below `albums/`. Invariant: removes only what it made itself and what still is as it made it; a foreign thing is
//! left where it is, and the link goes beside it. With `albums = "none"` the links made earlier are removed. Album by album, so that
//! memory does not grow with the library; a stop takes effect between two links. May import: `store`, `fs`, `config`.
//! Tests: `tests/it`.

use std::collections::HashSet;

use crate::config::AlbumMode;
use crate::fs::{EntryKind, FsError, Root};
use crate::job::Outcome;
use crate::job::apply::{Applied, LinkMaker};
use crate::job::faults::{end_of_fs, end_of_store};
use crate::job::found_links::find_links;
use crate::job::links::{
    ALBUMS_DIR, LinkPlan, WantedLink, album_dir_for, folders_of, free_dir, link_name, may_keep_dir,
    plan_links,
};
use crate::job::tools::{Tools, blocking};
use crate::media::AlbumId;
use crate::names::case_key;
use crate::store::{AlbumEntry, AlbumLink, KnownAlbum, StoreError};

/// The fact that remembers how the links on disk were made.
const MODE_FACT: &str = "album-mode";

/// Brings the links up to date, if anything changed since they were.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn link_albums(tools: &Tools) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let mode = tools.library.albums;
    let made_as = tools.store.fact(MODE_FACT).await.map_err(fault)?;
    let is_other_mode = made_as.is_some_and(|made_as| made_as != mode_word(mode));
    let is_none = mode == AlbumMode::None;
    let is_stale = !is_none && tools.store.links_are_stale().await.map_err(fault)?;
    if !(is_stale || is_other_mode) {
        return Ok(());
    }
    tools.count(|counts| counts.phase = "linking");
    if tools.rebuild.is_some() {
        find_links(tools).await?;
    }
    let mut went_through = unlink(tools, None).await?;
    let albums = if is_none { tools.store.albums().await.map_err(fault)? } else { with_dirs(tools).await? };
    for known in albums {
        let id = known.album.id.clone();
        if is_other_mode {
            went_through &= unlink(tools, Some(id.clone())).await?;
        }
        if !is_none {
            let wanted = wanted_links(tools, &known).await?;
            let have = tools.store.album_links(Some(id.clone())).await.map_err(fault)?;
            went_through &= carry_out(tools, Some(id), plan_links(wanted, have)).await?;
        }
    }
    if !went_through {
        return Ok(());
    }
    let root = tools.root.clone();
    blocking(move || root.sync_fs()).await?.map_err(|error| end_of_fs(&error))?;
    tools.store.set_fact(MODE_FACT, Some(mode_word(mode).to_owned())).await.map_err(fault)?;
    if is_none { Ok(()) } else { tools.store.mark_links_fresh().await.map_err(fault) }
}

/// Removes all links of an album, or with none those of albums that are gone; whether that went through.
async fn unlink(tools: &Tools, album: Option<AlbumId>) -> Result<bool, Outcome> {
    let have = tools.store.album_links(album.clone()).await.map_err(|error| end_of_store(&error))?;
    carry_out(tools, album, LinkPlan { remove: have, ..LinkPlan::default() }).await
}

/// Carries out one album's plan step by step, and records what was done of it; whether that was all.
///
/// A new link is in the index before it is on disk, and an old one until it is gone: whatever a crash leaves is known to be ours, even
/// if the album is another one by then.
async fn carry_out(tools: &Tools, album: Option<AlbumId>, plan: LinkPlan) -> Result<bool, Outcome> {
    if tools.stop.is_begun() {
        return Err(Outcome::Interrupted);
    }
    let LinkPlan { remove, add, keep } = plan;
    let maker = LinkMaker {
        root: tools.root.clone(),
        room: tools.room.clone(),
        mode: tools.library.albums,
        file_mode: tools.library.file_mode,
        stop: tools.stop.clone(),
    };
    let mut went_through = true;
    let folders = folders_of(remove.iter().map(|link| link.path.as_str()));
    if !remove.is_empty() {
        let (maker, folders) = (maker.clone(), folders.clone());
        let removal = move || {
            let applied = maker.remove_all(remove);
            make_removals_durable(&maker.root, &folders).map(|()| applied)
        };
        let applied = blocking(removal).await?.map_err(|error| end_of_fs(&error))?;
        went_through &= take_in(tools, album.as_ref(), applied, &[]).await?;
    }
    if !(add.is_empty() && keep.is_empty()) {
        let looker = maker.clone();
        let (free, add) = blocking(move || (looker.free(&add), add)).await?;
        record(tools, album.as_ref(), Vec::new(), free.clone()).await?;
        let maker = maker.clone();
        let applied = blocking(move || maker.add_all(add, keep)).await?;
        went_through &= take_in(tools, album.as_ref(), applied, &free).await?;
    }
    if !folders.is_empty() {
        let applied = blocking(move || maker.remove_empty(&folders)).await?;
        went_through &= take_in(tools, album.as_ref(), applied, &[]).await?;
    }
    Ok(went_through)
}

/// Were the index to forget a link first, a power cut could bring it back as a foreign one.
fn make_removals_durable(root: &Root, folders: &[String]) -> Result<(), FsError> {
    for folder in folders {
        if root.entry(folder)?.is_some_and(|entry| entry.kind == EntryKind::Dir) {
            root.sync_dir(folder)?;
        }
    }
    Ok(())
}

/// Records a step, of which `announced` were to be made; whether all of it was done.
async fn take_in(
    tools: &Tools,
    album: Option<&AlbumId>,
    applied: Applied,
    announced: &[AlbumLink],
) -> Result<bool, Outcome> {
    let Applied { mut removed, added, failed, reason, halt, is_stopped } = applied;
    let made: HashSet<&str> = added.iter().map(|link| link.path.as_str()).collect();
    let not_made = announced.iter().filter(|link| !made.contains(link.path.as_str()));
    removed.extend(not_made.map(|link| link.path.clone()));
    record(tools, album, removed, added).await?;
    if let Some(halt) = halt {
        return Err(halt);
    }
    if is_stopped {
        return Err(Outcome::Interrupted);
    }
    if failed > 0 {
        let reason = reason.unwrap_or_default();
        tracing::debug!(count = failed, reason, "album links could not be made or removed");
        tools.count(|counts| counts.links_failed += failed);
        tools.leave_undone(reason);
    }
    Ok(failed == 0)
}

async fn record(
    tools: &Tools,
    album: Option<&AlbumId>,
    remove: Vec<String>,
    add: Vec<AlbumLink>,
) -> Result<(), Outcome> {
    if remove.is_empty() && add.is_empty() {
        return Ok(());
    }
    let recorded = tools.store.record_links(album.cloned(), remove, add).await;
    recorded.map_err(|error| end_of_store(&error))
}

/// The links that an album should have: one for each entry whose file is on disk.
async fn wanted_links(tools: &Tools, known: &KnownAlbum) -> Result<Vec<WantedLink>, Outcome> {
    let Some(dir) = &known.dir else { return Ok(Vec::new()) };
    let entries = tools.store.album_entries(known.album.id.clone()).await;
    let entries = entries.map_err(|error| end_of_store(&error))?;
    let link = |(index, entry): (usize, AlbumEntry)| {
        let file_name = entry.path.rsplit('/').next().unwrap_or_default();
        let path = format!("{ALBUMS_DIR}/{dir}/{}", link_name(index, file_name));
        WantedLink { link: AlbumLink { path, target: entry.path }, created: entry.created }
    };
    Ok(entries.into_iter().enumerate().map(link).collect())
}

/// All albums, each with the folder that it keeps for as long as its title and date stay.
async fn with_dirs(tools: &Tools) -> Result<Vec<KnownAlbum>, Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let portable = tools.library.portable_names;
    let fold = |dir: &str| if portable { case_key(dir) } else { dir.to_owned() };
    let mut albums = tools.store.albums().await.map_err(fault)?;
    let mut taken = HashSet::new();
    for known in &mut albums {
        let wish = album_dir_for(&known.album.title, known.newest, portable);
        if known.dir.as_deref().is_some_and(|dir| may_keep_dir(dir, &wish)) {
            taken.extend(known.dir.as_deref().map(fold));
        } else if known.dir.take().is_some() {
            // Removed before any folder is given, because another album may get this one's.
            unlink(tools, Some(known.album.id.clone())).await?;
            tools.store.set_album_dir(known.album.id.clone(), None).await.map_err(fault)?;
        }
    }
    for known in albums.iter_mut().filter(|known| known.dir.is_none()) {
        let wish = album_dir_for(&known.album.title, known.newest, portable);
        let dir = free_dir(&wish, |dir| taken.contains(&fold(dir)));
        taken.insert(fold(&dir));
        tools.store.set_album_dir(known.album.id.clone(), Some(dir.clone())).await.map_err(fault)?;
        known.dir = Some(dir);
    }
    Ok(albums)
}

fn mode_word(mode: AlbumMode) -> &'static str {
    match mode {
        AlbumMode::Symlink => "symlink",
        AlbumMode::Hardlink => "hardlink",
        AlbumMode::Copy => "copy",
        AlbumMode::None => "none",
    }
}
