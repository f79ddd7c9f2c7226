//! Exports that Google delivers to the account's Drive.
//!
//! Owns: what is asked of Drive in a run, and what its faults mean. Invariant: nothing is changed there; a part that was read is known by
//! its file and revision and not opened again; nothing of an account is taken that the library was not first synced with. May import:
//! `google`, `source`, `archive`, `store`, `fs`. Tests: `tests/it/import_drive.rs`.

use chrono::{DateTime, TimeDelta, Utc};
use std::error::Error;
use std::path::PathBuf;
use tokio::runtime::Handle;

use crate::archive::Part;
use crate::clock::wall_now;
use crate::config::{SourceKind, Spool};
use crate::google::{ApiError, DriveAbout, DriveFile, DriveId, GoogleClient};
use crate::job::Outcome;
use crate::job::drive_look::{DriveLook, keep_look};
use crate::job::faults::{end_of_api, end_of_fs, end_of_store, text_of};
use crate::job::import::balance::{Balance, Setting};
use crate::job::import::import_set;
use crate::job::import::parts::{Found, find_sets};
use crate::job::tools::{Tools, blocking, room_end};
use crate::job::watch::note_delivered;
use crate::source::{DriveFault, DriveReader, SpoolError, Spooler, sweep_spool};
use crate::store::{PartState, StoreError};
use crate::takeout::part_name::PartName;

/// The fact that remembers whose Drive the library's exports come from.
const ACCOUNT_FACT: &str = "drive-account";
/// The fact that remembers up to where Drive's changes are known; none while something is left to do.
const NEWS_FACT: &str = "drive-news";
/// Pages of parts in one run: a thousand files a page, and an export has a few dozen.
const PAGES_MAX: usize = 100;
/// Once in this time all parts are listed, whatever the changes say.
const LIST_EVERY: TimeDelta = TimeDelta::hours(24);
/// The fact that remembers when that was last.
const LISTED_FACT: &str = "drive-listed";

/// Why a part in Drive cannot be opened.
pub(crate) enum Unopened {
    /// The run must end.
    Halt(Outcome),
    /// This part is left for a later run, and why.
    Left(String),
}

/// Takes in the exports in the account's Drive, if anything happened there since the last time.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn import_drive(tools: &Tools) -> Result<(), Outcome> {
    let Some(client) = &tools.drive else { return Ok(()) };
    tools.count(|counts| counts.phase = "looking into Drive");
    let about = client.drive_about().await.map_err(|error| end_of_api(&error, wall_now()))?;
    check_account(tools, &about).await?;
    let look = DriveLook::of(&about);
    let Some(news) = look_for_news(tools, client).await? else {
        return keep_look(&tools.store, look, false).await;
    };
    let is_settled = import_parts(tools, client, look).await?;
    let token = is_settled.then_some(news);
    tools.store.set_fact(NEWS_FACT, token).await.map_err(|error| end_of_store(&error))
}

/// Refuses the Drive of another account than the first one.
async fn check_account(tools: &Tools, about: &DriveAbout) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let Some(account) = about.account.clone() else { return Ok(()) };
    match tools.store.fact(ACCOUNT_FACT).await.map_err(fault)? {
        Some(first) if first != account => {
            let name = &tools.library.name;
            Err(Outcome::NeedsLogin(format!(
                "the token is of another account than the one whose Drive the exports of library `{name}` came from\n\
                 hint: log in with the first account: gphotos-syncd login {name}; for the other account configure another library \
                 with its own root"
            )))
        }
        Some(_) => Ok(()),
        None => tools.store.set_fact(ACCOUNT_FACT, Some(account)).await.map_err(fault),
    }
}

/// The token for the next look, if this one is worth it; none: nothing happened since the last.
async fn look_for_news(tools: &Tools, client: &GoogleClient) -> Result<Option<String>, Outcome> {
    let halt = |error: ApiError| end_of_api(&error, wall_now());
    let known = tools.store.fact(NEWS_FACT).await.map_err(|error| end_of_store(&error))?;
    let Some(known) = known else { return client.drive_news_token().await.map(Some).map_err(halt) };
    let news = client.drive_news(&known).await.map_err(halt)?;
    let listed = tools.store.fact(LISTED_FACT).await.map_err(|error| end_of_store(&error))?;
    let listed = listed.and_then(|text| text.parse::<DateTime<Utc>>().ok());
    let is_stale = listed.is_none_or(|listed| (wall_now() - listed).abs() > LIST_EVERY);
    Ok((news.is_worth_a_look || is_stale).then_some(news.token))
}

/// Takes in every set; whether nothing is left to do for a later run.
async fn import_parts(tools: &Tools, client: &GoogleClient, look: DriveLook) -> Result<bool, Outcome> {
    let files = list_parts(tools, client).await?;
    keep_look(&tools.store, look.with_parts(&files), true).await?;
    if !files.is_empty() {
        note_delivered(tools, SourceKind::Drive).await?;
    }
    let (count, bytes) = (files.len(), files.iter().map(|file| file.bytes).sum::<u64>());
    tracing::debug!(count, bytes, "parts of exports in Drive");
    let mut is_settled = true;
    for set in find_sets(files.iter().cloned().map(found_of).collect()) {
        let balance = import_set(tools, set, Setting::Inbox).await?;
        is_settled &= balance.as_ref().is_some_and(Balance::is_settled);
    }
    sweep(tools, files).await?;
    let listed = tools.store.set_fact(LISTED_FACT, Some(wall_now().to_rfc3339())).await;
    listed.map_err(|error| end_of_store(&error))?;
    Ok(is_settled)
}

/// Every file whose name is that of a part.
async fn list_parts(tools: &Tools, client: &GoogleClient) -> Result<Vec<DriveFile>, Outcome> {
    let halt = |error: ApiError| end_of_api(&error, wall_now());
    let folders = match &tools.library.drive.folder {
        None => Vec::new(),
        Some(name) => {
            let folders: Vec<DriveId> = client.find_drive_folders(name).await.map_err(halt)?;
            if folders.is_empty() {
                tools.leave_undone(format!("there is no folder `{name}` in Drive; see `drive-folder`"));
                return Ok(Vec::new());
            }
            folders
        }
    };
    let (mut files, mut page) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let found = client.find_drive_parts(&folders, page.as_deref()).await.map_err(halt)?;
        if found.is_incomplete || found.malformed > 0 {
            tools.leave_undone("Drive did not list everything that it may have".to_owned());
        }
        // What others share may be the export of their own library.
        let is_part =
            |file: &DriveFile| PartName::parse(&file.name).is_some() && !file.is_trashed && file.is_own;
        files.extend(found.files.into_iter().filter(is_part));
        page = found.next;
        if page.is_none() {
            break;
        }
    }
    Ok(files)
}

/// Removes what was fetched of parts that are read by now, or gone.
async fn sweep(tools: &Tools, files: Vec<DriveFile>) -> Result<(), Outcome> {
    let mut wanted = Vec::new();
    for file in files {
        let known =
            tools.store.part_of_origin(origin_of(&file)).await.map_err(|error| end_of_store(&error))?;
        if known.is_none_or(|known| known.state == PartState::Reading) {
            wanted.push(file);
        }
    }
    let root = tools.root.clone();
    blocking(move || sweep_spool(&root, &wanted)).await?.map_err(|error| end_of_fs(&error))
}

fn found_of(file: DriveFile) -> Found {
    Found {
        path: PathBuf::from(&file.name),
        name: file.name.clone(),
        changed: None,
        placed: None,
        is_folder: false,
        drive: Some(Box::new(file)),
    }
}

/// By what a part in Drive is known again: its file and the revision of its bytes.
pub(crate) fn origin_of(file: &DriveFile) -> String {
    let revision = file.revision.as_deref().or(file.sha256.as_deref()).or(file.md5.as_deref());
    format!("drive:{}:{}:{}", file.id.0, revision.unwrap_or_default(), file.bytes)
}

/// Opens a part in Drive, as a stream or by way of the disk.
pub(crate) async fn open_part(tools: &Tools, file: &DriveFile) -> Result<Part, Unopened> {
    let Some(client) = tools.drive.clone() else {
        return Err(Unopened::Left("Drive is not asked".to_owned()));
    };
    if !file.can_download {
        return Err(Unopened::Left("the account may not fetch it from Drive".to_owned()));
    }
    let (file, stop, runtime) = (file.clone(), tools.stop.clone(), Handle::current());
    let (base, space) = (tools.root.clone(), tools.room.clone());
    let way = tools.library.drive.spool;
    let opening = move || match way {
        Spool::Stream => {
            let (bytes, label) = (file.bytes, file.name.clone());
            let reader = DriveReader::new(client, file, runtime, stop);
            Part::over(Box::new(reader), bytes, &label).map_err(|error| unopened(&error))
        }
        Spool::Disk => {
            let spooler = Spooler { client: &client, root: &base, handle: &runtime, stop: &stop };
            let fetched = spooler.spool(&file, |bytes| space.check(bytes)).map_err(|error| match &error {
                SpoolError::Room(short) => Unopened::Halt(room_end(short)),
                SpoolError::Fs(fs) => Unopened::Halt(end_of_fs(fs)),
                SpoolError::Fault(_) | SpoolError::Damaged { .. } => unopened(&error),
            })?;
            Part::open(&base.path().join(fetched.path)).map_err(|error| unopened(&error))
        }
    };
    blocking(opening).await.map_err(Unopened::Halt)?
}

/// Whether the file in Drive is still the one that was read: a stream has no digest of the whole.
pub(crate) async fn is_unchanged(tools: &Tools, file: &DriveFile) -> Result<bool, Outcome> {
    let Some(client) = &tools.drive else { return Ok(true) };
    match client.drive_file(&file.id).await {
        Ok(now) => Ok(now.has_bytes_of(file)),
        // What was read is read; that it was removed since is its owner's right.
        Err(ApiError::NotFound { .. }) => Ok(true),
        Err(error) => Err(end_of_api(&error, wall_now())),
    }
}

/// What concerns one file leaves it for a later run; what concerns all ends this one.
fn unopened(error: &(dyn Error + 'static)) -> Unopened {
    match DriveFault::find(error) {
        Some(DriveFault::Api(
            api @ (ApiError::FileRests { .. }
            | ApiError::FileRefused { .. }
            | ApiError::Changed { .. }
            | ApiError::NotFound { .. }),
        )) => Unopened::Left(text_of(api)),
        Some(_) => Unopened::Halt(end_of_read(error)),
        None => Unopened::Left(text_of(error)),
    }
}

/// How a run ends because an archive cannot be read on: from here it is read another time.
pub(crate) fn end_of_read(error: &(dyn Error + 'static)) -> Outcome {
    match DriveFault::find(error) {
        Some(DriveFault::Stopped) => Outcome::Interrupted,
        Some(DriveFault::Api(api)) => end_of_api(api, wall_now()),
        None => Outcome::Transient(format!("an archive cannot be read: {}", text_of(error))),
    }
}
