//! A scripted server on a real socket, and clients of it.

use std::collections::VecDeque;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::auth::{Authorizer, Bearer, ClientSecret};
use crate::config::{Endpoints, Limits};
use crate::google::classify::Host;
use crate::google::client::{Ask, Link};
use crate::google::transport::Limits as TimeLimits;
use crate::google::{GoogleClient, Transport};
use crate::limiter::Limiter;
use crate::media::LibraryName;
use crate::secret::Secret;

/// What the server writes for one request, and what it does then.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Writes and closes.
    Close(String),
    /// Writes and stays silent with the connection open.
    Stall(String),
    /// Closes without a word.
    Reset,
}

/// A server on an ephemeral port that answers with its script, one answer a request.
pub(crate) struct Server {
    pub(crate) url: Url,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// A server that plays `script`.
    pub(crate) async fn start(script: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(VecDeque::from(script)));
        let seen = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer_one(stream, Arc::clone(&script), Arc::clone(&seen)));
            }
        });
        Self { url, heads }
    }

    /// A server that is not there any more.
    pub(crate) fn gone(url: Url) -> Self {
        Self { url, heads: Arc::default() }
    }

    /// The heads of the requests so far, in lower case.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// A link to this server whose time-outs are short.
    pub(crate) fn link(&self) -> Link {
        self.link_to(self.url.as_str())
    }

    /// The same, with the Library API elsewhere.
    pub(crate) fn link_to(&self, library: &str) -> Link {
        let endpoints = Endpoints {
            library: Url::parse(library).unwrap(),
            picker: self.url.clone(),
            drive: self.url.clone(),
        };
        let limits = TimeLimits {
            answer: Duration::from_secs(5),
            stall: Duration::from_millis(100),
            rest: Duration::from_secs(1),
        };
        Link {
            library: LibraryName::try_new("alice").unwrap(),
            transport: Transport::with_limits(&endpoints, limits).unwrap(),
            endpoints,
            limiter: Limiter::open(&no_limits(), None).unwrap(),
        }
    }

    /// A call of the Library API.
    pub(crate) fn ask(&self) -> Ask {
        let method = reqwest::Method::GET;
        let url = self.url.join("/v1/mediaItems?pageSize=100").unwrap();
        Ask {
            what: "mediaItems.list",
            host: Host::Api,
            method,
            url,
            body: None,
            page_token_sent: false,
            from: 0,
            until: None,
        }
    }

    /// A whole client whose token is good, and whose token endpoint is here too; its files lie in `dir`.
    pub(crate) fn client(&self, dir: &Path, limits: &Limits) -> GoogleClient {
        let secret = dir.join("client_secret.json");
        let (auth, token) = (format!("{}auth", self.url), format!("{}token", self.url));
        let installed = serde_json::json!({
            "client_id": "client-1", "client_secret": "GOCSPX-s", "auth_uri": auth, "token_uri": token
        });
        std::fs::write(&secret, serde_json::json!({ "installed": installed }).to_string()).unwrap();
        let path = dir.join(".gphotos.token");
        let token = serde_json::json!({
            "access_token": "opaque-bearer", "refresh_token": "1//r", "token_type": "Bearer",
            "scope": crate::google::SCOPE_DRIVE_READONLY, "expires_at": 4_000_000_000.0_f64
        });
        std::fs::write(&path, token.to_string()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let mut link = self.link_to("https://photoslibrary.googleapis.com");
        let times = TimeLimits { rest: Duration::from_millis(1), ..link.transport.limits() };
        link.transport = Transport::with_limits(&link.endpoints, times).unwrap();
        link.limiter = Limiter::open(limits, None).unwrap();
        let client = Arc::new(ClientSecret::load(&secret).unwrap());
        let http = link.transport.json();
        let auth = Authorizer::new(link.library.clone(), path, client, http, link.limiter.clone());
        GoogleClient::new(link.library, link.transport, link.endpoints, auth, link.limiter)
    }
}

async fn answer_one(
    mut stream: TcpStream,
    script: Arc<Mutex<VecDeque<Answer>>>,
    heads: Arc<Mutex<Vec<String>>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    heads.lock().unwrap().push(String::from_utf8(head).unwrap().to_ascii_lowercase());
    let answer = script.lock().unwrap().pop_front().unwrap_or(Answer::Reset);
    match answer {
        Answer::Close(text) => drop(stream.write_all(text.as_bytes()).await),
        Answer::Stall(text) => {
            drop(stream.write_all(text.as_bytes()).await);
            std::future::pending::<()>().await;
        }
        Answer::Reset => {}
    }
}

/// Limits that hold nothing up.
pub(crate) fn no_limits() -> Limits {
    Limits {
        api_requests_per_second: 1000.0,
        media_requests_per_second: 1000.0,
        api_requests_per_day: 0,
        media_requests_per_day: 0,
        downloads: 8,
        bytes_per_second: None,
        min_free_space: 0,
        rest_after_429: Duration::from_secs(30),
        rest_after_fault: Duration::from_secs(1),
        stall_timeout: Duration::from_secs(60),
        ..Limits::default()
    }
}

/// The bearer of all tests.
pub(crate) fn bearer() -> Bearer {
    Bearer { token: Secret::new("opaque-bearer"), issue: 1 }
}

/// An answer with a length, after which the connection is closed.
pub(crate) fn http(status: u16, headers: &str, body: &str) -> Answer {
    let length = body.len();
    Answer::Close(format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    ))
}

/// The same in JSON.
pub(crate) fn json(status: u16, body: &str) -> Answer {
    http(status, "Content-Type: application/json\r\n", body)
}
