//! Which sidecar belongs to which media file, and which files are edited copies or moving parts of which.
//!
//! Owns: the pairing of one folder of one export, all its parts together, whole or family by family. Invariant: pure; every media file and every sidecar has
//! exactly one place in the answer, which does not depend on the order of what is given; work is linear in the number of names.
//! A wrong pair is worse than none: whatever two histories of the same names would pair differently stays unpaired and says why.
//! Two histories are weighed throughout: Google counts names that collide for each item, or for each name by itself; files that
//! share a name with an item (moving parts, edited copies, files without a sidecar) shift the second count and not the first.
//! May import: nothing. Tests: `src/takeout/matcher/tests`.

mod companions;
mod family;
mod groups;
mod kind;
mod name;
mod pairing;
#[cfg(test)]
mod tests;
mod titles;
mod why;

pub use crate::takeout::matcher::why::{Doubt, Why};

use crate::takeout::matcher::companions::Companions;
pub(crate) use crate::takeout::matcher::family::family_of;
use crate::takeout::matcher::kind::{Kind, kind_of};
pub(crate) use crate::takeout::matcher::name::composed;

use crate::takeout::matcher::name::{Claim, Reading, claim, readings, sidecar_readings};
use crate::takeout::matcher::pairing::Pairs;

/// A media file, or any other file that is not a sidecar, by the last part of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'a> {
    /// What the caller knows it by; no two entries of a folder have the same.
    pub key: u64,
    /// Its name in the folder.
    pub name: &'a str,
}

/// The sidecar of an item: JSON whose content is [`Json::Item`](crate::takeout::sidecar::Json::Item); nothing else is to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedJson<'a> {
    /// What the caller knows it by.
    pub key: u64,
    /// Its name in the folder.
    pub name: &'a str,
    /// The title it has: the name that the original was uploaded with.
    pub title: Option<&'a str>,
}

/// How a sidecar was found to belong to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// By the whole name.
    Name,
    /// By the name, the counter standing elsewhere: `a(1).jpg` and `a.jpg.supplemental-metadata(1).json`.
    Counter,
    /// By the part of a long name that was left.
    CutName,
    /// By the title, among several sidecars that the name allowed.
    Title,
    /// By the name without the extension, which the original did not have.
    WithoutExtension,
    /// It is the original's, and the file is an edited copy whose original is not in the folder.
    OfOriginal,
    /// It is that of the main file.
    OfMain,
}

/// What a file is in its item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The item's own file, or a file of which nothing else is known.
    Main,
    /// An edited copy of the main file.
    Edited,
    /// The moving part of the main file or of an edited copy of it.
    Motion,
}

/// What was found of one media file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paired {
    /// The file.
    pub key: u64,
    /// Its sidecar: its own, or that of its main file.
    pub json: Option<(u64, Rule)>,
    /// The file that it belongs to, whose role is [`Role::Main`]; none if it is one itself.
    pub main: Option<u64>,
    /// What it is.
    pub role: Role,
    /// Why it has no sidecar or no main file, where more than one seemed possible.
    pub why: Option<Why>,
}

/// The answer for one folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderMatch {
    /// Every media file, by key.
    pub media: Vec<Paired>,
    /// Sidecars that belong to no file of the folder, by key.
    pub orphans: Vec<(u64, Why)>,
    /// Sidecars that more than one pairing seems to fit, by key: they are given to no file.
    pub ambiguous: Vec<(u64, Why)>,
}

/// Pairs one folder. `media`: every file that is not JSON; `json`: the sidecars of items.
pub fn match_folder(media: &[Named<'_>], json: &[NamedJson<'_>]) -> FolderMatch {
    match_counted(media, json).0
}

/// The answer, and how many names and groups were looked at for it.
fn match_counted(media: &[Named<'_>], json: &[NamedJson<'_>]) -> (FolderMatch, usize) {
    let mut files: Vec<File> = media.iter().map(File::new).collect();
    let mut sidecars: Vec<Sidecar> = json.iter().map(Sidecar::new).collect();
    files.sort_by(|a, b| (a.key, &a.name).cmp(&(b.key, &b.name)));
    sidecars.sort_by(|a, b| (a.key, &a.name).cmp(&(b.key, &b.name)));
    let mut pairs = Pairs::new(&files, &sidecars);
    pairs.pair_by_name();
    pairs.pair_without_extension();
    let mut companions = Companions::new(&files, &sidecars, &mut pairs);
    companions.find_clips();
    companions.find_edited();
    let links = companions.into_links();
    (answer(&files, &sidecars, &pairs, &links), pairs.work)
}

/// What a file belongs to, as far as found.
#[derive(Clone, Debug, Default)]
struct Link {
    /// Role and index of the file that it belongs to directly.
    to: Option<(Role, usize)>,
    why: Option<Why>,
}

fn answer(files: &[File], sidecars: &[Sidecar], pairs: &Pairs<'_>, links: &[Link]) -> FolderMatch {
    let mut found = FolderMatch::default();
    for (at, file) in files.iter().enumerate() {
        let role = links[at].to.map_or(Role::Main, |(role, _)| role);
        let main = links[at].to.map(|(_, to)| main_of(links, to));
        let json = match main {
            None => pairs.of_file[at].map(|(json, rule)| (sidecars[json].key, rule)),
            Some(main) => pairs.of_file[main].map(|(json, _)| (sidecars[json].key, Rule::OfMain)),
        };
        let why = pairs.file_doubts[at].clone().or_else(|| links[at].why.clone());
        found.media.push(Paired { key: file.key, json, main: main.map(|main| files[main].key), role, why });
    }
    for (at, sidecar) in sidecars.iter().enumerate() {
        match (&pairs.json_doubts[at], pairs.of_json[at]) {
            (Some(why), _) => found.ambiguous.push((sidecar.key, why.clone())),
            (None, None) => found.orphans.push((sidecar.key, Why::new(Doubt::NoFile, [sidecar.expected()]))),
            (None, Some(_)) => {}
        }
    }
    found
}

/// The file at the end of the links: each leads to a shorter name or to a photo, so they end.
fn main_of(links: &[Link], mut at: usize) -> usize {
    while let Some((_, to)) = links[at].to {
        at = to;
    }
    at
}

/// A media file with the readings of its name.
struct File {
    key: u64,
    name: String,
    readings: Vec<Reading>,
    kind: Kind,
}

impl File {
    fn new(named: &Named<'_>) -> Self {
        let readings = readings(&composed(named.name));
        let ext = readings.last().map_or("", |reading| reading.ext.as_str());
        Self { key: named.key, name: named.name.to_owned(), kind: kind_of(ext), readings }
    }
}

/// A sidecar with the readings of its name.
struct Sidecar {
    key: u64,
    name: String,
    readings: Vec<(String, u32)>,
    claim: Option<Claim>,
    title: Option<String>,
}

impl Sidecar {
    fn new(named: &NamedJson<'_>) -> Self {
        let readings = sidecar_readings(&composed(named.name));
        let claim = named.title.and_then(|title| claim(&readings, title));
        Self {
            key: named.key,
            name: named.name.to_owned(),
            readings,
            claim,
            title: named.title.map(str::to_owned),
        }
    }

    /// The name that its file should have, for people.
    fn expected(&self) -> String {
        self.title.clone().unwrap_or_else(|| self.name.clone())
    }
}
