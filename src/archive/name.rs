//! The name of an entry: the bytes as found, the text that people see, and whether it may become a path.
//!
//! Owns: [`EntryName`]. Invariant: pure; every name has a text, and a name that could leave a folder, or be read in two ways, is
//! never called safe. May import: nothing of the crate. Tests: in `archive/tests/names.rs`.

use std::fmt;

/// The longest name in bytes that counts as safe: Linux' PATH_MAX.
const NAME_BYTES_MAX: usize = 4096;

/// The upper half of code page 437, in which zip names are written unless a flag says UTF-8 (APPNOTE appendix D).
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The name of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryName {
    raw: Vec<u8>,
    text: String,
    danger: Option<&'static str>,
}

impl EntryName {
    /// A name whose bytes are UTF-8, or nothing known: tar, folders, and zip entries with the UTF-8 flag.
    pub fn of_utf8(raw: &[u8]) -> Self {
        Self::new(raw, &String::from_utf8_lossy(raw))
    }

    /// A name of a zip entry without the UTF-8 flag. Many writers write UTF-8 there all the same, so it comes first; what is
    /// not UTF-8 is code page 437.
    pub fn of_dos(raw: &[u8]) -> Self {
        match std::str::from_utf8(raw) {
            Ok(text) => Self::new(raw, text),
            Err(_) => Self::new(raw, &raw.iter().map(|byte| cp437(*byte)).collect::<String>()),
        }
    }

    fn new(raw: &[u8], decoded: &str) -> Self {
        let danger = danger_of(raw, decoded);
        let parts: Vec<&str> = decoded.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let text = parts.join("/").chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        Self { raw: raw.to_vec(), text, danger }
    }

    /// The bytes as they stand in the archive.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The name as text: components separated by single slashes, without `.` components and without slashes at either end;
    /// control characters and broken encoding are U+FFFD.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the text may be used as a path below a folder.
    pub fn is_safe(&self) -> bool {
        self.danger.is_none()
    }

    /// Why the name is not safe, e.g. `it climbs out with ..`.
    pub fn danger(&self) -> Option<&'static str> {
        self.danger
    }

    /// Whether the bytes end in a slash, by which zip marks folders.
    pub(crate) fn ends_in_slash(&self) -> bool {
        self.raw.last() == Some(&b'/')
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn danger_of(raw: &[u8], text: &str) -> Option<&'static str> {
    let mut parts = text.split('/').filter(|part| !part.is_empty() && *part != ".").peekable();
    let is_drive =
        |part: &&str| part.as_bytes().get(1) == Some(&b':') && part.as_bytes()[0].is_ascii_alphabetic();
    if parts.peek().is_none() {
        return Some("it is empty");
    }
    if raw.len() > NAME_BYTES_MAX {
        return Some("it is longer than any path can be");
    }
    if text.starts_with('/') {
        return Some("it is absolute");
    }
    if text.contains('\\') {
        return Some("it has backslashes, which some programs take for separators");
    }
    if text.chars().any(char::is_control) {
        return Some("it has control characters");
    }
    if parts.peek().is_some_and(is_drive) {
        return Some("it begins with a drive letter");
    }
    parts.any(|part| part == "..").then_some("it climbs out with `..`")
}

fn cp437(byte: u8) -> char {
    match byte.checked_sub(0x80) {
        None => char::from(byte),
        Some(upper) => CP437.chars().nth(usize::from(upper)).unwrap_or('\u{fffd}'),
    }
}
