//! Base URLs: unguessable, and they carry what they stand for, so that nothing need be remembered.

use crate::clock::Millis;
use crate::rng;

/// Bytes of one address: account, item, time, two checks, filler. Google's are about as long.
const BODY_BYTES: usize = 96;

/// What a base URL says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MediaUrl {
    /// The seed of its account.
    pub(crate) account: u64,
    /// The number of its item.
    pub(crate) number: u64,
    /// When it was made.
    pub(crate) issued_ms: Millis,
}

impl MediaUrl {
    /// The path's last part, without a suffix.
    pub(crate) fn write(&self, seed: u64) -> String {
        let masked = self.number ^ rng::mix2(seed, self.check(seed));
        let mut body = Vec::with_capacity(BODY_BYTES);
        body.extend(self.check(seed).to_le_bytes());
        body.extend(masked.to_le_bytes());
        body.extend((self.account ^ seed).to_le_bytes());
        body.extend(self.issued_ms.to_le_bytes());
        body.extend(rng::bytes(self.check(seed), BODY_BYTES - body.len()));
        rng::base64url(&body)
    }

    /// Reads [`MediaUrl::write`] back; none if it was made up.
    pub(crate) fn read(text: &str, seed: u64) -> Option<Self> {
        let body = rng::from_base64url(text)?;
        let word = |at: usize| Some(u64::from_le_bytes(body.get(at..at + 8)?.try_into().ok()?));
        let check = word(0)?;
        let url = Self {
            number: word(8)? ^ rng::mix2(seed, check),
            account: word(16)? ^ seed,
            issued_ms: i64::from_le_bytes(word(24)?.to_le_bytes()),
        };
        (url.check(seed) == check).then_some(url)
    }

    fn check(&self, seed: u64) -> u64 {
        let issued = u64::from_le_bytes(self.issued_ms.to_le_bytes());
        rng::mix2(rng::mix2(seed, self.account), rng::mix2(self.number, issued))
    }
}

#[cfg(test)]
mod tests {
    use super::MediaUrl;

    #[test]
    fn a_base_url_reads_back_and_a_changed_one_does_not() {
        let url = MediaUrl { account: 7, number: 1 << 33, issued_ms: 1_700_000_000_000 };
        let text = url.write(42);
        assert_eq!(text.len(), 128);
        assert!(!text.contains('='));
        assert_eq!(MediaUrl::read(&text, 42), Some(url));
        assert_eq!(MediaUrl::read(&text, 43), None);
        assert_eq!(MediaUrl::read(&text.replacen(&text[..1], "_", 1), 42), None);
        assert_eq!(MediaUrl::read("x", 42), None);
    }
}
