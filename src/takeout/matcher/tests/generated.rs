//! No export that the naming rule can make is paired wrongly, and none loses a file.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

use crate::takeout::matcher::tests::generator::{Counting, Export, Item, What, export, items};
use crate::takeout::matcher::{FolderMatch, Named, NamedJson, Role, family_of, match_counted, match_folder};

/// Keys of sidecars begin here.
const JSON_KEYS: u64 = 1_000_000;

fn matched(export: &Export, order: &[usize]) -> FolderMatch {
    let mut media: Vec<Named<'_>> =
        (0..).zip(&export.media).map(|(key, (name, _, _))| Named { key, name }).collect();
    let mut json: Vec<NamedJson<'_>> = (JSON_KEYS..)
        .zip(&export.json)
        .map(|(key, (name, _, title))| NamedJson { key, name, title: title.as_deref() })
        .collect();
    for (at, to) in order.iter().enumerate() {
        if !media.is_empty() {
            let len = media.len();
            media.swap(at % len, to % len);
        }
        if !json.is_empty() {
            let len = json.len();
            json.swap(at % len, to % len);
        }
    }
    match_folder(&media, &json)
}

/// The answer of each family by itself, put together.
fn matched_by_family(export: &Export) -> FolderMatch {
    let mut families: BTreeMap<String, (Vec<Named<'_>>, Vec<NamedJson<'_>>)> = BTreeMap::new();
    for (key, (name, _, _)) in (0..).zip(&export.media) {
        families.entry(family_of(name)).or_default().0.push(Named { key, name });
    }
    for (key, (name, _, title)) in (JSON_KEYS..).zip(&export.json) {
        let json = NamedJson { key, name, title: title.as_deref() };
        families.entry(family_of(name)).or_default().1.push(json);
    }
    let mut all = FolderMatch::default();
    for (media, json) in families.values() {
        let found = match_folder(media, json);
        all.media.extend(found.media);
        all.orphans.extend(found.orphans);
        all.ambiguous.extend(found.ambiguous);
    }
    all.media.sort_by_key(|paired| paired.key);
    all.orphans.sort_by_key(|(key, _)| *key);
    all.ambiguous.sort_by_key(|(key, _)| *key);
    all
}

fn index(key: u64) -> usize {
    usize::try_from(key % JSON_KEYS).unwrap()
}

/// Every breach of the truth, in words.
fn wrongs(export: &Export, found: &FolderMatch) -> Vec<String> {
    let mut wrongs = Vec::new();
    for paired in &found.media {
        let (name, item, what) = &export.media[index(paired.key)];
        if let Some((json, rule)) = paired.json {
            let (sidecar, other, _) = &export.json[index(json)];
            if other != item {
                wrongs.push(format!("{name} has {sidecar} of another item by {rule:?}"));
            }
        }
        if let Some(main) = paired.main {
            let (main, other, main_what) = &export.media[index(main)];
            if other != item || *main_what == What::Motion {
                wrongs.push(format!("{name} belongs to {main}"));
            }
        }
        let is_true_role = match paired.role {
            Role::Main => true,
            Role::Edited => *what == What::Edited,
            Role::Motion => *what == What::Motion,
        };
        if !is_true_role {
            wrongs.push(format!("{name} is {what:?}, not {:?}", paired.role));
        }
    }
    wrongs
}

/// Whether every file and every sidecar has its one place.
fn is_balanced(export: &Export, found: &FolderMatch) -> bool {
    let files: Vec<u64> = found.media.iter().map(|paired| paired.key).collect();
    let own = found.media.iter().filter(|paired| paired.role == Role::Main).filter_map(|paired| paired.json);
    let mut sidecars: Vec<u64> = own.map(|(key, _)| key).collect();
    sidecars.extend(found.orphans.iter().chain(&found.ambiguous).map(|(key, _)| *key));
    sidecars.sort_unstable();
    let mains: BTreeMap<u64, Role> = found.media.iter().map(|paired| (paired.key, paired.role)).collect();
    let is_rooted = found.media.iter().all(|paired| match paired.main {
        None => paired.role == Role::Main,
        Some(main) => paired.role != Role::Main && mains.get(&main) == Some(&Role::Main),
    });
    is_rooted
        && files.into_iter().eq((0..).take(export.media.len()))
        && sidecars.into_iter().eq((JSON_KEYS..).take(export.json.len()))
}

fn counting() -> impl Strategy<Value = Counting> {
    prop_oneof![Just(Counting::ByItem), Just(Counting::ByName), Just(Counting::ClipsLast)]
}

/// Loss and missing titles are tried where the names that are left still tell the truth.
fn tidied(mut items: Vec<Item>, counting: Counting, is_titled: bool) -> Vec<Item> {
    for item in &mut items {
        item.is_lost &= counting == Counting::ByItem && is_titled;
    }
    items
}

proptest! {
    #[test]
    fn no_generated_export_is_paired_wrongly(
        items in items(), counting in counting(), is_old: bool, is_titled in prop::bool::weighted(0.8),
    ) {
        let items = tidied(items, counting, is_titled);
        let export = export(&items, counting, is_old, is_titled);
        let found = matched(&export, &[]);
        let wrongs = wrongs(&export, &found);
        prop_assert!(wrongs.is_empty(), "{}\n{:#?}\n{:#?}", wrongs.join("\n"), export, found);
    }

    #[test]
    fn every_file_and_sidecar_has_one_place_whatever_their_order(
        items in items(), counting in counting(), is_old: bool, is_titled: bool,
        order in prop::collection::vec(0_usize..64, 0..24),
    ) {
        let export = export(&items, counting, is_old, is_titled);
        let found = matched(&export, &[]);
        prop_assert!(is_balanced(&export, &found), "{:#?}\n{:#?}", export, found);
        prop_assert_eq!(matched(&export, &order), found);
    }

    #[test]
    fn family_by_family_the_pairs_are_the_same(
        items in items(), counting in counting(), is_old: bool, is_titled: bool,
    ) {
        let export = export(&items, counting, is_old, is_titled);
        prop_assert_eq!(matched_by_family(&export), matched(&export, &[]), "{:#?}", export);
    }

    #[test]
    fn items_of_different_names_are_paired_completely(
        mut items in items(), counting in counting(), is_old: bool,
    ) {
        let mut seen = BTreeSet::new();
        items.retain(|item| seen.insert(item.stem.chars().take(4).collect::<String>()));
        for item in &mut items {
            (item.has_sidecar, item.is_lost) = (true, false);
            // Beside its moving part, a photo whose original had no extension is in doubt.
            item.clip = item.clip.filter(|_| !item.ext.is_empty());
            item.stem = item.stem.chars().take(22).filter(|c| *c != '(' && *c != ')').collect();
        }
        let export = export(&items, counting, is_old, true);
        let found = matched(&export, &[]);
        prop_assert!(found.ambiguous.is_empty() && found.orphans.is_empty(), "{:#?}\n{:#?}", export, found);
        for paired in &found.media {
            let (name, _, what) = &export.media[index(paired.key)];
            prop_assert!(paired.json.is_some(), "{} has no sidecar", name);
            prop_assert_eq!(paired.role == Role::Main, *what == What::Main, "{}", name);
        }
        prop_assert!(wrongs(&export, &found).is_empty());
    }

    #[test]
    fn names_of_any_characters_are_balanced(
        media in prop::collection::vec("[-a(1).~é\u{301}😀]{0,12}", 0..8),
        json in prop::collection::vec("[-a(1).~é\u{301}😀s]{0,12}(\\.json)?", 0..8),
    ) {
        let export = Export {
            media: media.into_iter().map(|name| (name, 0, What::Main)).collect(),
            json: json.into_iter().map(|name| (name, 0, None)).collect(),
        };
        prop_assert!(is_balanced(&export, &matched(&export, &[])));
        prop_assert_eq!(matched_by_family(&export), matched(&export, &[]), "{:#?}", export);
    }
}

/// File, sidecar and title of the `n`th item.
type Shape<'a> = &'a dyn Fn(usize) -> (String, String, String);

#[test]
fn work_grows_with_the_number_of_names_however_they_collide() {
    const NAMES: usize = 2_000;
    let long = "z".repeat(60);
    let shapes: [(&str, Shape<'_>); 5] = [
        ("all apart", &|n| {
            (format!("I{n}.jpg"), format!("I{n}.jpg.supplemental-metadata.json"), format!("I{n}.jpg"))
        }),
        ("one title", &|n| {
            (format!("I({n}).jpg"), format!("I.jpg.supplemental-metadata({n}).json"), "I.jpg".to_owned())
        }),
        ("one cut name", &|n| {
            (format!("{}({n}).jpg", &long[..47]), format!("{}({n}).json", &long[..46]), format!("{long}.jpg"))
        }),
        ("edited copies", &|n| {
            (
                format!("I-edited({n}).jpg"),
                format!("I.jpg.supplemental-metadata({n}).json"),
                "I.jpg".to_owned(),
            )
        }),
        ("clips", &|n| {
            (format!("I({n}).MP4"), format!("I.HEIC.supplemental-metadata({n}).json"), "I.HEIC".to_owned())
        }),
    ];
    for (shape, name) in shapes {
        let export = Export {
            media: (1..=NAMES).map(|n| (name(n).0, n, What::Main)).collect(),
            json: (1..=NAMES).map(|n| (name(n).1, n, Some(name(n).2))).collect(),
        };
        let media: Vec<Named<'_>> =
            (0..).zip(&export.media).map(|(key, (name, _, _))| Named { key, name }).collect();
        let json: Vec<NamedJson<'_>> = (JSON_KEYS..)
            .zip(&export.json)
            .map(|(key, (name, _, title))| NamedJson { key, name, title: title.as_deref() })
            .collect();
        let (found, work) = match_counted(&media, &json);
        assert_eq!(found.media.len(), NAMES);
        assert!(work <= 60 * NAMES, "{shape}: {work} steps for {NAMES} names");
    }
}
