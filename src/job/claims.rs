//! Which files this run has in hand, so that none is fetched twice in it.
//!
//! Owns: the set of claimed files. Invariant: pure and bounded by what is in hand; a file is released only after the
//! index knows how its try ended. May import: `media`, `store` for its plain types. Tests: below.
//!
//! The index may be asked for wanted files while others are being committed. What it answers is then older than
//! the commit, and may name a file that was released in between; such late releases are remembered until the answer
//! has been taken in.

use std::collections::HashSet;

use crate::media::MediaId;
use crate::store::FilePart;

/// One file: whose, and which.
pub(crate) type Key = (MediaId, FilePart);

/// The files in hand.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    held: HashSet<Key>,
    asking: bool,
    released_meanwhile: HashSet<Key>,
}

impl Claims {
    /// The index is being asked which files are wanted.
    pub(crate) fn begin_asking(&mut self) {
        self.asking = true;
        self.released_meanwhile.clear();
    }

    /// The index has answered with `keys`: those that nobody has in hand, or had when it was asked, are claimed. Tells for each
    /// key, in order, whether it was claimed.
    pub(crate) fn end_asking<'a>(&mut self, keys: impl Iterator<Item = &'a Key>) -> Vec<bool> {
        let claimed =
            keys.map(|key| !self.released_meanwhile.contains(key) && self.held.insert(key.clone())).collect();
        self.asking = false;
        self.released_meanwhile.clear();
        claimed
    }

    /// Claims one file that came up otherwise; whether nobody had it.
    pub(crate) fn claim(&mut self, key: Key) -> bool {
        self.held.insert(key)
    }

    /// The index knows how the try of `key` ended.
    pub(crate) fn release(&mut self, key: Key) {
        if self.held.remove(&key) && self.asking {
            self.released_meanwhile.insert(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::job::claims::{Claims, Key};
    use crate::media::MediaId;
    use crate::store::FilePart;

    fn key(id: &str) -> Key {
        (MediaId(id.to_owned()), FilePart::Main)
    }

    fn ask(claims: &mut Claims, ids: &[&str]) -> Vec<bool> {
        claims.begin_asking();
        let keys: Vec<Key> = ids.iter().map(|id| key(id)).collect();
        claims.end_asking(keys.iter())
    }

    #[test]
    fn a_file_in_hand_is_not_claimed_again() {
        let mut claims = Claims::default();
        assert_eq!(ask(&mut claims, &["a", "b", "a"]), [true, true, false]);
        assert_eq!(ask(&mut claims, &["b", "c"]), [false, true]);
        assert!(!claims.claim(key("c")));
    }

    #[test]
    fn a_released_file_can_be_claimed_again() {
        let mut claims = Claims::default();
        assert_eq!(ask(&mut claims, &["a"]), [true]);
        claims.release(key("a"));
        assert_eq!(ask(&mut claims, &["a"]), [true]);
    }

    #[test]
    fn an_answer_older_than_a_release_does_not_claim_the_file() {
        let mut claims = Claims::default();
        assert_eq!(ask(&mut claims, &["a"]), [true]);
        claims.begin_asking();
        claims.release(key("a"));
        assert_eq!(claims.end_asking([key("a"), key("b")].iter()), [false, true]);
        assert_eq!(ask(&mut claims, &["a"]), [true], "the next answer is newer than the release");
    }

    #[test]
    fn a_still_and_its_clip_are_two_files() {
        let mut claims = Claims::default();
        assert!(claims.claim(key("a")));
        assert!(claims.claim((MediaId("a".to_owned()), FilePart::Motion)));
    }
}
