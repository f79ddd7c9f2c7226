//! One entry of an archive: classed, and its bytes taken in.
//!
//! Invariant: blocks; a fault of the entry is its outcome, a fault of the disk ends the run; nothing but a file in `partial/` is written.
//! May import: `archive`, `takeout`, `embedded`, `fs`, `store` for plain types. Tests: `tests/it`.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use crate::archive::{Body, Entry, EntryFault, EntryKind};
use crate::embedded;
use crate::fs::{FsError, Root};
use crate::job::Outcome;
use crate::job::faults::{end_of_fs, fs_fault, text_of};
use crate::job::import::drive::end_of_read;
use crate::job::import::inside::write_inside;
use crate::job::import::packed::Packer;
use crate::job::tools::{Room, room_end};
use crate::shutdown::Stop;
use crate::source::DriveFault;
use crate::store::{EntryOutcome, NewEntry};
use crate::takeout::folder::Location;
use crate::takeout::sidecar::{Json, OtherJson, is_html};

/// Bytes taken in at once.
const PIECE_BYTES: usize = 256 * 1024;
/// A JSON file beyond this is taken for a file like any other, bytes: an item's has about one KiB, all comments of an account some MiB.
const JSON_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Room on disk is looked for again each time that this much has come of one file.
const ROOM_EVERY_BYTES: u64 = 64 * 1024 * 1024;

/// Where one entry is taken in.
pub(crate) struct Intake<'a> {
    pub(crate) root: &'a Root,
    pub(crate) room: &'a Room,
    pub(crate) stop: &'a Stop,
    /// Where its bytes will lie.
    pub(crate) path: String,
    pub(crate) file_mode: u32,
    /// Whether the file of these bytes is known to be gone.
    pub(crate) is_missing: bool,
}

/// An entry that was dealt with.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) entry: NewEntry,
    pub(crate) bytes_written: u64,
}

/// Why nothing more can be taken in.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The run must end.
    Run(Outcome),
    /// The archive cannot be read on: its disk's or network's doing, not its own.
    Source(String),
}

/// How the bytes of an entry end.
enum Fault {
    /// The archive's doing: the entry is refused.
    Entry(String),
    /// Nobody can go on.
    Halt(Halt),
}

impl Intake<'_> {
    /// Takes the entry in.
    ///
    /// # Errors
    /// Why nothing more can be taken in; what was written of the entry is gone then.
    pub(crate) fn take(
        &self,
        entry: &Entry,
        body: &mut Body<'_>,
        packer: &mut Packer,
    ) -> Result<Taken, Halt> {
        let new = NewEntry { is_missing: self.is_missing, ..blank(entry) };
        let refuse = |reason: String| NewEntry { reason: Some(reason), ..new.clone() };
        let plain = |entry| Ok(Taken { entry, bytes_written: 0 });
        match entry.kind {
            EntryKind::Folder => {
                return plain(NewEntry {
                    outcome: EntryOutcome::Other,
                    reason: Some("a folder".to_owned()),
                    ..new
                });
            }
            EntryKind::Other(what) => return plain(refuse(format!("a {what} is not taken"))),
            EntryKind::File => {}
        }
        if let Some(danger) = entry.name.danger() {
            return plain(refuse(danger.to_owned()));
        }
        let is_json = new.name.to_ascii_lowercase().ends_with(".json");
        let is_page = new.name.to_ascii_lowercase().ends_with(".html");
        let is_small = entry.bytes.is_none_or(|bytes| bytes <= JSON_BYTES_MAX);
        let taken = if (is_json || is_page) && is_small {
            self.take_text(new.clone(), body, packer)
        } else {
            self.take_file(new.clone(), &[], body)
        };
        match taken {
            Ok(taken) => Ok(taken),
            Err(Fault::Halt(halt)) => {
                // What cannot be removed now is removed by the next import.
                if let Err(error) = self.root.remove_file(&self.path) {
                    tracing::debug!(path = self.path, error = %text_of(&error), "a partial file stays");
                }
                Err(halt)
            }
            Err(Fault::Entry(reason)) => {
                let removed = self.root.remove_file(&self.path);
                removed.map_err(|error| Halt::Run(end_of_fs(&error)))?;
                plain(refuse(reason))
            }
        }
    }

    /// A text of Google's own, or a file that only looks like one.
    fn take_text(&self, new: NewEntry, body: &mut Body<'_>, packer: &mut Packer) -> Result<Taken, Fault> {
        let mut text = Vec::new();
        let read = body.by_ref().take(JSON_BYTES_MAX + 1).read_to_end(&mut text);
        read.map_err(|error| Fault::of(&error))?;
        if text.len() as u64 > JSON_BYTES_MAX {
            return self.take_file(new, &text, body);
        }
        let bytes = text.len() as u64;
        let is_at_root = new.folder.is_empty();
        let (outcome, title, reason) = match Json::parse(&text) {
            Json::Item(facts) => (EntryOutcome::Json, facts.title, None),
            Json::Album(facts) => (EntryOutcome::Album, facts.title, None),
            Json::Other(what) if what != OtherJson::Unknown || is_at_root => {
                (EntryOutcome::Other, None, Some(what.as_str().to_owned()))
            }
            Json::Broken(_) if is_at_root && is_html(&text) => {
                (EntryOutcome::Other, None, Some("a page of Google's".to_owned()))
            }
            // What Google did not write is somebody's file, and files are kept.
            Json::Other(_) | Json::Broken(_) => return self.take_file(new, &text, body),
        };
        let sha256 = Some(Sha256::digest(&text).into());
        let Some(text) = packer.pack(&text) else { return self.take_file(new, &text, body) };
        let json = Some(text);
        Ok(Taken { entry: NewEntry { bytes, outcome, reason, sha256, title, json, ..new }, bytes_written: 0 })
    }

    /// A file: `head`, which was read already, and the rest, to `partial/` with its digest.
    fn take_file(&self, new: NewEntry, head: &[u8], body: &mut Body<'_>) -> Result<Taken, Fault> {
        let disk = |error: FsError| Fault::Halt(Halt::Run(end_of_fs(&error)));
        let mut piece = vec![0; PIECE_BYTES];
        // What lies about its length is refused at its first byte, before room is looked for.
        let mut got = body.read(&mut piece).map_err(|error| Fault::of(&error))?;
        self.check_room(new.bytes)?;
        let mut file = self.root.open_partial(&self.path, self.file_mode, false).map_err(disk)?;
        let write = |file: &mut File, piece: &[u8]| {
            file.write_all(piece).map_err(|source| disk(fs_fault(self.root, "write", &self.path, source)))
        };
        let (mut hasher, mut bytes, mut checked) = (Sha256::new(), head.len() as u64, 0);
        hasher.update(head);
        write(&mut file, head)?;
        // Ends: a body ends, or is refused for being longer than it said.
        while got > 0 {
            if self.stop.is_begun() {
                return Err(Fault::Halt(Halt::Run(Outcome::Interrupted)));
            }
            hasher.update(&piece[..got]);
            write(&mut file, &piece[..got])?;
            bytes += got as u64;
            if bytes - checked >= ROOM_EVERY_BYTES {
                checked = bytes;
                self.check_room(0)?;
            }
            got = body.read(&mut piece).map_err(|error| Fault::of(&error))?;
        }
        let entry = NewEntry {
            outcome: EntryOutcome::Staged,
            bytes,
            sha256: Some(hasher.finalize().into()),
            embedded: self.look_inside(file),
            ..new
        };
        Ok(Taken { entry, bytes_written: bytes })
    }

    fn check_room(&self, ahead: u64) -> Result<(), Fault> {
        self.room.check(ahead).map_err(|error| Fault::Halt(Halt::Run(room_end(&error))))
    }

    /// What the file says of itself; a file that cannot be read again says nothing.
    fn look_inside(&self, mut file: File) -> Option<String> {
        if let Err(error) = file.seek(SeekFrom::Start(0)) {
            tracing::debug!(path = self.path, %error, "a file cannot be looked into");
            return None;
        }
        write_inside(&embedded::read(&mut file))
    }
}

impl Fault {
    /// An archive that is wrong costs the entry; one that cannot be read is read on from here another time.
    fn of(error: &std::io::Error) -> Self {
        match EntryFault::of(error) {
            Some(fault) => Self::Entry(fault.to_string()),
            None if DriveFault::find(error).is_some() => Self::Halt(Halt::Run(end_of_read(error))),
            None => Self::Halt(Halt::Source(error.to_string())),
        }
    }
}

/// The entry as it is before anything is known of its bytes: refused.
fn blank(entry: &Entry) -> NewEntry {
    let location = Location::of(entry.name.text());
    NewEntry {
        ordinal: entry.ordinal,
        folder: location.folder,
        name: location.name,
        bytes: entry.bytes.unwrap_or(0),
        mtime: entry.mtime,
        outcome: EntryOutcome::Refused,
        reason: None,
        sha256: None,
        embedded: None,
        title: None,
        json: None,
        is_missing: false,
    }
}
