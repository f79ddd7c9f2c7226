//! Who is next: first come, first served within a library, and in turn between libraries.
//!
//! Owns: the places of all that wait at one class. One place has the *turn*: it alone watches the clock, so an
//! opened gate wakes one task, which passes the turn on when it left. Invariant: if anybody waits, somebody has the
//! turn; a place that is given up hands it on; libraries with waiting requests get equally many turns. Its size is
//! bounded by its callers, each of which waits at one place at a time. May import: `media`. Tests: in this file.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::Notify;

use crate::media::LibraryName;

/// A place in the queue.
#[derive(Debug)]
struct Place {
    ticket: u64,
    wake: Arc<Notify>,
}

/// The places at one class.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: BTreeMap<LibraryName, VecDeque<Place>>,
    /// The libraries in `waiting` in the order of their next turns, without the one whose turn it is.
    order: VecDeque<LibraryName>,
    turn: Option<(LibraryName, Place)>,
    tickets: u64,
}

impl Queue {
    /// Takes a place for `library`; `wake` is told when it has the turn. Returns its ticket.
    pub(crate) fn enter(&mut self, library: &LibraryName, wake: Arc<Notify>) -> u64 {
        self.tickets += 1;
        let place = Place { ticket: self.tickets, wake };
        let places = self.waiting.entry(library.clone()).or_default();
        let in_turn = self.turn.as_ref().is_some_and(|(at_turn, _)| at_turn == library);
        if places.is_empty() && !in_turn {
            self.order.push_back(library.clone());
        }
        places.push_back(place);
        if self.turn.is_none() {
            self.pass_turn();
        }
        self.tickets
    }

    /// Whether the place with `ticket` has the turn.
    pub(crate) fn has_turn(&self, ticket: u64) -> bool {
        self.turn.as_ref().is_some_and(|(_, place)| place.ticket == ticket)
    }

    /// Gives up the place with `ticket`, because it left or does not wait any more.
    pub(crate) fn leave(&mut self, library: &LibraryName, ticket: u64) {
        if self.has_turn(ticket) {
            self.pass_turn();
            return;
        }
        let Some(places) = self.waiting.get_mut(library) else { return };
        places.retain(|place| place.ticket != ticket);
        if places.is_empty() {
            self.waiting.remove(library);
            self.order.retain(|name| name != library);
        }
    }

    /// Has the place with the turn look again, because something it waits for may have changed.
    pub(crate) fn wake_turn(&self) {
        if let Some((_, place)) = &self.turn {
            place.wake.notify_one();
        }
    }

    fn pass_turn(&mut self) {
        if let Some((library, _)) = self.turn.take()
            && self.waiting.get(&library).is_some_and(|places| !places.is_empty())
        {
            self.order.push_back(library);
        }
        let Some(library) = self.order.pop_front() else { return };
        let Some(places) = self.waiting.get_mut(&library) else { return };
        let next = places.pop_front();
        if places.is_empty() {
            self.waiting.remove(&library);
        }
        if let Some(place) = next {
            place.wake.notify_one();
            self.turn = Some((library, place));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use tokio::sync::Notify;

    use crate::limiter::queue::Queue;
    use crate::media::LibraryName;

    fn name(text: &str) -> LibraryName {
        LibraryName::try_new(text).unwrap()
    }

    fn enter(queue: &mut Queue, library: &str) -> (LibraryName, u64) {
        (name(library), queue.enter(&name(library), Arc::new(Notify::new())))
    }

    /// Serves everybody; the libraries in the order of their turns.
    fn serve_all(queue: &mut Queue) -> String {
        let mut order = String::new();
        while let Some((library, place)) = &queue.turn {
            let (library, ticket) = (library.clone(), place.ticket);
            order.push_str(library.as_str());
            queue.leave(&library, ticket);
        }
        order
    }

    #[test]
    fn libraries_take_turns_whatever_the_length_of_their_queues() {
        let mut queue = Queue::default();
        for library in ["a", "a", "a", "a", "a", "b", "b", "c"] {
            enter(&mut queue, library);
        }
        assert_eq!(serve_all(&mut queue), "abcabaaa");
    }

    #[test]
    fn a_library_with_one_worker_gets_every_second_turn_beside_a_crowd() {
        let mut queue = Queue::default();
        for _ in 0..1_000 {
            enter(&mut queue, "a");
        }
        let mut order = String::new();
        enter(&mut queue, "b");
        for _ in 0..20 {
            let (library, place) = queue.turn.as_ref().unwrap();
            let (library, ticket) = (library.clone(), place.ticket);
            queue.leave(&library, ticket);
            order.push_str(library.as_str());
            if library.as_str() == "b" {
                enter(&mut queue, "b");
            }
        }
        assert_eq!(order, "ab".repeat(10));
    }

    #[test]
    fn within_a_library_the_first_to_come_is_the_first_to_go() {
        let mut queue = Queue::default();
        let tickets: Vec<_> = (0..4).map(|_| enter(&mut queue, "a")).collect();
        for (library, ticket) in tickets {
            assert!(queue.has_turn(ticket));
            queue.leave(&library, ticket);
        }
        assert!(queue.turn.is_none());
    }

    proptest! {
        #[test]
        fn places_given_up_in_any_order_leave_nothing_behind_and_never_lose_the_turn(
            steps in prop::collection::vec((0_usize..4, any::<prop::sample::Index>(), any::<bool>()), 1..200)
        ) {
            let mut queue = Queue::default();
            let mut open: BTreeMap<u64, LibraryName> = BTreeMap::new();
            for (library, which, enters) in steps {
                if enters || open.is_empty() {
                    let (library, ticket) = enter(&mut queue, ["a", "b", "c", "d"][library]);
                    open.insert(ticket, library);
                } else {
                    let ticket = *which.get(&open.keys().copied().collect::<Vec<_>>());
                    queue.leave(&open.remove(&ticket).unwrap(), ticket);
                }
                prop_assert_eq!(open.keys().filter(|ticket| queue.has_turn(**ticket)).count(), usize::from(!open.is_empty()));
                let waiting: usize = queue.waiting.values().map(std::collections::VecDeque::len).sum();
                prop_assert_eq!(waiting + usize::from(queue.turn.is_some()), open.len());
            }
        }
    }
}
