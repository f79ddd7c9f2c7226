//! The unit's sandbox as it is installed: which folders the daemon may write to there, and the drop-in that adds some.
//!
//! Owns: what the unit's settings mean for writing. Invariant: reads the unit's files alone, changes nothing, asks nobody; what it cannot
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
}

/// Whether the unit, as it is shipped, hides `folder` altogether.
pub fn is_hidden_by_default(folder: &Path) -> bool {
    HOMES.iter().chain(&TEMPORARY).any(|dir| folder.starts_with(dir))
}

/// Commands that put a drop-in in place with which the unit may write to `folders`; those below its own state folder need none.
pub fn drop_in_for(folders: &[&Path]) -> String {
    let outside = || folders.iter().copied().filter(|folder| !folder.starts_with(STATE_DIR));
    let (mut mounts, mut service, mut is_home) = (String::new(), String::new(), false);
    for folder in outside() {
        if is_hidden_by_default(folder) {
            is_home |= HOMES.iter().any(|home| folder.starts_with(home));
            service.extend(["BindPaths=", &quoted(folder, true), "\n"]);
        } else {
            let path = quoted(folder, false);
            mounts.extend(["RequiresMountsFor=", &path, "\n"]);
            service.extend(["ReadWritePaths=", &path, "\n"]);
        }
    }
    let homes = if is_home { "ProtectHome=tmpfs\n" } else { "" };
    let head = if mounts.is_empty() { String::new() } else { format!("[Unit]\n{mounts}") };
    format!(
        "hint: paste this as root; it lets the unit write to these folders, and waits for their disks:\n\
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

    /// Whether the daemon can write to `folder` in this sandbox, as far as the sandbox goes.
    pub fn lets_write(&self, folder: &Path) -> bool {
        let below = |dirs: &[PathBuf]| dirs.iter().any(|dir| folder.starts_with(dir));
        // Of two settings the one for the deeper folder holds, and of two for one folder the stricter (systemd.exec(5)).
        let deepest = |dirs: &[PathBuf]| {
            let holding = dirs.iter().filter(|dir| folder.starts_with(dir));
            holding.map(|dir| dir.components().count()).max()
        };
        let in_any = |dirs: &[&str]| dirs.iter().any(|dir| folder.starts_with(dir));
        if folder.starts_with(STATE_DIR) || below(&self.bound) {
            return true;
        }
        let is_hidden = (self.hides_homes && in_any(&HOMES)) || (self.hides_temporary && in_any(&TEMPORARY));
        let (open, shut) = (deepest(&self.writable), deepest(&self.read_only));
        !is_hidden && (open > shut || (!self.is_strict && shut.is_none()))
    }

    fn set(&mut self, key: &str, value: &str) {
        let is_no = matches!(value, "" | "no" | "false" | "off" | "0" | "n" | "f");
        match key {
            "ProtectSystem" => self.is_strict = value == "strict",
            "ProtectHome" => self.hides_homes = !is_no && value != "read-only",
            "PrivateTmp" => self.hides_temporary = !is_no,
            "ReadWritePaths" => extend(&mut self.writable, value),
            "ReadOnlyPaths" => extend(&mut self.read_only, value),
            "BindPaths" => extend(&mut self.bound, value),
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
