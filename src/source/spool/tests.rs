//! Tests of `source/spool`, against the simulator of Drive.

use std::convert::Infallible;

use fake_google::{Effect, Endpoint, Fault};

use super::*;
use crate::google::ApiError;
use crate::shutdown::Shutdown;
use crate::source::drive::tests::{Scene, noise};

type Fetched = Result<Spooled, SpoolError<Infallible>>;

/// Fetches `file` on a thread for it, always with room.
async fn fetch(scene: &Scene, file: &DriveFile, stop: &Stop) -> Fetched {
    let (client, file, stop) = (scene.client.clone(), file.clone(), stop.clone());
    let (root, handle) = (Root::open(scene.dir.path()).unwrap(), Handle::current());
    let work = move || {
        Spooler { client: &client, root: &root, handle: &handle, stop: &stop }.spool(&file, |_| Ok(()))
    };
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn on_disk(scene: &Scene, spooled: &Spooled) -> Vec<u8> {
    std::fs::read(scene.dir.path().join(&spooled.path)).unwrap()
}

fn names(scene: &Scene) -> Vec<String> {
    Root::open(scene.dir.path()).unwrap().list(SPOOL_DIR).unwrap()
}

fn part(length: u64) -> fake_google::DriveFile {
    fake_google::DriveFile::named("takeout-1.zip").content(noise(1, length))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_comes_whole_and_is_checked_by_the_best_digest_that_drive_tells() {
    let scene = Scene::start().await;
    let mut file = scene.part(part(3_000_000)).await;
    let (_shutdown, stop) = Shutdown::new();
    for want in [Checked::Sha256, Checked::Md5, Checked::Length] {
        let spooled = fetch(&scene, &file, &stop).await.unwrap();
        assert_eq!((spooled.bytes, spooled.checked), (3_000_000, want));
        assert!(on_disk(&scene, &spooled) == noise(1, 3_000_000).bytes());
        match want {
            Checked::Sha256 => file.sha256 = None,
            Checked::Md5 | Checked::Length => file.md5 = None,
        }
    }
    assert_eq!(scene.google.stats().requests(Endpoint::DriveWrite), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_there_is_not_fetched_again() {
    let scene = Scene::start().await;
    let file = scene.part(part(1_000_000)).await;
    let (_shutdown, stop) = Shutdown::new();
    let first = fetch(&scene, &file, &stop).await.unwrap();
    assert_eq!(fetch(&scene, &file, &stop).await.unwrap(), first);
    assert_eq!(scene.downloads(), 1);
    // Rot on the disk is found, and mended by the next call.
    let mut rotten = on_disk(&scene, &first);
    rotten[500_000] ^= 1;
    std::fs::write(scene.dir.path().join(&first.path), rotten).unwrap();
    let error = fetch(&scene, &file, &stop).await.unwrap_err();
    assert!(matches!(error, SpoolError::Damaged { .. }), "{error:?}");
    assert!(names(&scene).is_empty());
    assert_eq!(fetch(&scene, &file, &stop).await.unwrap(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_was_stopped_goes_on_where_it_was() {
    let scene = Scene::start().await;
    let file = scene.part(part(2_000_000)).await;
    scene.google.fault(Fault::on(&[Endpoint::DriveDownload], Effect::Truncate { bytes: 700_000 }).once());
    let refused = Effect::Drive { reason: "downloadQuotaExceeded".to_owned() };
    scene.google.fault(Fault::on(&[Endpoint::DriveDownload], refused).once());
    let (shutdown, stop) = Shutdown::new();
    let error = fetch(&scene, &file, &stop).await.unwrap_err();
    let is_resting = matches!(error, SpoolError::Fault(DriveFault::Api(ApiError::FileRests { .. })));
    assert!(is_resting, "{error:?}");
    let left = names(&scene);
    let durable = durable_of(&left[0], 2_000_000).unwrap();
    assert!(left.len() == 1 && (1..=700_000).contains(&durable), "{left:?}");
    let before = scene.google.stats().bytes(Endpoint::DriveDownload);
    let spooled = fetch(&scene, &file, &stop).await.unwrap();
    assert!(on_disk(&scene, &spooled) == noise(1, 2_000_000).bytes());
    let came = scene.google.stats().bytes(Endpoint::DriveDownload) - before;
    assert_eq!(came, 2_000_000 - durable);
    shutdown.begin();
    let error = fetch(&scene, &file, &stop).await.unwrap_err();
    assert!(matches!(error, SpoolError::Fault(DriveFault::Stopped)), "{error:?}");
    assert_eq!(names(&scene).len(), 1, "a stop removes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_behind_what_is_durable_are_not_trusted() {
    let scene = Scene::start().await;
    let file = scene.part(part(1_000_000)).await;
    let folder = scene.dir.path().join(SPOOL_DIR);
    std::fs::create_dir_all(&folder).unwrap();
    let key = key_for(&file);
    let bytes = noise(1, 1_000_000).bytes();
    let mut torn = bytes[..400_000].to_vec();
    torn.resize(500_000, 0);
    std::fs::write(folder.join(format!("{key}.1000000.400000")), torn).unwrap();
    // Less of it, of another length, longer than it is, and without a promise.
    for (name, content) in [
        (format!("{key}.1000000.5"), &bytes[..5]),
        (format!("{key}.999.500000"), &bytes[..500]),
        (format!("{key}.1000000.x"), &bytes[..5]),
        (key.clone(), &bytes[..5]),
    ] {
        std::fs::write(folder.join(name), content).unwrap();
    }
    let (_shutdown, stop) = Shutdown::new();
    let spooled = fetch(&scene, &file, &stop).await.unwrap();
    assert!(on_disk(&scene, &spooled) == bytes);
    assert_eq!(scene.google.stats().bytes(Endpoint::DriveDownload), 600_000);
    assert_eq!(names(&scene), [format!("{key}.1000000.1000000")]);
    std::fs::rename(scene.dir.path().join(&spooled.path), folder.join(format!("{key}.1000000.900000")))
        .unwrap();
    let short =
        std::fs::File::options().write(true).open(folder.join(format!("{key}.1000000.900000"))).unwrap();
    short.set_len(10).unwrap();
    assert!(on_disk(&scene, &fetch(&scene, &file, &stop).await.unwrap()) == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_part_is_never_gone_on_from_and_the_old_one_is_swept() {
    let scene = Scene::start().await;
    let old = scene.part(part(1_000_000)).await;
    let (_shutdown, stop) = Shutdown::new();
    fetch(&scene, &old, &stop).await.unwrap();
    scene.drive.replace(&old.id.0, noise(2, 1_000_000));
    let new = scene.client.drive_file(&old.id).await.unwrap();
    assert_ne!(key_for(&old), key_for(&new));
    let spooled = fetch(&scene, &new, &stop).await.unwrap();
    assert!(on_disk(&scene, &spooled) == noise(2, 1_000_000).bytes());
    // Of the same length, so only the digest tells; it is removed and not handed on.
    let root = Root::open(scene.dir.path()).unwrap();
    sweep_spool(&root, &[]).unwrap();
    let error = fetch(&scene, &old, &stop).await.unwrap_err();
    assert!(matches!(error, SpoolError::Damaged { .. }) && names(&scene).is_empty(), "{error:?}");
    fetch(&scene, &new, &stop).await.unwrap();
    std::fs::write(scene.dir.path().join(SPOOL_DIR).join("0123456789abcdef.9.5"), "stale").unwrap();
    sweep_spool(&root, std::slice::from_ref(&new)).unwrap();
    assert_eq!(names(&scene), [format!("{}.1000000.1000000", key_for(&new))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_it_before_a_byte_is_asked_for() {
    #[derive(Debug, thiserror::Error)]
    #[error("no room for {0}")]
    struct Full(u64);
    let scene = Scene::start().await;
    let file = scene.part(part(1_000)).await;
    let (client, root, handle) =
        (scene.client.clone(), Root::open(scene.dir.path()).unwrap(), Handle::current());
    let (_shutdown, stop) = Shutdown::new();
    let work = move || {
        Spooler { client: &client, root: &root, handle: &handle, stop: &stop }
            .spool(&file, |bytes| Err(Full(bytes)))
    };
    let error = tokio::task::spawn_blocking(work).await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "no room for 1000");
    assert_eq!(scene.downloads(), 0);
}
