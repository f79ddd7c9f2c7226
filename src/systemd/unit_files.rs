//! The installed unit and its drop-ins, as systemd would read them.
//!
//! Owns: where unit files are looked for, and which of them count. Invariant: reads a few small files, changes nothing, asks nobody.
//! May import: nothing. Tests: `sandbox_tests.rs`, `credential.rs`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The unit's name.
pub(crate) const UNIT: &str = "gphotos-syncd.service";

/// Where units are looked for, the first before the others (systemd.unit(5)); `$SYSTEMD_UNIT_PATH` goes before all of it.
const UNIT_DIRS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Where units are looked for on this machine, the first before the others.
pub(crate) fn unit_dirs() -> Vec<PathBuf> {
    let named = std::env::var_os("SYSTEMD_UNIT_PATH").filter(|path| !path.is_empty());
    named.map_or_else(
        || UNIT_DIRS.iter().map(PathBuf::from).collect(),
        |path| std::env::split_paths(&path).collect(),
    )
}

/// The settings of the unit's `[Service]` in `dirs` and of its drop-ins, in the order in which they hold; none if there is no unit.
pub(crate) fn service_settings(dirs: &[PathBuf]) -> Option<Vec<(String, String)>> {
    let main = dirs.iter().find_map(|dir| text_at(&dir.join(UNIT)))?;
    let mut settings = Vec::new();
    read_service(&main, &mut settings);
    // A drop-in hides those of its name in later folders; all together are read in name order.
    let mut drop_ins = BTreeMap::new();
    for dir in dirs {
        let Ok(entries) = fs::read_dir(dir.join(format!("{UNIT}.d"))) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension() == Some(OsStr::new("conf")) {
                drop_ins.entry(path.file_name().map(OsStr::to_owned)).or_insert(path);
            }
        }
    }
    for text in drop_ins.values().filter_map(|path| text_at(path)) {
        read_service(&text, &mut settings);
    }
    Some(settings)
}

fn read_service(text: &str, settings: &mut Vec<(String, String)>) {
    let mut in_service = false;
    for line in text.replace("\\\n", " ").lines().map(str::trim) {
        if line.starts_with('[') {
            in_service = line == "[Service]";
        } else if let Some((key, value)) = line.split_once('=').filter(|_| in_service) {
            settings.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
}

/// The text of a unit file; a link to `/dev/null` masks it.
fn text_at(path: &Path) -> Option<String> {
    let is_file = fs::metadata(path).is_ok_and(|found| found.is_file());
    is_file.then(|| fs::read(path).ok()).flatten().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
