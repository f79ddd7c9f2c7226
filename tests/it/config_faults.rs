//! What a person reads of a faulty configuration or command line, and with which code the program ends.

use crate::context::{Home, Ran};
use fake_google::Settings;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

/// A proxy where nobody listens: whoever used it would fail.
const DEAD_PROXY: &str = "http://127.0.0.1:1";

/// A library without fault, for faults elsewhere.
const GOOD: &str = "[library.a]\nroot = \"a\"\n";

/// Faulty configurations, each with what the report must say besides `error:`, a place and a hint.
const FAULTS: &[(&str, &[&str])] = &[
    ("[library.a]\nroot = \"a\"\nshedule = \"@daily\"\n", &[":3:1", "shedule", "did you mean `schedule`?"]),
    ("[limit]\n", &[":1:2", "unknown key `limit`", "did you mean `limits`?"]),
    ("[library.a]\nroot = 5\n", &[":2:8", "bad value for `root`", "not a text in quotes"]),
    ("[limits]\ndownloads = \"8\"\n", &[":2:13", "bad value for `downloads`", "a whole number from 1 to 64"]),
    ("[limits]\ndownloads = 0\n", &[":2:13", "too small"]),
    ("[library.a]\nroot = \"a\"\n[library.b]\nroot = \"a\"\n", &[":4:8", "`a` and `b` have the same root"]),
    ("[library.a]\nroot = \"a\"\n[library.b]\nroot = \"./a/../a\"\n", &[":4:8", "have the same root"]),
    ("[library.a]\nroot = \"a\"\n[library.b]\nroot = \"a/b\"\n", &[":4:8", "lies inside the root of `a`"]),
    ("[library.a]\nroot = \"a\"\nschedule = \"0 0 0 31 2 *\"\n", &[":3:12", "never be due"]),
    ("[library.a]\nroot = \"a\"\nschedule = \"0 */6 * * *\"\n", &[":3:12", "write \"0 0 */6 * * *\""]),
    ("[limits]\nmin-free-space = \"2 parsecs\"\n", &[":2:18", "not a size", "`GiB`"]),
    ("[limits]\nmin-free-space = 5\n", &[":2:18", "its unit is missing"]),
    (
        "[library.a]\nroot = \"a\"\nsources = [\"takeout\"]\n",
        &[":3:11", "the source `takeout` has no `inbox`"],
    ),
    (
        "[limits.schedule]\nnight = { from = \"25:00\", to = \"06:00\", bytes-per-second = \"1 MiB\" }\n",
        &[":2:18", "bad value for `from`", "no clock shows this"],
    ),
    (
        "[limits.schedule.night]\nfrom = \"01:00\"\nto = \"06:00\"\n",
        &[":1:18", "`night` has no `bytes-per-second`"],
    ),
    (
        "[limits.schedule.day]\nfrom = \"08:00\"\nto = \"08:00\"\nbytes-per-second = \"0 B\"\n",
        &[":4:20", "too small", "or write \"unlimited\""],
    ),
    (
        "[limits.schedule]\na = { from = \"22:00\", to = \"06:00\", bytes-per-second = \"1 MiB\" }\n\
         b = { days = \"sat\", from = \"05:59\", to = \"07:00\", bytes-per-second = \"2 MiB\" }\n",
        &[":3:1", "the windows `a` and `b` overlap", "the other one"],
    ),
    (
        "[limits]\nschedule = \"@daily\"\n",
        &[
            ":2:12",
            "wrong kind of value for `schedule`",
            "allowed: windows of the week, such as `schedule.evening = {",
            "`[library.NAME]`",
        ],
    ),
    (
        "[limits.schedule]\n\"\" = { from = \"22:00\", to = \"06:00\", bytes-per-second = \"1 MiB\" }\n",
        &[":2:1", "has an empty name", "such as `schedule.night`"],
    ),
    (
        "[limits]\napi-requests-per-day = 0\nmedia-requests-per-day = 0\nspread-over-day = true\n",
        &[":4:19", "`spread-over-day` has nothing to spread", "no budget"],
    ),
    ("[limits.schedule.a]\nday = \"mon\"\n", &[":2:1", "unknown key `day`", "did you mean `days`?"]),
    ("[library.a]\nschedule = \"manual\"\n", &[":1:10", "root"]),
    ("[library.\"../a\"]\nroot = \"a\"\n", &[":1:10", "../a"]),
    ("[library.a]\nroot = \"/\"\n", &[":2:8", "the whole file system"]),
    ("[library.a\nroot = \"a\"\n", &[":1:11", "not valid TOML"]),
];

fn check(home: &Home, command: &str) -> Ran {
    let mut child = home.command();
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy"] {
        child.env(name, DEAD_PROXY);
    }
    Ran::from(child.arg(command).output().expect("the binary starts"))
}

/// Everything below the installation, by path.
fn listing(home: &Home) -> Vec<String> {
    let found = Command::new("find").arg(home.dir.path()).output().expect("find is there");
    let mut lines: Vec<String> = String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn every_fault_has_its_place_a_caret_and_a_hint_and_ends_with_78() {
    let home = Home::bare(Settings::default());
    for (text, says) in FAULTS {
        home.write_raw_config(text);
        let before = listing(&home);
        for command in ["check", "sync"] {
            let ran = check(&home, command);
            ran.assert(78, says);
            ran.assert(78, &["error: ", "config.toml:", "^", "hint: "]);
            assert!(!ran.says("error: error:"), "{}{}", ran.out, ran.err);
        }
        assert_eq!(listing(&home), before, "something was created for {text}");
    }
    assert_eq!(home.google.stats().log.len(), 0, "a faulty configuration asks nobody");
}

#[test]
fn all_faults_are_told_at_once() {
    let home = Home::bare(Settings::default());
    home.write_raw_config(
        "[limits]\ndownloads = 0\nbytes-per-second = 7\n[library.a]\nroot = \"a\"\ncolour = 1\n",
    );
    check(&home, "check").assert(78, &["`downloads`", "`bytes-per-second`", "`colour`"]);
}

#[test]
fn a_check_of_a_good_configuration_creates_nothing_and_asks_nobody() {
    let home = Home::bare(Settings::default());
    home.write_config(GOOD);
    let before = listing(&home);
    let ran = check(&home, "check");
    ran.assert(0, &["a: root ", "next due", "is valid", "does not exist yet"]);
    assert_eq!(listing(&home), before);
    assert_eq!(home.google.stats().log.len(), 0);
}

#[test]
fn a_missing_file_is_named_with_the_ways_to_name_another() {
    let home = Home::bare(Settings::default());
    for command in ["check", "sync", "status", "run"] {
        check(&home, command)
            .assert(78, &["no configuration file", "config.toml", "hint: ", "--config FILE"]);
    }
}

#[test]
fn a_file_that_is_not_text_is_told_of_once() {
    let home = Home::bare(Settings::default());
    fs::write(home.path("config.toml"), b"\xff\xfe[\0l\0").expect("writable");
    let ran = check(&home, "check");
    ran.assert(78, &["not UTF-8", "config.toml:1:1", "hint: save the file as UTF-8"]);
    assert_eq!(ran.out.matches("error:").count() + ran.err.matches("error:").count(), 1, "{}", ran.out);
    fs::write(home.path("config.toml"), b"# f\xfcr Oma\n[library.a]\nroot = \"a\"\n").expect("writable");
    check(&home, "check").assert(78, &["not UTF-8", "config.toml:1:4"]);
}

#[test]
fn a_file_that_may_not_be_read_is_told_with_the_right_that_is_missing() {
    let home = Home::bare(Settings::default());
    home.write_config(GOOD);
    fs::set_permissions(home.path("config.toml"), fs::Permissions::from_mode(0o600)).expect("own file");
    home.open_to_all();
    let Some(mut command) = home.command_as_nobody() else { return };
    let ran = Ran::from(command.arg("check").output().expect("the binary starts"));
    ran.assert(77, &["Permission denied", "config.toml", "hint: ", "chmod o+rX"]);
}

#[test]
fn drop_ins_win_in_the_order_of_their_names_and_faults_name_the_drop_in() {
    let home = Home::bare(Settings::default());
    home.write_config(GOOD);
    fs::create_dir(home.path("config.d")).expect("writable");
    let drop_in = |name: &str, schedule: &str| {
        let text = format!("[library.a]\nschedule = \"{schedule}\"\n");
        fs::write(home.path("config.d").join(name), text).expect("writable");
    };
    drop_in("20-later.toml", "0 20 * * * *");
    drop_in("10-first.toml", "0 10 * * * *");
    drop_in("30-ignored.conf", "0 30 * * * *");
    drop_in(".40-hidden.toml", "0 40 * * * *");
    check(&home, "check").assert(0, &["schedule \"0 20 * * * *\""]);
    drop_in("50-wrong.toml", "now and then");
    let ran = check(&home, "check");
    ran.assert(78, &["config.d/50-wrong.toml:2:12", "bad value for `schedule`", "hint: "]);
}

#[test]
fn a_wrong_command_line_ends_with_64() {
    let home = Home::bare(Settings::default());
    home.write_config(GOOD);
    let usages: &[&[&str]] = &[
        &[],
        &["frobnicate"],
        &["sync", "--frobnicate"],
        &["sync", "a/b"],
        &["completions", "tcl"],
        &["login"],
        &["check", "a"],
    ];
    for usage in usages {
        let ran = home.run(usage);
        assert_eq!(ran.code, 64, "{usage:?}: {}{}", ran.out, ran.err);
        assert!(ran.out.is_empty() && ran.err.contains("error:"), "{usage:?}: {}{}", ran.out, ran.err);
    }
    for command in ["sync", "status", "login", "logout"] {
        home.run(&[command, "nobody"]).assert(64, &["there is no library `nobody`", "hint: ", "a"]);
    }
}

#[test]
fn help_version_and_completions_need_no_configuration() {
    let home = Home::bare(Settings::default());
    home.run(&["--version"]).assert(0, &[concat!("gphotos-syncd ", env!("CARGO_PKG_VERSION"))]);
    home.run(&["--help"]).assert(0, &["Usage:", "sync", "login", "status"]);
    home.run(&["sync", "--help"]).assert(0, &["Usage:"]);
    for shell in ["bash", "zsh", "fish"] {
        home.run(&["completions", shell]).assert(0, &["gphotos-syncd", "status"]);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let home = Home::bare(Settings::default());
    home.write_config(GOOD);
    for args in [&["completions", "bash"][..], &["--help"], &["check"], &["status"], &["status", "--json"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let child = home.command().args(args).stdout(writer).stderr(Stdio::piped()).output();
        let ran = Ran::from(child.expect("the binary starts"));
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
        assert!(!ran.err.contains("panicked"), "{args:?}: {}", ran.err);
    }
}

#[test]
fn output_that_a_full_disk_swallows_is_something_missing() {
    let home = Home::bare(Settings::default());
    home.write_config(GOOD);
    let table = [
        &["check"][..],
        &["status"],
        &["status", "--json"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
    ];
    for args in table {
        let full = fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let child = home.command().args(args).stdout(full).stderr(Stdio::piped()).output();
        let ran = Ran::from(child.expect("the binary starts"));
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.err);
        assert!(ran.err.contains("error: cannot write the output: No space left"), "{args:?}: {}", ran.err);
    }
}

#[test]
fn a_pipe_as_configuration_is_read_and_one_without_a_writer_is_given_up() {
    let home = Home::bare(Settings::default());
    let path = home.path("config.toml");
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo is there").success());
    let writing = std::thread::spawn(move || fs::write(path, GOOD));
    home.run(&["check"]).assert(0, &["a: root ", "is valid"]);
    writing.join().expect("no panic").expect("somebody reads");
    let silent = home.run(&["check"]);
    silent.assert(78, &["config.toml", "not a file, and nothing came through it within 10 s", "hint: "]);
}
