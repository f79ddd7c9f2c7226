//! What `status` says of deletions at Google and of the trash.
//!
//! Owns: the words. Invariant: pure. May import: `status`, `job` for the words of a wave that is held. Tests: below.

use crate::cli::output::size;
use crate::job::held_text;
use crate::media::LibraryName;
use crate::status::{DeletionStatus, LibraryStatus, RunSummary};
use crate::systemd::grouped;

/// Lines about the deletions of a library; none if there is nothing to say.
pub(crate) fn deletion_lines(library: &LibraryStatus) -> Vec<String> {
    lines_of(&library.deletions, &library.name)
}

/// What a run did with the trash; none: nothing.
pub(crate) fn trash_words(run: &RunSummary) -> Option<String> {
    let did =
        [(run.trashed, "to the trash"), (run.returned, "back from it"), (run.purged, "removed from it")];
    let words: Vec<String> = did
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{} {words}", grouped(count)))
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn lines_of(deletions: &DeletionStatus, name: &LibraryName) -> Vec<String> {
    let mut lines = Vec::new();
    if deletions.held > 0 {
        let text = held_text(deletions.held, name.as_str());
        let mut parts = text.lines();
        lines.extend(parts.next().map(|first| format!("warning: {first}")));
        lines.extend(parts.map(|rest| format!("  {rest}")));
    }
    let moves = deletions.policy == "trash";
    match deletions.gone {
        0 => {}
        gone if !moves => lines.push(format!("{} gone at Google; what is here stays", items(gone))),
        gone => {
            let stay = match deletions.stay {
                0 => String::new(),
                stay => {
                    format!(", of which {} stay, for a person changed them or put them back", grouped(stay))
                }
            };
            lines.push(format!("{} gone at Google{stay}", items(gone)));
        }
    }
    if deletions.unlisted > 0 {
        lines.push(format!("{} not listed by Google, but given when asked for", items(deletions.unlisted)));
    }
    if deletions.in_trash > 0 {
        let (files, bytes) = (grouped(deletions.in_trash), size(deletions.trash_bytes));
        lines.push(format!("trash: {files} files ({bytes}) in .gphotos-syncd/trash"));
    }
    if let Some(doubt) = deletions.doubt.as_ref().filter(|_| moves) {
        lines.push(format!("the newest full listing proves no deletion: {doubt}"));
    }
    lines
}

fn items(count: u64) -> String {
    if count == 1 { "1 item is".to_owned() } else { format!("{} items are", grouped(count)) }
}

#[cfg(test)]
mod tests {
    use crate::cli::deletion_text::lines_of;
    use crate::media::LibraryName;
    use crate::status::DeletionStatus;

    fn lines(deletions: &DeletionStatus) -> Vec<String> {
        lines_of(deletions, &LibraryName::try_new("alice").unwrap())
    }

    #[test]
    fn a_library_without_deletions_says_nothing_of_them() {
        assert!(lines(&DeletionStatus::default()).is_empty());
    }

    #[test]
    fn what_is_gone_is_told_with_what_became_of_it() {
        let keep = DeletionStatus { policy: "keep".to_owned(), gone: 1, ..DeletionStatus::default() };
        assert_eq!(lines(&keep), ["1 item is gone at Google; what is here stays"]);
        let trash = DeletionStatus {
            policy: "trash".to_owned(),
            gone: 1_200,
            unlisted: 2,
            stay: 3,
            held: 1_197,
            in_trash: 5,
            trash_bytes: 2048,
            doubt: Some("it was empty".to_owned()),
        };
        let said = lines(&trash);
        assert!(said[0].starts_with("warning: 1197 items are gone"), "{said:?}");
        assert!(said[1].contains("gphotos-syncd sync alice --allow-deletions 1197"), "{said:?}");
        assert_eq!(said.len(), 6, "{said:?}");
        assert!(said[5].ends_with("it was empty"), "{said:?}");
    }
}
