//! One stored file compared with what the index says of it.
//!
//! Owns: the difference between a file that a person changed and one that the disk spoilt. Invariant: blocks; changes nothing; what
//! cannot be looked at is neither missing nor damaged. May import: `fs`, `store` for its plain types. Tests: below; the
//! rest in `tests/it`.

use crate::fs::{Entry, EntryKind, FsError, Root};
use crate::job::digest::{Digest, digest_of};
use crate::job::faults::reason_of_fs;
use crate::store::{Found, HeldFile};

/// What came of a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// It is as it was stored.
    AsStored,
    /// It is not.
    Not(Found),
    /// Nothing can be said of it, and why.
    Unknown(String),
    /// The look was broken off.
    Ended,
}

/// Looks at one file; `goes_on` is told the length of each piece read and may end the look.
pub(crate) fn look_at(root: &Root, held: &HeldFile, goes_on: impl FnMut(usize) -> bool) -> Look {
    match read(root, held, goes_on) {
        Ok(look) => look,
        // The disk no longer gives what was written: as gone as overwritten.
        Err(error) if error.is_of_the_device() => Look::Not(Found::Damaged),
        Err(error) => Look::Unknown(reason_of_fs(&error)),
    }
}

fn read(root: &Root, held: &HeldFile, goes_on: impl FnMut(usize) -> bool) -> Result<Look, FsError> {
    let Some(entry) = root.entry(&held.path)? else { return Ok(Look::Not(Found::Missing)) };
    if entry.kind != EntryKind::File {
        return Ok(Look::Not(Found::Changed));
    }
    let Some(mut file) = root.open_file(&held.path)? else { return Ok(Look::Not(Found::Missing)) };
    let fault = |source| FsError { what: "read", path: root.path().join(&held.path), source };
    let digest = digest_of(&mut file, goes_on).map_err(fault)?;
    Ok(digest.map_or(Look::Ended, |digest| judge(held, &entry, digest)))
}

/// What a file is whose bytes have `digest`.
fn judge(held: &HeldFile, entry: &Entry, digest: Digest) -> Look {
    if (digest.bytes, digest.sha256) == (held.bytes, held.sha256) {
        Look::AsStored
    } else {
        Look::Not(spoilt_as(held.bytes, held.mtime, entry))
    }
}

/// What a file with other bytes is called, which had `bytes` bytes and the time `mtime`. Whoever changes a file on purpose changes its time
/// with it, or its length; a disk that forgets changes neither.
pub(crate) fn spoilt_as(bytes: u64, mtime: Option<i64>, entry: &Entry) -> Found {
    let is_as_left = entry.bytes == bytes && mtime.is_none_or(|mtime| mtime == entry.mtime);
    if is_as_left { Found::Damaged } else { Found::Changed }
}

#[cfg(test)]
mod tests {
    use crate::fs::{Entry, EntryKind};
    use crate::job::digest::Digest;
    use crate::job::verify::look::{Look, judge};
    use crate::media::MediaId;
    use crate::store::{FilePart, Found, HeldFile};

    #[test]
    fn what_a_person_changed_is_told_from_what_the_disk_spoilt() {
        let held = |mtime| HeldFile {
            item: 1,
            id: MediaId("m".to_owned()),
            part: FilePart::Main,
            path: "p".to_owned(),
            bytes: 10,
            sha256: [1; 32],
            mtime,
            found: None,
            is_askable: true,
        };
        let table = [
            ("untouched", Some(5), (10, 5), (10, 1), Look::AsStored),
            ("only its time was touched", Some(5), (10, 9), (10, 1), Look::AsStored),
            ("a bit fell over", Some(5), (10, 5), (10, 2), Look::Not(Found::Damaged)),
            ("no time was ever set", None, (10, 5), (10, 2), Look::Not(Found::Damaged)),
            ("edited in place", Some(5), (10, 9), (10, 2), Look::Not(Found::Changed)),
            ("shorter", Some(5), (9, 5), (9, 2), Look::Not(Found::Changed)),
            ("no time, and longer", None, (11, 5), (11, 2), Look::Not(Found::Changed)),
        ];
        for (case, mtime, (length, time), (read, byte), expected) in table {
            let entry = Entry { kind: EntryKind::File, bytes: length, mtime: time };
            let digest = Digest { bytes: read, sha256: [byte; 32] };
            assert_eq!(judge(&held(mtime), &entry, digest), expected, "{case}");
        }
    }
}
