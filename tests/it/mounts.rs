//! Disks that are not there, or are there in pieces: nothing is begun anew on an empty mount point, and what cannot work is said.
//!
//! May use: `context`, `roots`, `served`, `fake_google`.

use crate::context::{Home, Ran, skipped};
use crate::roots::command_after;
use fake_google::ItemSpec;
use std::fs;
use std::path::Path;
use std::process::Command;

fn alice_with(photos: u32) -> Home {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    for n in 0..photos {
        let created = format!("202{}-03-03T10:00:00Z", n % 2);
        alice.add_photo(ItemSpec::named(format!("p{n:02}.jpg")).created(&created).len(4_000));
    }
    let ids: Vec<String> = home.google.truth("alice").items.iter().map(|item| item.id.clone()).collect();
    alice.add_album("All", &ids);
    home
}

/// Runs a command while an empty disk hides the root, with the token on it or not; what is on that disk then is listed.
fn on_an_empty_disk(home: &Home, args: &[&str], has_token: bool) -> Option<(Ran, String)> {
    let (root, aside) = (home.root("alice"), home.path("token"));
    fs::copy(root.join(".gphotos.token"), &aside).expect("readable");
    let (root, aside, list) = (root.display(), aside.display(), home.path("list"));
    let token = if has_token { format!("cp -p '{aside}' '{root}/.gphotos.token'") } else { String::new() };
    let setup = format!("mount -t tmpfs none '{root}'; {token}");
    let teardown = format!("find '{root}' -mindepth 1 -printf '%P\\n' >'{}'", list.display());
    let ran = command_after(home, args, &setup, &teardown)?;
    Some((ran, fs::read_to_string(list).expect("written")))
}

#[test]
fn an_index_elsewhere_tells_an_empty_mount_point_from_a_new_library() {
    let home = alice_with(6);
    home.append_config("index-dir = \"indexes/alice\"\n");
    home.run_ok(&["sync"]);
    let before = home.tree("alice");
    for args in [&["sync"][..], &["verify"], &["verify", "--repair"]] {
        let Some((ran, there)) = on_an_empty_disk(&home, args, true) else { return };
        ran.assert(78, &["alice", "findmnt -T", "to begin anew"]);
        assert_eq!(there, ".gphotos.token\n", "{args:?} began something on the mount point");
    }
    // Nothing is taken for gone.
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    assert_eq!(home.google.stats().requests(fake_google::Endpoint::Media), 0);
    assert_eq!(home.tree("alice"), before);

    // A person who has emptied the disk says so by moving the index away.
    fs::remove_dir_all(home.root("alice").join("photos")).expect("own folder");
    fs::remove_dir_all(home.root("alice").join(".gphotos-syncd")).expect("own folder");
    home.run(&["sync"]).assert(78, &["to begin anew"]);
    fs::rename(home.path("indexes/alice"), home.path("indexes/alice.old")).expect("own folder");
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn an_index_elsewhere_that_a_kill_left_without_a_table_is_no_sign_of_a_lost_disk() {
    let home = alice_with(2);
    home.append_config("index-dir = \"indexes/alice\"\n");
    fs::create_dir_all(home.path("indexes/alice")).expect("writable");
    let index = rusqlite::Connection::open(home.path("indexes/alice/index.sqlite")).expect("writable");
    index.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).expect("an empty database");
    drop(index);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_mount_point_without_a_token_is_neither_marked_nor_filled() {
    let home = alice_with(2);
    home.run_ok(&["sync"]);
    let Some((ran, there)) = on_an_empty_disk(&home, &["sync"], false) else { return };
    ran.assert(77, &["there is no token file", "gphotos-syncd login alice"]);
    assert_eq!(there, "", "something was begun on the mount point");
}

#[test]
fn a_disk_that_goes_away_between_two_runs_of_the_daemon_is_missed_and_not_begun_anew() {
    let home = alice_with(4);
    let served = crate::served::serve(&home);
    home.run_ok(&["sync"]);
    let before = home.tree("alice");
    // To the daemon an unmounted disk is a root that is another, empty folder.
    let (root, disk) = (home.root("alice"), home.path("disk"));
    fs::rename(&root, &disk).expect("own folder");
    fs::create_dir(&root).expect("writable");
    fs::copy(disk.join(".gphotos.token"), root.join(".gphotos.token")).expect("readable");
    let ran = home.run(&["sync"]);
    assert!(ran.code != 0 && ran.says("findmnt"), "{}\n{}", ran.out, ran.err);
    let there: Vec<_> =
        fs::read_dir(&root).expect("readable").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(there, [".gphotos.token"], "something was begun on the mount point");
    fs::remove_dir_all(&root).expect("own folder");
    fs::rename(&disk, &root).expect("own folder");
    home.run_ok(&["sync"]);
    assert_eq!(home.tree("alice"), before);
    served.stop();
}

#[test]
fn a_partial_folder_on_a_mount_of_its_own_is_refused_before_a_byte_is_fetched() {
    let home = alice_with(2);
    home.run_ok(&["sync"]);
    home.google.account("alice").add_photo(ItemSpec::named("new.jpg").len(2_000));
    home.google.reset_stats();
    let partial = home.root("alice").join(".gphotos-syncd/partial");
    // A bind mount has the same device number, and nothing can be moved out of it all the same.
    for mount in ["-t tmpfs none", &format!("--bind '{}'", home.path("run").display())] {
        let setup = format!("mount {mount} '{}'", partial.display());
        let Some(ran) = command_after(&home, &["sync"], &setup, "") else { return };
        ran.assert(78, &["is on another mount than the root", &format!("umount '{}'", partial.display())]);
    }
    assert_eq!(home.google.stats().requests(fake_google::Endpoint::Media), 0);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_year_on_a_mount_of_its_own_is_named_and_costs_the_other_years_nothing() {
    let home = alice_with(6);
    let year = home.root("alice").join("photos/2021");
    fs::create_dir_all(&year).expect("writable");
    let setup = format!("mount -t tmpfs none '{}'", year.display());
    let Some(ran) = command_after(&home, &["sync"], &setup, "") else { return };
    ran.assert(1, &["incomplete", "3 files could not be fetched"]);
    let files = home.paths("alice").iter().filter(|path| path.starts_with("photos/")).count();
    assert_eq!(files, 3);
    home.run(&["status"]).assert(0, &["failed: photos/2021/03/", "Invalid cross-device link", "findmnt -T"]);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_fat_file_system_takes_the_photos() {
    let home = alice_with(6);
    let image = home.path("fat.img");
    fs::File::create(&image).and_then(|file| file.set_len(64 << 20)).expect("writable");
    let may_mount = fs::read_to_string("/proc/filesystems").is_ok_and(|known| known.contains("vfat"));
    let made = Command::new("mkfs.vfat").arg(&image).output();
    if !may_mount || !made.is_ok_and(|made| made.status.success()) {
        return skipped("no FAT file system can be made and mounted here");
    }
    home.append_config("albums = \"copy\"\nportable-names = true\n");
    let same = ItemSpec::named("P00.JPG").created("2020-03-03T10:00:00Z").len(4_000);
    home.google.account("alice").add_photo(same);
    let (root, saved) = (home.root("alice"), home.path("saved"));
    let (root, saved) = (root.display(), saved.display());
    let setup = format!(
        "mkdir '{saved}'; cp -a '{root}/.' '{saved}'; mount -o loop,umask=077 '{}' '{root}'; cp '{saved}/.gphotos.token' '{root}'",
        image.display()
    );
    let teardown = format!("cp -r '{root}/.' '{saved}'");
    let Some(ran) = command_after(&home, &["sync"], &setup, &teardown) else { return };
    ran.assert(0, &["complete"]);
    fs::remove_dir_all(home.root("alice")).expect("own folder");
    fs::rename(Path::new(&home.path("saved")), home.root("alice")).expect("own folder");
    let photos = home.paths("alice").iter().filter(|path| path.starts_with("photos/")).count();
    assert_eq!(photos, 7);
}
