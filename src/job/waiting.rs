//! What a run waits for while Google answers 429, as a phrase for its progress.
//!
//! Invariant: pure. May import: `config`, `limiter`, `status`. Tests: below.

use chrono::{DateTime, Local, TimeDelta, Utc};

use crate::config::SourceKind;
use crate::limiter::Class;
use crate::status::{BLOCKED, ClassStatus};

/// A shorter rest of a class is the ordinary work of its pace.
const SHOWN_MIN: TimeDelta = TimeDelta::seconds(1);

/// The classes that the runs of a library with these sources send.
fn classes_of(sources: &[SourceKind]) -> Vec<Class> {
    let of_source = |source: &SourceKind| match source {
        SourceKind::LibraryApi => vec![Class::Api, Class::Media, Class::Token],
        SourceKind::Drive => vec![Class::Drive, Class::Token],
        SourceKind::Takeout => Vec::new(),
    };
    sources.iter().flat_map(of_source).collect()
}

/// Which of the classes that a run needs are blocked at `now`, and until when the last of them is; none if none is.
pub(crate) fn plan_waiting(
    limits: &[ClassStatus],
    sources: &[SourceKind],
    now: DateTime<Utc>,
) -> Option<String> {
    let classes = classes_of(sources);
    let is_needed = |class: &ClassStatus| classes.iter().any(|needed| needed.word() == class.class);
    let blocked = limits.iter().filter(|class| class.mode == BLOCKED && is_needed(class));
    let until = |class: &ClassStatus| class.parked_until.filter(|until| *until - now > SHOWN_MIN);
    let (names, moments): (Vec<&str>, Vec<DateTime<Utc>>) =
        blocked.filter_map(|class| Some((class.class.as_str(), until(class)?))).unzip();
    let last = moments.into_iter().max()?;
    Some(format!("Google ({}) until {}", names.join(", "), last.with_timezone(&Local).format("%H:%M:%S")))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Local, TimeDelta, Utc};

    use crate::config::SourceKind;
    use crate::job::waiting::plan_waiting;
    use crate::status::{BLOCKED, ClassStatus, DAY_SPENT};

    fn now() -> DateTime<Utc> {
        "2026-11-22T16:00:00Z".parse().unwrap()
    }

    fn class(name: &str, mode: &str, secs: Option<i64>) -> ClassStatus {
        ClassStatus {
            class: name.to_owned(),
            pace: 1.0,
            ceiling: 1.0,
            ceiling_told: false,
            mode: mode.to_owned(),
            day_used: 0,
            day_budget: None,
            day_bytes: 0,
            day_bytes_budget: None,
            parked_until: secs.map(|secs| now() + TimeDelta::seconds(secs)),
            sent: 0,
            throttled: 0,
        }
    }

    #[test]
    fn the_blocked_classes_are_named_with_the_end_of_the_last() {
        let at =
            |secs| (now() + TimeDelta::seconds(secs)).with_timezone(&Local).format("%H:%M:%S").to_string();
        let table = [
            (vec![class("api", "steady", None), class("media", "window", None)], None),
            (vec![class("api", BLOCKED, Some(30))], Some(format!("Google (api) until {}", at(30)))),
            (
                vec![class("api", BLOCKED, Some(90)), class("media", BLOCKED, Some(30))],
                Some(format!("Google (api, media) until {}", at(90))),
            ),
            // A moment that is almost there, one that is past, another program's class, and a day that is spent.
            (vec![class("media", BLOCKED, Some(1))], None),
            (vec![class("media", BLOCKED, Some(-5))], None),
            (vec![class("drive", BLOCKED, Some(60))], None),
            (vec![class("media", DAY_SPENT, Some(3_600))], None),
        ];
        for (limits, expected) in table {
            assert_eq!(plan_waiting(&limits, &[SourceKind::LibraryApi], now()), expected, "{limits:?}");
        }
    }
}
