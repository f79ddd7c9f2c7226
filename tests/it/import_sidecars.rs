//! Sidecars of imported files: only what a file lacks, always the newest words, never over somebody else's.

use crate::context::{Home, skipped};
use crate::exports::{STAMP, import, offline};
use fake_google::takeout::{Export, TakeoutItem, TakeoutLibrary};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The next export after the first.
const LATER: &str = "2026-08-08T14:27:29Z";
/// When something was changed between them.
const BETWEEN: &str = "2026-07-01T00:00:00Z";

fn with_sidecars(kind: &str) -> Home {
    let home = offline();
    home.append_config(&format!("sidecar = \"{kind}\"\n"));
    home
}

/// One photo that holds nothing, and one with its date inside.
fn library() -> TakeoutLibrary {
    let mut library = TakeoutLibrary::default();
    let bare = TakeoutItem::named("bare.jpg").taken("2022-03-04T05:06:07Z").description("first words");
    library.add(bare.geo(48.8577, 2.295).person("Anna").favourite());
    library.add(TakeoutItem::named("full.jpg").taken("2022-03-05T05:06:07Z").real());
    library
}

fn export(home: &Home, stamp: &str, library: &TakeoutLibrary) {
    let truth = Export::at(stamp).write(library, &home.path("inbox")).expect("writable");
    import(home, &truth).assert(0, &["safe to delete"]);
}

/// The text beside a photo; none if there is none.
fn beside(home: &Home, name: &str) -> Option<String> {
    fs::read_to_string(home.root("alice").join("photos/2022/03").join(name)).ok()
}

fn put(home: &Home, name: &str, text: &str) {
    fs::write(home.root("alice").join("photos/2022/03").join(name), text).expect("writable");
}

/// What exiftool reads; none where it is not installed.
fn exiftool(path: &Path) -> Option<Value> {
    let Ok(ran) =
        Command::new("exiftool").args(["-j", "-n", "-G1", "-a", "-validate", "-all"]).arg(path).output()
    else {
        skipped("exiftool is not installed: nothing but this program has read the sidecar");
        return None;
    };
    let mut read: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    Some(read[0].take())
}

#[test]
fn an_xmp_sidecar_tells_what_the_file_lacks_and_nothing_else() {
    let home = with_sidecars("xmp");
    let mut library = library();
    library.items[1].description = "words".to_owned();
    library.add(TakeoutItem::named("lacks nothing.jpg").taken("2022-03-06T05:06:07Z").real());
    export(&home, STAMP, &library);
    let dir = home.root("alice").join("photos/2022/03");
    let Some(bare) = exiftool(&dir.join("bare.jpg.xmp")) else { return };
    assert_eq!(bare["XMP-exif:DateTimeOriginal"], "2022:03:04 05:06:07Z", "{bare:#}");
    assert_eq!(bare["XMP-dc:Description"], "first words");
    assert_eq!(bare["XMP-xmp:Rating"], 5);
    assert_eq!(bare["XMP-dc:Subject"], "Anna");
    assert!((bare["XMP-exif:GPSLatitude"].as_f64().expect("a number") - 48.8577).abs() < 1e-4);
    assert_eq!(bare["ExifTool:Validate"], "0 0 0");
    let full = exiftool(&dir.join("full.jpg.xmp")).expect("as before");
    assert_eq!(full["XMP-dc:Description"], "words", "{full:#}");
    for tag in ["XMP-exif:DateTimeOriginal", "XMP-photoshop:DateCreated", "XMP-exif:GPSLatitude"] {
        assert!(full[tag].is_null(), "{tag}: {full:#}");
    }
    assert_eq!(beside(&home, "lacks nothing.jpg.xmp"), None);
}

#[test]
fn a_later_export_renews_our_sidecars_and_leaves_those_that_somebody_changed() {
    for kind in ["xmp", "json"] {
        let home = with_sidecars(kind);
        let mut library = library();
        library.items[1].description = "first words".to_owned();
        library
            .add(TakeoutItem::named("touched.jpg").taken("2022-03-07T05:06:07Z").description("first words"));
        let foreign = format!("foreign.jpg.{kind}");
        fs::create_dir_all(home.root("alice").join("photos/2022/03")).expect("writable");
        put(&home, &foreign, "my own notes");
        library
            .add(TakeoutItem::named("foreign.jpg").taken("2022-03-08T05:06:07Z").description("first words"));
        export(&home, STAMP, &library);
        let name = |stem: &str| format!("{stem}.jpg.{kind}");
        assert!(beside(&home, &name("bare")).expect("written").contains("first words"), "{kind}");
        // As darktable leaves it: its own name as the writer, its own words within.
        let touched = beside(&home, &name("touched")).expect("written");
        let touched = touched.replace("\"gphotos-syncd\"", "\"XMP Core 4.4.0-Exiv2\"").replace("first", "my");
        put(&home, &name("touched"), &touched);
        for item in 0..4 {
            library.edit(item, BETWEEN, |item| item.description = "second words".to_owned());
        }
        export(&home, LATER, &library);
        for stem in ["bare", "full"] {
            let text = beside(&home, &name(stem)).expect("written");
            assert!(text.contains("second words") && !text.contains("first words"), "{kind} {stem}: {text}");
        }
        assert_eq!(beside(&home, &name("touched")).expect("there"), touched, "{kind}");
        assert_eq!(beside(&home, &foreign).expect("there"), "my own notes", "{kind}");
        // And once more: the second was ours too.
        library.edit(0, "2026-09-01T00:00:00Z", |item| item.description = "third words".to_owned());
        export(&home, "2026-10-08T14:27:29Z", &library);
        assert!(beside(&home, &name("bare")).expect("written").contains("third words"), "{kind}");
        let files = home.paths("alice").into_iter().filter(|path| path.starts_with("photos/")).count();
        assert_eq!(files, 8, "{kind}: no file came twice");
    }
}

#[test]
fn an_older_export_that_comes_late_takes_no_newer_words_back() {
    for kind in ["xmp", "json"] {
        let home = with_sidecars(kind);
        let mut library = library();
        let older = Export::at(STAMP).write(&library, &home.path("inbox")).expect("writable");
        library.edit(0, BETWEEN, |item| item.description = "second words".to_owned());
        export(&home, LATER, &library);
        import(&home, &older).assert(0, &["safe to delete"]);
        let text = beside(&home, &format!("bare.jpg.{kind}")).expect("written");
        assert!(text.contains("second words"), "{kind}: {text}");
    }
}

#[test]
fn a_sidecar_with_nothing_left_to_tell_goes() {
    let home = with_sidecars("xmp");
    let mut library = library();
    library.items[1].description = "words".to_owned();
    export(&home, STAMP, &library);
    assert!(beside(&home, "full.jpg.xmp").is_some());
    library.edit(1, BETWEEN, |item| item.description = String::new());
    export(&home, LATER, &library);
    assert_eq!(beside(&home, "full.jpg.xmp"), None);
    assert!(beside(&home, "bare.jpg.xmp").is_some());
}

#[test]
fn sidecars_that_are_wished_later_come_for_what_was_imported_before() {
    let home = offline();
    let mut library = library();
    export(&home, STAMP, &library);
    library.edit(0, BETWEEN, |item| item.description = "second words".to_owned());
    export(&home, LATER, &library);
    assert_eq!(beside(&home, "bare.jpg.json"), None);
    home.append_config("sidecar = \"json\"\n");
    home.run(&["sync"]).assert(0, &["complete"]);
    assert!(beside(&home, "bare.jpg.json").expect("written").contains("second words"));
    assert!(beside(&home, "full.jpg.json").is_some());
}
