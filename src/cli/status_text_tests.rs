//! What a person reads of the status.

use chrono::{DateTime, TimeDelta, Utc};
use std::path::PathBuf;

use crate::cli::status_text::text_of;
use crate::media::LibraryName;
use crate::status::{
    ClassStatus, DaemonStatus, FailureStatus, LibraryState, LibraryStatus, Progress, RunEnd, RunSummary,
    SpeedStatus, TokenHealth,
};
use crate::takeout::rhythm::{Notice, NoticeKind};

fn now() -> DateTime<Utc> {
    "2026-11-22T16:00:00Z".parse().expect("legal")
}

fn library() -> LibraryStatus {
    LibraryStatus {
        name: LibraryName::try_new("alice").expect("legal"),
        root: PathBuf::from("/srv/alice"),
        state: LibraryState::Running,
        detail: String::new(),
        until: None,
        last_run: Some(RunSummary {
            run: 7,
            started: now() - TimeDelta::hours(2),
            finished: now() - TimeDelta::hours(1),
            end: RunEnd::Incomplete,
            reason: Some("2 items failed".to_owned()),
            full: true,
            listed: 12_000,
            new: 5,
            downloaded: 3,
            bytes: 2_048,
            failed: 2,
            trashed: 0,
            returned: 0,
            purged: 0,
            api_requests: 120,
            media_requests: 5,
        }),
        last_complete: None,
        next_run: None,
        items: 12_000,
        files: 11_998,
        bytes: 1_073_741_824,
        wanted: 2,
        failed: 2,
        failures: (0..7)
            .map(|n| FailureStatus {
                path: format!("photos/2024/05/{n}.jpg"),
                tries: 4,
                reason: "the server answered 500".to_owned(),
                next_try: None,
            })
            .collect(),
        token: TokenHealth::Good {
            dies_at: Some(now() + TimeDelta::hours(30)),
            unsaved: Some("it cannot be saved: why".to_owned()),
        },
        progress: Some(Progress {
            wanted: 9,
            downloaded: 4,
            waiting: "the pace".to_owned(),
            ..Progress::default()
        }),
        exports: Vec::new(),
        sources: Vec::new(),
        notices: Vec::new(),
        verify: None,
        rebuilding: false,
        deletions: crate::status::DeletionStatus::default(),
    }
}

fn daemon(libraries: Vec<LibraryStatus>, limits: Vec<ClassStatus>) -> DaemonStatus {
    let config = PathBuf::from("/etc/gphotos-syncd/config.toml");
    DaemonStatus {
        version: "0.1.0".to_owned(),
        config,
        pid: Some(42),
        started: None,
        libraries,
        limits,
        speed: None,
    }
}

#[test]
fn everything_that_a_person_asks_is_in_the_text() {
    let class = ClassStatus {
        class: "api".to_owned(),
        pace: 2.5,
        ceiling: 10.0,
        ceiling_told: false,
        mode: "steady".to_owned(),
        day_used: 1_000,
        day_budget: Some(10_000),
        day_bytes: 0,
        day_bytes_budget: None,
        parked_until: None,
        sent: 2_000,
        throttled: 3,
    };
    let text = text_of(&daemon(vec![library()], vec![class]), now());
    let expected = [
        "process 42",
        "alice    running",
        "11,998",
        "1.0 GiB",
        "now: 0 items listed, 4 of 9 files, 0 B, waits for the pace",
        "last run: incomplete at",
        "after 1 h 0 min, 12,000 listed, 5 new, 3 downloaded (2.0 KiB), 2 failed: 2 items failed",
        "last complete run: -",
        "(in 1 day 6 h;",
        "7 days), but it cannot be saved: why\n",
        "failed: photos/2024/05/0.jpg: the server answered 500 (4 tries)",
        "more with `status --json`",
        "api: 2.5 of at most 10.0 requests/s (steady), 9,000 of 10,000 left today, 3 throttled of 2,000 sent",
    ];
    for words in expected {
        assert!(text.contains(words), "`{words}` is missing in:\n{text}");
    }
    assert!(!text.contains("5.jpg"), "{text}");
}

#[test]
fn the_days_bytes_are_told_where_they_are_counted() {
    let class = ClassStatus {
        class: "drive".to_owned(),
        pace: 10.0,
        ceiling: 10.0,
        ceiling_told: false,
        mode: "steady".to_owned(),
        day_used: 12,
        day_budget: None,
        day_bytes: 50 << 30,
        day_bytes_budget: Some(750 << 30),
        parked_until: None,
        sent: 12,
        throttled: 0,
    };
    let text = text_of(&daemon(vec![library()], vec![class]), now());
    let want = "drive: 10.0 of at most 10.0 requests/s (steady), 12 today, 700.0 GiB of 750.0 GiB left today, 0 throttled of 12 sent";
    assert!(text.contains(want), "{text}");
}

#[test]
fn a_library_that_needs_a_login_shows_the_command() {
    let parked = LibraryStatus {
        state: LibraryState::NeedsLogin,
        detail: "refused; run `gphotos-syncd login alice`".to_owned(),
        token: TokenHealth::Dead { reason: "refused".to_owned() },
        ..library()
    };
    let text = text_of(&daemon(vec![parked], Vec::new()), now());
    assert!(
        text.contains("\n  refused; run `gphotos-syncd login alice`\n")
            && text.contains("token: dead: refused"),
        "{text}"
    );
}

#[test]
fn what_is_the_matter_with_exports_and_what_they_cannot_tell_is_said() {
    let text = "no export came\nhint: look".to_owned();
    let late = Notice { kind: NoticeKind::Late, export: None, since: now(), text };
    let cannot = "  exports cannot tell what was deleted at Google";
    for (sources, is_said) in [(["takeout"], true), (["drive"], true), (["library-api"], false)] {
        let library = LibraryStatus {
            notices: vec![late.clone()],
            sources: sources.map(str::to_owned).to_vec(),
            ..library()
        };
        let text = text_of(&daemon(vec![library], Vec::new()), now());
        assert!(text.contains("\n  warning: no export came\n    hint: look\n"), "{text}");
        assert_eq!(text.contains(cannot), is_said, "{text}");
    }
}

#[test]
fn the_speed_of_the_hour_is_told_with_its_window() {
    for (bytes_per_second, window, want) in [
        (Some(2 << 20), None, "downloads: at most 2.0 MiB/s\n"),
        (Some(2 << 20), Some("evening"), "downloads: at most 2.0 MiB/s (window `evening`)\n"),
        (None, Some("night"), "downloads: not limited (window `night`)\n"),
    ] {
        let speed = SpeedStatus { bytes_per_second, window: window.map(str::to_owned) };
        let text = text_of(&DaemonStatus { speed: Some(speed), ..daemon(Vec::new(), Vec::new()) }, now());
        assert!(text.contains(want), "{text}");
    }
}

#[test]
fn nothing_configured_is_said() {
    assert!(text_of(&daemon(Vec::new(), Vec::new()), now()).contains("no libraries are configured"));
}
