//! What every name that is made here promises, whatever it was made from.
//!
//! Owns: the checks of a path component and of a path below a root, for all fuzz targets. Invariant: see `crate::fuzzing`. May
//! import: `names`. Tests: `src/fuzzing/tests.rs`.

use crate::names::{
    FOLDER_BYTES_MAX, NAME_BYTES_MAX, case_key, file_name_for, folder_name_for, with_prefix, with_suffix,
};

/// Panics unless `name` is one plain, visible component of a path.
pub(crate) fn assert_component(name: &str) {
    assert!(!name.is_empty() && name.len() <= NAME_BYTES_MAX, "{} bytes: {name:?}", name.len());
    assert!(!name.starts_with('.'), "hidden, or a way up: {name:?}");
    assert!(!name.chars().any(|c| c == '/' || c.is_control()), "no plain component: {name:?}");
}

/// Panics unless `path` leads from a root to something below it, by plain components alone.
pub(crate) fn assert_below(path: &str) {
    path.split('/').for_each(assert_component);
}

/// Panics unless Windows takes `name` as it stands.
fn assert_portable(name: &str) {
    assert!(!name.contains(['<', '>', ':', '"', '\\', '|', '?', '*']), "not for Windows: {name:?}");
    assert!(!name.ends_with(['.', ' ']), "not for Windows: {name:?}");
    let device = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_ascii_uppercase();
    assert!(!["CON", "PRN", "AUX", "NUL", "COM1", "LPT9"].contains(&device.as_str()), "a device: {name:?}");
}

/// File names: `data` is the name as Google tells it, the id and the type on a line each.
pub(crate) fn file_names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(3, '\n');
    let (name, id, mime) = (lines.next(), lines.next().unwrap_or_default(), lines.next());
    for portable in [false, true] {
        for told in [name, None] {
            let wish = file_name_for(told, id, mime, portable);
            let forms = [1, 2, 3, 10, u32::MAX].map(|n| wish.numbered(n));
            for (at, form) in forms.iter().enumerate() {
                assert_component(form);
                assert!(!forms[..at].contains(form), "two numbers, one name: {form:?}");
                assert!(form.ends_with(&wish.ext), "{form:?} lost {:?}", wish.ext);
                if portable {
                    assert_portable(form);
                }
            }
            assert_eq!(file_name_for(Some(&forms[0]), id, mime, portable).numbered(1), forms[0]);
            for made in [with_prefix("0001_", &forms[0]), with_suffix(&forms[0], ".json")] {
                assert_component(&made);
            }
            assert!(with_suffix(&forms[0], "~json").ends_with("~json"));
            assert_eq!(case_key(&case_key(&forms[0])), case_key(&forms[0]));
        }
        let folder = folder_name_for(&text, portable);
        assert_component(&folder);
        assert!(folder.len() <= FOLDER_BYTES_MAX);
        assert_eq!(folder_name_for(&folder, portable), folder);
        if portable {
            assert_portable(&folder);
        }
    }
}
