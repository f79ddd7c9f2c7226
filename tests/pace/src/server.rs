//! A server that admits a request if every one of its quotas does.
//!
//! Owns: the quotas, the outages and the delays. Invariant: what it admits depends on the arrivals alone; the ledger of the
//! oracle is a second set of quotas that only the oracle uses. May import: `quota`.

use rand::Rng;
use rand::rngs::StdRng;

use crate::quota::Quota;

/// The way to the server takes this long, seconds.
pub const UPLINK_SECS: f64 = 0.02;
/// And up to this much longer.
pub const JITTER_SECS: f64 = 0.02;
/// A refusal takes a random time in this range, seconds.
const REFUSAL_SECS: std::ops::Range<f64> = 0.02..0.06;
/// No answer takes longer, seconds.
const SERVICE_SECS_MAX: f64 = 20.0;

/// How a server behaves, apart from its quotas.
#[derive(Clone, Debug)]
pub struct Manners {
    /// The median of the log-normal time that an admitted request takes, seconds.
    pub latency_secs: f64,
    /// Its sigma.
    pub latency_sigma: f64,
    /// It refuses everything in these spans, seconds.
    pub outages: Vec<(f64, f64)>,
    /// It tells how long to wait, in whole seconds.
    pub tells_wait: bool,
    /// It tells which quota is spent.
    pub tells_quota: bool,
    /// It counts refused requests too.
    pub counts_refused: bool,
    /// The share of requests that it refuses for no reason.
    pub spurious: f64,
    /// The share of admitted requests that it answers with 503.
    pub faults: f64,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            latency_secs: 0.25,
            latency_sigma: 0.6,
            outages: Vec::new(),
            tells_wait: false,
            tells_quota: false,
            counts_refused: false,
            spurious: 0.0,
            faults: 0.0,
        }
    }
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// 200.
    Good,
    /// 503, counted by the quotas.
    Fault,
    /// 429.
    Refused(Refused),
}

/// What a 429 tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Refused {
    /// How long to wait, seconds.
    pub wait_secs: Option<f64>,
    /// A day's quota is spent.
    pub day: bool,
}

/// A server.
#[derive(Clone, Debug)]
pub struct Server {
    quotas: Vec<Quota>,
    ledger: Vec<Quota>,
    manners: Manners,
}

impl Server {
    /// A server with these quotas and manners.
    pub fn new(quotas: &[Quota], manners: &Manners) -> Self {
        let ledger = quotas.iter().filter(|quota| !quota.is_at_once()).cloned().collect();
        Self { quotas: quotas.to_vec(), ledger, manners: manners.clone() }
    }

    /// The answer to a request that arrives at `time`, and how long it takes, seconds.
    pub fn handle(&mut self, time: f64, random: &mut StdRng) -> (Answer, f64) {
        if let Some(end) = self.outage_at(time) {
            let wait_secs = self.manners.tells_wait.then(|| (end - time).ceil());
            return (Answer::Refused(Refused { wait_secs, day: false }), random.random_range(REFUSAL_SECS));
        }
        let full: Vec<usize> = (0..self.quotas.len()).filter(|i| !self.quotas[*i].has_room(time)).collect();
        if !full.is_empty() || self.manners.spurious > 0.0 && random.random::<f64>() < self.manners.spurious {
            let waits = full.iter().map(|i| self.quotas[*i].wait(time)).fold(0.0, f64::max);
            let wait_secs = (self.manners.tells_wait && !full.is_empty()).then(|| waits.ceil());
            let day = self.manners.tells_quota && full.last().is_some_and(|i| self.quotas[*i].is_per_day());
            if self.manners.counts_refused {
                self.quotas.iter_mut().filter(|quota| !quota.is_at_once()).for_each(|quota| quota.take(time));
            }
            return (Answer::Refused(Refused { wait_secs, day }), random.random_range(REFUSAL_SECS));
        }
        self.quotas.iter_mut().for_each(|quota| quota.take(time));
        let takes = self.service_secs(random);
        let faulty = self.manners.faults > 0.0 && random.random::<f64>() < self.manners.faults;
        (if faulty { Answer::Fault } else { Answer::Good }, takes)
    }

    /// An admitted request is over.
    pub fn end(&mut self) {
        self.quotas.iter_mut().for_each(Quota::end);
    }

    /// What it admits in the long run at `time`, requests per second.
    pub fn per_sec(&self, time: f64) -> f64 {
        self.quotas.iter().map(|quota| quota.per_sec(time)).fold(f64::INFINITY, f64::min)
    }

    /// Seconds from `time` until a request that leaves then is surely admitted, by exact knowledge.
    pub fn oracle_wait(&mut self, time: f64) -> f64 {
        let arrival = time + UPLINK_SECS;
        match self.outage_at(arrival) {
            Some(end) => end - arrival + 1e-6,
            None => self.ledger.iter_mut().map(|quota| quota.wait(arrival)).fold(0.0, f64::max),
        }
    }

    /// The oracle sends at `time`.
    pub fn oracle_send(&mut self, time: f64) {
        self.ledger.iter_mut().for_each(|quota| quota.take(time + UPLINK_SECS));
    }

    fn outage_at(&self, time: f64) -> Option<f64> {
        self.manners.outages.iter().find(|(from, to)| *from <= time && time < *to).map(|(_, to)| *to)
    }

    fn service_secs(&self, random: &mut StdRng) -> f64 {
        // Box and Muller's way to a normal number.
        let (one, two): (f64, f64) = (random.random(), random.random());
        let normal = (-2.0 * (1.0 - one).ln()).sqrt() * (std::f64::consts::TAU * two).cos();
        (self.manners.latency_secs * (self.manners.latency_sigma * normal).exp()).min(SERVICE_SECS_MAX)
    }
}
