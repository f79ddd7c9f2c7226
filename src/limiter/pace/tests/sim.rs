//! The pace against simulated servers: one program with eight workers that always have work.
//!
//! Discrete events with seeded random numbers; the servers, their delays and the bars are those of the project's
//! notes on adaptive limiting. Delivered requests are compared with what the quota had room for, which is a
//! little more than any client could know how to use.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BinaryHeap, VecDeque};

use crate::limiter::pace::{Pilot, Refusal};

const SEEDS: u64 = 3;
const WORKERS: usize = 8;

/// A quota at a server.
enum Quota {
    /// So many in each aligned window of 60 s.
    Fixed { limit: u32, window: i64, used: u32 },
    /// So many in any 60 s.
    Sliding { limit: usize, log: VecDeque<f64> },
    /// A bucket of `burst` that fills by `rate` per second.
    Bucket { rate: f64, burst: f64, tokens: f64, at: f64 },
}

impl Quota {
    /// Admits a request at `now` or not.
    fn admit(&mut self, now: f64, factor: f64) -> bool {
        match self {
            Self::Fixed { limit, window, used } => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "minutes since the start of the simulation"
                )]
                let index = (now / 60.0).floor() as i64;
                if *window != index {
                    (*window, *used) = (index, 0);
                }
                let room = f64::from(*used) + 1.0 <= f64::from(*limit) * factor;
                *used += u32::from(room);
                room
            }
            Self::Sliding { limit, log } => {
                while log.front().is_some_and(|at| *at <= now - 60.0) {
                    log.pop_front();
                }
                let room = log.len() < *limit;
                if room {
                    log.push_back(now);
                }
                room
            }
            Self::Bucket { rate, burst, tokens, at } => {
                *tokens = (*tokens + *rate * factor * (now - *at)).min(*burst);
                *at = now;
                let room = *tokens >= 1.0;
                *tokens -= f64::from(u8::from(room));
                room
            }
        }
    }
}

/// A server and how long it is simulated.
struct Scenario {
    quota: fn() -> Quota,
    secs: f64,
    /// Requests that the quota has room for in that time.
    capacity: f64,
    /// No request is admitted in this span.
    outage: (f64, f64),
    /// The quota is half in this span.
    half: (f64, f64),
}

const NEVER: (f64, f64) = (f64::MAX, f64::MAX);

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Event {
    Wake,
    Arrive { sent: f64 },
    Answer { sent: f64, admitted: bool },
}

/// An event and its time; the earliest is the greatest.
struct Timed(f64, u64, Event);

impl PartialEq for Timed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Timed {}
impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Timed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.0.total_cmp(&self.0).then(other.1.cmp(&self.1))
    }
}

struct World {
    pilot: Pilot,
    quota: Quota,
    random: StdRng,
    events: BinaryHeap<Timed>,
    sequence: u64,
    free: usize,
    /// When the next alarm rings.
    alarm: f64,
    admitted: u32,
    refused: u32,
    refused_in_outage: u32,
    first_after_outage: f64,
}

impl World {
    fn at(&mut self, time: f64, event: Event) {
        self.sequence += 1;
        self.events.push(Timed(time, self.sequence, event));
    }

    /// Sends what may be sent now, else sets an alarm.
    fn pump(&mut self, now: f64) {
        while self.free > 0 {
            match self.pilot.ready_at() {
                Some(ready) if ready <= now + 1e-9 => {
                    self.pilot.on_send(now);
                    self.free -= 1;
                    let way = 0.02 + 0.02 * self.random.random::<f64>();
                    self.at(now + way, Event::Arrive { sent: now });
                }
                Some(ready) => {
                    if ready < self.alarm - 1e-9 || self.alarm <= now {
                        self.alarm = ready;
                        self.at(ready, Event::Wake);
                    }
                    return;
                }
                None => return,
            }
        }
    }

    fn arrive(&mut self, now: f64, sent: f64, scenario: &Scenario) {
        let within = |span: (f64, f64)| span.0 <= now && now < span.1;
        let factor = if within(scenario.half) { 0.5 } else { 1.0 };
        let admitted = !within(scenario.outage) && self.quota.admit(now, factor);
        if admitted {
            self.admitted += 1;
            if now >= scenario.outage.1 {
                self.first_after_outage = self.first_after_outage.min(now - scenario.outage.1);
            }
        } else {
            self.refused += 1;
            self.refused_in_outage += u32::from(within(scenario.outage));
        }
        let delay = if admitted { self.service_secs() } else { self.random.random_range(0.02..0.06) };
        self.at(now + delay, Event::Answer { sent, admitted });
    }

    /// A log-normal delay with median 0.25 s and sigma 0.6.
    fn service_secs(&mut self) -> f64 {
        let (one, two): (f64, f64) = (self.random.random(), self.random.random());
        let normal = (-2.0 * (1.0 - one).ln()).sqrt() * (std::f64::consts::TAU * two).cos();
        (0.25 * (0.6 * normal).exp()).min(20.0)
    }

    fn answer(&mut self, now: f64, sent: f64, admitted: bool) {
        self.free += 1;
        if admitted {
            self.pilot.on_admitted(now, sent);
        } else {
            let refusal = Refusal { retry_after_secs: None, day_until: None, next_reset: f64::MAX };
            let random = &mut self.random;
            self.pilot.on_refused(now, sent, &refusal, &mut |from, to| random.random_range(from..to));
        }
    }
}

fn run(scenario: &Scenario, seed: u64) -> World {
    let mut world = World {
        pilot: Pilot::new(1.0, 200.0),
        quota: (scenario.quota)(),
        random: StdRng::seed_from_u64(seed),
        events: BinaryHeap::new(),
        sequence: 0,
        free: WORKERS,
        alarm: f64::MAX,
        admitted: 0,
        refused: 0,
        refused_in_outage: 0,
        first_after_outage: f64::MAX,
    };
    world.pump(0.0);
    while let Some(Timed(now, _, event)) = world.events.pop() {
        if now > scenario.secs {
            break;
        }
        match event {
            Event::Wake if now < world.alarm => continue,
            Event::Wake => world.alarm = f64::MAX,
            Event::Arrive { sent } => world.arrive(now, sent, scenario),
            Event::Answer { sent, admitted } => world.answer(now, sent, admitted),
        }
        world.pump(now);
    }
    world
}

/// Holds a scenario to its bar: at least `delivered` percent of the capacity, at most `refused` percent refusals.
fn hold(scenario: &Scenario, delivered: f64, refused: f64) -> Vec<World> {
    let worlds: Vec<World> = (1..=SEEDS).map(|seed| run(scenario, seed)).collect();
    let mean = |share: fn(&World) -> f64| 100.0 * worlds.iter().map(share).sum::<f64>() / SEEDS as f64;
    let goodput = mean(|world| f64::from(world.admitted)) / scenario.capacity;
    let share = mean(|world| f64::from(world.refused) / f64::from(world.admitted + world.refused));
    assert!(goodput >= delivered && share <= refused, "delivered {goodput:.2} %, refused {share:.2} %");
    worlds
}

fn fixed() -> Quota {
    Quota::Fixed { limit: 600, window: -1, used: 0 }
}

fn bucket(burst: f64) -> Quota {
    Quota::Bucket { rate: 10.0, burst, tokens: burst, at: 0.0 }
}

#[test]
fn a_fixed_window_is_used_to_ninety_nine_percent() {
    hold(
        &Scenario { quota: fixed, secs: 3_600.0, capacity: 36_000.0, outage: NEVER, half: NEVER },
        99.0,
        0.8,
    );
}

#[test]
fn a_token_bucket_is_used_to_ninety_nine_percent() {
    let quota = || bucket(100.0);
    hold(&Scenario { quota, secs: 3_600.0, capacity: 36_100.0, outage: NEVER, half: NEVER }, 99.0, 0.6);
}

#[test]
fn a_sliding_window_is_used_to_ninety_seven_percent() {
    let quota = || Quota::Sliding { limit: 600, log: VecDeque::new() };
    hold(&Scenario { quota, secs: 3_600.0, capacity: 36_000.0, outage: NEVER, half: NEVER }, 97.0, 0.8);
}

#[test]
fn a_quota_that_halves_and_returns_is_followed() {
    let half = (1_200.0, 2_400.0);
    hold(
        &Scenario { quota: || bucket(20.0), secs: 3_600.0, capacity: 30_020.0, outage: NEVER, half },
        97.5,
        0.8,
    );
    hold(&Scenario { quota: fixed, secs: 3_600.0, capacity: 30_000.0, outage: NEVER, half }, 97.5, 0.8);
}

#[test]
fn an_outage_of_a_minute_is_probed_sparingly_and_over_soon() {
    let outage = (1_200.0, 1_260.0);
    let scenario =
        Scenario { quota: || bucket(20.0), secs: 3_600.0, capacity: 35_420.0, outage, half: NEVER };
    for world in hold(&scenario, 98.0, 0.8) {
        assert!(world.refused_in_outage <= 20, "{} refusals in the outage", world.refused_in_outage);
        assert!(world.first_after_outage <= 20.0, "{} s", world.first_after_outage);
    }
}
