//! Files and sidecars that could belong together, as groups.
//!
//! Owns: slots (a name that both a file and a sidecar lead to) and the groups that they join. Invariant: pure; linear in the
//! number of registrations, because members of a slot are never compared in pairs. May import: nothing. Tests: those of the matcher.

use std::collections::HashMap;

/// Who leads to one slot.
#[derive(Default)]
struct Slot {
    files: Vec<usize>,
    sidecars: Vec<usize>,
}

/// The slots of one step.
#[derive(Default)]
pub(crate) struct Slots {
    by_name: HashMap<(char, String, u32), Slot>,
    pub(crate) registrations: usize,
}

/// Files and sidecars that some slot joins, each by index, ascending.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) files: Vec<usize>,
    pub(crate) sidecars: Vec<usize>,
}

impl Slots {
    /// The file `at` leads to the slot. `space` keeps names of different meaning apart.
    pub(crate) fn add_file(&mut self, at: usize, space: char, name: &str, n: u32) {
        self.slot(space, name, n).files.push(at);
    }

    /// The sidecar `at` leads to the slot.
    pub(crate) fn add_sidecar(&mut self, at: usize, space: char, name: &str, n: u32) {
        self.slot(space, name, n).sidecars.push(at);
    }

    fn slot(&mut self, space: char, name: &str, n: u32) -> &mut Slot {
        self.registrations += 1;
        self.by_name.entry((space, name.to_owned(), n)).or_default()
    }

    /// Everything that hangs together by slots which have both a file and a sidecar, in the order of the first file.
    pub(crate) fn groups(self, files: usize, sidecars: usize) -> Vec<Group> {
        let mut forest = Forest((0..files + sidecars).collect());
        let mut joined = vec![false; files + sidecars];
        for slot in self.by_name.values().filter(|slot| !slot.files.is_empty() && !slot.sidecars.is_empty()) {
            let first = slot.files[0];
            for node in slot.files.iter().copied().chain(slot.sidecars.iter().map(|at| files + at)) {
                forest.join(first, node);
                joined[node] = true;
            }
        }
        let mut groups: Vec<Group> = Vec::new();
        let mut at_root: HashMap<usize, usize> = HashMap::new();
        for node in (0..files + sidecars).filter(|node| joined[*node]) {
            let at = *at_root.entry(forest.root(node)).or_insert_with(|| {
                groups.push(Group::default());
                groups.len() - 1
            });
            if node < files {
                groups[at].files.push(node);
            } else {
                groups[at].sidecars.push(node - files);
            }
        }
        groups
    }
}

/// Disjoint sets with path halving.
struct Forest(Vec<usize>);

impl Forest {
    fn root(&mut self, mut node: usize) -> usize {
        while self.0[node] != node {
            self.0[node] = self.0[self.0[node]];
            node = self.0[node];
        }
        node
    }

    /// The smaller root stays, so that the result does not depend on the order.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}
