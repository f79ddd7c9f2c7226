//! The pace against simulated servers, beside the policies of other programs, on virtual time.
//!
//! Prints a table of scenarios and policies (percent of what exact knowledge would get / percent refused) and draws the pace
//! against the quota. Deterministic: the same command prints the same figures.
//!
//! ```sh
//! cargo run --release --example pace -- [--seeds N] [--random N] [--only POLICY] [--plots DIR]
//! ```

#![forbid(unsafe_code)]

use pace_lab::scenario::{Contender, all};
use pace_lab::{plot, table};
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// What to run.
struct Args {
    seeds: u64,
    random: u64,
    contenders: Vec<Contender>,
    plots: Option<PathBuf>,
}

fn main() -> ExitCode {
    match read_args().and_then(|args| compare(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "pace: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read_args() -> Result<Args, Box<dyn Error>> {
    let mut args = Args { seeds: 5, random: 120, contenders: Contender::TABLE.to_vec(), plots: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("`{word}` needs a value"))?;
        match word.as_str() {
            "--seeds" => args.seeds = value.parse::<u64>()?.max(1),
            "--random" => args.random = value.parse()?,
            "--only" => args.contenders.retain(|contender| contender.name() == value),
            "--plots" => args.plots = Some(PathBuf::from(value)),
            _ => return Err(format!("unknown option `{word}`").into()),
        }
    }
    Ok(args)
}

fn compare(args: &Args) -> Result<(), Box<dyn Error>> {
    let scenarios = all();
    let mut text = String::new();
    table::write(&scenarios, &args.contenders, args.seeds, &mut text)?;
    text.push('\n');
    table::write_details(&scenarios, args.seeds, &mut text)?;
    if args.random > 0 {
        text.push('\n');
        table::write_random(1..args.random + 1, &args.contenders, &mut text)?;
    }
    std::io::stdout().write_all(text.as_bytes())?;
    let Some(dir) = &args.plots else { return Ok(()) };
    std::fs::create_dir_all(dir)?;
    for scenario in &scenarios {
        let name = scenario.name.replace(", ", "-").replace(' ', "-");
        let path = dir.join(format!("{name}.svg"));
        plot::draw(scenario, Contender::Ours, &scenario.run(Contender::Ours, 1), &path)?;
        writeln!(std::io::stdout(), "{}", path.display())?;
    }
    Ok(())
}
