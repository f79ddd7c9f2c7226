//! The watch over scheduled exports: late ones, missing parts, the end of the year; said once, whatever restarts come between.
//!
//! The clock is the real one; exports are of days before now.

use crate::context::{Home, Ran};
use crate::exports::offline;
use crate::served::{Served, serve};
use chrono::{DateTime, TimeDelta, Utc};
use fake_google::takeout::{Export, TakeoutItem, TakeoutLibrary};
use gphotos_syncd::clock::wall_now;
use std::path::PathBuf;

fn days_ago(days: i64) -> DateTime<Utc> {
    wall_now() - TimeDelta::days(days)
}

/// Drops an export of that day, in so many parts, into the inbox.
fn drop_export(home: &Home, days: i64, parts: u32) -> Vec<PathBuf> {
    let mut library = TakeoutLibrary::default();
    for n in 0..4 {
        library
            .add(TakeoutItem::named(format!("{days} {n}.jpg")).taken("2023-07-01T10:00:00Z").len(20_000 + n));
    }
    let stamp = days_ago(days).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    Export::at(&stamp).parts(parts).write(&library, &home.path("inbox")).expect("writable").parts
}

/// The kinds of what the status tells of exports.
fn kinds(home: &Home) -> Vec<String> {
    let status = home.status();
    let notices = status["libraries"][0]["notices"].as_array().cloned().expect("a list");
    for notice in &notices {
        let since: DateTime<Utc> = notice["since"].as_str().expect("a text").parse().expect("a moment");
        assert!(since <= wall_now(), "{notice}");
        assert!(notice["text"].as_str().is_some_and(|text| text.contains("\nhint: ")), "{notice}");
    }
    notices.iter().map(|notice| notice["kind"].as_str().expect("a word").to_owned()).collect()
}

/// Lets every part have been seen days ago.
fn age_parts(home: &Home, days: i64) {
    let index = home.root("alice").join(".gphotos-syncd/index.sqlite");
    let index = rusqlite::Connection::open(index).expect("it is there");
    let millis = TimeDelta::days(days).num_milliseconds();
    index.execute("UPDATE parts SET first_seen = first_seen - ?1", [millis]).expect("parts have a time");
}

#[test]
fn an_export_that_does_not_come_is_late_in_every_form_of_the_status() {
    let home = offline();
    drop_export(&home, 65, 1);
    home.run(&["sync"]).assert(0, &["complete"]);
    assert_eq!(kinds(&home), [""; 0]);
    home.run(&["status", "--check"]).assert(0, &["OK - alice is idle"]);

    let home = offline();
    drop_export(&home, 80, 1);
    home.run(&["sync"]).assert(0, &["complete"]);
    assert_eq!(kinds(&home), ["late"]);
    let last = days_ago(80).format("%Y-%m-%d");
    let sentence = format!("no export came since {last}, 80 days ago");
    home.run(&["status", "alice"]).assert(
        0,
        &[
            &format!("  warning: {sentence}"),
            "    hint: see https://takeout.google.com/manage",
            "exports cannot tell",
        ],
    );
    let ran = home.run(&["status", "--check"]);
    ran.assert(1, &[&format!("WARNING - alice: {sentence}")]);
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);

    // The next one has come, and no run took it in yet.
    drop_export(&home, 1, 1);
    assert_eq!(kinds(&home), [""; 0]);
}

#[test]
fn a_missing_part_is_told_once_the_export_has_ceased_to_grow() {
    let home = offline();
    let parts = drop_export(&home, 5, 3);
    let away = home.path("away.zip");
    std::fs::rename(&parts[1], &away).expect("same disk");
    home.run(&["sync"]).assert(1, &["part 2 is missing"]);
    assert_eq!(kinds(&home), [""; 0], "it may still come");
    age_parts(&home, 3);
    assert_eq!(kinds(&home), ["part-missing"]);
    home.run(&["status", "--check"]).assert(1, &["alice: ", "1 part is missing of the export `takeout-"]);
    std::fs::rename(&away, &parts[1]).expect("same disk");
    home.run(&["sync"]).assert(0, &["complete"]);
    assert_eq!(kinds(&home), [""; 0]);
}

#[test]
fn the_end_of_the_year_is_told_before_it_and_after_it() {
    let home = offline();
    drop_export(&home, 345, 1);
    drop_export(&home, 20, 1);
    home.run(&["sync"]).assert(0, &["complete"]);
    assert_eq!(kinds(&home), ["renew-soon"]);
    home.run(&["status"]).assert(0, &["the year of scheduled exports ends on", "every 2 months for 1 year"]);

    let home = offline();
    drop_export(&home, 400, 1);
    home.run(&["sync"]).assert(0, &["complete"]);
    assert_eq!(kinds(&home), ["year-over"]);
    home.run(&["status"]).assert(0, &["the year of scheduled exports ended on", "every 2 months for 1 year"]);
}

#[test]
fn the_configuration_tells_when_the_year_began_or_that_there_is_none() {
    let home = offline();
    home.run(&["sync"]).assert(0, &["complete"]);
    assert_eq!(kinds(&home), [""; 0], "nothing is known, so nothing is late");
    let set = |text: &str| {
        let config = std::fs::read_to_string(home.path("config.toml")).expect("there");
        let own = config.lines().filter(|line| !line.starts_with("takeout-"));
        home.write_raw_config(&own.chain([text, ""]).collect::<Vec<_>>().join("\n"));
    };
    set(&format!("takeout-started = \"{}\"", days_ago(20).format("%Y-%m-%d")));
    assert_eq!(kinds(&home), ["late"], "the first one comes within a fortnight");
    set(&format!("takeout-started = \"{}\"", days_ago(50).format("%Y-%m-%d")));
    drop_export(&home, 45, 1);
    home.run(&["sync"]).assert(0, &["complete"]);
    assert_eq!(kinds(&home), [""; 0]);
    let started = format!("takeout-started = \"{}\"", days_ago(345).format("%Y-%m-%d"));
    set(&started);
    assert_eq!(kinds(&home), ["renew-soon"]);
    set(&format!("{started}\ntakeout-schedule = \"none\""));
    assert_eq!(kinds(&home), [""; 0]);
}

#[test]
fn who_imports_one_export_by_hand_is_told_of_no_late_one() {
    let home = offline();
    let import = |days: i64| {
        let parts = drop_export(&home, days, 1);
        std::fs::create_dir_all(home.path("downloads")).expect("writable");
        let name = parts[0].file_name().expect("a name").to_owned();
        let downloaded = home.path("downloads").join(name);
        std::fs::rename(&parts[0], &downloaded).expect("same disk");
        let mut command = home.command();
        command.args(["import", "alice"]).arg(downloaded);
        Ran::from(command.output().expect("the binary starts")).assert(0, &["safe to delete"]);
    };
    import(80);
    assert_eq!(kinds(&home), [""; 0]);
    home.run(&["status", "alice"]).assert(0, &["exports cannot tell what was deleted at Google"]);
    import(141);
    assert_eq!(kinds(&home), ["late"], "two of them, two months apart, are a rhythm");
}

/// How often the log has a warning of a late export.
fn said(served: &Served) -> usize {
    served.logged(&["WARN", "library alice: no export came since"])
}

#[test]
fn the_journal_has_a_notice_once_over_restarts_and_runs_and_a_new_one_once_again() {
    let home = offline();
    drop_export(&home, 90, 1);
    let mut served = serve(&home);
    home.run(&["sync"]).assert(0, &["complete"]);
    served.until("the warning", |served| said(served) == 1);
    served.wait_told("alice idle, export late");
    home.run(&["sync"]).assert(0, &["complete"]);
    served.stop();

    let mut served = serve(&home);
    served.wait_library(&home, "alice", |alice| alice["notices"][0]["kind"] == "late");
    home.run(&["sync"]).assert(0, &["complete"]);
    assert_eq!(said(&served), 1, "{}", served.log());

    drop_export(&home, 75, 1);
    home.run(&["sync"]).assert(0, &["complete"]);
    served.until("the next warning", |served| said(served) == 2);
    served.stop();
    let served = serve(&home);
    assert_eq!(said(&served), 2, "{}", served.log());
    served.stop();
}
