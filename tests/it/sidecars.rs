//! Sidecars: what they say, for which files they are written, and what of a person's own stays.

use crate::context::Home;
use fake_google::{Endpoint, ItemSpec};
use std::fs;

/// Text that JSON and XML must both escape.
const CAPTION: &str = "a <b> & \"c\" 'd' \\ ]]> \u{1} \u{1f600}\nsecond line";

fn with_sidecar(kind: &str) -> Home {
    let home = Home::with(&["alice"]);
    let spec =
        ItemSpec::named("a & b.jpg").created("2024-05-06T07:08:09Z").description(CAPTION).dimensions(40, 30);
    home.google.account("alice").add_photo(spec.len(2_000));
    home.append_config(&format!("sidecar = \"{kind}\"\n"));
    home
}

fn sidecar(home: &Home, path: &str) -> String {
    let path = home.root("alice").join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn a_json_sidecar_is_json_and_tells_what_google_told() {
    let home = with_sidecar("json");
    home.run_ok(&["sync"]);
    let value: serde_json::Value =
        serde_json::from_str(&sidecar(&home, "photos/2024/05/a & b.jpg.json")).unwrap();
    let told = |key: &str| value[key].clone();
    assert_eq!((told("filename"), told("description")), ("a & b.jpg".into(), CAPTION.into()));
    assert_eq!((told("creationTime"), told("width")), ("2024-05-06T07:08:09Z".into(), 40.into()));
    assert!(value.get("baseUrl").is_none(), "an address of bytes is a secret: {value}");
}

/// Fails unless every tag of `xml` is closed in order and no bare `&` or control character is in it.
fn assert_well_formed(xml: &str) {
    let mut open: Vec<&str> = Vec::new();
    for part in xml.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or_else(|| panic!("a tag does not end: {part}"));
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{xml}");
        } else if !tag.starts_with('?') && !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().unwrap_or_default());
        }
        for entity in text.split('&').skip(1) {
            let name = entity.split(';').next().unwrap_or_default();
            assert!(["amp", "lt", "gt", "quot", "apos"].contains(&name), "&{name}");
        }
        assert!(text.chars().all(|c| c >= ' ' || "\n\t\r".contains(c)), "{text:?}");
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn an_xmp_sidecar_is_well_formed_and_tells_the_caption() {
    let home = with_sidecar("xmp");
    home.run_ok(&["sync"]);
    let xml = sidecar(&home, "photos/2024/05/a & b.jpg.xmp");
    assert_well_formed(&xml);
    assert!(xml.contains("a &lt;b&gt; &amp; &quot;c&quot;") && xml.contains("2024-05-06T07:08:09Z"), "{xml}");
}

#[test]
fn without_the_setting_there_is_no_sidecar() {
    let home = with_sidecar("none");
    home.run_ok(&["sync"]);
    assert_eq!(home.paths("alice"), ["photos/2024/05/a & b.jpg"]);
}

#[test]
fn sidecars_that_are_wished_later_come_for_the_files_already_there() {
    let home = with_sidecar("none");
    let config = fs::read_to_string(home.path("config.toml")).unwrap();
    home.run_ok(&["sync"]);
    for (kind, count) in [("json", 2), ("xmp", 3), ("none", 3), ("json", 3)] {
        home.write_raw_config(&config.replace("\"none\"", &format!("\"{kind}\"")));
        home.run_ok(&["sync"]);
        assert_eq!(home.paths("alice").len(), count, "{kind}: {:?}", home.paths("alice"));
    }
    assert!(sidecar(&home, "photos/2024/05/a & b.jpg.json").contains("2024-05-06T07:08:09Z"));
    assert_eq!(home.google.stats().requests(Endpoint::Media), 1);
}

#[test]
fn a_sidecar_of_somebody_else_is_never_touched() {
    let home = with_sidecar("none");
    home.run_ok(&["sync"]);
    let own = home.root("alice").join("photos/2024/05/a & b.jpg.json");
    fs::write(&own, "my own notes").unwrap();
    home.write_raw_config(
        &fs::read_to_string(home.path("config.toml")).unwrap().replace("\"none\"", "\"json\""),
    );
    home.run_ok(&["sync"]);
    assert_eq!(fs::read_to_string(&own).unwrap(), "my own notes");
}

#[test]
fn the_sidecar_of_a_file_with_the_longest_name_has_a_name_too() {
    let home = with_sidecar("json");
    home.google.account("alice").add_photo(ItemSpec::named(format!("{}.jpg", "x".repeat(251))).len(1_000));
    home.run_ok(&["sync"]);
    let names: Vec<String> = home.paths("alice").into_iter().filter(|path| path.contains(".json")).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}
