//! Which files make up a configuration, and their texts.
//!
//! Invariant: reads only; a file that cannot be read is a fault, never a file that is left out in silence.
//! May import: nothing. Tests: `src/config/tests/`.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use crate::config::fault::{Fault, Faults, Place, SourceFile};

/// No configuration of a household comes near this; a wrong path to a video does, bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// More drop-ins than any installation has.
const DROP_INS_MAX: usize = 256;

/// The folder of drop-ins, beside the main file.
const DROP_IN_FOLDER: &str = "config.d";

/// The main file's text first, then its drop-ins' in name order.
pub(crate) fn read_all(main: &Path, faults: &mut Faults) -> Vec<SourceFile> {
    let mut files = Vec::new();
    match read_text(main) {
        Ok(bytes) => add(main, bytes, &mut files, faults),
        Err(error) => faults.push(main_fault(main, &error)),
    }
    let folder = main.parent().unwrap_or(Path::new("/")).join(DROP_IN_FOLDER);
    for path in drop_ins(&folder, faults) {
        match read_drop_in(&path) {
            Ok(bytes) => add(&path, bytes, &mut files, faults),
            Err(error) => faults.push(unreadable(&path, &error)),
        }
    }
    files
}

fn drop_ins(folder: &Path, faults: &mut Faults) -> Vec<PathBuf> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            faults.push(unreadable(folder, &error));
            return Vec::new();
        }
    };
    let mut paths = Vec::new();
    for entry in listing {
        match entry {
            Ok(entry) if is_drop_in(&entry.path()) => paths.push(entry.path()),
            Ok(_) => {}
            Err(error) => faults.push(unreadable(folder, &error)),
        }
    }
    paths.sort();
    if paths.len() > DROP_INS_MAX {
        let title =
            format!("{} files in the folder, more than the {DROP_INS_MAX} that are read", paths.len());
        faults.push(Fault::of_file(folder, title).hint("merge them into fewer files"));
        paths.truncate(DROP_INS_MAX);
    }
    paths
}

/// Editors leave hidden files beside those they edit; they are not configuration.
fn is_drop_in(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_some_and(|extension| extension == "toml")
}

fn read_drop_in(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.is_file() {
        return read_text(path);
    }
    // Opening a pipe would wait for its writer, perhaps for ever.
    Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"))
}

fn read_text(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "longer than 1 MiB, so hardly a configuration"));
    }
    Ok(bytes)
}

/// Takes the file's text in; text before the first byte that is not UTF-8 serves as excerpt.
fn add(path: &Path, bytes: Vec<u8>, files: &mut Vec<SourceFile>, faults: &mut Faults) {
    let path = path.to_owned();
    match String::from_utf8(bytes) {
        Ok(text) => files.push(SourceFile { path, text }),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let lossy = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let place = Place { file: files.len(), span: good..good + 1 };
            let fault = Fault::at(place, "the file is not UTF-8 text", "the first byte that is not UTF-8");
            faults.push(fault.hint("save the file as UTF-8"));
            files.push(SourceFile { path, text: lossy });
        }
    }
}

fn main_fault(path: &Path, error: &io::Error) -> Fault {
    if error.kind() != ErrorKind::NotFound {
        return unreadable(path, error);
    }
    Fault::of_file(path, "there is no configuration file at this path").hint(
        "write one, or name another one: `gphotos-syncd --config FILE check`, or `GPHOTOS_SYNCD_CONFIG=FILE`",
    )
}

fn unreadable(path: &Path, error: &io::Error) -> Fault {
    let fault = Fault::of_file(path, format!("cannot read this: {error}"));
    if error.kind() == ErrorKind::PermissionDenied {
        let hint =
            format!("let the daemon's user read it: `chmod o+rX '{}'`, or change its group", path.display());
        return fault.hint(hint).denied();
    }
    fault.hint("check the path, or remove it")
}
