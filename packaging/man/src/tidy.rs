//! The form of a page's source: what a linter and a person who reads it expect of one.
//!
//! Owns: line lengths, blanks, repeated preambles. Invariant: pure, and what a reader of the page sees stays as it was, but for
//! empty lines before a list. May import: nothing. Tests: below.

/// The longest line of text, bytes, as `mandoc -T lint` wants it.
const LINE_BYTES_MAX: usize = 79;

/// The page with one preamble, no blanks at the ends of lines, no breaks beside breaks, and text in short lines.
pub(crate) fn tidy(page: &str) -> String {
    let mut out = String::new();
    let mut preambles = Vec::new();
    let mut is_tag = false;
    for line in page.lines().map(str::trim_end) {
        let is_preamble = line.starts_with(".ie ") || line.starts_with(".el ");
        // Lines that only make room between a description and its list; `.RS` makes enough.
        let is_room = line.is_empty() || line == ".br";
        if is_room || (is_preamble && preambles.contains(&line)) {
            continue;
        }
        if is_preamble {
            preambles.push(line);
        }
        if is_tag || line.starts_with('.') {
            out.push_str(line);
            out.push('\n');
        } else {
            push_wrapped(&mut out, line);
        }
        is_tag = line == ".TP";
    }
    out
}

/// Text in lines of at most [`LINE_BYTES_MAX`], as far as its words allow.
fn push_wrapped(out: &mut String, text: &str) {
    let mut room = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        // A word that begins so would be taken for a request of the formatter.
        let guard = if word.starts_with(['.', '\'']) { "\\&" } else { "" };
        let length = guard.len() + word.len();
        if room > length {
            out.push(' ');
            room -= length + 1;
        } else {
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            room = LINE_BYTES_MAX.saturating_sub(length);
        }
        out.push_str(guard);
        out.push_str(word);
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use crate::tidy::tidy;

    #[test]
    fn text_is_wrapped_and_requests_are_not() {
        let long = "word ".repeat(40);
        let tidied = tidy(&format!(".TH {long}\n.TP\n{long}\n{long}\n"));
        let lines: Vec<&str> = tidied.lines().collect();
        assert_eq!(lines[0], format!(".TH {}", long.trim_end()));
        assert_eq!(lines[2], long.trim_end(), "a tag is one line");
        assert_eq!(lines[3].len(), 79);
        assert!(lines[3..].iter().all(|line| line.len() <= 79), "{tidied}");
        assert_eq!(tidied.split_whitespace().filter(|word| *word == "word").count(), 120);
    }

    #[test]
    fn a_word_that_looks_like_a_request_is_no_request_at_the_start_of_a_line() {
        let tidied = tidy(&format!("{} .gphotos.token 'x\n", "w".repeat(75)));
        assert_eq!(tidied, format!("{}\n\\&.gphotos.token \\&'x\n", "w".repeat(75)));
    }

    #[test]
    fn preambles_stand_once_and_room_is_taken_away() {
        let page = ".ie a\n.el b\n.SH X\n.ie a\n.el b\n.SH Y \nWhich\n.br\n\n.br\n.RS\n";
        assert_eq!(tidy(page), ".ie a\n.el b\n.SH X\n.SH Y\nWhich\n.RS\n");
    }
}
