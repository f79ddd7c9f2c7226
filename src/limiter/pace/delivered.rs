//! How many requests were admitted lately.
//!
//! Owns: one counter for each of the last seconds. Invariant: its size is fixed. May import: nothing.
//! Tests: in this file.

/// Seconds looked back on; in the first minute only [`EARLY_SECS`].
const SPAN_SECS: u8 = 60;
/// Seconds looked back on in the first minute, and for what is delivered just now.
const EARLY_SECS: u8 = 10;
/// Counters kept: the span, and room for the second that is not over.
const BINS: i64 = 64;

/// Admitted requests by whole second.
#[derive(Clone, Debug)]
pub(crate) struct Delivered {
    /// The second that a counter belongs to, and its count.
    bins: [(i64, u32); 64],
    since: Option<f64>,
    /// The second that was asked for last, and the two answers: they are asked for on every send.
    last: (i64, f64, f64),
}

impl Default for Delivered {
    fn default() -> Self {
        Self { bins: [(i64::MIN, 0); 64], since: None, last: (i64::MIN, 0.0, 0.0) }
    }
}

impl Delivered {
    /// The first request leaves `now`.
    pub(crate) fn start(&mut self, now: f64) {
        self.since = Some(now);
    }

    /// A request was admitted `now`.
    pub(crate) fn count(&mut self, now: f64) {
        let second = whole_second(now);
        let bin = &mut self.bins[index(second)];
        if bin.0 == second {
            bin.1 = bin.1.saturating_add(1);
        } else {
            *bin = (second, 1);
        }
    }

    /// Admitted requests per second over the last 60 whole seconds, or 10 in the first minute.
    pub(crate) fn per_sec(&mut self, now: f64) -> f64 {
        self.look_back(now);
        self.last.1
    }

    /// The same, or what the last ten seconds had if that is more.
    pub(crate) fn best_per_sec(&mut self, now: f64) -> f64 {
        self.look_back(now);
        self.last.1.max(self.last.2)
    }

    fn look_back(&mut self, now: f64) {
        let end = whole_second(now);
        if self.last.0 == end {
            return;
        }
        let span = match self.since {
            Some(since) if now - since > f64::from(SPAN_SECS) => SPAN_SECS,
            Some(_) | None => EARLY_SECS,
        };
        self.last = (end, self.mean(end, span), self.mean(end, EARLY_SECS));
    }

    /// Admitted requests per second in the `span` whole seconds before `end`.
    fn mean(&self, end: i64, span: u8) -> f64 {
        let first = end - i64::from(span);
        let sum: u64 = self.bins.iter().filter(|b| (first..end).contains(&b.0)).map(|b| u64::from(b.1)).sum();
        sum as f64 / f64::from(span)
    }
}

fn whole_second(now: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "seconds since the start of the process")]
    let second = now.floor() as i64;
    second
}

fn index(second: i64) -> usize {
    usize::try_from(second.rem_euclid(BINS)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use crate::limiter::pace::delivered::Delivered;

    #[test]
    fn only_whole_seconds_of_the_span_count() {
        let mut delivered = Delivered::default();
        delivered.start(0.5);
        for now in [0.6, 1.0, 1.9, 2.0] {
            delivered.count(now);
        }
        assert!((delivered.per_sec(2.5) - 0.3).abs() < 1e-12, "the second under way does not count");
        assert!((delivered.per_sec(11.0) - 0.3).abs() < 1e-12, "10 s back: the first request is out");
        assert!((delivered.per_sec(61.0) - 3.0 / 60.0).abs() < 1e-12, "60 s back after the first minute");
        assert!(delivered.per_sec(500.0).abs() < 1e-12);
    }

    #[test]
    fn a_rise_shows_in_ten_seconds_where_a_minute_hides_it() {
        let mut delivered = Delivered::default();
        delivered.start(0.0);
        for tenth in 0..1_000 {
            let now = f64::from(tenth) / 10.0;
            (0..if now < 90.0 { 1 } else { 2 }).for_each(|_| delivered.count(now));
        }
        assert!((delivered.per_sec(100.0) - (50.0 * 10.0 + 10.0 * 20.0) / 60.0).abs() < 1e-9);
        assert!((delivered.best_per_sec(100.0) - 20.0).abs() < 1e-9);
    }
}
