//! Names as exports have them, and what belongs to what.

use crate::takeout::matcher::tests::{folder, short, single};
use crate::takeout::matcher::{Doubt, Role, Rule};

/// File, sidecar, and the rule that joins them: from public importers' tests and reports.
const PUBLISHED: &[(&str, &str, Rule)] = &[
    ("PXL_20211013_220651983.jpg", "PXL_20211013_220651983.jpg.json", Rule::Name),
    ("DSC_0101(1).JPG", "DSC_0101.JPG(1).json", Rule::Counter),
    ("IMG_2710(1).HEIC", "IMG_2710.HEIC(1).json", Rule::Counter),
    ("PXL_20231118_035751175.MP.jpg", "PXL_20231118_035751175.MP.jpg.json", Rule::Name),
    ("PXL_20210102_221126856.MP~2.jpg", "PXL_20210102_221126856.MP~2.jpg.json", Rule::Name),
    (
        "PXL_20230809_203449253.LONG_EXPOSURE-02.ORIGINA.jpg",
        "PXL_20230809_203449253.LONG_EXPOSURE-02.ORIGIN.json",
        Rule::CutName,
    ),
    (
        "05yqt21kruxwwlhhgrwrdyb6chhwszi9bqmzu16w0 2.jpg",
        "05yqt21kruxwwlhhgrwrdyb6chhwszi9bqmzu16w0 2.jp.json",
        Rule::CutName,
    ),
    (
        "😀😃😄😁😆😅😂🤣🥲☺️😊😇🙂🙃😉😌😍🥰😘😗😙😚😋😛.jpg",
        "😀😃😄😁😆😅😂🤣🥲☺️😊😇🙂🙃😉😌😍🥰😘😗😙😚😋.json",
        Rule::CutName,
    ),
    (
        "Backyard_ceremony_wedding_photography_xxxxxxx_m(494).jpg",
        "Backyard_ceremony_wedding_photography_xxxxxxx_(494).json",
        Rule::CutName,
    ),
    (
        "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_P.jpg",
        "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_.json",
        Rule::CutName,
    ),
    (
        "13039_327707840323_537645323_9470255_27214_n(1).jpg",
        "13039_327707840323_537645323_9470255_27214_n.j(1).json",
        Rule::CutName,
    ),
    (
        "21345678901234567890123456789012345678901234567.png",
        "2134567890123456789012345678901234567890123456.json",
        Rule::CutName,
    ),
    ("IMG20210211125718-edited.jpg", "IMG20210211125718.jpg.json", Rule::OfOriginal),
    ("IMG2021021(4455)74722(1).jpg", "IMG2021021(4455)74722.jpg(1).json", Rule::Counter),
    ("IMG2021021.json74722(1).jpg", "IMG2021021.json74722.jpg(1).json", Rule::Counter),
    ("IMG2021021(1)74722(1).jpg", "IMG2021021(1)74722.jpg(1).json", Rule::Counter),
    ("IMG_1159.HEIC", "IMG_1159.HEIC.supplemental-metadata.json", Rule::Name),
    ("PXL_20241231_151646544.MP.jpg", "PXL_20241231_151646544.MP.jpg.supplemental-met.json", Rule::Name),
    (
        "PXL_20240827_094331806.PORTRAIT(1).jpg",
        "PXL_20240827_094331806.PORTRAIT.jpg.supplement(1).json",
        Rule::Counter,
    ),
    (
        "PXL_20240506_142610305.LONG_EXPOSURE-01.COVER.jpg",
        "PXL_20240506_142610305.LONG_EXPOSURE-01.COVER..json",
        Rule::CutName,
    ),
    (
        "PXL_20211120_223243932.MOTION-02.ORIGINAL.jpg",
        "PXL_20211120_223243932.MOTION-02.ORIGINAL.jpg..json",
        Rule::Name,
    ),
    ("20220322_205147-edited(1).jpg", "20220322_205147.jpg.supplemental-metadata(1).json", Rule::OfOriginal),
    ("skytree (2).jpg", "skytree (2).jpg.supplemental-metadata.json", Rule::Name),
    ("Scan35(1).jpg", "Scan35.jpg.supplemental-metadata(1).json", Rule::Counter),
    ("Negative0-36-35(1)(1).jpg", "Negative0-36-35(1).jpg.supplemental-metadata(1).json", Rule::Counter),
    ("2234089303984509579.jpg", "2234089303984509579.supplemental-metadata.json", Rule::WithoutExtension),
    ("video(123).mp4", "video.mp4.supplemental-metadata(123).json", Rule::Counter),
    ("IMG_1234.JPG", "IMG_1234.JPG.supplemental-me.json", Rule::Name),
    ("noext", "noext.supplemental-metadata.json", Rule::Name),
    ("IMG_1.JPG", "IMG_1.JPG.JSON", Rule::Name),
];

#[test]
fn every_published_pair_of_names_is_found_by_its_rule() {
    for (media, json, rule) in PUBLISHED {
        assert_eq!(single(media, json), Some(*rule), "{media} and {json}");
    }
}

#[test]
fn names_that_look_alike_are_not_paired() {
    for (media, json) in [
        ("PXL_20211013_220651958.jpg", "PXL_20211013_220651983.jpg.json"),
        ("PXL_20220405_090123741.PORTRAIT-modifié.jpg", "PXL_20220405_090123740.PORTRAIT.jpg.json"),
        ("DSC_0102(1).JPG", "DSC_0102.JPG(2).json"),
        ("DSC_0103.JPG", "DSC_0103.JPG(1).json"),
        ("DSC_0104(1).JPG", "DSC_0104.JPG.json"),
        (
            "Backyard_ceremony_wedding_photography_xxxxxxx_m(185).jpg",
            "Backyard_ceremony_wedding_photography_xxxxxxx_(494).json",
        ),
        ("IMG_1.jpg", "IMG_1.png.supplemental-metadata.json"),
        ("IMG_1.jpg", "IMG_10.jpg.supplemental-metadata.json"),
        ("IMG_1.MP4", "IMG_1.HEIC.supplemental-metadata.json"),
        ("photo.jpg", "photo.supplemental-metadata.json|photo.png"),
        ("IMG_1-edited.jpg", "IMG_1.jpg.supplemental-metadata(1).json"),
        ("IMG_1-edit.jpg", "IMG_1.jpg.supplemental-metadata.json"),
        ("skytree (2).jpg", "skytree .jpg.supplemental-metadata.json"),
    ] {
        assert_eq!(single(media, json), None, "{media} and {json}");
    }
}

#[test]
fn the_two_forms_of_unicode_are_one_name() {
    let (nfc, nfd) = ("caf\u{e9}.jpg", "cafe\u{301}.jpg");
    for (media, json) in [(nfc, nfd), (nfd, nfc)] {
        assert_eq!(single(media, &format!("{json}.supplemental-metadata.json")), Some(Rule::Name));
    }
    let long = "é".repeat(60);
    let media = format!("{}.jpg", "e\u{301}".repeat(47));
    let json: String = long.chars().take(46).collect();
    assert_eq!(single(&media, &format!("{json}.json|{long}.jpg")), Some(Rule::CutName));
}

#[test]
fn counters_move_and_literal_numbers_stay() {
    let found = folder(
        &["Scan.jpg", "Scan(1).jpg", "Scan(2).jpg"],
        &[
            "Scan.jpg.supplemental-metadata.json|Scan.jpg",
            "Scan.jpg.supplemental-metadata(1).json|Scan.jpg",
            "Scan(2).jpg.supplemental-metadata.json|Scan(2).jpg",
        ],
    );
    assert_eq!(short(&found), ["S0", "S1", "S2"]);
}

#[test]
fn a_file_that_two_sidecars_fit_is_given_none_and_says_why() {
    let found = folder(
        &["Scan(1).jpg"],
        &[
            "Scan.jpg.supplemental-metadata(1).json|Scan.jpg",
            "Scan(1).jpg.supplemental-metadata.json|Scan(1).jpg",
        ],
    );
    assert_eq!(short(&found), ["?"]);
    assert_eq!(found.ambiguous.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [1000, 1001]);
    assert_eq!(
        found.ambiguous[0].1.to_string(),
        "the names allow more than one pairing of files and sidecars: `Scan(1).jpg`, \
         `Scan(1).jpg.supplemental-metadata.json`, `Scan.jpg.supplemental-metadata(1).json`"
    );
}

#[test]
fn a_photo_without_a_sidecar_puts_its_namesakes_in_doubt() {
    let found = folder(&["a.jpg", "a(1).jpg"], &["a.jpg.supplemental-metadata.json|a.jpg"]);
    assert_eq!(short(&found), ["?", "?"]);
    assert_eq!(found.ambiguous[0].1.doubt, Doubt::Counters);
    // Counters with a gap cannot be a count of the sidecars alone.
    let found = folder(&["a.jpg", "a(1).jpg"], &["a.jpg.supplemental-metadata(1).json|a.jpg"]);
    assert_eq!(short(&found), ["-", "S0"]);
}

#[test]
fn long_names_that_are_cut_alike_are_told_apart_by_their_titles() {
    let start = "x".repeat(46);
    let (a, b) = (format!("{start}a.jpg"), format!("{start}b.jpg"));
    let json = [format!("{start}.json"), format!("{start}(1).json")];
    let titled = [format!("{}|{b}", json[0]), format!("{}|{a}", json[1])];
    let found = folder(&[&a, &b], &[&titled[0], &titled[1]]);
    assert_eq!(short(&found), ["S1", "S0"]);
    assert_eq!(found.media[0].json, Some((1001, Rule::Title)));
    let found = folder(&[&a, &b], &[&json[0], &json[1]]);
    assert_eq!(short(&found), ["?", "?"], "without titles nobody knows");
}

#[test]
fn a_title_that_contradicts_a_cut_name_prevents_the_pair() {
    let start = "x".repeat(46);
    let found = folder(&[&format!("{start}a.jpg")], &[&format!("{start}.json|{start}b.jpg")]);
    assert_eq!(short(&found), ["-"]);
    assert_eq!(found.orphans.len(), 1);
}

#[test]
fn edited_copies_in_every_language_belong_to_their_original() {
    for suffix in
        ["-edited", "-bearbeitet", "-modifié", "-modificato", "-ha editado", "-編集済み", "-编辑", "-EFFECTS"]
    {
        let copy = format!("IMG_1{suffix}.jpg");
        let found = folder(&["IMG_1.jpg", &copy], &["IMG_1.jpg.supplemental-metadata.json|IMG_1.jpg"]);
        assert_eq!(short(&found), ["S0", "S0 Edited of 0"], "{suffix}");
        assert_eq!(found.media[1].json, Some((1000, Rule::OfMain)));
    }
    let found = folder(&["IMG_1.HEIC", "IMG_1-edited.jpg"], &["IMG_1.HEIC.supplemental-metadata.json"]);
    assert_eq!(short(&found), ["S0", "S0 Edited of 0"], "the copy has another type");
}

#[test]
fn an_edited_copy_whose_suffix_was_cut_belongs_to_its_original() {
    let stem = "y".repeat(43);
    let original = format!("{stem}.jpg");
    let found =
        folder(&[&original, &format!("{stem}-edi.jpg")], &[&format!("{}.json|{original}", &original[..46])]);
    assert_eq!(short(&found), ["S0", "S0 Edited of 0"]);
}

#[test]
fn edited_copies_with_counters_are_paired_only_if_every_original_has_one() {
    let json =
        ["IMG.jpg.supplemental-metadata.json|IMG.jpg", "IMG.jpg.supplemental-metadata(1).json|IMG.jpg"];
    let found = folder(&["IMG.jpg", "IMG(1).jpg", "IMG-edited.jpg", "IMG-edited(1).jpg"], &json);
    assert_eq!(short(&found), ["S0", "S1", "S0 Edited of 0", "S1 Edited of 1"]);
    let found = folder(&["IMG.jpg", "IMG(1).jpg", "IMG-edited(1).jpg"], &json);
    assert_eq!(short(&found), ["S0", "S1", "S1 Edited of 1"], "a lone (1) is no count of its own");
    let found = folder(&["IMG.jpg", "IMG(1).jpg", "IMG-edited.jpg"], &json);
    assert_eq!(short(&found), ["S0", "S1", "?"], "the one copy may be of either");
    assert_eq!(found.media[2].why.as_ref().map(|why| why.doubt), Some(Doubt::Originals));
}

#[test]
fn a_file_called_edited_with_its_own_sidecar_is_itself() {
    let found = folder(
        &["IMG.jpg", "IMG-edited.jpg"],
        &["IMG.jpg.supplemental-metadata.json", "IMG-edited.jpg.supplemental-metadata.json"],
    );
    assert_eq!(short(&found), ["S0", "S1"]);
    assert_eq!(found.media[1].role, Role::Main);
}

#[test]
fn moving_parts_belong_to_their_photo() {
    for (still, clip) in [
        ("IMG_1.HEIC", "IMG_1.MP4"),
        ("IMG_1.HEIC", "IMG_1.MOV"),
        ("IMG_1.JPG", "IMG_1.mov"),
        ("IMG_1.HEIC", "IMG_1"),
        ("PXL_1.MP.jpg", "PXL_1.MP"),
        ("PXL_1.MP.jpg", "PXL_1.MP.mp4"),
        ("PXL_1.MP~2.jpg", "PXL_1.MP~2"),
        ("PXL_1.jpg", "PXL_1.MP"),
        ("MVIMG_20190101_120000.jpg", "MVIMG_20190101_120000"),
    ] {
        let json = format!("{still}.supplemental-metadata.json|{still}");
        let found = folder(&[still, clip], &[&json]);
        assert_eq!(short(&found), ["S0", "S0 Motion of 0"], "{still} and {clip}");
    }
    let found = folder(&["IMG_1(1).HEIC", "IMG_1(1).MP4"], &["IMG_1.HEIC.supplemental-metadata(1).json"]);
    assert_eq!(short(&found), ["S0", "S0 Motion of 0"]);
}

#[test]
fn a_video_with_its_own_sidecar_is_no_moving_part() {
    let found = folder(
        &["IMG_1.HEIC", "IMG_1.MP4"],
        &["IMG_1.HEIC.supplemental-metadata.json", "IMG_1.MP4.supplemental-metadata.json"],
    );
    assert_eq!(short(&found), ["S0", "S1"]);
}

#[test]
fn moving_parts_among_namesakes_stay_alone() {
    let json = ["IMG_1.HEIC.supplemental-metadata.json", "IMG_1.HEIC.supplemental-metadata(1).json"];
    let found = folder(&["IMG_1.HEIC", "IMG_1(1).HEIC", "IMG_1.MP4"], &json);
    assert_eq!(short(&found), ["S0", "S1", "?"]);
    let found = folder(&["IMG_1.HEIC", "IMG_1(1).HEIC", "IMG_1.MP4", "IMG_1(1).MP4"], &json);
    assert_eq!(short(&found), ["S0", "S1", "?", "?"], "clips are not numbered with their photos");
    let found = folder(&["IMG_1.HEIC", "IMG_1.JPG", "IMG_1.MP4"], &["IMG_1.HEIC.json", "IMG_1.JPG.json"]);
    assert_eq!(short(&found), ["S0", "S1", "?"]);
    let found = folder(&["IMG_1.HEIC", "IMG_1.MOV", "IMG_1.MP4"], &["IMG_1.HEIC.json"]);
    assert_eq!(short(&found), ["S0", "?", "?"]);
}

#[test]
fn a_moving_part_and_a_video_of_one_name_are_in_doubt() {
    let found = folder(
        &["IMG_1.HEIC", "IMG_1.MP4", "IMG_1(1).MP4"],
        &["IMG_1.HEIC.supplemental-metadata.json", "IMG_1.MP4.supplemental-metadata.json"],
    );
    assert_eq!(short(&found), ["S0", "?", "?"]);
}

#[test]
fn the_moving_part_of_an_edited_copy_names_the_main_file() {
    let found = folder(
        &["IMG_1.HEIC", "IMG_1.MP4", "IMG_1-edited.jpg", "IMG_1-edited.MP4"],
        &["IMG_1.HEIC.supplemental-metadata.json"],
    );
    assert_eq!(short(&found), ["S0", "S0 Motion of 0", "S0 Edited of 0", "S0 Motion of 0"]);
}

#[test]
fn an_edited_video_is_not_taken_for_the_moving_part_of_an_edited_photo() {
    let found = folder(
        &["A.jpg", "A.mp4", "A-edited.jpg", "A-edited.mp4"],
        &["A.jpg.supplemental-metadata.json", "A.mp4.supplemental-metadata.json"],
    );
    assert_eq!(short(&found), ["S0", "S1", "S0 Edited of 0", "?"]);
}

#[test]
fn a_bare_name_beside_a_photo_without_extension_is_in_doubt() {
    let found = folder(&["IMG_1", "IMG_1.jpg"], &["IMG_1.supplemental-metadata.json|IMG_1"]);
    assert_eq!(found.media[0].json, None);
    assert_eq!(found.media[1].json, None);
    assert_eq!(found.ambiguous.len(), 1);
}

#[test]
fn a_doubt_spreads_to_the_names_that_hang_on_it() {
    // The clip took the plain name, so every video is one number further than its sidecar.
    let found = folder(
        &["IMG_1.jpg", "IMG_1.MP4", "IMG_1(1).MP4", "IMG_1(1)(1).MP4"],
        &[
            "IMG_1.jpg.supplemental-metadata.json",
            "IMG_1.MP4.supplemental-metadata.json",
            "IMG_1(1).MP4.supplemental-metadata.json",
        ],
    );
    assert_eq!(short(&found), ["S0", "?", "?", "?"]);
}

#[test]
fn a_sidecar_without_extension_puts_the_photo_of_its_name_in_doubt() {
    let found = folder(
        &["IMG_1.jpg", "IMG_1(1).jpg"],
        &["IMG_1.supplemental-metadata.json|IMG_1", "IMG_1.jpg.supplemental-metadata.json|IMG_1.jpg"],
    );
    assert_eq!(short(&found), ["?", "?"], "either may have come first");
}

#[test]
fn a_moving_part_whose_photo_is_missing_is_nobody_elses() {
    let found = folder(
        &["IMG_1.MOV", "IMG_1-edited.MP4"],
        &[
            "IMG_1.MOV.supplemental-metadata.json|IMG_1.MOV",
            "IMG_1-edited.jpg.supplemental-metadata.json|IMG_1-edited.jpg",
        ],
    );
    assert_eq!(short(&found), ["S0", "?"]);
    assert_eq!(found.media[1].why.as_ref().map(|why| why.doubt), Some(Doubt::NoStill));
}

#[test]
fn counters_of_cut_names_count_all_titles_together() {
    let start = "x".repeat(46);
    let found = folder(
        &[
            &format!("{start}.jpg"),
            &format!("{start}b.HEIC"),
            &format!("{start}b(1).HEIC"),
            &format!("{start}b(2).HEIC"),
        ],
        &[&format!("{start}.json|{start}"), &format!("{start}(1).json|{start}b.HEIC")],
    );
    assert_eq!(short(&found)[1..], ["?", "?", "?"], "the (1) of the sidecar is not that of the file");
}

#[test]
fn two_entries_of_one_name_are_in_doubt() {
    let found = folder(&["a.jpg", "a.jpg"], &["a.jpg.supplemental-metadata.json|a.jpg"]);
    assert_eq!(short(&found), ["?", "?"]);
}

#[test]
fn a_sidecar_without_a_file_names_what_it_misses() {
    let found = folder(&[], &["IMG_1.jpg.supplemental-metadata.json|IMG_1.jpg"]);
    assert_eq!(
        found.orphans[0].1.to_string(),
        "the folder has no file of this name; it may be in a part that is missing: `IMG_1.jpg`"
    );
}

#[test]
fn strange_names_are_answered_too() {
    let media =
        ["", ".", "..", "(1)", "(1).jpg", ".json", "-", "-edited", ".jpg", "a.", "a(1)", ")", "x(1).json"];
    let json = [".json", "(1).json", ".supplemental-metadata.json", "", "a.json|", "..json|."];
    let found = folder(&media, &json);
    assert_eq!(found.media.len(), media.len());
}
