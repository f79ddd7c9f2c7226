//! `[limits]`: what all libraries share, because Google counts quota by project.
//!
//! May import: nothing. Tests: `src/config/tests/`.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::config::fault::{Fault, Faults};
use crate::config::file::RawLimits;
use crate::config::hours::SpeedWindows;
use crate::config::raw::Raw;
use crate::config::value::{Wrong, count, number, read, size, time, truth};

/// The slowest ceiling, requests per second: one in 17 minutes still ends some day.
const PER_SECOND_MIN: f64 = 0.001;
/// The fastest ceiling, requests per second: far above what Google allows any project.
const PER_SECOND_MAX: f64 = 1_000_000.0;
/// The largest daily quota, requests: far above what Google grants.
const PER_DAY_MAX: u64 = 1_000_000_000;
/// Downloads at once: more only wait for each other at the media pace, and cost memory.
const DOWNLOADS_MAX: u64 = 64;
/// The slowest transfer, bytes per second: below it a large video outlives its address many times.
pub(crate) const BYTES_PER_SECOND_MIN: u64 = 1 << 10;
/// The fastest transfer, bytes per second: above any network card.
pub(crate) const BYTES_PER_SECOND_MAX: u64 = 1 << 40;
/// The most bytes of a day from Drive: a larger figure is a slip of the unit.
const DRIVE_BYTES_MAX: u64 = 1 << 50;
/// The most room to keep free, bytes: a larger figure is a slip of the unit.
const MIN_FREE_SPACE_MAX: u64 = 1 << 50;
/// The shortest rest: only a test server forgives it.
const REST_MIN: Duration = Duration::from_millis(10);
/// The longest rest: a throttle of Google's minute quotas is over sooner.
const REST_MAX: Duration = Duration::from_secs(3600);
/// The shortest first rest after a passing fault: only a test server forgives it.
const FAULT_REST_MIN: Duration = Duration::from_millis(1);
/// The longest first rest after a passing fault: the later ones of a file grow to thirty times it.
const FAULT_REST_MAX: Duration = Duration::from_secs(60);
/// The shortest silence that ends a transfer: less is common between two continents.
const STALL_MIN: Duration = Duration::from_millis(100);
/// The longest silence that is borne: more would hold a download's place for nothing.
const STALL_MAX: Duration = Duration::from_secs(600);

/// The limits that all libraries share.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Ceiling of the API pace, requests per second; default 10.
    pub api_requests_per_second: f64,
    /// Ceiling of the media pace, requests per second; default 30.
    pub media_requests_per_second: f64,
    /// API requests in one Pacific day; 0: not counted; default 10,000, Google's quota.
    pub api_requests_per_day: u64,
    /// Media requests in one Pacific day; 0: not counted; default 75,000, Google's quota.
    pub media_requests_per_day: u64,
    /// Bytes that all libraries together fetch from Drive in one Pacific day; 0: not counted; default 750 GiB of Google's 1 TB.
    pub drive_bytes_per_day: u64,
    /// Whether a day's requests are spread over what is left of the day; default no.
    pub spread_over_day: bool,
    /// Downloads at once, all libraries together; default 8.
    pub downloads: usize,
    /// Bytes per second of all downloads together; none: not limited.
    pub bytes_per_second: Option<u64>,
    /// Bytes per second that are hashed again, all libraries together; none: not limited; default 32 MiB, a fraction of what one disk gives.
    pub verify_bytes_per_second: Option<u64>,
    /// A library stops fetching when its file system has less room than this, bytes; default 2 GiB.
    pub min_free_space: u64,
    /// The least rest of a request that was answered 429 without `Retry-After`; default 30 s, Google's advice.
    pub rest_after_429: Duration,
    /// The first rest after a passing fault, such as a broken connection; default 1 s, Google's advice for 5xx. Further
    /// rests of the same request grow to thirty times it.
    pub rest_after_fault: Duration,
    /// How long Google may stay silent before an answer, or between two pieces of a file; default 60 s, as Google's
    /// own front ends.
    pub stall_timeout: Duration,
    /// Times of the week in which downloads have another speed.
    pub windows: SpeedWindows,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            api_requests_per_second: 10.0,
            media_requests_per_second: 30.0,
            api_requests_per_day: 10_000,
            media_requests_per_day: 75_000,
            drive_bytes_per_day: 750 << 30,
            spread_over_day: false,
            downloads: 8,
            bytes_per_second: None,
            verify_bytes_per_second: Some(32 << 20),
            min_free_space: 2 << 30,
            rest_after_429: Duration::from_secs(30),
            rest_after_fault: Duration::from_secs(1),
            stall_timeout: Duration::from_secs(60),
            windows: SpeedWindows::default(),
        }
    }
}

/// The limits that `raw` sets, defaults for the rest.
pub(crate) fn build(raw: &RawLimits, faults: &mut Faults) -> Limits {
    let default = Limits::default();
    let mut per_second = |key: &str, leaf, default| {
        read(key, leaf, default, faults, |raw| number(raw, PER_SECOND_MIN, PER_SECOND_MAX))
    };
    let api_requests_per_second = per_second(
        "api-requests-per-second",
        raw.api_requests_per_second.as_ref(),
        default.api_requests_per_second,
    );
    let media_requests_per_second = per_second(
        "media-requests-per-second",
        raw.media_requests_per_second.as_ref(),
        default.media_requests_per_second,
    );
    let mut per_day =
        |key: &str, leaf, default| read(key, leaf, default, faults, |raw| count(raw, 0, PER_DAY_MAX));
    let api_requests_per_day =
        per_day("api-requests-per-day", raw.api_requests_per_day.as_ref(), default.api_requests_per_day);
    let media_requests_per_day = per_day(
        "media-requests-per-day",
        raw.media_requests_per_day.as_ref(),
        default.media_requests_per_day,
    );
    let mut size_up_to =
        |key: &str, leaf, default, most| read(key, leaf, default, faults, |raw| size(raw, 0, most));
    let (drive, free) = (raw.drive_bytes_per_day.as_ref(), raw.min_free_space.as_ref());
    let drive_bytes_per_day =
        size_up_to("drive-bytes-per-day", drive, default.drive_bytes_per_day, DRIVE_BYTES_MAX);
    let min_free_space = size_up_to("min-free-space", free, default.min_free_space, MIN_FREE_SPACE_MAX);
    let bytes_per_second = read("bytes-per-second", raw.bytes_per_second.as_ref(), None, faults, speed);
    let verify = raw.verify_bytes_per_second.as_ref();
    let verify_bytes_per_second =
        read("verify-bytes-per-second", verify, default.verify_bytes_per_second, faults, verify_speed);
    let downloads = read("downloads", raw.downloads.as_ref(), default.downloads, faults, |raw| {
        count(raw, 1, DOWNLOADS_MAX).map(|n| usize::try_from(n).unwrap_or(usize::MAX))
    });
    let spread_over_day =
        read("spread-over-day", raw.spread_over_day.as_ref(), default.spread_over_day, faults, truth);
    let [rest_after_429, rest_after_fault, stall_timeout] = waits(raw, &default, faults);
    let limits = Limits {
        api_requests_per_second,
        media_requests_per_second,
        api_requests_per_day,
        media_requests_per_day,
        drive_bytes_per_day,
        spread_over_day,
        downloads,
        bytes_per_second,
        verify_bytes_per_second,
        min_free_space,
        rest_after_429,
        rest_after_fault,
        stall_timeout,
        windows: default.windows,
    };
    check_spread(raw, &limits, faults);
    limits
}

/// A day that is to be spread must have a budget.
fn check_spread(raw: &RawLimits, limits: &Limits, faults: &mut Faults) {
    let Some(leaf) = raw.spread_over_day.as_ref().filter(|_| limits.spread_over_day) else { return };
    if limits.api_requests_per_day != 0 || limits.media_requests_per_day != 0 {
        return;
    }
    let title = "`spread-over-day` has nothing to spread: neither class of requests has a daily budget";
    let mut fault =
        Fault::at(leaf.place.clone(), title, "both budgets are 0: what is not counted cannot be spread");
    if let Some(budget) = &raw.media_requests_per_day {
        fault = fault.also(budget.place.clone(), "no budget");
    }
    faults.push(
        fault.hint("set `api-requests-per-day` or `media-requests-per-day`, or remove `spread-over-day`"),
    );
}

/// The rests after 429 and after a fault, and the longest silence.
fn waits(raw: &RawLimits, default: &Limits, faults: &mut Faults) -> [Duration; 3] {
    let mut span = |key: &str, leaf, default, allowed: RangeInclusive<Duration>| {
        read(key, leaf, default, faults, |raw| time(raw, *allowed.start(), *allowed.end()))
    };
    let after_fault = raw.rest_after_fault.as_ref();
    [
        span("rest-after-429", raw.rest_after_429.as_ref(), default.rest_after_429, REST_MIN..=REST_MAX),
        span("rest-after-fault", after_fault, default.rest_after_fault, FAULT_REST_MIN..=FAULT_REST_MAX),
        span("stall-timeout", raw.stall_timeout.as_ref(), default.stall_timeout, STALL_MIN..=STALL_MAX),
    ]
}

/// How fast stored files are hashed again; `"0 B"`: as fast as they can be read.
fn verify_speed(raw: &Raw) -> Result<Option<u64>, Wrong> {
    let speed = size(raw, 0, BYTES_PER_SECOND_MAX)?;
    match speed {
        0 => Ok(None),
        BYTES_PER_SECOND_MIN.. => Ok(Some(speed)),
        _ => Err(Wrong::new(
            "too slow: no library would ever be gone through",
            "`\"0 B\"` (not limited), or at least \"1 KiB\"",
        )),
    }
}

/// The speed of all downloads together.
fn speed(raw: &Raw) -> Result<Option<u64>, Wrong> {
    let hint = "write the speed as `\"20 MiB\"`; without the key there is no limit";
    size(raw, BYTES_PER_SECOND_MIN, BYTES_PER_SECOND_MAX).map(Some).map_err(|wrong| wrong.or_hint(hint))
}
