//! What the newest look into Drive found, for the watch over exports: kept, because a status must not ask Google.
//!
//! Invariant: no more than a few hundred parts are kept. May import: `store`, `google` for plain types. Tests: below, and `tests/it`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::google::{DriveAbout, DriveFile};
use crate::job::Outcome;
use crate::job::faults::end_of_store;
use crate::store::{SeenPart, Store, StoreError};
use crate::takeout::part_name::PartName;
use crate::takeout::rhythm::Quota;

/// The fact that holds it.
const LOOK_FACT: &str = "drive-look";
/// Parts that are kept: an export has a few dozen.
const PARTS_MAX: usize = 500;

/// What a look found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DriveLook {
    limit: Option<u64>,
    usage: u64,
    /// Name, length and time of parts that are there.
    parts: Vec<(String, u64, Option<DateTime<Utc>>)>,
}

impl DriveLook {
    /// The room of the account, without parts.
    pub(crate) fn of(about: &DriveAbout) -> Self {
        Self { limit: about.limit, usage: about.usage, parts: Vec::new() }
    }

    /// The same with the parts that were listed.
    #[must_use]
    pub(crate) fn with_parts(mut self, files: &[DriveFile]) -> Self {
        let of_file = |file: &DriveFile| (file.name.clone(), file.bytes, file.modified);
        self.parts = files.iter().take(PARTS_MAX).map(of_file).collect();
        self
    }

    /// The storage, for the judgement.
    pub(crate) fn quota(&self) -> Quota {
        Quota { limit: self.limit, usage: self.usage }
    }

    /// The parts, for the judgement; those that were read the index knows.
    pub(crate) fn waiting(&self, now: DateTime<Utc>) -> Vec<SeenPart> {
        let seen = |(name, bytes, modified): &(String, u64, Option<DateTime<Utc>>)| {
            let parsed = PartName::parse(name)?;
            let first_seen = modified.unwrap_or(now);
            let (export, stamp, number) = (parsed.export, parsed.stamp, Some(parsed.number));
            Some(SeenPart { export, stamp, number, bytes: *bytes, first_seen, is_read: false })
        };
        self.parts.iter().filter_map(seen).collect()
    }
}

/// Keeps the newest look; parts that an earlier one listed stay, if this one listed none.
pub(crate) async fn keep_look(store: &Store, mut look: DriveLook, is_listed: bool) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    if !is_listed {
        look.parts = read_look(store).await.map_err(fault)?.unwrap_or_default().parts;
    }
    store.set_fact(LOOK_FACT, serde_json::to_string(&look).ok()).await.map_err(fault)
}

/// The newest look; none: there was none, or it cannot be read.
pub(crate) async fn read_look(store: &Store) -> Result<Option<DriveLook>, StoreError> {
    Ok(store.fact(LOOK_FACT).await?.and_then(|text| serde_json::from_str(&text).ok()))
}

#[cfg(test)]
mod tests {
    use crate::google::{DriveAbout, DriveFile, DriveId};
    use crate::job::drive_look::{DriveLook, keep_look, read_look};
    use crate::store::Store;

    fn file(name: &str) -> DriveFile {
        DriveFile {
            id: DriveId("i".to_owned()),
            name: name.to_owned(),
            bytes: 7,
            md5: None,
            sha256: None,
            revision: None,
            modified: None,
            parents: Vec::new(),
            is_trashed: false,
            is_own: true,
            can_download: true,
        }
    }

    #[tokio::test]
    async fn a_look_without_a_listing_keeps_the_parts_of_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("index.sqlite")).unwrap();
        assert!(read_look(&store).await.unwrap().is_none());
        let about = |usage| DriveAbout { limit: Some(100), usage, in_trash: 0, account: None };
        let parts = [file("takeout-20260608T142729Z-3-002.zip"), file("notes.zip")];
        keep_look(&store, DriveLook::of(&about(1)).with_parts(&parts), true).await.unwrap();
        keep_look(&store, DriveLook::of(&about(2)), false).await.unwrap();
        let look = read_look(&store).await.unwrap().unwrap();
        assert_eq!(look.quota().free(), Some(98));
        let waiting = look.waiting(chrono::DateTime::UNIX_EPOCH);
        assert_eq!(waiting.iter().map(|part| (part.number, part.bytes)).collect::<Vec<_>>(), [(Some(2), 7)]);
        keep_look(&store, DriveLook::of(&about(2)), true).await.unwrap();
        assert!(read_look(&store).await.unwrap().unwrap().waiting(chrono::DateTime::UNIX_EPOCH).is_empty());
    }
}
