//! Names on disk, whatever titles and filenames Google tells: legal, inside the root, never another item's.

use crate::context::Home;
use fake_google::{Effect, Endpoint, Fault, Field, ItemSpec};
use std::fs;
use std::path::Path;

/// All items of these tests are of one month.
const DAY: &str = "2024-07-01T10:00:00Z";
/// Where they go.
const MONTH: &str = "photos/2024/07";

fn named(name: &str) -> ItemSpec {
    ItemSpec::named(name).created(DAY).len(1_000)
}

/// The names in the month's folder.
fn names(home: &Home) -> Vec<String> {
    let paths = home.paths("alice");
    let inside = paths.iter().filter_map(|path| path.strip_prefix(MONTH)?.strip_prefix('/'));
    inside.map(str::to_owned).collect()
}

/// Fails unless the folder of the installation holds what it held before a run and nothing else.
pub(crate) fn assert_nothing_outside(home: &Home) {
    let mut found: Vec<String> = fs::read_dir(home.dir.path())
        .expect("readable")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert_eq!(found, ["alice", "client_secret.json", "config.toml", "run", "state"]);
    let mut in_root: Vec<String> = fs::read_dir(home.root("alice"))
        .expect("readable")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .filter(|name| !["photos", "albums"].contains(&name.as_str()))
        .collect();
    in_root.sort();
    assert_eq!(in_root, [".gphotos-syncd", ".gphotos.token"]);
}

/// Hostile filenames, and what they become.
fn hostile() -> Vec<(String, &'static str)> {
    let table = [
        ("..", ""),
        (".", ""),
        ("/", "_"),
        ("a/b.jpg", "a_b.jpg"),
        ("../../../etc/passwd", "_._.._.._etc_passwd"),
        ("/etc/shadow.jpg", "_etc_shadow.jpg"),
        ("n\0l.jpg", "n_l.jpg"),
        ("line\nbreak.jpg", "line_break.jpg"),
        ("\u{1b}[31mred.jpg", "_[31mred.jpg"),
        ("gpj.\u{202e}exe.jpg", "gpj._exe.jpg"),
        (".hidden.jpg", "_hidden.jpg"),
        (".gphotos.token", "_gphotos.token"),
        ("trailing. . ", "trailing"),
        ("Grüße aus 東京.jpg", "Grüße aus 東京.jpg"),
    ];
    table.map(|(name, becomes)| (name.to_owned(), becomes)).to_vec()
}

#[test]
fn hostile_filenames_become_plain_names_inside_the_root() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for (name, _) in hostile() {
        alice.add_photo(named(&name));
    }
    alice.add_photo(named(""));
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    assert_nothing_outside(&home);
    let found = names(&home);
    for (name, becomes) in hostile() {
        assert!(becomes.is_empty() || found.iter().any(|f| f == becomes), "{name:?}: {becomes} in {found:?}");
    }
    assert!(
        found.iter().all(|name| !name.contains(|c: char| c.is_control() || c == '\u{202e}')),
        "{found:?}"
    );
    assert_eq!(home.google.stats().requests(Endpoint::Media), found.len() as u64);
}

#[test]
fn a_name_of_300_bytes_keeps_its_extension_and_whole_characters() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let family = "👨‍👩‍👧‍👦".repeat(12);
    assert!(family.len() >= 300);
    for _ in 0..2 {
        alice.add_photo(named(&format!("{family}.jpg")));
    }
    alice.add_album(&family, &[&alice.add_photo(named("in.jpg"))]);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let found = names(&home);
    assert_eq!(found.len(), 3);
    for name in found.iter().filter(|name| *name != "in.jpg") {
        assert!(
            name.len() <= 255 && name.len() > 200 && Path::new(name).extension().is_some_and(|e| e == "jpg"),
            "{name}"
        );
        assert!(
            !name.contains('\u{fffd}') && !name.contains("\u{200d}.") && !name.contains("\u{200d} "),
            "{name}"
        );
    }
    assert!(found.iter().any(|name| name.ends_with(" (2).jpg")), "{found:?}");
}

#[test]
fn hostile_album_titles_stay_below_albums() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let photo = alice.add_photo(named("a.jpg"));
    for title in ["..", ".", "", "/", "../../up", "/abs", "a/b", "n\0l", "\u{202e}drawkcab", "..", "CON"] {
        alice.add_album(title, &[&photo]);
    }
    home.run_ok(&["sync"]);
    assert_nothing_outside(&home);
    let tree = home.tree("alice");
    let links: Vec<_> = tree.iter().filter(|(path, _)| path.starts_with("albums/")).collect();
    assert_eq!(links.len(), 11, "{:?}", tree.keys());
    for (path, target) in links {
        assert!(path.starts_with("albums/2024/0701") && path.split('/').count() == 4, "{path:?}");
        assert_eq!(target, b"-> ../../../photos/2024/07/a.jpg");
        assert!(home.root("alice").join(path).exists(), "{path} dangles");
    }
}

#[test]
fn portable_names_are_legal_on_windows_and_differ_in_more_than_case() {
    let home = Home::with(&["alice"]);
    home.append_config("portable-names = true\n");
    let alice = home.google.account("alice");
    for name in ["CON", "con.jpg", "NUL.mp4.jpg", "a:b*c?.jpg", "x\\y.jpg", "end.jpg. ", "LPT1.png"] {
        alice.add_photo(named(name));
    }
    for name in ["Beach.jpg", "beach.JPG", "BEACH.jpg", "Straße.jpg", "STRASSE.jpg"] {
        alice.add_photo(named(name));
    }
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let found = names(&home);
    let mut folded: Vec<String> = found.iter().map(|name| name.to_lowercase()).collect();
    folded.sort();
    folded.dedup();
    assert_eq!((folded.len(), found.len()), (12, 12), "{found:?}");
    for name in &found {
        assert!(
            !name.contains(['<', '>', ':', '"', '\\', '|', '?', '*']) && !name.ends_with(['.', ' ']),
            "{name}"
        );
        let base = name.split('.').next().unwrap_or_default().to_uppercase();
        assert!(!["CON", "NUL", "LPT1"].contains(&base.as_str()), "{name}");
    }
}

#[test]
fn without_portable_names_names_may_differ_in_case_alone() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for name in ["Beach.jpg", "beach.jpg", "CON", "a:b.jpg"] {
        alice.add_photo(named(name));
    }
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    assert_eq!(names(&home), ["Beach.jpg", "CON", "a:b.jpg", "beach.jpg"]);
}

#[test]
fn items_of_one_name_are_numbered_and_keep_their_numbers() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for content in ["one", "two", "three"] {
        alice.add_photo(named("x.jpg").bytes(content.as_bytes().to_vec()));
    }
    home.run_ok(&["sync"]);
    assert_eq!(names(&home), ["x (2).jpg", "x (3).jpg", "x.jpg"]);
    let first = home.tree("alice");
    home.run_ok(&["sync"]);
    assert_eq!(home.tree("alice"), first);

    alice.add_photo(named("x.jpg").bytes(b"four".to_vec()));
    home.run_ok(&["sync", "--full"]);
    let mut later = home.tree("alice");
    assert_eq!(later.remove(&format!("{MONTH}/x (4).jpg")).as_deref(), Some(&b"four"[..]));
    assert_eq!(later, first, "the names given once stay with their items");
    home.assert_complete("alice");
}

#[test]
fn a_name_that_looks_numbered_is_a_name_like_any_other() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for name in ["x (2).jpg", "x.jpg", "x.jpg", "x (2).jpg"] {
        alice.add_photo(named(name));
    }
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let found = names(&home);
    assert_eq!(found.len(), 4, "{found:?}");
    for name in ["x.jpg", "x (2).jpg"] {
        assert!(found.iter().any(|f| f == name), "{name} in {found:?}");
    }
}

#[test]
fn a_file_of_the_users_own_is_left_alone_and_the_item_gets_the_next_name() {
    let home = Home::with(&["alice"]);
    home.google.account("alice").add_photo(named("x.jpg").bytes(b"from Google".to_vec()));
    let own = home.root("alice").join(MONTH).join("x.jpg");
    put(&own, b"my own");
    home.run_ok(&["sync"]);
    assert_eq!(names(&home), ["x (2).jpg", "x.jpg"]);
    assert_eq!(fs::read(&own).expect("still there"), b"my own");
    assert_eq!(home.tree("alice")[&format!("{MONTH}/x (2).jpg")], b"from Google");
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
    assert_eq!(names(&home), ["x (2).jpg", "x.jpg"]);
}

#[test]
fn a_folder_or_link_at_the_wished_name_is_left_alone_too() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    alice.add_photo(named("dir.jpg"));
    alice.add_photo(named("link.jpg"));
    let month = home.root("alice").join(MONTH);
    fs::create_dir_all(month.join("dir.jpg")).expect("writable");
    put(&home.path("precious"), b"precious");
    std::os::unix::fs::symlink(home.path("precious"), month.join("link.jpg")).expect("writable");
    home.run_ok(&["sync"]);
    assert_eq!(fs::read(home.path("precious")).expect("still there"), b"precious");
    assert_eq!(names(&home), ["dir (2).jpg", "link (2).jpg", "link.jpg"]);
}

#[test]
fn an_identical_file_that_is_already_there_is_adopted() {
    let home = Home::with(&["alice"]);
    home.google.account("alice").add_photo(named("x.jpg").bytes(b"the very same".to_vec()));
    let own = home.root("alice").join(MONTH).join("x.jpg");
    put(&own, b"the very same");
    home.run_ok(&["sync"]);
    assert_eq!(names(&home), ["x.jpg"]);
    home.assert_complete("alice");
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
}

#[test]
fn an_item_that_lacks_a_field_still_comes_to_disk() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for (name, field) in [
        ("time.jpg", Field::CreationTime),
        ("meta.jpg", Field::MediaMetadata),
        ("mime.jpg", Field::MimeType),
        ("name.jpg", Field::Filename),
    ] {
        alice.add_photo(named(name).without(field));
    }
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let paths = home.paths("alice");
    for wanted in ["photos/undated/time.jpg", "photos/undated/meta.jpg", "photos/2024/07/mime.jpg"] {
        assert!(paths.iter().any(|path| path == wanted), "{wanted} in {paths:?}");
    }
    let unnamed = paths.iter().find(|path| path.starts_with(MONTH) && !path.ends_with("mime.jpg"));
    assert!(unnamed.is_some_and(|path| Path::new(path).extension().is_some()), "{paths:?}");
}

#[test]
fn an_item_without_address_is_asked_for_once_more() {
    let home = Home::with(&["alice"]);
    home.google.account("alice").add_photo(named("a.jpg"));
    let omit = Effect::Omit { field: Field::BaseUrl };
    home.google.fault(Fault::on(&[Endpoint::MediaItemsList], omit).item("a.jpg"));
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    assert_eq!(home.google.stats().requests(Endpoint::MediaItemsBatchGet), 1);
}

#[test]
fn an_entry_without_id_costs_no_other_item_its_place_and_is_told() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    alice.add_photo(named("good.jpg"));
    alice.add_photo(named("nameless.jpg").without(Field::Id));
    home.run(&["sync"]).assert(1, &["without an id"]);
    assert_eq!(names(&home), ["good.jpg"]);
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
    fs::write(path, bytes).expect("writable");
}
