//! Indexes of every version of the schema that was ever landed: opened by this program, and nothing is fetched again.

use crate::context::Home;
use crate::index_damage::{delete_index, index};
use fake_google::{Effect, Endpoint, Fault, ItemSpec};
use rusqlite::Connection;
use std::fs;

/// The frozen statements that lead from one version to the next.
const STEPS: [&str; 3] = [
    include_str!("../../src/store/migrations/0001.sql"),
    include_str!("../../src/store/migrations/0002.sql"),
    include_str!("../../src/store/migrations/0003.sql"),
];

/// "gpsd" in ASCII.
const APPLICATION_ID: i64 = 0x6770_7364;

/// Rows of tables that a plain sync leaves empty, for the tables of each version.
const MORE_ROWS: [&str; 3] = [
    "INSERT INTO name_counters VALUES (7, 2);
     INSERT OR REPLACE INTO listing (one, kind, generation, started) VALUES (1, 1, 90, 5);
     INSERT OR IGNORE INTO facts VALUES ('notices-said', '[]');",
    "INSERT INTO exports (n, name, first_seen) VALUES (1, 'takeout-20240101T000000Z', 5);
     INSERT INTO parts (n, export, name, fingerprint, bytes, first_seen, state) VALUES (1, 1, 'p.zip', x'07', 9, 5, 1);
     INSERT INTO entries (part, ordinal, export, folder, name, bytes, outcome) VALUES (1, 0, 1, 'f', 'n', 9, 5);
     INSERT INTO item_facts (item, stamp, favorited, archived, trashed, dated_by) SELECT min(n), 1, 1, 0, 0, 0 FROM items;
     INSERT INTO revisions SELECT min(n), x'01', 1, x'02' FROM items;",
    "UPDATE files SET found = 2 WHERE item = (SELECT min(item) FROM files WHERE state = 1);
     INSERT INTO absences SELECT min(n), 1, 5, 0, NULL FROM items;
     INSERT INTO trash SELECT 'photos/old.jpg', min(n), 2, 'photos/old.jpg', 3, zeroblob(32), 5, 1, 0 FROM items;",
];

/// A synced library with an album, two items of one name, and one item that fails.
fn synced() -> Home {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let day = |n: u64| format!("2024-0{}-01T10:00:00Z", 1 + n % 3);
    let ids: Vec<String> = (0..9)
        .map(|n| alice.add_photo(ItemSpec::named("same.jpg").created(&day(n)).len(1_000 + n)))
        .collect();
    alice.add_photo(ItemSpec::named("bad.jpg").created("2024-05-01T10:00:00Z").len(100));
    alice.add_album("Some", &ids[1..4]);
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(404)).item("bad.jpg"));
    assert_eq!(home.run(&["sync"]).code, 1);
    home
}

/// Makes the index one of this version, with all that its tables can hold of what is known now.
fn age(home: &Home, version: usize) {
    let new = home.path("new.sqlite");
    let now = Connection::open(index(home)).expect("it opens");
    now.execute("VACUUM INTO ?1", [new.to_str().expect("text")]).expect("it is whole");
    drop(now);
    delete_index(home);
    let old = Connection::open(index(home)).expect("it opens");
    old.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).expect("it is new");
    STEPS[..version].iter().for_each(|step| old.execute_batch(step).expect("frozen"));
    old.execute("ATTACH ?1 AS now", [new.to_str().expect("text")]).expect("readable");
    old.execute_batch("DELETE FROM counters").expect("a table");
    for table in names(&old, "SELECT name FROM main.sqlite_schema WHERE type = 'table'") {
        let columns =
            names(&old, &format!("SELECT name FROM pragma_table_info('{table}', 'main')")).join(", ");
        old.execute_batch(&format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}"))
            .expect("the new one has every column");
    }
    // The triggers counted the rows of the copy too.
    old.execute_batch("DELETE FROM main.counters").expect("a table");
    let columns = names(&old, "SELECT name FROM pragma_table_info('counters', 'main')").join(", ");
    old.execute_batch(&format!("INSERT INTO main.counters ({columns}) SELECT {columns} FROM now.counters"))
        .expect("one row");
    MORE_ROWS[..version].iter().for_each(|rows| old.execute_batch(rows).expect("rows of the time"));
    for table in names(&old, "SELECT name FROM main.sqlite_schema WHERE type = 'table'") {
        let rows: i64 = old
            .query_row(&format!("SELECT count(*) FROM main.{table}"), [], |row| row.get(0))
            .expect("a table");
        assert!(rows > 0, "version {version} has no row in {table}");
    }
    old.pragma_update(None, "application_id", APPLICATION_ID).expect("writable");
    old.pragma_update(None, "user_version", i64::try_from(version).expect("small")).expect("writable");
}

fn names(connection: &Connection, sql: &str) -> Vec<String> {
    let mut find = connection.prepare(sql).expect("good SQL");
    let rows = find.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|row| row.expect("a name")).collect()
}

#[test]
fn an_index_of_every_version_goes_on_without_a_download() {
    for version in 1..=STEPS.len() {
        let home = synced();
        let before = home.tree("alice");
        age(&home, version);
        home.google.reset_stats();
        // A look changes nothing: an older index is brought up to date by a run alone.
        home.run(&["status"]).assert(0, &["alice"]);
        let ran = home.run(&["sync", "--full"]);
        ran.assert(1, &["alice"]);
        assert_eq!(home.tree("alice"), before, "version {version}");
        let media = home.google.stats().log.into_iter().filter(|entry| entry.endpoint == Endpoint::Media);
        let fetched: Vec<String> = media.filter_map(|entry| entry.item).collect();
        assert!(fetched.len() <= 2, "version {version}: only the failing item is tried: {fetched:?}");
        assert_eq!(home.status()["libraries"][0]["failures"][0]["tries"], 2, "version {version}");
        home.google.clear_faults();
        home.run_ok(&["sync", "--full"]);
        home.assert_complete("alice");
        let open = Connection::open(index(&home)).expect("it opens");
        let found: String =
            open.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a database");
        let now: i64 = open.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a database");
        assert_eq!((found.as_str(), now), ("ok", 3), "version {version}");
    }
}

#[test]
fn an_older_index_that_is_damaged_is_salvaged_too() {
    let home = synced();
    let before = home.tree("alice");
    age(&home, 1);
    let damage = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 99999 WHERE name = 'runs'";
    Connection::open(index(&home)).expect("it opens").execute_batch(damage).expect("it is whole");
    fs::write(index(&home).with_file_name("index.sqlite-suspect"), "").expect("writable");
    home.google.reset_stats();
    home.run(&["sync"]).assert(1, &["is damaged"]);
    assert_eq!(home.tree("alice"), before);
    assert_eq!(home.status()["libraries"][0]["failures"][0]["tries"], 2, "the old one knew of one try");
}

#[test]
fn an_index_of_a_newer_version_is_refused_with_78_and_unchanged() {
    let home = synced();
    let open = Connection::open(index(&home)).expect("it opens");
    open.pragma_update(None, "user_version", 99).expect("writable");
    drop(open);
    let before = fs::read(index(&home)).expect("readable");
    let tree = home.tree("alice");
    let says = ["the index has schema version 99, this program knows up to 3", "hint: "];
    home.run(&["sync"]).assert(78, &says);
    home.run(&["status"]).assert(0, &says);
    assert_eq!(fs::read(index(&home)).expect("readable"), before);
    assert_eq!(home.tree("alice"), tree);
}
