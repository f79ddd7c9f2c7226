//! `--write-export`: an export on disk, and nothing served.

use fake_google::takeout::{Export, Form, Split, TakeoutLibrary};
use std::io::Write as _;
use std::path::Path;

use crate::Failure;
use crate::args::ExportArgs;

/// Writes the export, then prints the path of each part on a line of its own.
pub(crate) fn write(args: &ExportArgs, seed: u64, folder: &Path) -> Result<(), Failure> {
    let mut library = TakeoutLibrary::synthetic(args.items, &args.bytes, seed);
    if let Some((albums, each)) = args.export_albums {
        library.spread_albums(albums, each);
    }
    let mut export = Export::whole(args.stamp);
    export.split = Split::Parts(args.parts);
    if args.tgz {
        export.form = Form::Tgz;
    }
    if args.stored {
        export = export.stored();
    }
    let truth = export.write(&library, folder)?;
    if let Some(path) = &args.export_truth {
        std::fs::write(path, truth.to_json().to_string())?;
    }
    let mut out = std::io::stdout().lock();
    for part in &truth.parts {
        writeln!(out, "{}", part.display())?;
    }
    Ok(())
}
