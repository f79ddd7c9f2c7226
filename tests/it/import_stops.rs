//! Imports that are killed, stopped or run out of room: nothing is lost, nothing comes twice, the same command goes on.

use crate::context::{Home, Ran};
use crate::exports::{STAMP, assert_all_there, export_status, import, offline, photos, staged, text, zip};
use crate::roots::{command_after, enlarge, small_disk};
use fake_google::archive::ZipEntry;
use fake_google::takeout::{Export, Form, TakeoutItem, TakeoutLibrary};
use fake_google::{Content, Magic};
use std::fs;
use std::os::unix::fs::MetadataExt as _;

/// The next of a row of numbers that begins with a seed (Knuth's MMIX).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// What an import has brought about so far, by three measures of which one moves in each of its phases.
fn progress(home: &Home, measure: u64) -> u64 {
    let root = home.root("alice");
    match measure {
        0 => staged(home) as u64,
        1 => walk(&root.join("photos")),
        _ => fs::metadata(root.join(".gphotos-syncd/index.sqlite-wal")).map_or(0, |found| found.len() / 4096),
    }
}

/// How many files are below `dir`, which changes meanwhile.
fn walk(dir: &std::path::Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { 1 }).sum()
}

#[test]
fn an_import_killed_at_many_points_ends_as_one_that_was_not() {
    const FILES: u64 = 240;
    let mut library = TakeoutLibrary::synthetic(FILES, &(2_000..=12_000), 11);
    library.spread_albums(4, 20);
    let mut seed = 20_261;
    for form in [Form::Zip, Form::Zip, Form::Zip, Form::Zip, Form::Tgz] {
        let home = offline();
        let truth =
            Export::at(STAMP).form(form).parts(2).write(&library, &home.path("inbox")).expect("writable");
        let parts: Vec<&str> = truth.parts.iter().map(|part| part.to_str().expect("plain")).collect();
        for kill in 0..5 {
            let measure = [0, 2, 1, 2, 1][kill];
            let point = next(&mut seed) % (FILES * (kill as u64 + 1) / 6) + 1;
            let mut running = home.start(&[&["import", "alice"], &parts[..]].concat());
            crate::wait::until("the point to kill at, or the end", || {
                progress(&home, measure) >= point || running.child().try_wait().is_ok_and(|end| end.is_some())
            });
            let _ = running.child().kill();
            running.wait();
        }
        import(&home, &truth).assert(0, &["safe to delete"]);
        assert_all_there(&home, &truth);
        let status = export_status(&home);
        assert_eq!(status["entries"].as_u64(), Some(truth.entries.len() as u64), "{status}");
        let albums = home.paths("alice").into_iter().filter(|path| path.starts_with("albums/")).count();
        assert_eq!(albums, 80);
    }
}

#[test]
fn a_stop_is_heeded_in_the_middle_of_a_long_file() {
    let home = offline();
    let path = home.path("inbox/a.zip");
    let film = Content::Noise { seed: 3, len: 64 << 20, magic: Magic::Mp4 };
    let name = |name: &str| format!("Takeout/Google Photos/Photos from 2023/{name}");
    let small = (ZipEntry::stored(name("small.jpg")), text("small"));
    let after = (ZipEntry::stored(name("z.jpg")), text("after"));
    zip(&path, &[small, (ZipEntry::stored(name("film.mp4")), film.clone()), after]);
    let mut running = home.start(&["import", "alice", path.to_str().expect("plain")]);
    let partial = home.root("alice").join(".gphotos-syncd/partial");
    let longest = || {
        let entries = fs::read_dir(&partial).into_iter().flatten().flatten();
        entries.filter_map(|entry| Some(entry.metadata().ok()?.size())).max().unwrap_or(0)
    };
    crate::wait::until("the film to come", || longest() > 1 << 20);
    running.signal("TERM");
    let ran = running.wait();
    ran.assert(1, &["the same command goes on from there"]);
    assert!(!ran.says("safe to delete"), "{}", ran.out);
    // It did not wait for the film: only what was before it is kept.
    assert_eq!(staged(&home), 1, "{}", ran.err);
    assert!(photos(&home).is_empty());
    crate::exports::import_one(&home, &path).assert(0, &["safe to delete"]);
    assert_eq!(photos(&home).len(), 3);
    assert!(photos(&home).into_values().any(|sum| sum == film.sha256()));
    assert_eq!(staged(&home), 0);
}

#[test]
fn a_disk_that_runs_full_keeps_what_came_and_with_room_the_import_goes_on() {
    for (command, size, least) in [("import", 12, "1 MiB"), ("sync", 12, "0 B"), ("import", 9, "0 B")] {
        let home = offline();
        let config = fs::read_to_string(home.path("config.toml")).expect("there");
        let least = format!("min-free-space = \"{least}\"");
        home.write_raw_config(&config.replace("min-free-space = \"1 MiB\"", &least));
        let library = TakeoutLibrary::synthetic(30, &(900_000..=1_100_000), 4);
        let truth = Export::at(STAMP).stored().write(&library, &home.path("inbox")).expect("writable");
        let part = truth.parts[0].to_str().expect("plain");
        let args: &[&str] = if command == "sync" { &["sync"] } else { &["import", "alice", part] };
        let (setup, teardown) = small_disk(&home, size);
        let Some(ran) = command_after(&home, args, &setup, &teardown) else { return };
        ran.assert(1, &["hint: "]);
        assert!(!ran.says("safe to delete"), "{}", ran.out);
        if command == "sync" {
            ran.assert(1, &["disk-full"]);
        }
        enlarge(&home);
        assert!(truth.parts[0].exists());
        assert!(photos(&home).is_empty());
        let ended: Ran = home.run(args);
        ended.assert(0, &[]);
        assert_all_there(&home, &truth);
        assert_eq!(export_status(&home)["complete"], true);
    }
}

#[test]
fn a_folder_that_cannot_be_made_costs_the_files_in_it_alone() {
    let home = offline();
    let mut library = TakeoutLibrary::default();
    for (n, year) in [2020, 2021, 2021, 2022].into_iter().enumerate() {
        library
            .add(TakeoutItem::named(format!("{n}.jpg")).taken(&format!("{year}-01-01T00:00:00Z")).edited());
    }
    let in_the_way = home.root("alice").join("photos/2021");
    fs::create_dir(home.root("alice").join("photos")).expect("writable");
    fs::write(&in_the_way, "mine").expect("writable");
    let truth = Export::at(STAMP).write(&library, &home.path("inbox")).expect("writable");
    import(&home, &truth).assert(1, &["4 files have no place yet", "could not be placed", "photos/2021.old"]);
    assert_eq!(photos(&home).len(), 1 + 4, "what can be placed is, and the file in the way stays");
    assert_eq!(fs::read(&in_the_way).expect("there"), b"mine");
    fs::remove_file(&in_the_way).expect("there");
    import(&home, &truth).assert(0, &["safe to delete"]);
    assert_all_there(&home, &truth);
}
