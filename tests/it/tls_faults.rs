//! TLS that fails in mid-life: in a handshake, by a stranger's certificate, in the records.
//!
//! Owns: [`Meddler`], which stands between the binary and the simulator and hands bytes on, or not. Invariant: it never has a key.

use crate::context::{Home, Ran};
use fake_google::{FakeGoogle, ItemSpec, Settings};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// It reaches the simulator.
    Passes,
    /// It is closed in the handshake.
    Shut,
    /// Plain text comes in place of the handshake, as from the page of a hotel.
    Plain,
    /// It reaches somebody else, whose certificate nobody vouches for.
    Stranger,
    /// One bit of what comes is changed after so many bytes.
    Damaged(usize),
}

#[derive(Debug)]
struct Fates {
    /// Of the connections to come, in order; then `last`.
    first: Vec<Fate>,
    last: Fate,
    google: Option<SocketAddr>,
    stranger: Option<SocketAddr>,
}

struct Meddler {
    at: SocketAddr,
    fates: Arc<Mutex<Fates>>,
}

impl Meddler {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
        let at = listener.local_addr().expect("bound");
        let fates = Fates { first: Vec::new(), last: Fate::Passes, google: None, stranger: None };
        let fates = Arc::new(Mutex::new(fates));
        let shared = Arc::clone(&fates);
        // Ends with the test process.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || meddle(client, &shared));
            }
        });
        Self { at, fates }
    }

    /// From now on the connections meet `first` in order, and then `last`.
    fn decide(&self, first: &[Fate], last: Fate) {
        let mut fates = self.fates.lock().expect("no test panics with it");
        (fates.first, fates.last) = (first.to_vec(), last);
    }
}

/// One connection; none if it breaks.
fn meddle(mut client: TcpStream, fates: &Mutex<Fates>) -> Option<()> {
    let (fate, google, stranger) = {
        let mut fates = fates.lock().ok()?;
        let fate = if fates.first.is_empty() { fates.last } else { fates.first.remove(0) };
        (fate, fates.google?, fates.stranger?)
    };
    match fate {
        Fate::Shut => {
            client.read_exact(&mut [0; 64]).ok()?;
            client.shutdown(Shutdown::Both).ok()
        }
        Fate::Plain => {
            client.read_exact(&mut [0; 64]).ok()?;
            client.write_all(b"HTTP/1.1 511 Network Authentication Required\r\n\r\n").ok()
        }
        Fate::Stranger => join(&client, stranger, usize::MAX),
        Fate::Passes => join(&client, google, usize::MAX),
        Fate::Damaged(after) => join(&client, google, after),
    }
}

/// Carries bytes both ways, those that come back with one bit changed at `damage`.
fn join(client: &TcpStream, to: SocketAddr, damage: usize) -> Option<()> {
    let server = TcpStream::connect(to).ok()?;
    let (from_server, to_client) = (server.try_clone().ok()?, client.try_clone().ok()?);
    std::thread::spawn(move || carry(&from_server, &to_client, damage));
    carry(client, &server, usize::MAX);
    Some(())
}

fn carry(mut from: &TcpStream, mut to: &TcpStream, damage: usize) {
    let (mut piece, mut passed) = ([0; 4_096], 0);
    while let Ok(length @ 1..) = from.read(&mut piece) {
        if (passed..passed + length).contains(&damage) {
            piece[damage - passed] ^= 1;
        }
        passed += length;
        if to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Read);
}

/// A library whose calls and bytes all pass the meddler, and the stranger.
fn home(meddler: &Meddler) -> (Home, FakeGoogle) {
    let way = format!("https://{}", meddler.at);
    let settings = Settings { tls: true, media_origin: Some(way.clone()), ..Settings::default() };
    let home = Home::with_settings(&["alice"], settings);
    let stranger = FakeGoogle::start_blocking(Settings { tls: true, ..Settings::default() });
    {
        let address = |url: &str| url.trim_start_matches("https://").parse().ok();
        let mut fates = meddler.fates.lock().expect("no test panics with it");
        (fates.google, fates.stranger) = (address(home.google.url()), address(stranger.url()));
    }
    let config = fs::read_to_string(home.path("config.toml")).expect("readable");
    let config = config.replace(home.google.url(), &way).replacen("[limits]", "[limits]\ndownloads = 2", 1);
    home.write_raw_config(&config);
    fs::write(home.path("ca.pem"), home.google.ca_pem().expect("it has a CA")).expect("writable");
    (home, stranger)
}

fn add(home: &Home, from: u32, to: u32) {
    for n in from..to {
        let spec = ItemSpec::named(format!("{n:02}.jpg")).created("2024-07-01T10:00:00Z").len(30_000);
        home.google.account("alice").add_photo(spec);
    }
}

fn sync(home: &Home) -> Ran {
    let mut command = home.command();
    command.arg("sync").env("SSL_CERT_FILE", home.path("ca.pem")).env("RUST_LOG", "gphotos_syncd=trace");
    Ran::watched(command.output().expect("the binary starts"))
}

#[test]
fn tls_that_fails_from_one_day_to_the_next_is_told_and_passes() {
    for (fate, words) in [
        (Fate::Stranger, "invalid peer certificate"),
        (Fate::Plain, "corrupt message"),
        (Fate::Shut, "handshake eof"),
    ] {
        let meddler = Meddler::start();
        let (home, stranger) = home(&meddler);
        add(&home, 0, 4);
        sync(&home).assert(0, &["complete"]);
        let before = home.tree("alice");
        add(&home, 4, 8);
        meddler.decide(&[], fate);
        sync(&home).assert(1, &["transient", "cannot connect to 127.0.0.1:", words]);
        assert_eq!(home.tree("alice"), before, "{fate:?}");
        assert_eq!(home.status()["libraries"][0]["failed"], 0, "{fate:?} is no item's fault");
        assert!(stranger.stats().log.is_empty(), "{fate:?}: something was sent to a stranger");
        meddler.decide(&[], Fate::Passes);
        sync(&home).assert(0, &["complete"]);
        home.assert_complete("alice");
    }
}

#[test]
fn records_that_are_damaged_on_the_way_cost_a_connection_each_and_no_file() {
    let meddler = Meddler::start();
    let (home, _stranger) = home(&meddler);
    add(&home, 0, 12);
    // The first is that of the calls. Three are fewer than a file has tries.
    meddler.decide(&[&[Fate::Passes][..], &[Fate::Damaged(60_000); 3]].concat(), Fate::Passes);
    sync(&home).assert(0, &["complete"]);
    home.assert_complete("alice");
}

#[test]
fn tls_that_is_lost_in_the_middle_of_a_run_leaves_whole_files_and_names_the_others() {
    let meddler = Meddler::start();
    let (home, _stranger) = home(&meddler);
    add(&home, 0, 12);
    // The first is that of the calls.
    meddler.decide(&[Fate::Passes, Fate::Damaged(50_000), Fate::Damaged(50_000)], Fate::Stranger);
    sync(&home).assert(1, &["could not be fetched"]);
    let alice = home.status()["libraries"][0].clone();
    let failures = alice["failures"].as_array().expect("a list");
    assert!(failures.len() >= 8, "{alice}");
    let is_told = |failure: &serde_json::Value| failure["reason"].to_string().contains("certificate");
    assert!(failures.iter().any(is_told), "{alice}");
    assert_eq!(home.paths("alice").len() + failures.len(), 12);
    assert!(home.tree("alice").values().all(|bytes| bytes.len() == 30_000));
    meddler.decide(&[], Fate::Passes);
    sync(&home).assert(0, &["complete"]);
    home.assert_complete("alice");
}
