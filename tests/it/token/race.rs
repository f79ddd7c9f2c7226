//! The token file while it is written, seen by somebody who watches its folder; and two runs that need a new token at once.

use crate::context::{Home, Ran, skipped};
use crate::login::{Dialogue, browse};
use crate::token::{edit, home_with_photos, mode_of, path_of};
use fake_google::{Consent, Effect, Endpoint, Fault};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use serde_json::json;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One look at the events.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };

/// Somebody who watches a folder, and looks at each file as soon as anything happens to it.
struct Watcher {
    dir: PathBuf,
    events: OwnedFd,
    /// What happened to which name, in order.
    seen: Vec<(String, ReadFlags)>,
    /// The modes of each file that has to do with tokens, at each moment that something happened.
    modes: Vec<(String, u32)>,
}

impl Watcher {
    fn on(dir: &Path) -> Self {
        let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).expect("inotify is there");
        let what = WatchFlags::CREATE
            | WatchFlags::MODIFY
            | WatchFlags::ATTRIB
            | WatchFlags::MOVED_TO
            | WatchFlags::OPEN;
        inotify::add_watch(&events, dir, what).expect("the folder can be watched");
        Self { dir: dir.to_owned(), events, seen: Vec::new(), modes: Vec::new() }
    }

    /// Takes in what happened; waits a moment for it.
    fn look(&mut self) {
        let _ = poll(&mut [PollFd::new(&self.events.as_fd(), PollFlags::IN)], Some(&LOOK));
        let mut room = [MaybeUninit::<u8>::uninit(); 4096];
        let mut reader = Reader::new(&self.events, &mut room);
        while let Ok(event) = reader.next() {
            let Some(name) = event.file_name().map(|name| name.to_string_lossy().into_owned()) else {
                continue;
            };
            if let Ok(found) = fs::symlink_metadata(self.dir.join(&name))
                && found.is_file()
            {
                self.modes.push((name.clone(), found.permissions().mode() & 0o7777));
            }
            self.seen.push((name, event.events()));
        }
    }

    /// Watches a command to its end.
    fn watch(&mut self, mut command: Command) -> Ran {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        while child.try_wait().expect("it is a child").is_none() {
            self.look();
        }
        self.look();
        Ran::from(child.wait_with_output().expect("its output is readable"))
    }

    /// Fails unless the token file came by a rename alone, and nobody else could read it or what it was made of for a moment.
    fn assert_private(&self) {
        let of_token = |name: &str| name == ".gphotos.token" || name.starts_with(".gphotos-syncd-tmp");
        let exposed: Vec<_> =
            self.modes.iter().filter(|(name, mode)| of_token(name) && *mode != 0o600).collect();
        assert!(exposed.is_empty(), "readable for a moment: {exposed:?}");
        let written = ReadFlags::CREATE | ReadFlags::MODIFY | ReadFlags::ATTRIB;
        let happened = |name: &str, flags: ReadFlags| {
            self.seen.iter().any(|(seen, what)| seen == name && what.intersects(flags))
        };
        assert!(!happened(".gphotos.token", written), "written in place: {:?}", self.seen);
        assert!(happened(".gphotos.token", ReadFlags::MOVED_TO), "not renamed: {:?}", self.seen);
        assert!(
            self.modes.iter().any(|(name, _)| name.starts_with(".gphotos-syncd-tmp")),
            "nobody looked in time"
        );
    }
}

/// A library whose token must be refreshed first.
fn expired() -> Home {
    let home = home_with_photos(&["alice"]);
    edit(&home, "alice", |json| json["expires_at"] = json!(0.0));
    home
}

/// `sync` under a umask that takes nothing away.
fn open_sync(home: &Home) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_gphotos-syncd"));
    let mut command = home.command_through("sh", &["-c", "umask 0; exec \"$@\"", "sh"], binary);
    command.arg("sync");
    command
}

#[test]
fn a_refreshed_token_is_never_readable_by_others_even_under_umask_0() {
    // The watcher may be late; that nobody saw a wrong mode counts only if somebody looked in between.
    for _ in 0..20 {
        let home = expired();
        let mut watcher = Watcher::on(&home.root("alice"));
        watcher.watch(open_sync(&home)).assert(0, &["alice"]);
        assert_eq!(mode_of(&home, "alice"), 0o600);
        if watcher.modes.iter().any(|(name, _)| name.starts_with(".gphotos-syncd-tmp")) {
            return watcher.assert_private();
        }
    }
    skipped("the machine is too busy to look at a file while it is written");
}

#[test]
fn a_token_that_is_written_in_place_is_seen_by_the_watcher() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut watcher = Watcher::on(dir.path());
    let mut ancestor = Command::new("sh");
    ancestor
        .current_dir(dir.path())
        .args(["-c", "umask 022; echo '{}' >.gphotos.token; chmod 600 .gphotos.token"]);
    assert_eq!(watcher.watch(ancestor).code, 0);
    let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| watcher.assert_private()));
    assert!(judged.is_err(), "{:?}", watcher.seen);
}

#[test]
fn a_link_in_the_token_files_place_is_replaced_by_a_login_and_never_written_through() {
    let home = home_with_photos(&["alice"]);
    let (path, outside) = (path_of(&home, "alice"), home.path("outside"));
    fs::write(&outside, "somebody's").expect("writable");
    fs::remove_file(&path).expect("it was there");
    symlink(&outside, &path).expect("writable");
    let mut login = Dialogue::begin(&home, &["alice"]);
    let address = login.ready();
    browse(&home.google.consent(&address, &Consent::allow("alice")).expect("Google asks"));
    login.end().assert(0, &["is logged in"]);
    assert_eq!(fs::read_to_string(&outside).expect("readable"), "somebody's");
    assert!(fs::symlink_metadata(&path).expect("written").is_file());
    assert_eq!(mode_of(&home, "alice"), 0o600);
}

#[test]
fn two_runs_at_once_refresh_a_token_once() {
    let home = expired();
    home.google.fault(Fault::on(&[Endpoint::Token], Effect::Delay { ms: 1_500 }).once());
    let mut first = home.start(&["sync"]);
    crate::wait::until("the refresh", || home.google.stats().requests(Endpoint::Token) > 0);
    let second = home.run(&["sync"]);
    assert!(first.child().id() > 0);
    second.assert(75, &["alice"]);
    first.wait().assert(0, &["alice"]);
    assert_eq!(home.google.stats().requests(Endpoint::Token), 1);
    home.run_ok(&["sync"]);
    assert_eq!(home.google.stats().requests(Endpoint::Token), 1);
}
