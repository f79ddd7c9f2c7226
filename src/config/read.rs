//! Which files make up a configuration, and their texts.
//!
//! Invariant: reads only, and within a bound; a file that cannot be read is a fault, never a file that is left out in silence.
//! May import: `clock`. Tests: `src/config/tests/`.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::mono_now;
use crate::config::fault::{Fault, Faults, Place, SourceFile};

/// No configuration of a household comes near this; a wrong path to a video does, bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// More drop-ins than any installation has.
const DROP_INS_MAX: usize = 256;

/// How long whoever writes the main file through a pipe, such as a shell's `<(...)`, may take.
const PIPE_PATIENCE: Duration = Duration::from_secs(10);

/// What a pipe gives at once, bytes: its whole buffer, see pipe(7).
const PIPE_BYTES: usize = 64 * 1024;

/// The folder of drop-ins, beside the main file.
const DROP_IN_FOLDER: &str = "config.d";

/// The main file's text first, then its drop-ins' in name order.
pub(crate) fn read_all(main: &Path, faults: &mut Faults) -> Vec<SourceFile> {
    let mut files = Vec::new();
    match read_text(main, PIPE_PATIENCE) {
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
        return read_text(path, Duration::ZERO);
    }
    // A pipe in the folder is nobody's way to hand over settings.
    Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"))
}

/// The whole file; `patience` is for one that is a pipe.
fn read_text(path: &Path, patience: Duration) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for its writer, perhaps for ever.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let kind = file.metadata()?.file_type();
    let mut bytes = Vec::new();
    if kind.is_file() || kind.is_dir() {
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    } else {
        read_pipe(file, patience, &mut bytes)?;
    }
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "longer than 1 MiB, so hardly a configuration"));
    }
    Ok(bytes)
}

/// Reads until the writer has ended or more than a configuration is there, for at most `patience`.
fn read_pipe(mut pipe: File, patience: Duration, bytes: &mut Vec<u8>) -> io::Result<()> {
    let end = mono_now() + patience;
    let mut chunk = vec![0; PIPE_BYTES];
    while bytes.len() as u64 <= FILE_BYTES_MAX {
        let left = end.saturating_duration_since(mono_now());
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&pipe, PollFlags::IN)], Some(&left)) {
            Ok(0) => {
                let text = format!("not a file, and nothing came through it within {} s", patience.as_secs());
                return Err(io::Error::new(ErrorKind::TimedOut, text));
            }
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        match pipe.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
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
