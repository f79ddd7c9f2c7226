//! Takeout: sidecars, and the names of parts, folders and files.
//!
//! Invariant: see `crate::fuzzing`. May import: `takeout`, `names`. Tests: `fuzzing/tests.rs`.

use std::collections::BTreeMap;

use crate::names::file_name_for;
use crate::names::fuzzing::assert_component;
use crate::takeout::folder::{FolderKind, Location};
use crate::takeout::matcher::{FolderMatch, Named, NamedJson, Role, match_folder};
use crate::takeout::part_name::PartName;
use crate::takeout::sidecar::{ENRICHMENTS_MAX, Geo, Json, PEOPLE_MAX, is_html};

/// Names of one folder in one input at most.
const NAMES_MAX: usize = 64;

/// One JSON file: whatever it is, what is kept of it is bounded.
pub(crate) fn sidecar_json(data: &[u8]) {
    let _ = is_html(data);
    match Json::parse(data) {
        Json::Item(item) => {
            assert!(item.people.len() <= PEOPLE_MAX);
            [item.geo, item.geo_exif].into_iter().flatten().for_each(check_place);
            assert_component(&file_name_for(item.title.as_deref(), "id", None, false).numbered(1));
            assert!(item.taken != Some(0), "0 stands for unknown");
        }
        Json::Album(album) => {
            assert!(album.texts.len() + album.comments.len() <= 2 * ENRICHMENTS_MAX);
            album.geo.into_iter().for_each(check_place);
        }
        Json::Broken(why) => assert!(!why.is_empty()),
        Json::Other(_) => {}
    }
}

fn check_place(Geo { latitude, longitude, altitude }: Geo) {
    assert!((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude));
    assert!(altitude.is_none_or(f64::is_finite));
}

/// Paths, a line each: read as parts and places, then paired as one folder. What ends in `.json` is a sidecar, with its title behind a
/// tab.
pub(crate) fn takeout_names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines: Vec<&str> = text.split('\n').take(NAMES_MAX).collect();
    for line in &lines {
        if let Some(part) = PartName::parse(line) {
            assert!(part.number > 0 && part.export.starts_with("takeout-") && !part.export.contains('/'));
        }
        let place = Location::of(line);
        assert!(!place.name.contains('/'));
        assert!(place.kind != FolderKind::Root || place.folder.is_empty());
    }
    let (mut media, mut json) = (Vec::new(), Vec::new());
    for (key, line) in (0..).zip(&lines) {
        let (name, title) = line.split_once('\t').map_or((*line, None), |(name, title)| (name, Some(title)));
        if name.to_ascii_lowercase().ends_with(".json") {
            json.push(NamedJson { key, name, title });
        } else {
            media.push(Named { key, name });
        }
    }
    let found = match_folder(&media, &json);
    check_pairs(&found, &media, &json);
    media.reverse();
    json.reverse();
    assert_eq!(match_folder(&media, &json), found, "the order of what is given matters");
}

/// Every file and every sidecar has exactly one place in the answer.
fn check_pairs(found: &FolderMatch, media: &[Named<'_>], json: &[NamedJson<'_>]) {
    let files: Vec<u64> = found.media.iter().map(|paired| paired.key).collect();
    assert_eq!(files, media.iter().map(|named| named.key).collect::<Vec<_>>());
    let role_of: BTreeMap<u64, Role> = found.media.iter().map(|paired| (paired.key, paired.role)).collect();
    let mut places: BTreeMap<u64, usize> = json.iter().map(|named| (named.key, 0)).collect();
    for paired in &found.media {
        assert_eq!(paired.main.is_none(), paired.role == Role::Main);
        assert!(paired.main.is_none_or(|main| role_of.get(&main) == Some(&Role::Main)), "{paired:?}");
        if paired.main.is_none() {
            paired.json.iter().for_each(|(key, _)| *places.entry(*key).or_default() += 1);
        }
    }
    for (key, _) in found.orphans.iter().chain(&found.ambiguous) {
        *places.entry(*key).or_default() += 1;
    }
    assert!(
        places.len() == json.len() && places.values().all(|count| *count == 1),
        "{places:?} in {found:?}"
    );
}
