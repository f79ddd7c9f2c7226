//! A value as it stands in a file, with its place, before anything is known of its meaning.
//!
//! Every scalar is accepted here, so that the check of its meaning can say all that is wrong in one voice.
//! Invariant: nothing is judged here. May import: nothing. Tests: `src/config/tests/`.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use toml::Spanned;

use crate::config::fault::Place;

/// A value of any kind.
#[derive(Clone, Debug)]
pub(crate) enum Raw {
    /// A text in quotes.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number with a fraction, or `inf` or `nan`.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A list in brackets.
    List(Vec<Leaf>),
    /// A date or a table: no key takes one.
    Other,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// Where it stands; the file is 0 until [`Leaf::stamp`] sets it.
    pub(crate) place: Place,
    /// What stands there.
    pub(crate) raw: Raw,
}

impl Leaf {
    /// Notes which file the value stands in.
    pub(crate) fn stamp(&mut self, file: usize) {
        self.place.file = file;
        if let Raw::List(items) = &mut self.raw {
            for item in items {
                item.stamp(file);
            }
        }
    }
}

impl Raw {
    /// Its kind in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Int(_) | Self::Float(_) => "a bare number",
            Self::Bool(_) => "a truth value",
            Self::List(_) => "a list",
            Self::Other => "a date or a table",
        }
    }
}

impl<'de> Deserialize<'de> for Leaf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Raw>::deserialize(deserializer)?;
        Ok(Self { place: Place { file: 0, span: spanned.span() }, raw: spanned.into_inner() })
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Int(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        // Past every limit of every key on its own side, as the number itself is.
        Ok(Raw::Int(if value < 0 { i64::MIN } else { i64::MAX }))
    }

    fn visit_u128<E>(self, _value: u128) -> Result<Raw, E> {
        Ok(Raw::Int(i64::MAX))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Raw::Other)
    }
}
