//! What a run lists, decided from what the index remembers.
//!
//! Invariant: pure. May import: `store` for its plain types. Tests: below.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

use crate::store::{Listing, ListingKind};

/// A head listing ends after this many pages in a row without a new item.
pub(crate) const HEAD_KNOWN_PAGES: u32 = 2;
/// A listing has so many pages in a row at most that show what it has shown before: Google repeats one now and then.
const REPEATED_PAGES_MAX: u32 = 50;
/// How far in the future the last full listing may lie before the clock that wrote it is distrusted, hours.
const CLOCK_TRUST_HOURS: i64 = 1;

/// Which listing a run begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListingPlan {
    /// Goes on where an earlier run stopped; a head listing follows, for what was added at the top since.
    Resume(Listing),
    /// Begins anew.
    Begin(ListingKind),
}

/// Which listing a run begins with.
///
/// An unfinished listing is taken up again, because the pages it has not seen may hold items that a head listing, which stops at
/// known pages, would never reach. Only a due full listing takes the place of an unfinished head listing.
pub(crate) fn decide_listing(
    unfinished: Option<Listing>,
    last_full: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    full_scan_every: Duration,
    full_asked: bool,
) -> ListingPlan {
    let full_due = full_asked || last_full.is_none_or(|at| is_full_due(at, now, full_scan_every));
    match unfinished {
        Some(listing) if listing.kind == ListingKind::Full || !full_due => ListingPlan::Resume(listing),
        Some(_) | None => ListingPlan::Begin(if full_due { ListingKind::Full } else { ListingKind::Head }),
    }
}

/// Whether the full listing begun at `at` is too old, or lies in the future because a clock was wrong.
fn is_full_due(at: DateTime<Utc>, now: DateTime<Utc>, every: Duration) -> bool {
    let age = now.signed_duration_since(at);
    age < -TimeDelta::hours(CLOCK_TRUST_HOURS) || age.to_std().is_ok_and(|age| age >= every)
}

/// The pages of a head listing in a row that held items which earlier listings had, and none that is new.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KnownPages(u32);

impl KnownPages {
    /// Takes in a page with `fresh` items that this listing had not shown before, of which `new` were never seen; whether a head
    /// listing ends here. A page without items says nothing, and neither does one that Google gives a second time.
    pub(crate) fn ends_after(&mut self, fresh: u64, new: u64) -> bool {
        if new > 0 {
            self.0 = 0;
        } else if fresh > 0 {
            self.0 += 1;
        }
        self.0 >= HEAD_KNOWN_PAGES
    }
}

/// Whether a listing goes in circles: its tokens lead back to an earlier one, or its pages show again and again what they showed.
///
/// Of the tokens one is remembered, always that of a power of two (Brent's method): a circle of any length is found before it was
/// gone round three times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Circle {
    mark: Option<String>,
    tokens: u32,
    repeated: u32,
}

impl Circle {
    /// Takes in the token of the next page; whether it closes a circle.
    pub(crate) fn closes_with(&mut self, token: &str) -> bool {
        if self.mark.as_deref() == Some(token) {
            return true;
        }
        self.tokens = self.tokens.saturating_add(1);
        if self.tokens.is_power_of_two() {
            self.mark = Some(token.to_owned());
        }
        false
    }

    /// Takes in a page with `distinct` items, of which this listing had not shown `fresh` before; whether there were too many without.
    /// An empty page says nothing: Google gives long rows of them.
    pub(crate) fn repeats(&mut self, distinct: u64, fresh: u64) -> bool {
        if fresh > 0 {
            self.repeated = 0;
        } else if distinct > 0 {
            self.repeated += 1;
        }
        self.repeated >= REPEATED_PAGES_MAX
    }
}

#[cfg(test)]
mod tests {
    use crate::job::plan::{Circle, KnownPages, ListingPlan, REPEATED_PAGES_MAX, decide_listing};
    use crate::store::{Listing, ListingKind};
    use chrono::{DateTime, TimeDelta, Utc};
    use std::time::Duration;

    const WEEK: Duration = Duration::from_secs(7 * 86_400);

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    fn unfinished(kind: ListingKind) -> Listing {
        Listing { kind, generation: 7, next: Some("t".to_owned()), started: now() - TimeDelta::hours(3) }
    }

    #[test]
    fn each_case_has_its_listing() {
        use ListingKind::{Full, Head};
        let day_ago = Some(now() - TimeDelta::days(1));
        let week_ago = Some(now() - TimeDelta::days(7));
        let from_the_future = Some(now() + TimeDelta::days(400));
        let table = [
            ("never listed", None, None, false, ListingPlan::Begin(Full)),
            ("listed yesterday", None, day_ago, false, ListingPlan::Begin(Head)),
            ("asked for", None, day_ago, true, ListingPlan::Begin(Full)),
            ("a week old", None, week_ago, false, ListingPlan::Begin(Full)),
            ("dated ahead by a wrong clock", None, from_the_future, false, ListingPlan::Begin(Full)),
            ("full left unfinished", Some(Full), None, false, ListingPlan::Resume(unfinished(Full))),
            (
                "full unfinished and asked for",
                Some(Full),
                day_ago,
                true,
                ListingPlan::Resume(unfinished(Full)),
            ),
            ("head left unfinished", Some(Head), day_ago, false, ListingPlan::Resume(unfinished(Head))),
            ("head unfinished, full due", Some(Head), week_ago, false, ListingPlan::Begin(Full)),
        ];
        for (case, kind, last_full, asked, expected) in table {
            assert_eq!(
                decide_listing(kind.map(unfinished), last_full, now(), WEEK, asked),
                expected,
                "{case}"
            );
        }
    }

    #[test]
    fn a_head_listing_ends_after_two_known_pages_in_a_row() {
        let mut pages = KnownPages::default();
        assert!(!pages.ends_after(100, 0));
        assert!(!pages.ends_after(100, 1), "a new item begins the count again");
        assert!(!pages.ends_after(100, 0));
        assert!(!pages.ends_after(0, 0), "an empty page says nothing, nor does one that comes again");
        assert!(pages.ends_after(100, 0));
    }

    #[test]
    fn a_circle_of_any_length_is_found_and_a_straight_listing_is_none() {
        for (lead, length) in [(0, 1), (0, 2), (1, 3), (5, 7), (100, 64), (3, 1_000)] {
            let mut circle = Circle::default();
            let token = |page: u32| {
                if page < lead { format!("lead {page}") } else { format!("round {}", (page - lead) % length) }
            };
            let pages = (0..10_000).take_while(|page| !circle.closes_with(&token(*page))).count();
            assert!(pages <= 3 * (lead + length) as usize + 2, "{lead} and {length}: {pages} pages");
        }
        let mut circle = Circle::default();
        assert!((0..10_000).all(|page| !circle.closes_with(&page.to_string())));
    }

    #[test]
    fn pages_that_repeat_for_ever_are_a_circle_and_a_few_are_none() {
        let mut circle = Circle::default();
        for _ in 1..REPEATED_PAGES_MAX {
            assert!(!circle.repeats(100, 0) && !circle.repeats(0, 0));
        }
        assert!(!circle.repeats(100, 1), "something else came");
        assert!((1..REPEATED_PAGES_MAX).all(|_| !circle.repeats(100, 0)) && circle.repeats(100, 0));
    }
}
