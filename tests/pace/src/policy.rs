//! What a policy is: when the next request may leave, and what an answer does to that.
//!
//! Invariant: a policy reads no clock and draws its random numbers from the simulation. May import: `server`.

use rand::rngs::StdRng;

use crate::server::Refused;

/// A way to pace the requests of one program; all its workers share it.
pub trait Policy {
    /// When the next request may leave, seconds, not before `now`; none before some answer has come.
    fn ready_at(&mut self, now: f64) -> Option<f64>;

    /// A request leaves.
    fn on_send(&mut self, now: f64);

    /// A request sent at `sent` was let in by the quota; a 503 too.
    fn on_admitted(&mut self, now: f64, sent: f64);

    /// A request sent at `sent` was refused.
    fn on_refused(&mut self, now: f64, sent: f64, refused: &Refused, random: &mut StdRng);

    /// How long a request that has been sent `attempts` times rests before it may be sent again, seconds; none if it is
    /// given up. `refused` is what a 429 told; none for a 503.
    fn rest(&mut self, attempts: u32, refused: Option<&Refused>, random: &mut StdRng) -> Option<f64>;

    /// The rate that it holds for right, requests per second; none if it has no such idea.
    fn rate(&self) -> Option<f64>;

    /// While a request rests, its worker takes up another.
    fn frees_worker(&self) -> bool {
        false
    }

    /// The requests sent in place of a refused one count as further attempts of it.
    fn counts_refusals(&self) -> bool {
        true
    }
}
