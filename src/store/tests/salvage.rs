//! Tests of `store`: what is taken over of a damaged index.

use std::path::PathBuf;

use crate::store::tests::{Fixture, at, failed, fixture, list, media_id, photo, stored};
use crate::store::{FilePart, Salvaged, Store};

/// Items, of which some are stored and one failed; the file at rest under another name.
async fn source(items: u32) -> (Fixture, PathBuf) {
    let f = fixture();
    let new = (0..items).map(|n| photo(&format!("m{n}"), &format!("p{n}"))).collect();
    let wanted = list(&f.store, new).await.wanted;
    f.store.commit_stored(wanted[2..].iter().map(|w| stored(w, 5)).collect()).await.unwrap();
    f.store.commit_failed(vec![failed("m0", at(9))]).await.unwrap();
    f.store.set_fact("token-fingerprint", Some("f".to_owned())).await.unwrap();
    f.store
        .read("end the log", |c| c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())))
        .await
        .unwrap();
    let path = f.dir.path().join("damaged.sqlite");
    std::fs::copy(f.dir.path().join("index.sqlite"), &path).unwrap();
    (f, path)
}

async fn all_claims(store: &Store) -> Vec<String> {
    let (mut after, mut paths) = (0, Vec::new());
    loop {
        let page = store.claims(after, 7).await.unwrap();
        let Some(last) = page.last() else { return paths };
        after = last.number;
        paths.extend(page.into_iter().map(|claim| claim.stored.path));
    }
}

#[tokio::test]
async fn a_whole_index_is_taken_over_with_its_stored_files_as_claims() {
    let (_old, path) = source(50).await;
    let new = fixture();
    for _ in 0..2 {
        let done = new.store.salvage(path.clone(), || true).await.unwrap().unwrap();
        assert_eq!(done.lost, 0);
        let totals = new.store.totals().await.unwrap();
        assert_eq!((totals.items, totals.files, totals.wanted, totals.failed), (50, 0, 50, 1));
        assert_eq!(all_claims(&new.store).await.len(), 48);
    }
    assert_eq!(new.store.fact("token-fingerprint").await.unwrap().as_deref(), Some("f"));
    assert_eq!(new.store.last_full_listing().await.unwrap(), None, "a new listing must prove what there is");
    assert_eq!(new.store.failures(5).await.unwrap()[0].tries, 1);

    let claim = new.store.claims(0, 1).await.unwrap().remove(0).stored;
    let other = new.store.claims(0, 3).await.unwrap().remove(1).stored;
    new.store.commit_stored(vec![claim]).await.unwrap();
    new.store.drop_claims(vec![(other.id, other.part)]).await.unwrap();
    let totals = new.store.totals().await.unwrap();
    assert_eq!((totals.files, totals.bytes, totals.wanted), (1, 5, 49));
    assert_eq!(all_claims(&new.store).await.len(), 46);
}

#[tokio::test]
async fn a_broken_page_costs_its_own_rows_alone() {
    let (_old, path) = source(1_000).await;
    let pages = std::fs::metadata(&path).unwrap().len() / 4096;
    let whole = std::fs::read(&path).unwrap();
    let mut taken_over = 0;
    let step = usize::try_from(pages / 14).unwrap();
    // The roots of the tables come first; whoever loses one of those loses the table.
    for page in (pages / 2..pages).step_by(step) {
        let mut bytes = whole.clone();
        let at = usize::try_from(page * 4096).unwrap();
        bytes[at..at + 4096].fill(0xA5);
        std::fs::write(&path, &bytes).unwrap();
        let new = fixture();
        let Salvaged { rows, .. } = new.store.salvage(path.clone(), || true).await.unwrap().unwrap();
        let totals = new.store.totals().await.unwrap();
        assert_eq!(totals.items, totals.wanted, "every item has its file");
        let checked = new
            .store
            .read("check", |c| c.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)));
        assert_eq!(checked.await.unwrap(), "ok");
        taken_over += u64::from(rows > 1_700);
    }
    assert!(taken_over >= 6, "{taken_over} pages cost few rows");
}

#[tokio::test]
async fn what_is_no_index_gives_nothing_and_a_stop_ends_it() {
    let (old, path) = source(5).await;
    let text = old.dir.path().join("text");
    std::fs::write(&text, "no database ".repeat(1_000)).unwrap();
    let new = fixture();
    assert_eq!(new.store.salvage(text, || true).await.unwrap(), Some(Salvaged::default()));
    assert_eq!(
        new.store.salvage(old.dir.path().join("none"), || true).await.unwrap(),
        Some(Salvaged::default())
    );
    assert_eq!(new.store.salvage(path, || false).await.unwrap(), None);
    assert_eq!(new.store.totals().await.unwrap().items, 0);
}

#[tokio::test]
async fn a_row_whose_path_leads_elsewhere_is_not_taken_over() {
    let (_old, path) = source(9).await;
    let damaged = rusqlite::Connection::open(&path).unwrap();
    for (n, hostile) in [(3, "../../etc/passwd"), (4, "/etc/passwd"), (5, ".gphotos.token"), (6, "a//b")] {
        damaged.execute("UPDATE files SET path = ?2 WHERE item = ?1", rusqlite::params![n, hostile]).unwrap();
    }
    drop(damaged);
    let new = fixture();
    let done = new.store.salvage(path, || true).await.unwrap().unwrap();
    assert_eq!(done.lost, 4);
    assert_eq!(new.store.totals().await.unwrap().items, 5, "they are listed again");
    let known = new.store.item(media_id("m2")).await.unwrap();
    assert!(known.is_none());
    assert!(
        new.store
            .want_motion(media_id("m8"), crate::store::tests::name("c"), "p".to_owned(), false)
            .await
            .unwrap()
            .is_some_and(|w| w.part == FilePart::Motion)
    );
}
