//! The daemon as a child process, seen as the service manager sees it.
//!
//! Owns: [`Served`], a running daemon with its notification socket and its log. Invariant: every wait has an end, and no child
//! outlives its test. May use: `context`.

use crate::context::{Home, Ran, Running};
use crate::secrets::assert_kept;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// One look of a wait.
const LOOK: Duration = Duration::from_millis(20);

/// Looks before a wait is given up: 20 seconds, for a machine under load.
const LOOKS_MAX: u32 = 1_000;

/// A daemon that runs.
pub(crate) struct Served {
    pub(crate) running: Running,
    notify: UnixDatagram,
    /// Every notification so far.
    pub(crate) told: Vec<String>,
    log: PathBuf,
}

/// Starts a daemon and waits until it is ready.
pub(crate) fn serve(home: &Home) -> Served {
    let mut served = launch(home, |_| {});
    served.wait_told("READY=1");
    served
}

/// Starts a daemon whose command was changed, and waits for nothing.
pub(crate) fn launch(home: &Home, change: impl FnOnce(&mut Command)) -> Served {
    launch_command(home, home.command(), change)
}

/// The same by `command`, which lacks only `run`, such as [`Home::command_as_nobody`].
pub(crate) fn launch_command(home: &Home, mut command: Command, change: impl FnOnce(&mut Command)) -> Served {
    let socket = home.path("notify.sock");
    let _ = fs::remove_file(&socket);
    let notify = UnixDatagram::bind(&socket).expect("the notification socket can be bound");
    notify.set_read_timeout(Some(LOOK)).expect("a legal time-out");
    let log = home.path("daemon.log");
    let file = File::options().create(true).append(true).open(&log).expect("writable");
    // The daemon may be another user.
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).expect("own socket");
    command.arg("run").env("NOTIFY_SOCKET", &socket).stdout(Stdio::null()).stderr(file);
    change(&mut command);
    Served {
        running: Running::new(command.spawn().expect("the binary starts")),
        notify,
        told: Vec::new(),
        log,
    }
}

impl Served {
    /// Takes in what was told since; waits a moment for it.
    pub(crate) fn look(&mut self) {
        let mut datagram = [0; 8_192];
        while let Ok(length) = self.notify.recv(&mut datagram) {
            let told = String::from_utf8_lossy(&datagram[..length]).into_owned();
            assert_kept("a notification", &told);
            self.told.push(told);
        }
    }

    /// Waits until `condition` holds.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, mut condition: impl FnMut(&Self) -> bool) {
        for _ in 0..LOOKS_MAX {
            self.look();
            if condition(self) {
                return;
            }
            if let Some(status) = self.running.child().try_wait().expect("it is a child") {
                panic!("{what}: the daemon ended: {status}\n{}", self.log());
            }
        }
        panic!("{what} does not come\ntold: {:#?}\nlog:\n{}", self.told, self.log());
    }

    /// Waits until a notification holds `text`; gives the first one.
    #[track_caller]
    pub(crate) fn wait_told(&mut self, text: &str) -> String {
        self.until(text, |served| served.has_told(text));
        self.told.iter().find(|told| told.contains(text)).cloned().unwrap_or_default()
    }

    /// Whether a notification held `text`.
    pub(crate) fn has_told(&self, text: &str) -> bool {
        self.told.iter().any(|told| told.contains(text))
    }

    /// Waits until the library's status satisfies `wanted`; gives it.
    #[track_caller]
    pub(crate) fn wait_library(&mut self, home: &Home, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        self.until(name, |_| {
            last = library_of(home, name);
            wanted(&last)
        });
        last
    }

    /// Waits until the library is in `state`; gives its status.
    #[track_caller]
    pub(crate) fn wait_state(&mut self, home: &Home, name: &str, state: &str) -> Value {
        self.wait_library(home, name, |library| library["state"] == state)
    }

    /// Waits until the library's run with this number has ended complete; gives its status.
    #[track_caller]
    pub(crate) fn wait_complete(&mut self, home: &Home, name: &str, run: u64) -> Value {
        self.wait_library(home, name, |library| {
            let last = &library["last_run"];
            last["run"].as_u64() >= Some(run) && last["end"] == "complete" && library["state"] == "idle"
        })
    }

    /// Everything logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// How many lines of the log have all of `words`.
    pub(crate) fn logged(&self, words: &[&str]) -> usize {
        self.log().lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
    }

    /// Tells it to read its configuration again, and waits until it has.
    #[track_caller]
    pub(crate) fn reload(&mut self) {
        self.look();
        self.told.clear();
        self.running.signal("HUP");
        self.wait_told("READY=1");
    }

    /// Waits for its end by itself; gives the exit code.
    #[track_caller]
    pub(crate) fn wait(mut self) -> i32 {
        for _ in 0..LOOKS_MAX {
            if let Some(status) = self.running.child().try_wait().expect("it is a child") {
                return status.code().unwrap_or(-1);
            }
            self.look();
        }
        panic!("it does not end\n{}", self.log());
    }

    /// Ends it as `systemctl stop` does.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        self.running.signal("TERM");
        let log = self.log.clone();
        assert_eq!(self.wait(), 0, "{}", fs::read_to_string(log).unwrap_or_default());
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill(mut self) {
        self.running.signal("KILL");
        self.wait();
    }
}

/// Waits until `condition` holds, without a daemon at hand.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let (silent, _other) = UnixDatagram::pair().expect("a pair of sockets");
    silent.set_read_timeout(Some(LOOK)).expect("a legal time-out");
    for _ in 0..LOOKS_MAX {
        if condition() {
            return;
        }
        // Nobody sends: this is a wait that takes no processor time.
        let _ = silent.recv(&mut [0]);
    }
    panic!("{what} does not come");
}

/// The daemon's status over its socket; null if nobody answers.
pub(crate) fn status_of(home: &Home) -> Value {
    let replies = ask(home, &json!({"version": 1, "request": {"ask": "status"}}).to_string());
    replies.first().map_or(Value::Null, |reply| reply["reply"]["status"].clone())
}

/// One library of [`status_of`].
pub(crate) fn library_of(home: &Home, name: &str) -> Value {
    let status = status_of(home);
    let libraries = status["libraries"].as_array().cloned().unwrap_or_default();
    libraries.into_iter().find(|library| library["name"] == name).unwrap_or_default()
}

/// Sends one line to the control socket; every reply.
pub(crate) fn ask(home: &Home, line: &str) -> Vec<Value> {
    let Ok(mut stream) = UnixStream::connect(home.path("run/control.sock")) else { return Vec::new() };
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a legal time-out");
    // A daemon that refuses early does not read on.
    let _ = stream.write_all(format!("{line}\n").as_bytes());
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let kept = lines.inspect(|line| assert_kept("the control socket", line));
    kept.filter_map(|line| serde_json::from_str(&line).ok()).collect()
}

/// Runs `run` to an end that comes by itself.
pub(crate) fn run_to_end(home: &Home) -> Ran {
    home.run(&["run"])
}

/// Says why a test is left out here.
#[expect(clippy::print_stdout, reason = "a test that is left out must say so")]
pub(crate) fn skipped(why: &str) {
    println!("skipped: {why}");
}
