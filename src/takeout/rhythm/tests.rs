//! The watchman through a whole year and past its end.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use crate::takeout::rhythm::{Delivery, Facts, NoticeKind, PartSeen, Quota, notices, year_of_exports};

const GIB: u64 = 1 << 30;

fn at(day: &str) -> DateTime<Utc> {
    format!("{day}T12:00:00Z").parse().unwrap()
}

/// A part of 10 GiB, seen and fetched on the day.
fn part(number: u32, day: &str) -> PartSeen {
    PartSeen { number, bytes: 10 * GIB, first_seen: at(day), fetched: Some(at(day)) }
}

fn delivery(day: &str, numbers: &[u32]) -> Delivery {
    Delivery {
        export: format!("takeout-{day}"),
        stamp: Some(at(day)),
        parts: numbers.iter().map(|number| part(*number, day)).collect(),
    }
}

/// Exports on these days, of one part each.
fn facts(days: &[&str]) -> Facts {
    Facts { deliveries: days.iter().map(|day| delivery(day, &[1])).collect(), ..Facts::default() }
}

fn kinds(facts: &Facts, day: &str) -> Vec<NoticeKind> {
    notices(facts, at(day)).iter().map(|notice| notice.kind).collect()
}

const YEAR: &[&str] = &["2026-06-05", "2026-08-05", "2026-10-05", "2026-12-05", "2027-02-05", "2027-04-05"];

#[test]
fn a_year_that_goes_well_is_silent_until_it_has_to_be_renewed() {
    let mut day = at("2026-06-06");
    while day < at("2027-06-30") {
        let seen: Vec<&str> = YEAR.iter().copied().filter(|stamp| at(stamp) <= day).collect();
        let expected = match day {
            _ if day >= at("2027-06-05") => vec![NoticeKind::YearOver],
            _ if day >= at("2027-05-06") => vec![NoticeKind::RenewSoon],
            _ => vec![],
        };
        let found: Vec<NoticeKind> = notices(&facts(&seen), day).iter().map(|notice| notice.kind).collect();
        assert_eq!(found, expected, "{day}");
        day += TimeDelta::days(1);
    }
}

#[test]
fn an_export_that_does_not_come_is_late_after_seventy_days() {
    let two = facts(&YEAR[..2]);
    assert_eq!(kinds(&two, "2026-10-13"), []);
    assert_eq!(kinds(&two, "2026-10-14"), [NoticeKind::Late]);
    let late = &notices(&two, at("2026-10-20"))[0];
    assert_eq!(late.since, at("2026-10-14"));
    assert!(late.text.starts_with("no export came since 2026-08-05, 76 days ago"), "{}", late.text);
    assert!(late.text.contains("\nhint: see https://takeout.google.com/manage"), "{}", late.text);
    assert_eq!(kinds(&two, "2027-05-10"), [NoticeKind::Late, NoticeKind::RenewSoon]);
    assert_eq!(kinds(&two, "2027-06-06"), [NoticeKind::YearOver], "after the year nothing is late");
}

#[test]
fn a_configured_start_without_an_export_is_late_after_a_fortnight() {
    let mut set_up = Facts { schedule_start: Some(at("2026-06-01")), ..Facts::default() };
    assert_eq!(kinds(&set_up, "2026-06-14"), []);
    assert_eq!(kinds(&set_up, "2026-06-15"), [NoticeKind::Late]);
    assert!(notices(&set_up, at("2026-06-15"))[0].text.starts_with("no export has come since the schedule"));
    set_up.deliveries = facts(&["2026-06-03"]).deliveries;
    assert_eq!(kinds(&set_up, "2026-06-15"), []);
    assert_eq!(year_of_exports(&set_up, at("2026-06-15")).map(|year| year.from), Some(at("2026-06-01")));
    assert_eq!(kinds(&set_up, "2026-05-01"), [], "a start to come says nothing yet");
    assert_eq!(kinds(&Facts::default(), "2026-06-15"), [], "nothing is known, so nothing is late");
}

#[test]
fn a_renewed_schedule_begins_a_new_year() {
    for renewed in ["2027-05-20", "2027-06-05", "2027-06-20", "2028-01-01"] {
        let mut days = YEAR.to_vec();
        days.push(renewed);
        let year = year_of_exports(&facts(&days), at("2028-01-02")).unwrap();
        assert_eq!(year.from, at(renewed));
    }
    let failed = facts(&["2026-06-05", "2027-02-05"]);
    let year = year_of_exports(&failed, at("2027-03-01")).unwrap();
    assert_eq!(year.from, at("2026-06-05"), "a gap begins no year");
    let mut told = facts(YEAR);
    told.schedule_start = Some(at("2027-01-01"));
    assert_eq!(year_of_exports(&told, at("2027-05-01")).unwrap().until, at("2028-01-01"));
}

#[test]
fn a_gap_among_the_parts_is_told_when_the_export_has_ceased_to_grow() {
    let mut gap = Facts { deliveries: vec![delivery("2026-06-05", &[2, 3, 7, 7])], ..Facts::default() };
    assert_eq!(kinds(&gap, "2026-06-06"), []);
    assert_eq!(kinds(&gap, "2026-06-07"), [NoticeKind::PartMissing]);
    let notice = &notices(&gap, at("2026-06-08"))[0];
    assert_eq!((notice.since, notice.export.as_deref()), (at("2026-06-07"), Some("takeout-2026-06-05")));
    assert!(
        notice
            .text
            .starts_with("4 parts are missing of the export `takeout-2026-06-05`: 001, 004 to 006\nhint: "),
        "{}",
        notice.text
    );
    gap.deliveries[0].parts.push(part(4, "2026-06-07"));
    assert_eq!(kinds(&gap, "2026-06-08"), [], "it grows again");
    gap.deliveries[0].parts.extend([1, 5, 6].map(|number| part(number, "2026-06-07")));
    assert_eq!(kinds(&gap, "2026-06-20"), []);
}

#[test]
fn many_gaps_are_told_in_short() {
    let numbers: Vec<u32> = (1..=40).map(|n| n * 2).collect();
    let gaps = Facts { deliveries: vec![delivery("2026-06-05", &numbers)], ..Facts::default() };
    let text = &notices(&gaps, at("2026-06-08"))[0].text;
    assert!(text.contains(": 001, 003, 005, 007, 009, others\n"), "{text}");
    let far = Facts { deliveries: vec![delivery("2026-06-05", &[u32::MAX])], ..Facts::default() };
    assert_eq!(kinds(&far, "2026-06-08"), [NoticeKind::PartMissing]);
}

#[test]
fn a_part_that_waits_is_told_after_two_days() {
    let mut waits = facts(&["2026-06-05"]);
    let part = &mut waits.deliveries[0].parts[0];
    part.fetched = None;
    let copy = *part;
    assert_eq!(kinds(&waits, "2026-06-06"), []);
    assert_eq!(kinds(&waits, "2026-06-07"), [NoticeKind::Unfetched]);
    let text = &notices(&waits, at("2026-06-07"))[0].text;
    assert!(text.starts_with("1 part waits to be taken in for more than two days: 10.0 GiB of"), "{text}");
    waits.deliveries[0].parts.push(PartSeen { fetched: Some(at("2026-06-06")), ..copy });
    assert_eq!(kinds(&waits, "2026-06-20"), [], "its second copy was fetched");
}

#[test]
fn what_is_missing_of_an_export_before_the_whole_one_of_this_year_is_told_no_more() {
    let mut years = facts(YEAR);
    years.deliveries[1].parts[0].number = 2;
    years.deliveries[2].parts[0].fetched = None;
    let of_parts = |facts: &Facts, day: &str| -> Vec<NoticeKind> {
        kinds(facts, day).into_iter().filter(|kind| !kind.is_of_schedule()).collect()
    };
    let both = [NoticeKind::PartMissing, NoticeKind::Unfetched];
    assert_eq!(of_parts(&years, "2027-05-20"), both);
    years.schedule_start = Some(at("2027-05-30"));
    assert_eq!(of_parts(&years, "2027-06-01"), both, "the whole one has not come yet");
    years.deliveries.push(delivery("2027-06-05", &[1]));
    assert_eq!(of_parts(&years, "2027-06-08"), []);
    years.deliveries[6].parts[0].number = 3;
    assert_eq!(of_parts(&years, "2027-06-08"), [NoticeKind::PartMissing], "its own parts count");
}

#[test]
fn storage_that_will_not_hold_the_next_export_is_told() {
    let mut full = Facts {
        deliveries: vec![delivery("2026-06-05", &[1, 2, 2, 3]), delivery("2026-08-05", &[1])],
        ..Facts::default()
    };
    for (limit, usage, day, expected) in [
        (Some(100 * GIB), 90 * GIB, "2026-08-06", vec![]),
        (Some(100 * GIB), 90 * GIB + 1, "2026-08-06", vec![NoticeKind::QuotaShort]),
        (Some(100 * GIB), 200 * GIB, "2026-08-06", vec![NoticeKind::QuotaShort]),
        (None, 900 * GIB, "2026-08-06", vec![]),
        // The next is a whole one, of 30 GiB.
        (
            Some(100 * GIB),
            71 * GIB,
            "2027-05-10",
            vec![NoticeKind::Late, NoticeKind::QuotaShort, NoticeKind::RenewSoon],
        ),
        (Some(100 * GIB), 70 * GIB, "2027-05-10", vec![NoticeKind::Late, NoticeKind::RenewSoon]),
    ] {
        full.quota = Some(Quota { limit, usage });
        assert_eq!(kinds(&full, day), expected, "{limit:?} {usage} {day}");
    }
    full.quota = Some(Quota { limit: Some(100 * GIB), usage: 95 * GIB });
    let text = &notices(&full, at("2026-08-06"))[0].text;
    assert!(text.contains("the last export had 10.0 GiB, and free are 5.0 GiB\nhint: "), "{text}");
}

#[test]
fn the_renewal_is_told_click_by_click() {
    for day in ["2027-05-10", "2027-07-01"] {
        let text = &notices(&facts(YEAR), at(day))[0].text;
        for words in [
            "2027-06-05",
            "\nhint: open https://takeout.google.com",
            "Google Photos",
            "every 2 months for 1 year",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
}

#[test]
fn an_export_without_a_moment_in_its_name_counts_from_its_first_sight() {
    let mut odd = facts(&["2026-06-05"]);
    odd.deliveries[0].stamp = None;
    assert_eq!(year_of_exports(&odd, at("2026-06-06")).map(|year| year.from), Some(at("2026-06-05")));
    odd.deliveries[0].parts.clear();
    assert_eq!(year_of_exports(&odd, at("2026-06-06")), None);
    assert_eq!(kinds(&odd, "2026-09-06"), []);
}

proptest! {
    #[test]
    fn no_notice_is_of_the_future_or_stands_twice(
        days in prop::collection::vec(0_i64..900, 0..9),
        numbers in prop::collection::vec(1_u32..6, 0..5),
        start in prop::option::of(0_i64..900),
        free in prop::option::of(0_u64..40),
        now in 0_i64..1_200,
    ) {
        let origin = at("2026-06-01");
        let deliveries = days.iter().enumerate().map(|(n, day)| {
            let seen = origin + TimeDelta::days(*day);
            let part = |number: &u32| PartSeen {
                number: *number, bytes: GIB, first_seen: seen, fetched: (*number < 4).then_some(seen),
            };
            Delivery { export: format!("e{n}"), stamp: Some(seen), parts: numbers.iter().map(part).collect() }
        }).collect();
        let facts = Facts {
            deliveries,
            schedule_start: start.map(|day| origin + TimeDelta::days(day)),
            quota: free.map(|free| Quota { limit: Some(40 * GIB), usage: (40 - free) * GIB }),
        };
        let now = origin + TimeDelta::days(now);
        let found = notices(&facts, now);
        let mut seen: Vec<_> = found.iter().map(|notice| (notice.kind, notice.export.clone())).collect();
        for notice in &found {
            prop_assert!(notice.since <= now, "{:?}", notice);
            prop_assert!(notice.text.contains("\nhint: "), "{:?}", notice);
        }
        let len = seen.len();
        seen.sort();
        seen.dedup();
        prop_assert_eq!(seen.len(), len);
    }
}
