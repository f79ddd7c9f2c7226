//! What becomes of the archives of a set that is proven complete.
//!
//! Invariant: blocks; nothing happens to an archive that is not, at that very moment, the one that was read; an unpacked folder is
//! never touched. May import: `archive`, `config`. Tests: `tests/it`.

use std::path::{Path, PathBuf};

use crate::archive::Part;
use crate::config::AfterImport;
use crate::job::Outcome;
use crate::job::faults::{end_of_store, text_of};
use crate::job::import::balance::Balance;
use crate::job::import::parts::ExportSet;
use crate::job::tools::{Tools, blocking};

/// The folder that archives are moved to, beside them.
const DONE_DIR: &str = "imported";

/// Does with the archives what the library wishes.
///
/// # Errors
/// Why the run must end; an archive that cannot be moved is said and left.
pub(crate) async fn dispose_of(tools: &Tools, set: &ExportSet, balance: &Balance) -> Result<(), Outcome> {
    let wish = tools.library.takeout.after_import;
    if wish == AfterImport::Keep {
        return Ok(());
    }
    let known = tools.store.fingerprints(balance.export).await.map_err(|error| end_of_store(&error))?;
    for (_, found) in set.parts.iter().filter(|(_, found)| !found.is_folder && found.drive.is_none()) {
        let (path, known) = (found.path.clone(), known.clone());
        let done = blocking(move || dispose_one(&path, wish, &known)).await?;
        if let Err(reason) = done {
            tracing::warn!(library = %tools.library.name, part = found.name, reason, "an imported archive stays");
            tools.leave_undone(format!("the imported archive `{}` stays: {reason}", found.name));
        }
    }
    Ok(())
}

fn dispose_one(path: &Path, wish: AfterImport, known: &[[u8; 32]]) -> Result<(), String> {
    let mut part = Part::open(path).map_err(|error| text_of(&error))?;
    let fingerprint = part.fingerprint().map_err(|error| text_of(&error))?;
    if !known.contains(&fingerprint) {
        return Err("it is another one than was read".to_owned());
    }
    match wish {
        AfterImport::Keep => Ok(()),
        AfterImport::Delete => std::fs::remove_file(path).map_err(|error| error.to_string()),
        AfterImport::Move => move_aside(path).map_err(|error| error.to_string()),
    }
}

/// Moves the archive to the folder beside it; a name that is taken there gets a number.
fn move_aside(path: &Path) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("/")).join(DONE_DIR);
    std::fs::create_dir_all(&dir)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let free = |n: u32| -> PathBuf { dir.join(if n == 1 { name.clone() } else { format!("{n}-{name}") }) };
    for n in 1..=1000 {
        match std::fs::hard_link(path, free(n)) {
            Ok(()) => return std::fs::remove_file(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            // A file system without hard links: nothing is there, and nobody else writes here.
            Err(_) if !free(n).exists() => return std::fs::rename(path, free(n)),
            Err(error) => return Err(error),
        }
    }
    Err(std::io::ErrorKind::AlreadyExists.into())
}
