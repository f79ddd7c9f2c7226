//! Whole files or none: written under another name, made durable, then renamed over the old one.
//!
//! Owns: temporary names and the order of the calls. Invariant: until the rename the old file is as it was, and no
//! file is ever more readable than its final mode. May import: `fs`. Tests: in `fs/tests/atomic.rs`.

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::{Errno, Result};
use std::ffi::CStr;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::fs::FsError;

/// Names tried before giving up; one that is taken is a leftover of a killed process, so a few are plenty.
const TEMP_NAMES_MAX: u32 = 16;

/// What their names begin with.
const TEMP_PREFIX: &str = ".gphotos-syncd-tmp-";

/// No process takes so long to write a token or a count, seconds.
const LEFTOVER_SECS_MAX: i64 = 3_600;

/// The mode of a file that is being written: nobody else's business yet.
const WRITING_MODE: u32 = 0o600;

/// Distinguishes the temporary files of this process.
static TEMP_COUNT: AtomicU64 = AtomicU64::new(0);

/// Writes a whole file at an absolute path: temp file beside it with `mode` from the first instant, fsync, rename, fsync of the folder.
/// Links on the way to the folder are followed; a link at `path` itself is replaced.
///
/// # Errors
/// See [`FsError`]; the old file is left as it was.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> std::result::Result<(), FsError> {
    let fail = |source: std::io::Error| FsError { what: "write the file", path: path.to_owned(), source };
    let name = path.file_name().ok_or_else(|| fail(Errno::INVAL.into()))?;
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir = rustix::fs::openat(CWD, parent, flags, Mode::empty()).map_err(|e| fail(e.into()))?;
    replace(&dir, &dir, Path::new(name), bytes, mode).map_err(fail)?;
    sweep(&dir, Path::new(name));
    Ok(())
}

/// Removes what killed processes left in `dir` while they wrote a file of this kind, judged by the time of `name`, just written, so that
/// one clock counts, that of the file system. A fault is left to the next write.
fn sweep(dir: &OwnedFd, name: &Path) {
    let mtime =
        |name: &CStr| rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).map(|stat| stat.st_mtime);
    let Ok(now) = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) else { return };
    let Ok(entries) = rustix::fs::Dir::read_from(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_temp = name.to_bytes().starts_with(TEMP_PREFIX.as_bytes());
        if is_temp && mtime(name).is_ok_and(|then| now.st_mtime.saturating_sub(then) > LEFTOVER_SECS_MAX) {
            let _ = rustix::fs::unlinkat(dir, name, AtFlags::empty());
        }
    }
}

/// Writes a file in `temp_dir` and renames it over `name` in `dir`, which must be readable (not `O_PATH`) for its fsync.
pub(crate) fn replace(
    temp_dir: impl AsFd,
    dir: impl AsFd,
    name: &Path,
    bytes: &[u8],
    mode: u32,
) -> std::io::Result<()> {
    let (temp, file) = create_temp(&temp_dir)?;
    let done = fill(File::from(file), bytes, mode)
        .and_then(|()| Ok(rustix::fs::renameat(&temp_dir, &temp, &dir, name)?));
    if done.is_err() {
        // The first error is the one to tell; a leftover has a name that nothing else uses.
        let _ = rustix::fs::unlinkat(&temp_dir, &temp, AtFlags::empty());
    }
    done.and_then(|()| Ok(rustix::fs::fsync(dir)?))
}

/// Gives an open file its mode. File systems without modes (FAT) refuse; that is an error only if others could read more than `mode` says.
pub(crate) fn set_mode(file: impl AsFd, mode: u32) -> Result<()> {
    let Err(errno) = rustix::fs::fchmod(&file, Mode::from_raw_mode(mode)) else { return Ok(()) };
    let actual = rustix::fs::fstat(&file)?.st_mode & 0o777;
    if actual & !mode == 0 { Ok(()) } else { Err(errno) }
}

fn fill(mut file: File, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    file.write_all(bytes)?;
    set_mode(&file, mode)?;
    file.sync_all()
}

fn create_temp(dir: impl AsFd) -> Result<(String, OwnedFd)> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    for _ in 0..TEMP_NAMES_MAX {
        let name = temp_name();
        match rustix::fs::openat(&dir, &name, flags, Mode::from_raw_mode(WRITING_MODE)) {
            Err(Errno::EXIST) => {}
            answer => return answer.map(|fd| (name, fd)),
        }
    }
    Err(Errno::EXIST)
}

/// In a container every process may be number 1, so that the number and the counter alone would meet the leftovers of the last start.
fn temp_name() -> String {
    let count = TEMP_COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{TEMP_PREFIX}{}-{count}-{:08x}", std::process::id(), rand::random::<u32>())
}
