//! Tests of `limiter/budget`.

use chrono::{DateTime, TimeDelta, Utc};

use crate::limiter::budget::{DayBudget, DayRecord, next_reset};
use crate::media::LibraryName;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn name(text: &str) -> LibraryName {
    LibraryName::try_new(text).unwrap()
}

fn budget(limit: u64) -> DayBudget {
    DayBudget::new(limit, DayRecord::default(), true, TimeDelta::seconds(7))
}

fn use_up(budget: &mut DayBudget, wall: DateTime<Utc>, library: &str) -> u64 {
    let library = name(library);
    let mut sent = 0;
    while budget.parked_until(wall, &library).is_none() {
        budget.count(&library);
        sent += 1;
    }
    sent
}

#[test]
fn the_day_ends_at_midnight_in_california_in_summer_in_winter_and_on_both_days_of_change() {
    for (wall, reset) in [
        ("2025-07-01T12:00:00Z", "2025-07-02T07:00:00Z"),
        ("2025-07-02T06:59:59Z", "2025-07-02T07:00:00Z"),
        ("2025-07-02T07:00:00Z", "2025-07-03T07:00:00Z"),
        ("2025-01-01T12:00:00Z", "2025-01-02T08:00:00Z"),
        // 9 March 2025 has 23 hours, 2 November 2025 has 25.
        ("2025-03-09T08:00:00Z", "2025-03-10T07:00:00Z"),
        ("2025-11-02T07:00:00Z", "2025-11-03T08:00:00Z"),
    ] {
        assert_eq!(next_reset(at(wall)), at(reset), "{wall}");
    }
}

#[test]
fn a_spent_budget_parks_until_the_reset_and_then_begins_anew() {
    let mut budget = budget(100);
    let wall = at("2025-07-01T12:00:00Z");
    assert_eq!(use_up(&mut budget, wall, "alice"), 100, "a library alone may use all of it");
    let until = budget.parked_until(wall, &name("alice")).unwrap();
    assert_eq!(until, at("2025-07-02T07:00:07Z"));
    assert_eq!(budget.parked_until(until, &name("alice")), None);
    assert_eq!(budget.used(), 0);
}

#[test]
fn the_last_twentieth_is_for_libraries_below_their_share() {
    let mut budget = budget(1_000);
    let wall = at("2025-07-01T12:00:00Z");
    budget.spent_until(wall);
    budget.count(&name("bob"));
    assert_eq!(use_up(&mut budget, wall, "alice"), 949);
    assert_eq!(use_up(&mut budget, wall, "bob"), 50);
    assert!(budget.spent_until(wall).is_some());
}

#[test]
fn a_library_of_yesterday_has_a_share_of_today() {
    let mut budget = budget(100);
    budget.count(&name("bob"));
    let (one, two, three) =
        (at("2025-07-01T12:00:00Z"), at("2025-07-02T12:00:00Z"), at("2025-07-03T12:00:00Z"));
    budget.spent_until(one);
    budget.count(&name("bob"));
    assert_eq!(use_up(&mut budget, two, "alice"), 95);
    assert_eq!(use_up(&mut budget, three, "alice"), 100, "bob did nothing on the second day");
}

#[test]
fn a_refused_request_does_not_count_unless_its_day_is_over() {
    let mut budget = budget(100);
    budget.spent_until(at("2025-07-01T12:00:00Z"));
    let date = budget.date();
    budget.count(&name("alice"));
    budget.uncount(&name("alice"), date);
    assert_eq!(budget.used(), 0);
    budget.spent_until(at("2025-07-02T12:00:00Z"));
    budget.count(&name("alice"));
    budget.uncount(&name("alice"), date);
    assert_eq!(budget.used(), 1);
}

#[test]
fn a_day_that_google_calls_spent_is_spent_whatever_the_count() {
    for limit in [0, 10_000] {
        let mut budget = budget(limit);
        let wall = at("2025-07-01T12:00:00Z");
        assert_eq!(budget.mark_spent(wall), at("2025-07-02T07:00:07Z"));
        assert_eq!(budget.spent_until(wall), Some(at("2025-07-02T07:00:07Z")));
        assert_eq!(budget.spent_until(at("2025-07-02T07:00:07Z")), None);
    }
}

#[test]
fn just_after_a_reset_a_spent_day_is_taken_for_the_last_one() {
    let mut budget = budget(10_000);
    let until = budget.mark_spent(at("2025-07-02T07:01:00Z"));
    assert_eq!(until, at("2025-07-02T07:06:07Z"));
}

#[test]
fn a_clock_set_back_does_not_give_the_day_twice_and_one_set_far_back_does_not_lock() {
    let mut budget = budget(10);
    use_up(&mut budget, at("2025-07-02T12:00:00Z"), "alice");
    assert!(
        budget.spent_until(at("2025-07-01T12:00:00Z")).is_some(),
        "a day back: still the later day's count"
    );
    let month_back = at("2025-06-01T12:00:00Z");
    assert!(budget.spent_until(month_back).is_some());
    assert_eq!(budget.spent_until(at("2025-06-02T12:00:00Z")), None);
    budget.mark_spent(at("2025-07-02T12:00:00Z"));
    assert!(budget.spent_until(month_back + TimeDelta::days(1)).is_some(), "the count may be of today");
    assert_eq!(
        budget.spent_until(month_back + TimeDelta::days(2)),
        None,
        "a mark from a wrong clock is dropped"
    );
}

#[test]
fn a_clock_that_was_far_back_for_a_while_does_not_give_the_day_twice() {
    let mut budget = budget(10);
    let noon = at("2025-07-02T12:00:00Z");
    use_up(&mut budget, noon, "alice");
    let wrong = at("1970-01-01T12:00:00Z");
    assert_eq!(use_up(&mut budget, wrong, "alice"), 0, "for all that is known it is the same day");
    assert!(budget.spent_until(noon).is_some(), "the clock is right again");
    assert_eq!(use_up(&mut budget, noon + TimeDelta::days(1), "alice"), 10);
}

#[test]
fn the_disk_is_told_before_the_count_passes_it_and_a_crash_counts_too_much_not_too_little() {
    let mut budget = budget(10_000);
    let wall = at("2025-07-01T12:00:00Z");
    budget.spent_until(wall);
    let mut disk = DayRecord::default();
    let mut writes = 0;
    for sent in 1..=1_000 {
        if budget.needs_reserve() {
            disk = budget.record(Some(10.0));
            budget.on_written(&disk);
            writes += 1;
        }
        budget.count(&name("alice"));
        assert!((sent..sent + 20).contains(&disk.used), "{} on disk, {sent} sent", disk.used);
    }
    assert!(writes <= 1_000 / 12, "{writes} writes for 100 s of requests");
    let mut again = DayBudget::new(10_000, disk.clone(), true, TimeDelta::zero());
    assert_eq!(again.spent_until(wall), None);
    assert_eq!(again.used(), disk.used);
}

#[test]
fn a_budget_may_be_raised_and_lifted_in_the_middle_of_the_day() {
    let mut budget = budget(10);
    let wall = at("2025-07-01T12:00:00Z");
    use_up(&mut budget, wall, "alice");
    budget.set_limit(20);
    assert_eq!(use_up(&mut budget, wall, "alice"), 10);
    budget.set_limit(0);
    assert_eq!(budget.spent_until(wall), None);
    assert!(!budget.needs_reserve());
}

#[test]
fn a_crash_at_a_high_pace_costs_a_small_part_of_the_day() {
    let budget = budget(10_000);
    assert_eq!(budget.record(Some(10.0)).used, 12 + 5);
    assert_eq!(budget.record(Some(10_000.0)).used, 100 + 5);
}

#[test]
fn the_last_part_is_kept_for_libraries_that_were_not_seen_yet() {
    let mut budget = budget(1_000);
    let wall = at("2025-07-01T12:00:00Z");
    budget.set_libraries(3);
    assert_eq!(use_up(&mut budget, wall, "large"), 950);
    assert_eq!(use_up(&mut budget, wall, "small"), 50);
    assert!(budget.spent_until(wall).is_some());
}
