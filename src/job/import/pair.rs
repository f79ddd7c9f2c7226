//! What belongs together in an export: sidecars, edited copies and clips to their files.
//!
//! Invariant: folder by folder, all parts of the set together; what is ambiguous stays apart and is said. May import: `takeout`,
//! `store`. Tests: the matcher's own; `tests/it`.

use std::collections::HashMap;

use crate::job::Outcome;
use crate::job::faults::end_of_store;
use crate::job::tools::Tools;
use crate::store::{EntryKey, EntryOutcome, EntryRole, FolderEntry, PairedEntry};
use crate::takeout::matcher::{FolderMatch, Named, NamedJson, Role, match_folder};

/// Folders asked for at once.
const FOLDERS_AT_ONCE: u32 = 64;

/// What pairing found in a folder, for the index.
type Pairing = (Vec<PairedEntry>, Vec<(EntryKey, String)>);

/// Pairs every folder that has entries which pairing has not seen.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn pair_folders(tools: &Tools, export: i64) -> Result<(), Outcome> {
    tools.count(|counts| counts.phase = "pairing");
    // Ends: every round pairs folders for good, and an export has an end.
    loop {
        let folders = tools.store.unpaired_folders(export, FOLDERS_AT_ONCE).await;
        let folders = folders.map_err(|error| end_of_store(&error))?;
        if folders.is_empty() {
            return Ok(());
        }
        for folder in folders {
            if tools.stop.is_begun() {
                return Err(Outcome::Interrupted);
            }
            let entries = tools.store.folder_entries(export, folder.clone()).await;
            let (files, left) = pair(&entries.map_err(|error| end_of_store(&error))?);
            let recorded = tools.store.record_pairing(export, folder, files, left).await;
            recorded.map_err(|error| end_of_store(&error))?;
        }
    }
}

/// What the matcher says of a folder, in the index's words.
fn pair(entries: &[FolderEntry]) -> Pairing {
    let is_json = |entry: &FolderEntry| matches!(entry.outcome, EntryOutcome::Sidecar | EntryOutcome::Json);
    let keys: HashMap<u64, EntryKey> = (0..).zip(entries.iter().map(|entry| entry.key)).collect();
    let numbered = || (0_u64..).zip(entries);
    let media: Vec<Named<'_>> = numbered()
        .filter(|(_, entry)| !is_json(entry))
        .map(|(key, entry)| Named { key, name: &entry.name })
        .collect();
    let json: Vec<NamedJson<'_>> = numbered()
        .filter(|(_, entry)| is_json(entry))
        .map(|(key, entry)| NamedJson { key, name: &entry.name, title: entry.title.as_deref() })
        .collect();
    translate(match_folder(&media, &json), &keys)
}

fn translate(matched: FolderMatch, keys: &HashMap<u64, EntryKey>) -> Pairing {
    let key = |number: u64| keys.get(&number).copied();
    let files = matched.media.into_iter().filter_map(|file| {
        Some(PairedEntry {
            key: key(file.key)?,
            json: file.json.and_then(|(json, _)| key(json)),
            main: file.main.and_then(key),
            role: match file.role {
                Role::Main => EntryRole::Main,
                Role::Edited => EntryRole::Edited,
                Role::Motion => EntryRole::Motion,
            },
        })
    });
    let left = matched.orphans.into_iter().chain(matched.ambiguous);
    let left = left.filter_map(|(number, why)| Some((key(number)?, why.to_string())));
    (files.collect(), left.collect())
}
