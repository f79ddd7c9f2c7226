//! Disks that fail in the middle of a run: full, at their quota, read-only, with bad places, without room for names.
//!
//! Calls of the built binary are made to fail one by one by `strace`, and small file systems are mounted in a namespace of their own. Each time
//! what is visible is whole, the run says what ails, and with a good disk one more run ends the work. Where a machine can do neither, the
//! tests say so and pass. May use: `context`, `kill`, `roots`, `fake_google`.

use crate::context::{Home, Ran};
use crate::exports::hex;
use crate::kill::check::{Known, assert_converged, assert_sound};
use crate::kill::points::{Tracer, spread};
use crate::kill::scene::Scene;
use crate::roots::{command_after, enlarge, small_disk};
use fake_google::ItemSpec;
use std::collections::BTreeMap;
use std::fs;

/// Calls that a disk can refuse.
const REFUSED: [&str; 6] = ["pwrite64", "renameat", "renameat2", "mkdirat", "symlinkat", "fsync"];

/// Runs `sync` with these calls failing, as `strace` writes them; `paths`: only those on these files.
fn sync_with(tracer: Tracer, home: &Home, faults: &[&str], paths: &[&str]) -> Ran {
    let calls: Vec<&str> = faults.iter().filter_map(|fault| fault.split(':').next()).collect();
    let trace = format!("trace={}", calls.join(","));
    let faults: Vec<String> = faults.iter().map(|fault| format!("inject={fault}")).collect();
    let mut options = vec!["-o", "/dev/null", "--seccomp-bpf", "-e", &trace];
    options.extend(faults.iter().flat_map(|fault| ["-e", fault.as_str()]));
    options.extend(paths.iter().flat_map(|path| ["-P", path]));
    Ran::from(tracer.command(home, &options).arg("sync").output().expect("strace is there"))
}

/// A library of small photos over some months.
fn alice_with(photos: u32) -> Home {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for n in 0..photos {
        let created = format!("2024-{:02}-03T10:00:00Z", 1 + n % 9);
        alice.add_photo(ItemSpec::named(format!("p{n:02}.jpg")).created(&created).len(4_000));
    }
    home
}

/// Lets one call of many fail with `error`, each in an installation of its own, and one more run end the work.
fn fail_many(error: &str, wanted: usize, seed: u64, judge: impl Fn(&Ran, &str)) {
    let Some(tracer) = Tracer::found() else { return };
    let scene = Scene { sidecar: "json", ..Scene::plain("a failing disk", 24) };
    let mut counts: BTreeMap<String, u64> = tracer.count(&scene);
    counts.retain(|call, _| REFUSED.contains(&call.as_str()));
    for point in spread(&counts, wanted, seed) {
        let what = format!("{error} at {point}");
        let home = scene.build();
        let fault = format!("{}:error={error}:when={}", point.call, point.nth);
        let ran = sync_with(tracer, &home, &[&fault], &[]);
        judge(&ran, &what);
        let known: Known = assert_sound(&scene, &home, &what);
        let ended = home.run(&["sync"]);
        assert_eq!(ended.code, 0, "{what}: the next run failed\n{}\n{}", ended.out, ended.err);
        assert_converged(&scene, &home, &known, &what);
    }
}

#[test]
fn a_disk_that_is_full_at_any_call_ends_the_run_as_full_and_loses_nothing() {
    for (error, seed) in [("ENOSPC", 41), ("EDQUOT", 42)] {
        fail_many(error, 20, seed, |ran, what| {
            assert!([0, 1].contains(&ran.code), "{what}: {}\n{}\n{}", ran.code, ran.out, ran.err);
        });
    }
}

#[test]
fn a_disk_that_fails_at_any_call_loses_nothing() {
    fail_many("EIO", 30, 43, |ran, what| {
        assert!([0, 1].contains(&ran.code), "{what}: {}\n{}\n{}", ran.code, ran.out, ran.err);
    });
}

#[test]
fn a_full_disk_is_told_from_a_fault_wherever_the_kernel_says_so() {
    let Some(tracer) = Tracer::found() else { return };
    for call in ["renameat2", "pwrite64", "mkdirat"] {
        let home = alice_with(12);
        let ran = sync_with(tracer, &home, &[&format!("{call}:error=ENOSPC:when=5+")], &[]);
        ran.assert(1, &["disk-full", "alice"]);
        home.run_ok(&["sync"]);
        home.assert_complete("alice");
    }
}

#[test]
fn a_bad_place_under_one_file_costs_no_other_and_is_named() {
    let Some(tracer) = Tracer::found() else { return };
    // While its bytes are written; while they are made durable, alone.
    for (photos, call) in [(12, "write"), (1, "fsync")] {
        let home = alice_with(photos);
        let truth = home.google.truth("alice");
        let bad = truth.items.iter().find(|item| item.filename.as_deref() == Some("p00.jpg")).expect("there");
        let key = hex(bad.id.as_bytes())[..16].to_owned();
        let partial = home.root("alice").join(format!(".gphotos-syncd/partial/{key}-m"));
        let partial = partial.display().to_string();
        let ran = sync_with(tracer, &home, &[&format!("{call}:error=EIO")], &[&partial]);
        ran.assert(1, &["incomplete", "1 file could not be fetched"]);
        assert_eq!(home.paths("alice").len(), usize::try_from(photos).expect("small") - 1, "{call}");
        home.run(&["status"]).assert(0, &["failed: photos/2024/01/p00.jpg", "Input/output error"]);
        home.run_ok(&["sync"]);
        home.assert_complete("alice");
    }
}

#[test]
fn a_fault_of_the_device_in_another_file_of_the_disk_costs_none_of_ours() {
    let Some(tracer) = Tracer::found() else { return };
    let home = alice_with(12);
    home.append_config("albums = \"none\"\n");
    // Of a disk that others write to as well, the kernel says only that something on it could not be written.
    let ran = sync_with(tracer, &home, &["syncfs:error=EIO:when=1"], &[]);
    assert!(home.paths("alice").len() == 12 || ran.code == 1, "{}\n{}", ran.out, ran.err);
    assert!(!ran.says("could not be fetched"), "{}", ran.out);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_disk_that_turns_read_only_ends_the_run_and_costs_no_file_a_try() {
    let Some(tracer) = Tracer::found() else { return };
    let home = alice_with(30);
    let faults = ["renameat2:error=EROFS:when=10+", "mkdirat:error=EROFS:when=8+", "linkat:error=EROFS"];
    let ran = sync_with(tracer, &home, &faults, &[]);
    assert!(ran.code != 0 && ran.says("Read-only file system"), "{}\n{}", ran.out, ran.err);
    let status = home.run(&["status"]);
    assert!(!status.says("failed: photos/"), "{}", status.out);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_file_system_without_links_times_and_modes_takes_the_photos_and_says_what_it_lacks() {
    let Some(tracer) = Tracer::found() else { return };
    // As FAT answers.
    let faults = [
        "symlinkat:error=EPERM",
        "linkat:error=EPERM",
        "fchmod:error=EPERM",
        "utimensat:error=EPERM",
        "renameat2:error=EINVAL",
    ];
    let home = alice_with(12);
    let ids: Vec<String> = home.google.truth("alice").items.iter().map(|item| item.id.clone()).collect();
    home.google.account("alice").add_album("Some", &ids[..5]);
    let ran = sync_with(tracer, &home, &faults, &[]);
    ran.assert(1, &["incomplete", "album link", "Operation not permitted"]);
    let photos = || home.paths("alice").iter().filter(|path| path.starts_with("photos/")).count();
    assert_eq!(photos(), 12);
    home.append_config("albums = \"copy\"\n");
    // The copies' times are refused too, and by them they would be known as ours: that is said.
    let ran = sync_with(tracer, &home, &faults, &[]);
    assert!([0, 1].contains(&ran.code), "{}\n{}", ran.out, ran.err);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    assert_eq!(home.paths("alice").len(), 12 + 5);
}

#[test]
fn a_disk_that_can_hold_no_more_files_is_full_and_says_which_kind_of_full() {
    let home = alice_with(40);
    let (setup, teardown) = small_disk(&home, 20);
    let setup = setup.replace("size=20m", "size=20m,nr_inodes=44");
    let Some(ran) = command_after(&home, &["sync"], &setup, &teardown) else { return };
    ran.assert(1, &["disk-full", "df -i"]);
    enlarge(&home);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_disk_of_every_small_size_fills_up_wherever_it_may_and_loses_nothing() {
    // In the middle of a file, of the index, of its log, of a name.
    for kibibytes in (400..1_400).step_by(125) {
        let home = alice_with(60);
        let config = fs::read_to_string(home.path("config.toml")).expect("readable");
        home.write_raw_config(&config.replace("min-free-space = \"1 MiB\"", "min-free-space = \"0 B\""));
        let (setup, teardown) = small_disk(&home, 1);
        let setup = setup.replace("size=1m", &format!("size={kibibytes}k"));
        let Some(ran) = command_after(&home, &["sync"], &setup, &teardown) else { return };
        assert!(ran.code == 0 || ran.says("disk-full"), "{kibibytes} KiB: {}\n{}", ran.out, ran.err);
        enlarge(&home);
        home.run_ok(&["sync"]);
        home.assert_complete("alice");
    }
}
