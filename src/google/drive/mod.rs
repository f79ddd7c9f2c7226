//! Google Drive as the place where exports are picked up: what is asked of it, and its values.
//!
//! Owns: the search for the parts of exports, the look at one file, the account's room, and the cheap look whether anything is new.
//! Each call here costs quota units: 5 a look at one file, at the room or for a token, 100 a page of a list or of changes
//! (`bytes` fetches files, at 200 a range); see `limiter::class`. Invariant: GET alone; names of files are foreign text and are
//! handed on as they are. May import: `media`. Tests: `drive/tests/`.

mod bytes;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod wire;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

use crate::google::classify::Host;
use crate::google::client::Ask;
pub use crate::google::drive::bytes::{DriveStream, RANGE_BYTES};
use crate::google::drive::wire::{Changes, FILE_FIELDS, Follow};
use crate::google::error::{ApiError, Failure};
use crate::google::photos::{GoogleClient, address};

/// The scope that every call here needs: all files of the account's Drive, to read.
pub const SCOPE_DRIVE_READONLY: &str = "https://www.googleapis.com/auth/drive.readonly";

/// What the names of the parts of an export begin with.
const PART_PREFIX: &str = "takeout-";

/// Entries of one page, the most that Google gives.
const PER_PAGE: &str = "1000";

/// Folders of one name that are looked into at most: each lengthens the search's text.
const FOLDERS_MAX: usize = 50;

/// Pages of folders or of changes that are read at most.
const PAGES_MAX: usize = 20;

/// The identity of a file in Drive; names are not unique there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DriveId(pub String);

/// A file in Drive that has bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriveFile {
    /// Its identity.
    pub id: DriveId,
    /// Its name, as its owner or Google wrote it: no name for a disk.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// MD5 of its bytes, 32 hex digits in lower case.
    pub md5: Option<String>,
    /// SHA-256 of its bytes, 64 hex digits in lower case; Google has it for some files only.
    pub sha256: Option<String>,
    /// The revision that its bytes are of (`headRevisionId`).
    pub revision: Option<String>,
    /// When its bytes were last changed.
    pub modified: Option<DateTime<Utc>>,
    /// The folders that it lies in; one at most in today's Drive.
    pub parents: Vec<DriveId>,
    /// Whether it is in Drive's trash.
    pub is_trashed: bool,
    /// Whether the account owns it; what others share may be their export.
    pub is_own: bool,
    /// Whether the account may fetch its bytes.
    pub can_download: bool,
}

/// One page of files.
#[derive(Clone, Debug)]
pub struct DrivePage {
    /// The files; may be empty though more pages follow.
    pub files: Vec<DriveFile>,
    /// The next page's token; none: this was the last.
    pub next: Option<String>,
    /// Entries that were no files at all (no id, name or length): counted, never silent. Folders and documents are none of them.
    pub malformed: u64,
    /// Google says that it did not search everywhere: what is not here may still be there.
    pub is_incomplete: bool,
}

/// The account's Drive as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriveAbout {
    /// The room that the account has, for Gmail and Photos too, bytes; none: it is not limited.
    pub limit: Option<u64>,
    /// What is used of it, bytes.
    pub usage: u64,
    /// What of that is in Drive's trash, bytes.
    pub in_trash: u64,
    /// Whose Drive it is: Google's number of the account, no address.
    pub account: Option<String>,
}

/// What a look at the changes says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriveNews {
    /// Whether the parts of exports should be listed again.
    pub is_worth_a_look: bool,
    /// The token of the next look.
    pub token: String,
}

impl DriveFile {
    /// Whether `other` has the same bytes, as far as Drive tells.
    pub fn has_bytes_of(&self, other: &Self) -> bool {
        let differs =
            |one: &Option<String>, two: &Option<String>| one.is_some() && two.is_some() && one != two;
        self.id == other.id
            && self.bytes == other.bytes
            && !differs(&self.md5, &other.md5)
            && !differs(&self.sha256, &other.sha256)
            && !differs(&self.revision, &other.revision)
    }
}

// === The calls ===

impl GoogleClient {
    /// The folders named `name` in the account's Drive: those that [`Self::find_drive_parts`] may be kept to.
    ///
    /// # Errors
    /// See [`ApiError`]; fatal if there are more than 50 of them.
    pub async fn find_drive_folders(&self, name: &str) -> Result<Vec<DriveId>, ApiError> {
        const WHAT: &str = "files.list";
        let query = format!(
            "name = '{}' and mimeType = 'application/vnd.google-apps.folder' and trashed = false",
            quoted(name)
        );
        let (mut found, mut page) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let mut ask = self.list_ask(&query, "nextPageToken,files(id)")?;
            add_page(&mut ask, page.as_deref());
            let (ids, next) = self.call(&ask, |answer| wire::ids(answer, page.as_deref())).await?;
            found.extend(ids);
            if found.len() > FOLDERS_MAX {
                let reason = format!(
                    "more than {FOLDERS_MAX} folders have that name\nhint: rename the right one in Drive, and set `drive-folder` to its name"
                );
                return Err(ApiError::Fatal { what: WHAT, reason });
            }
            if next.is_none() {
                return Ok(found);
            }
            page = next;
        }
        Err(ApiError::Transient { what: WHAT, reason: "the list of folders does not end".to_owned() })
    }

    /// One page of what may be the parts of exports: files outside the trash whose names begin with `takeout-`, in any folder, or
    /// right in one of `folders` if there are any. A name that only looks like a part's is among them.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn find_drive_parts(
        &self,
        folders: &[DriveId],
        page: Option<&str>,
    ) -> Result<DrivePage, ApiError> {
        let mut ask = self.list_ask(
            &parts_query(folders),
            &format!("nextPageToken,incompleteSearch,files({FILE_FIELDS})"),
        )?;
        add_page(&mut ask, page);
        self.call(&ask, |answer| wire::file_page(answer, page)).await
    }

    /// One file as it is now.
    ///
    /// # Errors
    /// See [`ApiError`]; [`ApiError::NotFound`] if it was removed for good, or is not this account's to see.
    pub async fn drive_file(&self, id: &DriveId) -> Result<DriveFile, ApiError> {
        let mut ask = self.drive_ask("files.get", &["files", &id.0])?;
        ask.url.query_pairs_mut().append_pair("fields", FILE_FIELDS);
        self.call(&ask, |answer| wire::file(answer).ok_or("the answer was not a file")).await
    }

    /// The room that the account has, and whose Drive it is.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn drive_about(&self) -> Result<DriveAbout, ApiError> {
        let mut ask = self.drive_ask("about.get", &["about"])?;
        ask.url.query_pairs_mut().append_pair("fields", "storageQuota,user(permissionId)");
        self.call(&ask, wire::about).await
    }

    /// A token for [`Self::drive_news`] that tells of what changes from now on. Take it before the first search for parts.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn drive_news_token(&self) -> Result<String, ApiError> {
        let mut ask = self.drive_ask("changes.getStartPageToken", &["changes", "startPageToken"])?;
        ask.url.query_pairs_mut().append_pair("fields", "startPageToken");
        self.call(&ask, wire::start_token).await
    }

    /// Whether anything happened to the parts of exports since `token` was given.
    ///
    /// In units it costs what a search costs, 100 a page. It is worth it for what it saves otherwise: a Drive in which nothing
    /// happened answers with some hundred bytes however many parts lie in it, and nothing need be compared. What it cannot tell
    /// (a token that Google has forgotten, more changes than it reads) counts as news.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn drive_news(&self, token: &str) -> Result<DriveNews, ApiError> {
        let (mut page, mut is_worth_a_look) = (token.to_owned(), false);
        for _ in 0..PAGES_MAX {
            let Changes { has_part, follow } = match self.changes_page(&page).await {
                Err(ApiError::BadPageToken { .. }) => break,
                answer => answer?,
            };
            is_worth_a_look |= has_part;
            match follow {
                Follow::Page(next) => page = next,
                Follow::Later(token) => return Ok(DriveNews { is_worth_a_look, token }),
            }
        }
        Ok(DriveNews { is_worth_a_look: true, token: self.drive_news_token().await? })
    }

    async fn changes_page(&self, page: &str) -> Result<Changes, ApiError> {
        let mut ask = self.drive_ask("changes.list", &["changes"])?;
        ask.page_token_sent = true;
        ask.url.query_pairs_mut().extend_pairs([
            ("pageToken", page),
            ("pageSize", PER_PAGE),
            ("spaces", "drive"),
            ("restrictToMyDrive", "true"),
            ("includeRemoved", "false"),
            ("fields", "nextPageToken,newStartPageToken,changes(file(name))"),
        ]);
        self.call(&ask, |answer| wire::changes(answer, page)).await
    }

    fn list_ask(&self, query: &str, fields: &str) -> Result<Ask, ApiError> {
        let mut ask = self.drive_ask("files.list", &["files"])?;
        ask.url.query_pairs_mut().extend_pairs([
            ("q", query),
            ("spaces", "drive"),
            ("pageSize", PER_PAGE),
            ("fields", fields),
        ]);
        Ok(ask)
    }

    fn drive_ask(&self, what: &'static str, segments: &[&str]) -> Result<Ask, ApiError> {
        let endpoint = &self.link.endpoints.drive;
        Ok(Ask {
            what,
            host: Host::Drive,
            method: reqwest::Method::GET,
            url: address(endpoint, &["drive", "v3"], segments).ok_or(ApiError::NotFound { what })?,
            body: None,
            page_token_sent: false,
            from: 0,
            until: None,
        })
    }

    /// What became of `file`, whose bytes are not served as they were listed.
    async fn explain_doubt(&self, file: &DriveFile, doubt: &str) -> Failure {
        match self.drive_file(&file.id).await {
            Ok(now) if now.is_trashed => ApiError::NotFound { what: bytes::WHAT }.into(),
            Ok(now) if !now.has_bytes_of(file) => ApiError::Changed { what: bytes::WHAT }.into(),
            Ok(_) => Failure::passing(doubt),
            Err(error) => Failure::Final(error),
        }
    }
}

fn add_page(ask: &mut Ask, page: Option<&str>) {
    if let Some(token) = page {
        ask.url.query_pairs_mut().append_pair("pageToken", token);
        ask.page_token_sent = true;
    }
}

fn parts_query(folders: &[DriveId]) -> String {
    let mut query = format!("name contains '{PART_PREFIX}' and trashed = false");
    let places: Vec<_> = folders.iter().map(|id| format!("'{}' in parents", quoted(&id.0))).collect();
    if !places.is_empty() {
        query = format!("{query} and ({})", places.join(" or "));
    }
    query
}

/// Text for between the quotes of a search.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}
