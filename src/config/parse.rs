//! From a file's text to its keys: syntax, unknown keys, values where a table belongs.
//!
//! Invariant: every unknown key is reported, not only the first: each is taken out and the rest is read again.
//! May import: nothing. Tests: `src/config/tests/`.

use serde::Deserialize;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use crate::config::fault::{Fault, Faults, Place, nearest, shown};
use crate::config::file::RawFile;

/// More unknown keys than this in one file are not looked for.
const UNKNOWN_KEYS_MAX: usize = 100;

/// Syntax errors reported of one file: the first ones tend to cause the rest.
const SYNTAX_ERRORS_MAX: usize = 3;

/// A window of `[limits.schedule]`, as an example.
const WINDOW: &str = "{ from = \"18:00\", to = \"23:30\", bytes-per-second = \"1 MiB\" }";

/// The keys of `text`, the file of index `file`; none if its syntax is wrong.
pub(crate) fn parse(text: &str, file: usize, faults: &mut Faults) -> Option<RawFile> {
    let (mut document, errors) = DeTable::parse_recoverable(text);
    for error in errors.iter().take(SYNTAX_ERRORS_MAX) {
        faults.push(syntax_fault(error, text, file));
    }
    if !errors.is_empty() {
        return None;
    }
    for _ in 0..UNKNOWN_KEYS_MAX {
        let error = match RawFile::deserialize(Deserializer::from(document.clone())) {
            Ok(raw) => return Some(raw),
            Err(error) => error,
        };
        let Some(path) = error.span().and_then(|span| take_out(document.get_mut(), span.start)) else {
            faults.push(shape_fault(&error, &[], text, file));
            return None;
        };
        faults.push(shape_fault(&error, &path, text, file));
    }
    None
}

/// Takes the key out of `table` that stands at byte `at`, or whose value does; answers with its path.
fn take_out(table: &mut DeTable<'_>, at: usize) -> Option<Vec<String>> {
    let mut hit = None;
    for (key, value) in table.iter_mut() {
        let name = key.get_ref().to_string();
        if key.span().contains(&at) {
            hit = Some((name, None));
            break;
        }
        let (span, inner) = (value.span(), value.get_mut());
        let deeper = if let DeValue::Table(inner) = inner { take_out(inner, at) } else { None };
        if deeper.is_some() || span.contains(&at) {
            hit = Some((name, deeper));
            break;
        }
    }
    let (name, deeper) = hit?;
    if let Some(mut path) = deeper {
        path.insert(0, name);
        return Some(path);
    }
    table.remove(name.as_str());
    Some(vec![name])
}

fn syntax_fault(error: &Error, text: &str, file: usize) -> Fault {
    let at_end = text.len()..text.len();
    let place = Place { file, span: error.span().unwrap_or(at_end) };
    let fault = Fault::at(place, "the file is not valid TOML", lower_first(error.message()));
    if error.message().contains("duplicate key") {
        return fault.hint("set the key once; several files may set it, and the last one wins");
    }
    fault.hint(
        "texts, sizes and times stand in quotes: `key = \"value\"`; tables in brackets: `[library.alice]`",
    )
}

fn shape_fault(error: &Error, path: &[String], text: &str, file: usize) -> Fault {
    let place = Place { file, span: error.span().unwrap_or(0..text.len().min(1)) };
    let message = error.message();
    let name = path.last().map_or("", String::as_str);
    let table = match path.split_last() {
        Some((_, [])) | None => "the top of the file".to_owned(),
        Some((_, tables)) => shown(&format!("[{}]", tables.join("."))),
    };
    let Some((_, known)) =
        message.split_once("unknown field ").and_then(|(_, m)| m.rsplit_once(", expected"))
    else {
        let title = format!("wrong kind of value for {}", shown(name));
        // Single values take any kind at this stage; what even they do not take is no value of TOML's own range.
        let Some((_, wanted)) = message.split_once("expected ").filter(|(_, wanted)| *wanted != "a value")
        else {
            return Fault::at(place, title, lower_first(message)).hint("write another value");
        };
        return misplaced(Fault::at(place, title, "not a table"), path, wanted);
    };
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    let label = format!("not a key of {table}");
    let list = known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let fault = Fault::at(place, format!("unknown key {}", shown(name)), label).allowed(list);
    match (nearest(name, &known), home_of(name)) {
        (Some(near), _) => fault.hint(format!("did you mean `{near}`?")),
        (None, Some(home)) if home != table => fault.hint(format!("`{name}` is a key of {home}")),
        (None, _) => fault.hint("remove the line, or write `#` before it"),
    }
}

/// A single value at `path`, where `wanted` belongs, by the parser's words.
fn misplaced(fault: Fault, path: &[String], wanted: &str) -> Fault {
    let is_at = |keys: &[&str]| path.iter().map(String::as_str).eq(keys.iter().copied());
    if is_at(&["limits", "schedule"]) {
        return fault.allowed(format!("windows of the week, such as `schedule.evening = {WINDOW}`")).hint(
            "when a library's runs are due is `schedule` in `[library.NAME]` or `[defaults]`; here it is when downloads have another speed",
        );
    }
    let wanted = if wanted == "a map" { "tables such as `[library.alice]`" } else { wanted };
    let header = shown(&format!("[{}]", header_for(path)));
    fault.allowed(wanted).hint(format!("settings stand below a header of their own: {header}"))
}

/// The table that key `name` belongs to, for keys that exist in one table only.
fn home_of(name: &str) -> Option<&'static str> {
    match name {
        "client-secret" | "endpoints" => Some("`[google]`"),
        "days" | "from" | "to" => Some("a window of `[limits.schedule]`"),
        "picker" | "drive" => Some("`[google.endpoints]`"),
        "api-requests-per-second"
        | "media-requests-per-second"
        | "api-requests-per-day"
        | "media-requests-per-day"
        | "downloads"
        | "bytes-per-second"
        | "min-free-space"
        | "rest-after-429"
        | "rest-after-fault"
        | "stall-timeout"
        | "spread-over-day" => Some("`[limits]`"),
        "root" | "schedule" | "splay" | "sources" | "albums" | "layout" | "sidecar" | "on-remote-delete"
        | "trash-keep" | "file-mode" | "index-dir" | "full-scan-every" | "portable-names" => {
            Some("`[library.NAME]` or `[defaults]`")
        }
        _ => None,
    }
}

fn header_for(path: &[String]) -> String {
    match path {
        [] => "limits".to_owned(),
        [only] if only == "library" => "library.alice".to_owned(),
        path => path.join("."),
    }
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
