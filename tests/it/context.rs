//! The ground that black-box tests stand on: a temporary installation, a simulator, and the built binary.
//!
//! Owns: [`Home`], one installation with its own folder, configuration, state and simulator. Invariant: nothing is shared
//! between two of them, no port is fixed, and no child process outlives its test. May use: `fake_google`.

use crate::secrets::{assert_kept, assert_kept_below};
use fake_google::{FakeGoogle, Settings};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A configuration's limits that stay out of the way: tests of the pace set their own.
const OPEN_LIMITS: &str = "[limits]\napi-requests-per-second = 10000\nmedia-requests-per-second = 10000\n\
                           min-free-space = \"1 MiB\"\nrest-after-429 = \"10ms\"\nrest-after-fault = \"1ms\"\n";

/// One installation: a folder, a configuration, a simulator.
pub(crate) struct Home {
    /// The folder of everything; gone when the test ends.
    pub(crate) dir: tempfile::TempDir,
    /// The simulator that the configuration points at.
    pub(crate) google: FakeGoogle,
}

impl Drop for Home {
    /// At the end of a test no file that the daemon wrote has a secret, but the token files.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_kept_below(self.dir.path());
        }
    }
}

/// What one command did; it is not made of an output that shows a secret.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; -1 if a signal ended it.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Home {
    /// An installation with these libraries, each with a root and a fresh token of the account of its name.
    pub(crate) fn with(libraries: &[&str]) -> Self {
        Self::with_settings(libraries, Settings::default())
    }

    /// The same against a simulator set up in another way.
    pub(crate) fn with_settings(libraries: &[&str], settings: Settings) -> Self {
        let home = Self::bare(settings);
        let mut tables = String::new();
        for name in libraries {
            fs::create_dir(home.root(name)).expect("a root can be made");
            home.google.account(name);
            home.put_token(name, &home.google.token_json(name));
            tables.extend(["[library.", name, "]\nroot = \"", name, "\"\nschedule = \"manual\"\n"]);
        }
        home.write_config(&tables);
        home
    }

    /// A client secret and nothing else: no configuration, no root, no token.
    pub(crate) fn bare(settings: Settings) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let google = FakeGoogle::start_blocking(settings);
        fs::write(dir.path().join("client_secret.json"), google.client_secret_json()).expect("writable");
        fs::create_dir(dir.path().join("run")).expect("writable");
        Self { dir, google }
    }

    /// A path in the installation.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    /// A library's root.
    pub(crate) fn root(&self, library: &str) -> PathBuf {
        self.path(library)
    }

    /// Writes the configuration: the simulator's address, open limits, and `tables`.
    pub(crate) fn write_config(&self, tables: &str) {
        self.write_raw_config(&format!("{OPEN_LIMITS}{}{tables}", self.endpoints()));
    }

    /// The tables that point at the simulator.
    pub(crate) fn endpoints(&self) -> String {
        let url = self.google.url();
        format!("[google.endpoints]\nlibrary = \"{url}\"\ndrive = \"{url}\"\n")
    }

    /// Writes the configuration as it stands.
    pub(crate) fn write_raw_config(&self, text: &str) {
        fs::write(self.path("config.toml"), text).expect("writable");
    }

    /// Writes the configuration with `limits` in place of the open ones, for these libraries.
    pub(crate) fn write_limits(&self, limits: &str, libraries: &[&str]) {
        let table = |name: &&str| format!("[library.{name}]\nroot = \"{name}\"\nschedule = \"manual\"\n");
        let tables: String = libraries.iter().map(table).collect();
        let floor = "[limits]\nmin-free-space = \"1 MiB\"\n";
        self.write_raw_config(&format!("{floor}{limits}\n{}{tables}", self.endpoints()));
    }

    /// Adds keys to a library's table (the last table of the file).
    pub(crate) fn append_config(&self, text: &str) {
        let old = fs::read_to_string(self.path("config.toml")).expect("readable");
        self.write_raw_config(&format!("{old}{text}"));
    }

    /// Puts a token file into a library's root, mode 0600.
    pub(crate) fn put_token(&self, library: &str, json: &str) {
        let path = self.root(library).join(".gphotos.token");
        fs::write(&path, json).expect("writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("own file");
    }

    /// The binary with this installation's configuration and environment, ready for arguments.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gphotos-syncd"));
        command
            .arg("--config")
            .arg(self.path("config.toml"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("RUNTIME_DIRECTORY", self.path("run"))
            .env("STATE_DIRECTORY", self.path("state"))
            .stdin(Stdio::null());
        command
    }

    /// Lets every user reach the installation's folder.
    pub(crate) fn open_to_all(&self) {
        for dir in ["", "run"] {
            fs::set_permissions(self.path(dir), fs::Permissions::from_mode(0o777)).expect("own folder");
        }
    }

    /// The same as [`Self::command`] as a user without rights, by a copy of the binary that everybody may run; none, with the
    /// reason printed, where this user cannot become another one.
    pub(crate) fn command_as_nobody(&self) -> Option<Command> {
        let drop_rights = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        let tried = Command::new("setpriv").args(drop_rights).arg("true").output();
        if !tried.is_ok_and(|tried| tried.status.success()) {
            skipped("`setpriv` cannot change the user here");
            return None;
        }
        Some(self.command_through("setpriv", &drop_rights, &self.copied_binary()))
    }

    /// A copy of the binary that everybody may run.
    ///
    /// Another process makes it: a child of another test would inherit the open file if this one did, and a file that
    /// somebody has open for writing cannot be run.
    pub(crate) fn copied_binary(&self) -> PathBuf {
        let binary = self.path("gphotos-syncd");
        if !binary.exists() {
            let mut copy = Command::new("install");
            copy.args(["-m", "755", env!("CARGO_BIN_EXE_gphotos-syncd")]).arg(&binary);
            assert!(copy.status().expect("install is there").success());
        }
        binary
    }

    /// As [`Self::command`], started by `program` with `args` before the binary.
    pub(crate) fn command_through(&self, program: &str, args: &[&str], binary: &Path) -> Command {
        let plain = self.command();
        let mut command = Command::new(program);
        command.args(args).arg(binary).args(plain.get_args()).env_clear().stdin(Stdio::null());
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::from(self.command().args(args).output().expect("the binary starts"))
    }

    /// Runs a command that logs all it can, and fails if anything that it says is a secret.
    #[track_caller]
    pub(crate) fn run_watched(&self, args: &[&str]) -> Ran {
        Ran::watched(self.command().env("RUST_LOG", "trace").args(args).output().expect("the binary starts"))
    }

    /// Runs a command that must end well.
    pub(crate) fn run_ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?} failed:\n{}\n{}", ran.out, ran.err);
        ran
    }

    /// Starts a command and leaves it running; it is killed when the value is dropped.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let mut command = self.command();
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(Some(command.spawn().expect("the binary starts")))
    }

    /// Every regular file and link below a library's root by its path: bytes of files, `-> target` of links. Leaves
    /// out what begins with a dot at the top.
    pub(crate) fn tree(&self, library: &str) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        gather(&self.root(library), "", &mut found);
        found
    }

    /// The paths of [`Self::tree`].
    pub(crate) fn paths(&self, library: &str) -> Vec<String> {
        self.tree(library).into_keys().collect()
    }

    /// Whether every item of the account is on disk with its exact bytes, as many files as items (clips counted too), and
    /// nothing is left in `partial/`.
    pub(crate) fn assert_complete(&self, library: &str) {
        let tree = self.tree(library);
        let mut on_disk: Vec<&[u8]> = tree
            .iter()
            .filter(|(path, _)| path.starts_with("photos/"))
            .map(|(_, bytes)| &bytes[..])
            .collect();
        let truth = self.google.truth(library);
        let mut wanted: Vec<Vec<u8>> = Vec::new();
        for item in &truth.items {
            wanted.push(item.bytes());
            wanted.extend(item.clip.as_ref().map(fake_google::Content::bytes));
        }
        on_disk.sort();
        wanted.sort();
        assert_eq!(on_disk.len(), wanted.len(), "files on disk: {:?}", tree.keys());
        assert!(on_disk.iter().zip(&wanted).all(|(a, b)| *a == &b[..]), "bytes differ: {:?}", tree.keys());
        let partial = self.root(library).join(".gphotos-syncd/partial");
        assert_eq!(fs::read_dir(partial).map_or(0, Iterator::count), 0, "something is left in partial/");
    }

    /// The status as JSON.
    pub(crate) fn status(&self) -> serde_json::Value {
        let ran = self.run(&["status", "--json"]);
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}\n{}", ran.out, ran.err))
    }
}

/// Tells that a test did not do its work, and why.
#[expect(clippy::print_stdout, reason = "the test runner shows it to those who ask with `--nocapture`")]
pub(crate) fn skipped(reason: &str) {
    println!("skipped: {reason}");
}

fn gather(dir: &Path, prefix: &str, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(dir).expect("readable").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if prefix.is_empty() && name.starts_with('.') {
            continue;
        }
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        let kind = entry.file_type().expect("known");
        if kind.is_dir() {
            gather(&entry.path(), &path, into);
        } else if kind.is_symlink() {
            let target = fs::read_link(entry.path()).expect("a link");
            into.insert(path, format!("-> {}", target.display()).into_bytes());
        } else {
            into.insert(path, fs::read(entry.path()).expect("readable"));
        }
    }
}

impl Ran {
    /// What a command did, which must have kept every secret.
    #[track_caller]
    pub(crate) fn watched(output: Output) -> Self {
        Self::from(output)
    }

    /// Whether this text is in the output or the errors.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.out.contains(text) || self.err.contains(text)
    }

    /// Fails unless the command ended with `code` and said all of `texts`.
    #[track_caller]
    pub(crate) fn assert(&self, code: i32, texts: &[&str]) {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        for text in texts {
            assert!(self.says(text), "`{text}` is missing\nstdout:\n{}\nstderr:\n{}", self.out, self.err);
        }
    }
}

impl From<Output> for Ran {
    #[track_caller]
    fn from(output: Output) -> Self {
        let text = |what: &str, bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            assert_kept(what, &text);
            text
        };
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text("standard output", &output.stdout),
            err: text("standard error", &output.stderr),
        }
    }
}

/// A command that runs; dropping it kills it.
pub(crate) struct Running(Option<Child>);

impl Running {
    /// A child that was started by hand.
    pub(crate) fn new(child: Child) -> Self {
        Self(Some(child))
    }

    /// The process.
    pub(crate) fn child(&mut self) -> &mut Child {
        self.0.as_mut().expect("it still runs")
    }

    /// Sends a signal by name, such as `TERM`.
    pub(crate) fn signal(&mut self, name: &str) {
        let pid = self.child().id().to_string();
        let status = Command::new("kill").arg(format!("-{name}")).arg(pid).status().expect("kill is there");
        assert!(status.success(), "the process is gone already");
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ran {
        let child = self.0.take().expect("it still runs");
        Ran::from(child.wait_with_output().expect("its output is readable"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
