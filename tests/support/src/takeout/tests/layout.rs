//! Tests of folders, copies and JSON.

use serde_json::Value;

use super::paths;
use crate::takeout::{
    AlbumForm, EntryRole, Export, ExportTruth, Form, Language, Origin, Place, SidecarForm, TakeoutAlbum,
    TakeoutItem, TakeoutLibrary,
};

const STAMP: &str = "2026-04-08T14:27:29Z";

fn unpacked(library: &TakeoutLibrary, export: Export) -> (ExportTruth, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let truth = export.form(Form::Folder).write(library, dir.path()).unwrap();
    (truth, dir)
}

fn json(dir: &tempfile::TempDir, path: &str) -> Value {
    let bytes =
        std::fs::read(dir.path().join("Takeout").join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn an_item_stands_in_its_year_and_again_in_each_of_its_albums() {
    let mut library = TakeoutLibrary::default();
    let photo = library.add(TakeoutItem::named("a.jpg").taken("2023-07-01T10:00:00Z"));
    let foreign = library.add(TakeoutItem::named("b.jpg").place(Place::AlbumsOnly));
    library.add_album(TakeoutAlbum::titled("Sea: 1/2").items(&[photo, foreign]));
    library.add_album(TakeoutAlbum::titled("Sea: 1/2").items(&[photo]));
    library.add_album(TakeoutAlbum::titled("").items(&[photo]));
    library.add_album(TakeoutAlbum::titled("").items(&[photo]).json_only());
    let (truth, _dir) = unpacked(&library, Export::at(STAMP));
    assert_eq!(
        paths(&truth, EntryRole::Main),
        [
            "Google Photos/Photos from 2023/a.jpg",
            "Google Photos/Sea_ 1_2/a.jpg",
            "Google Photos/Sea_ 1_2/b.jpg",
            "Google Photos/Sea_ 1_2(1)/a.jpg",
            "Google Photos/Untitled/a.jpg",
        ]
    );
    assert_eq!(truth.items[photo].albums, ["Sea: 1/2", "Sea: 1/2", "", ""]);
    assert_eq!(truth.items[photo].sidecars.len(), 5);
    assert_eq!(truth.count(EntryRole::AlbumData), 4);
}

#[test]
fn archive_bin_and_locked_folder_are_folders_of_their_own() {
    let mut library = TakeoutLibrary::of_language(Language::GERMAN);
    for (title, place) in [
        ("archived.jpg", Place::Archive),
        ("trashed.jpg", Place::Trash),
        ("locked.jpg", Place::Locked),
        ("failed.mp4", Place::Failed),
    ] {
        library.add(TakeoutItem::named(title).place(place));
    }
    let (truth, dir) = unpacked(&library, Export::at(STAMP));
    assert_eq!(
        paths(&truth, EntryRole::Main),
        [
            "Google Fotos/Fotos von 2023/archived.jpg",
            "Google Fotos/Archiv/archived.jpg",
            "Google Fotos/Papierkorb/trashed.jpg",
            "Google Fotos/Locked Folder/locked.jpg",
            "Google Fotos/Failed Videos/failed.mp4",
        ]
    );
    let marks = json(&dir, "Google Fotos/Papierkorb/trashed.jpg.supplemental-metadata.json");
    assert_eq!((&marks["trashed"], &marks["archived"]), (&Value::Bool(true), &Value::Null));
}

#[test]
fn the_json_of_an_item_says_what_is_known_of_it() {
    let mut library = TakeoutLibrary::default();
    let item = TakeoutItem::named("Tom & Jerry.jpg")
        .taken("1969-07-20T20:17:40Z")
        .added("2023-10-21T07:12:31Z")
        .description("two\nlines")
        .person("Anna")
        .geo(48.85, 2.29)
        .favourite()
        .origin(Origin::Partner);
    library.add(item);
    let (_, dir) = unpacked(&library, Export::at(STAMP));
    let said = json(&dir, "Google Photos/Photos from 1969/Tom _ Jerry.jpg.supplemental-metadata.json");
    assert_eq!(said["title"], "Tom & Jerry.jpg");
    assert_eq!(said["photoTakenTime"]["timestamp"], "-14182940");
    assert_eq!(said["creationTime"]["timestamp"], "1697872351");
    assert_eq!(said["people"][0]["name"], "Anna");
    assert_eq!(said["geoData"]["latitude"], 48.85);
    assert_eq!(said["favorited"], true);
    assert!(said["googlePhotosOrigin"]["fromPartnerSharing"].is_object());
    assert!(said.get("geoDataExif").is_none() && said.get("imageViews").is_none(), "{said}");
    let (_, dir) = unpacked(&library, Export::at(STAMP).sidecars(SidecarForm::Until2024));
    let said = json(&dir, "Google Photos/Photos from 1969/Tom _ Jerry.jpg.json");
    assert_eq!((&said["imageViews"], &said["geoDataExif"]["latitude"]), (&"0".into(), &0.0.into()));
}

#[test]
fn album_json_has_every_form_that_was_seen_and_the_name_of_its_language() {
    let mut library = TakeoutLibrary::of_language(Language::FRENCH);
    let photo = library.add(TakeoutItem::named("a.jpg"));
    library
        .add_album(TakeoutAlbum::titled("Été").items(&[photo]).description("chaud").comment("Anna", "joli"));
    let path = "Google Photos/Été/métadonnées.json";
    let (_, dir) = unpacked(&library, Export::at(STAMP).albums(AlbumForm::Wrapped));
    assert_eq!(json(&dir, path)["albumData"]["title"], "Été");
    let (_, dir) = unpacked(&library, Export::at(STAMP));
    assert_eq!(json(&dir, path)["sharedAlbumComments"][0]["contentOwnerName"], "Anna");
    assert_eq!(json(&dir, path)["date"]["timestamp"], "1685620800");
    let (_, dir) = unpacked(&library, Export::at(STAMP).albums(AlbumForm::TitleOnly));
    assert_eq!(json(&dir, path), serde_json::json!({"title": "Été"}));
    let (truth, _dir) = unpacked(&library, Export::at(STAMP).albums(AlbumForm::Absent));
    assert_eq!(truth.count(EntryRole::AlbumData), 0);
}

#[test]
fn googles_own_files_stand_beside_the_folders() {
    let mut library = TakeoutLibrary::default();
    library.memories.push("Ten years".to_owned());
    let (truth, dir) = unpacked(&library, Export::at(STAMP));
    assert_eq!(
        paths(&truth, EntryRole::Other),
        [
            "archive_browser.html",
            "Google Photos/user-generated-memory-titles.json",
            "Google Photos/shared_album_comments.json",
            "Google Photos/print-subscriptions.json",
        ]
    );
    let memories = json(&dir, "Google Photos/user-generated-memory-titles.json");
    assert_eq!(memories["memories"][0]["title"], "Ten years");
}

#[test]
fn a_live_photo_an_edit_and_a_copy_share_one_json_in_each_folder() {
    let mut library = TakeoutLibrary::default();
    let live = library.add(TakeoutItem::named("IMG_1.HEIC").live("MP4").edited());
    library.add_album(TakeoutAlbum::titled("A").items(&[live]));
    let (truth, dir) = unpacked(&library, Export::at(STAMP));
    assert_eq!(
        (truth.count(EntryRole::Main), truth.count(EntryRole::Edited), truth.count(EntryRole::Clip)),
        (2, 2, 2)
    );
    assert_eq!(truth.count(EntryRole::Sidecar), 2);
    assert_eq!(truth.media_sha256().len(), 3);
    for (folder, name) in [("Photos from 2023", "IMG_1.HEIC"), ("A", "IMG_1.HEIC")] {
        let path = dir.path().join("Takeout/Google Photos").join(folder).join(name);
        assert_eq!(std::fs::read(path).unwrap(), library.content(live).bytes());
    }
    let created = |folder: &str| {
        json(&dir, &format!("Google Photos/{folder}/IMG_1.HEIC.supplemental-metadata.json"))["creationTime"]
            .clone()
    };
    assert_ne!(created("A"), created("Photos from 2023"), "each copy has its own");
}
