//! One part of an export, whatever its format.
//!
//! Owns: [`Part`], the recognition of formats by their bytes, and the choice of the reader. Invariant: a file's name decides
//! nothing. May import: the rest of `archive`. Tests: in `archive/tests`.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::archive::folder::FolderPart;
use crate::archive::source::{TAIL_FIRST, Tailed, open_file};
use crate::archive::tgz::TgzPart;
use crate::archive::zip::{Survey, ZipPart};
use crate::archive::{ArchiveError, Body, Ending, Entry, Flow, Format, Run, Source, Wholeness};

/// How a zip begins: a local header, the end record of an empty one, or the mark of a spanned one (APPNOTE 4.3.7, 4.3.16, 8.5.3).
const ZIP_MAGIC: [&[u8]; 3] = [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"];
/// How gzip with deflate begins (RFC 1952, 2.3.1).
const GZIP_MAGIC: &[u8] = b"\x1f\x8b\x08";

/// One part of an export: an archive or a folder.
pub struct Part {
    label: String,
    kind: Kind,
}

enum Kind {
    Zip(ZipPart),
    Tgz(TgzPart),
    Folder(FolderPart),
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("label", &self.label)
            .field("format", &self.format())
            .finish_non_exhaustive()
    }
}

impl Part {
    /// Opens a file or a folder. A link at `path` itself is followed, none below it. What a file is, its bytes tell.
    ///
    /// # Errors
    /// [`ArchiveError`] if it cannot be opened or read, is empty, or is of no known format. A zip or tgz that is cut or damaged
    /// does open.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let fail = |source| ArchiveError::Open { path: path.to_owned(), source };
        let label = path.display().to_string();
        if std::fs::metadata(path).map_err(fail)?.is_dir() {
            return Ok(Self { label, kind: Kind::Folder(FolderPart::open(path).map_err(fail)?) });
        }
        let (file, bytes) = open_file(path).map_err(fail)?;
        Self::over(Box::new(file), bytes, &label)
    }

    /// Reads a zip or tgz of `bytes` bytes wherever it lies. `label` names it in errors.
    ///
    /// Data is read in pieces of [`Source::piece`], each once if the entries lie in the order of the zip's directory, as they do
    /// unless somebody changed the archive; the directory is read once if it is below 4 MiB.
    ///
    /// # Errors
    /// [`ArchiveError`] if the source fails, is empty, or is of no known format.
    pub fn over(source: Box<dyn Source>, bytes: u64, label: &str) -> Result<Self, ArchiveError> {
        let label = label.to_owned();
        if bytes == 0 {
            return Err(ArchiveError::Empty { label });
        }
        let mut head = [0; 4];
        let mut source = Tailed::new(source, bytes);
        let fail = |source| ArchiveError::Read { label: label.clone(), source };
        if bytes <= TAIL_FIRST {
            source.remember(0).map_err(fail)?;
        }
        let count = source.read_at(&mut head, 0).map_err(fail)?;
        if head[..count].starts_with(GZIP_MAGIC) {
            return Ok(Self { kind: Kind::Tgz(TgzPart::new(Arc::new(source))), label });
        }
        source.remember(bytes.saturating_sub(TAIL_FIRST)).map_err(fail)?;
        let zip = ZipPart::locate(source).map_err(fail)?;
        let is_zip = zip.has_directory() || ZIP_MAGIC.iter().any(|magic| head[..count].starts_with(magic));
        if is_zip {
            Ok(Self { kind: Kind::Zip(zip), label })
        } else {
            Err(ArchiveError::NotAnArchive { label })
        }
    }

    /// What it is.
    pub fn format(&self) -> Format {
        match self.kind {
            Kind::Zip(_) => Format::Zip,
            Kind::Tgz(_) => Format::Tgz,
            Kind::Folder(_) => Format::Folder,
        }
    }

    /// The part's length in bytes. None for a folder.
    pub fn bytes(&self) -> Option<u64> {
        match &self.kind {
            Kind::Zip(zip) => Some(zip.bytes()),
            Kind::Tgz(tgz) => Some(tgz.bytes()),
            Kind::Folder(_) => None,
        }
    }

    /// Whether all of it is there, as far as that shows before its entries are read: for a zip its directory tells,
    /// a tgz is [`Wholeness::Unknown`], a folder is whole.
    ///
    /// # Errors
    /// [`ArchiveError::Read`] if the source fails.
    pub fn wholeness(&mut self) -> Result<Wholeness, ArchiveError> {
        match &mut self.kind {
            Kind::Zip(zip) => {
                Ok(zip.survey().map_err(|source| read_error(&self.label, source))?.wholeness.clone())
            }
            Kind::Tgz(_) => Ok(Wholeness::Unknown),
            Kind::Folder(_) => Ok(Wholeness::Whole),
        }
    }

    /// A cheap identity: two parts with the same have the same entries with the same bytes.
    ///
    /// zip: its length and everything from the start of its directory on, in which the checksums of all entries are. tgz, and a zip
    /// without a directory: length, first and last 64 KiB; the end of a tgz holds its checksum. folder: paths, lengths and
    /// times of all files below it.
    ///
    /// # Errors
    /// [`ArchiveError::Read`] if the source fails.
    pub fn fingerprint(&mut self) -> Result<[u8; 32], ArchiveError> {
        match &mut self.kind {
            Kind::Zip(zip) => zip.fingerprint(),
            Kind::Tgz(tgz) => tgz.fingerprint(),
            Kind::Folder(folder) => folder.fingerprint(),
        }
        .map_err(|source| read_error(&self.label, source))
    }

    /// How many entries it has, if that can be known beforehand: not for a tgz, nor for a zip that is not whole.
    ///
    /// # Errors
    /// [`ArchiveError::Read`] if the source fails.
    pub fn entries_count(&mut self) -> Result<Option<u64>, ArchiveError> {
        match &mut self.kind {
            Kind::Zip(zip) => zip.survey().map(Survey::count),
            Kind::Tgz(_) => Ok(None),
            Kind::Folder(folder) => folder.count().map(Some),
        }
        .map_err(|source| read_error(&self.label, source))
    }

    /// Gives every entry after the ordinal `after` (all with None) to `each`, in order, until it says [`Flow::Stop`].
    ///
    /// The body may be left unread. zip and folder pass over skipped entries without reading them; a tgz must unpack them.
    /// Entries that are faulty, unsafe, or neither files nor folders are given like all others.
    ///
    /// # Errors
    /// What `each` returns, and [`ArchiveError::Read`] if the source fails. Damage to the archive is no error: [`Ending`] tells.
    pub fn read_entries<E: From<ArchiveError>>(
        &mut self,
        after: Option<u64>,
        each: &mut dyn FnMut(&Entry, &mut Body<'_>) -> Result<Flow, E>,
    ) -> Result<Ending, E> {
        let run = Run::new(&self.label, after, each);
        match &mut self.kind {
            Kind::Zip(zip) => zip.read_entries(run),
            Kind::Tgz(tgz) => tgz.read_entries(run),
            Kind::Folder(folder) => folder.read_entries(run),
        }
    }
}

fn read_error(label: &str, source: std::io::Error) -> ArchiveError {
    ArchiveError::Read { label: label.to_owned(), source }
}

/// The digest of a length, the first and the last 64 KiB, told apart from other digests by `what`.
pub(crate) fn ends_digest(what: &[u8], source: &Tailed) -> std::io::Result<[u8; 32]> {
    use sha2::{Digest, Sha256};
    const END: u64 = 64 * 1024;
    let mut digest = Sha256::new();
    digest.update(what);
    digest.update(source.bytes().to_le_bytes());
    for from in [0, source.bytes().saturating_sub(END)] {
        let mut end = vec![0; usize::try_from(END.min(source.bytes())).unwrap_or(0)];
        let mut got = 0;
        while got < end.len() {
            match source.read_at(&mut end[got..], from + got as u64)? {
                0 => break,
                count => got += count,
            }
        }
        digest.update(&end[..got]);
    }
    Ok(digest.finalize().into())
}
