//! Identifiers that look like Google's and carry their number.

use crate::rng;

/// What Library API identifiers begin with.
const PREFIX: &str = "AGj1ep";
/// Bytes behind the prefix; with Base64 the whole is 70 characters.
const BODY_BYTES: usize = 48;

/// The identifier of thing `number` of the account grown from `seed`.
pub(crate) fn make(seed: u64, number: u64) -> String {
    let mut body = (number ^ rng::mix(seed)).to_le_bytes().to_vec();
    body.extend(rng::bytes(rng::mix2(seed, number), BODY_BYTES - 8));
    format!("{PREFIX}{}", rng::base64url(&body))
}

/// The number in `id`, if [`make`] made it for this account.
pub(crate) fn number_of(seed: u64, id: &str) -> Option<u64> {
    let body = rng::from_base64url(id.strip_prefix(PREFIX)?)?;
    let number = u64::from_le_bytes(body.get(..8)?.try_into().ok()?) ^ rng::mix(seed);
    (make(seed, number) == id).then_some(number)
}
