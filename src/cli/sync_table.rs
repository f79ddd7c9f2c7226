//! The end of `sync`: one exit code for all libraries, and the summary table.
//!
//! Owns: which result means which exit code. Invariant: pure. May import: `control`, `exit`. Tests: below.

use crate::cli::deletion_text::trash_words;
use crate::cli::output::{Align, size, span, table};
use crate::control::{LibraryEnd, SyncResult};
use crate::exit::Exit;
use crate::systemd::grouped;

/// The exit code of one library's result.
pub(crate) fn exit_for(result: SyncResult) -> Exit {
    match result {
        SyncResult::Complete => Exit::Done,
        SyncResult::Incomplete
        | SyncResult::Interrupted
        | SyncResult::Throttled
        | SyncResult::DiskFull
        | SyncResult::Transient
        | SyncResult::Failed => Exit::Incomplete,
        SyncResult::QuotaSpent | SyncResult::Locked => Exit::TryLater,
        SyncResult::NeedsLogin | SyncResult::Denied => Exit::NoPermission,
        SyncResult::Unusable => Exit::Config,
    }
}

/// The worst of all libraries; the exit codes are in the order of how much a person must do.
pub(crate) fn worst_of(ends: &[LibraryEnd]) -> Exit {
    ends.iter().map(|end| exit_for(end.result)).max().unwrap_or(Exit::Done)
}

/// One row for each library, then the rest of the notes that do not fit in one line.
pub(crate) fn summary(ends: &[LibraryEnd]) -> String {
    let head = [
        ("LIBRARY", Align::Left),
        ("RESULT", Align::Left),
        ("LISTED", Align::Right),
        ("NEW", Align::Right),
        ("DOWNLOADED", Align::Right),
        ("SIZE", Align::Right),
        ("FAILED", Align::Right),
        ("TIME", Align::Right),
        ("NOTE", Align::Left),
    ];
    let rows: Vec<Vec<String>> = ends.iter().map(row).collect();
    let mut text = table(&head, &rows);
    for end in ends {
        for line in end.note.lines().skip(1) {
            text.extend([end.name.as_str(), ": ", line, "\n"]);
        }
    }
    text
}

fn row(end: &LibraryEnd) -> Vec<String> {
    let note = end.note.lines().next().filter(|note| !note.is_empty()).map(str::to_owned);
    let note =
        note.into_iter().chain(end.summary.as_ref().and_then(trash_words)).collect::<Vec<_>>().join("; ");
    let (name, word) = (end.name.to_string(), end.result.word().to_owned());
    let numbers = end.summary.as_ref().map_or_else(
        || std::array::from_fn(|_| "-".to_owned()),
        |run| {
            [
                grouped(run.listed),
                grouped(run.new),
                grouped(run.downloaded),
                size(run.bytes),
                grouped(run.failed),
                span(run.finished - run.started),
            ]
        },
    );
    [name, word].into_iter().chain(numbers).chain([note]).collect()
}

#[cfg(test)]
mod tests {
    use crate::cli::sync_table::{summary, worst_of};
    use crate::control::{LibraryEnd, SyncResult};
    use crate::exit::Exit;
    use crate::media::LibraryName;
    use crate::status::{RunEnd, RunSummary};

    fn end(name: &str, result: SyncResult) -> LibraryEnd {
        let name = LibraryName::try_new(name).expect("a legal name");
        LibraryEnd { name, result, note: String::new(), summary: None }
    }

    #[test]
    fn every_result_has_its_exit_code_and_the_worst_wins() {
        let table = [
            (SyncResult::Complete, Exit::Done),
            (SyncResult::Incomplete, Exit::Incomplete),
            (SyncResult::Interrupted, Exit::Incomplete),
            (SyncResult::Throttled, Exit::Incomplete),
            (SyncResult::DiskFull, Exit::Incomplete),
            (SyncResult::Transient, Exit::Incomplete),
            (SyncResult::Failed, Exit::Incomplete),
            (SyncResult::QuotaSpent, Exit::TryLater),
            (SyncResult::Locked, Exit::TryLater),
            (SyncResult::NeedsLogin, Exit::NoPermission),
            (SyncResult::Denied, Exit::NoPermission),
            (SyncResult::Unusable, Exit::Config),
        ];
        let mut all = Vec::new();
        for (result, expected) in table {
            all.push(end("alice", result));
            assert_eq!(
                worst_of(&[end("alice", result), end("bob", SyncResult::Complete)]),
                expected,
                "{result:?}"
            );
            assert_eq!(worst_of(&all), expected.max(worst_of(&all)), "{result:?}");
        }
        assert_eq!(worst_of(&all), Exit::Config);
        assert_eq!(worst_of(&[]), Exit::Done);
    }

    #[test]
    fn the_table_tells_numbers_and_the_whole_note() {
        let run = RunSummary {
            run: 3,
            started: "2026-11-22T16:00:00Z".parse().expect("legal"),
            finished: "2026-11-22T16:01:05Z".parse().expect("legal"),
            end: RunEnd::Complete,
            reason: None,
            full: true,
            listed: 1_240,
            new: 40,
            downloaded: 40,
            bytes: 2_097_152,
            failed: 0,
            trashed: 0,
            returned: 0,
            purged: 0,
            api_requests: 13,
            media_requests: 40,
        };
        let done = LibraryEnd { summary: Some(run), ..end("alice", SyncResult::Complete) };
        let refused = LibraryEnd {
            note: "refused\nhint: run `gphotos-syncd login bob`".to_owned(),
            ..end("bob", SyncResult::NeedsLogin)
        };
        let text = summary(&[done, refused]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(
            lines[1].contains("1,240") && lines[1].contains("2.0 MiB") && lines[1].ends_with("1 min 5 s"),
            "{text}"
        );
        assert!(lines[2].contains("needs-login") && lines[2].ends_with("refused"), "{text}");
        assert_eq!(lines[3], "bob: hint: run `gphotos-syncd login bob`");
    }
}
