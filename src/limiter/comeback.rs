//! Whether a slot is kept for a library that is about to come back.
//!
//! Owns: the requests that each library has under way, and how long its answers take. A run without news asks one request
//! after the other. Between an answer and its next request it does not wait, so the slot that falls due just before goes to
//! a library with a long queue, and the run waits for nearly a whole gap of the pace at every request: with answers in 110 ms
//! and a gap of 100 ms it would take twice as long as alone. So a library that used much lately leaves a slot that would
//! delay such a run, for as long as the answer may take. What that costs the others is bounded by the run itself, which soon
//! has used as much as they.
//!
//! Invariant: a slot is kept for at most one gap and what an answer may be late; reads no clock; its size is bounded by the
//! libraries. May import: `media`. Tests: in this file, and `limiter/tests/fair.rs`.

use std::collections::BTreeMap;

use crate::media::LibraryName;

/// A delay up to this share of the time that an answer takes is not worth a slot.
const DELAY_TOLERATED: f64 = 0.10;
/// An answer may be late by this share of the time that it takes, and by [`THINK_SECS`].
const LATE_TOLERATED: f64 = 0.15;
/// From an answer to the next request of a run, seconds: it stores a page of items.
const THINK_SECS: f64 = 0.025;
/// The weight of the newest answer in the mean.
const NEWEST_WEIGHT: f64 = 0.25;
/// A library that used less than this share of another's requests goes before it without delay.
const LIGHT_SHARE: f64 = 0.25;

/// What is known of one library.
#[derive(Clone, Copy, Debug, Default)]
struct Library {
    under_way: u32,
    /// When its newest request left or was answered.
    since: f64,
    /// The mean time that its answers take, seconds; none before the first.
    answer_secs: Option<f64>,
}

/// The libraries of one class that may come back soon.
#[derive(Debug, Default)]
pub(crate) struct Comeback {
    libraries: BTreeMap<LibraryName, Library>,
    /// The mean over all libraries, for those that have no answer yet.
    answer_secs: Option<f64>,
}

/// One that asks for a slot: when, the gap of the pace, and what it used lately.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) library: &'a LibraryName,
    pub(crate) now: f64,
    pub(crate) gap_secs: f64,
    pub(crate) used: f64,
}

impl Comeback {
    /// A request of `library` leaves `now`.
    pub(crate) fn on_send(&mut self, library: &LibraryName, now: f64) {
        if !self.libraries.contains_key(library) {
            self.libraries.insert(library.clone(), Library::default());
        }
        if let Some(known) = self.libraries.get_mut(library) {
            known.under_way += 1;
            known.since = now;
        }
    }

    /// A request of `library` that was sent at `sent` is over `now`.
    pub(crate) fn on_end(&mut self, library: &LibraryName, sent: f64, now: f64) {
        let took = (now - sent).max(0.0);
        let mean = |before: Option<f64>| before.map_or(took, |mean| mean + NEWEST_WEIGHT * (took - mean));
        self.answer_secs = Some(mean(self.answer_secs));
        if let Some(known) = self.libraries.get_mut(library) {
            known.under_way = known.under_way.saturating_sub(1);
            known.since = now;
            known.answer_secs = Some(mean(known.answer_secs));
        }
    }

    /// Until when the slot of `asking` is kept for another; none: it is free. `used` tells what a library used lately, and
    /// none of one that waits already.
    pub(crate) fn kept_until(
        &self,
        asking: Asking<'_>,
        used: impl Fn(&LibraryName) -> Option<f64>,
    ) -> Option<f64> {
        let light = |name: &LibraryName| {
            name != asking.library && used(name).is_some_and(|used| used < LIGHT_SHARE * asking.used)
        };
        let kept = self.libraries.iter().filter_map(|(name, library)| {
            let until = self.kept_for(library, asking)?;
            light(name).then_some(until)
        });
        kept.reduce(f64::max)
    }

    fn kept_for(&self, library: &Library, asking: Asking<'_>) -> Option<f64> {
        let answer_secs = library.answer_secs.or(self.answer_secs)?;
        let (due, until) = match library.under_way {
            0 => (library.since, library.since + THINK_SECS),
            1 => {
                let due = library.since + answer_secs;
                (due, due + LATE_TOLERATED * answer_secs + THINK_SECS)
            }
            // It does not wait for one answer before it asks again.
            _ => return None,
        };
        let delay = asking.now + asking.gap_secs - due.max(asking.now);
        (asking.now < until && delay > DELAY_TOLERATED * answer_secs).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use crate::limiter::comeback::{Asking, Comeback};
    use crate::media::LibraryName;

    fn name(text: &str) -> LibraryName {
        LibraryName::try_new(text).unwrap()
    }

    /// Until when `big`, which used `used` lately, leaves its slot to `small`, which used 10.
    fn kept(comeback: &Comeback, now: f64, gap_secs: f64, used: f64) -> Option<f64> {
        let asking = Asking { library: &name("big"), now, gap_secs, used };
        comeback.kept_until(asking, |library| (library.as_str() == "small").then_some(10.0))
    }

    /// `small` gets answers after 110 ms, and has one under way since 10.0.
    fn one_under_way() -> Comeback {
        let mut comeback = Comeback::default();
        comeback.on_send(&name("small"), 9.0);
        comeback.on_end(&name("small"), 9.0, 9.11);
        comeback.on_send(&name("small"), 10.0);
        comeback
    }

    #[test]
    fn a_slot_just_before_the_answer_is_kept_and_an_earlier_one_is_free() {
        let comeback = one_under_way();
        assert_eq!(kept(&comeback, 10.005, 0.1, 1_000.0), None, "the next slot is in time");
        let until = kept(&comeback, 10.1, 0.1, 1_000.0).unwrap();
        assert!((10.15..10.16).contains(&until), "{until}");
        assert_eq!(kept(&comeback, 10.16, 0.1, 1_000.0), None, "the answer is too late");
    }

    #[test]
    fn nobody_waits_at_gaps_that_hardly_delay_or_for_one_that_used_as_much() {
        let comeback = one_under_way();
        assert_eq!(kept(&comeback, 10.1, 0.02, 1_000.0), None);
        assert_eq!(kept(&comeback, 10.1, 0.1, 30.0), None);
    }

    #[test]
    fn after_the_answer_there_is_time_to_store_a_page() {
        let mut comeback = one_under_way();
        comeback.on_end(&name("small"), 10.0, 10.1);
        assert!(kept(&comeback, 10.11, 0.1, 1_000.0).is_some());
        assert_eq!(kept(&comeback, 10.13, 0.1, 1_000.0), None, "its run is over");
    }

    #[test]
    fn one_with_several_under_way_does_not_wait_for_a_single_answer() {
        let mut comeback = one_under_way();
        comeback.on_send(&name("small"), 10.02);
        assert_eq!(kept(&comeback, 10.1, 0.1, 1_000.0), None);
    }
}
