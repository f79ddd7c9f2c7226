//! Tests of `job/partial`.

use crate::job::partial::{key_for, parse_name};
use crate::media::MediaId;
use crate::store::FilePart;
use proptest::prelude::*;

fn id(text: &str) -> MediaId {
    MediaId(text.to_owned())
}

#[test]
fn a_key_has_16_hex_digits_and_tells_still_from_clip() {
    let main = key_for(&id("a/../b"), FilePart::Main);
    let clip = key_for(&id("a/../b"), FilePart::Motion);
    assert_eq!(main.len(), 18);
    assert!(main.ends_with("-m") && clip.ends_with("-c") && main[..16] == clip[..16]);
    assert_ne!(main, key_for(&id("other"), FilePart::Main));
}

#[test]
fn only_a_checkpointed_name_can_be_gone_on_from() {
    let key = key_for(&id("x"), FilePart::Main);
    let table = [
        (format!("{key}.5000000.2000000"), true),
        (format!("{key}.5000000.5000000"), false),
        (format!("{key}.5000000.0"), false),
        (format!("{key}.5000000"), false),
        (format!("{key}.5000000.1.2"), false),
        (key.clone(), false),
        (format!("{}.9.1", &key[1..]), false),
        (".tmp".to_owned(), false),
        (String::new(), false),
    ];
    for (name, expected) in table {
        assert_eq!(parse_name(&name).is_some(), expected, "{name}");
    }
}

#[test]
fn the_name_of_a_clip_is_read_too() {
    let key = key_for(&id("x"), FilePart::Motion);
    assert_eq!(parse_name(&format!("{key}.9.1")), Some((key, 9, 1)));
}

proptest! {
    #[test]
    fn reading_any_name_is_no_fault(name in "\\PC{0,60}") {
        let _ = parse_name(&name);
    }
}
