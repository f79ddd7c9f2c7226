//! Which sidecar is whose own.
//!
//! Owns: the steps by name, by title where names are not enough, and without extension. Invariant: pure; a pair is made only where
//! file and sidecar have no other candidate, and is taken back if files of the name outnumber the sidecars in a way that leaves
//! open who lacks one. May import: nothing. Tests: those of the matcher.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::takeout::matcher::groups::Slots;
use crate::takeout::matcher::kind::Kind;
use crate::takeout::matcher::name::{
    Reading, SIDECAR_UNITS_MAX, WHOLE_UNITS_MAX, is_longer, shared_bodies, sidecar_bodies, units,
    without_suffix,
};
use crate::takeout::matcher::{Doubt, File, Rule, Sidecar, Why};

/// The state of the pairing.
pub(crate) struct Pairs<'a> {
    pub(crate) files: &'a [File],
    pub(crate) sidecars: &'a [Sidecar],
    /// The sidecar of each file.
    pub(crate) of_file: Vec<Option<(usize, Rule)>>,
    /// The file of each sidecar.
    pub(crate) of_json: Vec<Option<usize>>,
    /// The readings of its name by which a file was paired; both, where both fit.
    pub(crate) readings_of: Vec<Vec<usize>>,
    pub(crate) file_doubts: Vec<Option<Why>>,
    pub(crate) json_doubts: Vec<Option<Why>>,
    /// Names and groups looked at.
    pub(crate) work: usize,
}

/// Files and sidecars that share a name; sidecars with their counters.
#[derive(Default)]
struct Family {
    files: Vec<usize>,
    sidecars: Vec<(usize, u32)>,
    /// Whether a file of the name was not paired by it.
    is_outnumbered: bool,
}

/// Whether the counters are 0, 1, 2, ... without a gap, as Google gives them to files that collide.
pub(crate) fn is_run(counters: &BTreeSet<u32>) -> bool {
    counters.iter().copied().eq(0..u32::try_from(counters.len()).unwrap_or(u32::MAX))
}

pub(crate) fn counters(members: &[(usize, u32)]) -> BTreeSet<u32> {
    members.iter().map(|(_, n)| *n).collect()
}

/// Whether counters of files and sidecars of one name can be trusted to mean the same.
///
/// Where files outnumber sidecars, the sidecars may have been counted by themselves, and then nobody knows which file has none.
/// A count begins with a name without a counter.
pub(crate) fn is_trusted(files: &BTreeSet<u32>, sidecars: &BTreeSet<u32>) -> bool {
    files.is_subset(sidecars) || !sidecars.contains(&0)
}

impl<'a> Pairs<'a> {
    pub(crate) fn new(files: &'a [File], sidecars: &'a [Sidecar]) -> Self {
        Self {
            files,
            sidecars,
            of_file: vec![None; files.len()],
            of_json: vec![None; sidecars.len()],
            readings_of: vec![Vec::new(); files.len()],
            file_doubts: vec![None; files.len()],
            json_doubts: vec![None; sidecars.len()],
            work: 0,
        }
    }

    /// Whether the file has no sidecar and no doubt.
    pub(crate) fn is_file_free(&self, at: usize) -> bool {
        self.of_file[at].is_none() && self.file_doubts[at].is_none()
    }

    /// Whether the sidecar has no file and no doubt.
    pub(crate) fn is_json_free(&self, at: usize) -> bool {
        self.of_json[at].is_none() && self.json_doubts[at].is_none()
    }

    pub(crate) fn pair(&mut self, file: usize, readings: Vec<usize>, json: usize, rule: Rule) {
        self.of_file[file] = Some((json, rule));
        self.of_json[json] = Some(file);
        self.readings_of[file] = readings;
    }

    /// Leaves all of these unpaired, for `doubt`.
    pub(crate) fn doubt(&mut self, doubt: Doubt, files: &[usize], sidecars: &[usize]) {
        let names = files.iter().map(|at| &self.files[*at].name);
        let why = Why::new(doubt, names.chain(sidecars.iter().map(|at| &self.sidecars[*at].name)).cloned());
        for &at in files {
            self.of_file[at] = None;
            self.readings_of[at] = Vec::new();
            self.file_doubts[at] = Some(why.clone());
        }
        for &at in sidecars {
            self.of_json[at] = None;
            self.json_doubts[at] = Some(why.clone());
        }
        self.work += files.len() + sidecars.len();
    }

    /// Pairs by the naming rule, today's and the older one.
    pub(crate) fn pair_by_name(&mut self) {
        let mut slots = Slots::default();
        for (at, file) in self.files.iter().enumerate() {
            for reading in &file.readings {
                add_file(&mut slots, at, reading);
            }
        }
        for (at, sidecar) in self.sidecars.iter().enumerate() {
            for (rest, n) in &sidecar.readings {
                add_sidecar(&mut slots, at, rest, *n);
            }
        }
        self.work += slots.registrations;
        for group in slots.groups(self.files.len(), self.sidecars.len()) {
            if let ([file], [json]) = (&group.files[..], &group.sidecars[..]) {
                self.pair_single(*file, *json);
            } else {
                self.pair_by_title(&group);
            }
        }
        self.settle();
    }

    fn pair_single(&mut self, file: usize, json: usize) {
        let sidecar = &self.sidecars[json];
        let mut fitting = Vec::new();
        let mut first = None;
        let mut is_other_counter = false;
        for (at, reading) in self.files[file].readings.iter().enumerate() {
            let contradicts = |n: u32| {
                sidecar.claim.as_ref().is_some_and(|claim| claim.n != n || !claim.speaks_of(reading))
            };
            let counters =
                sidecar.readings.iter().filter(|(rest, n)| is_sidecar_of(rest, reading) && !contradicts(*n));
            for (_, n) in counters {
                if *n != reading.n {
                    is_other_counter = true;
                } else if fitting.last() != Some(&at) {
                    let is_cut = is_longer(&reading.full, SIDECAR_UNITS_MAX);
                    let whole = if *n == 0 { Rule::Name } else { Rule::Counter };
                    first = first.or(Some(if is_cut { Rule::CutName } else { whole }));
                    fitting.push(at);
                }
            }
        }
        match first {
            Some(rule) => self.pair(file, fitting, json, rule),
            None if is_other_counter => self.doubt(Doubt::Counters, &[file], &[json]),
            None => {}
        }
    }

    /// Takes back pairs of names that more files have than sidecars, unless the sidecars' counters cannot be a count of their own.
    ///
    /// `is_new`: the rules of the step to look at; `name_of`: the name by which it pairs. True if there were any.
    fn take_back_outnumbered(
        &mut self,
        is_new: impl Fn(Rule) -> bool,
        name_of: impl Fn(&Reading) -> &String,
    ) -> bool {
        let mut families: BTreeMap<&str, Family> = BTreeMap::new();
        for (at, file) in self.files.iter().enumerate() {
            let of_file = self.of_file[at].filter(|(_, rule)| is_new(*rule));
            let Some((json, _)) = of_file else { continue };
            for reading in self.readings_of[at].iter().map(|number| &file.readings[*number]) {
                let family = families.entry(name_of(reading)).or_default();
                family.files.push(at);
                family.sidecars.push((json, reading.n));
            }
        }
        for (at, file) in self.files.iter().enumerate().filter(|(at, _)| self.of_file[*at].is_none()) {
            for reading in &file.readings {
                if let Some(family) = families.get_mut(name_of(reading).as_str()) {
                    family.files.push(at);
                    family.is_outnumbered = true;
                }
            }
        }
        for (at, sidecar) in self.sidecars.iter().enumerate().filter(|(at, _)| self.of_json[*at].is_none()) {
            for (rest, n) in &sidecar.readings {
                for name in without_suffix(rest).into_iter().chain([rest.as_str()]) {
                    if let Some(family) = families.get_mut(name) {
                        family.sidecars.push((at, *n));
                    }
                }
            }
        }
        let outnumbered: Vec<Family> = families
            .into_values()
            .filter(|family| family.is_outnumbered && family.sidecars.iter().any(|(_, n)| *n == 0))
            .collect();
        for family in &outnumbered {
            let sidecars: Vec<usize> = family.sidecars.iter().map(|(at, _)| *at).collect();
            self.doubt(Doubt::Counters, &family.files, &sidecars);
        }
        !outnumbered.is_empty()
    }

    /// Takes back the sidecar of a file without extension beside a still of that name without a sidecar: it may be either's.
    /// True if there were any.
    fn take_back_bare_names(&mut self) -> bool {
        let mut stills: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, file) in self.files.iter().enumerate() {
            if file.kind == Kind::Still && self.of_file[at].is_none() {
                for reading in &file.readings {
                    stills.entry(&reading.stem).or_default().push(at);
                }
            }
        }
        let mut doubted: BTreeMap<&str, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (at, file) in self.files.iter().enumerate() {
            let Some((json, _)) = self.of_file[at] else { continue };
            let readings = self.readings_of[at].iter().map(|number| &file.readings[*number]);
            for reading in readings.filter(|reading| stills.contains_key(reading.full.as_str())) {
                let (files, sidecars) = doubted.entry(reading.full.as_str()).or_default();
                files.push(at);
                sidecars.push(json);
            }
        }
        let is_any = !doubted.is_empty();
        for (name, (mut files, sidecars)) in doubted {
            files.extend(stills.get(name).into_iter().flatten());
            self.doubt(Doubt::Several, &files, &sidecars);
        }
        is_any
    }

    /// Pairs sidecars of originals that had no extension: Google added one to the file only.
    pub(crate) fn pair_without_extension(&mut self) {
        let mut slots = Slots::default();
        let mut of_stem: HashMap<(&str, u32), usize> = HashMap::new();
        for (at, file) in self.files.iter().enumerate() {
            for reading in file.readings.iter().filter(|reading| !reading.ext.is_empty()) {
                *of_stem.entry((&reading.stem, reading.n)).or_default() += 1;
                if !is_longer(&reading.stem, WHOLE_UNITS_MAX) {
                    for body in sidecar_bodies(&reading.stem) {
                        slots.add_file(at, 'u', &body, reading.n);
                    }
                    slots.add_file(at, 't', &reading.stem, reading.n);
                }
            }
        }
        for (at, sidecar) in self.sidecars.iter().enumerate().filter(|(at, _)| self.is_json_free(*at)) {
            // A title that the name does not follow from contradicts the only thing that speaks for the pair.
            if sidecar.title.is_none() || sidecar.claim.is_some() {
                for (rest, n) in &sidecar.readings {
                    add_sidecar(&mut slots, at, rest, *n);
                }
            }
        }
        self.work += slots.registrations;
        for group in slots.groups(self.files.len(), self.sidecars.len()) {
            let found = match (&group.files[..], &group.sidecars[..]) {
                ([file], [json]) if self.is_file_free(*file) => Some((*file, *json)),
                _ => None,
            };
            let alone = found.map(|(file, json)| (file, self.readings_without_extension(file, json), json));
            let alone = alone.filter(|(file, fitting, _)| {
                let readings = fitting.iter().map(|at| &self.files[*file].readings[*at]);
                let mut others = readings.map(|reading| of_stem.get(&(reading.stem.as_str(), reading.n)));
                !fitting.is_empty() && others.all(|files| files == Some(&1))
            });
            if let Some((file, fitting, json)) = alone {
                self.pair(file, fitting, json, Rule::WithoutExtension);
            } else {
                // Whatever bears the name is in doubt with the rest, paired or not: the sidecar may be its own.
                let others = group.files.iter().filter_map(|at| self.of_file[*at]).map(|(json, _)| json);
                let sidecars: Vec<usize> = others.chain(group.sidecars.iter().copied()).collect();
                self.doubt(Doubt::Several, &group.files, &sidecars);
            }
        }
        self.settle();
    }

    /// Takes back whatever another doubt has made doubtful, until nothing changes.
    ///
    /// A doubt spreads from a name to the same name without its counter, so the rounds are as few as a name has counters.
    fn settle(&mut self) {
        loop {
            self.work += self.files.len() + self.sidecars.len();
            let by_name =
                self.take_back_outnumbered(|rule| rule != Rule::WithoutExtension, |reading| &reading.full);
            let by_stem =
                self.take_back_outnumbered(|rule| rule == Rule::WithoutExtension, |reading| &reading.stem);
            if !(self.take_back_bare_names() || by_name || by_stem) {
                return;
            }
        }
    }

    fn readings_without_extension(&self, file: usize, json: usize) -> Vec<usize> {
        let sidecar = &self.sidecars[json];
        let fits = |reading: &Reading| {
            let speaks =
                sidecar.claim.as_ref().is_none_or(|claim| claim.n == reading.n && claim.speaks_of(reading));
            sidecar.readings.iter().any(|(rest, n)| {
                speaks
                    && *n == reading.n
                    && (without_suffix(rest) == Some(&reading.stem)
                        || sidecar_bodies(&reading.stem).contains(rest))
            })
        };
        let readings = self.files[file].readings.iter().enumerate();
        readings.filter(|(_, reading)| fits(reading)).map(|(at, _)| at).collect()
    }
}

/// Whether a sidecar called `rest` may be that of a file read so, whatever the counters.
fn is_sidecar_of(rest: &str, reading: &Reading) -> bool {
    let is_whole = units(&reading.full) <= SIDECAR_UNITS_MAX && without_suffix(rest) == Some(&reading.full);
    is_whole || sidecar_bodies(&reading.full).iter().any(|body| body == rest)
}

fn add_file(slots: &mut Slots, at: usize, reading: &Reading) {
    for body in shared_bodies(&reading.full) {
        slots.add_file(at, 'c', &body, 0);
    }
    if units(&reading.full) <= SIDECAR_UNITS_MAX {
        for body in sidecar_bodies(&reading.full) {
            slots.add_file(at, 'u', &body, reading.n);
        }
        slots.add_file(at, 't', &reading.full, reading.n);
    }
}

fn add_sidecar(slots: &mut Slots, at: usize, rest: &str, n: u32) {
    slots.add_sidecar(at, 'u', rest, n);
    if let Some(full) = without_suffix(rest) {
        slots.add_sidecar(at, 't', full, n);
    }
    // One unit less than the cut where it went through the middle of a character.
    if units(rest) <= SIDECAR_UNITS_MAX && is_longer(rest, SIDECAR_UNITS_MAX - 2) {
        slots.add_sidecar(at, 'c', rest, 0);
    }
}
