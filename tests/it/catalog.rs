//! The message catalog: what `journalctl -x` explains is what the program says.

use crate::context::skipped;
use gphotos_syncd::systemd::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Every entry: its headers and its text, by identifier.
fn entries() -> BTreeMap<String, (Vec<String>, String)> {
    let mut found = BTreeMap::new();
    let text = catalog();
    for entry in text.split("\n-- ").skip(1) {
        let (id, rest) = entry.split_once('\n').expect("a line of its own for the identifier");
        let (headers, body) = rest.split_once("\n\n").expect("an empty line after the headers");
        let headers = headers.lines().map(str::to_owned).collect();
        assert!(found.insert(id.to_owned(), (headers, body.to_owned())).is_none(), "{id} stands twice");
    }
    found
}

fn catalog() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/gphotos-syncd.catalog");
    fs::read_to_string(path).expect("the catalog is there")
}

#[test]
fn every_message_has_an_entry_and_every_entry_a_message() {
    let explained: BTreeSet<String> = entries().into_keys().collect();
    let said: BTreeSet<String> = Message::ALL.iter().map(|message| message.id().to_owned()).collect();
    assert_eq!(explained, said);
}

#[test]
fn every_entry_says_what_happened_and_what_to_do_with_fields_that_the_message_has() {
    // These two are about the whole configuration, so they name no library.
    let nameless = [Message::ConfigRefused, Message::ConfigApplied].map(Message::id);
    for (id, (headers, body)) in entries() {
        let header = |name: &str| headers.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        assert!(!header("Subject: ").is_empty(), "{id}");
        assert_eq!(header("Defined-By: "), "gphotos-syncd", "{id}");
        assert_eq!(header("Documentation: "), "man:gphotos-syncd(8)", "{id}");
        let whole = format!("{}\n{body}", header("Subject: "));
        let fields: BTreeSet<&str> = whole.split('@').skip(1).step_by(2).collect();
        let expected =
            if nameless.contains(&id.as_str()) { BTreeSet::new() } else { BTreeSet::from(["LIBRARY"]) };
        assert_eq!(fields, expected, "{id}");
        let is_act = |line: &str| line.starts_with("    ") || line.contains("There is nothing to do");
        assert!(
            body.lines().any(is_act) || body.contains("please report"),
            "{id} says nothing to do: {body}"
        );
        assert!(body.lines().all(|line| line.chars().count() <= 90), "{id}");
    }
}

#[test]
fn the_journal_takes_the_catalog_and_shows_each_entry() {
    let root = tempfile::tempdir().expect("a temporary folder");
    for dir in ["usr/lib/systemd/catalog", "var/lib/systemd/catalog"] {
        fs::create_dir_all(root.path().join(dir)).expect("writable");
    }
    fs::write(root.path().join("usr/lib/systemd/catalog/gphotos-syncd.catalog"), catalog())
        .expect("writable");
    let journalctl =
        |args: &[&str]| Command::new("journalctl").arg("--root").arg(root.path()).args(args).output();
    let Ok(updated) = journalctl(&["--update-catalog"]) else {
        skipped("journalctl is not installed");
        return;
    };
    assert!(updated.status.success() && updated.stderr.is_empty(), "{updated:?}");
    let listed = journalctl(&["--no-pager", "--list-catalog"]).expect("it was there a moment ago");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    for message in Message::ALL {
        assert!(listed.contains(message.id()), "{message:?} is not in the catalog as built:\n{listed}");
    }
}
