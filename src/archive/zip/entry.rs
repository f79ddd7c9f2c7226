//! What a header says about an entry of a zip.
//!
//! Owns: [`Found`], from the directory's record or from the header before the data. Invariant: pure. May import: the rest of
//! `archive`. Tests: in `archive/tests/zip.rs`.

use chrono::NaiveDate;
use rawzip::ZipFileHeaderRecord;
use rawzip::extra_fields::{ExtraFieldId, ExtraFields};
use rawzip::time::ZipDateTimeKind;

use crate::archive::{Entry, EntryKind, EntryName};

/// The length of a local header without name and extra fields (APPNOTE 4.3.7).
pub(crate) const LOCAL_BYTES: usize = 30;
/// How a local header begins.
pub(crate) const LOCAL_MARK: &[u8] = b"PK\x03\x04";

/// One entry as its header tells.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) name: EntryName,
    kind: EntryKind,
    mtime: Option<i64>,
    /// Where its local header begins.
    pub(crate) offset: u64,
    /// The length of its local header; from the directory the least that it can be, because the name may be another there.
    pub(crate) header: u64,
    pub(crate) method: u16,
    pub(crate) is_encrypted: bool,
    pub(crate) packed: Option<u64>,
    pub(crate) bytes: Option<u64>,
    pub(crate) crc: Option<u32>,
}

impl Found {
    pub(crate) fn of_record(record: &ZipFileHeaderRecord<'_>) -> Self {
        let path = record.file_path();
        let raw = path.as_bytes();
        let name = name_of(raw, record.flags().bits(), record.extra_fields());
        let mode = record.mode();
        let kind = if name.ends_in_slash() {
            EntryKind::Folder
        } else if mode.is_symlink() {
            EntryKind::Other("symbolic link")
        } else {
            kind_of_mode(mode.value())
        };
        Self {
            kind,
            mtime: seconds(&record.last_modified()),
            offset: record.local_header_offset(),
            header: LOCAL_BYTES as u64,
            method: record.compression_method().as_u16(),
            is_encrypted: is_encrypted(record.flags().bits()),
            packed: Some(record.compressed_size_hint()),
            bytes: Some(record.uncompressed_size_hint()),
            crc: Some(record.crc32()),
            name,
        }
    }

    /// From the header before the data: `fixed` are its 30 bytes, `name` and `extra` what follows them.
    pub(crate) fn of_local(offset: u64, fixed: &[u8; LOCAL_BYTES], name: &[u8], extra: &[u8]) -> Self {
        let flags = u16_at(fixed, 6);
        let mut packed = u64::from(u32_at(fixed, 18));
        let mut bytes = u64::from(u32_at(fixed, 22));
        let zip64 = ExtraFields::new(extra).find(|(id, _)| *id == ExtraFieldId::ZIP64).map(|(_, data)| data);
        if let Some(data) = zip64 {
            let mut numbers = data
                .chunks_exact(8)
                .map(|chunk| chunk.iter().rev().fold(0_u64, |n, b| n << 8 | u64::from(*b)));
            for size in [&mut bytes, &mut packed] {
                if *size == u64::from(u32::MAX) {
                    *size = numbers.next().unwrap_or(*size);
                }
            }
        }
        // With this flag the lengths stand behind the data, and zeros here.
        let is_late = flags & 8 != 0 && matches!(packed, 0 | 0xffff_ffff);
        let name_found = name_of(name, flags, ExtraFields::new(extra));
        Self {
            kind: if name_found.ends_in_slash() { EntryKind::Folder } else { EntryKind::File },
            mtime: unix_time(extra).or_else(|| dos_time(u16_at(fixed, 12), u16_at(fixed, 10))),
            offset,
            header: (LOCAL_BYTES + name.len() + extra.len()) as u64,
            method: u16_at(fixed, 8),
            is_encrypted: is_encrypted(flags),
            packed: (!is_late).then_some(packed),
            bytes: (!is_late).then_some(bytes),
            crc: (!is_late).then(|| u32_at(fixed, 14)),
            name: name_found,
        }
    }

    pub(crate) fn entry(&self, ordinal: u64) -> Entry {
        let bytes = if self.kind == EntryKind::File { self.bytes } else { Some(0) };
        Entry { ordinal, name: self.name.clone(), kind: self.kind, bytes, mtime: self.mtime }
    }
}

/// General purpose bits 0 (encrypted), 6 (strong encryption) and 13 (masked header): APPNOTE 4.4.4.
fn is_encrypted(flags: u16) -> bool {
    flags & (1 | 1 << 6 | 1 << 13) != 0
}

/// The name; bit 11 says UTF-8, and Info-ZIP's field 0x7075 holds it beside a name in another encoding (APPNOTE 4.6.9).
fn name_of(raw: &[u8], flags: u16, mut extra: ExtraFields<'_>) -> EntryName {
    if flags & 1 << 11 != 0 {
        return EntryName::of_utf8(raw);
    }
    let unicode = extra.find(|(id, _)| id.as_u16() == 0x7075).map(|(_, data)| data);
    if let Some([1, a, b, c, d, text @ ..]) = unicode {
        let mut sum = flate2::Crc::new();
        sum.update(raw);
        if u32::from_le_bytes([*a, *b, *c, *d]) == sum.sum() && std::str::from_utf8(text).is_ok() {
            return EntryName::of_utf8(text);
        }
    }
    EntryName::of_dos(raw)
}

/// What a Unix mode says about an entry that is not named as a folder.
fn kind_of_mode(mode: u32) -> EntryKind {
    match mode & 0o170_000 {
        0o040_000 => EntryKind::Folder,
        0o120_000 => EntryKind::Other("symbolic link"),
        0o010_000 => EntryKind::Other("named pipe"),
        0o020_000 | 0o060_000 => EntryKind::Other("device"),
        0o140_000 => EntryKind::Other("socket"),
        _ => EntryKind::File,
    }
}

fn seconds(time: &ZipDateTimeKind) -> Option<i64> {
    moment(
        [time.year().into(), time.month().into(), time.day().into()],
        [time.hour().into(), time.minute().into(), time.second().into()],
    )
}

/// Info-ZIP's extended timestamp, if it has the time of the last change.
fn unix_time(extra: &[u8]) -> Option<i64> {
    let (_, data) = ExtraFields::new(extra).find(|(id, _)| id.as_u16() == 0x5455)?;
    let is_there = data.len() >= 5 && data[0] & 1 != 0;
    is_there.then(|| u32_at(data, 1).cast_signed().into())
}

/// Date and time of MS-DOS (APPNOTE 4.4.6): years since 1980, seconds in steps of two.
fn dos_time(date: u16, time: u16) -> Option<i64> {
    let (date, time) = (u32::from(date), u32::from(time));
    moment([1980 + (date >> 9), date >> 5 & 15, date & 31], [time >> 11, time >> 5 & 63, (time & 31) * 2])
}

fn moment([year, month, day]: [u32; 3], [hour, minute, second]: [u32; 3]) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(date.and_hms_opt(hour, minute, second)?.and_utc().timestamp())
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
