//! What people read on a terminal: tables, sizes, moments, and output that nobody may be reading any more.
//!
//! Owns: the forms of numbers. Invariant: a reader that went away is no fault. May import: `exit`. Tests: below.

use bytesize::ByteSize;
use chrono::{DateTime, Local, TimeDelta, Utc};
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use crate::exit::Exit;

/// Writes `text` at once. A fault is the stream's to remember, see [`Watched`].
pub(crate) fn emit(out: &mut dyn Write, text: &str) {
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        tracing::debug!(%error, "cannot write the output");
    }
}

/// An output that remembers whether anything of it was lost, other than to a reader that went away, as with `| head`.
pub(crate) struct Watched<W> {
    out: W,
    lost: Option<io::Error>,
}

// === impl Watched ===

impl<W: Write> Watched<W> {
    /// Nothing is lost yet.
    pub(crate) fn new(out: W) -> Self {
        Self { out, lost: None }
    }

    /// How the program ends: a result that did not reach its reader is something missing, and is told on `err`.
    pub(crate) fn verdict(mut self, exit: ExitCode, err: &mut dyn Write) -> ExitCode {
        let flushed = self.flush();
        let Some(lost) = self.lost.or(flushed.err()).filter(is_loss) else { return exit };
        complain(err, &format!("cannot write the output: {lost}"));
        if exit == ExitCode::SUCCESS { Exit::Incomplete.into() } else { exit }
    }

    fn watch<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        done.inspect_err(|error| {
            if self.lost.is_none() && is_loss(error) {
                self.lost = Some(io::Error::new(error.kind(), error.to_string()));
            }
        })
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes);
        self.watch(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.watch(done)
    }
}

/// Whether what could not be written is missed by anybody.
pub(crate) fn is_loss(error: &io::Error) -> bool {
    !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::Interrupted)
}

/// Writes a fault for a person.
pub(crate) fn complain(err: &mut dyn Write, text: &str) {
    let text = text.trim_end();
    // The report of a configuration brings its own word.
    let word = if text.starts_with("error: ") { "" } else { "error: " };
    emit(err, &format!("{word}{text}\n"));
}

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows below a head, in columns as wide as their widest cell.
pub(crate) fn table(head: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([head[column].0.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let titles: Vec<String> = head.iter().map(|(title, _)| (*title).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&titles).chain(rows) {
        let mut line = String::new();
        for ((cell, width), (_, align)) in row.iter().zip(&widths).zip(head) {
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            match align {
                Align::Left => line.extend([cell.as_str(), &padding]),
                Align::Right => line.extend([padding.as_str(), cell]),
            }
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Bytes for people, such as `1.2 GiB`.
pub(crate) fn size(bytes: u64) -> String {
    ByteSize::b(bytes).display().iec().to_string()
}

/// A moment in local time, to the minute.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local).format("%Y-%m-%d %H:%M").to_string()
}

/// A moment, or a dash.
pub(crate) fn moment_or_dash(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "-".to_owned(), moment)
}

/// A span for people, in its two largest units, such as `3 h 20 min`.
pub(crate) fn span(span: TimeDelta) -> String {
    let secs = span.num_seconds().max(0);
    let (days, hours, minutes) = (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60);
    let mut text = String::new();
    let written = match (days, hours, minutes) {
        (0, 0, 0) => write!(text, "{secs} s"),
        (0, 0, _) => write!(text, "{minutes} min {} s", secs % 60),
        (0, _, _) => write!(text, "{hours} h {minutes} min"),
        (1, _, _) => write!(text, "1 day {hours} h"),
        (_, _, _) => write!(text, "{days} days {hours} h"),
    };
    debug_assert!(written.is_ok(), "writing to a string does not fail");
    text
}

#[cfg(test)]
mod tests {
    use crate::cli::output::{Align, Watched, emit, size, span, table};
    use crate::exit::Exit;
    use chrono::TimeDelta;
    use std::io::{Error, ErrorKind, Write};
    use std::process::ExitCode;

    /// Keeps what is written until it is flushed, as standard output may, and fails then.
    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> Result<(), Error> {
            Err(self.0.into())
        }
    }

    #[test]
    fn lost_output_is_something_missing_unless_its_reader_went_away() {
        let table = [
            (ErrorKind::StorageFull, Exit::Done, Exit::Incomplete),
            (ErrorKind::StorageFull, Exit::Config, Exit::Config),
            (ErrorKind::BrokenPipe, Exit::Done, Exit::Done),
        ];
        for (kind, exit, expected) in table {
            let (mut out, mut err) = (Watched::new(Failing(kind)), Vec::new());
            emit(&mut out, "text");
            assert_eq!(out.verdict(exit.into(), &mut err), ExitCode::from(expected), "{kind:?}");
            let told = String::from_utf8(err).expect("text");
            assert_eq!(told.starts_with("error: cannot write the output: "), kind != ErrorKind::BrokenPipe);
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let head = [("NAME", Align::Left), ("FILES", Align::Right), ("NOTE", Align::Left)];
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text = table(&head, &[row(["a", "1,234,567", ""]), row(["jürgen", "3", "why"])]);
        assert_eq!(text, "NAME        FILES  NOTE\na       1,234,567\njürgen          3  why\n");
    }

    #[test]
    fn spans_are_told_in_two_units() {
        let table = [
            (5, "5 s"),
            (65, "1 min 5 s"),
            (3_700, "1 h 1 min"),
            (90_000, "1 day 1 h"),
            (180_000, "2 days 2 h"),
        ];
        for (secs, expected) in table {
            assert_eq!(span(TimeDelta::seconds(secs)), expected);
        }
        assert_eq!(span(TimeDelta::seconds(-5)), "0 s");
    }

    #[test]
    fn sizes_are_told_in_binary_units() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1_288_490_189), "1.2 GiB");
    }
}
