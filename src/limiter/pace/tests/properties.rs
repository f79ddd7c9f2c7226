//! Tests of `limiter/pace: properties`.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::limiter::pace::tests::middle;
use crate::limiter::pace::{FLOOR_PER_SEC, LATE_MAX_SECS, Pilot, Refusal};

/// One thing that happens to a pace.
#[derive(Clone, Debug)]
enum Event {
    /// Somebody wants to send and waits as long as he must, then some more.
    Send { late: f64 },
    /// The oldest open request is answered.
    Answer { after: f64, answer: Answer },
    /// The operator changes the ceiling.
    Ceiling(f64),
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Admitted,
    Refused,
    RetryAfter(f64),
    Day,
    Unknown,
}

fn event() -> impl Strategy<Value = Event> {
    let answer = prop_oneof![
        6 => Just(Answer::Admitted),
        4 => Just(Answer::Refused),
        1 => (0.1..90.0).prop_map(Answer::RetryAfter),
        1 => Just(Answer::Day),
        1 => Just(Answer::Unknown),
    ];
    prop_oneof![
        6 => prop_oneof![Just(0.0), 0.0..0.01, 0.0..5.0].prop_map(|late| Event::Send { late }),
        6 => (0.0..2.0, answer).prop_map(|(after, answer)| Event::Answer { after, answer }),
        1 => (0.5..50.0).prop_map(Event::Ceiling),
    ]
}

/// The pace, its open requests and the moment.
struct World {
    pilot: Pilot,
    open: Vec<f64>,
    now: f64,
    last_send: Option<f64>,
}

impl World {
    fn step(&mut self, event: &Event) -> Result<(), TestCaseError> {
        match *event {
            Event::Send { late } => self.send(late),
            Event::Answer { after, answer } => self.answer(after, answer),
            Event::Ceiling(ceiling) => {
                self.pilot.set_ceiling(ceiling);
                Ok(())
            }
        }
    }

    fn send(&mut self, late: f64) -> Result<(), TestCaseError> {
        let Some(ready) = self.pilot.ready_at() else {
            prop_assert!(!self.open.is_empty(), "a probe is awaited that nobody sent");
            return Ok(());
        };
        prop_assert!(ready - self.now < 90_001.0 + 60.0, "a hold of {} s", ready - self.now);
        self.now = ready.max(self.now) + late;
        let probing = self.pilot.closed_until().is_some();
        if let (Some(last), false) = (self.last_send, probing) {
            let gap = 1.0 / self.pilot.rate();
            let least = gap - LATE_MAX_SECS.min(gap) - 1e-6;
            prop_assert!(self.now - last >= least, "{} s apart at {}/s", self.now - last, self.pilot.rate());
        }
        self.pilot.on_send(self.now);
        prop_assert!(!probing || self.pilot.ready_at().is_none(), "a second probe may leave");
        self.last_send = Some(self.now);
        self.open.push(self.now);
        Ok(())
    }

    fn answer(&mut self, after: f64, answer: Answer) -> Result<(), TestCaseError> {
        if self.open.is_empty() {
            return Ok(());
        }
        let sent = self.open.remove(0);
        self.now += after;
        let before = self.pilot.rate();
        let told = |retry_after_secs, day_until| Refusal {
            retry_after_secs,
            day_until,
            next_reset: self.now + 90_000.0,
        };
        let refusal = match answer {
            Answer::Admitted => {
                self.pilot.on_admitted(self.now, sent);
                return Ok(());
            }
            Answer::Unknown => {
                self.pilot.on_unknown(self.now, sent);
                return Ok(());
            }
            Answer::Refused => told(None, None),
            Answer::RetryAfter(secs) => told(Some(secs), None),
            Answer::Day => told(None, Some(self.now + 90_000.0)),
        };
        self.pilot.on_refused(self.now, sent, &refusal, &mut middle);
        prop_assert!(
            self.pilot.rate() <= before + 1e-9,
            "a refusal raised {before} to {}",
            self.pilot.rate()
        );
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_happens_the_pace_keeps_its_promises(first in 0.5..50.0, events in vec(event(), 1..150)) {
        let mut world = World { pilot: Pilot::new(first, 50.0), open: Vec::new(), now: 0.0, last_send: None };
        for event in &events {
            world.step(event)?;
            let (rate, ceiling) = (world.pilot.rate(), world.pilot.ceiling());
            prop_assert!((FLOOR_PER_SEC..=ceiling).contains(&rate), "{rate} of {ceiling}");
        }
    }

    #[test]
    fn once_the_server_admits_again_every_closed_gate_opens(events in vec(event(), 1..100)) {
        let mut world = World { pilot: Pilot::new(10.0, 50.0), open: Vec::new(), now: 0.0, last_send: None };
        for event in &events {
            world.step(event)?;
        }
        for _ in 0..400 {
            world.send(0.0)?;
            world.answer(0.0, Answer::Admitted)?;
            if world.open.is_empty() { break; }
        }
        world.send(0.0)?;
        prop_assert_eq!(world.pilot.closed_until(), None);
    }
}
