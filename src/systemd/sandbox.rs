//! The unit's sandbox as it is installed: which folders the daemon may read and write there, and the drop-in that adds some.
//!
//! Owns: what the unit's settings mean for both. Invariant: reads the unit's files alone, changes nothing, asks nobody; what it cannot
//! understand it takes for a closed door, so that the advice is given once too often rather than never.
//! May import: `systemd`. Tests: `sandbox_tests.rs`.

use std::path::{Path, PathBuf};

use crate::systemd::unit_files::{UNIT, service_settings, unit_dirs};

/// `StateDirectory=` of the unit: always writable.
const STATE_DIR: &str = "/var/lib/gphotos-syncd";

/// What `ProtectHome=yes` hides.
const HOMES: [&str; 3] = ["/home", "/root", "/run/user"];
/// What `PrivateTmp=yes` hides.
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];

/// The sandbox of the installed unit.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sandbox {
    is_strict: bool,
    hides_homes: bool,
    hides_temporary: bool,
    writable: Vec<PathBuf>,
    read_only: Vec<PathBuf>,
    bound: Vec<PathBuf>,
    bound_read_only: Vec<PathBuf>,
}

/// What the daemon does with a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need<'a> {
    /// Writes to it: a root, an index, an inbox whose archives are moved or deleted.
    Write(&'a Path),
    /// Reads it alone: an inbox whose archives stay.
    Read(&'a Path),
}

/// Whether the unit, as it is shipped, hides `folder` altogether.
pub fn is_hidden_by_default(folder: &Path) -> bool {
    HOMES.iter().chain(&TEMPORARY).any(|dir| folder.starts_with(dir))
}

/// Commands that put a drop-in in place with which the unit has what it needs; folders below its own state folder need none, nor do those
/// that are only read and that nothing hides.
pub fn drop_in_for(needs: &[Need<'_>]) -> String {
    let (mut mounts, mut service, mut is_home) = (String::new(), String::new(), false);
    for need in needs.iter().filter(|need| !need.folder().starts_with(STATE_DIR)) {
        let folder = need.folder();
        if is_hidden_by_default(folder) {
            is_home |= HOMES.iter().any(|home| folder.starts_with(home));
            let key = if need.is_write() { "BindPaths=" } else { "BindReadOnlyPaths=" };
            service.extend([key, &quoted(folder, true), "\n"]);
        } else if need.is_write() {
            let path = quoted(folder, false);
            mounts.extend(["RequiresMountsFor=", &path, "\n"]);
            service.extend(["ReadWritePaths=", &path, "\n"]);
        }
    }
    let homes = if is_home { "ProtectHome=tmpfs\n" } else { "" };
    let head = if mounts.is_empty() { String::new() } else { format!("[Unit]\n{mounts}") };
    format!(
        "hint: paste this as root; it lets the unit into these folders, and waits for their disks:\n\
         mkdir -p /etc/systemd/system/{UNIT}.d\n\
         cat > /etc/systemd/system/{UNIT}.d/libraries.conf <<'END'\n\
         {head}[Service]\n{homes}{service}END\n\
         systemctl daemon-reload && systemctl restart gphotos-syncd"
    )
}

/// A path as a word of a unit: quoted where needed, `%` doubled; in `BindPaths=` a colon would part source and destination.
fn quoted(path: &Path, is_bind: bool) -> String {
    let text = path.to_string_lossy().replace('\\', r"\\").replace('%', "%%").replace('"', "\\\"");
    let parts = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ';') || (is_bind && c == ':');
    if text.contains(parts) {
        return format!("\"{text}\"");
    }
    text
}

// === impl Need ===

impl<'a> Need<'a> {
    /// The folder.
    pub fn folder(&self) -> &'a Path {
        match *self {
            Self::Write(folder) | Self::Read(folder) => folder,
        }
    }

    /// Whether it is written to.
    pub fn is_write(&self) -> bool {
        matches!(self, Self::Write(_))
    }
}

// === impl Sandbox ===

impl Sandbox {
    /// The sandbox of the unit that is installed on this machine; none if there is none.
    pub fn installed() -> Option<Self> {
        Self::read(&unit_dirs())
    }

    /// The same of a unit in `dirs`, the first before the others.
    pub(crate) fn read(dirs: &[PathBuf]) -> Option<Self> {
        let mut sandbox = Self::default();
        for (key, value) in service_settings(dirs)? {
            sandbox.set(&key, &value);
        }
        Some(sandbox)
    }

    /// Whether the daemon has what it needs in this sandbox, as far as the sandbox goes.
    pub fn grants(&self, need: &Need<'_>) -> bool {
        match need {
            Need::Write(folder) => self.lets_write(folder),
            Need::Read(folder) => self.lets_read(folder),
        }
    }

    fn lets_read(&self, folder: &Path) -> bool {
        let mut shown = self.bound.iter().chain(&self.bound_read_only);
        shown.any(|dir| folder.starts_with(dir)) || !self.hides(folder)
    }

    fn hides(&self, folder: &Path) -> bool {
        let in_any = |dirs: &[&str]| dirs.iter().any(|dir| folder.starts_with(dir));
        (self.hides_homes && in_any(&HOMES)) || (self.hides_temporary && in_any(&TEMPORARY))
    }

    fn lets_write(&self, folder: &Path) -> bool {
        // Of two settings the one for the deeper folder holds, and of two for one folder the stricter (systemd.exec(5)).
        let deepest = |dirs: &[PathBuf]| {
            let holding = dirs.iter().filter(|dir| folder.starts_with(dir));
            holding.map(|dir| dir.components().count()).max()
        };
        let (bound, bound_read_only) = (deepest(&self.bound), deepest(&self.bound_read_only));
        if folder.starts_with(STATE_DIR) || bound > bound_read_only {
            return true;
        }
        let (open, shut) = (deepest(&self.writable), deepest(&self.read_only).max(bound_read_only));
        !self.hides(folder) && (open > shut || (!self.is_strict && shut.is_none()))
    }

    fn set(&mut self, key: &str, value: &str) {
        let is_no = matches!(value, "" | "no" | "false" | "off" | "0" | "n" | "f");
        match key {
            "ProtectSystem" => self.is_strict = value == "strict",
            "ProtectHome" => self.hides_homes = !is_no && value != "read-only",
            "PrivateTmp" => self.hides_temporary = !is_no,
            "ReadWritePaths" => extend(&mut self.writable, value),
            "ReadOnlyPaths" => extend(&mut self.read_only, value),
            "BindPaths" => extend_bound(&mut self.bound, &mut self.bound_read_only, value),
            "BindReadOnlyPaths" => extend_bound(&mut self.bound_read_only, &mut self.bound, value),
            _ => {}
        }
    }
}

/// An empty value takes back what was set before.
fn extend(paths: &mut Vec<PathBuf>, value: &str) {
    if value.is_empty() {
        paths.clear();
    }
    paths.extend(words(value).iter().map(|word| PathBuf::from(destination(word))));
}

/// The two settings that bind are one list for systemd: an empty value of either takes back both.
fn extend_bound(paths: &mut Vec<PathBuf>, other: &mut Vec<PathBuf>, value: &str) {
    if value.is_empty() {
        other.clear();
    }
    extend(paths, value);
}

/// What a word of `ReadWritePaths=` or `BindPaths=` names inside the sandbox.
fn destination(word: &str) -> String {
    let word = word.trim_start_matches(['-', '+', '!']).replace("%%", "%");
    let mut parts = word.split(':');
    let source = parts.next().unwrap_or_default();
    parts.next().filter(|to| !to.is_empty()).unwrap_or(source).replace(COLON, ":")
}

/// Stands for a colon that was quoted, so that it parts nothing; no path has it.
const COLON: char = '\0';

/// The words of a value: parted by white space outside quotes, a backslash taking the next character as it is.
fn words(value: &str) -> Vec<String> {
    let (mut found, mut word, mut quote, mut is_word) = (Vec::new(), String::new(), None, false);
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', _) => word.extend(chars.next().map(|c| if c == ':' { COLON } else { c })),
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, None) if c.is_whitespace() => {
                if is_word {
                    found.push(std::mem::take(&mut word));
                }
                is_word = false;
                continue;
            }
            (':', Some(_)) => word.push(COLON),
            (c, _) => word.push(c),
        }
        is_word = true;
    }
    if is_word {
        found.push(word);
    }
    found
}

#[cfg(test)]
#[path = "sandbox_tests.rs"]
mod tests;
