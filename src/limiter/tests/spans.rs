//! What a class lets go in any span of time, across every change of its rate.

use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

use crate::limiter::class::Allowed;
use crate::limiter::lane::Lane;
use crate::limiter::moment::Moment;
use crate::limiter::tests::{NOON, name};
use crate::limiter::verdict::{Sent, Verdict};
use crate::limiter::{Class, Throttle};

/// One thing that happens to a class.
#[derive(Clone, Debug)]
enum Event {
    /// Nothing for so long, milliseconds.
    Pause(u32),
    /// Everybody who may send does, so many times; each looks when a late timer wakes him, milliseconds.
    Send {
        times: usize,
        late_ms: u32,
    },
    /// The oldest open request is admitted, or refused with this wish, seconds.
    Admit,
    Refuse(Option<u64>),
    /// The operator changes the ceiling.
    Ceiling(f64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (0_u32..3_000).prop_map(Event::Pause),
        6 => (1_usize..40, prop_oneof![Just(0_u32), 0_u32..5]).prop_map(|(times, late_ms)| Event::Send { times, late_ms }),
        4 => Just(Event::Admit),
        2 => prop_oneof![3 => Just(None), 1 => (1_u64..30).prop_map(Some)].prop_map(Event::Refuse),
        1 => prop_oneof![0.5..5.0, 5.0..500.0].prop_map(Event::Ceiling),
    ]
}

fn allowed(per_sec: f64) -> Allowed {
    Allowed { per_sec, per_day: 0, spread: false }
}

/// A request that was let go: when, at what rates, and whether it was a probe of a closed gate.
struct Gone {
    at: f64,
    pace: f64,
    ceiling: f64,
    is_probe: bool,
}

struct World {
    lane: Lane,
    now: Duration,
    open: VecDeque<Sent>,
    gone: Vec<Gone>,
    /// The highest ceiling since the last request.
    ceiling: f64,
}

impl World {
    fn moment(&self) -> Moment {
        Moment { mono: self.now, wall: NOON.parse().unwrap() }
    }

    fn step(&mut self, event: &Event) {
        match *event {
            Event::Pause(ms) => self.now += Duration::from_millis(u64::from(ms)),
            Event::Send { times, late_ms } => (0..times).for_each(|_| self.send(late_ms)),
            Event::Admit => {
                if let Some(sent) = self.open.pop_front() {
                    self.lane.admitted(self.moment(), &sent);
                }
            }
            Event::Refuse(after) => {
                if let Some(sent) = self.open.pop_front() {
                    let throttle =
                        Throttle { retry_after: after.map(Duration::from_secs), ..Throttle::default() };
                    self.lane.throttled(self.moment(), &sent, &throttle);
                }
            }
            Event::Ceiling(ceiling) => {
                self.lane.apply(self.moment(), allowed(ceiling));
                self.ceiling = self.ceiling.max(ceiling);
            }
        }
    }

    /// Waits as long as the class asks for, at most ten times, then sends.
    fn send(&mut self, late_ms: u32) {
        let library = name("alice");
        let ticket = self.lane.enter(self.moment(), &library, Arc::new(Notify::new()));
        for _ in 0..10 {
            let before = self.lane.status(self.moment());
            match self.lane.decide(self.moment(), &library, ticket) {
                Verdict::Go(sent) => {
                    self.open.push_back(sent);
                    self.gone.push(Gone {
                        at: self.now.as_secs_f64(),
                        pace: before.pace.max(self.lane.status(self.moment()).pace),
                        ceiling: self.ceiling,
                        is_probe: before.mode == "blocked",
                    });
                    self.ceiling = before.ceiling;
                    return;
                }
                Verdict::Sleep(until) => {
                    self.now = self.now.max(until) + Duration::from_millis(u64::from(late_ms));
                }
                Verdict::Park(_) | Verdict::Wait | Verdict::Save => break,
            }
        }
        self.lane.leave(self.moment(), &library, ticket);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_span_has_more_requests_than_its_rate_times_its_length_and_the_bucket(
        ceiling in 0.5..500.0, events in vec(event(), 1..60)
    ) {
        let start = Moment { mono: Duration::ZERO, wall: NOON.parse().unwrap() };
        let lane = Lane::new(Class::Api, start, allowed(ceiling), None, false);
        let mut world = World { lane, now: Duration::ZERO, open: VecDeque::new(), gone: Vec::new(), ceiling };
        for event in &events {
            world.step(event);
        }
        let gone = &world.gone;
        for from in 0..gone.len() {
            let (mut highest, mut pace, mut probes) = (0.0_f64, 0.0_f64, 0.0_f64);
            for to in from + 1..gone.len().min(from + 200) {
                let (number, secs) = ((to - from + 1) as f64, gone[to].at - gone[from].at);
                highest = highest.max(gone[to].ceiling).max(gone[to - 1].ceiling);
                pace = pace.max(gone[to].pace).max(gone[to - 1].pace);
                probes += f64::from(u8::from(gone[to].is_probe || gone[to - 1].is_probe));
                // The bucket holds two, and what falls due in the 4 ms that a timer may be late.
                prop_assert!(
                    number <= highest * (secs + 0.004) + 2.0 + 1e-6,
                    "{number} in {secs} s under {highest}/s"
                );
                // The pace has one place, and the 2 ms that it keeps its schedule for, and the microsecond for which a moment counts
                // as come before it is, at each end; probes have their own times.
                prop_assert!(
                    number - probes <= pace * (secs + 0.002_002) + 1.0 + 1e-6,
                    "{number} with {probes} probes in {secs} s at {pace}/s"
                );
            }
        }
    }
}
