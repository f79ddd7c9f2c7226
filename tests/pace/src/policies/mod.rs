//! The policies that are compared: ours, and those of programs that people use.
//!
//! The peers' laws are written from their published descriptions and sources, not copied. May import: `policy`, `server`.

mod backoff;
mod botocore;
mod fixed;
mod ours;
mod rclone;

pub use crate::policies::backoff::Backoff;
pub use crate::policies::botocore::Botocore;
pub use crate::policies::fixed::Fixed;
pub use crate::policies::ours::Ours;
pub use crate::policies::rclone::Rclone;

/// A random share of `2^(attempts)` seconds, at most `most`: "full jitter".
fn jittered(attempts: u32, most: f64, random: &mut rand::rngs::StdRng) -> f64 {
    use rand::Rng;
    random.random_range(0.0..f64::from(attempts.min(16)).exp2().min(most))
}
