//! Points of progress: the n-th call of a name that some thread makes, and the program that waits for it.
//!
//! Invariant: the same counts and seed give the same points. May use: `context`.

use super::scene::Scene;
use crate::context::{Home, Ran, skipped};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The calls at which a run is killed: everything that changes the disk, is seen by Google, or comes from there.
const CALLS: &str = "write,writev,pwrite64,sendto,recvfrom,fsync,fdatasync,syncfs,renameat,renameat2,unlink,unlinkat,\
                     linkat,symlinkat,mkdir,mkdirat,openat,openat2,ftruncate,utimensat,fchmod,copy_file_range,close,flock,fcntl";

/// The n-th call of this name in one thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    /// Its name.
    pub(crate) call: String,
    /// Which one, from 1.
    pub(crate) nth: u64,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.call, self.nth)
    }
}

/// The next of a row of numbers that begins with a seed (Knuth's MMIX).
pub(crate) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// As many points as `wanted`, or all that there are: each call has its share, spread over the whole run, in an order by chance.
pub(crate) fn spread(counts: &BTreeMap<String, u64>, wanted: usize, seed: u64) -> Vec<Point> {
    let mut seed = seed;
    let mut rows: Vec<Vec<Point>> = Vec::new();
    for (call, &most) in counts {
        let mut row: Vec<Point> = (1..=most).map(|nth| Point { call: call.clone(), nth }).collect();
        shuffle(&mut row, &mut seed);
        rows.push(row);
    }
    let mut found = Vec::new();
    while found.len() < wanted && rows.iter().any(|row| !row.is_empty()) {
        found.extend(rows.iter_mut().filter_map(Vec::pop));
    }
    found
}

fn shuffle<T>(row: &mut [T], seed: &mut u64) {
    for last in (1..row.len()).rev() {
        let other = next(seed) % (last as u64 + 1);
        row.swap(last, usize::try_from(other).expect("small"));
    }
}

/// `strace`, on this machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tracer {
    program: &'static str,
}

impl Tracer {
    /// None, with the reason printed, where it is missing or may not trace.
    pub(crate) fn found() -> Option<Self> {
        let tried = Command::new("strace").args(["-qqq", "-o", "/dev/null", "true"]).output();
        if tried.is_ok_and(|tried| tried.status.success()) {
            return Some(Self { program: "strace" });
        }
        skipped("`strace` is not there, or may not trace");
        None
    }

    /// The binary under it, ready for arguments.
    pub(crate) fn command(self, home: &Home, options: &[&str]) -> Command {
        let options = [&["-f", "-qqq", "-e", "signal=none"], options].concat();
        home.command_through(self.program, &options, Path::new(env!("CARGO_BIN_EXE_gphotos-syncd")))
    }

    /// Lets a command run to its end, and tells for each call how often the thread made it that made it most.
    pub(crate) fn count(self, scene: &Scene) -> BTreeMap<String, u64> {
        let home = scene.build();
        let args = scene.args(&home);
        let log = home.path("calls").display().to_string();
        let mut command = self.command(&home, &["-o", &log, "-e", &format!("trace={CALLS}")]);
        let ran = Ran::from(command.args(args).output().expect("strace is there"));
        ran.assert(0, &[]);
        let mut by_thread: HashMap<(&str, &str), u64> = HashMap::new();
        let text = fs::read_to_string(&log).expect("it wrote its log");
        for line in text.lines() {
            let Some((thread, rest)) = line.split_once(' ') else { continue };
            let Some((call, _)) = rest.trim_start().split_once('(') else { continue };
            if call.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                *by_thread.entry((thread, call)).or_default() += 1;
            }
        }
        let mut most = BTreeMap::new();
        for ((_, call), count) in by_thread {
            let entry = most.entry(call.to_owned()).or_default();
            *entry = count.max(*entry);
        }
        most
    }

    /// Runs a command that gets a signal (`KILL`, `TERM`) as a thread begins the call of `point`.
    pub(crate) fn run_killed(self, home: &Home, args: &[String], point: &Point, signal: &str) -> Ran {
        let Point { call, nth } = point;
        let inject = format!("inject={call}:signal={signal}:when={nth}");
        // Without `--seccomp-bpf`: with it strace 6.1 shows the call but delivers no signal.
        let options = ["-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject];
        Ran::from(self.command(home, &options).args(args).output().expect("strace is there"))
    }
}

#[test]
fn points_are_as_many_as_wanted_all_different_and_of_every_call() {
    let counts = BTreeMap::from([("fsync".to_owned(), 3), ("write".to_owned(), 100)]);
    let points = spread(&counts, 20, 1);
    assert_eq!(points, spread(&counts, 20, 1));
    assert!((20..22).contains(&points.len()), "{points:?}");
    assert_eq!(points.iter().filter(|point| point.call == "fsync").count(), 3);
    assert!(points.iter().enumerate().all(|(n, point)| !points[..n].contains(point)), "{points:?}");
    assert_eq!(spread(&counts, 1_000, 1).len(), 103);
}
