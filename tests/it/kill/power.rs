//! Runs that end because the power does: each is recorded once, then the disk is made as a cut could have left it, again and again.
//!
//! What can be simulated and what cannot is said in `disk`. May use: what the kills use.

use super::calls::{RECORDED, read};
use super::check::assert_sound;
use super::disk::{Cut, Disk, Rest};
use super::points::{Tracer, next};
use super::scene::Scene;
use super::{converge, multiplier, told};
use crate::context::{Home, Ran};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// Records a run of `scene`, and gives what it did to the disk.
fn record(scene: &Scene, tracer: Tracer) -> (Home, Disk) {
    let home = scene.build();
    let mut disk = Disk::read(&home.root("alice"));
    let log = home.path("calls").display().to_string();
    let options = ["-y", "-xx", "-s", "20000000", "-o", &log, "-e", &format!("trace={RECORDED}")];
    let mut command = tracer.command(&home, &options);
    Ran::from(command.args(scene.args(&home)).output().expect("strace is there")).assert(0, &[]);
    let calls = read(&String::from_utf8_lossy(&fs::read(&log).expect("it wrote its log")));
    disk.follow(&calls, &home.root("alice"));
    (home, disk)
}

/// Cuts the power at `wanted` moments of a run of `scene`; each time one more run must bring everything about.
fn cut_many(scene: &Scene, wanted: usize, seed: u64) {
    let Some(tracer) = Tracer::found() else { return };
    let (home, disk) = record(scene, tracer);
    let last = disk.last_line();
    // The whole log gives the very tree that the run left: else the record is none.
    let whole = Cut { line: last, names: Rest::All, bytes: Rest::All, seed };
    let tree = home.tree("alice");
    lay(&home, &disk, &whole);
    assert!(tree == home.tree("alice"), "{}: the record is not what happened", scene.name);
    let rests = [Rest::Nothing, Rest::All, Rest::Some, Rest::Zeros];
    let mut seed = seed;
    let wanted = wanted * multiplier();
    for n in 0..wanted {
        let share = last / wanted;
        let line = n * share + usize::try_from(next(&mut seed)).expect("small") % (share + 1);
        let mut rest = || rests[usize::try_from(next(&mut seed)).expect("small") % rests.len()];
        let cut = Cut { line, names: rest(), bytes: rest(), seed: n as u64 };
        let what = format!("{}, {cut:?} of {last} lines", scene.name);
        lay(&home, &disk, &cut);
        let known = assert_sound(scene, &home, &what);
        converge(scene, &home, &known, &what);
    }
    told(&format!("{}: the power went away {wanted} times", scene.name));
}

/// Makes the root what the cut left.
fn lay(home: &Home, disk: &Disk, cut: &Cut) {
    let root = home.root("alice");
    fs::remove_dir_all(&root).expect("own folder");
    fs::create_dir(&root).expect("writable");
    disk.write_to(&root, cut);
    let token = root.join(".gphotos.token");
    if token.exists() {
        fs::set_permissions(token, fs::Permissions::from_mode(0o600)).expect("own file");
    }
}

#[test]
fn after_a_power_cut_anywhere_in_a_first_sync_the_next_run_ends_it() {
    cut_many(&Scene { sidecar: "json", ..Scene::plain("a first sync", 40) }, 60, 31);
}

#[test]
fn after_a_power_cut_anywhere_in_an_import_the_next_one_ends_it() {
    cut_many(&Scene { is_import: true, ..Scene::plain("an import", 30) }, 40, 32);
}

#[test]
fn after_a_power_cut_anywhere_in_a_second_run_the_third_ends_it() {
    cut_many(&Scene { is_second: true, ..Scene::plain("a second run", 26) }, 40, 33);
}
