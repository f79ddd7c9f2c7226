//! How an export is asked for.

use chrono::{DateTime, Utc};
use std::io;
use std::path::Path;

use crate::archive::Method;
use crate::takeout::item::moment;
use crate::takeout::library::TakeoutLibrary;
use crate::takeout::truth::ExportTruth;
use crate::takeout::{output, plan, split};

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `.zip`.
    Zip,
    /// `.tgz`.
    Tgz,
    /// No archive: the tree as it is after unpacking, one part.
    Folder,
}

/// How an export is cut into parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// One part.
    Whole,
    /// Parts of at most so many bytes, but for a single file that is longer.
    Bytes(u64),
    /// So many parts of about one length; fewer if there are too few files.
    Parts(u32),
}

/// Which rule names the JSON of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SidecarForm {
    /// `a.jpg.json`; every field is said.
    Until2024,
    /// `a.jpg.supplemental-metadata.json`, cut at 46; what is unknown is left out.
    Since2024,
}

/// What an album's own JSON is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlbumForm {
    /// The old one, inside `albumData`.
    Wrapped,
    /// Flat, with all facts.
    Full,
    /// The title alone.
    TitleOnly,
    /// There is none.
    Absent,
}

/// In which order files are put into the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Folder by folder, JSON beside its media.
    ByFolder,
    /// All JSON behind all media, so that it lies in later parts.
    JsonLast,
    /// All JSON before all media.
    JsonFirst,
    /// By chance, from this seed.
    Shuffled(u64),
}

/// What time entries carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryTimes {
    /// That of the export.
    Export,
    /// Media: when it was taken.
    Taken,
}

/// How zip parts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZipOptions {
    /// How bytes are packed.
    pub method: Method,
    /// Checksum and lengths follow the bytes.
    pub descriptors: bool,
    /// Zip64 fields even where they are not needed.
    pub zip64: bool,
}

/// What is wrong with one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryFault {
    /// A wrong CRC-32 (zip).
    WrongCrc,
    /// The flag of encryption (zip).
    Encrypted,
    /// A method that nobody knows (zip).
    Method(u16),
    /// Another length in the headers than the true one (zip).
    ToldBytes(u64),
    /// The entry is there twice.
    Duplicate,
}

/// What is wrong with a whole part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartFault {
    /// Only so many bytes are there.
    Keep(u64),
    /// So many bytes are missing at the end.
    Cut(u64),
}

/// What is wrong with an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportFault {
    /// With every entry whose path ends so.
    Entry(String, EntryFault),
    /// With the part of this number, from 1.
    Part(u32, PartFault),
}

/// An export to write.
#[derive(Clone, Debug)]
pub struct Export {
    /// When it was made; part of its name.
    pub stamp: DateTime<Utc>,
    /// Incremental: only what was added or edited after this.
    pub since: Option<DateTime<Utc>>,
    /// The number between stamp and part number; none in older exports.
    pub service: Option<u32>,
    /// What a part is.
    pub form: Form,
    /// How it is cut.
    pub split: Split,
    /// Which rule names the JSON of items.
    pub sidecars: SidecarForm,
    /// What an album's own JSON is like.
    pub albums: AlbumForm,
    /// In which order files come.
    pub order: Order,
    /// What time entries carry.
    pub times: EntryTimes,
    /// How zip parts are written.
    pub zip: ZipOptions,
    /// What goes wrong.
    pub faults: Vec<ExportFault>,
}

impl Export {
    /// A whole export made at `stamp`, as Google makes them today: one zip part, deflated, with
    /// descriptors, full album JSON, and JSON beside its media.
    ///
    /// # Panics
    /// If `stamp` is not a time of RFC 3339.
    pub fn at(stamp: &str) -> Self {
        Self::whole(moment(stamp))
    }

    /// The same of a moment.
    pub fn whole(stamp: DateTime<Utc>) -> Self {
        Self {
            stamp,
            since: None,
            service: Some(3),
            form: Form::Zip,
            split: Split::Whole,
            sidecars: SidecarForm::Since2024,
            albums: AlbumForm::Full,
            order: Order::ByFolder,
            times: EntryTimes::Export,
            zip: ZipOptions { method: Method::Deflated, descriptors: true, zip64: false },
            faults: Vec::new(),
        }
    }

    /// Incremental: only what was added or edited after this moment of RFC 3339.
    ///
    /// # Panics
    /// If `since` is not a time.
    #[must_use]
    pub fn since(mut self, since: &str) -> Self {
        self.since = Some(moment(since));
        self
    }

    /// What a part is.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// So many parts of about one length.
    #[must_use]
    pub fn parts(mut self, parts: u32) -> Self {
        self.split = Split::Parts(parts);
        self
    }

    /// Parts of at most so many bytes.
    #[must_use]
    pub fn part_bytes_max(mut self, bytes: u64) -> Self {
        self.split = Split::Bytes(bytes);
        self
    }

    /// Which rule names the JSON of items.
    #[must_use]
    pub fn sidecars(mut self, form: SidecarForm) -> Self {
        self.sidecars = form;
        self
    }

    /// What an album's own JSON is like.
    #[must_use]
    pub fn albums(mut self, form: AlbumForm) -> Self {
        self.albums = form;
        self
    }

    /// In which order files come.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// What time entries carry.
    #[must_use]
    pub fn times(mut self, times: EntryTimes) -> Self {
        self.times = times;
        self
    }

    /// How zip parts are written.
    #[must_use]
    pub fn zip(mut self, zip: ZipOptions) -> Self {
        self.zip = zip;
        self
    }

    /// Stored, with lengths before the bytes: what is quickest to write.
    #[must_use]
    pub fn stored(self) -> Self {
        self.zip(ZipOptions { method: Method::Stored, descriptors: false, zip64: false })
    }

    /// Something goes wrong with every entry whose path ends with `path`.
    #[must_use]
    pub fn entry_fault(mut self, path: impl Into<String>, fault: EntryFault) -> Self {
        self.faults.push(ExportFault::Entry(path.into(), fault));
        self
    }

    /// Something goes wrong with the part of this number, from 1.
    #[must_use]
    pub fn part_fault(mut self, part: u32, fault: PartFault) -> Self {
        self.faults.push(ExportFault::Part(part, fault));
        self
    }

    /// The name that all parts share, such as `takeout-20260408T142729Z-3`.
    pub fn name(&self) -> String {
        let stamp = self.stamp.format("takeout-%Y%m%dT%H%M%SZ");
        self.service.map_or_else(|| stamp.to_string(), |service| format!("{stamp}-{service}"))
    }

    /// The file name of a part, from 1.
    pub fn part_name(&self, part: u32) -> String {
        match self.form {
            Form::Zip => format!("{}-{part:03}.zip", self.name()),
            Form::Tgz => format!("{}-{part:03}.tgz", self.name()),
            Form::Folder => "Takeout".to_owned(),
        }
    }

    /// Writes the export of `library` into `folder`, which is made if need be.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, library: &TakeoutLibrary, folder: &Path) -> io::Result<ExportTruth> {
        let mut planned = plan::entries(library, self);
        let parts = split::parts(&mut planned.entries, self);
        let paths = output::write(&parts, self, folder)?;
        Ok(planned.truth(library, self, &parts, paths))
    }
}
