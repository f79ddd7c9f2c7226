//! The table: every scenario against every policy.
//!
//! Owns: the means over seeds, and their form as text. May import: `record`, `scenario`, `random`.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::random::random;
use crate::record::Record;
use crate::scenario::{Contender, Scenario};

/// The means of a cell over its seeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cell {
    /// Good answers, as percent of the oracle's.
    pub good: f64,
    /// Refusals, as percent of all requests.
    pub refused: f64,
    /// Requests given up in a run.
    pub failures: f64,
}

/// Runs `scenario` with `contender` once for each seed; the records and their means.
pub fn runs(scenario: &Scenario, contender: Contender, seeds: u64) -> (Vec<Record>, Cell) {
    let oracles: f64 = (1..=seeds).map(|seed| scenario.run(Contender::Oracle, seed).good() as f64).sum();
    runs_beside(scenario, contender, seeds, oracles)
}

/// The same where the good answers of the oracle's runs are known.
fn runs_beside(scenario: &Scenario, contender: Contender, seeds: u64, oracles: f64) -> (Vec<Record>, Cell) {
    let records: Vec<Record> = (1..=seeds).map(|seed| scenario.run(contender, seed)).collect();
    let mean =
        |figure: &dyn Fn(&Record) -> f64| records.iter().map(figure).sum::<f64>() / seeds.max(1) as f64;
    let cell = Cell {
        good: 100.0 * records.iter().map(|record| record.good() as f64).sum::<f64>() / oracles.max(1.0),
        refused: mean(&Record::refused_percent),
        failures: mean(&|record| f64::from(record.failures())),
    };
    (records, cell)
}

/// A named scenario against `contenders`.
pub fn row(scenario: &Scenario, contenders: &[Contender], seeds: u64) -> Vec<Cell> {
    let oracles: f64 = (1..=seeds).map(|seed| scenario.run(Contender::Oracle, seed).good() as f64).sum();
    contenders.iter().map(|contender| runs_beside(scenario, *contender, seeds, oracles).1).collect()
}

/// The named scenarios against `contenders`, as lines of a Markdown table.
///
/// # Errors
/// If `out` refuses.
pub fn write(
    scenarios: &[Scenario],
    contenders: &[Contender],
    seeds: u64,
    out: &mut dyn Write,
) -> fmt::Result {
    write!(out, "| {:<18}", "scenario")?;
    for contender in contenders {
        write!(out, " | {:>13}", contender.name())?;
    }
    writeln!(out, " |\n|---|{}", "--:|".repeat(contenders.len()))?;
    let rows = in_parallel(scenarios, |scenario| row(scenario, contenders, seeds));
    for (scenario, cells) in scenarios.iter().zip(rows) {
        write!(out, "| {:<18}", scenario.name)?;
        for cell in cells {
            write!(out, " | {:>5.1} / {:>5.2}", cell.good, cell.refused)?;
        }
        writeln!(out, " |")?;
    }
    Ok(())
}

/// `work` on each of `inputs`, on all processors; the outcomes in the order of the inputs.
pub fn in_parallel<I: Sync, O: Send>(inputs: &[I], work: impl Fn(&I) -> O + Sync) -> Vec<O> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = AtomicUsize::new(0);
    let mut done: Vec<(usize, O)> = std::thread::scope(|scope| {
        let take = || {
            let mut mine = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(input) = inputs.get(index) else { return mine };
                mine.push((index, work(input)));
            }
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(take)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// How fast ours follows a quota that changes, and how fairly several of it share one.
///
/// # Errors
/// If `out` refuses.
pub fn write_details(scenarios: &[Scenario], seeds: u64, out: &mut dyn Write) -> fmt::Result {
    for scenario in scenarios {
        let records = runs(scenario, Contender::Ours, seeds).0;
        let mean =
            |figure: &dyn Fn(&Record) -> f64| records.iter().map(figure).sum::<f64>() / seeds.max(1) as f64;
        let steps = scenario.quotas.first().map(|quota| quota.steps().changes().collect::<Vec<_>>());
        for (index, change) in steps.unwrap_or_default().into_iter().enumerate() {
            let (before, after) = (scenario.per_sec(change - 1.0), scenario.per_sec(change));
            let (share, refused_max) = if after < before { (0.8, 0.05) } else { (0.9, 1.0) };
            let settled = mean(&|record| {
                record.settled_after(change, after, share, refused_max).unwrap_or(f64::INFINITY)
            });
            let way = if after < before { "falls" } else { "rises" };
            writeln!(
                out,
                "{}: change {} {way} from {before:.0}/s to {after:.0}/s, followed after {settled:.0} s",
                scenario.name,
                index + 1
            )?;
        }
        if scenario.starts.len() > 1 {
            let (fairness, least) = (mean(&Record::fairness), mean(&Record::least_share_percent));
            let worst = records.iter().map(Record::least_share_percent).fold(f64::INFINITY, f64::min);
            writeln!(
                out,
                "{}: Jain's index {fairness:.3} over ten minutes; the least program gets {least:.0} % of its fair share (worst seed {worst:.0} %)",
                scenario.name
            )?;
        }
        if scenario.per_day() > 0 {
            for contender in [Contender::OursCounting, Contender::OursSpread] {
                let Cell { good, refused, .. } = runs(scenario, contender, seeds).1;
                writeln!(
                    out,
                    "{}, its budget known, {}: {good:.1} / {refused:.2}",
                    scenario.name,
                    contender.name()
                )?;
            }
        }
        for (from, to) in &scenario.manners.outages {
            let refused = mean(&|record| record.refused_within(*from, *to) as f64);
            let first = mean(&|record| record.first_good_after(*to).unwrap_or(f64::INFINITY));
            writeln!(
                out,
                "{}: {refused:.0} refusals in it, sending again after {first:.0} s",
                scenario.name
            )?;
        }
    }
    Ok(())
}

/// The figures of many scenarios: mean, and the percentiles 10 and 50.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The median.
    pub median: f64,
    /// A tenth is below this.
    pub p10: f64,
    /// A tenth is above this.
    pub p90: f64,
}

impl Spread {
    /// Of these values, of which there is at least one.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "an index of the values"
            )]
            let index = (share * (values.len() - 1) as f64).round() as usize;
            values[index]
        };
        Self {
            mean: values.iter().sum::<f64>() / values.len() as f64,
            median: at(0.5),
            p10: at(0.1),
            p90: at(0.9),
        }
    }
}

/// What a contender reached over many random scenarios.
#[derive(Clone, Copy, Debug)]
pub struct Overall {
    /// Percent of the oracle's good answers.
    pub good: Spread,
    /// Percent refused.
    pub refused: Spread,
    /// Requests given up, in all.
    pub failures: u32,
}

/// The random scenarios `seeds` against `contenders`.
pub fn over_random(seeds: std::ops::Range<u64>, contenders: &[Contender]) -> Vec<Overall> {
    let scenarios: Vec<(u64, Scenario)> = seeds.map(|seed| (seed, random(seed))).collect();
    let runs = in_parallel(&scenarios, |(seed, scenario)| {
        let oracle = scenario.run(Contender::Oracle, *seed).good().max(1) as f64;
        let figures = |contender: &Contender| {
            let record = scenario.run(*contender, *seed);
            (100.0 * record.good() as f64 / oracle, record.refused_percent(), record.failures())
        };
        contenders.iter().map(figures).collect::<Vec<_>>()
    });
    let overall = |index: usize| Overall {
        good: Spread::of(runs.iter().map(|run| run[index].0).collect()),
        refused: Spread::of(runs.iter().map(|run| run[index].1).collect()),
        failures: runs.iter().map(|run| run[index].2).sum(),
    };
    (0..contenders.len()).map(overall).collect()
}

/// The random scenarios against `contenders`, as lines of a Markdown table.
///
/// # Errors
/// If `out` refuses.
pub fn write_random(
    seeds: std::ops::Range<u64>,
    contenders: &[Contender],
    out: &mut dyn Write,
) -> fmt::Result {
    let number = seeds.end - seeds.start;
    writeln!(
        out,
        "| {number} random scenarios | good: mean | median | p10 | 429: mean | median | p90 | given up |"
    )?;
    writeln!(out, "|---|--:|--:|--:|--:|--:|--:|--:|")?;
    for (contender, overall) in contenders.iter().zip(over_random(seeds, contenders)) {
        let Overall { good, refused, failures } = overall;
        writeln!(
            out,
            "| {:<13} | {:>5.1} | {:>5.1} | {:>5.1} | {:>5.1} | {:>5.1} | {:>5.1} | {failures} |",
            contender.name(),
            good.mean,
            good.median,
            good.p10,
            refused.mean,
            refused.median,
            refused.p90
        )?;
    }
    Ok(())
}
