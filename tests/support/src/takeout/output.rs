//! Writing parts to disk, entry by entry.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use crate::archive::{Method, TarEntry, TarWriter, ZipEntry, ZipWriter};
use crate::takeout::export::{EntryFault, Export, ExportFault, Form, PartFault};
use crate::takeout::plan::Planned;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// Writes all parts into `folder`; gives their paths.
pub(crate) fn write(parts: &[Vec<Planned>], export: &Export, folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::create_dir_all(folder)?;
    if export.form == Form::Folder {
        parts.iter().try_for_each(|part| unpacked(part, folder))?;
        return Ok(vec![folder.join(export.part_name(1))]);
    }
    let mut paths = Vec::with_capacity(parts.len());
    for (number, part) in (1..).zip(parts) {
        let path = folder.join(export.part_name(number));
        let out = BufWriter::with_capacity(BUFFER_BYTES, File::create(&path)?);
        match export.form {
            Form::Zip | Form::Folder => zip(part, export, out)?,
            Form::Tgz => tgz(part, out)?,
        }
        shorten(&path, number, export)?;
        paths.push(path);
    }
    Ok(paths)
}

fn zip(part: &[Planned], export: &Export, out: BufWriter<File>) -> io::Result<()> {
    let mut zip = ZipWriter::new(out);
    for planned in part {
        let mut entry = ZipEntry {
            method: export.zip.method,
            descriptor: export.zip.descriptors,
            zip64: export.zip.zip64,
            mtime: planned.mtime,
            ..ZipEntry::new(&*planned.path)
        };
        match planned.fault {
            Some(EntryFault::WrongCrc) => entry.wrong_crc = true,
            Some(EntryFault::Encrypted) => entry.encrypted = true,
            Some(EntryFault::Method(number)) => entry.method = Method::Other(number),
            Some(EntryFault::ToldBytes(bytes)) => entry.told_bytes = Some(bytes),
            Some(EntryFault::Duplicate) | None => {}
        }
        zip.add(&entry, &planned.content)?;
    }
    zip.finish()?.flush()
}

fn tgz(part: &[Planned], out: BufWriter<File>) -> io::Result<()> {
    let mut tar = TarWriter::gzipped(out);
    for planned in part {
        let entry = TarEntry { mtime: planned.mtime, ..TarEntry::new(&*planned.path) };
        tar.add(&entry, &planned.content)?;
    }
    tar.finish_gzip()?.flush()
}

fn unpacked(part: &[Planned], folder: &Path) -> io::Result<()> {
    for planned in part {
        let path = folder.join(&planned.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut out = BufWriter::new(File::create(&path)?);
        planned.content.open().try_each(|piece| out.write_all(piece))?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.set_modified(planned.mtime.into())?;
    }
    Ok(())
}

fn shorten(path: &Path, number: u32, export: &Export) -> io::Result<()> {
    for fault in &export.faults {
        if let ExportFault::Part(part, fault) = fault
            && *part == number
        {
            let file = File::options().write(true).open(path)?;
            let bytes = file.metadata()?.len();
            file.set_len(match fault {
                PartFault::Keep(keep) => bytes.min(*keep),
                PartFault::Cut(cut) => bytes.saturating_sub(*cut),
            })?;
        }
    }
    Ok(())
}
