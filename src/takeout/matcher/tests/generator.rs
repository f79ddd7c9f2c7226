//! Exports made by the naming rule: items with titles go in, names and the truth about them come out.
//!
//! Written from the rule alone and in its own terms, so that it shares no mistake with the matcher.

use proptest::prelude::*;
use std::collections::BTreeSet;

/// One item at Google, before any naming.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) stem: String,
    pub(super) ext: &'static str,
    pub(super) edit: Option<&'static str>,
    pub(super) clip: Option<Clip>,
    pub(super) has_sidecar: bool,
    /// The main file is lost after the naming; only where items are counted as a whole.
    pub(super) is_lost: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clip {
    Mp4,
    Mov,
    /// The photo's name without its extension.
    Bare,
}

/// How names that collide get their counters: nobody outside Google knows, so the matcher has to hold under each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    /// One counter for all files of an item.
    ByItem,
    /// Each file takes the first free name, item after item.
    ByName,
    /// The same, but all moving parts come after all other files, in an order of their own.
    ClipsLast,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Main,
    Edited,
    Motion,
}

/// A folder with its truth.
#[derive(Clone, Debug, Default)]
pub(super) struct Export {
    /// Name, item, what it is.
    pub(super) media: Vec<(String, usize, What)>,
    /// Name, item, title.
    pub(super) json: Vec<(String, usize, Option<String>)>,
}

fn cut(text: &str, units: usize) -> String {
    let all: Vec<u16> = text.encode_utf16().collect();
    String::from_utf16_lossy(&all[..all.len().min(units)])
}

fn with_counter(name: &str, n: u32) -> String {
    if n == 0 { name.to_owned() } else { format!("{name}({n})") }
}

impl Item {
    fn title(&self) -> String {
        format!("{}{}", self.stem, self.ext)
    }

    fn main(&self, n: u32) -> String {
        let ext = if self.ext.is_empty() { ".jpg" } else { self.ext };
        format!("{}{ext}", with_counter(&cut(&self.stem, 47), n))
    }

    fn edited(&self, n: u32) -> Option<String> {
        let ext = if self.ext.is_empty() { ".jpg" } else { self.ext };
        let stem = cut(&format!("{}{}", self.stem, self.edit?), 47);
        Some(format!("{}{ext}", with_counter(&stem, n)))
    }

    fn motion(&self, n: u32) -> Option<String> {
        let stem = with_counter(&cut(&self.stem, 47), n);
        Some(match self.clip? {
            Clip::Mp4 => format!("{stem}.MP4"),
            Clip::Mov => format!("{stem}.MOV"),
            Clip::Bare => match self.stem.strip_suffix(".MP") {
                Some(before) => format!("{}.MP", with_counter(before, n)),
                None => stem,
            },
        })
    }

    fn sidecar(&self, n: u32, is_old: bool) -> Option<String> {
        let suffix = if is_old { "" } else { ".supplemental-metadata" };
        let body = cut(&format!("{}{suffix}", self.title()), 46);
        self.has_sidecar.then(|| format!("{}.json", with_counter(&body, n)))
    }
}

/// The folder that these items make.
pub(super) fn export(items: &[Item], counting: Counting, is_old: bool, is_titled: bool) -> Export {
    let mut made = Export::default();
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut clips = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let title = is_titled.then(|| item.title());
        let n = match counting {
            Counting::ByItem => Some(first(|n| {
                let names = [Some(item.main(n)), item.edited(n), item.motion(n)];
                names.iter().flatten().all(|name| !used.contains(name))
            })),
            Counting::ByName | Counting::ClipsLast => None,
        };
        let mut take = |name: &dyn Fn(u32) -> Option<String>| {
            name(0)?;
            let free = |n: u32| name(n).is_some_and(|name| !used.contains(&name));
            let name = name(n.filter(|n| free(*n)).unwrap_or_else(|| first(free)))?;
            used.insert(name.clone());
            Some(name)
        };
        let main = take(&|n| Some(item.main(n)));
        made.media.extend(main.map(|name| (name, at, What::Main)).filter(|_| !item.is_lost));
        made.media.extend(take(&|n| item.edited(n)).map(|name| (name, at, What::Edited)));
        if counting == Counting::ClipsLast {
            clips.insert(clips.len() / 2, at);
        } else {
            made.media.extend(take(&|n| item.motion(n)).map(|name| (name, at, What::Motion)));
        }
        made.json.extend(take(&|n| item.sidecar(n, is_old)).map(|name| (name, at, title)));
    }
    for at in clips {
        if let Some(name) = items[at].motion(0) {
            let n = first(|n| items[at].motion(n).is_some_and(|name| !used.contains(&name)));
            let name = items[at].motion(n).unwrap_or(name);
            used.insert(name.clone());
            made.media.push((name, at, What::Motion));
        }
    }
    made
}

fn first(is_free: impl Fn(u32) -> bool) -> u32 {
    (0..1_000).find(|n| is_free(*n)).unwrap_or(u32::MAX)
}

/// Items whose names collide in every way, because there are only a few.
pub(super) fn items() -> impl Strategy<Value = Vec<Item>> {
    let long = |len: usize, end: &str| {
        format!("{}{end}", "Lorem_ipsum_dolor_sit_amet_consectetur_adipiscing".get(..len).unwrap_or(""))
    };
    let stem = prop_oneof![
        6 => Just("IMG_1".to_owned()),
        2 => Just("IMG_1(1)".to_owned()),
        1 => Just("IMG_1(2)".to_owned()),
        1 => Just("IMG_1(1)(1)".to_owned()),
        1 => Just("a b (2)".to_owned()),
        2 => Just("PXL_1.MP".to_owned()),
        1 => Just("PXL_1".to_owned()),
        2 => Just("IMG_1-edited".to_owned()),
        1 => Just("caf\u{e9}".to_owned()),
        1 => Just("😀".repeat(22)),
        1 => Just("😀".repeat(24)),
        1 => Just(format!("x{}", "😀".repeat(24))),
        3 => prop_oneof![Just(40_usize), Just(41), Just(42), Just(43), Just(45), Just(46), Just(47), Just(49)]
            .prop_map(move |len| long(len, "")),
        2 => Just(long(46, "a")),
        2 => Just(long(46, "b")),
        1 => Just(long(47, "c(1)")),
        1 => Just(long(43, "(1)")),
    ];
    let ext = prop_oneof![
        6 => Just(".jpg"), 3 => Just(".HEIC"), 3 => Just(".MP4"), 1 => Just(".MOV"), 1 => Just(".DNG"), 1 => Just(".png"), 2 => Just("")
    ];
    let edit = prop_oneof![
        4 => Just(None), 2 => Just(Some("-edited")), 1 => Just(Some("-bearbeitet")), 1 => Just(Some("-EFFECTS"))
    ];
    let clip = prop_oneof![
        4 => Just(None), 2 => Just(Some(Clip::Mp4)), 1 => Just(Some(Clip::Mov)), 1 => Just(Some(Clip::Bare))
    ];
    let sidecar = prop_oneof![5 => Just(true), 1 => Just(false)];
    let lost = prop_oneof![6 => Just(false), 1 => Just(true)];
    let item =
        (stem, ext, edit, clip, sidecar, lost).prop_map(|(stem, ext, edit, clip, has_sidecar, is_lost)| {
            let is_photo = matches!(ext, ".jpg" | ".HEIC" | "");
            // What no name can tell is left out: a video without a sidecar beside a photo of its name, a file that only
            // looks edited, and an item of which nothing is left but its companions.
            let needs_sidecar = matches!(ext, ".MP4" | ".MOV") || stem.ends_with("-edited");
            // A cut name that several titles share says nothing of a file that is gone.
            let is_cut = stem.encode_utf16().count() > 40;
            Item {
                stem,
                ext,
                edit,
                clip: clip.filter(|_| is_photo),
                has_sidecar: has_sidecar || needs_sidecar || is_lost,
                is_lost: is_lost && !ext.is_empty() && !is_cut,
            }
        });
    proptest::collection::vec(item, 1..9)
}
