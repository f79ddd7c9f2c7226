//! Files without a sidecar of their own: moving parts and edited copies.
//!
//! Owns: the finding of their photo or original. Invariant: pure; a file that could belong to two others belongs to none.
//! May import: nothing. Tests: those of the matcher.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::takeout::matcher::kind::{Kind, base_of_edited, is_bare_clip, is_clip, kind_of};
use crate::takeout::matcher::name::{Reading, folded, split_ext, without_suffix};
use crate::takeout::matcher::pairing::Pairs;
use crate::takeout::matcher::{Doubt, File, Link, Role, Rule, Sidecar, Why};

/// How many owners of one stem are remembered by name: two are a doubt, and a reason names three.
const OWNERS_NAMED_MAX: usize = 3;

/// A photo or original: a file, or a sidecar whose file is not in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Owner {
    File(usize),
    Json(usize),
}

/// What a copy can be a copy of: raw and developed stills are one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Class {
    Still,
    Video,
    Other,
}

impl Class {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Still | Kind::Raw => Self::Still,
            Kind::Video => Self::Video,
            Kind::Unknown => Self::Other,
        }
    }
}

/// Everything of one class and stem.
#[derive(Debug, Default)]
struct Owners {
    by_counter: BTreeMap<u32, Owner>,
    exts: BTreeSet<String>,
    /// Whether two have the same counter.
    is_doubled: bool,
    /// Some of them, with their counters.
    some: Vec<(Owner, u32)>,
    /// Some of those that can have a moving part, with their counters.
    stills: Vec<(Owner, u32)>,
}

type OwnersByStem = HashMap<(Class, String), Owners>;

impl Owners {
    fn add(&mut self, owner: Owner, ext: &str, n: u32) {
        self.is_doubled |= self.by_counter.insert(n, owner).is_some();
        // More than two kinds are as doubtful as two.
        if self.exts.len() < 2 {
            self.exts.insert(ext.to_lowercase());
        }
        let remember = |list: &mut Vec<(Owner, u32)>| {
            if list.len() < OWNERS_NAMED_MAX {
                list.push((owner, n));
            }
        };
        remember(&mut self.some);
        if kind_of(ext) == Kind::Still {
            remember(&mut self.stills);
        }
    }
}

/// Copies that share a name without counters.
#[derive(Debug, Default)]
struct Copies {
    counters: BTreeSet<u32>,
    /// Whether one of them may have a sidecar of its own.
    is_in_doubt: bool,
    /// Whether their counters can be trusted to be those of their originals; none: not yet asked.
    is_trusted: Option<bool>,
}

/// The search; `pairs` is what has a sidecar already.
pub(crate) struct Companions<'a, 'p> {
    files: &'a [File],
    sidecars: &'a [Sidecar],
    pairs: &'p mut Pairs<'a>,
    links: Vec<Link>,
    /// What sidecars without a file speak of: with and without counter, such a file may be itself an item.
    spoken_of: HashSet<String>,
}

impl<'a, 'p> Companions<'a, 'p> {
    pub(crate) fn new(files: &'a [File], sidecars: &'a [Sidecar], pairs: &'p mut Pairs<'a>) -> Self {
        let alone = sidecars.iter().enumerate().filter(|(at, _)| pairs.of_json[*at].is_none());
        let spoken_of =
            alone.flat_map(|(_, sidecar)| sidecar.fulls()).map(|(full, _)| folded(&full)).collect();
        Self { files, sidecars, pairs, links: vec![Link::default(); files.len()], spoken_of }
    }

    pub(crate) fn into_links(self) -> Vec<Link> {
        self.links
    }

    /// Whether a sidecar without a file speaks of this one, under any counter and with or without its extension.
    fn is_spoken_of(&self, at: usize) -> bool {
        let mut names = self.files[at].readings.iter().flat_map(|reading| [&reading.full, &reading.stem]);
        names.any(|name| self.spoken_of.contains(&folded(name)))
    }

    fn may_be_itself(&self, at: usize) -> Why {
        Why::new(Doubt::Several, [self.files[at].name.clone()])
    }

    fn is_clip(&self, at: usize) -> bool {
        matches!(self.links[at].to, Some((Role::Motion, _)))
    }

    /// Everything that can own a companion.
    fn owners(&mut self) -> OwnersByStem {
        let mut owners = OwnersByStem::new();
        for (at, file) in self.files.iter().enumerate() {
            if self.is_clip(at) {
                continue;
            }
            for (number, reading) in file.readings.iter().enumerate() {
                // A file that was paired as it stands has no counter; otherwise both readings are possible.
                if number == 0 || self.pairs.readings_of[at] != [0] {
                    let of_stem = owners.entry((Class::of(file.kind), reading.stem.clone())).or_default();
                    of_stem.add(Owner::File(at), &reading.ext, reading.n);
                    self.pairs.work += 1;
                }
            }
        }
        for (at, sidecar) in self.sidecars.iter().enumerate() {
            if self.pairs.of_json[at].is_some() {
                continue;
            }
            for (full, n) in sidecar.fulls() {
                let (stem, ext) = split_ext(&full);
                let of_stem = owners.entry((Class::of(kind_of(ext)), stem.to_owned())).or_default();
                of_stem.add(Owner::Json(at), ext, n);
                self.pairs.work += 1;
            }
        }
        owners
    }

    /// Finds the photo of each moving part.
    pub(crate) fn find_clips(&mut self) {
        let owners = self.owners();
        let mut clips_of: BTreeMap<usize, Vec<(usize, bool)>> = BTreeMap::new();
        for (at, file) in self.files.iter().enumerate() {
            if self.pairs.of_file[at].is_some() || matches!(file.kind, Kind::Still | Kind::Raw) {
                continue;
            }
            self.pairs.work += 1;
            let photos = photos_of(file, &owners);
            let distinct: BTreeSet<Owner> = photos.iter().map(|(owner, _)| *owner).collect();
            match (distinct.len(), distinct.first()) {
                (1, Some(Owner::File(photo))) => {
                    let is_same_counter = photos.iter().any(|(_, is_same)| *is_same);
                    clips_of.entry(*photo).or_default().push((at, is_same_counter));
                }
                (0, _) => {}
                (1, _) => self.links[at].why = Some(Why::new(Doubt::NoStill, self.names_of(&distinct))),
                _ => self.links[at].why = Some(Why::new(Doubt::Stills, self.names_of(&distinct))),
            }
        }
        // What looks like an edited video depends on whether the video is a moving part itself, so it comes after that one.
        let mut later = Vec::new();
        for (photo, clips) in clips_of {
            match clips[..] {
                [(clip, true)] if self.is_spoken_of(clip) => {
                    self.links[clip].why = Some(self.may_be_itself(clip));
                }
                [(clip, true)] if self.pairs.file_doubts[clip].is_none() => match self.base_of(clip) {
                    Some(base) => later.push((clip, photo, base)),
                    None => self.links[clip].to = Some((Role::Motion, photo)),
                },
                _ => self.doubt_clips(&clips),
            }
        }
        for (clip, photo, base) in later {
            self.link_edited_clip(clip, photo, owners.get(&(Class::Video, base)));
        }
    }

    /// The stem of the original, if the file's name is that of an edited copy.
    fn base_of(&self, at: usize) -> Option<String> {
        let mut bases = self.files[at].readings.iter();
        bases.find_map(|reading| base_of_edited(&reading.stem, reading.is_stem_cut())).map(str::to_owned)
    }

    /// `videos`: the videos that it may be an edited copy of.
    fn link_edited_clip(&mut self, clip: usize, photo: usize, videos: Option<&Owners>) {
        let is_moving_part = |owner: &Owner| matches!(owner, Owner::File(at) if self.is_clip(*at));
        let is_clear = videos.is_none_or(|videos| match &videos.some[..] {
            [(owner, _)] => is_moving_part(owner),
            _ => false,
        });
        if is_clear {
            self.links[clip].to = Some((Role::Motion, photo));
        } else {
            let name = self.files[photo].name.clone();
            self.links[clip].why = Some(Why::new(Doubt::EditedOrMoving, [name]));
        }
    }

    fn doubt_clips(&mut self, clips: &[(usize, bool)]) {
        let doubt = if clips.len() > 1 { Doubt::Clips } else { Doubt::Counters };
        let why = Why::new(doubt, clips.iter().map(|(at, _)| self.files[*at].name.clone()));
        for (at, _) in clips {
            self.links[*at].why = Some(why.clone());
        }
    }

    fn names_of(&self, owners: &BTreeSet<Owner>) -> Vec<String> {
        let name = |owner: &Owner| match owner {
            Owner::File(at) => self.files[*at].name.clone(),
            Owner::Json(at) => self.sidecars[*at].name.clone(),
        };
        owners.iter().map(name).collect()
    }

    /// Finds the original of each edited copy.
    pub(crate) fn find_edited(&mut self) {
        let owners = self.owners();
        let mut families = self.families_of_copies();
        let mut heirs: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
        for at in 0..self.files.len() {
            let link = &self.links[at];
            if !self.pairs.is_file_free(at) || link.to.is_some() || link.why.is_some() {
                continue;
            }
            self.pairs.work += 1;
            match self.original_of(&self.files[at], &owners, &mut families) {
                Ok(None) => {}
                Ok(Some(_)) if self.is_spoken_of(at) => self.links[at].why = Some(self.may_be_itself(at)),
                Ok(Some((_, Owner::File(original)))) => self.links[at].to = Some((Role::Edited, original)),
                Ok(Some((reading, Owner::Json(json)))) => heirs.entry(json).or_default().push((at, reading)),
                Err(why) => self.links[at].why = Some(why),
            }
        }
        for (json, copies) in heirs {
            match copies[..] {
                [(file, reading)] if self.pairs.is_json_free(json) => {
                    self.pairs.pair(file, vec![reading], json, Rule::OfOriginal);
                }
                _ => {
                    let files: Vec<usize> = copies.iter().map(|(file, _)| *file).collect();
                    self.pairs.doubt(Doubt::Several, &files, &[json]);
                }
            }
        }
    }

    /// Files without a sidecar by their name without counter.
    fn families_of_copies(&self) -> HashMap<&'a str, Copies> {
        let mut families: HashMap<&str, Copies> = HashMap::new();
        for (at, file) in self.files.iter().enumerate() {
            if self.pairs.of_file[at].is_none() && !self.is_clip(at) {
                for reading in &file.readings {
                    let copies = families.entry(&reading.full).or_default();
                    copies.counters.insert(reading.n);
                    copies.is_in_doubt |= self.pairs.file_doubts[at].is_some();
                }
            }
        }
        families
    }

    /// The original of a copy and the reading that leads there; an error if there could be more than one.
    fn original_of(
        &self,
        file: &File,
        owners: &OwnersByStem,
        families: &mut HashMap<&'a str, Copies>,
    ) -> Result<Option<(usize, Owner)>, Why> {
        let mut found: Option<(usize, Owner)> = None;
        for (number, reading) in file.readings.iter().enumerate() {
            let Some(base) = base_of_edited(&reading.stem, reading.is_stem_cut()) else { continue };
            let Some(originals) = owners.get(&(Class::of(file.kind), base.to_owned())) else { continue };
            let Some(copies) = families.get_mut(reading.full.as_str()) else { continue };
            let owner = self.original_among(reading, originals, copies)?;
            if found.is_some_and(|(_, other)| other != owner) {
                return Err(Why::new(Doubt::Originals, [base.to_owned()]));
            }
            found = Some((number, owner));
        }
        Ok(found)
    }

    /// The original of a copy read so, among all that have its base for a stem.
    ///
    /// The counters of copies are those of their originals, or count the copies by themselves. Only where every original has its
    /// copy do both mean the same, or where no copy is without a counter, so that they cannot be a count.
    fn original_among(
        &self,
        reading: &Reading,
        originals: &Owners,
        copies: &mut Copies,
    ) -> Result<Owner, Why> {
        let is_trusted = *copies.is_trusted.get_or_insert_with(|| {
            copies.counters.iter().eq(originals.by_counter.keys()) || !copies.counters.contains(&0)
        });
        let is_trusted = is_trusted && !copies.is_in_doubt;
        let owner = originals.by_counter.get(&reading.n).copied();
        owner.filter(|_| is_trusted && !originals.is_doubled && originals.exts.len() == 1).ok_or_else(|| {
            let some = originals.some.iter().map(|(owner, _)| *owner).collect();
            Why::new(Doubt::Originals, self.names_of(&some))
        })
    }
}

/// The photos that a file may be the moving part of, and whether its counter is the photo's.
///
/// A name that is the photo's without its extension speaks louder than a common stem: `X.MP` belongs to `X.MP.jpg`, not to `X.jpg`.
fn photos_of(file: &File, owners: &OwnersByStem) -> Vec<(Owner, bool)> {
    let stills = |stem: &str, n: u32| {
        let of_stem = owners.get(&(Class::Still, stem.to_owned()));
        let stills = of_stem.map_or(&[][..], |of_stem| &of_stem.stills[..]);
        stills.iter().map(|(owner, counter)| (*owner, *counter == n)).collect::<Vec<_>>()
    };
    let bare = file.readings.iter().filter(|reading| is_bare_clip(&reading.ext));
    let bare: Vec<(Owner, bool)> = bare.flat_map(|reading| stills(&reading.full, reading.n)).collect();
    if !bare.is_empty() {
        return bare;
    }
    let plain = file.readings.iter().filter(|reading| is_clip(&reading.ext));
    plain.flat_map(|reading| stills(&reading.stem, reading.n)).collect()
}

impl Sidecar {
    /// The names, without counter, that its file may have.
    fn fulls(&self) -> Vec<(String, u32)> {
        if let Some(claim) = &self.claim {
            return claim.fulls.iter().map(|full| (full.clone(), claim.n)).collect();
        }
        let whole =
            self.readings.iter().map(|(rest, n)| (without_suffix(rest).unwrap_or(rest).to_owned(), *n));
        whole.collect()
    }
}
