//! The scenarios: a server, the programs before it, and how long they run.
//!
//! Invariant: a scenario is a value; equal seeds make equal worlds. May import: `policies`, `quota`, `server`, `sim`, `record`.

use crate::DAY_SECS;
use crate::policies::{Backoff, Botocore, Fixed, Ours, Rclone};
use crate::policy::Policy;
use crate::quota::{Quota, Steps};
use crate::record::Record;
use crate::server::{Manners, Server};
use crate::sim::{Client, Pacing, simulate};

/// A policy by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// Ours, knowing nothing at its start.
    Ours,
    /// Ours as the daemon starts it: at three times the quota, which is its ceiling.
    OursAtCeiling,
    /// Ours, which counts the day's quota.
    OursCounting,
    /// The same, which spreads it over the day.
    OursSpread,
    /// A fixed rate of 80 % of the nominal quota.
    Fixed,
    /// Exponential back-off alone.
    Backoff,
    /// rclone's pacer.
    Rclone,
    /// botocore's adaptive mode.
    Botocore,
    /// Exact knowledge of the quota: what the others are measured by.
    Oracle,
}

impl Contender {
    /// Those of the table, in its order.
    pub const TABLE: [Self; 6] =
        [Self::Ours, Self::OursAtCeiling, Self::Fixed, Self::Backoff, Self::Rclone, Self::Botocore];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::OursAtCeiling => "ours, from 3x",
            Self::OursCounting => "ours, counting",
            Self::OursSpread => "ours, spread",
            Self::Fixed => "fixed 80 %",
            Self::Backoff => "back-off",
            Self::Rclone => "rclone",
            Self::Botocore => "botocore",
            Self::Oracle => "oracle",
        }
    }
}

/// A server, the programs before it, and how long they run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name in the table and in the names of the plots.
    pub name: String,
    /// What the server admits.
    pub quotas: Vec<Quota>,
    /// How the server behaves otherwise.
    pub manners: Manners,
    /// When each program starts, seconds.
    pub starts: Vec<f64>,
    /// Requests that each program can have under way.
    pub workers: u32,
    /// How long each has work, and how long none, seconds; none: always work.
    pub on_off: Option<(f64, f64)>,
    /// How long it is simulated.
    pub secs: f64,
}

impl Scenario {
    /// One program of eight workers for an hour.
    pub fn new(name: &str, quota: Quota) -> Self {
        Self {
            name: name.to_owned(),
            quotas: vec![quota],
            manners: Manners::default(),
            starts: vec![0.0],
            workers: 8,
            on_off: None,
            secs: 3_600.0,
        }
    }

    /// The same before a server with other manners.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Manners)) -> Self {
        change(&mut self.manners);
        self
    }

    /// The same with programs that start at these moments, seconds.
    #[must_use]
    pub fn starting(self, starts: &[f64]) -> Self {
        Self { starts: starts.to_vec(), ..self }
    }

    /// The same with so many workers a program.
    #[must_use]
    pub fn workers(self, workers: u32) -> Self {
        Self { workers, ..self }
    }

    /// The same for so many seconds.
    #[must_use]
    pub fn lasting(self, secs: f64) -> Self {
        Self { secs, ..self }
    }

    /// What the server admits in the long run at `time`, requests per second.
    pub fn per_sec(&self, time: f64) -> f64 {
        Server::new(&self.quotas, &self.manners).per_sec(time)
    }

    /// Runs it with every program paced by `contender`.
    pub fn run(&self, contender: Contender, seed: u64) -> Record {
        let server = Server::new(&self.quotas, &self.manners);
        let client = |start: &f64| Client {
            pacing: self.pacing(contender),
            workers: self.workers,
            start: *start,
            on_off: self.on_off,
        };
        simulate(server, self.starts.iter().map(client).collect(), self.secs, seed)
    }

    /// The quota of a day; 0 if there is none.
    pub fn per_day(&self) -> u64 {
        let day = self.quotas.iter().find(|quota| quota.is_per_day());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of requests")]
        day.map_or(0, |quota| (quota.per_sec(0.0) * DAY_SECS).round() as u64)
    }

    fn pacing(&self, contender: Contender) -> Pacing {
        let nominal = self.per_sec(0.0).min(200.0);
        let policy: Box<dyn Policy> = match contender {
            Contender::Ours => Box::new(Ours::unknowing()),
            Contender::OursAtCeiling => Box::new(Ours::at_ceiling(3.0 * nominal)),
            Contender::OursCounting => Box::new(Ours::unknowing().counting(self.per_day(), false)),
            Contender::OursSpread => Box::new(Ours::unknowing().counting(self.per_day(), true)),
            Contender::Fixed => Box::new(Fixed::new(0.8 * nominal / self.starts.len() as f64)),
            Contender::Backoff => Box::new(Backoff),
            Contender::Rclone => Box::new(Rclone::default()),
            Contender::Botocore => Box::new(Botocore::default()),
            Contender::Oracle => return Pacing::Oracle,
        };
        Pacing::Policy(policy)
    }
}

/// A quota of 600 requests per minute, counted in each minute.
pub fn minute() -> Quota {
    Quota::fixed(600.0, 60.0, 0.0)
}

/// The named scenarios of the table.
pub fn all() -> Vec<Scenario> {
    let halved = Steps::new(&[(0.0, 1.0), (1_200.0, 0.5), (2_400.0, 1.0)]);
    let doubled = Steps::new(&[(0.0, 1.0), (1_200.0, 2.0), (2_400.0, 1.0)]);
    let together = |n: u32| vec![0.0; n as usize];
    let late = |n: u32| (0..n).map(|i| f64::from(i) * 1_200.0 / f64::from(n)).collect::<Vec<_>>();
    let hour2 = 7_200.0;
    vec![
        Scenario::new("minute window", minute()),
        Scenario::new("sliding minute", Quota::sliding(600.0, 60.0)),
        Scenario::new("bucket, burst 100", Quota::bucket(10.0, 100.0)),
        Scenario::new("halved, bucket", Quota::bucket(10.0, 20.0).stepped(halved.clone())),
        Scenario::new("halved, window", minute().stepped(halved)),
        Scenario::new("doubled, bucket", Quota::bucket(10.0, 20.0).stepped(doubled.clone())),
        Scenario::new("doubled, window", minute().stepped(doubled)),
        Scenario::new("storm of 60 s", Quota::bucket(10.0, 20.0))
            .with(|manners| manners.outages = vec![(1_200.0, 1_260.0)]),
        Scenario::new("2 daemons, bucket", Quota::bucket(10.0, 50.0)).starting(&late(2)).lasting(hour2),
        Scenario::new("4 daemons, bucket", Quota::bucket(10.0, 50.0)).starting(&together(4)),
        Scenario::new("4 daemons, window", minute()).starting(&together(4)),
        Scenario::new("4 late, bucket", Quota::bucket(10.0, 50.0)).starting(&late(4)).lasting(hour2),
        Scenario::new("4 late, window", minute()).starting(&late(4)).lasting(hour2),
        Scenario::new("16 late, bucket", Quota::bucket(40.0, 100.0)).starting(&late(16)).lasting(hour2),
        Scenario::new("16 late, window", Quota::fixed(2_400.0, 60.0, 0.0)).starting(&late(16)).lasting(hour2),
        Scenario::new("strict, burst 1", Quota::bucket(10.0, 1.0)),
        Scenario::new("latency 20 ms", minute()).with(|manners| manners.latency_secs = 0.02),
        Scenario::new("latency 5 s", minute()).with(|manners| manners.latency_secs = 5.0).workers(64),
        daily(),
    ]
}

/// 10,000 requests a day, and 600 a minute, for three days; nobody knows the budget.
pub fn daily() -> Scenario {
    let mut scenario = Scenario::new("day of 10,000", Quota::daily(10_000.0)).lasting(3.0 * DAY_SECS);
    scenario.quotas.insert(0, minute());
    scenario
}
