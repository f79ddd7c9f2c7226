//! How far a pass over all files got, and when the next one is due.
//!
//! Owns: the texts that the index remembers of passes. Invariant: pure. May import: `store` for its plain types. Tests: below.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::store::FilePart;

/// How far in the future a remembered moment may lie before the clock that wrote it is distrusted.
const CLOCK_TRUST: TimeDelta = TimeDelta::hours(1);
/// A pass that a person began and left is gone on with if it is not older than this; an older one says too little of the present.
const TAKEN_UP_MAX: TimeDelta = TimeDelta::days(7);

/// Whose pass it is: each goes on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// A person's `verify`, in one go.
    Person,
    /// The runs', a part in each.
    Runs,
}

/// One pass over all stored files, in the order of the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it came to its end; none: it has not yet.
    #[serde(default)]
    pub finished: Option<DateTime<Utc>>,
    /// The last file that was looked at: its item's number, and whether it is the clip.
    #[serde(default)]
    after: Option<(i64, bool)>,
    /// Files looked at.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that could not be looked at.
    #[serde(default)]
    pub unknown: u64,
    /// Files below the root that are not the library's.
    #[serde(default)]
    pub foreign: u64,
}

/// What is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing yet.
    Nothing,
    /// A new pass.
    Anew,
    /// The rest of this one.
    Rest(Pass),
}

// === impl Whose ===

impl Whose {
    /// The fact that remembers the pass.
    pub(crate) fn fact(self) -> &'static str {
        match self {
            Self::Person => "verify-by-person",
            Self::Runs => "verify-by-runs",
        }
    }
}

// === impl Pass ===

impl Pass {
    /// A pass that begins at `now`.
    pub(crate) fn begin(now: DateTime<Utc>) -> Self {
        Self { started: now, finished: None, after: None, files: 0, bytes: 0, unknown: 0, foreign: 0 }
    }

    /// The pass that `text` remembers; a text that cannot be read is as good as none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// As the index remembers it.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The last file that was looked at.
    pub(crate) fn after(&self) -> Option<(i64, FilePart)> {
        self.after.map(|(item, is_clip)| (item, if is_clip { FilePart::Motion } else { FilePart::Main }))
    }

    /// The file of `item` was looked at.
    pub(crate) fn move_past(&mut self, item: i64, part: FilePart, bytes: u64) {
        self.after = Some((item, part == FilePart::Motion));
        self.files += 1;
        self.bytes += bytes;
    }
}

/// What is due of a person's pass at `now`, from the one before.
pub(crate) fn due_by_person(last: Option<Pass>, now: DateTime<Utc>) -> Due {
    match last {
        Some(pass) if pass.finished.is_none() && is_recent(pass.started, TAKEN_UP_MAX, now) => {
            Due::Rest(pass)
        }
        Some(_) | None => Due::Anew,
    }
}

/// What is due in a run at `now`. `since`: when runs began to look whether a pass is due, for what was stored only now needs no
/// look yet; `every`: none: never.
pub(crate) fn due_in_run(
    last: Option<Pass>,
    since: Option<DateTime<Utc>>,
    every: Option<Duration>,
    now: DateTime<Utc>,
) -> Due {
    let Some(every) = every.and_then(|every| TimeDelta::from_std(every).ok()) else { return Due::Nothing };
    match (last, since) {
        (Some(pass), _) if pass.finished.is_none() => Due::Rest(pass),
        (Some(Pass { finished: Some(at), .. }), _) | (None, Some(at)) if is_recent(at, every, now) => {
            Due::Nothing
        }
        (Some(_), _) | (None, Some(_)) => Due::Anew,
        (None, None) => Due::Nothing,
    }
}

/// Whether `at` is less than `age` ago; not if it lies in the future, by a clock that was wrong then or is now.
fn is_recent(at: DateTime<Utc>, age: TimeDelta, now: DateTime<Utc>) -> bool {
    let passed = now.signed_duration_since(at);
    passed >= -CLOCK_TRUST && passed < age
}

#[cfg(test)]
mod tests {
    use crate::job::verify::pass::{Due, Pass, due_by_person, due_in_run};
    use crate::store::FilePart;
    use chrono::{DateTime, TimeDelta, Utc};
    use std::time::Duration;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).expect("a time")
    }

    fn ended(days_ago: i64) -> Pass {
        let finished = Some(now() - TimeDelta::days(days_ago));
        Pass { finished, ..Pass::begin(now() - TimeDelta::days(days_ago + 1)) }
    }

    #[test]
    fn a_pass_is_due_when_the_last_is_old_and_goes_on_until_it_has_ended() {
        let month = Some(Duration::from_secs(30 * 86_400));
        let open = Pass::begin(now() - TimeDelta::days(90));
        let day_ago = Some(now() - TimeDelta::days(1));
        let table = [
            ("nothing is known yet", None, None, month, Due::Nothing),
            ("the library is new", None, day_ago, month, Due::Nothing),
            ("never, for long", None, Some(now() - TimeDelta::days(31)), month, Due::Anew),
            ("yesterday", Some(ended(1)), None, month, Due::Nothing),
            ("a month ago", Some(ended(30)), day_ago, month, Due::Anew),
            ("by a clock of the next year", Some(ended(-300)), None, month, Due::Anew),
            ("under way", Some(open.clone()), None, month, Due::Rest(open.clone())),
            ("not wished", Some(open.clone()), None, None, Due::Nothing),
        ];
        for (case, last, since, every, expected) in table {
            assert_eq!(due_in_run(last, since, every, now()), expected, "{case}");
        }
    }

    #[test]
    fn a_person_goes_on_with_what_was_left_this_week_alone() {
        let open = |days| Pass::begin(now() - TimeDelta::days(days));
        assert_eq!(due_by_person(Some(open(1)), now()), Due::Rest(open(1)));
        assert_eq!(due_by_person(Some(open(8)), now()), Due::Anew);
        assert_eq!(due_by_person(Some(ended(1)), now()), Due::Anew);
        assert_eq!(due_by_person(None, now()), Due::Anew);
    }

    #[test]
    fn a_pass_is_remembered_as_it_is() {
        let mut pass = Pass::begin(now());
        assert_eq!(pass.after(), None);
        pass.move_past(7, FilePart::Motion, 10);
        let again = Pass::parse(&pass.text()).expect("its own text");
        assert_eq!((&again, again.after()), (&pass, Some((7, FilePart::Motion))));
        assert_eq!(Pass::parse("nonsense"), None);
    }
}
