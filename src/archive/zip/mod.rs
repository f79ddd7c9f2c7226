//! Zip parts: the walk by the directory, and by the headers before each entry where the directory is missing or broken.
//!
//! Owns: [`ZipPart`]. Invariant: the directory is the truth about an entry, as it is for everybody else who reads zips; it is
//! streamed, never held whole; data is read through one window from front to back. May import: the rest of `archive`.
//! Tests: in `archive/tests/zip*.rs`.

mod entry;
mod feed;
mod headers;

use flate2::Decompress;
use rawzip::{ErrorKind, ZipArchive, ZipLocator};
use sha2::{Digest, Sha256};
use std::io;
use std::sync::Arc;

use crate::archive::body::{Feed, Nothing, Refused};
use crate::archive::fault::EntryFault;
use crate::archive::guard::{Claims, Guard, declares_bomb};
use crate::archive::part::ends_digest;
use crate::archive::source::{Tailed, Window};
use crate::archive::zip::entry::{Found, LOCAL_MARK};
use crate::archive::zip::feed::{Length, ZipFeed};
use crate::archive::{ArchiveError, Body, Ending, EntryKind, Flow, Proof, Run, Wholeness};

/// How much of the directory is in memory at once, in bytes; above rawzip's largest record (196,651).
const DIRECTORY_PIECE: usize = 256 * 1024;
/// The length of an end record without comment (APPNOTE 4.3.16).
const END_BYTES: u64 = 22;
/// How many false end records are passed over in search of the true one.
const FALSE_ENDS_MAX: usize = 16;

/// A zip.
pub(crate) struct ZipPart {
    source: Arc<Tailed>,
    directory: Option<ZipArchive<Arc<Tailed>>>,
    /// Why there is no directory.
    missing: Wholeness,
    survey: Option<Survey>,
}

/// What one pass over the directory tells.
pub(crate) struct Survey {
    pub(crate) wholeness: Wholeness,
    entries: u64,
}

impl Survey {
    /// How many entries there are, if the directory tells.
    pub(crate) fn count(&self) -> Option<u64> {
        (self.wholeness == Wholeness::Whole).then_some(self.entries)
    }
}

impl ZipPart {
    /// Looks for the directory. It may be missing: then the entries are found by their own headers.
    pub(crate) fn locate(mut source: Tailed) -> io::Result<Self> {
        let mut buffer = vec![0; 64 * 1024];
        let mut end = source.bytes();
        let mut missing = Wholeness::Unfinished(
            "it ends before its directory, the list of entries at the end of a zip".into(),
        );
        for _ in 0..FALSE_ENDS_MAX {
            let (at, why) = match ZipLocator::new().locate_in_reader(&source, &mut buffer, end) {
                Ok(found) => match judge(&source, &found)? {
                    Standing::Ours => {
                        let from = found.directory_offset();
                        source.remember(from)?;
                        return Self::at(source, &mut buffer, end);
                    }
                    Standing::Within => (found.eocd_offset(), None),
                    Standing::Nowhere => (found.eocd_offset(), Some("it points to no directory".to_owned())),
                },
                Err((_, error)) => {
                    let (at, words) = (error.eocd_offset(), error.to_string());
                    match (error.into_kind(), at) {
                        (ErrorKind::IO(error), _) if error.kind() != io::ErrorKind::UnexpectedEof => {
                            return Err(error);
                        }
                        (_, Some(at)) if at < end => (at, Some(words)),
                        _ => break,
                    }
                }
            };
            // Elsewhere than at the very end it may be anything: part of a photo, or of what follows the archive.
            if let (Some(why), true) = (why, at + END_BYTES == source.bytes()) {
                missing = Wholeness::Damaged(format!("its end record is of no use: {why}"));
            }
            end = at;
        }
        Ok(Self { source: Arc::new(source), directory: None, missing, survey: None })
    }

    fn at(source: Tailed, buffer: &mut [u8], end: u64) -> io::Result<Self> {
        let source = Arc::new(source);
        match ZipLocator::new().locate_in_reader(Arc::clone(&source), buffer, end) {
            Ok(found) => {
                Ok(Self { source, directory: Some(found), missing: Wholeness::Unknown, survey: None })
            }
            Err((_, error)) => Err(io::Error::other(error)),
        }
    }

    pub(crate) fn has_directory(&self) -> bool {
        self.directory.is_some()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.source.bytes()
    }

    /// One pass over the directory; made once.
    pub(crate) fn survey(&mut self) -> io::Result<&Survey> {
        let survey = match (self.survey.take(), &self.directory) {
            (Some(survey), _) => survey,
            (None, None) => Survey { wholeness: self.missing.clone(), entries: 0 },
            (None, Some(directory)) => {
                let mut buffer = vec![0; DIRECTORY_PIECE.max(self.source.piece())];
                let mut records = directory.entries(&mut buffer);
                let mut entries = 0;
                let broken = loop {
                    match records.next_entry() {
                        Ok(Some(_)) => entries += 1,
                        Ok(None) => break None,
                        Err(error) => break Some(sort(error)?),
                    }
                };
                Survey { wholeness: wholeness_of(broken, entries, directory.entries_hint()), entries }
            }
        };
        Ok(self.survey.insert(survey))
    }

    pub(crate) fn fingerprint(&self) -> io::Result<[u8; 32]> {
        let Some(directory) = &self.directory else {
            return ends_digest(b"zip without directory", &self.source);
        };
        let mut digest = Sha256::new();
        digest.update(b"zip");
        digest.update(self.bytes().to_le_bytes());
        let mut at = directory.directory_offset();
        let mut buffer = vec![0; DIRECTORY_PIECE.max(self.source.piece())];
        while at < self.bytes() {
            let count = self.source.read_at(&mut buffer, at)?;
            if count == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "it became shorter while it was read",
                ));
            }
            digest.update(&buffer[..count]);
            at += count as u64;
        }
        Ok(digest.finalize().into())
    }

    pub(crate) fn read_entries<E: From<ArchiveError>>(&mut self, mut run: Run<'_, E>) -> Result<Ending, E> {
        let mut lane = Lane::new(&self.source);
        let Some(directory) = &self.directory else {
            let wholeness = headers::walk(&mut lane, &mut run, None, self.missing.clone())?;
            return Ok(run.end(wholeness, Proof::EachEntry));
        };
        lane.window = Window::new(directory.directory_offset());
        let mut buffer = vec![0; DIRECTORY_PIECE.max(self.source.piece())];
        let mut records = directory.entries(&mut buffer);
        let mut last = None;
        let mut count = 0;
        let broken = loop {
            match records.next_entry() {
                Ok(Some(record)) => {
                    let found = Found::of_record(&record);
                    last = last.max(Some(found.offset));
                    count += 1;
                    if lane.visit(&found, &mut run)? == Flow::Stop {
                        return Ok(run.end(Wholeness::Unknown, Proof::EachEntry));
                    }
                }
                Ok(None) => break None,
                Err(error) => break Some(sort(error).map_err(|error| run.failed(error))?),
            }
        };
        let wholeness = wholeness_of(broken, count, directory.entries_hint());
        let wholeness = match wholeness {
            Wholeness::Damaged(_) => headers::walk(&mut lane, &mut run, last, wholeness)?,
            Wholeness::Whole | Wholeness::Unfinished(_) | Wholeness::Unknown => wholeness,
        };
        if directory.end_offset() < self.source.bytes() {
            run.note(format!(
                "{} bytes follow the end of the archive",
                self.source.bytes() - directory.end_offset()
            ));
        }
        Ok(run.end(wholeness, Proof::EachEntry))
    }
}

/// What an end record belongs to.
enum Standing {
    /// The part.
    Ours,
    /// A zip that lies within the part: an entry of it, or something behind its end.
    Within,
    /// Nothing.
    Nowhere,
}

/// Looks whether a directory stands where an end record says, and whether the place is counted from the beginning of the part.
/// Before a zip may stand other data, but no entry.
fn judge(source: &Tailed, found: &ZipArchive<&Tailed>) -> io::Result<Standing> {
    let mut mark = [0; 4];
    let count = source.read_at(&mut mark, found.directory_offset())?;
    if found.entries_hint() > 0 && &mark[..count] != b"PK\x01\x02" {
        return Ok(Standing::Nowhere);
    }
    let count = source.read_at(&mut mark, 0)?;
    let begins_with_entry = &mark[..count] == LOCAL_MARK;
    source.read_at(&mut mark, found.eocd_offset() + 16)?;
    let told = u32::from_le_bytes(mark);
    let is_shifted = told != u32::MAX && u64::from(told) != found.directory_offset();
    Ok(if begins_with_entry && (is_shifted || found.entries_hint() == 0) {
        Standing::Within
    } else {
        Standing::Ours
    })
}

/// A failure of the source as such, damage as words.
fn sort(error: rawzip::Error) -> io::Result<String> {
    let words = error.to_string();
    if let ErrorKind::IO(error) = error.into_kind() { Err(error) } else { Ok(words) }
}

/// Compares the directory with its end record, whose count has 16 bits unless it is a zip64 one; some writers let it wrap.
fn wholeness_of(broken: Option<String>, entries: u64, declared: u64) -> Wholeness {
    match broken {
        Some(words) => {
            Wholeness::Damaged(format!("its directory breaks off after {entries} entries: {words}"))
        }
        None if entries == declared || entries & 0xffff == declared => Wholeness::Whole,
        None => Wholeness::Damaged(format!(
            "its directory lists {entries} entries, its end record says {declared}"
        )),
    }
}

/// What reading the data of a zip needs, one entry after the other.
pub(crate) struct Lane<'a> {
    source: &'a Tailed,
    window: Window,
    inflate: Decompress,
    claims: Claims,
    guard: Guard,
}

impl<'a> Lane<'a> {
    fn new(source: &'a Tailed) -> Self {
        Self {
            source,
            window: Window::new(source.bytes()),
            inflate: Decompress::new(false),
            claims: Claims::new(source.bytes()),
            guard: Guard::default(),
        }
    }

    /// Gives an entry of known length to the visitor.
    fn visit<E: From<ArchiveError>>(&mut self, found: &Found, run: &mut Run<'_, E>) -> Result<Flow, E> {
        let (ordinal, is_wanted) = run.next_ordinal();
        let packed = found.packed.unwrap_or(0);
        let is_free =
            self.claims.claim(found.offset, found.offset.saturating_add(found.header).saturating_add(packed));
        if !is_wanted {
            return Ok(Flow::GoOn);
        }
        let entry = found.entry(ordinal);
        let fault = found
            .fault()
            .or_else(|| (!is_free).then(|| EntryFault::Broken("it shares bytes with another entry".into())));
        let mut refused;
        let mut nothing = Nothing;
        let mut zip;
        let (feed, bytes, crc): (&mut dyn Feed, _, _) = match (entry.kind, fault) {
            (EntryKind::File, Some(fault)) => {
                refused = Refused(fault);
                (&mut refused, None, None)
            }
            (EntryKind::File, None) => {
                zip = self.feed(found, Length::Known(packed));
                (&mut zip, found.bytes, found.crc)
            }
            (EntryKind::Folder | EntryKind::Other(_), _) => (&mut nothing, None, None),
        };
        let mut body = Body::new(feed, bytes, crc);
        let flow = run.give(&entry, &mut body)?;
        run.settle(&entry, body)?;
        Ok(flow)
    }

    fn feed(&mut self, found: &Found, length: Length) -> ZipFeed<'_> {
        self.inflate.reset(false);
        self.guard.begin();
        ZipFeed::new(self.source, &mut self.window, &mut self.inflate, &mut self.guard, found, length)
    }
}

impl Found {
    /// What is known to be wrong before a byte is read.
    fn fault(&self) -> Option<EntryFault> {
        if self.is_encrypted {
            return Some(EntryFault::Encrypted);
        }
        let (bytes, packed) = self.bytes.zip(self.packed)?;
        match self.method {
            0 if bytes != packed => {
                Some(EntryFault::Broken(format!("it is stored, but of {bytes} and of {packed} bytes")))
            }
            8 if declares_bomb(bytes, packed) => Some(EntryFault::Bomb),
            0 | 8 => None,
            other => Some(EntryFault::Method(other)),
        }
    }
}
