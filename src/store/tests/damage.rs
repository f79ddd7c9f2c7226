//! Tests of `store`: damaged files, found and moved aside.

use std::path::Path;

use crate::store::damage::{beside, find_damage, kept_aside, set_aside};
use crate::store::tests::{at, fixture, list, photo};
use crate::store::{Begin, Rebuild, Store, StoreError};

/// Writes over the second half of a file, or all of it.
fn ruin(path: &Path, from: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[from..].fill(0xA5);
    std::fs::write(path, bytes).unwrap();
}

/// An index of some pages, closed.
async fn closed(f: &crate::store::tests::Fixture) -> std::path::PathBuf {
    list(&f.store, (0..600).map(|n| photo(&format!("m{n}"), &format!("p{n}"))).collect()).await;
    f.store
        .read("end the log", |c| c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())))
        .await
        .unwrap();
    let path = f.dir.path().join("copy.sqlite");
    std::fs::copy(f.dir.path().join("index.sqlite"), &path).unwrap();
    path
}

#[tokio::test]
async fn a_file_without_header_or_schema_is_damaged_at_every_open() {
    let f = fixture();
    let path = closed(&f).await;
    for from in [0, 100] {
        ruin(&path, from);
        let before = std::fs::read(&path).unwrap();
        for answer in [Store::open(&path).map(|_| ()), Store::open_read_only(&path).map(|_| ())] {
            assert!(answer.as_ref().is_err_and(StoreError::is_damaged), "{from}: {answer:?}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), before, "it is left as it is");
    }
}

#[tokio::test]
async fn a_damage_inside_is_looked_for_only_where_it_is_likely() {
    let f = fixture();
    let path = closed(&f).await;
    let mark = beside(&path, "-suspect");
    std::fs::write(&mark, "").unwrap();
    find_damage(&path).unwrap();
    assert!(!mark.exists(), "a whole file is not suspected for ever");
    let length = usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
    ruin(&path, length - length / 4);
    find_damage(&path).unwrap();

    let store = Store::open(&path).unwrap();
    let met =
        store.read("read all", |c| c.query_row("SELECT sum(length(path)) FROM files", [], |_| Ok(()))).await;
    assert!(met.is_err_and(|error| error.is_damaged()));
    drop(store);
    let found = find_damage(&path);
    assert!(matches!(found, Err(StoreError::Damaged { .. })), "{found:?}");
}

#[tokio::test]
async fn what_is_moved_aside_is_kept_with_its_log_and_the_three_newest_are() {
    let f = fixture();
    let path = closed(&f).await;
    for n in 0..5 {
        std::fs::write(&path, format!("index {n}")).unwrap();
        std::fs::write(beside(&path, "-wal"), format!("log {n}")).unwrap();
        let aside = set_aside(&path, at(n / 2)).unwrap();
        assert!(!path.exists() && !beside(&path, "-wal").exists());
        assert_eq!(kept_aside(&path)[0], aside, "the newest comes first");
        assert_eq!(std::fs::read_to_string(beside(&aside, "-wal")).unwrap(), format!("log {n}"));
    }
    let kept: Vec<String> =
        kept_aside(&path).iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert_eq!(kept, ["index 4", "index 3", "index 2"]);
    assert_eq!(
        std::fs::read_dir(f.dir.path())
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains("damaged"))
            .count(),
        6
    );
}

#[tokio::test]
async fn only_a_new_index_is_begun_as_a_rebuild() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index.sqlite");
    std::fs::write(&path, "").unwrap();
    let store = Store::open_or_begin(&path, Begin::Rebuild).unwrap();
    assert_eq!(store.rebuild().await.unwrap(), Some(Rebuild::Begun));
    store.set_rebuild(Some(Rebuild::Salvaged)).await.unwrap();
    assert_eq!(store.rebuild().await.unwrap(), Some(Rebuild::Salvaged));
    store.set_rebuild(None).await.unwrap();
    drop(store);
    let store = Store::open_or_begin(&path, Begin::Rebuild).unwrap();
    assert_eq!(store.rebuild().await.unwrap(), None);
}
