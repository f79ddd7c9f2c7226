//! A configuration from any text.
//!
//! Invariant: see `crate::fuzzing`. Looks at no file but the paths that the text names. May import: `names`. Tests:
//! `src/fuzzing/tests.rs`.

use chrono::{DateTime, Utc};
use std::path::{Component, Path, PathBuf};

use crate::config::fault::{Faults, SourceFile};
use crate::config::{Built, Config, Library};
use crate::names::fuzzing::assert_below;

/// The text of the main file: it is refused with a report, or every value is in its bounds.
pub(crate) fn text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let path = PathBuf::from("/nowhere/config.toml");
    let files = vec![SourceFile { path: path.clone(), text: text.to_owned() }];
    let built = Built::of_files(path, files, Faults::default());
    match built.and_then(|(built, files)| built.finish(&files)) {
        Ok(config) => check(&config),
        Err(error) => {
            assert!(error.report.contains("error"), "a refusal without a reason: {:?}", error.report);
            assert!(!error.report.contains('\u{1b}'), "the report moves the cursor: {:?}", error.report);
        }
    }
}

fn check(config: &Config) {
    for url in [&config.google.endpoints.library, &config.google.endpoints.drive] {
        assert!(matches!(url.scheme(), "http" | "https") && url.has_host(), "{url}");
    }
    let limits = &config.limits;
    assert!(limits.api_requests_per_second.is_finite() && limits.media_requests_per_second.is_finite());
    config.libraries.values().for_each(check_library);
}

fn check_library(library: &Library) {
    let folders = [Some(&library.root), library.index_dir.as_ref(), library.takeout.inbox.as_ref()];
    folders.into_iter().flatten().for_each(|folder| assert_plain(folder));
    for moment in [None, Some(DateTime::<Utc>::UNIX_EPOCH), Some(DateTime::<Utc>::MAX_UTC)] {
        let dir = library.layout.dir_for(moment.filter(|_| moment != Some(DateTime::<Utc>::MAX_UTC)));
        assert_below(&dir);
        if let Some(moment) = moment {
            let next = library.schedule.next_after(&moment);
            assert!(next.is_none_or(|next| next > moment));
        }
    }
    assert_eq!(library.file_mode & !0o777, 0, "{:o}", library.file_mode);
}

/// Absolute, and what it says is what is meant.
fn assert_plain(path: &Path) {
    let is_up = |part: Component<'_>| matches!(part, Component::ParentDir | Component::CurDir);
    assert!(path.is_absolute() && !path.components().any(is_up), "{}", path.display());
}
