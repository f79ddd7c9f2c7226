//! Roots and state folders that cannot be used as they are: what is said, with which code, and that nothing is harmed.

use crate::context::{Home, Ran, skipped};
use fake_google::{Effect, Endpoint, Fault, ItemSpec};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

/// A library with some photos of one month and an album.
fn alice_with(photos: usize, bytes: u64) -> Home {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let spec = |n| ItemSpec::named(format!("p{n:02}.jpg")).created("2024-07-01T10:00:00Z").len(bytes);
    let ids: Vec<String> = (0..photos).map(|n| alice.add_photo(spec(n))).collect();
    alice.add_album("Summer", &ids);
    home
}

/// Runs `sync` as [`command_after`] does.
fn sync_after(home: &Home, setup: &str, teardown: &str) -> Option<Ran> {
    command_after(home, &["sync"], setup, teardown)
}

/// Runs a command in a mount namespace of its own, after `setup`; none, with the reason printed, where that is not permitted.
pub(crate) fn command_after(home: &Home, args: &[&str], setup: &str, teardown: &str) -> Option<Ran> {
    let tried = Command::new("unshare").args(["-m", "true"]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        skipped("no mount namespace can be made here");
        return None;
    }
    let script = format!("set -e; {setup}\nset +e; \"$@\"; code=$?; {teardown}\nexit $code");
    let binary = Path::new(env!("CARGO_BIN_EXE_gphotos-syncd"));
    let mut command = home.command_through("unshare", &["-m", "sh", "-c", &script, "sh"], binary);
    Some(Ran::from(command.args(args).output().expect("unshare starts")))
}

#[test]
fn a_root_that_does_not_exist_is_never_created() {
    let home = alice_with(1, 100);
    let token = fs::read(home.root("alice").join(".gphotos.token")).expect("readable");
    fs::remove_dir_all(home.root("alice")).expect("own folder");
    let ran = home.run(&["sync"]);
    ran.assert(78, &["alice", "does not exist", "hint: install -d"]);
    assert!(ran.says(&home.root("alice").display().to_string()));
    assert!(!home.root("alice").exists());
    home.run(&["status"]).assert(0, &["alice"]);
    assert!(!home.root("alice").exists());

    fs::create_dir(home.root("alice")).expect("writable");
    home.put_token("alice", &String::from_utf8(token).expect("text"));
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_root_that_is_a_file_is_left_as_it_is() {
    let home = alice_with(1, 100);
    fs::remove_dir_all(home.root("alice")).expect("own folder");
    fs::write(home.root("alice"), "a diary").expect("writable");
    home.run(&["sync"]).assert(78, &["is not a folder", "hint: "]);
    home.run(&["check"]).assert(78, &["not a folder", "config.toml:"]);
    assert_eq!(fs::read_to_string(home.root("alice")).expect("still there"), "a diary");
}

#[test]
fn a_root_without_rights_ends_with_77_and_names_what_is_missing() {
    let home = alice_with(1, 100);
    home.open_to_all();
    let Some(mut command) = home.command_as_nobody() else { return };
    let root = home.root("alice");
    fs::set_permissions(root.join(".gphotos.token"), fs::Permissions::from_mode(0o644)).expect("own file");
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).expect("own folder");
    let ran = Ran::from(command.arg("sync").output().expect("it starts"));
    ran.assert(77, &["alice", "cannot be read and written", "hint: ", "65534", "setfacl"]);
    assert!(!root.join(".gphotos-syncd").exists());
}

#[test]
fn a_root_on_a_read_only_file_system_ends_with_77() {
    let home = alice_with(1, 100);
    let root = home.root("alice");
    let setup = format!("mount --bind '{0}' '{0}'; mount -o remount,bind,ro '{0}'", root.display());
    let Some(ran) = sync_after(&home, &setup, "") else { return };
    ran.assert(77, &["alice", "read-only", "hint: "]);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_full_disk_under_the_daemons_own_state_is_no_fault_of_the_configuration() {
    let home = alice_with(1, 100);
    for folder in ["state", "run"] {
        let dir = home.path(folder);
        fs::create_dir_all(&dir).expect("writable");
        let dir = dir.display();
        // One block holds the folder, the other the file that fills it.
        let setup = format!(
            "mount -t tmpfs -o size=4k none '{dir}'; dd if=/dev/zero of='{dir}/fill' bs=4k count=2 2>/dev/null || true"
        );
        let Some(ran) = command_after(&home, &["run"], &setup, "") else { return };
        ran.assert(75, &[&dir.to_string(), "No space left on device"]);
    }
}

#[test]
fn root_does_not_touch_what_belongs_to_the_daemons_user() {
    let home = alice_with(1, 100);
    let state = home.path("state");
    fs::create_dir_all(&state).expect("writable");
    if chown(&state, Some(65534), Some(65534)).is_err() {
        return skipped("only root can give a folder away");
    }
    for command in ["sync", "run"] {
        let hint = "hint: start the daemon, which does it then: sudo systemctl start gphotos-syncd; or be that user: sudo -u '#65534' gphotos-syncd sync";
        home.run(&[command]).assert(77, &["belongs to another user", hint]);
    }
    assert_eq!(fs::read_dir(&state).expect("readable").count(), 0);
    assert!(!home.root("alice").join(".gphotos-syncd").exists());
}

#[test]
fn root_imports_nothing_into_a_library_of_another_user() {
    let home = alice_with(0, 0);
    let root = home.root("alice");
    fs::create_dir(home.path("export")).expect("writable");
    if chown(&root, Some(65534), Some(65534)).is_err() {
        return skipped("only root can give a folder away");
    }
    let path = home.path("export").display().to_string();
    let ran = home.run(&["import", "alice", &path]);
    let hint = "hint: be that user: sudo -u '#65534' gphotos-syncd import ...";
    ran.assert(77, &["the library in", &root.display().to_string(), "belongs to another user", hint]);
    assert!(!root.join(".gphotos-syncd").exists() && !root.join("photos").exists());
}

#[test]
fn a_state_folder_of_another_user_is_named_with_the_way_out() {
    let home = alice_with(1, 100);
    home.open_to_all();
    let Some(mut command) = home.command_as_nobody() else { return };
    let state = home.path("state");
    fs::create_dir_all(&state).expect("writable");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o750)).expect("own folder");
    let ran = Ran::from(command.arg("sync").output().expect("it starts"));
    ran.assert(77, &[&state.display().to_string(), "Permission denied", "sudo -u '#0' gphotos-syncd sync"]);
}

/// A script that mounts a small tmpfs at the root, with the token in it, and one that saves what came of it.
pub(crate) fn small_disk(home: &Home, mebibytes: u32) -> (String, String) {
    let (root, saved) = (home.root("alice"), home.path("saved"));
    let (root, saved) = (root.display(), saved.display());
    let setup = format!(
        "mkdir '{saved}'; cp -a '{root}/.' '{saved}'; mount -t tmpfs -o size={mebibytes}m none '{root}'; cp -a '{saved}/.' '{root}'"
    );
    (setup, format!("cp -a '{root}/.' '{saved}'"))
}

/// Puts what a small disk held where the root is, as if the disk had become larger.
pub(crate) fn enlarge(home: &Home) {
    fs::remove_dir_all(home.root("alice")).expect("own folder");
    fs::rename(home.path("saved"), home.root("alice")).expect("own folder");
}

/// Every file on disk is one of Google's, whole.
fn assert_all_whole(home: &Home) -> usize {
    let truth: Vec<Vec<u8>> =
        home.google.truth("alice").items.iter().map(fake_google::TruthItem::bytes).collect();
    let tree = home.tree("alice");
    let photos: Vec<_> = tree.iter().filter(|(path, _)| path.starts_with("photos/")).collect();
    for (path, bytes) in &photos {
        assert!(truth.iter().any(|whole| whole == *bytes), "{path} is broken");
    }
    photos.len()
}

/// Fills a disk of `mebibytes` with the photos of `home`, then makes room; tells how many files were there and how many were fetched
/// again. None where no disk can be made.
fn fill_then_enlarge(home: &Home, mebibytes: u32) -> Option<(u64, u64)> {
    let (setup, teardown) = small_disk(home, mebibytes);
    let ran = sync_after(home, &setup, &teardown)?;
    ran.assert(1, &["disk-full", "alice", "hint: "]);
    enlarge(home);
    let came = assert_all_whole(home) as u64;
    assert!((1..20).contains(&came), "{came} files fit");
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    Some((came, home.google.stats().requests(Endpoint::Media)))
}

#[test]
fn a_full_disk_ends_the_run_and_with_new_room_the_next_one_completes() {
    let home = alice_with(20, 300_000);
    let config = fs::read_to_string(home.path("config.toml")).expect("readable");
    home.write_raw_config(&config.replace("min-free-space = \"1 MiB\"", "min-free-space = \"0 B\""));
    fill_then_enlarge(&home, 4);
}

#[test]
fn a_disk_that_keeps_its_free_space_remembers_what_came() {
    let home = alice_with(20, 1_200_000);
    let config = fs::read_to_string(home.path("config.toml")).expect("readable");
    home.write_raw_config(
        &config.replace("min-free-space = \"1 MiB\"", "min-free-space = \"3 MiB\"\ndownloads = 1"),
    );
    let Some((came, fetched)) = fill_then_enlarge(&home, 12) else { return };
    assert!(fetched <= 20 - came, "{fetched} fetched again where {came} were there");
}

#[test]
fn the_room_that_must_stay_free_is_left_free() {
    let home = alice_with(1, 100);
    let config = fs::read_to_string(home.path("config.toml")).expect("readable");
    home.write_raw_config(&config.replace("\"1 MiB\"", "\"900 TiB\""));
    home.run(&["sync"]).assert(1, &["disk-full", "min-free-space"]);
    assert_eq!(home.paths("alice"), [""; 0]);
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
    home.write_raw_config(&config);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn an_answer_without_end_fills_no_disk_and_costs_no_other_file() {
    let home = alice_with(5, 10_000);
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::Endless).item("p02.jpg"));
    let config = fs::read_to_string(home.path("config.toml")).expect("readable");
    home.write_raw_config(&config.replace("min-free-space = \"1 MiB\"", "min-free-space = \"20 MiB\""));
    let (setup, teardown) = small_disk(&home, 24);
    let Some(ran) = sync_after(&home, &setup, &teardown) else { return };
    ran.assert(1, &["incomplete", "could not be fetched"]);
    enlarge(&home);
    assert_eq!(assert_all_whole(&home), 4);
    home.run(&["status"]).assert(0, &["failed: photos/2024/07/p02.jpg", "announced no length"]);
    home.google.clear_faults();
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn the_root_of_another_library_is_refused() {
    let home = alice_with(1, 100);
    home.run_ok(&["sync"]);
    let before = home.tree("alice");
    home.google.account("bob").add_photo(ItemSpec::named("bob.jpg"));
    home.put_token("alice", &home.google.token_json("bob"));
    home.write_config("[library.bob]\nroot = \"alice\"\nschedule = \"manual\"\n");
    let ran = home.run(&["sync"]);
    ran.assert(78, &["belongs to library `alice`", "not to `bob`", "hint: "]);
    assert_eq!(home.tree("alice"), before);
}

#[test]
fn a_root_in_use_ends_with_75_and_is_not_touched() {
    let home = alice_with(1, 100);
    let lock = home.root("alice").join(".gphotos-syncd/lock");
    fs::create_dir(lock.parent().expect("a folder")).expect("writable");
    let script = "flock -x 9; echo held; read _";
    let mut holder = Command::new("sh")
        .args(["-c", &format!("exec 9>>'{}'; {script}", lock.display())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh is there");
    let mut said = [0; 4];
    std::io::Read::read_exact(holder.stdout.as_mut().expect("piped"), &mut said).expect("it is held");
    let ran = home.run(&["sync"]);
    drop(holder.stdin.take());
    holder.wait().expect("it ends");
    ran.assert(75, &["alice"]);
    assert!(ran.says("lock") || ran.says("another process"), "{}{}", ran.out, ran.err);
    assert_eq!(home.google.stats().requests(Endpoint::MediaItemsList), 0);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn links_planted_in_the_root_lead_nothing_outside() {
    for planted in [
        "photos",
        "photos/2024",
        "photos/2024/07",
        "albums",
        "albums/2024",
        ".gphotos-syncd",
        ".gphotos-syncd/partial",
    ] {
        let home = alice_with(2, 1_000);
        let outside = home.path("outside");
        fs::create_dir(&outside).expect("writable");
        let link = home.root("alice").join(planted);
        fs::create_dir_all(link.parent().expect("a folder")).expect("writable");
        symlink(&outside, &link).expect("writable");
        let ran = home.run(&["sync"]);
        assert_eq!(fs::read_dir(&outside).expect("readable").count(), 0, "{planted} was followed");
        assert_ne!(ran.code, 0, "{planted}: {}{}", ran.out, ran.err);
        let status = home.run(&["status"]);
        let moved = format!("mv '{0}' '{0}.old'", link.display());
        assert!(ran.says(&moved) || status.says(&moved), "{planted}: {}{}{}", ran.out, ran.err, status.out);

        fs::remove_file(&link).expect("own link");
        home.run_ok(&["sync"]);
        home.assert_complete("alice");
        assert_eq!(home.paths("alice").len(), 4);
    }
}
