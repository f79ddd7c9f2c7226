//! What comes back from the trash, by Google or by a person, and what leaves it for good.

use crate::context::Home;
use crate::trash::ground::{TRASH, age, deletions, full, in_trash, index, place, synced, trash_dir, trashed};
use fake_google::{Endpoint, User};
use std::fs;
use std::process::Command;

/// A library of ten photos of which the first three are in the trash.
fn three_gone() -> (Home, User, Vec<String>) {
    let (home, alice, ids) = synced(10, TRASH);
    for id in &ids[..3] {
        alice.remove_item(id);
    }
    full(&home);
    full(&home);
    assert_eq!(trashed(&home).len(), 3);
    (home, alice, ids)
}

/// The commands of README's section on the trash, by the words of the comment at their end.
fn readme_command(words: &str) -> String {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("readable");
    let section = readme.split("### What is gone at Google").nth(1).expect("the section is there");
    let line = section.lines().find(|line| line.contains(words)).expect("the command is there");
    line.split(" # ").next().unwrap_or_default().trim().to_owned()
}

/// Runs a command of the README as the library's user, who is whoever runs the tests.
fn restore(home: &Home, command: &str) {
    let day = fs::read_dir(trash_dir(home)).expect("readable").flatten().next().expect("a day").file_name();
    let root = home.root("alice");
    let command = command
        .replace("cd /srv/photos/alice && sudo -u gphotos-syncd ", "")
        .replace("2026-11-29", day.to_str().expect("a date"))
        .replace("photos/2024/05/IMG_1.jpg photos/2024/05/", &format!("{} photos/2023/12/", place(1)));
    let ran = Command::new("sh").args(["-euc", &command]).current_dir(&root).output().expect("a shell");
    assert!(ran.status.success(), "{command}\n{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn an_item_that_is_back_at_google_comes_from_the_trash_and_not_from_the_net() {
    let (home, alice, ids) = three_gone();
    let bytes = fs::read(in_trash(&home, &place(1))).unwrap();
    alice.restore_item(&ids[1]);
    home.google.reset_stats();
    full(&home);
    assert_eq!(home.tree("alice")[&place(1)], bytes);
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
    assert_eq!((trashed(&home).len(), &deletions(&home)["gone"]), (2, &2.into()));
    assert_eq!(home.status()["libraries"][0]["files"], 8);

    // Deleted once more, it goes once more, on the same day too.
    alice.remove_item(&ids[1]);
    full(&home);
    full(&home);
    assert_eq!(trashed(&home)[&place(1)], bytes);
}

#[test]
fn an_item_that_is_back_while_its_file_is_spoilt_or_purged_is_fetched_again() {
    let (home, alice, ids) = three_gone();
    fs::write(in_trash(&home, &place(0)), "spoilt").unwrap();
    fs::remove_file(in_trash(&home, &place(1))).unwrap();
    home.run_ok(&["sync"]);
    for id in &ids[..2] {
        alice.restore_item(id);
    }
    full(&home);
    home.run_ok(&["sync"]);
    assert_eq!(home.tree("alice").len(), 9);
    assert_eq!(trashed(&home)[&place(0)], b"spoilt", "what somebody made of it stays");
    alice.restore_item(&ids[2]);
    full(&home);
    fs::remove_dir_all(trash_dir(&home)).unwrap();
    home.assert_complete("alice");
}

#[test]
fn the_commands_of_the_readme_bring_one_file_a_day_or_everything_back_for_good() {
    for (words, back) in [("# one file", 1), ("# all of a day", 3), ("# everything", 3)] {
        let (home, _, _) = three_gone();
        restore(&home, &readme_command(words));
        for _ in 0..3 {
            full(&home);
        }
        assert_eq!(home.tree("alice").len(), 7 + back, "{words}");
        let library = home.status()["libraries"][0].clone();
        assert_eq!(library["files"], 7 + back, "{words}");
        assert_eq!(library["deletions"]["stay"], back, "{words}");
        assert_eq!(library["deletions"]["gone"], 3, "{words}");
        age(&home, 31);
        full(&home);
        assert_eq!(home.tree("alice").len(), 7 + back, "{words}: the copy in the trash ends, the file stays");
        assert!(trashed(&home).is_empty(), "{words}");
    }
}

#[test]
fn a_file_leaves_the_trash_when_its_time_is_over_and_with_it_nothing_else() {
    let (home, _, _) = three_gone();
    let foreign = trash_dir(&home).join("mine.txt");
    let beside = in_trash(&home, &place(0)).with_file_name("IMG_9999.jpg");
    fs::write(&foreign, "mine").unwrap();
    fs::write(&beside, "mine").unwrap();
    let changed = in_trash(&home, &place(1));
    let mut bytes = fs::read(&changed).unwrap();
    bytes[100] ^= 1;
    fs::write(&changed, bytes).unwrap();
    age(&home, 29);
    home.run_ok(&["sync"]);
    assert!(in_trash(&home, &place(0)).exists());
    age(&home, 1);
    home.run_ok(&["sync"]);
    let day = trash_dir(&home).join(
        fs::read_dir(trash_dir(&home))
            .unwrap()
            .flatten()
            .find(|day| day.path().is_dir())
            .unwrap()
            .file_name(),
    );
    let mut left: Vec<_> =
        fs::read_dir(day.join("photos/2023/12")).unwrap().flatten().map(|f| f.file_name()).collect();
    left.sort();
    assert_eq!(left, ["IMG_0001.jpg", "IMG_9999.jpg"]);
    assert!(foreign.exists());
    assert_eq!(home.status()["libraries"][0]["last_run"]["purged"], 2);
    assert_eq!(home.tree("alice").len(), 7);
}

#[test]
fn a_clock_that_jumps_ten_years_purges_nothing() {
    let (home, _, _) = three_gone();
    home.run_ok(&["sync"]);
    let ten_years_ago = "UPDATE facts SET value = value - 315360000000 WHERE name = 'trash-looked'";
    for _ in 0..5 {
        assert_eq!(index(&home).execute(ten_years_ago, []).unwrap(), 1);
        home.run_ok(&["sync"]);
    }
    assert_eq!(trashed(&home).len(), 3);
    let oldest: i64 = index(&home).query_row("SELECT max(age) FROM trash", [], |row| row.get(0)).unwrap();
    assert!((5 * 86_400_000..5 * 86_400_000 + 600_000).contains(&oldest), "{oldest} ms");
}

#[test]
fn whoever_wants_to_keep_again_loses_nothing_of_the_trash() {
    let (home, alice, ids) = three_gone();
    let config = fs::read_to_string(home.path("config.toml")).unwrap();
    home.write_raw_config(&config.replace(TRASH, ""));
    age(&home, 60);
    alice.remove_item(&ids[5]);
    full(&home);
    full(&home);
    assert_eq!((trashed(&home).len(), home.tree("alice").len()), (3, 7));
}
