//! Tests of `cli/login`.

use serde_json::json;
use std::io::{BufRead, Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use url::Url;

use crate::auth::TOKEN_FILE_NAME;
use crate::auth::tests::{
    Scripted, TokenServer, alice, http, limiter, read_json, reply, tokens, write_token,
};
use crate::cli::login::{Context, LoginArgs, run};
use crate::config::Config;
use crate::exit::Exit;
use crate::media::LibraryName;

const SCOPE: &str = "https://www.googleapis.com/auth/photoslibrary.readonly.appcreateddata";

/// Standard output that a test can wait on.
#[derive(Clone, Default)]
struct Screen(Arc<(Mutex<String>, Notify)>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.0.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
        self.0.1.notify_one();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Screen {
    fn text(&self) -> String {
        self.0.0.lock().unwrap().clone()
    }

    /// The consent's address, as soon as it is shown.
    async fn address(&self) -> Url {
        loop {
            let shown = self.text();
            if let Some(line) =
                shown.lines().find(|line| line.trim().starts_with("http") && shown.contains("Waiting"))
            {
                return Url::parse(line.trim()).unwrap();
            }
            self.0.1.notified().await;
        }
    }
}

/// A library in a folder of its own, and a token endpoint.
struct Stage {
    _dir: tempfile::TempDir,
    root: PathBuf,
    server: TokenServer,
    config: Config,
    out: Screen,
    err: Screen,
}

async fn stage(script: Vec<Scripted>) -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let server = TokenServer::start(script).await;
    server.client_secret_in(dir.path());
    let (root, config) = (dir.path().join("alice"), dir.path().join("config.toml"));
    std::fs::create_dir(&root).unwrap();
    std::fs::write(&config, format!("[library.alice]\nroot = \"{}\"\n", root.display())).unwrap();
    let config = Config::load(&config).unwrap();
    Stage { _dir: dir, root, server, config, out: Screen::default(), err: Screen::default() }
}

fn args(manual: bool) -> LoginArgs {
    LoginArgs { library: alice(), port: 0, manual, timeout: Duration::from_secs(60) }
}

impl Stage {
    async fn login(&self, args: LoginArgs, input: impl BufRead + Send + 'static) -> Exit {
        let (mut out, mut err) = (self.out.clone(), self.err.clone());
        let mut context = Context {
            config: &self.config,
            client_secret: None,
            credentials_dir: None,
            http: http(),
            limiter: limiter(),
            out: &mut out,
            err: &mut err,
        };
        run(&args, &mut context, Box::new(input)).await
    }

    /// Logs in with a browser that brings `query`, in which `STATE` stands for the state.
    async fn login_by_browser(&self, query: &str) -> (Exit, String) {
        let browser = async {
            let address = self.out.address().await;
            let query = query.replace("STATE", &param(&address, "state"));
            get(&Url::parse(&param(&address, "redirect_uri")).unwrap(), &query).await
        };
        tokio::join!(self.login(args(false), Cursor::new("")), browser)
    }

    fn token_path(&self) -> PathBuf {
        self.root.join(TOKEN_FILE_NAME)
    }
}

fn param(address: &Url, key: &str) -> String {
    address.query_pairs().find(|(k, _)| k == key).unwrap().1.into_owned()
}

async fn get(redirect: &Url, query: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", redirect.port().unwrap())).await.unwrap();
    let request = format!("GET {}?{query} HTTP/1.1\r\nHost: x\r\n\r\n", redirect.path());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
}

fn granted(more: &serde_json::Value) -> Scripted {
    let mut all = json!({"refresh_token":"1//r","scope":SCOPE});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    tokens("ya29.a", &all)
}

#[tokio::test]
async fn a_login_by_browser_writes_the_token_and_shows_both_sides_that_it_did() {
    let stage = stage(vec![granted(&json!({}))]).await;
    let (exit, page) = stage.login_by_browser("state=STATE&code=4%2F0A").await;
    let (out, err) = (stage.out.text(), stage.err.text());
    assert_eq!((exit, err.as_str()), (Exit::Done, ""));
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("alice is logged in"), "{page}");
    assert!(out.contains("ssh -L ") && out.contains("daemon notices it by itself"), "{out}");
    let asked = stage.server.asked();
    for part in [
        "grant_type=authorization_code",
        "code=4%2F0A",
        "code_verifier=",
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A",
    ] {
        assert!(asked[0].contains(part), "{part} in {}", asked[0]);
    }
    let written = read_json(&stage.token_path());
    assert_eq!((&written["refresh_token"], &written["scope"]), (&json!("1//r"), &json!([SCOPE])));
    let mode = std::fs::metadata(stage.token_path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert!(!out.contains("ya29") && !out.contains("1//r") && !out.contains("4/0A"), "{out}");
}

#[tokio::test]
async fn what_is_not_granted_in_full_leaves_the_token_of_before() {
    let table = [
        ("state=STATE&code=c", vec![granted(&json!({"scope":"openid"}))], Exit::NoPermission, "unticked"),
        (
            "state=STATE&code=c",
            vec![tokens("a", &json!({"scope":SCOPE}))],
            Exit::NoPermission,
            "no refresh token",
        ),
        ("state=STATE&error=access_denied", vec![], Exit::NoPermission, "access was denied"),
        (
            "state=STATE&code=c",
            vec![reply(400, &json!({"error":"invalid_grant","error_description":"Bad Request"}))],
            Exit::NoPermission,
            "does not accept the code",
        ),
        (
            "state=STATE&code=c",
            vec![reply(401, &json!({"error":"invalid_client"}))],
            Exit::NoPermission,
            "does not accept the client secret",
        ),
    ];
    for (query, script, wanted, words) in table {
        let stage = stage(script).await;
        let before = json!({"refresh_token":"1//before"});
        write_token(&stage.token_path(), &before);
        let (exit, page) = stage.login_by_browser(query).await;
        let err = stage.err.text();
        assert_eq!(exit, wanted, "{err}");
        assert!(err.starts_with("error: ") && err.contains(words) && err.contains("\nhint: "), "{err}");
        assert!(page.starts_with("HTTP/1.1 400") && page.contains("Not logged in"), "{page}");
        assert_eq!(read_json(&stage.token_path()), before);
    }
}

#[tokio::test]
async fn a_token_of_a_testing_consent_screen_is_warned_of_loudly() {
    for (secs, words) in [(604_799, "Publish app"), (15_551_999, "limited time")] {
        let stage = stage(vec![granted(&json!({"refresh_token_expires_in":secs}))]).await;
        let (exit, _) = stage.login_by_browser("state=STATE&code=c").await;
        let err = stage.err.text();
        assert_eq!(exit, Exit::Done);
        assert!(err.starts_with("warning: ") && err.contains(words), "{err}");
    }
}

#[tokio::test]
async fn nobody_coming_is_a_time_out_with_a_hint() {
    for manual in [false, true] {
        let stage = stage(vec![]).await;
        // A pipe that stays open and silent, as a terminal where nobody types.
        let (reader, _writer) = std::io::pipe().unwrap();
        let args = LoginArgs { timeout: Duration::ZERO, ..args(manual) };
        assert_eq!(stage.login(args, std::io::BufReader::new(reader)).await, Exit::TryLater);
        assert!(stage.err.text().contains("no answer came within"), "{}", stage.err.text());
        assert!(!stage.token_path().exists());
    }
}

#[tokio::test]
async fn what_is_wrong_is_found_before_the_browser_is_needed() {
    let stage = stage(vec![]).await;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    assert_eq!(stage.login(LoginArgs { port, ..args(false) }, Cursor::new("")).await, Exit::TryLater);
    assert!(stage.err.text().contains("choose another with --port"));
    let bob = LoginArgs { library: LibraryName::try_new("bob").unwrap(), ..args(false) };
    assert_eq!(stage.login(bob, Cursor::new("")).await, Exit::Usage);
    assert!(stage.err.text().contains("it names `alice`"), "{}", stage.err.text());
    std::fs::remove_dir(&stage.root).unwrap();
    assert_eq!(stage.login(args(false), Cursor::new("")).await, Exit::Config);
    assert!(stage.err.text().contains("is not an existing folder"));
    assert!(!stage.root.exists() && stage.out.text().is_empty());
}

/// A person who pastes `lines`, in which `STATE` stands for the state on the screen.
struct Person {
    screen: Screen,
    lines: &'static str,
    pasted: Option<Cursor<String>>,
}

impl Person {
    fn paste(&mut self) -> &mut Cursor<String> {
        let (screen, lines) = (&self.screen, self.lines);
        self.pasted.get_or_insert_with(|| {
            let shown = screen.text();
            let address = shown.lines().find(|line| line.trim().starts_with("http")).unwrap().trim();
            Cursor::new(lines.replace("STATE", &param(&Url::parse(address).unwrap(), "state")))
        })
    }
}

impl std::io::Read for Person {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        std::io::Read::read(self.paste(), buffer)
    }
}

impl BufRead for Person {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.paste().fill_buf()
    }
    fn consume(&mut self, amount: usize) {
        self.paste().consume(amount);
    }
}

#[tokio::test]
async fn a_pasted_address_logs_in_within_three_tries() {
    let table = [
        ("http://127.0.0.1:1/?state=STATE&code=4/0A&scope=x\n", Exit::Done, ""),
        ("\n\n  'state=STATE&code=4/0A'  ", Exit::Done, ""),
        (
            "what?\nhttp://127.0.0.1:1/?state=other&code=4/0A\n?code=4/0A&state=STATE\n",
            Exit::Done,
            "belongs to another login",
        ),
        ("no\nno\nno\nstate=STATE&code=4/0A\n", Exit::NoPermission, "after 3 tries"),
        ("no\n", Exit::NoPermission, "input ended"),
        ("state=STATE&error=access_denied\n", Exit::NoPermission, "access was denied"),
    ];
    for (lines, wanted, words) in table {
        let stage = stage(vec![granted(&json!({}))]).await;
        let person = Person { screen: stage.out.clone(), lines, pasted: None };
        assert_eq!(stage.login(args(true), person).await, wanted, "{lines:?}: {}", stage.err.text());
        assert!(stage.err.text().contains(words), "{lines:?}: {}", stage.err.text());
        assert_eq!(stage.token_path().exists(), wanted == Exit::Done);
        assert!(!stage.err.text().contains("4/0A"));
    }
}
