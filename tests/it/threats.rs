//! THREATS.md: each line names the tests that show its mitigation, and each of them exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every function of the sources that is a test.
fn tests_below(dir: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(dir).expect("readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            tests_below(&path, into);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            let text = fs::read_to_string(&path).expect("readable");
            let mut is_test = false;
            for line in text.lines().map(str::trim_start) {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test && !line.starts_with("//"))
                {
                    into.insert(rest.split(['(', '<']).next().unwrap_or_default().to_owned());
                    is_test = false;
                }
            }
        }
    }
}

#[test]
fn every_line_of_the_threats_names_a_test_and_every_named_test_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut known = BTreeSet::new();
    for dir in ["src", "tests"] {
        tests_below(&root.join(dir), &mut known);
    }
    let threats = fs::read_to_string(root.join("THREATS.md")).expect("it is there");
    let rows: Vec<Vec<&str>> = threats
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| Threat"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 20, "{} lines", rows.len());
    for row in rows {
        let [threat, mitigation, shown] = row[..] else { panic!("not three cells: {row:?}") };
        assert!(!threat.is_empty() && !mitigation.is_empty());
        let named: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty() || shown.starts_with("not ours"), "no test shows: {threat}");
        for name in named {
            let is_there = known.contains(name) || root.join(name).exists();
            assert!(is_there, "`{name}`, which shows `{threat}`, is no test");
        }
    }
}
