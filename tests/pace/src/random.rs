//! Scenarios drawn at random, so that a policy is not judged by what it was tuned on.
//!
//! Owns: the ranges. Invariant: a seed names one scenario. May import: `quota`, `scenario`, `server`.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::quota::{Quota, Steps};
use crate::scenario::Scenario;

/// How long each is simulated, seconds.
const SECS: f64 = 3_600.0;

/// The scenario of `seed`.
pub fn random(seed: u64) -> Scenario {
    let draw = &mut StdRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let per_sec = log_uniform(draw, 1.0, 50.0);
    let daemons = [1, 1, 1, 1, 2, 2, 3, 4][draw.random_range(0..8)];
    let quota = quota(draw, per_sec).stepped(steps(draw));
    let mut scenario = Scenario::new(&format!("random {seed}"), quota).lasting(SECS);
    scenario.workers = draw.random_range(4..=24);
    scenario.starts = (0..daemons).map(|i| f64::from(i) * draw.random_range(0.0..300.0)).collect();
    if draw.random_bool(0.15) {
        scenario.on_off = Some((log_uniform(draw, 60.0, 600.0), log_uniform(draw, 30.0, 300.0)));
    }
    let manners = &mut scenario.manners;
    manners.latency_secs = log_uniform(draw, 0.02, 2.0);
    manners.latency_sigma = draw.random_range(0.2..0.8);
    manners.tells_wait = draw.random_bool(0.2);
    if draw.random_bool(0.2) {
        let (from, length) = (draw.random_range(600.0..2_400.0), log_uniform(draw, 10.0, 300.0));
        manners.outages.push((from, from + length));
    }
    if draw.random_bool(0.2) {
        manners.spurious = log_uniform(draw, 0.0003, 0.005);
    }
    if draw.random_bool(0.3) {
        manners.faults = log_uniform(draw, 0.001, 0.03);
    }
    manners.counts_refused = draw.random_bool(0.1);
    scenario
}

fn quota(draw: &mut StdRng, per_sec: f64) -> Quota {
    match draw.random_range(0..10) {
        0..4 => {
            let window_secs: f64 = [10.0, 60.0, 60.0, 60.0, 100.0][draw.random_range(0..5)];
            Quota::fixed((per_sec * window_secs).round(), window_secs, draw.random_range(0.0..window_secs))
        }
        4..6 => Quota::sliding((per_sec * 60.0).round(), 60.0),
        _ => Quota::bucket(per_sec, log_uniform(draw, 5.0, 200.0).round()),
    }
}

fn steps(draw: &mut StdRng) -> Steps {
    let mut steps = vec![(0.0, 1.0)];
    if draw.random_bool(0.4) {
        let mut from = 0.0;
        for _ in 0..draw.random_range(1..=3) {
            from += draw.random_range(600.0..1_200.0);
            steps.push((from, log_uniform(draw, 0.3, 2.0)));
        }
    }
    Steps::new(&steps)
}

fn log_uniform(draw: &mut StdRng, from: f64, to: f64) -> f64 {
    (from.ln() + draw.random::<f64>() * (to / from).ln()).exp()
}
