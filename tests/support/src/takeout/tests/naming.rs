//! Tests of the forward rule, by published examples.

use crate::takeout::export::SidecarForm::{Since2024, Until2024};
use crate::takeout::naming::{FolderNames, cut, file_name, folder_name};

#[test]
fn the_json_of_a_file_is_named_as_published_examples_are() {
    let table = [
        ("IMG_1.jpg", Since2024, "IMG_1.jpg.supplemental-metadata.json"),
        ("IMG_1.jpg", Until2024, "IMG_1.jpg.json"),
        ("PXL_20240505_123456789.jpg", Since2024, "PXL_20240505_123456789.jpg.supplemental-metada.json"),
        (
            "Screenshot_20240101-120000_Some.App.Name.jpg",
            Since2024,
            "Screenshot_20240101-120000_Some.App.Name.jpg.s.json",
        ),
        (
            "Screenshot_2024-01-01_at_12.00.00_original.jpg",
            Since2024,
            "Screenshot_2024-01-01_at_12.00.00_original.jpg.json",
        ),
        (
            "a_name_that_is_longer_than_forty_seven_characters_in_all.jpg",
            Since2024,
            "a_name_that_is_longer_than_forty_seven_charact.json",
        ),
        (
            "PXL_20210102_030405678.PORTRAIT-01.COVER.jpg",
            Until2024,
            "PXL_20210102_030405678.PORTRAIT-01.COVER.jpg.json",
        ),
        ("2234089303984509579", Since2024, "2234089303984509579.supplemental-metadata.json"),
        ("skytree (2).jpg", Since2024, "skytree (2).jpg.supplemental-metadata.json"),
    ];
    for (title, form, wanted) in table {
        let mut names = FolderNames::default();
        let main = names.main(title);
        assert_eq!(names.sidecar(&main, form), wanted, "{title}");
        assert!(wanted.encode_utf16().count() <= 51, "{wanted}");
    }
}

#[test]
fn lengths_are_counted_in_utf_16_and_no_character_is_halved() {
    assert_eq!(cut("😀😀😀", 4), "😀😀");
    assert_eq!(cut("😀😀😀", 5), "😀😀");
    assert_eq!(cut("äöü", 2), "äö");
    let title = format!("{}.jpg", "😀".repeat(20));
    let mut names = FolderNames::default();
    let main = names.main(&title);
    let json = names.sidecar(&main, Since2024);
    assert_eq!(json, format!("{title}.s.json"), "40 units of emoji, 4 of the extension, 2 of the rest");
}

#[test]
fn a_second_file_of_a_name_is_counted_and_the_counter_moves_in_its_json() {
    let mut names = FolderNames::default();
    let (first, second) = (names.main("Scan35.jpg"), names.main("Scan35.jpg"));
    assert_eq!((first.to_string(), second.to_string()), ("Scan35.jpg".into(), "Scan35(1).jpg".into()));
    assert_eq!(names.sidecar(&first, Since2024), "Scan35.jpg.supplemental-metadata.json");
    assert_eq!(names.sidecar(&second, Since2024), "Scan35.jpg.supplemental-metadata(1).json");
    // A literal counter stays where it is.
    let literal = names.main("Scan36(1).jpg");
    assert_eq!(names.sidecar(&literal, Since2024), "Scan36(1).jpg.supplemental-metadata.json");
}

#[test]
fn edited_copies_and_clips_are_named_after_their_main_file() {
    let mut names = FolderNames::default();
    let first = names.main("IMG_1.HEIC");
    assert_eq!(names.edited(&first, "-bearbeitet").to_string(), "IMG_1-bearbeitet.HEIC");
    assert_eq!(names.clip(&first, Some("MP4")).to_string(), "IMG_1.MP4");
    let second = names.main("IMG_1.HEIC");
    assert_eq!(names.edited(&second, "-bearbeitet").to_string(), "IMG_1-bearbeitet(1).HEIC");
    assert_eq!(names.clip(&second, Some("MP4")).to_string(), "IMG_1(1).MP4");
    let pixel = names.main("PXL_20230101_120000000.MP.jpg");
    assert_eq!(names.clip(&pixel, None).to_string(), "PXL_20230101_120000000.MP");
    let old = names.main("MVIMG_20180101_120000.jpg");
    assert_eq!(names.clip(&old, None).to_string(), "MVIMG_20180101_120000");
    let long = names.main("a_name_of_forty_four_characters_in_its_stem_.jpg");
    assert_eq!(
        names.edited(&long, "-edited").to_string(),
        "a_name_of_forty_four_characters_in_its_stem_-ed.jpg",
        "the suffix is cut at 47"
    );
}

#[test]
fn two_names_that_are_cut_to_one_get_different_json() {
    let mut names = FolderNames::default();
    let stem = "a_name_of_forty_six_characters_and_then_one_mo";
    let (a, b) = (names.main(&format!("{stem}A.jpg")), names.main(&format!("{stem}B.jpg")));
    assert_eq!(names.sidecar(&a, Since2024), format!("{stem}.json"));
    assert_eq!(names.sidecar(&b, Since2024), format!("{stem}(1).json"));
}

#[test]
fn characters_that_windows_refuses_become_underscores() {
    assert_eq!(folder_name("a/b:c*\"<>|?\\ & d"), "a_b_c_______ & d");
    assert_eq!(file_name("Tom & Jerry?.jpg"), "Tom _ Jerry_.jpg");
}
