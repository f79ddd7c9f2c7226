//! How many requests of a class may be under way at once, where Google refuses for that.
//!
//! Owns: a cap that exists only after such a refusal; a rate cannot express it (at most 63 % of such a quota is
//! reached by any rate). The libraries of a class share it. Invariant: the cap is at least one, so work goes on.
//! May import: nothing. Tests: in this file.

/// A cap rises by one after this long without a refusal.
const QUIET_SECS: f64 = 600.0;
/// A cap above this is none: downloads and listings together never have so many requests under way.
const CAP_MAX: u32 = 64;

/// The requests under way, and their cap.
#[derive(Debug, Default)]
pub(crate) struct Concurrency {
    under_way: u32,
    cap: Option<u32>,
    /// When the cap was lowered last.
    lowered_at: f64,
    /// When the cap was changed last.
    changed_at: f64,
}

impl Concurrency {
    /// Whether one more may be under way.
    pub(crate) fn has_room(&mut self, now: f64) -> bool {
        while let Some(cap) = self.cap
            && now - self.changed_at >= QUIET_SECS
        {
            self.changed_at += QUIET_SECS;
            self.cap = (cap < CAP_MAX).then_some(cap + 1);
        }
        !self.is_full()
    }

    /// Whether the cap is reached.
    pub(crate) fn is_full(&self) -> bool {
        self.cap.is_some_and(|cap| self.under_way >= cap)
    }

    /// A request leaves.
    pub(crate) fn on_send(&mut self) {
        self.under_way += 1;
    }

    /// A request is over, however it ended.
    pub(crate) fn on_end(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// A request sent at `sent` was refused for too many at once; to be told before [`Self::on_end`].
    pub(crate) fn on_refused(&mut self, now: f64, sent: f64) {
        if self.cap.is_some() && sent <= self.lowered_at {
            return;
        }
        let cap = self.cap.unwrap_or(self.under_way).min(self.under_way);
        self.cap = Some(cap.saturating_sub(1).max(1));
        (self.lowered_at, self.changed_at) = (now, now);
    }
}

#[cfg(test)]
mod tests {
    use crate::limiter::concurrency::Concurrency;

    #[test]
    fn a_refused_burst_lowers_the_cap_by_one_and_quiet_raises_it_again() {
        let mut at_once = Concurrency::default();
        for _ in 0..4 {
            assert!(at_once.has_room(1.0));
            at_once.on_send();
        }
        for _ in 0..2 {
            at_once.on_refused(2.0, 1.0);
            at_once.on_end();
        }
        assert_eq!(at_once.cap, Some(3));
        assert!(at_once.has_room(3.0));
        at_once.on_send();
        assert!(!at_once.has_room(3.0));
        assert!(at_once.has_room(602.0), "the cap is 4 now");
        for _ in 0..2 {
            at_once.on_end();
        }
        at_once.on_refused(700.0, 650.0);
        at_once.on_refused(702.0, 701.0);
        assert_eq!(at_once.cap, Some(1), "never none at all");
    }
}
