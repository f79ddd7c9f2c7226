//! Tests of `quota`.

use super::{Quotas, day_in_california};
use crate::settings::{Class, Quota, Window};

/// How many of `n` requests, one every `gap_ms`, are admitted.
fn admitted(quota: Quota, n: i64, gap_ms: i64) -> usize {
    let mut quotas = Quotas::default();
    let quota = [quota];
    (0..n).filter(|i| quotas.admit(&quota, Class::Api, Some("a"), 1, i * gap_ms).is_ok()).count()
}

#[test]
fn each_kind_of_window_admits_what_it_says() {
    let limit = 10;
    assert_eq!(admitted(Quota::new(Class::Api, Window::Fixed { limit, every_secs: 60 }), 100, 1000), 20);
    assert_eq!(admitted(Quota::new(Class::Api, Window::Sliding { limit, every_secs: 60 }), 100, 1000), 20);
    let bucket = Window::Bucket { per_second: 0.5, burst: 10.0 };
    assert_eq!(admitted(Quota::new(Class::Api, bucket), 100, 1000), 59);
    assert_eq!(admitted(Quota::new(Class::Api, Window::Day { limit }), 100, 1000), 10);
    assert_eq!(admitted(Quota::new(Class::Media, Window::Day { limit }), 100, 1000), 100);
}

#[test]
fn refused_requests_count_only_if_asked_for() {
    let mut quota = Quota::new(Class::Api, Window::Sliding { limit: 10, every_secs: 60 });
    quota.count_refused = true;
    assert_eq!(admitted(quota, 300, 1000), 10);
}

#[test]
fn the_wait_that_is_told_is_the_wait_that_helps() {
    let windows = [
        Window::Fixed { limit: 3, every_secs: 60 },
        Window::Sliding { limit: 3, every_secs: 60 },
        Window::Bucket { per_second: 0.1, burst: 3.0 },
        Window::Day { limit: 3 },
    ];
    for window in windows {
        let (mut quotas, quota) = (Quotas::default(), [Quota::new(Class::Api, window)]);
        let now = 1_700_000_000_123;
        let refused = (0..4).find_map(|_| quotas.admit(&quota, Class::Api, None, 1, now).err()).unwrap();
        assert!(refused.wait_ms > 0);
        assert!(quotas.admit(&quota, Class::Api, None, 1, now + refused.wait_ms - 10).is_err(), "{window:?}");
        assert!(quotas.admit(&quota, Class::Api, None, 1, now + refused.wait_ms).is_ok(), "{window:?}");
    }
}

#[test]
fn accounts_are_counted_apart_if_asked_for() {
    let mut quota = Quota::new(Class::Api, Window::Day { limit: 1 });
    quota.per_account = true;
    let (mut quotas, quota) = (Quotas::default(), [quota]);
    assert!(quotas.admit(&quota, Class::Api, Some("a"), 1, 0).is_ok());
    assert!(quotas.admit(&quota, Class::Api, Some("b"), 1, 0).is_ok());
    assert!(quotas.admit(&quota, Class::Api, Some("a"), 1, 0).is_err());
}

#[test]
fn a_day_ends_at_midnight_in_california_also_when_the_clocks_change() {
    let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis();
    let summer = (at("2026-07-01T00:00:00-07:00"), at("2026-07-02T00:00:00-07:00"));
    assert_eq!(day_in_california(at("2026-07-02T06:59:59Z")), summer);
    let longest = (at("2026-11-01T00:00:00-07:00"), at("2026-11-02T00:00:00-08:00"));
    assert_eq!(day_in_california(at("2026-11-01T12:00:00Z")), longest);
}

#[test]
fn units_are_charged_and_the_wait_for_many_of_them_is_told() {
    let windows = [
        Window::Fixed { limit: 450, every_secs: 60 },
        Window::Sliding { limit: 450, every_secs: 60 },
        Window::Bucket { per_second: 10.0, burst: 450.0 },
        Window::Day { limit: 450 },
    ];
    for window in windows {
        let (mut quotas, quota) = (Quotas::default(), [Quota::new(Class::Drive, window)]);
        let now = 1_700_000_000_123;
        let mut ask = |units, at| quotas.admit(&quota, Class::Drive, None, units, at);
        assert!([5, 100, 100, 200].into_iter().all(|units| ask(units, now).is_ok()), "{window:?}");
        assert!(ask(5, now).is_ok(), "{window:?}: what is left is enough for a small one");
        let refused = ask(200, now).unwrap_err();
        assert!(ask(200, now + refused.wait_ms - 10).is_err(), "{window:?}");
        assert!(ask(200, now + refused.wait_ms).is_ok(), "{window:?}");
    }
}
