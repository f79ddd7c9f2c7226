//! Tests of `job/links`.

use crate::job::links::{
    WantedLink, album_dir_for, folders_of, free_dir, link_name, may_keep_dir, numbered_link, plan_links,
    relative_link,
};
use crate::store::AlbumLink;
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use std::collections::HashSet;

fn day() -> Option<DateTime<Utc>> {
    // 2024-05-01T23:59:59Z
    DateTime::from_timestamp(1_714_607_999, 0)
}

fn link(path: &str, target: &str) -> AlbumLink {
    AlbumLink { path: path.to_owned(), target: target.to_owned() }
}

fn wanted(path: &str, target: &str) -> WantedLink {
    WantedLink { link: link(path, target), created: None }
}

#[test]
fn an_album_folder_has_year_month_day_and_title() {
    let table = [
        ("Rome", day(), "2024/0501 Rome"),
        ("  Rome ", day(), "2024/0501 Rome"),
        ("", day(), "2024/0501 Untitled"),
        ("a/b", day(), "2024/0501 a_b"),
        ("Rome", None, "undated/Rome"),
        ("", None, "undated/Untitled"),
    ];
    for (title, newest, expected) in table {
        assert_eq!(album_dir_for(title, newest, false), expected, "{title:?}");
    }
}

#[test]
fn a_folder_once_given_stays_while_the_wish_is_the_same() {
    let table = [
        ("2024/0501 Rome", "2024/0501 Rome", true),
        ("2024/0501 Rome (2)", "2024/0501 Rome", true),
        ("2024/0501 Rome (1)", "2024/0501 Rome", false),
        ("2024/0501 Rome (x)", "2024/0501 Rome", false),
        ("2024/0502 Rome", "2024/0501 Rome", false),
        ("2023/0501 Rome (2)", "2024/0501 Rome", false),
    ];
    for (dir, wish, expected) in table {
        assert_eq!(may_keep_dir(dir, wish), expected, "{dir}");
    }
}

#[test]
fn two_albums_of_one_name_get_two_folders() {
    let taken = HashSet::from(["2024/0501 Rome", "2024/0501 Rome (2)"]);
    assert_eq!(free_dir("2024/0501 Rome", |dir| taken.contains(dir)), "2024/0501 Rome (3)");
    assert_eq!(free_dir("2024/0501 Paris", |dir| taken.contains(dir)), "2024/0501 Paris");
}

#[test]
fn a_link_is_numbered_from_0000() {
    assert_eq!(link_name(0, "IMG_1.jpg"), "0000_IMG_1.jpg");
    assert_eq!(link_name(12_345, "IMG_1.jpg"), "12345_IMG_1.jpg");
    let long = format!("{}.jpg", "é".repeat(125));
    let name = link_name(7, &long);
    assert!(name.len() <= 255 && name.starts_with("0007_é") && name.ends_with("é.jpg"), "{name}");
}

#[test]
fn a_link_leads_to_its_file_by_a_relative_path() {
    let table = [
        ("albums/2024/0501 Rome/0000_a.jpg", "photos/2024/05/a.jpg", "../../../photos/2024/05/a.jpg"),
        ("albums/undated/X/0000_a.jpg", "photos/undated/a.jpg", "../../../photos/undated/a.jpg"),
        ("albums/2024/X/0000_a.jpg", "albums/2024/a.jpg", "../a.jpg"),
        ("albums/a.jpg", "a.jpg", "../a.jpg"),
        ("albums/x/y", "albums/x/z", "z"),
    ];
    for (from, to, expected) in table {
        assert_eq!(relative_link(from, to), expected, "{from} -> {to}");
    }
}

#[test]
fn nothing_changes_when_all_is_as_wanted() {
    let plan = plan_links(
        vec![wanted("albums/a/0000_x.jpg", "p/x.jpg")],
        vec![link("albums/a/0000_x.jpg", "p/x.jpg")],
    );
    assert!(plan.remove.is_empty() && plan.add.is_empty());
    assert_eq!(plan.keep.len(), 1);
}

#[test]
fn a_moved_entry_gets_a_new_link_and_loses_the_old() {
    let plan = plan_links(
        vec![wanted("albums/a/0000_y.jpg", "p/y.jpg"), wanted("albums/a/0001_x.jpg", "p/x.jpg")],
        vec![link("albums/a/0000_x.jpg", "p/x.jpg")],
    );
    assert_eq!(plan.remove, [link("albums/a/0000_x.jpg", "p/x.jpg")]);
    assert_eq!(plan.add.len(), 2);
}

#[test]
fn a_link_beside_something_foreign_stays_at_its_number() {
    let beside = link("albums/a/0000_x (2).jpg", "p/x.jpg");
    let plan = plan_links(vec![wanted("albums/a/0000_x.jpg", "p/x.jpg")], vec![beside.clone()]);
    assert!(plan.remove.is_empty() && plan.add.is_empty());
    assert_eq!(plan.keep[0].link, beside);
}

#[test]
fn a_long_name_with_a_number_at_the_cut_is_not_its_own_numbered_form() {
    for tail in ["", "g", "gggg"] {
        let name = format!("{} (2){tail}", "x".repeat(255 - 4 - tail.len()));
        let forms: Vec<String> = (2..5).map(|n| numbered_link(&name, n)).collect();
        assert!(forms.iter().all(|form| *form != name && form.len() <= 255), "{forms:?}");
    }
}

#[test]
fn the_folders_of_links_are_listed_once() {
    let paths = ["albums/b/1", "albums/a/1", "albums/b/2"];
    assert_eq!(folders_of(paths.into_iter()), ["albums/a", "albums/b"]);
}

fn some_links() -> impl Strategy<Value = Vec<(u8, u8)>> {
    proptest::collection::vec((0_u8..12, 0_u8..12), 0..24)
}

proptest! {
    #[test]
    fn applying_a_plan_gives_exactly_what_is_wanted(want in some_links(), have in some_links()) {
        let make = |pairs: &[(u8, u8)]| {
            let mut seen = HashSet::new();
            let once = pairs.iter().filter(|(path, _)| seen.insert(*path));
            once.map(|(path, target)| link(&format!("albums/a/{path:04}_x.jpg"), &format!("p/{target}.jpg"))).collect::<Vec<_>>()
        };
        let (want, have) = (make(&want), make(&have));
        let plan = plan_links(want.iter().cloned().map(|link| WantedLink { link, created: None }).collect(), have.clone());
        let mut after: Vec<AlbumLink> = have.iter().filter(|link| !plan.remove.contains(link)).cloned().collect();
        after.extend(plan.add.iter().map(|add| add.link.clone()));
        after.sort();
        let mut expected = want.clone();
        expected.sort();
        prop_assert_eq!(after, expected);
    }

    #[test]
    fn names_stay_within_the_bound_and_in_one_part(title in "\\PC{0,300}", index in 0_usize..2_000_000, n in 2_u32..5000) {
        let name = link_name(index, &title.replace('/', "_"));
        prop_assert!(name.len() <= 255 && !name.contains('/'));
        prop_assert!(numbered_link(&name, n).len() <= 255);
        let dir = album_dir_for(&title, day(), false);
        prop_assert!(dir.split('/').count() == 2 && dir.split('/').all(|part| part.len() <= 255));
        let second = free_dir(&dir, |taken| taken == dir);
        prop_assert!(second != dir && may_keep_dir(&second, &dir));
    }

    #[test]
    fn a_relative_link_leads_back_to_its_target(from in "[a-c]/[a-c]/[a-c]", to in "[a-c]/[a-c]/[d-f]") {
        let mut at: Vec<&str> = from.split('/').collect();
        at.pop();
        let text = relative_link(&from, &to);
        for part in text.split('/') {
            if part == ".." { at.pop(); } else { at.push(part); }
        }
        prop_assert_eq!(at.join("/"), to);
    }
}
