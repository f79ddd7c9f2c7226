//! What people read on a terminal: tables, sizes, moments, and output that nobody may be reading any more.
//!
//! Owns: the forms of numbers. Invariant: a closed standard output is no fault. May import: nothing. Tests: below.

use bytesize::ByteSize;
use chrono::{DateTime, Local, TimeDelta, Utc};
use std::fmt::Write as _;
use std::io::{ErrorKind, Write};

/// Writes `text`; says nothing if the reader went away, as with `| head`.
pub(crate) fn emit(out: &mut dyn Write, text: &str) {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            tracing::warn!(%error, "cannot write the output");
        }
        Ok(()) | Err(_) => {}
    }
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
    use crate::cli::output::{Align, emit, size, span, table};
    use chrono::TimeDelta;
    use std::io::{Error, ErrorKind, Write};

    struct ClosedPipe;

    impl Write for ClosedPipe {
        fn write(&mut self, _: &[u8]) -> Result<usize, Error> {
            Err(ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_fault() {
        emit(&mut ClosedPipe, "text");
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
