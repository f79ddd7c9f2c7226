//! Names that are safe on disk, from whatever Google tells.
//!
//! Owns: the rules of product names: legal, bounded, numbered. Invariant: pure; a name made here is one path
//! component, never empty, `.` or `..`, never hidden, at most [`NAME_BYTES_MAX`] bytes, extension kept.
//! May import: nothing. Tests: `src/names/tests.rs`.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
#[cfg(test)]
mod tests;

/// The longest name of Linux file systems, bytes (`NAME_MAX`).
pub const NAME_BYTES_MAX: usize = 255;

/// The longest name of an album's folder, bytes: leaves room for a date before and a number behind.
pub const FOLDER_BYTES_MAX: usize = 200;

/// The longest extension, bytes without its dot: what is longer after a dot is a part of a sentence.
const EXTENSION_BYTES_MAX: usize = 16;

/// How much of an item's id names a file without a name, characters: ids of one account begin alike.
const ID_CHARS_MAX: usize = 32;

/// How far a cut gives way to keep marks with their letter, bytes: the longest emoji of the standard has 35.
const CLUSTER_BYTES_MAX: usize = 48;

/// A safe file name in two halves, so that a number can go between: `stem` + ` (2)` + `ext`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    /// Everything before the extension.
    pub stem: String,
    /// The extension with its dot, or empty.
    pub ext: String,
}

impl FileName {
    /// The name of the `n`th file that wants it: the first has the plain name, the second ` (2)` after the stem.
    ///
    /// At most [`NAME_BYTES_MAX`] bytes, the stem being cut; no two numbers give the same name.
    pub fn numbered(&self, n: u32) -> String {
        let plain = self.with_tail("", NAME_BYTES_MAX);
        if n <= 1 {
            return plain;
        }
        let tail = format!(" ({n})");
        let name = self.with_tail(&tail, NAME_BYTES_MAX);
        // A long name that itself ends in such a number would meet its own cut form.
        if name == plain { self.with_tail(&tail, NAME_BYTES_MAX - 1) } else { name }
    }

    fn with_tail(&self, tail: &str, bytes_max: usize) -> String {
        let room = bytes_max.saturating_sub(tail.len() + self.ext.len());
        let mut stem = cut(&self.stem, room);
        if tail.is_empty() && self.ext.is_empty() {
            stem = stem.trim_end_matches(['.', ' ']);
        }
        format!("{stem}{tail}{}", self.ext)
    }

    pub(crate) fn split(name: &str) -> Self {
        let (stem, ext) = name.split_at(extension_start(name));
        Self { stem: stem.to_owned(), ext: ext.to_owned() }
    }
}

/// The file name of an item that Google calls `filename`; without one, its `id` and the extension of `mime`.
///
/// `portable`: legal on Windows too.
pub fn file_name_for(filename: Option<&str>, id: &str, mime: Option<&str>, portable: bool) -> FileName {
    if let Some(name) = filename.and_then(|name| safe(name, portable)) {
        return FileName::split(&name);
    }
    let prefix: String = id.chars().take(ID_CHARS_MAX).map(|c| if c == '.' { '_' } else { c }).collect();
    let stem = safe(&prefix, portable).unwrap_or_else(|| "unnamed".to_owned());
    FileName { stem, ext: mime.and_then(extension_of).map_or_else(String::new, |ext| format!(".{ext}")) }
}

/// The folder name of an album called `title`, at most [`FOLDER_BYTES_MAX`] bytes; `untitled` if nothing is left of it.
pub fn folder_name_for(title: &str, portable: bool) -> String {
    let name = safe(title, portable).unwrap_or_else(|| "untitled".to_owned());
    cut(&name, FOLDER_BYTES_MAX).trim_end_matches(['.', ' ']).to_owned()
}

/// `prefix` and the safe name `name` as one name of at most [`NAME_BYTES_MAX`] bytes, the extension kept.
pub fn with_prefix(prefix: &str, name: &str) -> String {
    let FileName { stem, ext } = FileName::split(name);
    FileName { stem: format!("{prefix}{stem}"), ext }.numbered(1)
}

/// The safe name `name` and `suffix`, such as `.json`, as one name of at most [`NAME_BYTES_MAX`] bytes.
pub fn with_suffix(name: &str, suffix: &str) -> String {
    let FileName { stem, ext } = FileName::split(name);
    FileName { stem, ext: format!("{ext}{suffix}") }.numbered(1)
}

/// A key that is equal for names which a file system without regard to case takes for one.
pub fn case_key(name: &str) -> String {
    name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// `text` as one path component of any length; none if nothing is left of it.
fn safe(text: &str, portable: bool) -> Option<String> {
    let replaced: String = text.chars().map(|c| if is_unsafe(c, portable) { '_' } else { c }).collect();
    let trimmed = replaced.trim_start_matches(' ').trim_end_matches(['.', ' ']);
    if trimmed.is_empty() {
        return None;
    }
    let visible = match trimmed.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None => trimmed.to_owned(),
    };
    Some(if portable && is_reserved(&visible) { format!("_{visible}") } else { visible })
}

fn is_unsafe(c: char, portable: bool) -> bool {
    let misleads =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c == '/' || c.is_control() || misleads || (portable && "<>:\"\\|?*".contains(c))
}

/// Whether Windows takes `name`, whatever its extension, for a device.
fn is_reserved(name: &str) -> bool {
    let base = name.split('.').next().unwrap_or(name).trim_end_matches(' ').to_ascii_uppercase();
    if matches!(base.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") {
        return true;
    }
    let mut port = base.strip_prefix("COM").or_else(|| base.strip_prefix("LPT")).unwrap_or("").chars();
    matches!((port.next(), port.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
}

/// Where the extension of `name` begins, with its dot; the end if it has none.
fn extension_start(name: &str) -> usize {
    let Some(dot) = name.rfind('.').filter(|dot| *dot > 0) else { return name.len() };
    let ext = &name[dot + 1..];
    let is_ext =
        (1..=EXTENSION_BYTES_MAX).contains(&ext.len()) && ext.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_ext { dot } else { name.len() }
}

/// The longest beginning of `text` of at most `bytes_max` bytes that parts no character, nor a letter and its marks.
fn cut(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let hard = (0..=bytes_max).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    let lowest = hard.saturating_sub(CLUSTER_BYTES_MAX).max(1);
    let soft = (lowest..=hard).rev().find(|&i| text.is_char_boundary(i) && !parts_cluster(text, i));
    &text[..soft.unwrap_or(hard)]
}

fn parts_cluster(text: &str, at: usize) -> bool {
    let joins_next = text[..at].ends_with('\u{200d}');
    let belongs_before = text[at..].chars().next().is_some_and(|c| {
        matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}' | '\u{200d}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
    });
    joins_next || belongs_before
}

/// The usual extension of a type that Google Photos takes in.
fn extension_of(mime: &str) -> Option<&'static str> {
    let plain = mime.split(';').next().unwrap_or(mime).trim().to_ascii_lowercase();
    let known = match plain.as_str() {
        "image/jpeg" | "image/jpg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/heic" => "heic",
        "image/heif" => "heif",
        "image/avif" => "avif",
        "image/tiff" => "tif",
        "image/bmp" | "image/x-ms-bmp" => "bmp",
        "image/x-icon" | "image/vnd.microsoft.icon" => "ico",
        "image/x-adobe-dng" | "image/dng" => "dng",
        "image/x-canon-cr2" => "cr2",
        "image/x-canon-cr3" => "cr3",
        "image/x-nikon-nef" => "nef",
        "image/x-sony-arw" => "arw",
        "image/x-fuji-raf" => "raf",
        "image/x-olympus-orf" => "orf",
        "image/x-panasonic-rw2" => "rw2",
        "video/mp4" => "mp4",
        "video/quicktime" => "mov",
        "video/x-msvideo" => "avi",
        "video/mpeg" => "mpg",
        "video/3gpp" => "3gp",
        "video/3gpp2" => "3g2",
        "video/x-matroska" => "mkv",
        "video/webm" => "webm",
        "video/x-ms-wmv" => "wmv",
        "video/x-ms-asf" => "asf",
        "video/x-m4v" => "m4v",
        "video/mp2t" => "mts",
        _ => return None,
    };
    Some(known)
}
