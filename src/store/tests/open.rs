//! Tests of `store`: open.

use rusqlite::{Connection, OpenFlags};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::store::tests::{fixture, list, photo};
use crate::store::{Begin, Store, StoreError, schema};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_index_and_its_log_are_not_for_others() {
    let f = fixture();
    list(&f.store, vec![photo("a", "a")]).await;
    for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
        assert_eq!(mode(&f.dir.path().join(name)) & 0o137, 0, "{name}");
    }
}

#[tokio::test]
async fn the_settings_hold() {
    let f = fixture();
    let ask = async |sql: &'static str| -> String {
        let value =
            f.store.read("ask", move |c| c.query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0)));
        format!("{:?}", value.await.unwrap())
    };
    assert_eq!(ask("PRAGMA journal_mode").await, "Text(\"wal\")");
    assert_eq!(ask("PRAGMA synchronous").await, "Integer(2)");
    assert_eq!(ask("PRAGMA foreign_keys").await, "Integer(1)");
    assert_eq!(ask("PRAGMA user_version").await, "Integer(3)");
    assert_eq!(ask("PRAGMA integrity_check").await, "Text(\"ok\")");
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_unchanged() {
    let f = fixture();
    let path = f.dir.path().join("index.sqlite");
    f.store.read("age", |c| c.pragma_update(None, "user_version", 99)).await.unwrap();
    drop(f.store);
    for answer in [Store::open(&path).map(|_| ()), Store::open_read_only(&path).map(|_| ())] {
        assert!(matches!(answer, Err(StoreError::TooNew { found: 99, known: 3 })), "{answer:?}");
    }
}

/// What each earlier version of the schema was, with rows of its time.
const EARLIER: [(&str, &str); 1] = [(
    include_str!("../migrations/0001.sql"),
    "INSERT INTO items (n, id, filename, kind, seen, created) VALUES (1, 'm', 'a.jpg', 0, 1, 5);
     INSERT INTO files (item, part, path, folded, number, ext_bytes, state, bytes, sha256)
        VALUES (1, 0, 'photos/a.jpg', 1, 1, 4, 1, 10, x'07');
     INSERT INTO albums (n, id, title, items_count, stale) VALUES (1, 'al', 'Rome', 1, 0);
     PRAGMA application_id = 1735422820; PRAGMA user_version = 1;",
)];

#[tokio::test]
async fn an_index_of_every_earlier_version_keeps_what_it_knows() {
    for (schema, rows) in EARLIER {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index.sqlite");
        Connection::open(&path).unwrap().execute_batch(&format!("{schema}{rows}")).unwrap();
        assert!(Store::open_read_only(&path).unwrap().is_none(), "a reader does not change the schema");
        let store = Store::open(&path).unwrap();
        let totals = store.totals().await.unwrap();
        assert_eq!((totals.items, totals.files, totals.bytes), (1, 1, 10));
        assert_eq!(store.albums().await.unwrap()[0].album.title, "Rome");
        assert_eq!(store.sample_ids(5).await.unwrap().len(), 1);
        store.record_albums(vec![], false).await.unwrap();
        assert!(store.albums().await.unwrap().is_empty(), "an album of an earlier version was listed");
    }
}

#[test]
fn a_database_of_another_program_is_refused_and_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let other = dir.path().join("other");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE photos (id)").unwrap();
    let before = std::fs::read(&other).unwrap();
    for answer in [Store::open(&other).map(|_| ()), Store::open_read_only(&other).map(|_| ())] {
        assert!(matches!(answer, Err(StoreError::NotAnIndex { .. })), "{answer:?}");
    }
    assert_eq!(std::fs::read(&other).unwrap(), before);
}

#[test]
fn a_missing_folder_or_a_link_is_an_error_with_its_cause() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("victim"), "").unwrap();
    symlink("victim", dir.path().join("link")).unwrap();
    for path in ["none/index.sqlite", "link"] {
        let error = Store::open(&dir.path().join(path)).unwrap_err();
        assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
        assert!(!error.is_full());
    }
    assert_eq!(std::fs::read(dir.path().join("victim")).unwrap(), b"");
}

#[tokio::test]
async fn reading_works_while_another_writes_and_can_change_nothing() {
    let f = fixture();
    let path = f.dir.path().join("index.sqlite");
    let reader = Store::open_read_only(&path).unwrap().unwrap();
    for (n, stem) in ["a", "b", "c"].into_iter().enumerate() {
        list(&f.store, vec![photo(stem, stem)]).await;
        assert_eq!(reader.totals().await.unwrap().items, n as u64 + 1);
    }
    assert!(matches!(reader.set_fact("x", None).await, Err(StoreError::Sqlite { .. })));
    assert!(reader.next_run_number().await.is_err());
    list(&f.store, vec![photo("d", "d")]).await;
}

/// A closed index in a folder of this name; its thread is not waited for elsewhere, so no thread is used.
fn closed_index(folder: &Path) -> std::path::PathBuf {
    std::fs::create_dir(folder).unwrap();
    let path = folder.join("index.sqlite");
    let connection = schema::open(&path, Begin::Library).unwrap();
    connection.execute("INSERT INTO facts VALUES ('needs-login', 'yes')", []).unwrap();
    path
}

#[tokio::test]
async fn a_closed_index_in_a_folder_without_write_permission_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("folder");
    let path = closed_index(&folder);
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o555)).unwrap();
    let reader = Store::open_read_only(&path).unwrap().unwrap();
    assert_eq!(reader.fact("needs-login").await.unwrap().as_deref(), Some("yes"));
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn an_immutable_file_of_any_name_is_read_without_a_trace() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["plain", "a b", "50%25?mode=rw#x&y", "Фото"] {
        let folder = dir.path().join(name);
        let path = closed_index(&folder);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(schema::immutable_uri(&path).unwrap(), flags).unwrap();
        let value: String = connection.query_row("SELECT value FROM facts", [], |row| row.get(0)).unwrap();
        assert_eq!((value.as_str(), std::fs::read_dir(&folder).unwrap().count()), ("yes", 1), "{name}");
    }
}

#[test]
fn without_a_file_there_is_nothing_to_read() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Store::open_read_only(&dir.path().join("index.sqlite")).unwrap().is_none());
    std::fs::write(dir.path().join("index.sqlite"), "").unwrap();
    assert!(
        Store::open_read_only(&dir.path().join("index.sqlite")).unwrap().is_none(),
        "being made this moment"
    );
    assert!(std::fs::read_dir(dir.path()).unwrap().count() <= 3);
}

#[tokio::test]
async fn a_handle_whose_thread_is_gone_says_so() {
    let f = fixture();
    let killed = f.store.read("fall", |_| -> rusqlite::Result<()> { panic!("a fault in a request") }).await;
    assert!(matches!(killed, Err(StoreError::Closed)));
    assert!(matches!(f.store.totals().await, Err(StoreError::Closed)));
}
