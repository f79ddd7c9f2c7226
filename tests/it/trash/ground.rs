//! A library whose account deletes, and what lies in its trash.
//!
//! May use: `context`.

use crate::context::Home;
use fake_google::{ItemSpec, User};
use rusqlite::Connection;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The wish for a trash.
pub(crate) const TRASH: &str = "on-remote-delete = \"trash\"\n";

/// A library of `count` photos that is on disk, with these keys; gives the ids, oldest first.
pub(crate) fn synced(count: u32, keys: &str) -> (Home, User, Vec<String>) {
    let home = Home::with(&["alice"]);
    home.append_config(keys);
    let alice = home.google.account("alice");
    let ids = (0..count).map(|n| alice.add_photo(photo(n))).collect();
    full(&home);
    assert!((0..count).all(|n| home.root("alice").join(place(n)).exists()), "{:?}", home.paths("alice"));
    (home, alice, ids)
}

/// Photo number `n`, at `photos/2023/12/IMG_000n.jpg`.
pub(crate) fn photo(n: u32) -> ItemSpec {
    let created = format!("2023-12-31T{:02}:{:02}:00Z", n / 60 % 24, n % 60);
    ItemSpec::named(format!("IMG_{n:04}.jpg")).created(&created).len(300 + u64::from(n))
}

/// Where photo number `n` lies.
pub(crate) fn place(n: u32) -> String {
    format!("photos/2023/12/IMG_{n:04}.jpg")
}

/// A run with a full listing.
pub(crate) fn full(home: &Home) {
    home.run_ok(&["sync", "--full"]);
}

/// The folder of the trash.
pub(crate) fn trash_dir(home: &Home) -> PathBuf {
    home.root("alice").join(".gphotos-syncd/trash")
}

/// Every file in the trash by its path without the day.
pub(crate) fn trashed(home: &Home) -> BTreeMap<String, Vec<u8>> {
    fn gather(dir: &Path, prefix: &str, into: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(dir).expect("readable").flatten() {
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().expect("known").is_dir() {
                gather(&entry.path(), &format!("{path}/"), into);
            } else {
                let (_, home) = path.split_once('/').expect("below a day");
                into.insert(home.to_owned(), fs::read(entry.path()).expect("readable"));
            }
        }
    }
    let mut found = BTreeMap::new();
    gather(&trash_dir(home), "", &mut found);
    found
}

/// Where the file of `path` lies in the trash.
pub(crate) fn in_trash(home: &Home, path: &str) -> PathBuf {
    let days = fs::read_dir(trash_dir(home)).expect("readable").flatten();
    let mut places = days.map(|day| day.path().join(path)).filter(|place| place.exists());
    places.next().unwrap_or_else(|| panic!("`{path}` is not in the trash"))
}

/// What the status says of deletions.
#[track_caller]
pub(crate) fn deletions(home: &Home) -> Value {
    home.status()["libraries"][0]["deletions"].clone()
}

/// The index, for a look or a change by hand while nothing runs.
pub(crate) fn index(home: &Home) -> Connection {
    Connection::open(home.root("alice").join(".gphotos-syncd/index.sqlite")).expect("it is there")
}

/// So many days pass for what is in the trash.
pub(crate) fn age(home: &Home, days: i64) {
    let sql = "UPDATE trash SET age = age + ?1";
    index(home).execute(sql, [days * 24 * 3_600_000]).expect("the index is whole");
}

/// Each file in the library and in the trash, by its path.
pub(crate) fn everything(home: &Home) -> BTreeMap<String, Vec<u8>> {
    let mut all = home.tree("alice");
    all.retain(|path, _| path.starts_with("photos/"));
    for (path, bytes) in trashed(home) {
        assert!(all.insert(path.clone(), bytes).is_none(), "`{path}` is in both places");
    }
    all
}
