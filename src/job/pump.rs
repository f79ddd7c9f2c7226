//! The middle of a run: pages come in, files are fetched, addresses renewed and batches settled, all at once and all in one task.
//!
//! Owns: what goes on at the same time, what waits, and how a run ends early. Invariant: bounded by the number of
//! downloads, two pages of waiting files and two batches; whatever ends a run, everything that has come whole
//! is settled first. Once the run must end no new try begins; after a stop those under way have [`DRAIN_MAX`] to end.
//! May import: `clock`, and the parts of this module. Tests: `tests/it`.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};

use crate::clock::{mono_now, wall_now};
use crate::job::Outcome;
use crate::job::fetch::fetch;
use crate::job::queue::Queue;
use crate::job::renew::{Renewed, renew};
use crate::job::retry::{TRIES_PER_RUN, pause_for};
use crate::job::settle::{Batch, SeenDirs, Settled, failed_try, settle};
use crate::job::ticket::{Clip, End, Fetched, Ticket, Whole};
use crate::job::tools::{Tools, lock};

/// The next page is taken when fewer files than this wait, so that the addresses of a page are still fresh when it is its turn.
const WAITING_LOW: usize = 64;
/// So many files in a row that failed for passing reasons mean that not the files but the network or Google ails.
const FAILED_IN_A_ROW_MAX: u32 = 20;
/// So many files in a row that came and could not be placed, with none placed, mean that the folders cannot be written at all.
const UNPLACED_IN_A_ROW_MAX: u64 = 500;
/// How long small files under way have to end after a stop.
const DRAIN_MAX: Duration = Duration::from_secs(8);

/// What is under way.
struct Pump<'a> {
    tools: &'a Tools,
    queue: Queue,
    fetches: FuturesUnordered<BoxFuture<'a, Fetched>>,
    renewal: Option<BoxFuture<'a, Renewed>>,
    settling: Option<BoxFuture<'a, Settled>>,
    batch: Batch,
    seen_dirs: SeenDirs,
    failed_in_a_row: u32,
    unplaced_in_a_row: u64,
    halt: Option<Outcome>,
    /// Why the feed ended, where the files that it brought can still be fetched.
    feed_halt: Option<Outcome>,
    drain_until: Option<Instant>,
    is_feeding: bool,
    has_pages: bool,
}

/// What happened next.
enum Event {
    FeedEnded(Result<(), Outcome>),
    Page(Option<Vec<Ticket>>),
    Fetched(Box<Fetched>),
    Renewed(Renewed),
    Settled(Settled),
    Stop,
    Tick,
}

/// Fetches all that `feed` sends to `pages`, until both end or the run must; returns why it must.
pub(crate) async fn pump<F>(tools: &Tools, feed: F, mut pages: Receiver<Vec<Ticket>>) -> Option<Outcome>
where
    F: Future<Output = Result<(), Outcome>> + Send,
{
    let mut feed = pin!(feed);
    let mut pump = Pump::new(tools);
    // Ends: each round starts what may start, then waits for what is under way; with nothing left it is done.
    loop {
        pump.start_work();
        if pump.is_done() {
            return pump.halt.or(pump.feed_halt);
        }
        let event = pump.next_event(feed.as_mut(), &mut pages).await;
        pump.take_in(event);
    }
}

impl<'a> Pump<'a> {
    fn new(tools: &'a Tools) -> Self {
        Self {
            tools,
            queue: Queue::default(),
            fetches: FuturesUnordered::new(),
            renewal: None,
            settling: None,
            batch: Batch::default(),
            seen_dirs: SeenDirs::default(),
            failed_in_a_row: 0,
            unplaced_in_a_row: 0,
            halt: None,
            feed_halt: None,
            drain_until: None,
            is_feeding: true,
            has_pages: true,
        }
    }

    /// Starts every piece of work for which there is room.
    fn start_work(&mut self) {
        let now = mono_now();
        if self.halt.is_none() {
            self.queue.wake(now);
            self.start_fetches();
            self.start_renewal();
        }
        let is_quiet = self.fetches.is_empty() && (self.halt.is_some() || self.queue.is_ready_empty());
        if self.settling.is_none() && self.batch.is_due(now, is_quiet) {
            let batch = std::mem::take(&mut self.batch);
            self.settling = Some(settle(self.tools, batch, self.seen_dirs.clone()).boxed());
        }
    }

    fn start_fetches(&mut self) {
        while self.fetches.len() < self.tools.at_once && self.batch.has_room() {
            let Some(ticket) = self.queue.pop() else { return };
            self.fetches.push(fetch(self.tools, ticket).boxed());
        }
    }

    fn start_renewal(&mut self) {
        if self.renewal.is_none() {
            let group = self.queue.take_without_address(self.fetches.is_empty());
            if !group.is_empty() {
                self.renewal = Some(renew(self.tools, group).boxed());
            }
        }
    }

    fn is_done(&self) -> bool {
        let is_fed = self.halt.is_some() || !(self.is_feeding || self.has_pages || self.queue.len() > 0);
        is_fed
            && self.fetches.is_empty()
            && self.renewal.is_none()
            && self.settling.is_none()
            && self.batch.is_empty()
    }

    async fn next_event<F>(&mut self, feed: Pin<&mut F>, pages: &mut Receiver<Vec<Ticket>>) -> Event
    where
        F: Future<Output = Result<(), Outcome>> + Send,
    {
        let runs = self.halt.is_none();
        let takes_page = runs && self.has_pages && self.queue.len() < WAITING_LOW;
        let wake = self.next_wake();
        tokio::select! {
            ended = feed, if runs && self.is_feeding => Event::FeedEnded(ended),
            page = pages.recv(), if takes_page => Event::Page(page),
            Some(fetched) = self.fetches.next(), if !self.fetches.is_empty() => Event::Fetched(Box::new(fetched)),
            renewed = ended_of(&mut self.renewal) => Event::Renewed(renewed),
            settled = ended_of(&mut self.settling) => Event::Settled(settled),
            () = self.tools.stop.begun(), if self.drain_until.is_none() => Event::Stop,
            () = wait_until(wake) => Event::Tick,
        }
    }

    /// The next moment at which something can start or end by itself.
    fn next_wake(&self) -> Option<Instant> {
        let resting = self.queue.next_wake().filter(|_| self.halt.is_none());
        let batch = self.batch.due().filter(|_| self.settling.is_none());
        let drain = self.drain_until.filter(|_| !self.fetches.is_empty());
        [resting, batch, drain].into_iter().flatten().min()
    }

    fn take_in(&mut self, event: Event) {
        match event {
            Event::FeedEnded(ended) => {
                self.is_feeding = false;
                match ended {
                    Ok(()) => self.tools.count(|counts| counts.phase = "downloading"),
                    // The quota of the calls is not that of the bytes.
                    Err(halt @ Outcome::Throttled { .. }) => self.feed_halt = Some(halt),
                    Err(halt) => self.end_with(halt),
                }
            }
            Event::Page(Some(page)) => {
                self.tools.count(|counts| counts.wanted += page.len() as u64);
                for ticket in page {
                    self.queue.push(ticket);
                }
            }
            Event::Page(None) => self.has_pages = false,
            Event::Fetched(fetched) => self.take_in_try(*fetched),
            Event::Renewed(renewed) => self.take_in_renewed(renewed),
            Event::Settled(settled) => self.take_in_settled(settled),
            Event::Stop => {
                self.drain_until = Some(mono_now() + DRAIN_MAX);
                self.end_with(Outcome::Interrupted);
            }
            Event::Tick => {
                if self.drain_until.is_some_and(|until| mono_now() >= until) {
                    self.fetches = FuturesUnordered::new();
                }
            }
        }
        self.show_waiting();
    }

    /// From now on nothing new begins; the first reason is the one that is told.
    fn end_with(&mut self, halt: Outcome) {
        self.queue.clear();
        self.renewal = None;
        self.halt.get_or_insert(halt);
    }

    fn take_in_try(&mut self, fetched: Fetched) {
        let Fetched { mut ticket, end } = fetched;
        match end {
            End::Whole(whole) => self.take_in_whole(*whole, &ticket),
            End::NoClip | End::Processing => lock(&self.tools.claims).release(ticket.key()),
            End::Throttled(rest) => self.put_to_rest(ticket, rest),
            End::Stale => {
                ticket.address = None;
                self.put_back(ticket);
            }
            End::Broken(reason) => {
                ticket.attempts += 1;
                if ticket.attempts < TRIES_PER_RUN {
                    let pause = pause_for(ticket.attempts, self.tools.rest_after_fault, rand::random());
                    self.put_to_rest(ticket, pause);
                } else {
                    self.fail_passing(&ticket, &reason);
                }
            }
            End::Refused(reason) => self.fail(&ticket, reason),
            // A file may hear of the stop before this does; were it the last one, the run would seem complete.
            End::Stopped => self.end_with(Outcome::Interrupted),
            End::Halt(halt) => self.end_with(halt),
        }
    }

    fn take_in_whole(&mut self, mut whole: Whole, ticket: &Ticket) {
        self.failed_in_a_row = 0;
        if let Some(Clip { wanted, certain }) = whole.clip.take() {
            let mut clip = Ticket::new(wanted, ticket.address.clone(), false);
            clip.certain_clip = certain;
            if self.halt.is_none() && lock(&self.tools.claims).claim(clip.key()) {
                self.tools.count(|counts| counts.wanted += 1);
                self.queue.push_first(clip);
            }
        }
        self.batch.add(whole, mono_now());
    }

    fn take_in_renewed(&mut self, renewed: Renewed) {
        for ticket in renewed.good {
            self.put_back(ticket);
        }
        for ticket in renewed.processing {
            lock(&self.tools.claims).release(ticket.key());
        }
        for (ticket, reason) in renewed.refused {
            self.fail(&ticket, reason);
        }
        if let Some(halt) = renewed.halt {
            self.end_with(halt);
        }
    }

    fn take_in_settled(&mut self, settled: Settled) {
        let mut claims = lock(&self.tools.claims);
        for key in settled.keys {
            claims.release(key);
        }
        drop(claims);
        self.tools.count(|counts| {
            counts.downloaded += settled.stored;
            counts.bytes += settled.bytes;
            counts.failed += settled.failed;
        });
        if let Some(reason) = settled.sidecar_fault {
            self.tools.leave_undone(reason);
        }
        self.unplaced_in_a_row =
            if settled.stored > 0 { 0 } else { self.unplaced_in_a_row + settled.unplaced };
        if let Some(halt) = settled.halt {
            self.end_with(halt);
        } else if self.unplaced_in_a_row >= UNPLACED_IN_A_ROW_MAX {
            self.end_with(Outcome::Failed(settled.reason));
        }
    }

    fn put_back(&mut self, ticket: Ticket) {
        if self.halt.is_none() {
            self.queue.push(ticket);
        }
    }

    fn put_to_rest(&mut self, ticket: Ticket, rest: Duration) {
        if self.halt.is_none() {
            self.queue.rest(ticket, mono_now() + rest);
        }
    }

    fn fail(&mut self, ticket: &Ticket, reason: String) {
        let wanted = &ticket.wanted;
        tracing::debug!(path = %wanted.path, id = %wanted.id, reason, "a file could not be fetched");
        self.batch.add_failure(failed_try(ticket.key(), wanted.tries, reason, wall_now()), mono_now());
    }

    fn fail_passing(&mut self, ticket: &Ticket, reason: &str) {
        self.failed_in_a_row += 1;
        self.fail(ticket, reason.to_owned());
        if self.failed_in_a_row >= FAILED_IN_A_ROW_MAX {
            self.end_with(Outcome::Transient(format!(
                "{FAILED_IN_A_ROW_MAX} files in a row could not be fetched: {reason}"
            )));
        }
    }

    /// Says what the run waits for, where all that is left is resting.
    fn show_waiting(&self) {
        let is_resting =
            self.fetches.is_empty() && self.queue.is_ready_empty() && self.queue.next_wake().is_some();
        let waiting = if is_resting { "the next try" } else { "" };
        if self.tools.counts().waiting != waiting {
            self.tools.count(|counts| counts.waiting = waiting);
        }
    }
}

/// The end of the work in `slot`, which is empty then; never, if it is empty.
async fn ended_of<T>(slot: &mut Option<BoxFuture<'_, T>>) -> T {
    let Some(work) = slot else { return pending().await };
    let ended = work.await;
    *slot = None;
    ended
}

async fn wait_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}
