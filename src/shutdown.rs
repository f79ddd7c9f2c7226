//! A stop as a value: who asked, and a future that ends when somebody did.
//!
//! Invariant: a stop once begun is never taken back. May import: nothing.

use tokio::sync::watch;

/// The side that can begin a stop.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Sender<bool>);

/// The side that obeys it; clones are cheap and see the same stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Shutdown {
    /// A stop that nobody has asked for yet.
    pub fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Stop(receiver))
    }

    /// Asks everyone to stop: no new work, finish or leave resumable what is under way.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Whether a stop was asked for.
    pub fn is_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when a stop is asked for; never, if the asking side is gone without asking.
    pub async fn begun(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|begun| *begun).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
