//! Runs that are asked to stop, at any call: they end within their grace, say so, and leave everything in the index.
//!
//! May use: what the kills use.

use super::check::{self, assert_sound};
use super::points::{Point, Tracer, spread};
use super::scene::Scene;
use super::{converge, multiplier, told};
use chrono::TimeDelta;
use fake_google::{Effect, Endpoint, Fault};
use std::fs;

/// How long a stop may take: what is under way has 8 s (the pump's drain), and the unit grants 90 s (`TimeoutStopSec=`). The rest is for
/// a machine that is busy.
const GRACE: TimeDelta = TimeDelta::seconds(20);

/// The calls at which a run is stopped: each is made by one thread or few. Every thread counts for itself, so that many threads
/// would give a run more than one signal, and the second ends it at once.
const STOPPED_AT: [&str; 5] = ["pwrite64", "renameat2", "symlinkat", "mkdirat", "syncfs"];

/// Stops runs at `wanted` points; `slow`: the bytes drip, so that the stop comes while files are under way.
fn stop_many(scene: &Scene, wanted: usize, slow: bool, seed: u64) {
    let Some(tracer) = Tracer::found() else { return };
    let mut counts = tracer.count(scene);
    counts.retain(|call, _| STOPPED_AT.contains(&call.as_str()));
    let wanted = wanted * multiplier();
    let (mut stopped, mut ended, mut longest) = (0, 0, TimeDelta::zero());
    for point in spread(&counts, wanted, seed).into_iter().take(wanted) {
        let (code, took) = stop_one(scene, tracer, &point, slow);
        longest = longest.max(took);
        *(if code == 0 { &mut ended } else { &mut stopped }) += 1;
    }
    told(&format!("{}: stopped at {stopped} points, {ended} ended first, longest {longest}", scene.name));
    assert!(stopped * 3 > wanted, "{}: only {stopped} of {wanted} were stopped", scene.name);
}

fn stop_one(scene: &Scene, tracer: Tracer, point: &Point, slow: bool) -> (i32, TimeDelta) {
    let what = format!("{}, SIGTERM at {point}", scene.name);
    let home = scene.build();
    if slow {
        home.google.fault(Fault::on(&[Endpoint::Media], Effect::Drip { bytes: 700, every_ms: 3 }));
    }
    let began = home.google.now();
    let ran = tracer.run_killed(&home, &scene.args(&home), point, "TERM");
    let took = home.google.now() - began;
    assert!(took < GRACE, "{what}: it took {took}");
    let known = assert_sound(scene, &home, &what);
    match ran.code {
        // Nobody listened for the signal yet, or no longer.
        -1 => {}
        // strace counts the calls of each thread by itself, so a second thread may bring a second signal: that ends at once.
        1 if ran.says("stopped at once") => {}
        0 => assert!(!ran.says("interrupted"), "{what}: {}", ran.out),
        _ => {
            ran.assert(1, &["interrupted"]);
            check::assert_all_committed(&home, &known, &what);
        }
    }
    home.google.clear_faults();
    converge(scene, &home, &known, &what);
    let _ = fs::remove_dir_all(home.root("alice"));
    (ran.code, took)
}

#[test]
fn a_sync_stopped_anywhere_has_everything_in_the_index_and_the_next_ends_it() {
    stop_many(&Scene { sidecar: "json", ..Scene::plain("a sync", 60) }, 30, false, 21);
}

#[test]
fn a_slow_sync_stopped_anywhere_has_everything_in_the_index_and_the_next_ends_it() {
    stop_many(&Scene::plain("a slow sync", 60), 20, true, 22);
}

#[test]
fn a_sync_of_large_files_stopped_anywhere_goes_on_in_them() {
    stop_many(&Scene { large: 2, ..Scene::plain("a sync of large files", 2) }, 12, false, 23);
}
