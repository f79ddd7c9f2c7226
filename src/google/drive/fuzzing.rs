//! Drive's answers from any JSON.
//!
//! Invariant: see `crate::fuzzing`. May import: nothing. Tests: `src/fuzzing/tests.rs`.

use serde_json::Value;

use crate::google::drive::wire::{Changes, Follow, about, changes, file, file_page, ids, start_token};
use crate::google::drive::{DriveFile, parts_query, quoted};

/// Reads `answer` as every kind of answer, and shows each file to `see`.
pub(crate) fn answers(answer: &Value, see: impl Fn(&DriveFile)) {
    for sent in [None, Some("next")] {
        if let Ok(page) = file_page(answer, sent) {
            page.files.iter().for_each(&see);
            page.files.iter().for_each(check_file);
            assert!(page.next.as_deref().is_none_or(|next| !next.is_empty() && sent != Some(next)));
        }
        if let Ok((found, _)) = ids(answer, sent) {
            let query = parts_query(&found);
            assert_eq!(unquoted_quotes(&query) % 2, 0, "a name leaves its quotes: {query}");
        }
    }
    if let Some(file) = file(answer) {
        check_file(&file);
    }
    if let Ok(Changes { follow: Follow::Page(next) | Follow::Later(next), .. }) = changes(answer, "next") {
        assert!(!next.is_empty());
    }
    let _ = (about(answer), start_token(answer));
}

fn check_file(file: &DriveFile) {
    for (digest, digits) in [(&file.md5, 32), (&file.sha256, 64)] {
        let is_hex =
            |digest: &String| digest.len() == digits && digest.bytes().all(|b| b.is_ascii_hexdigit());
        assert!(digest.as_ref().is_none_or(is_hex), "{digest:?}");
    }
    assert_eq!(unquoted_quotes(&quoted(&file.name)), 0, "{:?}", file.name);
}

/// Quotes with no backslash of their own before them.
fn unquoted_quotes(text: &str) -> usize {
    let (mut count, mut is_escaped) = (0, false);
    for c in text.chars() {
        count += usize::from(c == '\'' && !is_escaped);
        is_escaped = c == '\\' && !is_escaped;
    }
    count
}
