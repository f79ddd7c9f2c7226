//! Texts that must never be shown: tokens, codes, the client secret, addresses of bytes.
//!
//! Invariant: no `Display`, and `Debug` prints `****`; only [`Secret::expose`] gives the text out,
//! so that a search for `expose` finds every place where a secret leaves its box. May import: nothing.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// Hex digits of a fingerprint: enough to tell secrets apart, too few to learn anything.
const FINGERPRINT_DIGITS: usize = 16;

/// A text that no log, error or status may show.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes the text into the box.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for a request's header or body, or the token file.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A short digest (SHA-256, cut to 16 hex digits), to see that the text was replaced; it may be kept and shown.
    pub fn fingerprint(&self) -> String {
        let mut digits = format!("{:x}", Sha256::digest(self.0.as_bytes()));
        digits.truncate(FINGERPRINT_DIGITS);
        digits
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

#[cfg(test)]
mod tests {
    use crate::secret::Secret;

    #[test]
    fn debug_output_never_shows_the_text() {
        let shown = format!("{:?} {:#?}", Secret::new("ya29.token"), Some(Secret::new("GOCSPX-x")));
        assert!(!shown.contains("ya29") && !shown.contains("GOCSPX"), "{shown}");
    }
}
