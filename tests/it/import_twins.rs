//! One photo from two sources: one file, the original's, whichever came first.

use crate::context::Home;
use crate::exports::{STAMP, hex, photos};
use fake_google::takeout::{Export, ExportTruth, TakeoutItem, TakeoutLibrary};
use fake_google::{Content, Endpoint, ItemSpec, Magic};
use std::collections::BTreeSet;
use std::fs;

/// How many photos the account has.
const PHOTOS: u64 = 6;
/// How many of them the Library API gives in other bytes than the export.
const LESSER: usize = 3;

/// A library with both sources, whose account has some photos in an album.
fn both(keys: &str) -> Home {
    let home = Home::with(&["alice"]);
    fs::create_dir(home.path("inbox")).expect("writable");
    home.append_config(&format!(
        "sources = [\"library-api\", \"takeout\"]\ninbox = \"inbox\"\ninbox-quiet = \"0s\"\n{keys}"
    ));
    let user = home.google.account("alice");
    let ids: Vec<String> = (0..PHOTOS)
        .map(|n| {
            user.add_photo(
                ItemSpec::named(format!("IMG_{n}.jpg"))
                    .created(&format!("2024-05-0{}T10:00:00Z", n + 1))
                    .len(3_000 + n),
            )
        })
        .collect();
    user.add_album("Both", &ids);
    home
}

/// The account's library as an export has it: the first photos in better bytes.
fn better(home: &Home) -> TakeoutLibrary {
    let mut library = TakeoutLibrary::of_account(&home.google.truth("alice"));
    for (n, item) in (0..).zip(library.items.iter_mut().take(LESSER)) {
        let content = Content::Noise { seed: 900 + n, len: 9_000 + n, magic: Magic::Jpeg };
        let changed: TakeoutItem = item.clone().content(content);
        *item = changed;
    }
    library
}

fn export(home: &Home, library: &TakeoutLibrary) -> ExportTruth {
    Export::at(STAMP).write(library, &home.path("inbox")).expect("writable")
}

/// What is in the album's folder, as the bytes that each link leads to.
fn album(home: &Home) -> BTreeSet<String> {
    let tree = home.tree("alice");
    let links = tree.keys().filter(|path| path.starts_with("albums/") && path.contains("Both"));
    links.map(|path| hex(&fs::read(home.root("alice").join(path)).expect("no link is dead"))).collect()
}

/// What lies aside.
fn aside(home: &Home) -> usize {
    fn walk(dir: &std::path::Path) -> usize {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        entries.map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { 1 }).sum()
    }
    walk(&home.root("alice").join(".gphotos-syncd/aside"))
}

/// Brings both sources in one order or the other.
fn bring(home: &Home, library: &TakeoutLibrary, is_export_first: bool) -> ExportTruth {
    if is_export_first {
        let truth = export(home, library);
        let part = truth.parts[0].to_str().expect("plain");
        home.run(&["import", "alice", part]).assert(0, &["safe to delete"]);
        home.run_ok(&["sync"]);
        truth
    } else {
        home.run_ok(&["sync"]);
        let truth = export(home, library);
        home.run_ok(&["sync"]);
        truth
    }
}

/// A run after all came fetches nothing and changes nothing.
#[track_caller]
fn assert_settled(home: &Home) {
    let before = home.tree("alice");
    home.google.reset_stats();
    for args in [&["sync"][..], &["sync"]] {
        home.run_ok(args);
    }
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0, "something is fetched again");
    assert!(home.tree("alice") == before, "{:?}", home.paths("alice"));
}

#[test]
fn the_same_bytes_from_both_sources_are_one_file_in_either_order() {
    for is_export_first in [false, true] {
        let home = both("");
        let truth = bring(&home, &TakeoutLibrary::of_account(&home.google.truth("alice")), is_export_first);
        let photos = photos(&home);
        assert_eq!(photos.len() as u64, PHOTOS, "{is_export_first}: {photos:?}");
        let sums: BTreeSet<String> = photos.into_values().collect();
        assert_eq!(sums, truth.media_sha256());
        assert_eq!(album(&home), sums);
        assert_eq!(aside(&home), 0, "the same bytes need not be kept twice");
        assert_settled(&home);
    }
}

#[test]
fn the_lesser_copy_goes_where_it_is_wished_and_albums_lead_to_the_original() {
    for is_export_first in [false, true] {
        for (wish, copies, aside_count) in [("aside", 0, LESSER), ("replace", 0, 0), ("keep", LESSER, 0)] {
            let what = format!("{wish}, export first: {is_export_first}");
            let home = both(&format!("lesser-copy = \"{wish}\"\n"));
            let truth = bring(&home, &better(&home), is_export_first);
            let photos = photos(&home);
            assert_eq!(photos.len(), truth.media_sha256().len() + copies, "{what}: {photos:?}");
            let sums: BTreeSet<String> = photos.into_values().collect();
            assert!(sums.is_superset(&truth.media_sha256()), "{what}");
            assert_eq!(aside(&home), aside_count, "{what}");
            let album = album(&home);
            if wish == "keep" {
                assert!(album.is_subset(&sums), "{what}");
            } else {
                assert_eq!(album, truth.media_sha256(), "{what}");
            }
            assert_settled(&home);
        }
    }
}

#[test]
fn a_copy_that_somebody_changed_stays() {
    for wish in ["aside", "replace"] {
        let home = both(&format!("lesser-copy = \"{wish}\"\n"));
        home.run_ok(&["sync"]);
        // As long as it was, and not the same.
        let mine = home.root("alice").join("photos/2024/05/IMG_0.jpg");
        let bytes: Vec<u8> = fs::read(&mine).expect("there").into_iter().map(|byte| !byte).collect();
        fs::write(&mine, &bytes).expect("own");
        let truth = export(&home, &better(&home));
        home.run_ok(&["sync"]);
        assert_eq!(fs::read(&mine).expect("it stays"), bytes, "{wish}");
        let there: BTreeSet<String> = photos(&home).into_values().collect();
        assert!(there.is_superset(&truth.media_sha256()), "{wish}");
        assert_eq!(there.len() as u64, PHOTOS + 1, "{wish}: the other copies gave way");
    }
}

#[test]
fn the_sidecar_of_a_copy_that_gives_way_goes_with_it() {
    let home = both("lesser-copy = \"replace\"\nsidecar = \"json\"\n");
    let truth = bring(&home, &better(&home), false);
    let files: BTreeSet<String> =
        home.paths("alice").into_iter().filter(|path| path.starts_with("photos/")).collect();
    for path in &files {
        let of = path.strip_suffix(".json").unwrap_or(path);
        assert!(files.contains(of), "{path} is beside nothing: {files:?}");
    }
    assert_eq!(files.iter().filter(|path| !path.contains(".json")).count(), truth.media_sha256().len());
}
