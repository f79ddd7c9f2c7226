//! Archives that are out to harm, and those that only look like it: nothing leaves the root, nothing is lost without a word.

use crate::context::Home;
use crate::exports::{
    STAMP, balance_of, hex, import, import_all, import_one, offline, photos, staged, text, tgz, zip,
};
use fake_google::archive::{Method, TarEntry, TarKind, TarWriter, ZipEntry, ZipWriter};
use fake_google::takeout::{EntryFault, Export, TakeoutItem, TakeoutLibrary};
use fake_google::{Content, Magic};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufWriter, Read as _};
use std::path::{Path, PathBuf};

/// What a bomb unpacks to: more than is taken whatever it cost.
const BOMB_BYTES: u64 = 400 << 20;

/// A file's path in an export.
fn year(name: &str) -> String {
    format!("Takeout/Google Photos/Photos from 2023/{name}")
}

/// The names below `photos/` without their folders.
fn names(home: &Home) -> BTreeSet<String> {
    photos(home).into_keys().map(|path| path.rsplit('/').next().unwrap_or_default().to_owned()).collect()
}

/// The reasons by which entries were refused, by the ends of their names.
fn refused(balance: &serde_json::Value) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let list = balance["refused"].as_array().expect("a list");
    list.iter().map(|entry| (text(&entry["name"]), text(&entry["reason"]))).collect()
}

/// Every entry has one outcome, and nothing waits.
#[track_caller]
fn assert_accounted_for(balance: &serde_json::Value, entries: usize) {
    let counts: u64 =
        balance["total"].as_object().expect("counts").values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(counts, entries as u64, "{balance:#}");
    assert_eq!(balance["total"]["waiting"], 0, "{balance:#}");
}

#[test]
fn names_that_would_leave_the_root_are_refused_and_named() {
    let home = offline();
    let bad = [
        "../../etc/escaped.jpg",
        "Takeout/../../escaped.jpg",
        "Takeout/Google Photos/../../../escaped.jpg",
        "/escaped.jpg",
        "//tmp/escaped.jpg",
        "..\\..\\escaped.jpg",
        "Takeout\\Google Photos\\escaped.jpg",
        "C:/escaped.jpg",
        "Takeout/Google Photos/Photos from 2023/..",
        "",
    ];
    let good = (ZipEntry::new(year("good.jpg")), text("good"));
    let hostile = |n: usize| text(&format!("evil {n}"));
    let mut entries: Vec<_> =
        bad.iter().enumerate().map(|(n, name)| (ZipEntry::new(*name), hostile(n))).collect();
    entries.push(good);
    let path = home.path("inbox/a.zip");
    zip(&path, &entries);
    let tar = home.path("inbox/a.tgz");
    let members: Vec<_> =
        bad.iter().enumerate().map(|(n, name)| (TarEntry::new(*name), hostile(n + 100))).collect();
    tgz(&tar, &members);
    for (archive, count) in [(&path, bad.len() + 1), (&tar, bad.len())] {
        import_one(&home, archive).assert(1, &["NOT proven complete", "entries were not taken"]);
        let balance = balance_of(&home, archive);
        assert_accounted_for(&balance, count);
        assert_eq!(refused(&balance).len(), bad.len(), "{balance:#}");
    }
    assert_eq!(names(&home), BTreeSet::from(["good.jpg".to_owned()]));
    let mut folder = Some(home.dir.path());
    while let Some(dir) = folder {
        for name in ["escaped.jpg", "etc/escaped.jpg", "tmp/escaped.jpg"] {
            assert!(!dir.join(name).exists(), "{} was made", dir.join(name).display());
        }
        folder = dir.parent();
    }
}

#[test]
fn links_and_devices_are_neither_made_nor_followed() {
    let home = offline();
    let secret = home.path("secret.txt");
    fs::write(&secret, "not for export").expect("writable");
    let target = secret.to_str().expect("plain").as_bytes();
    let special = |name: &str, kind| TarEntry { kind, ..TarEntry::new(year(name)) };
    let entries = [
        (TarEntry::link(year("soft.jpg"), TarKind::SymbolicLink, target), text("")),
        (TarEntry::link(year("hard.jpg"), TarKind::HardLink, target), text("")),
        (special("char.jpg", TarKind::CharDevice), text("")),
        (special("block.jpg", TarKind::BlockDevice), text("")),
        (special("pipe.jpg", TarKind::Fifo), text("")),
        // A link that stands for a folder, and a file "in" it.
        (
            TarEntry::link(
                "Takeout/Google Photos/Trip",
                TarKind::SymbolicLink,
                home.path("").to_str().expect("plain").as_bytes(),
            ),
            text(""),
        ),
        (TarEntry::new("Takeout/Google Photos/Trip/through.jpg"), text("through")),
        (TarEntry::new(year("good.jpg")), text("good")),
    ];
    let tar = home.path("inbox/a.tgz");
    tgz(&tar, &entries);
    import_one(&home, &tar).assert(1, &["a symbolic link is not taken", "a device is not taken"]);
    let balance = balance_of(&home, &tar);
    assert_accounted_for(&balance, entries.len());
    let reasons: Vec<String> = refused(&balance).into_iter().map(|(_, reason)| reason).collect();
    for what in ["symbolic link", "hard link", "device", "named pipe"] {
        assert!(reasons.iter().any(|reason| reason.contains(what)), "{what}: {reasons:?}");
    }
    let zip_path = home.path("inbox/b.zip");
    let link = ZipEntry { unix_mode: Some(0o120_777), ..ZipEntry::stored(year("soft.jpg")) };
    zip(&zip_path, &[(link, Content::Bytes(target.to_vec().into()))]);
    import_one(&home, &zip_path).assert(1, &["a symbolic link is not taken"]);
    assert_eq!(names(&home), ["good.jpg", "through.jpg"].map(str::to_owned).into());
    assert!(!home.path("through.jpg").exists());
    let links = home.tree("alice").into_iter().filter(|(path, _)| path.starts_with("photos/"));
    assert!(links.into_iter().all(|(_, bytes)| !bytes.starts_with(b"-> ") && bytes != b"not for export"));
}

#[test]
fn a_bomb_is_refused_whatever_its_headers_say_and_leaves_nothing_behind() {
    let home = offline();
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::best());
    std::io::copy(&mut std::io::repeat(0).take(BOMB_BYTES), &mut packer).expect("in memory");
    let bomb = Content::Bytes(packer.finish().expect("in memory").into());
    // Packed already: method 8, as it stands.
    let told = |name: &str, bytes| {
        let told_bytes = Some(bytes);
        ZipEntry { method: Method::Other(8), told_bytes, ..ZipEntry::stored(year(name)) }
    };
    let path = home.path("inbox/a.zip");
    let entries = [
        (told("honest.mkv", BOMB_BYTES), bomb.clone()),
        (told("modest.mkv", 5_000_000), bomb.clone()),
        (told("absurd.mkv", 1 << 50), bomb),
        (ZipEntry { told_bytes: Some(1 << 50), ..ZipEntry::stored(year("stored.mkv")) }, text("stored")),
        (ZipEntry::new(year("a.jpg")), text("a")),
    ];
    zip(&path, &entries);
    assert!(fs::metadata(&path).expect("there").len() < 4 << 20);
    let ran = import_one(&home, &path);
    ran.assert(1, &["far more than any photo or video does", "longer than its declared length"]);
    assert_accounted_for(&balance_of(&home, &path), entries.len());
    let tar = home.path("inbox/a.tgz");
    let zeros = File::create(home.path("zeros")).expect("writable");
    zeros.set_len(BOMB_BYTES).expect("sparse");
    let packer = GzEncoder::new(File::create(&tar).expect("writable"), Compression::best());
    let mut writer = TarWriter::new(packer);
    writer.add(&TarEntry::new(year("b.jpg")), &text("b")).expect("writable");
    writer.add(&TarEntry::new(year("bomb.mkv")), &Content::File(home.path("zeros"))).expect("writable");
    writer.finish_gzip().expect("writable");
    import_one(&home, &tar).assert(1, &["far more than any photo or video does"]);
    assert_eq!(names(&home), ["a.jpg", "b.jpg"].map(str::to_owned).into());
    assert_eq!(staged(&home), 0, "something is left in partial/");
}

#[test]
fn entries_that_overlap_are_taken_once_and_told() {
    let home = offline();
    let path = home.path("inbox/a.zip");
    let mut writer = ZipWriter::new(BufWriter::new(File::create(&path).expect("writable")));
    let noise = Content::Noise { seed: 1, len: 50_000, magic: Magic::Jpeg };
    writer.add(&ZipEntry::stored(year("one.jpg")), &noise).expect("writable");
    for n in 0..50 {
        writer.add_alias(year(&format!("alias {n}.jpg")));
    }
    writer.finish().expect("writable");
    import_one(&home, &path).assert(1, &["NOT proven complete", "share"]);
    assert_accounted_for(&balance_of(&home, &path), 51);
    assert_eq!(photos(&home).into_values().collect::<Vec<_>>(), [noise.sha256()]);
}

#[test]
fn what_is_encrypted_or_packed_strangely_is_refused_and_the_others_come() {
    let home = offline();
    let path = home.path("inbox/a.zip");
    let entries = [
        (ZipEntry { encrypted: true, ..ZipEntry::new(year("locked.jpg")) }, text("locked")),
        (ZipEntry { method: Method::Other(14), ..ZipEntry::new(year("lzma.jpg")) }, text("lzma")),
        (ZipEntry { wrong_crc: true, ..ZipEntry::stored(year("rotten.jpg")) }, text("rotten")),
        (ZipEntry { wrong_crc: true, ..ZipEntry::new(year("rotten.jpg.json")) }, text("{\"title\": \"x\"}")),
        (ZipEntry { told_bytes: Some(90), ..ZipEntry::stored(year("short.jpg")) }, text("short")),
        (ZipEntry::new(year("good.jpg")), text("good")),
    ];
    zip(&path, &entries);
    let said = ["it is encrypted", "method 14", "checksum", "5 entries were not taken"];
    import_one(&home, &path).assert(1, &said);
    assert_accounted_for(&balance_of(&home, &path), entries.len());
    assert_eq!(names(&home), BTreeSet::from(["good.jpg".to_owned()]));
}

#[test]
fn odd_names_become_safe_ones_and_every_file_comes() {
    let home = offline();
    let long = format!("{}.jpg", "ü".repeat(148));
    assert_eq!(long.len(), 300);
    let dos = |name: &[u8]| ZipEntry { utf8: false, ..ZipEntry::new([year("").as_bytes(), name].concat()) };
    let entries = [
        (dos(b"caf\x82.jpg"), text("code page 437")),
        (ZipEntry::new([year("").as_bytes(), b"broken \xff\xfe.jpg"].concat()), text("no UTF-8")),
        (ZipEntry::new(year(&long)), text("long")),
        (ZipEntry::new(year(".hidden")), text("hidden")),
        (ZipEntry::new(year("con.jpg")), text("device")),
        (ZipEntry::new(year("what?.jpg")), text("question")),
        (ZipEntry::new(year("-rf ~.jpg")), text("option")),
        (ZipEntry::new(year("\u{202e}gpj.exe")), text("backwards")),
        (ZipEntry::new(year("no extension")), text("none")),
        (ZipEntry::new(year("Thumbs.db")), text("unknown kind")),
    ];
    let path = home.path("inbox/a.zip");
    zip(&path, &entries);
    import_one(&home, &path).assert(0, &["safe to delete"]);
    let there: BTreeSet<String> = photos(&home).into_values().collect();
    assert_eq!(there, entries.iter().map(|(_, content)| content.sha256()).collect());
    let names = names(&home);
    assert!(names.contains("café.jpg"), "{names:?}");
    for name in &names {
        assert!(name.len() <= 255 && !name.starts_with('.') && !name.contains('\u{202e}'), "{name:?}");
    }
    assert!(names.iter().any(|name| name.len() > 200 && name.contains("ü.jpg")), "{names:?}");
    let control = home.path("inbox/b.zip");
    zip(&control, &[(ZipEntry::new(year("bell\u{7}\n.jpg")), text("bell"))]);
    import_one(&home, &control).assert(1, &["it has control characters"]);
}

#[test]
fn names_that_differ_in_case_alone_are_two_files_wherever_they_may_meet() {
    for portable in [false, true] {
        let home = offline();
        if portable {
            home.append_config("portable-names = true\n");
        }
        let path = home.path("inbox/a.zip");
        let entries = ["photo.jpg", "PHOTO.JPG", "Photo.jpg", "photo?.jpg", "photo*.jpg", "aux.jpg"]
            .map(|name| (ZipEntry::new(year(name)), text(name)));
        zip(&path, &entries);
        import_one(&home, &path).assert(0, &["safe to delete"]);
        let names = names(&home);
        assert_eq!(names.len(), entries.len(), "{names:?}");
        let folded: BTreeSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(folded.len() == names.len(), portable, "{names:?}");
        assert_eq!(names.iter().any(|name| name.contains(['?', '*'])), !portable, "{names:?}");
    }
}

#[test]
fn a_file_without_bytes_is_a_file_like_any_other() {
    let home = offline();
    let library = || {
        let mut library = TakeoutLibrary::default();
        library.add(TakeoutItem::named("empty.jpg").content(text("")));
        library.add(TakeoutItem::named("also empty.mp4").content(text("")));
        library.add(TakeoutItem::named("full.jpg"));
        library
    };
    let truth = Export::at(STAMP).write(&library(), &home.path("inbox")).expect("writable");
    import(&home, &truth).assert(0, &["safe to delete"]);
    let there: BTreeSet<String> = photos(&home).into_values().collect();
    assert_eq!(there, truth.media_sha256());
    assert!(there.contains(&hex(b"")));
}

#[test]
fn an_entry_that_stands_twice_has_its_sidecar_all_the_same() {
    let home = offline();
    let mut library = TakeoutLibrary::default();
    library.add(TakeoutItem::named("raw.dng").taken("2019-05-07T05:05:05Z"));
    library.add(TakeoutItem::named("b.jpg").taken("2018-05-07T05:05:05Z"));
    let twice = Export::at(STAMP)
        .entry_fault("raw.dng", EntryFault::Duplicate)
        .entry_fault("b.jpg.supplemental-metadata.json", EntryFault::Duplicate);
    let truth = twice.write(&library, &home.path("inbox")).expect("writable");
    import(&home, &truth).assert(0, &["safe to delete"]);
    let paths: Vec<String> = photos(&home).into_keys().collect();
    assert_eq!(paths, ["photos/2018/05/b.jpg", "photos/2019/05/raw.dng"]);
}

/// Two accounts' exports of the same second, as parts of one name; each has a photo of the same name but another day.
fn exports_of_two_accounts(home: &Home) -> [(PathBuf, TakeoutLibrary); 2] {
    [("mine", 1, "2021-03-01T00:00:00Z"), ("theirs", 2, "2021-08-01T00:00:00Z")].map(|(dir, seed, taken)| {
        let mut library = TakeoutLibrary { seed, ..TakeoutLibrary::default() };
        library.add(TakeoutItem::named("IMG_0001.jpg").taken(taken));
        library.add(TakeoutItem::named(format!("{dir}.jpg")).taken(taken));
        let truth = Export::at(STAMP).write(&library, &home.path(dir)).expect("writable");
        (truth.parts[0].clone(), library)
    })
}

#[test]
fn two_parts_with_one_number_are_both_read_and_never_called_one_whole_export() {
    let home = offline();
    let [(mine, _), (theirs, _)] = exports_of_two_accounts(&home);
    let ran = import_all(&home, &[&mine, &theirs]);
    ran.assert(1, &["NOT proven complete", "two different parts have the number 1"]);
    let paths: Vec<String> = photos(&home).into_keys().collect();
    assert_eq!(paths.len(), 4, "{paths:?}");
    // Whose sidecar is whose nobody knows: a wrong date is worse than none.
    let dated = |name: &str| paths.iter().find(|path| path.ends_with(name)).cloned().unwrap_or_default();
    assert_eq!(dated("/mine.jpg"), "photos/2021/03/mine.jpg");
    assert_eq!(dated("/theirs.jpg"), "photos/2021/08/theirs.jpg");
    assert!(mine.exists() && theirs.exists());
    // It stays so when one of them comes alone, or both came one after the other.
    import_one(&home, &mine).assert(1, &["two different parts have the number 1"]);
    let other = offline();
    let [(mine, _), (theirs, _)] = exports_of_two_accounts(&other);
    import_one(&other, &mine).assert(0, &["safe to delete"]);
    import_one(&other, &theirs).assert(1, &["two different parts have the number 1"]);
}

#[test]
fn the_same_part_under_two_names_is_one() {
    let home = offline();
    home.append_config("after-import = \"delete\"\n");
    let mut library = TakeoutLibrary::default();
    library.add(TakeoutItem::named("a.jpg"));
    let truth = Export::at(STAMP).write(&library, &home.path("inbox")).expect("writable");
    let name = truth.parts[0].to_str().expect("plain").replace(".zip", " (1).zip");
    fs::copy(&truth.parts[0], &name).expect("writable");
    home.run(&["sync"]).assert(0, &["complete"]);
    assert_eq!(photos(&home).len(), 1);
    assert!(!Path::new(&name).exists() && !truth.parts[0].exists(), "both are proven");
}
