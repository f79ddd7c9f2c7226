//! Who is next: first come, first served within a library; between libraries, the one that used least lately.
//!
//! Owns: the places of all that wait at one class, and how much each library used lately: a count of its requests that fades
//! with a time constant of [`FADE_SECS`]. One place has the *turn*: it alone watches the clock, so an opened gate wakes one
//! task, which passes the turn on when it left. A library that comes back after a rest goes before those that send without
//! end, so a run with few requests waits for one slot at each of them, however many others wait: its time grows by at most one
//! gap of the pace per request. Libraries that send without end get equally many turns; nobody is kept waiting for longer than
//! `FADE_SECS * ln(1 + n)` by `n` newcomers, for by then they used as much.
//!
//! Invariant: if anybody waits, somebody has the turn, and knows it; a place that is given up hands it on. Its size is bounded
//! by its callers, each of which waits at one place at a time; a use that has faded is forgotten. Reads no clock.
//! May import: `media`. Tests: in this file.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::Notify;

use crate::media::LibraryName;

/// The time in which a use fades to 1/e. A run without news keeps its precedence for as many requests as the others sent each
/// in this time, which is enough even at one request per second; a newcomer that never rests keeps it for 0.7 of this time.
const FADE_SECS: f64 = 300.0;
/// A use that has faded below this is none.
const FORGOTTEN: f64 = 0.01;

/// A place in the queue.
#[derive(Debug)]
struct Place {
    ticket: u64,
    wake: Arc<Notify>,
}

/// What a library used lately: requests, faded up to a moment.
#[derive(Clone, Copy, Debug)]
struct Usage {
    requests: f64,
    at: f64,
}

impl Usage {
    fn faded(self, now: f64) -> f64 {
        self.requests * ((self.at - now) / FADE_SECS).exp().min(1.0)
    }
}

/// The places at one class.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// Who waits, by library; no library has an empty list.
    waiting: BTreeMap<LibraryName, VecDeque<Place>>,
    usage: BTreeMap<LibraryName, Usage>,
    /// The ticket of the place that has the turn.
    turn: Option<u64>,
    tickets: u64,
}

impl Queue {
    /// Takes a place for `library`, `now` in seconds; `wake` is told when it has the turn. Returns its ticket.
    pub(crate) fn enter(&mut self, library: &LibraryName, wake: Arc<Notify>, now: f64) -> u64 {
        self.tickets += 1;
        let place = Place { ticket: self.tickets, wake };
        if let Some(places) = self.waiting.get_mut(library) {
            places.push_back(place);
        } else {
            self.waiting.insert(library.clone(), VecDeque::from([place]));
        }
        self.give_turn(now);
        self.tickets
    }

    /// Whether the place with `ticket` has the turn.
    pub(crate) fn has_turn(&self, ticket: u64) -> bool {
        self.turn == Some(ticket)
    }

    /// Gives up the place with `ticket`, because it does not wait any more.
    pub(crate) fn leave(&mut self, library: &LibraryName, ticket: u64, now: f64) {
        if let Some(places) = self.waiting.get_mut(library) {
            places.retain(|place| place.ticket != ticket);
            if places.is_empty() {
                self.waiting.remove(library);
            }
        }
        if self.has_turn(ticket) {
            self.turn = None;
        }
        self.give_turn(now);
    }

    /// The place with `ticket` sends its request.
    pub(crate) fn serve(&mut self, library: &LibraryName, ticket: u64, now: f64) {
        self.usage.retain(|_, usage| usage.faded(now) >= FORGOTTEN);
        let requests = self.used_lately(library, now) + 1.0;
        self.usage.insert(library.clone(), Usage { requests, at: now });
        self.leave(library, ticket, now);
    }

    /// Has the place with the turn look again, because something it waits for may have changed.
    pub(crate) fn wake_turn(&self) {
        let holder =
            self.waiting.values().filter_map(|places| places.front()).find(|p| self.has_turn(p.ticket));
        if let Some(place) = holder {
            place.wake.notify_one();
        }
    }

    /// Whether `library` has a place here.
    pub(crate) fn is_waiting(&self, library: &LibraryName) -> bool {
        self.waiting.contains_key(library)
    }

    /// Requests of `library`, faded.
    pub(crate) fn used_lately(&self, library: &LibraryName, now: f64) -> f64 {
        self.usage.get(library).map_or(0.0, |usage| usage.faded(now))
    }

    /// The turn goes to the first place of the library that used least lately; among equals, to who came first.
    fn give_turn(&mut self, now: f64) {
        let fronts = self.waiting.iter().filter_map(|(library, places)| Some((library, places.front()?)));
        let next = fronts
            .map(|(library, place)| (self.used_lately(library, now), place))
            .min_by(|one, two| one.0.total_cmp(&two.0).then(one.1.ticket.cmp(&two.1.ticket)));
        let Some((_, place)) = next else { return };
        if self.turn != Some(place.ticket) {
            place.wake.notify_one();
            self.turn = Some(place.ticket);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use tokio::sync::Notify;

    use crate::limiter::queue::{FADE_SECS, Queue};
    use crate::media::LibraryName;

    fn name(text: &str) -> LibraryName {
        LibraryName::try_new(text).unwrap()
    }

    fn enter(queue: &mut Queue, library: &str, now: f64) -> (LibraryName, u64) {
        (name(library), queue.enter(&name(library), Arc::new(Notify::new()), now))
    }

    /// The library and the ticket whose turn it is.
    fn holder(queue: &Queue) -> Option<(LibraryName, u64)> {
        let fronts = queue.waiting.iter().map(|(library, places)| (library.clone(), places[0].ticket));
        fronts.into_iter().find(|(_, ticket)| queue.has_turn(*ticket))
    }

    /// Serves the next `most`, ten a second from `now` on; each library that is named in `endless` comes again at once. The
    /// libraries in the order of their turns.
    fn serve(queue: &mut Queue, most: usize, mut now: f64, endless: &[&str]) -> String {
        let mut order = String::new();
        while let (Some((library, ticket)), true) = (holder(queue), order.len() < most) {
            order.push_str(library.as_str());
            queue.serve(&library, ticket, now);
            if endless.contains(&library.as_str()) {
                enter(queue, library.as_str(), now);
            }
            now += 0.1;
        }
        order
    }

    #[test]
    fn libraries_take_turns_whatever_the_length_of_their_queues() {
        let mut queue = Queue::default();
        for library in ["a", "a", "a", "a", "a", "b", "b", "c"] {
            enter(&mut queue, library, 0.0);
        }
        assert_eq!(serve(&mut queue, 8, 0.0, &[]), "abcabaaa");
    }

    #[test]
    fn a_library_that_comes_back_goes_before_all_that_send_without_end() {
        let mut queue = Queue::default();
        for library in ["a", "b", "c", "d"] {
            (0..100).for_each(|_| drop(enter(&mut queue, library, 0.0)));
        }
        let crowd = ["a", "b", "c", "d"];
        serve(&mut queue, 1_000, 0.0, &crowd);
        for request in 0..100 {
            let now = 100.0 + f64::from(request) / 4.0;
            let (library, ticket) = enter(&mut queue, "e", now);
            assert!(queue.has_turn(ticket), "request {request} waits for others");
            queue.serve(&library, ticket, now);
            serve(&mut queue, 2, now, &crowd);
        }
    }

    #[test]
    fn a_turn_that_was_taken_over_comes_back_in_the_old_order() {
        let mut queue = Queue::default();
        enter(&mut queue, "a", 0.0);
        serve(&mut queue, 1, 0.0, &[]);
        let (first, second) = (enter(&mut queue, "a", 1.0).1, enter(&mut queue, "a", 1.0).1);
        let (library, ticket) = enter(&mut queue, "b", 1.0);
        assert!(queue.has_turn(ticket) && !queue.has_turn(first));
        queue.leave(&library, ticket, 1.0);
        assert!(queue.has_turn(first));
        queue.serve(&name("a"), first, 1.1);
        assert!(queue.has_turn(second));
    }

    #[test]
    fn a_newcomer_that_never_rests_shares_equally_after_some_minutes() {
        let mut queue = Queue::default();
        enter(&mut queue, "a", 0.0);
        serve(&mut queue, 20_000, 0.0, &["a"]);
        enter(&mut queue, "b", 2_000.0);
        let order = serve(&mut queue, 4_000, 2_000.0, &["a", "b"]);
        let alone = order.find('a').unwrap();
        assert!(alone as f64 <= 10.0 * FADE_SECS * 2.0_f64.ln() + 1.0, "`a` waits for {alone} turns");
        assert!(order.ends_with(&"ab".repeat(50)) || order.ends_with(&"ba".repeat(50)), "{order}");
    }

    #[test]
    fn a_use_that_has_faded_is_forgotten() {
        let mut queue = Queue::default();
        for second in 0..10_000 {
            let (library, ticket) = enter(&mut queue, &format!("l{second}"), f64::from(second));
            queue.serve(&library, ticket, f64::from(second));
        }
        assert!(queue.usage.len() < 1_500, "{}", queue.usage.len());
    }

    proptest! {
        #[test]
        fn places_given_up_in_any_order_leave_nothing_behind_and_never_lose_the_turn(
            steps in prop::collection::vec((0_usize..4, any::<prop::sample::Index>(), 0_u8..4, 0.0..90.0), 1..200)
        ) {
            let mut queue = Queue::default();
            let mut open: BTreeMap<u64, (LibraryName, Arc<Notify>)> = BTreeMap::new();
            let mut now = 0.0;
            for (library, which, what, pause) in steps {
                now += pause;
                let ticket = *which.get(&open.keys().copied().chain([0]).collect::<Vec<_>>());
                match (what, open.get(&ticket).cloned()) {
                    (0, Some((library, _))) => {
                        queue.leave(&library, ticket, now);
                        open.remove(&ticket);
                    }
                    (1, _) if !open.is_empty() => {
                        let (library, ticket) = holder(&queue).unwrap();
                        queue.serve(&library, ticket, now);
                        open.remove(&ticket);
                    }
                    _ => {
                        let (library, wake) = (name(["a", "b", "c", "d"][library]), Arc::new(Notify::new()));
                        let ticket = queue.enter(&library, Arc::clone(&wake), now);
                        open.insert(ticket, (library, wake));
                    }
                }
                prop_assert_eq!(open.keys().filter(|ticket| queue.has_turn(**ticket)).count(), usize::from(!open.is_empty()));
                prop_assert_eq!(queue.waiting.values().map(std::collections::VecDeque::len).sum::<usize>(), open.len());
                if let Some((_, ticket)) = holder(&queue) {
                    // Who has the turn was told so: a permit is stored, taken out here.
                    let told = std::pin::pin!(open[&ticket].1.notified()).enable();
                    prop_assert!(told, "the holder was never told");
                    queue.wake_turn();
                }
            }
        }
    }
}
