//! The gzip layer of a tgz, and the walk over the tar in it.
//!
//! Owns: [`TgzPart`] and the stream of unpacked bytes over all members of a gzip file. Invariant: after a fault nothing more is
//! given; the stream is read to its end, because the checksum of everything stands there. May import: the rest of `archive`.
//! Tests: in `archive/tests/tgz.rs`.

use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, Read};
use std::sync::Arc;

use crate::archive::body::{Feed, Nothing, Refused};
use crate::archive::fault::{EntryFault, Trouble, copy_of};
use crate::archive::guard::{Guard, declares_bomb};
use crate::archive::part::ends_digest;
use crate::archive::source::{Tailed, Window};
use crate::archive::tar::{Member, TarFeed, TarWalk};
use crate::archive::{ArchiveError, Body, Ending, Entry, EntryKind, Flow, Proof, Run, Wholeness};

/// How every member begins (RFC 1952, 2.3.1).
const MEMBER_MARK: &[u8] = b"\x1f\x8b\x08";

/// A tgz.
pub(crate) struct TgzPart {
    source: Arc<Tailed>,
}

impl TgzPart {
    pub(crate) fn new(source: Arc<Tailed>) -> Self {
        Self { source }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.source.bytes()
    }

    pub(crate) fn fingerprint(&self) -> io::Result<[u8; 32]> {
        ends_digest(b"tgz", &self.source)
    }

    pub(crate) fn read_entries<E: From<ArchiveError>>(&mut self, mut run: Run<'_, E>) -> Result<Ending, E> {
        let mut tar = TarWalk::new(Gunzip::new(&self.source));
        loop {
            let outcome = match tar.next() {
                Ok(None) => break,
                Ok(Some(member)) => visit(&mut tar, &member, self.source.bytes(), &mut run)?,
                Err(trouble) => Err(trouble),
            };
            match outcome {
                Ok(Flow::GoOn) => {}
                Ok(Flow::Stop) => return Ok(run.end(Wholeness::Unknown, Proof::None)),
                Err(Trouble::Source(error)) => return Err(run.failed(error)),
                Err(Trouble::Fault(fault)) => {
                    let wholeness = wholeness_of(&fault, run.entries);
                    return Ok(run.end(wholeness, Proof::None));
                }
            }
        }
        for oddity in tar.oddities() {
            run.note(oddity);
        }
        Ok(run.end(Wholeness::Whole, Proof::WholePart))
    }
}

fn wholeness_of(fault: &EntryFault, entries: u64) -> Wholeness {
    if *fault == EntryFault::Short {
        return Wholeness::Unfinished(format!("it breaks off after {entries} entries begun"));
    }
    Wholeness::Damaged(format!("what follows the first {entries} entries cannot be read: {fault}"))
}

/// Gives one member to the visitor and passes what is left of it. The outer error is the visitor's, the inner one ends the part.
fn visit<E: From<ArchiveError>>(
    tar: &mut TarWalk<'_>,
    member: &Member,
    part_bytes: u64,
    run: &mut Run<'_, E>,
) -> Result<Result<Flow, Trouble>, E> {
    let (ordinal, is_wanted) = run.next_ordinal();
    let is_bomb = declares_bomb(member.bytes, part_bytes);
    let mut flow = Flow::GoOn;
    let mut is_told = false;
    let mut feed = tar.feed(member);
    if is_wanted {
        let bytes = if member.kind == EntryKind::File { member.bytes } else { 0 };
        let (name, mtime) = (member.name.clone(), member.mtime);
        let entry = Entry { ordinal, name, kind: member.kind, bytes: Some(bytes), mtime };
        let mut nothing = Nothing;
        let mut refused = Refused(EntryFault::Bomb);
        let (feed, bytes): (&mut dyn Feed, _) = match member.kind {
            EntryKind::File if is_bomb => (&mut refused, None),
            EntryKind::File => (&mut feed, Some(member.bytes)),
            EntryKind::Folder | EntryKind::Other(_) => (&mut nothing, None),
        };
        let mut body = Body::new(feed, bytes, None);
        flow = run.give(&entry, &mut body)?;
        let noted = run.faults_count;
        run.settle(&entry, body)?;
        is_told = run.faults_count > noted;
    }
    if flow == Flow::Stop {
        return Ok(Ok(flow));
    }
    let is_cut = feed.left() > 0 && is_wanted && !is_told;
    let passed = if is_bomb { Err(EntryFault::Bomb.into()) } else { feed.pass() };
    if let (Err(Trouble::Fault(fault)), true) = (&passed, is_cut) {
        run.note(format!("entry {ordinal} `{}`: {fault}", member.name));
    }
    Ok(passed.map(|()| flow))
}

impl Feed for TarFeed<'_, '_> {
    fn fill(&mut self, out: &mut [u8]) -> Result<usize, Trouble> {
        self.read(out)
    }
}

/// The packed bytes from front to back.
struct Packed<'a> {
    source: &'a Tailed,
    window: Window,
    at: u64,
    failed: Option<io::Error>,
}

impl Packed<'_> {
    fn peek(&mut self, need: usize) -> io::Result<&[u8]> {
        self.window.fetch(self.source, self.at, need, 0)
    }
}

impl Read for Packed<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let data = self.fill_buf()?;
        let count = data.len().min(buf.len());
        buf[..count].copy_from_slice(&data[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Packed<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.window.fetch(self.source, self.at, 1, 0) {
            Ok(data) => Ok(data),
            Err(error) => {
                self.failed = Some(copy_of(&error));
                Err(error)
            }
        }
    }

    fn consume(&mut self, count: usize) {
        self.at += count as u64;
    }
}

/// The unpacked bytes of all members of a gzip file.
pub(crate) struct Gunzip<'a> {
    /// None between members and after the last.
    member: Option<GzDecoder<Packed<'a>>>,
    guard: Guard,
    fault: Option<EntryFault>,
    /// Bytes behind the last member that are not zeros.
    trailing: u64,
}

impl<'a> Gunzip<'a> {
    fn new(source: &'a Tailed) -> Self {
        let packed = Packed { source, window: Window::new(source.bytes()), at: 0, failed: None };
        Self { member: Some(GzDecoder::new(packed)), guard: Guard::default(), fault: None, trailing: 0 }
    }

    /// Begins the next entry, for the limit on its ratio.
    pub(crate) fn begin(&mut self) {
        self.guard.begin();
    }

    pub(crate) fn trailing(&self) -> u64 {
        self.trailing
    }

    /// Fills the front of `out`; 0 after the last member.
    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<usize, Trouble> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone().into());
        }
        let outcome = self.unpack(out);
        if let Err(Trouble::Fault(fault)) = &outcome {
            self.fault = Some(fault.clone());
        }
        outcome
    }

    fn unpack(&mut self, out: &mut [u8]) -> Result<usize, Trouble> {
        while let Some(member) = &mut self.member {
            let before = member.get_ref().at;
            match member.read(out) {
                Ok(0) => {}
                Ok(count) => {
                    let spent = member.get_ref().at - before;
                    self.guard.add(count as u64, spent)?;
                    return Ok(count);
                }
                Err(error) => {
                    return Err(match member.get_mut().failed.take() {
                        Some(source) => Trouble::Source(source),
                        None if error.kind() == io::ErrorKind::UnexpectedEof => EntryFault::Short.into(),
                        None => EntryFault::Broken(format!("the compressed data is damaged: {error}")).into(),
                    });
                }
            }
            if let Some(ended) = self.member.take() {
                self.next_member(ended.into_inner())?;
            }
        }
        Ok(0)
    }

    fn next_member(&mut self, mut packed: Packed<'a>) -> Result<(), Trouble> {
        let rest = packed.peek(MEMBER_MARK.len())?;
        if rest.starts_with(MEMBER_MARK) {
            self.member = Some(GzDecoder::new(packed));
        } else if !rest.is_empty() && MEMBER_MARK.starts_with(rest) {
            return Err(EntryFault::Short.into());
        } else if rest.iter().any(|byte| *byte != 0) {
            self.trailing = packed.source.bytes() - packed.at;
        }
        Ok(())
    }
}
