//! Page tokens: opaque, good for one query only, and for a while.

use crate::clock::{Millis, millis};
use crate::library::Call;
use crate::reply::ApiError;
use crate::rng;

/// Where the next page begins: after a place that two numbers name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) first: i64,
    pub(crate) second: u64,
}

/// What is wrong with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageFault {
    /// Nothing.
    None,
    /// It has no entries, though a token for those that it should have had.
    Empty,
    /// Its token leads to itself.
    Repeated,
    /// So many of its first entries have moved to the page before, unless it is the first.
    MovedUp(usize),
}

impl PageFault {
    /// How many entries are left out of the page after `after`.
    pub(crate) fn left_out(self, after: Option<Mark>) -> usize {
        match self {
            Self::MovedUp(entries) if after.is_some() => entries,
            Self::None | Self::Empty | Self::Repeated | Self::MovedUp(_) => 0,
        }
    }
}

/// Stands for "before the first entry".
pub(crate) const START: Mark = Mark { first: i64::MIN, second: u64::MAX };

/// A token for what follows `mark` in the query of `query_hash`.
pub(crate) fn write(call: &Call<'_>, query_hash: u64, mark: Mark) -> String {
    let query = rng::mix2(query_hash, call.account.seed);
    let mut body = call.now.to_le_bytes().to_vec();
    body.extend(mark.first.to_le_bytes());
    body.extend(mark.second.to_le_bytes());
    body.extend(check(call.seed, query, call.now, mark).to_le_bytes());
    format!("Ck{}", rng::base64url(&body))
}

/// The place that `token` names; none for "from the beginning".
pub(crate) fn read(call: &Call<'_>, query_hash: u64, token: Option<&str>) -> Result<Option<Mark>, ApiError> {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
    let invalid = || ApiError::invalid("Request contains an invalid argument.");
    let body = token.strip_prefix("Ck").and_then(rng::from_base64url).ok_or_else(invalid)?;
    let word =
        |at: usize| body.get(at..at + 8).and_then(|part| <[u8; 8]>::try_from(part).ok()).ok_or_else(invalid);
    let issued = Millis::from_le_bytes(word(0)?);
    let mark = Mark { first: i64::from_le_bytes(word(8)?), second: u64::from_le_bytes(word(16)?) };
    let query = rng::mix2(query_hash, call.account.seed);
    if u64::from_le_bytes(word(24)?) != check(call.seed, query, issued, mark) {
        return Err(invalid());
    }
    if call.page_token_life.is_some_and(|life| issued + millis(life) <= call.now) {
        return Err(invalid());
    }
    Ok((mark != START).then_some(mark))
}

fn check(seed: u64, query: u64, issued: Millis, mark: Mark) -> u64 {
    let bits = |number: i64| u64::from_le_bytes(number.to_le_bytes());
    rng::mix2(rng::mix2(seed, query), rng::mix2(bits(issued), rng::mix2(bits(mark.first), mark.second)))
}
