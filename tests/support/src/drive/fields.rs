//! Partial responses: the parameter `fields`.
//!
//! Without it, Drive tells of a file only kind, id, name and type; a client that forgets to ask for
//! checksums gets none here either.

use serde_json::{Map, Value};

/// Fields that an answer may lack though they exist.
const OPTIONAL: &[&str] = &[
    "nextPageToken",
    "newStartPageToken",
    "size",
    "md5Checksum",
    "sha1Checksum",
    "sha256Checksum",
    "headRevisionId",
    "originalFilename",
    "fileExtension",
    "fullFileExtension",
    "parents",
    "limit",
    "file",
    "driveId",
    "trashedTime",
    "description",
    "starred",
    "webContentLink",
];

/// What is asked for: all of it, or these fields and what is in them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mask {
    /// Everything.
    All,
    /// These.
    Only(Vec<(String, Mask)>),
}

impl Mask {
    /// Reads `a,b(c,d/e)`; none if it is not of that form.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut rest = text;
        let mask = list(&mut rest)?;
        rest.is_empty().then_some(mask)
    }

    /// What is left of `value`; the error is a field that does not exist.
    pub(crate) fn apply(&self, value: &Value) -> Result<Value, String> {
        let Self::Only(fields) = self else { return Ok(value.clone()) };
        match value {
            Value::Array(entries) => entries.iter().map(|entry| self.apply(entry)).collect(),
            Value::Object(object) => {
                let mut out = Map::new();
                for (name, inner) in fields {
                    match object.get(name) {
                        Some(value) => {
                            out.insert(name.clone(), inner.apply(value)?);
                        }
                        None if OPTIONAL.contains(&name.as_str()) => {}
                        None => return Err(name.clone()),
                    }
                }
                Ok(Value::Object(out))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
        }
    }
}

fn list(rest: &mut &str) -> Option<Mask> {
    let mut fields = Vec::new();
    let mut all = false;
    loop {
        let (name, inner) = field(rest)?;
        all |= name == "*";
        fields.push((name, inner));
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => return Some(if all { Mask::All } else { Mask::Only(fields) }),
        }
    }
}

fn field(rest: &mut &str) -> Option<(String, Mask)> {
    *rest = rest.trim_start();
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '*').unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    if name.is_empty() {
        return None;
    }
    *rest = after;
    let inner = if let Some(after) = after.strip_prefix('/') {
        *rest = after;
        let (inner, deeper) = field(rest)?;
        if inner == "*" { Mask::All } else { Mask::Only(vec![(inner, deeper)]) }
    } else if let Some(after) = after.strip_prefix('(') {
        *rest = after;
        let inner = list(rest)?;
        *rest = rest.strip_prefix(')')?;
        inner
    } else {
        Mask::All
    };
    Some((name.to_owned(), inner))
}
