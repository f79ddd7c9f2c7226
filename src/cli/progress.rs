//! Progress of runs: bars on a terminal, a line now and then elsewhere.
//!
//! Owns: what a person sees while `sync` works, on standard error. Invariant: at most one line a library each
//! [`LINE_PERIOD`] where nobody watches. May import: `clock`, `media`, `status`. Tests: below, of the lines.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stderr};
use std::time::Duration;
use tokio::time::Instant;

use crate::cli::output::{emit, size};
use crate::clock::mono_now;
use crate::media::LibraryName;
use crate::status::Progress;
use crate::systemd::grouped;

/// The least time between two plain lines of one library.
pub(crate) const LINE_PERIOD: Duration = Duration::from_secs(10);

/// How quickly the shown rate follows the true one: the share of the newest second.
const RATE_SHARE: f64 = 0.2;

/// Shows the progress of several libraries.
pub(crate) struct Display {
    bars: Option<MultiProgress>,
    lines: BTreeMap<LibraryName, Line>,
}

struct Line {
    bar: Option<ProgressBar>,
    rate: Rate,
    shown: String,
    shown_at: Instant,
}

/// Bytes per second, smoothed.
#[derive(Clone, Copy, Debug)]
struct Rate {
    bytes: u64,
    at: Instant,
    per_second: f64,
}

// === impl Display ===

impl Display {
    /// Bars if standard error is a terminal.
    pub(crate) fn new() -> Self {
        Self { bars: stderr().is_terminal().then(MultiProgress::new), lines: BTreeMap::new() }
    }

    /// A library's progress now; `note` says what it does while it has no numbers.
    pub(crate) fn update(&mut self, name: &LibraryName, progress: &Progress, note: &str) {
        let now = mono_now();
        let is_new = !self.lines.contains_key(name);
        let bars = self.bars.as_ref();
        let line = self.lines.entry(name.clone()).or_insert_with(|| Line::new(name, bars, now));
        line.rate.advance(progress.bytes, now);
        let text = text_for(progress, note, line.rate.per_second);
        if let Some(bar) = &line.bar {
            bar.set_length(progress.wanted.max(1));
            bar.set_position(progress.downloaded);
            bar.set_message(text);
        } else if is_new || (text != line.shown && now - line.shown_at >= LINE_PERIOD) {
            say(name, &text);
            line.shown = text;
            line.shown_at = now;
        }
    }

    /// A library is done.
    pub(crate) fn finish(&mut self, name: &LibraryName, word: &str) {
        match self.lines.get(name).and_then(|line| line.bar.as_ref()) {
            Some(bar) => bar.finish_with_message(word.to_owned()),
            None if self.bars.is_none() => say(name, word),
            None => {}
        }
    }

    /// Something to tell besides, which must not break the bars.
    pub(crate) fn tell(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| emit(&mut stderr(), &format!("{text}\n"))),
            None => emit(&mut stderr(), &format!("{text}\n")),
        }
    }
}

fn say(name: &LibraryName, text: &str) {
    let mut err = stderr().lock();
    emit(&mut err as &mut dyn Write, &format!("{name}: {text}\n"));
}

// === impl Line ===

impl Line {
    fn new(name: &LibraryName, bars: Option<&MultiProgress>, now: Instant) -> Self {
        let bar = bars.map(|bars| {
            let bar = bars.add(ProgressBar::new(1));
            if let Ok(style) = ProgressStyle::with_template("{prefix:12!} [{bar:6}] {wide_msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(name.to_string());
            bar
        });
        let rate = Rate { bytes: 0, at: now, per_second: 0.0 };
        Self { bar, rate, shown: String::new(), shown_at: now }
    }
}

// === impl Rate ===

impl Rate {
    /// Takes `bytes` in all at `now` into account; looks closer than a second apart change nothing.
    fn advance(&mut self, bytes: u64, now: Instant) {
        let secs = now.saturating_duration_since(self.at).as_secs_f64();
        if secs < 1.0 {
            return;
        }
        let newest = bytes.saturating_sub(self.bytes) as f64 / secs;
        let share = 1.0 - (1.0 - RATE_SHARE).powf(secs);
        self.per_second += share * (newest - self.per_second);
        self.bytes = bytes;
        self.at = now;
    }
}

/// One line: what it waits for, before all that a narrow terminal cuts off; listed, downloaded of wanted, bytes, rate, failures.
fn text_for(progress: &Progress, note: &str, bytes_per_second: f64) -> String {
    if *progress == Progress::default() {
        return if note.is_empty() { "begins".to_owned() } else { note.to_owned() };
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a shown rate is rounded, never negative"
    )]
    let rate = size(bytes_per_second as u64);
    let mut parts = Vec::new();
    if !progress.waiting.is_empty() {
        parts.push(format!("waits for {}", progress.waiting));
    }
    parts.extend([
        format!("{} listed", grouped(progress.listed)),
        format!("{}/{} files", grouped(progress.downloaded), grouped(progress.wanted)),
        size(progress.bytes),
        format!("{rate}/s"),
    ]);
    if progress.failed > 0 {
        parts.push(format!("{} failed", grouped(progress.failed)));
    }
    if !progress.phase.is_empty() {
        parts.push(progress.phase.clone());
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::cli::progress::{Rate, text_for};
    use crate::clock::mono_now;
    use crate::status::Progress;
    use std::time::Duration;

    #[test]
    fn a_line_tells_what_there_is_to_tell() {
        assert_eq!(text_for(&Progress::default(), "", 0.0), "begins");
        assert_eq!(text_for(&Progress::default(), "quota-spent", 0.0), "quota-spent");
        let mut progress =
            Progress { listed: 1_200, wanted: 300, downloaded: 20, bytes: 2_097_152, ..Progress::default() };
        assert_eq!(text_for(&progress, "", 1_048_576.0), "1,200 listed, 20/300 files, 2.0 MiB, 1.0 MiB/s");
        progress.failed = 2;
        progress.phase = "listing".to_owned();
        progress.waiting = "the pace".to_owned();
        let text = text_for(&progress, "", 0.0);
        assert!(text.starts_with("waits for the pace, 1,200 listed, "), "{text}");
        assert!(text.ends_with(", 2 failed, listing"), "{text}");
    }

    #[test]
    fn the_rate_nears_a_steady_one_and_survives_a_counter_that_begins_anew() {
        let begin = mono_now();
        let mut rate = Rate { bytes: 0, at: begin, per_second: 0.0 };
        for second in 1..=60_u64 {
            rate.advance(second * 1_000, begin + Duration::from_secs(second));
        }
        assert!((rate.per_second - 1_000.0).abs() < 1.0, "{rate:?}");
        rate.advance(5, begin + Duration::from_secs(61));
        assert!(rate.per_second >= 0.0 && rate.per_second < 1_000.0);
    }
}
