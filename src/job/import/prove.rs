//! Every file of an export hashed again, from the disk.
//!
//! Invariant: blocks on its own threads; a file is read once; bounded memory: a bit for each file of the library. May import: `store`, `fs`. Tests: `tests/it`.

use crate::fs::Root;
use crate::job::Outcome;
use crate::job::digest::digest_of;
use crate::job::faults::end_of_store;
use crate::job::tools::{Tools, blocking};
use crate::shutdown::Stop;
use crate::store::{EntryOutcome, HeldEntry};

/// Files hashed in one step.
const FILES_AT_ONCE: u32 = 256;
/// Threads that hash at once.
const THREADS: usize = 2;
/// Faults that are named; the others are counted.
const FAULTS_NAMED: usize = 20;

/// What hashing again found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proof {
    /// Files hashed.
    pub(crate) files: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Files that are not as they came.
    pub(crate) wrong: u64,
    /// The first of them, and what is wrong.
    pub(crate) faults: Vec<String>,
}

/// Hashes every file that a set brought or has again.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn prove(tools: &Tools, export: i64) -> Result<Proof, Outcome> {
    tools.count(|counts| counts.phase = "verifying");
    let (mut proof, mut seen) = (Proof::default(), Bits::default());
    for part in tools.store.parts(export).await.map_err(|error| end_of_store(&error))? {
        let mut after = None;
        // Ends: `after` grows with each step, and a part has an end.
        loop {
            if tools.stop.is_begun() {
                return Err(Outcome::Interrupted);
            }
            let held = tools.store.held_entries(part.n, after, FILES_AT_ONCE).await;
            let mut held = held.map_err(|error| end_of_store(&error))?;
            let Some(last) = held.last() else { break };
            after = Some(last.key.1);
            held.retain(|entry| entry.outcome != EntryOutcome::Staged);
            held.retain(|entry| entry.file.is_none_or(|file| seen.insert(file)));
            let (root, stop) = (tools.root.clone(), tools.stop.clone());
            let checked = blocking(move || check_all(&root, &held, &stop)).await?;
            if tools.stop.is_begun() {
                return Err(Outcome::Interrupted);
            }
            for (entry, fault) in checked {
                proof.files += 1;
                proof.bytes += entry.bytes;
                let Some(fault) = fault else { continue };
                proof.wrong += 1;
                if proof.faults.len() < FAULTS_NAMED {
                    proof.faults.push(fault);
                }
            }
        }
    }
    Ok(proof)
}

/// A set of numbers that are not much greater than they are many.
#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    /// Adds a number; whether it is new.
    fn insert(&mut self, number: u64) -> bool {
        let (word, bit) = (usize::try_from(number / 64).unwrap_or(usize::MAX), 1 << (number % 64));
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }
}

/// Each entry with what is wrong with its file; ends early, and then in vain, if the run is to stop.
fn check_all<'e>(root: &Root, entries: &'e [HeldEntry], stop: &Stop) -> Vec<(HeldEntry, Option<String>)> {
    let share = entries.len().div_ceil(THREADS).max(1);
    let check = |some: &'e [HeldEntry]| {
        some.iter().map(|entry| (entry.clone(), check_one(root, entry, stop))).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = entries.chunks(share).map(|some| scope.spawn(move || check(some))).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}

fn check_one(root: &Root, entry: &HeldEntry, stop: &Stop) -> Option<String> {
    let Some(path) = &entry.path else { return Some(format!("`{}`: the index lost its file", entry.name)) };
    let mut file = match root.open_file(path) {
        Ok(Some(file)) => file,
        Ok(None) => return Some(format!("`{path}` is gone")),
        Err(error) => return Some(format!("`{path}`: {error}")),
    };
    match digest_of(&mut file, |_| !stop.is_begun()) {
        Ok(digest) => digest
            .filter(|digest| digest.sha256 != entry.sha256)
            .map(|_| format!("`{path}` is not what came")),
        Err(error) => Some(format!("`{path}`: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use crate::job::import::prove::Bits;

    #[test]
    fn a_number_is_new_once() {
        let mut bits = Bits::default();
        let numbers = [0, 63, 64, 1_000_000, 65, 1];
        assert!(numbers.iter().all(|number| bits.insert(*number)));
        assert!(!numbers.iter().any(|number| bits.insert(*number)));
        assert!(bits.insert(2));
    }
}
