//! Words for people: shell words in hints, and Google's own words where they are harmless.
//!
//! Invariant: pure; what passes [`harmless`] is short, printable, and has no word long enough to be a token.
//! May import: nothing. Tests: beside it.

use std::path::Path;

/// The longest text of a server that a message repeats, characters.
const TEXT_CHARS_MAX: usize = 160;
/// The longest word of it; tokens, codes and secrets are longer, characters.
const WORD_CHARS_MAX: usize = 24;

/// `path` as one word of a shell command.
pub(crate) fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// `text` of a server, if it may be repeated in a message.
pub(crate) fn harmless(text: &str) -> Option<&str> {
    let text = text.trim();
    let short = text.chars().count() <= TEXT_CHARS_MAX && !text.is_empty();
    let words_short = text.split_whitespace().all(|word| word.chars().count() <= WORD_CHARS_MAX);
    (short && words_short && !text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use crate::auth::wording::{harmless, shell_word};
    use std::path::Path;

    #[test]
    fn a_path_is_quoted_only_where_a_shell_needs_it() {
        for (path, word) in [
            ("/srv/a/.gphotos.token", "/srv/a/.gphotos.token"),
            ("/srv/my photos/x", "'/srv/my photos/x'"),
            ("/srv/it's", r"'/srv/it'\''s'"),
            ("/a;rm", "'/a;rm'"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }

    #[test]
    fn a_text_that_may_hold_a_token_is_not_repeated() {
        assert_eq!(
            harmless(" Token has been expired or revoked. "),
            Some("Token has been expired or revoked.")
        );
        assert_eq!(harmless("bad token 1//0abcdefghijklmnopqrstuvwxyz-12345"), None);
        assert_eq!(harmless("a\u{1b}[31mb"), None);
        assert_eq!(harmless(""), None);
    }
}
