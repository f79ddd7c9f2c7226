//! deny.toml, held without a network: licences, duplicates and sources of every package that the program is built of here.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// What `cargo deny` would look at.
fn packages() -> Vec<Value> {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let ran = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", &platform])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo is there");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let metadata: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    metadata["packages"].as_array().cloned().expect("a list")
}

fn policy() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml");
    let table: toml::Table = toml::from_str(&std::fs::read_to_string(path).expect("readable")).expect("TOML");
    serde_json::to_value(table).expect("JSON can have all of it")
}

fn texts(list: &Value) -> BTreeSet<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|entry| entry.as_str().map(str::to_owned)).collect()
}

/// The crates of a list of tables.
fn crates(list: &Value) -> BTreeSet<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|entry| entry["crate"].as_str().map(str::to_owned)).collect()
}

/// Whether `expression` (SPDX, and the old `A/B`) can be kept with `allowed` licences: OR of ANDs, with parentheses.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    either(&mut words, allowed)
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut is_good = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        is_good |= both(words, allowed);
    }
    is_good
}

fn both(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut is_good = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        is_good &= one(words, allowed);
    }
    is_good
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    match words.next() {
        Some("(") => {
            let is_good = either(words, allowed);
            words.next_if_eq(&")").is_some() && is_good
        }
        Some(name) => {
            // An exception allows more than the licence does.
            if words.next_if_eq(&"WITH").is_some() {
                words.next();
            }
            allowed.contains(name)
        }
        None => false,
    }
}

#[test]
fn the_dependencies_are_those_that_deny_toml_allows() {
    let (policy, packages) = (policy(), packages());
    let text = |package: &Value, key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let allowed = texts(&policy["licenses"]["allow"]);
    let excepted = crates(&policy["licenses"]["exceptions"]);
    let registries = texts(&policy["sources"]["allow-registry"]);
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in &packages {
        let (name, licence) = (text(package, "name"), text(package, "license"));
        let is_excepted = excepted.contains(&name);
        assert!(is_excepted || is_allowed(&licence, &allowed), "{name} is under {licence:?}");
        if let Some(source) = package["source"].as_str() {
            let registry = source.strip_prefix("registry+").unwrap_or(source);
            assert!(registries.contains(registry), "{name} comes from {source}");
        }
        versions.entry(name).or_default().insert(text(package, "version"));
    }
    let double: BTreeSet<String> =
        versions.iter().filter(|(_, versions)| versions.len() > 1).map(|(name, _)| name.clone()).collect();
    let known = crates(&policy["bans"]["skip"]);
    assert_eq!(double, known, "duplicates, and those that deny.toml names");
    assert!(excepted.iter().all(|name| versions.contains_key(name)), "an exception for what is not there");
}

#[test]
fn an_expression_of_licences_is_read_as_it_is_meant() {
    let allowed: BTreeSet<String> = ["MIT", "ISC"].map(str::to_owned).into();
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("Apache-2.0/MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("(MIT OR ISC) AND GPL-3.0", false),
        ("Apache-2.0 WITH LLVM-exception OR MIT", true),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
}
