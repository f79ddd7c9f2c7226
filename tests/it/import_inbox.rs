//! What lies in an inbox besides archives: links, folders, things that cannot be read.

use crate::context::{Home, Ran};
use crate::exports::{STAMP, assert_all_there, export_status, import_one, offline, photos, varied};
use fake_google::takeout::{Export, Form, Language, TakeoutAlbum, TakeoutItem, TakeoutLibrary};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

#[test]
fn a_link_in_the_inbox_is_not_followed_and_is_named() {
    let home = offline();
    home.append_config("after-import = \"delete\"\n");
    let truth = Export::at(STAMP).write(&varied(), &home.path("elsewhere")).expect("writable");
    let link = home.path("inbox/takeout-20260608T142729Z-3-001.zip");
    symlink(&truth.parts[0], &link).expect("writable");
    fs::create_dir(home.path("private")).expect("writable");
    fs::write(home.path("private/diary.txt"), "mine alone").expect("writable");
    symlink(home.path("private"), home.path("inbox/Takeout")).expect("writable");
    symlink(home.path("nowhere"), home.path("inbox/takeout-20260608T142729Z-3-002.zip")).expect("writable");
    home.run(&["sync"]).assert(1, &["is a link", "gphotos-syncd import alice"]);
    assert!(photos(&home).is_empty());
    assert!(truth.parts[0].exists() && link.is_symlink());
    // What a person names is followed, and the archive itself is kept for a link's sake.
    import_one(&home, &link).assert(0, &["safe to delete"]);
    assert_all_there(&home, &truth);
    assert!(truth.parts[0].exists(), "only what was named goes");
}

#[test]
fn links_in_an_unpacked_folder_are_refused_and_named() {
    let home = offline();
    let truth = Export::at(STAMP).form(Form::Folder).write(&varied(), &home.path("inbox")).expect("writable");
    let year = truth.parts[0].join("Google Photos/Photos from 2023");
    fs::write(home.path("secret.txt"), "not for export").expect("writable");
    symlink(home.path("secret.txt"), year.join("secret.jpg")).expect("writable");
    symlink(home.path(""), year.join("everything")).expect("writable");
    symlink("loop", year.join("loop")).expect("writable");
    let ran = import_one(&home, &truth.parts[0]);
    ran.assert(1, &["a symbolic link is not taken", "3 entries were not taken", "NOT proven complete"]);
    assert_all_there(&home, &truth);
    for name in ["secret.jpg", "everything", "loop"] {
        fs::remove_file(year.join(name)).expect("there");
    }
    import_one(&home, &truth.parts[0]).assert(0, &["safe to delete"]);
    assert_all_there(&home, &truth);
}

#[test]
fn an_inbox_that_cannot_be_read_is_said_and_nothing_else_waits_for_it() {
    let home = offline();
    fs::remove_dir(home.path("inbox")).expect("empty");
    home.run(&["sync"]).assert(1, &["the inbox", "cannot be read", "No such file"]);
    fs::write(home.path("inbox"), "no folder").expect("writable");
    home.run(&["sync"]).assert(1, &["the inbox", "cannot be read", "Not a directory"]);
    fs::remove_file(home.path("inbox")).expect("there");
    fs::create_dir(home.path("inbox")).expect("writable");
    home.run(&["sync"]).assert(0, &["complete"]);
    home.open_to_all();
    fs::set_permissions(home.path("inbox"), fs::Permissions::from_mode(0o700)).expect("own");
    fs::remove_dir_all(home.root("alice")).expect("own");
    fs::remove_dir_all(home.path("state")).ok();
    fs::create_dir(home.root("alice")).expect("writable");
    fs::set_permissions(home.root("alice"), fs::Permissions::from_mode(0o777)).expect("own");
    let Some(mut command) = home.command_as_nobody() else { return };
    let ran = Ran::from(command.arg("sync").output().expect("it starts"));
    ran.assert(1, &["the inbox", "cannot be read", "Permission denied", "hint: "]);
}

#[test]
fn a_part_and_a_folder_that_cannot_be_read_are_said_and_the_others_come() {
    let home = offline();
    let truth = Export::at(STAMP).parts(2).write(&varied(), &home.path("inbox")).expect("writable");
    let folder = Export::at(STAMP).form(Form::Folder).write(&small(), &home.path("inbox")).expect("writable");
    let closed = folder.parts[0].join("Google Photos/Photos from 2023");
    home.open_to_all();
    for (path, mode) in [(&truth.parts[0], 0o600), (&closed, 0o700), (&home.root("alice"), 0o777)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("own");
    }
    let sync = |home: &Home| {
        home.command_as_nobody()
            .map(|mut command| Ran::from(command.arg("sync").output().expect("it starts")))
    };
    let Some(ran) = sync(&home) else { return };
    ran.assert(1, &["not proven complete"]);
    let some = photos(&home);
    assert!(!some.is_empty(), "what can be read came");
    fs::set_permissions(&truth.parts[0], fs::Permissions::from_mode(0o644)).expect("own");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).expect("own");
    sync(&home).expect("as before").assert(0, &["complete"]);
    let there: BTreeSet<String> = photos(&home).into_values().collect();
    let all: BTreeSet<String> = truth.media_sha256().union(&folder.media_sha256()).cloned().collect();
    assert_eq!(there, all);
}

fn small() -> TakeoutLibrary {
    let mut library = TakeoutLibrary { seed: 77, ..TakeoutLibrary::default() };
    library.add(TakeoutItem::named("one.jpg"));
    library.add(TakeoutItem::named("two.jpg").taken("2019-01-01T00:00:00Z"));
    library
}

#[test]
fn exports_in_every_language_have_their_albums_and_years() {
    for language in Language::ALL {
        let home = offline();
        let mut library = TakeoutLibrary::of_language(language);
        let beach = library.add(TakeoutItem::named("beach.jpg").taken("2023-07-01T10:00:00Z").edited());
        let live = library.add(TakeoutItem::named("IMG_1.HEIC").taken("2022-07-02T10:00:00Z").live("MP4"));
        let named = library.add(TakeoutItem::named("unnamed.jpg").taken("2021-07-02T10:00:00Z"));
        library.add_album(TakeoutAlbum::titled("Über: alles").items(&[beach, live]));
        library.add_album(TakeoutAlbum::titled("").items(&[named]));
        let truth = Export::at(STAMP).write(&library, &home.path("inbox")).expect("writable");
        import_one(&home, &truth.parts[0]).assert(0, &["safe to delete"]);
        assert_all_there(&home, &truth);
        let status = export_status(&home);
        assert_eq!(status["complete"], true, "{language:?}: {status}");
        let paths = home.paths("alice");
        let edited = format!("photos/2023/07/beach{}.jpg", language.edited);
        for path in
            ["photos/2023/07/beach.jpg", &edited, "photos/2022/07/IMG_1.HEIC", "photos/2022/07/IMG_1.MP4"]
        {
            assert!(paths.iter().any(|found| found == path), "{language:?}: {path} is missing: {paths:?}");
        }
        let in_album = |title: &str| {
            paths.iter().filter(|path| path.starts_with("albums/") && path.contains(title)).count()
        };
        assert_eq!(in_album("Über: alles"), 3, "{language:?}: {paths:?}");
        // No folder of a year has become an album.
        assert_eq!(
            paths.iter().filter(|path| path.starts_with("albums/")).count(),
            4,
            "{language:?}: {paths:?}"
        );
    }
}
