//! Which facts are judged, and when exports are expected at all.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::time::Duration;

use crate::config::{AfterImport, ExportSchedule, LesserCopy, Takeout};
use crate::job::watch::{Outside, deliveries_of, plan_notices, start_for, waiting_in};
use crate::store::SeenPart;
use crate::takeout::rhythm::{NoticeKind, Quota};

fn at(day: &str) -> DateTime<Utc> {
    format!("{day}T12:00:00Z").parse().unwrap()
}

fn settings() -> Takeout {
    Takeout {
        inbox: None,
        after_import: AfterImport::Keep,
        inbox_quiet: Duration::ZERO,
        lesser_copy: LesserCopy::Aside,
        schedule: ExportSchedule::TwoMonthly,
        started: None,
    }
}

/// A part of the export of that day, read on it.
fn part(day: &str, number: u32) -> SeenPart {
    SeenPart {
        export: format!("takeout-{day}"),
        stamp: Some(at(day)),
        number: Some(number),
        bytes: 100,
        first_seen: at(day),
        is_read: true,
    }
}

fn waiting(day: &str, number: u32) -> SeenPart {
    SeenPart { is_read: false, ..part(day, number) }
}

/// The kinds of what is told of these parts, which came by hand, in autumn 2026.
fn kinds(known: &[SeenPart], outside: Outside, settings: &Takeout) -> Vec<NoticeKind> {
    let found = plan_notices(known.to_vec(), false, outside, settings, at("2026-10-20"));
    found.into_iter().map(|notice| notice.kind).collect()
}

#[test]
fn one_export_by_hand_makes_nobody_wait_for_another() {
    let one = [part("2026-08-05", 1)];
    assert_eq!(kinds(&one, Outside::default(), &settings()), []);
    let years_apart = [part("2023-08-05", 1), part("2024-08-05", 1), part("2024-08-06", 1)];
    assert_eq!(kinds(&years_apart, Outside::default(), &settings()), []);
    let a_part_lacks = [part("2026-08-05", 2)];
    assert_eq!(kinds(&a_part_lacks, Outside::default(), &settings()), [NoticeKind::PartMissing]);
}

#[test]
fn exports_are_expected_if_they_come_by_themselves_or_in_their_rhythm_or_were_ordered() {
    let one = [part("2026-08-05", 1)];
    let late = [NoticeKind::Late];
    let by_inbox = plan_notices(one.to_vec(), true, Outside::default(), &settings(), at("2026-10-20"));
    assert_eq!(by_inbox.iter().map(|notice| notice.kind).collect::<Vec<_>>(), late);
    let two = [part("2026-06-05", 1), part("2026-08-05", 1)];
    assert_eq!(kinds(&two, Outside::default(), &settings()), late);
    let ordered = Takeout { started: NaiveDate::from_ymd_opt(2026, 8, 5), ..settings() };
    assert_eq!(kinds(&one, Outside::default(), &ordered), late);
    assert_eq!(kinds(&[], Outside::default(), &ordered), late);
    let unread = Outside { waiting: vec![waiting("2026-08-05", 1)], quota: None };
    assert_eq!(kinds(&[], unread, &settings()), [NoticeKind::Late, NoticeKind::Unfetched]);
}

#[test]
fn where_no_schedule_is_wished_parts_alone_are_told_of() {
    let none = Takeout {
        schedule: ExportSchedule::None,
        started: NaiveDate::from_ymd_opt(2025, 6, 5),
        ..settings()
    };
    let known = [part("2025-06-06", 1), part("2026-08-05", 2)];
    let full = Some(Quota { limit: Some(10), usage: 10 });
    let outside = Outside { waiting: vec![waiting("2026-08-05", 3)], quota: full };
    assert_eq!(kinds(&known, outside.clone(), &none), [NoticeKind::PartMissing, NoticeKind::Unfetched]);
    let scheduled = Takeout { schedule: ExportSchedule::TwoMonthly, ..none.clone() };
    assert_eq!(
        kinds(&known, outside, &scheduled),
        [NoticeKind::Late, NoticeKind::PartMissing, NoticeKind::Unfetched, NoticeKind::QuotaShort]
    );
    assert_eq!(kinds(&known[..1], Outside::default(), &scheduled), [NoticeKind::YearOver]);
    assert_eq!(kinds(&known[..1], Outside::default(), &none), []);
}

#[test]
fn an_export_that_lies_in_the_inbox_is_not_late() {
    let outside = Outside { waiting: vec![waiting("2026-10-19", 1)], quota: None };
    assert_eq!(kinds(&[part("2026-06-05", 1), part("2026-08-05", 1)], outside, &settings()), []);
}

#[test]
fn a_part_that_was_read_does_not_wait_and_two_copies_of_one_are_one() {
    let found = deliveries_of(
        vec![part("2026-06-05", 1), SeenPart { is_read: false, ..part("2026-06-05", 3) }],
        vec![waiting("2026-06-05", 1), waiting("2026-06-05", 2), waiting("2026-06-05", 2)],
    );
    let shape: Vec<(u32, bool)> =
        found[0].parts.iter().map(|part| (part.number, part.fetched.is_some())).collect();
    assert_eq!((found.len(), shape), (1, vec![(1, true), (3, false), (2, false)]));
    let unpacked = SeenPart { stamp: None, number: None, ..part("2026-06-05", 1) };
    assert!(deliveries_of(vec![unpacked], Vec::new())[0].gaps().is_empty());
}

#[test]
fn the_day_of_the_order_is_that_of_any_clock() {
    let day = NaiveDate::from_ymd_opt(2026, 6, 8).unwrap();
    let made = |stamp: &str| {
        let stamp = stamp.parse().unwrap();
        deliveries_of(vec![SeenPart { stamp: Some(stamp), ..part("2026-06-08", 1) }], Vec::new())
    };
    let midnight: DateTime<Utc> = "2026-06-08T00:00:00Z".parse().unwrap();
    assert_eq!(start_for(day, &[]), midnight);
    assert_eq!(start_for(day, &made("2026-06-08T03:00:00Z")), midnight);
    assert_eq!(start_for(day, &made("2026-06-07T10:00:00Z")), midnight - TimeDelta::hours(14));
    assert_eq!(start_for(day, &made("2026-06-07T09:59:59Z")), midnight);
}

#[test]
fn parts_of_an_inbox_wait_from_when_they_came_whatever_the_time_of_their_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("takeout-20260605T120000Z-3-002.zip");
    std::fs::write(&path, "seven b").unwrap();
    let file = std::fs::File::options().append(true).open(&path).unwrap();
    file.set_modified(at("2026-06-06").into()).unwrap();
    std::fs::create_dir(dir.path().join("Takeout")).unwrap();
    std::fs::write(dir.path().join("notes.txt"), "none").unwrap();
    let mut found = waiting_in(dir.path());
    found.sort_by_key(|part| part.number);
    let (folder, part) = (&found[0], &found[1]);
    assert_eq!((found.len(), folder.number, folder.bytes), (2, None, 0));
    assert_eq!((part.export.as_str(), part.stamp), ("takeout-20260605t120000z-3", Some(at("2026-06-05"))));
    assert_eq!((part.number, part.bytes, part.is_read), (Some(2), 7, false));
    let age = crate::clock::wall_now() - part.first_seen;
    assert!(age.abs() < TimeDelta::hours(1), "it came just now: {age}");
    assert_eq!(waiting_in(&dir.path().join("gone")), []);
}
