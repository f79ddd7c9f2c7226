//! The watch over a library's exports: what is known of their deliveries, judged by `takeout::rhythm`.
//!
//! Owns: which facts go into the judgement, and whether exports are expected at all. Invariant: changes nothing but what it is asked to
//! remember; asks nobody; a library without a source of exports is not watched. May import: `takeout`, `store`, `config`.
//! Tests: below, of the pure parts; the rest in `tests/it`.
//!
//! Exports are expected if the configuration names the day of their order, or they come by themselves (inbox), or two of them
//! came about two months apart. Who imported one by hand is not told for ever that no other came.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::config::{ExportSchedule, Library, SourceKind, Takeout};
use crate::job::Outcome;
use crate::job::drive_look::read_look;
use crate::job::faults::end_of_store;
use crate::job::import::{find_sets, list_inbox};
use crate::job::tools::{Tools, blocking};
use crate::store::{SeenPart, Store, StoreError};
use crate::takeout::rhythm::{
    Delivery, Facts, LATE_AFTER, Notice, NoticeKey, PartSeen, Quota, notices as judge,
};

/// The fact that remembers that exports come by themselves, and by which way.
const DELIVERED_FACT: &str = "exports-delivered";
/// The fact that remembers which notices were said in the journal.
const SAID_FACT: &str = "notices-said";
/// Exports that are looked at: more than ten years of six.
const EXPORTS_MAX: u32 = 64;
/// Two exports that are nearer to each other are no sign of a rhythm.
const APART_MIN: TimeDelta = TimeDelta::days(30);
/// A day begins first at UTC+14: so much earlier than in UTC.
const FIRST_ZONE: TimeDelta = TimeDelta::hours(14);

/// What a look at a library's exports found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// What a person should know.
    pub notices: Vec<Notice>,
    /// What was said of it in the journal so far, as far as that was remembered.
    pub said: BTreeSet<NoticeKey>,
}

/// What is seen of deliveries beside the index: in the inbox, and by the newest look into Drive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outside {
    /// Parts that wait to be taken in; those that the index knows too are not counted twice.
    pub(crate) waiting: Vec<SeenPart>,
    /// The storage of Drive; none: exports do not go there, or it is not known.
    pub(crate) quota: Option<Quota>,
}

/// What a person should know of the library's exports at `now`; nothing, if none of its sources brings any.
///
/// # Errors
/// See [`StoreError`].
pub async fn read_watch(store: &Store, library: &Library, now: DateTime<Utc>) -> Result<Watch, StoreError> {
    if !library.sources.iter().copied().any(brings_exports) {
        return Ok(Watch::default());
    }
    let known = store.seen_parts(EXPORTS_MAX).await?;
    let is_delivered = store.fact(DELIVERED_FACT).await?.is_some();
    let said = store.fact(SAID_FACT).await?.and_then(|text| serde_json::from_str(&text).ok());
    let outside = look_outside(store, library, now).await?;
    let notices = plan_notices(known, is_delivered, outside, &library.takeout, now);
    Ok(Watch { notices, said: said.unwrap_or_default() })
}

/// Remembers which notices were said.
///
/// # Errors
/// See [`StoreError`].
pub(crate) async fn remember_said(store: &Store, said: &BTreeSet<NoticeKey>) -> Result<(), StoreError> {
    let text = serde_json::to_string(said).unwrap_or_default();
    store.set_fact(SAID_FACT, Some(text).filter(|_| !said.is_empty())).await
}

/// Remembers that the library's exports come by themselves, by `way`.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn note_delivered(tools: &Tools, way: SourceKind) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    if tools.store.fact(DELIVERED_FACT).await.map_err(fault)?.is_some() {
        return Ok(());
    }
    tools.store.set_fact(DELIVERED_FACT, Some(way.word().to_owned())).await.map_err(fault)
}

fn brings_exports(source: SourceKind) -> bool {
    match source {
        SourceKind::LibraryApi => false,
        SourceKind::Takeout | SourceKind::Drive => true,
    }
}

async fn look_outside(store: &Store, library: &Library, now: DateTime<Utc>) -> Result<Outside, StoreError> {
    let has = |source| library.sources.contains(&source);
    let mut outside = Outside::default();
    if has(SourceKind::Drive)
        && let Some(look) = read_look(store).await?
    {
        outside.waiting = look.waiting(now);
        outside.quota = Some(look.quota());
    }
    if let Some(inbox) = library.takeout.inbox.clone().filter(|_| has(SourceKind::Takeout)) {
        outside.waiting.extend(blocking(move || waiting_in(&inbox)).await.unwrap_or_default());
    }
    Ok(outside)
}

/// The parts in an inbox. One that cannot be read holds none: the run says so.
fn waiting_in(inbox: &Path) -> Vec<SeenPart> {
    let mut waiting = Vec::new();
    for set in find_sets(list_inbox(inbox).map(|inbox| inbox.found).unwrap_or_default()) {
        for (number, found) in set.parts {
            let Some((bytes, first_seen)) = arrival(&found.path) else { continue };
            let (export, stamp) = (set.name.clone(), set.stamp);
            waiting.push(SeenPart { export, stamp, number, bytes, first_seen, is_read: false });
        }
    }
    waiting
}

/// The length, and when the file came: a copy or a move keeps the time of its bytes, but not that of its last change of state.
fn arrival(path: &PathBuf) -> Option<(u64, DateTime<Utc>)> {
    let found = std::fs::metadata(path).ok()?;
    let came = DateTime::from_timestamp(found.ctime(), 0)?;
    Some((if found.is_dir() { 0 } else { found.len() }, came))
}

/// What is to be told of what is known. `is_delivered`: exports have come by themselves before.
fn plan_notices(
    known: Vec<SeenPart>,
    is_delivered: bool,
    outside: Outside,
    settings: &Takeout,
    now: DateTime<Utc>,
) -> Vec<Notice> {
    let is_delivered = is_delivered || !outside.waiting.is_empty();
    let deliveries = deliveries_of(known, outside.waiting);
    let is_expected = settings.schedule == ExportSchedule::TwoMonthly
        && (settings.started.is_some() || is_delivered || have_rhythm(&deliveries));
    let schedule_start = settings.started.map(|day| start_for(day, &deliveries));
    let mut found = judge(&Facts { deliveries, schedule_start, quota: outside.quota }, now);
    found.retain(|notice| is_expected || !notice.kind.is_of_schedule());
    found
}

/// The exports, each with its parts; a part that waits and is known by its number is one.
fn deliveries_of(known: Vec<SeenPart>, waiting: Vec<SeenPart>) -> Vec<Delivery> {
    let mut found: BTreeMap<String, Delivery> = BTreeMap::new();
    for part in known.into_iter().chain(waiting) {
        // What has no number is an export by itself.
        let number = part.number.unwrap_or(1);
        let delivery = found.entry(part.export.clone()).or_insert_with(|| Delivery {
            export: part.export,
            stamp: part.stamp,
            parts: Vec::new(),
        });
        if !part.is_read && delivery.parts.iter().any(|seen| seen.number == number) {
            continue;
        }
        let fetched = part.is_read.then_some(part.first_seen);
        delivery.parts.push(PartSeen { number, bytes: part.bytes, first_seen: part.first_seen, fetched });
    }
    found.into_values().collect()
}

/// Whether two exports in a row are about two months apart.
fn have_rhythm(deliveries: &[Delivery]) -> bool {
    let mut made: Vec<DateTime<Utc>> = deliveries.iter().filter_map(Delivery::made).collect();
    made.sort_unstable();
    made.windows(2).any(|two| (APART_MIN..=LATE_AFTER).contains(&(two[1] - two[0])))
}

/// When the schedule that was ordered on `day` began. The day is that of a person's own clock: an export that was made on it
/// by any clock is of the schedule.
fn start_for(day: NaiveDate, deliveries: &[Delivery]) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN).and_utc();
    let on_it = |made: &DateTime<Utc>| *made < midnight && *made >= midnight - FIRST_ZONE;
    deliveries.iter().filter_map(Delivery::made).filter(on_it).min().unwrap_or(midnight)
}

#[cfg(test)]
mod tests;
