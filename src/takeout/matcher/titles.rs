//! Which of several sidecars is whose, by their titles.
//!
//! Owns: the step that comes where names allow more than one pair. Invariant: pure; a title only chooses among what the names allow,
//! and counts only if the sidecar's own name follows from it. May import: nothing. Tests: those of the matcher.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::takeout::matcher::groups::Group;
use crate::takeout::matcher::name::folded;
use crate::takeout::matcher::pairing::{Pairs, counters, is_run, is_trusted};
use crate::takeout::matcher::{Doubt, Rule, Sidecar};

/// What the titles of a group say: the files and sidecars of one title, and unless it is cut, of one counter.
#[derive(Default)]
struct Cell {
    sidecars: Vec<(usize, u32)>,
    /// File, reading, counter.
    files: Vec<(usize, usize, u32)>,
    is_disputed: bool,
}

/// Cells by name and counter.
type Cells = BTreeMap<(String, u32), Cell>;

/// In place of a counter: names of this title are cut, and counters are compared for all of them together.
const ALL_COUNTERS: u32 = u32::MAX;

impl Pairs<'_> {
    /// Pairs a group of several by the titles of its sidecars.
    pub(crate) fn pair_by_title(&mut self, group: &Group) {
        self.work += group.files.len() + group.sidecars.len();
        let Some((mut cells, spellings)) = self.cells(group) else {
            return self.doubt(Doubt::Several, &group.files, &group.sidecars);
        };
        for &file in &group.files {
            let mut hits: BTreeSet<(String, u32)> = BTreeSet::new();
            for (at, reading) in self.files[file].readings.iter().enumerate() {
                let Some(full) = spellings.get(&folded(&reading.full)) else { continue };
                for n in [reading.n, ALL_COUNTERS] {
                    let key = (full.clone(), n);
                    if let Some(cell) = cells.get_mut(&key) {
                        cell.files.push((file, at, reading.n));
                        hits.insert(key);
                    }
                }
            }
            if hits.len() > 1 {
                for key in &hits {
                    if let Some(cell) = cells.get_mut(key) {
                        cell.is_disputed = true;
                    }
                }
            }
        }
        self.doubt_disputed(&mut cells);
        let mut alike: HashMap<&str, BTreeSet<u32>> = HashMap::new();
        for &json in &group.sidecars {
            if let Some((rest, n)) = self.sidecars[json].claimed_reading() {
                alike.entry(rest).or_default().insert(n);
            }
        }
        for ((_, n), cell) in cells {
            match n {
                _ if cell.files.is_empty() => {}
                ALL_COUNTERS => {
                    let rest =
                        self.sidecars[cell.sidecars[0].0].claimed_reading().map_or("", |(rest, _)| rest);
                    self.pair_cut_cell(&cell, alike.get(rest).unwrap_or(&BTreeSet::new()));
                }
                _ => self.pair_cell(&cell),
            }
        }
    }

    /// The cells of a group without its files, and the spellings of their names; none if a sidecar has no title to go by, or two
    /// titles may mean one file.
    fn cells(&self, group: &Group) -> Option<(Cells, HashMap<String, String>)> {
        let mut cells = Cells::new();
        let mut spellings: HashMap<String, String> = HashMap::new();
        for &json in &group.sidecars {
            let claim = self.sidecars[json].claim.as_ref()?;
            let full = claim.fulls.first()?;
            for spelling in &claim.fulls {
                if spellings.entry(spelling.clone()).or_insert_with(|| full.clone()) != full {
                    return None;
                }
            }
            let n = if claim.is_cut { ALL_COUNTERS } else { claim.n };
            cells.entry((full.clone(), n)).or_default().sidecars.push((json, claim.n));
        }
        Some((cells, spellings))
    }

    /// Leaves unpaired whatever hangs together by a file that two cells speak of.
    fn doubt_disputed(&mut self, cells: &mut Cells) {
        let mut files = Vec::new();
        let mut sidecars = Vec::new();
        for cell in cells.values_mut().filter(|cell| cell.is_disputed) {
            files.extend(cell.files.drain(..).map(|(at, _, _)| at));
            sidecars.extend(cell.sidecars.iter().map(|(at, _)| *at));
        }
        self.doubt(Doubt::Several, &files, &sidecars);
    }

    fn doubt_cell(&mut self, doubt: Doubt, cell: &Cell) {
        let files: Vec<usize> = cell.files.iter().map(|(at, _, _)| *at).collect();
        let sidecars: Vec<usize> = cell.sidecars.iter().map(|(at, _)| *at).collect();
        self.doubt(doubt, &files, &sidecars);
    }

    fn pair_cell(&mut self, cell: &Cell) {
        match (&cell.files[..], &cell.sidecars[..]) {
            ([(file, reading, _)], [(json, _)]) => {
                self.pair(*file, vec![*reading], *json, Rule::Title);
            }
            _ => self.doubt_cell(Doubt::Several, cell),
        }
    }

    /// `alike`: the counters of all sidecars that have the same name but for it, whatever their titles.
    fn pair_cut_cell(&mut self, cell: &Cell, alike: &BTreeSet<u32>) {
        let sidecars = counters(&cell.sidecars);
        let files: BTreeSet<u32> = cell.files.iter().map(|(_, _, n)| *n).collect();
        let is_distinct = sidecars.len() == cell.sidecars.len() && files.len() == cell.files.len();
        if !is_distinct {
            return self.doubt_cell(Doubt::Several, cell);
        }
        if *alike == sidecars {
            if !is_trusted(&files, &sidecars) {
                return self.doubt_cell(Doubt::Counters, cell);
            }
            let of_counter: HashMap<u32, usize> = cell.sidecars.iter().map(|(json, n)| (*n, *json)).collect();
            for (file, reading, n) in &cell.files {
                if let Some(json) = of_counter.get(n) {
                    self.pair(*file, vec![*reading], *json, Rule::CutName);
                }
            }
            return;
        }
        // Sidecars of other titles have the same name: the counter numbers them all, in an order of which only this is sure,
        // that a title which only one sidecar and one file have joins those two.
        match (&cell.files[..], &cell.sidecars[..]) {
            ([(file, reading, 0)], [(json, _)]) if is_run(alike) => {
                self.pair(*file, vec![*reading], *json, Rule::Title);
            }
            _ => self.doubt_cell(Doubt::Counters, cell),
        }
    }
}

impl Sidecar {
    /// The reading of its name that its title confirms, with the counter.
    fn claimed_reading(&self) -> Option<(&str, u32)> {
        let claim = self.claim.as_ref()?;
        self.readings.iter().find(|(_, n)| *n == claim.n).map(|(rest, n)| (rest.as_str(), *n))
    }
}
