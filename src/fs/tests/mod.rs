//! Tests of the file system's edge, over real temporary folders.

mod atomic;
mod errors;
mod links;
mod lock;
mod place;
mod root;

use std::io::Write as _;
use std::path::Path;
use tempfile::TempDir;

use crate::fs::Root;

/// A root in a temporary folder, twice: reached with `openat2`, and component by component.
fn both_ways(test: impl Fn(&Root, &Path)) {
    for by_component in [false, true] {
        let dir = TempDir::new().unwrap();
        let inside = dir.path().join("root");
        std::fs::create_dir(&inside).unwrap();
        let root = Root::open(&inside).unwrap();
        if by_component {
            root.shared.beneath.go_by_component();
        }
        test(&root, &inside);
    }
}

fn put(root: &Root, path: &str, text: &str) {
    if let Some((dir, _)) = path.rsplit_once('/') {
        root.create_dir_all(dir).unwrap();
    }
    root.open_partial(path, 0o600, false).unwrap().write_all(text.as_bytes()).unwrap();
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
