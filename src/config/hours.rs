//! `[limits.schedule]`: times of the week in which downloads have another speed.
//!
//! Owns: the windows, on the local clock on the wall. A window that ends before it begins goes over midnight and belongs to the
//! day on which it begins. Windows may not overlap, so at any moment at most one of them holds; at all others
//! `bytes-per-second` of `[limits]` does. An hour that the clock skips has no window; one that comes twice has it twice.
//!
//! Invariant: pure. May import: nothing. Tests: below.

use chrono::{Datelike, NaiveDateTime, Timelike};
use std::collections::BTreeMap;

use crate::config::fault::{Fault, Faults, Place, shown};
use crate::config::file::RawWindow;
use crate::config::limits::{BYTES_PER_SECOND_MAX, BYTES_PER_SECOND_MIN};
use crate::config::raw::{Leaf, Raw};
use crate::config::value::{Wrong, read, size, text};

/// Minutes of a day.
const DAY_MINUTES: usize = 24 * 60;
/// Minutes of a week.
const WEEK_MINUTES: usize = 7 * DAY_MINUTES;
/// The days as they are written, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// The most windows: more than anybody keeps in mind.
const WINDOWS_MAX: usize = 100;

/// One window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeedWindow {
    /// Its name in the configuration.
    pub name: String,
    /// Bytes per second of all downloads together; none: not limited.
    pub bytes_per_second: Option<u64>,
    /// The days on which it begins, Monday first.
    days: [bool; 7],
    /// The minute of the day at which it begins.
    from: usize,
    /// How many minutes it lasts.
    minutes: usize,
}

impl SpeedWindow {
    /// The minutes of the week that it covers; those after Sunday's end are Monday's first.
    fn covered(&self) -> impl Iterator<Item = usize> {
        let starts = (0..7).filter(|day| self.days[*day]).map(|day| day * DAY_MINUTES + self.from);
        starts.flat_map(|start| (start..start + self.minutes).map(|minute| minute % WEEK_MINUTES))
    }

    fn covers(&self, minute: usize) -> bool {
        (0..7).filter(|day| self.days[*day]).any(|day| {
            let start = day * DAY_MINUTES + self.from;
            (minute + WEEK_MINUTES - start) % WEEK_MINUTES < self.minutes
        })
    }
}

/// All windows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpeedWindows(Vec<SpeedWindow>);

impl SpeedWindows {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The window that holds at `local`, what the clock on the wall shows.
    pub fn at(&self, local: NaiveDateTime) -> Option<&SpeedWindow> {
        let of_day = local.hour() * 60 + local.minute();
        let minute = local.weekday().num_days_from_monday() as usize * DAY_MINUTES + of_day as usize;
        self.0.iter().find(|window| window.covers(minute))
    }
}

/// What to do about a time that cannot be read.
const TIME_HINT: &str = "write the time as `\"18:30\"`";

/// The windows that `raw` sets.
pub(crate) fn build(raw: &BTreeMap<String, (Place, RawWindow)>, faults: &mut Faults) -> SpeedWindows {
    if let Some((name, (place, _))) = raw.iter().nth(WINDOWS_MAX) {
        let title = format!("too many windows in `[limits.schedule]`, of which `{name}` is one");
        faults.push(Fault::at(place.clone(), title, format!("at most {WINDOWS_MAX} are read")));
    }
    let mut windows: Vec<(&Place, SpeedWindow)> = Vec::new();
    for (name, (place, raw)) in raw.iter().take(WINDOWS_MAX) {
        let Some(window) = window(name, place, raw, faults) else { continue };
        if let Some((known, other)) = windows.iter().find(|(_, other)| overlap(other, &window)) {
            let title = format!("the windows {} and {} overlap", shown(&other.name), shown(name));
            let fault = Fault::at(place.clone(), title, "this one holds at a time of the other");
            let hint = "change `days`, `from` or `to` of one, so that only one of them holds at any time";
            faults.push(fault.also((*known).clone(), "the other one").hint(hint));
        }
        windows.push((place, window));
    }
    SpeedWindows(windows.into_iter().map(|(_, window)| window).collect())
}

fn overlap(one: &SpeedWindow, other: &SpeedWindow) -> bool {
    one.covered().any(|minute| other.covers(minute))
}

/// The window `name`; none if a key is missing or wrong.
fn window(name: &str, place: &Place, raw: &RawWindow, faults: &mut Faults) -> Option<SpeedWindow> {
    let mut is_whole = !name.trim().is_empty();
    if !is_whole {
        let title = "a window of `[limits.schedule]` has an empty name";
        let hint = "name it after its time, such as `schedule.night`: `status` and the journal show the name";
        faults.push(Fault::at(place.clone(), title, "nothing to tell it by").hint(hint));
    }
    for (key, leaf) in [("from", &raw.from), ("to", &raw.to), ("bytes-per-second", &raw.bytes_per_second)] {
        if leaf.is_none() {
            is_whole = false;
            let fault =
                Fault::at(place.clone(), format!("the window {} has no `{key}`", shown(name)), "here");
            faults.push(fault.hint(format!(
                "write `{name} = {{ from = \"18:00\", to = \"23:30\", bytes-per-second = \"1 MiB\" }}`"
            )));
        }
    }
    let days = read("days", raw.days.as_ref(), [true; 7], faults, |raw| {
        days(raw).map_err(|wrong| {
            wrong.or_hint("write the days as `\"mon-fri\"`, or leave `days` out for every day")
        })
    });
    let mut minute = |key, leaf: &Option<Leaf>, last| {
        read(key, leaf.as_ref(), None, faults, |raw| {
            minute_of_day(raw, last).map(Some).map_err(|wrong| wrong.or_hint(TIME_HINT))
        })
    };
    let from = minute("from", &raw.from, DAY_MINUTES - 1);
    let to = minute("to", &raw.to, DAY_MINUTES);
    let speed = read("bytes-per-second", raw.bytes_per_second.as_ref(), None, faults, |raw| {
        speed(raw)
            .map(Some)
            .map_err(|wrong| wrong.or_hint("write the speed as `\"2 MiB\"` or `\"unlimited\"`"))
    });
    let (from, to, bytes_per_second) = (from?, to?, speed?);
    if from == to {
        let leaf_place = raw.to.as_ref().map_or_else(|| place.clone(), |leaf| leaf.place.clone());
        let fault =
            Fault::at(leaf_place, format!("the window {} is empty", shown(name)), "it ends as it begins");
        faults.push(fault.hint("for whole days write `from = \"00:00\", to = \"24:00\"`"));
        return None;
    }
    let minutes = if to > from { to - from } else { to + DAY_MINUTES - from };
    is_whole.then(|| SpeedWindow { name: name.to_owned(), bytes_per_second, days, from, minutes })
}

/// A time of day as minutes, `"00:00"` to `last`.
fn minute_of_day(raw: &Raw, last: usize) -> Result<usize, Wrong> {
    let allowed = format!("a time of day in quotes, from \"00:00\" to \"{:02}:{:02}\"", last / 60, last % 60);
    let given = text(raw, &allowed)?.trim();
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    let parts = given.split_once(':').filter(|(hour, minute)| digits(hour) && digits(minute));
    let parsed = parts.and_then(|(hour, minute)| hour.parse().ok().zip(minute.parse().ok()));
    let (hour, minute): (usize, usize) =
        parsed.ok_or_else(|| Wrong::new(format!("{} is no time of day", shown(given)), allowed.as_str()))?;
    let total = hour * 60 + minute;
    if minute > 59 || total > last {
        return Err(Wrong::new("no clock shows this", allowed));
    }
    Ok(total)
}

/// Days such as `"mon-fri"`, `"sat, sun"`, `"fri-mon"`.
fn days(raw: &Raw) -> Result<[bool; 7], Wrong> {
    let allowed = "days in quotes, such as \"mon-fri\" or \"sat, sun\"; without the key every day";
    let mut days = [false; 7];
    for part in text(raw, allowed)?.split(',').map(str::trim) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |day: &str| {
            let day = day.trim().to_ascii_lowercase();
            DAYS.iter().position(|known| *known == day).ok_or_else(|| {
                Wrong::new(format!("{} is no day", shown(&day)), allowed)
                    .hint("days are `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`")
            })
        };
        let (first, last) = (number(first)?, number(last)?);
        let length = (last + 7 - first) % 7;
        (0..=length).for_each(|step| days[(first + step) % 7] = true);
    }
    Ok(days)
}

/// A speed, or `"unlimited"`.
fn speed(raw: &Raw) -> Result<Option<u64>, Wrong> {
    if let Raw::Text(text) = raw
        && text.trim() == "unlimited"
    {
        return Ok(None);
    }
    size(raw, BYTES_PER_SECOND_MIN, BYTES_PER_SECOND_MAX)
        .map(Some)
        .map_err(|wrong| wrong.hint("or write \"unlimited\""))
}

#[cfg(test)]
mod tests {
    use chrono::{Days, NaiveDateTime, TimeDelta};
    use proptest::prelude::*;

    use crate::config::hours::{DAY_MINUTES, SpeedWindow, SpeedWindows, days, minute_of_day, overlap, speed};
    use crate::config::raw::Raw;

    fn raw(text: &str) -> Raw {
        Raw::Text(text.to_owned())
    }

    fn window(name: &str, on: &str, from: usize, minutes: usize) -> SpeedWindow {
        let days = days(&raw(on)).unwrap();
        SpeedWindow { name: name.to_owned(), bytes_per_second: Some(1_000), days, from, minutes }
    }

    /// The name of the window at this time; Monday is 6 January 2025.
    fn name_at(windows: &SpeedWindows, day: u64, clock: &str) -> String {
        let local: NaiveDateTime = format!("2025-01-06T{clock}").parse().unwrap();
        let window = windows.at(local.checked_add_days(Days::new(day)).unwrap());
        window.map(|window| window.name.clone()).unwrap_or_default()
    }

    #[test]
    fn the_window_of_a_moment_is_read_from_the_clock_on_the_wall() {
        let windows = SpeedWindows(vec![
            window("evening", "mon-fri", 18 * 60, 330),
            window("night", "sun", 23 * 60, 7 * 60),
        ]);
        for (day, clock, want) in [
            (0, "17:59:59", ""),
            (0, "18:00:00", "evening"),
            (4, "23:29:59", "evening"),
            (4, "23:30:00", ""),
            (5, "20:00:00", ""),
            (6, "23:00:00", "night"),
            (0, "05:59:59", "night"),
            (0, "06:00:00", ""),
            (1, "05:00:00", ""),
        ] {
            assert_eq!(name_at(&windows, day, clock), want, "day {day}, {clock}");
        }
    }

    #[test]
    fn days_are_read_as_single_ones_and_as_spans_that_may_go_over_sunday() {
        for (text, want) in [
            ("mon", "1000000"),
            ("mon-fri", "1111100"),
            ("sat, sun", "0000011"),
            ("FRI - mon", "1000111"),
            ("wed,fri-sat", "0010110"),
        ] {
            let days: String =
                days(&raw(text)).unwrap().map(|day| if day { '1' } else { '0' }).iter().collect();
            assert_eq!(days, want, "{text}");
        }
        for text in ["", "monday", "mon-", "1-5", "mon fri"] {
            assert!(days(&raw(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn times_of_day_have_two_digits_each_and_a_day_may_end_at_24() {
        for (text, want) in
            [("00:00", Some(0)), ("23:59", Some(1_439)), ("24:00", Some(1_440)), ("24:01", None)]
        {
            assert_eq!(minute_of_day(&raw(text), DAY_MINUTES).ok(), want, "{text}");
        }
        for text in ["8:00", "08:60", "08", "08:0a", "+8:00", "24:00"] {
            assert!(minute_of_day(&raw(text), DAY_MINUTES - 1).is_err(), "{text}");
        }
    }

    #[test]
    fn a_speed_is_a_size_or_no_limit() {
        assert_eq!(speed(&raw("unlimited")).unwrap(), None);
        assert_eq!(speed(&raw("1 MiB")).unwrap(), Some(1 << 20));
        for text in ["0", "0 B", "fast"] {
            assert!(speed(&raw(text)).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn two_windows_overlap_if_and_only_if_some_minute_has_both(
            one in (0_u8..128, 0_usize..DAY_MINUTES, 1_usize..DAY_MINUTES),
            two in (0_u8..128, 0_usize..DAY_MINUTES, 1_usize..DAY_MINUTES),
            minute in 0_i64..7 * 24 * 60,
        ) {
            let make = |name: &str, (mask, from, minutes): (u8, usize, usize)| SpeedWindow {
                name: name.to_owned(),
                bytes_per_second: None,
                days: std::array::from_fn(|day| mask >> day & 1 == 1),
                from,
                minutes,
            };
            let (one, two) = (make("one", one), make("two", two));
            let local = "2025-01-06T00:00:00".parse::<NaiveDateTime>().unwrap() + TimeDelta::minutes(minute);
            let holds = |window: &SpeedWindow| SpeedWindows(vec![window.clone()]).at(local).is_some();
            prop_assert_eq!(overlap(&one, &two), overlap(&two, &one));
            if holds(&one) && holds(&two) {
                prop_assert!(overlap(&one, &two));
            }
            prop_assert_eq!(holds(&one), one.covered().any(|covered| Ok(covered) == usize::try_from(minute)));
        }
    }
}
