//! Whether a file on disk is an item's, where no index says so.
//!
//! Owns: the rule. A file is believed to be an item's if all of this holds, and is left alone otherwise:
//! it is a regular file at the name that the item wishes, plain or numbered; its time is, to the second, that of the item,
//! because files are placed with it; no other file fits so, and no other item that is still wanted could wish that name in that second;
//! and its size in pixels, if it tells one, is the item's, turned or not. Where the sidecar beside it names the item, that stands for
//! the last two. Invariant: blocks; reads only; an item without a date has no evidence. May import: `fs`, `embedded`,
//! `names`. Tests: below; the rest in `tests/it/index_damage.rs`.

use sha2::{Digest as _, Sha256};
use std::io::Read as _;

use crate::config::Sidecar;
use crate::embedded;
use crate::fs::{EntryKind, FsError, Root};
use crate::job::faults::fs_fault;
use crate::job::motion::{MARKS_WITHIN_BYTES, has_motion_mark};
use crate::job::partial::PIECE_BYTES;
use crate::job::sidecar::{SIDECAR_BYTES_MAX, is_our_sidecar, sidecar_path};
use crate::media::MediaId;
use crate::names::{FileName, case_key};
use crate::store::{FilePart, Lookout};

/// So many numbers in a row without a file end the search for numbered names.
const GAP_MAX: u32 = 16;
/// The highest number that is looked at.
const NUMBER_MAX: u32 = 4_096;

/// A file that is an item's by its name and time.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where it is.
    pub(crate) path: String,
    /// What was looked for.
    pub(crate) lookout: Lookout,
}

/// What a whole file was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) bytes: u64,
    pub(crate) sha256: [u8; 32],
    /// Whether its beginning says that it is a motion photo.
    pub(crate) has_motion_mark: bool,
}

/// The regular files at the forms of the name wished that have the time of the item.
pub(crate) fn candidates(root: &Root, lookout: &Lookout) -> Result<Vec<String>, FsError> {
    let Some(created) = lookout.item.created else { return Ok(Vec::new()) };
    let (dir, name) = base_of(&lookout.path);
    let mut found = Vec::new();
    let mut missing = 0;
    for number in 1..=NUMBER_MAX {
        let path = format!("{dir}{}", name.numbered(number));
        match root.entry(&path)? {
            Some(entry) => {
                missing = 0;
                if entry.kind == EntryKind::File && entry.mtime == created.timestamp() {
                    found.push(path);
                }
            }
            None => missing += 1,
        }
        if missing >= GAP_MAX {
            break;
        }
    }
    // A name that itself looks numbered is a form of its own.
    let is_listed = found.contains(&lookout.path);
    let is_there = root
        .entry(&lookout.path)?
        .is_some_and(|e| e.kind == EntryKind::File && e.mtime == created.timestamp());
    if is_there && !is_listed {
        found.push(lookout.path.clone());
    }
    Ok(found)
}

/// Whether a sidecar beside the file at `path` names the item.
pub(crate) fn names_item(root: &Root, path: &str, id: &MediaId) -> bool {
    [Sidecar::Json, Sidecar::Xmp].into_iter().any(|kind| {
        let text = sidecar_path(kind, path).and_then(|path| {
            let file = root.open_file(&path).ok()??;
            let mut text = String::new();
            file.take(SIDECAR_BYTES_MAX).read_to_string(&mut text).ok()?;
            Some(text)
        });
        text.is_some_and(|text| is_our_sidecar(kind, &text, id))
    })
}

/// Whether two paths are forms of one name, whatever the case of their letters.
pub(crate) fn is_rival(one: &str, other: &str) -> bool {
    let key = |path: &str| {
        let (dir, name) = base_of(path);
        case_key(&format!("{dir}{}", name.numbered(1)))
    };
    key(one) == key(other)
}

/// Whether nothing that the file says of itself contradicts what is listed of the item.
pub(crate) fn fits(root: &Root, found: &Found) -> Result<bool, FsError> {
    let item = &found.lookout.item;
    let (FilePart::Main, Some(width), Some(height)) = (found.lookout.part, item.width, item.height) else {
        return Ok(true);
    };
    let Some(file) = root.open_file(&found.path)? else { return Ok(false) };
    let told = embedded::read(file);
    let (Some(w), Some(h)) = (told.width, told.height) else { return Ok(true) };
    let (w, h) = (i64::from(w), i64::from(h));
    let (width, height) = (i64::from(width), i64::from(height));
    Ok((w, h) == (width, height) || (h, w) == (width, height))
}

/// Reads the file at `path` to its end; none if there is no regular file, or it has not `bytes` bytes.
pub(crate) fn read_whole(root: &Root, path: &str, bytes: Option<u64>) -> Result<Option<Read>, FsError> {
    let Some(entry) = root.entry(path)? else { return Ok(None) };
    if entry.kind != EntryKind::File || bytes.is_some_and(|bytes| bytes != entry.bytes) {
        return Ok(None);
    }
    let Some(mut file) = root.open_file(path)? else { return Ok(None) };
    let (mut hasher, mut length) = (Sha256::new(), 0_u64);
    let (mut piece, mut head) = (vec![0; PIECE_BYTES], Vec::new());
    // Ends: the file has an end.
    loop {
        let got = file.read(&mut piece).map_err(|source| fs_fault(root, "read", path, source))?;
        if got == 0 {
            break;
        }
        if head.len() < MARKS_WITHIN_BYTES {
            head.extend_from_slice(&piece[..got.min(MARKS_WITHIN_BYTES)]);
        }
        hasher.update(&piece[..got]);
        length += got as u64;
    }
    // A file without bytes is what a power cut leaves of one that was never durable.
    if length == 0 || bytes.is_some_and(|bytes| bytes != length) {
        return Ok(None);
    }
    let has_motion_mark = has_motion_mark(&head);
    Ok(Some(Read { bytes: length, sha256: hasher.finalize().into(), has_motion_mark }))
}

/// Folder with its slash, and the name without any number at its end.
fn base_of(path: &str) -> (&str, FileName) {
    let (dir, name) = path.rfind('/').map_or(("", path), |at| path.split_at(at + 1));
    let FileName { mut stem, ext } = FileName::split(name);
    while let Some((shorter, number)) = stem.strip_suffix(')').and_then(|stem| stem.rsplit_once(" (")) {
        if shorter.is_empty() || number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        stem = shorter.to_owned();
    }
    (dir, FileName { stem, ext })
}

#[cfg(test)]
mod tests {
    use crate::job::evidence::{base_of, is_rival};

    #[test]
    fn forms_of_one_name_are_rivals_and_others_are_not() {
        for (one, other, expected) in [
            ("p/a.jpg", "p/a (2).jpg", true),
            ("p/a.jpg", "p/A.JPG", true),
            ("p/a (2) (3).jpg", "p/a.jpg", true),
            ("p/a.jpg", "q/a.jpg", false),
            ("p/a.jpg", "p/b.jpg", false),
            ("p/a (x).jpg", "p/a.jpg", false),
            ("p/a.jpg", "p/a.mp4", false),
        ] {
            assert_eq!(is_rival(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn a_name_that_is_all_number_stays_a_name() {
        assert_eq!(base_of("p/ (2).jpg").1.stem, " (2)");
        assert_eq!(base_of("p/a (2).jpg").1.stem, "a");
        assert_eq!(base_of("a ()").1.stem, "a ()");
    }
}
