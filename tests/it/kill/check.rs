//! What a library must be after a kill, and after one more run.
//!
//! Invariant: looks at the files and at a copy of the index, and changes nothing. May use: `context`, `exports`, `fake_google`.

use super::scene::Scene;
use crate::context::Home;
use crate::exports::hex;
use fake_google::{Content, Endpoint, TruthAlbum, TruthItem};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Sums are remembered of files up to this length, bytes.
const SMALL_BYTES_MAX: usize = 1 << 20;

/// One row of the index for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    path: String,
    is_stored: bool,
    sha256: String,
}

/// What the index knows, by item and part.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    rows: BTreeMap<(String, i64), Row>,
}

impl Known {
    /// Reads a copy, with its log: opening it would mend what a kill left.
    pub(crate) fn of(home: &Home, what: &str) -> Self {
        let copy = tempfile::tempdir().expect("a temporary folder");
        for name in ["index.sqlite", "index.sqlite-wal"] {
            let from = home.root("alice").join(".gphotos-syncd").join(name);
            if from.exists() {
                fs::copy(from, copy.path().join(name)).expect("writable");
            }
        }
        let index = rusqlite::Connection::open(copy.path().join("index.sqlite")).expect("it opens");
        let healthy: Result<String, _> = index.query_row("PRAGMA quick_check", [], |row| row.get(0));
        assert_eq!(healthy.as_deref(), Ok("ok"), "{what}: the index is damaged");
        let ask = "SELECT i.id, f.part, f.path, f.state = 1, coalesce(hex(f.sha256), '') FROM files f JOIN items i ON i.n = f.item";
        let Ok(mut find) = index.prepare(ask) else { return Self::default() };
        let rows = find.query_map([], |row| {
            let sha256: String = row.get(4)?;
            let found = Row { path: row.get(2)?, is_stored: row.get(3)?, sha256: sha256.to_lowercase() };
            Ok(((row.get(0)?, row.get(1)?), found))
        });
        let rows = rows.expect("a table").map(|row| row.expect("a row"));
        Self { rows: rows.collect() }
    }

    /// Fails unless all that was stored is, and every name is the item's still.
    pub(crate) fn assert_follows(&self, earlier: &Self, what: &str) {
        for (key, before) in &earlier.rows {
            let after = self.rows.get(key).unwrap_or_else(|| panic!("{what}: {key:?} is forgotten"));
            assert_eq!(after.path, before.path, "{what}: a name moved");
            assert!(after.is_stored || !before.is_stored, "{what}: {} is stored no longer", before.path);
        }
    }

    /// How many files of each item are stored.
    fn stored(&self) -> HashMap<&str, usize> {
        let mut found = HashMap::new();
        for ((id, _), _) in self.rows.iter().filter(|(_, row)| row.is_stored) {
            *found.entry(id.as_str()).or_default() += 1;
        }
        found
    }
}

/// The files below `photos/` by path, with their SHA-256, and the sidecars.
fn photos(home: &Home) -> (BTreeMap<String, String>, BTreeMap<String, Vec<u8>>) {
    let tree = home.tree("alice").into_iter().filter(|(path, _)| path.starts_with("photos/"));
    let (sidecars, files): (BTreeMap<_, _>, BTreeMap<_, _>) = tree
        .partition(|(path, _)| Path::new(path).extension().is_some_and(|ext| ext == "json" || ext == "xmp"));
    (files.into_iter().map(|(path, bytes)| (path, sum_of(&bytes))).collect(), sidecars)
}

/// The SHA-256 of every file that there should be, once for each.
fn wanted(scene: &Scene, home: &Home) -> Vec<String> {
    if scene.is_import {
        return exported(home);
    }
    let mut wanted = Vec::new();
    for item in home.google.truth("alice").items {
        wanted.extend(sums_of(scene, &item));
    }
    wanted.sort();
    wanted
}

/// The SHA-256 of an item's files. Every installation of a scene has the same items, so each is encoded and added up once.
fn sums_of(scene: &Scene, item: &TruthItem) -> Vec<String> {
    static KNOWN: Mutex<BTreeMap<(&str, String), Vec<String>>> = Mutex::new(BTreeMap::new());
    let key = (scene.name, item.id.clone());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let sums =
        || [Some(item.sha256()), item.clip.as_ref().map(Content::sha256)].into_iter().flatten().collect();
    known.entry(key).or_insert_with(sums).clone()
}

/// The SHA-256 of these bytes, added up once for all the files that have them.
fn sum_of(bytes: &[u8]) -> String {
    static KNOWN: Mutex<BTreeMap<Vec<u8>, String>> = Mutex::new(BTreeMap::new());
    if bytes.len() > SMALL_BYTES_MAX {
        return hex(bytes);
    }
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(bytes.to_vec()).or_insert_with(|| hex(bytes)).clone()
}

/// The SHA-256 of every picture in the export.
fn exported(home: &Home) -> Vec<String> {
    let text = fs::read_to_string(home.path("truth")).expect("the scene wrote it");
    text.lines().map(str::to_owned).collect()
}

/// What a kill may leave: whole files, an index that opens and says nothing that is not so.
pub(crate) fn assert_sound(scene: &Scene, home: &Home, what: &str) -> Known {
    let known = Known::of(home, what);
    let (files, sidecars) = photos(home);
    let wanted: BTreeSet<String> = wanted(scene, home).into_iter().collect();
    for (path, sum) in &files {
        assert!(wanted.contains(sum), "{what}: {path} is not whole");
    }
    for (path, text) in &sidecars {
        let text = std::str::from_utf8(text).unwrap_or_default();
        let is_whole = serde_json::from_str::<serde_json::Value>(text).is_ok()
            || text.trim_end().ends_with("<?xpacket end=\"w\"?>");
        assert!(is_whole, "{what}: {path} is not whole: {text}");
    }
    for row in known.rows.values().filter(|row| row.is_stored) {
        assert_eq!(files.get(&row.path), Some(&row.sha256), "{what}: {} is in the index alone", row.path);
    }
    known
}

/// What one more run must bring about.
pub(crate) fn assert_converged(scene: &Scene, home: &Home, before: &Known, what: &str) {
    let known = assert_sound(scene, home, what);
    known.assert_follows(before, what);
    let (files, sidecars) = photos(home);
    let mut sums: Vec<String> = files.values().cloned().collect();
    sums.sort();
    assert_eq!(sums, wanted(scene, home), "{what}: {:?}", files.keys());
    assert!(known.rows.values().all(|row| row.is_stored), "{what}: something is wanted still");
    if scene.sidecar != "none" {
        let items = home.google.truth("alice").items.len();
        assert_eq!(sidecars.len(), items, "{what}: {:?}", sidecars.keys());
    }
    assert_no_leftovers(home, what);
    if !scene.is_import {
        for album in home.google.truth("alice").albums {
            assert_album(scene, home, &album, what);
        }
        let token = fs::read_to_string(home.root("alice").join(".gphotos.token")).expect("it is there");
        let token: serde_json::Value = serde_json::from_str(&token).expect("it is whole");
        assert!(token["refresh_token"].is_string(), "{what}: {token}");
    }
}

/// Nothing is unfinished, anywhere.
fn assert_no_leftovers(home: &Home, what: &str) {
    for dir in [".gphotos-syncd/partial", ".gphotos-syncd/trash"] {
        let left = fs::read_dir(home.root("alice").join(dir)).into_iter().flatten().flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        assert!(left.is_empty(), "{what}: {dir} has {left:?}");
    }
    let top = fs::read_dir(home.root("alice")).expect("there").flatten().map(|entry| entry.file_name());
    let own = [".gphotos-syncd", ".gphotos.token", "photos", "albums"];
    for name in top {
        // A token that was being written is swept an hour later, when no other process can be writing it.
        let is_own =
            own.iter().any(|own| name == *own) || name.to_string_lossy().starts_with(".gphotos-syncd-tmp-");
        assert!(is_own, "{what}: {} is left", name.display());
    }
}

/// An album's folder has its items in its order, each with its bytes.
fn assert_album(scene: &Scene, home: &Home, album: &TruthAlbum, what: &str) {
    let truth = home.google.truth("alice");
    let root = home.root("alice");
    let in_album = |path: &String| path.starts_with("albums/") && path.contains(&album.title);
    let paths: Vec<String> = home.paths("alice").into_iter().filter(in_album).collect();
    assert_eq!(paths.len(), album.items.len(), "{what}: {paths:?}");
    for (path, id) in paths.iter().zip(&album.items) {
        let item = truth.items.iter().find(|item| item.id == *id).expect("an album has items of the library");
        let bytes = fs::read(root.join(path)).unwrap_or_else(|e| panic!("{what}: {path}: {e}"));
        assert_eq!(sum_of(&bytes), sums_of(scene, item)[0], "{what}: {path} is not {:?}", item.filename);
    }
}

/// How many large files can be gone on from.
pub(crate) fn resumable(home: &Home) -> usize {
    let partial = fs::read_dir(home.root("alice").join(".gphotos-syncd/partial"));
    let names = partial.into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter(|name| name.to_string_lossy().matches('.').count() == 2).count()
}

/// Nothing that the index knew was fetched again, and large files were gone on with.
pub(crate) fn assert_nothing_came_twice(
    scene: &Scene,
    home: &Home,
    known: &Known,
    resumable: usize,
    what: &str,
) {
    if scene.is_import {
        return;
    }
    let stored = known.stored();
    let truth = home.google.truth("alice");
    let whole: BTreeSet<&str> = truth
        .items
        .iter()
        .filter(|item| stored.get(item.id.as_str()) == Some(&(1 + usize::from(item.clip.is_some()))))
        .map(|item| item.id.as_str())
        .collect();
    let stats = home.google.stats();
    let asked = stats.log.iter().filter(|entry| entry.endpoint == Endpoint::Media);
    let mut resumed = 0;
    for entry in asked {
        let id = entry.item.as_deref().unwrap_or_default();
        assert!(!whole.contains(id), "{what}: {id} was fetched again");
        resumed += usize::from(entry.range.as_deref().is_some_and(|range| !range.starts_with("bytes=0-")));
    }
    assert!(resumed >= resumable, "{what}: {resumable} files could be gone on with, {resumed} were");
}

/// After a stop that was heeded, every visible file is in the index, and what is unfinished can be gone on with.
pub(crate) fn assert_all_committed(home: &Home, known: &Known, what: &str) {
    let stored: BTreeSet<&str> =
        known.rows.values().filter(|row| row.is_stored).map(|row| row.path.as_str()).collect();
    let (files, _) = photos(home);
    for path in files.keys() {
        assert!(stored.contains(path.as_str()), "{what}: the index does not know {path}");
    }
    let partial = fs::read_dir(home.root("alice").join(".gphotos-syncd/partial"));
    let names: Vec<_> = partial.into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), resumable(home), "{what}: {names:?}");
}

/// `verify` finds every stored file as it was stored.
pub(crate) fn assert_verified(home: &Home, known: &Known, what: &str) {
    let ran = home.run(&["verify", "alice"]);
    let has_files = known.rows.values().any(|row| row.is_stored);
    assert!(ran.code == 0 || !has_files, "{what}: {}\n{}\n{}", ran.code, ran.out, ran.err);
}
