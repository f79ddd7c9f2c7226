//! Tests of `limiter/pace`.

mod properties;

use crate::limiter::pace::{Mode, Pilot, Refusal};

/// The recorded rows: `[sent, admitted, mode, rate, anchor, cut, closed, hold_until]`, lines with `#` are comments.
const GOLDEN: &str = include_str!("tests/golden.jsonl");

pub(crate) fn middle(from: f64, to: f64) -> f64 {
    f64::midpoint(from, to)
}

pub(crate) fn plain() -> Refusal {
    Refusal { retry_after_secs: None, day_until: None, next_reset: f64::MAX }
}

fn refuse(pilot: &mut Pilot, now: f64, sent: f64) {
    pilot.on_refused(now, sent, &plain(), &mut middle);
}

fn near(left: f64, right: f64) {
    assert!((left - right).abs() < 1e-6, "{left} is not {right}");
}

/// Sends one request when it may go (not before `now`) and answers it after `delay`; returns (sent, answered).
fn round(pilot: &mut Pilot, now: f64, delay: f64, admitted: bool) -> (f64, f64) {
    let sent = pilot.ready_at().unwrap().max(now);
    pilot.on_send(sent);
    let answered = sent + delay;
    if admitted {
        pilot.on_admitted(answered, sent);
    } else {
        refuse(pilot, answered, sent);
    }
    (sent, answered)
}

#[test]
fn the_recorded_calls_lead_to_the_recorded_states() {
    let mut pilot = Pilot::new(1.0, 200.0);
    let calls = [(12, 0.1), (1, 0.05), (1, 0.1), (20, 0.1), (2, 0.05), (4, 0.05), (6, 0.1)]
        .into_iter()
        .flat_map(|(times, delay)| std::iter::repeat_n(delay, times));
    let rows = GOLDEN.lines().filter(|line| !line.starts_with('#'));
    let mut now = 0.0;
    let mut seen = 0;
    for (delay, row) in calls.zip(rows) {
        let (sent_at, ok, mode, rate, anchor, cut, closed, hold): (
            f64,
            bool,
            String,
            f64,
            f64,
            f64,
            bool,
            f64,
        ) = serde_json::from_str(row).unwrap();
        let (sent, answered) = round(&mut pilot, now, delay, ok);
        now = answered;
        near(sent, sent_at);
        near(pilot.rate, rate);
        near(pilot.anchor, anchor);
        near(pilot.cut, cut);
        near(pilot.hold_until, hold);
        assert_eq!((pilot.mode.word(), pilot.block.is_some()), (mode.as_str(), closed), "row {seen}");
        seen += 1;
    }
    assert_eq!(seen, 46);
}

#[test]
fn slow_start_doubles_every_three_seconds_up_to_the_ceiling() {
    let mut pilot = Pilot::new(1.0, 6.0);
    let mut now = 0.0;
    let mut at = Vec::new();
    while now < 12.0 {
        (now, _) = round(&mut pilot, now, 0.0, true);
        at.push((now, pilot.rate()));
    }
    let rate_at = |second: f64| at.iter().rfind(|row| row.0 <= second).unwrap().1;
    for (second, rate) in [(3.1, 2.0), (6.1, 4.0), (9.0, 6.0), (12.0, 6.0)] {
        assert!((rate_at(second) - rate).abs() < 0.3 * rate, "at {second} s: {}", rate_at(second));
    }
}

#[test]
fn after_a_cut_the_rate_is_back_at_its_anchor_in_a_minute_and_then_looks_beyond() {
    let mut pilot = Pilot::new(10.0, 100.0);
    let (mut now, _) = round(&mut pilot, 0.0, 0.01, true);
    (_, now) = round(&mut pilot, now, 0.01, false);
    let (cut_at, anchor) = (now, pilot.anchor);
    near(pilot.rate(), 0.7 * anchor);
    let mut table =
        [(1.0, 0.714), (20.0, 0.911), (40.0, 0.989), (59.0, 0.999), (75.0, 1.1), (82.5, 1.3375)].into_iter();
    let mut next = table.next();
    while let Some((second, share)) = next {
        (now, _) = round(&mut pilot, now, 0.0, true);
        if now - cut_at >= second {
            assert!((pilot.rate() / anchor - share).abs() < 0.02, "{second} s: {}", pilot.rate() / anchor);
            next = table.next();
        }
    }
}

#[test]
fn a_storm_of_refusals_from_one_burst_cuts_once() {
    let mut pilot = Pilot::new(10.0, 100.0);
    let sent: Vec<f64> = (0..8)
        .map(|_| {
            let at = pilot.ready_at().unwrap().max(0.0);
            pilot.on_send(at);
            at
        })
        .collect();
    let mut rates = Vec::new();
    for sent in sent {
        refuse(&mut pilot, 2.0, sent);
        rates.push(pilot.rate());
    }
    assert_eq!(pilot.outcomes.count_ones(), 1);
    assert!(rates.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-12), "{rates:?}");
    assert_eq!(pilot.closed_until(), None, "the first incident does not close the gate");
}

#[test]
fn a_late_refusal_of_a_request_from_before_the_cut_changes_nothing() {
    let mut pilot = Pilot::new(5.0, 50.0);
    let (first, _) = round(&mut pilot, 0.0, 0.0, true);
    let (_, now) = round(&mut pilot, 0.0, 0.1, false);
    let before = format!("{pilot:?}");
    refuse(&mut pilot, now + 3.0, first);
    let cut_at = pilot.cut_at;
    refuse(&mut pilot, now + 3.0, cut_at);
    assert_eq!(format!("{pilot:?}"), before);
}

#[test]
fn two_refusals_in_a_row_close_the_gate_and_one_probe_opens_it() {
    let mut pilot = Pilot::new(5.0, 50.0);
    let (_, now) = round(&mut pilot, 0.0, 0.01, false);
    let (_, now) = round(&mut pilot, now, 0.01, false);
    let hold = pilot.closed_until().unwrap();
    near(hold, now + 0.25);
    pilot.on_send(hold);
    assert_eq!(pilot.ready_at(), None, "everybody waits for the probe");
    pilot.on_admitted(hold + 0.1, hold);
    assert_eq!(pilot.closed_until(), None);
    near(pilot.ready_at().unwrap(), hold + 0.1 + 1.0 / pilot.rate());
}

#[test]
fn a_wish_of_the_server_closes_the_gate_at_once_for_that_long() {
    let mut pilot = Pilot::new(5.0, 50.0);
    let (sent, _) = round(&mut pilot, 0.0, 0.0, true);
    let told = Refusal { retry_after_secs: Some(30.0), ..plain() };
    pilot.on_refused(1.0, sent, &told, &mut middle);
    near(pilot.closed_until().unwrap(), 31.25);
    pilot.on_send(31.25);
    pilot.on_refused(31.5, 31.25, &told, &mut middle);
    near(pilot.closed_until().unwrap(), 61.75);
}

#[test]
fn a_spent_day_holds_until_the_reset_and_keeps_the_old_rate_as_its_aim() {
    let mut pilot = Pilot::new(5.0, 5.0);
    let (sent, _) = round(&mut pilot, 0.0, 0.0, true);
    pilot.on_refused(1.0, sent, &Refusal { day_until: Some(40_000.0), ..plain() }, &mut middle);
    near(pilot.closed_until().unwrap(), 40_000.0);
    pilot.end_day(30_000.0);
    near(pilot.ready_at().unwrap(), 30_000.0);
    pilot.on_send(30_000.0);
    pilot.on_admitted(30_000.2, 30_000.0);
    assert_eq!(pilot.mode(), Mode::Steady);
    near(pilot.anchor, 5.0);
    near(pilot.rate(), 3.5);
}

#[test]
fn a_probe_of_unknown_outcome_is_followed_by_another_in_two_seconds() {
    let mut pilot = Pilot::new(5.0, 50.0);
    let (_, now) = round(&mut pilot, 0.0, 0.01, false);
    round(&mut pilot, now, 0.01, false);
    let probe = pilot.ready_at().unwrap();
    pilot.on_send(probe);
    pilot.on_unknown(probe + 1.0, probe - 0.5);
    assert_eq!(pilot.ready_at(), None, "another request than the probe");
    pilot.on_unknown(probe + 1.0, probe);
    near(pilot.ready_at().unwrap(), probe + 3.0);
}

#[test]
fn an_outage_of_ten_minutes_is_probed_ever_more_slowly_and_ends_near_the_old_rate() {
    let mut pilot = Pilot::new(10.0, 100.0);
    let (mut now, mut probes) = (0.0, 0);
    for _ in 0..100 {
        (_, now) = round(&mut pilot, now, 0.05, true);
    }
    let old = pilot.rate();
    while now < 600.0 {
        (_, now) = round(&mut pilot, now, 0.05, false);
        probes += 1;
    }
    assert!((10..=30).contains(&probes), "{probes} requests in ten minutes");
    let (_, end) = round(&mut pilot, now, 0.05, true);
    assert_eq!(pilot.closed_until(), None);
    assert!(end < 780.0, "{end}");
    assert!(pilot.rate() > 0.45 * old, "{} of {old}", pilot.rate());
}

#[test]
fn idle_time_never_raises_the_rate() {
    let mut pilot = Pilot::new(1.0, 100.0);
    let (_, now) = round(&mut pilot, 0.0, 0.1, true);
    let rate = pilot.rate();
    for step in 1..20 {
        round(&mut pilot, now + f64::from(step) * 600.0, 0.1, true);
    }
    near(pilot.rate(), rate);
}

#[test]
fn a_learnt_anchor_survives_a_restart_but_never_passes_the_ceiling() {
    let fresh = Pilot::new(10.0, 10.0);
    assert_eq!(fresh.learnt(), None);
    let resumed = Pilot::resume(4.0, 10.0);
    near(resumed.rate(), 4.0);
    assert_eq!(resumed.learnt(), Some(4.0));
    near(Pilot::resume(40.0, 10.0).rate(), 10.0);
}

#[test]
fn a_timer_that_is_a_little_late_does_not_slow_the_pace() {
    let mut pilot = Pilot::new(10.0, 10.0);
    let mut now = 0.0;
    for _ in 0..1_000 {
        pilot.on_send(now);
        pilot.on_admitted(now, now);
        now = pilot.ready_at().unwrap() + 0.001;
    }
    assert!((now - 100.0).abs() < 0.2, "{now}");
}

#[test]
fn a_pace_that_began_far_above_the_quota_comes_down_in_seconds() {
    // A bucket of 20 that fills by 20 a second, and answers after 5 ms.
    let (mut pilot, mut now, mut tokens, mut filled) = (Pilot::new(1_000.0, 1_000.0), 1.0, 20.0_f64, 1.0);
    let (mut admitted, mut refused) = (0_u32, 0_u32);
    while now < 31.0 {
        now = pilot.ready_at().unwrap().max(now);
        tokens = (tokens + 20.0 * (now - filled)).min(20.0);
        filled = now;
        let room = tokens >= 1.0;
        tokens -= f64::from(u8::from(room));
        let sent = now;
        pilot.on_send(sent);
        now += 0.005;
        if room {
            admitted += 1;
            pilot.on_admitted(now, sent);
        } else {
            refused += 1;
            refuse(&mut pilot, now, sent);
        }
    }
    assert!(admitted >= 560 && refused <= 20, "{admitted} admitted, {refused} refused");
}

/// A pace before a window of 60 in each minute, at ten a second until the first minute is over.
fn in_window_mode() -> (Pilot, f64) {
    let mut pilot = Pilot::new(10.0, 10.0);
    let (mut now, mut minute, mut used) = (0.0, 0.0, 0);
    while pilot.mode() != Mode::Window {
        let sent = pilot.ready_at().unwrap().max(now);
        if sent >= minute + 60.0 {
            (minute, used) = (60.0 * (sent / 60.0).floor(), 0);
        }
        (_, now) = round(&mut pilot, now, 0.01, used < 60);
        used += 1;
    }
    (pilot, now)
}

#[test]
fn the_first_window_is_found_open_as_soon_as_a_minute_is_over() {
    let (_, now) = in_window_mode();
    assert!((60.0..60.2).contains(&now), "{now}");
}

#[test]
fn a_refusal_long_before_the_window_is_spent_is_probed_at_once() {
    let (mut pilot, mut now) = in_window_mode();
    pilot.phase.learn(0.0, 0.02, 0.1);
    pilot.phase.learn(60.0, 60.02, 60.1);
    for _ in 0..20 {
        (_, now) = round(&mut pilot, now, 0.01, true);
    }
    (_, now) = round(&mut pilot, now, 0.01, false);
    round(&mut pilot, now, 0.01, false);
    let hold = pilot.closed_until().unwrap() - now;
    assert!(hold < 2.0, "held for {hold} s, as if the window were spent");
}
