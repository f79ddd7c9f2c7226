//! The tests of `archive`. Every archive is written by the tests themselves, from the rules of its format.

mod cuts;
mod folder;
mod hostile;
mod names;
mod props;
mod reads;
mod tgz;
mod writer;
mod zip;

use std::io::Read;

use crate::archive::{ArchiveError, Body, Ending, Entry, EntryFault, EntryKind, Flow, Part};

/// What came of one entry.
#[derive(Debug, Clone, PartialEq)]
struct Got {
    ordinal: u64,
    name: String,
    kind: EntryKind,
    bytes: Option<u64>,
    content: Result<Vec<u8>, EntryFault>,
}

/// A part in memory.
fn part_of(bytes: &[u8]) -> Part {
    try_part_of(bytes).unwrap()
}

fn try_part_of(bytes: &[u8]) -> Result<Part, ArchiveError> {
    Part::over(Box::new(bytes.to_vec()), bytes.len() as u64, "test")
}

/// Everything that can be read.
fn read_all(part: &mut Part, after: Option<u64>) -> (Vec<Got>, Ending) {
    let mut got = Vec::new();
    let ending = part
        .read_entries::<ArchiveError>(after, &mut |entry: &Entry, body: &mut Body<'_>| {
            let mut content = Vec::new();
            let content = match body.read_to_end(&mut content) {
                Ok(_) => Ok(content),
                Err(error) => Err(EntryFault::of(&error).expect("a fault of the entry").clone()),
            };
            got.push(Got {
                ordinal: entry.ordinal,
                name: entry.name.text().to_owned(),
                kind: entry.kind,
                bytes: entry.bytes,
                content,
            });
            Ok(Flow::GoOn)
        })
        .unwrap();
    (got, ending)
}

fn read(bytes: &[u8]) -> (Vec<Got>, Ending) {
    read_all(&mut part_of(bytes), None)
}

/// The names and contents of what was read without a fault.
fn sound(got: &[Got]) -> Vec<(String, Vec<u8>)> {
    got.iter().filter_map(|one| Some((one.name.clone(), one.content.clone().ok()?))).collect()
}
