//! Drive's JSON: whole, strange and broken.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::google::drive::wire::{Changes, Follow, about, changes, file, file_page, start_token};
use crate::google::drive::{DriveAbout, DriveId};

#[test]
fn a_whole_file_is_read() {
    let sha = "A".repeat(64);
    let file = file(&json!({
        "id": "F1", "name": "takeout-20260408T142729Z-3-001.zip", "mimeType": "application/zip", "size": "53687091200",
        "md5Checksum": "0CC175B9C0F1B6A831C399E269772661", "sha256Checksum": sha, "headRevisionId": "R1",
        "modifiedTime": "2026-04-08T15:00:00.000Z", "parents": ["P", 7], "trashed": true, "ownedByMe": false,
        "capabilities": {"canDownload": false}, "future": 1
    }))
    .unwrap();
    assert_eq!((file.id.0.as_str(), file.bytes), ("F1", 50 << 30));
    assert_eq!(file.md5.as_deref(), Some("0cc175b9c0f1b6a831c399e269772661"));
    assert_eq!(file.sha256, Some("a".repeat(64)));
    assert_eq!(file.modified.unwrap().to_rfc3339(), "2026-04-08T15:00:00+00:00");
    assert_eq!((file.revision.as_deref(), file.parents), (Some("R1"), vec![DriveId("P".to_owned())]));
    assert!(file.is_trashed && !file.is_own && !file.can_download);
}

#[test]
fn a_file_needs_an_id_a_name_and_a_length() {
    let few =
        file(&json!({"id": "A", "name": "n", "size": 0, "md5Checksum": "short", "parents": "P"})).unwrap();
    assert!(few.md5.is_none() && few.revision.is_none() && few.parents.is_empty() && !few.is_trashed);
    assert!(few.is_own && few.can_download, "what is not told is not forbidden");
    for entry in [
        json!({"name": "n", "size": "1"}),
        json!({"id": "A", "size": "1"}),
        json!({"id": "A", "name": "n"}),
        json!({"id": "A", "name": "n", "size": "-1"}),
        json!({"id": "A", "name": "n", "size": "1.5"}),
        json!("A"),
    ] {
        assert!(file(&entry).is_none(), "{entry}");
    }
}

#[test]
fn what_has_no_bytes_is_passed_over_and_what_is_broken_is_counted() {
    let page = file_page(
        &json!({"files": [
            {"id": "A", "name": "takeout-a", "mimeType": "application/vnd.google-apps.folder"},
            {"id": "B", "name": "takeout-b", "mimeType": "application/vnd.google-apps.document"},
            {"id": "C", "name": "takeout-c.zip", "mimeType": "application/zip", "size": "1"},
            {"id": "D", "name": "takeout-d.zip", "mimeType": "application/zip"},
            7
        ], "incompleteSearch": true}),
        None,
    )
    .unwrap();
    assert_eq!((page.files.len(), page.malformed, page.is_incomplete), (1, 2, true));
    for broken in [json!([]), json!({"files": {}}), json!({"error": {}}), json!({"nextPageToken": 7})] {
        assert!(file_page(&broken, None).is_err(), "{broken}");
    }
    assert!(file_page(&json!({"nextPageToken": "p"}), Some("p")).is_err(), "a circle");
}

#[test]
fn a_file_with_other_bytes_is_told_by_whatever_both_tell() {
    let of = |entry: Value| {
        let mut whole = json!({"id": "A", "name": "n", "size": "1"});
        whole.as_object_mut().unwrap().extend(entry.as_object().unwrap().clone());
        file(&whole).unwrap()
    };
    let (one, two) = ("1".repeat(32), "2".repeat(32));
    let first = of(json!({"headRevisionId": "R1", "md5Checksum": one}));
    for (other, want) in [
        (json!({"headRevisionId": "R1", "md5Checksum": one, "name": "renamed", "trashed": true}), true),
        (json!({}), true),
        (json!({"sha256Checksum": "3".repeat(64)}), true),
        (json!({"headRevisionId": "R2"}), false),
        (json!({"md5Checksum": two}), false),
        (json!({"size": "2"}), false),
        (json!({"id": "B"}), false),
    ] {
        assert_eq!(first.has_bytes_of(&of(other.clone())), want, "{other}");
    }
}

#[test]
fn an_account_without_a_limit_has_none() {
    let quota = json!({"storageQuota": {"usage": "5"}, "user": {}});
    assert_eq!(about(&quota), Ok(DriveAbout { limit: None, usage: 5, in_trash: 0, account: None }));
    for broken in [json!({}), json!({"storageQuota": 7}), json!({"storageQuota": {"limit": "5"}})] {
        assert!(about(&broken).is_err(), "{broken}");
    }
}

#[test]
fn only_what_may_be_a_part_is_news() {
    for (change, want) in [
        (json!({"file": {"name": "takeout-1.zip"}}), true),
        (json!({"file": {"name": "TAKEOUT-1.ZIP"}}), true),
        (json!({"file": {}}), true),
        (json!({"file": {"name": "take"}}), false),
        (json!({"file": {"name": "täkeout-1.zip"}}), false),
        (json!({"changeType": "drive"}), false),
        (json!(7), false),
    ] {
        let answer = json!({"changes": [change], "newStartPageToken": "9"});
        let got = changes(&answer, "8").unwrap();
        assert_eq!(got, Changes { has_part: want, follow: Follow::Later("9".to_owned()) }, "{answer}");
    }
    assert!(changes(&json!({}), "8").is_err(), "no token to go on with");
    assert!(changes(&json!({"nextPageToken": "8"}), "8").is_err(), "a circle");
    assert!(start_token(&json!({"startPageToken": ""})).is_err());
}

proptest! {
    #[test]
    fn no_answer_breaks_the_reader(text in ".{0,60}", number: i64) {
        for value in [json!(text), json!(number), json!([text]), json!({"id": text, "size": number}), json!(null)] {
            let answer = json!({"files": [value, {"id": value, "name": value, "size": value}], "changes": [value, {"file": value}],
                "storageQuota": value, "nextPageToken": value, "newStartPageToken": value});
            let _ = (file_page(&answer, None), changes(&answer, "x"), about(&answer), file(&value));
        }
    }
}
