//! The sign of life: who withholds it, and who does not.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, advance};

use crate::clock::mono_now;
use crate::supervisor::state::WorkerState;
use crate::supervisor::tests::{FakeJob, library, spec, ticking};
use crate::supervisor::ticker::{Reading, TICK_PERIOD};
use crate::supervisor::worker::Worker;
use crate::supervisor::{Quotas, Supervisor};
use crate::systemd::Notifier;

/// What the unit grants.
const WATCHDOG: Duration = Duration::from_secs(60);

/// A worker that was never let run, as one that hangs; its slot is among the others as long as this lives.
fn hang(supervisor: &Supervisor, name: &str) -> Worker {
    let spec = spec(name, &FakeJob::new(vec![]), None);
    let (worker, slot) =
        Worker::new(spec, WorkerState::Idle, String::new(), supervisor.ticks.clone(), Arc::default());
    supervisor.slots.send_modify(|slots| {
        slots.insert(library(name), slot);
    });
    worker
}

/// When the last sign of life was sent, after ten minutes of ticks.
async fn last_sign(hung: bool, draining: bool) -> (Instant, Instant) {
    let (sender, ticks) = ticking();
    let wall = sender.borrow().wall;
    let specs = vec![spec("alice", &FakeJob::new(vec![]), None), spec("bob", &FakeJob::new(vec![]), None)];
    let quotas = Quotas::new(Vec::new);
    let (mut supervisor, _handle) =
        Supervisor::start(specs, ticks, Notifier::with_watchdog(WATCHDOG), quotas);
    let began = mono_now();
    let _hung = hung.then(|| hang(&supervisor, "carol"));
    for _ in 0..60 {
        advance(TICK_PERIOD).await;
        let wall = wall + (mono_now() - began);
        sender.send_replace(Reading { wall, mono: mono_now() });
        // The workers that live answer.
        tokio::task::yield_now().await;
        supervisor.look(draining);
    }
    (began, supervisor.watchdog_sent)
}

#[tokio::test(start_paused = true)]
async fn while_every_worker_answers_signs_of_life_come_in_half_the_watchdogs_time() {
    let (began, sent) = last_sign(false, false).await;
    assert!(sent - began + WATCHDOG / 2 >= Duration::from_secs(600), "{:?}", sent - began);
}

#[tokio::test(start_paused = true)]
async fn one_worker_that_hangs_withholds_the_sign_of_life() {
    let (began, sent) = last_sign(true, false).await;
    assert!(sent - began < WATCHDOG / 2 + TICK_PERIOD, "{:?}", sent - began);
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_bounded_by_its_own_grace_and_not_by_the_watchdog() {
    let (began, sent) = last_sign(true, true).await;
    assert!(sent - began + WATCHDOG / 2 >= Duration::from_secs(600), "{:?}", sent - began);
}
