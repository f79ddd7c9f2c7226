//! The machine's clock jumps by a day or by years, either way: no run, no rest and no item is lost to it.
//!
//! A time namespace cannot move the wall clock and the host's is not to be touched, so the binary is given another one:
//! [`SetClock`] preloads a `clock_gettime` that adds an offset from a file which the test may change at any time. The monotonic clock
//! stays true, as in life. It needs a C compiler, as the build does.

use crate::context::{Home, skipped};
use crate::served::{Served, launch, library_of, serve};
use chrono::{DateTime, TimeDelta, Utc};
use fake_google::{Effect, Endpoint, Fault, ItemSpec};
use serde_json::Value;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::Command;

/// A day, seconds.
const DAY: i64 = 86_400;

const SHIM: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile long *offset;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CLOCK_OFFSET");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *map = mmap(0, sizeof(long), PROT_READ, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED) offset = map;
    close(fd);
}

int clock_gettime(clockid_t id, struct timespec *now) {
    int rc = (int)syscall(SYS_clock_gettime, id, now);
    if (rc == 0 && id == CLOCK_REALTIME && offset) now->tv_sec += *offset;
    return rc;
}
"#;

/// A wall clock that a test sets.
pub(crate) struct SetClock {
    offset: PathBuf,
    shim: PathBuf,
}

impl SetClock {
    /// A clock that is right; none, with the reason printed, where there is no C compiler.
    pub(crate) fn of(home: &Home) -> Option<Self> {
        let clock = Self { offset: home.path("clock-offset"), shim: home.path("clock.so") };
        fs::write(home.path("clock.c"), SHIM).expect("writable");
        fs::write(&clock.offset, [0; 8]).expect("writable");
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&clock.shim).arg(home.path("clock.c"));
        if compile.status().is_ok_and(|status| status.success()) {
            return Some(clock);
        }
        skipped("there is no C compiler to make a clock with");
        None
    }

    /// Sets it so far from the true time, seconds.
    pub(crate) fn set(&self, secs: i64) {
        // In place: the file is mapped.
        let file = File::options().write(true).open(&self.offset).expect("it is there");
        file.write_all_at(&secs.to_ne_bytes(), 0).expect("writable");
    }

    /// Gives it to a command.
    pub(crate) fn give(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.shim).env("CLOCK_OFFSET", &self.offset);
    }
}

fn home() -> Home {
    let home = Home::with(&["alice"]);
    for name in ["a.jpg", "b.jpg", "c.jpg"] {
        add(&home, name);
    }
    home
}

fn add(home: &Home, name: &str) {
    let spec = ItemSpec::named(name).created("2024-07-01T10:00:00Z").len(5_000);
    home.google.account("alice").add_photo(spec);
}

fn with_schedule(home: &Home, schedule: &str) {
    let table = format!("[library.alice]\nroot = \"alice\"\nschedule = \"{schedule}\"\nsplay = \"0s\"\n");
    home.write_config(&table);
}

fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no moment: {value}"))
}

/// As [`Served::wait_library`], twice as long: the tick that notices a clock that was set back may be late by 20 s.
#[track_caller]
fn wait_long(served: &mut Served, home: &Home, wanted: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..2_000 {
        served.look();
        let alice = library_of(home, "alice");
        if wanted(&alice) {
            return alice;
        }
    }
    panic!("{}\n{}", library_of(home, "alice"), served.log());
}

#[test]
fn a_day_forth_and_a_day_back_cost_a_daemon_no_run_and_lengthen_no_rest() {
    let home = home();
    let Some(clock) = SetClock::of(&home) else { return };
    with_schedule(&home, "@daily");
    let mut served = launch(&home, |command| clock.give(command));
    served.wait_complete(&home, "alice", 1);

    add(&home, "tomorrow.jpg");
    clock.set(DAY);
    wait_long(&mut served, &home, |alice| {
        alice["last_run"]["run"].as_u64() >= Some(2) && alice["last_run"]["end"] == "complete"
    });
    home.assert_complete("alice");

    let fault = home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::HtmlOk));
    home.run(&["sync"]).assert(1, &["transient"]);
    let resting = served.wait_state(&home, "alice", "backing-off");
    assert!(moment(&resting["until"]) > home.google.now() + TimeDelta::hours(23), "{resting}");
    clock.set(0);
    let soon = |until: &Value| !until.is_string() || moment(until) < home.google.now() + TimeDelta::hours(1);
    wait_long(&mut served, &home, |alice| soon(&alice["until"]));

    home.google.remove_fault(fault);
    add(&home, "today.jpg");
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    let alice = served.wait_state(&home, "alice", "idle");
    assert!(moment(&alice["next_run"]) < home.google.now() + TimeDelta::hours(25), "{alice}");
    served.stop();
}

#[test]
fn a_day_of_error_either_way_costs_no_run_its_token() {
    for wrong in [DAY, -DAY] {
        let home = home();
        let Some(clock) = SetClock::of(&home) else { return };
        clock.set(wrong);
        let sync = || {
            let mut command = home.command();
            clock.give(command.arg("sync"));
            let ran = crate::context::Ran::from(command.output().expect("the binary starts"));
            ran.assert(0, &["complete"]);
        };
        sync();
        home.assert_complete("alice");
        // What was written while it was wrong serves when it is right, and an hour later too.
        clock.set(0);
        add(&home, "d.jpg");
        sync();
        home.google.account("alice").expire_access_tokens();
        add(&home, "e.jpg");
        sync();
        home.assert_complete("alice");
    }
}

#[test]
fn what_failed_while_the_clock_was_years_ahead_is_tried_again_when_it_is_right() {
    let home = home();
    let Some(clock) = SetClock::of(&home) else { return };
    clock.set(400 * DAY);
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(404)).item("b.jpg"));
    for _ in 0..3 {
        let mut command = home.command();
        clock.give(command.arg("sync"));
        let ran = crate::context::Ran::from(command.output().expect("the binary starts"));
        ran.assert(1, &["incomplete"]);
    }
    let alice = &home.status()["libraries"][0];
    assert!(moment(&alice["failures"][0]["next_try"]) > home.google.now() + TimeDelta::days(300), "{alice}");

    home.google.clear_faults();
    with_schedule(&home, "* * * * * *");
    let mut served = serve(&home);
    served.wait_library(&home, "alice", |alice| alice["failed"] == 0 && alice["files"] == 3);
    served.stop();
    home.assert_complete("alice");
}
