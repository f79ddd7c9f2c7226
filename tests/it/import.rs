//! Takeout exports into a library, by the built binary: completeness, pairs, albums, faults, kills, the inbox.

use crate::context::Home;
use crate::exports::{STAMP, assert_all_there, export_status, import, offline, path_of, photos, varied};
use fake_google::takeout::{
    EntryFault, EntryRole, Export, ExportTruth, Form, Order, PartFault, SidecarForm, TakeoutLibrary,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

#[test]
fn an_export_in_three_parts_comes_whole_and_is_proven_so() {
    let home = offline();
    let truth = Export::at(STAMP).parts(3).write(&varied(), &home.path("inbox")).expect("writable");
    let ran = import(&home, &truth);
    ran.assert(0, &["3 parts", "safe to delete"]);
    assert_all_there(&home, &truth);
    let status = export_status(&home);
    assert_eq!(status["entries"].as_u64(), Some(truth.entries.len() as u64), "{status}");
    assert_eq!((status["complete"].as_bool(), status["refused"].as_u64()), (Some(true), Some(0)));
    assert_eq!(status["stored"].as_u64(), Some(truth.media_sha256().len() as u64));
    for item in &truth.items {
        let path = path_of(&home, &item.sha256());
        let taken = item.taken.expect("each has a date");
        assert!(path.starts_with(&format!("photos/{}/", taken.format("%Y/%m"))), "{path}");
        let mtime = fs::metadata(home.root("alice").join(&path)).expect("there").mtime();
        assert_eq!(mtime, taken.timestamp(), "{path}");
    }
    home.run(&["status", "alice"]).assert(0, &["proven complete", "token: not needed"]);
}

#[test]
fn a_second_import_of_the_same_parts_writes_nothing() {
    let home = offline();
    let truth = Export::at(STAMP).parts(2).write(&varied(), &home.path("inbox")).expect("writable");
    import(&home, &truth).assert(0, &["safe to delete"]);
    let stamp = |home: &Home| -> BTreeMap<String, (u64, i64, i64)> {
        let of = |path: &String| {
            let found = fs::symlink_metadata(home.root("alice").join(path)).expect("there");
            (found.ino(), found.mtime(), found.ctime_nsec())
        };
        home.paths("alice").into_iter().map(|path| (path.clone(), of(&path))).collect()
    };
    let before = stamp(&home);
    import(&home, &truth).assert(0, &["safe to delete"]);
    assert_eq!(stamp(&home), before);
    assert_all_there(&home, &truth);
}

#[test]
fn zip_tgz_and_an_unpacked_folder_give_the_same_files() {
    let mut trees = Vec::new();
    for form in [Form::Zip, Form::Tgz, Form::Folder] {
        let home = offline();
        let truth = Export::at(STAMP).form(form).write(&varied(), &home.path("inbox")).expect("writable");
        import(&home, &truth).assert(0, &["safe to delete"]);
        assert_all_there(&home, &truth);
        trees.push(home.tree("alice"));
    }
    for tree in &trees[1..] {
        assert!(tree.keys().eq(trees[0].keys()), "{:?}\n{:?}", tree.keys(), trees[0].keys());
        assert!(*tree == trees[0], "names are alike and bytes are not");
    }
}

#[test]
fn sidecars_are_found_in_any_part_and_order_by_both_rules_of_naming() {
    for (order, form) in [
        (Order::JsonLast, SidecarForm::Since2024),
        (Order::JsonFirst, SidecarForm::Until2024),
        (Order::Shuffled(7), SidecarForm::Since2024),
    ] {
        let home = offline();
        let export = Export::at(STAMP).parts(4).order(order).sidecars(form);
        let truth = export.write(&varied(), &home.path("inbox")).expect("writable");
        import(&home, &truth).assert(0, &["safe to delete"]);
        for item in &truth.items {
            let path = path_of(&home, &item.sha256());
            let stem = item.title.rsplit_once('.').expect("an extension").0;
            assert!(path.contains(stem), "{path} is not {} ({order:?})", item.title);
        }
    }
}

#[test]
fn an_edited_copy_and_a_clip_stand_beside_their_photo_under_its_name() {
    let home = offline();
    // A file of the user's own makes the photo another name, and what belongs to it follows.
    fs::create_dir_all(home.root("alice").join("photos/2023/07")).expect("writable");
    fs::write(home.root("alice").join("photos/2023/07/beach.jpg"), "mine").expect("writable");
    let truth = Export::at(STAMP).write(&varied(), &home.path("inbox")).expect("writable");
    import(&home, &truth).assert(0, &["safe to delete"]);
    let beach = truth.item("beach.jpg").expect("exported");
    assert_eq!(path_of(&home, &beach.sha256()), "photos/2023/07/beach (2).jpg");
    let edited = beach.edited.as_ref().expect("edited").sha256();
    assert_eq!(path_of(&home, &edited), "photos/2023/07/beach (2)-edited.jpg");
    let live = truth.item("IMG_0001.HEIC").expect("exported");
    assert_eq!(path_of(&home, &live.sha256()), "photos/2023/07/IMG_0001.HEIC");
    let clip = live.clip.as_ref().expect("live").sha256();
    assert_eq!(path_of(&home, &clip), "photos/2023/07/IMG_0001.MP4");
    let mine = fs::read(home.root("alice").join("photos/2023/07/beach.jpg")).expect("there");
    assert_eq!(mine, b"mine");
}

#[test]
fn albums_have_their_real_titles_and_years_are_none() {
    let home = offline();
    let truth = Export::at(STAMP).parts(2).write(&varied(), &home.path("inbox")).expect("writable");
    import(&home, &truth).assert(0, &["safe to delete"]);
    let albums: Vec<String> =
        home.paths("alice").into_iter().filter(|path| path.starts_with("albums/")).collect();
    let in_album = |title: &str| albums.iter().filter(|path| path.contains(title)).count();
    assert_eq!(in_album("Summer: 2023?"), 3, "{albums:?}");
    assert_eq!(in_album("Only listed"), 1, "{albums:?}");
    assert_eq!(in_album("Photos from"), 0, "{albums:?}");
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_was() {
    let library = TakeoutLibrary::synthetic(600, &(2_000..=40_000), 5);
    for form in [Form::Zip, Form::Tgz] {
        let home = offline();
        let inbox = home.path(&format!("in-{form:?}"));
        fs::create_dir(&inbox).expect("writable");
        let truth = Export::at(STAMP).form(form).parts(2).write(&library, &inbox).expect("writable");
        let part = truth.parts[0].to_str().expect("plain");
        let mut running = home.start(&["import", "alice", part]);
        crate::wait::until("something is staged", || {
            let partial = home.root("alice").join(".gphotos-syncd/partial");
            fs::read_dir(partial).is_ok_and(|found| found.count() > 20)
        });
        running.signal("KILL");
        running.wait();
        import(&home, &truth).assert(0, &["safe to delete"]);
        assert_all_there(&home, &truth);
    }
}

#[test]
fn a_wrong_checksum_costs_its_own_entry_and_the_part_fetched_again_mends_it() {
    let home = offline();
    let bad = Export::at(STAMP).entry_fault("beach.jpg", EntryFault::WrongCrc);
    let truth = bad.write(&varied(), &home.path("inbox")).expect("writable");
    let ran = import(&home, &truth);
    ran.assert(1, &["NOT proven complete", "beach.jpg", "refused"]);
    let beach = truth.item("beach.jpg").expect("exported").sha256();
    assert!(!photos(&home).values().any(|sum| *sum == beach), "a file that is not right has a name");
    assert_eq!(photos(&home).len(), truth.media_sha256().len() - 1);
    let good = Export::at(STAMP).write(&varied(), &home.path("inbox")).expect("writable");
    import(&home, &good).assert(0, &["safe to delete"]);
    assert_all_there(&home, &good);
}

#[test]
fn a_part_that_is_cut_off_gives_what_it_has_and_is_said_to_be_cut() {
    for form in [Form::Zip, Form::Tgz] {
        let home = offline();
        let cut = Export::at(STAMP).form(form).part_fault(1, PartFault::Cut(200_000));
        let truth = cut.write(&varied(), &home.path("inbox")).expect("writable");
        let ran = import(&home, &truth);
        ran.assert(1, &["NOT proven complete", "is damaged"]);
        let there: BTreeSet<String> = photos(&home).into_values().collect();
        assert!(!there.is_empty() && there.is_subset(&truth.media_sha256()), "{form:?}");
        assert!(truth.parts[0].exists(), "a damaged archive is kept");
        let good = Export::at(STAMP).form(form).write(&varied(), &home.path("inbox")).expect("writable");
        import(&home, &good).assert(0, &["safe to delete"]);
        assert_all_there(&home, &good);
    }
}

#[test]
fn a_missing_part_is_named_and_a_late_one_completes_the_set() {
    let home = offline();
    let export = Export::at(STAMP).parts(3).order(Order::JsonLast);
    let truth = export.write(&varied(), &home.path("inbox")).expect("writable");
    let late = home.path("late.zip");
    fs::rename(&truth.parts[1], &late).expect("same disk");
    let some = ExportTruth { parts: vec![truth.parts[0].clone(), truth.parts[2].clone()], ..truth.clone() };
    import(&home, &some).assert(1, &["part 2 is missing"]);
    fs::rename(&late, &truth.parts[1]).expect("same disk");
    import(&home, &truth).assert(0, &["safe to delete"]);
    assert_all_there(&home, &truth);
}

#[test]
fn the_inbox_is_emptied_only_after_the_proof() {
    for (wish, left, moved) in [("keep", 2, 0), ("move", 0, 2), ("delete", 0, 0)] {
        let home = offline();
        home.append_config(&format!("after-import = \"{wish}\"\n"));
        let truth = Export::at(STAMP).parts(2).write(&varied(), &home.path("inbox")).expect("writable");
        home.run(&["sync"]).assert(0, &["complete"]);
        assert_all_there(&home, &truth);
        let zips = |dir: &Path| {
            fs::read_dir(dir).map_or(0, |found| {
                found
                    .flatten()
                    .filter(|entry| entry.path().extension().is_some_and(|ext| ext == "zip"))
                    .count()
            })
        };
        assert_eq!((zips(&home.path("inbox")), zips(&home.path("inbox/imported"))), (left, moved), "{wish}");
    }
    let home = offline();
    home.append_config("after-import = \"delete\"\n");
    let bad = Export::at(STAMP).entry_fault("raw.dng", EntryFault::Encrypted);
    let truth = bad.write(&varied(), &home.path("inbox")).expect("writable");
    home.run(&["sync"]).assert(1, &["not proven complete"]);
    assert!(truth.parts[0].exists(), "an archive that is not proven complete is kept");
}

#[test]
fn an_inbox_waits_for_more_parts_before_it_calls_a_set_complete() {
    let home = offline();
    let config = fs::read_to_string(home.path("config.toml")).expect("there");
    fs::write(home.path("config.toml"), config.replace("inbox-quiet = \"0s\"", "inbox-quiet = \"1h\""))
        .expect("own");
    let truth = Export::at(STAMP).write(&varied(), &home.path("inbox")).expect("writable");
    home.run(&["sync"]).assert(1, &["more parts may come until"]);
    assert_all_there(&home, &truth);
}

#[test]
fn a_part_that_is_still_being_written_is_left_for_a_later_run() {
    let home = offline();
    let cut = Export::at(STAMP).part_fault(1, PartFault::Cut(100_000));
    let truth = cut.write(&varied(), &home.path("inbox")).expect("writable");
    home.run(&["sync"]).assert(1, &["not all there yet"]);
    assert!(photos(&home).is_empty());
    // An hour later nobody writes to it any more.
    let part = fs::File::options().append(true).open(&truth.parts[0]).expect("there");
    let written = part.metadata().and_then(|found| found.modified()).expect("known");
    part.set_modified(written - Duration::from_secs(3600)).expect("own");
    home.run(&["sync"]).assert(1, &["is damaged"]);
    assert!(!photos(&home).is_empty());
}

#[test]
fn a_later_export_brings_edits_as_new_files_and_keeps_the_old_ones() {
    let home = offline();
    let mut library = varied();
    let first = Export::at(STAMP).write(&library, &home.path("inbox")).expect("writable");
    import(&home, &first).assert(0, &["safe to delete"]);
    let before = photos(&home);
    library.edit(2, "2026-07-01T00:00:00Z", |item| *item = item.clone().edited().description("new words"));
    let next = Export::at("2026-08-08T14:27:29Z")
        .since(STAMP)
        .write(&library, &home.path("inbox"))
        .expect("writable");
    import(&home, &next).assert(0, &["safe to delete", "already had"]);
    let after = photos(&home);
    assert!(before.iter().all(|(path, sum)| after.get(path) == Some(sum)), "an old file has changed");
    assert_eq!(after.len(), before.len() + 1, "{:?}", after.keys());
}

#[test]
fn a_file_that_somebody_deleted_comes_back_by_importing_again() {
    let home = offline();
    let truth = Export::at(STAMP).write(&varied(), &home.path("inbox")).expect("writable");
    import(&home, &truth).assert(0, &["safe to delete"]);
    let path = path_of(&home, &truth.item("raw.dng").expect("exported").sha256());
    fs::remove_file(home.root("alice").join(&path)).expect("there");
    import(&home, &truth).assert(0, &["safe to delete"]);
    assert_all_there(&home, &truth);
    assert_eq!(path_of(&home, &truth.item("raw.dng").expect("exported").sha256()), path);
}

#[test]
fn an_entry_that_is_there_twice_is_stored_once_and_accounted_for_twice() {
    let home = offline();
    let twice = Export::at(STAMP).entry_fault("raw.dng", EntryFault::Duplicate);
    let truth = twice.write(&varied(), &home.path("inbox")).expect("writable");
    import(&home, &truth).assert(0, &["safe to delete"]);
    assert_all_there(&home, &truth);
    assert_eq!(export_status(&home)["entries"].as_u64(), Some(truth.entries.len() as u64));
}

#[test]
fn sidecars_in_json_are_googles_own_words() {
    let home = offline();
    home.append_config("sidecar = \"json\"\n");
    let truth = Export::at(STAMP).write(&varied(), &home.path("inbox")).expect("writable");
    import(&home, &truth).assert(0, &["safe to delete"]);
    let sidecars = home.tree("alice").into_iter().filter(|(path, _)| path.contains(".json"));
    let titles: BTreeSet<String> = sidecars
        .map(|(_, bytes)| serde_json::from_slice::<serde_json::Value>(&bytes).expect("JSON"))
        .map(|value| value["title"].as_str().expect("a title").to_owned())
        .collect();
    let expected: BTreeSet<String> = truth.items.iter().map(|item| item.title.clone()).collect();
    assert_eq!(titles, expected);
    assert!(truth.count(EntryRole::Sidecar) >= titles.len());
}

#[test]
fn what_cannot_be_imported_is_said_with_its_exit_code() {
    let home = offline();
    home.run(&["import", "bob", "x.zip"]).assert(64, &["there is no library `bob`"]);
    home.run(&["import", "alice"]).assert(64, &["PATH"]);
    home.run(&["import", "alice", "/no/such.zip"]).assert(78, &["there is no `/no/such.zip`", "hint: "]);
    fs::write(home.path("inbox/notes.zip"), "these are only notes, and no archive").expect("writable");
    let notes = home.path("inbox/notes.zip");
    home.run(&["import", "alice", notes.to_str().expect("plain")]).assert(1, &["cannot be read"]);
    home.run(&["login", "alice"]).assert(64, &["needs no login"]);
}
