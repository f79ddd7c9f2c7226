//! What it gave away, and where it wrote though it should not; and what grew with the library.

use crate::context::Home;
use crate::login::{Dialogue, logged_out};
use crate::names::assert_nothing_outside;
use crate::secrets::MARKS;
use crate::served::serve;
use fake_google::{Effect, Endpoint, Fault, Field, ItemSpec, Synthetic};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// Items without a date, so that albums of them have none either: the nearest to folders without dates.
fn undated(name: &str) -> ItemSpec {
    ItemSpec::named(name).len(1_000).without(Field::CreationTime)
}

/// 14: the token lay in the photo tree, and was written in place with the umask's mode before it was made private.
#[test]
fn the_token_stood_open_in_a_shared_photo_tree() {
    let home = Home::with(&["alice"]);
    home.google.account("alice").add_photo(ItemSpec::named("a.jpg"));
    fs::set_permissions(home.root("alice"), fs::Permissions::from_mode(0o777)).expect("own folder");
    home.google.account("alice").expire_access_tokens();
    home.run_ok(&["sync"]);
    let token = home.root("alice").join(".gphotos.token");
    assert_eq!(fs::metadata(&token).expect("it is there").permissions().mode() & 0o7777, 0o600);
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).expect("own file");
    home.run(&["sync"]).assert(77, &["has mode 0644: others could read or change it", "hint: chmod 600"]);
}

/// 15: the login's listener was on all interfaces.
#[test]
fn the_login_listened_on_every_interface() {
    let home = logged_out();
    let mut login = Dialogue::begin(&home, &["alice"]);
    login.ready();
    let listening = listening_addresses(login.id());
    assert!(!listening.is_empty(), "no listener was found");
    let here = ["0100007F", "00000000000000000000000001000000"];
    assert!(listening.iter().all(|address| here.contains(&address.as_str())), "{listening:?}");
}

/// The addresses, as proc_net(5) writes them, on which a process listens.
fn listening_addresses(process: u32) -> Vec<String> {
    let links = fs::read_dir(format!("/proc/{process}/fd")).expect("it runs").flatten();
    let sockets: Vec<String> =
        links.filter_map(|link| Some(fs::read_link(link.path()).ok()?.display().to_string())).collect();
    let mut found = Vec::new();
    for table in ["tcp", "tcp6"] {
        let text = fs::read_to_string(format!("/proc/{process}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // `0A` is LISTEN.
            if fields.get(3) == Some(&"0A") && sockets.contains(&format!("socket:[{}]", fields[9])) {
                found.extend(fields[1].split(':').next().map(str::to_owned));
            }
        }
    }
    found
}

/// 16: its logs had whole addresses of bytes, which people pasted into issues; `.trace` had whole answers.
#[test]
fn logs_that_people_pasted_had_addresses_that_fetch_the_photo() {
    let home = Home::with(&["alice"]);
    for name in ["a.jpg", "b.jpg", "c.jpg"] {
        home.google.account("alice").add_photo(ItemSpec::named(name).len(1_000));
    }
    for (item, effect) in
        [("a.jpg", Effect::status(404)), ("b.jpg", Effect::HtmlOk), ("c.jpg", Effect::Truncate { bytes: 10 })]
    {
        home.google.fault(Fault::on(&[Endpoint::Media], effect).item(item));
    }
    home.run_watched(&["sync"]).assert(1, &["incomplete"]);
    home.run_watched(&["status", "--json"]).assert(0, &["a.jpg", "b.jpg", "c.jpg"]);
    let found = fs::read_dir(home.root("alice")).expect("readable").flatten();
    let logs: Vec<_> =
        found.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "log")).collect();
    assert!(logs.is_empty(), "a log lies among the photos: {logs:?}");
}

/// 17: an album called `..` had its links made in the root.
#[test]
fn an_album_called_dot_dot_put_its_links_into_the_root() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let ids: Vec<String> = ["a.jpg", "b.jpg"].map(|name| alice.add_photo(undated(name))).into();
    for title in ["..", ".", "../..", "/", "x/../../y"] {
        alice.add_album(title, &ids);
    }
    home.run_ok(&["sync"]);
    assert_nothing_outside(&home);
    let links: Vec<String> =
        home.paths("alice").into_iter().filter(|path| !path.starts_with("photos/")).collect();
    assert_eq!(links.len(), 10, "{links:?}");
    assert!(
        links.iter().all(|path| path.starts_with("albums/undated/") && path.split('/').count() == 4),
        "{links:?}"
    );
}

/// 18: a linked folder of a month was followed, and the month's files were written outside the root.
#[test]
fn a_linked_month_took_its_files_out_of_the_root() {
    let home = Home::with(&["alice"]);
    home.google
        .account("alice")
        .add_photo(ItemSpec::named("a.jpg").created("2024-07-01T10:00:00Z").len(1_000));
    let (outside, month) = (home.path("outside"), home.root("alice").join("photos/2024/07"));
    fs::create_dir(&outside).expect("writable");
    fs::create_dir_all(month.parent().expect("a folder")).expect("writable");
    symlink(&outside, &month).expect("writable");
    assert_ne!(home.run(&["sync"]).code, 0);
    assert_eq!(fs::read_dir(&outside).expect("readable").count(), 0, "the link was followed");
}

/// 18: a dangling link at a file's name was taken for nothing, and replaced.
#[test]
fn a_dangling_link_at_a_files_name_was_replaced() {
    let home = Home::with(&["alice"]);
    home.google
        .account("alice")
        .add_photo(ItemSpec::named("a.jpg").created("2024-07-01T10:00:00Z").len(1_000));
    let link = home.root("alice").join("photos/2024/07/a.jpg");
    fs::create_dir_all(link.parent().expect("a folder")).expect("writable");
    symlink("/nowhere", &link).expect("writable");
    home.run_ok(&["sync"]);
    assert_eq!(fs::read_link(&link).expect("still a link"), Path::new("/nowhere"));
    assert!(home.paths("alice").contains(&"photos/2024/07/a (2).jpg".to_owned()));
}

/// 18: its probes of the file system had names that a user's files could have, and removed them.
#[test]
fn its_probes_removed_folders_of_their_names() {
    let home = Home::with(&["alice"]);
    home.google.account("alice").add_photo(ItemSpec::named("a.jpg"));
    let own = [
        ".gphotos_check/Temp.Test",
        "test_src_1",
        "test_dst_1",
        ".unicode_test",
        "gphotos.log",
        "gphotos.trace",
    ];
    for name in own {
        let path = home.root("alice").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, name).expect("writable");
    }
    home.run_ok(&["sync"]);
    for name in own {
        assert_eq!(fs::read_to_string(home.root("alice").join(name)).expect("it is still there"), name);
    }
}

/// 19: identifiers stood in the text of SQL: a quote in one broke the index, or changed it.
#[test]
fn an_id_with_a_quote_broke_the_index() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let ids: Vec<String> =
        ["it's", "\"; DROP TABLE items; --", "x'); DELETE FROM files; --", "%_\\", "a\u{1f}b"]
            .iter()
            .enumerate()
            .map(|(n, id)| alice.add_photo(ItemSpec::named(format!("{n}.jpg")).id(*id).len(1_000)))
            .collect();
    alice.add_album("Robert'); DROP TABLE albums; --", &ids);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    home.run_ok(&["sync", "--full"]);
    let status = home.status();
    assert_eq!(status["libraries"][0]["items"], 5, "{status}");
    assert_eq!(home.paths("alice").iter().filter(|path| path.starts_with("albums/")).count(), 5);
}

/// 20: a test account's token and client secret were committed with its tests.
#[test]
fn live_credentials_were_committed_with_the_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> = Vec::new();
    for dir in ["src", "tests", "examples", "config", "packaging", "systemd", "fuzz/corpus", "benches"] {
        files_below(&root.join(dir), &mut files);
    }
    assert!(files.len() > 300, "only {} files were looked at", files.len());
    for file in files {
        let text = String::from_utf8_lossy(&fs::read(&file).expect("readable")).into_owned();
        // What Google gives is longer than what tests make up.
        for (mark, length) in [("GOCSPX-", 28), ("ya29.", 60), ("1//0", 40)] {
            for (at, _) in text.match_indices(mark) {
                let rest = text[at + mark.len()..].chars();
                let secret = rest.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).count();
                assert!(secret < length, "{} has what looks like a live `{mark}...`", file.display());
            }
        }
    }
    assert!(MARKS.len() > 3);
}

fn files_below(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&entry.path(), into),
            Ok(kind) if kind.is_file() => into.push(entry.path()),
            Ok(_) | Err(_) => {}
        }
    }
}

/// Each link of a library, by what a new link of the same path would change.
fn links(home: &Home) -> BTreeMap<String, (u64, i64, i64)> {
    let of = |path: String| {
        let found = fs::symlink_metadata(home.root("alice").join(&path)).expect("it is there");
        (path, (found.ino(), found.ctime(), found.ctime_nsec()))
    };
    home.paths("alice").into_iter().filter(|path| path.starts_with("albums/")).map(of).collect()
}

/// D: every change made every link of every album anew.
#[test]
fn one_new_photo_rebuilt_every_link_of_every_album() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let photo = |n: u32| alice.add_photo(ItemSpec::named(format!("{n}.jpg")).len(500));
    let ids: Vec<String> = (0..40).map(photo).collect();
    alice.add_album("All", &ids);
    let half = alice.add_album("Half", &ids[20..]);
    home.run_ok(&["sync"]);
    let before = links(&home);
    assert_eq!(before.len(), 60);
    let newest = [&ids[20..], &[photo(40)]].concat();
    alice.set_album_items(&half, &newest);
    home.run_ok(&["sync"]);
    let after = links(&home);
    assert_eq!(after.len(), 61);
    let touched = before.iter().filter(|(path, facts)| after.get(*path) != Some(facts)).count();
    // The album's folder may have another date now, but the other album has none of its links made again.
    assert!(touched <= 20, "{touched} of 60 links were made anew");
}

/// D: whole tables were held in memory. That a million items fit into 64 MiB, `benches/million` shows.
#[test]
fn memory_grew_with_the_library() {
    let home = Home::with(&["bob"]);
    let peak_of = |served: &mut crate::served::Served| {
        let status =
            fs::read_to_string(format!("/proc/{}/status", served.running.child().id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells");
        line.trim_end_matches("kB").trim().parse::<u64>().expect("a number") / 1024
    };
    home.google.synthetic_account("many", Synthetic { bytes: 100..=200, ..Synthetic::photos(2_000) });
    home.put_token("bob", &home.google.token_json("many"));
    let mut served = serve(&home);
    home.run_ok(&["sync"]);
    let peak = peak_of(&mut served);
    assert!(peak < 64, "2,000 items took {peak} MiB");
    served.stop();
}

/// D: folders were walked by recursion, as deep as somebody made them.
#[test]
fn a_folder_without_bottom_overflowed_the_walk() {
    let home = Home::with(&["alice"]);
    let export = home.path("export");
    let deep = export.join(["d"; 500].join("/"));
    fs::create_dir_all(&deep).expect("writable");
    fs::write(deep.join("deep.jpg"), b"\xff\xd8\xff\xe0 deep").expect("writable");
    fs::write(export.join("top.jpg"), b"\xff\xd8\xff\xe0 top").expect("writable");
    let ran = home.run(&["import", "alice", export.to_str().expect("text")]);
    assert!(matches!(ran.code, 0 | 1), "{ran:?}");
    assert!(home.paths("alice").iter().any(|path| path.ends_with("top.jpg")), "{ran:?}");
}
