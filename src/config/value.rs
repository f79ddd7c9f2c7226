//! The meaning of single values: sizes, times, numbers, words, paths and addresses, each with its limits.
//!
//! Invariant: pure; every refusal says what is wrong and what is allowed. May import: nothing.
//! Tests: `src/config/tests/`.

use bytesize::ByteSize;
use chrono::{Datelike, NaiveDate};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;
use url::{Host, Url};

use crate::config::fault::{Fault, Faults, Place, nearest, shown};
use crate::config::raw::{Leaf, Raw};

/// Why a value is refused.
#[derive(Debug)]
pub(crate) struct Wrong {
    what: String,
    allowed: Option<String>,
    hint: Option<String>,
    place: Option<Place>,
}

impl Wrong {
    /// `what` is wrong, and `allowed` would be right.
    pub(crate) fn new(what: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { what: what.into(), allowed: Some(allowed.into()), hint: None, place: None }
    }

    /// Adds what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what to do, if the refusal itself does not say it.
    pub(crate) fn or_hint(self, hint: &str) -> Self {
        if self.hint.is_some() { self } else { self.hint(hint) }
    }

    /// Points at a part of the value.
    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }
}

/// What `parse` makes of the value of `key`; `default` if there is none, or a fault is found.
pub(crate) fn read<T>(
    key: &str,
    leaf: Option<&Leaf>,
    default: T,
    faults: &mut Faults,
    parse: impl FnOnce(&Raw) -> Result<T, Wrong>,
) -> T {
    let Some(leaf) = leaf else { return default };
    let wrong = match parse(&leaf.raw) {
        Ok(value) => return value,
        Err(wrong) => wrong,
    };
    let place = wrong.place.unwrap_or_else(|| leaf.place.clone());
    let mut fault = Fault::at(place, format!("bad value for `{key}`"), wrong.what);
    if let Some(allowed) = wrong.allowed {
        fault = fault.allowed(allowed);
    }
    faults.push(fault.hint(wrong.hint.unwrap_or_else(|| general_hint(key))));
    default
}

/// What to do where the refusal itself does not say it; a root is the one thing that has no default.
fn general_hint(key: &str) -> String {
    if key == "root" {
        return "write `root = \"/srv/photos/alice\"`".to_owned();
    }
    format!("correct the value, or write `#` before the line for the default of `{key}`")
}

/// A text, or `allowed` as the reason why not.
pub(crate) fn text<'r>(raw: &'r Raw, allowed: &str) -> Result<&'r str, Wrong> {
    let Raw::Text(text) = raw else {
        return Err(Wrong::new(format!("this is {}, not a text in quotes", raw.kind()), allowed));
    };
    if text.is_empty() { Err(Wrong::new("this text is empty", allowed)) } else { Ok(text) }
}

/// A time from `least` to `most`, such as `"15m"`.
pub(crate) fn time(raw: &Raw, least: Duration, most: Duration) -> Result<Duration, Wrong> {
    let format = humantime::format_duration;
    let allowed = format!(
        "a time in quotes, from \"{}\" to \"{}\", such as \"15m\" or \"1h 30m\"",
        format(least),
        format(most)
    );
    if let Raw::Int(number) = raw {
        let hint = format!("write the unit, in quotes: `\"{number}s\"`, `\"{number}m\"` or `\"{number}h\"`");
        return Err(Wrong::new("a bare number: its unit is missing", allowed).hint(hint));
    }
    let text = text(raw, &allowed)?;
    let hint = "units are `ms`, `s`, `m` (minutes), `h`, `d`, `w`";
    let time = humantime::parse_duration(text.trim())
        .map_err(|error| Wrong::new(format!("not a time: {error}"), allowed.as_str()).hint(hint))?;
    if time < least {
        return Err(Wrong::new("too short", allowed));
    }
    if time > most {
        return Err(Wrong::new("too long", allowed));
    }
    Ok(time)
}

/// A day from the year `least` on, such as `"2026-06-08"`.
pub(crate) fn date(raw: &Raw, least: i32) -> Result<NaiveDate, Wrong> {
    let allowed = format!("a day in quotes, from \"{least}-01-01\", such as \"2026-06-08\"");
    let hint = "write year, month and day in quotes, such as `\"2026-06-08\"`";
    let text = text(raw, &allowed).map_err(|wrong| wrong.or_hint(hint))?.trim();
    let is_shaped = text.len() == "2026-06-08".len();
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| is_shaped);
    let day = day.ok_or_else(|| Wrong::new("no such day", allowed.as_str()).hint(hint))?;
    if day.year() < least { Err(Wrong::new("too early", allowed)) } else { Ok(day) }
}

/// A size from `least` to `most` bytes, such as `"5 GiB"`.
pub(crate) fn size(raw: &Raw, least: u64, most: u64) -> Result<u64, Wrong> {
    let format = |bytes| ByteSize(bytes).display().iec().to_string();
    let allowed =
        format!("a size in quotes, from \"{}\" to \"{}\", such as \"5 GiB\"", format(least), format(most));
    if let Raw::Int(number) = raw {
        let hint = format!("write the unit, in quotes: `\"{number} MiB\"` or `\"{number} B\"`");
        return Err(Wrong::new("a bare number: its unit is missing", allowed).hint(hint));
    }
    let text = text(raw, &allowed)?.trim();
    if !text.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(
            Wrong::new("not a size with its unit", allowed).hint("units are `B`, `KiB`, `MiB`, `GiB`, `TiB`")
        );
    }
    let size: ByteSize = text.parse().map_err(|_| {
        Wrong::new("not a size", allowed.as_str()).hint("units are `B`, `KiB`, `MiB`, `GiB`, `TiB`")
    })?;
    if size.0 < least {
        return Err(Wrong::new("too small", allowed));
    }
    if size.0 > most {
        return Err(Wrong::new("too large", allowed));
    }
    Ok(size.0)
}

/// A whole number from `least` to `most`.
pub(crate) fn count(raw: &Raw, least: u64, most: u64) -> Result<u64, Wrong> {
    let allowed = format!("a whole number from {least} to {most}, without quotes");
    let Raw::Int(number) = raw else {
        return Err(Wrong::new(format!("this is {}, not a whole number", fractional(raw)), allowed));
    };
    match u64::try_from(*number) {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        Ok(number) if number > most => Err(Wrong::new("too large", allowed)),
        Ok(_) | Err(_) => Err(Wrong::new("too small", allowed)),
    }
}

fn fractional(raw: &Raw) -> &'static str {
    if let Raw::Float(_) = raw { "a number with a fraction" } else { raw.kind() }
}

/// A number from `least` to `most`, with or without a fraction.
pub(crate) fn number(raw: &Raw, least: f64, most: f64) -> Result<f64, Wrong> {
    let allowed = format!("a number above 0, from {least} to {most}, without quotes");
    let number = match raw {
        Raw::Int(number) => *number as f64,
        Raw::Float(number) => *number,
        Raw::Text(_) | Raw::Bool(_) | Raw::List(_) | Raw::Other => {
            return Err(Wrong::new(format!("this is {}, not a number", raw.kind()), allowed));
        }
    };
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    Err(Wrong::new(if number > most { "too large" } else { "too small" }, allowed))
}

/// `true` or `false`.
pub(crate) fn truth(raw: &Raw) -> Result<bool, Wrong> {
    let Raw::Bool(value) = raw else {
        return Err(Wrong::new(format!("this is {}", raw.kind()), "`true` or `false`, without quotes"));
    };
    Ok(*value)
}

/// One word of `known`.
pub(crate) fn choice<T: Copy>(raw: &Raw, known: &[(&str, T)]) -> Result<T, Wrong> {
    let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
    let allowed = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    let given = text(raw, &allowed)?;
    if let Some((_, value)) = known.iter().find(|(word, _)| *word == given) {
        return Ok(*value);
    }
    let wrong = Wrong::new(format!("{} is not known here", shown(given)), allowed);
    Err(match nearest(given, &words) {
        Some(near) => wrong.hint(format!("did you mean \"{near}\"?")),
        None => wrong,
    })
}

/// Permission bits in octal, such as `"0640"`; the owner can always read and write.
pub(crate) fn file_mode(raw: &Raw) -> Result<u32, Wrong> {
    let allowed = "permission bits in octal, in quotes, from \"0600\" to \"0777\", such as \"0640\"";
    if let Raw::Int(_) = raw {
        return Err(
            Wrong::new("a bare number, which TOML reads as decimal", allowed).hint("write `\"0640\"`")
        );
    }
    let given = text(raw, allowed)?;
    let digits = given.len() == 3 || (given.len() == 4 && given.starts_with('0'));
    let mode = u32::from_str_radix(given, 8).ok().filter(|_| digits && !given.starts_with('+'));
    let mode = mode.ok_or_else(|| Wrong::new("not three octal digits after a 0", allowed))?;
    if mode & 0o600 == 0o600 {
        return Ok(mode);
    }
    Err(Wrong::new("the owner could not read and write the file", allowed).hint("add 0600 to it"))
}

/// An absolute path without `.` and `..`; a relative one is below `base`.
pub(crate) fn path(raw: &Raw, base: &Path) -> Result<PathBuf, Wrong> {
    let allowed = "a path in quotes; a relative one is relative to the file that names it";
    let given = text(raw, allowed)?;
    if given.contains('\0') {
        return Err(Wrong::new("a path has no NUL character", allowed));
    }
    if given == "~" || given.starts_with("~/") {
        return Err(Wrong::new("`~` is not expanded", allowed)
            .hint("write the whole path, such as \"/home/alice/photos\""));
    }
    Ok(normal(&base.join(given)))
}

/// `path` without `.` and `..`, by its text alone.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => out.push(component),
        }
    }
    out
}

/// Where a service is: https, or http on this host alone.
pub(crate) fn endpoint(raw: &Raw) -> Result<Url, Wrong> {
    let allowed = "an address such as \"https://photoslibrary.googleapis.com\", or \"http://127.0.0.1:8080\" for a test server";
    let wrong = |what: &str| Wrong::new(what, allowed);
    let url = Url::parse(text(raw, allowed)?).map_err(|error| wrong(&format!("not an address: {error}")))?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(wrong("this address names no host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => {
            return Err(wrong("plain http would show the token to the network").hint("write `https://`"));
        }
        _ => return Err(wrong("neither https nor http")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("user name and password have no place here"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("an address here has no `?` and no `#`"));
    }
    Ok(url)
}
