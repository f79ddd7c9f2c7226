//! Reading the parts of an export: zip, tgz, and folders that somebody unpacked.
//!
//! Owns: the formats, the walk over the entries of a part, and every check that a hostile or damaged archive must fail.
//! Invariant: each entry that an archive names is given exactly once, in a stable order; a byte that an archive's own checksum
//! refutes is never given as right; memory grows neither with the number of entries nor with their lengths. Nothing is written and no
//! link is followed. May import: nothing of the crate. Tests: in `archive/tests`, with archives that they write themselves.

mod body;
mod fault;
mod folder;
mod guard;
mod name;
mod part;
mod source;
mod tar;
mod tgz;
mod zip;

#[cfg(test)]
mod tests;

pub use body::Body;
pub use fault::{ArchiveError, EntryFault};
pub use name::EntryName;
pub use part::Part;
pub use source::Source;

use crate::archive::fault::Trouble;

/// How many sentences about faults an [`Ending`] keeps; the rest is only counted.
const FAULTS_MAX: usize = 100;

/// What a part is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A zip archive, zip64 or not (APPNOTE 6.3.10).
    Zip,
    /// A tar archive within gzip (POSIX ustar and pax, GNU; RFC 1952).
    Tgz,
    /// A folder.
    Folder,
}

/// One entry of a part.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place in the part, from 0; the same at each reading of the same bytes.
    pub ordinal: u64,
    /// Its name.
    pub name: EntryName,
    /// What it is.
    pub kind: EntryKind,
    /// Its declared length in bytes, unpacked. None if the archive says it only behind the bytes.
    pub bytes: Option<u64>,
    /// When it was changed last, in seconds since 1970. A zip without time zone is taken as UTC.
    pub mtime: Option<i64>,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// Something that is never followed or made, e.g. `symbolic link`. It has no bytes.
    Other(&'static str),
}

/// What the visitor of entries wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The next entry.
    GoOn,
    /// No more entries.
    Stop,
}

/// Whether all of a part is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wholeness {
    /// It is complete.
    Whole,
    /// Its end is missing, and nothing else is known to be wrong: it is still growing, or its transfer was cut. With the reason.
    Unfinished(String),
    /// It contradicts itself. With the reason; waiting does not help.
    Damaged(String),
    /// Only reading all of it tells: a tgz before it was read, and any part whose visitor stopped.
    Unknown,
}

/// What the bytes that were given without a fault were checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Each entry against a checksum of its own (zip).
    EachEntry,
    /// All entries together, against the checksum at the end of the part (tgz that was read to its end).
    WholePart,
    /// Nothing: a folder has no checksums, and those of a tgz stand at an end that was not reached or do not match.
    None,
}

/// How the reading of a part ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Entries from the beginning of the part on, those that `after` skipped among them.
    pub entries: u64,
    /// Whether that was all of the part.
    pub wholeness: Wholeness,
    /// What vouches for the bytes.
    pub proof: Proof,
    /// Sentences about what is wrong: faults of entries that were read, oddities of the part. At most 100.
    pub faults: Vec<String>,
    /// How many such sentences there were.
    pub faults_count: u64,
}

impl Ending {
    /// Whether every entry of the part was given.
    pub fn is_whole(&self) -> bool {
        self.wholeness == Wholeness::Whole
    }
}

/// What a caller does with each entry.
pub(crate) type Visitor<'v, E> = dyn FnMut(&Entry, &mut Body<'_>) -> Result<Flow, E> + 'v;

/// A walk over the entries of one part: what was dealt with before, the visitor, and what is to be told at the end.
pub(crate) struct Run<'v, E> {
    after: Option<u64>,
    each: &'v mut Visitor<'v, E>,
    label: &'v str,
    entries: u64,
    faults: Vec<String>,
    faults_count: u64,
}

impl<'v, E: From<ArchiveError>> Run<'v, E> {
    pub(crate) fn new(label: &'v str, after: Option<u64>, each: &'v mut Visitor<'v, E>) -> Self {
        Self { after, each, label, entries: 0, faults: Vec::new(), faults_count: 0 }
    }

    /// Takes the next ordinal, and says whether its entry is to be given.
    pub(crate) fn next_ordinal(&mut self) -> (u64, bool) {
        let ordinal = self.entries;
        self.entries += 1;
        (ordinal, self.after.is_none_or(|after| ordinal > after))
    }

    /// Gives an entry to the visitor. A fault of its body is noted; a fault of the source ends the walk.
    pub(crate) fn give(&mut self, entry: &Entry, body: &mut Body<'_>) -> Result<Flow, E> {
        (self.each)(entry, body)
    }

    /// Notes what became of a body.
    pub(crate) fn settle(&mut self, entry: &Entry, body: Body<'_>) -> Result<(), E> {
        match body.into_trouble() {
            None => Ok(()),
            Some(Trouble::Fault(fault)) => {
                self.note(format!("entry {} `{}`: {fault}", entry.ordinal, entry.name));
                Ok(())
            }
            Some(Trouble::Source(source)) => Err(self.failed(source)),
        }
    }

    /// Notes a sentence for the end.
    pub(crate) fn note(&mut self, sentence: String) {
        self.faults_count += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(sentence);
        }
    }

    /// The error for a source that failed.
    pub(crate) fn failed(&self, source: std::io::Error) -> E {
        ArchiveError::Read { label: self.label.to_owned(), source }.into()
    }

    pub(crate) fn end(self, wholeness: Wholeness, proof: Proof) -> Ending {
        Ending {
            entries: self.entries,
            wholeness,
            proof,
            faults: self.faults,
            faults_count: self.faults_count,
        }
    }
}
