//! The forward rule: which names Google gives the files of one folder.
//!
//! Lengths are UTF-16 code units. Sources: the published examples of immich-go (`docs/misc/google-takeout.md`)
//! and timelinize (`takeoutarchive.go`): stems end at 47, the JSON's name before its counter at 46.

use std::collections::HashSet;
use std::fmt;

use crate::takeout::export::SidecarForm;

/// Longest stem of a media file.
pub(crate) const STEM_UNITS_MAX: usize = 47;
/// Longest name of JSON, without counter and `.json`.
pub(crate) const SIDECAR_UNITS_MAX: usize = 46;
/// What stands between a media file's name and `.json` since 2024.
const SUPPLEMENT: &str = ".supplemental-metadata";
/// What Google writes as `_` in folders' names, and in files' names too.
const UNSAFE: &[char] = &['"', '*', '/', ':', '<', '>', '?', '\\', '|'];

/// The beginning of `text` that is at most `units` UTF-16 code units long.
pub(crate) fn cut(text: &str, units: usize) -> &str {
    let mut left = units;
    for (at, c) in text.char_indices() {
        if c.len_utf16() > left {
            return &text[..at];
        }
        left -= c.len_utf16();
    }
    text
}

/// A title as the name of a folder.
pub(crate) fn folder_name(title: &str) -> String {
    title.chars().map(|c| if UNSAFE.contains(&c) || c.is_control() { '_' } else { c }).collect()
}

/// A title as the name of a file.
pub(crate) fn file_name(title: &str) -> String {
    folder_name(title).replace('&', "_")
}

/// The stem and the extension with its dot; the extension is empty if there is none.
pub(crate) fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 => name.split_at(at),
        _ => (name, ""),
    }
}

/// The name of a media file in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MediaName {
    pub(crate) stem: String,
    /// `(n)` for the n-th further file of one name; 0: none.
    pub(crate) counter: u32,
    /// With its dot, or empty.
    pub(crate) extension: String,
    /// The extension is Google's: the title had none.
    pub(crate) is_extension_added: bool,
}

impl fmt::Display for MediaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stem)?;
        write_counter(f, self.counter)?;
        f.write_str(&self.extension)
    }
}

fn write_counter(f: &mut impl fmt::Write, counter: u32) -> fmt::Result {
    if counter == 0 { Ok(()) } else { write!(f, "({counter})") }
}

/// The names given in one folder.
#[derive(Debug, Default)]
pub(crate) struct FolderNames {
    given: HashSet<String>,
}

impl FolderNames {
    /// Names the file of an item whose title is `title`.
    pub(crate) fn main(&mut self, title: &str) -> MediaName {
        let name = file_name(title);
        let (stem, extension) = split(&name);
        let added = extension.is_empty();
        let extension = if added { ".jpg" } else { extension };
        self.media(cut(stem, STEM_UNITS_MAX), extension, added, 0)
    }

    /// Names the edited copy of `main`: the suffix stands before the counter, and may be cut off.
    pub(crate) fn edited(&mut self, main: &MediaName, suffix: &str) -> MediaName {
        let stem = format!("{}{suffix}", main.stem);
        self.media(cut(&stem, STEM_UNITS_MAX), &main.extension, false, main.counter)
    }

    /// Names the clip of `main`: with this extension, or with none.
    pub(crate) fn clip(&mut self, main: &MediaName, extension: Option<&str>) -> MediaName {
        let extension = extension.map_or(String::new(), |extension| format!(".{extension}"));
        self.media(&main.stem, &extension, false, main.counter)
    }

    fn media(&mut self, stem: &str, extension: &str, is_extension_added: bool, from: u32) -> MediaName {
        let mut name = MediaName {
            stem: stem.to_owned(),
            counter: from,
            extension: extension.to_owned(),
            is_extension_added,
        };
        while !self.given.insert(name.to_string()) {
            name.counter += 1;
        }
        name
    }

    /// Names the JSON of `main`: the counter moves behind what is cut.
    pub(crate) fn sidecar(&mut self, main: &MediaName, form: SidecarForm) -> String {
        let extension = if main.is_extension_added { "" } else { &main.extension };
        let whole = match form {
            SidecarForm::Until2024 => format!("{}{extension}", main.stem),
            SidecarForm::Since2024 => format!("{}{extension}{SUPPLEMENT}", main.stem),
        };
        self.json(cut(&whole, SIDECAR_UNITS_MAX), main.counter)
    }

    /// Names a JSON file that belongs to the folder: `name` without `.json`.
    pub(crate) fn json(&mut self, name: &str, from: u32) -> String {
        let mut counter = from;
        loop {
            let mut full = name.to_owned();
            let _ = write_counter(&mut full, counter);
            full.push_str(".json");
            if self.given.insert(full.clone()) {
                return full;
            }
            counter += 1;
        }
    }

    /// Names a folder: further ones of one name are counted.
    pub(crate) fn folder(&mut self, title: &str) -> String {
        let name = folder_name(title);
        self.media(&name, "", false, 0).to_string()
    }
}
