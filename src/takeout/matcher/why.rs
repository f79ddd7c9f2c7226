//! Why a file or a sidecar was left unpaired, for people.
//!
//! Invariant: pure; a reason names at most three files, however many there are. May import: nothing. Tests: those of the matcher.

use std::fmt;

/// The most names that a reason tells.
const NAMES_MAX: usize = 3;

/// What kept a file or a sidecar from being paired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// No file of the folder has the name that the sidecar speaks of.
    NoFile,
    /// Several pairings of files and sidecars with these names are possible.
    Several,
    /// Files of one name with other counters than their sidecars have.
    Counters,
    /// An edited copy of one of several files.
    Originals,
    /// The moving part of one of several photos.
    Stills,
    /// The moving part of a photo that is not in the folder.
    NoStill,
    /// One of several files that may be the moving part of one photo.
    Clips,
    /// Either the edited copy of a video or the moving part of an edited photo.
    EditedOrMoving,
}

/// A reason, with the names that it is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Why {
    /// What kind of doubt.
    pub doubt: Doubt,
    /// The names, sorted, at most three.
    pub names: Vec<String>,
    /// How many more there are.
    pub more: usize,
}

impl Why {
    /// The reason `doubt`, about `names`.
    pub(crate) fn new(doubt: Doubt, names: impl IntoIterator<Item = String>) -> Self {
        let mut names: Vec<String> = names.into_iter().collect();
        names.sort();
        names.dedup();
        let more = names.len().saturating_sub(NAMES_MAX);
        names.truncate(NAMES_MAX);
        Self { doubt, names, more }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = match self.doubt {
            Doubt::NoFile => "the folder has no file of this name; it may be in a part that is missing",
            Doubt::Several => "the names allow more than one pairing of files and sidecars",
            Doubt::Counters => "the counters of these files are not those of their sidecars",
            Doubt::Originals => "it is an edited copy, and more than one original is possible",
            Doubt::Stills => "it is the moving part of a photo, and more than one photo is possible",
            Doubt::NoStill => "it is the moving part of a photo that the folder does not have",
            Doubt::Clips => "more than one file may be the moving part of the photo",
            Doubt::EditedOrMoving => "it is an edited video or the moving part of an edited photo",
        };
        f.write_str(sentence)?;
        for (at, name) in self.names.iter().enumerate() {
            write!(f, "{}`{name}`", if at == 0 { ": " } else { ", " })?;
        }
        if self.more > 0 {
            write!(f, " and {} more", self.more)?;
        }
        Ok(())
    }
}
