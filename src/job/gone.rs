//! When an item is gone at Google, and what becomes of its files: every decision about deletions.
//!
//! A listing *proves* absences if it is one unbroken look at the whole library: full, from its first page to the page without a token,
//! within one run, every entry readable, no item on two pages, and not empty. A listing that a later run went on with is never a proof:
//! what moved between its pages meanwhile would be missed. A page token that expires begins a new listing, which stands for itself.
//! Each listing that is no proof remembers why (`doubt`).
//!
//! An item is *absent* if the two newest proofs and every listing since the older of them began missed it. Google lists newest first and says
//! nowhere what its page tokens mean: while items are deleted, others may move up past the page that is being read. So an absence is a
//! question, never an answer: the item is *gone* only if Google, asked for its very id after that, says that it is not found. Any
//! other answer (given, not permitted, not told) leaves it as it is until the next proof. Items that only an album brought were
//! never listed, so no listing can miss them; nor was anything listed yet after a login with another OAuth application, with other
//! scopes, or one that only a person vouched for: it is shown other items.
//!
//! A file goes to the trash only if its bytes are those that were stored, no export holds the item too, and no person put it back before;
//! and only as part of a *wave* of at most 20 items, or 5 % of the library, counting those of the last day, unless a person allows more.
//!
//! Invariant: pure. May import: `google`, `store` for their plain types. Tests: below.

use chrono::{DateTime, TimeDelta, Utc};

use crate::google::BatchEntry;
use crate::store::{Fate, FullListing, Stays, Wave};

/// So many items may go whatever the size of the library (product rule 6).
const WAVE_ITEMS: u64 = 20;
/// One of so many items may go: 5 % (product rule 6).
const WAVE_SHARE: u64 = 20;
/// What went so long ago belongs to another wave.
pub(crate) const WAVE_SPAN: TimeDelta = TimeDelta::days(1);
/// How much time one look at the trash may see pass. A clock that is set ahead by years costs a day of the thirty.
const AGE_STEP_MAX: TimeDelta = TimeDelta::days(1);
/// `google.rpc.Code` for an item that does not exist.
const CODE_NOT_FOUND: i32 = 5;

/// Why a listing that a later run went on with is no proof.
pub(crate) const RESUMED: &str = "a later run went on with it";
/// Why a listing with entries that could not be read is no proof.
const MALFORMED: &str = "some of its entries could not be read";
/// Why an empty listing is no proof.
const EMPTY: &str = "it was empty";
/// Why a listing is no proof during which the login changed.
pub(crate) const OTHER_LOGIN: &str = "the login changed while it was made";
/// Why a listing is no proof that lacks what Google still gives.
pub(crate) const CONTRADICTED: &str = "it lacks many items that Google gives when asked for them";

/// Why a page makes its listing no proof: `listed` items so far, and whether it is the last page.
pub(crate) fn doubt_of_page(malformed: u64, listed: usize, is_last: bool) -> Option<&'static str> {
    match (malformed, listed) {
        (1.., _) => Some(MALFORMED),
        (0, 0) if is_last => Some(EMPTY),
        (0, _) => None,
    }
}

/// The two newest listings that prove absences, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) newest: i64,
    pub(crate) before: i64,
}

/// The proof that `listings`, newest first, give together.
pub(crate) fn proof_of(listings: &[FullListing]) -> Option<Proof> {
    let mut proofs = listings.iter().filter(|listing| listing.doubt.is_none());
    let (newest, before) = (proofs.next()?.generation, proofs.next()?.generation);
    Some(Proof { newest, before })
}

/// Whether an answer says that the item is gone.
pub(crate) fn says_gone(entry: &BatchEntry) -> bool {
    match entry {
        BatchEntry::Found(_) => false,
        BatchEntry::Refused { code, .. } => *code == CODE_NOT_FOUND,
    }
}

/// Whether a sample of `asked` items, of which Google gives `given`, says that the listings are wrong and not the items gone.
pub(crate) fn is_contradicted(asked: usize, given: usize) -> bool {
    given * 2 > asked
}

/// Whether so much would go that a person must allow it; `allowed` is how many items somebody allowed for this run.
pub(crate) fn is_held(wave: Wave, allowed: u64) -> bool {
    let together = wave.items.saturating_add(wave.lately);
    let library = wave.stored.saturating_add(wave.lately);
    wave.items > allowed && together > WAVE_ITEMS && together > library / WAVE_SHARE
}

/// By how much what is in the trash grows older at a look at `now`, if the look before was at `last`.
pub(crate) fn age_step(last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> TimeDelta {
    let passed = last.map_or(TimeDelta::zero(), |last| now.signed_duration_since(last));
    passed.clamp(TimeDelta::zero(), AGE_STEP_MAX)
}

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing.
    Nothing,
    /// The very file.
    Same,
    /// Something else, or the file with other bytes.
    Other,
}

/// What is known of one thing of the trash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thing {
    /// Whether its move was recorded as done.
    pub(crate) is_there: bool,
    /// Whether its file counts as gone.
    pub(crate) is_gone: bool,
    /// Whether Google lists the item again.
    pub(crate) is_back: bool,
    /// What lies at its place in the library.
    pub(crate) home: Look,
    /// What lies at its place in the trash.
    pub(crate) trash: Look,
}

/// What is to be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// It is moved from the trash to its place in the library; if that fails, nothing of this holds.
    pub(crate) moves_back: bool,
    /// Whether it is in the trash after that; if not, it is forgotten.
    pub(crate) is_there: bool,
    /// What becomes of its file.
    pub(crate) fate: Fate,
    /// Why the file stays from now on.
    pub(crate) stays: Option<Stays>,
}

/// What becomes of one thing of the trash between two runs.
pub(crate) fn decide_thing(thing: Thing) -> Step {
    let stay = |fate, stays| Step { moves_back: false, is_there: thing.trash == Look::Same, fate, stays };
    match (thing.home, thing.trash) {
        // Never moved, or put back by a person; a copy in the trash stays until its time is over.
        (Look::Same, _) if thing.is_gone => {
            let by_person = thing.is_there && !thing.is_back;
            stay(Fate::Stored, by_person.then_some(Stays::PutBack))
        }
        (Look::Nothing, Look::Same) if thing.is_back => {
            Step { moves_back: true, is_there: false, fate: Fate::Stored, stays: None }
        }
        _ if thing.is_gone && thing.is_back => stay(Fate::Wanted, None),
        // It vanished on the way there: not by us. It is missing as any file that somebody removes.
        (_, Look::Nothing | Look::Other) if thing.is_gone && !thing.is_there => {
            stay(Fate::Stored, Some(Stays::Changed))
        }
        _ => stay(Fate::Same, None),
    }
}

#[cfg(test)]
#[path = "gone_tests.rs"]
mod tests;
