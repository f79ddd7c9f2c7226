//! What belongs together in an export: sidecars, edited copies and clips to their files.
//!
//! Invariant: folder by folder, all parts of the set together; what is ambiguous stays apart and is said; memory does not grow with a
//! folder, which is gone through in slices of whole families of names. May import: `takeout`, `store`. Tests: below; the matcher's
//! own; `tests/it`.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::job::Outcome;
use crate::job::faults::end_of_store;
use crate::job::tools::Tools;
use crate::store::{EntryKey, EntryOutcome, EntryRole, FolderEntry, PairedEntry};
use crate::takeout::matcher::{FolderMatch, Named, NamedJson, Role, family_of, match_folder};

/// Folders asked for at once.
const FOLDERS_AT_ONCE: u32 = 64;
/// Entries of a folder asked for at once.
const ENTRIES_AT_ONCE: u32 = 1024;
/// Entries in one slice, about: the matcher needs up to 1.5 KB for each.
const SLICE_ENTRIES: u64 = 8192;
/// The most in one slice: beyond this the names are so alike that nobody could tell them apart.
const SLICE_ENTRIES_MAX: usize = 32_768;

/// What pairing found in a folder, for the index.
#[derive(Debug, Default)]
struct Pairing {
    /// Of each file what belongs to it.
    files: Vec<PairedEntry>,
    /// JSON files without a file, and why.
    left: Vec<(EntryKey, String)>,
    /// JSON files that repeat somebody's sidecar.
    repeated: Vec<EntryKey>,
}

/// A file and those that repeat it: the same name and bytes, once more.
type Alike = HashMap<EntryKey, Vec<EntryKey>>;

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
            let entries = tools.store.folder_size(export, folder.clone()).await;
            let slices = entries.map_err(|error| end_of_store(&error))?.div_ceil(SLICE_ENTRIES).max(1);
            for slice in 0..slices {
                if tools.stop.is_begun() {
                    return Err(Outcome::Interrupted);
                }
                let entries = entries_of(tools, export, &folder, (slice, slices)).await?;
                record(tools, pair(entries)).await?;
            }
            let paired = tools.store.mark_paired(export, folder).await;
            paired.map_err(|error| end_of_store(&error))?;
        }
    }
}

/// The entries of a folder that are in this slice of so many.
async fn entries_of(
    tools: &Tools,
    export: i64,
    folder: &str,
    (slice, slices): (u64, u64),
) -> Result<Vec<FolderEntry>, Outcome> {
    let (mut entries, mut after) = (Vec::new(), None);
    // Ends: `after` grows with each step, and a folder has an end.
    loop {
        let page = tools.store.folder_entries(export, folder.to_owned(), after, ENTRIES_AT_ONCE).await;
        let page = page.map_err(|error| end_of_store(&error))?;
        let Some(last) = page.last() else { return Ok(entries) };
        after = Some(last.key);
        entries.extend(page.into_iter().filter(|entry| slice_of(&entry.name, slices) == slice));
        if entries.len() > SLICE_ENTRIES_MAX {
            tracing::warn!(library = %tools.library.name, "a folder of an export has too many names that are alike to be paired");
            return Ok(Vec::new());
        }
    }
}

/// In which slice a name is: those of its family are in the same.
fn slice_of(name: &str, slices: u64) -> u64 {
    if slices == 1 {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    family_of(name).hash(&mut hasher);
    hasher.finish() % slices
}

async fn record(tools: &Tools, pairing: Pairing) -> Result<(), Outcome> {
    let Pairing { files, left, repeated } = pairing;
    let settled = tools.store.settle_entries(repeated, EntryOutcome::Sidecar, None).await;
    settled.map_err(|error| end_of_store(&error))?;
    tools.store.record_pairing(files, left).await.map_err(|error| end_of_store(&error))
}

/// What the matcher says of a folder, in the index's words. What is there twice is shown to it once, because two files of a name are
/// two items to it.
fn pair(entries: Vec<FolderEntry>) -> Pairing {
    let is_json = |entry: &FolderEntry| matches!(entry.outcome, EntryOutcome::Sidecar | EntryOutcome::Json);
    let (entries, alike) = without_repeated(entries);
    let keys: HashMap<u64, EntryKey> = (0..).zip(entries.iter().map(|entry| entry.key)).collect();
    let numbered = || (0_u64..).zip(&entries);
    let media: Vec<Named<'_>> = numbered()
        .filter(|(_, entry)| !is_json(entry))
        .map(|(key, entry)| Named { key, name: &entry.name })
        .collect();
    let json: Vec<NamedJson<'_>> = numbered()
        .filter(|(_, entry)| is_json(entry))
        .map(|(key, entry)| NamedJson { key, name: &entry.name, title: entry.title.as_deref() })
        .collect();
    let pairing = translate(match_folder(&media, &json), &keys);
    if alike.is_empty() { pairing } else { repeat(pairing, &alike) }
}

/// Each different entry once, and those that repeat it.
fn without_repeated(entries: Vec<FolderEntry>) -> (Vec<FolderEntry>, Alike) {
    let (mut first, mut alike) = (HashMap::<(String, [u8; 32]), EntryKey>::new(), Alike::new());
    let is_first = |entry: &FolderEntry| {
        let Some(sha256) = entry.sha256 else { return true };
        let known = *first.entry((entry.name.clone(), sha256)).or_insert(entry.key);
        if known != entry.key {
            alike.entry(known).or_default().push(entry.key);
        }
        known == entry.key
    };
    (entries.into_iter().filter(is_first).collect(), alike)
}

/// What is true of an entry is true of those that repeat it.
fn repeat(mut pairing: Pairing, alike: &Alike) -> Pairing {
    let of = |key: &EntryKey| alike.get(key).into_iter().flatten().copied();
    let again = |file: &PairedEntry| -> Vec<PairedEntry> {
        of(&file.key).map(|key| PairedEntry { key, ..file.clone() }).collect()
    };
    let files: Vec<PairedEntry> = pairing.files.iter().flat_map(again).collect();
    let left: Vec<(EntryKey, String)> =
        pairing.left.iter().flat_map(|(json, why)| of(json).map(|key| (key, why.clone()))).collect();
    pairing.repeated = pairing.files.iter().filter_map(|file| file.json).flat_map(|json| of(&json)).collect();
    pairing.files.extend(files);
    pairing.left.extend(left);
    pairing
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
    Pairing { files: files.collect(), left: left.collect(), repeated: Vec::new() }
}

#[cfg(test)]
mod tests {
    use crate::job::import::pair::{pair, slice_of};
    use crate::store::{EntryOutcome, FolderEntry};

    fn entry(ordinal: u64, name: &str, outcome: EntryOutcome, byte: u8) -> FolderEntry {
        let name = name.to_owned();
        FolderEntry { key: (1, ordinal), name, outcome, title: None, sha256: Some([byte; 32]) }
    }

    #[test]
    fn what_is_there_twice_is_paired_twice_and_what_only_has_its_name_stays_apart() {
        let pairing = pair(vec![
            entry(0, "a.jpg", EntryOutcome::Staged, 1),
            entry(1, "a.jpg", EntryOutcome::Had, 1),
            entry(2, "a.jpg.json", EntryOutcome::Json, 2),
            entry(3, "a.jpg.json", EntryOutcome::Json, 2),
            entry(4, "b.jpg", EntryOutcome::Staged, 3),
            entry(5, "b.jpg", EntryOutcome::Staged, 4),
            entry(6, "b.jpg.json", EntryOutcome::Json, 5),
        ]);
        let json = |ordinal| pairing.files.iter().find(|file| file.key == (1, ordinal)).unwrap().json;
        assert_eq!((json(0), json(1)), (Some((1, 2)), Some((1, 2))));
        assert_eq!((json(4), json(5)), (None, None));
        assert_eq!(pairing.repeated, [(1, 3)]);
        assert_eq!(pairing.left.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [(1, 6)]);
    }

    #[test]
    fn a_file_and_its_sidecar_are_in_one_slice() {
        let slices: Vec<u64> = (0..100)
            .map(|n| {
                let slice = slice_of(&format!("IMG_{n}.jpg"), 7);
                assert_eq!(slice_of(&format!("IMG_{n}.jpg.supplemental-metadata.json"), 7), slice);
                slice
            })
            .collect();
        assert!((0..7).all(|slice| slices.contains(&slice)), "{slices:?}");
    }
}
