//! One fault of a configuration, and how a person reads it: file, line, column, excerpt with caret, hint.
//!
//! Invariant: a report shows at most [`FAULTS_SHOWN_MAX`] faults, and each place at most once with one title.
//! May import: nothing. Tests: `src/config/tests/`.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// More faults than a person mends at once; the rest is counted.
const FAULTS_SHOWN_MAX: usize = 20;

/// Longest excerpt of a value inside a sentence, characters.
const SHOWN_CHARS_MAX: usize = 80;

/// One file that was read.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// Its absolute path.
    pub(crate) path: PathBuf,
    /// Its text.
    pub(crate) text: String,
}

/// A stretch of a file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Index among the files that were read.
    pub(crate) file: usize,
    /// Bytes of its text.
    pub(crate) span: Range<usize>,
}

/// Where a fault is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum At {
    /// A stretch of a file.
    Place(Place),
    /// A file as a whole.
    File(PathBuf),
}

/// One fault or warning.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    title: String,
    at: At,
    label: String,
    also: Option<(Place, String)>,
    allowed: Option<String>,
    hint: Option<String>,
    is_denied: bool,
}

impl Fault {
    /// A fault at `place`, with the words to put at the caret.
    pub(crate) fn at(place: Place, title: impl Into<String>, label: impl Into<String>) -> Self {
        let (title, label) = (title.into(), label.into());
        Self { title, at: At::Place(place), label, also: None, allowed: None, hint: None, is_denied: false }
    }

    /// A fault of a whole file.
    pub(crate) fn of_file(path: &Path, title: impl Into<String>) -> Self {
        let (title, at) = (title.into(), At::File(path.to_owned()));
        Self { title, at, label: String::new(), also: None, allowed: None, hint: None, is_denied: false }
    }

    /// Adds what is allowed there.
    pub(crate) fn allowed(mut self, allowed: impl Into<String>) -> Self {
        self.allowed = Some(allowed.into());
        self
    }

    /// Adds what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says that this user may not read the file.
    pub(crate) fn denied(mut self) -> Self {
        self.is_denied = true;
        self
    }

    /// Adds a second place that the fault is about, unless it is the first one.
    pub(crate) fn also(mut self, place: Place, label: impl Into<String>) -> Self {
        if self.at != At::Place(place.clone()) {
            self.also = Some((place, label.into()));
        }
        self
    }

    fn is_same(&self, other: &Self) -> bool {
        self.at == other.at && self.title == other.title && self.label == other.label
    }
}

/// The faults found so far, in the order they were found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// Adds `fault`, unless the same one was found before, as a value of `[defaults]` is by every library.
    pub(crate) fn push(&mut self, fault: Fault) {
        if !self.0.iter().any(|known| known.is_same(&fault)) {
            self.0.push(fault);
        }
    }

    /// Whether nothing was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all that was found is that this user may not read something.
    pub(crate) fn are_denials(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|fault| fault.is_denied)
    }

    /// Whether something was found in the file of index `file`.
    pub(crate) fn has_in(&self, file: usize) -> bool {
        self.0.iter().any(|fault| matches!(&fault.at, At::Place(place) if place.file == file))
    }

    /// The report of errors that a person reads, without a line break at its end.
    pub(crate) fn report(&self, files: &[SourceFile]) -> String {
        let shown: Vec<_> =
            self.0.iter().take(FAULTS_SHOWN_MAX).map(|f| render(f, files, Level::ERROR)).collect();
        let mut report = shown.join("\n\n");
        if self.0.len() > FAULTS_SHOWN_MAX {
            let _ = write!(report, "\n\nerror: and {} more faults", self.0.len() - FAULTS_SHOWN_MAX);
        }
        report
    }

    /// Each one rendered as a warning.
    pub(crate) fn warnings(&self, files: &[SourceFile]) -> Vec<String> {
        self.0.iter().map(|fault| render(fault, files, Level::WARNING)).collect()
    }
}

fn render(fault: &Fault, files: &[SourceFile], level: Level<'static>) -> String {
    let mut group = Group::with_title(level.primary_title(fault.title.as_str()));
    group = match &fault.at {
        At::File(path) => group.element(Origin::path(path.to_string_lossy())),
        At::Place(place) => with_excerpts(group, fault, place, files),
    };
    if let Some(allowed) = &fault.allowed {
        group = group.element(Level::NOTE.with_name(Some("allowed")).message(allowed.as_str()));
    }
    if let Some(hint) = &fault.hint {
        group = group.element(Level::HELP.with_name(Some("hint")).message(hint.as_str()));
    }
    Renderer::plain().render(&[group])
}

fn with_excerpts<'a>(
    group: Group<'a>,
    fault: &'a Fault,
    place: &Place,
    files: &'a [SourceFile],
) -> Group<'a> {
    let Some(file) = files.get(place.file) else { return group };
    let snippet = Snippet::source(file.text.as_str()).path(file.path.to_string_lossy());
    let primary = AnnotationKind::Primary.span(inside(&file.text, &place.span)).label(fault.label.as_str());
    let snippet = snippet.annotation(primary);
    let Some((place_too, label)) = &fault.also else { return group.element(snippet) };
    let Some(file_too) = files.get(place_too.file) else { return group.element(snippet) };
    let context = AnnotationKind::Context.span(inside(&file_too.text, &place_too.span)).label(label.as_str());
    if place.file == place_too.file {
        return group.element(snippet.annotation(context));
    }
    let snippet_too = Snippet::source(file_too.text.as_str()).path(file_too.path.to_string_lossy());
    group.element(snippet).element(snippet_too.annotation(context))
}

/// `span` kept inside `text`, on its first line, and on character boundaries.
fn inside(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = (0..=span.start.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |offset| start + offset);
    let wanted = span.end.clamp(start, line_end.max(start));
    let end = (wanted..=text.len()).find(|&i| text.is_char_boundary(i)).unwrap_or(text.len());
    start..end
}

/// `text` as part of a sentence: in backticks, control characters escaped, long ones cut.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::from("`");
    for c in text.chars().take(SHOWN_CHARS_MAX) {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out.push_str(if text.chars().nth(SHOWN_CHARS_MAX).is_some() { "...`" } else { "`" });
    out
}

/// The word of `known` that `word` was most likely meant to be, if one is near.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = word.to_lowercase().replace('_', "-");
    let near = |k: &&str| (distance(&word, k), k.len());
    let best = known.iter().copied().min_by_key(near)?;
    (distance(&word, best) <= best.chars().count().max(3) / 3).then_some(best)
}

/// Levenshtein's distance: single characters put in, left out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(SHOWN_CHARS_MAX).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = (diagonal + usize::from(ca != *cb)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = cost;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use crate::config::fault::{distance, inside, nearest, shown};

    #[test]
    fn distance_counts_single_changes() {
        for (a, b, expected) in
            [("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("für", "fur", 1)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn only_a_near_word_is_proposed() {
        let known = ["schedule", "splay", "client-secret", "root"];
        assert_eq!(nearest("shedule", &known), Some("schedule"));
        assert_eq!(nearest("client_secret", &known), Some("client-secret"));
        assert_eq!(nearest("rot", &known), Some("root"));
        assert_eq!(nearest("password", &known), None);
        assert_eq!(nearest("", &known), None);
        assert_eq!(nearest("x", &[]), None);
    }

    #[test]
    fn an_excerpt_never_leaves_its_text() {
        let text = "ä = 1\nb";
        for (span, expected) in [(0..1, 0..2), (1..2, 0..2), (3..99, 3..6), (99..120, 8..8), (6..7, 6..6)] {
            assert_eq!(inside(text, &span), expected, "{span:?}");
        }
    }

    #[test]
    fn a_shown_value_has_no_control_characters_and_an_end() {
        assert_eq!(shown("a\u{1b}[31m"), "`a\\u{1b}[31m`");
        assert_eq!(shown(&"x".repeat(500)).len(), 85);
    }
}
