//! Server and client over a real socket in a temporary folder.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use crate::clock::mono_now;
use crate::control::{
    BindError, Call, Client, ClientError, LibraryEnd, Reply, Request, SOCKET_NAME, Server, SyncResult,
};
use crate::media::LibraryName;
use crate::shutdown::Shutdown;
use crate::status::DaemonStatus;

struct Served {
    shutdown: Shutdown,
    task: tokio::task::JoinHandle<()>,
    path: PathBuf,
    _dir: tempfile::TempDir,
}

fn library(text: &str) -> LibraryName {
    LibraryName::try_new(text).expect("a legal name")
}

fn status(config: &Path) -> DaemonStatus {
    DaemonStatus {
        version: "1".to_owned(),
        config: config.to_owned(),
        pid: Some(7),
        started: None,
        libraries: Vec::new(),
        limits: Vec::new(),
        speed: None,
    }
}

/// Answers as a daemon of `/etc/a.toml` whose runs are always complete.
async fn answer(mut calls: mpsc::Receiver<Call>) {
    while let Some(call) = calls.recv().await {
        let reply = match call.request {
            Request::Status => Reply::Status { status: Box::new(status(Path::new("/etc/a.toml"))) },
            Request::Sync { libraries, .. } => {
                let end = |name| LibraryEnd {
                    name,
                    result: SyncResult::Complete,
                    note: String::new(),
                    summary: None,
                };
                Reply::Ended { ends: libraries.into_iter().map(end).collect() }
            }
            Request::Look { library } => Reply::Refused { reason: format!("no library `{library}`") },
        };
        call.replies.send(reply).await.expect("the client waits");
    }
}

fn serve() -> Served {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("run").join(SOCKET_NAME);
    let server = Server::bind(&path).expect("bound");
    let (sender, calls) = mpsc::channel(1);
    let (shutdown, stop) = Shutdown::new();
    tokio::spawn(answer(calls));
    Served { shutdown, task: tokio::spawn(server.serve(sender, stop)), path, _dir: dir }
}

/// Sends raw bytes and gives back all that is answered.
async fn send_raw(path: &Path, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(path).await.expect("connected");
    // The server may refuse and close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).expect("text")
}

#[tokio::test]
async fn a_status_is_answered_to_a_client_of_the_same_configuration_alone() {
    let served = serve();
    let same = Client::status(&served.path, Path::new("/etc/a.toml")).await.expect("answered");
    assert_eq!(same.expect("the same").pid, Some(7));
    let other = Client::status(&served.path, Path::new("/etc/b.toml")).await.expect("answered");
    assert!(other.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_hangs_is_given_up_before_a_monitor_gives_up() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join(SOCKET_NAME);
    let _mute = tokio::net::UnixListener::bind(&path).expect("bound");
    let begin = mono_now();
    let fault = Client::status(&path, Path::new("/etc/a.toml")).await.expect_err("nobody answers");
    assert!(begin.elapsed() < std::time::Duration::from_secs(10), "{:?}", begin.elapsed());
    let ClientError::Io { source, .. } = fault else { panic!("{fault}") };
    assert!(source.to_string().starts_with("no answer within 8 seconds"), "{source}");
}

#[tokio::test]
async fn a_run_is_asked_for_and_followed_to_its_end() {
    let served = serve();
    let request =
        Request::Sync { libraries: vec![library("alice"), library("bob")], full: true, deletions: 0 };
    let mut client = Client::ask(&served.path, request).await.expect("asked").expect("there");
    let Some(Reply::Ended { ends }) = client.next().await.expect("answered") else { panic!("no end") };
    assert_eq!(ends.iter().map(|end| end.name.as_str()).collect::<Vec<_>>(), ["alice", "bob"]);
    assert!(client.next().await.expect("closed").is_none());
}

#[tokio::test]
async fn the_socket_is_for_owner_and_group_and_is_removed_at_the_end() {
    let served = serve();
    let mode = std::fs::metadata(&served.path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    served.shutdown.begin();
    served.task.await.expect("no panic");
    assert!(!served.path.exists());
}

#[tokio::test]
async fn a_second_daemon_is_refused_with_the_first_ones_process_id() {
    let served = serve();
    match Server::bind(&served.path) {
        Err(BindError::Alive { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
        other => panic!("{other:?}"),
    }
    assert!(Client::status(&served.path, Path::new("/etc/a.toml")).await.expect("still served").is_some());
}

#[tokio::test]
async fn a_stale_socket_is_nobody_for_a_client_and_is_replaced_by_a_daemon() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join(SOCKET_NAME);
    drop(std::os::unix::net::UnixListener::bind(&path).expect("bound"));
    assert!(path.exists());
    assert!(Client::ask(&path, Request::Status).await.expect("no fault").is_none());
    Server::bind(&path).expect("replaced");
    assert!(Client::ask(&dir.path().join("none"), Request::Status).await.expect("no fault").is_none());
}

#[tokio::test]
async fn requests_that_are_not_understood_are_refused() {
    let served = serve();
    let table: [(&[u8], &str); 3] = [
        (b"{\"version\":9,\"request\":{\"ask\":\"status\"}}\n", "version"),
        (b"nonsense\n", "cannot be understood"),
        (b"{\"version\":1,\"request\":{\"ask\":\"dance\"}}\n", "cannot be understood"),
    ];
    for (bytes, expected) in table {
        let answer = send_raw(&served.path, bytes).await;
        assert!(answer.contains("refused") && answer.contains(expected), "{answer}");
    }
    let endless = vec![b'x'; 100_000];
    let answer = send_raw(&served.path, &endless).await;
    assert!(answer.is_empty() || answer.contains("longer than allowed"), "{answer}");
    assert!(Client::status(&served.path, Path::new("/etc/a.toml")).await.expect("still served").is_some());
}
