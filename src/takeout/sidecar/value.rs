//! Lenient readings of JSON values: what has the wrong type or no sense is missing.
//!
//! Invariant: pure; texts are bounded and parted at characters. May import: nothing. Tests: those of the sidecars.

use serde_json::Value;

use crate::takeout::sidecar::Geo;

/// The longest text that is kept, bytes; captions have at most a few thousand characters.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// A text that is not empty.
pub(crate) fn text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    let end = (0..=TEXT_BYTES_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end))?;
    (end > 0).then(|| text[..end].to_owned())
}

/// The elements of a list; none of anything else.
pub(crate) fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A number of seconds, written as number or text; 0 stands for unknown. In an object, it is its `timestamp`; `formatted` is in the
/// user's language.
pub(crate) fn moment(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    let seconds = value.get("timestamp").unwrap_or(value);
    let seconds = match seconds {
        Value::String(text) => text.trim().parse().ok()?,
        Value::Number(number) => whole(number)?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (seconds != 0).then_some(seconds)
}

/// Beyond this, 2^53, a float holds no single seconds.
const FLOAT_MAX: f64 = 9_007_199_254_740_992.0;

/// A whole number, also where it is written with a fraction.
fn whole(number: &serde_json::Number) -> Option<i64> {
    if let Some(whole) = number.as_i64() {
        return Some(whole);
    }
    let float = number.as_f64().filter(|float| float.abs() <= FLOAT_MAX)?;
    format!("{:.0}", float.floor()).parse().ok()
}

/// A number from 0, written as number or text.
pub(crate) fn count(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_u64(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether it is true, also as text.
pub(crate) fn flag(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(is)) => *is,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

fn float(value: Option<&Value>) -> Option<f64> {
    let float = match value? {
        Value::String(text) => text.trim().parse().ok()?,
        Value::Number(number) => number.as_f64()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    float.is_finite().then_some(float)
}

/// A place; none at 0, 0, which stands for unknown, and none outside the globe.
pub(crate) fn geo(value: Option<&Value>) -> Option<Geo> {
    let value = value?;
    let latitude = float(value.get("latitude")).filter(|degrees| degrees.abs() <= 90.0)?;
    let longitude = float(value.get("longitude")).filter(|degrees| degrees.abs() <= 180.0)?;
    let is_zero = |number: f64| number.abs() < f64::EPSILON;
    if is_zero(latitude) && is_zero(longitude) {
        return None;
    }
    let altitude = float(value.get("altitude")).filter(|metres| !is_zero(*metres));
    Some(Geo { latitude, longitude, altitude })
}
