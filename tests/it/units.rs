//! What the program agrees on with systemd: the unit file, and the fields in the journal.

use crate::context::Home;
use crate::served::{Served, launch, skipped};
use fake_google::{Effect, Endpoint, Fault, ItemSpec};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::JoinHandle;

fn unit() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/gphotos-syncd.service");
    fs::read_to_string(path).expect("the unit is there")
}

/// The value of a setting that stands once in the unit.
fn setting(name: &str) -> String {
    let text = unit();
    let mut values = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let value = values.next().unwrap_or_default().to_owned();
    assert_eq!(values.next(), None, "{name} stands twice");
    value
}

#[test]
fn systemd_finds_no_fault_in_the_unit() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("gphotos-syncd.service");
    // The program is not installed here, nor is its manual.
    let text = unit().replace("/usr/bin/gphotos-syncd", env!("CARGO_BIN_EXE_gphotos-syncd"));
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("Documentation=")).collect();
    let text = lines.join(
        "
",
    ) + "
";
    fs::write(&path, text).expect("writable");
    let Ok(output) = Command::new("systemd-analyze").arg("verify").arg(&path).output() else {
        skipped("systemd-analyze is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("gphotos-syncd.service")).collect();
    assert!(ours.is_empty() && output.status.success(), "{said}");
}

#[test]
fn the_unit_starts_reloads_and_restarts_the_program_as_it_is_meant() {
    assert_eq!(setting("RestartPreventExitStatus"), "77 78");
    assert_eq!(setting("Restart"), "on-failure");
    assert_eq!(setting("ExecStart"), "/usr/bin/gphotos-syncd run");
    assert!(setting("ExecReload").contains("-HUP $MAINPID"));
    assert_eq!(setting("RuntimeDirectory"), "gphotos-syncd");
    let secs = |name: &str| setting(name).parse::<u64>().expect("seconds");
    assert!(secs("TimeoutStopSec") > gphotos_syncd::supervisor::GRACE_SECS);
    assert!(secs("WatchdogSec") >= 30);
    assert_eq!(setting("StartLimitIntervalSec"), "0", "an unattended daemon is never given up");
}

#[test]
fn the_client_secret_is_looked_for_under_its_name_and_may_be_missing() {
    let credential = setting("LoadCredential");
    let (name, source) = credential.split_once(':').expect("a name and a source");
    assert_eq!(name, "client_secret.json");
    // A path would make the start fail with status 243 where there is no such file.
    assert!(!source.contains('/') && source.starts_with("gphotos-syncd."), "{source}");
}

#[test]
fn the_configuration_is_read_only_in_the_unit() {
    let directory = Path::new("/etc").join(setting("ConfigurationDirectory"));
    assert_eq!(gphotos_syncd::daemon::DEFAULT_CONFIG, directory.join("config.toml").to_string_lossy());
    assert_eq!(setting("ReadOnlyPaths"), format!("-{}", directory.display()));
}

#[test]
fn programs_that_the_unit_runs_may_be_run_in_it() {
    let paths = setting("ExecPaths");
    let paths: Vec<&str> = paths.split_whitespace().collect();
    let program = setting("ExecStart").split_whitespace().next().map(str::to_owned).unwrap_or_default();
    assert!(paths.contains(&program.as_str()), "{paths:?}");
    assert!(paths.contains(&"/usr/bin/kill") && setting("ExecReload").starts_with("kill "), "{paths:?}");
}

#[test]
fn the_exposure_that_is_left_is_low_and_each_point_of_it_is_explained() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/gphotos-syncd.service");
    let mut command = Command::new("systemd-analyze");
    command.args(["security", "--offline=true", "--threshold=12", "--no-pager"]).arg(path);
    let Ok(output) = command.output() else {
        skipped("systemd-analyze is not installed");
        return;
    };
    let table = String::from_utf8_lossy(&output.stdout);
    if table.is_empty() {
        skipped("this systemd-analyze does not look at units that are not installed");
        return;
    }
    assert!(output.status.success(), "{table}");
    let text = unit();
    for point in table.lines().filter_map(|line| line.strip_prefix('✗')) {
        let setting =
            point.split_whitespace().next().and_then(|word| word.split('=').next()).expect("a setting");
        let explained = |line: &str| line.starts_with("#   ") && line.contains(&format!("{setting}="));
        assert!(text.lines().any(explained), "{setting} is not explained: {point}");
    }
}

#[test]
fn only_the_drop_in_for_newer_systemds_has_what_older_ones_do_not_know() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/gphotos-syncd.service.d/systemd-254.conf");
    let newer = fs::read_to_string(path).expect("the drop-in is there");
    for line in ["Type=notify-reload", "ExecReload=", "RestartSteps=8", "RestartMaxDelaySec=10min"] {
        assert!(newer.lines().any(|found| found == line), "{line}");
        assert!(!unit().lines().any(|found| found == line), "{line}");
    }
}

/// A daemon whose standard error is the journal: a socket of the test, put in the journal's place in a mount namespace.
struct Journal {
    socket: UnixDatagram,
    reader: JoinHandle<Vec<Entry>>,
}

/// What the test sends last; no event is written so.
const END: &[u8] = b"END";

/// The fields of one event.
type Entry = BTreeMap<String, String>;

/// Starts a daemon in a mount namespace with a journal of its own; none where that is not permitted.
fn launch_with_journal(home: &Home, level: &str) -> Option<(Served, Journal)> {
    if !Command::new("unshare").args(["-m", "true"]).output().is_ok_and(|output| output.status.success()) {
        skipped("no mount namespace can be made here");
        return None;
    }
    let path = home.path("journal.sock");
    let socket = UnixDatagram::bind(&path).expect("free");
    let log = home.path("daemon.log");
    fs::write(&log, "").expect("writable");
    let found = fs::metadata(&log).expect("it is there");
    let stream = format!("{}:{}", found.dev(), found.ino());
    let served = launch(home, |command| {
        let mut wrapped = Command::new("unshare");
        wrapped.args(["-m", "sh", "-c", IN_NAMESPACE, "sh"]).arg(&path).arg(command.get_program());
        wrapped.args(command.get_args()).args(["--log-level", level]);
        wrapped.env_clear().envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
        wrapped.env("JOURNAL_STREAM", stream).stdin(std::process::Stdio::null());
        let file = fs::File::options().append(true).open(&log).expect("writable");
        *command = wrapped;
        command.stdout(std::process::Stdio::null()).stderr(file);
    });
    Some((served, Journal::over(socket)))
}

/// Puts the socket `$1` in the journal's place, for this namespace alone, then becomes the rest of its arguments.
const IN_NAMESPACE: &str = "PATH=$PATH:/usr/sbin:/sbin; socket=$1; shift; mount -t tmpfs none /run && \
    mkdir -p /run/systemd/journal && touch /run/systemd/journal/socket && \
    mount --bind \"$socket\" /run/systemd/journal/socket && exec \"$@\"";

impl Journal {
    /// Reads from now on: a journal that nobody reads makes its writers wait.
    fn over(socket: UnixDatagram) -> Self {
        let reading = socket.try_clone().expect("a socket");
        let reader = std::thread::spawn(move || {
            let mut datagram = vec![0; 1 << 18];
            let mut entries = Vec::new();
            while let Ok(length) = reading.recv(&mut datagram) {
                if &datagram[..length] == END {
                    break;
                }
                // The first datagram is empty: it only tries the way.
                entries.extend((length > 0).then(|| fields_of(&datagram[..length])));
            }
            entries
        });
        Self { socket, reader }
    }

    /// Everything that was written.
    fn entries(self) -> Vec<Entry> {
        let sender = UnixDatagram::unbound().expect("a socket");
        sender.send_to_addr(END, &self.socket.local_addr().expect("it is bound")).expect("it is read");
        self.reader.join().expect("the reader has no bug")
    }
}

fn with<'a>(entries: &'a [Entry], key: &str, value: &str) -> Vec<&'a Entry> {
    entries.iter().filter(|entry| entry.get(key).is_some_and(|found| found == value)).collect()
}

/// The journal's native protocol: `KEY=VALUE` lines, or a key alone, the length as 8 bytes, and the value.
fn fields_of(mut bytes: &[u8]) -> Entry {
    let mut fields = BTreeMap::new();
    while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(&bytes[..end]).into_owned();
        bytes = &bytes[end + 1..];
        if let Some((key, value)) = line.split_once('=') {
            fields.insert(key.to_owned(), value.to_owned());
        } else {
            let (length, rest) = bytes.split_at(8);
            let length =
                usize::try_from(u64::from_le_bytes(length.try_into().expect("8 bytes"))).expect("small");
            fields.insert(line, String::from_utf8_lossy(&rest[..length]).into_owned());
            bytes = &rest[length + 1..];
        }
    }
    fields
}

fn one_photo() -> Home {
    let home = Home::with(&["alice"]);
    home.google.account("alice").add_photo(ItemSpec::named("intimate-name.jpg").len(5_000));
    home.write_config("[library.alice]\nroot = \"alice\"\nschedule = \"0 0 0 1 1 *\"\nsplay = \"0s\"\n");
    home
}

#[test]
fn the_journal_gets_library_run_and_message_id_and_no_item_name() {
    let home = one_photo();
    let Some((mut served, journal)) = launch_with_journal(&home, "info") else { return };
    served.wait_complete(&home, "alice", 1);
    home.google.account("alice").revoke_grant();
    home.run(&["sync"]).assert(77, &[]);
    served.wait_state(&home, "alice", "needs-login");
    assert_eq!(served.log(), "", "nothing goes to standard error as well");
    served.stop();
    let entries = journal.entries();

    let complete = with(&entries, "MESSAGE_ID", "22748b7a784c485f8bbbfae753a4bff6");
    assert_eq!(complete.len(), 1, "{entries:#?}");
    assert_eq!((&*complete[0]["LIBRARY"], &*complete[0]["PRIORITY"]), ("alice", "6"), "{complete:#?}");
    let parked = with(&entries, "MESSAGE_ID", "ac31904e04204a8cb04e9d003ec3960d");
    assert_eq!(parked.len(), 1, "{entries:#?}");
    assert_eq!((&*parked[0]["LIBRARY"], &*parked[0]["PRIORITY"]), ("alice", "3"));
    assert!(parked[0]["MESSAGE"].contains("gphotos-syncd login alice"));
    let of_run = with(&entries, "RUN", "1");
    assert!(!of_run.is_empty() && of_run.iter().all(|entry| entry["LIBRARY"] == "alice"), "{of_run:#?}");
    assert!(entries.iter().all(|entry| entry["SYSLOG_IDENTIFIER"] == "gphotos-syncd"));
    let all = format!("{entries:?}");
    assert!(!all.contains("intimate-name"), "{all}");
}

#[test]
fn item_names_are_logged_at_debug_alone_and_secrets_never() {
    let home = one_photo();
    home.google.fault(Fault::on(&[Endpoint::Media], Effect::status(404)));
    let Some((mut served, journal)) = launch_with_journal(&home, "trace") else { return };
    served.wait_library(&home, "alice", |alice| alice["last_run"]["end"] == "incomplete");
    served.stop();
    let entries = journal.entries();
    let names_item = |entry: &&Entry| format!("{entry:?}").contains("intimate-name");
    let naming: Vec<_> = entries.iter().filter(names_item).collect();
    assert!(!naming.is_empty(), "no event names the item: the test looks at the wrong ones");
    assert!(naming.iter().all(|entry| entry["PRIORITY"] == "7"), "{naming:#?}");
    let token: serde_json::Value =
        serde_json::from_str(&read(&home.root("alice").join(".gphotos.token"))).expect("JSON");
    let client: serde_json::Value =
        serde_json::from_str(&read(&home.path("client_secret.json"))).expect("JSON");
    let secrets = [&token["access_token"], &token["refresh_token"], &client["installed"]["client_secret"]];
    let all = format!("{entries:?}");
    for secret in secrets.map(|secret| secret.as_str().expect("a text")) {
        assert!(!all.contains(secret), "a secret is in the journal");
    }
}

#[test]
fn without_a_journal_the_same_is_plain_text_on_standard_error() {
    let home = one_photo();
    let mut served = launch(&home, |command| {
        command.env("JOURNAL_STREAM", "1:1");
    });
    served.wait_complete(&home, "alice", 1);
    let log = served.log();
    assert!(log.contains("INFO ready") && log.contains("a run of library alice is complete"), "{log}");
    assert!(
        !log.contains("message_id") && !log.contains('\u{1b}') && !log.contains("intimate-name"),
        "{log}"
    );
    served.stop();
}

fn read(path: &PathBuf) -> String {
    fs::read_to_string(path).expect("readable")
}
