//! What a run of the simulation left: who was admitted and refused when, and the figures drawn from that.
//!
//! Owns: counts by program and second. Invariant: a request is counted in the second in which it reached the server.
//! May import: `server`.

use crate::server::Answer;

/// The span of the figures about adaptation, seconds.
const SPAN_SECS: usize = 60;
/// The span over which fairness is judged, seconds.
const FAIRNESS_SECS: usize = 600;

/// The counts of one run.
#[derive(Clone, Debug)]
pub struct Record {
    /// Admitted with a good answer, by program and second.
    good: Vec<Vec<u32>>,
    /// Refused, by program and second.
    refused: Vec<Vec<u32>>,
    /// The first send of each program.
    first_sent: Vec<Option<f64>>,
    /// The rate that the first program held for right, by second; 0: unknown.
    rates: Vec<f64>,
    given_up: u32,
}

impl Record {
    /// Nothing yet, of `clients` programs and `secs` seconds.
    pub fn new(clients: usize, secs: f64) -> Self {
        let seconds = second(secs) + 1;
        Self {
            good: vec![vec![0; seconds]; clients],
            refused: vec![vec![0; seconds]; clients],
            first_sent: vec![None; clients],
            rates: vec![0.0; seconds],
            given_up: 0,
        }
    }

    /// A request left.
    pub(crate) fn sent(&mut self, now: f64, client: usize, rate: Option<f64>) {
        self.first_sent[client].get_or_insert(now);
        if client == 0 {
            self.rates[second(now)] = rate.unwrap_or(0.0);
        }
    }

    /// A request reached the server.
    pub(crate) fn arrived(&mut self, now: f64, client: usize, answer: &Answer) {
        match answer {
            Answer::Good => self.good[client][second(now)] += 1,
            Answer::Refused(_) => self.refused[client][second(now)] += 1,
            Answer::Fault => {}
        }
    }

    /// A request was given up.
    pub(crate) fn given_up(&mut self) {
        self.given_up += 1;
    }

    /// Requests given up.
    pub fn failures(&self) -> u32 {
        self.given_up
    }

    /// Good answers of all programs.
    pub fn good(&self) -> u64 {
        self.good.iter().flatten().map(|n| u64::from(*n)).sum()
    }

    /// Refusals of all programs.
    pub fn refused(&self) -> u64 {
        self.refused.iter().flatten().map(|n| u64::from(*n)).sum()
    }

    /// Refusals over all requests, percent.
    pub fn refused_percent(&self) -> f64 {
        100.0 * self.refused() as f64 / (self.refused() + self.good()).max(1) as f64
    }

    /// Good answers per second of all programs, by second.
    pub fn good_by_second(&self) -> Vec<f64> {
        self.by_second(&self.good)
    }

    /// Refusals by second.
    pub fn refused_by_second(&self) -> Vec<f64> {
        self.by_second(&self.refused)
    }

    /// The rate that the first program held for right, by second; the last known where it sent nothing.
    pub fn rates(&self) -> Vec<f64> {
        let mut last = 0.0;
        self.rates
            .iter()
            .map(|rate| {
                last = if *rate > 0.0 { *rate } else { last };
                last
            })
            .collect()
    }

    /// Refusals from `from` to `to`, seconds.
    pub fn refused_within(&self, from: f64, to: f64) -> u64 {
        let span = second(from)..second(to);
        self.refused.iter().flat_map(|seconds| &seconds[span.clone()]).map(|n| u64::from(*n)).sum()
    }

    /// Whole seconds from `from` to the first good answer after it.
    pub fn first_good_after(&self, from: f64) -> Option<f64> {
        let good = self.good_by_second();
        good[second(from)..].iter().position(|n| *n > 0.0).map(|secs| secs as f64)
    }

    /// Seconds from `from` to the start of the first minute that has at least `share` of `per_sec` requests per second and at
    /// most `refused_max` (a share) of refusals.
    pub fn settled_after(&self, from: f64, per_sec: f64, share: f64, refused_max: f64) -> Option<f64> {
        let (good, refused) = (self.good_by_second(), self.refused_by_second());
        let (good, refused) = (&good[second(from)..], &refused[second(from)..]);
        (0..good.len().saturating_sub(SPAN_SECS)).find_map(|start| {
            let good: f64 = good[start..start + SPAN_SECS].iter().sum();
            let refused: f64 = refused[start..start + SPAN_SECS].iter().sum();
            let settled =
                good >= share * per_sec * SPAN_SECS as f64 && refused <= refused_max * (good + refused);
            settled.then_some(start as f64)
        })
    }

    /// Jain's index of fairness between the programs, the mean over spans of ten minutes in which all of them run.
    pub fn fairness(&self) -> f64 {
        let spans = self.shares();
        let index = |shares: &Vec<f64>| {
            let (sum, squares) = (shares.iter().sum::<f64>(), shares.iter().map(|n| n * n).sum::<f64>());
            if squares > 0.0 { sum * sum / (shares.len() as f64 * squares) } else { 1.0 }
        };
        spans.iter().map(index).sum::<f64>() / spans.len().max(1) as f64
    }

    /// The least that any program got of its fair share in the time in which all of them run, percent.
    pub fn least_share_percent(&self) -> f64 {
        let from = self.all_started();
        let totals: Vec<f64> =
            self.good.iter().map(|n| n[from..].iter().map(|n| f64::from(*n)).sum()).collect();
        let fair = totals.iter().sum::<f64>() / totals.len().max(1) as f64;
        100.0 * totals.iter().fold(f64::INFINITY, |least, n| least.min(*n)) / fair.max(1e-9)
    }

    /// What each program got in each span of ten minutes in which all of them run.
    fn shares(&self) -> Vec<Vec<f64>> {
        let seconds = self.rates.len() - 1;
        let mut spans = Vec::new();
        let mut from = self.all_started();
        while from + FAIRNESS_SECS <= seconds {
            let total = |n: &Vec<u32>| n[from..from + FAIRNESS_SECS].iter().map(|n| f64::from(*n)).sum();
            spans.push(self.good.iter().map(total).collect());
            from += FAIRNESS_SECS;
        }
        spans
    }

    fn all_started(&self) -> usize {
        second(self.first_sent.iter().flatten().fold(0.0, |last, at| f64::max(last, *at)))
    }

    fn by_second(&self, counts: &[Vec<u32>]) -> Vec<f64> {
        (0..self.rates.len()).map(|s| counts.iter().map(|n| f64::from(n[s])).sum()).collect()
    }
}

fn second(time: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of the simulation")]
    let second = time.max(0.0) as usize;
    second
}
