//! Names that may have to do with each other, told by the names alone.
//!
//! Owns: the family of a name. Invariant: pure; the names of an item, of its sidecar, its edited copies and its moving parts, and of
//! whatever may be taken for one of them, are of one family, so that the pairing of a folder may go family by family. May import:
//! nothing. Tests: below; that the pairing is the same in `matcher/tests/generated.rs`.

use crate::takeout::matcher::name::composed;

/// How many characters of a name count: sidecars keep 46 UTF-16 units of a longer one, which is 23 characters at least.
const CHARS_MAX: usize = 16;

/// The family of a file or sidecar called `name`: the beginning that no suffix, counter, extension or cut can touch.
///
/// An extension begins with a dot, a counter with a bracket, the suffix of an edited copy with a dash that no digit follows.
pub(crate) fn family_of(name: &str) -> String {
    let name = composed(name);
    let mut chars = name.chars().take(CHARS_MAX).peekable();
    let mut family = String::new();
    while let Some(c) = chars.next() {
        let ends = match c {
            '.' | '(' => true,
            '-' => !chars.peek().is_some_and(char::is_ascii_digit),
            _ => false,
        };
        if ends {
            break;
        }
        family.extend(c.to_lowercase());
    }
    family.truncate(family.trim_end().len());
    family
}

#[cfg(test)]
mod tests {
    use crate::takeout::matcher::family::family_of;

    #[test]
    fn what_belongs_together_is_of_one_family() {
        for (family, names) in [
            (
                "img_1",
                vec![
                    "IMG_1.jpg",
                    "IMG_1(1).jpg",
                    "img_1-edited.jpg",
                    "IMG_1",
                    "IMG_1.MP.jpg",
                    "IMG_1.jpg(1).json",
                ],
            ),
            ("skytree", vec!["skytree (2).jpg", "skytree.jpg.supplemental-metadata(2).json"]),
            ("img-20230101", vec!["IMG-20230101-WA0001.jpg", "IMG-20230101-edited.jpg"]),
            ("café", vec!["caf\u{e9}.jpg", "cafe\u{301}.jpg.json", "Caf\u{e9}-bearbeitet.jpg"]),
            ("", vec![".jpg", "(1).jpg", "-edited.jpg", ""]),
        ] {
            for name in names {
                assert_eq!(family_of(name), family, "{name}");
            }
        }
    }

    #[test]
    fn long_names_are_told_by_what_no_cut_touches() {
        let long = "0123456789".repeat(6);
        assert_eq!(family_of(&format!("{long}.jpg")), family_of(&format!("{}.json", &long[..46])));
        assert_eq!(family_of(&format!("{}.json", "😀".repeat(23))), "😀".repeat(16));
    }
}
