//! The adaptive mode of the AWS SDK for Python (botocore): a token bucket whose rate follows CUBIC.
//!
//! A refusal sets the rate to 0.7 of what was measured; successes raise it by `0.4 * (t - K)^3 + w`, never above twice the
//! measured rate. The bucket is off until the first refusal. Three attempts a request. May import: `policy`, `policies`, `server`.

use rand::rngs::StdRng;

use crate::policies::jittered;
use crate::policy::Policy;
use crate::server::Refused;

/// What a refusal leaves of the rate.
const BETA: f64 = 0.7;
/// The steepness of the cubic.
const SCALE: f64 = 0.4;
/// The least rate, requests per second.
const MIN_RATE: f64 = 0.5;
/// The weight of the newest measurement.
const SMOOTHING: f64 = 0.8;
/// The rate is measured in buckets of this length, seconds.
const BUCKET_SECS: f64 = 0.5;
/// A request is tried this often.
const ATTEMPTS_MAX: u32 = 3;
/// The longest back-off, seconds.
const REST_SECS_MAX: f64 = 20.0;

/// botocore's adaptive mode.
#[derive(Debug)]
pub struct Botocore {
    enabled: bool,
    /// The bucket.
    fill_rate: f64,
    capacity: f64,
    tokens: f64,
    filled_at: f64,
    /// The measured rate.
    measured: f64,
    bucket: f64,
    count: f64,
    /// The cubic.
    w_max: f64,
    last_fail: f64,
}

impl Default for Botocore {
    fn default() -> Self {
        Self {
            enabled: false,
            fill_rate: MIN_RATE,
            capacity: 1.0,
            tokens: 0.0,
            filled_at: 0.0,
            measured: 0.0,
            bucket: 0.0,
            count: 0.0,
            w_max: 0.0,
            last_fail: 0.0,
        }
    }
}

impl Botocore {
    fn fill(&mut self, now: f64) {
        self.tokens = (self.tokens + (now - self.filled_at) * self.fill_rate).min(self.capacity);
        self.filled_at = now;
    }

    /// Counts an answer, and measures the rate when a bucket is over.
    fn measure(&mut self, now: f64) {
        self.count += 1.0;
        let bucket = (now / BUCKET_SECS).floor() * BUCKET_SECS;
        if bucket > self.bucket {
            let current = self.count / (bucket - self.bucket);
            self.measured = SMOOTHING * current + (1.0 - SMOOTHING) * self.measured;
            (self.count, self.bucket) = (0.0, bucket);
        }
    }

    fn set_rate(&mut self, now: f64, rate: f64) {
        self.fill(now);
        self.fill_rate = rate.min(2.0 * self.measured).max(MIN_RATE);
        self.capacity = self.fill_rate.max(1.0);
        self.tokens = self.tokens.min(self.capacity);
    }
}

impl Policy for Botocore {
    fn ready_at(&mut self, now: f64) -> Option<f64> {
        if !self.enabled {
            return Some(now);
        }
        self.fill(now);
        Some(now + ((1.0 - self.tokens) / self.fill_rate).max(0.0))
    }

    fn on_send(&mut self, now: f64) {
        if self.enabled {
            self.fill(now);
            self.tokens -= 1.0;
        }
    }

    fn on_admitted(&mut self, now: f64, _sent: f64) {
        self.measure(now);
        let k = (self.w_max * (1.0 - BETA) / SCALE).cbrt();
        let cubic = SCALE * (now - self.last_fail - k).powi(3) + self.w_max;
        self.set_rate(now, cubic);
    }

    fn on_refused(&mut self, now: f64, _sent: f64, _refused: &Refused, _random: &mut StdRng) {
        self.measure(now);
        let rate = if self.enabled { self.measured.min(self.fill_rate) } else { self.measured };
        (self.w_max, self.last_fail, self.enabled) = (rate, now, true);
        self.set_rate(now, BETA * rate);
    }

    fn rest(&mut self, attempts: u32, _refused: Option<&Refused>, random: &mut StdRng) -> Option<f64> {
        (attempts < ATTEMPTS_MAX).then(|| jittered(attempts - 1, REST_SECS_MAX, random))
    }

    fn rate(&self) -> Option<f64> {
        self.enabled.then_some(self.fill_rate)
    }
}
