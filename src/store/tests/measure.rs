//! Figures, on request: `cargo test --lib store::tests::measure -- --ignored --nocapture`.

use crate::clock::mono_now;
use crate::store::tests::{at, fixture, page, photo, stored};
use crate::store::{ListingKind, Store};

#[tokio::test]
#[ignore = "prints figures, proves nothing"]
async fn how_long_the_usual_requests_take() {
    let f = fixture();
    let listing = f.store.begin_listing(ListingKind::Full, at(0)).await.unwrap();
    let items =
        |from: u32, to: u32| (from..to).map(|n| photo(&format!("{n:0>90}"), &format!("IMG_{n}"))).collect();
    let mut wanted = Vec::new();
    for from in (0..10_000).step_by(100) {
        let start = mono_now();
        let recorded = f.store.record_page(page(listing.generation, items(from, from + 100))).await.unwrap();
        wanted.extend(recorded.wanted);
        if from % 2_000 == 0 {
            println!("record_page of 100 new items at {from}: {:?}", start.elapsed());
        }
    }
    let start = mono_now();
    f.store.record_page(page(listing.generation, items(5_000, 5_100))).await.unwrap();
    println!("record_page of 100 known items: {:?}", start.elapsed());
    for batch in wanted.chunks(256).take(5) {
        let start = mono_now();
        f.store.commit_stored(batch.iter().map(|w| stored(w, 1)).collect()).await.unwrap();
        println!("commit_stored of {}: {:?}", batch.len(), start.elapsed());
    }
    let start = mono_now();
    let due =
        f.store.backlog(at(0), Some((wanted[5_000].id.clone(), wanted[5_000].part)), 100).await.unwrap();
    println!("backlog page of {}: {:?}", due.len(), start.elapsed());
    let path = f.dir.path().join("index.sqlite");
    let bytes = std::fs::metadata(&path).unwrap().len();
    drop(f.store);
    let start = mono_now();
    let store = Store::open(&path).unwrap();
    println!("open with 10,000 items: {:?}", start.elapsed());
    let start = mono_now();
    println!(
        "totals {:?} in {:?}; the file has {bytes} bytes",
        store.totals().await.unwrap(),
        start.elapsed()
    );
}

#[tokio::test]
#[ignore = "prints figures, proves nothing, and takes minutes"]
async fn how_memory_grows_with_the_library() {
    let f = fixture();
    let listing = f.store.begin_listing(ListingKind::Full, at(0)).await.unwrap();
    for from in (0..300_000_u64).step_by(500) {
        // Ids in no order, as Google's.
        let id = |n: u64| format!("{:0>90x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let items = (from..from + 500).map(|n| photo(&id(n), &format!("IMG_{n}"))).collect();
        f.store.record_page(page(listing.generation, items)).await.unwrap();
        if from % 50_000 == 0 {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let rss = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
            println!("{from} items: {rss}");
        }
    }
    println!("the file has {} bytes", std::fs::metadata(f.dir.path().join("index.sqlite")).unwrap().len());
}
