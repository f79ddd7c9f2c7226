//! The house rules that a machine can hold: arrow order, lengths, module heads, clocks, panics.
//!
//! Each test reads the sources as text, so it needs no build and names the file and line of every breach.

use std::fs;
use std::path::{Path, PathBuf};

/// The most lines of a file; longer ones hide more than one idea.
const FILE_LINES_MAX: usize = 400;
/// The most lines of a function.
const FUNCTION_LINES_MAX: usize = 70;
/// The most lines of `main.rs`: the story is told elsewhere.
const MAIN_LINES_MAX: usize = 30;

/// Module ranks: a module may import lower ranks only, and the listed neighbours of its own.
const RANKS: &[(&str, u32)] = &[
    ("media", 0),
    ("names", 0),
    ("clock", 0),
    ("archive", 0),
    ("secret", 0),
    ("fs", 0),
    ("shutdown", 0),
    ("exit", 0),
    ("embedded", 0),
    ("takeout", 0),
    ("config", 1),
    ("status", 1),
    ("limiter", 2),
    ("store", 2),
    ("systemd", 2),
    ("control", 2),
    ("auth", 3),
    ("google", 4),
    ("source", 5),
    ("job", 6),
    ("supervisor", 7),
    ("daemon", 8),
    ("cli", 9),
    ("fuzzing", 9),
];

/// The one arrow inside a rank: `media` keeps a base URL in a `Secret`.
const NEIGHBOURS: &[(&str, &str)] = &[("media", "secret")];

/// Files whose decisions are pure: no `.await`, no clock.
const PURE: &[&str] = &[
    "src/names.rs",
    "src/takeout/matcher/mod.rs",
    "src/takeout/rhythm.rs",
    "src/limiter/pace/mod.rs",
    "src/limiter/pace/feedback.rs",
    "src/limiter/pace/phase.rs",
    "src/supervisor/state.rs",
    "src/supervisor/backoff.rs",
    "src/job/plan.rs",
    "src/job/xmp.rs",
    "src/embedded/date.rs",
    "src/embedded/decide.rs",
    "src/google/classify.rs",
];

struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The text without its tests: everything before a trailing `#[cfg(test)]`.
    fn code(&self) -> &str {
        if self.path.ends_with("tests.rs") || self.path.contains("/tests/") {
            return "";
        }
        self.text.split("#[cfg(test)]").next().unwrap_or("")
    }
}

fn collect(dir: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

fn sources(dirs: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for dir in dirs {
        collect(&root.join(dir), &mut paths);
    }
    paths.sort();
    assert!(!paths.is_empty(), "no sources below {dirs:?}");
    paths
        .into_iter()
        .map(|path| Source {
            text: fs::read_to_string(&path).expect("sources are readable"),
            path: path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/"),
        })
        .collect()
}

fn module_of(path: &str) -> &str {
    let inner = path.strip_prefix("src/").unwrap_or(path);
    inner.split('/').next().unwrap_or(inner).trim_end_matches(".rs")
}

fn rank_of(module: &str) -> Option<u32> {
    RANKS.iter().find(|(name, _)| *name == module).map(|(_, rank)| *rank)
}

/// Every `crate::NAME` in a text, with its line number.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for (at, _) in line.match_indices("crate::") {
            let name: String = line[at + "crate::".len()..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            found.push((number + 1, name));
        }
    }
    found
}

#[test]
fn a_module_imports_only_lower_ranks() {
    let mut breaches = Vec::new();
    for source in sources(&["src"]) {
        let module = module_of(&source.path);
        if matches!(module, "main" | "lib") {
            continue;
        }
        let Some(rank) = rank_of(module) else {
            breaches.push(format!("{}: module `{module}` has no rank", source.path));
            continue;
        };
        for (line, name) in imports(source.code()) {
            let allowed = name == module
                || NEIGHBOURS.contains(&(module, name.as_str()))
                || rank_of(&name).is_some_and(|other| other < rank);
            if !allowed {
                breaches.push(format!("{}:{line}: `{module}` may not import `{name}`", source.path));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn every_import_of_our_own_is_written_from_the_crate_root() {
    let mut breaches = Vec::new();
    for source in sources(&["src"]) {
        for (number, line) in source.code().lines().enumerate() {
            if line.contains("super::") && !line.trim_start().starts_with("//") {
                breaches.push(format!("{}:{}: `super::`", source.path, number + 1));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let mut breaches = Vec::new();
    for source in sources(&["src", "tests", "examples"]) {
        let lines = source.text.lines().count();
        let most = if source.path == "src/main.rs" { MAIN_LINES_MAX } else { FILE_LINES_MAX };
        if lines > most {
            breaches.push(format!("{}: {lines} lines, at most {most}", source.path));
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

/// The lines of each function: from its `fn` to the brace that closes it at the same depth.
fn function_lengths(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let body = line.trim_start();
        let is_function = !body.starts_with("//") && (body.starts_with("fn ") || body.contains(" fn "));
        if !is_function || line.trim_end().ends_with([';', '}']) {
            continue;
        }
        let indent = &line[..line.len() - body.len()];
        let close = format!("{indent}}}");
        if let Some(length) = lines[start..].iter().position(|l| *l == close) {
            found.push((start + 1, length + 1));
        }
    }
    found
}

#[test]
fn no_function_is_longer_than_seventy_lines() {
    let mut breaches = Vec::new();
    for source in sources(&["src", "tests", "examples"]) {
        for (line, length) in function_lengths(&source.text) {
            if length > FUNCTION_LINES_MAX {
                breaches.push(format!("{}:{line}: a function of {length} lines", source.path));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn every_module_opens_with_what_it_owns() {
    let breaches: Vec<String> = sources(&["src", "tests", "examples"])
        .into_iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    assert!(breaches.is_empty(), "no module head: {}", breaches.join(", "));
}

#[test]
fn nothing_in_the_program_panics_on_purpose_or_is_left_undone() {
    const MARKS: &[&str] = &[
        ".unwrap()",
        ".expect(",
        "todo!(",
        "unimplemented!(",
        "dbg!(",
        "println!(",
        "TODO",
        "FIXME",
        "#[allow(",
    ];
    let mut breaches = Vec::new();
    for source in sources(&["src"]) {
        for (number, line) in source.code().lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for mark in MARKS.iter().filter(|mark| line.contains(**mark)) {
                breaches.push(format!("{}:{}: `{mark}`", source.path, number + 1));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn decisions_are_pure() {
    for source in sources(&["src"]) {
        if PURE.contains(&source.path.as_str()) {
            assert!(!source.code().contains(".await"), "{}: a decision that waits", source.path);
            assert!(!source.code().contains("_now()"), "{}: a decision that reads a clock", source.path);
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in PURE {
        assert!(root.join(path).is_file(), "{path} is named as pure but is not there");
    }
}

#[test]
fn no_test_sleeps_in_real_time() {
    let needle = ["thread", "sleep"].join("::");
    for source in sources(&["src", "tests"]) {
        assert!(
            !source.text.contains(&needle),
            "{}: a test or module that blocks a thread to wait",
            source.path
        );
    }
}

#[test]
fn only_the_clock_reads_a_clock() {
    const CLOCKS: &[&str] = &["SystemTime::now", "Instant::now", "Utc::now", "Local::now"];
    for source in sources(&["src"]) {
        if source.path == "src/clock.rs" {
            continue;
        }
        for clock in CLOCKS {
            assert!(!source.code().contains(clock), "{}: reads {clock}", source.path);
        }
    }
}

#[test]
fn every_crate_forbids_unsafe_code() {
    let is_root = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_own = path.starts_with("examples/") || path.starts_with("tests/pace/tests/");
        is_own || matches!(name, "lib.rs" | "main.rs")
    };
    let roots: Vec<Source> = sources(&["src", "tests", "examples", "packaging"])
        .into_iter()
        .filter(|s| is_root(&s.path))
        .collect();
    assert!(roots.len() >= 8, "{} crates", roots.len());
    for root in roots {
        assert!(root.text.contains("\n#![forbid(unsafe_code)]\n"), "{} does not forbid it", root.path);
    }
}

#[test]
fn nothing_is_unbounded() {
    for source in sources(&["src"]) {
        for (number, line) in source.code().lines().enumerate() {
            let unbounded = line.contains("unbounded_channel") || line.contains("mpsc::channel()");
            assert!(!unbounded, "{}:{}: a queue without a bound", source.path, number + 1);
        }
    }
}
