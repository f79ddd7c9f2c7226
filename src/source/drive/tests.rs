//! Tests of `source/drive`, against the simulator of Drive.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fake_google::{Content, Drive, Effect, Endpoint, FakeGoogle, Fault, Magic, Settings};
use tempfile::TempDir;
use tokio::runtime::Handle;
use url::Url;

use super::*;
use crate::archive::Source as _;
use crate::auth::{Authorizer, ClientSecret};
use crate::config::{Endpoints, Limits};
use crate::google::{SCOPE_DRIVE_READONLY, Transport};
use crate::limiter::Limiter;
use crate::media::LibraryName;
use crate::shutdown::Shutdown;

/// Alice's Drive in a simulator, and a client of it.
pub(crate) struct Scene {
    pub(crate) google: FakeGoogle,
    pub(crate) drive: Drive,
    pub(crate) client: GoogleClient,
    pub(crate) dir: TempDir,
}

/// Bytes that look like nothing else.
pub(crate) fn noise(seed: u64, len: u64) -> Content {
    Content::Noise { seed, len, magic: Magic::Jpeg }
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let google = FakeGoogle::start(Settings::default()).await;
        let dir = tempfile::tempdir().unwrap();
        let client = client_of(&google, dir.path());
        Self { drive: google.account("alice").drive(), google, client, dir }
    }

    /// Puts a part into Drive and finds it there.
    pub(crate) async fn part(&self, file: fake_google::DriveFile) -> DriveFile {
        self.drive.add(file);
        let page = self.client.find_drive_parts(&[], None).await.unwrap();
        page.files.into_iter().next_back().unwrap()
    }

    /// Reads `file` on a thread for it as `read` says.
    async fn read<T: Send + 'static>(
        &self,
        file: &DriveFile,
        stop: &Stop,
        read: impl FnOnce(&DriveReader) -> T + Send + 'static,
    ) -> T {
        let reader = DriveReader::new(self.client.clone(), file.clone(), Handle::current(), stop.clone());
        tokio::task::spawn_blocking(move || read(&reader)).await.unwrap()
    }

    pub(crate) fn downloads(&self) -> u64 {
        self.google.stats().requests(Endpoint::DriveDownload)
    }
}

fn client_of(google: &FakeGoogle, dir: &Path) -> GoogleClient {
    let (secret, token) = (dir.join("client_secret.json"), dir.join(".gphotos.token"));
    std::fs::write(&secret, google.client_secret_json()).unwrap();
    std::fs::write(&token, google.token_json_with("alice", &[SCOPE_DRIVE_READONLY])).unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    let url = Url::parse(google.url()).unwrap();
    let endpoints = Endpoints { library: url.clone(), picker: url.clone(), drive: url };
    let limits = Limits {
        rest_after_fault: Duration::from_millis(1),
        rest_after_429: Duration::from_millis(10),
        ..Limits::default()
    };
    let transport = Transport::new(&endpoints, &limits).unwrap();
    let limiter = Limiter::open(&limits, None).unwrap();
    let library = LibraryName::try_new("alice").unwrap();
    let client = Arc::new(ClientSecret::load(&secret).unwrap());
    let auth = Authorizer::new(library.clone(), token, client, transport.json(), limiter.clone());
    GoogleClient::new(library, transport, endpoints, auth, limiter)
}

/// All of `length` bytes from `at` on.
fn read_whole(reader: &DriveReader, at: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut all = vec![0; length];
    let mut got = 0;
    while got < length {
        let count = reader.read_at(&mut all[got..], at + got as u64)?;
        if count == 0 {
            break;
        }
        got += count;
    }
    all.truncate(got);
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_read_from_front_to_back_by_one_request() {
    let scene = Scene::start().await;
    let file = scene.part(fake_google::DriveFile::named("takeout-1.zip").content(noise(1, 300_000))).await;
    let (_shutdown, stop) = Shutdown::new();
    let all = scene
        .read(&file, &stop, |reader| {
            let mut all = Vec::new();
            // Short reads, some of them over what the last one left.
            while let Ok(some) = read_whole(reader, all.len() as u64, 7_000) {
                if some.is_empty() {
                    break;
                }
                all.extend(some);
            }
            all
        })
        .await;
    assert!(all == noise(1, 300_000).bytes());
    assert_eq!(scene.downloads(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_opens_another_range_and_a_small_step_reads_on() {
    let scene = Scene::start().await;
    let length = 20 << 20;
    let file = scene.part(fake_google::DriveFile::named("takeout-1.zip").content(noise(1, length))).await;
    let bytes = noise(1, length).bytes();
    let (_shutdown, stop) = Shutdown::new();
    for (places, requests) in
        [(vec![0, 1_000_000, 5_000_000], 1), (vec![19 << 20, 0], 2), (vec![0, 15 << 20, 100], 3)]
    {
        let before = scene.downloads();
        let read_at = places.clone();
        let parts = scene
            .read(&file, &stop, move |reader| {
                read_at.iter().map(|at| read_whole(reader, *at, 1_000).unwrap()).collect::<Vec<_>>()
            })
            .await;
        for (at, part) in places.iter().zip(parts) {
            let at = usize::try_from(*at).unwrap();
            assert!(part == bytes[at..at + 1_000], "at {at} of {places:?}");
        }
        assert_eq!(scene.downloads() - before, requests, "{places:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_the_end_and_an_empty_buffer_asks_for_nothing() {
    let scene = Scene::start().await;
    let file = scene.part(fake_google::DriveFile::named("takeout-1.zip").content(noise(1, 1_000))).await;
    let (_shutdown, stop) = Shutdown::new();
    let counts = scene
        .read(&file, &stop, |reader| {
            let mut buf = [0; 10];
            [(995, 10), (1_000, 10), (u64::MAX, 10), (0, 0)]
                .map(|(at, room)| reader.read_at(&mut buf[..room], at).unwrap())
        })
        .await;
    assert_eq!(counts, [5, 0, 0, 0]);
    assert_eq!(scene.downloads(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn passing_faults_are_mended_without_a_gap() {
    let scene = Scene::start().await;
    let file = scene.part(fake_google::DriveFile::named("takeout-1.zip").content(noise(1, 500_000))).await;
    let effects = [
        Effect::Truncate { bytes: 100_000 },
        Effect::ResetAfter { bytes: 50_000 },
        Effect::Drive { reason: "userRateLimitExceeded".to_owned() },
        Effect::Reset,
        Effect::Truncate { bytes: 1 },
    ];
    for effect in effects {
        scene.google.fault(Fault::on(&[Endpoint::DriveDownload], effect).once());
    }
    let (_shutdown, stop) = Shutdown::new();
    let all = scene.read(&file, &stop, |reader| read_whole(reader, 0, 500_000).unwrap()).await;
    assert!(all == noise(1, 500_000).bytes());
    assert!(scene.downloads() >= 6, "{}", scene.downloads());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_a_read_that_waits_and_every_later_one() {
    let scene = Scene::start().await;
    let file = scene.part(fake_google::DriveFile::named("takeout-1.zip").content(noise(1, 500_000))).await;
    scene.google.fault(Fault::on(&[Endpoint::DriveDownload], Effect::Stall { bytes: 1_000 }));
    let (shutdown, stop) = Shutdown::new();
    let reading = scene.read(&file, &stop, |reader| {
        [0, 400_000].map(|at| read_whole(reader, at, 2_000).expect_err("it never comes whole"))
    });
    let (errors, ()) = tokio::join!(reading, async { shutdown.begin() });
    for error in errors {
        assert!(matches!(DriveFault::find(&error), Some(DriveFault::Stopped)), "{error:?}");
        assert_ne!(error.kind(), io::ErrorKind::Interrupted, "readers would go on for ever");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_replaced_or_removed_meanwhile_is_told() {
    let scene = Scene::start().await;
    let file = scene.part(fake_google::DriveFile::named("takeout-1.zip").content(noise(1, 1_000))).await;
    let (_shutdown, stop) = Shutdown::new();
    scene.drive.replace(&file.id.0, noise(2, 1_200));
    let error = scene.read(&file, &stop, |reader| read_whole(reader, 0, 10).unwrap_err()).await;
    let fault = DriveFault::find(&error);
    assert!(matches!(fault, Some(DriveFault::Api(ApiError::Changed { .. }))), "{error:?}");
    scene.drive.remove(&file.id.0);
    let error = scene.read(&file, &stop, |reader| read_whole(reader, 0, 10).unwrap_err()).await;
    let fault = DriveFault::find(&error);
    assert!(matches!(fault, Some(DriveFault::Api(ApiError::NotFound { .. }))), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_read_through_it_and_its_faults_are_found_again() {
    let scene = Scene::start().await;
    let file = scene.part(fake_google::DriveFile::named("takeout-1.zip").content(noise(1, 5_000_000))).await;
    let (_shutdown, stop) = Shutdown::new();
    let open = |reader: DriveReader| crate::archive::Part::over(Box::new(reader), 5_000_000, "part");
    let reader = || DriveReader::new(scene.client.clone(), file.clone(), Handle::current(), stop.clone());
    let first = reader();
    let error = tokio::task::spawn_blocking(move || open(first).map(|_| ())).await.unwrap().unwrap_err();
    assert!(matches!(error, crate::archive::ArchiveError::NotAnArchive { .. }), "{error:?}");
    scene.drive.set_abusive(&file.id.0, true);
    let second = reader();
    let error = tokio::task::spawn_blocking(move || open(second).map(|_| ())).await.unwrap().unwrap_err();
    let fault = DriveFault::find(&error);
    assert!(matches!(fault, Some(DriveFault::Api(ApiError::FileRefused { .. }))), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_of_the_client_fit_the_simulator_and_change_nothing() {
    let scene = Scene::start().await;
    let token = scene.client.drive_news_token().await.unwrap();
    assert!(!scene.client.drive_news(&token).await.unwrap().is_worth_a_look);
    let file = scene.part(fake_google::DriveFile::named("takeout-1.zip").content(noise(1, 1_000))).await;
    scene.drive.add(fake_google::DriveFile::named("takeout-2.zip").content(noise(2, 10)).in_root());
    let truth = scene.drive.files();
    let told = truth.iter().find(|truth| truth.id == file.id.0).unwrap();
    assert_eq!((file.bytes, file.md5.as_deref()), (1_000, Some(told.md5.as_str())));
    assert_eq!(file.revision.as_deref(), Some(told.revision.as_str()));
    assert!(file.sha256.is_some() && file.modified.is_some() && file.is_own && file.can_download);
    let news = scene.client.drive_news(&token).await.unwrap();
    assert!(news.is_worth_a_look && news.token != token, "{news:?}");
    let folders = scene.client.find_drive_folders("Takeout").await.unwrap();
    assert_eq!(folders, file.parents);
    let inside = scene.client.find_drive_parts(&folders, None).await.unwrap().files;
    assert_eq!(inside, std::slice::from_ref(&file));
    assert_eq!(scene.client.find_drive_parts(&[], None).await.unwrap().files.len(), 2);
    assert_eq!(scene.client.drive_file(&file.id).await.unwrap(), file);
    let about = scene.client.drive_about().await.unwrap();
    assert_eq!((about.limit, about.usage), (Some(15 << 30), 1_010));
    assert_eq!(scene.client.drive_about().await.unwrap().account, about.account);
    assert!(about.account.is_some_and(|account| !account.contains("alice")));
    scene.drive.set_trashed(&file.id.0, true);
    assert_eq!(scene.client.find_drive_parts(&[], None).await.unwrap().files.len(), 1);
    assert!(scene.client.drive_file(&file.id).await.unwrap().is_trashed);
    assert_eq!(scene.google.stats().requests(Endpoint::DriveWrite), 0);
}
