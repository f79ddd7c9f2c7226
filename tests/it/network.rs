//! Ordinary networking: trust, proxies, addresses, redirects, and servers that are down or come back.

use crate::context::{Home, skipped};
use fake_google::{Effect, Endpoint, FakeGoogle, Fault, ItemSpec, Settings};
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

/// One library of `items` small photos at a simulator set up like this.
fn library(items: usize, settings: Settings) -> Home {
    let home = Home::with_settings(&["alice"], settings);
    for number in 0..items {
        home.google.account("alice").add_photo(ItemSpec::named(format!("IMG_{number:04}.jpg")).len(500));
    }
    home
}

/// The same over HTTPS, with the authority's certificate in `ca.pem`.
fn library_over_tls(items: usize) -> Home {
    let home = library(items, Settings { tls: true, ..Settings::default() });
    fs::write(home.path("ca.pem"), home.google.ca_pem().expect("it has a CA")).expect("writable");
    home
}

/// Runs `sync` with these variables added to the environment.
fn sync_with(home: &Home, variables: &[(&str, &str)]) -> crate::context::Ran {
    let mut command = home.command();
    command.arg("sync").envs(variables.iter().copied());
    command.output().expect("the binary starts").into()
}

/// A proxy for CONNECT alone, on a loopback port of its own.
struct Tunnel {
    at: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
        let (at, asked) = (listener.local_addr().expect("bound"), Arc::default());
        let log: Arc<Mutex<Vec<String>>> = Arc::clone(&asked);
        // Ends with the test process.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                std::thread::spawn(move || serve(client, &log));
            }
        });
        Self { at, asked }
    }

    fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    /// The first line of each request so far.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test panics with it").clone()
    }
}

/// One connection through the tunnel; None if it breaks.
fn serve(client: TcpStream, log: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    log.lock().ok()?.push(first.trim().to_owned());
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 2 {
        line.clear();
    }
    let target = first.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    let server = TcpStream::connect(target).ok()?;
    (&client).write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    let (from_server, to_client) = (server.try_clone().ok()?, client);
    std::thread::spawn(move || carry(from_server, &to_client));
    carry(reader, &server);
    Some(())
}

fn carry(mut from: impl Read, to: &TcpStream) {
    let _ = std::io::copy(&mut from, &mut &*to);
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn https_is_trusted_by_a_file_and_the_bearer_never_goes_to_the_media_host() {
    let home = library_over_tls(120);
    let ca = home.path("ca.pem");
    sync_with(&home, &[("SSL_CERT_FILE", ca.to_str().expect("plain"))]).assert(0, &["complete"]);
    home.assert_complete("alice");
    let stats = home.google.stats();
    assert_eq!((stats.requests(Endpoint::Media), stats.media_with_bearer), (120, 0));
}

#[test]
fn https_is_trusted_by_a_folder_of_certificates() {
    let home = library_over_tls(2);
    let ca = home.path("ca.pem");
    let Ok(hash) = Command::new("openssl").args(["x509", "-hash", "-noout", "-in"]).arg(&ca).output() else {
        skipped("there is no openssl to name the certificate by its hash");
        return;
    };
    let hash = String::from_utf8_lossy(&hash.stdout).trim().to_owned();
    fs::create_dir(home.path("certs")).expect("writable");
    fs::copy(&ca, home.path("certs").join(format!("{hash}.0"))).expect("writable");
    let folder = home.path("certs");
    sync_with(&home, &[("SSL_CERT_DIR", folder.to_str().expect("plain"))]).assert(0, &["complete"]);
    home.assert_complete("alice");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_named_with_its_remedy_and_nothing_is_sent() {
    let home = library_over_tls(2);
    let ran = home.run(&["sync"]);
    ran.assert(1, &["invalid peer certificate", "hint:", "`SSL_CERT_FILE`", "cannot connect to 127.0.0.1:"]);
    let stats = home.google.stats();
    assert!(stats.endpoints.is_empty(), "{stats:?}");
    assert!(home.paths("alice").is_empty());
}

#[test]
fn an_expired_token_at_an_untrusted_host_is_told_the_same_way() {
    let home = library_over_tls(1);
    let token = home.google.token_json("alice");
    let mut token: serde_json::Value = serde_json::from_str(&token).expect("JSON");
    token["expires_at"] = 1000.0.into();
    home.put_token("alice", &token.to_string());
    home.run(&["sync"]).assert(1, &["cannot refresh the access token", "certificate", "`SSL_CERT_FILE`"]);
    assert!(home.google.stats().endpoints.is_empty());
}

#[test]
fn the_proxy_for_https_carries_all_requests_over_few_connections() {
    let home = library_over_tls(250);
    let (ca, tunnel) = (home.path("ca.pem"), Tunnel::start());
    let variables = [("SSL_CERT_FILE", ca.to_str().expect("plain")), ("HTTPS_PROXY", &tunnel.url())];
    sync_with(&home, &variables).assert(0, &["complete"]);
    home.assert_complete("alice");
    let asked = tunnel.asked();
    let wanted = format!("CONNECT {} HTTP/1.1", home.google.url().trim_start_matches("https://"));
    assert!(asked.iter().all(|line| *line == wanted), "{asked:?}");
    assert!((1..=12).contains(&asked.len()), "253 requests over {} connections", asked.len());
}

#[test]
fn a_host_in_no_proxy_is_reached_directly() {
    let home = library_over_tls(2);
    let (ca, tunnel) = (home.path("ca.pem"), Tunnel::start());
    let trust = ("SSL_CERT_FILE", ca.to_str().expect("plain"));
    let variables = [trust, ("HTTPS_PROXY", &tunnel.url()), ("NO_PROXY", "127.0.0.1,localhost")];
    sync_with(&home, &variables).assert(0, &["complete"]);
    assert!(tunnel.asked().is_empty());
}

#[test]
fn plain_http_to_loopback_never_passes_a_proxy() {
    let (home, tunnel) = (library(2, Settings::default()), Tunnel::start());
    let proxy = tunnel.url();
    let variables = [("HTTP_PROXY", proxy.as_str()), ("ALL_PROXY", &proxy), ("http_proxy", &proxy)];
    sync_with(&home, &variables).assert(0, &["complete"]);
    assert!(tunnel.asked().is_empty());
}

#[test]
fn a_dead_proxy_is_told() {
    let home = library_over_tls(1);
    let ca = home.path("ca.pem");
    let variables =
        [("SSL_CERT_FILE", ca.to_str().expect("plain")), ("HTTPS_PROXY", "http://me:hunter2@127.0.0.1:1")];
    let ran = sync_with(&home, &variables);
    ran.assert(1, &["cannot connect", "Connection refused", "`HTTPS_PROXY`"]);
    assert!(!ran.says("hunter2"), "{ran:?}");
}

#[test]
fn everything_works_over_ipv6() {
    let listen = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    if TcpListener::bind(listen).is_err() {
        skipped("there is no IPv6 loopback");
        return;
    }
    let home = library(5, Settings { listen, ..Settings::default() });
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_redirect_takes_neither_the_bearer_nor_a_call_to_another_host() {
    let home = library(3, Settings::default());
    let other = FakeGoogle::start_blocking(Settings::default());
    let away = |path: &str| Effect::Redirect { location: format!("{}{path}", other.url()) };
    let list = home.google.fault(Fault::on(&[Endpoint::MediaItemsList], away("/v1/mediaItems")));
    home.run(&["sync"]).assert(1, &["mediaItems.list"]);
    assert!(other.stats().log.is_empty(), "a call was followed: {:?}", other.stats().log);

    home.google.remove_fault(list);
    home.google.fault(Fault::on(&[Endpoint::Media], away("/lh3/somewhere=d")));
    home.run(&["sync"]).assert(1, &["incomplete"]);
    assert!(other.stats().log.iter().all(|entry| !entry.bearer), "{:?}", other.stats().log);
    assert_eq!(home.google.stats().media_with_bearer, 0);
}

#[test]
fn bytes_are_never_fetched_from_a_host_that_is_not_a_media_host() {
    let home = library(1, Settings::default());
    let location = "http://media.invalid/lh3/x=d".to_owned();
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::Redirect { location }));
    let ran = home.run(&["sync"]);
    ran.assert(1, &["incomplete"]);
    assert!(!ran.says("media.invalid") && home.paths("alice").is_empty(), "{ran:?}");
    let failures = home.status()["libraries"][0]["failures"].clone();
    assert_eq!(failures.as_array().map(Vec::len), Some(1), "{failures}");
}

#[test]
fn a_server_that_is_down_is_told_within_seconds_and_the_next_run_converges() {
    let home = library(3, Settings::default());
    let good = fs::read_to_string(home.path("config.toml")).expect("readable");
    home.write_raw_config(&good.replace(home.google.url(), "http://127.0.0.1:1"));
    home.run(&["sync"]).assert(1, &["transient", "cannot connect to 127.0.0.1:1", "Connection refused"]);
    let run = home.status()["libraries"][0]["last_run"].clone();
    let moment = |key: &str| chrono::DateTime::parse_from_rfc3339(run[key].as_str().expect("a moment"));
    let took = moment("finished").expect("legal") - moment("started").expect("legal");
    assert!(took < chrono::TimeDelta::seconds(10), "{took}");

    home.write_raw_config(&good);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_server_that_ails_for_a_while_delays_the_run_and_no_more() {
    let home = library(20, Settings::default());
    home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::status(503)).once());
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(500)).skip(2).times(5));
    home.google.fault(Fault::on(&[Endpoint::AlbumsList], Effect::Reset).once());
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    assert_eq!(home.status()["libraries"][0]["failures"], serde_json::json!([]));
}

#[test]
fn a_run_that_lost_its_server_is_made_good_by_the_next() {
    let home = library(8, Settings::default());
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(404)).skip(5));
    home.run(&["sync"]).assert(1, &["incomplete"]);
    assert_eq!(home.paths("alice").len(), 5);
    home.google.clear_faults();
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}
