//! What `gphotos-syncd.toml(5)` tells of the configuration, held to what the program reads.

use gphotos_syncd::config::Config;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Tables of the configuration, with the part of the page that tells of each.
const TABLES: [(&str, &str); 5] = [
    ("google", "[google]"),
    ("google.endpoints", "[google.endpoints]"),
    ("limits", "[limits]"),
    ("limits.schedule.a", "[limits] schedule"),
    ("defaults", "[library.NAME] and [defaults]"),
];

/// Keys whose default is no value that one could write, with what the page says of it.
const WITHOUT_VALUE: [(&str, &str); 10] = [
    ("client-secret", "none."),
    ("bytes-per-second", "not limited."),
    ("schedule", "none."),
    ("days", "every day."),
    ("inbox", "none."),
    ("takeout-started", "none."),
    ("root", "none; each library needs one."),
    ("drive-folder", "none; the parts of exports are found in any folder."),
    ("index-dir", ".Pa .gphotos-syncd in the root."),
    // Two keys that a window must have.
    ("from, to", ""),
];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("it is there")
}

/// The keys of a table, as the report of an unknown one lists them.
fn keys_of(table: &str) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("config.toml");
    fs::write(&path, format!("[{table}]\nzzzzzzzzzzzzzzzz = 1\n")).expect("writable");
    let report = Config::load(&path).expect_err("there is no such key").to_string();
    let allowed = report.split_once("= allowed: ").expect("it says what is allowed").1;
    let line = allowed.lines().next().expect("a line");
    line.split('`').skip(1).step_by(2).filter(|key| *key != "endpoints").map(str::to_owned).collect()
}

/// The defaults that the page tells, by part and key. A key of a list inside another's entry is of the part `PART KEY`.
fn told() -> BTreeMap<(String, String), String> {
    let mut told = BTreeMap::new();
    let (mut part, mut open): (String, Vec<String>) = (String::new(), Vec::new());
    let mut in_default = false;
    for line in read("packaging/man/gphotos-syncd.toml.5").replace("\\&", "").lines() {
        if let Some(name) = line.strip_prefix(".Ss ") {
            name.clone_into(&mut part);
        } else if line.starts_with(".Bl ") {
            open.push(String::new());
        } else if line == ".El" {
            open.pop();
        } else if let (Some(name), Some(last)) = (line.strip_prefix(".It Ic "), open.last_mut()) {
            *last = name.replace(" , ", ", ");
            in_default = false;
            told.insert(place(&part, &open), String::new());
            continue;
        }
        let starts = line.strip_prefix("Default: ").or((line == "Default:").then_some(""));
        in_default |= starts.is_some();
        if in_default && !open.is_empty() {
            let text = told.entry(place(&part, &open)).or_default();
            let so_far = format!("{text} {}", starts.unwrap_or(line));
            so_far.trim().clone_into(text);
            in_default = !text.ends_with('.');
        }
    }
    told
}

/// Where an entry stands: the part with the keys that it is an entry below, and its own key.
fn place(part: &str, open: &[String]) -> (String, String) {
    let (own, above) = open.split_last().expect("in a list");
    let parts: Vec<&str> = std::iter::once(part).chain(above.iter().map(String::as_str)).collect();
    (parts.join(" "), own.clone())
}

/// The values that the shipped configuration shows, which another test holds to be the defaults, by table and key.
fn shipped() -> BTreeMap<(String, String), String> {
    let mut values = BTreeMap::new();
    let mut table = String::new();
    for line in read("config/gphotos-syncd.toml").lines() {
        let line = line.strip_prefix('#').unwrap_or(line);
        if let Some(name) = line.strip_prefix('[') {
            let name = name.trim_end_matches(']');
            let name = if name.starts_with("library") { "defaults" } else { name };
            name.clone_into(&mut table);
        } else if let Some((key, value)) = line.split_once(" = ")
            && key.starts_with(|c: char| c.is_ascii_lowercase())
            && !key.contains([' ', '.'])
        {
            values.insert((table.clone(), key.to_owned()), value.to_owned());
        }
    }
    values
}

#[test]
fn the_manual_tells_of_every_key_and_its_default() {
    let (told, shipped) = (told(), shipped());
    let mut compared = 0;
    for (table, part) in TABLES {
        for key in keys_of(table) {
            let entry = if matches!(key.as_str(), "from" | "to") { "from, to" } else { &key };
            let Some(default) = told.get(&(part.to_owned(), entry.to_owned())) else {
                panic!("the manual does not tell of `{key}` of [{table}]: {told:#?}");
            };
            let value = shipped.get(&(table.to_owned(), key.clone()));
            let no_value = WITHOUT_VALUE.iter().any(|(k, text)| *k == entry && text == default);
            let in_window = table == "limits.schedule.a" && default.is_empty();
            let as_shipped = value.is_some_and(|value| *default == format!(".Ql {value} ."));
            assert!(
                as_shipped || no_value || in_window,
                "`{key}` of [{table}]: `{default}`, shipped {value:?}"
            );
            compared += usize::from(as_shipped);
        }
    }
    assert!(compared >= 20, "only {compared} defaults were compared");
}

#[test]
fn the_manual_tells_of_no_key_that_is_not_there() {
    let known: Vec<(String, String)> = TABLES
        .iter()
        .flat_map(|(table, part)| keys_of(table).into_iter().map(|key| ((*part).to_owned(), key)))
        .collect();
    for (part, entry) in told().into_keys().filter(|(part, _)| part.starts_with('[')) {
        for key in entry.split(", ") {
            assert!(known.contains(&(part.clone(), key.to_owned())), "`{key}` of {part}");
        }
    }
}

#[test]
fn quotation_marks_of_the_manual_close_behind_each_word() {
    for page in ["packaging/man/gphotos-syncd.toml.5", "packaging/man/gphotos-syncd.service.8"] {
        // `Qq` goes on to the end of its line, and a second one would nest in the first.
        for line in read(page).lines().filter(|line| line.starts_with('.')) {
            assert!(line.matches("Qq ").count() <= 1, "{page}: {line}");
        }
    }
}
