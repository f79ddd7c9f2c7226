//! Everything that can go wrong at Google at once, drawn from a seed, for ten thousand requests; then it is mended, and the copy is whole.
//!
//! Held at every moment: what is visible is whole and stays; and after every run: its exit code, what it says of what it lacks,
//! the gaps, the tries. `GPHOTOS_FAULT_SEEDS=20` runs that many seeds by hand.

mod books;
mod dice;
mod kinds;

use crate::context::{Home, Ran, Running};
use crate::wait::comes_true_within;
use books::Books;
use dice::Dice;
use fake_google::{FaultId, ItemSpec, Logged};
use kinds::{KINDS, Kind, MOVED, refused_call, storm};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::process::Output;
use std::time::Duration;

/// Requests of one seed.
const REQUESTS: u64 = 10_000;
/// Runs of one seed, at most.
const ROUNDS_MAX: u32 = 100;
/// How long one run may take.
const RUN_MAX: Duration = Duration::from_secs(60);
/// A run that was looked at so often is stopped, some eight seconds: the pace that refusals taught is slow.
const LOOKS_TO_STOP: u32 = 1_500;
/// One look at the tree in so many looks at the run.
const LOOKS_PER_TREE: u32 = 30;
/// What is read again after so many runs.
const ROUNDS_PER_REREAD: u32 = 6;
/// The libraries.
const LIBRARIES: [&str; 2] = ["alice", "bob"];

#[test]
fn ten_thousand_answers_of_the_first_seed_lose_nothing_and_are_told_rightly() {
    Soak::of(1).go();
}

#[test]
fn ten_thousand_answers_of_the_second_seed_lose_nothing_and_are_told_rightly() {
    Soak::of(2).go();
}

#[test]
fn further_seeds_lose_nothing_when_somebody_asks_for_them() {
    let seeds = std::env::var("GPHOTOS_FAULT_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    for seed in 3..=seeds {
        Soak::of(seed).go();
    }
}

/// What somebody does while a run is under way.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meanwhile {
    Nothing,
    /// Two hours pass at Google: addresses and bearers expire.
    TimePasses,
    /// Photos are added.
    Adds,
    /// Photos that are on disk are removed, which moves all others.
    Removes,
    /// Somebody stops the run.
    Stops,
    /// Somebody withdraws consent.
    Revokes,
}

const MEANWHILE: &[Meanwhile] = &[
    Meanwhile::Nothing,
    Meanwhile::Nothing,
    Meanwhile::TimePasses,
    Meanwhile::TimePasses,
    Meanwhile::Adds,
    Meanwhile::Removes,
    Meanwhile::Stops,
    Meanwhile::Revokes,
];

/// One seed's way.
struct Soak {
    seed: u64,
    home: Home,
    dice: Dice,
    books: Vec<Books>,
    added: u32,
    requests: u64,
    round: u32,
    fired: BTreeMap<&'static str, u64>,
    ends: BTreeMap<String, u64>,
}

impl Soak {
    fn of(seed: u64) -> Self {
        let home = Home::with(&LIBRARIES);
        let (fired, ends) = (BTreeMap::new(), BTreeMap::new());
        let books = LIBRARIES.map(Books::new).into();
        Self { seed, home, dice: Dice::new(seed), books, added: 0, requests: 0, round: 0, fired, ends }
    }

    fn go(mut self) {
        self.set_stall_timeout("300ms");
        while self.requests < REQUESTS {
            self.round += 1;
            assert!(self.round <= ROUNDS_MAX, "seed {}: {} requests only", self.seed, self.requests);
            self.one_round();
        }
        self.mended();
        self.tell();
    }

    /// The configuration with this stall timeout.
    fn set_stall_timeout(&self, time: &str) {
        let table = |name| format!("[library.{name}]\nroot = \"{name}\"\nschedule = \"manual\"\n");
        let tables: String = LIBRARIES.map(table).concat();
        self.home.write_config(&tables);
        let config = fs::read_to_string(self.home.path("config.toml")).expect("readable");
        let limits = format!("[limits]\napi-requests-per-day = 0\nstall-timeout = \"{time}\"");
        self.home.write_raw_config(&config.replacen("[limits]", &limits, 1));
    }

    /// Adds up to `most` items to each library, newer than all before, and now and then an album of some.
    fn add(&mut self, most: u64) {
        for name in LIBRARIES {
            let user = self.home.google.account(name);
            let mut ids = Vec::new();
            for _ in 0..=self.dice.below(most) {
                self.added += 1;
                let at = chrono::DateTime::from_timestamp(1_600_000_000 + i64::from(self.added) * 977, 0);
                let is_video = self.dice.once_in(9);
                let ext = if is_video { "mp4" } else { "jpg" };
                let spec = ItemSpec::named(format!("{name}_{:05}.{ext}", self.added));
                let spec = spec.created_at(at.expect("a time")).len(300 + self.dice.below(1_500));
                ids.push(if is_video { user.add_video(spec) } else { user.add_photo(spec) });
            }
            if self.dice.once_in(3) {
                user.add_album(&format!("Album {}", self.round), &ids[..ids.len().min(12)]);
            }
        }
        for books in &mut self.books {
            books.learn(&self.home);
        }
    }

    fn one_round(&mut self) {
        self.add(420);
        let lacked: Vec<Vec<String>> = self.books.iter().map(Books::missing).collect();
        let drawn = self.draw();
        let meanwhile = *self.dice.pick(MEANWHILE);
        let args: &[&str] = if self.dice.once_in(4) { &["sync", "--full"] } else { &["sync"] };
        let ran = self.run(args, meanwhile);

        let stats = self.home.google.stats();
        self.home.google.reset_stats();
        self.requests += stats.endpoints.values().sum::<u64>();
        let log: Vec<Logged> = stats.log.into();
        for (kind, id) in drawn {
            let fired = self.home.google.fired(id);
            *self.fired.entry(kind).or_default() += fired;
            if kind == MOVED && fired > 0 {
                self.books.iter_mut().for_each(|books| books.is_unsure = true);
            }
        }
        self.home.google.clear_faults();
        // What a storm taught of the pace is forgotten: the rest of the seed would crawl.
        let _ = fs::remove_dir_all(self.home.path("state"));
        self.check(&ran, &lacked, &log);
    }

    /// Puts some faults in force.
    fn draw(&mut self) -> Vec<(&'static str, FaultId)> {
        let mut drawn = Vec::new();
        for _ in 0..6 + self.dice.below(6) {
            let kind: &Kind = self.dice.pick(KINDS);
            drawn.push((kind.name, self.home.google.fault(kind.draw(&mut self.dice))));
        }
        // Few, because what they teach of the pace slows the rest of the run.
        if self.dice.once_in(3) {
            drawn.push(("429 on a call", self.home.google.fault(refused_call(&mut self.dice))));
            drawn.push(("429 storm on bytes", self.home.google.fault(storm(&mut self.dice))));
        }
        drawn
    }

    /// One run, with looks at the tree while it works.
    fn run(&mut self, args: &[&str], meanwhile: Meanwhile) -> Ran {
        let (out, err) = (self.home.path("out"), self.home.path("err"));
        let mut command = self.home.command();
        command.args(args).env("RUST_LOG", "gphotos_syncd=trace");
        command.stdout(File::create(&out).expect("writable")).stderr(File::create(&err).expect("writable"));
        let mut running = Running::new(command.spawn().expect("the binary starts"));
        let after = self.dice.below(120);
        let (mut looks, mut is_done) = (0, meanwhile == Meanwhile::Nothing);
        let mut status = None;
        let ended = comes_true_within(RUN_MAX, || {
            looks += 1;
            if looks % 4 == 0 && !is_done && self.home.google.stats().endpoints.values().sum::<u64>() >= after
            {
                is_done = true;
                self.act(meanwhile, &mut running);
            }
            if looks % LOOKS_PER_TREE == 0 {
                self.books.iter_mut().for_each(|books| books.look(&self.home, false));
            }
            status = running.child().try_wait().expect("a child");
            if status.is_none() && looks == LOOKS_TO_STOP {
                running.signal("TERM");
            }
            status.is_some()
        });
        let read = |path| fs::read(path).expect("readable");
        let text = || String::from_utf8_lossy(&read(&err)).into_owned();
        assert!(ended, "seed {}, run {}: no end\n{}", self.seed, self.round, text());
        let status = status.expect("it ended");
        Ran::watched(Output { status, stdout: read(&out), stderr: read(&err) })
    }

    fn act(&mut self, meanwhile: Meanwhile, running: &mut Running) {
        match meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::TimePasses => self.home.google.advance_clock(Duration::from_secs(2 * 3_600)),
            Meanwhile::Adds => self.add(40),
            Meanwhile::Removes => {
                self.books.iter_mut().for_each(|books| books.remove_some(&self.home, 5));
            }
            Meanwhile::Stops => {
                if running.child().try_wait().expect("a child").is_none() {
                    running.signal("TERM");
                }
            }
            Meanwhile::Revokes => self.home.google.account(LIBRARIES[1]).revoke_grant(),
        }
    }

    /// Holds the run against the disk, and mends what only a person can.
    fn check(&mut self, ran: &Ran, lacked: &[Vec<String>], log: &[Logged]) {
        let status = self.home.run_watched(&["status", "--json"]);
        let status: Value = serde_json::from_str(&status.out).expect("JSON");
        let again = self.round.is_multiple_of(ROUNDS_PER_REREAD);
        let mut worst = 0;
        for (books, lacked) in self.books.iter_mut().zip(lacked) {
            books.look(&self.home, again);
            let now = books.missing();
            let still: Vec<String> = lacked.iter().filter(|name| now.contains(name)).cloned().collect();
            let libraries = status["libraries"].as_array().expect("libraries");
            let library = libraries.iter().find(|library| library["name"] == books.name[..]);
            let library = library.expect("it is configured");
            let of_it: Vec<&Logged> =
                log.iter().filter(|entry| entry.account.as_ref() == Some(&books.name)).collect();
            worst = worst.max(books.check(library, &still, &of_it));
            let end = library["last_run"]["end"].to_string();
            if library["last_run"]["full"] == true && end == "\"complete\"" {
                books.is_unsure = false;
            }
            *self.ends.entry(end).or_default() += 1;
            if library["state"] == "needs-login" {
                let token = self.home.google.token_json(&books.name);
                self.home.put_token(&books.name, &token);
            }
        }
        assert_eq!(ran.code, worst, "seed {}, run {}\n{}\n{}", self.seed, self.round, ran.out, status);
    }

    /// Google is well again: one run brings all, and tells so.
    fn mended(&mut self) {
        self.set_stall_timeout("60s");
        let ran = self.run(&["sync", "--full"], Meanwhile::Nothing);
        assert_eq!(ran.code, 0, "seed {}\n{}\n{}", self.seed, ran.out, ran.err);
        for books in &mut self.books {
            books.look(&self.home, true);
            assert_eq!(books.missing(), Vec::<String>::new(), "{}: seed {}", books.name, self.seed);
            let truth = self.home.google.truth(&books.name);
            let tree = self.home.tree(&books.name);
            let links = tree.iter().filter(|(path, _)| path.starts_with("albums/"));
            let wanted: usize = truth.albums.iter().map(|album| album.items.len()).sum();
            assert_eq!(links.count(), wanted, "{}: links of seed {}", books.name, self.seed);
            let (_, files) = books.counts();
            assert_eq!(tree.len(), files + wanted, "{}: foreign files", books.name);
            let partial = self.home.root(&books.name).join(".gphotos-syncd/partial");
            assert_eq!(fs::read_dir(partial).map_or(0, Iterator::count), 0, "something is left in partial/");
        }
        let status = self.home.status();
        for library in status["libraries"].as_array().expect("libraries") {
            assert_eq!((&library["failed"], &library["wanted"]), (&0.into(), &0.into()), "{library}");
        }
    }

    /// What happened, for those who ask with `--nocapture`.
    #[expect(clippy::print_stdout, reason = "the figures of a soak")]
    fn tell(&self) {
        let faults: u64 = self.fired.values().sum();
        println!("seed {}: {} requests in {} runs, {faults} faults", self.seed, self.requests, self.round);
        println!("  ends: {:?}", self.ends);
        for (kind, count) in &self.fired {
            println!("  {count:5} {kind}");
        }
    }
}
