//! Our pace is held to its figures, on virtual time: five seeds each, the cold start included.
//!
//! The bars stand in `BARS`; what others reach in the same worlds is printed by `examples/pace.rs`.

#![forbid(unsafe_code)]
#![expect(clippy::expect_used, reason = "a test may panic")]

use pace_lab::record::Record;
use pace_lab::scenario::{Contender, Scenario, all};
use pace_lab::table::{Cell, Overall, over_random, runs};

/// The seeds of a scenario.
const SEEDS: u64 = 5;

/// A scenario's name; at least this percent of what exact knowledge gets; at most this percent refused.
type Bar = (&'static str, f64, f64);

const BARS: [Bar; 18] = [
    ("minute window", 99.0, 0.8),
    ("sliding minute", 97.0, 0.8),
    ("bucket, burst 100", 99.0, 0.6),
    ("halved, bucket", 97.5, 0.8),
    ("halved, window", 97.5, 0.8),
    ("doubled, bucket", 96.5, 0.8),
    ("doubled, window", 96.5, 0.8),
    ("storm of 60 s", 98.0, 0.8),
    ("2 daemons, bucket", 99.0, 2.5),
    ("4 daemons, bucket", 99.0, 2.5),
    ("4 daemons, window", 99.0, 2.5),
    ("4 late, bucket", 99.0, 2.5),
    ("4 late, window", 99.0, 2.5),
    ("16 late, bucket", 99.0, 2.5),
    ("16 late, window", 99.0, 2.5),
    ("strict, burst 1", 80.0, 0.8),
    ("latency 20 ms", 99.0, 0.8),
    ("day of 10,000", 99.5, 1.8),
];

fn scenario(name: &str) -> Scenario {
    all().into_iter().find(|scenario| scenario.name == name).expect("a scenario of that name")
}

/// Holds the scenario to its bar; the runs.
fn hold(name: &str) -> Vec<Record> {
    let (_, good, refused) = BARS.iter().find(|bar| bar.0 == name).expect("a bar of that name");
    let (records, cell) = runs(&scenario(name), Contender::Ours, SEEDS);
    assert!(cell.good >= *good && cell.refused <= *refused, "{name}: {cell:?}");
    assert!(records.iter().all(|record| record.failures() == 0), "{name}: requests were given up");
    records
}

fn mean(records: &[Record], figure: impl Fn(&Record) -> f64) -> f64 {
    records.iter().map(figure).sum::<f64>() / records.len() as f64
}

/// Seconds until a quota that changes is followed: down is with few refusals, up is with most of what is new.
fn follow(name: &str, records: &[Record], change: f64) -> f64 {
    let scenario = scenario(name);
    let after = scenario.per_sec(change);
    let (share, refused) = if after < scenario.per_sec(change - 1.0) { (0.8, 0.05) } else { (0.9, 1.0) };
    mean(records, |record| record.settled_after(change, after, share, refused).unwrap_or(f64::INFINITY))
}

/// Every program gets at least this percent of its fair share, and Jain's index is at least 0.95.
fn hold_fair(records: &[Record], least: f64) {
    for record in records {
        let (fairness, share) = (record.fairness(), record.least_share_percent());
        assert!(fairness >= 0.95 && share >= least, "Jain's index {fairness:.3}, least share {share:.0} %");
    }
}

#[test]
fn a_minute_window_is_used_with_few_refusals() {
    hold("minute window");
}

#[test]
fn a_sliding_minute_is_used_with_few_refusals() {
    hold("sliding minute");
}

#[test]
fn a_bucket_is_used_with_few_refusals() {
    hold("bucket, burst 100");
}

#[test]
fn a_quota_that_halves_and_returns_is_followed_both_ways() {
    for name in ["halved, bucket", "halved, window"] {
        let records = hold(name);
        let (down, up) = (follow(name, &records, 1_200.0), follow(name, &records, 2_400.0));
        assert!(down <= 15.0 && up <= 60.0, "{name}: {down:.0} s down, {up:.0} s up");
    }
}

#[test]
fn a_quota_that_doubles_is_found() {
    for name in ["doubled, bucket", "doubled, window"] {
        let records = hold(name);
        let (up, down) = (follow(name, &records, 1_200.0), follow(name, &records, 2_400.0));
        assert!(down <= 15.0 && up <= 75.0, "{name}: {down:.0} s down, {up:.0} s up");
    }
}

#[test]
fn a_storm_of_a_minute_is_probed_sparingly_and_over_soon() {
    for record in hold("storm of 60 s") {
        let refused = record.refused_within(1_200.0, 1_260.0);
        assert!(refused <= 20, "{refused} refusals in the storm");
        let full = record.settled_after(1_260.0, 10.0, 0.9, 0.05).unwrap_or(f64::INFINITY);
        assert!(full <= 20.0, "the full rate is back after {full} s");
    }
}

#[test]
fn two_four_and_sixteen_daemons_share_a_quota_without_knowing_of_one_another() {
    for name in
        ["2 daemons, bucket", "4 daemons, bucket", "4 daemons, window", "4 late, bucket", "4 late, window"]
    {
        hold_fair(&hold(name), 80.0);
    }
    for name in ["16 late, bucket", "16 late, window"] {
        let records = hold(name);
        let (fairness, least) =
            (mean(&records, Record::fairness), mean(&records, Record::least_share_percent));
        assert!(
            fairness >= 0.95 && least >= 80.0,
            "{name}: Jain's index {fairness:.3}, least share {least:.0} %"
        );
    }
}

#[test]
fn strict_buckets_and_short_ways_are_no_trouble() {
    for name in ["strict, burst 1", "latency 20 ms"] {
        hold(name);
    }
}

#[test]
fn a_day_whose_quota_nobody_knows_is_waited_out() {
    for record in hold("day of 10,000") {
        for day in [1.0, 2.0] {
            let first = record.first_good_after(day * pace_lab::DAY_SECS).unwrap_or(f64::INFINITY);
            assert!(first <= 65.0, "sending again {first} s after the reset");
        }
    }
}

#[test]
fn a_day_whose_quota_is_known_is_counted_or_spread_with_hardly_a_refusal() {
    let day = scenario("day of 10,000");
    for (contender, refused_max) in [(Contender::OursCounting, 0.8), (Contender::OursSpread, 0.0)] {
        let (records, Cell { good, refused, .. }) = runs(&day, contender, SEEDS);
        assert!(good >= 99.5 && refused <= refused_max, "{}: {good} / {refused}", contender.name());
        for record in records {
            let first = record.first_good_after(pace_lab::DAY_SECS).unwrap_or(f64::INFINITY);
            assert!(first <= 65.0, "{}: sending again {first} s after the reset", contender.name());
        }
    }
}

#[test]
fn a_hundred_and_twenty_random_worlds_are_met_well() {
    let overall = over_random(1..121, &[Contender::Ours]);
    let Overall { good, refused, failures } = overall[0];
    assert!(good.mean >= 94.0 && good.p10 >= 88.0, "{good:?}");
    assert!(refused.mean <= 4.5 && refused.median <= 2.0, "{refused:?}");
    assert_eq!(failures, 0);
}

#[test]
fn equal_seeds_give_equal_runs() {
    let scenario = scenario("4 late, window").lasting(600.0);
    let run = || scenario.run(Contender::Ours, 7);
    assert_eq!(run().good_by_second(), run().good_by_second());
}
