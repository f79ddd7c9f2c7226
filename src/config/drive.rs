//! The keys of the source `drive`: where the parts of exports lie, and how they are taken in.
//!
//! Invariant: pure. May import: nothing. Tests: `src/config/tests/`.

use crate::config::fault::Faults;
use crate::config::file::RawLibrary;
use crate::config::raw::Raw;
use crate::config::value::{Wrong, choice, read, text};

/// What the source `drive` is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drive {
    /// The name of the folder that exports are delivered to; none: any folder, because Google names it in the account's language.
    pub folder: Option<String>,
    /// How a part is taken in; default `stream`.
    pub spool: Spool,
}

/// How a part in Drive is taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spool {
    /// From Drive straight into the library, without room for the part.
    #[default]
    Stream,
    /// Fetched whole to the library's disk, checked against Drive's digest, then taken in.
    Disk,
}

/// The settings that `raw` makes, defaults for the rest.
pub(crate) fn build(raw: &RawLibrary, faults: &mut Faults) -> Drive {
    let default = Drive::default();
    Drive {
        folder: read("drive-folder", raw.drive_folder.as_ref(), default.folder, faults, folder),
        spool: read("spool", raw.spool.as_ref(), default.spool, faults, |raw| {
            choice(raw, &[("stream", Spool::Stream), ("disk", Spool::Disk)])
        }),
    }
}

fn folder(raw: &Raw) -> Result<Option<String>, Wrong> {
    let allowed = "the name of a folder in Drive, in quotes, such as \"Takeout\"";
    let given = text(raw, allowed)?;
    if given.contains('/') {
        return Err(Wrong::new("this is a path, not a name", allowed)
            .hint("write the name of the last folder alone; it is found wherever it lies"));
    }
    if given.trim() != given || given.chars().any(char::is_control) {
        return Err(Wrong::new("a name has no space at its ends and no control characters", allowed));
    }
    Ok(Some(given.to_owned()))
}
