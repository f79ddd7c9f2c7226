//! The watchman of scheduled exports: what is late, missing, waiting, too big, or about to end.
//!
//! A schedule at Google makes an export every two months for one year, six in all, and is never renewed by itself. The first holds the
//! whole library, each later one what is new or edited since the last that succeeded. Owns: the judgement of the deliveries seen.
//! Invariant: pure; the moment comes in as a value, and each notice stands once. May import: nothing.
//! Tests: `src/takeout/rhythm/tests.rs`.

#[cfg(test)]
mod tests;
mod text;

use chrono::{DateTime, Months, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How long after the last export the next is late: two months are at most 62 days, and Google takes days to make one.
pub const LATE_AFTER: TimeDelta = TimeDelta::days(70);

/// How long a part may wait to be fetched.
pub const UNFETCHED_AFTER: TimeDelta = TimeDelta::days(2);

/// How long an export may still grow: a number missing among its parts counts only then.
pub const GROWING_FOR: TimeDelta = TimeDelta::days(2);

/// How long before the end of the year of exports its renewal is asked for.
pub const RENEW_BEFORE: TimeDelta = TimeDelta::days(30);

/// How long after the configured start of a schedule its first export is late.
pub const FIRST_LATE_AFTER: TimeDelta = TimeDelta::days(14);

/// An export this close to the end of a year, or later, is the first of the next: the last of six comes two months before the end.
const NEXT_YEAR_WITHIN: TimeDelta = TimeDelta::days(40);

/// The most parts that a notice names.
const NAMED_MAX: usize = 5;

/// One part of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartSeen {
    /// Its number, from 1.
    pub number: u32,
    /// Its length, bytes.
    pub bytes: u64,
    /// When it was first seen, in the inbox or in Drive.
    pub first_seen: DateTime<Utc>,
    /// When it was taken in; none while it waits.
    pub fetched: Option<DateTime<Utc>>,
}

/// One export, as far as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What its parts share, as [`PartName::export`](crate::takeout::part_name::PartName::export).
    pub export: String,
    /// When it was made; none if the name does not tell: then its first sight counts.
    pub stamp: Option<DateTime<Utc>>,
    /// The parts, in any order; two of one number count as one.
    pub parts: Vec<PartSeen>,
}

/// What Drive says of its storage, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What the account may use; none: no limit.
    pub limit: Option<u64>,
    /// What it uses.
    pub usage: u64,
}

impl Quota {
    /// What is left; none: no limit.
    pub fn free(&self) -> Option<u64> {
        self.limit.map(|limit| limit.saturating_sub(self.usage))
    }
}

/// All that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Every export seen, in any order.
    pub deliveries: Vec<Delivery>,
    /// When the schedule was set up, if the configuration tells; otherwise its first export counts.
    pub schedule_start: Option<DateTime<Utc>>,
    /// Drive's storage, if exports go there and it is known.
    pub quota: Option<Quota>,
}

/// What a notice is about; its word in JSON is never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// The next export is late.
    Late,
    /// A number is missing among the parts of an export.
    PartMissing,
    /// A part waits to be fetched.
    Unfetched,
    /// The storage of Drive will not hold the next export.
    QuotaShort,
    /// The year of exports ends soon.
    RenewSoon,
    /// The year of exports is over.
    YearOver,
}

/// Something that a person should know; it goes into the status as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is about.
    pub kind: NoticeKind,
    /// The export that it is about, if it is about one.
    pub export: Option<String>,
    /// Since when it is so.
    pub since: DateTime<Utc>,
    /// A sentence, and on a line of its own what to do, after `hint: `.
    pub text: String,
}

/// By which a notice is known again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NoticeKey {
    /// What it is about.
    kind: NoticeKind,
    /// The export that it is about, if it is about one.
    export: Option<String>,
    /// Since when it is so, where another moment makes another notice.
    since: Option<DateTime<Utc>>,
}

/// When the year of exports began and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Year {
    /// Its first export, or the moment that the configuration tells.
    pub from: DateTime<Utc>,
    /// One year later.
    pub until: DateTime<Utc>,
}

/// What a person should know at `now`, in the order of the kinds.
pub fn notices(facts: &Facts, now: DateTime<Utc>) -> Vec<Notice> {
    let mut exports: Vec<&Delivery> =
        facts.deliveries.iter().filter(|export| export.made().is_some()).collect();
    exports.sort_by_key(|export| (export.made(), &export.export));
    let year = year_of_exports(facts, now);
    // The first export of a year is whole: what is missing of earlier ones is in it.
    let first = year.and_then(|year| exports.iter().position(|export| export.made() >= Some(year.from)));
    let current = exports.get(first.unwrap_or(0)..).unwrap_or_default();
    let mut found = Vec::new();
    found.extend(late(&exports, facts.schedule_start, year, now));
    found.extend(current.iter().filter_map(|export| part_missing(export, now)));
    found.extend(current.iter().filter_map(|export| unfetched(export, now)));
    found.extend(quota_short(&exports, facts.quota, year, now));
    found.extend(end_of_year(year, now));
    found
}

/// The year of exports that counts at `now`; none if there is neither an export nor a configured start.
///
/// A year begins with the configured start, and with the first export that no year before it holds. Exports that fail leave gaps,
/// so a gap begins none: to be asked for a renewal too early harms less than too late.
pub fn year_of_exports(facts: &Facts, now: DateTime<Utc>) -> Option<Year> {
    let mut stamps: Vec<DateTime<Utc>> = facts.deliveries.iter().filter_map(Delivery::made).collect();
    stamps.extend(facts.schedule_start);
    stamps.retain(|stamp| *stamp <= now);
    stamps.sort_unstable();
    let mut year: Option<Year> = None;
    for stamp in stamps {
        let is_told = facts.schedule_start == Some(stamp);
        if is_told || year.is_none_or(|year| stamp > year.until - NEXT_YEAR_WITHIN) {
            year = stamp.checked_add_months(Months::new(12)).map(|until| Year { from: stamp, until });
        }
    }
    year
}

impl NoticeKind {
    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Late => "export late",
            Self::PartMissing => "part of an export missing",
            Self::Unfetched => "part of an export waits",
            Self::QuotaShort => "no room in Drive",
            Self::RenewSoon => "exports end soon",
            Self::YearOver => "exports ended",
        }
    }

    /// Whether it is about exports that are expected, not about one that was seen.
    pub fn is_of_schedule(self) -> bool {
        match self {
            Self::Late | Self::QuotaShort | Self::RenewSoon | Self::YearOver => true,
            Self::PartMissing | Self::Unfetched => false,
        }
    }
}

impl Notice {
    /// Its first line: what is the matter, without what to do.
    pub fn sentence(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// By which it is known again. Parts that wait and storage that is short change with every part; they are one notice for an export.
    pub fn key(&self) -> NoticeKey {
        let since = match self.kind {
            NoticeKind::Unfetched | NoticeKind::QuotaShort => None,
            NoticeKind::Late | NoticeKind::PartMissing | NoticeKind::RenewSoon | NoticeKind::YearOver => {
                Some(self.since)
            }
        };
        NoticeKey { kind: self.kind, export: self.export.clone(), since }
    }
}

impl Delivery {
    /// When it was made, as well as that is known; none if nothing of it was seen.
    pub fn made(&self) -> Option<DateTime<Utc>> {
        self.stamp.or_else(|| self.parts.iter().map(|part| part.first_seen).min())
    }

    /// The length of all parts, bytes; a number that was seen twice counts once.
    pub fn bytes(&self) -> u64 {
        let mut parts: Vec<(u32, u64)> = self.parts.iter().map(|part| (part.number, part.bytes)).collect();
        parts.sort_unstable();
        parts.dedup_by_key(|(number, _)| *number);
        parts.iter().fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }

    /// Ranges of numbers that are missing below the highest that was seen, first and last.
    ///
    /// Whether parts are missing above it cannot be known: no name tells how many there are.
    pub fn gaps(&self) -> Vec<(u32, u32)> {
        let mut numbers: Vec<u32> = self.parts.iter().map(|part| part.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mut next = 1;
        let mut gaps = Vec::new();
        for number in numbers {
            if number > next {
                gaps.push((next, number - 1));
            }
            next = number.saturating_add(1);
        }
        gaps
    }
}

fn late(
    exports: &[&Delivery],
    start: Option<DateTime<Utc>>,
    year: Option<Year>,
    now: DateTime<Utc>,
) -> Option<Notice> {
    let year = year?;
    let last = exports.iter().filter_map(|export| export.made()).filter(|made| *made <= now).max();
    let start = start.filter(|start| *start <= now && last.is_none_or(|last| last < *start));
    let since = match (start, last) {
        (Some(start), _) => start + FIRST_LATE_AFTER,
        (None, Some(last)) => last + LATE_AFTER,
        (None, None) => return None,
    };
    // After the year nothing comes any more, and that is said by itself.
    let is_due = since <= now && since < year.until && now < year.until;
    let text = || text::late(start.is_none().then_some(last).flatten(), now);
    is_due.then(|| Notice { kind: NoticeKind::Late, export: None, since, text: text() })
}

fn part_missing(export: &Delivery, now: DateTime<Utc>) -> Option<Notice> {
    let gaps = export.gaps();
    let newest = export.parts.iter().map(|part| part.first_seen).max()?;
    let since = newest + GROWING_FOR;
    (!gaps.is_empty() && since <= now).then(|| Notice {
        kind: NoticeKind::PartMissing,
        export: Some(export.export.clone()),
        since,
        text: text::part_missing(&export.export, &gaps, NAMED_MAX),
    })
}

fn unfetched(export: &Delivery, now: DateTime<Utc>) -> Option<Notice> {
    let is_fetched = |number| export.parts.iter().any(|part| part.number == number && part.fetched.is_some());
    let waiting = export.parts.iter().filter(|part| part.fetched.is_none() && !is_fetched(part.number));
    let waiting: Vec<&PartSeen> = waiting.filter(|part| part.first_seen + UNFETCHED_AFTER <= now).collect();
    let since = waiting.iter().map(|part| part.first_seen).min()? + UNFETCHED_AFTER;
    let mut numbers: Vec<u32> = waiting.iter().map(|part| part.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    Some(Notice {
        kind: NoticeKind::Unfetched,
        export: Some(export.export.clone()),
        since,
        text: text::unfetched(
            &export.export,
            numbers.len(),
            waiting.iter().fold(0, |sum, part| sum.saturating_add(part.bytes)),
        ),
    })
}

/// Compares what is free with the last export. The first of a year holds the whole library, so it is measured by the largest seen.
fn quota_short(
    exports: &[&Delivery],
    quota: Option<Quota>,
    year: Option<Year>,
    now: DateTime<Utc>,
) -> Option<Notice> {
    let free = quota?.free()?;
    let last = exports.iter().rev().find(|export| export.made().is_some_and(|made| made <= now))?;
    let is_next_whole = year.is_none_or(|year| now + RENEW_BEFORE >= year.until);
    let largest = exports.iter().map(|export| export.bytes()).max().unwrap_or(0);
    let need = if is_next_whole { largest } else { last.bytes() };
    let since = last.parts.iter().map(|part| part.first_seen).max()?;
    (need > free).then(|| Notice {
        kind: NoticeKind::QuotaShort,
        export: Some(last.export.clone()),
        since,
        text: text::quota_short(need, free, is_next_whole),
    })
}

fn end_of_year(year: Option<Year>, now: DateTime<Utc>) -> Option<Notice> {
    let year = year?;
    let soon = year.until - RENEW_BEFORE;
    if now >= year.until {
        let text = text::year_over(year.until);
        return Some(Notice { kind: NoticeKind::YearOver, export: None, since: year.until, text });
    }
    (now >= soon).then(|| Notice {
        kind: NoticeKind::RenewSoon,
        export: None,
        since: soon,
        text: text::renew_soon(year.until),
    })
}
