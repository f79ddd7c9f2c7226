//! When a quota's window opens: the phase of a clock at the server.
//!
//! Owns: a bracket of the moment within a minute at which refused probes turn into admitted ones, narrowed from
//! one window to the next. Invariant: a bracket is trusted only after two windows agreed on it. May import: nothing.
//! Tests: in this file.

/// The length of the window whose phase is learnt: Google's short quotas are per minute.
pub(crate) const PERIOD_SECS: f64 = 60.0;
/// Brackets that miss one another by less than this still agree.
pub(crate) const AGREE_SECS: f64 = 0.05;
/// A probe was admitted by the server at most this long after it left.
pub(crate) const ARRIVAL_SECS: f64 = 0.1;
/// A bracket wider than this is worth a probe in its middle.
const WIDE_SECS: f64 = 1.0;
/// A prediction is used after this many windows agreed.
const AGREED_MIN: u32 = 2;

/// How far a prediction was used while the gate is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Not at all.
    #[default]
    None,
    /// A probe went to the middle of the bracket.
    Middle,
    /// A probe went to the bracket's end.
    End,
}

/// What is known of the moment at which the window opens.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Phase {
    from: f64,
    to: f64,
    agreed: u32,
}

impl Phase {
    /// The window opened between a request sent at `refused`, which was refused, and one sent at `sent`, which was
    /// admitted and answered `now`.
    pub(crate) fn learn(&mut self, refused: f64, sent: f64, now: f64) {
        let (from, to) = (refused, now.min(sent + ARRIVAL_SECS));
        if self.agreed > 0 {
            let shift = ((from + to - self.from - self.to) / 2.0 / PERIOD_SECS).round() * PERIOD_SECS;
            let both_from = from.max(self.from + shift - AGREE_SECS);
            let both_to = to.min(self.to + shift + AGREE_SECS);
            if both_from < both_to {
                *self = Self { from: both_from, to: both_to, agreed: self.agreed + 1 };
                return;
            }
        }
        *self = Self { from, to, agreed: 1 };
    }

    /// Forgets what was learnt.
    pub(crate) fn forget(&mut self) {
        self.agreed = 0;
    }

    /// When to probe next and what stage that is; none if the phase is unknown or the prediction is used up.
    pub(crate) fn predict(&self, now: f64, stage: Stage) -> Option<(f64, Stage)> {
        if self.agreed < AGREED_MIN || stage == Stage::End {
            return None;
        }
        let shift = ((now - self.to) / PERIOD_SECS).ceil() * PERIOD_SECS;
        let (from, to) = (self.from + shift, self.to + shift);
        if stage == Stage::None && to - from > WIDE_SECS {
            return Some(((now + 0.1).max(f64::midpoint(from, to)), Stage::Middle));
        }
        Some((to + AGREE_SECS, Stage::End))
    }
}

#[cfg(test)]
mod tests {
    use crate::limiter::pace::phase::{Phase, Stage};

    #[test]
    fn two_windows_that_agree_predict_the_third() {
        let mut phase = Phase::default();
        phase.learn(57.0, 61.0, 61.3);
        assert_eq!(phase.predict(100.0, Stage::None), None, "one window is no evidence");
        phase.learn(118.0, 122.0, 122.3);
        let (at, stage) = phase.predict(150.0, Stage::None).unwrap();
        assert_eq!(stage, Stage::Middle, "the bracket is 3 s wide");
        assert!((178.0..181.2).contains(&at), "{at}");
        let (at, stage) = phase.predict(180.0, stage).unwrap();
        assert_eq!(stage, Stage::End);
        assert!((181.0..181.3).contains(&at), "{at}");
        assert_eq!(phase.predict(182.0, stage), None);
    }

    #[test]
    fn a_window_that_disagrees_starts_the_learning_anew() {
        let mut phase = Phase::default();
        phase.learn(59.0, 60.0, 60.2);
        phase.learn(119.0, 120.0, 120.2);
        assert!(phase.predict(130.0, Stage::None).is_some());
        phase.learn(200.0, 201.0, 201.2);
        assert_eq!(phase.predict(210.0, Stage::None), None);
    }
}
