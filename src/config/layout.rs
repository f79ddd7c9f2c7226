//! `layout`: the folder of a file, from its item's date.
//!
//! Invariant: pure; a [`Layout`] that exists never leads out of the root, into `albums` or to a hidden folder.
//! May import: `names`. Tests: below.

use chrono::{DateTime, Datelike, Utc};

use crate::config::fault::shown;
use crate::config::raw::Raw;
use crate::config::value::{Wrong, text};
use crate::names::folder_name_for;

/// gphotos-sync's own layout.
const DEFAULT: &str = "photos/{year}/{month}";

/// The folder of items without a date.
const UNDATED: &str = "undated";

/// The longest template, bytes: with a name of 255 bytes and a deep root it stays far below `PATH_MAX`.
const TEMPLATE_BYTES_MAX: usize = 200;

/// What stands for a part of the date.
const PLACEHOLDERS: [&str; 3] = ["{year}", "{month}", "{day}"];

/// A checked layout template such as `photos/{year}/{month}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    template: String,
}

/// Why a template is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadLayout {
    /// It begins with a slash.
    #[error("a layout is relative to the root: leave out the slash at its beginning")]
    Absolute,
    /// It has an empty part, `.` or `..`, or begins a part with a dot.
    #[error("the part `{0}` is empty, hidden, or leads out of the root")]
    Component(String),
    /// A part has a character that a folder's name should not have.
    #[error("the part {} has characters that a folder's name should not have", shown(.0))]
    Characters(String),
    /// A brace that is not part of a known placeholder.
    #[error("{} has a brace that belongs to none of `{{year}}`, `{{month}}`, `{{day}}`", shown(.0))]
    Placeholder(String),
    /// It begins in the folder of albums.
    #[error("the folder `albums` belongs to the albums")]
    Albums,
    /// It is too long.
    #[error("longer than {TEMPLATE_BYTES_MAX} bytes")]
    Long,
}

impl Default for Layout {
    fn default() -> Self {
        Self { template: DEFAULT.to_owned() }
    }
}

impl Layout {
    /// Accepts `template` if it keeps the rule of the type.
    ///
    /// # Errors
    /// [`BadLayout`] if it does not.
    pub fn try_new(template: &str) -> Result<Self, BadLayout> {
        if template.starts_with('/') {
            return Err(BadLayout::Absolute);
        }
        if template.len() > TEMPLATE_BYTES_MAX {
            return Err(BadLayout::Long);
        }
        template.split('/').try_for_each(check_component)?;
        if template.split('/').next().is_some_and(|first| first.eq_ignore_ascii_case("albums")) {
            return Err(BadLayout::Albums);
        }
        Ok(Self { template: template.to_owned() })
    }

    /// The folder, below the root and without a slash at either end, of an item taken at `created` (UTC).
    ///
    /// An item without a date goes to `undated` below the part of the template before its first placeholder.
    pub fn dir_for(&self, created: Option<DateTime<Utc>>) -> String {
        let Some(created) = created else {
            let fixed = self.template.split('/').take_while(|part| !part.contains('{'));
            return fixed.chain([UNDATED]).collect::<Vec<_>>().join("/");
        };
        self.template
            .replace("{year}", &format!("{:04}", created.year()))
            .replace("{month}", &format!("{:02}", created.month()))
            .replace("{day}", &format!("{:02}", created.day()))
    }
}

fn check_component(part: &str) -> Result<(), BadLayout> {
    if part.is_empty() || part.starts_with('.') {
        return Err(BadLayout::Component(part.to_owned()));
    }
    let mut rest = part.to_owned();
    for placeholder in PLACEHOLDERS {
        rest = rest.replace(placeholder, "0");
    }
    if rest.contains(['{', '}']) {
        return Err(BadLayout::Placeholder(part.to_owned()));
    }
    if folder_name_for(&rest, false) != rest {
        return Err(BadLayout::Characters(part.to_owned()));
    }
    Ok(())
}

/// The layout that `raw` means.
pub(crate) fn layout(raw: &Raw) -> Result<Layout, Wrong> {
    let allowed = "a relative path of `{year}`, `{month}`, `{day}` and fixed names, such as \"photos/{year}/{month}\" or \"photos/{year}-{month}\"";
    Layout::try_new(text(raw, allowed)?).map_err(|error| Wrong::new(error.to_string(), allowed))
}

#[cfg(test)]
mod tests {
    use crate::config::layout::{BadLayout, Layout};
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    #[test]
    fn the_date_fills_the_template_in_utc() {
        let created: DateTime<Utc> = "2024-05-01T01:30:00+02:00".parse().unwrap();
        for (template, expected, undated) in [
            ("photos/{year}/{month}", "photos/2024/04", "photos/undated"),
            ("photos/{year}-{month}", "photos/2024-04", "photos/undated"),
            ("{year}/{month}/{day}", "2024/04/30", "undated"),
            ("a/b/x {day}/c", "a/b/x 30/c", "a/b/undated"),
            ("all", "all", "all/undated"),
        ] {
            let layout = Layout::try_new(template).unwrap();
            assert_eq!(layout.dir_for(Some(created)), expected);
            assert_eq!(layout.dir_for(None), undated);
        }
    }

    #[test]
    fn the_default_is_a_valid_template() {
        assert_eq!(Layout::try_new(&Layout::default().template), Ok(Layout::default()));
    }

    #[test]
    fn a_template_that_leaves_its_place_is_refused() {
        for bad in ["", "/photos", "photos/", "a//b", "../x", "a/..", "a/./b", ".gphotos-syncd", "a/.b", ".x"]
        {
            assert!(
                matches!(Layout::try_new(bad), Err(BadLayout::Component(_) | BadLayout::Absolute)),
                "{bad}"
            );
        }
        assert_eq!(Layout::try_new("albums/{year}"), Err(BadLayout::Albums));
        assert!(Layout::try_new("albums2/{year}").is_ok());
        for bad in ["{hour}", "{year", "year}", "{{year}}", "{YEAR}", "{}"] {
            assert!(matches!(Layout::try_new(bad), Err(BadLayout::Placeholder(_))), "{bad}");
        }
        for bad in ["a\tb", "a /b", "a./b", " a", "a\u{202e}b"] {
            assert!(matches!(Layout::try_new(bad), Err(BadLayout::Characters(_))), "{bad}");
        }
        assert_eq!(Layout::try_new(&"x".repeat(201)), Err(BadLayout::Long));
    }

    proptest! {
        #[test]
        fn every_accepted_template_stays_below_the_root(template in "[a-z./{}A-Z -]{0,20}|(photos/)?\\{year\\}(/|-)\\{month\\}",
            seconds in prop::option::of(-62_000_000_000_i64..250_000_000_000)) {
            let Ok(layout) = Layout::try_new(&template) else { return Ok(()) };
            let dir = layout.dir_for(seconds.and_then(|s| DateTime::from_timestamp(s, 0)));
            prop_assert!(dir.split('/').all(|part| !part.is_empty() && !part.starts_with('.')), "{}", dir);
            let braces = dir.contains(['{', '}']);
            prop_assert!(!braces);
        }
    }
}
