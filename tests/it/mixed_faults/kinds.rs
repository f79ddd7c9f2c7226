//! The kinds of faults that are drawn, and how often each hits.

use super::dice::Dice;
use fake_google::{Effect, Endpoint, Fault, Field};

/// The calls that a run makes.
const CALLS: &[Endpoint] = &[
    Endpoint::MediaItemsList,
    Endpoint::MediaItemsSearch,
    Endpoint::AlbumsList,
    Endpoint::MediaItemsBatchGet,
];
/// Those that list.
const LISTS: &[Endpoint] = &[Endpoint::MediaItemsList, Endpoint::MediaItemsSearch, Endpoint::AlbumsList];
/// The listing of the library.
const ITEMS: &[Endpoint] = &[Endpoint::MediaItemsList];
/// Fresh addresses.
const BATCH: &[Endpoint] = &[Endpoint::MediaItemsBatchGet];
/// Bytes.
const MEDIA: &[Endpoint] = &[Endpoint::Media];
/// Fresh bearers.
const TOKEN: &[Endpoint] = &[Endpoint::Token];

/// One kind of fault.
pub(crate) struct Kind {
    /// What it is, for the tally.
    pub(crate) name: &'static str,
    /// What it hits.
    on: &'static [Endpoint],
    /// Its greatest chance, in a thousand.
    per_mille: u64,
    /// One of its kind.
    effect: fn(&mut Dice) -> Effect,
}

/// Entries of a listing that have moved where nobody looks any more: the one fault that no client can see.
pub(crate) const MOVED: &str = "items that moved between pages";

macro_rules! kinds {
    ($($name:expr, $on:ident, $per_mille:literal, $effect:expr;)*) => {
        &[$(Kind { name: $name, on: $on, per_mille: $per_mille, effect: $effect }),*]
    };
}

/// All kinds. Statuses, connections and bodies hit calls and bytes alike; what a run cannot go on after is rare.
pub(crate) const KINDS: &[Kind] = kinds! {
    "5xx of a call", CALLS, 100, |dice| Effect::status(*dice.pick(&[500, 502, 503, 504]));
    "5xx of bytes", MEDIA, 150, |dice| Effect::status(*dice.pick(&[500, 502, 503, 504]));
    "5xx of a token", TOKEN, 600, |dice| Effect::status(*dice.pick(&[500, 503]));
    "reset before the answer to a call", CALLS, 200, |_| Effect::Reset;
    "reset before bytes", MEDIA, 100, |_| Effect::Reset;
    "reset in an answer", CALLS, 200, |dice| Effect::ResetAfter { bytes: dice.below(400) };
    "reset in bytes", MEDIA, 100, |dice| Effect::ResetAfter { bytes: dice.below(900) };
    "answer shorter than announced", CALLS, 200, |dice| Effect::Truncate { bytes: dice.below(400) };
    "bytes shorter than announced", MEDIA, 150, |dice| Effect::Truncate { bytes: dice.below(900) };
    "bytes longer than announced", MEDIA, 150, |dice| Effect::Surplus { bytes: 1 + dice.below(2_000) };
    "answer longer than announced", CALLS, 200, |dice| Effect::Surplus { bytes: 1 + dice.below(2_000) };
    "stall in an answer", CALLS, 60, |dice| Effect::Stall { bytes: dice.below(400) };
    "stall in bytes", MEDIA, 30, |dice| Effect::Stall { bytes: dice.below(900) };
    "no answer to a call", CALLS, 60, |_| Effect::Hang;
    "no bytes at all", MEDIA, 30, |_| Effect::Hang;
    "late answer", CALLS, 100, |dice| Effect::Delay { ms: dice.below(80) };
    "late bytes", MEDIA, 100, |dice| Effect::Delay { ms: dice.below(80) };
    "slow drip", MEDIA, 60, |dice| Effect::Drip { bytes: 200 + dice.below(400), every_ms: dice.below(15) };
    "gzip that nobody asked for", MEDIA, 100, |_| Effect::GzipMedia;
    "HTML with 200 for a call", CALLS, 200, |_| Effect::HtmlOk;
    "HTML with 200 for bytes", MEDIA, 150, |_| Effect::HtmlOk;
    "HTML with 200 for a token", TOKEN, 600, |_| Effect::HtmlOk;
    "nothing with 200 for a call", CALLS, 200, |_| Effect::EmptyOk;
    "nothing with 200 for bytes", MEDIA, 100, |_| Effect::EmptyOk;
    "wrong type", MEDIA, 100, |dice| {
        let kinds = ["text/html", "application/json", "application/pdf", "text/plain"];
        Effect::ContentType { value: (*dice.pick(&kinds)).to_owned() }
    };
    "truncated JSON", CALLS, 200, |_| Effect::TruncatedJson;
    "repeated page", LISTS, 300, |_| Effect::RepeatPage;
    "repeated entry", LISTS, 300, |_| Effect::RepeatItem;
    "empty page", LISTS, 200, |_| Effect::EmptyPage;
    "expired page token", ITEMS, 150, |_| Effect::ExpirePageToken;
    MOVED, ITEMS, 200, |dice| Effect::MoveUp { entries: 1 + dice.below(20) };
    "entry without a field", ITEMS, 200, |dice| {
        let fields = [Field::BaseUrl, Field::CreationTime, Field::MimeType, Field::MediaMetadata, Field::Id];
        Effect::Omit { field: *dice.pick(&fields) }
    };
    "null in a batch", BATCH, 500, |_| Effect::BatchNull;
    "nothing in a batch", BATCH, 500, |_| Effect::BatchEmpty;
    "refusal in a batch", BATCH, 500, |dice| {
        Effect::BatchRefuse { code: *dice.pick(&[5, 7, 13, 14]), message: "Backend error.".to_owned() }
    };
    "401 on a good token", CALLS, 200, |_| Effect::status(401);
    "401 on bytes", MEDIA, 100, |_| Effect::status(401);
    "404 on bytes", MEDIA, 150, |_| Effect::status(404);
    "403 on bytes", MEDIA, 150, |_| Effect::status(403);
    "410 on bytes", MEDIA, 60, |_| Effect::status(410);
    "416 on bytes", MEDIA, 60, |_| Effect::status(416);
    "redirect of a call", CALLS, 8, |_| elsewhere();
    "redirect of bytes", MEDIA, 60, |_| elsewhere();
    "404 on a call", LISTS, 8, |_| Effect::status(404);
};

fn elsewhere() -> Effect {
    Effect::Redirect { location: "http://192.0.2.1/elsewhere".to_owned() }
}

fn refusal(dice: &mut Dice) -> Effect {
    let after = dice.pick(&[None, Some("0"), Some("soon")]);
    Effect::Status { status: 429, retry_after: after.map(str::to_owned) }
}

impl Kind {
    /// A rule of this kind, with a chance up to its greatest.
    pub(crate) fn draw(&self, dice: &mut Dice) -> Fault {
        let chance = (1 + dice.below(self.per_mille)) as f64 / 1_000.0;
        Fault::on(self.on, (self.effect)(dice)).chance(chance, dice.roll())
    }
}

/// A storm: for a while every request for bytes is refused for quota.
pub(crate) fn storm(dice: &mut Dice) -> Fault {
    Fault::on(MEDIA, refusal(dice)).skip(dice.below(300)).times(1 + dice.below(12))
}

/// A call or two that are refused for quota.
pub(crate) fn refused_call(dice: &mut Dice) -> Fault {
    Fault::on(CALLS, refusal(dice)).skip(dice.below(6)).times(1 + dice.below(2))
}
