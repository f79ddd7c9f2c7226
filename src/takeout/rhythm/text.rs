//! The watchman's sentences: what is the matter, and after `hint: ` what to click.
//!
//! Invariant: pure; a text names at most a few parts. May import: nothing. Tests: `src/takeout/rhythm/tests.rs`.

use bytesize::ByteSize;
use chrono::{DateTime, Utc};

/// How a schedule is set up, in the words of Google's pages (2026).
const RENEW: &str = "open https://takeout.google.com as the library's account, click \"Deselect all\", tick only \"Google Photos\", \
     click \"Next step\", choose where it is to be delivered and \"Export every 2 months for 1 year\", size 50 GB, and click \
     \"Create export\"";

/// How to be told no more of exports that nobody expects.
const NONE_EXPECTED: &str = "if none are expected any more: takeout-schedule = \"none\"";

/// Where exports and their states are listed.
const MANAGE: &str = "https://takeout.google.com/manage";

fn size(bytes: u64) -> String {
    ByteSize::b(bytes).display().iec().to_string()
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}

pub(crate) fn late(last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let what = match last {
        Some(last) => {
            format!(
                "no export came since {}, {} days ago; one is due every two months",
                day(last),
                (now - last).num_days()
            )
        }
        None => "no export has come since the schedule was set up".to_owned(),
    };
    format!(
        "{what}\nhint: see {MANAGE} whether it failed or the schedule ended; to set up a new one, {RENEW}; {NONE_EXPECTED}"
    )
}

pub(crate) fn part_missing(export: &str, gaps: &[(u32, u32)], named_max: usize) -> String {
    let missing: u64 = gaps.iter().map(|(first, last)| u64::from(last - first) + 1).sum();
    let name = |(first, last): &(u32, u32)| {
        if first == last { format!("{first:03}") } else { format!("{first:03} to {last:03}") }
    };
    let mut names: Vec<String> = gaps.iter().take(named_max).map(name).collect();
    if gaps.len() > named_max {
        names.push("others".to_owned());
    }
    let parts = if missing == 1 { "1 part is".to_owned() } else { format!("{missing} parts are") };
    format!(
        "{parts} missing of the export `{export}`: {}\nhint: put what is missing beside the others, or fetch it again from {MANAGE} \
         (links end after about 7 days); without it items or their dates are missing; if it is gone there too, order a whole export anew",
        names.join(", ")
    )
}

pub(crate) fn unfetched(export: &str, parts: usize, bytes: u64) -> String {
    let parts = if parts == 1 { "1 part waits".to_owned() } else { format!("{parts} parts wait") };
    format!(
        "{parts} to be taken in for more than two days: {} of the export `{export}`\nhint: gphotos-syncd status tells what \
         holds the library up; gphotos-syncd sync takes them in now",
        size(bytes)
    )
}

pub(crate) fn quota_short(need: u64, free: u64, is_whole: bool) -> String {
    let which = if is_whole { "a whole export, as the next will be, had" } else { "the last export had" };
    format!(
        "the storage of Google Drive will not hold the next export: {which} {}, and free are {}\nhint: delete exports in Drive \
         that `status` calls safe to delete, and empty its trash; or have exports delivered by link",
        size(need),
        size(free)
    )
}

pub(crate) fn renew_soon(until: DateTime<Utc>) -> String {
    format!(
        "the year of scheduled exports ends on {}, and Google does not renew it\nhint: {RENEW}",
        day(until)
    )
}

pub(crate) fn year_over(until: DateTime<Utc>) -> String {
    format!(
        "the year of scheduled exports ended on {}: no more will come\nhint: {RENEW}; {NONE_EXPECTED}",
        day(until)
    )
}
