//! `login` and `logout`, with the simulator as Google and a tiny client as the browser.

mod logout;
mod writing;

use crate::context::{Home, Ran};
use fake_google::{Consent, Effect, Endpoint, Fault, ItemSpec, SCOPE_APP_CREATED, SCOPE_READONLY, Settings};
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// Lines of a dialogue that are read while waiting for one of them.
const LINES_MAX: usize = 40;

/// A login that runs, and what it has said so far; dropping it kills it.
pub(crate) struct Dialogue {
    child: Child,
    out: BufReader<ChildStdout>,
    said: String,
}

impl Dialogue {
    pub(crate) fn begin(home: &Home, args: &[&str]) -> Self {
        let mut command = home.command();
        command.env("RUST_LOG", "trace").arg("login").args(args);
        Self::over(command)
    }

    fn over(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, out, said: String::new() }
    }

    /// The first line from here on that has `text`.
    fn line_with(&mut self, text: &str) -> String {
        for _ in 0..LINES_MAX {
            let mut line = String::new();
            if self.out.read_line(&mut line).expect("readable") == 0 {
                break;
            }
            self.said.push_str(&line);
            if line.contains(text) {
                return line.trim().to_owned();
            }
        }
        panic!("`{text}` was not said:\n{}", self.said);
    }

    /// The address to open in a browser.
    fn address(&mut self) -> String {
        self.line_with("/o/oauth2/")
    }

    /// The address, when the listener is ready for the answer.
    pub(crate) fn ready(&mut self) -> String {
        let address = self.address();
        self.line_with("Waiting up to");
        address
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Types a line.
    fn paste(&mut self, text: &str) {
        writeln!(self.child.stdin.as_mut().expect("it is piped"), "{text}").expect("it reads");
    }

    /// Waits for its end, which must have kept every secret.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ran {
        drop(self.child.stdin.take());
        let mut err = Vec::new();
        self.out.read_to_string(&mut self.said).expect("text");
        self.child.stderr.take().expect("it is piped").read_to_end(&mut err).expect("readable");
        let status = self.child.wait().expect("it ends");
        Ran::watched(Output { status, stdout: std::mem::take(&mut self.said).into_bytes(), stderr: err })
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Opens an address on the loopback as a browser does; gives the whole answer.
pub(crate) fn browse(address: &str) -> String {
    let rest = address.strip_prefix("http://").expect("plain http");
    let (host, target) = rest.split_at(rest.find('/').expect("a path"));
    let mut stream = TcpStream::connect(host).expect("somebody listens");
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer
}

/// A library without a token, with one photo at Google.
pub(crate) fn logged_out() -> Home {
    logged_out_with(Settings::default())
}

fn logged_out_with(settings: Settings) -> Home {
    let home = Home::with_settings(&["alice"], settings);
    home.google.account("alice").add_photo(ItemSpec::named("a.jpg"));
    fs::remove_file(home.root("alice").join(".gphotos.token")).expect("it was there");
    home
}

fn consented(home: &Home, address: &str) -> String {
    home.google.consent(address, &Consent::allow("alice")).expect("Google asks")
}

fn token_of(home: &Home) -> Option<Value> {
    let bytes = fs::read(home.root("alice").join(".gphotos.token")).ok()?;
    Some(serde_json::from_slice(&bytes).expect("JSON"))
}

#[test]
fn a_browser_on_this_machine_brings_the_answer_and_the_library_syncs() {
    let home = logged_out_with(pkce_required());
    let mut login = Dialogue::begin(&home, &["alice"]);
    let address = login.ready();
    for part in [
        "code_challenge_method=S256",
        "state=",
        "access_type=offline",
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A",
    ] {
        assert!(address.contains(part), "`{part}` is missing in {address}");
    }
    let page = browse(&consented(&home, &address));
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("Library alice is logged in"), "{page}");
    let ran = login.end();
    let path = home.root("alice").join(".gphotos.token");
    ran.assert(0, &["Library `alice` is logged in; its token is in", &path.display().to_string()]);
    assert_eq!(fs::metadata(&path).expect("written").permissions().mode() & 0o7777, 0o600);
    let token = token_of(&home).expect("written");
    assert!(token["scope"].as_array().is_some_and(|all| all.iter().any(|scope| scope == SCOPE_APP_CREATED)));
    assert!(
        token["expires_at"].is_f64() && token["token_type"] == "Bearer",
        "{:?}",
        token.as_object().map(|o| o.keys().collect::<Vec<_>>())
    );
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

fn pkce_required() -> Settings {
    let mut settings = Settings::default();
    settings.oauth.pkce_required = true;
    settings
}

#[test]
fn the_dialogue_says_what_to_do_from_another_machine() {
    let home = logged_out();
    let mut login = Dialogue::begin(&home, &["alice"]);
    let address = login.ready();
    let port = address.split("127.0.0.1%3A").nth(1).and_then(|rest| rest.split('%').next()).expect("a port");
    assert!(login.said.contains(&format!("ssh -L {port}:127.0.0.1:{port} USER@")), "{}", login.said);
    assert!(login.said.contains("gphotos-syncd login alice --manual"), "{}", login.said);
}

#[test]
fn an_answer_to_another_login_is_turned_away_and_the_right_one_still_counts() {
    let home = logged_out();
    let mut login = Dialogue::begin(&home, &["alice"]);
    let address = login.ready();
    let right = consented(&home, &address);
    let (before, after) = right.split_once("state=").expect("a state");
    let forged = format!("{before}state=forged{}", &after[after.find('&').expect("more")..]);
    let origin = &right[..=right.find("/?").expect("a query")];
    let without_state = format!("{origin}?code=4/0Aforged");
    let favicon = format!("{origin}favicon.ico");
    for wrong in [&forged, &without_state, &favicon, origin] {
        let page = browse(wrong);
        assert!(page.starts_with("HTTP/1.1 400 ") && page.contains("does not belong"), "{wrong}: {page}");
    }
    // A connection that says nothing does not block the others.
    let host = origin.trim_start_matches("http://").trim_end_matches('/');
    let silent = TcpStream::connect(host).expect("it still listens");
    assert!(browse(&right).starts_with("HTTP/1.1 200 "));
    login.end().assert(0, &["is logged in"]);
    drop(silent);
    assert!(token_of(&home).is_some());
}

#[test]
fn a_box_left_unticked_is_named_and_nothing_is_written() {
    let home = logged_out();
    let mut login = Dialogue::begin(&home, &["alice"]);
    let asked = login.ready();
    // Google's page has a box for each scope; here the person ticks another one only.
    let asked = asked.replacen(
        "scope=",
        &format!("scope={}+", SCOPE_READONLY.replace(':', "%3A").replace('/', "%2F")),
        1,
    );
    let answer =
        home.google.consent(&asked, &Consent::allow_only("alice", &[SCOPE_READONLY])).expect("asked");
    let page = browse(&answer);
    assert!(page.starts_with("HTTP/1.1 400 ") && page.contains("A box was left unticked"), "{page}");
    let ran = login.end();
    ran.assert(
        77,
        &[
            "not everything was allowed, so nothing was written",
            SCOPE_APP_CREATED,
            "hint: run gphotos-syncd login alice again and tick every box",
        ],
    );
    assert!(token_of(&home).is_none());
}

#[test]
fn a_person_who_says_no_leaves_the_old_token_alone() {
    let home = Home::with(&["alice"]);
    let before = token_of(&home);
    let mut login = Dialogue::begin(&home, &["alice"]);
    let address = login.ready();
    let answer = home.google.consent(&address, &Consent::deny()).expect("Google asks");
    assert!(browse(&answer).contains("Access was denied."));
    login.end().assert(77, &["access was denied at Google", "`access_denied`", "hint: start again"]);
    assert_eq!(token_of(&home), before);
}

#[test]
fn a_login_that_nobody_answers_ends_in_time_and_says_what_else_there_is() {
    let home = logged_out();
    let ran = home.run_watched(&["login", "alice", "--timeout", "50ms"]);
    ran.assert(75, &["no answer came within 50ms", "hint: start again with --manual", "--timeout 30m"]);
    let mut pasted = Dialogue::begin(&home, &["alice", "--manual", "--timeout", "50ms"]);
    pasted.address();
    let stdin = pasted.child.stdin.take();
    pasted.end().assert(75, &["no answer came within 50ms"]);
    drop(stdin);
    home.run(&["login", "alice", "--timeout", "soon"]).assert(64, &["--timeout"]);
}

#[test]
fn a_port_that_is_taken_is_said_to_be() {
    let home = logged_out();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("known").port().to_string();
    let ran = home.run_watched(&["login", "alice", "--port", &port]);
    ran.assert(75, &[&format!("port {port} of 127.0.0.1 is taken"), "hint: choose another with --port"]);
}

#[test]
fn a_pasted_address_will_do_in_any_form_that_people_copy_it_in() {
    for form in 0..4 {
        let home = logged_out_with(pkce_required());
        let mut login = Dialogue::begin(&home, &["alice", "--manual"]);
        let address = login.address();
        let end = consented(&home, &address);
        let query = end.split_once('?').expect("a query").1;
        let text = match form {
            0 => end.clone(),
            1 => query.to_owned(),
            2 => format!("  '{end}'  "),
            _ => format!("\"{end}\"\r"),
        };
        login.paste(&text);
        login.end().assert(0, &["Library `alice` is logged in"]);
        home.run_ok(&["sync"]);
    }
}

#[test]
fn a_wrong_paste_may_be_corrected_a_few_times() {
    let home = logged_out();
    let mut login = Dialogue::begin(&home, &["alice", "--manual"]);
    let address = login.address();
    let end = consented(&home, &address);
    login.paste("https://www.example.com/");
    login.paste("http://127.0.0.1:1/?state=another&code=4/0Axyz");
    login.paste(&end);
    login
        .end()
        .assert(0, &["that is not the address", "belongs to another login", "(1 left)", "is logged in"]);

    let mut login = Dialogue::begin(&home, &["alice", "--manual"]);
    login.address();
    for _ in 0..3 {
        login.paste("what?");
    }
    login.end().assert(77, &["no usable address after 3 tries", "hint: "]);
    let mut login = Dialogue::begin(&home, &["alice", "--manual"]);
    login.address();
    login.end().assert(77, &["standard input ended before an address was pasted", "hint: "]);
}

#[test]
fn a_code_that_is_too_old_or_used_is_refused_with_the_command_to_start_again() {
    let home = logged_out();
    let mut login = Dialogue::begin(&home, &["alice", "--manual"]);
    let address = login.address();
    let end = consented(&home, &address);
    home.google.advance_clock(std::time::Duration::from_secs(3600));
    login.paste(&end);
    login.end().assert(77, &["Google does not accept the code", "hint: gphotos-syncd login alice"]);
    assert!(token_of(&home).is_none());
}

#[test]
fn a_token_endpoint_that_ails_once_does_not_cost_the_consent() {
    let home = logged_out();
    home.google.fault(Fault::on(&[Endpoint::Token], Effect::status(503)).once());
    let mut login = Dialogue::begin(&home, &["alice"]);
    let address = login.ready();
    assert!(browse(&consented(&home, &address)).starts_with("HTTP/1.1 200 "));
    login.end().assert(0, &["is logged in"]);
}

#[test]
fn a_consent_screen_in_testing_is_warned_of_at_once() {
    let mut settings = Settings::default();
    settings.oauth.refresh_token_life = Some(std::time::Duration::from_secs(7 * 86_400));
    let home = logged_out_with(settings);
    let mut login = Dialogue::begin(&home, &["alice"]);
    let address = login.ready();
    browse(&consented(&home, &address));
    login.end().assert(0, &["warning: THIS TOKEN DIES ON ", "\"Testing\"", "hint: press \"Publish app\""]);
    home.run_watched(&["status"]).assert(0, &["token: good, dies at"]);
}

#[test]
fn what_keeps_a_login_from_its_end_is_said_before_anybody_opens_a_browser() {
    let home = logged_out();
    home.run_watched(&["login", "carol"])
        .assert(64, &["there is no library `carol`", "it names `alice`", "hint: "]);
    let root = home.root("alice").display().to_string();
    fs::remove_dir_all(home.root("alice")).expect("own folder");
    let ran = home.run_watched(&["login", "alice"]);
    ran.assert(78, &["is not an existing folder", &root, "hint: create it, or mount it"]);
    assert!(!ran.says("/o/oauth2/"));
}
