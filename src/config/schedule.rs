//! `schedule`: when a library's runs are due.
//!
//! Invariant: pure; what is accepted here is read alike by the scheduler, whose parser is set up the same way.
//! May import: nothing. Tests: below.

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDateTime, SubsecRound, TimeZone};
use croner::Cron;
use croner::parser::{CronParser, Seconds};

use crate::config::fault::shown;
use crate::config::raw::Raw;
use crate::config::value::{Wrong, text};

/// Due times that lie behind `now` although the clock on the wall shows later ones: at most those of a clock change,
/// one a second for a day.
const SEARCH_STEPS_MAX: usize = 100_000;

/// Years in which a rule of days and weekdays must be due once: they begin on every weekday, leap years too.
const YEARS_TRIED: &str = "2000-2040";

/// When runs are due.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Only when a person asks.
    Manual,
    /// A cron expression of six fields (seconds first), local time.
    Cron(String),
}

impl Schedule {
    /// The first due time after `now`, in `now`'s time zone; none if the schedule is manual.
    ///
    /// A time that a clock change skips is due as much later as the clock jumped; of one that comes twice,
    /// the first that is after `now`.
    pub fn next_after<Tz: TimeZone>(&self, now: &DateTime<Tz>) -> Option<DateTime<Tz>> {
        let Self::Cron(fields) = self else { return None };
        let cron = parse_cron(fields).ok()?;
        let mut from = now.naive_local().trunc_subsecs(0);
        for _ in 0..SEARCH_STEPS_MAX {
            from = next_naive(&cron, from)?;
            if let Some(due) = resolve(from, &now.timezone(), now) {
                return Some(due);
            }
        }
        None
    }
}

/// The next time on the clock on the wall, whatever the time zone makes of it.
fn next_naive(cron: &Cron, from: NaiveDateTime) -> Option<NaiveDateTime> {
    cron.find_next_occurrence(&from.and_utc(), false).ok().map(|due| due.naive_utc())
}

/// The moment that the clock shows `wall`, if one is after `now`.
fn resolve<Tz: TimeZone>(wall: NaiveDateTime, zone: &Tz, now: &DateTime<Tz>) -> Option<DateTime<Tz>> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(due) => (due > *now).then_some(due),
        LocalResult::Ambiguous(first, second) => [first, second].into_iter().find(|due| due > now),
        LocalResult::None => {
            // The clock never shows it: count on with the offset of the day before.
            let before = zone.offset_from_local_datetime(&wall.checked_sub_days(Days::new(1))?).earliest()?;
            let offset = chrono::Offset::fix(&before);
            let due = zone.from_utc_datetime(&wall.checked_sub_offset(offset)?);
            (due > *now).then_some(due)
        }
    }
}

fn parse_cron(fields: &str) -> Result<Cron, croner::errors::CronError> {
    CronParser::builder().seconds(Seconds::Required).dom_and_dow(true).build().parse(fields)
}

/// The schedule that `raw` means.
pub(crate) fn schedule(raw: &Raw) -> Result<Schedule, Wrong> {
    let allowed = "six fields `second minute hour day month weekday`, such as \"0 0 */6 * * *\"; \"@hourly\", \"@daily\", \"@weekly\"; or \"manual\"";
    let given = text(raw, allowed)?.trim();
    let fields = match given {
        "manual" => return Ok(Schedule::Manual),
        "@hourly" => "0 0 * * * *".to_owned(),
        "@daily" => "0 0 0 * * *".to_owned(),
        "@weekly" => "0 0 0 * * 0".to_owned(),
        fields => fields.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    let number = fields.split(' ').filter(|field| !field.is_empty()).count();
    if number != 6 || fields.contains('@') {
        let wrong = match number {
            1 => Wrong::new(format!("{} is not a schedule", shown(&fields)), allowed),
            n => Wrong::new(format!("{n} fields instead of six"), allowed),
        };
        return Err(if number == 5 {
            wrong.hint(format!("seconds come first: write \"0 {fields}\""))
        } else {
            wrong
        });
    }
    parse_cron(&fields)
        .map_err(|error| Wrong::new(format!("not a cron expression: {}", tidy(&error)), allowed))?;
    if !is_ever_due(&fields) {
        return Err(Wrong::new("no day keeps this rule, so it would never be due", allowed)
            .hint("look at the day and month fields, the fourth and fifth"));
    }
    Ok(Schedule::Cron(fields))
}

fn is_ever_due(fields: &str) -> bool {
    let start = NaiveDateTime::default().with_year(2000);
    let due = parse_cron(&format!("{fields} {YEARS_TRIED}")).ok().zip(start);
    due.is_some_and(|(cron, start)| next_naive(&cron, start).is_some())
}

fn tidy(error: &croner::errors::CronError) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(": ").map_or(text.as_str(), |(_, last)| last);
    text.trim_end_matches('.').to_lowercase()
}

#[cfg(test)]
mod tests {
    use crate::config::raw::Raw;
    use crate::config::schedule::{Schedule, schedule};
    use chrono::{DateTime, Utc};
    use chrono_tz::Europe::Berlin;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<chrono_tz::Tz> {
        text.parse::<DateTime<Utc>>().unwrap().with_timezone(&Berlin)
    }

    fn cron(fields: &str) -> Schedule {
        schedule(&Raw::Text(fields.to_owned())).unwrap()
    }

    #[test]
    fn due_times_follow_the_local_clock() {
        for (fields, now, due) in [
            ("0 0 */6 * * *", "2024-01-10T09:00:00Z", "2024-01-10T11:00:00Z"),
            ("@hourly", "2024-01-10T09:00:00Z", "2024-01-10T10:00:00Z"),
            ("@daily", "2024-07-10T09:00:00Z", "2024-07-10T22:00:00Z"),
            ("@weekly", "2024-01-10T09:00:00Z", "2024-01-13T23:00:00Z"),
            ("0 0 3 * * MON", "2024-01-10T09:00:00Z", "2024-01-15T02:00:00Z"),
            ("* * * * * *", "2024-01-10T09:00:00.9Z", "2024-01-10T09:00:01Z"),
            ("0 0 0 29 2 *", "2024-03-01T00:00:00Z", "2028-02-28T23:00:00Z"),
        ] {
            assert_eq!(cron(fields).next_after(&at(now)), Some(at(due)), "{fields}");
        }
        assert_eq!(Schedule::Manual.next_after(&at("2024-01-10T09:00:00Z")), None);
    }

    #[test]
    fn a_time_that_summer_time_skips_is_due_an_hour_later() {
        let due = cron("0 30 2 * * *").next_after(&at("2024-03-30T20:00:00Z")).unwrap();
        assert_eq!(due, at("2024-03-31T01:30:00Z"));
        assert_eq!(cron("0 30 2 * * *").next_after(&due), Some(at("2024-04-01T00:30:00Z")));
    }

    #[test]
    fn the_hour_that_comes_twice_never_gives_a_time_in_the_past() {
        let second_pass = at("2024-10-27T01:10:00Z");
        let due = cron("0 */15 * * * *").next_after(&second_pass);
        assert_eq!(due, Some(at("2024-10-27T01:15:00Z")));
        assert_eq!(cron("0 5 2 * * *").next_after(&second_pass), Some(at("2024-10-28T01:05:00Z")));
    }

    #[test]
    fn aliases_and_spaces_become_six_fields() {
        assert_eq!(cron("  0  0 3  * * * "), Schedule::Cron("0 0 3 * * *".to_owned()));
        assert_eq!(cron("manual"), Schedule::Manual);
    }

    #[test]
    fn a_rule_that_is_never_due_is_refused() {
        for never in ["0 0 0 30 2 *", "0 0 0 31 4 *", "0 0 0 31 2,4,6,9,11 *"] {
            assert!(schedule(&Raw::Text(never.to_owned())).is_err(), "{never}");
        }
    }

    #[test]
    fn a_rule_that_is_seldom_due_is_accepted() {
        for seldom in ["0 0 0 29 2 MON", "0 0 0 L 2 SUN", "0 0 0 31 12 *", "0 0 0 * * FRI#5"] {
            assert!(cron(seldom).next_after(&at("2024-03-01T00:00:00Z")).is_some(), "{seldom}");
        }
    }

    #[test]
    fn the_scheduler_accepts_what_is_accepted_here() {
        for fields in ["0 0 */6 * * *", "@weekly", "30 5 1-5 L * *", "0 0 3 * * MON#1", "0 0 0 15W * ?"] {
            let Schedule::Cron(fields) = cron(fields) else { panic!("{fields}") };
            assert!(tokio_cron_scheduler::Job::new(fields.as_str(), |_, _| {}).is_ok(), "{fields}");
        }
    }

    proptest! {
        #[test]
        fn a_due_time_is_always_ahead(seconds in 0_i64..4_000_000_000, minute in 0..60, hour in 0..24) {
            let now = DateTime::<Utc>::from_timestamp(seconds, 0).unwrap().with_timezone(&Berlin);
            let due = cron(&format!("0 {minute} {hour} * * *")).next_after(&now).unwrap();
            prop_assert!(due > now && due - now <= chrono::TimeDelta::hours(26));
        }
    }
}
