//! What the tests of credentials share: a scripted token endpoint on a real socket, and files to go with it.

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::config::Limits;
use crate::limiter::Limiter;
use crate::media::LibraryName;

/// One scripted answer, and what happens just before it is sent.
pub(crate) struct Scripted {
    status: u16,
    body: String,
    before: Option<Box<dyn FnOnce() + Send>>,
}

/// An answer with `status` and `body`.
pub(crate) fn reply(status: u16, body: &Value) -> Scripted {
    Scripted { status, body: body.to_string(), before: None }
}

/// An answer with a new access token, and whatever `more` adds.
pub(crate) fn tokens(access: &str, more: &Value) -> Scripted {
    let mut body = json!({ "access_token": access, "expires_in": 3599, "token_type": "Bearer" });
    merge(&mut body, more);
    reply(200, &body)
}

fn merge(body: &mut Value, more: &Value) {
    if let (Value::Object(body), Value::Object(more)) = (body, more) {
        body.extend(more.clone());
    }
}

impl Scripted {
    /// Does `act` while the request is under way.
    pub(crate) fn after(mut self, act: impl FnOnce() + Send + 'static) -> Self {
        self.before = Some(Box::new(act));
        self
    }
}

/// A token endpoint that plays its script, and breaks the connection when there is no more of it.
pub(crate) struct TokenServer {
    pub(crate) origin: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl TokenServer {
    pub(crate) async fn start(script: Vec<Scripted>) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", socket.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, mut script) = (Arc::clone(&asked), VecDeque::from(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                let Some((stream, request)) = read_request(stream).await else { continue };
                log.lock().unwrap().push(request);
                if let Some(step) = script.pop_front() {
                    play(stream, step).await;
                }
            }
        });
        Self { origin, asked }
    }

    /// The requests so far: path, a space, the form.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// A client secret whose endpoints are here, in `dir`.
    pub(crate) fn client_secret_in(&self, dir: &Path) -> PathBuf {
        let path = dir.join("client_secret.json");
        let (auth, token) = (format!("{}/auth", self.origin), format!("{}/token", self.origin));
        let installed = json!({ "client_id": "client-1", "client_secret": "GOCSPX-s", "auth_uri": auth, "token_uri": token });
        std::fs::write(&path, json!({ "installed": installed }).to_string()).unwrap();
        path
    }
}

async fn read_request(mut stream: TcpStream) -> Option<(TcpStream, String)> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut chunk).await.ok()?;
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let whole = text.split_once("\r\n\r\n").filter(|(head, body)| {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            body.len() >= length.unwrap_or(0_usize)
        });
        if let Some((head, body)) = whole {
            let path = head.split(' ').nth(1)?;
            return Some((stream, format!("{path} {body}")));
        }
        if read == 0 {
            return None;
        }
    }
}

async fn play(mut stream: TcpStream, step: Scripted) {
    if let Some(act) = step.before {
        act();
    }
    let answer = format!(
        "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
        step.status,
        step.body.len(),
        step.body
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}

pub(crate) fn alice() -> LibraryName {
    LibraryName::try_new("alice").unwrap()
}

pub(crate) fn limiter() -> Limiter {
    Limiter::open(&Limits::default(), None).unwrap()
}

/// An HTTP client as the daemon's, which never asks a proxy of the machine the tests run on.
pub(crate) fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// Writes a token file with mode 0600.
pub(crate) fn write_token(path: &Path, content: &Value) {
    write_with_mode(path, content.to_string().as_bytes(), 0o600);
}

pub(crate) fn write_with_mode(path: &Path, bytes: &[u8], mode: u32) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, bytes).unwrap();
    std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(mode)).unwrap();
    std::fs::rename(&beside, path).unwrap();
}

pub(crate) fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
