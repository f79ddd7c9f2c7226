//! The `dateFilter` of a search.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde::Deserialize;

use crate::reply::ApiError;

/// Most dates, and most ranges, in one filter.
const ENTRIES_MAX: usize = 5;

/// A date of the API; 0 leaves a part open.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct Date {
    year: i32,
    month: u32,
    day: u32,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DateRange {
    start_date: Date,
    end_date: Date,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DateFilter {
    dates: Vec<Date>,
    ranges: Vec<DateRange>,
}

impl Date {
    fn check(self) -> Result<(), ApiError> {
        let whole = self.year != 0 && self.month != 0 && self.day != 0;
        let shape = self.month <= 12 && self.day <= 31 && (0..=9999).contains(&self.year);
        let some = self.year != 0 || self.month != 0;
        let real = !whole || NaiveDate::from_ymd_opt(self.year, self.month, self.day).is_some();
        if shape && some && real {
            Ok(())
        } else {
            Err(ApiError::invalid("Request contains an invalid argument."))
        }
    }

    fn matches(self, at: &DateTime<Utc>) -> bool {
        (self.year == 0 || self.year == at.year())
            && (self.month == 0 || self.month == at.month())
            && (self.day == 0 || self.day == at.day())
    }

    /// Sorts as the calendar does; open parts take `open`.
    fn key(self, open: (u32, u32)) -> (i32, u32, u32) {
        let or = |part: u32, open: u32| if part == 0 { open } else { part };
        (self.year, or(self.month, open.0), or(self.day, open.1))
    }
}

impl DateRange {
    fn matches(&self, at: &DateTime<Utc>) -> bool {
        let day = (at.year(), at.month(), at.day());
        (self.start_date.key((1, 1))..=self.end_date.key((12, 31))).contains(&day)
    }
}

impl DateFilter {
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        if self.dates.len() > ENTRIES_MAX || self.ranges.len() > ENTRIES_MAX {
            return Err(ApiError::invalid("Request contains an invalid argument."));
        }
        let ends = self.ranges.iter().flat_map(|range| [range.start_date, range.end_date]);
        self.dates.iter().copied().chain(ends).try_for_each(Date::check)
    }

    /// Whether an item of `at` passes.
    pub(crate) fn matches(&self, at: &DateTime<Utc>) -> bool {
        let empty = self.dates.is_empty() && self.ranges.is_empty();
        empty
            || self.dates.iter().any(|date| date.matches(at))
            || self.ranges.iter().any(|range| range.matches(at))
    }
}

#[cfg(test)]
mod tests {
    use super::{Date, DateFilter};
    use serde_json::json;

    fn passes(filter: serde_json::Value, at: &str) -> bool {
        let filter: DateFilter = serde_json::from_value(filter).unwrap();
        filter.check().unwrap();
        filter.matches(&at.parse().unwrap())
    }

    #[test]
    fn open_parts_of_a_date_match_anything() {
        let at = "2020-02-29T23:59:59Z";
        assert!(passes(json!({"dates": [{"year": 2020}]}), at));
        assert!(passes(json!({"dates": [{"year": 2020, "month": 2}]}), at));
        assert!(passes(json!({"dates": [{"month": 2, "day": 29}]}), at));
        assert!(!passes(json!({"dates": [{"year": 2020, "month": 3}]}), at));
        assert!(passes(json!({"dates": [{"year": 1999}, {"year": 2020, "month": 2, "day": 29}]}), at));
    }

    #[test]
    fn ranges_include_both_ends() {
        let range = |a: (i32, u32, u32), b: (i32, u32, u32)| {
            let date = |(year, month, day)| json!({"year": year, "month": month, "day": day});
            json!({"ranges": [{"startDate": date(a), "endDate": date(b)}]})
        };
        assert!(passes(range((2020, 2, 29), (2020, 2, 29)), "2020-02-29T12:00:00Z"));
        assert!(passes(range((1900, 1, 1), (3000, 1, 1)), "2020-02-29T12:00:00Z"));
        assert!(!passes(range((2020, 3, 1), (2021, 1, 1)), "2020-02-29T12:00:00Z"));
        assert!(passes(range((2020, 0, 0), (2020, 0, 0)), "2020-12-31T12:00:00Z"));
    }

    #[test]
    fn impossible_dates_are_refused() {
        for (year, month, day) in [(0, 0, 0), (0, 0, 5), (2021, 2, 29), (2021, 13, 1), (-1, 1, 1)] {
            assert!(Date { year, month, day }.check().is_err(), "{year} {month} {day}");
        }
    }
}
