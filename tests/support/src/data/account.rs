//! One user's library.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::clock::Millis;
use crate::data::{Album, Item, ItemKind, ItemSpec, Synthetic, id};
use crate::rng;

/// Numbers below are synthetic items'.
const FIRST_ADDED: u64 = 1 << 32;
/// Separates the identifiers of albums from those of items.
const ALBUM_SEED: u64 = 0xa1b0;

/// A place in the listing: by time, then by number, so that an insert never moves what is behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) created_ms: Millis,
    pub(crate) number: u64,
}

/// One user's library.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) seed: u64,
    pub(crate) albums: Vec<Album>,
    synthetic: Synthetic,
    removed: HashSet<u64>,
    binned: HashMap<String, Arc<Item>>,
    added: BTreeMap<Position, Arc<Item>>,
    places: HashMap<u64, Position>,
    own_ids: HashMap<String, u64>,
    next_item: u64,
    next_album: u64,
}

impl Account {
    pub(crate) fn new(name: &str, seed: u64, synthetic: Synthetic) -> Self {
        Self {
            name: name.to_owned(),
            seed: rng::mix2(seed, rng::mix_text(name)),
            albums: Vec::new(),
            synthetic,
            removed: HashSet::new(),
            binned: HashMap::new(),
            added: BTreeMap::new(),
            places: HashMap::new(),
            own_ids: HashMap::new(),
            next_item: FIRST_ADDED,
            next_album: 0,
        }
    }

    pub(crate) fn add_item(&mut self, spec: ItemSpec, kind: ItemKind) -> Arc<Item> {
        let number = self.next_item;
        self.next_item += 1;
        let item = Arc::new(Item::make(spec, kind, number, id::make(self.seed, number), self.seed));
        self.own_ids.insert(item.id.clone(), number);
        self.put(Arc::clone(&item));
        item
    }

    fn put(&mut self, item: Arc<Item>) {
        let position = Position { created_ms: item.created.timestamp_millis(), number: item.number };
        if let Some(old) = self.places.insert(item.number, position) {
            self.added.remove(&old);
        }
        self.added.insert(position, item);
    }

    /// Changes an item that exists; a synthetic one becomes an added one. False: there is none.
    pub(crate) fn change_item(&mut self, id: &str, change: impl FnOnce(&mut Item)) -> bool {
        let Some(item) = self.item_by_id(id) else { return false };
        let mut item = Item::clone(&item);
        change(&mut item);
        if item.number < FIRST_ADDED {
            self.removed.insert(item.number);
        }
        self.own_ids.insert(item.id.clone(), item.number);
        self.put(Arc::new(item));
        true
    }

    /// Removes an item from the library and from every album. False: there is none.
    pub(crate) fn remove_item(&mut self, id: &str) -> bool {
        let Some(item) = self.item_by_id(id) else { return false };
        let number = item.number;
        self.binned.insert(id.to_owned(), item);
        self.own_ids.remove(id);
        match self.places.remove(&number) {
            Some(position) => drop(self.added.remove(&position)),
            None => drop(self.removed.insert(number)),
        }
        for album in &mut self.albums {
            album.items.retain(|&n| n != number);
        }
        true
    }

    /// Brings a removed item back under its id, but into no album. False: none was removed.
    pub(crate) fn restore_item(&mut self, id: &str) -> bool {
        let Some(item) = self.binned.remove(id) else { return false };
        self.own_ids.insert(item.id.clone(), item.number);
        self.put(item);
        true
    }

    pub(crate) fn add_album(&mut self, title: &str, items: Vec<u64>) -> &mut Album {
        let number = self.next_album;
        self.next_album += 1;
        let id = id::make(self.seed ^ ALBUM_SEED, number);
        let at = self.albums.len();
        self.albums.push(Album { number, id, title: title.to_owned(), items, foreign: false });
        &mut self.albums[at]
    }

    /// Makes `albums` albums of `each` items, spread evenly over the account.
    pub(crate) fn spread_albums(&mut self, albums: u64, each: u64) {
        let all: Vec<u64> =
            self.positions(None, Order::OldestFirst).map(|position| position.number).collect();
        let total = u64::try_from(all.len()).unwrap_or(0);
        let nth = |n: u64| all.get(usize::try_from(n % total.max(1)).unwrap_or(0)).copied();
        for album in 0..albums {
            let from = album * total / albums.max(1);
            let items = (0..each.min(total)).filter_map(|i| nth(from + i)).collect();
            self.add_album(&format!("Album {:03}", album + 1), items);
        }
    }

    pub(crate) fn album(&self, id: &str) -> Option<&Album> {
        self.albums.iter().find(|album| album.id == id)
    }

    pub(crate) fn album_mut(&mut self, id: &str) -> Option<&mut Album> {
        self.albums.iter_mut().find(|album| album.id == id)
    }

    pub(crate) fn item_by_number(&self, number: u64) -> Option<Arc<Item>> {
        if let Some(position) = self.places.get(&number) {
            return self.added.get(position).cloned();
        }
        let exists = number < self.synthetic.count && !self.removed.contains(&number);
        exists.then(|| Arc::new(self.synthetic.item(number, id::make(self.seed, number), self.seed)))
    }

    pub(crate) fn item_by_id(&self, id: &str) -> Option<Arc<Item>> {
        let number = self.own_ids.get(id).copied().or_else(|| id::number_of(self.seed, id))?;
        self.item_by_number(number).filter(|item| item.id == id)
    }

    /// Whether item `number` was not made by the app; none if it does not exist.
    pub(crate) fn is_foreign(&self, number: u64) -> Option<bool> {
        if let Some(position) = self.places.get(&number) {
            return self.added.get(position).map(|item| item.marks.foreign);
        }
        (number < self.synthetic.count && !self.removed.contains(&number)).then_some(false)
    }

    /// Whether `id` could be an identifier of this account at all.
    pub(crate) fn knows_id(&self, id: &str) -> bool {
        self.own_ids.contains_key(id) || id::number_of(self.seed, id).is_some()
    }

    /// How many items there are.
    pub(crate) fn count(&self) -> u64 {
        let removed = u64::try_from(self.removed.len()).unwrap_or(0);
        self.synthetic.count - removed + u64::try_from(self.added.len()).unwrap_or(0)
    }

    /// Positions strictly after `after` in that order; from the beginning without it.
    pub(crate) fn positions(
        &self,
        after: Option<Position>,
        order: Order,
    ) -> Box<dyn Iterator<Item = Position> + '_> {
        match order {
            Order::NewestFirst => {
                let below = after.unwrap_or(Position { created_ms: i64::MAX / 4, number: u64::MAX });
                let made = (0..self.first_not_before(below)).rev();
                let added = self.added.range(..below).rev().map(|(position, _)| *position);
                Box::new(Merge::new(self.live(made), added, |a, b| a > b))
            }
            Order::OldestFirst => {
                let above = after.unwrap_or(Position { created_ms: i64::MIN / 4, number: 0 });
                let from = self.first_not_before(Position { number: above.number + 1, ..above });
                let from = if after.is_some() { from } else { 0 };
                let added = self.added.range(above..).map(|(position, _)| *position);
                let added = added.filter(move |position| *position != above);
                Box::new(Merge::new(self.live(from..self.synthetic.count), added, |a, b| a < b))
            }
        }
    }

    /// The lowest synthetic number whose position is not before `limit`.
    fn first_not_before(&self, limit: Position) -> u64 {
        let earlier = self.synthetic.taken_before(limit.created_ms);
        let tie = earlier < self.synthetic.count
            && self.synthetic.created_ms(earlier) == limit.created_ms
            && earlier < limit.number;
        earlier + u64::from(tie)
    }

    fn live<'a>(&'a self, numbers: impl Iterator<Item = u64> + 'a) -> impl Iterator<Item = Position> + 'a {
        numbers
            .filter(|number| !self.removed.contains(number))
            .map(|number| Position { created_ms: self.synthetic.created_ms(number), number })
    }
}

/// Which way a listing runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    NewestFirst,
    OldestFirst,
}

/// Two sorted sequences as one.
struct Merge<A: Iterator, B: Iterator, F> {
    left: std::iter::Peekable<A>,
    right: std::iter::Peekable<B>,
    left_first: F,
}

impl<A: Iterator, B: Iterator, F> Merge<A, B, F> {
    fn new(left: A, right: B, left_first: F) -> Self {
        Self { left: left.peekable(), right: right.peekable(), left_first }
    }
}

impl<A, B, F> Iterator for Merge<A, B, F>
where
    A: Iterator<Item = Position>,
    B: Iterator<Item = Position>,
    F: Fn(Position, Position) -> bool,
{
    type Item = Position;

    fn next(&mut self) -> Option<Position> {
        match (self.left.peek(), self.right.peek()) {
            (Some(&left), Some(&right)) if !(self.left_first)(left, right) => self.right.next(),
            (Some(_), _) => self.left.next(),
            (None, _) => self.right.next(),
        }
    }
}
