//! Tests of `drive`: the search language and the mask of fields.

use serde_json::json;

use super::DriveStore;
use super::fields::Mask;
use super::file::{DriveFile, Sums};
use super::query::Query;

fn store() -> DriveStore {
    let mut drive = DriveStore::new("alice", 1);
    let mut add = |file: DriveFile| {
        let sums = Sums::of(&file.content);
        drive.add(file, sums, 1_000_000)
    };
    add(DriveFile::named("takeout-20260408T142729Z-3-001.zip"));
    add(DriveFile::named("my takeout-notes.txt"));
    let gone = add(DriveFile::named("Takeout-old.zip"));
    add(DriveFile::named("it's.zip").in_root());
    add(DriveFile::named("takeout-theirs.zip").not_mine());
    drive.change(&gone, 2_000_000, |file| file.trashed = true);
    drive
}

fn found(drive: &DriveStore, text: &str) -> Vec<String> {
    let query = Query::read(text).unwrap_or_else(|| panic!("{text}"));
    let files = drive.files.iter().filter(|file| query.matches(file, &drive.root));
    files.map(|file| file.name.clone()).collect()
}

#[test]
fn searches_find_what_the_guide_says_they_find() {
    let drive = store();
    let folder = drive.files.iter().find(|file| file.body.is_none()).unwrap().id.clone();
    let (part, notes, old, its, theirs) = (
        "takeout-20260408T142729Z-3-001.zip",
        "my takeout-notes.txt",
        "Takeout-old.zip",
        "it's.zip",
        "takeout-theirs.zip",
    );
    let in_folder = format!("'{folder}' in parents and trashed=false");
    let table: &[(&str, &[&str])] = &[
        ("name contains 'takeout-' and trashed = false", &[part, notes, theirs]),
        ("name contains 'takeout-' and trashed=true", &[old]),
        ("name contains 'akeout'", &[]),
        ("name = 'it\\'s.zip'", &[its]),
        ("'root' in parents and mimeType != 'application/vnd.google-apps.folder'", &[its]),
        (&in_folder, &[part, notes]),
        ("not name contains 'takeout' and mimeType contains 'application/zip'", &[its]),
        ("(name = 'it\\'s.zip' or name contains 'my') and 'me' in owners", &[notes, its]),
        ("createdTime > '1971-01-01T00:00:00'", &[]),
        ("modifiedTime <= '1970-01-01T00:16:40Z' and trashed = true", &[old]),
    ];
    for (text, wanted) in table {
        assert_eq!(found(&drive, text), *wanted, "{text}");
    }
    for text in [
        "name",
        "name ~ 'a'",
        "name contains 'a",
        "size > 5",
        "trashed = maybe",
        "(trashed = true",
        "a b c d",
    ] {
        assert_eq!(Query::read(text), None, "{text}");
    }
}

#[test]
fn a_mask_keeps_what_it_names_and_refuses_what_does_not_exist() {
    let whole =
        json!({"kind": "k", "files": [{"id": "1", "size": "5", "owner": {"name": "a", "mail": "b"}}]});
    let table = [
        ("*", Ok(whole.clone())),
        ("kind", Ok(json!({"kind": "k"}))),
        ("files(id,size)", Ok(json!({"files": [{"id": "1", "size": "5"}]}))),
        ("files/id,kind", Ok(json!({"files": [{"id": "1"}], "kind": "k"}))),
        ("files(owner/mail)", Ok(json!({"files": [{"owner": {"mail": "b"}}]}))),
        ("nextPageToken,files(md5Checksum)", Ok(json!({"files": [{}]}))),
        ("files(colour)", Err("colour".to_owned())),
    ];
    for (text, wanted) in table {
        assert_eq!(Mask::read(text).unwrap().apply(&whole), wanted, "{text}");
    }
    for text in ["", "a(", "a(b", "a)", "a,,b", "a/"] {
        assert_eq!(Mask::read(text), None, "{text}");
    }
}
