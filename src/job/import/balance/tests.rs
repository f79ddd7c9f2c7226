//! Tests of the sum of an import.

use crate::job::import::balance::{Against, Balance, Counts, Setting, missing_numbers, reasons_against};
use crate::job::import::prove::Proof;
use crate::store::{EntryOutcome, KnownPart, PartState};
use chrono::{DateTime, TimeDelta, Utc};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn part(number: u32, state: PartState) -> KnownPart {
    KnownPart {
        n: 1,
        export: 1,
        name: format!("takeout-{number:03}.zip"),
        number: Some(number),
        bytes: 1,
        state,
        last: None,
        entries: Some(3),
        fault: None,
        first_seen: now(),
    }
}

#[test]
fn every_outcome_counts_once() {
    let mut counts = Counts::default();
    let all = [
        EntryOutcome::Staged,
        EntryOutcome::Stored,
        EntryOutcome::Had,
        EntryOutcome::Sidecar,
        EntryOutcome::Album,
        EntryOutcome::Other,
        EntryOutcome::Refused,
        EntryOutcome::Json,
    ];
    for (n, outcome) in (1..).zip(all) {
        counts.add(outcome, n);
        assert_eq!(counts.sum(), n * (n + 1) / 2, "{outcome:?}");
    }
}

#[test]
fn a_gap_in_the_numbers_is_a_missing_part() {
    assert!(missing_numbers(&[1, 2, 3]).is_empty());
    assert_eq!(missing_numbers(&[5, 2]), [1, 3, 4]);
    assert!(missing_numbers(&[]).is_empty());
    assert_eq!(missing_numbers(&[u32::MAX]).len(), 100);
}

#[test]
fn whatever_is_wrong_stands_against_a_set() {
    let against = |balance: &Balance, parts: &[KnownPart], against: &Against| {
        reasons_against(balance, parts, against, now()).join("; ")
    };
    let (good, whole, nothing) = (Balance::default(), [part(1, PartState::Whole)], Against::default());
    assert_eq!(against(&good, &whole, &nothing), "");
    assert!(against(&good, &[part(1, PartState::Damaged)], &nothing).contains("is damaged"));
    assert!(against(&good, &[part(1, PartState::Reading)], &nothing).contains("to its end"));
    assert!(against(&good, &[part(2, PartState::Whole)], &nothing).contains("part 1 is missing"));
    let doubled = [1, 1, 2].map(|number| part(number, PartState::Whole));
    assert!(against(&good, &doubled, &nothing).contains("two different parts have the number 1"));
    let nameless = KnownPart { number: None, ..part(1, PartState::Whole) };
    assert_eq!(against(&good, &[nameless.clone(), nameless], &nothing), "");
    let unread = vec![("x.zip".to_owned(), "it grows".to_owned())];
    let changed = vec!["x.zip".to_owned(), "y.zip".to_owned()];
    let told = against(&good, &whole, &Against { unread, changed, ..Against::default() });
    assert!(told.contains("`x.zip` cannot be read: it grows; the part `y.zip` has changed"), "{told}");
    let proof = Proof { wrong: 1, faults: vec!["`a` is gone".to_owned()], ..Proof::default() };
    assert!(against(&good, &whole, &Against { proof, ..Against::default() }).contains("`a` is gone"));
    for change in [|counts: &mut Counts| counts.refused = 1, |counts: &mut Counts| counts.waiting = 1] {
        let mut bad = Balance::default();
        change(&mut bad.total);
        assert_ne!(against(&bad, &whole, &nothing), "");
    }
    let early = Balance { quiet_at: Some(now() + TimeDelta::hours(1)), ..Balance::default() };
    assert!(against(&early, &whole, &nothing).contains("more parts may come"));
}

#[test]
fn a_balance_that_waited_for_parts_is_drawn_anew_once_the_wait_is_over() {
    let waiting = Balance { drawn: now(), quiet_at: Some(now() + TimeDelta::hours(1)), ..Balance::default() };
    assert!(!waiting.may_change(Setting::Inbox, now()));
    assert!(waiting.may_change(Setting::Inbox, now() + TimeDelta::hours(2)));
    assert!(waiting.may_change(Setting::Named, now()));
    let settled = Balance { drawn: now() + TimeDelta::hours(2), ..waiting };
    assert!(!settled.may_change(Setting::Inbox, now() + TimeDelta::hours(9)));
}
