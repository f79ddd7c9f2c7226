//! The simulation: programs with workers that always have work, before one server, on virtual time.
//!
//! Owns: the order of events. Each program is a queue of ready requests, so many workers, and one policy. Invariant: equal
//! seeds give equal runs; no clock is read. May import: `policy`, `server`, `record`.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BinaryHeap, VecDeque};

use crate::policy::Policy;
use crate::record::Record;
use crate::server::{Answer, JITTER_SECS, Server, UPLINK_SECS};

/// A moment counts as come this long before it is, seconds.
const EARLY_SECS: f64 = 1e-9;

/// Who paces a program.
pub enum Pacing {
    /// A policy, which sees answers only.
    Policy(Box<dyn Policy>),
    /// Exact knowledge of the server's quotas.
    Oracle,
}

/// One program before the server.
pub struct Client {
    /// How its requests are paced.
    pub pacing: Pacing,
    /// Requests that it can have under way.
    pub workers: u32,
    /// When it starts, seconds.
    pub start: f64,
    /// It has work for so long, then none for so long, seconds; none: always work.
    pub on_off: Option<(f64, f64)>,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    attempts: u32,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Start,
    /// The alarm that was set as the `n`-th.
    Wake(u64),
    Arrive {
        sent: f64,
        item: Item,
    },
    Answer {
        sent: f64,
        item: Item,
        answer: Answer,
    },
    /// A request has rested.
    Ready(Item),
    /// There is work again.
    Work,
}

/// An event of a program, and its time; the earliest is the greatest.
struct Timed {
    time: f64,
    sequence: u64,
    client: usize,
    event: Event,
}

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
        other.time.total_cmp(&self.time).then(other.sequence.cmp(&self.sequence))
    }
}

struct Running {
    client: Client,
    /// Requests that were sent before and may be sent again; they go before new ones.
    again: VecDeque<Item>,
    /// Workers that have a request under way, or one that rests.
    busy: u32,
    /// There is no work before this moment, and an event is set for it.
    idle_until: f64,
    /// When the next alarm rings, and which it is.
    alarm: (f64, u64),
}

struct World {
    server: Server,
    random: StdRng,
    events: BinaryHeap<Timed>,
    sequence: u64,
    running: Vec<Running>,
    record: Record,
}

/// Runs `clients` before `server` for `secs` seconds.
pub fn simulate(server: Server, clients: Vec<Client>, secs: f64, seed: u64) -> Record {
    let record = Record::new(clients.len(), secs);
    let mut world = World {
        server,
        random: StdRng::seed_from_u64(seed),
        events: BinaryHeap::new(),
        sequence: 0,
        running: Vec::new(),
        record,
    };
    for (index, client) in clients.into_iter().enumerate() {
        world.at(client.start, index, Event::Start);
        world.running.push(Running {
            client,
            again: VecDeque::new(),
            busy: 0,
            idle_until: 0.0,
            alarm: (f64::MAX, 0),
        });
    }
    while let Some(Timed { time, client, event, .. }) = world.events.pop() {
        if time > secs {
            break;
        }
        world.step(time, client, event);
    }
    world.record
}

impl World {
    fn at(&mut self, time: f64, client: usize, event: Event) {
        self.sequence += 1;
        self.events.push(Timed { time, sequence: self.sequence, client, event });
    }

    fn step(&mut self, now: f64, client: usize, event: Event) {
        match event {
            Event::Start | Event::Work => {}
            Event::Wake(alarm) if alarm != self.running[client].alarm.1 => return,
            Event::Wake(_) => self.running[client].alarm.0 = f64::MAX,
            Event::Arrive { sent, item } => {
                let (answer, takes) = self.server.handle(now, &mut self.random);
                self.record.arrived(now, client, &answer);
                self.at(now + takes, client, Event::Answer { sent, item, answer });
                return;
            }
            Event::Answer { sent, item, answer } => self.answered(now, client, sent, item, answer),
            Event::Ready(item) => {
                let running = &mut self.running[client];
                running.again.push_back(item);
                running.busy -= u32::from(!running.client.pacing.frees_worker());
            }
        }
        self.pump(now, client);
    }

    /// Whether there is something to send; if not, an event is set for when there is.
    fn has_work(&mut self, now: f64, client: usize) -> bool {
        let running = &mut self.running[client];
        let (false, Some((on, off))) = (!running.again.is_empty(), running.client.on_off) else {
            return true;
        };
        let into = now % (on + off);
        if into < on {
            return true;
        }
        if running.idle_until <= now {
            // A little later, so that rounding cannot find the same pause again.
            running.idle_until = now + (on + off - into) + 1e-6;
            let until = running.idle_until;
            self.at(until, client, Event::Work);
        }
        false
    }

    /// Sends what may be sent now, else sets an alarm.
    fn pump(&mut self, now: f64, client: usize) {
        while self.running[client].busy < self.running[client].client.workers && self.has_work(now, client) {
            let ready = match &mut self.running[client].client.pacing {
                Pacing::Policy(policy) => policy.ready_at(now),
                Pacing::Oracle => Some(now + self.server.oracle_wait(now)),
            };
            let Some(ready) = ready else { return };
            if ready > now + EARLY_SECS {
                self.set_alarm(now, ready, client);
                return;
            }
            self.send(now, client);
        }
    }

    fn set_alarm(&mut self, now: f64, ready: f64, client: usize) {
        let alarm = &mut self.running[client].alarm;
        if ready < alarm.0 - EARLY_SECS || alarm.0 <= now {
            *alarm = (ready, alarm.1 + 1);
            let number = alarm.1;
            self.at(ready, client, Event::Wake(number));
        }
    }

    fn send(&mut self, now: f64, client: usize) {
        let running = &mut self.running[client];
        let mut item = running.again.pop_front().unwrap_or(Item { attempts: 0 });
        item.attempts += 1;
        running.busy += 1;
        let mut way = UPLINK_SECS;
        let mut rate = None;
        match &mut running.client.pacing {
            Pacing::Policy(policy) => {
                policy.on_send(now);
                rate = policy.rate();
                way += JITTER_SECS * self.random.random::<f64>();
            }
            Pacing::Oracle => self.server.oracle_send(now),
        }
        self.record.sent(now, client, rate);
        self.at(now + way, client, Event::Arrive { sent: now, item });
    }

    fn answered(&mut self, now: f64, client: usize, sent: f64, mut item: Item, answer: Answer) {
        if !matches!(answer, Answer::Refused(_)) {
            self.server.end();
        }
        let running = &mut self.running[client];
        running.busy -= 1;
        let Pacing::Policy(policy) = &mut running.client.pacing else { return };
        let refused = match &answer {
            Answer::Good => {
                policy.on_admitted(now, sent);
                return;
            }
            Answer::Fault => {
                policy.on_admitted(now, sent);
                None
            }
            Answer::Refused(refused) => {
                policy.on_refused(now, sent, refused, &mut self.random);
                item.attempts -= u32::from(!policy.counts_refusals());
                Some(refused)
            }
        };
        match policy.rest(item.attempts, refused, &mut self.random) {
            None => self.record.given_up(),
            Some(rest) if rest <= 0.0 => running.again.push_front(item),
            Some(rest) => {
                running.busy += u32::from(!policy.frees_worker());
                self.at(now + rest, client, Event::Ready(item));
            }
        }
    }
}

impl Pacing {
    fn frees_worker(&self) -> bool {
        match self {
            Self::Policy(policy) => policy.frees_worker(),
            Self::Oracle => false,
        }
    }
}
