//! The rules of names, by example and by property.

use crate::names::{
    FOLDER_BYTES_MAX, FileName, NAME_BYTES_MAX, case_key, file_name_for, folder_name_for, with_prefix,
    with_suffix,
};
use proptest::prelude::*;
use std::collections::HashSet;

fn named(filename: &str, portable: bool) -> String {
    file_name_for(Some(filename), "ID", Some("image/jpeg"), portable).numbered(1)
}

#[test]
fn names_are_made_safe_and_otherwise_kept() {
    for (given, expected) in [
        ("IMG_1234.JPG", "IMG_1234.JPG"),
        ("Grüße aus 東京 🗼.jpeg", "Grüße aus 東京 🗼.jpeg"),
        ("a/b.jpg", "a_b.jpg"),
        ("../../etc/passwd", "_._.._etc_passwd"),
        ("a\0b\nc\u{7f}d\u{85}e.jpg", "a_b_c_d_e.jpg"),
        ("photo\u{202e}gpj.exe", "photo_gpj.exe"),
        (" x.jpg . ", "x.jpg"),
        (".hidden.jpg", "_hidden.jpg"),
        (".jpg", "_jpg"),
        ("a<b>:\"\\|?*.jpg", "a<b>:\"\\|?*.jpg"),
        ("CON.jpg", "CON.jpg"),
        ("-rf", "-rf"),
    ] {
        assert_eq!(named(given, false), expected, "{given:?}");
    }
}

#[test]
fn portable_names_are_legal_on_windows() {
    for (given, expected) in [
        ("a<b>:\"\\|?*.jpg", "a_b_______.jpg"),
        ("CON", "_CON"),
        ("con.tar.gz", "_con.tar.gz"),
        ("Com1 .jpg", "_Com1 .jpg"),
        ("LPT².txt", "_LPT².txt"),
        ("COM10.jpg", "COM10.jpg"),
        ("CONSOLE.jpg", "CONSOLE.jpg"),
        ("nul", "_nul"),
    ] {
        assert_eq!(named(given, true), expected, "{given:?}");
    }
}

#[test]
fn a_missing_name_comes_from_the_id_and_the_type() {
    let id = "AGj1epUqXvlR2TzPqWlRw9cVnKk0PzMmYtYx";
    for filename in [None, Some(""), Some("."), Some(".."), Some("  . "), Some(" ")] {
        let name = |mime| file_name_for(filename, id, mime, false).numbered(1);
        assert_eq!(name(Some("image/jpeg")), "AGj1epUqXvlR2TzPqWlRw9cVnKk0PzMm.jpg");
        assert_eq!(name(Some("Video/QuickTime; x=y")), "AGj1epUqXvlR2TzPqWlRw9cVnKk0PzMm.mov");
        assert_eq!(name(Some("application/x-odd")), "AGj1epUqXvlR2TzPqWlRw9cVnKk0PzMm");
        assert_eq!(name(None), "AGj1epUqXvlR2TzPqWlRw9cVnKk0PzMm");
    }
    assert_eq!(file_name_for(None, "", Some("image/png"), false).numbered(1), "unnamed.png");
    assert_eq!(file_name_for(None, "../a.b", None, true).numbered(1), "___a_b");
}

#[test]
fn a_number_goes_before_the_extension() {
    let name = |text: &str| file_name_for(Some(text), "", None, false);
    assert_eq!(name("a.jpg").numbered(2), "a (2).jpg");
    assert_eq!(name("a").numbered(3), "a (3)");
    assert_eq!(name("a.tar.gz").numbered(2), "a.tar (2).gz");
    assert_eq!(name("Dr. Strange").numbered(2), "Dr. Strange (2)");
    assert_eq!(name("end. of sentence is long.here it goes on").ext, "");
    assert_eq!(name("a.jpg").numbered(0), "a.jpg");
}

#[test]
fn a_long_name_is_cut_in_its_stem() {
    let name = file_name_for(Some(&format!("{}.jpeg", "ö".repeat(200))), "", None, false);
    assert_eq!(name.numbered(1), format!("{}.jpeg", "ö".repeat(125)));
    assert_eq!(name.numbered(12), format!("{} (12).jpeg", "ö".repeat(122)));
    let exact = format!("{}.jpg", "x".repeat(251));
    assert_eq!(named(&exact, false), exact);
}

#[test]
fn a_cut_keeps_a_letter_and_its_marks_together() {
    let family = "👨\u{200d}👩\u{200d}👧";
    let name = named(&format!("{}{family}{}", "x".repeat(240), "y".repeat(50)), false);
    assert_eq!(name, "x".repeat(240));
    let accent = named(&format!("{}e\u{301}", "x".repeat(253)), false);
    assert_eq!(accent, "x".repeat(253));
    assert!(named(&"\u{301}".repeat(300), false).len() > 200, "marks alone are cut hard");
}

#[test]
fn a_name_that_ends_in_a_number_never_meets_the_numbered_form_of_itself() {
    let name =
        FileName { stem: format!("{} (2){}", "x".repeat(247), "y".repeat(40)), ext: ".jpg".to_owned() };
    assert_ne!(name.numbered(1), name.numbered(2));
}

#[test]
fn prefix_and_suffix_keep_the_bound_and_the_extension() {
    let long = format!("{}.jpg", "x".repeat(251));
    assert_eq!(with_prefix("0001_", "a.jpg"), "0001_a.jpg");
    assert_eq!(with_prefix("0001_", &long), format!("0001_{}.jpg", "x".repeat(246)));
    assert_eq!(with_suffix("a.jpg", ".json"), "a.jpg.json");
    assert_eq!(with_suffix(&long, ".json"), format!("{}.jpg.json", "x".repeat(246)));
}

#[test]
fn a_folder_name_is_safe_and_leaves_room() {
    assert_eq!(folder_name_for("Ferien / 2024", false), "Ferien _ 2024");
    assert_eq!(folder_name_for("..", false), "untitled");
    assert_eq!(folder_name_for("", true), "untitled");
    assert_eq!(folder_name_for("...and more...", false), "_..and more");
    assert_eq!(folder_name_for(&"z".repeat(300), false).len(), FOLDER_BYTES_MAX);
}

#[test]
fn the_case_key_is_equal_for_names_that_differ_in_case_alone() {
    for (a, b) in [("IMG.JPG", "img.jpg"), ("ÄRGER", "ärger"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("Straße", "STRASSE")]
    {
        assert_eq!(case_key(a), case_key(b));
    }
    assert_ne!(case_key("a"), case_key("b"));
}

/// Texts that lean on what the rules are about.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(".".to_owned()),
        Just(" ".to_owned()),
        Just("/".to_owned()),
        Just("\0".to_owned()),
        Just(" (2)".to_owned()),
        Just("CON".to_owned()),
        Just("e\u{301}".to_owned()),
        Just("\u{202e}".to_owned()),
        Just(".jpg".to_owned()),
        any::<char>().prop_map(String::from),
        "[a-zA-Z0-9ö東]{1,90}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn assert_legal(name: &str, portable: bool) -> Result<(), TestCaseError> {
    prop_assert!(!name.is_empty() && name.len() <= NAME_BYTES_MAX, "{:?}", name);
    prop_assert!(
        !name.contains(['/', '\0', '\u{202e}']) && !name.chars().any(char::is_control),
        "{:?}",
        name
    );
    prop_assert!(!name.starts_with(['.', ' ']) && !name.ends_with(['.', ' ']), "{:?}", name);
    if portable {
        prop_assert!(!name.contains(['<', '>', ':', '"', '\\', '|', '?', '*']), "{:?}", name);
        prop_assert!(name.split('.').next().is_some_and(|base| base.trim_end() != "CON"), "{:?}", name);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_input_gives_one_legal_component(text in prop::option::of(hostile()), id in hostile(), n in 0u32.., portable: bool) {
        let name = file_name_for(text.as_deref(), &id, Some("image/heic"), portable);
        for n in [n, 1, 2] {
            let numbered = name.numbered(n);
            assert_legal(&numbered, portable)?;
            prop_assert!(numbered.ends_with(&name.ext));
        }
    }

    #[test]
    fn numbers_never_give_the_same_name_twice(text in hostile(), portable: bool) {
        let name = file_name_for(Some(&text), "id", None, portable);
        let all: HashSet<String> = (1..120).chain([4_294_967_295]).map(|n| name.numbered(n)).collect();
        prop_assert_eq!(all.len(), 120);
    }

    #[test]
    fn a_safe_name_stays_as_it_is(text in hostile(), portable: bool) {
        let once = named(&text, portable);
        prop_assert_eq!(named(&once, portable), once);
        let folder = folder_name_for(&text, portable);
        assert_legal(&folder, portable)?;
        prop_assert!(folder.len() <= FOLDER_BYTES_MAX);
        prop_assert_eq!(folder_name_for(&folder, portable), folder);
    }

    #[test]
    fn a_plain_name_keeps_its_extension(stem in "[a-zA-Zö東 ()]{1,300}", ext in "[a-zA-Z0-9]{1,16}") {
        let name = named(&format!("x{stem}.{ext}"), true);
        let kept = format!(".{ext}");
        prop_assert!(name.ends_with(&kept), "{}", name);
    }

    #[test]
    fn prefixed_and_suffixed_names_are_legal(text in hostile(), portable: bool) {
        let name = named(&text, portable);
        assert_legal(&with_prefix("0001_", &name), portable)?;
        assert_legal(&with_suffix(&name, ".json"), portable)?;
    }
}
