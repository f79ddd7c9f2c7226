//! The files that wait for a try: ready, resting until a moment, or without an address.
//!
//! Invariant: pure; the moment comes in as a value. Bounded by the pump, which takes no page while much waits. May import:
//! nothing but the ticket. Tests: below.

use std::collections::{BTreeMap, VecDeque};
use tokio::time::Instant;

use crate::job::ticket::Ticket;

/// How many ids one batchGet takes: Google's limit.
pub(crate) const RESOLVE_IDS_MAX: usize = 50;

/// The files that wait for a try.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    ready: VecDeque<Ticket>,
    resting: BTreeMap<(Instant, u64), Ticket>,
    without_address: VecDeque<Ticket>,
    rested: u64,
}

impl Queue {
    /// Takes in a file at the end of its line.
    pub(crate) fn push(&mut self, ticket: Ticket) {
        if ticket.address.is_some() {
            self.ready.push_back(ticket);
        } else {
            self.without_address.push_back(ticket);
        }
    }

    /// Takes in a file that goes before all others, because its address is known to be fresh.
    pub(crate) fn push_first(&mut self, ticket: Ticket) {
        self.ready.push_front(ticket);
    }

    /// Takes in a file that may not be tried before `until`; the others go first.
    pub(crate) fn rest(&mut self, ticket: Ticket, until: Instant) {
        self.rested += 1;
        self.resting.insert((until, self.rested), ticket);
    }

    /// Readies what has rested by `now`.
    pub(crate) fn wake(&mut self, now: Instant) {
        while let Some(entry) = self.resting.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let ticket = entry.remove();
            self.push(ticket);
        }
    }

    /// The next file to try.
    pub(crate) fn pop(&mut self) -> Option<Ticket> {
        self.ready.pop_front()
    }

    /// Up to [`RESOLVE_IDS_MAX`] files without an address; fewer only if nothing else is to be done (`is_idle`), so that
    /// one request serves many.
    pub(crate) fn take_without_address(&mut self, is_idle: bool) -> Vec<Ticket> {
        let waiting = self.without_address.len();
        if waiting >= RESOLVE_IDS_MAX || (is_idle && self.ready.is_empty()) {
            self.without_address.drain(..waiting.min(RESOLVE_IDS_MAX)).collect()
        } else {
            Vec::new()
        }
    }

    /// When the next resting file may be tried.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        self.resting.first_key_value().map(|((until, _), _)| *until)
    }

    /// Whether no file could be tried now.
    pub(crate) fn is_ready_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.ready.len() + self.resting.len() + self.without_address.len()
    }

    /// Forgets all that waits; the index knows it as wanted.
    pub(crate) fn clear(&mut self) {
        self.ready.clear();
        self.resting.clear();
        self.without_address.clear();
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::mono_now;
    use crate::job::queue::{Queue, RESOLVE_IDS_MAX};
    use crate::job::ticket::{Address, Ticket};
    use crate::media::{BaseUrl, MediaId, MediaKind};
    use crate::secret::Secret;
    use crate::store::{FilePart, Wanted};
    use std::time::Duration;

    fn ticket(id: usize, has_address: bool) -> Ticket {
        let wanted = Wanted {
            id: MediaId(id.to_string()),
            part: FilePart::Main,
            path: format!("p/{id}"),
            mime: None,
            created: None,
            kind: MediaKind::Photo,
            tries: 0,
            is_replacement: false,
        };
        let address = has_address.then(|| Address { url: BaseUrl(Secret::new("u")), told: mono_now() });
        Ticket::new(wanted, address, false)
    }

    fn popped(queue: &mut Queue) -> Option<String> {
        queue.pop().map(|ticket| ticket.wanted.id.0)
    }

    #[test]
    fn a_resting_file_lets_the_others_go_first() {
        let now = mono_now();
        let mut queue = Queue::default();
        queue.rest(ticket(1, true), now + Duration::from_secs(30));
        queue.push(ticket(2, true));
        queue.wake(now);
        assert_eq!((popped(&mut queue), popped(&mut queue)), (Some("2".to_owned()), None));
        assert_eq!(queue.next_wake(), Some(now + Duration::from_secs(30)));
        queue.wake(now + Duration::from_secs(30));
        assert_eq!(popped(&mut queue), Some("1".to_owned()));
        assert_eq!((queue.len(), queue.next_wake()), (0, None));
    }

    #[test]
    fn files_that_rest_until_the_same_moment_keep_their_order() {
        let now = mono_now();
        let mut queue = Queue::default();
        for id in 0..5 {
            queue.rest(ticket(id, true), now);
        }
        queue.wake(now);
        let order: Vec<String> = std::iter::from_fn(|| popped(&mut queue)).collect();
        assert_eq!(order, ["0", "1", "2", "3", "4"]);
    }

    #[test]
    fn addresses_are_asked_for_in_full_groups_while_there_is_other_work() {
        let mut queue = Queue::default();
        for id in 0..RESOLVE_IDS_MAX - 1 {
            queue.push(ticket(id, false));
        }
        assert!(queue.take_without_address(false).is_empty());
        queue.push(ticket(99, true));
        assert!(queue.take_without_address(true).is_empty(), "a ready file is other work");
        queue.push(ticket(100, false));
        queue.push(ticket(101, false));
        assert_eq!(queue.take_without_address(false).len(), RESOLVE_IDS_MAX);
        popped(&mut queue);
        assert_eq!(queue.take_without_address(true).len(), 1);
    }
}
