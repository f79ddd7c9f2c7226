//! The corpus, and damaged forms of it, in every test run; and that `fuzz/` has a program and seeds for every target.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::fuzzing::{TARGETS, run};

/// Damaged forms of one seed that are tried.
const FORMS_MAX: usize = 24;

fn fuzz_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn names_in(dir: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// `seed` cut at `at`, and with the byte there changed.
fn damaged(seed: &[u8], at: usize) -> [Vec<u8>; 3] {
    let (mut flipped, mut grown) = (seed.to_vec(), seed.to_vec());
    flipped[at] ^= 1 << (at % 8);
    grown.splice(at..at, *b"\xff\0..//");
    [seed[..at].to_vec(), flipped, grown]
}

#[test]
fn every_seed_and_its_damaged_forms_keep_the_promises() {
    for (name, target) in TARGETS {
        let dir = fuzz_dir().join("corpus").join(name);
        let mut seeds = 0;
        for file in names_in(&dir) {
            let seed = fs::read(dir.join(&file)).unwrap();
            target(&seed);
            let step = (seed.len() / FORMS_MAX).max(1);
            for at in (0..seed.len()).step_by(step) {
                for form in damaged(&seed, at) {
                    target(&form);
                }
            }
            seeds += 1;
        }
        assert!(seeds >= 2, "{name} has {seeds} seeds");
    }
}

#[test]
fn every_target_has_a_program_and_seeds_and_nothing_else_does() {
    let known: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(known.len(), TARGETS.len());
    assert_eq!(names_in(&fuzz_dir().join("corpus")), known);
    let programs = known.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names_in(&fuzz_dir().join("targets")), programs);
    let manifest = fs::read_to_string(fuzz_dir().join("Cargo.toml")).unwrap();
    for name in &known {
        assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name} is no [[bin]]");
        let program = fs::read_to_string(fuzz_dir().join("targets").join(format!("{name}.rs"))).unwrap();
        assert!(program.contains(&format!("run(\"{name}\", data)")), "targets/{name}.rs runs another target");
    }
}

#[test]
fn a_name_that_nobody_knows_runs_nothing() {
    run("unknown", b"[");
}
