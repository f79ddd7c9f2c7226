//! Runs that are killed: at any call to the kernel, with SIGKILL, with SIGTERM, or by the power.
//!
//! The means is `strace`, which counts the calls of the built binary and delivers a signal as one begins: file bytes (`write`), commits
//! (`pwrite64` and `fsync` of the index), names (`renameat2`, `mkdirat`), requests and answers (`writev`, `recvfrom`). A failpoint feature in
//! the program was the other choice. It would count exactly and over all threads, where `strace` counts each thread by itself; but it tests another binary
//! than the one that is shipped, needs a second build, and knows only the points that somebody thought of, while no point of a
//! program's effect on a disk lies outside of its calls. So the points here are calls, and the program holds no code for it.
//!
//! Invariant: seeded, bounded in number and time, and nothing is killed but what a test started. Where there is no `strace`, or it may not trace,
//! the tests say so and pass. `GPHOTOS_SYNCD_KILLS` multiplies the kills (`=10` for a night). May use: `context`, `exports`, `fake_google`.

mod calls;
pub(crate) mod check;
mod disk;
pub(crate) mod points;
mod power;
pub(crate) mod scene;
mod stop;

use crate::context::{Home, Ran};
use check::{Known, assert_converged, assert_sound};
use points::{Point, Tracer, next};
use scene::Scene;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many installations are tried at once in one test.
const AT_ONCE: usize = 2;

/// Kills runs of `scene` at `wanted` points, each in an installation of its own, and looks at what each left and what came of it.
fn kill_many(scene: &Scene, wanted: usize, seed: u64) {
    let Some(tracer) = Tracer::found() else { return };
    let wanted = wanted * multiplier();
    let counts = tracer.count(scene);
    // Which thread does what is a matter of luck, so that some points are never reached: there are spare ones.
    let points = Mutex::new(VecDeque::from(points::spread(&counts, wanted * 2, seed)));
    let (killed, missed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let take = || points.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while killed.load(Ordering::Relaxed) < wanted
                    && let Some(point) = take()
                {
                    let hit = kill_one(scene, tracer, &point);
                    (if hit { &killed } else { &missed }).fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let (killed, missed) = (killed.into_inner(), missed.into_inner());
    told(&format!("{}: killed at {killed} points, {missed} were not reached", scene.name));
    assert!(killed >= wanted, "{}: only {killed} of {wanted} points were reached", scene.name);
}

/// Kills one run at `point`; false: it ended before.
fn kill_one(scene: &Scene, tracer: Tracer, point: &Point) -> bool {
    let what = format!("{}, SIGKILL at {point}", scene.name);
    let home = scene.build();
    let ran = tracer.run_killed(&home, &scene.args(&home), point, "KILL");
    if ran.code != -1 {
        assert_eq!(ran.code, 0, "{what}: the run failed by itself\n{}\n{}", ran.out, ran.err);
        return false;
    }
    let mut known = assert_sound(scene, &home, &what);
    let mut seed = point.nth ^ 0x5eed;
    if next(&mut seed).is_multiple_of(6) {
        // The run that mends is killed too.
        let again = Point { call: point.call.clone(), nth: 1 + next(&mut seed) % point.nth };
        let ran = tracer.run_killed(&home, &scene.args(&home), &again, "KILL");
        assert!([-1, 0].contains(&ran.code), "{what}, then {again}\n{}\n{}", ran.out, ran.err);
        let later = assert_sound(scene, &home, &format!("{what}, then {again}"));
        later.assert_follows(&known, &what);
        known = later;
    }
    // Each costs a process, and the checks above look at the same.
    let is_verified = next(&mut seed).is_multiple_of(4);
    if is_verified {
        check::assert_verified(&home, &known, &what);
    }
    scene.change(&home, seed);
    converge(scene, &home, &known, &what);
    if is_verified {
        check::assert_verified(&home, &Known::of(&home, &what), &what);
    }
    true
}

/// One more run, after which everything is there and nothing came twice.
fn converge(scene: &Scene, home: &Home, known: &Known, what: &str) {
    let resumable = check::resumable(home);
    home.google.reset_stats();
    let args = scene.args(home);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran: Ran = home.run(&args);
    assert_eq!(ran.code, 0, "{what}: the next run failed\n{}\n{}", ran.out, ran.err);
    assert_converged(scene, home, known, what);
    check::assert_nothing_came_twice(scene, home, known, resumable, what);
}

/// By how much more is tried than in the gate.
fn multiplier() -> usize {
    std::env::var("GPHOTOS_SYNCD_KILLS").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

#[expect(clippy::print_stdout, reason = "the test runner shows it to those who ask with `--nocapture`")]
fn told(text: &str) {
    println!("{text}");
}

#[test]
fn a_first_sync_killed_anywhere_is_ended_by_the_next() {
    kill_many(&Scene::plain("a first sync", 200), 110, 1);
}

#[test]
fn a_sync_with_json_sidecars_killed_anywhere_is_ended_by_the_next() {
    kill_many(&Scene { sidecar: "json", ..Scene::plain("JSON sidecars", 26) }, 65, 2);
}

#[test]
fn a_sync_with_xmp_sidecars_killed_anywhere_is_ended_by_the_next() {
    kill_many(&Scene { sidecar: "xmp", ..Scene::plain("XMP sidecars", 26) }, 50, 3);
}

#[test]
fn a_library_that_changes_between_the_kill_and_the_next_run_is_complete_then() {
    kill_many(&Scene { changes: true, ..Scene::plain("changes", 26) }, 65, 4);
}

#[test]
fn albums_of_hard_links_killed_anywhere_are_whole_after_the_next_run() {
    kill_many(&Scene { albums: "hardlink", ..Scene::plain("hard links", 26) }, 50, 5);
}

#[test]
fn albums_of_copies_killed_anywhere_are_whole_after_the_next_run() {
    kill_many(&Scene { albums: "copy", ..Scene::plain("copies", 26) }, 50, 6);
}

#[test]
fn a_sync_of_large_files_killed_anywhere_goes_on_in_them() {
    kill_many(&Scene { large: 2, ..Scene::plain("large files", 6) }, 20, 7);
}

#[test]
fn an_import_killed_at_any_call_is_ended_by_the_next() {
    kill_many(&Scene { is_import: true, ..Scene::plain("an import", 24) }, 65, 8);
}

#[test]
fn a_second_run_killed_anywhere_is_ended_by_the_third() {
    kill_many(&Scene { is_second: true, ..Scene::plain("a second run", 26) }, 50, 9);
}
